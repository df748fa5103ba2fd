"""Pending edits: what a person changed and no commit has saved yet. Pure values and one buffer; no Qt, no SQL.

Invariant: an `Edit` is frozen and the buffer holds at most one per record, so undo is putting an earlier one back.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from desk.catalog import contributors
from desk.catalog.rows import AuthorRef

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

NOTHING: Mapping[Any, Any] = MappingProxyType({})


def _nothing() -> Mapping[Any, Any]:
    return NOTHING  # a default that Python 3.11 would refuse as mutable


class EditKind(Enum):
    """What will happen to the record."""

    UPDATE = "update"
    INSERT = "insert"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class RecordKey:
    """A record of a table; a negative id is one that no commit has saved yet."""

    table: str
    id: int

    def saved_as(self, record_id: int) -> RecordKey:
        """The key of the same record after the commit that gave it its id."""
        return RecordKey(self.table, record_id)


@dataclass(frozen=True, slots=True)
class Edit:
    """One pending change to one record.

    `original` holds the known fields as they were when the edit began (empty for an insert), `values` the changed
    ones, `version` the record's version then (0 for an insert), `label` what a person calls the record. A book's
    contributors are a tuple of ContributionRow. An insert with a positive id takes back the id that it had before it
    was deleted.
    """

    key: RecordKey
    kind: EditKind
    label: str
    version: int = 0
    original: Mapping[str, Any] = field(default_factory=_nothing, hash=False)
    values: Mapping[str, Any] = field(default_factory=_nothing, hash=False)

    def with_value(self, name: str, value: Any) -> Edit | None:
        """This edit with one more field changed; None when nothing differs from the original any more."""
        changed = dict(self.values)
        if self.kind is EditKind.UPDATE and same(self.original.get(name), value):
            changed.pop(name, None)
        else:
            changed[name] = value
        if not changed and self.kind is EditKind.UPDATE:
            return None
        return replace(self, values=MappingProxyType(changed))

    def without_value(self, name: str) -> Edit | None:
        """This edit without one field; None when it was the last one of an update."""
        changed = {key: value for key, value in self.values.items() if key != name}
        if not changed and self.kind is EditKind.UPDATE:
            return None
        return replace(self, values=MappingProxyType(changed))

    def links_to(self, author_id: int) -> bool:
        """Whether it makes its book one of an author, or an author one of its contributors."""
        return any(_leads_to(value, author_id) for value in self.values.values())

    def without_author(self, author_id: int) -> Edit | None:
        """This edit without its links to an author; None when nothing is left of an update."""
        rest: Edit | None = self
        for name, value in self.values.items():
            if rest is not None and isinstance(value, tuple):
                rest = rest.with_value(name, contributors.without_author(value, author_id))
            elif rest is not None and _leads_to(value, author_id):
                rest = rest.without_value(name)
        return rest

    def values_saved(self, new_ids: Mapping[RecordKey, int]) -> dict[str, Any]:
        """The changed fields as a commit saved them; `new_ids` are those of its new records."""
        return {name: _as_saved(value, new_ids) for name, value in self.values.items()}

    def rebased(self, theirs: Mapping[str, Any], version: int, values: Mapping[str, Any]) -> Edit | None:
        """This edit as if it had begun from what the database holds now; None when nothing is left to change."""
        kept = {name: value for name, value in values.items() if not same(theirs.get(name), value)}
        if not kept and self.kind is EditKind.UPDATE:
            return None
        return replace(self, version=version, original=MappingProxyType(dict(theirs)), values=MappingProxyType(kept))


@dataclass(frozen=True, slots=True)
class EditBatch:
    """A frozen unit of work: all of it is saved, or none."""

    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """An edit whose record is no longer as the edit found it. `theirs` is None when the record is gone."""

    edit: Edit
    theirs: Mapping[str, Any] | None
    version: int

    @property
    def changed_elsewhere(self) -> tuple[str, ...]:
        """The fields that differ from what the edit started from; one that it did not know counts as None."""
        if self.theirs is None:
            return ()
        original = self.edit.original
        return tuple(name for name, now in self.theirs.items() if not same(original.get(name), now))


class EditState(Enum):
    """How an edit stands to what the database holds: as it began; others changed other fields of its record; others
    changed what it changes; its record is gone; nothing is left to do."""

    UNCHANGED = "unchanged"
    MERGED = "merged"
    CONFLICT = "conflict"
    GONE = "gone"
    SAVED = "saved"


@dataclass(frozen=True, slots=True)
class Checked:
    """An edit beside its record. `conflict` is there in the states CONFLICT and GONE; `fields` are those of the edit's
    original that differ now."""

    edit: Edit
    state: EditState
    conflict: Conflict | None = None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Merged:
    """A saved record of which someone else had changed other fields meanwhile: their changes and mine are both kept.
    `fields` are theirs."""

    key: RecordKey
    label: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CommitResult:
    """The outcome of a commit. With conflicts nothing was saved; with `unknown` nobody knows yet whether it was.

    `new_ids` maps the negative id of every inserted record to the one it has now; `inverse` is the unit of work that
    takes this one back, as long as nobody changes what it left (None: nothing was saved).
    """

    saved: tuple[RecordKey, ...]
    conflicts: tuple[Conflict, ...] = ()
    new_ids: Mapping[RecordKey, int] = field(default_factory=_nothing, hash=False)
    merged: tuple[Merged, ...] = ()
    inverse: EditBatch | None = None
    unknown: UnitReceipt | None = None


@dataclass(frozen=True, slots=True)
class UnitReceipt:
    """What tells later whether a unit of work was saved, when the answer to its COMMIT never came.

    `transaction` is the server's number of it, '' on SQLite; `inserted` are the id and the moment of creation that each
    new record has if it was saved; `result` is what the commit answers then.
    """

    transaction: str
    inserted: Mapping[RecordKey, tuple[int, datetime]]
    result: CommitResult


def same(one: Any, other: Any) -> bool:
    """Whether two field values are the same value; False and 0, '' and None are different, NaN is NaN."""
    return type(one) is type(other) and bool(one == other or (one != one and other != other))  # noqa: PLR0124


def _as_saved(value: Any, new_ids: Mapping[RecordKey, int]) -> Any:
    if isinstance(value, AuthorRef):
        return AuthorRef(new_ids.get(RecordKey("authors", value.id), value.id), value.name)
    if isinstance(value, tuple):
        return tuple(replace(one, author=_as_saved(one.author, new_ids)) for one in value)
    return value


def _leads_to(value: Any, author_id: int) -> bool:
    if isinstance(value, tuple):
        return any(one.author.id == author_id for one in value)
    return isinstance(value, AuthorRef) and value.id == author_id


class EditBuffer:
    """All pending edits of one window, in the order in which their records were first touched.

    `on_change` is called with the key of each record whose edit changed.
    """

    def __init__(self, on_change: Callable[[RecordKey], None] | None = None) -> None:
        self._edits: dict[RecordKey, Edit] = {}
        self._next_id = -1
        self.on_change = on_change

    def __len__(self) -> int:
        return len(self._edits)

    def __iter__(self) -> Iterator[Edit]:
        return iter(self._edits.values())

    def get(self, key: RecordKey) -> Edit | None:
        return self._edits.get(key)

    def inserts(self, table: str) -> list[Edit]:
        """The new records of a table, oldest first."""
        return [edit for edit in self._edits.values() if edit.kind is EditKind.INSERT and edit.key.table == table]

    def new_key(self, table: str) -> RecordKey:
        """A key for a record to be inserted."""
        key = RecordKey(table, self._next_id)
        self._next_id -= 1
        return key

    def put(self, key: RecordKey, edit: Edit | None) -> None:
        """Makes `edit` the pending edit of a record; None takes it away."""
        if edit is None:
            self._edits.pop(key, None)
        else:
            self._edits[key] = edit
        if self.on_change is not None:
            self.on_change(key)

    def batch(self) -> EditBatch:
        """Everything pending, frozen."""
        return EditBatch(tuple(self._edits.values()))

    def users_of(self, key: RecordKey) -> list[Edit]:
        """The pending edits that link to a new author."""
        if key.table != "authors" or key.id > 0:
            return []
        return [edit for edit in self._edits.values() if edit.links_to(key.id)]

    def clear_saved(self, batch: EditBatch, saved: Iterable[RecordKey]) -> None:
        """Forgets the edits that a commit saved; one that was changed meanwhile stays."""
        done = set(saved)
        for edit in batch.edits:
            if edit.key in done and self._edits.get(edit.key) is edit:
                self.put(edit.key, None)
