"""Opening: what is missing is asked for, what is open stays, and pending edits never meet another catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QLineEdit

from desk.database.profiles import Profile
from desk.errors import EnvironmentProblem
from desk.operations.connect import open_catalogue
from desk.operations.profiles import SavedProfile
from desk.work import door
from tests.support.window import child

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PySide6.QtWidgets import QWidget
    from pytestqt.qtbot import QtBot

    from desk.operations.connect import OpenCatalogue
    from desk.window.main_window import MainWindow


class Databases:
    """Stands for all databases: a profile's target → the file that answers for it, and the password it wants."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.wanted: dict[str, str] = {}
        self.opened: list[tuple[Profile, str | None]] = []
        self.saved: list[tuple[Profile, str | None]] = []
        self.broken: set[str] = set()

    def open_profile(self, *, profile: Profile, password: str | None = None) -> OpenCatalogue:
        self.opened.append((profile, password))
        if profile.target in self.broken:
            raise EnvironmentProblem("The connection was refused.", code="down")
        if self.wanted.get(profile.target, password) != password:
            raise EnvironmentProblem("The server refused the password.", code="password")
        return open_catalogue(target=str(self.file), read_only=profile.read_only)

    def save_profile(self, *, profile: Profile, password: str | None = None) -> SavedProfile:
        self.saved.append((profile, password))
        return SavedProfile(profile, "")


@pytest.fixture
def databases(sqlite_path: Path, monkeypatch: pytest.MonkeyPatch) -> Databases:
    made = Databases(sqlite_path)
    monkeypatch.setattr(door, "open_profile", made.open_profile, raising=False)
    monkeypatch.setattr(door, "save_profile", made.save_profile, raising=False)
    return made


@pytest.fixture
def until(qtbot: QtBot) -> Callable[[Callable[[], object]], None]:
    def wait(fact: Callable[[], object]) -> None:
        qtbot.waitUntil(lambda: bool(fact()), timeout=10_000)

    return wait


SERVER = Profile("postgresql://ann@db.example/library", name="Library", id="1", colour="red")


def answer(dialog: QWidget, password: str) -> None:
    field = next(one for one in dialog.findChildren(QLineEdit) if one.echoMode() == QLineEdit.EchoMode.Password)
    field.setText(password)
    dialog.accept()  # type: ignore[attr-defined]


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
