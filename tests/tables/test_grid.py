"""The grid: copying cells, sorting by its header, arranging columns, finding places by keys, and scrolling."""

from __future__ import annotations

import csv
import gc
import io
import weakref
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, QPoint, QPointF, Qt
from PySide6.QtGui import QInputMethodEvent, QKeyEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from desk.catalog.columns import AUTHORS, BOOKS
from desk.catalog.criteria import Criteria
from desk.catalog.grid_layout import ColumnLayout, GridLayout
from desk.catalog.rows import AuthorRef
from desk.tables.grid import Grid
from desk.tables.record_table import RecordTable
from desk.tables.scroll_bar import ScrollBar
from tests.support.shelf import Shelf, book
from tests.support.window import click_header, column_layout

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QAction
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


def unwatched_grid(edits: EditStack, bot: QtBot, *, rows: int, serves: bool = True) -> tuple[Grid, Shelf]:
    """A shown grid without the model tester, which reads cells too, over so many books; the first are loaded."""
    grid, shelf = Grid(RecordTable(BOOKS, edits)), Shelf("books", rows)
    bot.addWidget(grid)
    grid.resize(1000, 500)
    grid.show()
    if serves:
        shelf.serve(grid.table)
    grid.table.start_view(shelf.start(Criteria("books")))
    shelf.asked.append(grid.table.places.request(0))
    bot.waitUntil(lambda: grid.verticalScrollBar().maximum() > rows // 2 or rows < 100)
    return grid, shelf


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


# Columns


def test_only_shown_columns_are_copied_and_in_the_order_in_which_they_stand(grid: Grid) -> None:
    names = ("price", "title", "isbn", "published_year")
    shown = [ColumnLayout(name, 90, is_shown=name != "isbn") for name in names]
    grid.apply_layout(GridLayout(tuple(shown)))
    grid.selectAll()
    columns = grid.table.columns
    assert [columns[section].name for section in grid.selected_columns()][:3] == ["price", "title", "published_year"]
    assert grid.selection_as_tsv().splitlines()[0].startswith("12.50\tBook 1\t1925\t")  # type: ignore[union-attr]
    select(grid, (0, 6), (0, 6))
    select(grid, (1, 3), (1, 3), ADD)
    assert grid.selection_as_tsv() == "12.50\t\t\n\t\t1925"


def test_a_layout_comes_back_as_it_was(grid: Grid) -> None:
    layout = GridLayout(
        tuple(
            ColumnLayout(column.name, 60 + 10 * place, is_shown=place != 2)
            for place, column in enumerate(reversed(grid.table.columns))
        )
    )
    grid.apply_layout(layout)
    assert column_layout(grid) == layout
    header = grid.horizontalHeader()
    assert header.logicalIndex(0) == len(grid.table.columns) - 1
    assert [header.isSectionHidden(header.logicalIndex(place)) for place in range(4)] == [False, False, True, False]


def test_a_layout_of_another_age_is_taken_as_far_as_it_goes(grid: Grid, qtbot: QtBot) -> None:
    before = column_layout(grid)
    with qtbot.assertNotEmitted(grid.layout_changed):
        grid.apply_layout(GridLayout((ColumnLayout("colour", 80), ColumnLayout("price", 1), ColumnLayout("price", 99))))
        grid.settle_layout()
    now = column_layout(grid)
    assert now.columns[0] == ColumnLayout("price", 99)
    assert [one for one in now.columns if one.name != "price"] == [one for one in before.columns if one.name != "price"]


def columns_menu(grid: Grid) -> QMenu:
    menu = QMenu(grid)
    grid.fill_columns_menu(menu)
    return menu


def test_one_column_always_stays(grid: Grid) -> None:
    grid.apply_layout(GridLayout(tuple(ColumnLayout(one.name, 90, is_shown=False) for one in grid.table.columns)))
    assert [one.name for one in column_layout(grid).columns if one.is_shown] == ["title"]
    only = columns_menu(grid).actions()[0]
    assert (only.text(), only.isChecked(), only.isEnabled()) == ("Title", True, False)


def test_the_last_column_stays_whatever_a_menu_says_that_was_opened_before(grid: Grid) -> None:
    for action in columns_menu(grid).actions()[: len(grid.table.columns)]:
        action.trigger()
    assert [one.name for one in column_layout(grid).columns if one.is_shown] == [grid.table.columns[-1].name]


def test_a_change_of_the_columns_is_told_once_it_rests(grid: Grid, qtbot: QtBot) -> None:
    told: list[GridLayout] = []
    grid.layout_changed.connect(told.append)
    for width in range(100, 130):
        grid.setColumnWidth(0, width)
    qtbot.waitUntil(lambda: bool(told))
    assert told == [column_layout(grid)]
    assert told[0].columns[0] == ColumnLayout("title", 129)


def test_the_menu_of_the_header_hides_and_shows_columns(grid: Grid, qtbot: QtBot) -> None:
    section = [column.name for column in grid.table.columns].index("isbn")
    width = grid.columnWidth(section)

    def action(text: str) -> QAction:
        return next(one for one in columns_menu(grid).actions() if one.text() == text)

    with qtbot.waitSignal(grid.layout_changed) as told:
        action("ISBN").trigger()
    assert grid.isColumnHidden(section)
    assert ColumnLayout("isbn", width, is_shown=False) in told.args[0].columns
    assert not action("ISBN").isChecked()
    action("ISBN").trigger()
    assert grid.columnWidth(section) == width


def test_columns_can_be_fitted_and_reset(grid: Grid, shelf: Shelf, qtbot: QtBot) -> None:
    before = column_layout(grid)
    show(grid, shelf, book(1, title="A long title " * 8), book(2))
    grid.setColumnWidth(5, 400)
    menu = {one.text(): one for one in columns_menu(grid).actions()}
    menu["Fit to contents"].trigger()
    assert grid.columnWidth(0) > grid.fontMetrics().horizontalAdvance("A long title " * 8)
    assert grid.columnWidth(5) < 400
    grid.horizontalHeader().moveSection(0, 4)
    with qtbot.waitSignal(grid.layout_changed):
        menu["Reset columns"].trigger()
    assert column_layout(grid) == before


def test_the_menu_opens_at_the_header(grid: Grid, qtbot: QtBot) -> None:
    grid.horizontalHeader().customContextMenuRequested.emit(QPoint(20, 5))
    menu = grid.horizontalHeader().findChild(QMenu, "columns_menu")
    assert menu is not None
    qtbot.waitUntil(menu.isVisible)
    menu.close()


def test_hidden_columns_are_skipped_by_the_keyboard_and_sort_by_nothing(grid: Grid) -> None:
    grid.setColumnHidden(1, True)
    QTest.keyClick(grid, Qt.Key.Key_Right)
    assert grid.currentIndex().column() == 2
    QTest.keyClick(grid, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert grid.currentIndex().column() == len(grid.table.columns) - 1
    grid.setColumnHidden(0, True)
    QTest.keyClick(grid, Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
    assert grid.currentIndex().column() == 2


# Places


def test_home_and_end_are_the_first_and_the_last_row(grid: Grid, shelf: Shelf) -> None:
    show(grid, shelf, *(book(number) for number in range(1, 501)))
    grid.setCurrentIndex(grid.table.index(3, 4))
    QTest.keyClick(grid, Qt.Key.Key_End)
    assert (grid.current_row, grid.currentIndex().column()) == (499, 4)
    assert grid.visible_rows()[-1] == 499
    QTest.keyClick(grid, Qt.Key.Key_Home, Qt.KeyboardModifier.ShiftModifier)
    assert (grid.current_row, grid.selection().rows) == (0, 500)
    QTest.keyClick(grid, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    assert (grid.current_row, grid.currentIndex().column()) == (499, len(grid.table.columns) - 1)
    QTest.keyClick(grid, Qt.Key.Key_Home)
    assert grid.current_row == 0


def test_keys_in_an_empty_grid_do_nothing(edits: EditStack, qtbot: QtBot) -> None:
    grid = Grid(RecordTable(BOOKS, edits))
    qtbot.addWidget(grid)
    grid.show()
    for key in (Qt.Key.Key_End, Qt.Key.Key_Home, Qt.Key.Key_Return, Qt.Key.Key_Down, Qt.Key.Key_A):
        QTest.keyClick(grid, key)
        QTest.keyClick(grid, key, Qt.KeyboardModifier.ControlModifier)
    grid.go_to_row(5)
    assert (grid.current_row, list(grid.visible_rows())) == (-1, [])


def test_a_row_that_is_gone_to_comes_into_sight_and_is_the_only_selected_one(grid: Grid, shelf: Shelf) -> None:
    show(grid, shelf, *(book(number) for number in range(1, 501)))
    grid.selectAll()
    grid.go_to_row(300)
    assert (grid.current_row, grid.selection().rows) == (300, 1)
    seen = grid.visible_rows()
    assert abs(300 - (seen[0] + seen[-1]) // 2) <= 1
    grid.go_to_row(seen[2])
    assert grid.visible_rows() == seen, "it was in sight"
    grid.go_to_row(10_000)
    assert grid.current_row == 499


def test_too_high_an_estimate_ends_at_the_last_row(grid: Grid, shelf: Shelf) -> None:
    shelf.rows = [book(number) for number in range(1, 251)]
    grid.table.start_view(shelf.start(Criteria("books", search="x"), total=700))
    QTest.keyClick(grid, Qt.Key.Key_End)
    assert grid.current_row == 699
    grid.table.place_total(grid.table.criteria, 250)
    assert (grid.current_row, grid.visible_rows()[-1]) == (249, 249)


def test_the_exact_total_moves_neither_the_top_nor_the_current_row(grid: Grid, shelf: Shelf) -> None:
    shelf.rows = [book(number) for number in range(1, 301)]
    grid.table.start_view(shelf.start(Criteria("books", search="x"), total=500))
    grid.go_to_row(200)
    seen = grid.visible_rows()
    for total in (600, 300):
        grid.table.place_total(grid.table.criteria, total, is_exact=total == 300)
        assert grid.table.rowCount() == total
        assert (grid.visible_rows(), grid.current_row) == (seen, 200)


def test_the_header_grows_with_the_numbers_in_it(edits: EditStack, qtbot: QtBot) -> None:
    grid, _shelf = unwatched_grid(edits, qtbot, rows=50)
    before = grid.verticalHeader().width()
    grid.table.place_total(grid.table.criteria, 10_000_000)
    text = grid.table.headerData(9_999_999, Qt.Orientation.Vertical)
    assert grid.verticalHeader().width() > grid.fontMetrics().horizontalAdvance(f"{text} •")
    grid.table.place_total(grid.table.criteria, 50)
    assert grid.verticalHeader().width() == before


# The scroll bar under a hand


def grip_by_slider(grid: Grid) -> None:
    grid.verticalScrollBar().setSliderDown(True)


def grip_by_mouse(grid: Grid) -> None:
    bar = grid.verticalScrollBar()
    QTest.mousePress(bar, Qt.MouseButton.LeftButton, pos=bar.rect().center())


def grip_by_wheel(grid: Grid) -> None:
    at = QPointF(grid.viewport().rect().center())
    event = QWheelEvent(
        at, grid.viewport().mapToGlobal(at), QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(grid.viewport(), event)


def let_go(grid: Grid) -> None:
    """Of the slider and the mouse; a wheel lets go by itself."""
    bar = grid.verticalScrollBar()
    bar.setSliderDown(False)
    QTest.mouseRelease(bar, Qt.MouseButton.LeftButton, pos=bar.rect().center())


def is_held(grid: Grid) -> bool:
    bar = grid.verticalScrollBar()
    assert isinstance(bar, ScrollBar)
    return bar.is_held


@pytest.mark.parametrize("grip", [grip_by_slider, grip_by_mouse, grip_by_wheel])
def test_a_total_never_moves_the_scroll_bar_under_a_hand(
    edits: EditStack, qtbot: QtBot, grip: Callable[[Grid], None]
) -> None:
    grid, _shelf = unwatched_grid(edits, qtbot, rows=900)
    bar = grid.verticalScrollBar()
    grip(grid)
    assert is_held(grid)
    before = bar.maximum()
    grid.table.place_total(grid.table.criteria, 300)
    grid.updateGeometries()
    assert bar.maximum() == before
    with qtbot.waitSignal(grid.released):
        let_go(grid)
    assert not is_held(grid)
    assert grid.table.rowCount() == 300
    qtbot.waitUntil(lambda: bar.maximum() < 300)


def test_a_scroll_bar_that_is_hidden_is_in_no_hand(edits: EditStack, qtbot: QtBot) -> None:
    grid, _shelf = unwatched_grid(edits, qtbot, rows=300)
    grip_by_mouse(grid)
    assert is_held(grid)
    with qtbot.waitSignal(grid.released):
        grid.verticalScrollBar().hide()
    assert not is_held(grid)


# What is asked for while scrolling


def test_the_page_ahead_is_asked_for_in_the_direction_of_scrolling(edits: EditStack, qtbot: QtBot) -> None:
    grid, shelf = unwatched_grid(edits, qtbot, rows=2000)
    ahead: list[int] = []
    grid.table.page_ahead_wanted.connect(lambda request: ahead.append(request.position))
    with qtbot.waitSignal(grid.table.page_ahead_wanted):
        grid.verticalScrollBar().setValue(1010)
    assert ahead == [1100]
    with qtbot.waitSignal(grid.table.page_ahead_wanted):
        grid.verticalScrollBar().setValue(1005)
    assert ahead == [1100, 900]
    assert shelf.asked[-1].position == 1000


def test_nothing_is_asked_for_ahead_while_a_seen_page_is_missing(edits: EditStack, qtbot: QtBot) -> None:
    grid, shelf = unwatched_grid(edits, qtbot, rows=2000, serves=False)
    with qtbot.waitSignal(grid.table.page_wanted) as wanted:
        grid.verticalScrollBar().setValue(1010)
    with qtbot.assertNotEmitted(grid.table.page_ahead_wanted, wait=200):
        pass
    with qtbot.waitSignal(grid.table.page_ahead_wanted) as ahead:
        grid.table.place_page(shelf.page(wanted.args[0]))
    assert ahead.args[0].position == 1100


def test_what_is_seen_is_painted_without_another_wish_once_it_is_here(edits: EditStack, qtbot: QtBot) -> None:
    grid, shelf = unwatched_grid(edits, qtbot, rows=2000)
    for value in (500, 1000, 700, 0):
        grid.verticalScrollBar().setValue(value)
        qtbot.waitUntil(lambda: all(grid.table.row_at(row) is not None for row in grid.visible_rows()))
    seen = {request.position for request in shelf.asked}
    assert seen == {0, 500, 1000, 700}
    assert len(shelf.asked) == 4


# Typed letters


def letters_of(grid: Grid) -> list[str]:
    """What the grid tells of typed letters from now on."""
    told: list[str] = []
    grid.jump_wanted.connect(told.append)
    return told


def test_letters_are_collected_until_a_pause(grid: Grid, qtbot: QtBot) -> None:
    told = letters_of(grid)
    QTest.keyClicks(grid, "The h")
    assert told == ["T", "Th", "The", "The ", "The h"]
    qtbot.waitUntil(lambda: grid._letters.text == "")
    assert told[-1] == "The h", "a pause is not told: the row stays"
    QTest.keyClicks(grid, "x")
    assert told[-1] == "x"


def test_backspace_takes_a_letter_back_and_escape_all_of_them(grid: Grid) -> None:
    told = letters_of(grid)
    QTest.keyClicks(grid, "ab")
    QTest.keyClick(grid, Qt.Key.Key_Backspace)
    QTest.keyClick(grid, Qt.Key.Key_Backspace)
    QTest.keyClick(grid, Qt.Key.Key_Backspace)
    QTest.keyClicks(grid, "cd")
    QTest.keyClick(grid, Qt.Key.Key_Escape)
    QTest.keyClick(grid, Qt.Key.Key_Escape)
    assert told == ["a", "ab", "a", "", "c", "cd", ""]


@pytest.mark.parametrize("held", [Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier])
def test_keys_with_ctrl_or_alt_are_no_letters(grid: Grid, held: Qt.KeyboardModifier) -> None:
    told = letters_of(grid)
    QTest.keyClick(grid, Qt.Key.Key_G, held)
    QTest.keyClick(grid, Qt.Key.Key_Space)
    QTest.keyClick(grid, Qt.Key.Key_Delete)
    QTest.keyClick(grid, Qt.Key.Key_Tab)
    assert told == []


def test_letters_with_shift_alt_gr_and_dead_keys_are_letters(grid: Grid) -> None:
    told = letters_of(grid)
    none, shift = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
    alt_gr = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
    for key, modifiers, text in (
        (Qt.Key.Key_E, alt_gr, "€"),
        (Qt.Key.Key_Shift, shift, ""),
        (Qt.Key.Key_A, shift, "A"),
        (Qt.Key.Key_Dead_Acute, none, ""),
        (Qt.Key.Key_Eacute, none, "é"),
    ):
        QApplication.sendEvent(grid, QKeyEvent(QEvent.Type.KeyPress, key, modifiers, text))
    assert told == ["€", "€A", "€Aé"]


def test_an_input_method_brings_letters_even_where_nothing_can_be_edited(grid: Grid) -> None:
    told = letters_of(grid)
    grid.table.editable = False
    for column in (0, 2):
        grid.setCurrentIndex(grid.table.index(0, column))
        assert grid.testAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled)
        event = QInputMethodEvent()
        event.setCommitString("夏目")
        QApplication.sendEvent(grid, event)
    assert told == ["夏目", "夏目夏目"]
    assert grid.editor is None


def test_an_arrow_or_a_click_ends_the_letters(grid: Grid) -> None:
    told = letters_of(grid)
    QTest.keyClicks(grid, "a")
    QTest.keyClick(grid, Qt.Key.Key_Down)
    QTest.keyClicks(grid, "b")
    QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=grid.visualRect(grid.table.index(2, 0)).center())
    QTest.keyClicks(grid, "c")
    assert told == ["a", "b", "c"]


def test_a_grid_goes_as_soon_as_nobody_holds_it(edits: EditStack) -> None:
    """A widget that waits for the garbage collector may be destroyed while another one is painted: that crashes."""
    gc.disable()
    try:
        grid = Grid(RecordTable(BOOKS, edits))
        grid.show()
        columns_menu(grid)
        gone = weakref.ref(grid)
        del grid
        assert gone() is None
    finally:
        gc.enable()
