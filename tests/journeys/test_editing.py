"""Changing the catalogue: pending until committed, all of it or nothing, and never lost."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desk.catalog.edits import EditKind
from desk.catalog.rows import AuthorRef
from desk.dialogs.conflict_choices import MINE, RECORD
from desk.operations.commit import commit_edits
from desk.work import door
from tests.support.editing import elsewhere, scalar, stored
from tests.support.waiting import LONGEST

if TYPE_CHECKING:
    from desk.operations.connect import OpenCatalogue
    from tests.support.window import Desk


def year_of(catalogue: OpenCatalogue, record_id: int) -> Any:
    found = stored(catalogue, "books", record_id)
    return found["published_year"] if found else "gone"


# Rolling back and committing


def test_rolling_back_asks_first(desk: Desk, colleague: OpenCatalogue) -> None:
    key = desk.find("Good Omens")
    desk.type_cell("published_year", "1991")
    desk.trigger("roll_back")
    assert "1 record" in desk.question().text()
    desk.answer("Keep them")
    assert desk.text(0, "published_year") == "1991"
    desk.trigger("roll_back")
    desk.answer("drop_all")
    assert len(desk.edits) == 0
    assert desk.text(0, "published_year") == "1990"
    assert year_of(colleague, key.id) == 1990


def test_a_commit_saves_what_was_typed_in_cell_and_form(desk: Desk, colleague: OpenCatalogue) -> None:
    key = desk.find("Good Omens")
    desk.type_cell("published_year", "1991")
    desk.type_field("language", "en-GB")
    assert year_of(colleague, key.id) == 1990
    desk.commit()
    assert desk.message == "Saved 1 record."
    found = stored(colleague, "books", key.id)
    assert found is not None
    assert (found["published_year"], found["language"], found["version"]) == (1991, "en-GB", 2)
    assert desk.text(0, "published_year") == "1991"
    assert not desk.is_enabled("undo")


def test_a_commit_takes_the_cell_that_is_open(desk: Desk, colleague: OpenCatalogue) -> None:
    key = desk.find("Good Omens")
    desk.type_cell("language", "de")
    editor = desk.open_cell("published_year")
    editor.setText("1991")
    desk.commit()
    assert year_of(colleague, key.id) == 1991


def test_a_bad_value_in_a_form_keeps_a_commit_from_running(desk: Desk, colleague: OpenCatalogue) -> None:
    key = desk.find("Good Omens")
    desk.type_cell("language", "de")
    desk.type_field("published_year", "never")
    desk.trigger("commit")
    assert "cannot be taken" in desk.message
    assert len(desk.edits) == 1
    assert year_of(colleague, key.id) == 1990
    field = desk.page.form.fields["published_year"]
    assert "not a year" in field.reason
    field.editor.setFocus()
    QTest.keyClick(field.editor, Qt.Key.Key_Escape)
    desk.commit()


def test_undo_and_redo_reach_grid_form_and_list(desk: Desk) -> None:
    desk.find("Good Omens")
    desk.type_cell("published_year", "1991")
    desk.until(lambda: "Year of Good Omens" in desk.window.commands["undo"].text())
    desk.trigger("undo")
    assert desk.text(0, "published_year") == "1990"
    assert desk.page.form.fields["published_year"].text == "1990"
    desk.until(lambda: desk.window.pending.tree.topLevelItemCount() == 0)
    desk.trigger("redo")
    assert desk.page.form.fields["published_year"].text == "1991"
    desk.until(lambda: desk.window.pending.tree.topLevelItemCount() == 1)


# New records


def test_a_new_book_and_its_new_author_are_saved_together(desk: Desk, colleague: OpenCatalogue) -> None:
    desk.trigger("new_record")
    desk.type_field("title", "The Tests")
    picker = desk.page.form.author_picker
    assert picker is not None
    picker.setFocus()
    QTest.keyClicks(picker, "Nobody, Known")
    desk.until(lambda: picker.choices == ["Create “Nobody, Known”"])
    QTest.keyClick(picker, Qt.Key.Key_Return)
    assert [edit.kind for edit in desk.edits.edits()] == [EditKind.INSERT] * 2
    assert scalar(colleague, "SELECT count(*) FROM books WHERE title = 'The Tests'") == 0
    desk.commit()
    assert desk.message == "Saved 2 records."
    name = scalar(
        colleague, "SELECT a.name FROM books b JOIN authors a ON a.id = b.author_id WHERE b.title = 'The Tests'"
    )
    assert name == "Nobody, Known"
    desk.until(lambda: "905" in desk.window.side_bar.text_of("books"))


def test_a_new_record_stays_in_the_form_after_its_commit(desk: Desk, colleague: OpenCatalogue) -> None:
    desk.trigger("new_record")
    desk.type_field("title", "The Tests")
    desk.commit()
    record_id = scalar(colleague, "SELECT id FROM books WHERE title = 'The Tests'")
    desk.until(lambda: desk.details.is_complete)
    assert desk.details.key is not None
    assert desk.details.key.id == record_id
    assert desk.page.form.fields["title"].text == "The Tests"


def test_a_duplicate_holds_all_that_can_be_edited(desk: Desk, colleague: OpenCatalogue) -> None:
    key = desk.find("Good Omens")
    elsewhere(colleague, "UPDATE books SET notes = 'Signed' WHERE id = :id", id=key.id)
    desk.trigger("refresh")
    desk.find("Good Omens")
    desk.details.show_record(None)
    desk.details.show_record(key)
    desk.until(lambda: desk.details.is_complete)
    desk.trigger("duplicate")
    desk.commit()
    rows = "SELECT count(DISTINCT title || author_id || published_year || notes) FROM books WHERE title = 'Good Omens'"
    assert scalar(colleague, "SELECT count(*) FROM books WHERE title = 'Good Omens' AND notes = 'Signed'") == 2
    assert scalar(colleague, rows) == 1


# Deleting


def test_a_deletion_is_pending_until_it_is_committed(desk: Desk, colleague: OpenCatalogue) -> None:
    key = desk.find("Good Omens")
    desk.trigger("delete")
    assert desk.table.headerData(0, Qt.Orientation.Vertical) == "1 ×"
    assert stored(colleague, "books", key.id) is not None
    desk.trigger("undo")
    assert len(desk.edits) == 0
    desk.trigger("delete")
    desk.commit()
    assert stored(colleague, "books", key.id) is None
    assert desk.table.rowCount() == 0


def test_an_author_with_books_cannot_be_deleted_and_all_edits_stay(desk: Desk, colleague: OpenCatalogue) -> None:
    key = desk.find("Good Omens")
    desk.type_cell("published_year", "1991")
    desk.choose_table("authors")
    desk.find("christie")
    count = desk.text(0, "books")
    desk.trigger("delete")
    desk.trigger("commit")
    assert f"still has {count} books" in desk.question().text()
    assert "edits are kept" in desk.question().informativeText()
    desk.answer("OK")
    assert len(desk.edits) == 2
    desk.until(lambda: desk.is_enabled("commit") and desk.window.pending.commit.isEnabled())
    assert year_of(colleague, key.id) == 1990


# Conflicts


@pytest.mark.parametrize(("side", "year"), [("all_mine", 1991), ("all_theirs", 2001)])
def test_a_record_changed_elsewhere_is_decided_and_committed(
    desk: Desk, colleague: OpenCatalogue, side: str, year: int
) -> None:
    key = desk.find("Good Omens")
    desk.type_cell("published_year", "1991")
    desk.type_cell("language", "de")
    elsewhere(colleague, "UPDATE books SET published_year = 2001 WHERE id = :id", id=key.id)
    desk.trigger("commit")
    dialog = desk.conflict()
    assert "Nothing was saved" in desk.message
    assert len(desk.edits) == 1
    desk.click(dialog, side)
    dialog.accept()
    if side == "all_theirs":
        assert [dict(edit.values) for edit in desk.edits.edits()] == [{"language": "de"}]  # nobody else changed that
    desk.commit()
    assert year_of(colleague, key.id) == year


def test_a_record_deleted_elsewhere_is_inserted_again(desk: Desk, colleague: OpenCatalogue) -> None:
    key = desk.find("Good Omens")
    desk.type_cell("published_year", "1991")
    elsewhere(colleague, "DELETE FROM contributions WHERE book_id = :id", id=key.id)
    elsewhere(colleague, "DELETE FROM books WHERE id = :id", id=key.id)
    desk.trigger("commit")
    dialog = desk.conflict()
    dialog.choose(key, RECORD, MINE)
    dialog.accept()
    assert [edit.kind for edit in desk.edits.edits()] == [EditKind.INSERT]
    desk.commit()
    again = "SELECT published_year FROM books WHERE title = 'Good Omens'"
    assert scalar(colleague, again) == 1991
    assert scalar(colleague, "SELECT max(id) FROM books") > key.id


def test_deciding_later_keeps_the_edit_and_commit_possible(desk: Desk, colleague: OpenCatalogue) -> None:
    key = desk.find("Good Omens")
    desk.type_cell("language", "de")
    desk.field("published_year").setFocus()
    desk.type_field("published_year", "1991")
    elsewhere(colleague, "UPDATE books SET published_year = 2001 WHERE id = :id", id=key.id)
    desk.trigger("commit")
    desk.conflict().reject()
    assert len(desk.edits) == 1
    desk.until(lambda: desk.is_enabled("commit") and desk.window.pending.commit.isEnabled())
    assert desk.window.pending.roll_back.isEnabled()


# While a commit runs


def test_while_a_commit_runs_nothing_changes_and_a_failure_gives_everything_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from desk.errors import EnvironmentProblem

    let_go = threading.Event()

    def fail_late(**_arguments: Any) -> None:
        assert let_go.wait(LONGEST)
        raise EnvironmentProblem("The server is gone.", kept="Your pending edits are kept.")

    desk.find("Good Omens")
    desk.type_cell("published_year", "1991")
    monkeypatch.setattr(door, "commit_edits", fail_late, raising=False)
    desk.field("language").setFocus()
    QTest.keyClicks(desk.field("language"), "x")
    desk.trigger("commit")
    desk.until(lambda: not desk.is_enabled("undo"))
    assert not desk.is_enabled("new_record")
    index = desk.table.index(0, desk.section("title"))
    assert not desk.table.flags(index) & Qt.ItemFlag.ItemIsEditable
    desk.browser.search.setText("Orlando")
    QTest.keyClick(desk.browser.search, Qt.Key.Key_Return)
    desk.until(lambda: desk.browser.is_loaded and desk.details.key == desk.table.key_at(0))
    desk.until(lambda: desk.details.is_complete)
    let_go.set()
    assert desk.question().text() == "The server is gone."
    desk.answer("OK")
    assert len(desk.edits) == 1
    desk.until(lambda: desk.is_enabled("commit") and desk.is_enabled("undo"))
    desk.until(desk.window.pending.commit.isEnabled)
    assert not desk.field("title").isReadOnly()  # type: ignore[attr-defined]


def test_a_cancelled_commit_saves_nothing(
    desk: Desk, colleague: OpenCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = threading.Event()

    def slow(**arguments: Any) -> Any:
        from desk.database.actions import current_action

        began.set()
        action = current_action()
        assert action is not None
        while not action.is_cancelled:
            action.wait_until_idle(0.001)
        return commit_edits(**arguments)

    key = desk.find("Good Omens")
    desk.type_cell("published_year", "1991")
    monkeypatch.setattr(door, "commit_edits", slow, raising=False)
    desk.trigger("commit")
    desk.until(began.is_set)
    desk.trigger("cancel")
    desk.until(lambda: "Cancelled: nothing was saved" in desk.message)
    assert year_of(colleague, key.id) == 1990
    assert len(desk.edits) == 1
    desk.until(lambda: desk.is_enabled("commit"))


def test_an_author_is_chosen_in_the_grid(desk: Desk, colleague: OpenCatalogue) -> None:
    key = desk.find("Good Omens")
    editor = desk.open_cell("author")
    editor.selectAll()
    QTest.keyClicks(editor, "christie")
    choices: list[str] = editor.choices  # type: ignore[attr-defined]
    desk.until(lambda: bool(editor.choices), "the choices")  # type: ignore[attr-defined]
    QTest.keyClick(editor, Qt.Key.Key_Return)
    desk.until(lambda: len(desk.edits) == 1)
    choices = [
        edit.values["author"].name for edit in desk.edits.edits() if isinstance(edit.values["author"], AuthorRef)
    ]
    desk.commit()
    name = scalar(
        colleague, "SELECT a.name FROM books b JOIN authors a ON a.id = b.author_id WHERE b.id = :id", id=key.id
    )
    assert [name] == choices
