"""The statements that look for changes made elsewhere. Nothing here executes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import ColumnElement, Text, func, literal_column, null, select
from sqlalchemy import cast as as_type

from desk.catalog.conditions import among
from desk.catalog.models import Contribution
from desk.catalog.sources import AUTHORS, BOOKS, SOURCES

if TYPE_CHECKING:
    from sqlalchemy import CompoundSelect, Select, Table

    Statement = Select[*tuple[Any, ...]]

ENTRIES = cast("Table", Contribution.__table__)
WRITES = (func.pg_stat_get_tuples_inserted, func.pg_stat_get_tuples_updated, func.pg_stat_get_tuples_deleted)
"""How often a server has seen rows of a table written, by anybody. It counts within a second, or within ten of a client
that rests, and not at all where `track_counts` is off (“Monitoring Database Activity”, “Cumulative Statistics”)."""


def marks_select(table: str) -> CompoundSelect[Any]:
    """(id, mark) of the records in `ids`, on a server: a mark changes with every write of the record, of its author's
    record, or of its contributions. The row without an id carries what `Noticed.tick` is: how often the tables were
    written."""
    source = SOURCES[table]
    parts = [_written(source.table)]
    if source.joins_author:
        entries = select(func.string_agg(_written(ENTRIES), ",")).where(ENTRIES.c.book_id == BOOKS.c.id)
        parts += [_written(AUTHORS), entries.scalar_subquery()]
    found = source.table.outerjoin(AUTHORS, BOOKS.c.author_id == AUTHORS.c.id) if source.joins_author else source.table
    marks = select(source.table.c.id, func.concat_ws("/", *parts)).select_from(found).where(among(source.table.c.id))
    return select(null(), func.concat_ws(" ", *_counts())).union_all(marks)


def now_select(table: str, dialect: str) -> Statement:
    """The rows of the records in `ids`, in no order: the source's columns, and then what else a row shows: a book's
    contributors joined by "; " (NULL: none), the number of an author's books."""
    source = SOURCES[table]
    found = source.table.outerjoin(AUTHORS, BOOKS.c.author_id == AUTHORS.c.id) if source.joins_author else source.table
    return select(*source.columns, _MORE[table](dialect)).select_from(found).where(among(source.table.c.id))


def _written(table: Table) -> ColumnElement[str]:
    """The transaction that wrote a row as it is (“System Columns”, xmin)."""
    return as_type(literal_column(f"{table.name}.xmin"), Text)


def _counts() -> list[ColumnElement[Any]]:
    relations = [func.to_regclass(literal_column(f"'{table.name}'")) for table in (BOOKS, AUTHORS, ENTRIES)]
    return [count(relation) for relation in relations for count in WRITES]


def _contributors(dialect: str) -> ColumnElement[Any]:
    """Joined in the order in which they are read: both databases keep that of a subquery here."""
    name = AUTHORS.alias("contributor")
    ordered = (
        select(name.c.name)
        .join_from(ENTRIES, name, ENTRIES.c.author_id == name.c.id)
        .where(ENTRIES.c.book_id == BOOKS.c.id)
        .order_by(ENTRIES.c.position, ENTRIES.c.author_id)
        .correlate(BOOKS)
        .subquery()
    )
    joined = func.group_concat if dialect == "sqlite" else func.string_agg
    return select(joined(ordered.c.name, literal_column("'; '"))).scalar_subquery()


def _books(_dialect: str) -> ColumnElement[Any]:
    return select(func.count()).where(BOOKS.c.author_id == AUTHORS.c.id).correlate(AUTHORS).scalar_subquery()


_MORE = {"books": _contributors, "authors": _books}
