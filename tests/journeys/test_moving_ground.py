"""What a person types and points at stays theirs while rows move, come late, or belong to another catalogue."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit

from desk.catalog.edits import EditKind
from desk.catalog.rows import AuthorRef
from desk.operations import views
from desk.operations.connect import create_catalogue
from desk.tables.author_picker import AuthorPicker
from tests.support.editing import elsewhere
from tests.support.waiting import LONGEST

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from desk.catalog.paging import ViewStart
    from desk.operations.connect import OpenCatalogue
    from tests.support.window import Desk

FIRST_OF_ALL = "INSERT INTO books (title, title_key, author_id, language) SELECT '!', '!', min(id), 'en' FROM authors"


def test_a_reload_leaves_what_is_typed_in_an_open_cell(desk: Desk) -> None:
    desk.find("Good Omens")
    editor = desk.open_cell("title")
    editor.setText("typed text")
    desk.trigger("refresh")
    desk.settle()
    assert editor.text() == "typed text"
    QTest.keyClick(editor, Qt.Key.Key_Return)
    desk.until(lambda: desk.text(0, "title") == "typed text", "the value to be taken")


def test_an_answer_from_before_a_reload_is_not_taken_for_the_new_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.find("Good Omens")
    asked, go_on = threading.Event(), threading.Event()
    open_view, runner = views.open_view, desk.window.context.runner

    def held(**arguments: Any) -> ViewStart:
        asked.set()
        assert go_on.wait(LONGEST)
        return open_view(**arguments)

    monkeypatch.setattr(views, "open_view", held)
    try:
        desk.browser.refresh()
        desk.until(asked.is_set, "the rows to be asked for")
        before = [action for action in runner.running if action.label == "Load Books"]
        desk.browser.refresh()
        assert before
        assert not set(before) & set(runner.running)
    finally:
        go_on.set()
    desk.settle()
    assert desk.text(0, "title") == "Good Omens"


def test_an_edit_reaches_the_record_on_which_its_editor_was_opened(desk: Desk, colleague: OpenCatalogue) -> None:
    key = desk.table.key_at(1)
    assert key is not None
    desk.browser.select(key)
    editor = desk.open_cell("title")
    elsewhere(colleague, FIRST_OF_ALL)
    desk.trigger("refresh")
    desk.until(lambda: desk.text(0, "title") == "!", "the colleague's book")
    editor.setText("typed text")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    desk.until(lambda: len(desk.edits) > 0, "the value to be taken")
    assert [edit.key for edit in desk.edits.edits()] == [key]


def test_the_current_record_stays_current_when_rows_move(desk: Desk, colleague: OpenCatalogue) -> None:
    key = desk.table.key_at(2)
    assert key is not None
    desk.browser.select(key)
    elsewhere(colleague, FIRST_OF_ALL)
    desk.trigger("refresh")
    desk.until(lambda: desk.text(0, "title") == "!", "the colleague's book")
    desk.settle()
    assert desk.browser.current_key == key
    assert desk.details.key == key


def test_the_form_rests_until_its_record_is_here(desk: Desk) -> None:
    desk.browser.select(desk.table.key_at(0))  # type: ignore[arg-type]
    desk.until(lambda: desk.details.is_complete, "the details")
    title = desk.field("title")
    assert isinstance(title, QLineEdit)
    assert not title.isReadOnly()
    desk.browser.select(desk.table.key_at(1))  # type: ignore[arg-type]
    assert title.isReadOnly()
    QTest.keyClicks(title, "X")
    desk.until(lambda: desk.details.is_complete, "the details")
    assert not title.isReadOnly()
    assert len(desk.edits) == 0


def test_rows_that_are_not_loaded_are_copied_too(desk: Desk) -> None:
    desk.browser.grid.selectAll()
    desk.trigger("copy")
    desk.until(lambda: desk.message == "Copied 904 rows.", "the copy")
    lines = QGuiApplication.clipboard().text().split("\n")
    assert len(lines) == 904
    assert all(line.count("\t") == len(desk.table.columns) - 1 and "…" not in line[:3] for line in lines)


def test_a_copy_holds_pending_values_and_new_records(desk: Desk) -> None:
    desk.trigger("new_record")
    desk.type_field("title", "Brand new")
    desk.browser.select(desk.table.key_at(1))  # type: ignore[arg-type]
    desk.settle()
    desk.type_cell("title", "Changed")
    desk.browser.grid.selectAll()
    desk.trigger("copy")
    desk.until(lambda: desk.message == "Copied 905 rows.", "the copy")
    lines = QGuiApplication.clipboard().text().split("\n")
    assert [line.split("\t")[0] for line in lines[:2]] == ["Brand new", "Changed"]


def test_rows_that_are_not_loaded_are_deleted_too(desk: Desk) -> None:
    desk.browser.grid.selectAll()
    desk.trigger("delete")
    desk.until(lambda: len(desk.edits) == 904, "all rows to be marked")
    assert {edit.kind for edit in desk.edits.edits()} == {EditKind.DELETE}


def test_after_choosing_theirs_everything_shows_theirs(desk: Desk, colleague: OpenCatalogue) -> None:
    key = desk.find("Good Omens")
    desk.type_cell("published_year", "1991")
    elsewhere(colleague, f"UPDATE books SET published_year = 1777 WHERE id = {key.id}")
    desk.trigger("commit")
    dialog = desk.conflict()
    dialog.choose_all("theirs")
    dialog.accept()
    desk.until(lambda: desk.text(0, "published_year") == "1777", "the grid")
    year = desk.field("published_year")
    assert isinstance(year, QLineEdit)
    desk.until(lambda: year.text() == "1777", "the form")
    assert len(desk.edits) == 0


def test_a_deleted_record_leaves_the_form_without_a_complaint(desk: Desk) -> None:
    desk.browser.select(desk.table.key_at(3))  # type: ignore[arg-type]
    desk.settle()
    key = desk.browser.current_key
    assert key is not None
    desk.trigger("delete")
    desk.commit()
    desk.until(lambda: desk.details.key == desk.browser.current_key and desk.details.is_complete, "the next record")
    assert desk.details.key != key
    assert desk.page.problems.isHidden()


def test_a_followed_record_is_forgotten_once_another_is_chosen(desk: Desk) -> None:
    desk.trigger("new_record")
    desk.type_field("title", "zzz at the very end")
    desk.commit()
    desk.browser.select(desk.table.key_at(2))  # type: ignore[arg-type]
    chosen = desk.browser.current_key
    bar = desk.browser.grid.verticalScrollBar()
    bar.setValue(bar.maximum())
    desk.settle()
    assert desk.browser.current_key in (chosen, None)
    assert desk.details.key == chosen


def test_another_catalogue_leaves_nothing_of_the_one_before(desk: Desk, tmp_path: Path) -> None:
    create_catalogue(target=str(tmp_path / "other.desk"))
    desk.choose_table("authors")
    desk.choose_table("books")
    desk.window.open_target(str(tmp_path / "other.desk"))
    desk.until(lambda: desk.browser.is_loaded and desk.table.rowCount() == 0, "the empty catalogue")
    desk.settle()
    assert desk.details.key is None
    desk.choose_table("authors")
    assert desk.table.rowCount() == 0


def test_an_author_is_chosen_by_the_person_and_not_by_leaving(desk: Desk) -> None:
    desk.find("Good Omens")
    picker = desk.field("author")
    assert isinstance(picker, AuthorPicker)
    picker.setFocus()
    picker.selectAll()
    QTest.keyClicks(picker, "chris")
    desk.until(lambda: bool(picker.choices), "the choices")
    assert not desk.window.take_typed()
    assert "correct it" in desk.message
    assert len(desk.edits) == 0
    picker.setFocus()
    desk.window.context.find_authors(picker, picker.text())
    desk.until(lambda: bool(picker.choices), "the choices")
    QTest.keyClick(picker, Qt.Key.Key_Return)
    chosen = desk.edits.edits()[0].values["author"]
    assert isinstance(chosen, AuthorRef)


def test_closing_waits_for_a_field_that_cannot_be_taken(desk: Desk) -> None:
    desk.find("Good Omens")
    desk.type_cell("price", "12.50")
    year = desk.field("published_year")
    assert isinstance(year, QLineEdit)
    year.setFocus()
    year.setText("not a year")
    desk.window.close()
    assert desk.window.isVisible()
    assert desk.window.unit.dialog is None
    assert "correct it" in desk.message
    QTest.keyClick(year, Qt.Key.Key_Escape)
    desk.window.close()
    desk.answer("stay")
    assert len(desk.edits) == 1


def test_no_break_spaces_survive_a_change_of_the_notes(desk: Desk) -> None:
    desk.find("Good Omens")
    notes = desk.field("notes")
    assert isinstance(notes, QPlainTextEdit)
    notes.setFocus()
    notes.setPlainText("10\u00a0km\nfar")
    QTest.keyClick(notes, Qt.Key.Key_Tab)
    assert desk.edits.edits()[0].values["notes"] == "10\u00a0km\nfar"


def test_a_selection_of_some_cells_is_copied_as_they_stand(desk: Desk) -> None:
    chosen = desk.browser.grid.selectionModel()
    flags = QItemSelectionModel.SelectionFlag
    chosen.select(desk.table.index(0, 0), flags.ClearAndSelect)
    chosen.select(desk.table.index(1, 1), flags.Select)
    desk.trigger("copy")
    lines = QGuiApplication.clipboard().text().split("\n")
    assert lines == [f"{desk.text(0, 'title')}\t", f"\t{desk.text(1, 'author')}"]
