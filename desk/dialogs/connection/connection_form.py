"""The form of one connection: its name, its kind, its URL line, and below them the same as fields.

Invariant: line and fields say the same, or the line says why it cannot be read; no password stays in the line.
"""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QRadioButton,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from desk.database.addresses import ServerAddress, parse_address
from desk.database.profiles import COLOURS, Profile
from desk.dialogs.connection.connection_entry import Entry, inserted, line_of, may_hold_secret, problem_of, read_line
from desk.dialogs.connection.file_form import FileForm
from desk.dialogs.connection.form_parts import below, buddy_label, form_on, scrolled, sentence
from desk.dialogs.connection.pool_form import PoolForm
from desk.dialogs.connection.server_form import ServerForm
from desk.errors import InvalidInput
from desk.i18n import _
from desk.panels.parts import named, styled
from desk.tables.marks import mark_icon

NO_ADDRESS = ServerAddress()
PASTED = 2
"""So many characters at once are not typed one by one."""


class ConnectionForm(QWidget):
    """`edited` tells that a person changed something."""

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("connection_form")
        self._profile = Profile("")
        self._line_typed = self._line_read = ""
        self._sound = ""
        """The last target that the fields had and that can be read."""
        self._mode_written = ""
        """The TLS mode that the form itself wrote into the line, where nobody chose it."""
        self.name = named(QLineEdit(), "connection_name", _("Name"))
        self.kinds = QButtonGroup(self)
        self.file_kind = self._make_kind("connection_file", _("SQLite f&ile"))
        self.server_kind = self._make_kind("connection_server", _("PostgreS&QL server"))
        self.line = named(QLineEdit(), "connection_url", _("URL"))
        self.line.setPlaceholderText(_("postgresql://user@host:5432/database, or host=… dbname=…, or a path"))
        self._unread = named(QLabel(), "connection_url_problem", _("Why the URL cannot be read"))
        self._unread.setWordWrap(True)
        self._unread.setTextFormat(Qt.TextFormat.PlainText)
        styled(self._unread, lambda colours: f"color: {colours.bad};")
        self._unread.hide()
        self.file = FileForm()
        self.server = ServerForm()
        self.pool = PoolForm()
        self.read_only = named(
            QCheckBox(_("Open for reading onl&y")), "connection_read_only", _("Open for reading only")
        )
        self.colour = named(QComboBox(), "connection_colour", _("Colour"))
        for name, title in COLOURS.items():
            self.colour.addItem(mark_icon(name), title, name)
        named(self.colour.view(), "connection_colours", _("Colours"))
        self.tabs = named(QTabWidget(), "connection_tabs", _("Settings of the connection"))
        self._lay_out()
        self._connect()
        self.show_entry(Entry(Profile("")))

    @property
    def entry(self) -> Entry:
        """What is typed here."""
        profile = replace(
            self._profile,
            target=self._sound,
            name=self.name.text().strip(),
            read_only=self.read_only.isChecked(),
            colour=str(self.colour.currentData()),
            keeps_password=self.is_server and self.server.keep.isChecked(),
            pool=self.pool.settings,
        )
        password = self.server.password.line.text() if self.is_server else ""
        return Entry(profile, password, self.line.text() if self.line_problem else "")

    @property
    def is_server(self) -> bool:
        return self.server_kind.isChecked()

    @property
    def line_problem(self) -> str:
        """Why the URL line cannot be read; '' when it says what the fields say."""
        return "" if self._unread.isHidden() else self._unread.text()

    def show_entry(self, entry: Entry) -> None:
        """Shows a connection; nothing is told of it."""
        profile = self._profile = entry.profile
        self.name.setText(profile.name)
        self.read_only.setChecked(profile.read_only)
        self.colour.setCurrentIndex(max(self.colour.findData(profile.colour), 0))
        self.pool.show_settings(profile.pool)
        self._show_kind(is_server=profile.is_server)
        self.server.show_password(entry.password, keeps=profile.keeps_password)
        self.server.show_address(parse_address(profile.target)[0] if profile.is_server else NO_ADDRESS)
        self.file.show_path("" if profile.is_server else profile.target)
        self.restore_line()
        if entry.unread:
            self._set_line(entry.unread)
            self._read(pasted=True)
        self._show_title()

    def take(self) -> str:
        """Why this cannot be used yet, with the cursor where it has to be mended; '' when it can."""
        self.finish_line()
        problem, field = self.line_problem, self.line
        if not problem and not self._sound:
            problem, field = _("Name a file, or choose a server."), self.file.path_field.line
        if problem:
            field.setFocus()
        return problem

    @Slot()
    def finish_line(self) -> None:
        """Takes the URL line once its typing has ended; a password in it moves into its field."""
        if self.line.text() != self._line_read:
            self._read(pasted=False)
        if not self.line_problem:
            self.restore_line()

    def give_line_up(self) -> bool:
        """Takes back what is typed in the URL line and cannot be read; False when there is nothing to take back."""
        typed = self.line.text()
        if self.line_problem:
            self.restore_line()
        return self.line.text() != typed

    def restore_line(self) -> None:
        """Writes the URL line as the fields have it; they, too, may say what cannot be read."""
        target = self.server.address.url() if self.is_server else self.file.path
        problem = problem_of(target)
        self._unread.setText(problem)
        self._unread.setVisible(bool(problem))
        if not problem:
            self._sound = target
        self._set_line("" if self._is_untouched() else line_of(target))
        chosen = self.server.mode_chosen or not self.line.text()
        self._mode_written = "" if chosen else self.server.address.sslmode

    # Slots

    @Slot()
    def _on_edited(self) -> None:
        self.restore_line()
        self._show_title()
        self.edited.emit()

    @Slot()
    def _on_kind_chosen(self) -> None:
        self._show_kind(is_server=self.is_server)
        self._on_edited()

    @Slot(str)
    def _on_line_edited(self, text: str) -> None:
        """Follows the typing; what may be a password is not looked at before its end."""
        pasted = inserted(self._line_typed, text) >= PASTED
        self._line_typed = text
        if not pasted and may_hold_secret(text):
            self._unread.hide()
        else:
            self._read(pasted=pasted)
        if pasted and not self.line_problem and may_hold_secret(text):
            self.restore_line()
        self.edited.emit()

    # Helpers

    def _read(self, *, pasted: bool) -> None:
        """Shows what the line says in the fields, or why it cannot be read."""
        text = self._line_read = self.line.text()
        try:
            profile, password = read_line(text) if text.strip() else (Profile(""), "")
        except InvalidInput as problem:
            self._unread.setText(str(problem))
            self._unread.show()
            return
        self._unread.hide()
        if profile.is_server:
            self._show_server(profile, password, pasted=pasted)
        elif profile.target or not self.is_server:
            self._show_file(profile)
        else:
            self.server.show_address(NO_ADDRESS)  # an emptied line is that of an empty form
        self._sound = self.server.address.url() if self.is_server else self.file.path
        self._show_title()

    def _show_file(self, profile: Profile) -> None:
        self._show_kind(is_server=False)
        self.file.show_path(profile.target)
        if profile.read_only:
            self.read_only.setChecked(True)

    def _show_server(self, profile: Profile, password: str, *, pasted: bool) -> None:
        """A TLS mode that the form itself wrote into the line does not become a choice by typing on."""
        address, _none = parse_address(profile.target)
        if not pasted and address.sslmode == self._mode_written:
            address = replace(address, sslmode="")
        self._show_kind(is_server=True)
        self.server.show_address(address)
        if password:
            self.server.show_password(password, keeps=self.server.keep.isChecked())

    def _show_kind(self, *, is_server: bool) -> None:
        (self.server_kind if is_server else self.file_kind).setChecked(True)
        self._pages.setCurrentWidget(self._server_page if is_server else self._file_page)
        self.tabs.setTabVisible(self.tabs.indexOf(self._certificates_page), is_server)

    def _show_title(self) -> None:
        """What the connection is called as long as it has no name of its own."""
        self.name.setPlaceholderText(Profile(self._sound).title if self._sound else _("as the database is called"))

    def _is_untouched(self) -> bool:
        """Whether this is the empty form of a server; its line is empty, too."""
        address = self.server.address
        return self.is_server and not self.server.mode_chosen and replace(address, sslmode="") == NO_ADDRESS

    def _set_line(self, text: str) -> None:
        if self.line.text() != text:
            self.line.setText(text)
            self.line.setCursorPosition(0)
        self._line_typed = self._line_read = text

    def _make_kind(self, object_name: str, text: str) -> QRadioButton:
        button = named(QRadioButton(text), object_name, text.replace("&", ""))
        self.kinds.addButton(button)
        return button

    def _lay_out(self) -> None:
        kinds = QHBoxLayout()
        kinds.setSpacing(16)
        kinds.addWidget(self.file_kind)
        kinds.addWidget(self.server_kind)
        kinds.addStretch(1)
        top = QFormLayout()
        top.setLabelAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        top.addRow(buddy_label(_("&Name"), self.name), self.name)
        top.addRow(QLabel(_("Kind")), kinds)
        top.addRow(buddy_label(_("U&RL"), self.line), self.line)
        top.addRow("", self._unread)
        self._pages = QStackedWidget()
        self._file_page = scrolled(self.file, "file_page")
        self._server_page = scrolled(self.server, "server_page")
        self._pages.addWidget(self._file_page)
        self._pages.addWidget(self._server_page)
        self._certificates_page = scrolled(self.server.certificates, "certificates_page")
        self.tabs.addTab(self._pages, _("Database"))
        self.tabs.addTab(self._certificates_page, _("Certificates"))
        self.tabs.addTab(scrolled(self.pool, "pool_page"), _("Pool"))
        self.tabs.addTab(scrolled(self._make_window_page(), "window_page"), _("Window"))
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addLayout(top)
        box.addWidget(self.tabs, 1)

    def _make_window_page(self) -> QWidget:
        page = QWidget()
        page.setObjectName("window_form")
        form = form_on(page)
        form.addRow("", below(self.read_only, sentence(_("Nothing can be edited, and a server refuses every write."))))
        self.colour.setIconSize(QSize(16, 16))
        told = sentence(_("A band in this colour, with these words, stands over the window of this connection."))
        form.addRow(buddy_label(_("&Colour"), self.colour), below(self.colour, told))
        return page

    def _connect(self) -> None:
        self.kinds.buttonClicked.connect(self._on_kind_chosen)
        self.line.textEdited.connect(self._on_line_edited)
        self.line.editingFinished.connect(self.finish_line)
        for wish in (self.file.edited, self.server.edited, self.pool.edited):
            wish.connect(self._on_edited)
        self.name.textEdited.connect(self.edited)
        self.read_only.clicked.connect(self.edited)
        self.colour.activated.connect(self.edited)
