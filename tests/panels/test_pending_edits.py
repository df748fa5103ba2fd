"""The list of pending edits: old and new of every field, each of which can be dropped alone."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt

from desk.catalog.columns import BOOKS
from desk.catalog.edits import Checked, Conflict, EditState, RecordKey
from desk.panels import pending_edits
from desk.panels.pending_edits import PendingEditsPanel
from desk.tables.edit_stack import NewAuthor
from desk.tables.record_table import original_of
from tests.support.shelf import book

if TYPE_CHECKING:
    from PySide6.QtWidgets import QTreeWidgetItem
    from pytestqt.qtbot import QtBot

    from desk.panels.context import Context

KEY = RecordKey("books", 1)


@pytest.fixture
def panel(context: Context, qtbot: QtBot) -> PendingEditsPanel:
    made = PendingEditsPanel(context)
    qtbot.addWidget(made)
    made.show()
    return made


def items(panel: PendingEditsPanel) -> list[QTreeWidgetItem]:
    found = (panel.tree.topLevelItem(row) for row in range(panel.tree.topLevelItemCount()))
    return [item for item in found if item is not None]


def children(item: QTreeWidgetItem) -> list[QTreeWidgetItem]:
    found = (item.child(row) for row in range(item.childCount()))
    return [child for child in found if child is not None]


def lines(panel: PendingEditsPanel) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Each record with its fields as (name, before, after)."""
    return [
        (item.text(0), [(child.text(0), child.text(1), child.text(2)) for child in children(item)])
        for item in items(panel)
    ]


def test_nothing_pending_says_what_to_do(panel: PendingEditsPanel) -> None:
    assert not panel.tree.isVisible()
    assert not panel.commit.isEnabled()
    assert not panel.roll_back.isEnabled()
    assert not panel.drop.isEnabled()


def test_every_change_is_listed_with_old_and_new(panel: PendingEditsPanel, context: Context, qtbot: QtBot) -> None:
    original = original_of(BOOKS, book(1, language=""))
    context.edits.set_field(original, "title", "Orlando")
    context.edits.set_field(original, "published_year", None)
    context.edits.set_field(original, "language", "de")
    context.edits.set_field(original, "author", NewAuthor("Sappho"))
    context.edits.delete([original_of(BOOKS, book(2))])
    qtbot.waitUntil(lambda: len(items(panel)) == 3)
    changed, author, deleted = lines(panel)
    assert changed == (
        "• book: Orlando",
        [
            ("Title", "Book 1", "Orlando"),
            ("Year", "1925", "–"),
            ("Language", "(empty)", "de"),
            ("Author", "Woolf, Virginia", "Sappho"),
        ],
    )
    assert author == ("+ author: Sappho", [("Name", "", "Sappho")])
    assert deleted == ("× book: Book 2", [])
    assert panel.count.text() == "3 records with pending edits"
    assert panel.commit.isEnabled()
    assert panel.roll_back.isEnabled()


def test_one_field_or_a_record_is_dropped(panel: PendingEditsPanel, context: Context, qtbot: QtBot) -> None:
    original = original_of(BOOKS, book(1))
    context.edits.set_field(original, "title", "Orlando")
    context.edits.set_field(original, "language", "de")
    context.edits.add("authors", {"name": "Sappho"})
    qtbot.waitUntil(lambda: len(items(panel)) == 2)
    panel.tree.setCurrentItem(children(items(panel)[0])[0])
    panel.drop.click()
    edit = context.edits.get(KEY)
    assert edit is not None
    assert list(edit.values) == ["language"]
    qtbot.waitUntil(lambda: items(panel)[0].childCount() == 1)
    assert not panel.drop.isEnabled()
    panel.tree.setCurrentItem(items(panel)[0])
    panel.drop.click()
    qtbot.waitUntil(lambda: [text for text, _fields in lines(panel)] == ["+ author: Sappho"])
    context.edits.steps.undo()
    qtbot.waitUntil(lambda: len(items(panel)) == 2)


def test_buttons_tell_what_is_wanted(panel: PendingEditsPanel, context: Context, qtbot: QtBot) -> None:
    context.edits.add("authors")
    qtbot.waitUntil(panel.commit.isEnabled)
    with qtbot.waitSignal(panel.commit_wanted):
        panel.commit.click()
    with qtbot.waitSignal(panel.roll_back_wanted):
        panel.roll_back.click()


def test_an_item_leads_to_its_record(panel: PendingEditsPanel, context: Context, qtbot: QtBot) -> None:
    context.edits.set_field(original_of(BOOKS, book(1)), "title", "Orlando")
    qtbot.waitUntil(lambda: bool(items(panel)))
    with qtbot.waitSignal(context.record_wanted) as wanted:
        panel.tree.itemActivated.emit(items(panel)[0].child(0), 0)
    assert wanted.args == [KEY]


# What others did


def warned(panel: PendingEditsPanel, context: Context, qtbot: QtBot, state: EditState, **theirs: Any) -> list[str]:
    """The texts of the lines of an edit of title and year once others have changed its record."""
    original = original_of(BOOKS, book(1))
    context.edits.set_field(original, "title", "Orlando")
    context.edits.set_field(original, "published_year", 1928)
    edit = context.edits.get(KEY)
    assert edit is not None
    now = None if state is EditState.GONE else MappingProxyType({**edit.original, **theirs})
    conflict = None if state is EditState.MERGED else Conflict(edit, now, 2)
    context.elsewhere.take_checked([Checked(edit, state, conflict, tuple(theirs))], {KEY: edit})
    qtbot.waitUntil(lambda: bool(items(panel)) and "⚠" in items(panel)[0].text(0))
    item = items(panel)[0]
    return [item.text(2), *(child.text(2) for child in children(item))]


def test_theirs_stands_beside_mine(panel: PendingEditsPanel, context: Context, qtbot: QtBot) -> None:
    record, title, year = warned(panel, context, qtbot, EditState.CONFLICT, published_year=1777, price=None)
    assert (title, year) == ("Orlando", "1928  ⚠ Changed elsewhere to 1777")
    assert record == "change  ⚠ changed elsewhere: Price"
    context.elsewhere.forget()
    qtbot.waitUntil(lambda: "⚠" not in items(panel)[0].text(0))


def test_other_fields_are_said_to_be_kept_too(panel: PendingEditsPanel, context: Context, qtbot: QtBot) -> None:
    record, *fields = warned(panel, context, qtbot, EditState.MERGED, language="de")
    assert record == "change  ⚠ also changed elsewhere: Language (both are kept)"
    assert fields == ["Orlando", "1928"]


def test_a_record_that_is_gone_is_said_to_be(panel: PendingEditsPanel, context: Context, qtbot: QtBot) -> None:
    record, *fields = warned(panel, context, qtbot, EditState.GONE)
    assert record == "change  ⚠ deleted elsewhere"
    assert fields == ["Orlando", "1928"]


def test_of_very_many_edits_some_are_listed_and_all_are_counted(
    panel: PendingEditsPanel, context: Context, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending_edits, "MOST_LISTED", 2)
    originals = [original_of(BOOKS, book(number)) for number in range(1, 6)]
    context.edits.set_fields([(one, "language", "x-many") for one in originals], "Paste")
    qtbot.waitUntil(lambda: len(items(panel)) == 3)
    rest = items(panel)[-1]
    assert rest.text(0) == "… and 3 more"
    assert not rest.flags() & Qt.ItemFlag.ItemIsSelectable
    assert "5 records" in panel.count.text()
    context.edits.steps.undo()
    qtbot.waitUntil(lambda: items(panel) == [])
