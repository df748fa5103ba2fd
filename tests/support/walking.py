"""Walks through a view page by page as a grid does, and a list of sort keys that answers as a database would."""

from __future__ import annotations

from bisect import bisect_right
from functools import cmp_to_key
from typing import TYPE_CHECKING

from desk.catalog.orders import order_of
from desk.catalog.page_cache import PageCache
from desk.catalog.paging import Mark, Page
from desk.catalog.places import Places
from desk.catalog.rows import AuthorRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from desk.catalog.criteria import Criteria
    from desk.catalog.orders import Key
    from desk.catalog.paging import Hits, PageRequest


def in_order(keys: Iterable[Key], criteria: Criteria) -> list[Key]:
    """Keys as the view has them."""
    return sorted(keys, key=cmp_to_key(order_of(criteria).compare))


def page_of(request: PageRequest, keys: list[Key]) -> Page:
    """The page that a database would give whose rows have these keys, in order, each ending in the row's id."""
    if request.mark is None:
        first = request.position
    elif request.mark.key is None:
        first = len(keys) - request.offset - request.limit
    else:
        place = cmp_to_key(order_of(request.criteria).compare)
        known = bisect_right(keys, place(request.mark.key), key=place)
        first = known - request.offset - request.limit if request.is_backwards else known + request.offset
    found = tuple(keys[max(first, 0) : max(first + request.limit, 0)])
    end = Mark(request.position + len(found), found[-1]) if found else None
    rows = tuple(AuthorRow(key[-1], 1, f"name {key}", None, None, None) for key in found)
    return Page(request, rows, ((),) * len(rows), end, keys=found)


class Walker:
    """Asks for pages of `limit` rows where its places say they are, and keeps them all."""

    def __init__(
        self,
        criteria: Criteria,
        limit: int,
        *,
        load: Callable[[PageRequest], Page],
        count: Callable[[], int],
        hits: Hits | None = None,
    ) -> None:
        self.places = Places(criteria, hits)
        self.cache = PageCache(limit, capacity=10_000)
        self.seen: set[int] = set()
        """The ids of all rows that were shown at any time."""
        self._load = load
        self._count = count
        self._limit = limit

    def load(self, number: int) -> Page:
        """Loads the page of that number and shows it."""
        page = self._load(self.places.request(number * self._limit, self._limit))
        self.places.learn(page)
        if page.is_misplaced:
            self.cache.mark_stale()
        else:
            self.cache.place(page)
        shown = self.shown()
        assert len(set(shown)) == len(shown), "a record is shown twice"
        self.seen |= set(shown)
        return page

    def forwards(self) -> Iterator[Page]:
        """The pages from the first one until the view ends."""
        number = 0
        while True:
            page = self.load(number)
            yield page
            if page.is_last or (self.places.hits is not None and number * self._limit >= len(self.places.hits.ids)):
                return
            number += 1

    def backwards(self) -> Iterator[Page]:
        """The pages from the last one, as far as the total is known, to the first one."""
        for number in range((self.places.total - 1) // self._limit, -1, -1):
            yield self.load(number)

    def settle(self) -> None:
        """Loads what is missing or stale from the top of the view, as a grid does for all that is in sight, and counts
        where the total is in doubt."""
        for _round in range(300):
            if not self.places.is_exact:
                self.places.note_total(self._count(), is_exact=True)
            wanted = next(self._wanted(), None)
            if wanted is None:
                return
            self.load(wanted)
        raise AssertionError("pages are loaded for ever")

    def reload(self) -> None:
        """Loads everything anew, as F5 does."""
        self.places.forget()
        self.cache.mark_stale()
        self.settle()

    def shown(self) -> list[int]:
        """The ids of the rows that are shown, from the top."""
        found = map(self.cache.get, range(self.places.total))
        return [row[0].id for row in found if row is not None]

    def _wanted(self) -> Iterator[int]:
        for position in range(self.places.total):
            if self.cache.get(position) is None or self.cache.is_stale(position):
                yield self.cache.number(position)
