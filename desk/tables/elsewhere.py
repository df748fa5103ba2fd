"""What is known of changes that others made: in the records that are shown, and in those that have pending edits.

Invariant: a warning belongs to the edit for which it was found; once that is changed, nothing is said until it has been
looked at again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desk.catalog.edits import EditKind, EditState, same
from desk.i18n import _
from desk.tables.cells import CellState

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from desk.catalog.columns import Column
    from desk.catalog.edits import Checked, Edit, RecordKey

NONE: frozenset[str] = frozenset()


class Elsewhere(QObject):
    """The changes of others that one window tells of. `changed` names a record of which more, or less, is known."""

    changed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._fields: dict[RecordKey, frozenset[str]] = {}
        self._gone: set[RecordKey] = set()
        self._checked: dict[RecordKey, Checked] = {}

    def __bool__(self) -> bool:
        """Whether anything is known, so that nobody asks for each cell when nothing is."""
        return bool(self._fields or self._gone or self._checked)

    @property
    def gone(self) -> frozenset[RecordKey]:
        """The records that are shown as gone."""
        return frozenset(self._gone)

    def note(self, fields: Mapping[RecordKey, frozenset[str]], gone: Collection[RecordKey] = ()) -> None:
        """Marks the changed fields of records, and records that are gone, until `fade`."""
        for key, names in fields.items():
            self._fields[key] = self._fields.get(key, NONE) | names
        self._gone.update(gone)
        self._tell([*fields, *gone])

    def fade(self) -> None:
        """Takes the marks away; warnings of pending edits stay."""
        faded = [*self._fields, *self._gone]
        self._fields.clear()
        self._gone.clear()
        self._tell(faded)

    def take_checked(self, checked: Iterable[Checked], pending: Mapping[RecordKey, Edit]) -> None:
        """Takes in how pending edits stand to what the database holds; of one that was changed meanwhile, nothing."""
        for one in checked:
            key = one.edit.key
            if pending.get(key) == one.edit:
                self._checked[key] = one
                self._tell([key])

    def drop_outdated(self, key: RecordKey, edit: Edit | None) -> None:
        """Forgets what is known of an edit that is not pending any more, or not as it was."""
        if key in self._checked and self._checked[key].edit != edit:
            del self._checked[key]
            self._tell([key])

    def forget(self) -> None:
        """Another catalogue is open, or none."""
        known = {*self._fields, *self._gone, *self._checked}
        self._fields.clear()
        self._gone.clear()
        self._checked.clear()
        self._tell(known)

    def has_checked(self, edit: Edit) -> bool:
        """Whether an edit has been looked at as it is."""
        one = self._checked.get(edit.key)
        return one is not None and one.edit == edit

    def state(self, key: RecordKey, edit: Edit | None, name: str) -> CellState:
        """What a cell of a record shows of all that."""
        found = CellState.GONE if key in self._gone else CellState.PLAIN
        one = self._of(edit)
        if one is not None and one.state is EditState.GONE:
            found |= CellState.GONE
        if one is not None and name in _clashing(one):
            return found | CellState.CLASH
        if name in self._fields.get(key, NONE) or (one is not None and name in one.fields):
            found |= CellState.ELSEWHERE
        return found

    def words(self, key: RecordKey, edit: Edit | None, column: Column) -> str:
        """The same in words, for a tool tip; '' when there is nothing to tell."""
        one = self._of(edit)
        if key in self._gone or (one is not None and one.state is EditState.GONE):
            return _("Deleted elsewhere")
        if one is not None and column.name in one.fields:
            return changed_words(one, column)
        return _("Changed elsewhere") if column.name in self._fields.get(key, NONE) else ""

    def warning(self, edit: Edit) -> Checked | None:
        """What is to be said of a pending edit; None while it is as it began, or not looked at yet."""
        one = self._of(edit)
        return None if one is None or one.state is EditState.UNCHANGED else one

    # Helpers

    def _of(self, edit: Edit | None) -> Checked | None:
        one = None if edit is None else self._checked.get(edit.key)
        return one if one is not None and one.edit == edit else None

    def _tell(self, keys: Iterable[RecordKey]) -> None:
        for key in keys:
            self.changed.emit(key)


def changed_words(one: Checked, column: Column) -> str:
    """What a field of a pending edit's record holds now, for a person."""
    theirs = one.conflict.theirs if one.conflict is not None else None
    if theirs is None or column.name not in theirs:
        return _("Changed elsewhere; a commit keeps that change and yours")
    text = column.format(theirs[column.name])
    return _("Changed elsewhere to {value}").format(value="–" if text is None else text or _("(empty)"))


def _clashing(one: Checked) -> Collection[str]:
    """The fields that both sides changed, or whose change speaks against a deletion."""
    if one.state is not EditState.CONFLICT:
        return ()
    if one.edit.kind is EditKind.DELETE or one.conflict is None or one.conflict.theirs is None:
        return one.fields
    mine, theirs = one.edit.values, one.conflict.theirs
    return [name for name in one.fields if name in mine and not same(mine[name], theirs.get(name))]
