"""The connection dialog: what is kept is listed and loses nothing, tests say what is wrong, and Enter opens."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QFileDialog, QLabel, QWidget

from desk.database.profiles import PoolSettings, Profile
from desk.dialogs.connection.connect import ConnectDialog
from desk.operations.profiles import load_profiles, note_opened, profiles_folder, save_profile
from desk.operations.trying import Trial
from desk.tables.look import DARK, LIGHT, use_look
from desk.work import door
from desk.work.runner import Runner
from tests.dialogs.connection.test_connection_form import pasted, typed
from tests.support.told import SENTINEL
from tests.support.window import child, drop_deleted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from desk.dialogs.connection.profile_rows import Row

SERVER = "postgresql://me@db.example/books?sslmode=verify-full"
PATIENCE_MS = 10_000


@dataclass
class FarServer:
    """A server in the place of `try_connection`: answers by the password it wants, or not before it is let."""

    wants: str = ""
    answers: threading.Event = field(default_factory=threading.Event)
    asked: list[tuple[Profile, str | None]] = field(default_factory=list)

    def try_connection(self, *, profile: Profile, password: str | None = None) -> Trial:
        self.asked.append((profile, password))
        assert self.answers.wait(20), "the test forgot to let the server answer"
        if (password or "") == self.wants:
            return Trial(True, (("Server", "PostgreSQL 15"), ("Link", "TLS 1.3")))
        return Trial(False, (("Server", "PostgreSQL 15"),), "The password was refused.", "password")


class Keyring:
    """A keyring that works; the system's is not asked in tests."""

    problem = ""


@pytest.fixture(autouse=True)
def keyring(monkeypatch: pytest.MonkeyPatch) -> Keyring:
    made = Keyring()
    monkeypatch.setattr(door, "keyring_problem", lambda: made.problem)
    return made


@pytest.fixture
def far_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FarServer]:
    server = FarServer()
    monkeypatch.setattr(door, "try_connection", server.try_connection)
    yield server
    server.answers.set()


@pytest.fixture
def runner(application: object) -> Iterator[Runner]:
    made = Runner()
    yield made
    assert made.close()


@pytest.fixture
def opened(runner: Runner, qtbot: QtBot) -> Iterator[Callable[..., ConnectDialog]]:
    """`opened(chosen=...)` shows the dialog and waits until it has loaded."""
    made: list[ConnectDialog] = []

    def open_dialog(**arguments: Any) -> ConnectDialog:
        dialog = ConnectDialog(runner, **arguments)
        made.append(dialog)
        dialog.show()
        qtbot.waitUntil(lambda: not runner.running and dialog.list.row is not None, timeout=PATIENCE_MS)
        return dialog

    yield open_dialog
    for dialog in made:
        dialog.deleteLater()
    drop_deleted()


def keep(*profiles: Profile) -> tuple[Profile, ...]:
    return tuple(save_profile(profile=profile).profile for profile in profiles)


def titles(dialog: ConnectDialog) -> list[str]:
    return [row.title for row in dialog.list.rows]


def row_of(dialog: ConnectDialog, title: str) -> Row:
    return next(row for row in dialog.list.rows if row.title == title)


def click(dialog: QWidget, name: str) -> None:
    button = child(dialog, QAbstractButton, name)
    assert button.isEnabled(), f"{name} is disabled"
    button.click()


def settled(dialog: ConnectDialog, runner: Runner, bot: QtBot) -> None:
    bot.waitUntil(lambda: not runner.running, timeout=PATIENCE_MS)


def facts_of(dialog: ConnectDialog) -> list[list[str]]:
    """The facts that a test shows."""
    facts = dialog.trial.facts
    items = [[facts.item(row, column) for column in (0, 1)] for row in range(facts.rowCount())]
    return [[item.text() if item else "" for item in line] for line in items]


def is_testing(dialog: ConnectDialog) -> bool:
    return dialog.trial.is_running


def choose_file(dialog: QWidget, path: Path) -> None:
    """Chooses a file in the file dialog that is open."""
    asked = child(dialog, QFileDialog, "file_dialog")
    asked.fileSelected.emit(str(path))
    asked.close()


# The list


def test_the_last_opened_connection_is_on_top_and_in_front(opened: Callable[..., ConnectDialog]) -> None:
    first, second = keep(Profile("/data/first.desk", name="First"), Profile(SERVER, name="Second", colour="red"))
    note_opened(profile=first)
    note_opened(profile=second)
    note_opened(profile=Profile("/data/loose.desk"))
    dialog = opened()
    assert titles(dialog) == ["Second", "First", "loose.desk"]
    assert dialog.form.entry.profile == second
    assert row_of(dialog, "Second").told == "Second, server, me@db.example:5432/books, Red – production"


def test_the_wanted_connection_is_in_front(opened: Callable[..., ConnectDialog]) -> None:
    first, _second = keep(Profile("/data/first.desk", name="First"), Profile(SERVER, name="Second"))
    assert opened(chosen=first).form.entry.profile == first
    strange = Profile("/data/strange.desk", read_only=True)
    dialog = opened(chosen=strange)
    assert titles(dialog)[0] == "strange.desk"
    assert dialog.form.entry.profile == strange


def test_without_connections_it_says_what_to_do(opened: Callable[..., ConnectDialog]) -> None:
    dialog = opened()
    hint = child(dialog, QLabel, "profiles_hint")
    assert hint.isVisible()
    assert "No connections kept yet" in hint.text()
    assert titles(dialog) == ["New connection"]
    assert dialog.form.file.path_field.line.isEnabled()


def test_a_damaged_file_is_listed_with_its_reason_and_left_alone(opened: Callable[..., ConnectDialog]) -> None:
    keep(Profile(SERVER, name="Library"))
    path = profiles_folder() / "broken.toml"
    path.write_text("target = \n", encoding="utf-8")
    dialog = opened()
    assert titles(dialog) == ["Library", "broken.toml"]
    row = row_of(dialog, "broken.toml")
    assert "TOML" in row.place
    dialog.list.choose(row)
    assert child(dialog, QLabel, "damaged_reason").text() == row.place
    assert child(dialog, QWidget, "damaged_path").text() == str(path)  # type: ignore[attr-defined]
    for name in ("connect_open", "connect_open_window", "connect_save", "profile_delete"):
        assert not child(dialog, QAbstractButton, name).isEnabled(), name
    assert path.read_text(encoding="utf-8") == "target = \n"
    dialog.list.choose(row_of(dialog, "Library"))
    assert dialog.form.isVisible()


def test_many_connections_can_be_found(opened: Callable[..., ConnectDialog]) -> None:
    keep(*(Profile(f"/data/{number}.desk", name=f"Number {number}") for number in range(9)))
    dialog = opened()
    typed(dialog.list.filter, "number 7")
    assert [not dialog.list.items.item(place).isHidden() for place in range(9)].count(True) == 1


# Keyboard


def test_enter_opens_the_connection_in_front(opened: Callable[..., ConnectDialog], qtbot: QtBot) -> None:
    _first, second = keep(Profile("/data/first.desk", name="First"), Profile(SERVER, name="Second"))
    dialog = opened()
    assert dialog.focusWidget() is dialog.list.items
    QTest.keyClick(dialog.list.items, Qt.Key.Key_Down)
    with qtbot.waitSignal(dialog.open_wanted) as wanted:
        QTest.keyClick(dialog.list.items, Qt.Key.Key_Return)
    assert wanted.args == [second, None, False]
    assert not dialog.isVisible()


def test_a_url_and_enter_are_enough(opened: Callable[..., ConnectDialog], qtbot: QtBot) -> None:
    dialog = opened()
    typed(dialog.form.line, f"postgresql://me:{SENTINEL}@db.example/books")
    with qtbot.waitSignal(dialog.open_wanted) as wanted:
        QTest.keyClick(dialog.form.line, Qt.Key.Key_Return)
    assert wanted.args == [Profile(SERVER), SENTINEL, False]


def test_opening_in_a_new_window_says_so(opened: Callable[..., ConnectDialog], qtbot: QtBot) -> None:
    (kept,) = keep(Profile(SERVER, name="Library"))
    dialog = opened()
    with qtbot.waitSignal(dialog.open_wanted) as wanted:
        click(dialog, "connect_open_window")
    assert wanted.args == [kept, None, True]


def test_what_cannot_be_read_is_not_opened(opened: Callable[..., ConnectDialog], qtbot: QtBot) -> None:
    keep(Profile(SERVER, name="Library"))
    dialog = opened()
    pasted(dialog.form.line, "mysql://db.example/books")
    with qtbot.assertNotEmitted(dialog.open_wanted):
        for name in ("connect_open", "connect_save", "trial_test"):
            click(dialog, name)
    assert "mysql" in dialog.message
    QTest.keyClick(dialog.form.line, Qt.Key.Key_Escape)
    assert dialog.form.line.text() == SERVER
    assert dialog.isVisible()


def test_tab_reaches_every_control_of_the_page_in_front(opened: Callable[..., ConnectDialog]) -> None:
    keep(Profile(SERVER, name="Library"))
    dialog = opened()
    reached = []
    widget: QWidget | None = dialog.list.items
    for _step in range(200):
        assert widget is not None
        reached.append(widget.objectName())
        widget = widget.nextInFocusChain()
        if widget is dialog.list.items:
            break
    for name in ("profile_new", "connection_name", "connection_url", "server_host", "server_password",
                 "server_password_show", "server_sslmode", "trial_test", "connect_save", "connect_open"):  # fmt: skip
        assert name in reached, name
    order = [
        reached.index(name) for name in ("profiles", "connection_name", "server_host", "trial_test", "connect_open")
    ]
    assert order == sorted(order)


# Testing


def test_a_test_that_succeeds_shows_its_facts(
    opened: Callable[..., ConnectDialog], far_server: FarServer, qtbot: QtBot
) -> None:
    keep(Profile(SERVER, name="Library"))
    dialog = opened()
    far_server.answers.set()
    with qtbot.waitSignal(dialog.trial.trial_ended):
        click(dialog, "trial_test")
    assert dialog.trial.told == "The connection works."
    assert facts_of(dialog) == [["Server", "PostgreSQL 15"], ["Link", "TLS 1.3"]]
    assert far_server.asked[0][0].target == SERVER


def test_a_catalogue_is_really_tested(opened: Callable[..., ConnectDialog], database_target: str, qtbot: QtBot) -> None:
    dialog = opened()
    pasted(dialog.form.line, database_target)
    with qtbot.waitSignal(dialog.trial.trial_ended, timeout=PATIENCE_MS):
        click(dialog, "trial_test")
    assert dialog.trial.told == "The connection works."
    assert any("a catalogue of this Desk" in text for _title, text in facts_of(dialog))


@pytest.mark.parametrize(
    ("line", "reason"),
    [("/nowhere/library.desk", "There is no folder /nowhere"), ("postgresql://127.0.0.1:9/books", "127.0.0.1:9")],
)
def test_what_is_wrong_is_named(opened: Callable[..., ConnectDialog], line: str, reason: str, qtbot: QtBot) -> None:
    dialog = opened()
    pasted(dialog.form.line, line)
    with qtbot.waitSignal(dialog.trial.trial_ended, timeout=PATIENCE_MS):
        click(dialog, "trial_test")
    assert reason in dialog.trial.told


def test_a_test_that_fails_says_what_is_wrong_and_a_change_clears_it(
    opened: Callable[..., ConnectDialog], far_server: FarServer, qtbot: QtBot
) -> None:
    keep(Profile(SERVER, name="Library"))
    dialog = opened()
    far_server.wants = SENTINEL
    far_server.answers.set()
    with qtbot.waitSignal(dialog.trial.trial_ended):
        click(dialog, "trial_test")
    assert dialog.trial.told == "The password was refused."
    assert facts_of(dialog) == [["Server", "PostgreSQL 15"]]  # what was found up to the problem
    typed(dialog.form.server.password.line, SENTINEL)
    assert dialog.trial.told == ""
    assert facts_of(dialog) == []
    with qtbot.waitSignal(dialog.trial.trial_ended):
        click(dialog, "trial_test")
    assert dialog.trial.told == "The connection works."
    assert far_server.asked[-1] == (far_server.asked[0][0], SENTINEL)


def test_a_test_is_cancelled_at_once_and_its_late_answer_is_dropped(
    opened: Callable[..., ConnectDialog], far_server: FarServer, runner: Runner, qtbot: QtBot
) -> None:
    keep(Profile(SERVER, name="Library"))
    dialog = opened()
    click(dialog, "trial_test")
    assert is_testing(dialog)
    assert child(dialog, QWidget, "trial_progress").isVisible()
    qtbot.waitUntil(lambda: bool(far_server.asked), timeout=PATIENCE_MS)
    click(dialog, "trial_cancel")
    assert not is_testing(dialog)
    assert "cancelled" in dialog.trial.told
    far_server.answers.set()
    ended: list[str] = []
    runner.submit("Whatever comes after it", str, done=ended.append, arguments={})
    qtbot.waitUntil(lambda: bool(ended), timeout=PATIENCE_MS)
    assert "cancelled" in dialog.trial.told
    assert child(dialog, QAbstractButton, "trial_test").isEnabled()


def test_escape_cancels_the_test_before_it_closes_the_dialog(
    opened: Callable[..., ConnectDialog], far_server: FarServer
) -> None:
    keep(Profile(SERVER, name="Library"))
    dialog = opened()
    click(dialog, "trial_test")
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not is_testing(dialog)
    assert dialog.isVisible()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


# Keeping


def test_a_new_connection_is_kept_without_its_password(
    opened: Callable[..., ConnectDialog], runner: Runner, qtbot: QtBot, desk_home: Path
) -> None:
    dialog = opened()
    pasted(dialog.form.line, f"postgresql://me:{SENTINEL}@db.example/books")
    typed(dialog.form.name, "Library")
    click(dialog, "connect_save")
    settled(dialog, runner, qtbot)
    (kept,) = load_profiles().profiles
    assert (kept.name, kept.target) == ("Library", SERVER)
    assert dialog.form.entry.profile == kept
    assert "is saved" in dialog.message
    assert not row_of(dialog, "Library").is_unsaved
    texts = [path.read_text(encoding="utf-8") for path in desk_home.rglob("*") if path.is_file()]
    assert texts
    assert not any(SENTINEL in text for text in texts)


def test_changes_of_a_connection_take_its_place(
    opened: Callable[..., ConnectDialog], runner: Runner, qtbot: QtBot
) -> None:
    (kept,) = keep(Profile(SERVER, name="Library"))
    dialog = opened()
    typed(dialog.form.name, "Other")
    dialog.form.pool.editors["size"].setValue(7)  # type: ignore[union-attr]
    assert row_of(dialog, "Other").is_unsaved
    click(dialog, "connect_save")
    settled(dialog, runner, qtbot)
    assert load_profiles().profiles == (replace(kept, name="Other", pool=PoolSettings(size=7)),)


def test_what_is_typed_while_it_is_saved_stays_typed(
    opened: Callable[..., ConnectDialog], runner: Runner, qtbot: QtBot
) -> None:
    dialog = opened()
    pasted(dialog.form.line, SERVER)
    typed(dialog.form.name, "Library")
    click(dialog, "connect_save")
    typed(dialog.form.name, "Library of the town")
    click(dialog, "connect_save")  # while the first is under way: nothing
    settled(dialog, runner, qtbot)
    assert [profile.name for profile in load_profiles().profiles] == ["Library"]
    assert dialog.form.name.text() == "Library of the town"
    assert row_of(dialog, "Library of the town").is_unsaved
    click(dialog, "connect_save")
    settled(dialog, runner, qtbot)
    assert [profile.name for profile in load_profiles().profiles] == ["Library of the town"]


def test_why_a_password_was_not_kept_is_told(
    opened: Callable[..., ConnectDialog], runner: Runner, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save(*, profile: Profile, password: str | None = None) -> Any:
        assert password == SENTINEL
        saved = save_profile(profile=replace(profile, keeps_password=False))
        return replace(saved, note="The keyring is locked.")

    monkeypatch.setattr(door, "save_profile", save)
    dialog = opened()
    pasted(dialog.form.line, f"postgresql://me:{SENTINEL}@db.example/books")
    click(dialog.form.server, "server_keep_password")
    click(dialog, "connect_save")
    settled(dialog, runner, qtbot)
    assert dialog.message == "The keyring is locked."
    assert not dialog.form.server.keep.isChecked()
    click(dialog.form.server, "server_keep_password")
    dialog.close()
    click(dialog, "unsaved_save")
    settled(dialog, runner, qtbot)
    assert dialog.isVisible(), "it closed before anyone could read why"
    assert dialog.message == "The keyring is locked."


def test_a_connection_that_cannot_be_saved_stays_as_typed(
    opened: Callable[..., ConnectDialog], runner: Runner, qtbot: QtBot, desk_home: Path
) -> None:
    dialog = opened()
    desk_home.mkdir(exist_ok=True)
    (desk_home / "config").write_text("a file where the folder should be", encoding="utf-8")
    pasted(dialog.form.line, SERVER)
    click(dialog, "connect_save")
    settled(dialog, runner, qtbot)
    assert "cannot" in dialog.message
    assert dialog.form.line.text() == SERVER
    assert dialog.list.row is not None
    assert dialog.list.row.is_unsaved


def test_a_duplicate_is_a_connection_of_its_own(
    opened: Callable[..., ConnectDialog], runner: Runner, qtbot: QtBot
) -> None:
    keep(Profile(SERVER, name="Library", colour="red"))
    dialog = opened()
    click(dialog, "profile_duplicate")
    assert dialog.form.name.text() == "Library (copy)"
    click(dialog, "connect_save")
    settled(dialog, runner, qtbot)
    kept = load_profiles().profiles
    assert sorted(profile.name for profile in kept) == ["Library", "Library (copy)"]
    assert {profile.colour for profile in kept} == {"red"}


def test_a_connection_is_deleted_after_asking(
    opened: Callable[..., ConnectDialog], runner: Runner, qtbot: QtBot
) -> None:
    keep(Profile(SERVER, name="Library"), Profile("/data/other.desk", name="Other"))
    dialog = opened()
    QTest.keyClick(dialog.list.items, Qt.Key.Key_Delete)
    assert "“Library”" in dialog.question.text
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.question.text == ""
    settled(dialog, runner, qtbot)
    assert len(load_profiles().profiles) == 2
    click(dialog, "profile_delete")
    click(dialog, "delete_yes")
    settled(dialog, runner, qtbot)
    assert titles(dialog) == ["Other"]
    assert [profile.name for profile in load_profiles().profiles] == ["Other"]
    assert dialog.form.name.text() == "Other"


# Nothing typed is lost


def test_what_is_typed_is_there_again_when_one_comes_back(opened: Callable[..., ConnectDialog]) -> None:
    keep(Profile(SERVER, name="Library"), Profile("/data/other.desk", name="Other"))
    dialog = opened()
    typed(dialog.form.server.texts["user"], "you")
    typed(dialog.form.server.password.line, SENTINEL)
    pasted(dialog.form.line, "mysql://db.example/books")
    dialog.list.choose(row_of(dialog, "Other"))
    assert dialog.form.file.path == "/data/other.desk"
    assert dialog.form.line_problem == ""
    dialog.list.choose(row_of(dialog, "Library"))
    assert dialog.form.server.texts["user"].text() == "you"
    assert dialog.form.server.password.line.text() == SENTINEL
    assert dialog.form.line.text() == "mysql://db.example/books"
    assert "mysql" in dialog.form.line_problem


def test_an_untouched_new_connection_leaves_no_trace(opened: Callable[..., ConnectDialog]) -> None:
    keep(Profile(SERVER, name="Library"))
    dialog = opened()
    click(dialog, "profile_new")
    assert titles(dialog) == ["New connection", "Library"]
    dialog.list.choose(row_of(dialog, "Library"))
    assert titles(dialog) == ["Library"]


def test_closing_asks_about_what_is_not_saved(
    opened: Callable[..., ConnectDialog], runner: Runner, qtbot: QtBot
) -> None:
    keep(Profile(SERVER, name="Library"), Profile("/data/other.desk", name="Other"))
    dialog = opened()
    typed(dialog.form.name, "Town library")
    dialog.list.choose(row_of(dialog, "Other"))
    typed(dialog.form.name, "Another")
    dialog.close()
    assert dialog.isVisible()
    assert dialog.question.text == "2 connections are not saved."
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    settled(dialog, runner, qtbot)
    assert dialog.isVisible()
    assert sorted(profile.name for profile in load_profiles().profiles) == ["Library", "Other"]
    click(dialog, "connect_close")
    click(dialog, "unsaved_save")
    settled(dialog, runner, qtbot)
    assert not dialog.isVisible()
    assert sorted(profile.name for profile in load_profiles().profiles) == ["Another", "Town library"]


def test_closing_without_saving_is_said_and_done(opened: Callable[..., ConnectDialog]) -> None:
    keep(Profile(SERVER, name="Library"))
    dialog = opened()
    typed(dialog.form.name, "Town library")
    dialog.close()
    click(dialog, "unsaved_drop")
    assert not dialog.isVisible()
    assert [profile.name for profile in load_profiles().profiles] == ["Library"]


def test_opening_a_changed_connection_asks_first(
    opened: Callable[..., ConnectDialog], runner: Runner, qtbot: QtBot
) -> None:
    (kept,) = keep(Profile(SERVER, name="Library"))
    dialog = opened()
    typed(dialog.form.name, "Town library")
    with qtbot.assertNotEmitted(dialog.open_wanted):
        click(dialog, "connect_open")
    with qtbot.waitSignal(dialog.open_wanted) as wanted:
        click(dialog, "unsaved_save")
    assert wanted.args == [replace(kept, name="Town library"), None, False]


def test_a_password_typed_for_once_is_no_change(opened: Callable[..., ConnectDialog], qtbot: QtBot) -> None:
    (kept,) = keep(Profile(SERVER, name="Library"))
    dialog = opened()
    typed(dialog.form.server.password.line, SENTINEL)
    assert not row_of(dialog, "Library").is_unsaved
    with qtbot.waitSignal(dialog.open_wanted) as wanted:
        click(dialog, "connect_open")
    assert wanted.args == [kept, SENTINEL, False]


# Import, export, new files


def test_connections_go_out_and_come_in_again(
    opened: Callable[..., ConnectDialog], runner: Runner, qtbot: QtBot, tmp_path: Path
) -> None:
    keep(Profile(SERVER, name="Library", colour="red"), Profile("/data/other.desk", name="Other"))
    dialog = opened()
    path = tmp_path / "connections.toml"
    click(dialog, "profile_export")
    choose_file(dialog, path)
    settled(dialog, runner, qtbot)
    assert dialog.message == f"2 connections were written to {path}, without passwords."
    dialog.list.choose(row_of(dialog, "Other"))
    typed(dialog.form.name, "Half-typed")
    click(dialog, "profile_import")
    choose_file(dialog, path)
    qtbot.waitUntil(lambda: len(titles(dialog)) == 4, timeout=PATIENCE_MS)
    assert dialog.message == "2 connections were imported."
    assert sorted(titles(dialog)) == ["Half-typed", "Library", "Library (2)", "Other (2)"]
    assert dialog.form.name.text() == "Half-typed"
    assert row_of(dialog, "Half-typed").is_unsaved


def test_an_import_that_fails_says_why_and_keeps_what_is_typed(
    opened: Callable[..., ConnectDialog], runner: Runner, qtbot: QtBot, tmp_path: Path
) -> None:
    keep(Profile(SERVER, name="Library"))
    dialog = opened()
    typed(dialog.form.name, "Town library")
    path = tmp_path / "connections.toml"
    path.write_text("nothing = 1\n", encoding="utf-8")
    click(dialog, "profile_import")
    choose_file(dialog, path)
    settled(dialog, runner, qtbot)
    assert "no connections" in dialog.message
    assert titles(dialog) == ["Town library"]


def test_a_new_catalogue_is_made_where_there_is_none(
    opened: Callable[..., ConnectDialog], runner: Runner, qtbot: QtBot, tmp_path: Path
) -> None:
    dialog = opened()
    path = tmp_path / "fresh.desk"
    typed(dialog.form.file.path_field.line, str(path))
    state = child(dialog, QLabel, "file_state")
    qtbot.waitUntil(lambda: "no file here yet" in state.text(), timeout=PATIENCE_MS)
    click(dialog, "file_create")
    qtbot.waitUntil(lambda: "created" in dialog.message, timeout=PATIENCE_MS)
    assert path.exists()
    assert dialog.focusWidget() is child(dialog, QAbstractButton, "connect_open")
    assert state.text() == ""


def test_a_new_catalogue_takes_the_place_of_no_file(
    opened: Callable[..., ConnectDialog], runner: Runner, qtbot: QtBot, tmp_path: Path
) -> None:
    dialog = opened()
    path = tmp_path / "notes.desk"
    path.write_text("not a database", encoding="utf-8")
    click(dialog, "file_create")
    choose_file(dialog, path)
    qtbot.waitUntil(lambda: "exists already" in dialog.message, timeout=PATIENCE_MS)
    assert path.read_text(encoding="utf-8") == "not a database"


def test_a_folder_that_is_missing_is_told(opened: Callable[..., ConnectDialog], qtbot: QtBot, tmp_path: Path) -> None:
    dialog = opened()
    typed(dialog.form.file.path_field.line, str(tmp_path / "nowhere" / "library.desk"))
    state = child(dialog, QLabel, "file_state")
    qtbot.waitUntil(lambda: "no such folder" in state.text(), timeout=PATIENCE_MS)


# How it is made


def test_it_asks_nothing_on_the_interfaces_thread(
    opened: Callable[..., ConnectDialog], runner: Runner, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def watched(name: str, operation: Callable[..., Any]) -> Callable[..., Any]:
        def run(**arguments: Any) -> Any:
            asked.append(name)
            assert threading.current_thread() is not threading.main_thread(), name
            return operation(**arguments)

        return run

    for name in ("load_profiles", "recent_profiles", "keyring_problem", "save_profile", "delete_profile"):
        monkeypatch.setattr(door, name, watched(name, getattr(door, name)))
    dialog = opened()
    pasted(dialog.form.line, SERVER)
    click(dialog, "connect_save")
    settled(dialog, runner, qtbot)
    click(dialog, "profile_delete")
    click(dialog, "delete_yes")
    settled(dialog, runner, qtbot)
    assert set(asked) == {"load_profiles", "recent_profiles", "keyring_problem", "save_profile", "delete_profile"}


def test_a_dialog_that_is_gone_hears_of_nothing(
    runner: Runner, far_server: FarServer, qtbot: QtBot, application: object
) -> None:
    dialog = ConnectDialog(runner)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.show()
    dialog.close()
    drop_deleted()
    qtbot.waitUntil(lambda: not runner.running, timeout=PATIENCE_MS)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_it_fits_a_small_window(opened: Callable[..., ConnectDialog], colours: Any) -> None:
    keep(Profile(SERVER, name="Library", colour="red"))
    use_look(colours)
    try:
        dialog = opened()
        assert dialog.minimumSizeHint().width() <= 1024
        assert dialog.minimumSizeHint().height() <= 600
        dialog.resize(1000, 600)
        assert not dialog.grab().isNull()
    finally:
        use_look(LIGHT)


def test_no_text_of_a_widget_holds_the_password(opened: Callable[..., ConnectDialog]) -> None:
    dialog = opened()
    pasted(dialog.form.line, f"postgresql://me:{SENTINEL}@db.example/books")
    password = dialog.form.server.password.line
    for widget in dialog.findChildren(QWidget):
        texts = [widget.objectName(), widget.toolTip(), widget.accessibleName(), widget.accessibleDescription()]
        text = getattr(widget, "text", "")
        if widget is not password:
            texts.append(str(text() if callable(text) else text))
        assert not any(SENTINEL in text for text in texts), widget
    assert password.text() == SENTINEL
    assert SENTINEL not in password.displayText()


def test_every_control_has_names(opened: Callable[..., ConnectDialog]) -> None:
    from tests.window.test_accessibility import anonymous, nameless

    keep(Profile(SERVER, name="Library"))
    dialog = opened()
    typed(dialog.form.name, "Town library")
    dialog.close()
    assert dialog.question.text
    assert nameless(dialog) == []
    assert anonymous(dialog) == []
