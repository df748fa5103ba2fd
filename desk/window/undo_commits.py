"""Undo after a commit: the last units of work of a window can be taken back, newest first, and saved again.

Invariant: taking back is a unit of work of its own, saved only where the records are still as that commit left them;
what belongs to another catalogue is forgotten.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from desk.catalog.edits import EditKind
from desk.i18n import _
from desk.window.unit_of_work import Unit
from desk.window.unit_words import unit_name

if TYPE_CHECKING:
    from desk.catalog.edits import CommitResult, Edit, EditBatch
    from desk.panels.context import Context
    from desk.window.unit_of_work import UnitOfWork

MOST_UNITS = 50


@dataclass(frozen=True, slots=True)
class Done:
    """A unit that was saved: what it is called, and what takes it back."""

    name: str
    inverse: EditBatch


class UndoCommits(QObject):
    """The units that can be taken back, and those that were. `changed` tells that there are others now."""

    changed = Signal()

    def __init__(self, context: Context, unit: UnitOfWork) -> None:
        super().__init__(unit)
        self._context = context
        self._unit = unit
        self._place = ""
        self._done: deque[Done] = deque(maxlen=MOST_UNITS)
        self._taken_back: deque[Done] = deque(maxlen=MOST_UNITS)
        self._under_way: tuple[deque[Done], deque[Done], Done] | None = None
        """Where the unit that was begun last comes from, and where what takes it back goes."""
        unit.saved.connect(self._on_saved)

    @property
    def undo_name(self) -> str:
        """What the unit is called that would be taken back; '' for none."""
        return self._name_of(self._done)

    @property
    def redo_name(self) -> str:
        """What the unit is called that would be saved again; '' for none."""
        return self._name_of(self._taken_back)

    @property
    def why_not(self) -> str:
        """Why nothing can be taken back; '' when something can be."""
        return "" if self.undo_name else _("Nothing was committed in this window since the catalogue was opened.")

    def undo(self) -> None:
        """Takes the last unit back."""
        self._start(self._done, self._taken_back, _("Take back: {unit}"))

    def redo(self) -> None:
        """Saves again what was taken back last."""
        self._start(self._taken_back, self._done, _("Commit again: {unit}"))

    def note(self, name: str, result: CommitResult) -> None:
        """Remembers a unit that was saved just now; without an inverse it cannot be taken back."""
        self._forget_others()
        self._taken_back.clear()  # what it changed may be what was to be saved again
        self._add(self._done, name, result)

    # Slots

    @Slot(object, object)
    def _on_saved(self, batch: EditBatch, result: CommitResult) -> None:
        self._forget_others()
        if self._under_way is None or self._under_way[2].inverse is not batch:
            self.note(unit_name(batch), result)
            return
        source, to, done = self._under_way
        self._under_way = None
        if source and source[-1] is done:
            source.pop()
        self._add(to, done.name, result)

    # Helpers

    def _start(self, source: deque[Done], to: deque[Done], label: str) -> None:
        self._forget_others()
        if not source or not self._context.can_edit:
            return
        done = source[-1]
        met = self._met_by(done.inverse)
        if met is not None:
            self._context.message_wanted.emit(
                _("Not taken back: {label} has pending edits. Commit them or drop them first.").format(label=met.label)
            )
            return
        self._under_way = (source, to, done)
        self._unit.save(Unit(done.inverse, label.format(unit=done.name), is_pending=False))

    def _add(self, to: deque[Done], name: str, result: CommitResult) -> None:
        if result.inverse is not None and result.inverse.edits:
            to.append(Done(name, result.inverse))
        self.changed.emit()

    def _met_by(self, batch: EditBatch) -> Edit | None:
        """The first pending edit of a record that a unit touches, or that links to an author whom it deletes."""
        keys = {edit.key for edit in batch.edits}
        gone = [edit.key.id for edit in batch.edits if edit.kind is EditKind.DELETE and edit.key.table == "authors"]
        return next(
            (
                edit
                for edit in self._context.edits.edits()
                if edit.key in keys or any(edit.links_to(author) for author in gone)
            ),
            None,
        )

    def _name_of(self, units: deque[Done]) -> str:
        self._forget_others()
        return units[-1].name if units else ""

    def _forget_others(self) -> None:
        """Forgets the units of the catalogue before, once another one is open."""
        place = self._context.place
        if place and place != self._place:
            self._place = place
            self._done.clear()
            self._taken_back.clear()
