"""Editing like a spreadsheet in the real window, on both databases: pasted, filled, replaced, undone, committed."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QItemSelection, QItemSelectionModel, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QLineEdit, QPushButton

from desk.dialogs.bulk_edit import BulkEditDialog
from desk.dialogs.cell_question import CellQuestionDialog
from desk.dialogs.long_text import LongTextDialog
from desk.dialogs.replacing import ReplaceDialog
from tests.support.editing import elsewhere, scalar, stored
from tests.support.window import child

if TYPE_CHECKING:
    from desk.operations.connect import OpenCatalogue
    from tests.support.window import Desk

D = TypeVar("D", bound=QDialog)
CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def select(desk: Desk, first: int, last: int, left: str, right: str | None = None) -> None:
    """Selects a block of cells; its top left one is the current one, and the grid has the keyboard."""
    table, model = desk.table, desk.browser.grid.selectionModel()
    desk.browser.grid.setFocus()
    begin, end = desk.section(left), desk.section(right or left)
    model.setCurrentIndex(table.index(first, begin), QItemSelectionModel.SelectionFlag.ClearAndSelect)
    block = QItemSelection(table.index(first, begin), table.index(last, end))
    model.select(block, QItemSelectionModel.SelectionFlag.ClearAndSelect)


def dialog(desk: Desk, kind: type[D]) -> D:
    """The dialog of that kind that is open."""

    def shown() -> list[D]:
        return [one for one in desk.window.findChildren(kind) if one.isVisible()]

    desk.until(lambda: len(shown()) == 1, f"a {kind.__name__}")
    return shown()[0]


def press(inside: QDialog, name: str) -> None:
    QTest.mouseClick(child(inside, QPushButton, name), Qt.MouseButton.LeftButton)


def test_a_pasted_block_is_one_step_and_one_commit(desk: Desk, colleague: OpenCatalogue) -> None:
    desk.search("pratchett")
    ids = [key.id for row in range(3) if (key := desk.table.key_at(row)) is not None]
    before = [desk.text(row, "published_year") for row in range(3)]
    select(desk, 0, 0, "published_year")
    QGuiApplication.clipboard().setText('1901\t\tde\r\n1902\t0-261-10334-2\t""\r\n1903\t\ten-GB\r\n')
    QTest.keyClick(desk.browser.grid, Qt.Key.Key_V, CONTROL)
    desk.until(lambda: desk.texts("published_year", 3) == ["1901", "1902", "1903"], "the block")
    desk.until(lambda: "Paste 3 × 3 cells" in desk.window.commands["undo"].text(), "the step's name")
    desk.trigger("undo")
    assert desk.texts("published_year", 3) == before
    desk.trigger("redo")
    desk.commit()
    found = [stored(colleague, "books", one) for one in ids]
    assert [one and one["published_year"] for one in found] == [1901, 1902, 1903]
    assert [one and one["language"] for one in found] == ["de", "", "en-GB"]
    assert [one and one["isbn"] for one in found] == [None, "9780261103344", None]


def test_new_rows_and_new_authors_are_asked_about_and_saved_together(desk: Desk, colleague: OpenCatalogue) -> None:
    desk.search("Good Omens")
    last = desk.table.rowCount() - 1
    select(desk, last, last, "title")
    lines = ("Good Omens", "Pasted One\tPasted, Nobody", "Pasted Two\tPasted, Nobody")
    QGuiApplication.clipboard().setText("\n".join(lines))
    desk.trigger("paste")
    press(dialog(desk, CellQuestionDialog), "add")
    desk.until(lambda: "author" in child(dialog(desk, CellQuestionDialog), QPushButton, "create").text())
    press(dialog(desk, CellQuestionDialog), "create")
    desk.until(lambda: len(desk.edits) == 3, "two books and an author")
    assert desk.texts("title", 2) == ["Pasted One", "Pasted Two"]
    desk.commit()
    count = "SELECT count(*) FROM books b JOIN authors a ON a.id = b.author_id WHERE a.name = 'Pasted, Nobody'"
    assert scalar(colleague, count) == 2
    assert scalar(colleague, "SELECT count(*) FROM authors WHERE name = 'Pasted, Nobody'") == 1


def test_keys_of_the_grid_mean_text_in_a_field(desk: Desk) -> None:
    desk.search("Good Omens")
    search = desk.browser.search
    search.setFocus()
    search.selectAll()
    QGuiApplication.clipboard().setText("Orlando")
    QTest.keyClick(search, Qt.Key.Key_V, CONTROL)
    assert search.text() == "Orlando"
    QTest.keyClick(search, Qt.Key.Key_Home)
    QTest.keyClick(search, Qt.Key.Key_Delete)
    assert search.text() == "rlando"
    assert len(desk.edits) == 0


def test_keys_of_the_grid_mean_nothing_elsewhere(desk: Desk) -> None:
    desk.search("Good Omens")
    select(desk, 0, 0, "published_year")
    tree = desk.window.pending.tree
    desk.edits.add("books", {"title": "So that the list is shown"})
    tree.setFocus()
    desk.until(tree.hasFocus, "the list to have the keyboard")
    QGuiApplication.clipboard().setText("1999")
    for key, held in ((Qt.Key.Key_Delete, Qt.KeyboardModifier.NoModifier), (Qt.Key.Key_V, CONTROL)):
        QTest.keyClick(tree, key, held)
    assert len(desk.edits) == 1


def test_rows_that_were_never_seen_are_pasted_over_too(desk: Desk, colleague: OpenCatalogue) -> None:
    rows = desk.table.rowCount()
    assert desk.table.key_at(rows - 1) is None
    select(desk, 0, 0, "language")
    QGuiApplication.clipboard().setText("\n".join(f"x-{row}" for row in range(rows)))
    desk.trigger("paste")
    desk.until(lambda: len(desk.edits) == rows, "all rows")
    desk.commit()
    order = "SELECT count(*) FROM books WHERE language = :language AND version = 2"
    assert scalar(colleague, order, language="x-0") == scalar(colleague, order, language=f"x-{rows - 1}") == 1
    desk.browser.go_to_position(rows - 1)
    desk.until(lambda: desk.text(rows - 1, "language") == f"x-{rows - 1}", "the last row")


def test_fill_down_and_clear_by_the_keyboard(desk: Desk, colleague: OpenCatalogue) -> None:
    desk.search("pratchett")
    ids = [key.id for row in range(3) if (key := desk.table.key_at(row)) is not None]
    select(desk, 0, 0, "language")
    desk.type_cell("language", "sv")
    select(desk, 0, 2, "language")
    QTest.keyClick(desk.browser.grid, Qt.Key.Key_D, CONTROL | SHIFT)
    desk.until(lambda: desk.texts("language", 3) == ["sv"] * 3, "the filled cells")
    select(desk, 0, 2, "published_year")
    QTest.keyClick(desk.browser.grid, Qt.Key.Key_Delete)
    desk.until(lambda: desk.texts("published_year", 3) == [None] * 3, "the cleared cells")
    desk.commit()
    found = [stored(colleague, "books", one) for one in ids]
    assert [(one["language"], one["published_year"]) for one in found if one] == [("sv", None)] * 3


def test_one_field_of_a_whole_view_is_changed_in_one_unit(desk: Desk, colleague: OpenCatalogue) -> None:
    desk.window.refresh()
    desk.settle()
    desk.browser.grid.setFocus()
    desk.browser.grid.selectAll()
    rows = desk.table.rowCount()
    assert rows > 500
    desk.trigger("edit_field")
    bulk = dialog(desk, BulkEditDialog)
    bulk.field.setCurrentText("Notes")
    bulk.editor.editor.setFocus()
    QTest.keyClicks(bulk.editor.editor, "checked")
    press(bulk, "bulk_edit_change")
    desk.until(lambda: len(desk.edits) == rows, "all records to be changed")
    desk.commit()
    assert scalar(colleague, "SELECT count(*) FROM books WHERE notes = 'checked'") == rows


def test_replacing_in_a_filtered_view_leaves_the_others(desk: Desk, colleague: OpenCatalogue) -> None:
    elsewhere(colleague, "UPDATE books SET language = 'x-%_' WHERE title LIKE '%Omens%'")
    all_the = scalar(colleague, "SELECT count(*) FROM books WHERE title LIKE '%the%'")
    desk.search("pratchett")
    rows = desk.table.rowCount()
    select(desk, 0, 0, "title")
    desk.trigger("replace")
    replace = dialog(desk, ReplaceDialog)
    replace.text.setText("e")
    replace.by.setText("E")
    press(replace, "replace_look")
    desk.until(lambda: replace.hits.rowCount() > 0, "the list")
    count = replace.hits.rowCount()
    assert count <= rows
    press(replace, "replace_do")
    desk.until(lambda: len(desk.edits) == count, "the replacements")
    assert desk.window.context.edits.steps.undoText() == f"Replace “e” in {count} × Title"
    replace.close()
    desk.commit()
    assert scalar(colleague, "SELECT count(*) FROM books WHERE title LIKE '%the%'") <= all_the
    assert scalar(colleague, "SELECT count(*) FROM books WHERE version = 2") == count


def test_a_long_text_is_edited_in_a_roomy_window(desk: Desk, colleague: OpenCatalogue) -> None:
    key = desk.find("Good Omens")
    elsewhere(colleague, "UPDATE books SET notes = :notes WHERE id = :id", notes="one\r\ntwo\u2029three", id=key.id)
    desk.browser.grid.setFocus()
    desk.browser.grid.setCurrentIndex(desk.table.index(0, desk.section("published_year")))
    QTest.keyClick(desk.browser.grid, Qt.Key.Key_Return, CONTROL)
    long_text = dialog(desk, LongTextDialog)
    assert long_text.text == "one\r\ntwo\u2029three"
    QTest.keyClicks(long_text.editor, "!")
    QTest.keyClick(long_text.editor, Qt.Key.Key_Return, CONTROL)
    desk.until(lambda: len(desk.edits) == 1, "the edit")
    desk.commit()
    found = stored(colleague, "books", key.id)
    assert found is not None
    assert found["notes"] == "!one\r\ntwo\u2029three"


def test_a_long_text_of_the_field_in_which_the_cursor_is(desk: Desk) -> None:
    desk.find("Good Omens")
    title = desk.field("title")
    assert isinstance(title, QLineEdit)
    title.setFocus()
    desk.until(title.hasFocus, "the field")
    QTest.keyClick(title, Qt.Key.Key_Return, CONTROL)
    long_text = dialog(desk, LongTextDialog)
    assert long_text.text.startswith("Good Omens")
    QTest.keyClick(long_text, Qt.Key.Key_Escape)


def test_the_button_beside_the_notes_opens_them_for_the_record_of_the_form(desk: Desk) -> None:
    desk.find("Good Omens")
    desk.click(desk.page, "books_room")
    long_text = dialog(desk, LongTextDialog)
    assert long_text.windowTitle().startswith("Notes of Good Omens")
    QTest.keyClicks(long_text.editor, "By the button.")
    press(long_text, "take_text")
    desk.until(lambda: len(desk.edits) == 1, "the edit")
    assert desk.page.form.fields["notes"].text.startswith("By the button.")
