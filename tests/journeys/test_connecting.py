"""Connecting: through the connection dialog, a password, an older or missing schema, to the right database."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import keyring
import pytest
from keyring.backends.fail import Keyring as NoKeyring
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit, QMessageBox

from desk.database import migrations, targets
from desk.database.profiles import profile_of
from desk.dialogs.connection.connect import ConnectDialog
from desk.dialogs.connection.password import PasswordDialog
from desk.dialogs.migrations import MigrationsDialog
from desk.dialogs.schema_question import SchemaQuestion
from desk.operations.connect import OpenCatalogue, create_catalogue
from desk.work import door
from tests.journeys.conftest import fill
from tests.support.revisions import SHELF_DOWN, SHELF_UP, add_revision, scripts_in, use_scripts
from tests.support.serving import own_server
from tests.support.told import SENTINEL
from tests.support.waiting import LONGEST
from tests.support.window import Desk, child, opened_window

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from tests.support.postgres import PostgresServer

__all__ = ["own_server"]


@pytest.fixture
def start(application: object, sqlite_path: Path, qtbot: QtBot) -> Iterator[Desk]:
    """A window over an empty catalogue of its own: where a person begins."""
    with opened_window(str(sqlite_path), qtbot) as made:
        made.settle()
        yield made


def type_url(dialog: ConnectDialog, url: str) -> None:
    line = dialog.form.line
    line.setFocus()
    line.selectAll()
    line.insert(url)
    QTest.keyClick(line, Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier)


def new_connection(desk: Desk, url: str, name: str) -> ConnectDialog:
    """The connection dialog with a new connection filled in."""
    dialog = desk.dialog("open", ConnectDialog)
    desk.until(lambda: dialog.list.rows and not desk.window.context.runner.running, "the list")
    desk.click(dialog, "profile_new")
    dialog.form.line.setFocus()
    dialog.form.line.insert(url)
    dialog.form.name.setFocus()
    QTest.keyClicks(dialog.form.name, name)
    return dialog


def test_a_new_connection_is_tried_kept_and_opened(start: Desk, sample_target: str, desk_home: Path) -> None:
    dialog = new_connection(start, sample_target, "The sample")
    child(dialog, QAbstractButton, "trial_test").click()
    start.until(lambda: not dialog.trial.is_running and dialog.trial.told, "the result of the test")
    assert "wrong" not in dialog.trial.told
    child(dialog, QAbstractButton, "connect_save").click()
    start.until(lambda: "saved" in dialog.message, "the profile to be kept")
    child(dialog, QAbstractButton, "connect_open").click()
    start.until(lambda: start.window.windowTitle().startswith("The sample"), "the catalogue")
    start.settle()
    assert "904" in start.window.side_bar.text_of("books")
    kept = [path.read_text(encoding="utf-8") for path in (desk_home / "config" / "profiles").iterdir()]
    assert len(kept) == 1
    password = profile_of(sample_target)[1]
    assert not password or password not in kept[0]
    start.window.files.load_recent()
    start.until(lambda: "The sample" in start.window.files.recent.actions()[0].text(), "the menu of recent databases")


def test_opening_in_a_new_window_leaves_this_one_alone(start: Desk, sample_target: str, qtbot: QtBot) -> None:
    windows = start.window.windows
    assert windows is not None
    dialog = new_connection(start, sample_target, "Second")
    child(dialog, QAbstractButton, "connect_open_window").click()
    start.until(lambda: len(windows.open_ones) == 2, "the second window")
    other = Desk(windows.open_ones[1], qtbot)
    other.until(lambda: other.window.is_furnished and other.window.context.catalogue, "its catalogue")
    other.settle()
    assert "904" in other.window.side_bar.text_of("books")
    assert start.catalogue is not other.catalogue
    other.window.close()
    assert windows.open_ones == [start.window]


def test_a_wrong_address_is_named_and_what_is_open_stays(start: Desk) -> None:
    before = start.catalogue
    dialog = new_connection(start, "postgresql://ann@x.invalid/library?sslmode=disable", "Nowhere")
    child(dialog, QAbstractButton, "trial_test").click()
    start.until(lambda: not dialog.trial.is_running and dialog.trial.told, "the result of the test")
    assert "x.invalid" in dialog.trial.told
    child(dialog, QAbstractButton, "connect_open").click()
    start.until(start.window.problems.isVisible, "the reason")
    assert "x.invalid" in start.window.problems.text
    assert start.catalogue is before
    start.trigger("refresh")
    start.settle()


# Passwords


@pytest.fixture
def guarded(own_server: PostgresServer) -> str:
    """The URL, without its password, of a catalogue that wants one."""
    url = own_server.create_database("library")
    migrations.upgrade(targets.target_url(url))
    fill(url)
    with own_server.connect("library") as connection:
        connection.execute(f"CREATE ROLE clerk LOGIN SUPERUSER PASSWORD '{SENTINEL}'".encode())
    return profile_of(own_server.url("library", user="clerk"))[0].target


@pytest.fixture
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(before)


def asked_password(desk: Desk) -> PasswordDialog:
    desk.until(lambda: isinstance(desk.window.opening.dialog, PasswordDialog), "to be asked for the password")
    dialog = desk.window.opening.dialog
    assert isinstance(dialog, PasswordDialog)
    return dialog


def test_fault_49_without_a_keyring_desk_asks_once_per_run(
    start: Desk, guarded: str, no_keyring: None, desk_home: Path, qtbot: QtBot
) -> None:
    start.window.open_target(guarded)
    dialog = asked_password(start)
    assert "clerk" in child(dialog, QLabel, "password_account").text()
    QTest.keyClicks(child(dialog, QLineEdit, "password_field"), "wrong")
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    start.until(lambda: start.window.opening.dialog not in (None, dialog), "to be asked again")
    again = asked_password(start)
    QTest.keyClicks(child(again, QLineEdit, "password_field"), SENTINEL)
    QTest.keyClick(again, Qt.Key.Key_Return)
    start.until(lambda: "library" in start.window.windowTitle(), "the catalogue")
    start.settle()
    windows = start.window.windows
    assert windows is not None
    other = Desk(windows.open(guarded), qtbot)
    other.until(lambda: other.window.is_furnished and other.window.context.catalogue, "the second window")
    other.settle()
    assert other.window.opening.dialog is None
    other.window.close()
    files = [path for path in desk_home.rglob("*") if path.is_file()]
    assert not [path for path in files if SENTINEL.encode() in path.read_bytes()]


# Schemas


@pytest.fixture
def one_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """From now on the program knows one revision more; its id."""
    scripts = scripts_in(tmp_path)
    revision = add_revision(scripts, SHELF_UP, SHELF_DOWN, summary="Books stand on shelves.")
    use_scripts(scripts, monkeypatch)
    return revision


def asked_schema(desk: Desk) -> SchemaQuestion:
    desk.until(lambda: isinstance(desk.window.opening.dialog, SchemaQuestion), "the question about the schema")
    dialog = desk.window.opening.dialog
    assert isinstance(dialog, SchemaQuestion)
    return dialog


def test_an_older_catalogue_is_upgraded_after_a_backup_and_opened(
    start: Desk, sample_target: str, one_more: str
) -> None:
    start.window.open_target(sample_target)
    dialog = asked_schema(start)
    assert not dialog.isModal()
    if dialog.plan.backup is not None:
        assert not dialog.plan.backup.exists()
    dialog.show_sql.click()
    start.until(lambda: "shelf" in dialog.sql.text.toPlainText(), "the SQL")
    dialog.go.click()
    start.until(lambda: "904" in start.window.side_bar.text_of("books"), "the catalogue")
    start.settle()
    assert not start.window.problems.isVisible()
    url = targets.target_url(sample_target)
    path = targets.sqlite_file(url)
    if path is not None:
        assert [one.name for one in path.parent.glob("*before*")]


def test_leaving_an_older_catalogue_alone_changes_nothing(start: Desk, sample_target: str, one_more: str) -> None:
    before = start.catalogue
    start.window.open_target(sample_target)
    asked_schema(start).later.click()
    start.until(lambda: start.window.opening.dialog is None)
    assert "older" in start.window.problems.text
    assert start.catalogue is before


def test_the_schema_is_made_where_there_is_none(start: Desk, empty_postgres_url: str) -> None:
    start.window.open_target(empty_postgres_url)
    dialog = asked_schema(start)
    assert "Create" in dialog.windowTitle()
    dialog.go.click()
    start.until(lambda: "desk_" in start.window.windowTitle(), "the catalogue")
    start.settle()
    assert start.table.total == 0


def test_a_newer_catalogue_is_for_reading_only(
    start: Desk, sample_target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as newer:
        scripts = scripts_in(tmp_path)
        add_revision(scripts, SHELF_UP, SHELF_DOWN)
        use_scripts(scripts, newer)
        migrations.upgrade(targets.target_url(sample_target))
    start.window.open_target(sample_target)
    start.until(lambda: "904" in start.window.side_bar.text_of("books"), "the catalogue")
    start.settle()
    assert "newer" in start.window.problems.text
    assert not start.is_enabled("import")
    assert not start.is_enabled("new_record")


def test_the_migrations_dialog_goes_down_and_up_while_the_window_waits(
    start: Desk, sample_target: str, one_more: str
) -> None:
    start.window.open_target(sample_target)
    asked_schema(start).go.click()
    start.until(lambda: "904" in start.window.side_bar.text_of("books"), "the catalogue")
    start.settle()
    dialog = start.dialog("migrations", MigrationsDialog)
    start.until(lambda: dialog.report is not None, "the history")
    items = [dialog.history.item(row, 0) for row in range(dialog.history.rowCount())]
    rows = [item.data(Qt.ItemDataRole.UserRole) for item in items if item is not None]
    below = next(one for one in rows if one not in (one_more, "base"))
    dialog.history.setCurrentCell(rows.index(below), 0)
    dialog.downgrade_button.click()
    box = dialog.findChild(QMessageBox, "downgrade_question")
    assert isinstance(box, QMessageBox)
    child(box, QAbstractButton, "downgrade_go").click()
    start.until(lambda: dialog.outcome.isVisible(), "the downgrade")
    question = asked_schema(start)  # this Desk wants the newest
    question.go.click()
    start.until(lambda: start.window.context.catalogue is not None, "the catalogue")
    start.settle()
    assert "904" in start.window.side_bar.text_of("books")


def test_an_upgrade_keeps_what_was_edited_meanwhile_and_comes_back_to_its_database(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.window.open_target(str(tmp_path / "nowhere.desk"))
    desk.until(desk.window.problems.isVisible, "the reason")
    identity = desk.catalogue.info.identity
    dialog = desk.dialog("migrations", MigrationsDialog)
    desk.until(lambda: dialog.report is not None, "the history")
    desk.find("Good Omens")
    desk.type_cell("price", "12.50")
    assert len(desk.edits) == 1
    dialog.about_to_migrate.emit()
    assert desk.window.context.catalogue is None
    index = desk.browser.grid.currentIndex()
    assert not desk.table.flags(index) & Qt.ItemFlag.ItemIsEditable
    dialog.migrated.emit()
    desk.until(lambda: desk.window.context.catalogue is not None, "the catalogue")
    desk.settle()
    assert desk.catalogue.info.identity == identity
    assert "nowhere" not in desk.window.problems.text or not desk.window.problems.isVisible()
    windows = desk.window.windows
    assert windows is not None
    assert windows.open_ones == [desk.window]
    dialog.close()
    desk.commit()
    assert desk.text(0, "price") == "12.50"


def test_what_is_being_typed_stays_with_its_database(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    path = tmp_path / "other.desk"
    create_catalogue(target=str(path))
    let_go = threading.Event()
    real = door.open_profile

    def open_slowly(**arguments: Any) -> OpenCatalogue:
        opened = real(**arguments)
        assert let_go.wait(LONGEST)
        return opened

    monkeypatch.setattr(door, "open_profile", open_slowly, raising=False)
    before = desk.catalogue
    desk.find("Good Omens")
    desk.window.open_target(str(path))
    title = desk.field("title")
    title.setFocus()
    desk.until(title.hasFocus, "the cursor in the form")
    QTest.keyClicks(title, "!")
    let_go.set()
    windows = desk.window.windows
    assert windows is not None
    desk.until(lambda: len(windows.open_ones) == 2, "a window of its own")
    other = Desk(windows.open_ones[1], qtbot)
    other.until(lambda: other.window.is_furnished and other.window.context.catalogue, "its catalogue")
    other.settle()
    assert desk.catalogue is before
    assert len(desk.edits) == 1
    assert not len(other.edits)
    other.window.close()
    desk.edits.roll_back()


def test_a_new_catalogue_is_made_and_opened(start: Desk, tmp_path: Path) -> None:
    path = tmp_path / "mine.desk"
    start.window.files.make_catalogue(str(path))
    start.until(lambda: start.window.windowTitle().startswith("mine.desk"), "the new catalogue")
    start.settle()
    assert start.table.total == 0
    before = path.read_bytes()
    start.window.files.make_catalogue(str(path))
    start.until(start.window.problems.isVisible, "the reason")
    assert "exists already" in start.window.problems.text
    assert path.read_bytes() == before
