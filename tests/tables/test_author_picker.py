"""Choosing an author by typing: the text stays as it was typed, and only a choice becomes the value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QListWidget

from desk.catalog.rows import AuthorRef
from desk.tables.author_picker import AuthorPicker
from desk.tables.edit_stack import NewAuthor

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

TOLKIEN, TOLSTOY = AuthorRef(5, "Tolkien, J. R. R."), AuthorRef(6, "Tolstoy, Leo")
Down, Up, Return, Escape = Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Return, Qt.Key.Key_Escape


@pytest.fixture
def picker(application: object, qtbot: QtBot) -> AuthorPicker:
    made = AuthorPicker()
    qtbot.addWidget(made)
    made.show()
    made.setFocus()
    qtbot.waitUntil(made.hasFocus)
    return made


def picked_by(picker: AuthorPicker) -> list[object]:
    """What is picked from now on."""
    choices: list[object] = []
    picker.picked.connect(choices.append)
    return choices


def the_list(picker: AuthorPicker) -> QListWidget:
    found = picker.findChild(QListWidget, "author_choices")
    assert isinstance(found, QListWidget)
    return found


def test_one_search_follows_a_burst_of_typing(picker: AuthorPicker, qtbot: QtBot) -> None:
    wanted: list[str] = []
    picker.search_wanted.connect(wanted.append)
    with qtbot.waitSignal(picker.search_wanted):
        QTest.keyClicks(picker, "tol")
    assert wanted == ["tol"]


def test_results_leave_the_typed_text_alone(picker: AuthorPicker) -> None:
    QTest.keyClicks(picker, "tol")
    picker.setCursorPosition(1)
    picker.show_found("tol", [TOLKIEN, TOLSTOY])
    assert (picker.text(), picker.cursorPosition(), picker.hasFocus()) == ("tol", 1, True)
    assert picker.choices == ["Tolkien, J. R. R.", "Tolstoy, Leo", "Create “tol”"]
    assert the_list(picker).isVisible()


def test_results_of_an_earlier_text_are_ignored(picker: AuthorPicker) -> None:
    QTest.keyClicks(picker, "tols")
    picker.show_found("tol", [TOLKIEN])
    assert picker.choices == []
    assert not the_list(picker).isVisible()


def test_results_of_an_earlier_text_are_not_chosen(picker: AuthorPicker, qtbot: QtBot) -> None:
    QTest.keyClicks(picker, "tol")
    picker.show_found("tol", [TOLKIEN])
    choices = picked_by(picker)
    QTest.keyClicks(picker, "stoy")
    with qtbot.waitSignal(picker.search_wanted) as wanted:
        QTest.keyClick(picker, Return)
    assert wanted.args == ["tolstoy"]
    assert choices == []
    picker.show_found("tolstoy", [TOLSTOY])
    QTest.keyClick(picker, Return)
    assert choices == [TOLSTOY]


def test_down_up_and_return_choose(picker: AuthorPicker) -> None:
    QTest.keyClicks(picker, "tol")
    picker.show_found("tol", [TOLKIEN, TOLSTOY])
    choices = picked_by(picker)
    for key in (Down, Down, Down, Up, Up, Return):
        QTest.keyClick(picker, key)
    assert choices == [TOLSTOY]
    assert picker.text() == "Tolstoy, Leo"
    assert picker.value == TOLSTOY
    assert not the_list(picker).isVisible()


def test_a_click_chooses(picker: AuthorPicker) -> None:
    QTest.keyClicks(picker, "tol")
    picker.show_found("tol", [TOLKIEN, TOLSTOY])
    choices = picked_by(picker)
    found = the_list(picker)
    QTest.mouseClick(found.viewport(), Qt.MouseButton.LeftButton, pos=found.visualItemRect(found.item(1)).center())
    assert choices == [TOLSTOY]


def test_escape_closes_the_list_and_keeps_the_text(picker: AuthorPicker) -> None:
    QTest.keyClicks(picker, "tol")
    picker.show_found("tol", [TOLKIEN])
    choices = picked_by(picker)
    QTest.keyClick(picker, Escape)
    assert not the_list(picker).isVisible()
    assert picker.text() == "tol"
    assert choices == []


def test_a_name_that_is_not_there_can_be_created(picker: AuthorPicker) -> None:
    QTest.keyClicks(picker, "  Nobody,   Known ")
    picker.show_found("  Nobody,   Known ", [])
    choices = picked_by(picker)
    assert picker.choices == ["Create “Nobody, Known”"]
    QTest.keyClick(picker, Return)
    assert choices == [NewAuthor("Nobody, Known")]
    assert picker.text() == "Nobody, Known"


def test_a_name_that_is_there_is_not_offered_anew(picker: AuthorPicker) -> None:
    picker.setText(TOLSTOY.name)
    picker.show_found(TOLSTOY.name, [TOLSTOY])
    assert picker.choices == [TOLSTOY.name]


def test_a_name_that_cannot_be_kept_is_not_created(picker: AuthorPicker) -> None:
    name = "x" * 2001
    picker.setMaxLength(5000)
    picker.setText(name)
    picker.show_found(name, [])
    choices = picked_by(picker)
    QTest.keyClick(picker, Return)
    assert choices == []
    assert "2,001 characters" in picker.toolTip()
    assert picker.text() == name


def test_an_empty_line_is_anonymous(picker: AuthorPicker) -> None:
    picker.show_value(TOLSTOY)
    choices = picked_by(picker)
    picker.selectAll()
    QTest.keyClick(picker, Qt.Key.Key_Backspace)
    QTest.keyClick(picker, Return)
    assert choices == [None]
    assert picker.value is None


def test_leaving_an_emptied_line_is_anonymous(picker: AuthorPicker) -> None:
    picker.show_value(TOLSTOY)
    choices = picked_by(picker)
    picker.clear()
    picker.clearFocus()
    assert choices == [None]


def test_the_chosen_name_needs_no_second_choice(picker: AuthorPicker) -> None:
    picker.show_value(TOLSTOY)
    choices = picked_by(picker)
    assert picker.take_text()
    assert choices == []


def test_return_without_results_asks_for_them(picker: AuthorPicker, qtbot: QtBot) -> None:
    picker.setText("tolst")
    with qtbot.waitSignal(picker.search_wanted) as wanted:
        QTest.keyClick(picker, Return)
    assert wanted.args == ["tolst"]
    assert picker.value is None


def test_down_opens_the_list(picker: AuthorPicker, qtbot: QtBot) -> None:
    picker.setText("tol")
    with qtbot.waitSignal(picker.search_wanted) as wanted:
        QTest.keyClick(picker, Down)
    assert wanted.args == ["tol"]


def test_the_list_goes_with_the_focus(picker: AuthorPicker) -> None:
    QTest.keyClicks(picker, "tol")
    picker.show_found("tol", [TOLKIEN])
    picker.clearFocus()
    assert not the_list(picker).isVisible()


@pytest.mark.parametrize("typed", ["%", "Ω", "O’Brien", "名前"])
def test_any_text_can_be_typed(picker: AuthorPicker, typed: str) -> None:
    picker.setText(typed)
    picker.show_found(typed, [])
    assert picker.choices == [f"Create “{typed}”"]
