"""What dialogs do with files: ask for one, show where one is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from desk.i18n import _
from desk.panels.parts import named
from desk.tables.look import icon

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


def ask_for_file(
    parent: QWidget, title: str, filters: Sequence[str], chosen: Callable[[str], object], *, save_as: Path | None = None
) -> QFileDialog:
    """Opens a file dialog; `chosen` (a slot) gets the path. With `save_as` it asks for a file to write."""
    dialog = QFileDialog(parent, title)
    dialog.setObjectName("file_dialog")
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setNameFilters(list(filters))
    if save_as is None:
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    else:
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setFileMode(QFileDialog.FileMode.AnyFile)
        dialog.setDefaultSuffix(save_as.suffix.removeprefix("."))
        dialog.setDirectory(str(save_as.parent))
        dialog.selectFile(save_as.name)
    dialog.fileSelected.connect(chosen)
    dialog.open()
    return dialog


class FilePlace(QWidget):
    """One line that tells where a file is, with buttons that copy the path and open its folder."""

    def __init__(self, object_name: str, what: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(object_name)
        self.path: Path | None = None
        self._text = named(QLineEdit(), f"{object_name}_path", what)
        self._text.setReadOnly(True)
        copy = named(QPushButton(icon("copy"), _("Copy path")), f"{object_name}_copy", _("Copy path"))
        copy.clicked.connect(self._on_copy)
        folder = named(QPushButton(icon("open"), _("Open folder")), f"{object_name}_folder", _("Open folder"))
        folder.clicked.connect(self._on_open_folder)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        label = QLabel(what)
        label.setBuddy(self._text)
        row.addWidget(label)
        row.addWidget(self._text, 1)
        row.addWidget(copy)
        row.addWidget(folder)
        for button in (copy, folder):
            button.setAutoDefault(False)

    def show_path(self, path: Path | None) -> None:
        """Shows a path; None hides the line."""
        self.path = path
        self._text.setText(str(path) if path else "")
        self._text.setToolTip(self._text.text())
        self.setVisible(path is not None)

    @Slot()
    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(str(self.path))

    @Slot()
    def _on_open_folder(self) -> None:
        if self.path is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.path.parent)))
