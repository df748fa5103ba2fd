"""The pending edits of a window as one undo stack over one EditBuffer: every change is a step that can be taken back.

Views never touch the buffer; they ask here, so that undo, the pending list and all grids agree.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QUndoCommand, QUndoStack

from desk.catalog.columns import TABLES
from desk.catalog.edit_links import renumbered
from desk.catalog.edits import CommitResult, Edit, EditBatch, EditBuffer, EditKind, RecordKey
from desk.catalog.rows import AuthorRef
from desk.i18n import _
from desk.tables.keeping import Keeping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    PutAll = Callable[[Iterable[tuple[RecordKey, Edit | None]]], None]


@dataclass(frozen=True, slots=True)
class NewAuthor:
    """An author that a person asked to create while choosing one."""

    name: str


@dataclass(frozen=True, slots=True)
class Original:
    """A record as a view shows it: where an edit starts from."""

    key: RecordKey
    version: int
    values: Mapping[str, Any]
    label: str


class EditStack(QObject):
    """All pending edits of a window.

    `edit_changed` names a record whose edit changed, `count_changed` tells how many records have one; while `frozen`
    (a commit runs) every change is refused. `to_keep` hands over what one step changed, in one go: a number that rises,
    and a mapping of RecordKey to its Edit (None: it has none any more). `keeping_changed` tells that edits left for
    the disk or arrived there.
    """

    edit_changed = Signal(object)
    count_changed = Signal(int)
    to_keep = Signal(int, object)
    keeping_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._buffer = EditBuffer(self._on_buffer_change)
        self.steps = QUndoStack(self)
        self.frozen = False
        self.keeps = False
        """Whether somebody keeps the edits on disk; if not, none waits for it."""
        self._keeping = Keeping()

    def __len__(self) -> int:
        return len(self._buffer)

    def edits(self) -> tuple[Edit, ...]:
        return tuple(self._buffer)

    def get(self, key: RecordKey) -> Edit | None:
        return self._buffer.get(key)

    def inserts(self, table: str) -> list[Edit]:
        """The new records of a table, newest first, as grids show them."""
        return self._buffer.inserts(table)[::-1]

    def batch(self) -> EditBatch:
        return self._buffer.batch()

    def is_keeping(self, key: RecordKey) -> bool:
        """Whether the last change of a record's edit is not on disk yet."""
        return self._keeping.is_waiting(key)

    @property
    def all_kept(self) -> bool:
        """Whether nothing waits to be kept on disk, or keeping was given up (see `unkept_reason`)."""
        return self._keeping.all_kept

    @property
    def unkept_reason(self) -> str:
        """Why edits are not kept on disk any more; '' while they are."""
        return self._keeping.reason

    def set_field(self, original: Original, name: str, value: Any) -> None:
        """Changes one field of a record; setting the value it had takes the change away."""
        column = TABLES[original.key.table].column(name)
        self.set_fields(
            [(original, name, value)], _("Change {field} of {label}").format(field=column.header, label=original.label)
        )

    def set_fields(self, changes: Iterable[tuple[Original, str, Any]], text: str) -> None:
        """Changes fields of any number of records, as one step that is called `text`."""
        with self._step(text) as put:
            changed: dict[RecordKey, Edit | None] = {}
            for original, name, value in changes:
                new = self._with_new_authors(value, put)
                key = original.key
                edit = changed[key] if key in changed else self._buffer.get(key)
                if edit is None:
                    edit = _begun(original)
                elif edit.kind is EditKind.UPDATE:
                    known = {**original.values, **edit.original}
                    edit = replace(edit, original=MappingProxyType(known))
                changed[key] = edit.with_value(name, new)
            for key, one in changed.items():
                put(key, one and self._labelled(one))

    def new_original(self, table: str) -> Original:
        """Where the fields of one more new record start from: it is pending once `set_fields` gives it any."""
        return Original(self._buffer.new_key(table), 0, {}, _("New {one}").format(one=TABLES[table].one))

    def add(self, table: str, values: Mapping[str, Any] | None = None) -> RecordKey:
        """A new record, empty but for `values`; returns its key, whose id is negative."""
        key = self._buffer.new_key(table)
        description = TABLES[table]
        edit = Edit(
            key,
            EditKind.INSERT,
            _("New {one}").format(one=description.one),
            values=MappingProxyType(dict(values or {})),
        )
        with self._step(_("Add a {one}").format(one=description.one)) as put:
            put(key, self._labelled(edit))
        return key

    def delete(self, originals: Iterable[Original]) -> None:
        """Marks records to be deleted; a new record just goes away, with the links to it."""
        chosen = list(originals)
        text = (
            _("Delete {label}").format(label=chosen[0].label)
            if len(chosen) == 1
            else _("Delete {count} records").format(count=len(chosen))
        )
        with self._step(text) as put:
            for original in chosen:
                if original.key.id < 0:
                    self._drop(original.key, put)
                else:
                    put(original.key, self._doomed(original))

    def drop(self, key: RecordKey, field: str | None = None) -> None:
        """Takes a record's edit back, or one field of it."""
        edit = self._buffer.get(key)
        if edit is None:
            return
        with self._step(_("Drop the change of {label}").format(label=edit.label)) as put:
            if edit.kind is EditKind.DELETE and edit.values:
                put(key, self._labelled(replace(edit, kind=EditKind.UPDATE)))
            elif field is None:
                self._drop(key, put)
            else:
                rest = edit.without_value(field)
                put(key, rest and self._labelled(rest))

    def resolve(self, changes: Mapping[RecordKey, Edit | None]) -> None:
        """Replaces edits after conflicts were decided."""
        with self._step(_("Resolve conflicts")) as put:
            for key, edit in changes.items():
                put(key, None if edit and edit.kind is EditKind.INSERT else edit)
                if edit is not None and edit.kind is EditKind.INSERT:  # gone elsewhere, to be inserted again
                    again = self._buffer.new_key(key.table)
                    put(again, replace(edit, key=again))

    def take_over(self, edits: Iterable[Edit], text: str) -> None:
        """Makes edits of an earlier run pending, as one step that is called `text`; new records get ids of this run.

        Where a record has a pending edit already, what that changes or deletes wins.
        """
        with self._step(text) as put:
            for edit in renumbered(edits, self._buffer.new_key):
                put(edit.key, _combined(edit, self._buffer.get(edit.key)))

    def roll_back(self) -> None:
        """Drops everything pending, for good."""
        self._put_all([(edit.key, None) for edit in self.edits()])
        self.steps.clear()

    def saved(self, batch: EditBatch, result: CommitResult) -> None:
        """Forgets what a commit saved; earlier steps cannot be undone any more."""
        self._buffer.clear_saved(batch, result.saved)
        self._hand_over()
        self.steps.clear()

    @Slot(int)
    def acknowledge(self, number: int) -> None:
        """Everything that was handed over up to this number is on disk."""
        self._keeping.acknowledge(number)
        self.keeping_changed.emit()

    @Slot(str)
    def give_up_keeping(self, reason: str) -> None:
        """What waits is not on disk, and why; it stays pending, and the next acknowledgement ends this state."""
        self._keeping.reason = reason
        self.keeping_changed.emit()

    def _with_new_authors(self, value: Any, put: Callable[[RecordKey, Edit | None], None]) -> Any:
        """A value in which new authors have become links to records that will be inserted."""
        if isinstance(value, NewAuthor):
            return self._insert_author(value.name, put)
        if isinstance(value, tuple):
            return tuple(replace(one, author=self._with_new_authors(one.author, put)) for one in value)
        return value

    def _insert_author(self, name: str, put: Callable[[RecordKey, Edit | None], None]) -> AuthorRef:
        key = self._buffer.new_key("authors")
        put(key, Edit(key, EditKind.INSERT, name, values=MappingProxyType({"name": name})))
        return AuthorRef(key.id, name)

    def _doomed(self, original: Original) -> Edit:
        """A deletion; it remembers what was changed before, in case it is dropped."""
        before = self._buffer.get(original.key)
        known = {**original.values, **before.original} if before else dict(original.values)
        return Edit(
            original.key, EditKind.DELETE, original.label, before.version if before else original.version,
            MappingProxyType(known), before.values if before else MappingProxyType({}),
        )  # fmt: skip

    def _drop(self, key: RecordKey, put: Callable[[RecordKey, Edit | None], None]) -> None:
        for user in self._buffer.users_of(key):
            put(user.key, user.without_author(key.id))
        put(key, None)

    def _labelled(self, edit: Edit) -> Edit:
        """The edit under the name that its record will have."""
        label = edit.values.get(TABLES[edit.key.table].label)
        return replace(edit, label=label) if label else edit

    @contextmanager
    def _step(self, text: str) -> Any:
        """One undo step of one or more puts."""
        if self.frozen:
            raise RuntimeError("edits are frozen while a commit runs")
        puts: list[tuple[RecordKey, Edit | None, Edit | None]] = []

        def put(key: RecordKey, edit: Edit | None) -> None:
            puts.append((key, self._buffer.get(key), edit))
            self._buffer.put(key, edit)

        try:
            yield put
        finally:
            self._hand_over()
        if any(before != after for _key, before, after in puts):
            self.steps.push(_Step(text, self._put_all, puts))

    def _put_all(self, puts: Iterable[tuple[RecordKey, Edit | None]]) -> None:
        for key, edit in puts:
            self._buffer.put(key, edit)
        self._hand_over()

    def _hand_over(self) -> None:
        """Has what changed kept on disk, in one go."""
        step = self._keeping.hand_over()
        if step is not None:
            self.to_keep.emit(*step)
            self.keeping_changed.emit()

    @Slot()
    def _on_buffer_change(self, key: RecordKey) -> None:
        if self.keeps:
            self._keeping.note(key, self._buffer.get(key))
        self.edit_changed.emit(key)
        self.count_changed.emit(len(self._buffer))


class _Step(QUndoCommand):
    """Edits before and after; the first redo does nothing, because the step has been taken already."""

    def __init__(self, text: str, put_all: PutAll, puts: list[tuple[RecordKey, Edit | None, Edit | None]]) -> None:
        super().__init__(text)
        self._put_all = put_all
        self._puts = puts
        self._taken = True

    def redo(self) -> None:
        if self._taken:
            self._taken = False
            return
        self._put_all([(key, after) for key, _before, after in self._puts])

    def undo(self) -> None:
        self._put_all([(key, before) for key, before, _after in reversed(self._puts)])


def _begun(original: Original) -> Edit:
    """An edit of a record that has none yet, without any change."""
    if original.key.id < 0:
        return Edit(original.key, EditKind.INSERT, original.label)
    known = MappingProxyType(dict(original.values))
    return Edit(original.key, EditKind.UPDATE, original.label, original.version, known)


def _combined(earlier: Edit, now: Edit | None) -> Edit:
    """Both edits of a record in one: two changes add up, else `now` stands as it is."""
    if now is None:
        return earlier
    if earlier.kind is not EditKind.UPDATE or now.kind is not EditKind.UPDATE:
        return now
    added = {name: old for name, old in earlier.original.items() if name in earlier.values and name not in now.values}
    return replace(
        now,
        original=MappingProxyType({**now.original, **added}),
        values=MappingProxyType({**earlier.values, **now.values}),
    )
