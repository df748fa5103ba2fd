"""Several windows in one process: each with a connection of its own, the last to go ends the program."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QMessageBox
from shiboken6 import isValid

from desk.dialogs.connection.connect import ConnectDialog
from desk.window.windows import Windows
from tests.support.waiting import LONGEST
from tests.support.window import Desk, close

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot


@pytest.fixture
def windows(application: object) -> Iterator[Windows]:
    made = Windows()
    yield made
    for window in tuple(made.open_ones):
        close(window)


@pytest.fixture
def opened(windows: Windows, qtbot: QtBot) -> Callable[[str], Desk]:
    """Opens one more window and waits until its rows are there."""

    def open_one(target: str) -> Desk:
        desk = Desk(windows.open(target), qtbot)
        desk.until(lambda: desk.window.is_furnished and desk.window.context.catalogue)
        desk.settle()
        return desk

    return open_one


def hang(desk: Desk) -> threading.Event:
    """Keeps a worker of a window busy, whatever cancels it, until the event is set."""
    began, let_go = threading.Event(), threading.Event()

    def operation() -> None:
        began.set()
        let_go.wait(LONGEST)

    desk.window.context.runner.submit("hang", operation, arguments={})
    desk.until(began.is_set)
    return let_go


def test_each_window_has_its_own_connection(opened: Callable[[str], Desk], database_target: str) -> None:
    one, other = opened(database_target), opened(database_target)
    assert one.catalogue is not other.catalogue
    assert one.catalogue.info.identity == other.catalogue.info.identity
    assert one.window.pos() != other.window.pos()
    one.window.close()
    assert other.window.isVisible()
    other.trigger("refresh")
    other.settle()


def test_a_new_window_shows_the_same_database(
    opened: Callable[[str], Desk], windows: Windows, sqlite_path: Path, qtbot: QtBot
) -> None:
    one = opened(str(sqlite_path))
    one.trigger("new_window")
    assert len(windows.open_ones) == 2
    other = Desk(windows.open_ones[1], qtbot)
    other.until(lambda: other.window.is_furnished and other.window.context.catalogue)
    other.settle()
    assert other.catalogue.info.identity == one.catalogue.info.identity


def test_the_last_window_ends_it(
    opened: Callable[[str], Desk], windows: Windows, sqlite_path: Path, qtbot: QtBot
) -> None:
    one, other = opened(str(sqlite_path)), opened(str(sqlite_path))
    with qtbot.assertNotEmitted(windows.all_closed):
        one.window.close()
    with qtbot.waitSignal(windows.all_closed):
        other.window.close()
    assert windows.workers_ended


def test_quit_stops_at_a_window_with_pending_edits(
    opened: Callable[[str], Desk], windows: Windows, sqlite_path: Path
) -> None:
    one, other = opened(str(sqlite_path)), opened(str(sqlite_path))
    one.edits.add("books")
    other.trigger("quit")
    assert windows.open_ones == [one.window]
    assert one.question().objectName() == "closing_question"
    windows.close_all()
    assert len(one.window.findChildren(QMessageBox)) == 1
    one.answer("stay")
    assert len(one.edits) == 1


def test_quit_goes_on_when_the_window_that_asked_is_answered(
    opened: Callable[[str], Desk], windows: Windows, sqlite_path: Path, qtbot: QtBot
) -> None:
    one, other, third = (opened(str(sqlite_path)) for _number in range(3))
    one.edits.add("books")
    other.edits.add("books")
    third.trigger("quit")
    assert windows.open_ones == [one.window, other.window]
    other.until(lambda: other.edits.all_kept)
    other.answer("keep_for_later")
    one.until(lambda: windows.open_ones == [one.window], "the quit to go on")
    with qtbot.waitSignal(windows.all_closed):
        one.answer("discard_and_close")


def test_who_stays_has_quit_nothing(opened: Callable[[str], Desk], windows: Windows, sqlite_path: Path) -> None:
    one, other = opened(str(sqlite_path)), opened(str(sqlite_path))
    other.edits.add("books")
    other.trigger("quit")
    other.answer("stay")
    other.window.close()
    other.answer("discard_and_close")
    one.trigger("refresh")
    one.settle()
    assert windows.open_ones == [one.window]


def test_a_closed_window_whose_worker_hangs_does_not_hold_up_the_others(
    opened: Callable[[str], Desk], sqlite_path: Path
) -> None:
    one, other = opened(str(sqlite_path)), opened(str(sqlite_path))
    let_go = hang(other)
    started = time.monotonic()
    gone = other.window
    gone.close()
    one.trigger("refresh")
    one.settle()
    assert time.monotonic() - started < LONGEST / 2  # the other way, it is until the worker ends
    assert isValid(gone)
    let_go.set()
    one.until(lambda: not isValid(gone), "the closed window to be destroyed")


def test_the_last_window_tells_of_a_worker_that_another_left_behind(
    opened: Callable[[str], Desk], windows: Windows, sqlite_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desk.work.runner.LAST_WAIT_MS", 50)
    one, other = opened(str(sqlite_path)), opened(str(sqlite_path))
    let_go = hang(other)
    other.window.close()
    one.window.close()
    assert not windows.workers_ended
    let_go.set()


def test_a_connection_that_is_not_saved_stops_its_window_from_closing(
    opened: Callable[[str], Desk], sqlite_path: Path
) -> None:
    desk = opened(str(sqlite_path))
    dialog = desk.dialog("open", ConnectDialog)
    desk.until(lambda: dialog.list.rows, "the connections")
    dialog.form.name.setText("Mine")
    dialog.form.edited.emit()
    desk.trigger("quit")
    assert desk.window.isVisible()
    assert "not saved" in dialog.question.text
    assert "Connections" in desk.message
    desk.click(dialog, "unsaved_drop")
    desk.trigger("quit")
    assert not desk.window.isVisible()
