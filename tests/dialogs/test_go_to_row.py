"""Go to row: takes a number as people write them, refuses what no row has, and gives the keyboard back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desk.catalog.columns import BOOKS
from desk.dialogs.go_to_row import GoToRow
from desk.tables.edit_stack import EditStack
from desk.tables.grid import Grid
from desk.tables.record_table import RecordTable

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def line(application: object, qtbot: QtBot) -> GoToRow:
    """The line over a grid of ten million rows, none of which is loaded."""
    table = RecordTable(BOOKS, EditStack())
    grid = Grid(table)
    qtbot.addWidget(grid)
    grid.resize(600, 300)
    grid.show()
    table.place_total(table.criteria, 10_000_000)
    made = GoToRow(grid)
    with qtbot.waitActive(grid):
        grid.activateWindow()
    made.ask()
    qtbot.waitUntil(made.number.hasFocus)
    return made


@pytest.mark.parametrize(
    "typed", ["1234567", "1,234,567", "1.234.567", "1 234 567", "1'234'567", " 1\u202f234\u202f567 "]
)
def test_a_row_is_reached_by_its_number_however_it_is_written(line: GoToRow, qtbot: QtBot, typed: str) -> None:
    line.number.setText(typed)
    with qtbot.waitSignal(line.row_wanted) as wanted:
        QTest.keyClick(line.number, Qt.Key.Key_Return)
    assert wanted.args == [1_234_566]
    qtbot.waitUntil(lambda: not line.isVisible())
    assert line._grid.hasFocus()


@pytest.mark.parametrize("typed", ["0", "10000001", "-1", "x", "1e3", "²", "9" * 40])
def test_what_no_row_has_is_refused_and_said(line: GoToRow, qtbot: QtBot, typed: str) -> None:
    line.number.clear()
    QTest.keyClicks(line.number, typed)
    assert "from 1 to 10,000,000" in line.hint.text()
    with qtbot.assertNotEmitted(line.row_wanted):
        QTest.keyClick(line.number, Qt.Key.Key_Return)
    assert line.isVisible()
    line.number.clear()
    QTest.keyClicks(line.number, "7")
    assert line.hint.text() == "of 10,000,000"


def test_a_row_that_the_grid_cannot_show_is_refused(line: GoToRow, qtbot: QtBot) -> None:
    line._grid.table.row_limit = 5_000_000
    line.number.clear()
    QTest.keyClicks(line.number, "5000001")
    assert "from 1 to 5,000,000" in line.hint.text()
    with qtbot.assertNotEmitted(line.row_wanted):
        QTest.keyClick(line.number, Qt.Key.Key_Return)
    QTest.keyClick(line.number, Qt.Key.Key_Backspace)
    assert line.hint.text() == "of 10,000,000"


def test_no_key_reaches_the_grid_below(line: GoToRow, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(line._grid.jump_wanted), qtbot.assertNotEmitted(line._grid.current_row_changed):
        for key in (Qt.Key.Key_Return, Qt.Key.Key_Down, Qt.Key.Key_PageDown, Qt.Key.Key_F7):
            line.number.clear()
            QTest.keyClick(line.number, key)
    assert line.number.hasFocus()
    assert line._grid.editor is None


def test_escape_gives_the_keyboard_back_to_the_grid(line: GoToRow, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(line.row_wanted):
        QTest.keyClick(line.number, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not line.isVisible())
    assert line._grid.hasFocus()


def test_an_estimate_is_told_as_one(line: GoToRow) -> None:
    table = line._grid.table
    table.show_view(table.criteria)
    table.place_total(table.criteria, 1_000, is_exact=False)
    line.number.clear()
    line.ask()
    assert line.hint.text() == "of about 1,000"


def test_a_row_behind_an_estimate_is_gone_to(line: GoToRow, qtbot: QtBot) -> None:
    table = line._grid.table
    table.show_view(table.criteria)
    table.place_total(table.criteria, 1_000, is_exact=False)
    line.number.clear()
    QTest.keyClicks(line.number, "1200")
    assert line.hint.text() == "of about 1,000"
    with qtbot.waitSignal(line.row_wanted) as wanted:
        QTest.keyClick(line.number, Qt.Key.Key_Return)
    assert wanted.args == [1_199]


def test_the_line_opens_with_the_current_row_to_be_typed_over(line: GoToRow) -> None:
    grid = line._grid
    grid.setCurrentIndex(grid.table.index(41, 0))
    line.ask()
    assert line.number.text() == "42"
    assert line.number.selectedText() == "42"
