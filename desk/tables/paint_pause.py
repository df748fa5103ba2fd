"""Keeps what a grid has painted while the rows that it jumped to are on their way: they mostly come before an eye would
see that the place was empty.

Invariant: a pause ends with the first of the rows, and after PAUSE_MS at the latest, so a dragged scroll bar always
shows that rows go by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, Qt, QTimer, Slot

if TYPE_CHECKING:
    from PySide6.QtWidgets import QScrollBar

    from desk.tables.grid import Grid

PAUSE_MS = 30
"""Two frames of most screens."""


class PaintPause(QObject):
    """The pauses of one grid. It is made before the grid takes its scroll bar, so that it hears of a jump first: what
    the grid has marked for painting is painted, pause or not."""

    def __init__(self, grid: Grid, bar: QScrollBar) -> None:
        super().__init__(grid)
        self._timer = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._end)
        bar.valueChanged.connect(self._on_scrolled)
        grid.table.dataChanged.connect(self._on_rows_changed)
        grid.table.modelReset.connect(self._end)

    # Slots

    @Slot(int)
    def _on_scrolled(self, first: int) -> None:
        """Where nothing of what comes in sight is here, it is asked for at once: no painting does so now."""
        rows = range(first, min(first + len(self._grid.visible_rows()), self._grid.table.rowCount()))
        if rows and self._is_missing(rows):
            self._grid.table.want(rows)
            if not self._timer.isActive():
                self._timer.start()
                self._let_paint(False)
        else:
            self._end()

    @Slot()
    def _on_rows_changed(self) -> None:
        if self._timer.isActive() and not self._is_missing(self._grid.visible_rows()):
            self._end()

    @Slot()
    def _end(self) -> None:
        self._timer.stop()
        self._let_paint(True)

    # Helpers

    @property
    def _grid(self) -> Grid:
        """Asked for each time: a grid that this held would never go by itself."""
        return cast("Grid", self.parent())

    def _is_missing(self, rows: range) -> bool:
        return all(self._grid.table.key_at(row) is None for row in rows)

    def _let_paint(self, paints: bool) -> None:
        for part in (self._grid.viewport(), self._grid.verticalHeader()):
            if part.updatesEnabled() is not paints:
                part.setUpdatesEnabled(paints)
