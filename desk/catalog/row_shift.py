"""Where the rows of a view are after some left it and some came: for what remembers rows by their places.

Invariant: a row that stayed keeps its order among those that stayed.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from desk.catalog.selection import Block, Selection

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence


def _nowhere() -> Mapping[int, int]:
    return {}


@dataclass(frozen=True, slots=True)
class RowShift:
    """`gone` are the places before of the rows that left, `come` the places now of those that came, both in order; a
    row that moved is both, and `moved` has its place before → its place now."""

    gone: tuple[int, ...] = ()
    come: tuple[int, ...] = ()
    moved: Mapping[int, int] = field(default_factory=_nowhere)

    @property
    def first(self) -> int | None:
        """The first place where anything differs; None where nothing does."""
        return min((*self.gone[:1], *self.come[:1]), default=None)

    def place(self, before: int) -> int | None:
        """Where the row is that was at a place; None when it left."""
        left = bisect_left(self.gone, before)
        if left < len(self.gone) and self.gone[left] == before:
            return self.moved.get(before)
        return self._among_all(before - left)

    def selection(self, before: Selection) -> Selection:
        """The selection of the same rows; those that came are in none."""
        return Selection(tuple(block for one in before.blocks for block in self._blocks(one)))

    def _blocks(self, block: Block) -> Iterator[Block]:
        """The rows of a block that stayed, in runs between those that came; then those of it that moved."""
        first = block.first - bisect_left(self.gone, block.first)
        last = block.last - bisect_right(self.gone, block.last)
        if first <= last:
            here, end = self._among_all(first), self._among_all(last)
            for came in self.come[bisect_left(self.come, here) : bisect_left(self.come, end)]:
                if here < came:
                    yield Block(here, came - 1, block.left, block.right)
                here = came + 1
            yield Block(here, end, block.left, block.right)
        for old, new in self.moved.items():
            if block.first <= old <= block.last:
                yield Block(new, new, block.left, block.right)

    def _among_all(self, rank: int) -> int:
        """The place now of the row that is number `rank` of those that stayed: every row that came before it is one
        place more."""
        low, high = 0, len(self.come)
        while low < high:
            middle = (low + high) // 2
            if self.come[middle] - middle <= rank:
                low = middle + 1
            else:
                high = middle
        return rank + low


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen of a view, all by places in it: `rows` rows from `top` on; `anchor` is a record among them, with its
    place, that shall stay where it is on the screen; `current` the current record with its place, and its column.

    The record of a place that is not loaded is None; a place of -1 is none.
    """

    top: int
    rows: int
    anchor: int | None
    anchor_place: int
    current: int | None
    current_place: int
    column: int
    selection: Selection

    def top_for(self, anchor: int | None) -> int:
        """The top row's place when the anchor's is another one now; None: it has none, and the top stays."""
        return self.top if anchor is None else max(0, anchor - (self.anchor_place - self.top))


def shift_between(before: Sequence[int], now: Sequence[int], changed: Collection[int]) -> RowShift | None:
    """What happened to a list of record ids, of which the `changed` ones may have moved; None when others did too."""
    stays = set(before) & set(now) - set(changed)
    if [one for one in before if one in stays] != [one for one in now if one in stays]:
        return None
    left = {one: place for place, one in enumerate(before) if one not in stays}
    arrived = {one: place for place, one in enumerate(now) if one not in stays}
    moved = {left[one]: arrived[one] for one in left.keys() & arrived.keys()}
    return RowShift(tuple(left.values()), tuple(arrived.values()), moved)
