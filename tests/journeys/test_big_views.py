"""Views of many rows: any row is reached by number or letters, and a commit leaves everything where it was."""

from __future__ import annotations

import shutil
import threading
from bisect import bisect_right
from decimal import Decimal
from functools import cmp_to_key, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QItemSelection, QItemSelectionModel, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from sqlalchemy import insert

from desk.catalog import keys, paging
from desk.catalog.criteria import Criteria, Filter, Op, Sort
from desk.catalog.edits import RecordKey
from desk.catalog.models import Author, Book
from desk.catalog.orders import order_of
from desk.catalog.paging import PageRequest
from desk.database.actions import current_action
from desk.dialogs.go_to_row import GoToRow
from desk.operations import commit, following, pages, records, views
from desk.operations.connect import OpenCatalogue, open_catalogue
from desk.panels.record_pages import AuthorPage
from desk.tables.cells import STATE, CellState
from desk.tables.record_table import original_of
from tests.support.waiting import LONGEST
from tests.support.window import Desk, application, opened_window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from tests.support.postgres import Server

__all__ = ["application"]

BOOKS = 5_000
AUTHORS = 50


def fill(target: str) -> None:
    """Books `Book 00001` … in the order of their ids, each tenth by the same author."""
    authors = [f"Writer {number:02}, Ada" for number in range(AUTHORS)]
    titles = [f"Book {number:05}" for number in range(1, BOOKS + 1)]
    catalogue = open_catalogue(target=target)
    with catalogue.sessions.writing("make books") as session:
        session.execute(insert(Author), [{"name": one, "name_key": keys.author_key(one)} for one in authors])
        session.execute(
            insert(Book),
            [
                {
                    "title": one,
                    "title_key": keys.title_key(one, "en"),
                    "language": "en",
                    "author_id": number % AUTHORS + 1,
                    "published_year": 1900 + number % 100,
                }
                for number, one in enumerate(titles)
            ],
        )
        session.commit()
    catalogue.close()


@pytest.fixture(scope="module")
def _sqlite_template(_sqlite_template: Path) -> Path:
    """The file that every test gets a copy of, filled once."""
    path = Path(shutil.copy(_sqlite_template, _sqlite_template.with_name("big.desk")))
    fill(str(path))
    return path


@pytest.fixture(scope="module")
def _postgres_template(postgres: Server, _postgres_template: str) -> Iterator[str]:
    """The database that every test gets a copy of, filled once."""
    name = f"{_postgres_template}_big"
    fill(postgres.create_database(name, _postgres_template))
    yield name
    postgres.drop_database(name)


@pytest.fixture
def library(database_target: str) -> Iterator[OpenCatalogue]:
    """A catalogue of each kind with 5,000 books, as another program sees it."""
    catalogue = open_catalogue(target=database_target)
    yield catalogue
    catalogue.close()


@pytest.fixture
def desk(library: OpenCatalogue, database_target: str, application: object, qtbot: QtBot) -> Iterator[Desk]:
    """The window over it, with the order of the books learned."""
    with opened_window(database_target, qtbot) as made:
        made.until(lambda: made.browser.is_loaded and made.browser.loading.is_learned, "the order")
        made.settle()
        made.browser.grid.setFocus()
        yield made


def go_to(desk: Desk, position: int) -> RecordKey:
    """Makes a row the current one, in the middle of the grid, once it is loaded."""
    desk.browser.go_to_position(position)
    desk.until(lambda: desk.browser.current_key is not None, "the row")
    grid = desk.browser.grid
    grid.scrollTo(grid.currentIndex(), grid.ScrollHint.PositionAtCenter)
    desk.settle()
    key = desk.browser.current_key
    assert key is not None
    return key


def edit(desk: Desk, position: int, **values: Any) -> RecordKey:
    """A pending edit of the row at a place, which is loaded for it; what is in sight stays."""
    bar = desk.browser.grid.verticalScrollBar()
    before = bar.value()
    bar.setValue(position)
    row = position + desk.table.fresh
    desk.until(lambda: desk.table.row_at(row) is not None, "the row to edit")
    record = desk.table.row_at(row)
    assert record is not None
    original = original_of(desk.table.description, record)
    for name, value in values.items():
        desk.edits.set_field(original, name, value)
    bar.setValue(before)
    desk.settle()
    return original.key


def in_sight(desk: Desk) -> list[RecordKey | None]:
    """The records on the screen, from the top."""
    return [desk.table.key_at(row) for row in desk.browser.grid.visible_rows()]


def check_places(desk: Desk, catalogue: OpenCatalogue) -> None:
    """What the window believes of the view is so: the total, every mark, and every row in sight."""
    request = PageRequest(desk.table.criteria, 0, 2 * BOOKS)
    page = pages.load_page(sessions=catalogue.sessions, request=request)
    places = {row.id: position for position, row in enumerate(page.rows)}
    assert desk.table.total == len(places)
    place_of = cmp_to_key(order_of(desk.table.criteria).compare)
    for mark in desk.table.places.marks:
        assert mark.key is not None
        assert bisect_right(page.keys, place_of(mark.key), key=place_of) == mark.position
    for row in desk.browser.grid.visible_rows():
        key = desk.table.key_at(row)
        assert key is not None
        assert key.id < 0 or places[key.id] == row - desk.table.fresh


class Asked:
    """The pages that were asked for since it was made."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.positions: list[int] = []
        self._load_page = pages.load_page
        monkeypatch.setattr(pages, "load_page", self.load_page)

    def load_page(self, **arguments: Any) -> Any:
        self.positions.append(arguments["request"].position)
        return self._load_page(**arguments)


# Going somewhere


def test_any_row_is_reached_by_its_number(desk: Desk) -> None:
    desk.trigger("go_to_row")
    assert desk.window.commands["go_to_row"].shortcut() == QKeySequence("Ctrl+G")
    line = desk.browser.grid.findChild(GoToRow)
    assert line is not None
    desk.until(line.number.hasFocus, "the line to have the keyboard")
    QTest.keyClicks(line.number, "4,321")
    QTest.keyClick(line.number, Qt.Key.Key_Return)
    desk.until(lambda: desk.text(4320, "title"), "the row")
    assert desk.text(4320, "title") == "Book 04321"
    assert desk.window.status.place.text() == "Row 4,321 of 5,000"
    assert desk.browser.grid.hasFocus()
    assert not line.isVisible()
    desk.until(lambda: desk.details.is_complete, "the details")
    assert desk.page.form.fields["title"].text == "Book 04321"


def test_every_row_of_a_very_tall_window_comes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.window.resize(1280, 5_600)
    desk.until(lambda: len(desk.browser.grid.visible_rows()) > 200, "the window to be tall")
    desk.settle()
    asked = Asked(monkeypatch)
    for position in (950, 3_333, BOOKS, 0):
        desk.browser.grid.verticalScrollBar().setValue(position)
        desk.settle()
    assert len(asked.positions) <= 2 * 3, "one request in sight for each place, and one ahead"


def test_typed_letters_lead_to_the_first_row_at_or_after_them(desk: Desk) -> None:
    QTest.keyClicks(desk.browser.grid, "book 032")
    desk.until(lambda: desk.browser.grid.current_row == 3199, "the row")
    desk.until(lambda: desk.text(3199, "title") == "Book 03200", "the row's page")
    assert desk.browser.jumping.label.isVisible()
    assert "book 032" in desk.browser.jumping.label.text()
    assert desk.browser.grid.hasFocus()


def test_letters_after_every_row_lead_to_the_last_and_say_so(desk: Desk) -> None:
    QTest.keyClicks(desk.browser.grid, "zz")
    desk.until(lambda: desk.browser.grid.current_row == BOOKS - 1, "the last row")
    assert "after the last row" in desk.browser.jumping.label.text()


@pytest.fixture
def estimated(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A search that finds all books, whose number is estimated too low: 101 rows are known."""
    go_on, walk_marks = threading.Event(), pages.walk_marks

    def held(**arguments: Any) -> Any:
        assert go_on.wait(LONGEST)
        return walk_marks(**arguments)

    monkeypatch.setattr(pages, "walk_marks", held)
    monkeypatch.setattr(paging, "LISTED", 100)
    QTest.keyClicks(desk.browser.search, "book 0")
    desk.until(lambda: desk.browser.criteria.search == "book 0" and desk.browser.is_loaded, "the view")
    desk.table.place_total(desk.table.criteria, 101, is_exact=False)  # a server knows better
    assert desk.table.rowCount() == 101
    assert not desk.table.is_exact
    desk.browser.grid.setFocus()
    yield desk
    go_on.set()


def test_letters_lead_beyond_what_was_estimated(estimated: Desk) -> None:
    QTest.keyClicks(estimated.browser.grid, "book 0432")
    estimated.until(lambda: estimated.browser.grid.current_row == 4319, "the row")
    estimated.until(lambda: estimated.text(4319, "title") == "Book 04320", "the row's page")


def test_a_number_beyond_what_was_estimated_is_gone_to_once_the_rows_are_counted(estimated: Desk) -> None:
    estimated.trigger("go_to_row")
    line = estimated.browser.grid.findChild(GoToRow)
    assert line is not None
    QTest.keyClicks(line.number, "4321")
    QTest.keyClick(line.number, Qt.Key.Key_Return)
    estimated.until(lambda: estimated.text(4320, "title") == "Book 04321", "the row")
    assert estimated.window.status.place.text() == "Row 4,321 of 5,000"
    assert not estimated.browser.jumping.label.isVisible()


@pytest.mark.parametrize("held", [Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier])
def test_end_is_the_real_last_row_whatever_was_estimated(estimated: Desk, held: Qt.KeyboardModifier) -> None:
    QTest.keyClick(estimated.browser.grid, Qt.Key.Key_End, held)
    assert estimated.browser.grid.current_row == 100, "the last one that is known"
    estimated.until(lambda: estimated.text(BOOKS - 1, "title") == f"Book {BOOKS:05}", "the last row")
    assert estimated.browser.grid.current_row == BOOKS - 1
    assert estimated.table.is_exact


def test_a_number_beyond_the_end_leads_to_the_last_row(estimated: Desk) -> None:
    estimated.browser.go_to_position(50 * BOOKS)
    estimated.until(lambda: estimated.browser.grid.current_row == BOOKS - 1, "the last row")


def test_who_goes_elsewhere_while_the_rows_are_counted_stays_there(
    estimated: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, let_go = threading.Event(), threading.Event()

    def held(**_arguments: Any) -> int:
        asked.set()
        assert let_go.wait(LONGEST)
        return BOOKS

    monkeypatch.setattr(pages, "count_rows", held)
    QTest.keyClick(estimated.browser.grid, Qt.Key.Key_End)
    estimated.until(asked.is_set, "the count")
    assert estimated.browser.jumping.label.isVisible()
    QTest.keyClick(estimated.browser.grid, Qt.Key.Key_Home)
    let_go.set()
    estimated.until(lambda: estimated.table.is_exact, "the count to be heard of")
    assert estimated.browser.grid.current_row == 0


def test_a_later_jump_takes_the_place_of_one_that_waits_for_a_count(
    estimated: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, let_go, ended = threading.Event(), threading.Event(), threading.Event()

    def held(**_arguments: Any) -> int:
        asked.set()
        assert let_go.wait(LONGEST)
        ended.set()
        return BOOKS

    monkeypatch.setattr(pages, "count_rows", held)
    estimated.browser.go_to_position(4_320)
    estimated.until(asked.is_set, "the count")
    assert estimated.browser.jumping.label.isVisible()
    estimated.browser.go_to_position(7)
    assert estimated.browser.grid.current_row == 7
    let_go.set()
    estimated.until(ended.is_set, "the count")
    runner, jumping = estimated.window.context.runner, estimated.browser.jumping
    estimated.until(lambda: not runner.has(jumping._channel), "the count to be heard of")
    assert estimated.browser.grid.current_row == 7


def test_letters_that_stand_for_nothing_say_so(desk: Desk) -> None:
    desk.sort_by("published_year")
    desk.browser.grid.setFocus()
    QTest.keyClicks(desk.browser.grid, "x")
    desk.until(lambda: "nothing" in desk.browser.jumping.label.text(), "the label")
    assert desk.browser.grid.current_row == 0


def test_a_book_of_an_author_is_reached_in_its_grid_wherever_it_is(desk: Desk) -> None:
    desk.choose_table("authors")
    desk.until(lambda: isinstance(desk.details.page, AuthorPage) and desk.details.is_complete, "the author")
    page = desk.page
    assert isinstance(page, AuthorPage)
    desk.until(lambda: page.table.total == BOOKS // AUTHORS and page.table.key_at(99) is not None, "the author's books")
    key = next(key for row in range(100) if (key := page.table.key_at(row)) is not None and key.id > 3_000)
    page.books.activated.emit(page.table.index(page.table.row_of(key) or 0, 0))
    desk.until(lambda: desk.browser.grid.current_row == key.id - 1, "the book's row")
    desk.until(lambda: desk.browser.current_key == key, "the book")
    assert key.id - 1 in desk.browser.grid.visible_rows()
    assert desk.details.key == key


def test_a_record_that_the_view_leaves_out_is_said_to_be_elsewhere(desk: Desk) -> None:
    wanted = desk.table.key_at(10)
    assert wanted is not None
    desk.search("0432")
    before = desk.browser.grid.current_row
    desk.window.context.record_wanted.emit(wanted)
    desk.until(lambda: "not among the rows" in desk.message, "a word")
    assert "clear the search to see it" in desk.message
    assert desk.browser.grid.current_row == before
    assert desk.details.key == wanted
    desk.browser.filters.filters_wanted.emit(Criteria("books", (Filter("published_year", Op.EQUALS, 1921),)))
    desk.settle()
    desk.window.context.record_wanted.emit(wanted)
    desk.until(lambda: "clear the search and remove the filters" in desk.message, "a word of both")
    desk.search("")
    desk.window.context.record_wanted.emit(wanted)
    desk.until(lambda: "remove the filters to see it" in desk.message and "search" not in desk.message, "a word")


def test_a_record_that_no_view_can_show_is_told_from_one_that_is_left_out(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.window.context.record_wanted.emit(RecordKey("books", 99_999))
    desk.until(lambda: "deleted elsewhere" in desk.message, "a word of one that is gone")
    desk.table.row_limit = 1_000
    last = RecordKey("books", 4_000)
    desk.window.context.record_wanted.emit(last)
    desk.until(lambda: "the other way round" in desk.message, "a word of one that is too far down")
    monkeypatch.setattr(paging, "LISTED", 100)
    desk.sort_by("price")
    desk.sort_by("isbn", shift=True)
    desk.window.context.record_wanted.emit(last)
    desk.until(lambda: "not among the first 100 rows" in desk.message, "a word of one that is not listed")


# Opening a view


def test_rows_stay_until_those_of_the_next_view_come(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, go_on, open_view = threading.Event(), threading.Event(), views.open_view

    def held(**arguments: Any) -> Any:
        asked.set()
        assert go_on.wait(LONGEST)
        return open_view(**arguments)

    monkeypatch.setattr(views, "open_view", held)
    before = in_sight(desk)
    desk.browser.search.setFocus()
    QTest.keyClicks(desk.browser.search, "04321")
    desk.until(asked.is_set, "the view to be asked for")
    assert in_sight(desk) == before
    assert not desk.browser.is_loaded
    desk.until(desk.browser.notice.isVisible, "the notice")
    go_on.set()
    desk.settle()
    assert desk.texts("title", desk.table.rowCount()) == ["Book 04321"]
    assert not desk.browser.notice.isVisible()


def test_a_view_that_is_cancelled_leaves_the_one_before(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = threading.Event()

    def endless(**_arguments: Any) -> None:
        action = current_action()
        assert action is not None
        asked.set()
        while True:
            action.check()

    monkeypatch.setattr(views, "open_view", endless)
    before, criteria = in_sight(desk), desk.browser.criteria
    desk.browser.grid.sort_wanted.emit("price", False)
    desk.until(asked.is_set, "the view to be asked for")
    desk.trigger("cancel")
    desk.until(lambda: "as it was before" in desk.message, "to be told")
    assert desk.browser.criteria == criteria
    assert desk.browser.is_loaded
    assert in_sight(desk) == before


def test_an_order_without_an_index_says_what_it_costs_and_how_to_do_without(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "LISTED", 100)
    desk.sort_by("price")
    desk.sort_by("isbn", shift=True)
    assert desk.browser.advice.isVisible()
    assert "of the first 100" in desk.window.status.place.text()
    desk.click(desk.browser, "books_advice_way_out")
    desk.settle()
    assert desk.browser.criteria.sorts == (Sort("price"),)
    assert not desk.browser.advice.isVisible()


# After a commit


def test_a_change_that_moves_nothing_reloads_its_own_page_only(
    desk: Desk, library: OpenCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_to(desk, 3_030)
    edit(desk, 3_040, price=None, isbn="9780261103344")
    before = in_sight(desk)
    walked: list[Any] = []
    monkeypatch.setattr(pages, "walk_marks", lambda **arguments: walked.append(arguments))
    asked = Asked(monkeypatch)
    desk.commit()
    desk.until(lambda: desk.text(3_040, "isbn") is not None, "the new value")
    assert not walked, "the order was learned again"
    assert set(asked.positions) <= {2_900, 3_000}, "its page, and the one beside it that was counted from it"
    assert desk.table.is_exact
    assert in_sight(desk) == before
    check_places(desk, library)


@pytest.mark.parametrize("title", ["Aaa", "Book 02000 and a half", "Zzz"])
def test_a_row_that_moves_leaves_what_is_in_sight(desk: Desk, library: OpenCatalogue, title: str) -> None:
    key = go_to(desk, 3_000)
    moved = edit(desk, 3_004, title=title)
    before = [one for one in in_sight(desk) if one != moved]
    top = in_sight(desk)[0]
    desk.commit()
    assert in_sight(desk)[0] == top
    assert [one for one in in_sight(desk) if one != moved][: len(before) - 1] == before[: len(before) - 1]
    assert desk.browser.current_key == key
    check_places(desk, library)


def test_the_current_record_stays_current_wherever_it_goes(desk: Desk, library: OpenCatalogue) -> None:
    go_to(desk, 3_000)
    top = in_sight(desk)[0]
    moved = edit(desk, 3_000, title="Book 01000 and a half")
    desk.commit()
    assert in_sight(desk)[0] == top
    assert desk.browser.grid.current_row == 1_000
    assert desk.details.key == moved
    check_places(desk, library)


def test_a_new_record_is_shown_in_its_place(desk: Desk, library: OpenCatalogue) -> None:
    go_to(desk, 3_000)
    desk.trigger("new_record")
    desk.type_field("title", "Book 01500 and a half")
    desk.commit()
    desk.until(lambda: desk.browser.grid.current_row == 1_500 and desk.browser.current_key is not None, "its row")
    assert desk.text(1_500, "title") == "Book 01500 and a half"
    desk.until(lambda: desk.details.is_complete, "the details")
    assert desk.page.form.fields["title"].text == "Book 01500 and a half"
    check_places(desk, library)


def test_a_selection_stays_on_its_records(desk: Desk, library: OpenCatalogue) -> None:
    go_to(desk, 3_000)
    edit(desk, 10, title="Zzz")
    edit(desk, 20, title="Book 03003 and a half")
    table, model = desk.table, desk.browser.grid.selectionModel()
    chosen = QItemSelection(table.index(3_000, 0), table.index(3_006, 2))
    model.select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)
    before = [table.key_at(row) for row in range(3_000, 3_007)]
    desk.commit()
    rows = [row for first, last in desk.browser.grid.selection().stretches for row in range(first, last + 1)]
    assert [table.key_at(row) for row in rows] == before
    assert desk.browser.grid.selection().sections == range(3)
    check_places(desk, library)


def test_deleted_rows_close_up(desk: Desk, library: OpenCatalogue) -> None:
    for position in (100, 2_500, 3_001):
        go_to(desk, position)
        original = desk.table.original_at(position)
        assert original is not None
        desk.edits.delete([original])
    desk.browser.grid.verticalScrollBar().setValue(2_995)
    desk.settle()
    top = in_sight(desk)[0]
    desk.commit()
    assert in_sight(desk)[0] == top
    assert desk.table.total == BOOKS - 3
    assert f"{BOOKS - 3:,}" in desk.window.side_bar.text_of("books")
    check_places(desk, library)


def test_an_author_who_is_renamed_moves_all_books_of_an_order_by_author(desk: Desk, library: OpenCatalogue) -> None:
    desk.sort_by("author")
    key = go_to(desk, 3_000)
    top = in_sight(desk)[0]
    desk.choose_table("authors")
    edit(desk, 40, name="Aaa, Ada")
    desk.commit()
    desk.choose_table("books")
    assert desk.browser.current_key == key
    assert in_sight(desk)[0] == top
    check_places(desk, library)


def test_a_listed_view_is_listed_again(desk: Desk, library: OpenCatalogue) -> None:
    desk.search("book 031")
    assert desk.table.places.hits is not None
    key = go_to(desk, 50)
    edit(desk, 3, title="Nothing like it")
    edit(desk, 4, title="Book 03150 and a half")
    desk.commit()
    desk.until(lambda: desk.table.rowCount() == 99, "the row that does not match to go")
    desk.settle()
    assert desk.browser.current_key == key
    assert desk.text(desk.browser.grid.current_row, "title") == "Book 03150"
    check_places(desk, library)


def test_a_page_that_comes_while_a_commit_runs_is_not_taken_for_certain(
    desk: Desk, library: OpenCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_to(desk, 3_000)
    edit(desk, 3_004, title="Book 02050 and a half")
    saved, go_on, commit_edits = threading.Event(), threading.Event(), commit.commit_edits

    def held(**arguments: Any) -> Any:
        result = commit_edits(**arguments)
        saved.set()
        assert go_on.wait(LONGEST)
        return result

    monkeypatch.setattr(commit, "commit_edits", held)
    desk.trigger("commit")
    desk.until(saved.is_set, "the catalogue to be changed")
    desk.browser.grid.verticalScrollBar().setValue(2_040)
    desk.until(lambda: desk.table.row_at(2_060) is not None, "a page from after the commit")
    go_on.set()
    desk.until(lambda: not len(desk.edits), "the commit")
    desk.settle()
    check_places(desk, library)


def test_a_commit_while_another_view_is_on_its_way(
    desk: Desk, library: OpenCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, go_on, open_view = threading.Event(), threading.Event(), views.open_view

    def held(**arguments: Any) -> Any:
        start = open_view(**arguments)
        asked.set()
        assert go_on.wait(LONGEST)
        return start

    edit(desk, 3, title="Zzz")
    monkeypatch.setattr(views, "open_view", held)
    desk.browser.grid.sort_wanted.emit("title", False)
    desk.until(asked.is_set, "the rows from before the commit")
    asked.clear()
    desk.trigger("commit")
    desk.until(asked.is_set, "the rows from after it to be asked for")
    go_on.set()
    desk.until(lambda: not len(desk.edits), "the commit")
    desk.settle()
    assert desk.browser.criteria.sorts == (Sort("title", descending=True),)
    assert desk.text(0, "title") == "Zzz"
    check_places(desk, library)


def test_deleted_rows_never_look_alive_again(
    desk: Desk, library: OpenCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, follow, load_details = threading.Event(), following.follow_changes, records.load_details

    def held(operation: Any, **arguments: Any) -> Any:
        assert go_on.wait(LONGEST)
        return operation(**arguments)

    desk.choose_table("authors")
    page = desk.details.pages["authors"]
    assert isinstance(page, AuthorPage)
    desk.until(lambda: page.table.key_at(1) is not None, "the author's books")
    gone = page.table.key_at(1)
    assert gone is not None
    desk.choose_table("books")
    original = desk.table.original_at(gone.id - 1)
    assert original is not None
    assert original.key == gone
    desk.edits.delete([original])
    desk.choose_table("authors")
    desk.until(lambda: page.table.key_at(1) == gone and desk.details.is_complete, "the author's books")
    monkeypatch.setattr(following, "follow_changes", partial(held, follow))
    monkeypatch.setattr(records, "load_details", partial(held, load_details))
    desk.trigger("commit")
    desk.until(lambda: not len(desk.edits), "the commit")
    books = desk.window.browsers["books"].table
    for table, row in ((books, gone.id - 1), (page.table, 1)):
        assert table.key_at(row) == gone
        assert table.index(row, 0).data(STATE) & CellState.DOOMED
    go_on.set()
    desk.settle()
    for table, row in ((books, gone.id - 1), (page.table, 1)):
        desk.until(lambda table=table, row=row: table.key_at(row) != gone, "the row to go")  # type: ignore[misc]
        assert not table.index(row, 0).data(STATE) & CellState.DOOMED


def test_counts_beside_the_tables_change_without_counting(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "count_tables", lambda **_arguments: pytest.fail("the tables were counted"))
    desk.choose_table("authors")
    desk.trigger("new_record")
    desk.type_field("name", "Zzz, Zoe")
    desk.commit()
    assert desk.window.side_bar.text_of("authors").endswith(f" {AUTHORS + 1}")


def test_a_unit_that_is_saved_before_the_last_one_is_followed(
    desk: Desk, library: OpenCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, go_on, follow = threading.Event(), threading.Event(), following.follow_changes

    def held(**arguments: Any) -> Any:
        followed = follow(**arguments)
        asked.set()
        assert go_on.wait(LONGEST)
        return followed

    key = go_to(desk, 3_000)
    monkeypatch.setattr(following, "follow_changes", held)
    edit(desk, 3_002, title="Aaa")
    desk.trigger("commit")
    desk.until(asked.is_set, "the rows to be found")
    original = desk.table.original_at(3_004)
    assert original is not None
    desk.edits.set_field(original, "title", "Aab")
    desk.trigger("commit")
    desk.until(lambda: not len(desk.edits), "the second commit")
    go_on.set()
    desk.settle()
    assert desk.browser.current_key == key
    check_places(desk, library)


def test_a_walk_that_goes_on_during_a_commit_is_not_taken_for_certain(
    desk: Desk, library: OpenCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_walk, real_commit = pages.walk_marks, commit.commit_edits
    begun, let_go = threading.Event(), threading.Event()

    def walk_slowly(**arguments: Any) -> Any:
        return real_walk(**{**arguments, "seconds": 0.0})

    def commit_when_let_go(**arguments: Any) -> Any:
        begun.set()
        assert let_go.wait(LONGEST)
        return real_commit(**arguments)

    desk.edits.add("books", {"title": "Aaaa"})
    desk.settle()
    monkeypatch.setattr(pages, "walk_marks", walk_slowly)
    monkeypatch.setattr(commit, "commit_edits", commit_when_let_go)
    desk.browser.refresh()
    desk.trigger("commit")
    desk.until(begun.is_set, "committing")
    for position in range(600, 4_000, 300):
        desk.browser.grid.verticalScrollBar().setValue(position)
        desk.until(lambda at=position: desk.table.row_at(at) is not None, "loaded")  # type: ignore[misc]
    let_go.set()
    desk.until(lambda: not len(desk.edits), "saved")
    desk.settle()
    desk.until(lambda: not desk.window.context.runner.running and desk.table.is_exact, "learned")
    check_places(desk, library)


def test_a_view_opened_while_a_commit_runs_shows_what_it_did(
    desk: Desk, library: OpenCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = commit.commit_edits
    begun, let_go = threading.Event(), threading.Event()

    def commit_when_let_go(**arguments: Any) -> Any:
        begun.set()
        assert let_go.wait(LONGEST)
        return real(**arguments)

    monkeypatch.setattr(commit, "commit_edits", commit_when_let_go)
    desk.edits.add("books", {"title": "Aaaa"})
    desk.settle()
    desk.trigger("commit")
    desk.until(begun.is_set, "committing")
    desk.browser.grid.sort_wanted.emit("title", False)  # the other way round
    desk.until(lambda: desk.browser.is_loaded and desk.table.is_exact, "opened")
    let_go.set()
    desk.until(lambda: not len(desk.edits), "saved")
    desk.until(lambda: desk.table.total == BOOKS + 1 and not desk.window.context.runner.running, "loaded again")
    check_places(desk, library)


def test_a_saved_value_is_shown_and_edited_on_before_its_row_is_loaded_anew(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, load_page, follow = threading.Event(), pages.load_page, following.follow_changes

    def held(operation: Any, **arguments: Any) -> Any:
        assert go_on.wait(LONGEST)
        return operation(**arguments)

    monkeypatch.setattr(pages, "load_page", partial(held, load_page))
    monkeypatch.setattr(following, "follow_changes", partial(held, follow))
    edit(desk, 3, price=Decimal("7.50"))
    desk.trigger("commit")
    desk.until(lambda: not len(desk.edits), "the commit")
    assert desk.text(3, "price") == "7.50"
    original = desk.table.original_at(3)
    assert original is not None
    desk.edits.set_field(original, "price", Decimal("8.50"))
    desk.trigger("commit")
    desk.until(lambda: not len(desk.edits), "the second commit")
    assert desk.text(3, "price") == "8.50"
    go_on.set()
    desk.settle()
    assert desk.text(3, "price") == "8.50"
