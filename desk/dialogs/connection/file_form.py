"""The form of an SQLite file: where it is, what is there, and a button that makes a new catalogue."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QLabel, QPushButton, QSizePolicy, QWidget

from desk.dialogs.connection.connection_entry import FOLDER, NOTHING, NOWHERE, absolute
from desk.dialogs.connection.form_parts import below, buddy_label, form_on
from desk.dialogs.connection.path_field import CATALOGUES, PathField
from desk.dialogs.files import ask_for_file
from desk.i18n import _
from desk.panels.parts import dim, named
from desk.tables.look import icon

SETTLE_MS = 150
"""A path is looked at once its typing rests for so long."""
STATES = {
    FOLDER: _("This is a folder. Name a file in it."),
    NOTHING: _("There is no file here yet: check the path, or create a new catalogue here."),
    NOWHERE: _("There is no such folder."),
}


class FileForm(QWidget):
    """`edited` tells that a person changed the path, `path_settled` carries one to look at on a worker,
    `create_wanted` one at which a new catalogue is wanted."""

    edited = Signal()
    path_settled = Signal(str)
    create_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("file_form")
        self._state = ""
        self.path_field = PathField("file_path", _("File of the catalogue"), CATALOGUES)
        self.path_field.line.setPlaceholderText(_("/path/to/library.desk"))
        self._told = named(QLabel(), "file_state", _("What is there"))
        self._told.setWordWrap(True)
        dim(self._told)
        self.create_button = named(
            QPushButton(_("&Create a new catalogue …")), "file_create", _("Create a new catalogue")
        )
        self.create_button.setIcon(icon("add"))
        self.create_button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        label = buddy_label(_("&File"), self.path_field.line)
        form = form_on(self)
        form.addRow(label, below(self.path_field, self._told))
        form.addRow("", self.create_button)
        self.path_field.line.textEdited.connect(self._on_edited)
        self._settle.timeout.connect(self._on_settled)
        self.create_button.clicked.connect(self._on_create)

    @property
    def path(self) -> str:
        """The path from its root; '' for none."""
        return absolute(self.path_field.line.text())

    def show_path(self, path: str) -> None:
        """Shows a path, unless it is what stands there already in a person's own spelling."""
        if path != self.path:
            self.path_field.line.setText(path)
        self.show_state(self.path, "")
        self._on_settled()

    def show_state(self, path: str, state: str) -> None:
        """Says what is at a path; '' is not known. Another path than the one shown is left alone."""
        if path == self.path:
            self._state = state
            self._told.setText(STATES.get(state, ""))

    # Slots

    @Slot()
    def _on_edited(self) -> None:
        self.show_state(self.path, "")
        self._settle.start()
        self.edited.emit()

    @Slot()
    def _on_settled(self) -> None:
        self._settle.stop()
        if self.path:
            self.path_settled.emit(self.path)

    @Slot()
    def _on_create(self) -> None:
        """Creates where nothing is yet; otherwise asks where."""
        if self._state == NOTHING:
            self.create_wanted.emit(self.path)
            return
        asked = ask_for_file(
            self,
            _("Create a new catalogue"),
            CATALOGUES,
            self._on_place_chosen,
            save_as=Path(self.path or absolute("library.desk")),
        )
        asked.setOption(QFileDialog.Option.DontConfirmOverwrite)  # nothing is ever overwritten

    @Slot(str)
    def _on_place_chosen(self, path: str) -> None:
        self.path_field.take(path)
        self.create_wanted.emit(self.path)
