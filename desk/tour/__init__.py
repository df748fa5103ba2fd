"""The tour: drives the real window through its widgets over a catalogue of its own, and measures while it does.

A heartbeat on the interface's thread beats from the first moment to the last; its longest gap is the longest stall.
Only the taking of screenshots, which is the tour's own work, is left out.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QMessageLogContext, Qt, QtMsgType, qInstallMessageHandler

from desk.app import make_application, use_scheme
from desk.tour.steps import Tour

if TYPE_CHECKING:
    from pathlib import Path


_OF_THE_PLUGIN = "This plugin does not support "
"""What the off-screen plugin says of itself at every dialog."""


def _tell_qt(_kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
    if not text.startswith(_OF_THE_PLUGIN):
        print(text, file=sys.stderr)


def run_tour(*, database: str | None, offscreen: bool, screenshots: Path | None, json_file: Path | None) -> int:
    """Takes the tour, prints a line a step and the measures; 0 when all was right, else 1."""
    if (
        not offscreen
        and sys.platform == "linux"
        and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    ):
        print("There is no display. Run the tour with --offscreen.", file=sys.stderr)
        return 1
    if screenshots is not None:
        screenshots.mkdir(parents=True, exist_ok=True)
    if offscreen:
        qInstallMessageHandler(_tell_qt)
    make_application(["desk"])
    use_scheme(Qt.ColorScheme.Light)
    tour = Tour(database, screenshots)
    tour.run()
    report = tour.report()
    print(
        f"longest stall {report['longest_stall_ms']} ms during “{report['longest_stall_during']}” "
        f"({report['samples']} heartbeats), "
        f"{report['checked_out']} connections out, {report['open_transactions']} transactions open"
    )
    if json_file is not None:
        json_file.write_text(json.dumps(report, indent=2), encoding="utf-8")
    return 0 if tour.ok else 1
