"""The statements of a unit of work: what it locks and compares, and what it writes. Nothing here executes.

Their parameters are `ids` where they read, else the columns' names; `record_id` is whose record is changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy import text as plain

from desk.catalog.columns import TABLES
from desk.catalog.conditions import among
from desk.catalog.models import Contribution
from desk.catalog.sources import AUTHORS, SOURCES

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Column, ColumnElement, Delete, Insert, Select, Table, TextClause, Update

    Statement = Select[*tuple[Any, ...]]

ENTRIES = cast("Table", Contribution.__table__)
KEYS = {"books": "title_key", "authors": "name_key"}
"""What is computed of a record's name or title."""
LINK = "author_id"


def fields_of(table: str) -> dict[str, Column[Any]]:
    """The fields of a record that a unit of work compares and writes, with their columns; a link's is the id."""
    columns = SOURCES[table].table.c
    stored = {name: LINK if name == "author" else name for name in (one.name for one in TABLES[table].editable)}
    return {name: columns[column] for name, column in stored.items() if column in columns}


def records_select(table: str, *, locked: bool) -> Statement:
    """id, version and all fields of records; a book has its author's name besides, at the end.

    They are locked in the order of their ids so that two units do not wait for each other. The name is a query of its
    own: of a row that changed while a lock was waited for, a join would still show the author before.
    """
    target = SOURCES[table].table
    columns: list[ColumnElement[Any]] = [target.c.id, target.c.version, *fields_of(table).values()]
    if SOURCES[table].joins_author:
        columns.append(_name_of(target.c[LINK]))
    return _locked(select(*columns).where(among(target.c.id)).order_by(target.c.id), target, locked=locked)


def entries_select(*, locked: bool) -> Statement:
    """(book id, author id, name, role) of the added entries of books, in their order."""
    columns = (ENTRIES.c.book_id, ENTRIES.c.author_id, _name_of(ENTRIES.c.author_id), ENTRIES.c.role)
    ordered = (ENTRIES.c.book_id, ENTRIES.c.position, ENTRIES.c.author_id, ENTRIES.c.role)
    statement: Statement = select(*columns).where(among(ENTRIES.c.book_id)).order_by(*ordered)
    return _locked(statement, ENTRIES, locked=locked)


def record_update(table: str, columns: Collection[str]) -> Update:
    """Changes some columns of a record, raises its version and notes the time."""
    target = SOURCES[table].table
    changes: dict[str, Any] = {name: bindparam(f"new_{name}", type_=target.c[name].type) for name in sorted(columns)}
    return update(target).where(target.c.id == bindparam("record_id")).values(**changes, version=target.c.version + 1)


def record_insert(table: str, columns: Collection[str]) -> Insert:
    """A new record; returns (id, created_at)."""
    target = SOURCES[table].table
    values = {name: bindparam(f"new_{name}", type_=target.c[name].type) for name in sorted(columns)}
    return insert(target).values(**values).returning(target.c.id, target.c.created_at)


def record_delete(table: str) -> Delete:
    target = SOURCES[table].table
    return delete(target).where(target.c.id == bindparam("record_id"))


def entries_delete() -> Delete:
    """Deletes the added entries of a book."""
    return delete(ENTRIES).where(ENTRIES.c.book_id == bindparam("record_id"))


def entry_insert() -> Insert:
    """An added entry; its parameters are `new_` and its columns."""
    return insert(ENTRIES).values(**{one.name: bindparam(f"new_{one.name}", type_=one.type) for one in ENTRIES.c})


def inserted_select(table: str) -> Statement:
    """(id, created_at) of records."""
    target = SOURCES[table].table
    return select(target.c.id, target.c.created_at).where(among(target.c.id))


TRANSACTION: TextClause = plain("SELECT txid_current()::text")
"""A server's number of the transaction, which it gets now if it has none."""
TRANSACTION_STATUS: TextClause = plain("SELECT txid_status(CAST(:number AS bigint))")
"""'committed', 'aborted', 'in progress', or NULL when it is so long ago that the server has forgotten it
(“Transaction ID and Snapshot Information Functions”)."""
END_TRANSACTION: TextClause = plain("""
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE backend_xid::text = (CAST(:number AS bigint) % 4294967296)::text
""")
"""Ends the connection that a transaction belongs to, if it is still open; the transaction ends one way or the other.
`backend_xid` has the lower 32 bits of the number."""


def _name_of(author_id: Column[Any]) -> ColumnElement[Any]:
    name = AUTHORS.alias("named")
    return select(name.c.name).where(name.c.id == author_id).scalar_subquery()


def _locked(statement: Statement, target: Table, *, locked: bool) -> Statement:
    return statement.with_for_update(of=target) if locked else statement
