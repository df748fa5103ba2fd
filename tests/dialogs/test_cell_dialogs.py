"""The dialogs that edit many cells, or one long text: nothing is taken silently, and what is refused stays open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QListWidget, QMessageBox, QPushButton

from desk.catalog.columns import BOOKS
from desk.catalog.criteria import Criteria, Filter, Op
from desk.catalog.edits import RecordKey
from desk.catalog.places import Places
from desk.catalog.selection import Block, Selection
from desk.dialogs.bulk_edit import EMPTY, UNKNOWN, BulkEditDialog
from desk.dialogs.cell_question import MOST_LINES, CellQuestionDialog
from desk.dialogs.long_text import LongTextDialog
from desk.dialogs.replacing import ReplaceDialog
from desk.errors import EnvironmentProblem
from desk.operations import reading_fields, replacing
from desk.operations.records import load_details
from desk.panels.cell_question import CANCEL, REST, CellQuestion
from desk.panels.selected_records import SelectedRecords
from desk.tables.author_picker import AuthorPicker
from desk.tables.edit_stack import Original
from desk.tables.record_table import original_of
from tests.panels.conftest import context, opened
from tests.support.held import HeldOperation
from tests.support.window import child
from tests.window.test_accessibility import anonymous, nameless

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desk.panels.context import Context


__all__ = ["context", "opened"]

BEOWULF, ORLANDO, WAVES = (RecordKey("books", one) for one in (3, 1, 2))
ALL = Criteria("books")


def original(context: Context, key: RecordKey) -> Original:
    details = load_details(sessions=context.sessions, table=key.table, record_id=key.id)
    return original_of(BOOKS, details.row, notes=details.notes)


def changed(context: Context, key: RecordKey) -> dict[str, Any]:
    edit = context.edits.get(key)
    return dict(edit.values) if edit else {}


# The question


def test_a_question_is_answered_once_however_it_is_closed(application: object, qtbot: QtBot) -> None:
    answers: list[str] = []
    for button in ("rest", "cancel", None):
        dialog = CellQuestionDialog(
            CellQuestion("2 cells cannot be taken.", "Nothing yet.", ("a", "b"), {REST: "&Take"}, answers.append)
        )
        dialog.open()
        assert nameless(dialog) == []
        assert anonymous(dialog) == []
        if button is None:
            QTest.keyClick(dialog, Qt.Key.Key_Escape)
        else:
            qtbot.mouseClick(child(dialog, QPushButton, button), Qt.MouseButton.LeftButton)
    assert answers == [REST, CANCEL, CANCEL]


def test_a_very_long_list_counts_what_it_does_not_show(application: object, qtbot: QtBot) -> None:
    lines = tuple(f"Row {number}" for number in range(MOST_LINES + 7))
    dialog = CellQuestionDialog(CellQuestion("Many.", "", lines, {}, lambda _choice: None))
    qtbot.addWidget(dialog)
    shown = child(dialog, QListWidget, "cell_question_lines")
    assert (shown.count(), shown.item(MOST_LINES).text()) == (MOST_LINES + 1, "… and 7 more")


# Long texts


@pytest.fixture
def long_text(context: Context, qtbot: QtBot) -> LongTextDialog:
    """The notes of Orlando, which are `a`, CR LF, `b`."""
    dialog = LongTextDialog(context, original(context, ORLANDO), BOOKS.column("notes"))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    dialog.open()
    return dialog


def test_a_long_text_keeps_its_line_ends_where_others_are_typed(context: Context, long_text: LongTextDialog) -> None:
    assert long_text.text == "a\r\nb"
    assert long_text.count.text() == "4 characters"
    assert not long_text.is_changed
    QTest.keyClicks(long_text.editor, "more ")
    QTest.keyClick(long_text.editor, Qt.Key.Key_Return)
    assert long_text.count.text() == "11 characters"
    QTest.keyClick(long_text.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert not long_text.isVisible()
    assert changed(context, ORLANDO) == {"notes": "more \r\na\r\nb"}
    edit = context.edits.get(ORLANDO)
    assert edit is not None
    assert edit.original["notes"] == "a\r\nb"
    assert context.edits.steps.undoText() == "Change Notes of Orlando"


@pytest.mark.parametrize("text", ["a\nb\r\nc\rd\u2028e\u2029f", "\r\n\n\r", "\u00a0\t\u200b", "x\n", "", "🙂\n"])
def test_every_line_end_comes_back(context: Context, qtbot: QtBot, text: str) -> None:
    begun = original(context, ORLANDO)
    context.edits.set_field(begun, "notes", text)
    dialog = LongTextDialog(context, begun, BOOKS.column("notes"))
    qtbot.addWidget(dialog)
    assert (dialog.text, dialog.is_changed, dialog.editor.isReadOnly()) == (text, False, False)


def test_typing_between_lines_leaves_the_other_line_ends_alone(context: Context, qtbot: QtBot) -> None:
    begun = original(context, ORLANDO)
    context.edits.set_field(begun, "notes", "a\nb\r\nc\u2029d")
    dialog = LongTextDialog(context, begun, BOOKS.column("notes"))
    qtbot.addWidget(dialog)
    QTest.keyClick(dialog.editor, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(dialog.editor, "!")
    assert dialog.text == "a\nb\r\nc\u2029d!"


def test_a_text_that_an_editor_would_change_is_only_shown(context: Context, qtbot: QtBot) -> None:
    begun = original(context, ORLANDO)
    context.edits.set_field(begun, "notes", "a\ufdd0b")
    dialog = LongTextDialog(context, begun, BOOKS.column("notes"))
    qtbot.addWidget(dialog)
    assert dialog.editor.isReadOnly()
    assert "only shown" in dialog.problems.text


def test_a_refused_text_keeps_the_editor_open_and_says_why(context: Context, qtbot: QtBot) -> None:
    dialog = LongTextDialog(context, original(context, ORLANDO), BOOKS.column("title"))
    qtbot.addWidget(dialog)
    dialog.open()
    dialog.editor.setPlainText("x" * 2001)
    qtbot.mouseClick(child(dialog, QPushButton, "take_text"), Qt.MouseButton.LeftButton)
    assert dialog.isVisible()
    assert "at most 2,000 fit" in dialog.problems.text
    assert len(context.edits) == 0
    assert nameless(dialog) == []
    assert anonymous(dialog) == []


@pytest.mark.parametrize("button", ["give_up", "go_on"])
def test_escape_asks_before_a_changed_text_is_given_up(
    context: Context, long_text: LongTextDialog, qtbot: QtBot, button: str
) -> None:
    QTest.keyClicks(long_text.editor, "more")
    QTest.keyClick(long_text, Qt.Key.Key_Escape)
    box = child(long_text, QMessageBox, "give_up_question")
    assert long_text.isVisible()
    for one in box.buttons():
        if one.objectName() == button:
            qtbot.mouseClick(one, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: long_text.isVisible() == (button == "go_on"))
    assert len(context.edits) == 0


def test_escape_closes_an_unchanged_text_at_once(context: Context, long_text: LongTextDialog) -> None:
    QTest.keyClick(long_text, Qt.Key.Key_Escape)
    assert not long_text.isVisible()


# One field of many


@pytest.fixture
def bulk(context: Context, qtbot: QtBot) -> BulkEditDialog:
    """One field of all three books and of a new one."""
    key = context.edits.add("books", {"title": "New"})
    fresh = (Original(key, 0, {}, "New"),)
    chosen = SelectedRecords(BOOKS, fresh, Places(ALL), Selection((Block(0, 2, 0, 0),)))
    dialog = BulkEditDialog(context, chosen, BOOKS.column("language"))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    dialog.open()
    return dialog


def choose(dialog: BulkEditDialog, field: str, kind: str | None = None) -> None:
    dialog.field.setCurrentText(BOOKS.column(field).header)
    if kind is not None:
        dialog.kind.setCurrentIndex(dialog.kind.findData(kind))


def start(dialog: BulkEditDialog, qtbot: QtBot) -> None:
    qtbot.mouseClick(dialog.change, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not dialog.isVisible() or bool(dialog.problems.text))


def test_one_field_of_all_selected_becomes_a_value_in_one_step(
    context: Context, bulk: BulkEditDialog, qtbot: QtBot
) -> None:
    told: list[str] = []
    context.message_wanted.connect(told.append)
    assert "4 selected records" in bulk.what.text()
    assert nameless(bulk) == []
    assert anonymous(bulk) == []
    editor = bulk.editor.editor
    assert isinstance(editor, QLineEdit)
    QTest.keyClicks(editor, "en")
    start(bulk, qtbot)
    assert [changed(context, key) for key in (BEOWULF, ORLANDO, WAVES)] == [{"language": "en"}, {}, {"language": "en"}]
    assert context.edits.inserts("books")[0].values["language"] == "en"
    assert context.edits.steps.undoText() == "Change Language of 3 records"
    assert told[-1] == "Change Language of 3 records: pending. 1 had it already."
    context.edits.steps.undo()
    assert len(context.edits) == 1


def test_notes_are_loaded_so_that_the_edit_knows_what_they_were(
    context: Context, bulk: BulkEditDialog, qtbot: QtBot
) -> None:
    choose(bulk, "notes", UNKNOWN)
    start(bulk, qtbot)
    edit = context.edits.get(ORLANDO)
    assert edit is not None
    assert (edit.original["notes"], dict(edit.values)) == ("a\r\nb", {"notes": None})
    assert changed(context, WAVES) == {}


def test_an_empty_text_is_offered_where_the_field_takes_one(bulk: BulkEditDialog) -> None:
    offered = {}
    for name in ("title", "language", "notes", "isbn", "published_year", "author"):
        choose(bulk, name)
        offered[name] = {bulk.kind.itemData(place) for place in range(bulk.kind.count())} - {"value"}
    assert offered == {
        "title": {EMPTY}, "language": {EMPTY, UNKNOWN}, "notes": {EMPTY, UNKNOWN}, "isbn": {UNKNOWN},
        "published_year": {UNKNOWN}, "author": {UNKNOWN},
    }  # fmt: skip


@pytest.mark.parametrize("field", ["language", "author"])
def test_nothing_typed_empties_nothing(context: Context, bulk: BulkEditDialog, qtbot: QtBot, field: str) -> None:
    choose(bulk, field)
    qtbot.mouseClick(bulk.change, Qt.MouseButton.LeftButton)
    assert "Type the value" in bulk.problems.text
    assert len(context.edits) == 1


def test_a_new_author_of_many_books_is_one(context: Context, bulk: BulkEditDialog, qtbot: QtBot) -> None:
    choose(bulk, "author")
    picker = bulk.editor.editor
    assert isinstance(picker, AuthorPicker)
    picker.setFocus()
    QTest.keyClicks(picker, "Nobody, Known")
    qtbot.waitUntil(lambda: picker.choices == ["Create “Nobody, Known”"])
    picker.pick(0)
    start(bulk, qtbot)
    (author,) = context.edits.inserts("authors")
    assert {changed(context, key)["author"].id for key in (BEOWULF, ORLANDO, WAVES)} == {author.key.id}
    context.edits.steps.undo()
    assert len(context.edits) == 1


def test_a_value_that_the_field_does_not_take_keeps_the_dialog(
    context: Context, bulk: BulkEditDialog, qtbot: QtBot
) -> None:
    choose(bulk, "published_year")
    editor = bulk.editor.editor
    assert isinstance(editor, QLineEdit)
    editor.setText("soon")
    qtbot.mouseClick(bulk.change, Qt.MouseButton.LeftButton)
    assert bulk.isVisible()
    assert "not a year" in bulk.editor.reason
    assert len(context.edits) == 1


def test_loading_can_be_cancelled_and_changes_nothing(
    context: Context, bulk: BulkEditDialog, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    held = HeldOperation(())
    monkeypatch.setattr(reading_fields, "load_field", held)
    choose(bulk, "language", EMPTY)
    qtbot.mouseClick(bulk.change, Qt.MouseButton.LeftButton)
    held.wait_for_call()
    assert bulk.bar.isVisible()
    QTest.keyClick(bulk, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: "Cancelled" in bulk.problems.text)
    assert bulk.isVisible()
    assert len(context.edits) == 1
    QTest.keyClick(bulk, Qt.Key.Key_Escape)
    assert not bulk.isVisible()


# Find and replace


class Replace:
    """The dialog over all books, and what a person does with it."""

    def __init__(self, context: Context, bot: QtBot, criteria: Criteria = ALL) -> None:
        self.dialog = ReplaceDialog(context, criteria, BOOKS.column("title"))
        self.dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        self._bot = bot
        bot.addWidget(self.dialog)
        self.dialog.show()

    def look(self, text: str, by: str) -> list[tuple[str, str, str]]:
        """Looks, and answers the list."""
        self.dialog.text.setText(text)
        self.dialog.by.setText(by)
        self._bot.mouseClick(self.dialog.look, Qt.MouseButton.LeftButton)
        self._bot.waitUntil(self.dialog.look.isEnabled)
        table = self.dialog.hits
        return [
            (table.index(row, 0).data(), table.index(row, 1).data(), table.index(row, 2).data())
            for row in range(table.rowCount())
        ]

    def replace(self) -> str:
        self._bot.mouseClick(self.dialog.do, Qt.MouseButton.LeftButton)
        return self.dialog.counts.text()


@pytest.fixture
def replace(context: Context, qtbot: QtBot) -> Replace:
    return Replace(context, qtbot)


def test_what_would_change_is_seen_before_it_is_replaced_as_one_step(context: Context, replace: Replace) -> None:
    assert not replace.dialog.look.isEnabled()
    assert replace.look("e", "E") == [("Beowulf", "Beowulf", "BEowulf"), ("The Waves", "The Waves", "ThE WavEs")]
    assert len(context.edits) == 0
    assert replace.dialog.do.text() == "&Replace in 2 cells"
    assert replace.replace() == "Replaced in 2 cells: pending."
    assert changed(context, BEOWULF) == {"title": "BEowulf"}
    assert context.edits.steps.undoText() == "Replace “e” in 2 × Title"
    context.edits.steps.undo()
    assert len(context.edits) == 0
    assert nameless(replace.dialog) == []
    assert anonymous(replace.dialog) == []


def test_only_what_is_checked_is_replaced(context: Context, replace: Replace) -> None:
    replace.look("e", "E")
    table = replace.dialog.hits
    check = int(Qt.ItemDataRole.CheckStateRole)
    assert table.setData(table.index(0, 0), Qt.CheckState.Unchecked, check)
    replace.replace()
    assert (changed(context, BEOWULF), changed(context, WAVES)) == ({}, {"title": "ThE WavEs"})


def test_what_the_column_does_not_take_cannot_be_checked(replace: Replace) -> None:
    replace.dialog.column_box.setCurrentText("ISBN")
    ((_label, _before, after),) = replace.look("978", "979")
    assert after.startswith("not possible: The check digit")
    replace.dialog.hits.check_all(checked=True)
    assert not replace.dialog.do.isEnabled()


def test_a_cell_that_changed_meanwhile_is_left_and_told(context: Context, replace: Replace) -> None:
    replace.look("e", "E")
    context.edits.set_field(original(context, BEOWULF), "title", "Mine")
    context.edits.delete([original(context, WAVES)])
    assert replace.replace() == "Replaced in 0 cells: pending. 2 cells changed meanwhile and were left as they are."
    assert changed(context, BEOWULF) == {"title": "Mine"}


def test_pending_and_new_records_are_replaced_in(context: Context, replace: Replace) -> None:
    key = context.edits.add("books", {"title": "A new one"})
    context.edits.set_field(original(context, ORLANDO), "title", "Not the one")
    assert [line[1] for line in replace.look(" one", " two")] == ["A new one", "Not the one"]
    replace.replace()
    assert (changed(context, key)["title"], changed(context, ORLANDO)["title"]) == ("A new two", "Not the two")


def test_other_words_make_the_list_untrue(replace: Replace) -> None:
    replace.look("e", "E")
    replace.dialog.by.setText("EE")
    assert replace.dialog.hits.rowCount() == 0
    assert not replace.dialog.do.isEnabled()


def test_a_view_of_another_catalogue_is_not_looked_through(context: Context, replace: Replace) -> None:
    replace.dialog.text.setText("e")
    catalogue, context.catalogue = context.catalogue, None
    replace.dialog.look_for()
    assert "Another catalogue" in replace.dialog.problems.text
    context.catalogue = catalogue


def test_only_the_view_is_looked_through(context: Context, qtbot: QtBot) -> None:
    replace = Replace(context, qtbot, Criteria("books", (Filter("language", Op.EMPTY),)))
    assert "Language" in replace.dialog.what.text()
    assert [line[0] for line in replace.look("e", "E")] == ["Beowulf"]
    assert replace.look("nowhere", "") == []
    assert "No cell" in replace.dialog.counts.text()


def test_looking_can_be_cancelled_and_a_failure_is_told(
    replace: Replace, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    held = HeldOperation(EnvironmentProblem("The link is broken."), 5)
    monkeypatch.setattr(replacing, "find_to_replace", held)
    replace.dialog.text.setText("e")
    replace.dialog.look_for()
    held.wait_for_call()
    qtbot.waitUntil(lambda: replace.dialog.counts.text() == "Looked at 5 values …")
    QTest.keyClick(replace.dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: "Cancelled" in replace.dialog.problems.text)
    assert replace.dialog.isVisible()
    held.let_go()
    replace.dialog.look_for()
    qtbot.waitUntil(lambda: "link is broken" in replace.dialog.problems.text)
