"""Makes edits as the grid makes them, and reads records back without the code under test."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from desk.catalog.columns import TABLES
from desk.catalog.edits import Edit, EditBatch, EditKind, RecordKey
from desk.operations.records import load_details

if TYPE_CHECKING:
    from desk.catalog.rows import Row
    from desk.operations.connect import OpenCatalogue

BOOK = RecordKey("books", -1)
AUTHOR = RecordKey("authors", -2)


def update(catalogue: OpenCatalogue, table: str, record_id: int, **values: Any) -> Edit:
    """An edit that begins from what the record holds now."""
    details = load_details(sessions=catalogue.sessions, table=table, record_id=record_id)
    row: Row = details.row
    original = {
        column.name: details.notes if column.name == "notes" else getattr(row, column.name)
        for column in TABLES[table].editable
    }
    key = RecordKey(table, record_id)
    return Edit(key, EditKind.UPDATE, "", row.version, MappingProxyType(original), MappingProxyType(dict(values)))


def delete(catalogue: OpenCatalogue, table: str, record_id: int) -> Edit:
    """A deletion that begins from what the record holds now."""
    edit = update(catalogue, table, record_id)
    return Edit(edit.key, EditKind.DELETE, "", edit.version, edit.original)


def insert(key: RecordKey, **values: Any) -> Edit:
    """A new record."""
    return Edit(key, EditKind.INSERT, "", values=MappingProxyType(dict(values)))


def batch(*edits: Edit | None) -> EditBatch:
    return EditBatch(tuple(edit for edit in edits if edit is not None))


def stored(catalogue: OpenCatalogue, table: str, record_id: int) -> dict[str, Any] | None:
    """The record's columns as the driver gives them; None when it is gone."""
    with catalogue.sessions.reading("read back") as session:
        found = session.execute(text(f"SELECT * FROM {table} WHERE id = :id"), {"id": record_id}).mappings().first()
        return None if found is None else dict(found)


def elsewhere(catalogue: OpenCatalogue, statement: str, **parameters: Any) -> int:
    """Another program's change, in plain SQL and committed; returns how many rows it changed."""
    with catalogue.sessions.writing("elsewhere") as session:
        changed = session.connection().execute(text(statement), parameters).rowcount
        session.commit()
        return int(changed)


def scalar(catalogue: OpenCatalogue, statement: str, **parameters: Any) -> Any:
    """The one value of a plain query."""
    with catalogue.sessions.reading("read one value") as session:
        return session.execute(text(statement), parameters).scalar_one()
