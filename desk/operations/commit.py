"""Saves a unit of work: all of it or nothing, and only over records that are as the edits found them."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from desk.catalog import queries
from desk.catalog.columns import TABLES
from desk.catalog.edits import (
    CommitResult,
    Conflict,
    Edit,
    EditBatch,
    EditKind,
    RecordKey,
    same,
)
from desk.catalog.models import Author, Book
from desk.catalog.rows import AuthorRef
from desk.database.failure_words import NOTHING_SAVED
from desk.errors import DataConflict, InvalidInput
from desk.i18n import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.orm import Session

    from desk.database.sessions import Sessions

MODELS: dict[str, type[Author] | type[Book]] = {"authors": Author, "books": Book}
_ORDER = ("authors", "books")
"""Authors first: new books may refer to new authors. Deletions go the other way."""


def commit_edits(*, sessions: Sessions, batch: EditBatch) -> CommitResult:
    """One writing session: lock, compare, change, count, commit.

    With conflicts nothing is saved and the result names them. Raises InvalidInput when a record lacks a field that it
    needs, DataConflict when a rule of the catalogue refuses an edit (an author who still has books),
    EnvironmentProblem when the database does; then nothing was saved either.
    """
    for edit in batch.edits:
        _refuse_missing_fields(edit)
    with sessions.writing("commit edits") as session:
        records = _lock_all(session, batch)
        conflicts = tuple(filter(None, (_conflict(edit, records.get(edit.key)) for edit in batch.edits)))
        if conflicts:
            return CommitResult(saved=(), conflicts=conflicts)
        new_ids = _write(session, batch, records)
        session.commit()
    return CommitResult(saved=tuple(edit.key for edit in batch.edits), new_ids=MappingProxyType(new_ids))


def _refuse_missing_fields(edit: Edit) -> None:
    """A new record has every field that it needs, and no change takes one away."""
    if edit.kind is EditKind.DELETE:
        return
    table = TABLES[edit.key.table]
    for column in table.editable:
        given = edit.values.get(column.name) is not None
        if column.nullable or given or (edit.kind is EditKind.UPDATE and column.name not in edit.values):
            continue
        field = column.header.lower()
        if edit.kind is EditKind.INSERT:
            what = _("The new {record} has no {field} yet.").format(record=table.one, field=field)
            advice = _("Type the {field}, or drop the new {record}.").format(record=table.one, field=field)
        else:
            what = _("The {record} “{label}” cannot be without its {field}.").format(
                record=table.one, label=edit.label, field=field
            )
            advice = _("Type the {field}, or drop this change.").format(field=field)
        raise InvalidInput(what, kept=NOTHING_SAVED, advice=advice, code="required")


def _lock_all(session: Session, batch: EditBatch) -> dict[RecordKey, tuple[Any, Mapping[str, Any]]]:
    """The touched records, locked, with the values they hold now; those that are gone are missing."""
    locked: dict[RecordKey, tuple[Any, Mapping[str, Any]]] = {}
    for table in _ORDER:
        ids = [edit.key.id for edit in batch.edits if edit.key.table == table and edit.kind is not EditKind.INSERT]
        if not ids:
            continue
        for found in session.execute(queries.locked_select(MODELS[table], ids)):
            locked[RecordKey(table, found[0].id)] = (found[0], _values_now(found))
    return locked


def _values_now(found: Any) -> dict[str, Any]:
    record = found[0]
    values = {name: getattr(record, name) for name in record.__table__.columns.keys()}  # noqa: SIM118
    if isinstance(record, Book):
        values["author"] = None if record.author_id is None else AuthorRef(record.author_id, found[1])
    return values


def _conflict(edit: Edit, now: tuple[Any, Mapping[str, Any]] | None) -> Conflict | None:
    """Values decide, not the version: other programs do not raise it, and a save may change nothing seen here."""
    if edit.kind is EditKind.INSERT:
        return None
    if now is None:
        return Conflict(edit, None, 0)
    record, values = now
    if all(same(old, values.get(name)) for name, old in edit.original.items()):
        return None
    theirs = {name: values.get(name) for name in edit.original}
    return Conflict(edit, MappingProxyType(theirs), record.version)


def _write(
    session: Session, batch: EditBatch, records: Mapping[RecordKey, tuple[Any, Mapping[str, Any]]]
) -> dict[RecordKey, int]:
    """Sends the changes, each flush checking that exactly the expected rows changed; returns the new keys."""
    new_ids: dict[RecordKey, int] = {}
    for table in _ORDER:
        fresh: list[tuple[Edit, Any]] = []
        for edit in _of(batch, table, EditKind.INSERT):
            record = MODELS[table](**_attributes(edit.values, new_ids))
            session.add(record)
            fresh.append((edit, record))
        for edit in _of(batch, table, EditKind.UPDATE):
            for name, value in _attributes(edit.values, new_ids).items():
                setattr(records[edit.key][0], name, value)
        session.flush()
        new_ids.update((edit.key, record.id) for edit, record in fresh)
    for table in reversed(_ORDER):
        doomed = [edit.key.id for edit in _of(batch, table, EditKind.DELETE)]
        if table == "authors":
            _refuse_authors_in_use(session, doomed)
        for record_id in doomed:
            session.delete(records[RecordKey(table, record_id)][0])
        session.flush()
    return new_ids


def _of(batch: EditBatch, table: str, kind: EditKind) -> Iterable[Edit]:
    return (edit for edit in batch.edits if edit.key.table == table and edit.kind is kind)


def _attributes(values: Mapping[str, Any], new_ids: Mapping[RecordKey, int]) -> dict[str, Any]:
    """Field values as attributes of the model: a link becomes the id of its author, new ones by their fresh key.

    The language goes first, because a title's key depends on it.
    """
    attributes = dict(sorted(values.items(), key=lambda item: item[0] != "language"))
    if "author" in attributes:
        link = attributes.pop("author")
        attributes["author_id"] = None if link is None else _author_id(link, new_ids)
    return attributes


def _author_id(link: AuthorRef, new_ids: Mapping[RecordKey, int]) -> int:
    if link.id > 0:
        return link.id
    try:
        return new_ids[RecordKey("authors", link.id)]
    except KeyError:
        raise DataConflict(
            _("The new author “{name}” is no longer among the pending edits.").format(name=link.name),
            kept=NOTHING_SAVED,
            advice=_("Choose another author for the book."),
            code="reference",
        ) from None


def _refuse_authors_in_use(session: Session, author_ids: list[int]) -> None:
    if not author_ids:
        return
    used = session.execute(queries.author_in_use_select(author_ids)).first()
    if used is not None:
        name, count = used
        raise DataConflict(
            ngettext(
                "{name} still has {count} book and cannot be deleted.",
                "{name} still has {count} books and cannot be deleted.",
                count,
            ).format(name=name, count=count),
            kept=NOTHING_SAVED,
            advice=_("Give the books another author first, or drop this deletion."),
            code="in_use",
        )
