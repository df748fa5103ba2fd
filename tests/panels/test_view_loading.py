"""The workers of one table: a view opens at once, its order is learned behind the scenes, the latest wish wins."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from desk.catalog.columns import BOOKS
from desk.catalog.criteria import Criteria, Sort
from desk.catalog.paging import Mark, PageRequest, ViewStart, Walked
from desk.database.actions import current_action
from desk.errors import ActionCancelled
from desk.operations import pages, views
from desk.panels.view_loading import ViewLoading
from desk.tables.record_table import RecordTable
from tests.support.shelf import Shelf
from tests.support.waiting import LONGEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from desk.panels.context import Context

BY_TITLE, BY_PRICE = Criteria("books"), Criteria("books", sorts=(Sort("price"),))
ROWS = 5_000


class Library:
    """Answers what is asked of a catalogue of 5,000 books, a stretch of the walk at a time; any of it can be held."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shelf = Shelf("books", ROWS)
        self.estimate = ROWS + 300
        self.opened: list[Criteria] = []
        self.walks: list[Mark | None] = []
        self.counts = 0
        self.held_at: int | None = None
        """Where the walk is held."""
        self.held, self.pages_held = threading.Event(), threading.Event()
        self.held.set()
        self.pages_held.set()
        monkeypatch.setattr(views, "open_view", self.open_view)
        monkeypatch.setattr(pages, "load_page", self.load_page)
        monkeypatch.setattr(pages, "walk_marks", self.walk_marks)
        monkeypatch.setattr(pages, "count_rows", self.count_rows)

    def open_view(self, *, sessions: Any, criteria: Criteria) -> ViewStart:
        self.opened.append(criteria)
        self._wait(self.held)
        return ViewStart(self.shelf.page(PageRequest(criteria, 0)), None, self.estimate, is_exact=False, cost="")

    def load_page(self, *, sessions: Any, request: PageRequest) -> Any:
        self._wait(self.pages_held)
        return self.shelf.page(request)

    def walk_marks(self, *, sessions: Any, criteria: Criteria, mark: Mark | None) -> Walked:
        self.walks.append(mark)
        position = mark.position if mark else 0
        if position == self.held_at:
            self.held_at = None
            self.held.clear()
        self._wait(self.held)
        places = range(position + 1000, min(position + 2000, ROWS) + 1, 1000)
        return Walked(tuple(Mark(one, (f"{one:05}", one)) for one in places), ROWS if position + 2000 >= ROWS else None)

    def count_rows(self, *, sessions: Any, criteria: Criteria) -> int:
        self.counts += 1
        return ROWS

    def _wait(self, held: threading.Event) -> None:
        action = current_action()
        assert action is not None
        while not held.wait(0.002):
            action.check()


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    return Library(monkeypatch)


@pytest.fixture
def table(context: Context) -> RecordTable:
    return RecordTable(BOOKS, context.edits)


@pytest.fixture
def loading(table: RecordTable, context: Context, library: Library) -> Iterator[ViewLoading]:
    made = ViewLoading(table, context, "test")
    yield made
    made.cancel()  # a walk that went on would meet the library of the next test


def open_by_title(loading: ViewLoading, bot: QtBot) -> None:
    with bot.waitSignal(loading.opened):
        loading.open(BY_TITLE)


def test_an_estimate_is_there_at_once_and_the_walk_makes_it_exact(
    loading: ViewLoading, table: RecordTable, library: Library, qtbot: QtBot
) -> None:
    open_by_title(loading, qtbot)
    assert (table.total, table.is_exact) == (ROWS + 300, False)
    assert loading.is_open
    qtbot.waitUntil(lambda: table.is_exact)
    assert table.total == ROWS
    assert [mark.position if mark else 0 for mark in library.walks] == [0, 2000, 4000]
    assert {1000, 2000, 3000, 4000, 5000} <= {mark.position for mark in table.places.marks}
    assert library.counts == 0


def test_the_latest_view_wins(loading: ViewLoading, table: RecordTable, library: Library, qtbot: QtBot) -> None:
    library.held.clear()
    loading.open(BY_TITLE)
    qtbot.waitUntil(lambda: library.opened == [BY_TITLE])
    loading.open(BY_PRICE)
    assert loading.criteria == BY_PRICE
    assert not loading.is_open
    library.held.set()
    with qtbot.waitSignal(loading.opened) as opened:
        pass
    assert opened.args[0].page.request.criteria == table.criteria == BY_PRICE
    assert library.opened == [BY_TITLE, BY_PRICE]


def test_pages_of_the_view_that_is_shown_come_while_the_next_one_is_on_its_way(
    loading: ViewLoading, table: RecordTable, library: Library, qtbot: QtBot
) -> None:
    open_by_title(loading, qtbot)
    library.held.clear()
    library.pages_held.clear()
    table.page_wanted.emit(table.places.request(2_000))
    loading.open(BY_PRICE)
    with qtbot.waitSignal(loading.page_placed):
        library.pages_held.set()
    assert table.row_at(2_000) is not None
    assert table.criteria == BY_TITLE
    library.held.set()
    qtbot.waitUntil(lambda: loading.is_open)
    assert table.row_at(2_000) is None


def test_a_view_that_is_cancelled_gives_the_one_before_back(
    loading: ViewLoading, table: RecordTable, library: Library, context: Context, qtbot: QtBot
) -> None:
    open_by_title(loading, qtbot)
    library.held.clear()
    loading.open(BY_PRICE)
    qtbot.waitUntil(lambda: library.opened[-1] == BY_PRICE)
    with qtbot.waitSignal(loading.given_up), qtbot.assertNotEmitted(loading.failed):
        context.runner.cancel_all()
    assert loading.is_open
    assert loading.criteria == table.criteria == BY_TITLE
    library.held.set()
    qtbot.waitUntil(lambda: table.is_exact)


def test_a_first_view_that_is_cancelled_has_nothing_to_go_back_to(
    loading: ViewLoading, library: Library, context: Context, qtbot: QtBot
) -> None:
    library.held.clear()
    loading.open(BY_TITLE)
    qtbot.waitUntil(lambda: bool(library.opened))
    with qtbot.waitSignal(loading.failed) as failed, qtbot.assertNotEmitted(loading.given_up):
        context.runner.cancel_all()
    assert isinstance(failed.args[0], ActionCancelled)
    assert not loading.is_open
    assert loading.criteria == BY_TITLE


def test_a_walk_that_was_cancelled_goes_on_when_somebody_looks(
    loading: ViewLoading, table: RecordTable, library: Library, context: Context, qtbot: QtBot
) -> None:
    open_by_title(loading, qtbot)
    library.held.clear()
    qtbot.waitUntil(lambda: library.walks == [None])
    context.runner.cancel_all()
    qtbot.waitUntil(lambda: not context.runner.running)
    assert not table.is_exact
    library.held.set()
    table.page_wanted.emit(table.places.request(1_000))
    qtbot.waitUntil(lambda: table.is_exact)


def test_the_walk_rests_and_goes_on_from_where_it_came_to(
    loading: ViewLoading, table: RecordTable, library: Library, qtbot: QtBot
) -> None:
    open_by_title(loading, qtbot)
    library.held_at = 2000
    qtbot.waitUntil(lambda: len(library.walks) == 2)
    loading.rest()
    library.held.set()
    loading.learn()
    qtbot.waitUntil(lambda: table.is_exact)
    assert [mark.position if mark else 0 for mark in library.walks] == [0, 2000, 2000, 4000]


def test_the_walk_rests_while_rows_in_sight_are_on_their_way(
    loading: ViewLoading, table: RecordTable, library: Library, qtbot: QtBot
) -> None:
    open_by_title(loading, qtbot)
    library.held_at = 2000
    qtbot.waitUntil(lambda: len(library.walks) == 2)
    library.pages_held.clear()
    table.page_wanted.emit(table.places.request(4_500))
    library.held.set()
    qtbot.waitUntil(lambda: 4000 in {mark.position for mark in table.places.marks})
    assert len(library.walks) == 2
    with qtbot.waitSignal(loading.page_placed):
        library.pages_held.set()
    qtbot.waitUntil(lambda: table.is_exact)
    assert len(library.walks) == 3


def test_two_pages_take_the_place_of_what_was_asked_for_in_sight(
    loading: ViewLoading, table: RecordTable, library: Library, context: Context, qtbot: QtBot
) -> None:
    open_by_title(loading, qtbot)
    library.pages_held.clear()
    placed: list[int] = []
    loading.page_placed.connect(lambda page: placed.append(page.request.position))
    for position in (1_100, 1_200):
        table.page_wanted.emit(table.places.request(position))
    table.page_wanted.emit(table.places.request(3_000, 200))
    library.pages_held.set()
    qtbot.waitUntil(lambda: len(placed) == 2)
    assert placed == [3_000, 3_100]
    assert table.row_at(3_199) is not None
    qtbot.waitUntil(lambda: not context.runner.running)
    assert table.row_at(1_150) is None


def test_a_count_of_all_tables_is_believed_only_for_a_whole_one(
    loading: ViewLoading, table: RecordTable, library: Library, qtbot: QtBot
) -> None:
    counts = {"books": ROWS, "authors": 3}
    loading.take_counts(counts)
    assert table.total == 0
    library.held_at = 0  # no walk tells the total
    open_by_title(loading, qtbot)
    loading.take_counts(counts)
    assert (table.total, table.is_exact) == (ROWS, True)
    library.held_at = 0
    library.held.set()
    with qtbot.waitSignal(loading.opened):
        loading.open(Criteria("books", search="book"))
    loading.take_counts(counts)
    assert (table.total, table.is_exact) == (ROWS + 300, False)


def test_a_short_view_has_nothing_to_learn(
    loading: ViewLoading, library: Library, context: Context, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    start = ViewStart(Shelf("books", 3).page(PageRequest(BY_TITLE, 0)), None, 3, is_exact=True, cost="")
    monkeypatch.setattr(views, "open_view", lambda **_arguments: start)
    open_by_title(loading, qtbot)
    loading.learn()
    assert not loading._pause.isActive()
    assert library.walks == []


def test_an_end_that_comes_too_soon_is_counted(
    loading: ViewLoading, table: RecordTable, library: Library, qtbot: QtBot
) -> None:
    open_by_title(loading, qtbot)
    library.held.clear()
    table.page_wanted.emit(PageRequest(BY_TITLE, ROWS + 200))
    qtbot.waitUntil(lambda: library.counts == 1 or bool(library.walks), timeout=int(LONGEST * 1000))
    library.held.set()
    qtbot.waitUntil(lambda: library.counts == 1)
    qtbot.waitUntil(lambda: table.is_exact)
    assert table.total == ROWS


def test_a_count_from_before_a_commit_is_not_believed(
    loading: ViewLoading, table: RecordTable, library: Library, context: Context, qtbot: QtBot
) -> None:
    library.held_at = 0
    open_by_title(loading, qtbot)
    loading.count()
    table.renew(table.places.snapshot(), [])
    qtbot.waitUntil(lambda: library.counts == 1 and not context.runner.has(loading._channel("count")))
    assert not table.is_exact


def test_nothing_is_asked_once_the_catalogue_is_gone(
    loading: ViewLoading, table: RecordTable, library: Library, context: Context, qtbot: QtBot
) -> None:
    open_by_title(loading, qtbot)
    kept, context.catalogue = context.catalogue, None
    loading.forget()
    for ask in (loading.count, loading._walk, lambda: loading.load(table.places.request(0))):
        ask()
    loading.open(BY_PRICE)
    assert not context.runner.running
    assert not loading.is_open
    context.catalogue = kept
