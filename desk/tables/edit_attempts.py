"""Tells why a cell cannot be edited when somebody tries to: by F2, Return or a double click."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent

from desk.i18n import _

if TYPE_CHECKING:
    from PySide6.QtCore import QModelIndex

    from desk.tables.grid import Grid

EDIT_KEYS = (Qt.Key.Key_F2, Qt.Key.Key_Return, Qt.Key.Key_Enter)


class EditAttempts(QObject):
    """Watches one grid. `refused` carries the reason why the cell that somebody tried to edit cannot be."""

    refused = Signal(str)

    def __init__(self, grid: Grid) -> None:
        super().__init__(grid)
        self._grid = grid
        grid.installEventFilter(self)
        grid.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if watched is self._grid and event.key() in EDIT_KEYS and not event.modifiers():
                self._tell(self._grid.currentIndex())
        elif event.type() == QEvent.Type.MouseButtonDblClick and isinstance(event, QMouseEvent):
            self._tell(self._grid.indexAt(event.position().toPoint()))
        return super().eventFilter(watched, event)

    def _tell(self, index: QModelIndex) -> None:
        table = self._grid.table
        if not index.isValid() or table.flags(index) & Qt.ItemFlag.ItemIsEditable:
            return
        column = table.columns[index.column()]
        if table.read_only:
            self.refused.emit(table.read_only)
        elif table.editable and not column.editable:
            self.refused.emit(_("“{field}” cannot be changed in the grid.").format(field=column.header))
