"""The record that is current in a grid: stays the same one when rows come and go, and is told to whoever shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QObject, Signal, Slot

if TYPE_CHECKING:
    from PySide6.QtCore import QItemSelectionModel

    from desk.catalog.edits import RecordKey
    from desk.tables.grid import Grid


class CurrentRecord(QObject):
    """The current record of one grid. `selected` carries its RecordKey, None while there is none or it is not here."""

    selected = Signal(object)

    def __init__(self, grid: Grid) -> None:
        super().__init__(grid)
        self._grid = grid
        self._followed: RecordKey | None = None
        self._announced: RecordKey | None = None
        """The record that was last told to be the current one."""
        self._expected: RecordKey | None = None
        """Which record is at the row that becomes current, when that is known before it is loaded."""
        self._owes_record = False
        """Whether the current row was chosen before its record was here."""
        grid.current_row_changed.connect(self._on_current_row_changed)

    @property
    def key(self) -> RecordKey | None:
        row = self._grid.current_row
        return self._grid.table.key_at(row) if row >= 0 else None

    @property
    def followed(self) -> RecordKey | None:
        """The record that becomes the current one once it is loaded."""
        return self._followed

    def select(self, key: RecordKey) -> bool:
        """Makes a loaded record the current row; answers whether it is loaded."""
        row = self._grid.table.row_of(key)
        if row is None:
            return False
        index = self._grid.table.index(row, max(0, self._grid.currentIndex().column()))
        self._grid.go_to(index)
        return True

    def follow(self, key: RecordKey) -> None:
        """Makes a record the current row once it is loaded; until then no row is."""
        self._followed = key
        self._grid.go_to(QModelIndex())

    def move_to(self, index: QModelIndex, key: RecordKey | None, how: QItemSelectionModel.SelectionFlag) -> None:
        """Makes a cell the current one where it is, in sight or not; `key` is the record of its row, None if nobody
        knows."""
        scrolls = self._grid.hasAutoScroll()
        self._grid.setAutoScroll(False)
        self._expected = key
        self._grid.selectionModel().setCurrentIndex(index, how)
        self._expected = None
        self._grid.setAutoScroll(scrolls)

    def go_to(self, row: int, key: RecordKey) -> None:
        """Makes a row the current one and brings it into sight; `key` is its record, which may not be loaded yet."""
        self._expected = key
        self._grid.go_to_row(row)
        self._expected = None

    def end_following(self) -> None:
        """Another view begins: what was followed is not waited for any more."""
        self._followed = None

    def forget(self) -> None:
        """Another catalogue is open."""
        self._followed = self._announced = None

    def keep(self) -> None:
        """Rows came: stays on the same record where they moved; where it is gone or out of sight, the current row's is
        taken."""
        if self._followed is not None and self.select(self._followed):
            self._followed = None
        now = self.key
        if now is None or now == self._announced or self._grid.editor is not None:
            return
        if self._owes_record or self._announced is None or not self.select(self._announced):
            self._on_current_row_changed(self._grid.current_row)

    @Slot(int)
    def _on_current_row_changed(self, row: int) -> None:
        key = (self._grid.table.key_at(row) or self._expected) if row >= 0 else None
        self._owes_record = row >= 0 and key is None
        if row >= 0:
            self._followed = None
            self._announced = key
        self.selected.emit(key)
