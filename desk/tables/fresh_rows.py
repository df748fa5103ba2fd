"""The pending new records on top of a grid, newest first: thousands of them come and go without a walk through them.

Invariant: the newest has row 0, and a record keeps its place among the others whatever becomes of its edit.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desk.catalog.edits import Edit, RecordKey


class FreshRows:
    """Edits by row and by record. `edits` come oldest first, as a buffer has them."""

    def __init__(self, edits: Iterable[Edit] = ()) -> None:
        self._edits: list[Edit] = []
        """Oldest first, so that a new one moves none."""
        self._numbers: list[int] = []
        """When each came; they rise."""
        self._number_of: dict[RecordKey, int] = {}
        self._next = 0
        for edit in edits:
            self.add(edit)

    def __len__(self) -> int:
        return len(self._edits)

    def __getitem__(self, row: int) -> Edit:
        """The edit of a row from 0 on."""
        return self._edits[-1 - row]

    def row_of(self, key: RecordKey) -> int | None:
        """The row of a record; None when it is not among them."""
        number = self._number_of.get(key)
        return None if number is None else len(self._edits) - 1 - bisect_left(self._numbers, number)

    def add(self, edit: Edit) -> None:
        """A record that is not among them gets row 0."""
        self._edits.append(edit)
        self._numbers.append(self._next)
        self._number_of[edit.key] = self._next
        self._next += 1

    def replace(self, row: int, edit: Edit) -> None:
        """The edit of the record in a row is another one now."""
        self._edits[-1 - row] = edit

    def remove(self, row: int) -> None:
        """Takes the record of a row away."""
        del self._number_of[self[row].key]
        del self._edits[-1 - row]
        del self._numbers[-1 - row]
