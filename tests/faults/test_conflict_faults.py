"""Faults 19 and 20 in the window: a record that I edit is changed, or deleted, by someone else before I commit.

Nothing is saved over it and no edit is lost: other fields are merged and that is said, the same field is decided by a
person, and so is what becomes of a record that is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desk.dialogs.conflict_choices import MINE, OPEN, RECORD, THEIRS
from tests.support.editing import elsewhere, scalar, stored
from tests.support.serving import nothing_is_out

if TYPE_CHECKING:
    from desk.dialogs.conflict import ConflictDialog
    from desk.operations.connect import OpenCatalogue
    from tests.support.window import Desk


def fields_of(catalogue: OpenCatalogue, record_id: int, *names: str) -> tuple[Any, ...]:
    found = stored(catalogue, "books", record_id)
    assert found is not None
    return tuple(found[name] for name in names)


def texts_of(dialog: ConflictDialog) -> list[str]:
    """The first line of the fields."""
    cells = [dialog.fields.item(0, column) for column in range(dialog.fields.columnCount())]
    return [cell.text() if cell else "" for cell in cells]


def delete_elsewhere(catalogue: OpenCatalogue, record_id: int) -> None:
    elsewhere(catalogue, "DELETE FROM contributions WHERE book_id = :id", id=record_id)
    elsewhere(catalogue, "DELETE FROM books WHERE id = :id", id=record_id)


def test_fault_19_other_fields_are_merged_and_that_is_said(desk: Desk, colleague: OpenCatalogue) -> None:
    key = desk.find("Good Omens")
    desk.type_cell("published_year", "1991")
    elsewhere(colleague, "UPDATE books SET language = 'fr' WHERE id = :id", id=key.id)
    desk.commit()
    assert fields_of(colleague, key.id, "published_year", "language") == (1991, "fr")
    assert desk.message == ("Saved 1 record. Others had changed Language in it meanwhile: both changes are kept.")
    merged = desk.window.status.merged
    assert (merged.text(), merged.toolTip()) == ("± 1 merged", "Good Omens: Language changed elsewhere")
    desk.until(lambda: desk.text(0, "language") == "fr")
    desk.type_cell("published_year", "1992")
    desk.commit()
    assert merged.isHidden()


@pytest.mark.parametrize(("key", "kept"), [(Qt.Key.Key_M, 1991), (Qt.Key.Key_T, 2001)])
def test_fault_19_the_same_field_is_decided_by_a_person(
    desk: Desk, colleague: OpenCatalogue, key: Qt.Key, kept: int
) -> None:
    record = desk.find("Good Omens")
    desk.type_cell("published_year", "1991")
    desk.type_cell("language", "de")
    elsewhere(colleague, "UPDATE books SET published_year = 2001, notes = 'Read' WHERE id = :id", id=record.id)
    desk.trigger("commit")
    dialog = desk.conflict()
    assert fields_of(colleague, record.id, "published_year") == (2001,)
    assert dialog.choices == {record: {"published_year": OPEN}}
    assert not dialog.keep.isEnabled()
    assert nothing_is_out(desk.catalogue)
    QTest.keyClick(dialog.fields, key)
    QTest.keyClick(dialog.keep, Qt.Key.Key_Space)
    assert len(desk.edits) == 1
    desk.commit()
    assert fields_of(colleague, record.id, "published_year", "language", "notes") == (kept, "de", "Read")


def test_fault_19_the_result_can_be_a_third_value(desk: Desk, colleague: OpenCatalogue) -> None:
    key = desk.find("Good Omens")
    desk.type_cell("published_year", "1991")
    elsewhere(colleague, "UPDATE books SET published_year = 2001 WHERE id = :id", id=key.id)
    desk.trigger("commit")
    dialog = desk.conflict()
    QTest.keyClick(dialog.fields, Qt.Key.Key_E)
    desk.until(dialog.texts.result.hasFocus)
    QTest.keyClicks(dialog.texts.result, "1995")
    QTest.keyClick(dialog.texts.result, Qt.Key.Key_Return)
    dialog.accept()
    desk.commit()
    assert fields_of(colleague, key.id, "published_year") == (1995,)


def test_fault_19_changed_again_while_the_dialog_is_open(desk: Desk, colleague: OpenCatalogue) -> None:
    key = desk.find("Good Omens")
    desk.type_cell("published_year", "1991")
    elsewhere(colleague, "UPDATE books SET published_year = 2001 WHERE id = :id", id=key.id)
    desk.trigger("commit")
    dialog = desk.conflict()
    elsewhere(colleague, "UPDATE books SET published_year = 2002 WHERE id = :id", id=key.id)
    dialog.choose_all(MINE)
    dialog.accept()
    desk.trigger("commit")
    desk.until(lambda: desk.window.unit.dialog is not dialog)
    again = desk.conflict()
    assert again.conflicts[0].theirs is not None
    assert again.conflicts[0].theirs["published_year"] == 2002
    again.choose_all(THEIRS)
    again.accept()
    assert len(desk.edits) == 0
    assert fields_of(colleague, key.id, "published_year") == (2002,)


def test_fault_19_twelve_records_are_decided_with_the_keyboard(desk: Desk, colleague: OpenCatalogue) -> None:
    originals = [desk.table.original_at(row) for row in range(12)]
    changes = [(one, "published_year", 1111) for one in originals if one is not None]
    ids = [one.key.id for one, _name, _value in changes]
    desk.edits.set_fields(changes, "Change 12 years")
    for record_id in ids:
        elsewhere(colleague, "UPDATE books SET published_year = 2222 WHERE id = :id", id=record_id)
    desk.trigger("commit")
    dialog = desk.conflict()
    dialog.activateWindow()
    desk.until(dialog.isActiveWindow)
    assert dialog.records.topLevelItemCount() == len(ids) == 12
    for number in range(12):
        QTest.keyClick(dialog.fields, Qt.Key.Key_M if number % 2 else Qt.Key.Key_T)
        QTest.keyClick(dialog.fields, Qt.Key.Key_F8)
    dialog.accept()
    assert len(desk.edits) == 6
    desk.commit()
    years = [fields_of(colleague, record_id, "published_year")[0] for record_id in ids]
    assert years == [2222, 1111] * 6


def test_fault_19_what_i_delete_was_changed(desk: Desk, colleague: OpenCatalogue) -> None:
    key = desk.find("Good Omens")
    desk.trigger("delete")
    elsewhere(colleague, "UPDATE books SET published_year = 2001 WHERE id = :id", id=key.id)
    desk.trigger("commit")
    dialog = desk.conflict()
    assert texts_of(dialog)[2] == "○ keep it, with the new Year"
    dialog.choose(key, RECORD, MINE)
    dialog.accept()
    desk.commit()
    assert stored(colleague, "books", key.id) is None


@pytest.mark.parametrize("side", [MINE, THEIRS])
def test_fault_20_a_record_that_is_gone_is_inserted_again_or_dropped(
    desk: Desk, colleague: OpenCatalogue, side: str
) -> None:
    key = desk.find("Good Omens")
    desk.type_cell("published_year", "1991")
    delete_elsewhere(colleague, key.id)
    desk.trigger("commit")
    dialog = desk.conflict()
    assert len(desk.edits) == 1
    assert texts_of(dialog)[2:4] == [
        "○ leave it deleted, drop my changes",
        "○ insert it again",
    ]
    dialog.choose(key, RECORD, side)
    dialog.accept()
    if side == MINE:
        desk.commit()
    again = "SELECT count(*) FROM books WHERE title = 'Good Omens' AND published_year = 1991"
    assert (len(desk.edits), scalar(colleague, again)) == (0, 1 if side == MINE else 0)


def test_fault_20_what_i_delete_is_gone_already(desk: Desk, colleague: OpenCatalogue) -> None:
    key = desk.find("Good Omens")
    desk.trigger("delete")
    delete_elsewhere(colleague, key.id)
    desk.commit()
    assert stored(colleague, "books", key.id) is None
