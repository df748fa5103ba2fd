"""Commits and rolls back the pending edits of a window, and has conflicts decided. Nothing is ever decided silently."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QMessageBox, QWidget

from desk.dialogs.conflict import ConflictDialog
from desk.errors import ActionCancelled, DeskError
from desk.i18n import _, ngettext
from desk.work import door

if TYPE_CHECKING:
    from desk.catalog.edits import CommitResult, Edit, EditBatch, RecordKey
    from desk.panels.context import Context

CLOSING = "closing_question"


class UnitOfWork(QObject):
    """`saving` tells that a commit of an EditBatch begins, `saved` that one was saved: it carries the batch and the
    CommitResult; `ended` that it came to an end, saved or not. `resolved` tells that conflicts were decided,
    `state_changed` that commands may be enabled differently, `close_wanted` that the window may go."""

    saving = Signal(object)
    saved = Signal(object, object)
    resolved = Signal()
    ended = Signal(bool)
    state_changed = Signal()
    close_wanted = Signal()

    def __init__(self, context: Context, window: QWidget) -> None:
        super().__init__(window)
        self._context = context
        self._window = window
        self.dialog: ConflictDialog | QMessageBox | None = None
        """The question that is open now."""

    @Slot()
    def commit(self) -> None:
        """Saves all pending edits in one unit; editing rests until the answer is here."""
        if not len(self._context.edits) or not self._context.can_edit:
            return
        batch = self._context.edits.batch()
        self.saving.emit(batch)
        self._freeze(True)
        self._context.message_wanted.emit(_("Saving …"))
        self._context.runner.submit(
            _("Commit"),
            door.commit_edits,
            done=partial(self._on_committed, batch),
            failed=self._on_failed,
            arguments={"sessions": self._context.sessions, "batch": batch},
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
        """Commit, discard or stay? Asked once, however often closing is wished."""
        if self.dialog is not None and self.dialog.objectName() == CLOSING:
            self.dialog.raise_()
            return
        box = self._ask(_("There are pending edits."), _("Commit them before closing, discard them, or stay?"))
        box.setObjectName(CLOSING)
        commit = box.addButton(_("&Commit and close"), QMessageBox.ButtonRole.AcceptRole)
        discard = box.addButton(_("&Discard and close"), QMessageBox.ButtonRole.DestructiveRole)
        stay = box.addButton(_("&Stay"), QMessageBox.ButtonRole.RejectRole)
        for button, name in ((commit, "commit_and_close"), (discard, "discard_and_close"), (stay, "stay")):
            button.setObjectName(name)
        commit.setEnabled(self._context.can_edit)
        commit.clicked.connect(self._on_commit_and_close)
        discard.clicked.connect(self.close_wanted)
        box.setDefaultButton(stay)
        box.setEscapeButton(stay)
        box.open()

    # Slots

    @Slot()
    def _on_commit_and_close(self) -> None:
        self.ended.connect(self._on_ended_before_closing, Qt.ConnectionType.SingleShotConnection)
        self.commit()

    @Slot(bool)
    def _on_ended_before_closing(self, saved: bool) -> None:
        if saved:
            self.close_wanted.emit()

    def _on_committed(self, batch: EditBatch, result: CommitResult) -> None:
        self._freeze(False)
        if result.conflicts:
            self._context.message_wanted.emit(_("Nothing was saved: some records changed elsewhere."))
            self._decide(result)
            self.ended.emit(False)
            return
        self._context.edits.saved(batch, result)
        self._context.message_wanted.emit(
            ngettext("Saved {count} record.", "Saved {count} records.", len(result.saved)).format(
                count=len(result.saved)
            )
        )
        self.saved.emit(batch, result)
        self.ended.emit(True)

    def _on_failed(self, error: BaseException) -> None:
        self._freeze(False)
        if isinstance(error, ActionCancelled):
            self._context.message_wanted.emit(_("Cancelled: nothing was saved. Your pending edits are kept."))
        elif isinstance(error, DeskError):
            box = self._ask(error.what, " ".join(part for part in (error.kept, error.advice) if part))
            box.addButton(QMessageBox.StandardButton.Ok)
            box.open()
        else:
            self._context.runner.action_failed.emit(error)
        self.ended.emit(False)

    @Slot(object)
    def _on_resolved(self, changes: dict[RecordKey, Edit | None]) -> None:
        self._context.edits.resolve(changes)
        self._context.message_wanted.emit(_("Your choices are pending. Commit again to save them."))
        self.resolved.emit()

    @Slot()
    def _on_drop_all(self) -> None:
        self._context.edits.roll_back()
        self._context.message_wanted.emit(_("Rolled back: no edits are pending."))
        self.state_changed.emit()

    # Helpers

    def _decide(self, result: CommitResult) -> None:
        dialog = ConflictDialog(result.conflicts, self._window)
        dialog.resolved.connect(self._on_resolved)
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
