"""Saves a unit of work: all of it or nothing, and only over records that are as the edits found them, or were changed
in other fields.

Invariant: it is called saved only when the database has answered so, and not saved only when that is certain.
"""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from desk.catalog import unit_queries
from desk.catalog.columns import TABLES
from desk.catalog.comparing import checked
from desk.catalog.edits import CommitResult, EditBatch, EditKind, EditState, Merged, UnitReceipt
from desk.database.failure_words import EDITS_KEPT, NOTHING_SAVED
from desk.errors import DeskError, EnvironmentProblem, InvalidInput
from desk.i18n import _
from desk.operations.outcomes import find_outcome
from desk.operations.retrying_units import with_retries
from desk.operations.stored_records import read_records
from desk.operations.writing import UnitWriter, change_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from desk.catalog.edits import Checked, Edit
    from desk.database.sessions import OneThreadSession, Sessions

    KeepReceipt = Callable[[UnitReceipt], None]


def commit_edits(
    *,
    sessions: Sessions,
    batch: EditBatch,
    keep_receipt: KeepReceipt | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> CommitResult:
    """One writing session: lock, compare, change, count, commit.

    Where others changed other fields of a record, both changes are kept (`merged`). With conflicts nothing is saved
    and the result names them. `keep_receipt` is called right before the COMMIT of a unit with new records: it may take
    its time, and what it raises ends the unit unsaved. `on_progress` is told in words when the whole unit is done
    again, because the database gave it up for another one.

    Raises InvalidInput when a record lacks a field that it needs, DataConflict when a rule of the catalogue refuses an
    edit (an author who still has books), EnvironmentProblem when the database does, ActionCancelled; then nothing was
    saved. When nobody can tell, the result is `unknown`.
    """
    for edit in batch.edits:
        _refuse_missing_fields(edit)
    if not batch.edits:
        return CommitResult(saved=())
    return with_retries(partial(_save, sessions, batch, keep_receipt), on_progress)


def _save(sessions: Sessions, batch: EditBatch, keep_receipt: KeepReceipt | None) -> CommitResult:
    session: OneThreadSession | None = None
    receipt: UnitReceipt | None = None
    try:
        with sessions.writing("commit edits") as session:
            found = _write(session, batch)
            if isinstance(found, CommitResult):
                return found
            receipt = found
            if keep_receipt is not None and receipt.inserted:
                keep_receipt(receipt)
            session.commit()
            return receipt.result
    except (DeskError, SQLAlchemyError) as error:
        if session is not None and session.is_committing and receipt is not None:
            return _outcome(sessions, receipt, error)
        if isinstance(error, DeskError) and error.kept == EDITS_KEPT and error.code not in _SAID:
            error.kept = NOTHING_SAVED
        raise


def _write(session: OneThreadSession, batch: EditBatch) -> CommitResult | UnitReceipt:
    """Everything but the COMMIT; what there is to say already when there is nothing to commit."""
    now = read_records(session, batch.edits, locked=True, all_of_deleted=True)
    checks = [checked(edit, now.get(edit.key)) for edit in batch.edits]
    conflicts = tuple(one.conflict for one in checks if one.conflict is not None)
    if conflicts:
        return CommitResult(saved=(), conflicts=conflicts)
    saved = tuple(edit.key for edit in batch.edits)
    changes = [change_of(one.edit, now.get(one.edit.key)) for one in checks if one.state is not EditState.SAVED]
    if not changes:
        return CommitResult(saved)
    writer = UnitWriter(session)
    try:
        writer.write(changes)
    except (UnicodeEncodeError, OverflowError) as error:
        raise _unstorable() from error
    result = CommitResult(
        saved,
        new_ids=MappingProxyType(writer.new_ids),
        merged=tuple(_merged(one) for one in checks if one.state is EditState.MERGED),
        inverse=EditBatch(tuple(writer.inverse)),
    )
    return UnitReceipt(_transaction(session), MappingProxyType(writer.inserted), result)


def _merged(one: Checked) -> Merged:
    fields = tuple(name for name in one.fields if name not in one.edit.values)
    return Merged(one.edit.key, one.edit.label, fields)


def _transaction(session: OneThreadSession) -> str:
    if session.connection().dialect.name == "sqlite":
        return ""  # a file answers every COMMIT
    return str(session.execute(unit_queries.TRANSACTION).scalar_one())


def _outcome(sessions: Sessions, receipt: UnitReceipt, error: Exception) -> CommitResult:
    """What became of a unit whose COMMIT was not answered; raises EnvironmentProblem when it was not saved."""
    found = find_outcome(sessions, receipt)
    if found.saved or found.unknown is not None:
        return found
    raise EnvironmentProblem(
        _("The connection was lost while the changes were being saved; the server says that nothing of them was."),
        kept=EDITS_KEPT,
        advice=_("Commit again."),
        code="not_saved",
    ) from error


def _unstorable() -> InvalidInput:
    return InvalidInput(
        _("A value cannot be stored: a number is too large, or a text holds half of a character (a lone surrogate)."),
        kept=NOTHING_SAVED,
        advice=_("Drop the change of that value."),
        code="unstorable",
    )


_SAID = frozenset({"deadlock", "serialization", "disk_full", "disk", "not_saved", "changed"})
"""The codes of errors that say themselves that nothing was saved."""


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
