"""Faults 47 and 48: everything selected in a grid of ten million rows, and more rows than Qt can show."""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desk.catalog.columns import BOOKS
from desk.catalog.paging import Page
from desk.tables.edit_stack import EditStack
from desk.tables.grid import Grid
from desk.tables.record_table import RecordTable
from tests.support.shelf import Shelf, book

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desk.catalog.paging import PageRequest

TEN_MILLIONS = 10_000_000
LONGEST_MS = 100
ROWS_OF_QT = 2**31 - 1


class EndlessShelf(Shelf):
    """A shelf of as many books as are asked for, made when they are asked for."""

    def __init__(self) -> None:
        super().__init__("books", 0)

    def page(self, request: PageRequest) -> Page:
        self.rows = [book(position) for position in range(request.position, request.position + request.limit)]
        first = Shelf.page(self, type(request)(request.criteria, 0, request.limit))
        return Page(request, first.rows, first.cells, None)


class Painted(QObject):
    """Counts how often widgets are painted."""

    def __init__(self) -> None:
        super().__init__()
        self.times = 0

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        self.times += event.type() == QEvent.Type.Paint
        return False


class CountingTable(RecordTable):
    """Counts the questions whether a cell can be selected."""

    asked = 0

    def flags(self, index: object) -> Qt.ItemFlag:
        self.asked += 1
        return super().flags(index)  # type: ignore[arg-type]


@pytest.fixture
def grid(application: object, qtbot: QtBot) -> Grid:
    """A big grid over ten million rows, those in sight loaded."""
    table = CountingTable(BOOKS, EditStack())
    EndlessShelf().serve(table)
    made = Grid(table)
    qtbot.addWidget(made)
    made.resize(1920, 1080)
    made.show()
    table.place_total(table.criteria, TEN_MILLIONS)
    made.setCurrentIndex(table.index(0, 0))
    made.setFocus()
    qtbot.waitUntil(lambda: made.hasFocus() and all(table.row_at(row) is not None for row in made.visible_rows()))
    return made


def press(grid: Grid, key: Qt.Key, *modifiers: Qt.KeyboardModifier) -> float:
    """Presses a key; returns the milliseconds until rows and headers are painted."""
    painted = Painted()
    grid.viewport().installEventFilter(painted)
    held = Qt.KeyboardModifier.NoModifier
    for modifier in modifiers:
        held |= modifier
    started = time.perf_counter()
    QTest.keyClick(grid, key, held)
    grid.viewport().update()  # where the key changes nothing
    while not painted.times:
        QApplication.processEvents()
    took = time.perf_counter() - started
    grid.viewport().removeEventFilter(painted)
    return took * 1000


def test_fault_47_ten_million_rows_are_selected_and_painted_at_once(grid: Grid) -> None:
    table = grid.table
    assert isinstance(table, CountingTable)
    took = []
    for _time in range(5):
        grid.clearSelection()
        QApplication.processEvents()
        table.asked = 0
        took.append(press(grid, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier))
        assert table.asked < 20_000, "the cells in sight are asked, not ten million"
    assert grid.selection().rows == TEN_MILLIONS
    assert median(took) < LONGEST_MS


def test_fault_47_nothing_is_slower_while_everything_is_selected(grid: Grid, qtbot: QtBot) -> None:
    """The end, a reloaded page, a new total, a copy and a deletion that are too big to be done at once."""
    table = grid.table
    grid.selectAll()
    QApplication.processEvents()
    control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    for key, modifiers in (
        (Qt.Key.Key_Down, (control,)),
        (Qt.Key.Key_End, (shift,)),
        (Qt.Key.Key_Home, (shift,)),
        (Qt.Key.Key_PageDown, (shift, control)),
    ):
        assert median(press(grid, key, *modifiers) for _time in range(3)) < LONGEST_MS, key
    for rows in (TEN_MILLIONS - 1, TEN_MILLIONS + 1000):
        grid.selectAll()
        started = time.perf_counter()
        table.place_total(table.criteria, rows)
        table.touch_all()
        QApplication.processEvents()
        assert grid.selected_originals() is None
        assert grid.selection_as_tsv() is None
        assert grid.fresh_originals() == []
        assert (time.perf_counter() - started) * 1000 < LONGEST_MS


@pytest.mark.parametrize("total", [ROWS_OF_QT // 10, ROWS_OF_QT + 1, 5 * 10**12])
def test_fault_48_more_rows_than_qt_can_show_are_capped_and_it_says_so(grid: Grid, qtbot: QtBot, total: int) -> None:
    table = grid.table
    told: list[str] = []
    table.cap_changed.connect(told.append)
    table.place_total(table.criteria, total)
    assert (table.rowCount(), table.total, table.is_capped) == (table.row_limit, total, True)
    assert grid.verticalHeader().length() == table.row_limit * grid.rowHeight(0)
    assert f"first {table.row_limit:,} of {total:,} rows" in told[0]
    press(grid, Qt.Key.Key_End)
    assert grid.current_row == table.row_limit - 1
    assert grid.visible_rows()[-1] == table.row_limit - 1
    qtbot.waitUntil(lambda: table.row_at(table.row_limit - 1) is not None)
    assert grid.rowViewportPosition(table.row_limit - 1) >= 0
    table.place_total(table.criteria, 1000)
    assert (table.rowCount(), table.is_capped, told[1:]) == (1000, False, [""])
    assert grid.visible_rows()[-1] == 999


def test_fault_48_new_records_on_top_of_a_capped_view_still_fit(grid: Grid) -> None:
    table = grid.table
    table.place_total(table.criteria, ROWS_OF_QT)
    edits = table._edits
    for _time in range(3):
        edits.add("books")
    assert table.rowCount() == table.row_limit + 3
    assert 0 < grid.verticalHeader().length() <= ROWS_OF_QT
