"""The form of a PostgreSQL server: where it is, who asks, how the link is protected, and the files for that.

Invariant: the form always says how the link is protected, and what is not checked then.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QIntValidator
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QWidget,
)

from desk.database.addresses import PORT, TLS_MODES, ServerAddress, stated_sslmode
from desk.dialogs.connection.form_parts import below, buddy_label, form_on, sentence
from desk.dialogs.connection.password_field import PasswordField
from desk.dialogs.connection.path_field import CERTIFICATES, PathField
from desk.i18n import _
from desk.panels.parts import dim, named, styled

if TYPE_CHECKING:
    from desk.tables.look import Look

TEXTS: dict[str, tuple[str, str, str]] = {
    "host": (_("&Host"), "localhost", _("A name, an address, or the folder of a socket")),
    "port": (_("&Port"), str(PORT), _("Empty: what libpq says, which is 5432 as a rule")),
    "database": (_("&Database"), _("as the user's name"), _("Empty: the user's name, or what PGDATABASE says")),
    "user": (_("&User"), _("your name here"), _("Empty: your name on this computer, or what PGUSER says")),
    "schema": (_("Sche&ma"), "desk", _("The schema that holds the catalogue")),
    "service": (_("Ser&vice"), _("none"), _("A name in libpq's service file (~/.pg_service.conf), as psql reads it")),
}
"""The fields of a server → (label, what an empty one means, tool tip)."""
FILES: dict[str, tuple[str, str]] = {
    "sslrootcert": (
        _("CA &certificate"),
        _("The issuers that are believed. Empty: ~/.postgresql/root.crt, else those that this system trusts."),
    ),
    "sslcert": (_("Client certi&ficate"), _("Shows the server who you are. Empty: ~/.postgresql/postgresql.crt.")),
    "sslkey": (_("Client &key"), _("Belongs to the certificate, without a password, and only you may read it.")),
}
"""The files of a server's link → (label, what the file is for)."""
ALL_CHECKED = _("Everything is checked: the certificate, its issuer, and the name of the server.")
BY_SERVICE = _("The service file says how the link is protected; Desk does not know what is checked.")
HERE = _("The traffic does not leave this computer.")


class ServerForm(QWidget):
    """`edited` tells that a person changed something; the certificates' files are a page of their own."""

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("server_form")
        self._options: tuple[tuple[str, str], ...] = ()
        self.mode_chosen = False
        """Whether a person, or a text, named the TLS mode; else it follows the host."""
        self.texts = {name: self._make_text(name) for name in TEXTS}
        self.texts["port"].setValidator(QIntValidator(1, 65535, self))
        self.password = PasswordField("server_password")
        self.keep = named(
            QCheckBox(_("Keep the password in the s&ystem's keyring")),
            "server_keep_password",
            _("Keep the password in the system's keyring"),
        )
        self._keyring = named(QLabel(), "server_keyring", _("About the keyring"))
        self._keyring.setWordWrap(True)
        self._keyring.hide()
        dim(self._keyring)
        self.mode = named(QComboBox(), "server_sslmode", _("TLS mode"))
        named(self.mode.view(), "server_sslmodes", _("TLS modes"))
        self._checks = named(QLabel(), "server_tls_told", _("What is not checked"))
        self._other = named(QLabel(), "server_options", _("Other options"))
        self.certificates = CertificatesForm()
        self._lay_out()
        self._connect()
        self.show_address(ServerAddress())

    @property
    def address(self) -> ServerAddress:
        """The address as it stands here; its TLS mode is always told, '' being the service file's."""
        return replace(self._without_mode(), sslmode=str(self.mode.currentData()))

    def show_address(self, address: ServerAddress) -> None:
        """Shows an address; where it names no TLS mode, the safe one follows the host until a person chooses."""
        for name, field in self.texts.items():
            text = str(getattr(address, name) or "")
            if field.text() != text:
                field.setText(text)
        self.certificates.show_address(address)
        self._options = address.options
        options = " ".join(f"{name}={value}" for name, value in address.options)
        self._other.setText(_("Also in the URL: {options}").format(options=options) if options else "")
        self._other.setVisible(bool(options))
        self.mode_chosen = bool(address.sslmode)
        self._show_mode(address.sslmode or self._stated())

    def show_password(self, password: str, *, keeps: bool) -> None:
        """Shows a password as stars."""
        if self.password.line.text() != password:
            self.password.line.setText(password)
        self.keep.setChecked(keeps)
        self.password.line.setPlaceholderText(
            _("kept in the system's keyring") if keeps else _("asked for when the server wants one")
        )

    @Slot(str)
    def show_keyring(self, problem: str) -> None:
        """Says why no password can be kept; '' when one can."""
        self.keep.setEnabled(not problem)
        self._keyring.setText(problem)
        self._keyring.setVisible(bool(problem))

    # Slots

    @Slot()
    def _on_edited(self) -> None:
        self._show_mode(self.mode.currentData() if self.mode_chosen else self._stated())
        self.edited.emit()

    @Slot()
    def _on_mode_chosen(self) -> None:
        self.mode_chosen = True
        self._show_mode(self.mode.currentData())
        self.edited.emit()

    # Helpers

    def _without_mode(self) -> ServerAddress:
        texts = {name: field.text().strip() for name, field in self.texts.items()}
        port = int(texts.pop("port") or 0)
        return ServerAddress(**texts, **self.certificates.paths, port=port, options=self._options)

    def _stated(self) -> str:
        """The mode of an address that names none: what a service file may say is left to it."""
        address = self._without_mode()
        return "" if address.service else stated_sslmode(address)

    def _show_mode(self, mode: str) -> None:
        """Offers the modes, the service file's only where there is one, and says what this one leaves unchecked."""
        address = self._without_mode()
        offered = [mode_title(name) for name in TLS_MODES]
        data = list(TLS_MODES)
        if address.service:
            offered.insert(0, _("as the service file says"))
            data.insert(0, "")
        if mode not in data:
            mode = stated_sslmode(replace(address, sslmode=""))
        self.mode.blockSignals(True)
        if self.mode.count() != len(data):
            self.mode.clear()
            for title, name in zip(offered, data, strict=True):
                self.mode.addItem(title, name)
        self.mode.setCurrentIndex(data.index(mode))
        self.mode.blockSignals(False)
        self._checks.setText(what_is_checked(mode, is_local=address.is_local and not address.service))
        self._warns = mode not in ("verify-full", "")
        styled(self._checks, self._colour_of_checks)

    def _colour_of_checks(self, colours: Look) -> str:
        return f"color: {colours.warn if self._warns else colours.dim};"

    def _make_text(self, name: str) -> QLineEdit:
        label, empty, tip = TEXTS[name]
        field = named(QLineEdit(), f"server_{name}", label.replace("&", ""))
        field.setPlaceholderText(empty)
        field.setToolTip(tip)
        return field

    def _lay_out(self) -> None:
        form = form_on(self)
        self.texts["port"].setMaximumWidth(90)
        form.addRow(self._label("host"), self._side_by_side("host", "port"))
        form.addRow(self._label("database"), self.texts["database"])
        form.addRow(self._label("user"), self.texts["user"])
        form.addRow(buddy_label(_("P&assword"), self.password.line), self.password)
        form.addRow("", below(self.keep, self._keyring))
        form.addRow(buddy_label(_("T&LS"), self.mode), below(self.mode, self._checks))
        form.addRow(self._label("schema"), below(self._side_by_side("schema", "service"), self._other))
        for label in (self._checks, self._other):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        dim(self._other)

    def _side_by_side(self, first: str, second: str) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.texts[first], 1)
        row.addWidget(self._label(second))
        row.addWidget(self.texts[second], 1)
        return holder

    def _label(self, name: str) -> QLabel:
        return buddy_label(TEXTS[name][0], self.texts[name])

    def _connect(self) -> None:
        for field in (*self.texts.values(), self.password.line):
            field.textEdited.connect(self._on_edited)
        self.keep.clicked.connect(self._on_edited)
        self.mode.activated.connect(self._on_mode_chosen)
        self.certificates.edited.connect(self._on_edited)


class CertificatesForm(QWidget):
    """The files that prove who is who; each says what it is for."""

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("certificates_form")
        form = form_on(self)
        self.fields: dict[str, PathField] = {}
        for name, (label, told) in FILES.items():
            field = self.fields[name] = PathField(f"server_{name}", label.replace("&", ""), CERTIFICATES)
            field.line.textEdited.connect(self.edited)
            form.addRow(buddy_label(label, field.line), below(field, sentence(told)))

    @property
    def paths(self) -> dict[str, str]:
        """The paths by libpq's keywords; '' for none."""
        return {name: field.line.text().strip() for name, field in self.fields.items()}

    def show_address(self, address: ServerAddress) -> None:
        """Shows the files of an address."""
        for name, field in self.fields.items():
            if field.line.text() != getattr(address, name):
                field.line.setText(getattr(address, name))


def what_is_checked(mode: str, *, is_local: bool) -> str:
    """What a TLS mode leaves unchecked, in words; '' is the service file's mode."""
    if not mode:
        return BY_SERVICE
    told = TLS_MODES[mode] or ALL_CHECKED
    return f"{told} {HERE}" if is_local and TLS_MODES[mode] else told


def mode_title(mode: str) -> str:
    """A TLS mode as it is offered."""
    return _("{mode} (everything is checked)").format(mode=mode) if not TLS_MODES[mode] else mode
