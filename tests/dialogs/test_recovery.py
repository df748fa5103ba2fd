"""The recovery dialog shows each record with what became of it, and asks for exactly what is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox

from desk.catalog.edits import Checked, Conflict, Edit, EditKind, EditState, RecordKey
from desk.catalog.recovery import Item
from desk.catalog.rows import AuthorRef
from desk.dialogs.recovery import OFF, ON, RecoveryDialog
from desk.dialogs.recovery_words import STATES, FieldLine, field_lines
from desk.tables.look import DARK, LIGHT, use_look
from tests.support.window import child

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

HERE, THERE = "/home/ann/library.desk", "/home/ann/copy.desk"
ORIGINAL = {"title": "Emma", "author": AuthorRef(3, "Austen, Jane"), "published_year": 1815, "language": None}


@dataclass
class FakeDraft:
    """What the dialog reads of a draft."""

    place: str = HERE
    when: datetime = datetime(2026, 11, 20, 19, 3, tzinfo=UTC)


@dataclass
class FakeFound:
    draft: FakeDraft
    checked: tuple[Checked, ...]


def edit(record: int, kind: EditKind = EditKind.UPDATE, label: str = "Emma", **values: Any) -> Edit:
    original = {} if kind is EditKind.INSERT else ORIGINAL
    return Edit(RecordKey("books", record), kind, label, 1, MappingProxyType(original), MappingProxyType(values))


def conflict(one: Edit, *fields: str, **theirs: Any) -> Checked:
    return Checked(one, EditState.CONFLICT, Conflict(one, MappingProxyType({**ORIGINAL, **theirs}), 2), fields)


AUTHOR = Edit(RecordKey("authors", -1), EditKind.INSERT, "Anon", values=MappingProxyType({"name": "Anon"}))
BY_NEW = edit(1, author=AuthorRef(-1, "Anon"))
CHANGED = edit(2, label="Persuasion", published_year=1818)
FIRST = (
    Checked(BY_NEW, EditState.UNCHANGED),
    Checked(AUTHOR, EditState.UNCHANGED),
    conflict(CHANGED, "published_year", published_year=1817),
    Checked(edit(3, label="Kim", title="Kim"), EditState.SAVED),
)
SECOND = (Checked(edit(2, label="Persuasion", title="Older"), EditState.MERGED, fields=("language",)),)


@pytest.fixture
def dialog(application: object, qtbot: QtBot) -> Iterator[RecoveryDialog]:
    made = RecoveryDialog([FakeFound(FakeDraft(), FIRST), FakeFound(FakeDraft(), SECOND)], HERE)  # type: ignore[list-item]
    qtbot.addWidget(made)
    made.show()
    yield made
    use_look(LIGHT)


def line(dialog: RecoveryDialog, draft: int, one: Edit) -> Any:
    return dialog._lines[Item(draft, one.key)]


def test_every_record_has_its_state_as_a_sign_and_in_words(dialog: RecoveryDialog) -> None:
    texts = {item.key.id: one.text(1) for item, one in dialog._lines.items() if item.draft == 0}
    assert texts == {1: "= unchanged", -1: "= unchanged", 2: "≠ conflicts", 3: "✓ saved already"}
    assert len({words.sign for words in STATES.values()}) == len(STATES) == len(EditState)
    assert "conflicts" in line(dialog, 0, CHANGED).data(0, int(Qt.ItemDataRole.AccessibleTextRole))


def test_boxes_show_what_is_chosen(dialog: RecoveryDialog) -> None:
    assert [line(dialog, 0, one).checkState(0) for one in (BY_NEW, AUTHOR, CHANGED)] == [ON] * 3
    assert line(dialog, 1, CHANGED).checkState(0) == OFF  # the same record in an older draft
    assert line(dialog, 0, FIRST[3].edit).data(0, int(Qt.ItemDataRole.CheckStateRole)) is None
    line(dialog, 1, CHANGED).setCheckState(0, ON)
    assert line(dialog, 0, CHANGED).checkState(0) == OFF
    line(dialog, 0, AUTHOR).setCheckState(0, OFF)
    assert line(dialog, 0, BY_NEW).checkState(0) == OFF
    assert dialog.restore.text() == "&Restore 1 record"


def test_the_box_of_a_draft_is_for_all_its_records(dialog: RecoveryDialog) -> None:
    head = line(dialog, 0, CHANGED).parent()
    assert head.checkState(0) == ON
    line(dialog, 0, CHANGED).setCheckState(0, OFF)
    assert head.checkState(0) == Qt.CheckState.PartiallyChecked
    head.setCheckState(0, OFF)
    assert not dialog.restore.isEnabled()
    assert not dialog.discard.isEnabled()
    head.setCheckState(0, ON)
    assert len(dialog.choice) == 3


def test_the_keyboard_is_enough(dialog: RecoveryDialog, qtbot: QtBot) -> None:
    with qtbot.waitActive(dialog):
        dialog.activateWindow()
    assert dialog.records.hasFocus()
    QTest.keyClick(dialog.records, Qt.Key.Key_End)
    QTest.keyClick(dialog.records, Qt.Key.Key_Space)
    assert line(dialog, 1, CHANGED).checkState(0) == ON
    with qtbot.waitSignal(dialog.restore_wanted) as wanted:
        QTest.keyClick(dialog.records, Qt.Key.Key_Return)
    assert [(found.checked, edits) for found, edits in wanted.args[0]] == [
        (FIRST, (BY_NEW, AUTHOR)),
        (SECOND, (SECOND[0].edit,)),
    ]


def test_escape_asks_for_nothing(dialog: RecoveryDialog, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(dialog.restore_wanted), qtbot.assertNotEmitted(dialog.discard_wanted):
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_discarding_asks_and_keeps_unless_it_is_wanted(dialog: RecoveryDialog, qtbot: QtBot) -> None:
    for button, count in (("discard_keep", 0), ("discard_go", 1)):
        seen: list[object] = []
        dialog.discard_wanted.connect(seen.append)
        dialog.discard.click()
        box = dialog.findChildren(QMessageBox, "discard_question")[-1]
        assert "3 records" in box.text()
        assert box.defaultButton().objectName() == "discard_keep"
        child(box, type(dialog.discard), button).click()
        assert len(seen) == count
        dialog.discard_wanted.disconnect(seen.append)


def test_a_draft_of_another_place_is_said_and_not_chosen(application: object, qtbot: QtBot) -> None:
    dialog = RecoveryDialog([FakeFound(FakeDraft(place=THERE), FIRST)], HERE)  # type: ignore[list-item]
    qtbot.addWidget(dialog)
    assert THERE in dialog.place.text
    assert len(dialog.choice) == 0
    dialog.show_drafts([FakeFound(FakeDraft(), FIRST)])  # type: ignore[list-item]
    assert not dialog.place.text
    assert len(dialog.choice) == 3


def test_the_fields_of_the_current_record_are_shown(dialog: RecoveryDialog) -> None:
    dialog.records.setCurrentItem(line(dialog, 0, CHANGED))
    model = dialog.fields.model()
    assert [model.index(0, column).data() for column in range(4)] == ["Year", "1815", "≠ 1817", "1818"]
    assert dialog.state.text() == STATES[EditState.CONFLICT].long
    dialog.records.setCurrentItem(line(dialog, 0, CHANGED).parent())
    assert model.rowCount() == 0
    assert not dialog.state.text()


def test_colours_follow_the_scheme(dialog: RecoveryDialog) -> None:
    of = line(dialog, 0, CHANGED)
    assert of.foreground(1).color().name() == LIGHT.bad
    use_look(DARK)
    assert of.foreground(1).color().name() == DARK.bad


def test_a_record_that_is_gone_says_so_first() -> None:
    gone = Checked(CHANGED, EditState.GONE, Conflict(CHANGED, None, 0))
    assert field_lines(gone) == (
        FieldLine("Record", "Persuasion", "deleted", "change it", True),
        FieldLine("Year", "1815", "", "1818", False),
    )


def test_a_deletion_shows_what_others_changed() -> None:
    doomed = edit(2, EditKind.DELETE, "Persuasion", title="Changed before")
    assert field_lines(conflict(doomed, "language", language="en")) == (
        FieldLine("Record", "Persuasion", "conflicts", "delete it", False),
        FieldLine("Language", "–", "≠ en", "", True),
    )


def test_a_change_that_merges_shows_the_other_fields() -> None:
    assert field_lines(SECOND[0]) == (
        FieldLine("Title", "Emma", "Emma", "Older", False),
        FieldLine("Language", "–", "≠ changed elsewhere", "", True),
    )


def test_a_new_record_has_neither_before_nor_now() -> None:
    new = Checked(edit(-2, EditKind.INSERT, "New", title="New", notes=""), EditState.UNCHANGED)
    assert field_lines(new) == (
        FieldLine("Title", "", "", "New", False),
        FieldLine("Notes", "", "", "(empty)", False),
    )
