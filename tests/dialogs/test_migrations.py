"""The Migrations dialog: current, history, pending, drift, SQL, and the way up and down."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QMessageBox, QPlainTextEdit, QPushButton

from desk.database import secrets, targets
from desk.database.profiles import Profile, profile_of
from desk.database.revisions import SchemaState, known_revisions
from desk.dialogs.migration_parts import ProgressPane
from desk.dialogs.migrations import MigrationsDialog
from desk.operations.migrating import MigrationProgress, plan_upgrade, upgrade_catalogue
from desk.work.runner import Runner
from tests.migrations.test_revisions import run
from tests.support.revisions import SHELF_DOWN, SHELF_UP, add_revision, hold_until, scripts_in, use_scripts
from tests.support.schema_picture import picture
from tests.support.window import child, drop_deleted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

PATIENCE_MS = 20_000
FIRST = known_revisions()[-1]


@pytest.fixture
def runner(application: object) -> Iterator[Runner]:
    made = Runner()
    yield made
    assert made.close()


@pytest.fixture
def profile(database_target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Profile:
    """A catalogue that lacks the last of three revisions, on each kind of database."""
    profile, password = profile_of(database_target)
    secrets.remember(profile, password)
    scripts = scripts_in(tmp_path / "scripts")
    use_scripts(scripts, monkeypatch)
    add_revision(scripts, SHELF_UP, SHELF_DOWN, summary="Shelf marks.")
    upgrade_catalogue(profile=profile, backup=False)
    add_revision(scripts, "pass", summary="Copies.")
    return profile


def opened(bot: QtBot, runner: Runner, profile: Profile, read_only: str = "") -> MigrationsDialog:
    dialog = MigrationsDialog(runner, profile, None, read_only)
    bot.addWidget(dialog)
    dialog.show()
    bot.waitUntil(lambda: dialog.report is not None, timeout=PATIENCE_MS)
    return dialog


def shown(dialog: MigrationsDialog) -> list[tuple[str, ...]]:
    table = dialog.history
    return [
        tuple(item.text() if (item := table.item(row, column)) else "" for column in range(3))
        for row in range(table.rowCount())
    ]


def choose(dialog: MigrationsDialog, revision: str) -> None:
    row = next(row for row, line in enumerate(shown(dialog)) if line[0] == revision)
    dialog.history.setCurrentCell(row, 0)


def enabled(dialog: MigrationsDialog) -> tuple[bool, bool, bool]:
    """(upgrade, downgrade, SQL)"""
    return (
        dialog.upgrade_button.isEnabled(),
        dialog.downgrade_button.isEnabled(),
        dialog.sql_button.isEnabled(),
    )


def question(dialog: MigrationsDialog) -> QMessageBox:
    return child(dialog, QMessageBox, "downgrade_question")


def answer(dialog: MigrationsDialog, button: str) -> None:
    child(question(dialog), QPushButton, button).click()
    drop_deleted()


def test_the_history_tells_current_and_pending_apart_by_signs_and_words(
    runner: Runner, qtbot: QtBot, profile: Profile
) -> None:
    dialog = opened(qtbot, runner, profile)
    lines = shown(dialog)
    older = [line[0] for line in lines[2:-1]]
    assert [line[0] for line in lines] == ["9002", "9001", *older, "base"]
    assert older[0] == FIRST
    assert [line[1] for line in lines[:2]] == ["Copies.", "Shelf marks."]
    signs = ["○  to be applied", "▶  the catalogue is here", *["✓  applied" for _one in older], "–"]
    assert [line[2] for line in lines] == signs
    assert dialog.history.chosen == "9002"
    assert "older" in dialog.situation.text()


@pytest.mark.parametrize(
    ("revision", "expected"),
    [
        ("9002", (True, False, True)),
        ("9001", (False, False, False)),
        (FIRST, (False, True, True)),
        ("base", (False, True, True)),
    ],
)
def test_what_can_be_done_depends_on_the_chosen_revision(
    runner: Runner, qtbot: QtBot, profile: Profile, revision: str, expected: tuple[bool, bool, bool]
) -> None:
    dialog = opened(qtbot, runner, profile)
    choose(dialog, revision)
    assert enabled(dialog) == expected


def test_an_upgrade_asks_the_window_to_let_go_and_tells_when_it_is_done(
    runner: Runner, qtbot: QtBot, profile: Profile
) -> None:
    dialog = opened(qtbot, runner, profile)
    with qtbot.waitSignals([dialog.about_to_migrate, dialog.migrated], timeout=PATIENCE_MS, order="strict"):
        dialog.upgrade_button.click()
    qtbot.waitUntil(lambda: shown(dialog)[0][2].startswith("▶"), timeout=PATIENCE_MS)
    assert "9002" in dialog.outcome.text()
    assert profile.is_server or "library.before-9002." in dialog.outcome.text()
    assert "newest" in dialog.situation.text()
    assert enabled(dialog) == (False, False, False)


def test_a_downgrade_names_what_is_lost_and_goes_only_when_told(runner: Runner, qtbot: QtBot, profile: Profile) -> None:
    dialog = opened(qtbot, runner, profile)
    choose(dialog, FIRST)
    with qtbot.assertNotEmitted(dialog.about_to_migrate):
        dialog.downgrade_button.click()
        box = question(dialog)
        assert "9001: Shelf marks." in box.text()
        assert "Copies." not in box.text()
        assert ("pg_dump" if profile.is_server else "copied first") in box.informativeText()
        answer(dialog, "downgrade_keep")
    choose(dialog, FIRST)
    dialog.downgrade_button.click()
    with qtbot.waitSignal(dialog.migrated, timeout=PATIENCE_MS):
        answer(dialog, "downgrade_go")
    assert plan_upgrade(profile=profile).current == FIRST
    assert profile.is_server or list(Path(profile.target).parent.glob(f"library.before-{FIRST}.*"))


def test_a_downgrade_goes_where_the_question_said(runner: Runner, qtbot: QtBot, profile: Profile) -> None:
    dialog = opened(qtbot, runner, profile)
    choose(dialog, FIRST)
    dialog.downgrade_button.click()
    dialog.report = None
    dialog.refresh()  # was under way when the question was asked
    qtbot.waitUntil(lambda: dialog.report is not None, timeout=PATIENCE_MS)
    assert dialog.history.chosen != FIRST
    with qtbot.waitSignal(dialog.migrated, timeout=PATIENCE_MS):
        answer(dialog, "downgrade_go")
    assert plan_upgrade(profile=profile).current == FIRST


def test_going_back_to_nothing_names_all_authors_and_books(runner: Runner, qtbot: QtBot, profile: Profile) -> None:
    dialog = opened(qtbot, runner, profile)
    choose(dialog, "base")
    dialog.downgrade_button.click()
    assert "all its authors and books" in question(dialog).text()
    with qtbot.waitSignal(dialog.migrated, timeout=PATIENCE_MS):
        answer(dialog, "downgrade_go")
    assert plan_upgrade(profile=profile).state is SchemaState.EMPTY
    qtbot.waitUntil(lambda: shown(dialog)[-1][2].startswith("▶"), timeout=PATIENCE_MS)
    assert "no schema" in dialog.situation.text()


def test_a_failure_is_told_and_the_window_may_open_again(
    runner: Runner, qtbot: QtBot, profile: Profile, tmp_path: Path
) -> None:
    add_revision(
        tmp_path / "scripts" / "alembic", "op.execute('DELETE FROM contributions')\nraise RuntimeError('broken')"
    )
    dialog = opened(qtbot, runner, profile)
    with qtbot.waitSignal(dialog.failed, timeout=PATIENCE_MS), qtbot.assertNotEmitted(dialog.migrated):
        dialog.upgrade_button.click()
    assert "as they were before" in dialog.problem.text
    assert dialog.upgrade_button.isEnabled()
    assert plan_upgrade(profile=profile).current == "9001"


def test_closing_it_twice_leaves_a_migration_that_does_not_stop(
    runner: Runner, qtbot: QtBot, profile: Profile, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    add_revision(tmp_path / "scripts" / "alembic", hold_until(gate))
    dialog = opened(qtbot, runner, profile)
    dialog.upgrade_button.click()
    qtbot.waitUntil(lambda: dialog.progress.bar.value() == 1, timeout=PATIENCE_MS)
    dialog.close()
    assert dialog.isVisible()
    with qtbot.waitSignal(dialog.failed):
        dialog.close()
    assert not dialog.isVisible()
    gate.touch()


def test_a_stop_is_told_until_it_has_happened(application: object, qtbot: QtBot) -> None:
    pane = ProgressPane()
    qtbot.addWidget(pane)
    pane.begin()
    pane.cancel.click()
    pane.show_progress(MigrationProgress("revision", 1, 2, "9001: Copies."))  # was on its way
    assert pane.text.text() == "Stopping …"
    pane.begin()
    pane.show_progress(MigrationProgress("revision", 1, 2, "9001: Copies."))
    assert pane.text.text() == "9001: Copies."


def test_drift_is_listed_in_words(runner: Runner, qtbot: QtBot, profile: Profile, tmp_path: Path) -> None:
    folder = tmp_path / "scripts" / "alembic" / "versions"
    for name in ("9001", "9002"):
        (folder / f"{name}_more.py").rename(folder.with_name(f"{name}.py"))
    url = targets.target_url(profile.target).set(password=secrets.password_for(profile))
    run(url, f"UPDATE alembic_version SET version_num = '{FIRST}'")
    dialog = opened(qtbot, runner, profile)
    listed = [dialog.drift.item(row).text() for row in range(dialog.drift.count())]
    assert "≠  The column books.shelf is not in the models." in listed
    assert dialog.drift.isVisible()
    run(
        url,
        "DROP INDEX ix_books_shelf_id",
        "ALTER TABLE books DROP COLUMN shelf",
        "ALTER TABLE books DROP COLUMN copies",
    )
    dialog.refresh_button.click()
    qtbot.waitUntil(lambda: "agree" in dialog.agreement.text(), timeout=PATIENCE_MS)
    assert not dialog.drift.isVisible()


def test_sql_is_shown_for_the_way_up_and_the_way_down(runner: Runner, qtbot: QtBot, profile: Profile) -> None:
    dialog = opened(qtbot, runner, profile)
    text = child(dialog, QPlainTextEdit, "migration_sql")
    for revision, words in (("9002", "9002"), (FIRST, "DROP")):
        choose(dialog, revision)
        dialog.sql_button.click()
        qtbot.waitUntil(lambda words=words: words in text.toPlainText(), timeout=PATIENCE_MS)  # type: ignore[misc]
    assert plan_upgrade(profile=profile).current == "9001"


def test_a_window_that_may_only_read_shows_everything_and_changes_nothing(
    runner: Runner, qtbot: QtBot, profile: Profile
) -> None:
    dialog = opened(qtbot, runner, profile, "it was opened so")
    assert "it was opened so" in dialog.hindrance.text()
    for revision in ("9002", FIRST, "base"):
        choose(dialog, revision)
        assert enabled(dialog) == (False, False, True)


def test_a_newer_schema_is_explained_and_nothing_is_offered(runner: Runner, qtbot: QtBot, sqlite_path: Path) -> None:
    url = targets.target_url(str(sqlite_path))
    run(url, "UPDATE alembic_version SET version_num = 'zzzz'")
    before = picture(url)
    dialog = opened(qtbot, runner, profile_of(str(sqlite_path))[0])
    assert "newer" in dialog.situation.text()
    assert "newer Desk" in dialog.hindrance.text()
    assert shown(dialog) == []
    assert enabled(dialog) == (False, False, False)
    assert picture(url) == before


def test_a_database_that_does_not_answer_is_told_and_asked_again(
    runner: Runner, qtbot: QtBot, sqlite_path: Path
) -> None:
    away = sqlite_path.with_name("away.desk")
    sqlite_path.rename(away)
    dialog = MigrationsDialog(runner, Profile(str(sqlite_path)))
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(dialog.problem.isVisible, timeout=PATIENCE_MS)
    assert "There is no file" in dialog.problem.text
    away.rename(sqlite_path)
    dialog.problem.retry.click()
    qtbot.waitUntil(lambda: dialog.report is not None, timeout=PATIENCE_MS)
    assert not dialog.problem.isVisible()
    assert "agree" in dialog.agreement.text()
