"""A catalogue that can only be read: nothing in the window offers a change, and every place says why on hovering."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit, QMenu, QPlainTextEdit, QWidget
from sqlalchemy import make_url, text

from desk.database import engines, targets
from desk.database.profiles import Profile, profile_of
from desk.database.targets import FileAccess
from desk.operations.connect import open_catalogue
from desk.window.commands import COMMANDS, READING
from tests.journeys.conftest import fill
from tests.support.window import opened_window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from tests.support.postgres import Server
    from tests.support.window import Desk

READ_ONLY_SETTING = "-c default_transaction_read_only=on"


def change(target: str, *statements: str) -> None:
    engine = engines.make_engine(targets.target_url(target))
    with engine.execution_options(**{engines.WRITE: True}).begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


# The ways to be there: each makes a target for reading only and knows why that is so


def file_by_url(request: pytest.FixtureRequest) -> tuple[str, str]:
    return f"sqlite:///{filled_file(request)}?mode=ro", "it was opened so"


def file_without_permission(request: pytest.FixtureRequest) -> tuple[str, str]:
    path = filled_file(request)
    monkeypatch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")  # as root no file refuses writing
    monkeypatch.setattr(targets, "check_file", lambda _path: FileAccess("ro", "the file is read-only"))
    return path, "the file is read-only"


def file_in_a_closed_folder(request: pytest.FixtureRequest) -> tuple[str, str]:
    path = filled_file(request)
    monkeypatch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    monkeypatch.setattr(targets, "check_file", lambda _path: FileAccess("ro&immutable=1", "its folder is closed"))
    return path, "its folder is closed"


def newer_file(request: pytest.FixtureRequest) -> tuple[str, str]:
    path = filled_file(request)
    change(path, "UPDATE alembic_version SET version_num = 'zzzz'")
    return path, "newer than this Desk"


def newer_server(request: pytest.FixtureRequest) -> tuple[str, str]:
    url = filled_server(request)
    change(url, "UPDATE alembic_version SET version_num = 'zzzz'")
    return url, "newer than this Desk"


def server_for_reading(request: pytest.FixtureRequest) -> tuple[str, str]:
    url = make_url(filled_server(request)).update_query_dict({"options": READ_ONLY_SETTING})
    return url.render_as_string(hide_password=False), "the server allows reading only"


def role_for_reading(request: pytest.FixtureRequest) -> tuple[str, str]:
    url = filled_server(request)
    server: Server = request.getfixturevalue("postgres")
    database = str(make_url(url).database)
    name = f"reader_{database}"

    def drop() -> None:
        with server.connect(database) as connection:
            connection.execute(f"DROP OWNED BY {name}".encode())
            connection.execute(f"DROP ROLE {name}".encode())

    with server.connect(database) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'x'".encode())
        connection.execute(f"GRANT USAGE ON SCHEMA desk TO {name}".encode())
        connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA desk TO {name}".encode())
    request.addfinalizer(drop)
    return server.url(database, user=name, password="x"), f"“{name}” may not change"


def filled_file(request: pytest.FixtureRequest) -> str:
    path: Path = request.getfixturevalue("sqlite_path")
    fill(str(path))
    return str(path)


def filled_server(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue("postgres_url")
    fill(url)
    return url


WAYS = (
    file_by_url, file_without_permission, file_in_a_closed_folder, newer_file, newer_server, server_for_reading,
    role_for_reading,
)  # fmt: skip


@contextmanager
def opened_profile(profile: Profile, password: str | None, bot: QtBot) -> Iterator[Desk]:
    """The real window over a profile."""
    with opened_window(profile.target, bot) as desk:
        desk.settle()
        desk.window.open_target(profile, password)
        desk.until(lambda: desk.window.context.catalogue and desk.catalogue.info.read_only, "the profile")
        desk.settle()
        yield desk


@pytest.fixture(
    params=[*WAYS, "profile of a file", "profile of a server"], ids=lambda way: getattr(way, "__name__", way)
)
def reading(request: pytest.FixtureRequest, application: object, qtbot: QtBot) -> Iterator[tuple[Desk, str]]:
    """The window over a catalogue that can only be read, and a part of the reason."""
    if isinstance(request.param, str):
        target = filled_file(request) if "file" in request.param else filled_server(request)
        found, password = profile_of(target)
        profile = Profile(found.target, read_only=True)
        with opened_profile(profile, password or None, qtbot) as desk:
            yield desk, "it was opened so"
        return
    way: Callable[[pytest.FixtureRequest], tuple[str, str]] = request.param
    target, reason = way(request)
    with opened_window(target, qtbot) as desk:
        desk.settle()
        yield desk, reason


def test_every_place_is_closed_and_says_why(reading: tuple[Desk, str]) -> None:
    desk, reason = reading
    desk.find("Good Omens")
    told = desk.window.context.read_only
    assert reason in told
    no_command_writes(desk, told)
    no_cell_opens(desk, told)
    no_field_opens(desk, told)
    sign = desk.window.status.read_only
    assert sign.isVisible()
    assert sign.toolTip() == sign.accessibleDescription() == told
    assert told in desk.window.problems.text
    assert not len(desk.edits)


def no_command_writes(desk: Desk, reason: str) -> None:
    """Whatever is not known to be reading is disabled, and its tool tip says why."""
    desk.until(lambda: not desk.is_enabled("new_record"), "the commands to be disabled")
    for command in COMMANDS:
        action = desk.window.commands[command.name]
        if command.needs in READING:
            assert reason not in action.toolTip(), command.name
        else:
            assert not action.isEnabled(), command.name
            assert reason in action.toolTip(), command.name
    writing = [command.name for command in COMMANDS if command.needs not in READING]
    assert {"new_record", "duplicate", "delete", "import", "commit", "undo", "redo", "roll_back"} <= set(writing)
    for menu in desk.window.menuBar().findChildren(QMenu):
        if {action.objectName() for action in menu.actions()} & set(writing):
            assert menu.toolTipsVisible()


def no_cell_opens(desk: Desk, reason: str) -> None:
    grid = desk.browser.grid
    for section in range(len(desk.table.columns)):
        index = desk.table.index(0, section)
        if grid.isColumnHidden(section):
            continue
        assert not desk.table.flags(index) & Qt.ItemFlag.ItemIsEditable
        grid.setCurrentIndex(index)
        for key in (Qt.Key.Key_F2, Qt.Key.Key_Return):
            desk.window.status.clearMessage()
            QTest.keyClick(grid, key)
            assert grid.editor is None
            assert desk.message == reason
        desk.window.status.clearMessage()
        QTest.mouseDClick(
            grid.viewport(), Qt.MouseButton.LeftButton, pos=grid.visualRect(index).topLeft() + QPoint(4, 4)
        )
        assert grid.editor is None
        assert desk.message == reason
    original = desk.table.original_at(0)
    assert original is not None
    assert not desk.table.take(original, desk.table.columns[0], "typed")


def no_field_opens(desk: Desk, reason: str) -> None:
    for field in desk.page.form.fields.values():
        assert field.editor.isReadOnly()  # type: ignore[attr-defined]
        assert field.editor.toolTip() == reason
    for editor in desk.page.findChildren(QWidget):
        if isinstance(editor, QLineEdit | QPlainTextEdit) and editor.isVisible() and editor.isEnabled():
            assert editor.isReadOnly(), editor.objectName()
        elif isinstance(editor, QAbstractButton | QComboBox) and editor.isVisible():
            assert not editor.isEnabled(), editor.objectName()


def test_a_dropped_file_is_not_imported(application: object, sqlite_path: Path, tmp_path: Path, qtbot: QtBot) -> None:
    fill(str(sqlite_path))
    (tmp_path / "books.csv").write_text("title\nEmma\n")
    with opened_window(f"sqlite:///{sqlite_path}?mode=ro", qtbot) as desk:
        desk.settle()
        desk.window.files.open_files([tmp_path / "books.csv"])
        assert desk.window.files.dialog("import") is None
        assert "reading only" in desk.message


def test_what_can_be_written_again_says_nothing_of_it(application: object, sqlite_path: Path, qtbot: QtBot) -> None:
    fill(str(sqlite_path))
    with opened_window(f"sqlite:///{sqlite_path}?mode=ro", qtbot) as desk:
        desk.settle()
        told = desk.window.context.read_only
        desk.window.open_target(str(sqlite_path))
        desk.until(lambda: desk.window.context.can_edit, "the file for writing")
        desk.settle()
        desk.find("Good Omens")
        assert not desk.window.status.read_only.isVisible()
        assert all(told not in desk.window.commands[command.name].toolTip() for command in COMMANDS)
        assert all(not field.editor.toolTip() for field in desk.page.form.fields.values())
        desk.type_cell("published_year", "1991")
        assert len(desk.edits) == 1


def test_a_column_that_is_not_edited_in_the_grid_says_so(desk: Desk) -> None:
    key = desk.table.key_at(0)
    assert key is not None
    desk.browser.select(key)
    desk.browser.grid.setCurrentIndex(desk.table.index(0, desk.section("updated_at")))
    QTest.keyClick(desk.browser.grid, Qt.Key.Key_F2)
    assert "cannot be changed in the grid" in desk.message


def test_a_role_that_may_change_some_of_it_is_let(postgres: Server, postgres_url: str) -> None:
    database = str(make_url(postgres_url).database)
    name = f"writer_{database}"
    with postgres.connect(database) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'x'".encode())
        connection.execute(f"GRANT USAGE ON SCHEMA desk TO {name}".encode())
        connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA desk TO {name}".encode())
        connection.execute(f"GRANT UPDATE (price) ON desk.books TO {name}".encode())
    try:
        opened = open_catalogue(target=postgres.url(database, user=name, password="x"))
        assert opened.info.read_only == ""
        opened.close()
    finally:
        with postgres.connect(database) as connection:
            connection.execute(f"DROP OWNED BY {name}".encode())
            connection.execute(f"DROP ROLE {name}".encode())
