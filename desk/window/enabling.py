"""What can be done now: which commands are enabled, how undo and redo are called, and how many edits are told.

Many changes at once, such as a burst of actions, cost one look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Slot

if TYPE_CHECKING:
    from desk.window.main_window import MainWindow

ENABLE_MS = 20


class Enabling(QObject):
    """Keeps a window's commands to what is possible; whoever changes that without a signal calls `soon`."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._rest = QTimer(self, singleShot=True, interval=ENABLE_MS)
        self._rest.timeout.connect(self.look)
        edits, runner = window.context.edits, window.context.runner
        edits.count_changed.connect(self.soon)
        edits.keeping_changed.connect(self.soon)
        edits.steps.indexChanged.connect(self.soon)
        runner.busy_changed.connect(self.soon)
        window.unit.state_changed.connect(self.soon)
        window.saving.units.changed.connect(self.soon)

    @Slot()
    def soon(self) -> None:
        """Looks within a moment."""
        if not self._rest.isActive():
            self._rest.start()

    @Slot()
    def look(self) -> None:
        """Finds out what is possible."""
        context, commands = self._window.context, self._window.commands
        edits, can_edit = context.edits, context.can_edit
        has_record = self._window.browser.grid.current_row >= 0
        units = self._window.saving.units
        facts = {
            "catalogue": context.catalogue is not None,
            "record": has_record,
            "editable": can_edit,
            "editable_record": can_edit and has_record,
            "edits": can_edit and len(edits) > 0 and edits.all_kept,
            "pending": len(edits) > 0 and not edits.frozen,
            "undo": can_edit and edits.steps.canUndo(),
            "redo": can_edit and edits.steps.canRedo(),
            "undo_commit": can_edit and bool(units.undo_name),
            "redo_commit": can_edit and bool(units.redo_name),
            "running": bool(context.runner.running),
        }
        commands.enable({name for name, holds in facts.items() if holds})
        commands.name_steps(edits.steps.undoText(), edits.steps.redoText())
        commands.name_units(units.undo_name, units.redo_name, units.why_not)
        self._window.status.show_edits(len(edits))
