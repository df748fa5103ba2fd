"""What a person sees of a grid, noted before its rows are replaced and put back after it: the same records at the same
height, the same current one, the same selection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QObject, Slot

from desk.catalog.edits import RecordKey
from desk.catalog.row_shift import Seen

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from PySide6.QtCore import QModelIndex
    from PySide6.QtWidgets import QScrollBar

    from desk.catalog.row_shift import RowShift
    from desk.catalog.selection import Selection
    from desk.panels.current_record import CurrentRecord
    from desk.tables.grid import Grid

NO_UPDATE = QItemSelectionModel.SelectionFlag.NoUpdate
SELECT = QItemSelectionModel.SelectionFlag.ClearAndSelect


class RowsInSight(QObject):
    """The part of one grid that is seen. Rows that come or leave above it do not move it."""

    def __init__(self, grid: Grid, current: CurrentRecord) -> None:
        super().__init__(grid)
        self._grid = grid
        self._current = current
        self._table = grid.table
        self._table.rowsInserted.connect(self._on_rows_inserted)
        self._table.rowsAboutToBeRemoved.connect(self._on_rows_about_to_be_removed)

    def note(self, changed: Collection[int] = ()) -> Seen:
        """What is seen now; none of the `changed` records is the anchor."""
        fresh = self._table.fresh
        seen = self._grid.visible_rows()
        anchor = next((place for place in seen if self._id_at(place) not in {None, *changed}), -1)
        row = self._grid.current_row
        return Seen(
            top=seen.start - fresh,
            rows=len(seen),
            anchor=self._id_at(anchor) if anchor >= 0 else None,
            anchor_place=anchor - fresh if anchor >= 0 else -1,
            current=self._id_at(row) if row >= fresh else None,
            current_place=row - fresh if row >= fresh else -1,
            column=max(0, self._grid.currentIndex().column()),
            selection=self._grid.selection().moved(-fresh),
        )

    def is_at(self, seen: Seen) -> bool:
        """Whether nobody has scrolled, gone elsewhere or selected anything since."""
        now = self.note()
        places = ("top", "rows", "current_place", "column", "selection")
        return all(getattr(now, name) == getattr(seen, name) for name in places)

    def restore(self, seen: Seen, located: Mapping[int, int], shift: RowShift | None) -> None:
        """Puts back what was seen. Rows are found by the shift that their view went through; without one the anchor
        and the current record are `located` by their ids, and of the selection only the current row is left."""

        def place_of(record: int | None, before: int) -> int | None:
            if shift is not None:
                return shift.place(before) if before >= 0 else None
            return located.get(record) if record is not None else None

        self._restore_top(seen, place_of(seen.anchor, seen.anchor_place))
        if self._grid.editor is not None:
            return  # it knows which record it edits, and goes when the current cell does
        self._restore_current(seen, place_of(seen.current, seen.current_place), keeps_selection=shift is not None)
        if shift is not None:
            self._restore_selection(shift.selection(seen.selection))

    # Slots

    @Slot("QModelIndex", int, int)
    def _on_rows_inserted(self, _parent: QModelIndex, first: int, last: int) -> None:
        if first < self._bar.value():
            self._bar.setValue(self._bar.value() + last - first + 1)

    @Slot("QModelIndex", int, int)
    def _on_rows_about_to_be_removed(self, _parent: QModelIndex, first: int, last: int) -> None:
        above = min(last + 1, self._bar.value()) - first
        if above > 0:
            self._bar.setValue(self._bar.value() - above)

    # Helpers

    @property
    def _bar(self) -> QScrollBar:
        return self._grid.verticalScrollBar()

    def _id_at(self, row: int) -> int | None:
        record = self._table.row_at(row)
        return None if record is None else record.id

    def _restore_top(self, seen: Seen, anchor: int | None) -> None:
        self._bar.setValue(seen.top_for(anchor) + self._table.fresh)

    def _restore_current(self, seen: Seen, place: int | None, *, keeps_selection: bool) -> None:
        """Where the current record is gone, the row that has its place now becomes the current one."""
        if seen.current_place < 0:
            return
        key = None
        if place is not None and seen.current is not None:
            key = RecordKey(self._table.description.name, seen.current)
        row = min(seen.current_place, self._table.total - 1) if place is None else place
        index = self._table.index(row + self._table.fresh, seen.column)
        self._current.move_to(index, key, NO_UPDATE if keeps_selection else SELECT)

    def _restore_selection(self, chosen: Selection) -> None:
        found = QItemSelection()
        for block in chosen.moved(self._table.fresh).blocks:
            found.select(self._table.index(block.first, block.left), self._table.index(block.last, block.right))
        self._grid.selectionModel().select(found, SELECT)
