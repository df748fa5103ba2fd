"""Reads runs of rows: a page, a total, the marks of a view."""

from __future__ import annotations

import time
from bisect import bisect_right
from dataclasses import replace
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any

from desk.catalog import ranges, view_queries
from desk.catalog.columns import TABLES
from desk.catalog.criteria import Criteria
from desk.catalog.orders import order_of
from desk.catalog.paging import MARK_EVERY, Mark, Page, PageRequest, Walked
from desk.catalog.sources import SOURCES
from desk.database.prepared import Prepared
from desk.database.sessions import search_of
from desk.operations.reading_rows import author_rows, book_rows, cells_of, read_columns
from desk.operations.retrying import again_when_lost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy.engine import Dialect
    from sqlalchemy.orm import Session

    from desk.catalog.orders import Key
    from desk.catalog.rows import Row
    from desk.catalog.search_state import SearchMethod
    from desk.database.sessions import Sessions

    Values = Sequence[Sequence[Any]]

FAR_BY_AUTHOR = {"sqlite": 5_500_000, "postgresql": 700_000}
"""As many rows are passed over, author by author, in the time in which the books of all authors are counted."""
KEPT = 128
"""As many statements of a kind are kept compiled."""


@again_when_lost
def load_page(*, sessions: Sessions, request: PageRequest) -> Page:
    """One page in at most two statements, whatever its size: the rows, then their contributors or counts. Of books by
    author, far from every known mark, a statement before them looks for a nearer one."""
    with sessions.reading("load page") as session:
        return read_page(session, request)


def read_page(session: Session, request: PageRequest) -> Page:
    """One page, in a session that is open already."""
    table = request.criteria.table
    keys: tuple[Key, ...] = ()
    if request.ids is None:
        values, keys = read_run(session, request)
    else:
        values = read_listed(session, table, request.ids)
    rows = _rows(session, table, values)
    end = Mark(request.position + len(rows), keys[-1] if keys else ()) if rows else None
    cells, doubtful = cells_of(table, rows)
    return Page(request, rows, cells, end, doubtful, keys)


@again_when_lost
def count_rows(*, sessions: Sessions, criteria: Criteria) -> int:
    """The exact number of rows of a view."""
    with sessions.reading("count rows") as session:
        return int(session.execute(view_queries.count_select(criteria, sessions.search)).scalar_one())


@again_when_lost
def walk_marks(
    *, sessions: Sessions, criteria: Criteria, mark: Mark | None, every: int = MARK_EVERY, seconds: float = 0.1
) -> Walked:
    """The next places of a view's order behind a mark, `every` rows apart: as many as are found in that time, one at
    least. At the end of the view there are fewer, and the exact number of its rows. An order that no index has is not
    walked: its rows are only counted. All books by author are not walked either, but for those behind the last author's
    place: the first call brings the places of authors about that far apart, whatever time it takes."""
    if not order_of(criteria).is_indexed:
        return Walked((), count_rows(sessions=sessions, criteria=criteria))
    found: list[Mark] = []
    until = time.monotonic() + seconds
    with sessions.reading("walk marks") as session:
        if mark is None and view_queries.is_all_by_author(criteria):
            found += _author_places(session, criteria, every)
        for place in _walk(session, criteria, found[-1] if found else mark, every):
            found.append(place)
            if time.monotonic() >= until:
                return Walked(tuple(found), None)
        last = found[-1] if found else mark
        position = last.position if last else 0
        rest = _fetch(session, _rest_statement, PageRequest(criteria, position, every, last))
        return Walked(tuple(found), position + rest[0][0])


@again_when_lost
def count_tables(*, sessions: Sessions) -> dict[str, int]:
    """The number of records of every table, for the side bar."""
    with sessions.reading("count tables") as session:
        counts = {name: view_queries.count_select(Criteria(name), sessions.search) for name in TABLES}
        return {name: int(session.execute(statement).scalar_one()) for name, statement in counts.items()}


def read_run(session: Session, request: PageRequest) -> tuple[Values, tuple[Key, ...]]:
    """The rows between a place and another of the view's order, as values of the source's columns, and their keys."""
    found = _fetch(session, _page_statement, _neared(session, request))
    width = len(order_of(request.criteria).terms)
    columns = SOURCES[request.criteria.table].columns
    values = read_columns(found, columns, session.connection().dialect, first=width)
    return values, tuple(map(itemgetter(slice(width)), found))


def read_listed(session: Session, table: str, ids: Sequence[int]) -> Values:
    """The records of the ids, in their order, as values of the source's columns; one that is gone is missing."""
    dialect = session.connection().dialect
    found = _listed_statement(dialect, table).run(session, ids=ids) if ids else ()
    places = {id: place for place, id in enumerate(ids)}
    return read_columns(sorted(found, key=lambda row: places[row[0]]), SOURCES[table].columns, dialect)


def _neared(session: Session, request: PageRequest) -> PageRequest:
    """The request of the same rows, counted from the place of an author where that is sooner done."""
    far = FAR_BY_AUTHOR[session.connection().dialect.name]
    if request.offset < far or not view_queries.is_all_by_author(request.criteria):
        return request
    places = _author_places(session, request.criteria, MARK_EVERY)
    behind = bisect_right(places, request.position, key=attrgetter("position"))
    return replace(request, mark=places[behind - 1]) if behind else request


def _author_places(session: Session, criteria: Criteria, every: int) -> tuple[Mark, ...]:
    """The places of authors in a view of all books, about one in `every` rows, in order."""
    statement = _author_places_statement(session.connection().dialect, criteria)
    return tuple(Mark(position, (name, id)) for name, id, position in statement.run(session, every=every))


def _walk(session: Session, criteria: Criteria, mark: Mark | None, every: int) -> Iterator[Mark]:
    """The places behind a mark, `every` rows apart, until the view ends. Ten million rows are ten thousand steps, so a
    step does nothing that could be done before."""
    dialect = session.connection().dialect
    statements: dict[str | None, Prepared] = {}
    position, key = (mark.position, mark.key) if mark else (0, None)
    while True:
        shape = ranges.shape_of(key)
        statement = statements.get(shape)
        if statement is None:
            statement = statements[shape] = _step_statement(dialect, criteria, search_of(session), shape)
        rows = statement.run(session, rows=1, passed=every - 1, reach=every, **ranges.parameters_of(key))
        if not rows:
            return
        position, key = position + every, tuple(rows[0])
        yield Mark(position, key)


def _rows(session: Session, table: str, values: Values) -> tuple[Row, ...]:
    """The records, with what a second statement tells of them: a book's contributors, the number of an author's
    books."""
    make: Any = _MAKERS[table]
    ids = values[0]
    return make(values, _more_statement(session.connection().dialect, table).run(session, ids=ids)) if ids else ()


def _fetch(session: Session, make: Callable[..., Prepared], request: PageRequest) -> Sequence[Any]:
    """Executes a statement of a run: from a mark where an index has the order, else counted from the start."""
    method = search_of(session)
    key = request.mark.key if request.mark else None
    passed, backwards = request.offset, request.is_backwards
    if not order_of(request.criteria).is_indexed:
        key, passed, backwards = None, request.position, False
    statement = make(session.connection().dialect, request.criteria, method, ranges.shape_of(key), backwards)
    reach = passed + request.limit
    return statement.run(session, rows=request.limit, passed=passed, reach=reach, **ranges.parameters_of(key))


@lru_cache(maxsize=KEPT)
def _page_statement(
    dialect: Dialect, criteria: Criteria, method: SearchMethod, shape: str | None, backwards: bool
) -> Prepared:
    select = view_queries.page_select(criteria, shape, dialect.name, backwards=backwards, method=method)
    return Prepared(select, dialect)


@lru_cache(maxsize=KEPT)
def _author_places_statement(dialect: Dialect, criteria: Criteria) -> Prepared:
    return Prepared(view_queries.author_places_select(criteria), dialect)


@lru_cache(maxsize=KEPT)
def _step_statement(dialect: Dialect, criteria: Criteria, method: SearchMethod, shape: str | None) -> Prepared:
    return Prepared(view_queries.step_select(criteria, shape, dialect.name, method=method), dialect)


@lru_cache(maxsize=KEPT)
def _rest_statement(
    dialect: Dialect, criteria: Criteria, method: SearchMethod, shape: str | None, _backwards: bool
) -> Prepared:
    return Prepared(view_queries.rest_select(criteria, shape, dialect.name, method=method), dialect)


@lru_cache(maxsize=KEPT)
def _listed_statement(dialect: Dialect, table: str) -> Prepared:
    return Prepared(view_queries.listed_select(table), dialect)


@lru_cache(maxsize=KEPT)
def _more_statement(dialect: Dialect, table: str) -> Prepared:
    return Prepared(_MORE[table](), dialect)


_MAKERS = {"books": book_rows, "authors": author_rows}
_MORE = {"books": view_queries.contributors_select, "authors": view_queries.book_counts_select}
