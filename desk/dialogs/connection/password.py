"""The password dialog: who is asked for a password, by which database and why; it is asked once per run.

Invariant: the password is in the field and in the signal, and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desk.dialogs.connection.password_field import PasswordField
from desk.i18n import _
from desk.panels.parts import dim, heading, named, styled
from desk.tables.marks import kind_icon

if TYPE_CHECKING:
    from desk.database.profiles import Profile


class PasswordDialog(QDialog):
    """Asks for the password of a profile: `password_given` carries it, and whether the keyring shall keep it.

    `reason` is why it is asked, in the server's words ('' for the first time); `keyring_note` why the keyring cannot
    keep it ('' when it can).
    """

    password_given = Signal(str, bool)

    def __init__(
        self, profile: Profile, reason: str = "", keyring_note: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.profile = profile
        self.setObjectName("password_dialog")
        self.setWindowTitle(_("Password"))
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.field = PasswordField("password_field")
        self.keep = named(QCheckBox(_("&Keep it in the system's keyring")), "password_keep", _("Keep in the keyring"))
        self.keep.setEnabled(not keyring_note)
        self.keep.setChecked(profile.keeps_password and not keyring_note)
        self._note = self._told("password_keyring_note", _("About the keyring"), keyring_note)
        dim(self._note)
        self._reason = self._told("password_reason", _("Why it is asked"), reason)
        styled(self._reason, lambda colours: f"color: {colours.bad};")
        self._lay_out(_make_buttons(self))
        self.field.line.setFocus()

    # Qt

    def accept(self) -> None:
        self.password_given.emit(self.field.line.text(), self.keep.isChecked())
        super().accept()

    def done(self, result: int) -> None:
        """Nothing of the password stays in a closed dialog."""
        self.field.line.clear()
        super().done(result)

    # Helpers

    def _lay_out(self, buttons: QDialogButtonBox) -> None:
        asked = heading(_("{title} asks for a password").format(title=self.profile.title))
        account = named(QLabel(self.profile.account), "password_account", _("Who is asked"))
        for label in (asked, account):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        account.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        sign = QLabel()
        sign.setPixmap(kind_icon(self.profile).pixmap(QSize(32, 32)))
        words = QVBoxLayout()
        for part in (asked, account, self._reason):
            words.addWidget(part)
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(words, 1)
        label = QLabel(_("&Password"))
        label.setBuddy(self.field.line)
        form = QFormLayout()
        form.addRow(label, self.field)
        form.addRow("", self.keep)
        form.addRow("", self._note)
        box = QVBoxLayout(self)
        box.setSpacing(12)
        box.addLayout(head)
        box.addLayout(form)
        box.addStretch(1)
        box.addWidget(buttons)
        self.setMinimumWidth(420)

    @staticmethod
    def _told(object_name: str, accessible_name: str, text: str) -> QLabel:
        label = named(QLabel(text), object_name, accessible_name)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setVisible(bool(text))
        return label


def _make_buttons(dialog: PasswordDialog) -> QDialogButtonBox:
    buttons = QDialogButtonBox()
    ok = buttons.addButton(_("&Connect"), QDialogButtonBox.ButtonRole.AcceptRole)
    ok.setObjectName("password_ok")
    ok.setDefault(True)
    cancel: QPushButton = buttons.addButton(_("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
    cancel.setObjectName("password_cancel")
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.reject)
    return buttons
