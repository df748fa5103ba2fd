"""A Desk in a process of its own, in a home of its own, that edits until it is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import desk
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

START_SECONDS = 60.0
SLOW_DISK_MS = 60
"""How much longer a write takes in every other round: who is killed then is more often in the middle of one."""


class Desk:
    """`code` is what it ended with, `lines` what it said."""

    def __init__(self, target: str, home: Path, seed: int, **plan: Any) -> None:
        """It begins with the plan (see `_drafting`) as soon as it shows the first rows."""
        home.mkdir(parents=True, exist_ok=True)
        file = home / "plan.json"
        asked = {**plan, "seed": seed, "disk_ms": SLOW_DISK_MS if seed % 2 else 0}
        file.write_text(json.dumps(asked), encoding="utf-8")
        environment = dict(os.environ, DESK_HOME=str(home), QT_QPA_PLATFORM="offscreen")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.torture._drafting", target, str(file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=Path(desk.__file__).parents[1],
            text=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for(self, line: str) -> None:
        """Until it has said so, or has ended by itself."""
        wait_until(lambda: line in self.lines or self.code is not None, line, START_SECONDS)

    def kill(self) -> None:
        """Ends it without a chance to say or write anything more; what it said before is in `lines` then."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._reader.join()

    @property
    def code(self) -> int | None:
        """What it ended with; None while it runs."""
        return self._process.poll()

    def last(self, word: str) -> int:
        """The number of the last step of which it said this; 0 for none."""
        numbers = [int(number) for said, _space, number in (line.partition(" ") for line in self.lines) if said == word]
        return max(numbers, default=0)

    def _read(self) -> None:
        output = self._process.stdout
        assert output is not None
        with output:
            self.lines.extend(line.rstrip("\n") for line in output if line.endswith("\n"))


@contextmanager
def at_home(home: Path) -> Iterator[None]:
    """Desk's own folders are below `home` in this process, too."""
    before = os.environ.get("DESK_HOME")
    os.environ["DESK_HOME"] = str(home)
    try:
        yield
    finally:
        if before is None:
            del os.environ["DESK_HOME"]
        else:
            os.environ["DESK_HOME"] = before
