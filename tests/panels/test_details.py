"""The details panel: the record and what belongs to it; typing is never overwritten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QMenu, QPlainTextEdit

from desk.catalog.columns import BOOKS
from desk.catalog.criteria import Sort
from desk.catalog.edits import EditKind, RecordKey
from desk.catalog.grid_layout import ColumnLayout, GridLayout
from desk.catalog.rows import AuthorRef
from desk.panels.details import DetailsPanel
from desk.panels.record_pages import AuthorPage, BookPage
from desk.tables.record_table import original_of
from tests.support.editing import elsewhere
from tests.support.shelf import book
from tests.support.window import column_layout

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desk.operations.connect import OpenCatalogue
    from desk.panels.context import Context

ORLANDO, WAVES, BEOWULF = (RecordKey("books", number) for number in (1, 2, 3))
WOOLF, BELL = RecordKey("authors", 1), RecordKey("authors", 2)


class Shown:
    """A shown details panel, and hands for it."""

    def __init__(self, context: Context, bot: QtBot) -> None:
        self.panel = DetailsPanel(context)
        self.edits = context.edits
        self.context = context
        self._bot = bot
        bot.addWidget(self.panel)
        self.panel.resize(400, 700)
        self.panel.show()

    def show(self, key: RecordKey) -> None:
        self.panel.show_record(key)
        self._bot.waitUntil(lambda: self.panel.key == key and self.panel.is_complete)

    @property
    def books(self) -> BookPage:
        page = self.panel.pages["books"]
        assert isinstance(page, BookPage)
        return page

    @property
    def authors(self) -> AuthorPage:
        page = self.panel.pages["authors"]
        assert isinstance(page, AuthorPage)
        return page

    def line(self, name: str) -> QLineEdit:
        editor = self.books.form.fields[name].editor
        assert isinstance(editor, QLineEdit)
        return editor

    def text(self, name: str) -> str:
        return self.books.form.fields[name].text

    def type(self, name: str, text: str, leave: bool = True) -> None:
        editor = self.line(name)
        editor.setFocus()
        self._bot.waitUntil(editor.hasFocus)
        editor.selectAll()
        QTest.keyClicks(editor, text)
        if leave:
            QTest.keyClick(editor, Qt.Key.Key_Tab)


@pytest.fixture
def shown(context: Context, qtbot: QtBot) -> Shown:
    return Shown(context, qtbot)


def test_a_book_is_shown_with_its_author_and_contributors(shown: Shown) -> None:
    shown.show(ORLANDO)
    texts = {name: shown.text(name) for name in shown.books.form.fields if name != "author"}
    assert texts == {
        "title": "Orlando",
        "published_year": "1928",
        "isbn": "9780261103344",
        "language": "en",
        "price": "12.50",
        "notes": "a\nb",
    }
    assert shown.line("author").text() == "Woolf, Virginia"
    contributors = shown.books.contributors.list
    assert [contributors.item(row).text() for row in range(contributors.count())] == ["Bell, Vanessa – illustrator"]


def test_a_record_on_its_way_leaves_the_one_before_in_sight_closed_for_typing(shown: Shown, qtbot: QtBot) -> None:
    shown.show(ORLANDO)
    shown.panel.show_record(None, comes=True)
    assert shown.panel.key is None
    assert shown.books.isVisible()
    assert shown.line("title").isReadOnly()
    shown.show(WAVES)
    assert shown.text("title") == "The Waves"
    assert not shown.line("title").isReadOnly()


def test_a_record_that_does_not_come_is_shown_no_longer(shown: Shown, qtbot: QtBot) -> None:
    shown.show(ORLANDO)
    shown.panel.show_record(None, comes=True)
    qtbot.waitUntil(lambda: not shown.books.isVisible())
    shown.show(WAVES)
    shown.panel.show_record(None)
    assert not shown.books.isVisible()


def test_an_author_is_shown_with_sums_and_books(shown: Shown, qtbot: QtBot) -> None:
    shown.show(WOOLF)
    assert shown.authors.sums.text() == "2 books · 1928 – 1931 · prices: sum 20.00, mean 10.00"
    table = shown.authors.table
    qtbot.waitUntil(lambda: table.row_at(1) is not None)
    assert [table.index(row, 0).data() for row in range(2)] == ["Orlando", "The Waves"]


def test_the_columns_of_an_authors_books_are_reset_to_the_few_that_they_were(shown: Shown) -> None:
    shown.show(WOOLF)
    grid, menu = shown.authors.books, QMenu()
    before = column_layout(grid)
    assert [one.name for one in before.columns if one.is_shown] == ["title", "published_year", "price"]
    grid.apply_layout(GridLayout(tuple(ColumnLayout(one.name, 50) for one in reversed(before.columns))))
    grid.fill_columns_menu(menu)
    next(action for action in menu.actions() if action.text() == "Reset columns").trigger()
    assert column_layout(grid) == before


def test_letters_lead_to_a_book_of_an_author_by_the_order_of_the_books(shown: Shown, qtbot: QtBot) -> None:
    shown.show(WOOLF)
    grid, table = shown.authors.books, shown.authors.table
    qtbot.waitUntil(lambda: table.row_at(1) is not None)
    QTest.keyClicks(grid, "1931")
    qtbot.waitUntil(lambda: grid.current_row == 1)
    assert shown.authors.jumping.label.isVisible()
    QTest.keyClick(grid, Qt.Key.Key_Escape)
    grid.sort_wanted.emit("title", False)
    qtbot.waitUntil(lambda: table.criteria.sorts == (Sort("title"),) and table.row_at(1) is not None)
    QTest.keyClick(grid, Qt.Key.Key_Home)
    QTest.keyClicks(grid, "the w")
    qtbot.waitUntil(lambda: grid.current_row == 1)


def test_an_author_without_books_is_told(shown: Shown) -> None:
    shown.show(BELL)
    assert "No books" in shown.authors.sums.text()
    assert not shown.authors.books.isVisible()


def test_an_authors_books_hold_no_new_books_of_others(shown: Shown, qtbot: QtBot) -> None:
    shown.show(WOOLF)
    qtbot.waitUntil(lambda: shown.authors.table.row_at(1) is not None)
    shown.edits.add("books", {"title": "Someone else's"})
    assert shown.authors.table.rowCount() == 2
    shown.show(BELL)
    shown.show(WOOLF)
    assert shown.authors.table.rowCount() == 2


def test_a_contributor_can_be_visited(shown: Shown, qtbot: QtBot) -> None:
    shown.show(ORLANDO)
    contributors = shown.books.contributors.list
    with qtbot.waitSignal(shown.context.record_wanted) as wanted:
        contributors.itemActivated.emit(contributors.item(0))
    assert wanted.args == [BELL]


def test_typing_in_a_field_becomes_a_pending_edit(shown: Shown) -> None:
    shown.show(ORLANDO)
    shown.type("published_year", "720 BCE")
    edit = shown.edits.get(ORLANDO)
    assert edit is not None
    assert dict(edit.values) == {"published_year": -720}
    assert edit.original["notes"] == "a\r\nb"
    assert shown.text("published_year") == "720 BCE"


def test_pending_values_are_shown_and_undone(shown: Shown, qtbot: QtBot) -> None:
    shown.edits.set_field(original_of(BOOKS, book(1, title="Orlando")), "title", "Orlando: A Biography")
    shown.show(ORLANDO)
    assert shown.text("title") == "Orlando: A Biography"
    shown.edits.steps.undo()
    assert shown.text("title") == "Orlando"


def test_a_new_record_is_filled_and_saved_in_the_form(shown: Shown) -> None:
    key = shown.edits.add("books")
    shown.panel.show_record(key)
    assert shown.text("title") == ""
    shown.type("title", "Flush")
    assert dict(shown.edits.edits()[0].values) == {"title": "Flush"}
    shown.edits.drop(key)
    assert shown.panel.key is None


def test_browsing_alone_changes_nothing(shown: Shown) -> None:
    for key in (ORLANDO, WAVES, BEOWULF, WOOLF, BELL, ORLANDO):
        shown.show(key)
        page = shown.panel.page
        assert page is not None
        for field in page.form.fields.values():
            field.editor.setFocus()
            QTest.keyClick(field.editor, Qt.Key.Key_Tab)
    assert shown.panel.take()
    assert shown.edits.edits() == ()


def test_typed_text_stays_when_the_record_is_loaded_again(shown: Shown, opened: OpenCatalogue, qtbot: QtBot) -> None:
    shown.show(ORLANDO)
    shown.type("title", "Half a ti", leave=False)
    elsewhere(opened, "UPDATE books SET title = 'Changed', language = 'fr' WHERE id = 1")
    with qtbot.waitSignal(shown.panel.details_shown):
        shown.context.committed.emit({}, set())
    assert shown.text("title") == "Half a ti"
    assert shown.text("language") == "fr"


def test_a_refused_value_stays_with_its_reason_while_other_fields_change(shown: Shown) -> None:
    shown.show(ORLANDO)
    shown.type("published_year", "abc")
    shown.type("price", "3")
    field = shown.books.form.fields["published_year"]
    assert (field.text, "not a year" in field.reason) == ("abc", True)
    edit = shown.edits.get(ORLANDO)
    assert edit is not None
    assert list(edit.values) == ["price"]
    assert not shown.panel.take()


def test_a_refused_value_is_not_carried_into_another_record(shown: Shown, qtbot: QtBot) -> None:
    shown.show(ORLANDO)
    shown.type("published_year", "abc")
    shown.panel.show_record(WAVES)
    assert shown.panel.key == ORLANDO
    editor = shown.line("published_year")
    editor.setFocus()
    QTest.keyClick(editor, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: shown.panel.key == WAVES and shown.panel.is_complete)
    assert shown.text("published_year") == "1931"
    assert shown.edits.edits() == ()


def test_what_is_typed_is_taken_when_another_record_is_chosen(shown: Shown) -> None:
    shown.show(ORLANDO)
    shown.type("title", "Typed", leave=False)
    shown.show(WAVES)
    edit = shown.edits.get(ORLANDO)
    assert edit is not None
    assert dict(edit.values) == {"title": "Typed"}
    assert shown.text("title") == "The Waves"


def test_notes_keep_their_line_ends_until_they_are_changed(shown: Shown) -> None:
    shown.show(ORLANDO)
    notes = shown.books.form.fields["notes"].editor
    assert isinstance(notes, QPlainTextEdit)
    notes.setFocus()
    QTest.keyClick(notes, Qt.Key.Key_Tab)
    assert shown.edits.edits() == ()
    notes.setPlainText("c\nd")
    assert shown.panel.take()
    assert dict(shown.edits.edits()[0].values) == {"notes": "c\nd"}


def test_an_author_is_found_and_chosen_in_the_form(shown: Shown, qtbot: QtBot) -> None:
    shown.show(BEOWULF)
    picker = shown.books.form.author_picker
    assert picker is not None
    picker.setFocus()
    QTest.keyClicks(picker, "bell")
    qtbot.waitUntil(lambda: bool(picker.choices))
    assert picker.choices == ["Bell, Vanessa", "Create “bell”"]
    QTest.keyClick(picker, Qt.Key.Key_Return)
    assert dict(shown.edits.edits()[0].values) == {"author": AuthorRef(2, "")}


def test_a_name_that_was_typed_and_not_chosen_is_not_lost(shown: Shown) -> None:
    shown.show(ORLANDO)
    shown.type("author", "Sackville")
    assert not shown.panel.take()
    field = shown.books.form.fields["author"]
    assert (field.text, "Choose an author" in field.reason) == ("Sackville", True)
    QTest.keyClick(field.editor, Qt.Key.Key_Escape)
    assert (field.text, field.reason) == ("Woolf, Virginia", "")
    assert shown.panel.take()
    assert shown.edits.edits() == ()


def test_a_record_to_be_deleted_cannot_be_typed_in(shown: Shown) -> None:
    shown.show(BEOWULF)
    shown.edits.delete([original_of(BOOKS, book(3))])
    assert shown.edits.edits()[0].kind is EditKind.DELETE
    assert shown.line("title").isReadOnly()
    shown.edits.steps.undo()
    assert not shown.line("title").isReadOnly()


def test_a_record_that_is_gone_is_explained(shown: Shown, opened: OpenCatalogue, qtbot: QtBot) -> None:
    elsewhere(opened, "DELETE FROM books WHERE id = 3")
    shown.panel.show_record(BEOWULF)
    qtbot.waitUntil(lambda: "deleted elsewhere" in shown.books.problems.text)
    assert shown.books.problems.isVisible()


def test_walking_through_rows_loads_only_where_one_rests(shown: Shown, qtbot: QtBot) -> None:
    before = shown.context.runner.submit("number", lambda: None, arguments={})
    for key in (ORLANDO, WAVES, BEOWULF):
        shown.panel.show_record(key)
    qtbot.waitUntil(lambda: shown.panel.is_complete)
    after = shown.context.runner.submit("number", lambda: None, arguments={})
    assert after - before == 2
