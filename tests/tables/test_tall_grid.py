"""A grid as tall as an upright screen: every one of its many pages in sight comes, and none takes another's turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desk.catalog.columns import BOOKS
from desk.catalog.criteria import Criteria
from desk.catalog.paging import PAGE_ROWS
from desk.tables.grid import Grid
from desk.tables.record_table import RecordTable
from tests.support.shelf import Shelf

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desk.catalog.paging import PageRequest
    from desk.tables.edit_stack import EditStack

ROWS = 10_000


class Lanes:
    """Answers what a table wants when it is told to. On each lane a later request takes the place of an earlier one,
    and a request of several pages that of all others."""

    def __init__(self, table: RecordTable) -> None:
        self.shelf = Shelf("books", ROWS)
        self.waiting: dict[int, PageRequest] = {}
        self.answered: list[tuple[int, int]] = []
        self._table = table
        table.page_wanted.connect(self._on_wanted)

    def answer(self) -> None:
        """Brings what has waited longest, if anything does."""
        if self.waiting:
            request = self.waiting.pop(next(iter(self.waiting)))
            self.answered.append((request.position, request.limit))
            for part in self.shelf.page(request).parts:
                self._table.place_page(part)

    def _on_wanted(self, request: PageRequest) -> None:
        if request.limit > PAGE_ROWS:
            self.waiting.clear()
        self.waiting.pop(request.lane, None)
        self.waiting[request.lane] = request


class Tall:
    """A grid that shows some 230 rows at once."""

    def __init__(self, edits: EditStack, bot: QtBot) -> None:
        self.grid = Grid(RecordTable(BOOKS, edits))
        self.table = self.grid.table
        self.lanes = Lanes(self.table)
        self._bot = bot
        bot.addWidget(self.grid)
        self.grid.resize(900, 5_400)
        self.grid.show()
        self.table.start_view(self.lanes.shelf.start(Criteria("books")))
        self.bring()
        assert 2 * PAGE_ROWS < len(self.grid.visible_rows()) < 3 * PAGE_ROWS

    @property
    def missing(self) -> list[int]:
        """The rows in sight that are not here, or that have to be loaded anew."""
        feed = self.table.feed
        return [row for row in self.grid.visible_rows() if self.table.key_at(row) is None or feed.is_stale(row)]

    def bring(self) -> None:
        """Answers until every row in sight is here; fails when nothing is wanted any more before that."""

        def is_here() -> bool:
            self.lanes.answer()
            return not self.missing

        self._bot.waitUntil(is_here)

    def scroll_to(self, row: int) -> None:
        self.lanes.answered.clear()
        self.grid.verticalScrollBar().setValue(row)
        self.bring()


@pytest.fixture
def tall(application: object, edits: EditStack, qtbot: QtBot) -> Tall:
    return Tall(edits, qtbot)


@pytest.mark.parametrize("row", [4_000, 4_001, 4_050, 4_099, ROWS])
def test_all_pages_in_sight_come_at_once(tall: Tall, row: int) -> None:
    tall.scroll_to(row)
    assert len(tall.lanes.answered) == 1


@pytest.mark.parametrize("listed", [False, True])
def test_pages_on_both_sides_of_one_that_is_here_come(tall: Tall, listed: bool) -> None:
    tall.table.start_view(tall.lanes.shelf.start(Criteria("books", search="book"), listed=listed))
    tall.bring()
    tall.table.place_page(tall.lanes.shelf.page(tall.table.places.request(4_100)))
    tall.scroll_to(4_060)
    assert len(tall.lanes.answered) <= 2


def test_pages_that_have_to_be_loaded_anew_come(tall: Tall) -> None:
    tall.scroll_to(4_050)
    tall.lanes.answered.clear()
    tall.table.touch_all()
    tall.bring()
    assert len(tall.lanes.answered) <= 2


def test_pages_come_while_a_person_scrolls_on_and_everything_is_painted_anew(tall: Tall) -> None:
    tall.scroll_to(4_000)
    tall.lanes.answered.clear()
    for row in range(4_010, 5_000, 30):
        tall.grid.verticalScrollBar().setValue(row)
        tall.grid.viewport().repaint()
        tall._bot.wait(0)
        tall.lanes.answer()
    tall.bring()
    assert len(tall.lanes.answered) <= 20
