"""The conflict dialog: original, theirs and mine of every field, and a choice for each; nothing is decided silently."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QAbstractButton, QDialogButtonBox, QRadioButton

from desk.catalog.edits import Conflict, Edit, EditKind, RecordKey
from desk.dialogs.conflict import MINE, RECORD, THEIRS, ConflictDialog
from tests.support.window import child

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytestqt.qtbot import QtBot

FIRST, SECOND = RecordKey("books", 1), RecordKey("books", 2)
ORIGINAL = {"title": "Orlando", "published_year": 1928, "language": None}


def edit(key: RecordKey, kind: EditKind = EditKind.UPDATE, **values: Any) -> Edit:
    return Edit(key, kind, "Orlando", 1, MappingProxyType(ORIGINAL), MappingProxyType(values))


def conflict(changed: Edit, theirs: Mapping[str, Any] | None) -> Conflict:
    now = None if theirs is None else MappingProxyType({**ORIGINAL, **theirs})
    return Conflict(changed, now, 0 if theirs is None else 5)


def opened(bot: QtBot, *conflicts: Conflict) -> ConflictDialog:
    dialog = ConflictDialog(conflicts)
    bot.addWidget(dialog)
    dialog.open()
    return dialog


def shown(dialog: ConflictDialog) -> list[tuple[str, str, str, str]]:
    """The lines of the table: field, original, theirs, mine."""
    lines = []
    for row in range(dialog.fields.rowCount()):
        buttons = [dialog.fields.cellWidget(row, column) for column in (2, 3)]
        theirs, mine = (button.text() if isinstance(button, QRadioButton) else "" for button in buttons)
        cells = [dialog.fields.item(row, column) for column in (0, 1)]
        field, original = (cell.text() if cell else "" for cell in cells)
        lines.append((field, original, theirs, mine))
    return lines


def accepted(dialog: ConflictDialog, bot: QtBot) -> dict[RecordKey, Edit | None]:
    with bot.waitSignal(dialog.resolved) as resolved:
        box = child(dialog, QDialogButtonBox, "")
        next(b for b in box.buttons() if box.buttonRole(b) == QDialogButtonBox.ButtonRole.AcceptRole).click()
    assert not dialog.isVisible()
    result: dict[RecordKey, Edit | None] = resolved.args[0]
    return result


def test_original_theirs_and_mine_stand_side_by_side(application: object, qtbot: QtBot) -> None:
    dialog = opened(
        qtbot, conflict(edit(FIRST, title="Mine", language="en"), {"title": "Theirs", "published_year": None})
    )
    assert shown(dialog) == [
        ("Title", "Orlando", "Theirs", "Mine"),
        ("Year", "1928", "–", "1928"),
        ("Language", "–", "–", "en"),
    ]


def test_my_fields_start_with_mine_and_all_others_with_theirs(application: object, qtbot: QtBot) -> None:
    dialog = opened(qtbot, conflict(edit(FIRST, title="Mine"), {"title": "Theirs", "published_year": 1929}))
    assert dialog.choices[FIRST] == {"title": MINE, "published_year": THEIRS}
    assert child(dialog, QRadioButton, "mine_title").isChecked()
    assert child(dialog, QRadioButton, "theirs_published_year").isChecked()
    kept = accepted(dialog, qtbot)[FIRST]
    assert kept is not None
    assert (dict(kept.values), kept.version, kept.original["published_year"]) == ({"title": "Mine"}, 5, 1929)


def test_a_click_chooses_for_one_field(application: object, qtbot: QtBot) -> None:
    dialog = opened(qtbot, conflict(edit(FIRST, title="Mine"), {"title": "Theirs", "published_year": 1929}))
    child(dialog, QRadioButton, "theirs_title").click()
    child(dialog, QRadioButton, "mine_published_year").click()
    kept = accepted(dialog, qtbot)[FIRST]
    assert kept is not None
    assert dict(kept.values) == {"published_year": 1928}


def test_all_theirs_drops_my_edits_and_all_mine_keeps_them(application: object, qtbot: QtBot) -> None:
    conflicts = (
        conflict(edit(FIRST, title="Mine"), {"title": "Theirs"}),
        conflict(edit(SECOND, language="en"), {"language": "fr", "published_year": 1}),
    )
    dialog = opened(qtbot, *conflicts)
    child(dialog, QAbstractButton, "all_theirs").click()
    assert dialog.resolution() == {FIRST: None, SECOND: None}
    child(dialog, QAbstractButton, "all_mine").click()
    kept = accepted(dialog, qtbot)
    assert {key: dict(one.values) for key, one in kept.items() if one} == {
        FIRST: {"title": "Mine"},
        SECOND: {"language": "en", "published_year": 1928},
    }


def test_every_record_has_its_own_choices(application: object, qtbot: QtBot) -> None:
    dialog = opened(
        qtbot,
        conflict(edit(FIRST, title="Mine"), {"title": "Theirs"}),
        conflict(edit(SECOND, title="Mine too"), {"title": "Theirs too"}),
    )
    child(dialog, QRadioButton, "theirs_title").click()
    dialog.records.setCurrentRow(1)
    assert shown(dialog) == [("Title", "Orlando", "Theirs too", "Mine too")]
    dialog.records.setCurrentRow(0)
    assert dialog.choices == {FIRST: {"title": THEIRS}, SECOND: {"title": MINE}}
    assert accepted(dialog, qtbot)[FIRST] is None


def test_the_same_change_on_both_sides_leaves_nothing_to_do(application: object, qtbot: QtBot) -> None:
    dialog = opened(qtbot, conflict(edit(FIRST, title="Same"), {"title": "Same"}))
    assert accepted(dialog, qtbot) == {FIRST: None}


def test_a_record_deleted_elsewhere_is_dropped_unless_it_is_inserted_again(application: object, qtbot: QtBot) -> None:
    dialog = opened(qtbot, conflict(edit(FIRST, title="Mine"), None))
    assert shown(dialog) == [("Record", "Orlando", "deleted elsewhere", "insert it again")]
    assert dialog.choices == {FIRST: {RECORD: THEIRS}}
    assert dialog.resolution() == {FIRST: None}
    child(dialog, QRadioButton, "mine_record").click()
    again = accepted(dialog, qtbot)[FIRST]
    assert again is not None
    assert (again.kind, dict(again.values)) == (EditKind.INSERT, {"title": "Mine", "published_year": 1928})


def test_my_deletion_of_a_changed_record_is_dropped_unless_chosen(application: object, qtbot: QtBot) -> None:
    dialog = opened(qtbot, conflict(edit(FIRST, EditKind.DELETE), {"title": "Theirs"}))
    assert shown(dialog) == [("Record", "Orlando", "keep it, with the new Title", "delete it")]
    assert dialog.resolution() == {FIRST: None}
    dialog.choose(FIRST, RECORD, MINE)
    kept = accepted(dialog, qtbot)[FIRST]
    assert kept is not None
    assert (kept.kind, kept.version, kept.original["title"]) == (EditKind.DELETE, 5, "Theirs")


def test_deciding_later_decides_nothing(application: object, qtbot: QtBot) -> None:
    dialog = opened(qtbot, conflict(edit(FIRST, title="Mine"), {"title": "Theirs"}))
    with qtbot.assertNotEmitted(dialog.resolved):
        dialog.reject()
