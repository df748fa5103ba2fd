"""A view begins with its first page, and listed or walked it shows the rows of one list sorted in Python."""

from __future__ import annotations

import random
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from desk.catalog import paging
from desk.catalog.criteria import Criteria, Filter, Op, Sort
from desk.catalog.orders import order_of
from desk.catalog.paging import PAGE_ROWS
from desk.catalog.places import Places
from desk.catalog.search_state import SearchIndex, SearchMethod, SearchState
from desk.operations.pages import load_page, walk_marks
from desk.operations.views import open_view
from tests.operations.test_locating import PAIRS, UNLISTED
from tests.operations.test_pages import SEARCHES, SINGLES, SORTABLE, offered_filters, random_filter
from tests.support.editing import elsewhere
from tests.support.expected import Everything, everything
from tests.support.measuring import counting

if TYPE_CHECKING:
    from collections.abc import Callable

    from desk.operations.connect import OpenCatalogue
    from tests.support.library import Library

MANY = 10_000
ORDERS = [Criteria(table, sorts=sorts) for table, sorts in (*SINGLES, *PAIRS, *UNLISTED)]
ENGLISH = Filter("language", Op.EQUALS, "en")
PRICED = Filter("price", Op.RANGE, Decimal("0.01"))
CENTURY = Filter("published_year", Op.RANGE, 1900, 1999)


@pytest.fixture
def at_most(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets how many records are listed."""
    return lambda listed: monkeypatch.setattr(paging, "LISTED", listed)


def check_start(catalogue: OpenCatalogue, known: Everything, criteria: Criteria) -> Places:
    """The start of a view agrees with the list made in Python; returns what is known of the view then."""
    ids = known.ids(criteria)
    start = open_view(sessions=catalogue.sessions, criteria=criteria)
    places = Places(criteria, start.hits)
    if start.hits is not None:
        complete = start.hits.complete
        assert start.hits.ids == tuple(ids if complete else ids[: paging.LISTED]), criteria
        assert (start.total, start.is_exact) == (len(start.hits.ids), complete)
        ids = ids[: len(start.hits.ids)]
    elif start.is_exact:
        assert start.total == len(ids)
    assert [row.id for row in start.page.rows] == ids[:PAGE_ROWS], criteria
    return places


def check_jumps(catalogue: OpenCatalogue, ids: list[int], places: Places, chance: random.Random) -> None:
    """Pages anywhere, as the table asks for them."""
    for _time in range(4):
        position, limit = chance.randrange(len(ids) + 1), chance.choice((1, 7, 30))
        request = places.request(position, limit)
        page = load_page(sessions=catalogue.sessions, request=request)
        assert [row.id for row in page.rows] == ids[position : position + request.limit], request
        places.learn(page)


@pytest.mark.parametrize("listed", [3, 60, MANY])
@pytest.mark.parametrize("criteria", ORDERS, ids=str)
def test_every_order_is_shown_from_its_start_and_anywhere(
    shared_catalogue: OpenCatalogue, known: Everything, at_most: Callable[[int], None], listed: int, criteria: Criteria
) -> None:
    at_most(listed)
    places = check_start(shared_catalogue, known, criteria)
    ids = known.ids(criteria)
    if places.hits is not None and not places.hits.complete:
        ids = ids[:listed]
    else:
        walked = walk_marks(sessions=shared_catalogue.sessions, criteria=criteria, mark=None, every=9, seconds=60)
        places.add(walked.marks)
        assert walked.total == len(ids)
        places.note_total(len(ids), is_exact=True)
    check_jumps(shared_catalogue, ids, places, random.Random(4))


def test_random_views_are_the_same_listed_and_walked(
    shared_catalogue: OpenCatalogue, known: Everything, at_most: Callable[[int], None]
) -> None:
    chance = random.Random(12)
    offered = list(offered_filters())
    for _round in range(40):
        table = chance.choice(list(SORTABLE))
        chosen = chance.sample([one for one in offered if one[0] == table], chance.choice((0, 1, 1, 2, 3)))
        filters = tuple(random_filter(*one, known, chance) for one in chosen)
        columns = chance.sample(SORTABLE[table], chance.choice((0, 1, 2)))
        sorts = tuple(Sort(column, chance.random() < 0.5) for column in columns)
        criteria = Criteria(table, filters, sorts, chance.choice(SEARCHES))
        for listed in (0, 5, MANY):
            at_most(listed)
            places = check_start(shared_catalogue, known, criteria)
            if places.hits is None or places.hits.complete:
                check_jumps(shared_catalogue, known.ids(criteria), places, chance)


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("table", SORTABLE)
def test_a_search_is_the_same_listed_and_walked(
    shared_catalogue: OpenCatalogue, known: Everything, at_most: Callable[[int], None], table: str, search: str
) -> None:
    for listed in (0, 1, MANY):
        at_most(listed)
        check_start(shared_catalogue, known, Criteria(table, search=search))


def test_few_matches_are_listed_and_many_are_walked(
    shared_catalogue: OpenCatalogue, known: Everything, at_most: Callable[[int], None]
) -> None:
    criteria = Criteria("books", (PRICED,))
    matches = len(known.ids(criteria))
    at_most(matches)
    assert open_view(sessions=shared_catalogue.sessions, criteria=criteria).hits is not None
    at_most(matches - 1)
    start = open_view(sessions=shared_catalogue.sessions, criteria=criteria)
    assert start.hits is None
    assert len(start.page.rows) == matches


def test_few_matches_of_two_filters_are_listed_where_each_has_many(
    shared_catalogue: OpenCatalogue, known: Everything, at_most: Callable[[int], None]
) -> None:
    criteria = Criteria("books", (ENGLISH, Filter("published_year", Op.EQUALS, 1605)))
    both = len(known.ids(criteria))
    assert both < min(len(known.ids(Criteria("books", (one,)))) for one in criteria.filters) / 4
    at_most(both)
    start = open_view(sessions=shared_catalogue.sessions, criteria=criteria)
    assert start.hits is not None
    assert len(start.hits.ids) == both


def test_an_order_without_an_index_shows_its_first_rows_and_says_what_that_costs(
    shared_catalogue: OpenCatalogue, known: Everything, at_most: Callable[[int], None]
) -> None:
    (table, sorts), *_more = UNLISTED
    criteria = Criteria(table, sorts=sorts)
    assert not order_of(criteria).is_indexed
    at_most(20)
    start = open_view(sessions=shared_catalogue.sessions, criteria=criteria)
    assert start.hits is not None
    assert (len(start.hits.ids), start.hits.complete, start.total, start.is_exact) == (20, False, 20, False)
    assert start.cost.startswith("No index has this order: the first 20 of about ")
    at_most(MANY)
    start = open_view(sessions=shared_catalogue.sessions, criteria=criteria)
    assert start.hits is not None
    assert (start.hits.complete, start.is_exact, start.cost) == (True, True, "")


def test_an_unfiltered_view_has_an_estimate_at_once(catalogue: OpenCatalogue, make_books: Callable[..., Any]) -> None:
    make_books(catalogue, 400)
    if catalogue.sessions.dialect == "postgresql":
        elsewhere(catalogue, "ANALYZE books")
    start = open_view(sessions=catalogue.sessions, criteria=Criteria("books"))
    assert (start.total, start.is_exact) == (400, False)


def test_a_view_that_fits_on_its_first_page_is_counted(catalogue: OpenCatalogue, filled: Library) -> None:
    start = open_view(sessions=catalogue.sessions, criteria=Criteria("authors"))
    assert (start.total, start.is_exact, start.hits) == (len(filled.author_ids), True, None)


@pytest.mark.parametrize(
    ("criteria", "statements"),
    [
        (Criteria("books"), 3),  # the page, its contributors, the estimate
        (Criteria("books", (PRICED,), (Sort("price"),)), 3),  # the page, its contributors, the number of matches
        (Criteria("books", (PRICED,)), 4),  # the number of matches, hits, the page, its contributors
        (Criteria("books", (ENGLISH, PRICED)), 4),  # candidates, hits, the page, its contributors
        (Criteria("books", search="hob"), 4),
        (Criteria("authors", sorts=(Sort("birth_year"), Sort("name"))), 3),  # ids, the page, its counts
    ],
    ids=str,
)
def test_opening_a_view_takes_a_few_statements_and_one_connection(
    catalogue: OpenCatalogue, make_books: Callable[..., Library], criteria: Criteria, statements: int
) -> None:
    make_books(catalogue, 400)
    if criteria.search and catalogue.sessions.dialect == "postgresql":
        statements += 1  # whether the text is in many rows
    with counting() as action:
        open_view(sessions=catalogue.sessions, criteria=criteria)
    assert (action.statements, action.checkouts) == (statements, 1)


def test_a_view_that_is_one_run_of_an_index_is_walked_and_counted_as_far_as_others_are_listed(
    catalogue: OpenCatalogue, make_books: Callable[..., Library], at_most: Callable[[int], None]
) -> None:
    make_books(catalogue, 400)
    criteria = Criteria("books", (PRICED,), (Sort("price"),))
    matches = len(everything(catalogue).ids(criteria))
    assert matches > PAGE_ROWS
    at_most(matches)
    start = open_view(sessions=catalogue.sessions, criteria=criteria)
    assert (start.hits, start.total, start.is_exact) == (None, matches, True)
    at_most(matches - 1)
    start = open_view(sessions=catalogue.sessions, criteria=criteria)
    assert (start.hits, start.is_exact) == (None, False)


def test_more_rows_are_listed_where_one_index_holds_what_it_takes(
    shared_catalogue: OpenCatalogue, known: Everything, at_most: Callable[[int], None]
) -> None:
    criteria = Criteria("books", (CENTURY,))
    ids = known.ids(criteria)
    at_most(-(-len(ids) // 3))
    start = open_view(sessions=shared_catalogue.sessions, criteria=criteria)
    assert start.hits is not None
    assert start.hits.ids == tuple(ids)


def test_no_more_rows_are_listed_where_sorting_takes_what_no_index_holds(
    shared_catalogue: OpenCatalogue, known: Everything, at_most: Callable[[int], None]
) -> None:
    criteria = Criteria("books", (CENTURY,), (Sort("title"), Sort("price")))
    ids = known.ids(criteria)
    listed = -(-len(ids) // 2)
    at_most(listed)
    start = open_view(sessions=shared_catalogue.sessions, criteria=criteria)
    assert start.hits is not None
    assert (start.hits.ids, start.hits.complete) == (tuple(ids[:listed]), False)
    assert start.cost


def test_a_server_walks_to_a_frequent_text_without_asking_for_all_that_hold_it(
    catalogue: OpenCatalogue,
    make_books: Callable[..., Library],
    at_most: Callable[[int], None],
) -> None:
    if catalogue.sessions.dialect == "sqlite":
        pytest.skip("a file's index is asked for some of the records at no such cost")
    make_books(catalogue, 400)
    at_most(5)
    with counting() as action:
        start = open_view(sessions=catalogue.sessions, criteria=Criteria("books", search="hob"))
    assert start.hits is None
    assert action.statements <= 4  # the sample, the page, its contributors, the estimate


def test_an_empty_catalogue_has_an_empty_view(catalogue: OpenCatalogue) -> None:
    for table, search in product(SORTABLE, ("", "hob")):
        start = open_view(sessions=catalogue.sessions, criteria=Criteria(table, search=search))
        assert (start.page.rows, start.total, start.is_exact, start.cost) == ((), 0, True, "")


@pytest.mark.parametrize("method", SearchMethod)
def test_a_text_that_no_key_can_hold_finds_nothing(
    catalogue: OpenCatalogue, filled: Library, method: SearchMethod
) -> None:
    assert filled.book_ids
    catalogue.sessions.search_index = SearchIndex(SearchState.READY, method=method)
    for text in ("a\0b", "a\udcffb"):
        assert open_view(sessions=catalogue.sessions, criteria=Criteria("books", search=text)).total == 0
