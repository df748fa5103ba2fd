"""Merging two authors and editing contributors in the real window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from desk.catalog.edits import RecordKey
from desk.dialogs.merge_authors import MergeDialog
from desk.panels.record_pages import BookPage
from desk.window.merging import Merging
from tests.support.editing import elsewhere, scalar
from tests.support.window import child

if TYPE_CHECKING:
    from desk.operations.connect import OpenCatalogue
    from desk.panels.contributors_editor import ContributorsEditor
    from tests.support.window import Desk


def editor(desk: Desk) -> ContributorsEditor:
    page = desk.page
    assert isinstance(page, BookPage)
    return page.contributors


def add(desk: Desk, name: str, role: str) -> None:
    """Adds the first author whom the picker finds."""
    one = editor(desk)
    one.new_role.setCurrentText(role)
    one.picker.setFocus()
    QTest.keyClicks(one.picker, name)
    desk.until(lambda: one.picker.is_offering, "the authors")
    QTest.keyClick(one.picker, Qt.Key.Key_Return)


def names(desk: Desk) -> list[str]:
    return [editor(desk).list.item(row).text() for row in range(editor(desk).list.count())]


def stored(catalogue: OpenCatalogue, title: str) -> int:
    statement = "SELECT count(*) FROM contributions JOIN books ON books.id = book_id WHERE title = :title"
    return int(scalar(catalogue, statement, title=title))


@pytest.fixture
def twins(desk: Desk, colleague: OpenCatalogue) -> tuple[int, int]:
    """Agatha Christie, and the same person once more under another name, with a book; both are shown in the grid."""
    christie = int(scalar(colleague, "SELECT id FROM authors WHERE name = 'Christie, Agatha'"))
    elsewhere(
        colleague, "INSERT INTO authors (name, name_key, notes) VALUES ('Christie, A.', 'christie, a.', 'a twin')"
    )
    twin = int(scalar(colleague, "SELECT id FROM authors WHERE name = 'Christie, A.'"))
    elsewhere(
        colleague, "INSERT INTO books (title, title_key, author_id) VALUES ('A Twin', 'twin', :author)", author=twin
    )
    desk.choose_table("authors")
    desk.trigger("refresh")
    desk.settle()
    desk.search("christie")
    return christie, twin


def open_dialog(desk: Desk, *ids: int) -> MergeDialog:
    """Selects authors in the grid and opens the dialog."""
    grid, table = desk.browser.grid, desk.table
    rows = [table.row_of(RecordKey("authors", one)) for one in ids]
    flags = QItemSelectionModel.SelectionFlag
    for how, row in zip((flags.ClearAndSelect, flags.Select), rows, strict=False):
        assert row is not None
        grid.selectionModel().setCurrentIndex(table.index(row, 0), how)
    desk.trigger("merge_authors")
    merging = desk.window.findChild(Merging)
    assert merging is not None
    assert merging.dialog is not None
    return merging.dialog


def test_two_selected_authors_become_one_and_two_again(
    desk: Desk, colleague: OpenCatalogue, twins: tuple[int, int]
) -> None:
    christie, twin = twins
    books = int(scalar(colleague, "SELECT count(*) FROM books WHERE author_id = :id", id=christie))
    dialog = open_dialog(desk, christie, twin)
    desk.until(lambda: dialog.table.merge is not None, "both authors")
    desk.click(dialog, "merge_button")
    desk.until(lambda: "Merged: 1 book and 0 contributions moved to Christie, Agatha." in desk.message, "the message")
    desk.settle()
    assert scalar(colleague, "SELECT count(*) FROM books WHERE author_id = :id", id=christie) == books + 1
    assert scalar(colleague, "SELECT notes FROM authors WHERE id = :id", id=christie)
    assert desk.texts("name", desk.table.rowCount()) == ["Christie, Agatha"]
    assert desk.text(0, "books") == str(books + 1)
    desk.until(lambda: desk.details.has_all_of(RecordKey("authors", christie)), "the author who stays")
    desk.trigger("undo_commit")
    desk.until(lambda: desk.table.rowCount() == 2, "the author who came back")
    desk.settle()
    assert scalar(colleague, "SELECT author_id FROM books WHERE title = 'A Twin'") == twin
    assert scalar(colleague, "SELECT notes FROM authors WHERE id = :id", id=twin) == "a twin"


def test_what_cannot_be_merged_is_said(desk: Desk, twins: tuple[int, int]) -> None:
    desk.choose_table("books")
    desk.trigger("merge_authors")
    desk.until(lambda: "in the table of authors" in desk.message, "the message")
    desk.choose_table("authors")
    desk.browser.grid.selectAll()
    desk.trigger("merge_authors")
    assert desk.window.findChild(MergeDialog) is None or len(desk.browser.grid.selected_originals() or []) <= 2


def test_one_author_is_merged_with_another_who_is_looked_for(
    desk: Desk, colleague: OpenCatalogue, twins: tuple[int, int]
) -> None:
    christie, twin = twins
    dialog = open_dialog(desk, christie)
    assert not child(dialog, QPushButton, "merge_button").isEnabled()
    dialog.picker.setFocus()
    QTest.keyClicks(dialog.picker, "christie, a.")
    desk.until(lambda: dialog.picker.choices[:1] == ["Christie, A."], "the twin")
    QTest.keyClick(dialog.picker, Qt.Key.Key_Return)
    desk.until(lambda: dialog.table.merge is not None, "both authors")
    desk.click(dialog, "merge_close")
    assert scalar(colleague, "SELECT count(*) FROM authors WHERE id = :id", id=twin) == 1


def test_contributors_are_edited_committed_and_taken_back(desk: Desk, colleague: OpenCatalogue) -> None:
    desk.find("Good Omens")
    assert names(desk) == ["Gaiman, Neil"]
    add(desk, "christie", "editor")
    add(desk, "Nobody, Nemo", "translator")
    assert names(desk) == ["Gaiman, Neil", "Christie, Agatha – editor", "Nobody, Nemo – translator"]
    assert desk.text(0, "contributors") == "Gaiman, Neil; Christie, Agatha; Nobody, Nemo"
    editor(desk).list.setFocus()
    desk.until(editor(desk).list.hasFocus, "the focus")
    QTest.keyClick(editor(desk).list, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    desk.until(lambda: desk.is_enabled("commit"), "the edits to be kept")
    desk.commit()
    wanted = ["Gaiman, Neil", "Nobody, Nemo – translator", "Christie, Agatha – editor"]
    assert names(desk) == wanted
    assert desk.text(0, "contributors") == "Gaiman, Neil; Nobody, Nemo; Christie, Agatha"
    assert stored(colleague, "Good Omens") == 3
    desk.until(lambda: desk.details.is_complete, "the details")
    assert names(desk) == wanted
    desk.trigger("undo_commit")
    desk.until(lambda: names(desk) == ["Gaiman, Neil"], "the contributors of before")
    assert stored(colleague, "Good Omens") == 1
    assert scalar(colleague, "SELECT count(*) FROM authors WHERE name = 'Nobody, Nemo'") == 0


def test_a_duplicate_takes_the_contributors_over(desk: Desk, colleague: OpenCatalogue) -> None:
    key = desk.find("Good Omens")
    desk.trigger("duplicate")
    desk.until(lambda: desk.details.key is not None and desk.details.key != key, "the new book")
    assert names(desk) == ["Gaiman, Neil"]
    desk.type_field("title", "Good Omens Again")
    desk.until(lambda: desk.is_enabled("commit"), "the edits to be kept")
    desk.commit()
    assert stored(colleague, "Good Omens Again") == 1


def test_a_duplicate_waits_until_all_of_the_record_is_here(desk: Desk) -> None:
    desk.search("Good Omens")
    key = desk.table.key_at(0)
    assert key is not None
    desk.details.show_record(None)
    desk.browser.select(key)
    assert not desk.details.has_all_of(key)
    desk.trigger("duplicate")
    desk.until(lambda: desk.details.key is not None and desk.details.key.id < 0, "the new book")
    assert names(desk) == ["Gaiman, Neil"]
    assert len(desk.edits) == 1
