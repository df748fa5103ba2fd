"""The dialog that merges two authors shows both, lets a person choose, and merges nothing else than what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QRadioButton

from desk.catalog.columns import BOOKS
from desk.catalog.edits import CommitResult, RecordKey, UnitReceipt
from desk.catalog.merging import MOST_TAKEN_BACK, AuthorFacts, MergeOutcome, MergeProgress
from desk.catalog.rows import AuthorRef
from desk.dialogs.merge_authors import MergeDialog
from desk.errors import EnvironmentProblem
from desk.operations.connect import OpenCatalogue, open_catalogue
from desk.panels.context import Context
from desk.tables.record_table import original_of
from desk.work import door
from tests.support.editing import elsewhere, scalar
from tests.support.held import HeldOperation
from tests.support.shelf import book
from tests.support.window import child
from tests.window.test_accessibility import anonymous, nameless

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from desk.catalog.merging import Merge

RECORDS = (
    "INSERT INTO authors (id, name, name_key, birth_year, notes) VALUES"
    " (1, 'Woolf, Virginia', 'woolf virginia', 1882, NULL), (2, 'Woolf, V.', 'woolf v.', NULL, 'Bloomsbury'),"
    " (3, 'Bell, Vanessa', 'bell vanessa', 1879, NULL)",
    "INSERT INTO books (id, title, title_key, author_id) VALUES"
    " (1, 'Orlando', 'orlando', 1), (2, 'The Waves', 'waves', 2), (3, 'Flush', 'flush', 2), (4, 'Jacob', 'jacob', 1),"
    " (5, 'Pargiters', 'pargiters', 1), (6, 'Kew', 'kew', 1)",
    "INSERT INTO contributions (book_id, author_id, role, position) VALUES (1, 2, 'author', 0), (1, 3, 'editor', 1)",
)
BOTH = (AuthorRef(1, "Woolf, Virginia"), AuthorRef(2, "Woolf, V."))
RECEIPT = UnitReceipt("7", {}, CommitResult(saved=(RecordKey("authors", 1),)))


@pytest.fixture
def opened(sqlite_path: Path) -> Iterator[OpenCatalogue]:
    catalogue = open_catalogue(target=str(sqlite_path))
    for statement in RECORDS:
        elsewhere(catalogue, statement)
    yield catalogue
    catalogue.close()


@pytest.fixture
def context(application: object, opened: OpenCatalogue) -> Iterator[Context]:
    made = Context()
    made.catalogue = opened
    yield made
    made.edits.roll_back()
    assert made.runner.close()


class Shown:
    """A shown dialog and what it told."""

    def __init__(self, context: Context, bot: QtBot, *chosen: AuthorRef) -> None:
        self.dialog = MergeDialog(context, chosen)
        self.dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)  # the test looks at it afterwards
        self.merged: list[tuple[Merge, MergeOutcome]] = []
        self.dialog.merged.connect(lambda merge, outcome: self.merged.append((merge, outcome)))
        self._bot = bot
        bot.addWidget(self.dialog)
        self.dialog.show()

    @property
    def merge(self) -> Merge:
        merge = self.dialog.table.merge
        assert merge is not None
        return merge

    @property
    def problem(self) -> str:
        return self.dialog.problems.text if self.dialog.problems.isVisible() else ""

    def wait_for_both(self) -> None:
        self._bot.waitUntil(lambda: self.dialog.table.merge is not None)

    def until(self, fact: Any) -> None:
        self._bot.waitUntil(fact)

    def click(self, name: str) -> None:
        self._bot.mouseClick(child(self.dialog, QPushButton, name), Qt.MouseButton.LeftButton)

    def radio(self, name: str) -> QRadioButton:
        return child(self.dialog, QRadioButton, name)


@pytest.fixture
def shown(context: Context, qtbot: QtBot) -> Shown:
    made = Shown(context, qtbot, *BOTH)
    made.wait_for_both()
    return made


def test_both_are_shown_and_what_will_happen(shown: Shown) -> None:
    assert (shown.merge.kept.id, shown.merge.gone.id) == (1, 2)
    assert dict(shown.merge.values) == {
        "name": "Woolf, Virginia", "birth_year": 1882, "death_year": None, "notes": "Bloomsbury",
    }  # fmt: skip
    assert shown.radio("gone_notes").isChecked()
    assert shown.radio("kept_name").accessibleName() == "Name: Woolf, Virginia"
    assert shown.dialog.findChild(QRadioButton, "kept_death_year") is None
    assert shown.dialog.summary.text() == (
        "2 books and 1 contribution of “Woolf, V.” (no. 2) move to “Woolf, Virginia” (no. 1);"
        " then “Woolf, V.” (no. 2) is deleted."
    )


def test_the_chosen_values_and_the_swap_decide(shown: Shown, opened: OpenCatalogue) -> None:
    shown.radio("kept_notes").click()
    assert shown.merge.values["notes"] is None
    shown.click("merge_swap")
    assert (shown.merge.kept.id, shown.merge.gone.id) == (2, 1)
    assert dict(shown.merge.values) == {"name": "Woolf, V.", "birth_year": 1882, "death_year": None, "notes": None}
    assert shown.radio("gone_notes").isChecked()
    assert "move to “Woolf, V.”" in shown.dialog.summary.text()
    shown.click("merge_button")
    shown.until(lambda: bool(shown.merged))
    assert scalar(opened, "SELECT name FROM authors WHERE id = 2") == "Woolf, V."
    assert scalar(opened, "SELECT birth_year FROM authors WHERE id = 2") == 1882
    assert scalar(opened, "SELECT count(*) FROM authors") == 2
    assert not shown.dialog.isVisible()
    assert shown.merged[0][1].dropped == 1


def test_the_other_author_is_looked_for(context: Context, qtbot: QtBot) -> None:
    shown = Shown(context, qtbot, BOTH[0])
    assert not shown.dialog.merge_button.isEnabled()
    assert "the same as “Woolf, Virginia”" in shown.dialog.summary.text()
    picker = shown.dialog.picker
    picker.setFocus()
    QTest.keyClicks(picker, "woolf")
    shown.until(lambda: picker.is_offering)
    picker.pick(picker.choices.index("Woolf, Virginia"))
    assert "another author" in shown.problem
    picker.pick(picker.choices.index("Woolf, V."))
    shown.wait_for_both()
    assert (shown.merge.kept.id, shown.merge.gone.id) == (1, 2)
    assert shown.problem == ""


def test_nothing_is_merged_while_edits_of_it_are_pending(shown: Shown, context: Context) -> None:
    waves = book(2, title="The Waves", author=BOTH[1])
    context.edits.set_field(original_of(BOOKS, waves), "title", "Waves")
    shown.click("merge_button")
    assert "A pending edit is about these authors or their books: Waves." in shown.problem
    assert not shown.dialog.is_working
    context.edits.roll_back()
    shown.click("merge_button")
    shown.until(lambda: bool(shown.merged))


def test_an_author_who_changed_meanwhile_is_looked_at_again(shown: Shown, opened: OpenCatalogue) -> None:
    elsewhere(opened, "UPDATE authors SET notes = 'Hogarth' WHERE id = 2")
    shown.click("merge_button")
    shown.until(lambda: bool(shown.problem))
    assert "changed elsewhere" in shown.problem
    assert scalar(opened, "SELECT count(*) FROM authors") == 3
    shown.click("merge_problem_retry")
    shown.wait_for_both()
    assert (shown.problem, shown.merge.values["notes"]) == ("", "Hogarth")


def test_a_running_merge_tells_how_far_it_is_and_can_be_cancelled(
    shown: Shown, opened: OpenCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = HeldOperation(progress=MergeProgress(1, 2))
    monkeypatch.setattr(door, "merge_authors", held)
    shown.click("merge_button")
    held.wait_for_call()
    shown.until(lambda: "1 of 2 books moved" in shown.dialog._counts.text())
    assert not shown.dialog.table.isEnabled()
    QTest.keyClick(shown.dialog, Qt.Key.Key_Escape)
    assert shown.dialog.isVisible()
    shown.until(lambda: not shown.dialog.is_working)
    assert shown.problem == "Cancelled. Nothing was merged."
    assert shown.dialog.merge_button.isEnabled()
    QTest.keyClick(shown.dialog, Qt.Key.Key_Escape)
    assert not shown.dialog.isVisible()


@pytest.mark.parametrize("was_saved", [True, False])
def test_an_unknown_outcome_is_asked_for_again(shown: Shown, monkeypatch: pytest.MonkeyPatch, was_saved: bool) -> None:
    unknown = MergeOutcome(2, 1, 0, CommitResult(saved=(), unknown=RECEIPT))
    merge, ask = HeldOperation(unknown), HeldOperation(EnvironmentProblem("No server.", code="lost"))
    monkeypatch.setattr(door, "merge_authors", merge)
    monkeypatch.setattr(door, "resolve_unit", ask)
    merge.let_go()
    ask.let_go()
    shown.click("merge_button")
    shown.until(lambda: "is not known" in shown.problem)
    assert not shown.dialog.merge_button.isEnabled()
    shown.click("merge_problem_retry")
    ask.wait_for_call()
    shown.until(lambda: "is not known" in shown.problem)
    ask.result = RECEIPT.result if was_saved else CommitResult(saved=())
    shown.click("merge_problem_retry")
    assert ask.wait_for_call(2)["receipt"] is RECEIPT
    if was_saved:
        shown.until(lambda: bool(shown.merged))
    else:
        shown.until(lambda: "Nothing was merged" in shown.problem)
        assert shown.dialog.merge_button.isEnabled()


def test_a_merge_of_too_many_books_says_before_that_it_stays(
    context: Context, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {"name": "A", "birth_year": None, "death_year": None, "notes": None}
    both = (AuthorFacts(1, 1, values, 0, 0), AuthorFacts(2, 1, values, MOST_TAKEN_BACK + 1, 0))
    held = HeldOperation(both)
    held.let_go()
    monkeypatch.setattr(door, "load_authors_to_merge", held)
    shown = Shown(context, qtbot, *BOTH)
    shown.wait_for_both()
    assert shown.merge.kept.id == 2
    assert "can take back" in shown.dialog.way_back.text()
    shown.click("merge_swap")
    assert "cannot be taken back" in shown.dialog.way_back.text()


def test_every_control_has_names(shown: Shown) -> None:
    assert nameless(shown.dialog) == []
    assert anonymous(shown.dialog) == []


def test_an_author_who_is_gone_is_said(context: Context, qtbot: QtBot) -> None:
    shown = Shown(context, qtbot, BOTH[0], AuthorRef(99, "Nobody"))
    shown.until(lambda: "deleted elsewhere" in shown.problem)
    assert not shown.dialog.merge_button.isEnabled()
