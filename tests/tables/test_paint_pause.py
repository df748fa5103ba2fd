"""The pause of painting after a jump: what was seen stays until the rows come, but never for long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QObject

from desk.catalog.columns import BOOKS
from desk.catalog.criteria import Criteria
from desk.tables.grid import Grid
from desk.tables.record_table import RecordTable
from tests.support.shelf import Shelf

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desk.catalog.paging import PageRequest
    from desk.tables.edit_stack import EditStack

ROWS = 2000


class Paintings(QObject):
    """Notes whether the first row in sight was there each time the rows of a grid were painted."""

    def __init__(self, grid: Grid) -> None:
        super().__init__(grid)
        self._grid = grid
        self.had_rows: list[bool] = []
        grid.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            self.had_rows.append(self._grid.table.row_at(self._grid.visible_rows()[0]) is not None)
        return False


@pytest.fixture
def shelf() -> Shelf:
    return Shelf("books", ROWS)


@pytest.fixture
def grid(edits: EditStack, shelf: Shelf, qtbot: QtBot) -> Grid:
    """A painted grid of 2,000 books, of which the first page is loaded."""
    made = Grid(RecordTable(BOOKS, edits))
    qtbot.addWidget(made)
    made.resize(1000, 500)
    made.show()
    made.table.start_view(shelf.start(Criteria("books")))
    paintings = Paintings(made)
    qtbot.waitUntil(lambda: bool(paintings.had_rows) and made.verticalScrollBar().maximum() > ROWS // 2)
    return made


def wanted_by_jump(grid: Grid, bot: QtBot, row: int) -> PageRequest:
    with bot.waitSignal(grid.table.page_wanted) as wanted:
        grid.verticalScrollBar().setValue(row)
    request: PageRequest = wanted.args[0]
    return request


def test_a_jump_asks_at_once_and_is_painted_when_its_rows_are_here(grid: Grid, shelf: Shelf, qtbot: QtBot) -> None:
    paintings = Paintings(grid)
    for row in (1010, 595, 1700):
        for part in shelf.page(wanted_by_jump(grid, qtbot, row)).parts:
            grid.table.place_page(part)
        assert grid.viewport().updatesEnabled()
        qtbot.waitUntil(lambda: bool(paintings.had_rows))
        assert all(paintings.had_rows)
        paintings.had_rows.clear()


def test_rows_that_do_not_come_soon_are_painted_as_missing(grid: Grid, qtbot: QtBot) -> None:
    paintings = Paintings(grid)
    wanted_by_jump(grid, qtbot, 1010)
    qtbot.waitUntil(lambda: bool(paintings.had_rows))
    assert paintings.had_rows == [False]
    assert grid.verticalHeader().updatesEnabled()


def test_rows_that_are_here_are_never_waited_for(grid: Grid) -> None:
    grid.verticalScrollBar().setValue(30)
    assert grid.viewport().updatesEnabled()
    grid.verticalScrollBar().setValue(95)
    assert grid.viewport().updatesEnabled(), "some of them are here"
    grid.verticalScrollBar().setValue(1010)
    assert not grid.viewport().updatesEnabled()
    grid.verticalScrollBar().setValue(0)
    assert grid.viewport().updatesEnabled()


def test_rows_of_elsewhere_end_no_pause(grid: Grid, shelf: Shelf) -> None:
    grid.verticalScrollBar().setValue(1010)
    grid.table.place_page(shelf.page(grid.table.places.request(500)))
    assert not grid.viewport().updatesEnabled()


def test_a_new_view_ends_a_pause(grid: Grid, shelf: Shelf) -> None:
    grid.verticalScrollBar().setValue(1010)
    grid.table.start_view(shelf.start(Criteria("books", search="book")))
    assert grid.viewport().updatesEnabled()
