"""Closing the window: pending edits are never dropped without a word."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from desk.errors import ActionCancelled
from tests.support.editing import scalar, stored
from tests.support.holding import ENDLESS, is_endless

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
