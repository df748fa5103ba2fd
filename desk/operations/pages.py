"""Reads runs of rows: a page, a total, the marks of a view."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from desk.catalog import queries
from desk.catalog.columns import TABLES, Kind
from desk.catalog.criteria import Criteria
from desk.catalog.paging import MARK_EVERY, Mark, Page, PageRequest
from desk.catalog.rows import AuthorRef, AuthorRow, BookRow, Row
from desk.operations.retrying import again_when_lost

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from desk.database.sessions import Sessions


@again_when_lost
def load_page(*, sessions: Sessions, request: PageRequest) -> Page:
    """One page in at most two statements, whatever its size: the rows, then their contributors or counts."""
    with sessions.reading("load page") as session:
        return read_page(session, request)


def read_page(session: Session, request: PageRequest) -> Page:
    """One page, in a session that is open already."""
    found = session.execute(queries.page_select(request)).all()
    width = len(queries.terms_of(request.criteria))
    make = _MAKERS[request.criteria.table]
    rows = make(session, [tuple(row)[width:] for row in found])
    end = Mark(request.position + len(found), tuple(found[-1][:width])) if found else None
    table = request.criteria.table
    return Page(request, rows, tuple(display_cells(table, row) for row in rows), end, doubtful_cells(table, rows))


@again_when_lost
def count_rows(*, sessions: Sessions, criteria: Criteria) -> int:
    """The exact number of rows of a view."""
    with sessions.reading("count rows") as session:
        return int(session.execute(queries.count_select(criteria)).scalar_one())


@again_when_lost
def walk_marks(
    *, sessions: Sessions, criteria: Criteria, mark: Mark | None, steps: int, every: int = MARK_EVERY
) -> tuple[Mark, ...]:
    """The next places of a view's order, `every` rows apart, at most `steps` of them; fewer means the end is near."""
    found: list[Mark] = []
    with sessions.reading("walk marks") as session:
        for _step in range(steps):
            position = mark.position if mark else 0
            request = PageRequest(criteria, position, every, mark)
            key = session.execute(queries.mark_select(request)).first()
            if key is None:
                break
            mark = Mark(position + every, tuple(key))
            found.append(mark)
    return tuple(found)


@again_when_lost
def count_tables(*, sessions: Sessions) -> dict[str, int]:
    """The number of records of every table, for the side bar."""
    with sessions.reading("count tables") as session:
        return {name: int(session.execute(queries.count_select(Criteria(name))).scalar_one()) for name in TABLES}


def display_cells(table: str, row: Row) -> tuple[str | None, ...]:
    """The texts of a row's grid cells, made once and on the worker."""
    return tuple(column.format(getattr(row, column.name)) for column in TABLES[table].grid)


def doubtful_cells(table: str, rows: tuple[Row, ...]) -> frozenset[tuple[int, int]]:
    """The cells whose value looks wrong: a bad ISBN, damaged text, a value of another kind."""
    found = []
    for section, column in enumerate(TABLES[table].grid):
        wanted = column.rules.type
        is_plain = str.isprintable if wanted is str and column.kind is not Kind.ISBN else None
        for index, row in enumerate(rows):
            value = getattr(row, column.name)
            if value is None or (is_plain is not None and type(value) is str and is_plain(value)):
                continue  # nearly every cell: it costs a page a tenth of asking the column
            if column.doubt(value):
                found.append((index, section))
    return frozenset(found)


def _book_rows(session: Session, found: list[tuple[Any, ...]]) -> tuple[BookRow, ...]:
    names: dict[int, str] = {}
    if found:
        pairs = session.execute(queries.contributors_select([row[0] for row in found])).all()
        for book_id, some in groupby(pairs, key=lambda pair: pair[0]):
            names[book_id] = "; ".join(name for _book, name in some)
    return tuple(
        BookRow(
            id, version, title, None if author_id is None else AuthorRef(author_id, author), year, isbn, language,
            price, updated_at, names.get(id, ""),
        )
        for id, version, title, author_id, author, year, isbn, language, price, updated_at in found
    )  # fmt: skip


def _author_rows(session: Session, found: list[tuple[Any, ...]]) -> tuple[AuthorRow, ...]:
    counts: dict[int, int] = {}
    if found:
        pairs = session.execute(queries.book_counts_select([row[0] for row in found])).all()
        counts = dict(tuple(pair) for pair in pairs)
    return tuple(
        AuthorRow(id, version, name, born, died, updated_at, counts.get(id, 0))
        for id, version, name, born, died, updated_at in found
    )


_MAKERS: dict[str, Any] = {"books": _book_rows, "authors": _author_rows}
