"""The question about an older or missing schema: what changes, which backup, and everything as before if it fails."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QLineEdit, QListWidget, QPlainTextEdit, QProgressBar, QPushButton

from desk.database import secrets, targets
from desk.database.profiles import Profile, profile_of
from desk.database.revisions import SchemaState, known_revisions, status_of
from desk.dialogs.schema_question import SchemaQuestion
from desk.operations.migrating import plan_upgrade
from desk.work.runner import Runner
from tests.support.holding import ENDLESS
from tests.support.revisions import HARM, SHELF_UP, add_revision, hold_until, scripts_in, use_scripts
from tests.support.schema_picture import picture
from tests.support.window import child

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from tests.support.postgres import Server

PATIENCE_MS = 20_000


@pytest.fixture
def runner(application: object) -> Iterator[Runner]:
    made = Runner()
    yield made
    assert made.close()


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = scripts_in(tmp_path / "scripts")
    use_scripts(folder, monkeypatch)
    return folder


@pytest.fixture
def profile(database_target: str) -> Profile:
    return known(database_target)


def known(target: str) -> Profile:
    """A profile whose password this run remembers, as after an attempt to open it."""
    profile, password = profile_of(target)
    secrets.remember(profile, password)
    return profile


def asked(bot: QtBot, runner: Runner, profile: Profile) -> SchemaQuestion:
    dialog = SchemaQuestion(plan_upgrade(profile=profile), runner, profile)
    bot.addWidget(dialog)
    dialog.show()
    return dialog


def texts(dialog: SchemaQuestion) -> str:
    labels = [label.text() for label in dialog.findChildren(QLabel) if label.isVisible()]
    return "\n".join([*labels, *(line.text() for line in dialog.findChildren(QLineEdit))])


def test_it_says_what_will_change_and_where_the_backup_goes(
    runner: Runner, qtbot: QtBot, profile: Profile, scripts: Path
) -> None:
    add_revision(scripts, "pass", summary="Shelf marks.")
    add_revision(scripts, "pass", summary="Copies.")
    dialog = asked(qtbot, runner, profile)
    listed = child(dialog, QListWidget, "schema_revisions")
    assert [listed.item(row).text() for row in range(2)] == ["9001   Shelf marks.", "9002   Copies."]
    assert "older than this Desk" in texts(dialog)
    assert dialog.plan.place in texts(dialog)
    assert not dialog.isModal()
    if profile.is_server:
        assert "pg_dump" in child(dialog, QLineEdit, "schema_backup_command").text()
        assert str(secrets.password_for(profile)) not in texts(dialog)
    else:
        assert "library.before-9002." in texts(dialog)


def test_an_upgrade_shows_progress_and_announces_a_good_end(
    runner: Runner, qtbot: QtBot, profile: Profile, scripts: Path
) -> None:
    add_revision(scripts, SHELF_UP, summary="Shelf marks.")
    dialog = asked(qtbot, runner, profile)
    phases: list[str] = []
    dialog._job.progressed.connect(lambda progress: phases.append(progress.phase))
    with qtbot.waitSignal(dialog.finished_well, timeout=PATIENCE_MS):
        child(dialog, QPushButton, "schema_go").click()
        assert child(dialog, QProgressBar, "migration_progress").isVisible()
        assert not child(dialog, QPushButton, "schema_go").isEnabled()
    assert not dialog.isVisible()
    assert "9001" in dialog.outcome
    assert phases[-1] == "revision"
    if not profile.is_server:
        (backup,) = Path(profile.target).parent.glob("library.before-9001.*")
        assert str(backup) in dialog.outcome
        assert "backup" in phases
    assert plan_upgrade(profile=profile).state is SchemaState.CURRENT


def test_an_empty_database_gets_its_schema(runner: Runner, qtbot: QtBot, empty_postgres_url: str) -> None:
    profile = known(empty_postgres_url)
    dialog = asked(qtbot, runner, profile)
    assert "no catalogue here yet" in texts(dialog)
    go = child(dialog, QPushButton, "schema_go")
    assert "Create" in go.text()
    with qtbot.waitSignal(dialog.finished_well, timeout=PATIENCE_MS):
        go.click()
    assert status_of(targets.target_url(empty_postgres_url)).state is SchemaState.CURRENT


def test_a_role_that_may_not_is_told_why_and_offered_nothing(
    runner: Runner, qtbot: QtBot, postgres: Server, empty_postgres_url: str
) -> None:
    name = str(targets.target_url(empty_postgres_url).database)
    with postgres.connect(name) as connection:
        connection.execute("CREATE ROLE visitor LOGIN PASSWORD 'visitor'")
    try:
        dialog = asked(qtbot, runner, known(postgres.url(name, user="visitor", password="visitor")))
        assert "may not create tables" in texts(dialog)
        assert not child(dialog, QPushButton, "schema_go").isEnabled()
        assert child(dialog, QPushButton, "schema_show_sql").isEnabled()
    finally:
        with postgres.connect(name) as connection:
            connection.execute("DROP ROLE visitor")


def test_the_sql_is_shown_on_request_and_can_be_copied(
    runner: Runner, qtbot: QtBot, profile: Profile, scripts: Path
) -> None:
    add_revision(scripts, SHELF_UP)
    before = picture(targets.target_url(profile.target)) if not profile.is_server else None
    dialog = asked(qtbot, runner, profile)
    text = child(dialog, QPlainTextEdit, "migration_sql")
    assert not text.isVisible()
    child(dialog, QPushButton, "schema_show_sql").click()
    qtbot.waitUntil(lambda: "shelf" in text.toPlainText(), timeout=PATIENCE_MS)
    assert text.isReadOnly()
    dialog.sql.copy.click()
    assert QGuiApplication.clipboard().text() == text.toPlainText()
    child(dialog, QPushButton, "schema_show_sql").click()
    assert not text.isVisible()
    assert plan_upgrade(profile=profile).state is SchemaState.OLDER
    assert before is None or picture(targets.target_url(profile.target)) == before


def test_a_failure_says_that_everything_is_as_before_and_can_be_tried_again(
    runner: Runner, qtbot: QtBot, profile: Profile, scripts: Path
) -> None:
    flag = scripts / "mended"
    failing = f"import pathlib\nif not pathlib.Path({str(flag)!r}).exists():\n    raise RuntimeError('broken')"
    add_revision(scripts, f"{failing}\n{SHELF_UP}")
    dialog = asked(qtbot, runner, profile)
    go = child(dialog, QPushButton, "schema_go")
    go.click()
    qtbot.waitUntil(dialog.problem.isVisible, timeout=PATIENCE_MS)
    assert "broken" in dialog.problem.text
    assert "Data, schema and version are as they were before." in dialog.problem.text
    assert not dialog.progress.isVisible()
    assert plan_upgrade(profile=profile).state is SchemaState.OLDER
    flag.touch()
    with qtbot.waitSignal(dialog.finished_well, timeout=PATIENCE_MS):
        go.click()


@pytest.mark.parametrize("way", ["stop", "escape", "close"])
def test_a_migration_is_stopped_and_leaves_everything_as_before(
    runner: Runner, qtbot: QtBot, sqlite_path: Path, scripts: Path, way: str
) -> None:
    flag = scripts / "runs"
    add_revision(
        scripts, f"import pathlib\npathlib.Path({str(flag)!r}).touch()\n{HARM}op.execute({ENDLESS['sqlite']!r})"
    )
    before = picture(targets.target_url(str(sqlite_path)))
    dialog = asked(qtbot, runner, known(str(sqlite_path)))
    with qtbot.assertNotEmitted(dialog.finished_well):
        child(dialog, QPushButton, "schema_go").click()
        qtbot.waitUntil(flag.exists, timeout=PATIENCE_MS)
        if way == "stop":
            child(dialog, QPushButton, "migration_stop").click()
        elif way == "escape":
            qtbot.keyClick(dialog, Qt.Key.Key_Escape)
        else:
            dialog.close()
        qtbot.waitUntil(dialog.problem.isVisible, timeout=PATIENCE_MS)
        assert dialog.isVisible()
    assert dialog.problem.text == "Stopped. Data, schema and version are as they were before."
    assert picture(targets.target_url(str(sqlite_path))) == before
    dialog.close()
    assert not dialog.isVisible()


def test_other_work_of_the_window_goes_on_while_it_migrates(
    runner: Runner, qtbot: QtBot, sqlite_path: Path, scripts: Path
) -> None:
    gate = scripts / "gate"
    add_revision(scripts, hold_until(gate))
    dialog = asked(qtbot, runner, known(str(sqlite_path)))
    child(dialog, QPushButton, "schema_go").click()
    heard: list[str] = []
    runner.submit("other", lambda: "done", done=heard.append, arguments={})
    qtbot.waitUntil(lambda: heard == ["done"], timeout=PATIENCE_MS)
    assert dialog.progress.isVisible()
    with qtbot.waitSignal(dialog.finished_well, timeout=PATIENCE_MS):
        gate.touch()


def test_a_migration_that_does_not_stop_at_once_holds_nobody(
    runner: Runner, qtbot: QtBot, sqlite_path: Path, scripts: Path
) -> None:
    gate = scripts / "gate"
    add_revision(scripts, hold_until(gate))
    dialog = asked(qtbot, runner, known(str(sqlite_path)))
    child(dialog, QPushButton, "schema_go").click()
    qtbot.waitUntil(lambda: dialog.progress.bar.maximum() == 1, timeout=PATIENCE_MS)
    dialog.close()
    assert dialog.isVisible()
    assert "Stopping" in dialog.progress.text.text()
    dialog.close()
    assert not dialog.isVisible()
    gate.touch()
    qtbot.waitUntil(lambda: len(list(sqlite_path.parent.glob("library.*"))) == 1, timeout=PATIENCE_MS)
    assert plan_upgrade(profile=known(str(sqlite_path))).state is SchemaState.OLDER


def test_leaving_it_changes_nothing(runner: Runner, qtbot: QtBot, sqlite_path: Path, scripts: Path) -> None:
    add_revision(scripts, SHELF_UP)
    before = sqlite_path.read_bytes()
    dialog = asked(qtbot, runner, known(str(sqlite_path)))
    with qtbot.waitSignal(dialog.rejected):
        child(dialog, QPushButton, "schema_later").click()
    assert sqlite_path.read_bytes() == before
    assert known_revisions()[-1] == "9001"
    with closing(sqlite3.connect(sqlite_path)) as raw:
        assert raw.execute("SELECT version_num FROM alembic_version").fetchone() != ("9001",)
