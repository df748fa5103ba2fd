"""The question that closing a window asks when edits are pending: commit, keep for later, discard or stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QMessageBox, QPushButton, QWidget

from desk.i18n import _

if TYPE_CHECKING:
    from desk.panels.context import Context

CLOSING = "closing_question"
Role = QMessageBox.ButtonRole


class ClosingQuestion(QMessageBox):
    """Its buttons are `commit`, `later`, `discard` and `stay`; what they do is up to who asks. `later` can be pressed
    as soon as all edits are on disk, and is not there where they are not kept."""

    def __init__(self, context: Context, window: QWidget) -> None:
        super().__init__(
            QMessageBox.Icon.Warning, "Desk", _("There are pending edits."), QMessageBox.StandardButton.NoButton, window
        )
        self._edits = context.edits
        self.setObjectName(CLOSING)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.commit = self._button("commit_and_close", _("&Commit and close"), Role.YesRole)
        self.commit.setEnabled(context.can_edit)
        self.later = self._button("keep_for_later", _("&Keep for later"), Role.AcceptRole)
        self.discard = self._button("discard_and_close", _("&Discard and close"), Role.DestructiveRole)
        self.stay = self._button("stay", _("&Stay"), Role.RejectRole)
        self.setEscapeButton(self.stay)
        self._edits.keeping_changed.connect(self._on_keeping_changed)
        self._on_keeping_changed()

    @Slot()
    def _on_keeping_changed(self) -> None:
        edits = self._edits
        is_kept = edits.keeps and not edits.unkept_reason
        self.later.setVisible(is_kept)
        self.later.setEnabled(is_kept and edits.all_kept)
        self.setDefaultButton(self.later if is_kept else self.stay)
        if edits.unkept_reason:
            words = _("{reason} So they cannot be kept for later.").format(reason=edits.unkept_reason)
        elif not is_kept:
            words = _("Commit them before closing, discard them, or stay?")
        elif edits.frozen:
            words = _("A commit has not ended: whether they are saved is found out when this catalogue is opened next.")
        elif edits.all_kept:
            words = _("What is kept for later is offered again when this catalogue is opened next.")
        else:
            words = _("They are being written to disk, so that they can be kept for later …")
        self.setInformativeText(words)

    def _button(self, name: str, text: str, role: QMessageBox.ButtonRole) -> QPushButton:
        button = self.addButton(text, role)
        button.setObjectName(name)
        return button
