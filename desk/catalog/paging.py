"""Pages of a view, the marks from which any page is one seek, and the bounded cache that the grid reads.

Invariant: a mark (position, key) says that exactly `position` rows come before or at `key` in the view's order.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desk.catalog.criteria import Criteria
    from desk.catalog.rows import Row

PAGE_ROWS = 100
CACHED_PAGES = 60
MARK_EVERY = 1000
MARKS_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a view's order: `position` rows end with the one whose sort key is `key`."""

    position: int
    key: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Rows `position` to `position + limit` of a view; `mark` is a place at or before it, None the start."""

    criteria: Criteria
    position: int
    limit: int = PAGE_ROWS
    mark: Mark | None = None

    @property
    def offset(self) -> int:
        """Rows to pass over between the mark and the page."""
        return self.position - (self.mark.position if self.mark else 0)

    @property
    def lane(self) -> int:
        """0 or 1: neighbouring pages are on different lanes, so both can be under way while later ones replace them."""
        return self.position // self.limit % 2


@dataclass(frozen=True, slots=True)
class Page:
    """A loaded run of rows; shorter than asked for means that the view ends here.

    `cells` are the display texts of each row, in the order of the grid's columns (None: no value); `end` is the mark
    behind the last row, None for an empty page.
    """

    request: PageRequest
    rows: tuple[Row, ...]
    cells: tuple[tuple[str | None, ...], ...]
    end: Mark | None
    doubtful: frozenset[tuple[int, int]] = frozenset()
    """(index of the row, place of the column) of the cells whose value looks wrong."""

    @property
    def is_last(self) -> bool:
        return len(self.rows) < self.request.limit


class Marks:
    """The known places of one view, thinned out to every second one when they become too many."""

    def __init__(self, limit: int = MARKS_KEPT) -> None:
        self._limit = limit
        self._positions: list[int] = []
        self._keys: list[tuple[Any, ...]] = []

    def __len__(self) -> int:
        return len(self._positions)

    def add(self, marks: Iterable[Mark]) -> None:
        """Remembers places; a position that is known keeps its newest key."""
        for mark in marks:
            at = bisect_right(self._positions, mark.position)
            if at and self._positions[at - 1] == mark.position:
                self._keys[at - 1] = mark.key
            else:
                self._positions.insert(at, mark.position)
                self._keys.insert(at, mark.key)
        while len(self._positions) > self._limit:
            self._positions = self._positions[1::2]
            self._keys = self._keys[1::2]

    def nearest(self, position: int) -> Mark | None:
        """The last place at or before `position`; None means that the start of the view is nearest."""
        at = bisect_right(self._positions, position)
        return Mark(self._positions[at - 1], self._keys[at - 1]) if at else None

    @property
    def last(self) -> Mark | None:
        return Mark(self._positions[-1], self._keys[-1]) if self._positions else None


class PageCache:
    """At most `capacity` pages of `page_rows` rows, the longest unused forgotten first."""

    def __init__(self, page_rows: int = PAGE_ROWS, capacity: int = CACHED_PAGES) -> None:
        self.page_rows = page_rows
        self._capacity = capacity
        self._pages: OrderedDict[int, Page] = OrderedDict()
        self._home: dict[int, tuple[int, int]] = {}
        """Record id → (page number, index in the page)."""
        self._stale: set[int] = set()

    def __len__(self) -> int:
        return len(self._pages)

    def number(self, position: int) -> int:
        """The page on which a position lies."""
        return position // self.page_rows

    def get(self, position: int) -> tuple[Row, tuple[str | None, ...]] | None:
        """The row at a position and its display texts; None when it is not here."""
        number, index = divmod(position, self.page_rows)
        page = self._pages.get(number)
        if page is None or index >= len(page.rows):
            return None
        self._pages.move_to_end(number)
        return page.rows[index], page.cells[index]

    def is_doubtful(self, position: int, section: int) -> bool:
        """Whether the value of a loaded cell looks wrong."""
        number, index = divmod(position, self.page_rows)
        page = self._pages.get(number)
        return page is not None and (index, section) in page.doubtful

    def place(self, page: Page) -> None:
        """Takes a page in. A record that another page holds too moved meanwhile: the other page is forgotten, to be
        loaded again, and so is this one where its copy of the record is the older."""
        number = self.number(page.request.position)
        self._forget(number)
        outdated = False
        for row in page.rows:
            home = self._home.get(row.id)
            if home is not None:
                outdated = outdated or self._pages[home[0]].rows[home[1]].version > row.version
                self._forget(home[0])
        if outdated:
            return
        self._pages[number] = page
        self._home.update((row.id, (number, index)) for index, row in enumerate(page.rows))
        while len(self._pages) > self._capacity:
            self._forget(next(iter(self._pages)))

    def position_of(self, record_id: int) -> int | None:
        """Where a record is, when its page is here."""
        home = self._home.get(record_id)
        return None if home is None else home[0] * self.page_rows + home[1]

    def mark_stale(self) -> None:
        """Everything here may be shown until it is loaded anew."""
        self._stale = set(self._pages)

    def is_stale(self, position: int) -> bool:
        return bool(self._stale) and self.number(position) in self._stale

    def clear(self) -> None:
        self._pages.clear()
        self._home.clear()
        self._stale.clear()

    def _forget(self, number: int) -> None:
        page = self._pages.pop(number, None)
        self._stale.discard(number)
        if page is None:
            return
        for row in page.rows:
            if self._home.get(row.id, (None,))[0] == number:
                del self._home[row.id]
