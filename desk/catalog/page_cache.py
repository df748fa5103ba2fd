"""The bounded cache of pages that a grid reads.

Invariant: it holds a record at most once, and its pages are in the order of the view.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

from desk.catalog.orders import order_of
from desk.catalog.paging import PAGE_ROWS, Mark

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desk.catalog.orders import Key
    from desk.catalog.paging import Page
    from desk.catalog.rows import Row
    from desk.catalog.watched import RowNow

CACHED_PAGES = 60


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
        """Takes a page in.

        A record that another page holds too moved meanwhile: the other page is forgotten, to be loaded again, and so is
        this one where its copy of the record is the older. A page that contradicts the order is forgotten, and one
        beside this that was counted from elsewhere becomes stale: rows may have come between them unseen.
        """
        number = self.number(page.request.position)
        former = self._pages.get(number)
        self._forget(number)
        if self._drop_moved(page.rows):
            return
        self._drop_disordered(number, page)
        self._pages[number] = page
        self._home.update((row.id, (number, index)) for index, row in enumerate(page.rows))
        for beside, edge in ((number - 1, 0), (number + 1, -1)):
            if not _same_edge(former, page, edge) and not self._are_joined(*sorted((beside, number))):
                self._stale.add(beside)
        while len(self._pages) > self._capacity:
            self._forget(next(iter(self._pages)))

    def update(self, now: RowNow) -> None:
        """A record that may be here looks different now, at its place and with its sort key of before."""
        home = self._home.get(now.row.id)
        if home is None:
            return
        number, index = home
        page = self._pages[number]
        rows, cells = list(page.rows), list(page.cells)
        rows[index], cells[index] = now.row, now.cells
        doubtful = {one for one in page.doubtful if one[0] != index} | {(index, section) for section in now.doubtful}
        self._pages[number] = replace(page, rows=tuple(rows), cells=tuple(cells), doubtful=frozenset(doubtful))

    def position_of(self, record_id: int) -> int | None:
        """Where a record is, when its page is here."""
        home = self._home.get(record_id)
        return None if home is None else home[0] * self.page_rows + home[1]

    def sort_key_of(self, record_id: int) -> Key | None:
        """The sort key of a record, when its page is here and was not listed."""
        home = self._home.get(record_id)
        keys = () if home is None else self._pages[home[0]].keys
        return keys[home[1]] if home is not None and keys else None

    def numbers_from(self, position: int) -> tuple[int, ...]:
        """The pages that are here, from the one on which a position lies."""
        return tuple(number for number in self._pages if number >= self.number(position))

    def mark_stale(self, numbers: Iterable[int] | None = None) -> None:
        """These pages (None: all that are here) may be shown until they are loaded anew."""
        self._stale |= self._pages.keys() if numbers is None else self._pages.keys() & set(numbers)

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

    def _drop_moved(self, rows: tuple[Row, ...]) -> bool:
        """Forgets the pages that hold one of the rows; answers whether one of theirs is newer."""
        outdated = False
        for row in rows:
            home = self._home.get(row.id)
            if home is not None:
                outdated = outdated or self._pages[home[0]].rows[home[1]].version > row.version
                self._forget(home[0])
        return outdated

    def _drop_disordered(self, number: int, page: Page) -> None:
        if not page.keys:
            return
        compare = order_of(page.request.criteria).compare
        for other, known in list(self._pages.items()):
            low, high = (known, page) if other < number else (page, known)
            if known.keys and compare(low.keys[-1], high.keys[0]) >= 0:
                self._forget(other)

    def _are_joined(self, low: int, high: int) -> bool:
        """Whether no row can be between two pages: one was counted from the other, or both from the same place. True
        where one of them is not here, or has no keys."""
        before, behind = self._pages.get(low), self._pages.get(high)
        if before is None or behind is None or not (before.keys and behind.keys):
            return True
        begin = Mark(behind.request.position, order_of(behind.request.criteria).before(behind.keys[0]))
        return behind.request.mark in (before.request.mark, before.end) or before.request.mark == begin


def _same_edge(former: Page | None, page: Page, edge: int) -> bool:
    """Whether a page ends (or begins, at edge 0) with the same key as the one that was in its place."""
    return former is not None and bool(former.keys and page.keys) and former.keys[edge] == page.keys[edge]
