"""Runs one upgrade in a process of its own, with the revisions of a folder: `python -m tests.support.migrator`.

It prints one JSON object a line: what it makes known of its progress, then its result or its error.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from desk.errors import ActionCancelled, DeskError
from desk.operations.migrating import MigrationProgress, upgrade_catalogue
from tests.support.revisions import use_scripts

CHECKOUT = Path(__file__).parents[2]


def start(scripts: Path, target: str) -> subprocess.Popen[str]:
    """A Desk that upgrades a catalogue to the newest revision of a folder; its lines are read with `said`."""
    command = [sys.executable, "-m", "tests.support.migrator", str(scripts), target]
    return subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)


def said(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The next line of a process; waits for it. Empty when it ended without a word."""
    assert process.stdout is not None
    line = process.stdout.readline()
    found: dict[str, Any] = json.loads(line) if line else {}
    return found


def result_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What a process says at its end."""
    last: dict[str, Any] = {}
    while found := said(process):
        last = found
    process.wait()
    assert process.stdout is not None
    process.stdout.close()
    return last


def _say(**facts: Any) -> None:
    print(json.dumps(facts, default=str), flush=True)


def _show(progress: MigrationProgress) -> None:
    _say(phase=progress.phase, done=progress.done, total=progress.total)


def main(scripts: str, target: str) -> int:
    from desk.database.profiles import profile_of

    use_scripts(Path(scripts))
    profile, password = profile_of(target)
    try:
        result = upgrade_catalogue(profile=profile, password=password, on_progress=_show)
    except (DeskError, ActionCancelled) as error:
        _say(error=getattr(error, "code", "cancelled"), words=str(error))
        return 1
    _say(current=result.status.current, waited=result.waited, backup=result.backup)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
