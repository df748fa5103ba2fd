"""The selection is copied by a worker where it is big: with progress, replaced by the next copy, or cancelled."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QItemSelection, QItemSelectionModel
from PySide6.QtGui import QGuiApplication

from desk.catalog.columns import BOOKS
from desk.catalog.criteria import Criteria
from desk.catalog.grid_layout import GridLayout
from desk.errors import EnvironmentProblem
from desk.operations import selecting
from desk.operations.selecting import Copied, CopyProgress
from desk.panels import selected_rows
from desk.panels.browser import Browser
from tests.support.held import HeldOperation
from tests.support.window import column_layout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from desk.panels.context import Context

KEPT = "what was there"


@pytest.fixture
def browser(context: Context, qtbot: QtBot) -> Browser:
    """The three books of the small catalogue, by title: Beowulf, Orlando, The Waves."""
    made = Browser(BOOKS, context)
    qtbot.addWidget(made)
    made.show_view(Criteria("books"))
    qtbot.waitUntil(lambda: made.is_loaded and made.table.is_exact and not context.runner.running)
    QGuiApplication.clipboard().setText(KEPT)
    return made


@pytest.fixture
def by_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if everything were too many to be copied at once."""
    monkeypatch.setattr(selected_rows, "COPIED_AT_ONCE", -1)


class Told:
    """What a window was asked to show."""

    def __init__(self, context: Context) -> None:
        self.messages: list[str] = []
        self.progress: list[tuple[str, int, int]] = []
        self.under_way: set[object] = set()
        """Whose progress has not ended."""
        self.ends = 0
        self.errors: list[BaseException] = []
        context.message_wanted.connect(self.messages.append)
        context.progress_made.connect(self._on_progress)
        context.progress_ended.connect(self._on_ended)
        context.runner.action_failed.connect(self.errors.append)

    def _on_progress(self, whose: object, label: str, done: int, total: int) -> None:
        self.under_way.add(whose)
        self.progress.append((label, done, total))

    def _on_ended(self, whose: object) -> None:
        self.under_way.discard(whose)
        self.ends += 1


@pytest.fixture
def told(context: Context) -> Told:
    return Told(context)


@pytest.fixture
def held(by_worker: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[HeldOperation]:
    """Copies by a worker that end when they are let go."""
    made = HeldOperation(Copied(2, (b"first", b"\nsecond")), CopyProgress(1, 2))
    monkeypatch.setattr(selecting, "copy_selection", made)
    yield made
    made.let_go()


def select(browser: Browser, first: int, last: int, left: int = 0, right: int = 0) -> None:
    table = browser.table
    chosen = QItemSelection(table.index(first, left), table.index(last, right))
    browser.grid.selectionModel().select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)


def clipboard() -> str:
    return QGuiApplication.clipboard().text()


def test_what_is_loaded_is_copied_at_once(browser: Browser, told: Told) -> None:
    select(browser, 1, 2, 0, 1)
    browser.chosen.copy()
    assert clipboard() == "Orlando\tWoolf, Virginia\nThe Waves\tWoolf, Virginia"
    assert told.messages == ["Copied 2 rows."]


def test_a_worker_copies_the_same(browser: Browser, told: Told, by_worker: None, qtbot: QtBot) -> None:
    select(browser, 1, 2, 0, 1)
    browser.chosen.copy()
    qtbot.waitUntil(lambda: bool(told.messages))
    assert clipboard() == "Orlando\tWoolf, Virginia\nThe Waves\tWoolf, Virginia"
    assert (told.messages, told.ends) == (["Copied 2 rows."], 1)


@pytest.mark.parametrize("at_once", [500, -1], ids=("at once", "by a worker"))
def test_columns_are_copied_as_they_stand_and_hidden_ones_are_left_out(
    browser: Browser, told: Told, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot, at_once: int
) -> None:
    monkeypatch.setattr(selected_rows, "COPIED_AT_ONCE", at_once)
    shown = ("language", "title", "published_year")
    known = {one.name: one for one in column_layout(browser.grid).columns}
    columns = [known.pop(name) for name in shown]
    hidden = [replace(one, is_shown=False) for one in known.values()]
    browser.grid.apply_layout(GridLayout((*columns, *hidden)))
    browser.grid.selectAll()
    browser.chosen.copy()
    qtbot.waitUntil(lambda: bool(told.messages))
    assert clipboard().split("\n") == ["\tBeowulf\t", "en\tOrlando\t1928", '""\tThe Waves\t1931']


def test_new_records_and_pending_values_are_copied_by_a_worker(
    browser: Browser, context: Context, told: Told, by_worker: None, qtbot: QtBot
) -> None:
    context.edits.add("books", {"title": "Brand new"})
    browser.table.setData(browser.table.index(2, 0), "Changed")
    select(browser, 0, 3)
    browser.chosen.copy()
    qtbot.waitUntil(lambda: bool(told.messages))
    assert clipboard().split("\n") == ["Brand new", "Beowulf", "Changed", "The Waves"]
    assert told.messages == ["Copied 4 rows."]


def test_only_new_records_end_without_an_empty_line(
    browser: Browser, context: Context, told: Told, by_worker: None, qtbot: QtBot
) -> None:
    context.edits.add("books", {"title": "Brand new"})
    select(browser, 0, 0)
    browser.chosen.copy()
    qtbot.waitUntil(lambda: bool(told.messages))
    assert clipboard() == "Brand new"
    assert told.messages == ["Copied 1 row."]


def test_rows_that_are_gone_meanwhile_are_not_counted(
    browser: Browser, told: Told, held: HeldOperation, qtbot: QtBot
) -> None:
    select(browser, 0, 2)
    browser.chosen.copy()
    held.wait_for_call()
    held.let_go()
    qtbot.waitUntil(lambda: bool(told.messages))
    assert (clipboard(), told.messages) == ("first\nsecond", ["Copied 2 rows."])


def test_progress_is_shown_until_the_copy_ends(browser: Browser, told: Told, held: HeldOperation, qtbot: QtBot) -> None:
    select(browser, 0, 1)
    browser.chosen.copy()
    qtbot.waitUntil(lambda: bool(told.progress))
    assert (told.progress, told.ends, clipboard()) == ([("Copying 1 of 2 rows", 1, 2)], 0, KEPT)
    held.let_go()
    qtbot.waitUntil(lambda: bool(told.messages))
    assert told.ends == 1
    assert not told.under_way


def test_a_cancelled_copy_leaves_the_clipboard_as_it_was(
    browser: Browser, context: Context, told: Told, held: HeldOperation, qtbot: QtBot
) -> None:
    select(browser, 0, 1)
    browser.chosen.copy()
    held.wait_for_call()
    context.runner.cancel_all()
    qtbot.waitUntil(lambda: bool(told.messages))
    assert told.messages == ["Cancelled. The clipboard keeps what it had."]
    assert (clipboard(), told.ends, told.errors) == (KEPT, 1, [])


def test_a_copy_that_fails_leaves_the_clipboard_and_says_why(
    browser: Browser, told: Told, held: HeldOperation, qtbot: QtBot
) -> None:
    held.result = EnvironmentProblem("The link is broken.")
    select(browser, 0, 1)
    browser.chosen.copy()
    held.wait_for_call()
    held.let_go()
    qtbot.waitUntil(lambda: bool(told.errors))
    assert (clipboard(), told.ends, told.messages) == (KEPT, 1, [])


def test_the_next_copy_replaces_the_one_before(browser: Browser, told: Told, held: HeldOperation, qtbot: QtBot) -> None:
    select(browser, 0, 1)
    browser.chosen.copy()
    held.wait_for_call()
    held.result = Copied(1, (b"the later",))
    browser.chosen.copy()
    held.wait_for_call(2)
    held.let_go()
    qtbot.waitUntil(lambda: bool(told.messages) and held.ended == 2)
    assert (clipboard(), told.messages) == ("the later", ["Copied 1 row."])


def test_a_copy_at_once_replaces_one_under_way(
    browser: Browser, told: Told, held: HeldOperation, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    select(browser, 0, 1)
    browser.chosen.copy()
    qtbot.waitUntil(lambda: bool(told.progress))
    monkeypatch.setattr(selected_rows, "COPIED_AT_ONCE", 1)
    select(browser, 1, 1)
    browser.chosen.copy()
    assert (clipboard(), told.ends) == ("Orlando", 1)
    qtbot.waitUntil(lambda: held.ended == 1)
    assert told.messages == ["Copied 1 row."]


@pytest.mark.parametrize(("last", "is_told"), [(1, False), (2, True)])
def test_a_copy_to_the_end_of_a_view_that_is_not_counted_says_so(
    browser: Browser, told: Told, last: int, is_told: bool
) -> None:
    browser.table.places.forget()
    assert not browser.table.is_exact
    select(browser, 0, last)
    browser.chosen.copy()
    assert told.messages[0].startswith(f"Copied {last + 1} rows.")
    assert ("may have more" in told.messages[0]) == is_told


def test_more_than_a_clipboard_should_hold_is_refused(
    browser: Browser, told: Told, by_worker: None, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    monkeypatch.setattr(selecting, "MOST_ROWS", 2)
    select(browser, 0, 2)
    browser.chosen.copy()
    qtbot.waitUntil(lambda: bool(told.errors))
    assert "at most 2 can be copied" in str(told.errors[0])
    assert clipboard() == KEPT


def test_too_many_rows_to_delete_are_refused_without_looking_at_them(
    browser: Browser, context: Context, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selected_rows, "DELETED_AT_ONCE", 2)
    monkeypatch.setattr(browser.grid, "selected_originals", None)
    select(browser, 0, 2)
    browser.chosen.delete()
    assert told.messages == ["Nothing was deleted: 3 rows are selected, at most 2 can be marked at once."]
    assert len(context.edits) == 0
