"""Fault 37: a value that no catalogue can keep, typed into a cell, is refused at the cell, with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from tests.support.serving import nothing_is_out

if TYPE_CHECKING:
    from tests.support.window import Desk

UNKEEPABLE = [
    ("published_year", str(2**63), "between 9999 BCE and 9999"),
    ("price", str(2**63), "at most"),
    ("price", "NaN", "not a price"),
    ("price", "Infinity", "not a price"),
    ("title", "before\0behind", "NUL"),
    ("language", "e\0n", "NUL"),
]
"""Column, what is typed, and what its refusal says."""


@pytest.mark.parametrize(("column", "typed", "why"), UNKEEPABLE, ids=[f"{one[0]}-{one[2]}" for one in UNKEEPABLE])
def test_fault_37_a_value_that_cannot_be_kept_is_refused_at_its_cell(
    desk: Desk, column: str, typed: str, why: str
) -> None:
    key = desk.find("Good Omens")
    desk.type_cell("isbn", "9780261103344")  # a pending edit beside it, which stays
    before = desk.edits.get(key)
    editor = desk.open_cell(column)
    editor.setText(typed)
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert desk.browser.grid.editor is editor
    assert isinstance(editor, QLineEdit)
    assert why in editor.toolTip()
    assert why in desk.message
    assert desk.edits.get(key) == before
    QTest.keyClick(editor, Qt.Key.Key_Escape)
    desk.until(lambda: desk.browser.grid.editor is None, "the editor to close")
    desk.commit()  # nothing of what was refused is in the way
    assert nothing_is_out(desk.catalogue)


def test_fault_37_half_a_character_is_refused_as_a_cell_takes_it(desk: Desk) -> None:
    """Qt drops it from what Python puts into an editor, so it is handed to the cell as an editor would."""
    key = desk.find("Good Omens")
    index = desk.browser.grid.currentIndex()
    title = desk.table.index(index.row(), desk.section("title"))
    assert not desk.table.setData(title, "half \ud83d of a character", Qt.ItemDataRole.EditRole)
    assert "lone surrogate" in desk.message
    assert desk.edits.get(key) is None
    assert nothing_is_out(desk.catalogue)
