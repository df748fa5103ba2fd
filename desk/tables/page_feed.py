"""The pages of one view: which are here, which are on their way, and which to ask for next.

Invariant: what is seen is asked for first, at most one page on each lane, or all that are seen together at once; none
takes the turn of one that is seen beside it. A page ahead is asked for only while nothing that is seen is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from desk.catalog.page_cache import PageCache
from desk.catalog.paging import PAGE_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desk.catalog.orders import Key
    from desk.catalog.paging import Page, PageRequest
    from desk.catalog.places import Places
    from desk.catalog.rows import Row
    from desk.catalog.watched import RowNow

LATE_MS = 150
"""A page that comes sooner takes its place without a placeholder having been seen."""
AHEAD = 2
"""Where a page is awaited that was asked for ahead: it is on no lane."""


class PageFeed(QObject):
    """Holds the loaded pages of a view and asks for others.

    `page_wanted` and `page_ahead_wanted` carry a PageRequest; `came_late` tells that pages have been waited for long.
    """

    page_wanted = Signal(object)
    page_ahead_wanted = Signal(object)
    came_late = Signal()

    def __init__(self, places: Places, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.places = places
        self._cache = PageCache(PAGE_ROWS)
        self._missing: dict[int, None] = {}
        """The pages that were painted without being here, in the order in which they were painted."""
        self._asked: dict[int, tuple[int, ...]] = {}
        """Lane → the pages asked for last on it that have not come; an earlier one on the same lane will not come."""
        self._seen_at_once = 2
        """How many pages can be in sight together."""
        self._ahead: int | None = None
        """The page that was asked for ahead and has not been seen since."""
        self._late: set[int] = set()
        self._announce = QTimer(self, singleShot=True, interval=0)
        self._announce.timeout.connect(self._on_announce)
        self._waiting = QTimer(self, singleShot=True, interval=LATE_MS)
        self._waiting.timeout.connect(self._on_waited)

    @property
    def late(self) -> tuple[range, ...]:
        """The positions that are waited for so long that a placeholder should say so."""
        return tuple(range(number * PAGE_ROWS, (number + 1) * PAGE_ROWS) for number in sorted(self._late))

    def start(self, places: Places) -> None:
        """Another view: nothing of it is here."""
        self._forget_wishes()
        self._cache.clear()
        self.places = places

    def reload(self, numbers: Iterable[int] | None = None) -> None:
        """These pages (None: all) may be shown until they are loaded anew. Whoever calls this has cancelled what was
        under way."""
        self._forget_wishes()
        self._cache.mark_stale(numbers)

    def renew(self, places: Places, first: int | None = 0) -> None:
        """New places of the same view: what is here from position `first` on may be shown until it is loaded anew;
        None: nothing has to be."""
        self._forget_wishes()
        self.places = places
        if first is not None:
            self._cache.mark_stale(self._cache.numbers_from(first))

    def see(self, rows: int) -> None:
        """So many rows are in sight at once: they may lie on as many pages as that takes at worst."""
        self._seen_at_once = max(2, (rows - 2) // PAGE_ROWS + 2)

    def numbers_from(self, position: int) -> tuple[int, ...]:
        """The pages that are here, from the one on which a position lies."""
        return self._cache.numbers_from(position)

    def number(self, position: int) -> int:
        """The page on which a position lies."""
        return self._cache.number(position)

    def get(self, position: int) -> tuple[Row, tuple[str | None, ...]] | None:
        """The row at a position and its display texts; None when it is not here."""
        return self._cache.get(position)

    def is_doubtful(self, position: int, section: int) -> bool:
        """Whether the value of a loaded cell looks wrong."""
        return self._cache.is_doubtful(position, section)

    def is_stale(self, position: int) -> bool:
        """Whether a row is here but has to be loaded anew."""
        return self._cache.is_stale(position)

    def is_late(self, position: int) -> bool:
        """Whether a row has been waited for long."""
        return bool(self._late) and self._cache.number(position) in self._late

    def position_of(self, record_id: int) -> int | None:
        """Where a record is, when its page is here."""
        return self._cache.position_of(record_id)

    def sort_key_of(self, record_id: int) -> Key | None:
        """The sort key of a record, when its page is here and was not listed."""
        return self._cache.sort_key_of(record_id)

    def want(self, position: int) -> None:
        """A row is seen that is not here, or stale: its page will be asked for once everything is painted."""
        number = self._cache.number(position)
        if number == self._ahead:  # it is on its way already, and now somebody waits for it
            self._asked[AHEAD], self._ahead = (number,), None
            self._waiting.start()
        if number in self._awaited or position >= self.places.total:
            return
        self._missing.pop(number, None)
        self._missing[number] = None
        self._announce.start()

    def want_ahead(self, position: int) -> None:
        """A row will be seen soon: its page is asked for, unless anything that is seen is missing."""
        if self._missing or self._asked or not 0 <= position < self.places.total:
            return
        if self._cache.get(position) is not None and not self._cache.is_stale(position):
            return
        number = self._cache.number(position)
        if number != self._ahead:
            self._ahead = number
            self.page_ahead_wanted.emit(self.places.request(number * PAGE_ROWS))

    def place(self, page: Page) -> None:
        """Takes a page in."""
        self.end_wait(page.request)
        self._cache.place(page)

    def update(self, now: RowNow) -> None:
        """A record that may be here looks different now, in its place."""
        self._cache.update(now)

    def end_wait(self, request: PageRequest) -> None:
        """What was asked for came, or will not come: it will be asked for again when it is next seen and not here."""
        first, last = request.position, request.position + request.limit - 1
        ended = range(self._cache.number(first), self._cache.number(last) + 1)
        if self._ahead in ended:
            self._ahead = None
        asked = {lane: tuple(one for one in numbers if one not in ended) for lane, numbers in self._asked.items()}
        self._asked = {lane: numbers for lane, numbers in asked.items() if numbers}
        self._late.difference_update(ended)
        if not self._asked:
            self._waiting.stop()
        if self._missing:
            self._announce.start()

    # Slots

    @Slot()
    def _on_announce(self) -> None:
        missing, self._missing = list(self._missing), {}
        seen = self._together(missing)  # what was painted last is what is seen now
        if len(seen) > 1 and not self._is_any_beside(seen, self._awaited):
            self._asked.clear()
            self._ask(seen)
        elif len(seen) > 1 or self._has_turn_beside(seen, seen[0]):
            self._missing = dict.fromkeys(seen)  # their turn is when those have come
        else:
            others = [one for one in missing if one not in seen and not self._has_turn_beside(seen, one)]
            for number in (*others[-1:], *seen):
                self._ask(range(number, number + 1))
        self._late.intersection_update(self._awaited)

    @Slot()
    def _on_waited(self) -> None:
        self._late = self._awaited
        self.came_late.emit()

    # Helpers

    @property
    def _awaited(self) -> set[int]:
        """The pages in sight that are on their way."""
        return {number for numbers in self._asked.values() for number in numbers}

    def _ask(self, numbers: range) -> None:
        """Asks for a page, or for neighbours at once: before the marks each would be counted from afar."""
        request = self.places.request(numbers[0] * PAGE_ROWS, len(numbers) * PAGE_ROWS)
        self._asked[request.lane] = tuple(numbers)
        self._waiting.start()
        self.page_wanted.emit(request)

    def _together(self, missing: list[int]) -> range:
        """The pages from the first to the last of those that can be in sight together with the last one."""
        first = last = missing[-1]
        for number in reversed(missing):
            if max(last, number) - min(first, number) < self._seen_at_once:
                first, last = min(first, number), max(last, number)
        return range(first, last + 1)

    def _has_turn_beside(self, seen: range, number: int) -> bool:
        """Whether a request for a page would replace one for pages in sight together with these."""
        return self._is_any_beside(seen, self._asked.get(number % 2, ()))

    def _is_any_beside(self, seen: range, others: Iterable[int]) -> bool:
        """Whether any of the others can be in sight together with these pages."""
        return any(max(seen[-1], one) - min(seen[0], one) < self._seen_at_once for one in others)

    def _forget_wishes(self) -> None:
        self._missing.clear()
        self._asked.clear()
        self._late.clear()
        self._ahead = None
        self._announce.stop()
        self._waiting.stop()
