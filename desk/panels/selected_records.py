"""The records of a selection as a worker finds them, frozen: nothing that happens to the view later changes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desk.catalog.columns import TableDescription
    from desk.catalog.places import Places
    from desk.catalog.selection import Selection
    from desk.tables.edit_stack import Original
    from desk.tables.grid import Grid


@dataclass(frozen=True, slots=True)
class SelectedRecords:
    """`fresh` are pending new records; `below` are the others, by their positions among `places`."""

    description: TableDescription
    fresh: tuple[Original, ...]
    places: Places
    below: Selection

    @classmethod
    def of(cls, grid: Grid) -> SelectedRecords:
        """The records in which any cell of a grid is selected now."""
        below = grid.selection().moved(-grid.table.fresh)
        fresh = tuple(grid.fresh_originals())
        return cls(grid.table.description, fresh, grid.table.places.snapshot(), below)

    @property
    def count(self) -> int:
        return len(self.fresh) + self.below.rows
