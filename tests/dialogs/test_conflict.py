"""The conflict dialog: original, theirs, mine and the result of every field, chosen by mouse or keyboard; nothing is
decided silently."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel

from desk.catalog.edits import Conflict, Edit, EditKind, RecordKey
from desk.catalog.rows import AuthorRef
from desk.dialogs.conflict import ConflictDialog
from desk.dialogs.conflict_choices import MINE, OPEN, RECORD, THEIRS
from tests.support.window import child

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytestqt.qtbot import QtBot

FIRST, SECOND = RecordKey("books", 1), RecordKey("books", 2)
ORIGINAL = {"title": "Orlando", "published_year": 1928, "language": None, "notes": "One\nTwo"}


def edit(key: RecordKey, kind: EditKind = EditKind.UPDATE, **values: Any) -> Edit:
    return Edit(key, kind, "Orlando", 1, MappingProxyType(ORIGINAL), MappingProxyType(values))


def conflict(changed: Edit, theirs: Mapping[str, Any] | None) -> Conflict:
    now = None if theirs is None else MappingProxyType({**ORIGINAL, **theirs})
    return Conflict(changed, now, 0 if theirs is None else 5)


def opened(bot: QtBot, *conflicts: Conflict) -> ConflictDialog:
    dialog = ConflictDialog(conflicts)
    bot.addWidget(dialog)
    dialog.open()
    dialog.activateWindow()
    bot.waitUntil(dialog.isActiveWindow)
    return dialog


def shown(dialog: ConflictDialog) -> list[tuple[str, ...]]:
    """The lines of the table: field, original, theirs, mine, result."""
    rows, columns = dialog.fields.rowCount(), dialog.fields.columnCount()
    cells = [[dialog.fields.item(row, column) for column in range(columns)] for row in range(rows)]
    return [tuple(cell.text() if cell else "" for cell in line) for line in cells]


def press(dialog: ConflictDialog, *keys: Qt.Key) -> None:
    for key in keys:
        QTest.keyClick(dialog.fields, key)


def type_result(dialog: ConflictDialog, text: str) -> None:
    """Types over the result of the current field, and presses Return."""
    press(dialog, Qt.Key.Key_E)
    dialog.texts.result.selectAll()
    QTest.keyClicks(dialog.texts.result, text)
    QTest.keyClick(dialog.texts.result, Qt.Key.Key_Return)


def accepted(dialog: ConflictDialog, bot: QtBot) -> dict[RecordKey, Edit | None]:
    with bot.waitSignal(dialog.resolved) as resolved:
        bot.mouseClick(dialog.keep, Qt.MouseButton.LeftButton)
    assert not dialog.isVisible()
    result: dict[RecordKey, Edit | None] = resolved.args[0]
    return result


def test_both_sides_and_the_result_stand_side_by_side(application: object, qtbot: QtBot) -> None:
    dialog = opened(
        qtbot, conflict(edit(FIRST, title="Mine", language="en"), {"title": "Theirs", "published_year": None})
    )
    assert shown(dialog) == [
        ("≠ Title", "Orlando", "○ Theirs", "○ Mine", "? choose"),
        ("← Year", "1928", "–", "1928", "–"),
        ("→ Language", "–", "–", "en", "en"),
    ]


def test_nothing_is_preselected_and_keeping_waits_until_everything_is_chosen(application: object, qtbot: QtBot) -> None:
    dialog = opened(
        qtbot,
        conflict(edit(FIRST, title="Mine"), {"title": "Theirs"}),
        conflict(edit(SECOND, title="Mine too"), {"title": "Theirs too"}),
    )
    assert dialog.choices == {FIRST: {"title": OPEN}, SECOND: {"title": OPEN}}
    assert (dialog.left.text(), dialog.keep.isEnabled()) == ("2 choices are left.", False)
    with qtbot.assertNotEmitted(dialog.resolved):
        dialog.accept()
    press(dialog, Qt.Key.Key_M)
    assert (dialog.left.text(), dialog.keep.isEnabled()) == ("1 choice is left.", False)
    press(dialog, Qt.Key.Key_F8, Qt.Key.Key_T)
    assert dialog.keep.isEnabled()
    assert not dialog.next.isEnabled()
    kept = accepted(dialog, qtbot)
    assert {key: dict(one.values) if one else None for key, one in kept.items()} == {
        FIRST: {"title": "Mine"},
        SECOND: None,
    }


@pytest.mark.parametrize(("key", "side"), [("T", THEIRS), ("1", THEIRS), ("M", MINE), ("2", MINE), ("Space", MINE)])
def test_keys_choose_for_the_current_field(application: object, qtbot: QtBot, key: str, side: str) -> None:
    dialog = opened(qtbot, conflict(edit(FIRST, title="a", language="b"), {"title": "c", "language": "d"}))
    press(dialog, Qt.Key.Key_Down, getattr(Qt.Key, f"Key_{key}"))
    assert dialog.choices == {FIRST: {"title": OPEN, "language": side}}
    assert shown(dialog)[1][2:] == (("● d", "○ b", "d") if side == THEIRS else ("○ d", "● b", "b"))


def test_space_takes_the_other_side(application: object, qtbot: QtBot) -> None:
    dialog = opened(qtbot, conflict(edit(FIRST, title="a"), {"title": "c"}))
    press(dialog, Qt.Key.Key_Space, Qt.Key.Key_Space)
    assert dialog.choices == {FIRST: {"title": THEIRS}}


def test_a_click_on_a_side_chooses_it(application: object, qtbot: QtBot) -> None:
    dialog = opened(qtbot, conflict(edit(FIRST, title="Mine"), {"title": "Theirs"}))
    for column, side in ((2, THEIRS), (3, MINE), (1, MINE)):
        at = dialog.fields.visualRect(dialog.fields.model().index(0, column)).center()
        QTest.mouseClick(dialog.fields.viewport(), Qt.MouseButton.LeftButton, pos=at)
        assert dialog.choices == {FIRST: {"title": side}}


def test_a_field_that_only_one_side_changed_cannot_be_chosen(application: object, qtbot: QtBot) -> None:
    dialog = opened(qtbot, conflict(edit(FIRST, title="Mine"), {"title": "Theirs", "published_year": 1929}))
    press(dialog, Qt.Key.Key_Down, Qt.Key.Key_M, Qt.Key.Key_E)
    assert dialog.choices == {FIRST: {"title": OPEN}}
    assert dialog.texts.result.isReadOnly()
    assert "theirs is kept" in dialog.texts.about.text()


def test_keys_in_the_list_and_buttons_choose_for_the_whole_record(application: object, qtbot: QtBot) -> None:
    one = edit(FIRST, title="a", language="b"), {"title": "c", "language": "d"}
    dialog = opened(qtbot, conflict(*one), conflict(edit(SECOND, title="x"), {"title": "y"}))
    QTest.keyClick(dialog.records, Qt.Key.Key_M)
    assert dialog.choices == {FIRST: {"title": MINE, "language": MINE}, SECOND: {"title": OPEN}}
    qtbot.mouseClick(child(dialog, QAbstractButton, "record_theirs"), Qt.MouseButton.LeftButton)
    assert dialog.choices == {FIRST: {"title": THEIRS, "language": THEIRS}, SECOND: {"title": OPEN}}


def test_all_theirs_and_all_mine_choose_for_all_records(application: object, qtbot: QtBot) -> None:
    dialog = opened(
        qtbot,
        conflict(edit(FIRST, title="Mine"), {"title": "Theirs"}),
        conflict(edit(SECOND, language="en", notes="x"), {"language": "fr", "published_year": 1}),
    )
    child(dialog, QAbstractButton, "all_theirs").click()
    kept = dialog.resolution()
    assert kept[FIRST] is None
    assert dict(kept[SECOND].values) == {"notes": "x"}  # type: ignore[union-attr]  # which only I changed
    child(dialog, QAbstractButton, "all_mine").click()
    assert {key: dict(one.values) for key, one in accepted(dialog, qtbot).items() if one} == {
        FIRST: {"title": "Mine"},
        SECOND: {"language": "en", "notes": "x"},
    }


def test_the_list_says_what_happened_and_how_much_is_left(application: object, qtbot: QtBot) -> None:
    dialog = opened(
        qtbot,
        conflict(edit(FIRST, title="Mine"), {"title": "Theirs"}),
        conflict(edit(SECOND, title="Mine"), None),
        conflict(edit(RecordKey("books", 3), EditKind.DELETE), {"title": "Theirs"}),
    )
    dialog.choose(FIRST, "title", MINE)
    lines = [dialog.records.topLevelItem(row) for row in range(3)]
    assert [[line.text(column) for column in range(3)] for line in lines if line] == [
        ["≠ book: Orlando", "both changed", "✓ decided"],
        ["∅ book: Orlando", "deleted elsewhere", "○ 1 left"],
        ["× book: Orlando", "deleted here", "○ 1 left"],
    ]


def test_a_typed_result_is_taken_by_the_parser_of_its_column(application: object, qtbot: QtBot) -> None:
    dialog = opened(qtbot, conflict(edit(FIRST, published_year=1930), {"published_year": 1929}))
    type_result(dialog, "31 BCE")
    assert shown(dialog) == [("≠ Year", "1928", "○ 1929", "○ 1930", "✎ 31 BCE")]
    kept = accepted(dialog, qtbot)[FIRST]
    assert kept is not None
    assert dict(kept.values) == {"published_year": -31}


def test_a_refused_result_stays_in_its_editor_with_the_reason(application: object, qtbot: QtBot) -> None:
    dialog = opened(
        qtbot,
        conflict(edit(FIRST, published_year=1930, title="a"), {"published_year": 1929, "title": "b"}),
        conflict(edit(SECOND, title="x"), {"title": "y"}),
    )
    press(dialog, Qt.Key.Key_Down)
    type_result(dialog, "never")
    assert "not a year" in dialog.texts.reason
    press(dialog, Qt.Key.Key_Up)
    dialog.records.go_to(1)
    child(dialog, QAbstractButton, "all_mine").click()
    dialog.accept()
    assert dialog.texts.result.toPlainText() == "never"
    assert (dialog.records.number, dialog.fields.currentRow()) == (0, 1)
    assert dialog.choices[FIRST] == {"title": OPEN, "published_year": OPEN}
    QTest.keyClick(dialog.texts.result, Qt.Key.Key_Escape)
    assert (dialog.texts.reason, dialog.isVisible()) == ("", True)
    press(dialog, Qt.Key.Key_Up)
    assert dialog.fields.currentRow() == 0


def test_a_refused_result_is_not_left_behind_by_keeping_the_choices(application: object, qtbot: QtBot) -> None:
    dialog = opened(qtbot, conflict(edit(FIRST, published_year=1930), {"published_year": 1929}))
    press(dialog, Qt.Key.Key_M)
    type_result(dialog, "never")
    with qtbot.assertNotEmitted(dialog.resolved):
        qtbot.mouseClick(dialog.keep, Qt.MouseButton.LeftButton)
    assert (dialog.isVisible(), dialog.texts.result.toPlainText()) == (True, "never")


def test_long_texts_are_shown_in_full_below_and_keep_their_lines(application: object, qtbot: QtBot) -> None:
    mine, theirs = "One\nTwo\n" + "mine " * 500, "One\nTwo\n" + "theirs " * 500
    dialog = opened(qtbot, conflict(edit(FIRST, notes=mine), {"notes": theirs}))
    texts = dialog.texts
    assert [one.toPlainText() for one in (texts.original, texts.theirs, texts.mine)] == ["One\nTwo", theirs, mine]
    press(dialog, Qt.Key.Key_M, Qt.Key.Key_E)
    texts.result.setPlainText("Mine\nand theirs")
    QTest.keyClick(texts.result, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    kept = accepted(dialog, qtbot)[FIRST]
    assert kept is not None
    assert kept.values["notes"] == "Mine\nand theirs"


def test_an_author_is_one_of_the_two_sides(application: object, qtbot: QtBot) -> None:
    one = Edit(
        FIRST, EditKind.UPDATE, "Orlando", 1, MappingProxyType({"author": None}),
        MappingProxyType({"author": AuthorRef(7, "Woolf")}),
    )  # fmt: skip
    dialog = opened(qtbot, Conflict(one, MappingProxyType({"author": AuthorRef(8, "Sackville")}), 2))
    assert shown(dialog) == [("≠ Author", "–", "○ Sackville", "○ Woolf", "? choose")]
    press(dialog, Qt.Key.Key_E)
    assert not dialog.texts.result.hasFocus()
    press(dialog, Qt.Key.Key_M)
    kept = accepted(dialog, qtbot)[FIRST]
    assert kept is not None
    assert kept.values == {"author": AuthorRef(7, "Woolf")}


def test_a_record_deleted_elsewhere_is_dropped_or_inserted_again(application: object, qtbot: QtBot) -> None:
    dialog = opened(qtbot, conflict(edit(FIRST, title="Mine"), None))
    assert shown(dialog) == [
        ("Record", "Orlando", "○ leave it deleted, drop my changes", "○ insert it again", "? choose"),
        ("Title", "Orlando", "", "Mine", ""),
    ]
    press(dialog, Qt.Key.Key_T)
    assert dialog.resolution() == {FIRST: None}
    press(dialog, Qt.Key.Key_M)
    assert shown(dialog)[1][4] == "Mine"
    again = accepted(dialog, qtbot)[FIRST]
    assert again is not None
    assert again.kind is EditKind.INSERT
    assert dict(again.values) == {"title": "Mine", "published_year": 1928, "notes": "One\nTwo"}


def test_my_deletion_of_a_changed_record_is_chosen_or_not(application: object, qtbot: QtBot) -> None:
    dialog = opened(qtbot, conflict(edit(FIRST, EditKind.DELETE), {"title": "Theirs"}))
    assert shown(dialog)[0] == ("Record", "Orlando", "○ keep it, with the new Title", "○ delete it", "? choose")
    dialog.choose(FIRST, RECORD, THEIRS)
    assert (shown(dialog)[1][4], dialog.resolution()) == ("Theirs", {FIRST: None})
    dialog.choose(FIRST, RECORD, MINE)
    assert shown(dialog)[1][4] == ""
    kept = accepted(dialog, qtbot)[FIRST]
    assert kept is not None
    assert (kept.kind, kept.version, kept.original["title"]) == (EditKind.DELETE, 5, "Theirs")


def test_screen_readers_hear_what_is_chosen(application: object, qtbot: QtBot) -> None:
    dialog = opened(qtbot, conflict(edit(FIRST, title="Mine"), {"title": "Theirs"}))
    press(dialog, Qt.Key.Key_M)
    said = [dialog.fields.model().index(0, column).data(Qt.ItemDataRole.AccessibleTextRole) for column in (2, 3)]
    assert said == ["Title, Theirs: Theirs", "Title, Mine: Mine, chosen"]
    line = dialog.records.topLevelItem(0)
    assert line is not None
    assert line.data(0, Qt.ItemDataRole.AccessibleTextRole) == "book: Orlando: changed here and elsewhere, decided"


def test_the_dialog_tells_its_keys(application: object, qtbot: QtBot) -> None:
    dialog = opened(qtbot, conflict(edit(FIRST, title="Mine"), {"title": "Theirs"}))
    text = child(dialog, QLabel, "conflict_keys").text()
    assert all(word in text for word in ("T or 1", "M or 2", "Space", "E ", "F8"))


def test_deciding_later_decides_nothing(application: object, qtbot: QtBot) -> None:
    dialog = opened(qtbot, conflict(edit(FIRST, title="Mine"), {"title": "Theirs"}))
    press(dialog, Qt.Key.Key_M)
    with qtbot.assertNotEmitted(dialog.resolved):
        qtbot.mouseClick(dialog.later, Qt.MouseButton.LeftButton)
    assert not dialog.isVisible()
