"""Taking back what was committed: by a unit of work of its own, only where nobody changed what it left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtWidgets import QLabel

from desk.catalog.edits import EditKind
from desk.dialogs.conflict_choices import MINE
from desk.operations.connect import create_catalogue
from tests.journeys.conftest import fill
from tests.support.editing import elsewhere, scalar, stored
from tests.support.window import child

if TYPE_CHECKING:
    from pathlib import Path

    from desk.operations.connect import OpenCatalogue
    from tests.support.window import Desk


def year_of(catalogue: OpenCatalogue, record_id: int) -> Any:
    found = stored(catalogue, "books", record_id)
    return found["published_year"] if found else "gone"


def contributions(catalogue: OpenCatalogue, record_id: int) -> list[tuple[Any, ...]]:
    """Who contributed as what, in order, as another program reads it."""
    rows = "SELECT author_id FROM contributions WHERE book_id = :id AND position = :place ORDER BY author_id"
    count = scalar(catalogue, "SELECT count(*) FROM contributions WHERE book_id = :id", id=record_id)
    return [(place, scalar(catalogue, rows, id=record_id, place=place)) for place in range(count)]


def text_of(desk: Desk, command: str) -> str:
    return desk.window.commands[command].text().replace("&", "")


def take_back(desk: Desk) -> None:
    """Takes the last commit back, and waits until that is shown."""
    name = text_of(desk, "undo_commit")
    desk.trigger("undo_commit")
    desk.until(lambda: desk.message.startswith(f"{name}. Saved"), "it to be taken back")
    desk.settle()


def test_before_any_commit_there_is_nothing_to_take_back_and_its_tip_says_so(desk: Desk) -> None:
    action = desk.window.commands["undo_commit"]
    desk.until(lambda: "Nothing was committed" in action.toolTip())
    assert not action.isEnabled()
    assert not desk.is_enabled("redo_commit")


def test_a_change_is_taken_back_and_committed_again(desk: Desk, colleague: OpenCatalogue) -> None:
    key = desk.find("Good Omens")
    desk.type_cell("published_year", "1991")
    desk.commit()
    desk.until(lambda: text_of(desk, "undo_commit") == "Take back: Change Year of Good Omens")
    assert "Nothing was committed" not in desk.window.commands["undo_commit"].toolTip()
    take_back(desk)
    assert year_of(colleague, key.id) == 1990
    desk.until(lambda: desk.text(0, "published_year") == "1990")
    desk.until(lambda: text_of(desk, "redo_commit") == "Commit again: Change Year of Good Omens")
    assert not desk.is_enabled("undo_commit")
    desk.trigger("redo_commit")
    desk.until(lambda: year_of(colleague, key.id) == 1991)
    desk.settle()
    desk.until(lambda: desk.is_enabled("undo_commit") and not desk.is_enabled("redo_commit"))
    assert len(desk.edits) == 0


def test_units_are_taken_back_newest_first(desk: Desk, colleague: OpenCatalogue) -> None:
    key = desk.find("Good Omens")
    for year in ("1991", "1992", "1993"):
        desk.type_cell("published_year", year)
        desk.commit()
    for before in (1992, 1991, 1990):
        take_back(desk)
        assert year_of(colleague, key.id) == before
    desk.until(lambda: not desk.is_enabled("undo_commit"))


def test_a_deleted_book_comes_back_under_its_id_with_its_contributors(desk: Desk, colleague: OpenCatalogue) -> None:
    key = desk.find("Good Omens")
    before, people = stored(colleague, "books", key.id), contributions(colleague, key.id)
    assert before is not None
    assert people
    desk.trigger("delete")
    desk.commit()
    assert (stored(colleague, "books", key.id), contributions(colleague, key.id)) == (None, [])
    desk.until(lambda: text_of(desk, "undo_commit") == "Take back: Delete Good Omens")
    take_back(desk)
    after = stored(colleague, "books", key.id)
    assert after is not None
    kept = ("id", "title", "title_key", "author_id", "isbn", "published_year", "language", "price", "notes")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert contributions(colleague, key.id) == people
    assert desk.text(0, "title") == "Good Omens"


def test_a_new_record_is_taken_back_and_comes_again_under_its_id(desk: Desk, colleague: OpenCatalogue) -> None:
    desk.trigger("new_record")
    desk.type_field("title", "The Tests")
    desk.commit()
    own = "SELECT max(id) FROM books WHERE title = 'The Tests'"
    record_id = scalar(colleague, own)
    take_back(desk)
    assert scalar(colleague, own) is None
    assert desk.details.key is None or desk.details.key.id != record_id
    desk.trigger("redo_commit")
    desk.until(lambda: scalar(colleague, own) == record_id)
    desk.settle()


def test_what_changed_since_goes_to_the_conflict_dialog_and_the_choice_is_pending(
    desk: Desk, colleague: OpenCatalogue
) -> None:
    key = desk.find("Good Omens")
    desk.type_cell("published_year", "1991")
    desk.commit()
    elsewhere(colleague, "UPDATE books SET published_year = 2001 WHERE id = :id", id=key.id)
    desk.trigger("undo_commit")
    dialog = desk.conflict()
    assert child(dialog, QLabel, "conflict_told").text().startswith("Take back: Change Year of Good Omens. 1 record")
    assert year_of(colleague, key.id) == 2001
    dialog.choose(key, "published_year", MINE)
    dialog.accept()
    assert [dict(edit.values) for edit in desk.edits.edits()] == [{"published_year": 1990}]
    desk.until(lambda: "Take back" in desk.window.commands["undo"].text())
    desk.commit()
    assert year_of(colleague, key.id) == 1990


def test_a_deletion_that_meets_a_conflict_stays_pending_under_its_id(desk: Desk, colleague: OpenCatalogue) -> None:
    first = desk.find("Good Omens")
    desk.trigger("delete")
    second = desk.find("Emma")
    desk.type_cell("published_year", "1999")
    desk.commit()
    elsewhere(colleague, "UPDATE books SET published_year = 2001 WHERE id = :id", id=second.id)
    desk.trigger("undo_commit")
    dialog = desk.conflict()
    dialog.choose_all(MINE)
    dialog.accept()
    assert {edit.key: edit.kind for edit in desk.edits.edits()} == {first: EditKind.INSERT, second: EditKind.UPDATE}
    desk.commit()
    assert year_of(colleague, first.id) == 1990
    assert len(contributions(colleague, first.id)) > 0


def test_a_pending_edit_of_the_same_record_keeps_a_commit_from_being_taken_back(
    desk: Desk, colleague: OpenCatalogue
) -> None:
    key = desk.find("Good Omens")
    desk.type_cell("published_year", "1991")
    desk.commit()
    desk.type_cell("language", "de")
    desk.trigger("undo_commit")
    assert desk.message == "Not taken back: Good Omens has pending edits. Commit them or drop them first."
    assert year_of(colleague, key.id) == 1991


def test_what_is_being_typed_in_the_same_record_comes_first(desk: Desk, colleague: OpenCatalogue) -> None:
    key = desk.find("Good Omens")
    desk.type_cell("published_year", "1991")
    desk.commit()
    desk.until(lambda: desk.is_enabled("undo_commit"))
    desk.open_cell("published_year").setText("1992")
    desk.trigger("undo_commit")
    assert desk.message.startswith("Not taken back: Good Omens")
    assert [dict(edit.values) for edit in desk.edits.edits()] == [{"published_year": 1992}]
    assert year_of(colleague, key.id) == 1991


def test_pending_edits_of_other_records_stay_with_their_steps(desk: Desk, colleague: OpenCatalogue) -> None:
    key = desk.find("Good Omens")
    desk.type_cell("published_year", "1991")
    desk.commit()
    desk.find("Emma")
    desk.type_cell("published_year", "1999")
    take_back(desk)
    assert year_of(colleague, key.id) == 1990
    assert [edit.label for edit in desk.edits.edits()] == ["Emma"]
    desk.trigger("undo")
    assert len(desk.edits) == 0


def test_another_catalogue_has_nothing_to_take_back(desk: Desk, tmp_path: Path) -> None:
    desk.find("Good Omens")
    desk.type_cell("published_year", "1991")
    desk.commit()
    desk.until(lambda: desk.is_enabled("undo_commit"))
    other = tmp_path / "other.desk"
    create_catalogue(target=str(other))
    fill(str(other))
    desk.window.open_target(str(other))
    desk.until(lambda: "other" in desk.window.windowTitle())
    desk.settle()
    desk.until(lambda: not desk.is_enabled("undo_commit"))
    assert text_of(desk, "undo_commit") == "Take back the last commit"


@pytest.mark.parametrize("table", ["authors", "books"])
def test_a_unit_of_many_records_is_taken_back_as_one(desk: Desk, colleague: OpenCatalogue, table: str) -> None:
    column, before = {"authors": ("birth_year", "name"), "books": ("published_year", "title")}[table]
    desk.choose_table(table)
    rows = [desk.table.key_at(row) for row in range(3)]
    olds = [stored(colleague, table, key.id)[column] for key in rows if key]  # type: ignore[index]
    for key in rows:
        assert key is not None
        desk.browser.select(key)
        desk.until(lambda key=key: desk.details.key == key and desk.details.is_complete)  # type: ignore[misc]
        desk.type_cell(column, "1234")
    desk.commit()
    desk.until(lambda: text_of(desk, "undo_commit") == "Take back: Change 3 records")
    take_back(desk)
    assert [stored(colleague, table, key.id)[column] for key in rows if key] == olds  # type: ignore[index]
    assert before
