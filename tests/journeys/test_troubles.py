"""When the world is not as it should be: files that can only be read or are not there, a server that comes and goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt

from desk.database import migrations, targets
from desk.database.targets import FileAccess
from tests.journeys.conftest import fill
from tests.support.postgres import PostgresServer, find_binaries
from tests.support.window import opened_window

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot


@pytest.fixture
def read_only(sqlite_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A catalogue file that can only be read; as root no file refuses writing, so the check is told so."""
    fill(str(sqlite_path))
    monkeypatch.setattr(targets, "check_file", lambda _path: FileAccess("ro", "the file is read-only"))
    return str(sqlite_path)


def test_a_read_only_file_is_browsed_but_not_edited(read_only: str, application: object, qtbot: QtBot) -> None:
    with opened_window(read_only, qtbot) as desk:
        desk.settle()
        assert "the file is read-only" in desk.window.problems.text
        assert desk.window.problems.isVisible()
        assert not desk.window.problems.retry.isVisible()
        assert "(read-only)" in desk.window.windowTitle()
        desk.find("Good Omens")
        for command in ("new_record", "duplicate", "delete", "commit", "roll_back"):
            assert not desk.is_enabled(command)
        assert not desk.table.flags(desk.table.index(0, 0)) & Qt.ItemFlag.ItemIsEditable
        assert all(field.editor.isReadOnly() for field in desk.page.form.fields.values())  # type: ignore[attr-defined]


def test_a_missing_file_is_named_and_nothing_is_made(tmp_path: Path, application: object, qtbot: QtBot) -> None:
    path = tmp_path / "nowhere.desk"
    with opened_window(str(path), qtbot) as desk:
        desk.until(lambda: desk.window.is_furnished and desk.window.problems.isVisible(), "the problem")
        assert str(path) in desk.window.problems.text
        assert not path.exists()
        assert not desk.is_enabled("new_record")


def test_retry_opens_what_is_there_now(tmp_path: Path, sqlite_path: Path, application: object, qtbot: QtBot) -> None:
    path = tmp_path / "later.desk"
    fill(str(sqlite_path))
    with opened_window(str(path), qtbot) as desk:
        desk.until(lambda: desk.window.is_furnished and desk.window.problems.isVisible(), "the problem")
        sqlite_path.rename(path)
        desk.window.problems.retry.click()
        desk.settle()
        assert desk.table.rowCount() == 904
        assert not desk.window.problems.isVisible()


@pytest.fixture
def own_server(postgres: object) -> Iterator[PostgresServer]:
    """A server that may be stopped."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("There are no PostgreSQL programs here.")
    server = PostgresServer(binaries)
    server.start()
    yield server
    server.stop()


def test_a_server_that_goes_and_comes_back_loses_no_edit(
    own_server: PostgresServer, application: object, qtbot: QtBot
) -> None:
    target = own_server.create_database("journey")
    migrations.upgrade(targets.target_url(target))
    fill(target)
    with opened_window(target, qtbot) as desk:
        desk.settle()
        desk.find("Good Omens")
        desk.type_cell("published_year", "1991")
        own_server._end_process("fast")  # an immediate stop could lose the sample: commits are asynchronous
        desk.trigger("refresh")
        desk.until(desk.browser.problems.isVisible, "the problem bar")
        assert desk.browser.problems.retry.isVisible()
        desk.trigger("commit")
        assert desk.question().text()
        desk.answer("OK")
        assert len(desk.edits) == 1
        own_server._launch()
        desk.browser.problems.retry.click()
        desk.until(lambda: not desk.browser.problems.isVisible(), "the server to be back")
        desk.settle()
        assert desk.text(0, "published_year") == "1991"
        desk.commit()
        assert desk.text(0, "published_year") == "1991"
