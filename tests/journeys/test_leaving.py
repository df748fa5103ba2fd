"""Closing the window: pending edits are never dropped without a word."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from desk.database import drafts
from desk.database.drafts import Draft
from desk.errors import ActionCancelled, EnvironmentProblem
from tests.support.editing import scalar, stored
from tests.support.holding import ENDLESS, is_endless
from tests.support.waiting import LONGEST
from tests.support.window import child

if TYPE_CHECKING:
    import pytest
    from pytestqt.qtbot import QtBot

    from desk.operations.connect import OpenCatalogue
    from tests.support.window import Desk


def change_year(desk: Desk) -> int:
    key = desk.find("Good Omens")
    desk.type_cell("published_year", "1991")
    return key.id


def year_of(catalogue: OpenCatalogue, record_id: int) -> object:
    found = stored(catalogue, "books", record_id)
    assert found is not None
    return found["published_year"]


def test_without_edits_the_window_just_goes(desk: Desk, qtbot: QtBot) -> None:
    pool = desk.catalogue.pool
    with qtbot.waitSignal(desk.window.closed):
        desk.window.close()
    assert not desk.window.isVisible()
    assert pool.snapshot().checked_out == 0
    assert pool.snapshot().idle == 0


def test_staying_keeps_window_and_edits(desk: Desk) -> None:
    change_year(desk)
    desk.window.close()
    assert desk.question().objectName() == "closing_question"
    desk.answer("stay")
    assert desk.window.isVisible()
    assert len(desk.edits) == 1


def test_discarding_saves_nothing(desk: Desk, colleague: OpenCatalogue, qtbot: QtBot) -> None:
    record_id = change_year(desk)
    desk.window.close()
    with qtbot.waitSignal(desk.window.closed):
        desk.answer("discard_and_close")
    assert year_of(colleague, record_id) == 1990


def test_committing_saves_and_closes(desk: Desk, colleague: OpenCatalogue, qtbot: QtBot) -> None:
    record_id = change_year(desk)
    desk.window.close()
    with qtbot.waitSignal(desk.window.closed):
        desk.answer("commit_and_close")
    assert year_of(colleague, record_id) == 1991


def test_keeping_for_later_is_what_return_does_once_the_edits_are_on_disk(
    desk: Desk, colleague: OpenCatalogue, qtbot: QtBot
) -> None:
    record_id = change_year(desk)
    desk.until(lambda: desk.edits.all_kept)
    desk.window.close()
    box = desk.question()
    with qtbot.waitSignal(desk.window.closed):
        QTest.keyClick(box, Qt.Key.Key_Return)
    assert year_of(colleague, record_id) == 1990
    assert any(path.suffix == ".draft" for path in drafts.folder().iterdir())


def test_what_is_not_on_disk_yet_cannot_be_kept_for_later(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    writing, write = threading.Event(), Draft.write

    def wait_and_write(draft: Draft, *arguments: Any) -> None:
        assert writing.wait(LONGEST)
        write(draft, *arguments)

    monkeypatch.setattr(Draft, "write", wait_and_write)
    change_year(desk)
    desk.window.close()
    box = desk.question()
    later = child(box, QPushButton, "keep_for_later")
    assert not later.isEnabled()
    assert "being written" in box.informativeText()
    writing.set()
    desk.until(later.isEnabled, "the edits to be on disk")
    assert box.defaultButton() is later
    desk.answer("stay")


def test_where_edits_are_not_kept_the_question_says_why(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_more: object) -> None:
        raise EnvironmentProblem("The disk is full.")

    monkeypatch.setattr(Draft, "create", refuse)
    change_year(desk)
    desk.until(lambda: bool(desk.edits.unkept_reason))
    desk.window.close()
    box = desk.question()
    assert not child(box, QPushButton, "keep_for_later").isVisible()
    assert "The disk is full" in box.informativeText()
    assert box.defaultButton().objectName() == "stay"
    desk.answer("stay")


def test_while_a_commit_runs_the_question_says_so(desk: Desk) -> None:
    change_year(desk)
    desk.until(lambda: desk.edits.all_kept)
    desk.edits.frozen = True
    desk.window.close()
    box = desk.question()
    assert "commit has not ended" in box.informativeText()
    assert not child(box, QPushButton, "commit_and_close").isEnabled()
    desk.answer("stay")


def test_what_is_being_typed_is_taken_before_the_question(desk: Desk) -> None:
    desk.find("Good Omens")
    editor = desk.open_cell("published_year")
    editor.setText("1991")
    desk.window.close()
    desk.answer("stay")
    assert [dict(edit.values) for edit in desk.edits.edits()] == [{"published_year": 1991}]


def test_a_bad_value_keeps_the_window_open(desk: Desk) -> None:
    desk.find("Good Omens")
    editor = desk.open_cell("published_year")
    editor.setText("never")
    desk.window.close()
    assert desk.window.isVisible()
    assert editor.text() == "never"
    assert "cannot be taken" in desk.message


def test_a_commit_that_fails_keeps_the_window_open(
    desk: Desk, colleague: OpenCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support.editing import elsewhere

    record_id = change_year(desk)
    elsewhere(colleague, "UPDATE books SET published_year = 2001 WHERE id = :id", id=record_id)
    desk.window.close()
    desk.answer("commit_and_close")
    desk.conflict().reject()
    assert desk.window.isVisible()
    assert len(desk.edits) == 1


def test_a_running_action_is_cancelled_and_browsing_goes_on(desk: Desk) -> None:
    errors: list[BaseException] = []
    catalogue = desk.catalogue
    desk.window.context.runner.submit(
        "Endless",
        scalar,
        failed=errors.append,
        arguments={"catalogue": catalogue, "statement": ENDLESS[catalogue.sessions.dialect]},
    )
    desk.until(lambda: is_endless(catalogue))
    desk.until(desk.window.status.cancel.isVisible)
    desk.click(desk.window, "status_cancel")
    desk.until(lambda: bool(errors))
    assert isinstance(errors[0], ActionCancelled)
    desk.find("Good Omens")


def test_the_window_goes_in_time_while_a_query_runs(desk: Desk, qtbot: QtBot) -> None:
    catalogue = desk.catalogue
    ended = threading.Event()

    def run() -> None:
        try:
            scalar(catalogue, ENDLESS[catalogue.sessions.dialect])
        finally:
            ended.set()

    desk.window.context.runner.submit("Endless", run, arguments={})
    desk.until(lambda: is_endless(catalogue))
    with qtbot.waitSignal(desk.window.closed, timeout=5000):
        desk.window.close()
    assert ended.is_set()
    assert catalogue.pool.snapshot().checked_out == 0
