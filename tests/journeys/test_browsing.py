"""Looking around: opening, sorting, filtering, searching, and following from one record to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton

from desk.catalog.columns import BOOKS
from desk.catalog.criteria import Op, Sort
from desk.catalog.edits import RecordKey
from desk.panels.record_pages import AuthorPage, BookPage
from tests.support.editing import scalar
from tests.support.window import child

if TYPE_CHECKING:
    from desk.operations.connect import OpenCatalogue
    from tests.support.window import Desk


def test_opening_shows_rows_counts_and_the_first_record(desk: Desk) -> None:
    assert desk.table.rowCount() == 904
    assert "904" in desk.window.side_bar.text_of("books")
    assert desk.window.status.place.text() == "Row 1 of 904"
    desk.until(lambda: desk.details.is_complete)
    assert desk.page.form.fields["title"].text == desk.text(0, "title")
    desk.until(lambda: "statement" in desk.window.status.cost.text())


def test_the_last_row_is_shown_with_its_record(desk: Desk) -> None:
    grid = desk.browser.grid
    grid.setFocus()
    QTest.keyClick(grid, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    desk.until(lambda: desk.table.key_at(903) is not None, "the last page")
    desk.until(lambda: desk.details.key == desk.table.key_at(903) and desk.details.is_complete, "the last record")
    assert desk.window.status.place.text() == "Row 904 of 904"


def test_headers_sort_and_shift_adds(desk: Desk) -> None:
    desk.sort_by("published_year")
    desk.sort_by("published_year")
    desk.sort_by("title", shift=True)
    assert desk.browser.criteria.sorts == (Sort("published_year", descending=True), Sort("title"))
    years = desk.texts("published_year", 5)
    assert years == sorted(years, key=str, reverse=True)


def test_typed_text_is_kept_while_results_come(desk: Desk) -> None:
    search = desk.browser.search
    search.setFocus()
    QTest.keyClicks(search, "garcia marquez", delay=15)
    desk.until(lambda: desk.browser.criteria.search == "garcia marquez")
    desk.settle()
    assert search.text() == "garcia marquez"
    assert desk.text(0, "author") == "García Márquez, Gabriel"
    search.setText("")
    desk.until(lambda: desk.browser.criteria.search == "")
    desk.settle()
    assert desk.table.rowCount() == 904


def test_a_filter_narrows_and_its_chip_widens(desk: Desk) -> None:
    editor = desk.browser.filters.edit_filter(BOOKS.column("published_year"), Op.RANGE)
    assert editor is not None
    QTest.keyClicks(editor.fields[0], "500 BCE")
    QTest.keyClicks(editor.fields[1], "1 BCE")
    QTest.keyClick(editor.fields[1], Qt.Key.Key_Return)
    desk.settle()
    assert 0 < desk.table.rowCount() < 100
    assert all("BCE" in (text or "") for text in desk.texts("published_year", 3))
    child(desk.browser.filters.chips[0], QAbstractButton, "chip_remove").click()
    desk.settle()
    assert desk.table.rowCount() == 904


def test_the_first_letter_is_looked_for_at_once_and_what_is_typed_right_behind_it_together(desk: Desk) -> None:
    search = desk.browser.search
    QTest.keyClick(search, Qt.Key.Key_W)
    assert desk.browser.criteria.search == "w"
    search.insert("oolf")
    QTest.keyClick(search, Qt.Key.Key_Return)
    assert desk.browser.criteria.search == "woolf"
    QTest.keyClicks(search, "xyz")
    desk.until(lambda: desk.browser.criteria.search == "woolfxyz")
    desk.settle()
    assert desk.table.rowCount() == 0


def test_nothing_found_says_what_to_do(desk: Desk) -> None:
    desk.search("no book has this title")
    assert desk.table.rowCount() == 0
    assert "Nothing matches" in desk.browser.notice.text()
    desk.search("")
    assert not desk.browser.notice.isVisible()


def test_any_search_finds_or_finds_nothing(desk: Desk) -> None:
    for typed in ("%", "_", "\\", "'; DROP TABLE books; --", "x" * 2000):
        desk.browser.search.setText(typed)
        QTest.keyClick(desk.browser.search, Qt.Key.Key_Return)
        desk.settle()
        assert desk.browser.criteria.search == typed
        assert not desk.browser.problems.isVisible(), desk.browser.problems.text
        assert not desk.window.problems.isVisible(), desk.window.problems.text


def test_a_search_that_no_database_takes_says_why(desk: Desk) -> None:
    desk.browser.search.setText("a\0b")
    QTest.keyClick(desk.browser.search, Qt.Key.Key_Return)
    assert "NUL" in desk.message
    desk.settle()
    assert desk.table.rowCount() == 904


def test_a_cell_becomes_a_filter(desk: Desk) -> None:
    desk.search("woolf")
    name = desk.text(0, "author")
    desk.browser.grid.setCurrentIndex(desk.table.index(0, desk.section("author")))
    desk.browser.filter_by_current_cell()
    desk.settle()
    assert set(desk.texts("author", desk.table.rowCount())) == {name}


def test_a_contributor_leads_to_the_author(desk: Desk, colleague: OpenCatalogue) -> None:
    desk.find("Good Omens")
    page = desk.page
    assert isinstance(page, BookPage)
    gaiman = scalar(colleague, "SELECT id FROM authors WHERE name = 'Gaiman, Neil'")
    contributors = page.contributors.list
    assert contributors.item(0).text() == "Gaiman, Neil"
    contributors.itemActivated.emit(contributors.item(0))
    desk.settle()
    assert desk.browser.description.name == "authors"
    desk.until(lambda: desk.details.key == RecordKey("authors", gaiman) and desk.details.is_complete)
    assert desk.details.key == RecordKey("authors", gaiman)


def test_an_author_shows_sums_and_books_that_lead_on(desk: Desk) -> None:
    desk.choose_table("authors")
    desk.find("christie")
    page = desk.page
    assert isinstance(page, AuthorPage)
    desk.until(lambda: page.table.row_at(0) is not None, "the author's books")
    assert "books" in page.sums.text()
    title = page.table.index(0, 0).data()
    page.books.activated.emit(page.table.index(0, 0))
    desk.settle()
    desk.until(lambda: desk.details.key is not None and desk.details.key.table == "books" and desk.details.is_complete)
    assert desk.page.form.fields["title"].text == title


def test_changes_of_others_are_there_after_a_refresh(desk: Desk, colleague: OpenCatalogue) -> None:
    from tests.support.editing import elsewhere

    key = desk.find("Good Omens")
    elsewhere(colleague, "UPDATE books SET language = 'tlh' WHERE id = :id", id=key.id)
    desk.trigger("refresh")
    desk.until(lambda: desk.text(0, "language") == "tlh")
    elsewhere(colleague, "DELETE FROM contributions WHERE book_id = :id", id=key.id)
    elsewhere(colleague, "DELETE FROM books WHERE id = :id", id=key.id)
    desk.trigger("refresh")
    desk.until(lambda: desk.table.rowCount() == 0)
