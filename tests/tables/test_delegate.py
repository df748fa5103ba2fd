"""Typing into cells: what can be kept is taken, what cannot keeps its editor open and says why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from desk.catalog.columns import BOOKS
from desk.catalog.paging import PageRequest
from desk.catalog.rows import AuthorRef, BookRow
from desk.operations.commit import commit_edits
from desk.operations.pages import load_page
from desk.tables.author_picker import AuthorPicker
from desk.tables.delegate import CellDelegate
from desk.tables.edit_stack import EditStack, NewAuthor
from desk.tables.grid import Grid
from desk.tables.look import LIGHT
from desk.tables.record_table import RecordTable
from tests.support.shared_data import shared_data
from tests.support.shelf import Shelf, book

if TYPE_CHECKING:
    from PySide6.QtCore import QModelIndex
    from PySide6.QtGui import QImage
    from pytestqt.qtbot import QtBot

    from desk.operations.connect import OpenCatalogue

COLUMNS = {"title": 0, "author": 1, "published_year": 3, "isbn": 4, "language": 5, "price": 6}

BAD = [
    ("published_year", "0", "There is no year 0"),
    ("published_year", "abc", "not a year"),
    ("published_year", str(2**63), "between 9999 BCE and 9999"),
    ("published_year", "10000", "between 9999 BCE and 9999"),
    ("price", "NaN", "not a price"),
    ("price", "inf", "not a price"),
    ("price", "-1", "not negative"),
    ("price", "1.999", "two decimals"),
    ("price", str(2**63), "at most"),
    ("isbn", "9780261103345", "check digit"),
    ("isbn", "12345", "10 or 13 digits"),
    ("title", "a\0b", "NUL"),
    ("title", "x" * 2001, "2,001 characters"),
    ("language", "x" * 36, "36 characters"),
]


def open_editor(grid: Grid, column: str, row: int = 0) -> QLineEdit:
    index = grid.table.index(row, COLUMNS[column])
    grid.setCurrentIndex(index)
    grid.edit(index)
    editor = grid.indexWidget(index)
    assert isinstance(editor, QLineEdit)
    return editor


def is_open(grid: Grid, index: QModelIndex) -> bool:
    return grid.indexWidget(index) is not None


def put_mark_first(editor: QLineEdit, text: str) -> None:
    """Leaves `text`, which begins with a byte order mark, in an editor: setText() would drop the mark."""
    editor.setText("x" + text)
    editor.setCursorPosition(1)
    editor.backspace()


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: f"{bad[0]}-{bad[2]}")
def test_a_bad_value_keeps_the_editor_open_and_says_why(
    grid: Grid, edits: EditStack, qtbot: QtBot, bad: tuple[str, str, str]
) -> None:
    column, typed, reason = bad
    editor = open_editor(grid, column)
    index = grid.currentIndex()
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
        editor.setText(typed)
        with qtbot.waitSignal(grid.cells.refused) as told:
            QTest.keyClick(editor, key)
        assert reason in told.args[0]
        assert reason in editor.toolTip()
        assert is_open(grid, index)
        assert editor.text() == typed
    assert len(edits) == 0
    QTest.keyClick(editor, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not is_open(grid, index))
    assert len(edits) == 0


@pytest.mark.parametrize("mark", ["\ufeff", "\ufffe"])
def test_a_leading_byte_order_mark_is_refused(grid: Grid, edits: EditStack, mark: str) -> None:
    editor = open_editor(grid, "title")
    put_mark_first(editor, mark + "title")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert "byte order mark" in editor.toolTip()
    assert is_open(grid, grid.currentIndex())
    assert len(edits) == 0


def test_a_bad_value_is_still_there_after_a_click_elsewhere(grid: Grid, edits: EditStack, qtbot: QtBot) -> None:
    editor = open_editor(grid, "published_year")
    index = grid.currentIndex()
    editor.setText("0")
    other = grid.visualRect(grid.table.index(2, 0)).center()
    with qtbot.waitSignal(grid.cells.refused):
        QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=other)
    assert is_open(grid, index)
    assert editor.text() == "0"
    assert grid.currentIndex() == index
    assert len(edits) == 0


def test_a_bad_value_keeps_its_editor_when_the_focus_goes_elsewhere(grid: Grid, edits: EditStack, qtbot: QtBot) -> None:
    elsewhere = QLineEdit()
    qtbot.addWidget(elsewhere)
    elsewhere.show()
    editor = open_editor(grid, "published_year")
    index = grid.currentIndex()
    editor.setText("0")
    with qtbot.waitSignal(grid.cells.refused):
        elsewhere.activateWindow()
        elsewhere.setFocus()
    assert is_open(grid, index)
    assert len(edits) == 0


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab, Qt.Key.Key_Backtab])
def test_a_good_value_is_taken_by_return_and_tab(grid: Grid, edits: EditStack, qtbot: QtBot, key: Qt.Key) -> None:
    editor = open_editor(grid, "published_year", row=1)
    index = grid.currentIndex()
    editor.selectAll()
    QTest.keyClicks(editor, "720 BCE")
    QTest.keyClick(editor, key)
    qtbot.waitUntil(lambda: not is_open(grid, index))
    assert index.data() == "720 BCE"
    assert edits.edits()[0].values == {"published_year": -720}


def test_a_good_value_is_taken_by_clicking_elsewhere(grid: Grid, edits: EditStack, qtbot: QtBot) -> None:
    editor = open_editor(grid, "published_year")
    index = grid.currentIndex()
    editor.setText("1928")
    other = grid.table.index(2, 0)
    QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=grid.visualRect(other).center())
    qtbot.waitUntil(lambda: not is_open(grid, index))
    assert edits.edits()[0].values == {"published_year": 1928}
    assert grid.currentIndex() == other


def test_a_good_value_is_taken_when_the_focus_goes_elsewhere(grid: Grid, edits: EditStack, qtbot: QtBot) -> None:
    elsewhere = QLineEdit()
    qtbot.addWidget(elsewhere)
    elsewhere.show()
    editor = open_editor(grid, "published_year")
    index = grid.currentIndex()
    editor.setText("1928")
    elsewhere.activateWindow()
    elsewhere.setFocus()
    qtbot.waitUntil(lambda: not is_open(grid, index))
    assert edits.edits()[0].values == {"published_year": 1928}


def test_leaving_an_editor_untouched_changes_nothing(grid: Grid, shelf: Shelf, edits: EditStack, qtbot: QtBot) -> None:
    shelf.rows[:3] = [
        book(1, title="\ufeffmarked", isbn="not an ISBN", price=None),
        book(2, title="two\r\nlines\u2028", published_year=None),
        book(3, title="", isbn=""),
    ]
    shelf.show_in(grid.table)
    for row in range(3):
        for column in COLUMNS:
            editor = open_editor(grid, column, row)
            QTest.keyClick(editor, Qt.Key.Key_Return)
            qtbot.waitUntil(lambda: not is_open(grid, grid.currentIndex()))
    assert edits.edits() == ()


def test_an_emptied_cell_has_no_value_where_none_may_be_kept(grid: Grid, edits: EditStack, qtbot: QtBot) -> None:
    for column, expected in (("language", None), ("title", "")):
        editor = open_editor(grid, column)
        editor.clear()
        QTest.keyClick(editor, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: not is_open(grid, grid.currentIndex()))
        assert edits.edits()[0].values[column] == expected


def test_an_isbn_is_kept_in_its_normal_form(grid: Grid, edits: EditStack, qtbot: QtBot) -> None:
    editor = open_editor(grid, "isbn")
    editor.setText("0-14-044913-2")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(edits) == 1)
    assert edits.edits()[0].values == {"isbn": "9780140449136"}


@pytest.mark.parametrize("key", [Qt.Key.Key_F2, Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_a_key_opens_the_editor_of_the_current_cell(grid: Grid, edits: EditStack, qtbot: QtBot, key: Qt.Key) -> None:
    grid.setCurrentIndex(grid.table.index(0, COLUMNS["price"]))
    QTest.keyClick(grid, key)
    editor = grid.indexWidget(grid.currentIndex())
    assert isinstance(editor, QLineEdit)
    QTest.keyClicks(editor, "7.25")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(edits) == 1)
    assert grid.currentIndex().data() == "7.25"
    qtbot.waitUntil(lambda: grid.editor is None)


def test_return_on_a_cell_that_cannot_be_edited_activates_it(grid: Grid, qtbot: QtBot) -> None:
    grid.table.editable = False
    with qtbot.waitSignal(grid.activated) as activated:
        QTest.keyClick(grid, Qt.Key.Key_Return)
    assert activated.args[0] == grid.currentIndex()
    assert grid.editor is None


def test_typing_on_a_cell_opens_no_editor(grid: Grid, edits: EditStack) -> None:
    QTest.keyClicks(grid, "7")
    assert grid.editor is None
    assert len(edits) == 0


def test_what_stands_in_an_open_editor_can_be_taken_from_outside(grid: Grid, edits: EditStack, qtbot: QtBot) -> None:
    editor = open_editor(grid, "price")
    index = grid.currentIndex()
    editor.setText("NaN")
    assert not grid.take_editor()
    assert is_open(grid, index)
    editor.setText("3.50")
    assert grid.take_editor()
    qtbot.waitUntil(lambda: not is_open(grid, index))
    assert index.data() == "3.50"
    assert grid.take_editor()


# The author's cell


def open_picker(grid: Grid) -> AuthorPicker:
    picker = open_editor(grid, "author")
    assert isinstance(picker, AuthorPicker)
    return picker


def test_an_author_is_chosen_in_the_cell(grid: Grid, edits: EditStack, qtbot: QtBot) -> None:
    picker = open_picker(grid)
    index = grid.currentIndex()
    assert picker.text() == "Woolf, Virginia"
    picker.selectAll()
    with qtbot.waitSignal(grid.cells.authors_wanted) as wanted:
        QTest.keyClicks(picker, "tol")
    assert wanted.args == [picker, "tol"]
    picker.show_found("tol", [AuthorRef(5, "Tolkien, J. R. R."), AuthorRef(6, "Tolstoy, Leo")])
    QTest.keyClick(picker, Qt.Key.Key_Down)
    QTest.keyClick(picker, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not is_open(grid, index))
    assert edits.edits()[0].values == {"author": AuthorRef(6, "Tolstoy, Leo")}
    assert index.data() == "Tolstoy, Leo"


def test_an_unknown_name_is_created_with_the_cell(grid: Grid, edits: EditStack, qtbot: QtBot) -> None:
    picker = open_picker(grid)
    picker.setText("Nobody, Known")
    picker.show_found("Nobody, Known", [])
    QTest.keyClick(picker, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(edits) == 2)
    assert edits.inserts("authors")[0].label == "Nobody, Known"
    assert grid.table.index(0, 1).data() == "Nobody, Known"
    edits.steps.undo()
    assert len(edits) == 0


@pytest.mark.parametrize("how", ["Return", "click elsewhere"])
def test_an_emptied_author_is_anonymous(grid: Grid, edits: EditStack, qtbot: QtBot, how: str) -> None:
    picker = open_picker(grid)
    index = grid.currentIndex()
    picker.clear()
    if how == "Return":
        QTest.keyClick(picker, Qt.Key.Key_Return)
    else:
        other = grid.visualRect(grid.table.index(2, 0)).center()
        QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=other)
    qtbot.waitUntil(lambda: not is_open(grid, index))
    assert edits.edits()[0].values == {"author": None}
    assert index.data() is None


def test_escape_leaves_the_author_as_it_was(grid: Grid, edits: EditStack, qtbot: QtBot) -> None:
    picker = open_picker(grid)
    index = grid.currentIndex()
    picker.setText("Nobody")
    QTest.keyClick(picker, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not is_open(grid, index))
    assert len(edits) == 0


# What is drawn


def test_states_are_told_apart_by_colour_and_by_shape(grid: Grid, edits: EditStack, qtbot: QtBot) -> None:
    table = grid.table
    table.setData(table.index(0, 3), "1930")
    doomed = table.original_at(1)
    assert doomed is not None
    edits.delete([doomed])
    edits.add("books", {"title": "New"})
    grid.clearSelection()
    grid.setCurrentIndex(table.index(5, 6))
    image: QImage = grid.viewport().grab().toImage()

    def colours(row: int, column: int) -> set[str]:
        rect = grid.visualRect(table.index(row, column))
        return {
            image.pixelColor(x, y).name()
            for x in range(max(rect.left(), 0), min(rect.right(), image.width() - 1))
            for y in range(rect.top(), rect.bottom())
        }

    assert {LIGHT.fresh, LIGHT.fresh_mark} <= colours(0, 0)
    assert {LIGHT.pending, LIGHT.pending_mark} <= colours(1, 3)
    assert {LIGHT.doomed, LIGHT.doomed_mark} <= colours(2, 0)
    plain = colours(3, 3)
    assert not plain & {LIGHT.fresh, LIGHT.pending, LIGHT.doomed}


def test_an_edit_that_is_not_on_disk_has_a_hollow_mark(grid: Grid, edits: EditStack) -> None:
    edits.keeps = True
    table = grid.table
    table.setData(table.index(0, 3), "1930")
    doomed = table.original_at(1)
    assert doomed is not None
    edits.delete([doomed])
    edits.add("books", {"title": "New"})
    grid.clearSelection()
    grid.setCurrentIndex(table.index(5, 6))

    def marked() -> list[int]:
        """How many pixels of the marks of a new, a changed and a deleted record have the mark's colour."""
        image: QImage = grid.viewport().grab().toImage()
        places = ((0, 0, LIGHT.fresh_mark), (1, 3, LIGHT.pending_mark), (2, 0, LIGHT.doomed_mark))
        rects = [(grid.visualRect(table.index(row, column)), colour) for row, column, colour in places]
        return [
            sum(
                image.pixelColor(x, y).name() == colour
                for x in range(rect.left(), rect.right() + 1)
                for y in range(rect.top(), rect.bottom() + 1)
            )
            for rect, colour in rects
        ]

    hollow = marked()
    edits.acknowledge(3)
    full = marked()
    assert all(0 < one < other for one, other in zip(hollow, full, strict=True)), (hollow, full)


# Naughty strings


def naughty_strings() -> list[str]:
    strings: list[str] = json.loads(shared_data("blns.json").read_text(encoding="utf-8"))
    assert len(strings) > 500
    return strings


def test_every_naughty_string_comes_back_as_it_was_typed(
    catalogue: OpenCatalogue, edits: EditStack, qtbot: QtBot
) -> None:
    strings = naughty_strings()
    marked = [text for text in strings if text.startswith(("\ufeff", "\ufffe"))]
    assert marked
    keys = [edits.add("books", {"title": "not typed yet"}) for _text in strings]
    books = RecordTable(BOOKS, edits)
    books.show_view(books.criteria)
    grid = Grid(books)
    qtbot.addWidget(grid)
    grid.resize(300, 80)
    grid.show()
    for key, text in zip(keys, strings, strict=True):
        row = books.row_of(key)
        assert row is not None
        editor = open_editor(grid, "title", row)
        put_mark_first(editor, text) if text in marked else editor.setText(text)
        QTest.keyClick(editor, Qt.Key.Key_Return)
        if text in marked:
            assert "byte order mark" in editor.toolTip()
            QTest.keyClick(editor, Qt.Key.Key_Escape)
        QApplication.processEvents()
        assert not is_open(grid, grid.currentIndex())
        if text in marked:
            edits.drop(key)
    assert [edit.values["title"] for edit in edits.edits()] == [text for text in strings if text not in marked]
    result = commit_edits(sessions=catalogue.sessions, batch=edits.batch())
    edits.saved(edits.batch(), result)
    for position in range(0, len(result.new_ids), 100):
        request = PageRequest(books.criteria, position)
        books.place_page(load_page(sessions=catalogue.sessions, request=request))
    found = {row.id: row.title for row in map(books.row_at, range(books.rowCount())) if isinstance(row, BookRow)}
    typed = {result.new_ids[key]: text for key, text in zip(keys, strings, strict=True) if text not in marked}
    assert found == typed


def test_a_choice_is_shown_by_its_name(grid: Grid) -> None:
    assert isinstance(grid.itemDelegate(), CellDelegate)
    assert grid.table.setData(grid.table.index(0, 1), NewAuthor("Sappho"))
    assert grid.table.index(0, 1).data() == "Sappho"
