"""The tour, as a person starts it: every step is right, and nothing is left open."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = "import sys; from desk.ctl import main; sys.exit(main(sys.argv[1:]))"


def test_the_tour_is_right_from_open_to_close(database_target: str, tmp_path: Path) -> None:
    report_file = tmp_path / "tour.json"
    server = ["--database", database_target] if "://" in database_target else []
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "tour", "--offscreen", *server, "--json", str(report_file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "DESK_HOME": str(tmp_path / "home")},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(report_file.read_text(encoding="utf-8"))
    assert len(report["steps"]) >= 14
    assert [step["name"] for step in report["steps"] if not step["ok"]] == []
    assert (report["checked_out"], report["open_transactions"]) == (0, 0)
    assert report["samples"] > 100
