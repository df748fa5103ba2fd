"""A path that is typed or chosen."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QToolButton, QWidget

from desk.dialogs.files import ask_for_file
from desk.i18n import _
from desk.panels.parts import named, tool_button

ALL = _("All files (*)")
CATALOGUES = (_("Catalogues (*.desk *.db *.sqlite *.sqlite3)"), ALL)
CERTIFICATES = (_("Certificates and keys (*.crt *.pem *.key)"), ALL)


class PathField(QWidget):
    """A path that can be typed, or chosen by the button beside it."""

    def __init__(self, object_name: str, name: str, kinds: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._kinds = kinds
        self.line = named(QLineEdit(), object_name, name)
        self.browse: QToolButton = tool_button(
            f"{object_name}_browse", _("Choose a file: {name}").format(name=name), "open"
        )
        self.browse.clicked.connect(self._on_browse)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self.line, 1)
        row.addWidget(self.browse)
        self.setFocusProxy(self.line)

    @Slot()
    def _on_browse(self) -> None:
        ask_for_file(self, self._name, self._kinds, self.take)

    @Slot(str)
    def take(self, path: str) -> None:
        """Takes a path as if it had been typed."""
        self.line.setText(path)
        self.line.textEdited.emit(path)
