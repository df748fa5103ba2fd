"""A long copy: the window stays in use meanwhile, shows how far it is, and stops it when asked to."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QGuiApplication

from desk.database.actions import current_action
from desk.operations import selecting
from desk.operations.pages import read_page
from desk.panels import selected_rows
from tests.support.waiting import wait_until
from tests.support.window import Desk, opened_window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot
    from sqlalchemy.orm import Session

    from desk.catalog.paging import Page, PageRequest

ROWS = 904
KEPT = "what was there"


class Brake:
    """Holds a copy between two chunks, until it is let go or cancelled."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
        self.is_holding = False
        self._read = 0
        self._let_go = threading.Event()
        monkeypatch.setattr(selecting, "CHUNK", chunk)
        monkeypatch.setattr(selecting, "TELL_SECONDS", -1.0)
        monkeypatch.setattr(selecting, "read_page", self._read_page)

    def let_go(self) -> None:
        self._let_go.set()

    def _read_page(self, session: Session, request: PageRequest) -> Page:
        self._read += 1
        if self._read == 3:
            self._hold()
        return read_page(session, request)

    def _hold(self) -> None:
        action = current_action()
        assert action is not None
        self.is_holding = True
        try:
            while not self._let_go.wait(0.002):
                action.check()
        finally:
            self.is_holding = False


@pytest.fixture
def desk(sample_target: str, application: object, qtbot: QtBot) -> Iterator[Desk]:
    """The window over the books of the sample; a held copy holds its transaction too, so nobody watches those."""
    with opened_window(sample_target, qtbot) as made:
        made.settle()
        QGuiApplication.clipboard().setText(KEPT)
        yield made


@pytest.fixture
def brake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Brake]:
    made = Brake(monkeypatch, chunk=100)
    yield made
    made.let_go()


def lines() -> list[str]:
    return QGuiApplication.clipboard().text().split("\n")


def start(desk: Desk, brake: Brake) -> None:
    """Copies everything and waits until the copy is held after two chunks."""
    desk.browser.grid.selectAll()
    desk.trigger("copy")
    desk.until(lambda: brake.is_holding and desk.window.status.progress.value() > 0, "the copy to be under way")


def test_a_long_copy_shows_how_far_it_is(desk: Desk, brake: Brake) -> None:
    start(desk, brake)
    status = desk.window.status
    desk.until(lambda: status.job.text() == "Copying 200 of 904 rows", "the progress")
    assert status.progress.isVisible()
    assert status.cancel.isVisible()
    brake.let_go()
    desk.until(lambda: desk.message == "Copied 904 rows.", "the copy")
    assert not status.progress.isVisible()
    assert len(lines()) == ROWS


def test_a_cancelled_copy_changes_nothing(desk: Desk, brake: Brake) -> None:
    start(desk, brake)
    desk.click(desk.window.status, "status_cancel")
    desk.until(lambda: desk.message == "Cancelled. The clipboard keeps what it had.", "the cancel")
    assert lines() == [KEPT]
    assert not desk.window.status.progress.isVisible()
    wait_until(lambda: desk.catalogue.pool.snapshot().checked_out == 0)


def test_meanwhile_rows_are_browsed_and_saved(desk: Desk, brake: Brake) -> None:
    title = desk.text(0, "title")
    start(desk, brake)
    desk.browser.select(desk.table.key_at(0))  # type: ignore[arg-type]
    desk.type_cell("title", "Saved meanwhile")
    desk.trigger("commit")
    desk.until(lambda: not len(desk.edits), "the commit")
    desk.browser.grid.scrollToBottom()
    desk.until(lambda: desk.text(ROWS - 1, "title") not in (None, "…", ""), "the last row")
    assert brake.is_holding
    brake.let_go()
    desk.until(lambda: desk.message == "Copied 904 rows.", "the copy")
    assert len(lines()) == ROWS
    assert lines()[0].split("\t")[0] == title


def test_another_catalogue_ends_the_copy(desk: Desk, brake: Brake) -> None:
    start(desk, brake)
    desk.window.context.runner.drop_all()
    desk.until(lambda: not brake.is_holding, "the copy to end")
    assert lines() == [KEPT]
    assert not desk.window.status.progress.isVisible()


def test_a_searched_and_sorted_view_is_copied_as_it_is_shown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selected_rows, "COPIED_AT_ONCE", -1)
    monkeypatch.setattr(selecting, "CHUNK", 20)
    desk.sort_by("published_year")
    desk.search("the")
    rows = desk.table.rowCount()
    assert 1 < rows < ROWS
    desk.browser.grid.selectAll()
    desk.trigger("copy")
    desk.until(lambda: desk.message == f"Copied {rows:,} rows.", "the copy")
    assert len(lines()) == rows
    assert [line.split("\t")[0] for line in lines()[:5]] == desk.texts("title", 5)
