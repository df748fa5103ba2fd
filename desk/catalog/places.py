"""What is known of where the rows of one view are: its marks, or the ids of a listed view, and how many rows it has.

Invariant: the marks are in order both by position and by key; of two that contradict each other the newer is kept.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import replace
from functools import cmp_to_key
from itertools import accumulate, pairwise
from operator import add, itemgetter
from typing import TYPE_CHECKING

from desk.catalog.orders import order_of
from desk.catalog.paging import PAGE_ROWS, Mark, PageRequest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from desk.catalog.criteria import Criteria
    from desk.catalog.orders import Key, Order
    from desk.catalog.paging import Hits, Page

MARKS_KEPT = 12_000
"""The marks of ten million rows, one every thousand, and those of the pages seen last: about 5 MB."""


class Places:
    """The known places of one view. A listed view (with `hits`) has no marks, and needs none.

    `total` is 0 while nothing is known.
    """

    def __init__(self, criteria: Criteria, hits: Hits | None = None, *, marks_kept: int = MARKS_KEPT) -> None:
        self.criteria = criteria
        self.hits = hits
        self._kept = marks_kept
        self._positions: list[int] = []
        self._keys: list[Key] = []
        self._ages: list[int] = []
        """Of which page each mark is, counted as they were loaded; 0 is a mark of no page."""
        self._left: set[Key] = set()
        """The keys of marks whose rows left the view by a commit of our own: they still say how many come before."""
        self._age = 0
        self._total = len(hits.ids) if hits else 0
        self._exact = hits is not None and hits.complete

    def __len__(self) -> int:
        return len(self._positions)

    @property
    def marks(self) -> tuple[Mark, ...]:
        """All known marks, in order."""
        return tuple(map(Mark, self._positions, self._keys))

    @property
    def total(self) -> int:
        """Rows of the view as far as known: at least those before the last mark."""
        return self._total

    @property
    def is_exact(self) -> bool:
        """Whether `total` was counted, and nothing that was loaded since speaks against it."""
        return self._exact

    def request(self, position: int, limit: int = PAGE_ROWS) -> PageRequest:
        """The request of the rows from `position` on.

        They are counted from the youngest mark within a page's reach, so that neighbouring pages fit together even when
        rows came and went between their loading; else from whatever is nearest: a mark before or behind the page, the
        start, or the end of a view whose total is exact. Only a page counted backwards is cut off at that end.
        """
        if self.hits is not None:
            return PageRequest(self.criteria, position, limit, ids=self.hits.ids[position : position + limit])
        end = position + limit
        if self._exact and position < self._total:
            end = min(end, self._total)
        mark = None  # the first page begins where the view does, whatever rows came before the next one
        if position:
            mark = self._young_mark(position, end, limit) or self._near_mark(position, end)
        if mark is None or mark.position < end:
            return PageRequest(self.criteria, position, limit, mark)
        order = order_of(self.criteria)
        if mark.key is not None and mark.position > end and order.is_whole(mark.key):  # its own row may be gone
            mark = Mark(mark.position - 1, order.before(mark.key))
        return PageRequest(self.criteria, position, end - position, mark)

    def learn(self, page: Page) -> None:
        """Takes in what a loaded page tells: the places at its ends, and the total where the view ends in it.

        A misplaced page (see `Page.is_misplaced`) makes everything that was known before it untrue.
        """
        if self.hits is not None:
            return
        if page.is_misplaced:
            self.forget()
            return
        self._age += 1
        self._add(page.marks, self._age)
        position = page.request.position
        if page.is_last and (page.rows or not position):
            self.note_total(position + len(page.rows), is_exact=True)
        elif page.is_last and position < self._total:
            self._end_before(position)

    def add(self, marks: Iterable[Mark]) -> None:
        """Remembers places. What contradicts them is forgotten; too many are thinned out to an even distance."""
        self._add(marks, age=0)

    def note_total(self, total: int, *, is_exact: bool) -> None:
        """Takes in how many rows there are; an exact number forgets what lies behind it, an estimate takes the
        place of no exact number, nor of what is known to be there."""
        if is_exact:
            self._keep(range(bisect_right(self._positions, total)))
        elif self._exact:
            return
        self._total = max(total, self._positions[-1] if self._positions else 0)
        self._exact = is_exact

    def around(self, key: Key) -> Mark | None:
        """The last mark at or before a key, which may be only the beginning of one; None: the start of the view."""
        place = cmp_to_key(order_of(self.criteria).compare)
        at = bisect_right(self._keys, place(key), key=place)
        return self._mark(at - 1) if at else None

    def shift(self, gone: Collection[Key], come: Collection[Key]) -> None:
        """Moves the marks and the total with the rows that left the view and came into it by a commit of our own; a row
        that moved is both.

        A listed view loses the rows that are gone; those that came or moved need a new list, because nobody knows the
        keys of the others.
        """
        if self.hits is not None:
            self._strike_out({key[-1] for key in gone} - {key[-1] for key in come})
            return
        moves = [0] * (len(self._positions) + 1)
        for keys, step in ((gone, -1), (come, 1)):
            for key in keys:
                moves[self._marks_before(key)] += step
        positions = list(map(add, self._positions, accumulate(moves)))
        kept = [at for at, (before, here) in enumerate(pairwise((0, *positions))) if before < here]
        self._left = (self._left | set(gone)).intersection(self._keys) - set(come)
        self._positions = positions
        self._keep(kept)
        self._total += sum(moves)

    def forget(self) -> None:
        """The marks are no longer true, and the total is a guess."""
        self._keep(())
        self._exact = self._exact and self.hits is not None

    def snapshot(self) -> Places:
        """A copy of what is known now, for a worker."""
        twin = Places(self.criteria, self.hits, marks_kept=self._kept)
        twin._positions, twin._keys, twin._ages = self._positions.copy(), self._keys.copy(), self._ages.copy()
        twin._left, twin._age, twin._total, twin._exact = self._left.copy(), self._age, self._total, self._exact
        return twin

    # Helpers

    def _young_mark(self, position: int, end: int, limit: int) -> Mark | None:
        """The mark of the page that was loaded last, of those at most a page away from the rows asked for."""
        first = bisect_left(self._positions, position - limit)
        behind = bisect_right(self._positions, end + limit)
        found = [
            (self._ages[at], -max(position - here, here - end), at)
            for at, here in enumerate(self._positions[first:behind], first)
            if self._ages[at] and not position < here < end
        ]
        return self._mark(max(found)[-1]) if found else None

    def _near_mark(self, position: int, end: int) -> Mark | None:
        before = bisect_right(self._positions, position)
        behind = bisect_left(self._positions, end)
        found: list[tuple[int, Mark | None]] = [(position, None)]
        if before:
            found = [(position - self._positions[before - 1], self._mark(before - 1))]
        if behind < len(self._positions):
            found.append((self._positions[behind] - end, self._mark(behind)))
        if self._exact and end <= self._total:
            found.append((self._total - end, Mark(self._total, None)))
        return min(found, key=itemgetter(0))[1]

    def _mark(self, at: int) -> Mark:
        return Mark(self._positions[at], self._keys[at])

    def _add(self, marks: Iterable[Mark], age: int) -> None:
        order = order_of(self.criteria)
        for mark in marks:
            if mark.key is None:
                self.note_total(mark.position, is_exact=True)
            elif self._is_behind_all(mark.position, mark.key, order):  # mostly: a walk brings thousands at once
                self._positions.append(mark.position)
                self._keys.append(mark.key)
                self._ages.append(age)
            else:
                self._insert(mark.position, mark.key, age, order)
        if self._positions and self._positions[-1] > self._total:
            self._total, self._exact = self._positions[-1], False
        self._thin_out()

    def _is_behind_all(self, position: int, key: Key, order: Order) -> bool:
        positions = self._positions
        return not positions or (positions[-1] < position and order.compare(self._keys[-1], key) < 0)

    def _insert(self, position: int, key: Key, age: int, order: Order) -> None:
        compare = order.compare
        first = bisect_left(self._positions, position)
        behind = bisect_right(self._positions, position)
        while first and compare(self._keys[first - 1], key) >= 0:
            first -= 1
        while behind < len(self._keys) and compare(self._keys[behind], key) <= 0:
            behind += 1
        is_whole = order.is_whole(key)
        for there, known in zip(self._positions[first:behind], self._keys[first:behind], strict=True):
            fits = there == position and not (is_whole and order.is_whole(known))
            if known != key and known not in self._left and not fits:
                self._exact = False  # rows came or went without our doing
        self._positions[first:behind] = [position]
        self._keys[first:behind] = [key]
        self._ages[first:behind] = [age]

    def _end_before(self, position: int) -> None:
        """There is no row at a position, where one was believed to be: how many there are is not known now, and what
        says that there is one is untrue."""
        if self._exact or (self._positions and self._positions[-1] > position):
            self.forget()
        self._total, self._exact = position, False

    def _thin_out(self) -> None:
        """Keeps the last mark, and before it those that are far enough from the next one."""
        distance = self._positions[-1] // self._kept + 1 if self._positions else 0
        while len(self._positions) > self._kept:
            kept = [len(self._positions) - 1]
            for at in range(len(self._positions) - 2, -1, -1):
                if self._positions[kept[-1]] - self._positions[at] >= distance:
                    kept.append(at)
            self._keep(kept[::-1])
            distance *= 2

    def _keep(self, places: Sequence[int]) -> None:
        self._positions = [self._positions[at] for at in places]
        self._keys = [self._keys[at] for at in places]
        self._ages = [self._ages[at] for at in places]

    def _strike_out(self, ids: set[int]) -> None:
        assert self.hits is not None
        known = self.hits.ids
        self.hits = replace(self.hits, ids=tuple(one for one in known if one not in ids))
        self._total -= len(known) - len(self.hits.ids)

    def _marks_before(self, key: Key) -> int:
        """How many marks are before a key."""
        place = cmp_to_key(order_of(self.criteria).compare)
        return bisect_left(self._keys, place(key), key=place)
