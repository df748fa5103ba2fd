"""One long operation of a dialog or a panel: what it started last is heard of, and nothing once it is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QCoreApplication, QObject

from desk.errors import ActionCancelled, InvalidInput
from desk.work.long_job import LongJob, words_for
from tests.support.held import HeldOperation
from tests.support.waiting import wait_until
from tests.support.window import drop_deleted

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desk.work.runner import Runner


@pytest.fixture
def dialog(application: object) -> QObject:
    return QObject()


class Heard:
    """What a job said."""

    def __init__(self, job: LongJob) -> None:
        self.progress: list[object] = []
        self.results: list[object] = []
        self.errors: list[object] = []
        job.progressed.connect(self.progress.append)
        job.ended.connect(self.results.append)
        job.failed.connect(self.errors.append)


def is_running(job: LongJob) -> bool:
    return job.is_running


def test_progress_and_result_are_told_in_their_order(runner: Runner, dialog: QObject, qtbot: QtBot) -> None:
    job, held = LongJob(runner, dialog), HeldOperation("done", 0.5)
    heard = Heard(job)
    job.start("one", held, {"a": 1}, tells=True)
    assert is_running(job)
    qtbot.waitUntil(lambda: heard.progress == [0.5])
    held.let_go()
    qtbot.waitUntil(lambda: heard.results == ["done"])
    assert not is_running(job)
    assert held.calls == [{"a": 1}]


def test_a_later_start_replaces_the_one_before(runner: Runner, dialog: QObject, qtbot: QtBot) -> None:
    job = LongJob(runner, dialog)
    heard = Heard(job)
    first, second = HeldOperation("first", "of the first"), HeldOperation("second", "of the second")
    job.start("one", first, {}, tells=True)
    first.wait_for_call()  # its progress is on its way
    job.start("one", second, {}, tells=True)
    second.let_go()
    qtbot.waitUntil(lambda: bool(heard.results))
    wait_until(lambda: first.ended == 1)
    assert (heard.progress, heard.results, heard.errors) == (["of the second"], ["second"], [])


def test_a_cancelled_operation_says_that_it_stopped(runner: Runner, dialog: QObject, qtbot: QtBot) -> None:
    job, held = LongJob(runner, dialog), HeldOperation()
    heard = Heard(job)
    job.start("one", held, {})
    held.wait_for_call()
    job.cancel()
    assert is_running(job)
    qtbot.waitUntil(lambda: bool(heard.errors))
    assert isinstance(heard.errors[0], ActionCancelled)
    assert not is_running(job)


def test_a_dropped_operation_is_not_heard_of(runner: Runner, dialog: QObject) -> None:
    job, held = LongJob(runner, dialog), HeldOperation("late", "later")
    heard = Heard(job)
    job.start("one", held, {}, tells=True)
    held.wait_for_call()
    job.drop()
    assert not is_running(job)
    wait_until(lambda: held.ended == 1)
    QCoreApplication.processEvents()
    assert (heard.progress, heard.results, heard.errors) == ([], [], [])


def test_nothing_happens_when_the_dialog_is_gone(runner: Runner, dialog: QObject, qtbot: QtBot) -> None:
    job, held = LongJob(runner, dialog), HeldOperation("late", "later")
    job.start("one", held, {}, tells=True)
    held.wait_for_call()
    dialog.deleteLater()
    drop_deleted()
    with qtbot.assertNotEmitted(runner.action_failed):
        held.let_go()
        qtbot.waitUntil(lambda: not runner.running)


def test_an_operation_goes_on_when_nobody_hears_its_progress(runner: Runner, dialog: QObject, qtbot: QtBot) -> None:
    class Late(HeldOperation):
        def __call__(self, **arguments: object) -> object:
            wait_until(lambda: self.result == "gone")
            return super().__call__(**arguments)

    job, held = LongJob(runner, dialog), Late(progress="late")
    job.start("one", held, {}, tells=True)
    dialog.deleteLater()
    drop_deleted()
    held.result = "gone"
    held.wait_for_call()  # telling did not stop it
    held.let_go()
    qtbot.waitUntil(lambda: not runner.running)
    assert held.ended == 1


def test_every_error_has_words() -> None:
    assert words_for(ActionCancelled("x"), "It was stopped.") == "It was stopped."
    assert words_for(InvalidInput("No.", advice="Try again."), "") == "No. Try again."
    assert "ZeroDivisionError: by zero" in words_for(ZeroDivisionError("by zero"), "")
