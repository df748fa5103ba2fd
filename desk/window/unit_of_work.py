"""Commits and rolls back the pending edits of a window, and has conflicts decided. Nothing is ever decided silently."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QMessageBox, QWidget

from desk.errors import ActionCancelled, DeskError
from desk.i18n import _, ngettext
from desk.window.closing import CLOSING, ClosingQuestion
from desk.window.unit_words import NOT_CHANGED, NOT_SAVED, UNKNOWN, saved_words, taken_back_words
from desk.window.unknown_unit import UnknownUnit
from desk.work import door

if TYPE_CHECKING:
    from desk.catalog.edits import CommitResult, Edit, EditBatch, RecordKey
    from desk.dialogs.conflict import ConflictDialog
    from desk.panels.context import Context


@dataclass(frozen=True, slots=True)
class Unit:
    """What is saved in one go, and what that is called; whether it is what is pending, or takes a commit back."""

    batch: EditBatch
    label: str
    is_pending: bool = True


class UnitOfWork(QObject):
    """`saving` tells that a commit of an EditBatch begins, `saved` that one was saved: it carries the batch and the
    CommitResult; `ended` that it came to an end, saved or not; `outcome_unknown` that nobody knows which (words for a
    person), or that somebody does again (''). `resolved` tells that conflicts were decided, `state_changed` that
    commands may be enabled differently, `close_wanted` that the window may go, `close_refused` that a person wants it
    to stay."""

    saving = Signal(object)
    saved = Signal(object, object)
    resolved = Signal()
    ended = Signal(bool)
    outcome_unknown = Signal(str)
    state_changed = Signal()
    close_wanted = Signal()
    close_refused = Signal()
    _progressed = Signal(str)

    def __init__(self, context: Context, window: QWidget) -> None:
        super().__init__(window)
        self._context = context
        self._window = window
        self.dialog: ConflictDialog | QMessageBox | None = None
        """The question that is open now."""
        self.unknown = UnknownUnit(context, self)
        self._unit: Unit | None = None
        """What is being saved, or of which nobody knows whether it was."""
        self._waits = False
        """Whether a commit was asked for while edits are on their way to the disk."""
        self.unknown.known.connect(self._on_known)
        self._progressed.connect(self._on_progressed, Qt.ConnectionType.QueuedConnection)
        context.edits.keeping_changed.connect(self._on_keeping_changed)

    @Slot()
    def commit(self) -> None:
        """Saves all pending edits in one unit, once they are on disk; editing rests until the answer is here."""
        edits = self._context.edits
        self._waits = len(edits) > 0 and self._context.can_edit and not edits.all_kept
        if self._waits:
            self._context.message_wanted.emit(_("Saving …"))
        elif len(edits) and self._context.can_edit:
            self.save(Unit(edits.batch(), _("Commit")))

    def save(self, unit: Unit) -> None:
        """Saves a unit; only while nothing else is being saved."""
        context = self._context
        self._unit = unit
        self.saving.emit(unit.batch)
        self._freeze(True)
        context.message_wanted.emit(_("Saving …") if unit.is_pending else f"{unit.label} …")
        context.runner.submit(
            unit.label,
            door.commit_edits,
            done=self._on_committed,
            failed=self._on_failed,
            arguments={
                "sessions": context.sessions,
                "batch": unit.batch,
                "keep_receipt": context.keeper.keep_receipt if unit.is_pending else None,
                "on_progress": partial(_tell, self._progressed),
            },
        )

    @Slot()
    def roll_back(self) -> None:
        """Drops all pending edits after asking."""
        count = len(self._context.edits)
        if not count or self._context.edits.frozen:
            return
        box = self._ask(
            ngettext("Drop the pending edits of {count} record?", "Drop the pending edits of {count} records?", count)
            .format(count=count),
            _("The catalogue stays as it is. This cannot be undone."),
        )  # fmt: skip
        drop = box.addButton(_("&Drop them"), QMessageBox.ButtonRole.DestructiveRole)
        drop.setObjectName("drop_all")
        box.setDefaultButton(box.addButton(_("&Keep them"), QMessageBox.ButtonRole.RejectRole))
        drop.clicked.connect(self._on_drop_all)
        box.open()

    def ask_before_closing(self) -> None:
        """Commit, keep for later, discard or stay? Asked once, however often closing is wished."""
        if self.dialog is not None and self.dialog.objectName() == CLOSING:
            self.dialog.raise_()
            return
        box = ClosingQuestion(self._context, self._window)
        box.commit.clicked.connect(self._on_commit_and_close)
        box.later.clicked.connect(self.close_wanted)
        box.discard.clicked.connect(self._on_discard_and_close)
        box.rejected.connect(self.close_refused)
        self._show(box)
        box.open()

    # Slots

    @Slot()
    def _on_commit_and_close(self) -> None:
        self.ended.connect(self._on_ended_before_closing, Qt.ConnectionType.SingleShotConnection)
        self.commit()

    @Slot(bool)
    def _on_ended_before_closing(self, saved: bool) -> None:
        (self.close_wanted if saved else self.close_refused).emit()

    @Slot()
    def _on_discard_and_close(self) -> None:
        self._context.edits.roll_back()  # else another start would offer them
        self.close_wanted.emit()

    @Slot()
    def _on_keeping_changed(self) -> None:
        if self._waits and self._context.edits.all_kept:
            self.commit()

    @Slot(str)
    def _on_progressed(self, words: str) -> None:
        if self._unit is not None:
            self._context.message_wanted.emit(words)

    def _on_committed(self, result: CommitResult) -> None:
        if result.unknown is not None:
            self.unknown.wait_for(result.unknown)
            self.outcome_unknown.emit(UNKNOWN)
            return
        unit = self._end()
        if result.conflicts:
            self._context.message_wanted.emit(_("Nothing was saved: some records changed elsewhere."))
            self._decide(unit, result)
            self.ended.emit(False)
            return
        if unit.is_pending:
            self._context.edits.saved(unit.batch, result)
        words = saved_words(result)
        self._context.message_wanted.emit(words if unit.is_pending else f"{unit.label}. {words}")
        self.saved.emit(unit.batch, result)
        self.ended.emit(True)

    @Slot(object)
    def _on_known(self, result: CommitResult | None) -> None:
        """The outcome that nobody knew is known now; None: it never will be, its catalogue was left."""
        self.outcome_unknown.emit("")
        if result is not None and result.saved:
            self._on_committed(result)
            return
        unit = self._end()
        if result is not None:
            self._context.message_wanted.emit(NOT_SAVED if unit.is_pending else NOT_CHANGED)
        self.ended.emit(False)

    def _on_failed(self, error: BaseException) -> None:
        self._end()
        if isinstance(error, ActionCancelled):
            self._context.message_wanted.emit(_("Cancelled: nothing was saved. Your pending edits are kept."))
        elif isinstance(error, DeskError):
            box = self._ask(error.what, " ".join(part for part in (error.kept, error.advice) if part))
            box.addButton(QMessageBox.StandardButton.Ok)
            box.open()
        else:
            self._context.runner.action_failed.emit(error)
        self.ended.emit(False)

    def _on_resolved(self, unit: Unit, changes: dict[RecordKey, Edit | None]) -> None:
        if unit.is_pending:
            self._context.edits.resolve(changes)
        else:
            left = [changes.get(edit.key, edit) for edit in unit.batch.edits]
            self._context.edits.take_over([edit for edit in left if edit is not None], unit.label)
        self._context.message_wanted.emit(_("Your choices are pending. Commit again to save them."))
        self.resolved.emit()

    @Slot()
    def _on_drop_all(self) -> None:
        self._context.edits.roll_back()
        self._context.message_wanted.emit(_("Rolled back: no edits are pending."))
        self.state_changed.emit()

    # Helpers

    def _end(self) -> Unit:
        """Editing goes on; answers what was being saved."""
        unit, self._unit = self._unit, None
        assert unit is not None
        self._freeze(False)
        return unit

    def _decide(self, unit: Unit, result: CommitResult) -> None:
        from desk.dialogs.conflict import ConflictDialog  # noqa: PLC0415  (few commits meet a conflict; 10 ms)

        told = "" if unit.is_pending else taken_back_words(unit.label, len(result.conflicts))
        dialog = ConflictDialog(result.conflicts, self._window, told=told)
        dialog.resolved.connect(partial(self._on_resolved, unit))
        self._show(dialog)
        dialog.open()

    def _ask(self, what: str, more: str) -> QMessageBox:
        box = QMessageBox(QMessageBox.Icon.Warning, "Desk", what, QMessageBox.StandardButton.NoButton, self._window)
        box.setObjectName("question")
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setInformativeText(more)
        self._show(box)
        return box

    def _show(self, dialog: ConflictDialog | QMessageBox) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.finished.connect(self._on_dialog_finished)
        self.dialog = dialog

    @Slot(int)
    def _on_dialog_finished(self, _result: int) -> None:
        if self.sender() is self.dialog:
            self.dialog = None

    def _freeze(self, frozen: bool) -> None:
        self._context.edits.frozen = frozen
        self.state_changed.emit()


def _tell(progressed: Any, words: str) -> None:
    """On a worker, which holds a bound signal and never a widget."""
    with suppress(RuntimeError):  # the window is gone
        progressed.emit(words)
