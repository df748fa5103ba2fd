"""Writes the changes of a unit of work over records that it has locked and compared.

Invariant: every statement changes exactly as many rows as it is meant to, or the unit ends unsaved.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from desk.catalog import inverses, keys, queries, unit_queries, values
from desk.catalog.comparing import Stored, changes_of
from desk.catalog.edits import EditKind, RecordKey
from desk.catalog.models import UtcTime
from desk.catalog.rows import AuthorRef, ContributionRow
from desk.database.failure_words import NOTHING_SAVED, changed_meanwhile
from desk.database.prepared import Prepared
from desk.errors import DataConflict
from desk.i18n import _, ngettext
from desk.operations.stored_records import CONTRIBUTORS, ORDER, chunks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Dialect
    from sqlalchemy.orm import Session

    from desk.catalog.edits import Edit

NOTHING: Stored = Stored(0, MappingProxyType({}))
"""What a new record holds before."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be written of an edit: the values that its record does not hold yet; `before` is what it holds."""

    edit: Edit
    before: Stored
    values: Mapping[str, Any]


def change_of(edit: Edit, before: Stored | None) -> Change:
    """What an edit that is in no conflict, and not saved already, has to write."""
    if before is None:
        return Change(edit, NOTHING, edit.values)
    return Change(edit, before, changes_of(edit, before) if edit.kind is EditKind.UPDATE else {})


class UnitWriter:
    """Writes one unit. `new_ids` are those of new records by the keys they had, `inserted` the id and the moment of
    creation of each, `inverse` the edits that take the unit back."""

    def __init__(self, session: Session) -> None:
        self.new_ids: dict[RecordKey, int] = {}
        self.inserted: dict[RecordKey, tuple[int, datetime]] = {}
        self.inverse: list[Edit] = []
        self._session = session
        self._dialect = session.connection().dialect
        self._entries: dict[int, tuple[int, tuple[ContributionRow, ...]]] = {}
        """Book → how many added entries it has, and those that it is to have."""

    def write(self, changes: Sequence[Change]) -> None:
        """Authors first, because new books may refer to new authors; deletions go the other way.

        Raises DataConflict when a rule of the catalogue refuses it.
        """
        for table in ORDER:
            self._insert(table, _of(changes, table, EditKind.INSERT))
            self._update(table, _of(changes, table, EditKind.UPDATE))
        self._write_entries()
        for table in reversed(ORDER):
            self._delete(table, _of(changes, table, EditKind.DELETE))

    def _insert(self, table: str, changes: Sequence[Change]) -> None:
        """A record that comes back has its id already, and a version that nobody has seen of it."""
        groups: dict[bool, list[tuple[Change, dict[str, Any]]]] = defaultdict(list)
        for change in changes:
            groups[change.edit.key.id > 0].append((change, self._linked(change.values)))
        for has_id, some in groups.items():
            rows = [_new_row(table, change.edit, given, has_id=has_id) for change, given in some]
            statement = _insert_statement(self._dialect, table, has_id)
            found = [row for part in chunks(rows) for row in statement.rows_of_each(self._session, part)]
            _expect(len(rows), len(found))
            moments = UtcTime().read_all([one[1] for one in found], self._dialect)
            for (change, given), (record_id, _created), moment in zip(some, found, moments, strict=True):
                self._note_inserted(change.edit, record_id, moment, given)

    def _note_inserted(self, edit: Edit, record_id: int, moment: datetime, given: dict[str, Any]) -> None:
        if edit.key.id < 0:
            self.new_ids[edit.key] = record_id
        self.inserted[edit.key] = record_id, moment
        if given.get(CONTRIBUTORS):
            self._entries[record_id] = 0, given[CONTRIBUTORS]
        self.inverse.append(inverses.inverse_of_insert(edit, record_id, given))

    def _update(self, table: str, changes: Sequence[Change]) -> None:
        """One statement for each set of columns that changes."""
        groups: dict[frozenset[str], list[dict[str, Any]]] = defaultdict(list)
        for change in changes:
            given = self._linked(change.values)
            row = _changed_row(table, change.before, given)
            groups[frozenset(row)].append(_parameters(row, change.edit.key.id))
            if CONTRIBUTORS in given:
                self._entries[change.edit.key.id] = len(change.before.values[CONTRIBUTORS]), given[CONTRIBUTORS]
            self.inverse.append(inverses.inverse_of_update(change.edit, change.before, given))
        for columns, rows in groups.items():
            self._change(_update_statement(self._dialect, table, columns), rows)

    def _write_entries(self) -> None:
        """The added entries of a book are replaced as a whole."""
        old = {book_id: count for book_id, (count, _entries) in self._entries.items() if count}
        self._change(
            _entries_delete_statement(self._dialect),
            [{"record_id": book_id} for book_id in old],
            expected=sum(old.values()),
        )
        rows = [
            {"new_book_id": book_id, "new_author_id": one.author.id, "new_role": one.role, "new_position": place}
            for book_id, (_count, entries) in self._entries.items()
            for place, one in enumerate(entries)
        ]
        self._change(_entry_insert_statement(self._dialect), rows)

    def _delete(self, table: str, changes: Sequence[Change]) -> None:
        doomed = [change.edit.key.id for change in changes]
        if table == "authors":
            self._refuse_authors_in_use(doomed)
        self._change(_delete_statement(self._dialect, table), [{"record_id": one} for one in doomed])
        self.inverse += (inverses.inverse_of_delete(change.edit, change.before) for change in changes)

    def _change(self, statement: Prepared, rows: Sequence[Mapping[str, Any]], *, expected: int | None = None) -> None:
        changed = sum(statement.change(self._session, some) for some in chunks(rows))
        _expect(len(rows) if expected is None else expected, changed)

    def _refuse_authors_in_use(self, author_ids: Sequence[int]) -> None:
        if not author_ids:
            return
        used = self._session.execute(queries.author_in_use_select(author_ids)).first()
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

    def _linked(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Values whose links to new authors lead to the ids that those have now."""
        linked = dict(given)
        if linked.get("author") is not None:
            linked["author"] = self._link(linked["author"])
        if CONTRIBUTORS in linked:
            linked[CONTRIBUTORS] = tuple(
                ContributionRow(self._link(one.author), one.role, place)
                for place, one in enumerate(linked[CONTRIBUTORS])
            )
        return linked

    def _link(self, link: AuthorRef) -> AuthorRef:
        if link.id > 0:
            return link
        try:
            return AuthorRef(self.new_ids[RecordKey("authors", link.id)], link.name)
        except KeyError:
            raise DataConflict(
                _("The new author “{name}” is no longer among the pending edits.").format(name=link.name),
                kept=NOTHING_SAVED,
                advice=_("Choose another author for the book."),
                code="reference",
            ) from None


def _of(changes: Iterable[Change], table: str, kind: EditKind) -> list[Change]:
    return [change for change in changes if change.edit.key.table == table and change.edit.kind is kind]


def _expect(count: int, changed: int) -> None:
    if changed != count:
        raise changed_meanwhile()


def _new_row(table: str, edit: Edit, given: Mapping[str, Any], *, has_id: bool) -> dict[str, Any]:
    fields = dict.fromkeys(unit_queries.fields_of(table))
    row = _changed_row(table, NOTHING, {**fields, **given})
    row.setdefault(unit_queries.KEYS[table], "")  # of a damaged text, which is refused as it is written
    more = {"id": edit.key.id} if has_id else {}
    return {f"new_{name}": value for name, value in {**row, **more, "version": edit.version + 1}.items()}


def _changed_row(table: str, before: Stored, given: Mapping[str, Any]) -> dict[str, Any]:
    """Fields as columns: a link is an id, and a key follows what it is made of."""
    row = {name: value for name, value in given.items() if name != CONTRIBUTORS}
    key = _key_of(table, {**before.values, **row}) if row.keys() & _KEYED[table] else None
    if "author" in row:
        link = row.pop("author")
        row[unit_queries.LINK] = None if link is None else link.id
    if key is not None:
        row[unit_queries.KEYS[table]] = key
    return row


def _key_of(table: str, record: Mapping[str, Any]) -> str | None:
    """The key of a record; None where the name or title is damaged, which leaves the key as it is."""
    text, language = record[_LABELS[table]], record.get("language")
    if not isinstance(text, str) or values.is_damaged(text):
        return None
    if table == "authors":
        return keys.author_key(text)
    return keys.title_key(text, language if isinstance(language, str) else None)


def _parameters(row: Mapping[str, Any], record_id: int) -> dict[str, Any]:
    return {"record_id": record_id, **{f"new_{name}": value for name, value in row.items()}}


_LABELS = {"books": "title", "authors": "name"}
_KEYED = {"books": {"title", "language"}, "authors": {"name"}}
"""The fields that a key is made of."""


@lru_cache(maxsize=64)
def _update_statement(dialect: Dialect, table: str, columns: frozenset[str]) -> Prepared:
    return Prepared(unit_queries.record_update(table, columns), dialect)


@lru_cache
def _insert_statement(dialect: Dialect, table: str, has_id: bool) -> Prepared:
    stored = (column.name for column in unit_queries.fields_of(table).values())
    more = ("id",) if has_id else ()
    return Prepared(unit_queries.record_insert(table, (*stored, unit_queries.KEYS[table], "version", *more)), dialect)


@lru_cache
def _delete_statement(dialect: Dialect, table: str) -> Prepared:
    return Prepared(unit_queries.record_delete(table), dialect)


@lru_cache
def _entries_delete_statement(dialect: Dialect) -> Prepared:
    return Prepared(unit_queries.entries_delete(), dialect)


@lru_cache
def _entry_insert_statement(dialect: Dialect) -> Prepared:
    return Prepared(unit_queries.entry_insert(), dialect)
