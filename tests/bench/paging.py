"""Pages of big views: load_page at random places of every listed order, against the raw driver and against OFFSET.

A page's baseline is the driver alone with the same statements, taking turns with load_page; the first load of each page
is a figure of its own, because it reads what was not read before. The marks' baseline are the same steps by the driver.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from desk.catalog.paging import PAGE_ROWS
from desk.catalog.places import Places
from desk.operations.connect import open_catalogue
from desk.operations.pages import load_page, walk_marks
from desk.operations.views import open_view
from tests.bench import _views
from tests.bench._big import FULL, datasets, finish, parser, tell
from tests.bench._raw import RawDriver, Statement, taped
from tests.bench._table import Figure, milliseconds, percentile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desk.catalog.criteria import Criteria
    from desk.catalog.paging import Mark, PageRequest
    from desk.database.sessions import Sessions
    from tests.bench.catalogues import Dataset

PAGE_LIMIT = 2.0
WALK_LIMIT = 3.0
OFFSET_LIMIT = 1 / 200
FIRST_MS = 100.0
MANY = 10
LONG_ENOUGH = 1.5
"""Seconds after which what takes long is not repeated further than the fewest times."""
FEWEST = 3
JUMP_MS = {True: 300.0, False: 1500.0}
"""A jump before the marks: SQLite, PostgreSQL."""
LAST_PAGE = """
    SELECT b.id, b.version, b.title, b.author_id, a.name, b.published_year, b.isbn, b.language, b.price, b.updated_at
    FROM books b LEFT JOIN authors a ON a.id = b.author_id ORDER BY b.title_key, b.id LIMIT {limit} OFFSET {offset}
"""


@dataclass(slots=True)
class Measured:
    """The milliseconds of one order."""

    name: str
    pages: list[float] = field(default_factory=list)
    raw_pages: list[float] = field(default_factory=list)
    new_pages: list[float] = field(default_factory=list)
    """First loads of a page."""
    jumps: list[float] = field(default_factory=list)
    """Loads before there are marks."""
    first: list[float] = field(default_factory=list)
    walks: list[float] = field(default_factory=list)
    raw_walks: list[float] = field(default_factory=list)

    @property
    def page_ratio(self) -> float:
        return statistics.median(self.pages) / statistics.median(self.raw_pages)

    @property
    def walk_ratio(self) -> float:
        return statistics.median(self.walks) / statistics.median(self.raw_walks)


class Bench:
    """One catalogue, opened by Desk and by the driver alone."""

    def __init__(self, dataset: Dataset, repetitions: int) -> None:
        self.dataset = dataset
        self._repetitions = repetitions
        self._walks = min(max(3_000_000 // dataset.books, 1), 3)
        self._catalogue = open_catalogue(target=dataset.target)
        self._raw = RawDriver(dataset.target)
        self._chance = random.Random(5)
        self._read: set[tuple[str, ...]] = set()

    @property
    def sessions(self) -> Sessions:
        return self._catalogue.sessions

    def close(self) -> None:
        self._raw.close()
        self._catalogue.close()

    def order(self, name: str, criteria: Criteria) -> Measured:
        """Everything that is measured of an order."""
        found = Measured(name)
        places = self._walk(found, criteria)
        for turn in range(self._repetitions):
            self._page(found, places.request(self._page_start(places.total)), turn)
        found.jumps = repeated(partial(self._jump, criteria, places.total))
        found.first = self.first_pages(criteria)
        return found

    def walked(self, criteria: Criteria) -> tuple[Places, float, list[Statement]]:
        """The learned places of an order, the milliseconds that took, and what it sent to the driver."""
        places = Places(criteria)
        mark: Mark | None = None
        with taped() as statements:
            started = time.perf_counter()
            while not places.is_exact:
                walked = walk_marks(sessions=self.sessions, criteria=criteria, mark=mark)
                places.add(walked.marks)
                if walked.total is not None:
                    places.note_total(walked.total, is_exact=True)
                else:
                    mark = walked.marks[-1]
            took = (time.perf_counter() - started) * 1000
        return places, took, statements

    def page_again(self, places: Places) -> float:
        """The milliseconds of a page somewhere, read before, all marks being known."""
        load = partial(load_page, sessions=self.sessions, request=places.request(self._page_start(places.total)))
        load()
        return milliseconds(load)

    def first_pages(self, criteria: Criteria) -> list[float]:
        return repeated(partial(milliseconds, partial(open_view, sessions=self.sessions, criteria=criteria)))

    def last_page_by_offset(self, total: int) -> float:
        text = LAST_PAGE.format(limit=PAGE_ROWS, offset=max(total - PAGE_ROWS, 0))
        return milliseconds(partial(self._raw.run, [Statement(text, ())]))

    def _walk(self, found: Measured, criteria: Criteria) -> Places:
        """Learns the marks; the walk and the same steps by the driver take turns. A walk that is the first in its
        index is not counted; an order and its reverse have one index."""
        index = (criteria.table, *(sort.column for sort in criteria.sorts))
        places = Places(criteria)
        for turn in range(index in self._read, self._walks + 1):
            places, took, statements = self.walked(criteria)
            if turn:
                found.walks.append(took)
                found.raw_walks.append(milliseconds(partial(self._raw.run, statements)))
        self._read.add(index)
        return places

    def _page(self, found: Measured, request: PageRequest, turn: int) -> None:
        load = partial(load_page, sessions=self.sessions, request=request)
        with taped() as statements:
            found.new_pages.append(milliseconds(load))
        works: list[tuple[list[float], Any]] = [
            (found.raw_pages, partial(self._raw.run, statements)),
            (found.pages, load),
        ]
        for times, work in works if turn % 2 else reversed(works):
            times.append(milliseconds(work))

    def _jump(self, criteria: Criteria, total: int) -> float:
        """A page before there are marks; the number of rows is known, because Desk counts whole tables first."""
        places = Places(criteria)
        places.note_total(total, is_exact=True)
        request = places.request(self._page_start(total))
        return milliseconds(partial(load_page, sessions=self.sessions, request=request))

    def _page_start(self, total: int) -> int:
        return self._chance.randrange(max(-(-total // PAGE_ROWS), 1)) * PAGE_ROWS


def repeated(measured: Callable[[], float]) -> list[float]:
    """What was measured in ten calls, or in at least three when they take long."""
    found: list[float] = []
    started = time.perf_counter()
    while len(found) < FEWEST or (len(found) < MANY and time.perf_counter() - started < LONG_ENOUGH):
        found.append(measured())
    return found


def main() -> int:
    asking = parser("pages at any depth", repetitions=60)
    asking.add_argument("--each", action="store_true", help="show a row for each order, too")
    asked = asking.parse_args()
    figures: list[Figure] = []
    for dataset in datasets(asked.rows, asked.database):
        bench = Bench(dataset, asked.repetitions)
        figures += _figures(bench, each=asked.each)
        bench.close()
    return finish("Paging", figures, asked)


def _figures(bench: Bench, *, each: bool) -> list[Figure]:
    found = []
    for name, criteria in _views.orders():
        tell(f"{name} …")
        found.append(bench.order(name, criteria))
    filtered = []
    for name, criteria in _views.filters():
        tell(f"{name} …")
        filtered.append(Measured(name, first=bench.first_pages(criteria)))
    tell("OFFSET over the join …")
    offset = bench.last_page_by_offset(bench.dataset.books)
    by_title = next(one for one in found if one.name == "books by title ↑")
    table = bench.dataset.title
    is_full = bench.dataset.books >= FULL
    return [
        *_page_figures(found, table),
        Figure("by title, p99, against OFFSET over the join for its last page", percentile(by_title.new_pages, 99),
               "ms", offset, limit=OFFSET_LIMIT if is_full else None, table=table),
        *_early_jumps(found, table, JUMP_MS[bench.dataset.is_sqlite]),
        *_spread("first page of an order", [one.first for one in found], table, FIRST_MS),
        _worst("first page of an order, p99", found, "first", table, FIRST_MS),
        *_spread("first page of a filter", [one.first for one in filtered], table, FIRST_MS),
        _worst("first page of a filter, p99", filtered, "first", table, FIRST_MS),
        *_walk_figures(found, table, WALK_LIMIT if is_full else None),
        *(_each(found, filtered, table) if each else ()),
    ]  # fmt: skip


def _page_figures(found: list[Measured], table: str) -> list[Figure]:
    pages, raw = _all([one.pages for one in found]), _all([one.raw_pages for one in found])
    worst = max(found, key=lambda one: one.page_ratio)
    return [
        Figure("page, p50", statistics.median(pages), "ms", statistics.median(raw), PAGE_LIMIT, table=table),
        Figure("page, p99", percentile(pages, 99), "ms", percentile(raw, 99), table=table),
        Figure(f"page, p50, worst: {worst.name}", statistics.median(worst.pages), "ms",
               statistics.median(worst.raw_pages), PAGE_LIMIT, table=table),
        *_spread("page, loaded for the first time", [one.new_pages for one in found], table),
    ]  # fmt: skip


def _early_jumps(found: list[Measured], table: str, most: float) -> list[Figure]:
    """Orders by author run through two tables: they are a group of their own."""
    groups = {
        "orders by author": [one for one in found if one.name.startswith("books by author")],
        "other orders": [one for one in found if not one.name.startswith("books by author")],
    }
    return [
        figure
        for name, some in groups.items()
        for figure in (
            *_spread(f"jump before the marks, {name}", [one.jumps for one in some], table, most),
            _worst("jump before the marks, p99", some, "jumps", table, most),
        )
    ]


def _walk_figures(found: list[Measured], table: str, limit: float | None) -> list[Figure]:
    worst = max(found, key=lambda one: one.walk_ratio)
    ours, raw = ([statistics.median(times) for times in one] for one in
                 ([one.walks for one in found], [one.raw_walks for one in found]))  # fmt: skip
    return [
        Figure("marks of an order, mean", statistics.fmean(ours), "ms", statistics.fmean(raw), limit, table=table),
        Figure(f"marks, worst: {worst.name}", statistics.median(worst.walks), "ms",
               statistics.median(worst.raw_walks), limit, table=table),
    ]  # fmt: skip


def _spread(name: str, times: Sequence[Sequence[float]], table: str, most: float | None = None) -> list[Figure]:
    values = _all(times)
    return [
        Figure(f"{name}, p50", percentile(values, 50), "ms", table=table),
        Figure(f"{name}, p99", percentile(values, 99), "ms", most=most, table=table),
    ]


def _worst(name: str, found: list[Measured], kind: str, table: str, most: float) -> Figure:
    times = {one.name: percentile(getattr(one, kind), 99) for one in found}
    worst = max(times, key=lambda name: times[name])
    return Figure(f"{name}, worst: {worst}", times[worst], "ms", most=most, table=table)


def _each(found: list[Measured], filtered: list[Measured], table: str) -> list[Figure]:
    figures = []
    for one in found:
        figures += [
            Figure(f"{one.name}: page, p50", statistics.median(one.pages), "ms", statistics.median(one.raw_pages),
                   PAGE_LIMIT, table=table),
            Figure(f"{one.name}: page, p99", percentile(one.pages, 99), "ms", percentile(one.raw_pages, 99),
                   table=table),
            Figure(f"{one.name}: jump before the marks, longest", max(one.jumps), "ms", table=table),
            Figure(f"{one.name}: first page, longest", max(one.first), "ms", table=table),
            Figure(f"{one.name}: marks", statistics.median(one.walks), "ms", statistics.median(one.raw_walks),
                   table=table),
        ]  # fmt: skip
    return figures + [Figure(f"{one.name}: first page, longest", max(one.first), "ms", table=table) for one in filtered]


def _all(times: Sequence[Sequence[float]]) -> list[float]:
    return [one for some in times for one in some]


if __name__ == "__main__":
    sys.exit(main())
