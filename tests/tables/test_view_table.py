"""How a view begins, grows and shrinks in its table, what is asked for, and what waits for a hand to let go."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from desk.catalog import columns
from desk.catalog.criteria import Criteria, Sort
from desk.catalog.paging import Mark, Page, PageRequest, Walked
from desk.catalog.places import Places
from desk.tables.record_table import RecordTable
from tests.support.shelf import Shelf, book

if TYPE_CHECKING:
    from pytestqt.modeltest import ModelTester
    from pytestqt.qtbot import QtBot

    from desk.tables.edit_stack import EditStack

BOOKS = Criteria("books")
BY_YEAR = Criteria("books", sorts=(Sort("published_year"),))


def paint(table: RecordTable, *rows: int) -> None:
    """Reads a cell of each row as a view does when it draws them."""
    for row in rows:
        table.index(row, 0).data()


def title(table: RecordTable, row: int) -> str | None:
    text: str | None = table.index(row, 0).data()
    return text


def requests_of(table: RecordTable) -> list[PageRequest]:
    """The pages that the table wants from now on."""
    wanted: list[PageRequest] = []
    table.page_wanted.connect(wanted.append)
    return wanted


def requests_ahead_of(table: RecordTable) -> list[PageRequest]:
    """The pages that the table wants ahead from now on."""
    wanted: list[PageRequest] = []
    table.page_ahead_wanted.connect(wanted.append)
    return wanted


@pytest.fixture
def unwatched(edits: EditStack) -> RecordTable:
    """An empty table of books without the model tester, which reads cells too: nothing is asked for but by the test."""
    return RecordTable(columns.BOOKS, edits)


# How a view begins


@pytest.mark.parametrize("listed", [False, True])
def test_a_start_shows_its_first_rows_and_its_total_at_once(
    books: RecordTable, qtmodeltester: ModelTester, listed: bool
) -> None:
    shelf = Shelf("books", 250)
    books.start_view(shelf.start(BY_YEAR, listed=listed))
    assert (books.criteria, books.rowCount(), books.total, books.is_exact) == (BY_YEAR, 250, 250, True)
    assert title(books, 99) == "Book 100"
    qtmodeltester.check(books)


def test_another_view_replaces_the_one_before_in_one_go(books: RecordTable, qtbot: QtBot) -> None:
    shelf = Shelf("books", 250)
    books.start_view(shelf.start(BOOKS))
    shelf.rows = [book(number, title=f"New {number}") for number in range(300, 310)]
    with qtbot.waitSignal(books.modelReset), qtbot.assertNotEmitted(books.rowsInserted):
        books.start_view(shelf.start(BY_YEAR))
    assert [title(books, row) for row in (0, 9)] == ["New 300", "New 309"]


def test_the_same_view_begun_again_keeps_its_place(
    books: RecordTable, qtbot: QtBot, qtmodeltester: ModelTester
) -> None:
    shelf = Shelf("books", 250)
    books.start_view(shelf.start(BOOKS, listed=True))
    books.place_page(shelf.page(books.places.request(200)))
    del shelf.rows[0]
    shelf.rows[-1] = book(250, title="Changed")
    with qtbot.assertNotEmitted(books.modelReset):
        books.start_view(shelf.start(BOOKS, listed=True))
    assert books.rowCount() == 249
    assert title(books, 0) == "Book 2"
    assert title(books, 240) == "Book 241", "shown until it is loaded anew"
    shelf.serve(books)
    paint(books, 240)
    qtbot.waitUntil(lambda: title(books, 248) == "Changed")
    qtmodeltester.check(books)


def test_an_estimate_takes_the_place_of_no_exact_number(books: RecordTable) -> None:
    books.start_view(Shelf("books", 250).start(BOOKS, total=900))
    assert (books.total, books.is_exact) == (900, False)
    books.place_total(BOOKS, 250)
    books.place_total(BOOKS, 800, is_exact=False)
    assert (books.rowCount(), books.is_exact) == (250, True)


def test_the_end_of_a_walk_gives_the_exact_total(books: RecordTable) -> None:
    books.start_view(Shelf("books", 250).start(BOOKS, total=900))
    books.place_walked(BOOKS, Walked((Mark(150, (150,)),), total=None))
    assert (books.total, books.is_exact) == (900, False)
    books.place_walked(BOOKS, Walked((Mark(200, (200,)),), total=250))
    assert (books.rowCount(), books.is_exact) == (250, True)
    assert books.places.marks[-1] == Mark(200, (200,))


# Listed views


def test_a_listed_view_asks_for_its_records_by_id(unwatched: RecordTable, qtbot: QtBot) -> None:
    shelf = Shelf("books", 250)
    unwatched.start_view(shelf.start(BOOKS, listed=True))
    wanted = requests_of(unwatched)
    paint(unwatched, 249)
    qtbot.waitUntil(lambda: len(wanted) == 1)
    assert wanted[0].ids == tuple(range(201, 251))


def test_a_count_does_not_change_a_listed_view(books: RecordTable) -> None:
    books.start_view(Shelf("books", 250).start(BOOKS, listed=True))
    books.place_total(BOOKS, 10_000)
    assert (books.rowCount(), books.is_exact) == (250, True)


def test_records_that_are_gone_are_struck_off_the_list(
    books: RecordTable, qtbot: QtBot, qtmodeltester: ModelTester
) -> None:
    shelf = Shelf("books", 250)
    shelf.serve(books)
    books.start_view(shelf.start(BOOKS, listed=True))
    paint(books, 120)
    qtbot.waitUntil(lambda: title(books, 120) == "Book 121")
    books.touch_all()
    del shelf.rows[130:135]
    paint(books, 120, 220)
    qtbot.waitUntil(lambda: title(books, 244) == "Book 250" and title(books, 199) == "Book 205")
    assert (books.rowCount(), books.total) == (245, 245)
    assert [title(books, row) for row in (129, 130)] == ["Book 130", "Book 136"]
    qtmodeltester.check(books)


def test_a_page_of_an_older_list_is_not_shown(books: RecordTable, qtbot: QtBot) -> None:
    shelf = Shelf("books", 250)
    books.start_view(shelf.start(BOOKS, listed=True))
    late = shelf.page(books.places.request(100))
    del shelf.rows[0]
    books.start_view(shelf.start(BOOKS, listed=True))
    books.place_page(late)
    assert title(books, 150) == ""
    shelf.serve(books)
    paint(books, 150)
    qtbot.waitUntil(lambda: title(books, 150) == "Book 152")


# Ends that are elsewhere than was believed


def test_a_view_that_ends_before_its_estimate_wants_one_count(
    books: RecordTable, qtbot: QtBot, qtmodeltester: ModelTester
) -> None:
    shelf = Shelf("books", 250)
    books.start_view(shelf.start(BOOKS, total=900))
    counts: list[bool] = []
    books.count_wanted.connect(lambda: counts.append(True))
    for position in (700, 600):
        books.place_page(shelf.page(books.places.request(position)))
        assert (books.rowCount(), books.is_exact) == (position, False), "it is not known how many there are"
    assert counts == [True]
    books.place_total(BOOKS, 250)
    assert (books.rowCount(), books.is_exact) == (250, True)
    qtmodeltester.check(books)


def test_rows_that_are_beyond_the_end_are_not_asked_for(unwatched: RecordTable, qtbot: QtBot) -> None:
    shelf = Shelf("books", 250)
    unwatched.start_view(shelf.start(BOOKS, total=900))
    unwatched.hold()
    unwatched.place_total(BOOKS, 250)
    assert unwatched.rowCount() == 900
    with qtbot.assertNotEmitted(unwatched.page_wanted, wait=30):
        paint(unwatched, 800)


def test_a_page_that_shows_that_the_marks_are_wrong_is_not_shown(books: RecordTable, qtbot: QtBot) -> None:
    shelf = Shelf("books", 250)
    books.start_view(shelf.start(BOOKS))
    request = PageRequest(BOOKS, 100, 100, Mark(250, None))
    rows = tuple(shelf.rows[:60])
    books.place_page(Page(request, rows, (("wrong",) * 8,) * 60, None, keys=tuple((row.id,) for row in rows)))
    assert title(books, 100) == ""
    assert len(books.places) == 0
    shelf.serve(books)
    paint(books, 0, 100)
    qtbot.waitUntil(lambda: title(books, 100) == "Book 101")


# Under a hand


@pytest.mark.parametrize("total", [250, 1200])
def test_a_total_waits_until_the_scroll_bar_is_let_go(books: RecordTable, total: int) -> None:
    books.start_view(Shelf("books", 250).start(BOOKS, total=900))
    books.hold()
    books.place_total(BOOKS, total)
    assert books.rowCount() == 900
    assert (books.total, books.is_exact) == (total, True), "it is known, and told"
    books.let_go()
    assert books.rowCount() == total


def test_another_view_does_not_wait_for_the_hand(books: RecordTable) -> None:
    books.start_view(Shelf("books", 250).start(BOOKS, total=900))
    books.hold()
    books.start_view(Shelf("books", 20).start(BY_YEAR))
    assert books.rowCount() == 20
    books.show_view(BOOKS)
    books.place_page(Shelf("books", 20).page(books.places.request(0)))
    assert books.rowCount() == 20, "the first rows of a view never wait"


# After changes


def test_only_the_pages_of_the_named_records_are_loaded_again(unwatched: RecordTable, qtbot: QtBot) -> None:
    shelf = Shelf("books", 250)
    unwatched.start_view(shelf.start(BOOKS))
    for position in (100, 200):
        unwatched.place_page(shelf.page(unwatched.places.request(position)))
    wanted = requests_of(unwatched)
    shelf.rows[150] = book(151, version=2, title="Changed")
    unwatched.reload_records({151, 9999})
    paint(unwatched, 0, 150, 249)
    qtbot.waitUntil(lambda: len(wanted) == 1)
    assert wanted[0].position == 100
    assert title(unwatched, 150) == "Book 151"
    unwatched.place_page(shelf.page(wanted[0]))
    assert title(unwatched, 150) == "Changed"
    assert unwatched.is_exact


def test_places_and_rows_in_sight_are_renewed_in_one_go(
    books: RecordTable, qtbot: QtBot, qtmodeltester: ModelTester
) -> None:
    shelf = Shelf("books", 250)
    books.start_view(shelf.start(BOOKS))
    for position in (100, 200):
        books.place_page(shelf.page(books.places.request(position)))
    assert (books.position_of(151), books.sort_key_of(151)) == (150, (151,))
    del shelf.rows[150]
    places = Places(BOOKS)
    places.note_total(249, is_exact=True)
    wanted = requests_of(books)
    books.renew(places, [shelf.page(places.request(100))], first=150)
    assert (books.rowCount(), title(books, 150)) == (249, "Book 152")
    paint(books, 0, 150, 248)
    qtbot.waitUntil(lambda: len(wanted) == 1)
    assert wanted[0].position == 200
    qtmodeltester.check(books)


def test_nothing_is_loaded_again_where_nothing_moved(unwatched: RecordTable, qtbot: QtBot) -> None:
    shelf = Shelf("books", 90)
    unwatched.start_view(shelf.start(BOOKS))
    places = unwatched.places.snapshot()
    unwatched.renew(places, [], first=None)
    with qtbot.assertNotEmitted(unwatched.page_wanted, wait=30):
        paint(unwatched, 0)
    assert unwatched.places is places


def test_another_order_of_the_same_rows_has_as_many(books: RecordTable) -> None:
    shelf = Shelf("books", 500)
    books.start_view(shelf.start(BOOKS))
    by_price, of_one_word = replace(BOOKS, sorts=(Sort("price"),)), replace(BOOKS, search="book")
    books.start_view(shelf.start(by_price, total=300))
    assert (books.total, books.is_exact) == (500, True)
    assert books.places.request(400).mark == Mark(500, None), "counted from the end"
    books.start_view(shelf.start(of_one_word, total=300))
    assert (books.total, books.is_exact) == (300, False)


def test_a_view_that_is_opened_again_does_not_believe_what_it_knew(books: RecordTable) -> None:
    shelf = Shelf("books", 250)
    books.start_view(shelf.start(BOOKS))
    books.start_view(shelf.start(BOOKS, total=900))
    assert (books.total, books.is_exact) == (900, False)


# Two pages at once


def test_a_page_beside_two_that_are_on_their_way_waits_for_them(unwatched: RecordTable, qtbot: QtBot) -> None:
    shelf = Shelf("books", 2000)
    unwatched.start_view(shelf.start(BOOKS))
    wanted = requests_of(unwatched)
    paint(unwatched, 590, 610)
    qtbot.waitUntil(lambda: len(wanted) == 1)
    with qtbot.assertNotEmitted(unwatched.page_wanted, wait=30):
        paint(unwatched, 690, 710)  # a request for it would cancel the one for the page above it
    for part in shelf.page(wanted[0]).parts:
        unwatched.place_page(part)
    qtbot.waitUntil(lambda: len(wanted) == 2)
    assert [(request.position, request.limit) for request in wanted] == [(500, 200), (700, 100)]
    assert [title(unwatched, row) for row in (590, 610)] == ["Book 591", "Book 611"]


def test_pages_far_from_two_that_are_on_their_way_take_their_place(unwatched: RecordTable, qtbot: QtBot) -> None:
    unwatched.start_view(Shelf("books", 2000).start(BOOKS))
    wanted = requests_of(unwatched)
    for rows in ((590, 610), (1190, 1210), (1850,)):
        paint(unwatched, *rows)
        with qtbot.waitSignal(unwatched.page_wanted):
            pass
    assert [(request.position, request.limit) for request in wanted] == [(500, 200), (1100, 200), (1800, 100)]


def test_two_pages_that_failed_are_asked_for_again(unwatched: RecordTable, qtbot: QtBot) -> None:
    unwatched.start_view(Shelf("books", 2000).start(BOOKS))
    wanted = requests_of(unwatched)
    for times in (1, 2):
        paint(unwatched, 590, 610)
        qtbot.waitUntil(lambda times=times: len(wanted) == times)  # type: ignore[misc]
        unwatched.page_failed(wanted[-1])
    assert [(request.position, request.limit) for request in wanted] == [(500, 200)] * 2


# What is asked for ahead


def test_a_page_ahead_is_asked_for_once_and_only_while_nothing_seen_is_missing(
    unwatched: RecordTable, qtbot: QtBot
) -> None:
    shelf = Shelf("books", 400)
    unwatched.start_view(shelf.start(BOOKS))
    wanted, ahead = requests_of(unwatched), requests_ahead_of(unwatched)
    paint(unwatched, 150)
    unwatched.want_ahead(250)
    qtbot.waitUntil(lambda: len(wanted) == 1)
    unwatched.want_ahead(250)
    assert ahead == []
    unwatched.place_page(shelf.page(wanted[0]))
    for row in (50, 250, 299, -20, 400):
        unwatched.want_ahead(row)
    assert [request.position for request in ahead] == [200]
    unwatched.place_page(shelf.page(ahead[0]))
    unwatched.want_ahead(250)
    assert len(ahead) == 1


def test_a_page_ahead_that_is_seen_meanwhile_is_not_asked_for_again(unwatched: RecordTable, qtbot: QtBot) -> None:
    shelf = Shelf("books", 400)
    unwatched.start_view(shelf.start(BOOKS))
    ahead = requests_ahead_of(unwatched)
    unwatched.want_ahead(150)
    with qtbot.assertNotEmitted(unwatched.page_wanted, wait=30):
        paint(unwatched, 150)
    unwatched.want_ahead(350)
    assert [request.position for request in ahead] == [100], "another would replace the one that is waited for"
    unwatched.page_failed(ahead[0])
    with qtbot.waitSignal(unwatched.page_wanted):
        paint(unwatched, 150)


def test_new_records_on_top_shift_what_is_asked_for_ahead(unwatched: RecordTable, edits: EditStack) -> None:
    unwatched.start_view(Shelf("books", 400).start(BOOKS))
    edits.add("books")
    ahead = requests_ahead_of(unwatched)
    unwatched.want_ahead(100)
    unwatched.want_ahead(101)
    assert [request.position for request in ahead] == [100]
