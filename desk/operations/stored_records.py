"""Reads the records that edits are about, as the database holds them now.

Invariant: however many they are, a statement names at most CHUNK of them, and they are read in the order of their ids.
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from desk.catalog import unit_queries
from desk.catalog.comparing import Stored
from desk.catalog.edits import EditKind, RecordKey
from desk.catalog.rows import AuthorRef, ContributionRow
from desk.database.prepared import Prepared
from desk.operations.reading_rows import READ

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Column
    from sqlalchemy.engine import Dialect
    from sqlalchemy.orm import Session

    from desk.catalog.edits import Edit

T = TypeVar("T")

CHUNK = 1000
ORDER = ("authors", "books")
"""The order in which tables are locked, and new records made: books refer to authors. Deletions go the other way."""
CONTRIBUTORS = "contributors"


def read_records(
    session: Session, edits: Iterable[Edit], *, locked: bool = False, all_of_deleted: bool = False
) -> dict[RecordKey, Stored]:
    """The records of edits; those that are gone or new are missing.

    A book's contributors come only where an edit knows them, or deletes the book and `all_of_deleted` is asked for.
    """
    known = [edit for edit in edits if edit.key.id > 0]
    found: dict[RecordKey, Stored] = {}
    for table in ORDER:
        ids = sorted({edit.key.id for edit in known if edit.key.table == table})
        for some in chunks(ids):
            found.update(_read(session, table, some, locked=locked))
    wanted = {edit.key for edit in known if _wants_contributors(edit, all_of_deleted=all_of_deleted)}
    for some in chunks(sorted(key.id for key in wanted if key in found)):
        for book_id, entries in _read_entries(session, some, locked=locked).items():
            key = RecordKey("books", book_id)
            found[key] = Stored(found[key].version, {**found[key].values, CONTRIBUTORS: entries})
    return found


def chunks(some: Sequence[T]) -> Iterator[Sequence[T]]:
    """CHUNK at a time: between two statements a cancel is noticed."""
    return (some[first : first + CHUNK] for first in range(0, len(some), CHUNK))


def _wants_contributors(edit: Edit, *, all_of_deleted: bool) -> bool:
    if edit.key.table != "books":
        return False
    is_told = CONTRIBUTORS in edit.original or CONTRIBUTORS in edit.values
    return is_told or (all_of_deleted and edit.kind is EditKind.DELETE)


def _read(session: Session, table: str, ids: Sequence[int], *, locked: bool) -> Iterator[tuple[RecordKey, Stored]]:
    dialect = session.connection().dialect
    fields = unit_queries.fields_of(table)
    found = _records_statement(dialect, table, locked).run(session, ids=ids)
    if not found:
        return
    record_ids, versions, *values = zip(*found, strict=True)
    columns: dict[str, Sequence[Any]] = {
        name: _as_shown(dialect, column, some) for (name, column), some in zip(fields.items(), values, strict=False)
    }
    if "author" in columns:
        columns["author"] = list(map(_link, columns["author"], values[-1]))
    rows = zip(*columns.values(), strict=True)
    for record_id, version, row in zip(record_ids, versions, rows, strict=True):
        yield RecordKey(table, record_id), Stored(version, dict(zip(columns, row, strict=True)))


def _as_shown(dialect: Dialect, column: Column[Any], values: Sequence[Any]) -> Sequence[Any]:
    return column.type.read_all(values, dialect) if isinstance(column.type, READ) else values


def _link(author_id: int | None, name: str | None) -> AuthorRef | None:
    return None if author_id is None else AuthorRef(author_id, name or "")


def _read_entries(session: Session, ids: Sequence[int], *, locked: bool) -> Mapping[int, tuple[ContributionRow, ...]]:
    """The added entries of each of the books; their positions are counted from 0, whatever is stored."""
    found: dict[int, list[ContributionRow]] = defaultdict(list, {book_id: [] for book_id in ids})
    rows: Iterable[Any] = _entries_statement(session.connection().dialect, locked).run(session, ids=ids)
    for book_id, author_id, name, role in rows:
        entries = found[book_id]
        entries.append(ContributionRow(AuthorRef(author_id, name or ""), role, len(entries)))
    return {book_id: tuple(entries) for book_id, entries in found.items()}


@lru_cache
def _records_statement(dialect: Dialect, table: str, locked: bool) -> Prepared:
    return Prepared(unit_queries.records_select(table, locked=locked), dialect)


@lru_cache
def _entries_statement(dialect: Dialect, locked: bool) -> Prepared:
    return Prepared(unit_queries.entries_select(locked=locked), dialect)
