"""Makes two authors one: all books and added entries move to the one who stays, the other one is deleted.

Invariant: one unit of work, over authors that are as a person saw them; every statement changes exactly as many rows as
it is meant to, or nothing is merged.
"""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy.exc import SQLAlchemyError

from desk.catalog import merge_queries, unit_queries, view_queries
from desk.catalog.edits import CommitResult, Edit, EditBatch, EditKind, RecordKey, UnitReceipt, same
from desk.catalog.merging import FIELDS, MOST_TAKEN_BACK, AuthorFacts, MergeOutcome, MergeProgress
from desk.database.failure_words import changed_meanwhile
from desk.errors import DataConflict, DeskError, EnvironmentProblem
from desk.i18n import _
from desk.operations.outcomes import find_outcome
from desk.operations.retrying import again_when_lost
from desk.operations.retrying_units import with_retries
from desk.operations.stored_records import chunks, read_records
from desk.operations.writing import Change, UnitWriter, change_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy.orm import Session

    from desk.catalog.comparing import Stored
    from desk.catalog.merging import Merge
    from desk.database.sessions import OneThreadSession, Sessions

    Tell = Callable[[MergeProgress], None]

NOTHING_MERGED = _("Nothing was merged.")


class Entry(NamedTuple):
    """An added entry, by its key."""

    book_id: int
    author_id: int
    role: str


@again_when_lost
def load_authors_to_merge(*, sessions: Sessions, author_ids: tuple[int, int]) -> tuple[AuthorFacts, AuthorFacts]:
    """Two authors as they are now, in that order; raises DataConflict when one is gone."""
    with sessions.reading("load authors to merge", snapshot=True) as session:
        found = _authors(session, author_ids, locked=False)
        ids = {"ids": list(author_ids)}
        books = _counts(session.execute(view_queries.book_counts_select(), ids))
        entries = _counts(session.execute(merge_queries.contribution_counts_select(), ids))
    one, other = (
        AuthorFacts(key.id, now.version, now.values, books.get(key.id, 0), entries.get(key.id, 0))
        for key, now in found.items()
    )
    return one, other


def merge_authors(*, sessions: Sessions, merge: Merge, on_progress: Tell | None = None) -> MergeOutcome:
    """Merges in one unit of work; a unit that the database gave up for another one is done again.

    Raises DataConflict when one of the authors is not as the person saw it, or a book changes meanwhile,
    EnvironmentProblem when the database fails, ActionCancelled; then nothing was merged. When nobody can tell, the
    outcome's result is `unknown`.
    """
    return with_retries(partial(_merge, sessions, merge, on_progress or _tell_nobody))


def _merge(sessions: Sessions, merge: Merge, tell: Tell) -> MergeOutcome:
    session: OneThreadSession | None = None
    outcome: MergeOutcome | None = None
    transaction = ""
    try:
        with sessions.writing("merge authors") as session:
            outcome = _Unit(session, merge, tell).write()
            if sessions.dialect != "sqlite":  # a file answers every COMMIT
                transaction = str(session.execute(unit_queries.TRANSACTION).scalar_one())
            session.commit()
            return outcome
    except (DeskError, SQLAlchemyError) as error:
        if session is None or outcome is None or not session.is_committing:
            raise
        return _found_outcome(sessions, outcome, transaction, error)


def _found_outcome(sessions: Sessions, outcome: MergeOutcome, transaction: str, error: Exception) -> MergeOutcome:
    """What became of a merge whose COMMIT was not answered."""
    result = find_outcome(sessions, UnitReceipt(transaction, MappingProxyType({}), outcome.result))
    if not result.saved and result.unknown is None:
        raise EnvironmentProblem(
            _("The connection was lost while the authors were being merged; the server says that nothing was."),
            kept=NOTHING_MERGED,
            advice=_("Merge them again."),
            code="not_saved",
        ) from error
    return MergeOutcome(outcome.books, outcome.contributions, outcome.dropped, result)


class _Unit:
    """One merge in one writing session."""

    def __init__(self, session: Session, merge: Merge, tell: Tell) -> None:
        self._session = session
        self._merge = merge
        self._tell = tell

    def write(self) -> MergeOutcome:
        """Everything but the COMMIT."""
        kept, gone = self._merge.kept.id, self._merge.gone.id
        authors = _authors(self._session, (kept, gone), locked=True)
        for seen in (self._merge.kept, self._merge.gone):
            _refuse_changed(seen, authors[seen.key])
        books = self._session.execute(merge_queries.books_of_select(gone)).scalars().all()
        doubled = {Entry(*row) for row in self._session.execute(merge_queries.doubled_select(kept, gone))}
        entries = {Entry(*row) for row in self._session.execute(merge_queries.entries_of_select(gone))}
        moving = entries - doubled
        others = sorted({one.book_id for one in entries | doubled} - set(books))
        touched = sorted({*books, *others, *(one.book_id for one in doubled)})
        can_be_taken_back = len(touched) <= MOST_TAKEN_BACK
        before = self._read(touched) if can_be_taken_back else {}
        self._drop(doubled)
        self._move(books, others, moving, len(touched))
        taking_back = self._write_authors(authors)
        inverse = EditBatch((*taking_back, *self._inverses(before))) if can_be_taken_back else None
        result = CommitResult((self._merge.kept.key, self._merge.gone.key), inverse=inverse)
        return MergeOutcome(len(books), len(moving), len(doubled), result)

    def _read(self, book_ids: Sequence[int]) -> dict[RecordKey, Stored]:
        """The books with their added entries, locked in the order of their ids."""
        known = MappingProxyType({"contributors": ()})
        edits = (Edit(RecordKey("books", one), EditKind.UPDATE, "", original=known) for one in book_ids)
        found = read_records(self._session, edits, locked=True)
        if len(found) != len(book_ids):
            raise changed_meanwhile()
        return found

    def _drop(self, doubled: Iterable[Entry]) -> None:
        for one in sorted(doubled):
            self._change(merge_queries.entry_delete(*one), 1)

    def _move(self, books: Sequence[int], others: Sequence[int], moving: Iterable[Entry], total: int) -> None:
        kept, gone = self._merge.kept.id, self._merge.gone.id
        done = 0
        main, entries = merge_queries.main_entry_update(kept, gone), merge_queries.entries_update(kept, gone)
        for statement, ids in ((main, books), (merge_queries.version_update(), others)):
            for some in chunks(ids):
                self._change(statement, len(some), some)
                done += len(some)
                self._tell(MergeProgress(done, total))
        numbers: dict[int, int] = {}
        for one in moving:
            numbers[one.book_id] = numbers.get(one.book_id, 0) + 1
        for some in chunks(sorted(numbers)):
            self._change(entries, sum(numbers[one] for one in some), some)

    def _write_authors(self, authors: dict[RecordKey, Stored]) -> list[Edit]:
        """Gives the author who stays the chosen values and deletes the other one, whom nothing may refer to any more;
        answers the edits that take that back."""
        kept, gone = self._merge.kept, self._merge.gone
        changes = [change_of(_edit_of(gone, EditKind.DELETE, {}), authors[gone.key])]
        if self._merge.changes:
            edit = _edit_of(kept, EditKind.UPDATE, self._merge.changes)
            changes.append(Change(edit, authors[kept.key], edit.values))
        writer = UnitWriter(self._session)
        writer.write(changes)
        return writer.inverse

    def _inverses(self, before: dict[RecordKey, Stored]) -> Iterable[Edit]:
        after = self._read([key.id for key in before])
        for key, then in before.items():
            now = after[key]
            changed = [name for name, value in then.values.items() if not same(value, now.values[name])]
            yield Edit(
                key, EditKind.UPDATE, str(then.values["title"]), now.version,
                MappingProxyType({name: now.values[name] for name in changed}),
                MappingProxyType({name: then.values[name] for name in changed}),
            )  # fmt: skip

    def _change(self, statement: Any, expected: int, ids: Sequence[int] = ()) -> None:
        found: Any = self._session.execute(statement, {"ids": ids} if ids else {})
        if found.rowcount != expected:
            raise changed_meanwhile()


def _authors(session: Session, author_ids: Sequence[int], *, locked: bool) -> dict[RecordKey, Stored]:
    """Authors in the given order; raises DataConflict when one is gone."""
    keys = [RecordKey("authors", one) for one in author_ids]
    found = read_records(session, (Edit(key, EditKind.UPDATE, "") for key in keys), locked=locked)
    if len(found) != len(keys):
        raise DataConflict(
            _("One of the two authors was deleted elsewhere."),
            kept=NOTHING_MERGED,
            advice=_("Refresh the view."),
            code="gone",
        )
    return {key: found[key] for key in keys}


def _refuse_changed(seen: AuthorFacts, now: Stored) -> None:
    if not all(same(seen.values[name], now.values[name]) for name in FIELDS):
        raise DataConflict(
            _("{name} changed elsewhere since you looked at both authors.").format(name=seen.link.name),
            kept=NOTHING_MERGED,
            advice=_("Look at both of them again."),
            code="changed",
        )


def _counts(rows: Iterable[Any]) -> dict[int, int]:
    return {author_id: count for author_id, count in rows}  # noqa: C416  (rows are no pairs to a type checker)


def _edit_of(author: AuthorFacts, kind: EditKind, values: dict[str, Any]) -> Edit:
    known = MappingProxyType(dict(author.values))
    return Edit(author.key, kind, author.link.name, author.version, known, MappingProxyType(values))


def _tell_nobody(_progress: MergeProgress) -> None:
    pass
