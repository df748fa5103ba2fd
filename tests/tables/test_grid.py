"""The grid: copying cells as tab-separated values, and sorting by its header."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelection, QItemSelectionModel

from desk.catalog.columns import AUTHORS, BOOKS
from desk.catalog.rows import AuthorRef
from desk.tables.grid import Grid
from desk.tables.record_table import RecordTable
from tests.support.shelf import Shelf, book
from tests.support.window import click_header

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desk.tables.edit_stack import EditStack

Flag = QItemSelectionModel.SelectionFlag
CLEAR, ADD = Flag.ClearAndSelect, Flag.Select


def select(grid: Grid, first: tuple[int, int], last: tuple[int, int], how: Flag = CLEAR) -> None:
    """Selects the cells between two (row, column)."""
    table = grid.table
    grid.selectionModel().select(QItemSelection(table.index(*first), table.index(*last)), how)


def show(grid: Grid, shelf: Shelf, *rows: object) -> None:
    shelf.rows = list(rows)  # type: ignore[arg-type]
    shelf.show_in(grid.table)


def test_a_cell_is_copied_as_its_text(grid: Grid) -> None:
    select(grid, (1, 0), (1, 0))
    assert grid.selection_as_tsv() == "Book 2"


def test_a_range_is_copied_row_by_row(grid: Grid) -> None:
    select(grid, (0, 3), (1, 6))
    assert grid.selection_as_tsv() == "1925\t9780261103344\ten\t12.50\n1925\t9780261103344\ten\t12.50"


def test_no_value_is_nothing_and_an_empty_text_is_two_quotes(grid: Grid, shelf: Shelf) -> None:
    show(grid, shelf, book(1, title="", language=None), book(2, title="x", language="", author=None))
    select(grid, (0, 0), (1, 0))
    assert grid.selection_as_tsv() == '""\nx'
    select(grid, (0, 5), (1, 5))
    assert grid.selection_as_tsv() == '\n""'
    select(grid, (1, 1), (1, 1))
    assert grid.selection_as_tsv() == ""


def test_tabs_line_ends_and_quotes_are_quoted_and_not_drawn_signs(grid: Grid, shelf: Shelf) -> None:
    titles = ["a\tb", "a\nb", "a\r\nb", 'say "x"', "plain"]
    show(grid, shelf, *(book(number, title=title) for number, title in enumerate(titles, 1)))
    select(grid, (0, 0), (4, 0))
    copied = grid.selection_as_tsv()
    assert copied == '"a\tb"\n"a\nb"\n"a\r\nb"\n"say ""x"""\nplain'
    read = csv.reader(io.StringIO(copied, newline=""), delimiter="\t")
    assert [cells[0] for cells in read] == titles


def test_separate_ranges_keep_their_columns(grid: Grid) -> None:
    select(grid, (0, 0), (0, 0))
    select(grid, (2, 2), (2, 3), ADD)
    assert grid.selection_as_tsv() == 'Book 1\t\t\t\n\t\t""\t1925'


def test_pending_values_are_copied_as_they_are_shown(grid: Grid) -> None:
    grid.table.setData(grid.table.index(0, 0), "Orlando")
    grid.table.setData(grid.table.index(0, 1), AuthorRef(9, "Someone else"))
    select(grid, (0, 0), (0, 1))
    assert grid.selection_as_tsv() == "Orlando\tSomeone else"


def test_nothing_selected_copies_nothing(grid: Grid) -> None:
    grid.clearSelection()
    assert grid.selection_as_tsv() == ""
    assert grid.selected_originals() == []


def test_a_click_sorts_and_a_click_with_shift_adds(grid: Grid) -> None:
    wanted: list[tuple[str, bool]] = []
    grid.sort_wanted.connect(lambda column, add: wanted.append((column, add)))
    click_header(grid, 3)
    click_header(grid, 0, shift=True)
    assert wanted == [("published_year", False), ("title", True)]


def test_contributors_do_not_sort(grid: Grid, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(grid.sort_wanted):
        click_header(grid, 2)


def test_counts_do_not_sort(edits: EditStack, qtbot: QtBot) -> None:
    grid = Grid(RecordTable(AUTHORS, edits))
    qtbot.addWidget(grid)
    grid.resize(1000, 300)
    grid.show()
    Shelf("authors", 3).show_in(grid.table)
    with qtbot.assertNotEmitted(grid.sort_wanted):
        click_header(grid, [column.name for column in AUTHORS.grid].index("books"))


def test_a_view_of_a_million_rows_is_shown_at_once(edits: EditStack, qtbot: QtBot) -> None:
    grid = Grid(RecordTable(BOOKS, edits))
    qtbot.addWidget(grid)
    grid.resize(800, 300)
    grid.show()
    grid.table.place_total(grid.table.criteria, 1_000_000)
    grid.scrollToBottom()
    assert grid.rowAt(grid.viewport().height() - 2) == 999_999
