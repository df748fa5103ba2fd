"""Tells everywhere in a window why nothing can be changed, where a catalogue is open for reading only."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desk.window.main_window import MainWindow


def show_read_only(window: MainWindow) -> None:
    """Opens the grids for editing, or says why not: above them, in the status line and in the tips of commands."""
    reason = window.context.read_only
    if reason:
        window.problems.tell(reason, retry=False)
    for browser in window.browsers.values():
        browser.table.editable = not reason
        browser.table.read_only = reason
    window.status.show_read_only(reason)
    window.commands.explain(reason)
