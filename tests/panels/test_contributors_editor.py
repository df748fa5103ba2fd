"""The contributors of a book are added, ordered, given roles and removed, each as one step of a pending edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desk.catalog.columns import BOOKS
from desk.catalog.edits import EditKind, RecordKey
from desk.catalog.rows import AuthorRef, ContributionRow
from desk.catalog.values import ROLE_LENGTH
from desk.operations.commit import commit_edits
from desk.panels.details import DetailsPanel
from desk.panels.pending_edits import PendingEditsPanel
from desk.panels.record_pages import BookPage
from desk.tables.cells import tool_tip_of
from desk.tables.record_table import RecordTable
from tests.support.editing import elsewhere, scalar
from tests.support.shelf import Shelf

if TYPE_CHECKING:
    from PySide6.QtWidgets import QLineEdit
    from pytestqt.qtbot import QtBot

    from desk.catalog.contributors import Entries
    from desk.operations.connect import OpenCatalogue
    from desk.panels.context import Context
    from desk.panels.contributors_editor import ContributorsEditor

ORLANDO, BEOWULF = RecordKey("books", 1), RecordKey("books", 3)
WOOLF, BELL = AuthorRef(1, "Woolf, Virginia"), AuthorRef(2, "Bell, Vanessa")


class Hands:
    """A shown details panel and hands for its list of contributors."""

    def __init__(self, context: Context, bot: QtBot) -> None:
        self.panel = DetailsPanel(context)
        self.edits = context.edits
        self._bot = bot
        bot.addWidget(self.panel)
        self.panel.resize(400, 900)
        self.panel.show()

    @property
    def editor(self) -> ContributorsEditor:
        page = self.panel.pages["books"]
        assert isinstance(page, BookPage)
        return page.contributors

    @property
    def shown(self) -> list[str]:
        return [self.editor.list.item(row).text() for row in range(self.editor.list.count())]

    @property
    def role_line(self) -> QLineEdit:
        line = self.editor.role.lineEdit()
        assert line is not None
        return line

    def show(self, key: RecordKey) -> None:
        self.panel.show_record(key)
        self._bot.waitUntil(lambda: self.panel.has_all_of(key))

    def add(self, name: str, role: str = "author", choice: int = 0) -> None:
        self.editor.new_role.setCurrentText(role)
        picker = self.editor.picker
        picker.setFocus()
        QTest.keyClicks(picker, name)
        self._bot.waitUntil(lambda: bool(picker.choices) and picker.is_offering)
        picker.pick(choice)

    def type_role(self, text: str) -> None:
        self.role_line.setFocus()
        self._bot.waitUntil(self.role_line.hasFocus)
        self.role_line.selectAll()
        QTest.keyClicks(self.role_line, text)
        QTest.keyClick(self.role_line, Qt.Key.Key_Return)

    def pending(self, key: RecordKey = ORLANDO) -> list[tuple[str, str]] | None:
        edit = self.edits.get(key)
        value: Entries | None = None if edit is None else edit.values.get("contributors")
        if value is None:
            return None
        assert [one.position for one in value] == list(range(len(value)))
        return [(one.author.name, one.role) for one in value]


@pytest.fixture
def hands(context: Context, qtbot: QtBot) -> Hands:
    return Hands(context, qtbot)


@pytest.fixture
def many(hands: Hands) -> Hands:
    """Orlando with three contributors, one of them saved."""
    hands.show(ORLANDO)
    hands.add("woolf", "editor")
    hands.add("bell", "translator")
    assert hands.shown == ["Bell, Vanessa – illustrator", "Woolf, Virginia – editor", "Bell, Vanessa – translator"]
    return hands


def test_a_contributor_is_added_as_one_step_that_can_be_undone(hands: Hands) -> None:
    hands.show(ORLANDO)
    assert hands.editor.role.currentText() == "illustrator"
    hands.add("woolf", "translator")
    assert hands.pending() == [("Bell, Vanessa", "illustrator"), ("Woolf, Virginia", "translator")]
    edit = hands.edits.get(ORLANDO)
    assert edit is not None
    assert edit.original["contributors"] == (ContributionRow(BELL, "illustrator", 0),)
    assert hands.edits.steps.undoText() == "Add Woolf, Virginia (Orlando)"
    assert hands.editor.list.currentRow() == 1
    assert hands.editor.new_role.currentText() == "author"
    hands.edits.steps.undo()
    assert hands.pending() is None
    assert hands.shown == ["Bell, Vanessa – illustrator"]
    hands.edits.steps.redo()
    assert hands.shown == ["Bell, Vanessa – illustrator", "Woolf, Virginia – translator"]


def test_a_new_author_is_created_with_the_entry_and_goes_with_it(hands: Hands) -> None:
    hands.show(BEOWULF)
    hands.add("Heaney, Seamus", "translator")
    assert [edit.kind for edit in hands.edits.edits()] == [EditKind.INSERT, EditKind.UPDATE]
    author = hands.edits.edits()[0].key
    assert hands.pending(BEOWULF) == [("Heaney, Seamus", "translator")]
    value = hands.edits.edits()[1].values["contributors"]
    assert value[0].author.id == author.id < 0
    assert hands.edits.steps.count() == 1
    hands.edits.drop(author)
    assert hands.edits.edits() == ()
    hands.edits.steps.undo()
    assert hands.pending(BEOWULF) == [("Heaney, Seamus", "translator")]


def test_a_role_is_changed_and_the_same_role_changes_nothing(hands: Hands) -> None:
    hands.show(ORLANDO)
    hands.type_role("illustrator")
    assert hands.edits.edits() == ()
    hands.type_role(" cover artist ")
    assert hands.pending() == [("Bell, Vanessa", "cover artist")]
    hands.type_role("illustrator")
    assert hands.edits.edits() == ()
    hands.editor.role.setCurrentIndex(1)
    hands.editor.role.activated.emit(1)
    assert hands.pending() == [("Bell, Vanessa", "editor")]


def test_an_entry_without_a_role_is_an_author(hands: Hands) -> None:
    hands.show(ORLANDO)
    hands.role_line.setFocus()
    hands.role_line.clear()
    QTest.keyClick(hands.role_line, Qt.Key.Key_Return)
    assert hands.pending() == [("Bell, Vanessa", "author")]
    assert (hands.shown, hands.editor.role.currentText()) == (["Bell, Vanessa"], "author")


def test_a_role_that_is_too_long_stays_with_its_reason(hands: Hands, qtbot: QtBot) -> None:
    hands.show(ORLANDO)
    hands.type_role("x" * (ROLE_LENGTH + 1))
    assert f"at most {ROLE_LENGTH}" in hands.editor.reason
    assert hands.edits.edits() == ()
    hands.editor.list.setFocus()
    with qtbot.waitSignal(hands.panel.details_shown):
        hands.panel.reload()
    assert hands.editor.reason
    assert not hands.panel.take()
    QTest.keyClick(hands.role_line, Qt.Key.Key_Escape)
    assert (hands.editor.reason, hands.editor.role.currentText()) == ("", "illustrator")
    assert hands.panel.take()


def test_entries_are_moved_by_buttons_and_by_keys(many: Hands) -> None:
    editor = many.editor
    editor.list.setFocus()
    editor.list.setCurrentRow(2)
    assert (editor.up.isEnabled(), editor.down.isEnabled()) == (True, False)
    QTest.keyClick(editor.list, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert [role for _name, role in many.pending() or []] == ["illustrator", "translator", "editor"]
    assert editor.list.currentRow() == 1
    editor.up.click()
    assert [role for _name, role in many.pending() or []] == ["translator", "illustrator", "editor"]
    assert (editor.up.isEnabled(), editor.list.currentRow()) == (False, 0)
    QTest.keyClick(editor.list, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    editor.down.click()
    assert [role for _name, role in many.pending() or []] == ["illustrator", "editor", "translator"]
    assert many.edits.steps.undoText() == "Move Bell, Vanessa (Orlando)"


def test_an_entry_is_removed_and_the_place_stays_current(many: Hands) -> None:
    many.editor.list.setFocus()
    many.editor.list.setCurrentRow(1)
    QTest.keyClick(many.editor.list, Qt.Key.Key_Delete)
    assert [role for _name, role in many.pending() or []] == ["illustrator", "translator"]
    assert many.editor.list.currentRow() == 1
    many.editor.remove.click()
    assert many.pending() is None
    many.editor.remove.click()
    assert (many.pending(), many.shown) == ([], [])
    assert not many.editor.remove.isEnabled()
    assert not many.editor.role.isEnabled()


def test_nobody_has_the_same_part_twice(many: Hands) -> None:
    before = many.pending()
    many.add("bell", "illustrator")
    assert "Bell, Vanessa is illustrator of this book already" in many.editor.reason
    many.editor.list.setCurrentRow(2)
    many.type_role("illustrator")
    assert "already" in many.editor.reason
    assert many.pending() == before


def test_a_name_that_was_not_chosen_is_not_lost(hands: Hands, qtbot: QtBot) -> None:
    hands.show(ORLANDO)
    picker = hands.editor.picker
    picker.setFocus()
    QTest.keyClicks(picker, "Sackville")
    qtbot.waitUntil(lambda: picker.is_offering)
    hands.panel.show_record(BEOWULF)
    assert (hands.panel.key, picker.text()) == (ORLANDO, "Sackville")
    assert "Choose a contributor" in hands.editor.reason
    picker.setFocus()
    while picker.text():
        QTest.keyClick(picker, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: hands.panel.has_all_of(BEOWULF))
    assert hands.edits.edits() == ()


def test_a_role_that_is_being_typed_survives_other_changes(hands: Hands, qtbot: QtBot) -> None:
    hands.show(ORLANDO)
    hands.role_line.setFocus()
    qtbot.waitUntil(hands.role_line.hasFocus)
    hands.role_line.selectAll()
    QTest.keyClicks(hands.role_line, "co")
    with qtbot.waitSignal(hands.panel.details_shown):
        hands.panel.reload()
    assert hands.editor.role.currentText() == "co"
    assert hands.edits.edits() == ()


@pytest.mark.parametrize(
    "role", ["X'ff00'", "CAST(X'65ff66' AS TEXT)", "char(65279) || 'editor'", "'a' || char(10) || 'b'"]
)
def test_walking_over_a_role_that_no_editor_can_hold_changes_nothing(
    hands: Hands, opened: OpenCatalogue, role: str
) -> None:
    elsewhere(opened, f"UPDATE contributions SET role = {role} WHERE book_id = 1")
    hands.show(ORLANDO)
    assert hands.shown[0].startswith("Bell, Vanessa – ")
    for widget in (hands.role_line, hands.editor.picker, hands.editor.list, hands.role_line):
        widget.setFocus()
        QTest.keyClick(widget, Qt.Key.Key_Tab)
    assert hands.panel.take()
    assert hands.edits.edits() == ()
    hands.type_role("translator")
    assert hands.pending() == [("Bell, Vanessa", "translator")]


def test_pending_contributors_are_shown_everywhere(hands: Hands, context: Context, qtbot: QtBot) -> None:
    table = RecordTable(BOOKS, context.edits)
    Shelf("books", 3).show_in(table)
    pending = PendingEditsPanel(context)
    qtbot.addWidget(pending)
    hands.show(ORLANDO)
    hands.add("woolf", "translator")
    section = [column.name for column in table.columns].index("contributors")
    text, _state = table.cell(0, section)
    assert text == "Bell, Vanessa; Woolf, Virginia"
    edit = context.edits.get(ORLANDO)
    assert edit is not None
    tip = tool_tip_of(BOOKS.column("contributors"), edit.values["contributors"], edit)
    assert tip is not None
    assert "Bell, Vanessa – illustrator → Bell, Vanessa – illustrator; Woolf, Virginia – translator" in tip
    qtbot.waitUntil(lambda: pending.tree.topLevelItemCount() == 1)
    line: Any = pending.tree.topLevelItem(0).child(0)  # type: ignore[union-attr]
    assert [line.text(place) for place in range(3)] == [
        "Contributors", "Bell, Vanessa – illustrator", "Bell, Vanessa – illustrator; Woolf, Virginia – translator",
    ]  # fmt: skip
    assert hands.editor.findChild(type(hands.editor.list)).styleSheet()  # type: ignore[union-attr]
    context.edits.roll_back()
    assert hands.shown == ["Bell, Vanessa – illustrator"]


def test_a_new_book_has_contributors_and_a_doomed_one_is_closed(hands: Hands) -> None:
    key = hands.edits.add("books", {"title": "Flush"})
    hands.panel.show_record(key)
    hands.add("bell", "illustrator")
    assert hands.pending(key) == [("Bell, Vanessa", "illustrator")]
    hands.show(ORLANDO)
    assert hands.editor.remove.isEnabled()
    original = hands.panel._original()
    assert original is not None
    hands.edits.delete([original])
    assert not hands.editor.remove.isEnabled()
    assert hands.editor.picker.isReadOnly()


def test_what_a_commit_saved_is_shown_at_once(hands: Hands, opened: OpenCatalogue) -> None:
    hands.show(ORLANDO)
    hands.add("Sackville-West, Vita", "author")
    batch = hands.edits.batch()
    result = commit_edits(sessions=opened.sessions, batch=batch)
    hands.edits.saved(batch, result)
    hands.panel.take_saved(batch, result.new_ids)
    assert hands.shown == ["Bell, Vanessa – illustrator", "Sackville-West, Vita"]
    saved = scalar(opened, "SELECT author_id FROM contributions WHERE book_id = 1 AND position = 1")
    assert hands.editor.entries[1].author.id == saved > 0
    assert hands.panel.value_of("title") == "Orlando"


def test_the_values_for_a_duplicate_hold_the_contributors(hands: Hands) -> None:
    hands.show(ORLANDO)
    hands.add("woolf", "editor")
    values = hands.panel.values()
    assert [(one.author.id, one.role) for one in values["contributors"]] == [(2, "illustrator"), (1, "editor")]
    assert values["notes"] == "a\r\nb"
    hands.show(BEOWULF)
    assert hands.panel.values() == {"title": "Beowulf"}
