"""Opening: what is missing is asked for, what is open stays, and pending edits never meet another catalogue."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QCheckBox, QDialog, QLineEdit, QMessageBox

from desk.database.actions import current_action
from desk.database.profiles import Profile
from desk.errors import EnvironmentProblem
from desk.operations.connect import OpenCatalogue, create_catalogue, open_catalogue
from desk.operations.profiles import SavedProfile, recent_profiles
from desk.settings import folders
from desk.work import door
from tests.support.waiting import LONGEST
from tests.support.window import child

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from desk.window.main_window import MainWindow


class Databases:
    """Stands for all databases: a profile's target → the file that answers for it, and the password it wants."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.wanted: dict[str, str] = {}
        self.opened: list[tuple[Profile, str | None]] = []
        self.saved: list[tuple[Profile, str | None]] = []
        self.broken: set[str] = set()
        self.older: set[str] = set()
        self.closed: list[OpenCatalogue] = []
        self.came_open = 0
        self.let_go = threading.Event()
        """What was opened waits for it; it is set at first."""
        self.let_go.set()

    def open_profile(self, *, profile: Profile, password: str | None = None) -> OpenCatalogue:
        self.opened.append((profile, password))
        if profile.target in self.older:
            raise EnvironmentProblem("The schema is older.", code="older")
        if profile.target in self.broken:
            raise EnvironmentProblem("The connection was refused.", code="down")
        if self.wanted.get(profile.target, password) != password:
            raise EnvironmentProblem("The server refused the password.", code="password")
        catalogue = open_catalogue(target=str(self.file), read_only=profile.read_only)
        self.came_open += 1  # before that a cancel would leave nothing to close
        assert self.let_go.wait(LONGEST)
        return catalogue

    def save_profile(self, *, profile: Profile, password: str | None = None) -> SavedProfile:
        self.saved.append((profile, password))
        return SavedProfile(profile, "")


@pytest.fixture
def databases(sqlite_path: Path, monkeypatch: pytest.MonkeyPatch) -> Databases:
    made = Databases(sqlite_path)
    monkeypatch.setattr(door, "open_profile", made.open_profile, raising=False)
    monkeypatch.setattr(door, "save_profile", made.save_profile, raising=False)
    monkeypatch.setattr(door, "keyring_problem", lambda: "", raising=False)
    close = OpenCatalogue.close

    def note(catalogue: OpenCatalogue) -> None:
        close(catalogue)
        made.closed.append(catalogue)

    monkeypatch.setattr(OpenCatalogue, "close", note)
    return made


@pytest.fixture
def until(qtbot: QtBot) -> Callable[[Callable[[], object]], None]:
    def wait(fact: Callable[[], object]) -> None:
        qtbot.waitUntil(lambda: bool(fact()), timeout=10_000)

    return wait


SERVER = Profile("postgresql://ann@db.example/library", name="Library", id="1", colour="red")


def answer(dialog: QDialog, password: str, *, keep: bool) -> None:
    child(dialog, QLineEdit, "password_field").setText(password)
    child(dialog, QCheckBox, "password_keep").setChecked(keep)
    dialog.accept()


def test_the_title_and_the_band_say_which_database_it_is(window: MainWindow, databases: Databases, until: Any) -> None:
    window.open_target(SERVER)
    until(lambda: window.context.catalogue)
    assert window.windowTitle().startswith("Library – ")
    assert window.band.isVisible()
    assert "production" in window.band.text()
    assert window.side_bar.connection.text() == "Library"
    window.open_target(Profile(str(databases.file)))
    until(lambda: "library.desk" in window.windowTitle())
    assert str(databases.file.parent) in window.windowTitle()
    assert not window.band.isVisible()


def test_a_read_only_profile_says_so_everywhere(window: MainWindow, databases: Databases, until: Any) -> None:
    window.open_target(Profile(str(databases.file), read_only=True))
    until(lambda: window.context.catalogue)
    assert "read-only" in window.windowTitle()
    assert "reading only" in window.problems.text
    assert not window.context.can_edit
    until(lambda: not window.commands["import"].isEnabled())


def test_a_missing_password_is_asked_for_and_kept_when_wished(
    window: MainWindow, databases: Databases, until: Any
) -> None:
    databases.wanted[SERVER.target] = "sesame"
    window.open_target(SERVER)
    until(lambda: window.opening.dialog)
    asked = window.opening.dialog
    assert asked is not None
    asked.password_given.emit("wrong", False)  # type: ignore[attr-defined]
    until(lambda: window.opening.dialog not in (None, asked))
    again = window.opening.dialog
    assert again is not None
    again.password_given.emit("sesame", True)  # type: ignore[attr-defined]
    until(lambda: databases.saved)
    assert [password for _profile, password in databases.opened] == [None, "wrong", "sesame"]
    profile, password = databases.saved[0]
    assert (profile.keeps_password, password) == (True, "sesame")
    assert window.opening.dialog is None
    until(lambda: "keyring" in window.status.currentMessage())


def test_what_is_open_stays_open_when_another_cannot_be(window: MainWindow, databases: Databases, until: Any) -> None:
    window.open_target(Profile(str(databases.file)))
    until(lambda: window.context.catalogue)
    before = window.context.catalogue
    databases.broken.add(SERVER.target)
    window.open_target(SERVER)
    until(window.problems.isVisible)
    assert "refused" in window.problems.text
    assert window.context.catalogue is before
    databases.broken.clear()
    window.problems.retry.click()
    until(lambda: window.context.catalogue is not before)
    assert not window.problems.isVisible()


def test_with_pending_edits_another_database_opens_elsewhere(
    window: MainWindow, databases: Databases, until: Any, qtbot: QtBot
) -> None:
    window.open_target(Profile(str(databases.file)))
    until(lambda: window.context.catalogue)
    window.context.edits.add("books")
    with qtbot.waitSignal(window.elsewhere_wanted) as wish:
        window.open_target(SERVER)
    assert wish.args == [SERVER, None]
    assert len(window.context.edits) == 1
    assert len(databases.opened) == 1


def test_an_unreadable_url_is_told_without_its_password(window: MainWindow) -> None:
    window.open_target("postgresql://ann:sesame@@host/x")
    assert "URL" in window.problems.text
    assert "sesame" not in window.problems.text


def test_dropped_files_open_here_and_in_further_windows(
    window: MainWindow, databases: Databases, until: Any, qtbot: QtBot, tmp_path: Path
) -> None:
    dropped = QMimeData()
    dropped.setUrls([QUrl.fromLocalFile(str(databases.file)), QUrl.fromLocalFile(str(tmp_path / "other.desk"))])
    event = QDropEvent(
        QPointF(5, 5), Qt.DropAction.CopyAction, dropped, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    with qtbot.waitSignal(window.elsewhere_wanted) as wish:
        window.dropEvent(event)
    assert wish.args == [str(tmp_path / "other.desk"), None]
    until(lambda: window.context.catalogue)


def test_a_dropped_table_is_imported(window: MainWindow, databases: Databases, until: Any, tmp_path: Path) -> None:
    window.open_target(Profile(str(databases.file)))
    until(lambda: window.context.catalogue)
    table = tmp_path / "books.csv"
    table.write_text("title\nOrlando\n", encoding="utf-8")
    window.files.open_files([table])
    dialog = window.files.dialog("import")
    assert dialog is not None
    assert dialog.isVisible()
    until(lambda: not window.context.runner.running)
    dialog.close()
    until(lambda: window.files.dialog("import") is None)


def test_the_recent_menu_opens_what_was_open(window: MainWindow, databases: Databases, until: Any) -> None:
    window.files._show_recent((SERVER, Profile(str(databases.file))))
    texts = [action.text() for action in window.files.recent.actions()]
    assert "Library" in texts[0]
    assert "library.desk" in texts[1]
    window.files.recent.actions()[0].trigger()
    until(lambda: window.context.catalogue)
    assert databases.opened[0][0] == SERVER
    until(lambda: not any("library.desk" in one.text() for one in window.files.recent.actions()))  # it was noted
    window.files.recent.actions()[-1].trigger()
    until(lambda: "Nothing" in window.files.recent.actions()[0].text())


def test_the_connection_dialog_comes_from_menu_and_side_bar(window: MainWindow, until: Any) -> None:
    child(window, type(window.side_bar.connection), "connection").click()
    dialog = window.files.dialog("open")
    assert dialog is not None
    assert not dialog.isModal()
    window.commands["open"].trigger()
    assert window.files.dialog("open") is dialog
    until(lambda: not window.context.runner.running)
    dialog.close()
    assert window.files.dialog("open") is None


# What was asked for before


def test_what_was_edited_while_another_database_opened_stays_here(
    window: MainWindow, databases: Databases, until: Any, qtbot: QtBot
) -> None:
    window.open_target(Profile(str(databases.file)))
    until(lambda: window.context.catalogue)
    before = window.context.catalogue
    databases.let_go.clear()
    window.open_target(SERVER)  # a copy: it has the identity of the one that is open
    window.context.edits.add("books")
    with qtbot.waitSignal(window.elsewhere_wanted) as wish:
        databases.let_go.set()
    assert wish.args == [SERVER, None]
    assert window.context.catalogue is before
    assert len(window.context.edits) == 1


def test_a_password_is_kept_for_the_profile_that_it_opens_only(
    window: MainWindow, databases: Databases, until: Any
) -> None:
    databases.wanted[SERVER.target] = "sesame"
    window.open_target(SERVER)
    until(lambda: window.opening.dialog)
    databases.broken.add(SERVER.target)
    asked = window.opening.dialog
    assert asked is not None
    answer(asked, "sesame", keep=True)
    until(lambda: window.problems.isVisible() and not window.context.runner.running)
    window.open_target(Profile(str(databases.file)))
    until(lambda: window.context.catalogue and not window.context.runner.running)
    assert databases.saved == []


def test_a_catalogue_that_comes_too_late_is_closed(window: MainWindow, databases: Databases, until: Any) -> None:
    databases.let_go.clear()
    window.open_target(SERVER)
    until(lambda: databases.came_open == 1)
    window.open_target(Profile(str(databases.file)))
    until(lambda: databases.came_open == 2)
    databases.let_go.set()
    until(lambda: window.context.catalogue and not window.context.runner.running)
    until(lambda: len(databases.closed) == 1)
    assert window.context.catalogue not in databases.closed


@pytest.mark.parametrize("step", ["plan_upgrade", "keyring_problem"])
def test_cancelling_what_opening_needs_to_know_is_no_bug(
    window: MainWindow, databases: Databases, until: Any, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    began = threading.Event()

    def wait(**_arguments: object) -> None:
        began.set()
        action = current_action()
        assert action is not None
        while True:
            action.check()

    monkeypatch.setattr(door, step, wait, raising=False)
    databases.wanted[SERVER.target] = "sesame"
    if step == "plan_upgrade":
        databases.older.add(SERVER.target)
    window.open_target(SERVER)
    until(began.is_set)
    window.context.runner.cancel_all()
    until(lambda: not window.context.runner.running)
    assert "cancelled" in window.status.currentMessage()
    assert "inside Desk" not in window.problems.text


def test_trying_again_makes_no_sample_anew_that_was_made_already(
    window: MainWindow, databases: Databases, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def open_sample(*, anew: bool = False) -> OpenCatalogue:
        asked.append(anew)
        return open_catalogue(target=str(databases.file))

    monkeypatch.setattr(door, "open_sample", open_sample, raising=False)
    window.make_sample_anew()
    until(lambda: window.context.catalogue and not window.context.runner.running)
    window.opening.again()
    until(lambda: len(asked) == 2)
    assert asked == [True, False]


def test_restoring_the_sample_takes_no_edits_of_another_catalogue(
    window: MainWindow, databases: Databases, until: Any
) -> None:
    window.open_target(Profile(str(databases.file)))
    until(lambda: window.context.catalogue)
    window.context.edits.add("books")
    window.commands["restore_sample"].trigger()
    assert window.findChild(QMessageBox, "restore_question") is None
    assert "not of the sample" in window.status.currentMessage()
    assert len(window.context.edits) == 1


def test_the_sample_is_no_recent_database(window: MainWindow, until: Any, sqlite_path: Path) -> None:
    path = folders().sample_catalogue
    path.parent.mkdir(parents=True)
    shutil.copy(sqlite_path, path)
    for target in (None, str(path), str(sqlite_path)):
        before = window.context.catalogue
        window.open_target(target)
        until(lambda before=before: window.context.catalogue is not before)
        until(lambda: window.browser.is_loaded and not window.context.runner.running)
    until(lambda: [one.target for one in recent_profiles()] == [str(sqlite_path)])


def test_what_trying_again_cannot_mend_offers_no_retry(window: MainWindow, until: Any, sqlite_path: Path) -> None:
    window.open_target("postgresql://ann:sesame@@host/x")
    assert window.problems.isVisible()
    assert not window.problems.retry.isVisible()
    window.problems.hide()
    window.files.make_catalogue(str(sqlite_path))
    until(window.problems.isVisible)
    assert "exists already" in window.problems.text
    assert not window.problems.retry.isVisible()


def test_a_home_of_nobody_is_told(window: MainWindow) -> None:
    window.open_target("~nobody.of.that.name/library.desk")
    assert "home folder" in window.problems.text


# How it looks


def test_names_are_shown_as_they_are(window: MainWindow, databases: Databases, until: Any) -> None:
    window.open_target(replace(SERVER, name="R&D <b>x</b>"))
    until(lambda: window.context.catalogue)
    assert window.side_bar.connection.text() == "R&&D <b>x</b>"  # a button takes one & for itself
    assert window.band.textFormat() is Qt.TextFormat.PlainText


def test_another_catalogue_is_not_searched_for_what_was_sought_before(
    window: MainWindow, databases: Databases, until: Any, tmp_path: Path
) -> None:
    window.open_target(Profile(str(databases.file)))
    until(lambda: window.context.catalogue)
    window.browser.search.setText("orlando")
    window.browser.search.returnPressed.emit()
    until(lambda: window.browser.criteria.search == "orlando" and window.browser.is_loaded)
    databases.file = tmp_path / "other.desk"
    create_catalogue(target=str(databases.file))
    window.open_target(Profile(str(databases.file)))
    until(lambda: "other.desk" in window.windowTitle() and window.browser.is_loaded)
    assert (window.browser.criteria.search, window.browser.search.text()) == ("", "")


def test_a_dropped_file_is_never_moved(window: MainWindow, databases: Databases, until: Any) -> None:
    dropped = QMimeData()
    dropped.setUrls([QUrl.fromLocalFile(str(databases.file))])
    either = Qt.DropAction.MoveAction | Qt.DropAction.CopyAction
    event = QDropEvent(QPointF(5, 5), either, dropped, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier)
    assert event.proposedAction() is Qt.DropAction.MoveAction
    window.dropEvent(event)
    assert event.isAccepted()
    assert event.dropAction() is Qt.DropAction.CopyAction
    until(lambda: window.context.catalogue)


# Dialogs at work


class AtWork(QDialog):
    """A dialog that is at work until it is told to stop: closing it stops its work."""

    is_working = True

    def reject(self) -> None:
        if self.is_working:
            self.is_working = False
        else:
            super().reject()


@pytest.fixture
def at_work(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> AtWork:
    made = AtWork(window)
    monkeypatch.setitem(window.files._dialogs, "export", made)
    made.show()
    return made


def test_wanting_a_dialog_again_does_not_stop_its_work(window: MainWindow, at_work: AtWork) -> None:
    window.files.export()
    assert at_work.is_working
    assert at_work.isVisible()


def test_opening_another_database_does_not_stop_a_dialog_at_work(
    window: MainWindow, databases: Databases, until: Any, at_work: AtWork
) -> None:
    window.open_target(Profile(str(databases.file)))
    until(lambda: window.context.catalogue)
    assert at_work.is_working


def test_a_window_stays_while_a_dialog_of_it_works(window: MainWindow, at_work: AtWork) -> None:
    assert not window.close()
    assert window.isVisible()
    assert at_work.is_working
    assert "running" in window.status.currentMessage()
    at_work.is_working = False
    assert window.close()
    assert not at_work.isVisible()
