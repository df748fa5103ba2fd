"""The form of a connection and its URL line say the same, in both directions, and no password stays in the line."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QCheckBox, QLabel, QTabWidget, QWidget

from desk.database.addresses import TLS_MODES, ServerAddress, parse_address
from desk.database.profiles import PoolSettings, Profile
from desk.dialogs.connection.connection_entry import Entry, line_of, read_line
from desk.dialogs.connection.connection_form import ConnectionForm
from desk.dialogs.connection.pool_form import FIELDS, told
from desk.dialogs.connection.server_form import ALL_CHECKED, BY_SERVICE, HERE, what_is_checked
from desk.errors import InvalidInput
from tests.support.told import SENTINEL
from tests.support.window import child

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QLineEdit
    from pytestqt.qtbot import QtBot


@pytest.fixture
def form(application: object, qtbot: QtBot) -> ConnectionForm:
    made = ConnectionForm()
    qtbot.addWidget(made)
    made.resize(700, 560)
    made.show()
    return made


def typed(field: QLineEdit, text: str) -> None:
    """Types a text in the place of what stands there, and stays in the field."""
    field.setFocus()
    field.selectAll()
    if not text:
        QTest.keyClick(field, Qt.Key.Key_Backspace)
    for character in text:  # QTest types ASCII only
        key = QKeyEvent(QKeyEvent.Type.KeyPress, 0, Qt.KeyboardModifier.NoModifier, character)
        QApplication.sendEvent(field, key)


def pasted(field: QLineEdit, text: str) -> None:
    """Pastes a text in the place of what stands there, and stays in the field."""
    QApplication.clipboard().setText(text)
    field.setFocus()
    field.selectAll()
    field.paste()


def choose_mode(form: ConnectionForm, mode: str) -> None:
    form.server.mode.setCurrentIndex(form.server.mode.findData(mode))
    form.server.mode.activated.emit(form.server.mode.currentIndex())


def address(form: ConnectionForm) -> ServerAddress:
    """What the form's profile leads to."""
    return parse_address(form.entry.profile.target)[0]


LINES: dict[str, dict[str, str]] = {
    "postgresql://me@db.example:6432/books?sslmode=require": {
        "host": "db.example", "port": "6432", "database": "books", "user": "me",
    },
    "postgresql://db.example/books?schema=catalogue&sslmode=verify-full": {
        "host": "db.example", "port": "", "schema": "catalogue", "database": "books",
    },
    "postgresql:///books?service=home": {"service": "home", "host": "", "database": "books"},
    "postgresql:///books?host=/run/postgresql&sslmode=prefer": {"host": "/run/postgresql", "database": "books"},
    "postgresql://[::1]:5433/b%C3%BCcher?sslmode=prefer": {"host": "::1", "port": "5433", "database": "bücher"},
}  # fmt: skip


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("hand", [typed, pasted])
def test_the_url_line_fills_the_fields(form: ConnectionForm, line: str, hand: Callable[[QLineEdit, str], None]) -> None:
    hand(form.line, line)
    assert form.line_problem == ""
    assert form.is_server
    assert {name: form.server.texts[name].text() for name in LINES[line]} == LINES[line]
    form.finish_line()
    assert form.line.text() == line
    assert form.entry.profile.target == line


@pytest.mark.parametrize("line", LINES)
def test_the_fields_write_the_url_line(form: ConnectionForm, line: str) -> None:
    wanted, _password = parse_address(line)
    form.server_kind.click()
    for name, text in LINES[line].items():
        typed(form.server.texts[name], text)
    if wanted.sslmode:
        choose_mode(form, wanted.sslmode)
    assert form.line.text() == line


WORD = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12)
HOST = st.one_of(
    st.from_regex(r"[a-z][a-z0-9-]{0,10}(\.[a-z]{2,4})?", fullmatch=True),
    st.sampled_from(["/run/postgresql", "::1", "fe80::1", "192.0.2.7", "localhost", "Host", "one.example,two.example"]),
)
ADDRESSES = st.builds(
    ServerAddress,
    host=HOST,
    port=st.integers(0, 65535),
    database=WORD,
    user=WORD,
    schema=st.one_of(st.just(""), WORD),
    sslmode=st.sampled_from(sorted(TLS_MODES)),
    sslrootcert=st.sampled_from(["", "/etc/ca one.crt", "system"]),
    options=st.sampled_from([(), (("connect_timeout", "7"),), (("target_session_attrs", "read-write"),)]),
)


@given(address=ADDRESSES)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_address_goes_through_the_form_unchanged(form: ConnectionForm, address: ServerAddress) -> None:
    profile = Profile(address.url())
    form.show_entry(Entry(profile))
    assert form.line.text() == profile.target
    assert form.server.address == address
    assert form.entry.profile == profile
    pasted_again = form.line.text()
    form.show_entry(Entry(Profile("")))
    pasted(form.line, pasted_again)
    assert form.server.address == address


@given(path=st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=20))
@example("a b?.desk")
@example("100%25.desk")
@example("postgresql:")
def test_every_path_goes_through_the_line_unchanged(path: str) -> None:
    whole = f"/data/{path.strip().strip('/.') or 'x'}"
    profile, password = read_line(line_of(whole))
    assert (profile.target, password) == (whole, "")


def test_a_file_is_typed_into_either(form: ConnectionForm) -> None:
    typed(form.file.path_field.line, "/data/library.desk")
    assert form.line.text() == "sqlite:////data/library.desk"
    typed(form.line, "/data/other.desk")
    assert form.file.path == "/data/other.desk"
    form.finish_line()
    assert form.line.text() == "sqlite:////data/other.desk"
    assert form.entry.profile == Profile("/data/other.desk")


def test_a_read_only_url_turns_the_switch_on(form: ConnectionForm) -> None:
    pasted(form.line, "sqlite:////data/library.desk?mode=ro")
    assert form.read_only.isChecked()
    assert form.entry.profile == Profile("/data/library.desk", read_only=True)


def test_the_kind_follows_the_line(form: ConnectionForm) -> None:
    tabs = child(form, QTabWidget, "connection_tabs")
    certificates = next(number for number in range(tabs.count()) if tabs.tabText(number) == "Certificates")
    assert not tabs.isTabVisible(certificates)
    pasted(form.line, "postgresql://db.example/books")
    assert form.server_kind.isChecked()
    assert tabs.isTabVisible(certificates)
    pasted(form.line, "/data/library.desk")
    assert form.file_kind.isChecked()


def test_libpqs_keywords_are_understood(form: ConnectionForm) -> None:
    pasted(form.line, f"host=db.example port=6432 dbname=books user=me password={SENTINEL} sslmode=verify-ca")
    assert form.line_problem == ""
    assert form.line.text() == "postgresql://me@db.example:6432/books?sslmode=verify-ca"
    assert form.entry.password == SENTINEL


@pytest.mark.parametrize(
    "line", [f"postgresql://me:{SENTINEL}@db.example/books", f"postgresql://me@db.example/books?password={SENTINEL}"]
)
@pytest.mark.parametrize("hand", [typed, pasted])
def test_a_password_leaves_the_line_for_its_field(
    form: ConnectionForm, line: str, hand: Callable[[QLineEdit, str], None]
) -> None:
    hand(form.line, line)
    form.finish_line()
    assert form.line.text() == "postgresql://me@db.example/books?sslmode=verify-full"
    assert form.server.password.line.text() == SENTINEL
    assert form.server.password.line.echoMode() == form.server.password.line.EchoMode.Password
    assert form.entry.password == SENTINEL
    assert SENTINEL not in repr(form.entry)
    assert SENTINEL not in form.entry.profile.target


def test_a_pasted_password_leaves_the_line_at_once(form: ConnectionForm) -> None:
    pasted(form.line, f"postgresql://me:{SENTINEL}@db.example/books-of-all-the-libraries-of-the-town")
    assert SENTINEL not in form.line.text()
    pasted(form.line, f"postgresql://me:{SENTINEL}@db.example/b")  # shorter than what stood there
    assert form.line.text() == "postgresql://me@db.example/b?sslmode=verify-full"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("postgresql://me@db.example:port/books", "not a database URL"),
        ("postgresql://db.example/books?sslmode=yes", "yes"),
        ("mysql://db.example/books", "mysql"),
        ("books", "neither"),
        ("sqlite:///~nobody-here/library.desk", "home folder"),
        ("~nobody-here/library.desk", "home folder"),
        (f"postgresql://me:{SENTINEL}@x@db.example/books", "@"),
        ("postgresql://db.example/books?sslpassword=x", "key file"),
    ],
)
def test_a_line_that_cannot_be_read_says_why_and_leaves_the_form(form: ConnectionForm, line: str, reason: str) -> None:
    pasted(form.line, "postgresql://me@localhost/books")
    before = form.entry.profile
    pasted(form.line, line)
    assert reason in form.line_problem
    assert SENTINEL not in form.line_problem
    assert form.line.text() == line
    assert form.entry.profile == before
    assert form.take() == form.line_problem


def test_what_is_typed_into_the_form_mends_the_line(form: ConnectionForm) -> None:
    pasted(form.line, "postgresql://me@localhost/books")
    pasted(form.line, "mysql://db.example/books")
    typed(form.server.texts["database"], "other")
    assert form.line_problem == ""
    assert form.line.text() == "postgresql://me@localhost/other?sslmode=prefer"


def test_an_empty_form_of_a_server_has_an_empty_line(form: ConnectionForm) -> None:
    form.server_kind.click()
    assert form.line.text() == ""
    pasted(form.line, "postgresql://db.example/books")
    typed(form.line, "")
    assert form.line_problem == ""
    assert form.server.address == ServerAddress(sslmode="prefer")


def test_fields_that_contradict_each_other_say_so(form: ConnectionForm) -> None:
    pasted(form.line, "postgresql:///books?host=one,two&port=1,2")
    assert form.line_problem == ""
    before = form.entry.profile
    typed(form.server.texts["host"], "one")
    assert "as many ports as hosts" in form.line_problem
    assert form.entry.profile == before
    assert form.entry.unread == form.line.text()
    assert form.take() == form.line_problem


@pytest.mark.parametrize("host", [":", "a:", "[", "@", "%", "a b", ",", "/"])
def test_half_typed_hosts_are_no_accident(form: ConnectionForm, host: str) -> None:
    pasted(form.line, "postgresql://db.example/books")
    typed(form.server.texts["host"], host)
    profile = form.entry.profile
    assert profile.title
    assert profile.account


# TLS


def test_the_safe_mode_follows_the_host_until_one_is_chosen(form: ConnectionForm) -> None:
    form.server_kind.click()
    assert form.server.address.sslmode == "prefer"
    typed(form.server.texts["host"], "db.example")
    assert form.server.address.sslmode == "verify-full"
    typed(form.server.texts["host"], "127.0.0.1")
    assert form.server.address.sslmode == "prefer"
    choose_mode(form, "require")
    typed(form.server.texts["host"], "db.example")
    assert form.server.address.sslmode == "require"


def test_a_mode_that_the_form_wrote_is_no_choice_while_the_line_is_typed_on(form: ConnectionForm) -> None:
    typed(form.line, "postgresql://localhost/books")
    form.finish_line()
    assert form.line.text().endswith("?sslmode=prefer")
    form.line.setCursorPosition(len("postgresql://"))
    QTest.keyClicks(form.line, "db.")
    form.finish_line()
    assert form.line.text() == "postgresql://db.localhost/books?sslmode=verify-full"


def test_a_mode_that_is_typed_into_the_line_is_a_choice(form: ConnectionForm) -> None:
    typed(form.line, "postgresql://db.example/books?sslmode=prefer")
    form.finish_line()
    assert form.server.address.sslmode == "prefer"


def test_a_mode_in_a_pasted_url_is_a_choice(form: ConnectionForm) -> None:
    pasted(form.line, "postgresql://db.example/books?sslmode=prefer")
    assert form.server.address.sslmode == "prefer"


@pytest.mark.parametrize("mode", TLS_MODES)
def test_below_verify_full_the_form_says_what_is_not_checked(form: ConnectionForm, mode: str) -> None:
    pasted(form.line, "postgresql://db.example/books")
    choose_mode(form, mode)
    told_now = child(form, QLabel, "server_tls_told")
    assert told_now.isVisible()
    assert told_now.text() == (TLS_MODES[mode] or ALL_CHECKED)


def test_on_this_computer_the_form_says_that_the_traffic_stays_here() -> None:
    assert what_is_checked("prefer", is_local=True) == f"{TLS_MODES['prefer']} {HERE}"
    assert HERE not in what_is_checked("prefer", is_local=False)


def test_only_a_service_file_may_leave_the_mode_open(form: ConnectionForm) -> None:
    pasted(form.line, "postgresql://db.example/books")
    offered = [form.server.mode.itemData(number) for number in range(form.server.mode.count())]
    assert offered == list(TLS_MODES)
    typed(form.server.texts["service"], "home")
    assert form.server.mode.currentText() == "as the service file says"
    assert child(form, QLabel, "server_tls_told").text() == BY_SERVICE
    assert "sslmode" not in form.line.text()
    typed(form.server.texts["service"], "")
    assert form.server.address.sslmode == "verify-full"


def test_a_missing_keyring_is_told_and_nothing_can_be_kept(form: ConnectionForm) -> None:
    form.server_kind.click()
    keep = child(form, QCheckBox, "server_keep_password")
    assert keep.isEnabled()
    form.server.show_keyring("There is no keyring here.")
    assert not keep.isEnabled()
    assert child(form, QLabel, "server_keyring").text() == "There is no keyring here."
    form.server.show_keyring("")
    assert keep.isEnabled()


# The other pages


def test_certificates_belong_to_the_url(form: ConnectionForm) -> None:
    pasted(form.line, "postgresql://db.example/books")
    for name in ("sslrootcert", "sslcert", "sslkey"):
        typed(form.server.certificates.fields[name].line, f"/keys/{name}.pem")
    assert form.line.text() == (
        "postgresql://db.example/books?sslmode=verify-full"
        "&sslrootcert=/keys/sslrootcert.pem&sslcert=/keys/sslcert.pem&sslkey=/keys/sslkey.pem"
    )


def test_options_that_the_form_does_not_know_stay_in_the_url(form: ConnectionForm) -> None:
    pasted(form.line, "postgresql://db.example/books?connect_timeout=7")
    typed(form.server.texts["user"], "me")
    assert address(form).options == (("connect_timeout", "7"),)
    assert child(form, QLabel, "server_options").text() == "Also in the URL: connect_timeout=7"


def test_pool_settings_go_through_the_form_unchanged(form: ConnectionForm) -> None:
    pool = PoolSettings(3, 0, 2.5, 0, False, 0.25, 30.0, 0.0)
    form.show_entry(Entry(Profile("/data/library.desk", pool=pool)))
    assert form.entry.profile.pool == pool
    form.pool.reset.click()
    assert form.entry.profile.pool == PoolSettings()


def test_every_pool_setting_tells_its_default_and_why(form: ConnectionForm) -> None:
    assert {field.name for field in FIELDS} == set(PoolSettings.__dataclass_fields__)
    sentences = {field.name: told(field) for field in FIELDS}
    assert sentences["size"].startswith("Default: 5. ")
    assert sentences["lock_timeout"].startswith("Default: 10 s. ")
    assert sentences["statement_timeout"].startswith("Default: no limit. ")
    assert sentences["pre_ping"].startswith("Default: on. ")
    shown = {label.text() for label in form.pool.findChildren(QLabel)}
    assert set(sentences.values()) <= shown


def test_name_colour_and_switch_belong_to_the_profile(form: ConnectionForm) -> None:
    profile = Profile("/data/library.desk", name="Library", id="library", read_only=True, colour="red")
    form.show_entry(Entry(profile))
    assert form.entry.profile == profile
    typed(form.name, "Other")
    form.read_only.click()
    form.colour.setCurrentIndex(form.colour.findData("green"))
    assert form.entry.profile == replace(profile, name="Other", read_only=False, colour="green")


def test_without_a_file_the_form_cannot_be_used(form: ConnectionForm) -> None:
    assert "Name a file" in form.take()
    typed(form.file.path_field.line, "/data/library.desk")
    assert form.take() == ""


def test_showing_a_connection_tells_of_no_edit(form: ConnectionForm, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(form.edited):
        form.show_entry(Entry(Profile("postgresql://me@db.example/books", pool=PoolSettings(size=9)), SENTINEL))
        form.show_entry(Entry(Profile("/data/library.desk")))


def test_mnemonics_are_unambiguous_on_every_page(form: ConnectionForm) -> None:
    pages = (form.file, form.server, form.server.certificates, form.pool, child(form, QWidget, "window_form"))
    on_pages = [label for page in pages for label in page.findChildren(QLabel)]
    labels = [label.text() for label in form.findChildren(QLabel) if label not in on_pages]
    always = [_letter(text) for text in (*labels, form.file_kind.text(), form.server_kind.text()) if _letter(text)]
    of_the_dialog = list("seowt")  # Save, Test, Open, Open in a new window, Connections
    for page in pages:
        letters = always + of_the_dialog + _of_page(page)
        assert len(letters) == len(set(letters)), f"{page.objectName()}: {sorted(letters)}"


def _of_page(page: QWidget) -> list[str]:
    texts = [label.text() for label in page.findChildren(QLabel)]
    texts += [button.text() for button in page.findChildren(QAbstractButton)]
    return [_letter(text) for text in texts if _letter(text)]


def _letter(text: str) -> str:
    place = text.replace("&&", "").find("&")
    return text.replace("&&", "")[place + 1].lower() if place >= 0 else ""


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(InvalidInput):
        read_line("library")
