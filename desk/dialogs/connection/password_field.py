"""A field for a password, hidden until it is asked to show itself."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from desk.i18n import _
from desk.panels.parts import named, tool_button
from desk.tables.look import icon


class PasswordField(QWidget):
    """`line` takes the password; the button beside it shows and hides it."""

    def __init__(self, object_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.line = named(QLineEdit(), object_name, _("Password"))
        self.line.setEchoMode(QLineEdit.EchoMode.Password)
        self.show_button = tool_button(f"{object_name}_show", _("Show the password"), "eye")
        self.show_button.setCheckable(True)
        self.show_button.toggled.connect(self.show_password)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self.line, 1)
        row.addWidget(self.show_button)
        self.setFocusProxy(self.line)

    @Slot(bool)
    def show_password(self, shown: bool) -> None:
        """Shows the password as text, or hides it."""
        self.line.setEchoMode(QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password)
        text = _("Hide the password") if shown else _("Show the password")
        self.show_button.setChecked(shown)
        self.show_button.setIcon(icon("eye-off" if shown else "eye"))
        self.show_button.setToolTip(text)
        self.show_button.setAccessibleName(text)
