"""A place that is found equals the place in one list sorted in Python, with no marks, some, or all of them."""

from __future__ import annotations

import random
from itertools import product
from typing import TYPE_CHECKING

import pytest

from desk.catalog.criteria import Criteria, Filter, Op, Sort
from desk.catalog.orders import key_of_text, order_of
from desk.catalog.paging import Hits, PageRequest
from desk.catalog.places import Places
from desk.operations.locating import Located, locate_records, locate_text
from desk.operations.pages import load_page, walk_marks
from tests.operations.test_pages import SINGLES
from tests.support.measuring import counting

if TYPE_CHECKING:
    from desk.operations.connect import OpenCatalogue
    from tests.support.expected import Everything

DIRECTIONS = (False, True)
PAIRS = [
    *(
        ("books", (Sort("author", down), Sort("published_year", other)))
        for down, other in product(DIRECTIONS, repeat=2)
    ),
    *(("books", (Sort("language", down), Sort("title", down))) for down in DIRECTIONS),
    *(("books", (Sort("published_year", down), Sort("title", down))) for down in DIRECTIONS),
]
UNLISTED = [("books", (Sort("price"), Sort("author", descending=True)))]
TYPED = ("h", "hob", "woolf", "1925", "-720", "12.50", "2024-02-29", "en", "97", "か", "zzz", "!")


def some_places(catalogue: OpenCatalogue, criteria: Criteria, ids: list[int]) -> list[Places]:
    """Nothing known, some marks known, every tenth row marked, and the whole view as a list."""
    walked = walk_marks(sessions=catalogue.sessions, criteria=criteria, mark=None, every=10, seconds=60)
    nothing, some, every = Places(criteria), Places(criteria), Places(criteria)
    some.add(walked.marks[2:4])
    every.add(walked.marks)
    return [nothing, some, every, Places(criteria, Hits(tuple(ids), complete=True))]


@pytest.mark.parametrize(("table", "sorts"), [*SINGLES, *PAIRS, *UNLISTED], ids=str)
def test_records_are_found_where_they_are(
    shared_catalogue: OpenCatalogue, known: Everything, table: str, sorts: tuple[Sort, ...]
) -> None:
    criteria = Criteria(table, sorts=sorts)
    ids = known.ids(criteria)
    page = load_page(sessions=shared_catalogue.sessions, request=PageRequest(criteria, 0, len(ids)))
    chosen = [*random.Random(1).sample(range(len(ids)), 5), 0, 9, 10, len(ids) - 1]
    wanted = {ids[at]: Located(at, page.keys[at]) for at in chosen}
    for places in some_places(shared_catalogue, criteria, ids):
        found = locate_records(
            sessions=shared_catalogue.sessions, criteria=criteria, places=places, ids=[*wanted, 999_999]
        )
        assert found == wanted


@pytest.mark.parametrize(("table", "sorts"), [*SINGLES, *PAIRS, *UNLISTED], ids=str)
def test_typed_text_leads_to_the_first_row_at_or_behind_it(
    shared_catalogue: OpenCatalogue, known: Everything, table: str, sorts: tuple[Sort, ...]
) -> None:
    criteria = Criteria(table, sorts=sorts)
    ids, compare = known.ids(criteria), order_of(criteria).compare
    page = load_page(sessions=shared_catalogue.sessions, request=PageRequest(criteria, 0, len(ids)))
    for places, text in product(some_places(shared_catalogue, criteria, ids), TYPED):
        value = key_of_text(criteria, text)
        found = locate_text(sessions=shared_catalogue.sessions, criteria=criteria, places=places, text=text)
        before = sum(1 for key in page.keys if value is not None and compare(key, (value,)) < 0)
        assert found == (None if value is None else before), text


def test_what_is_not_in_the_view_has_no_place(shared_catalogue: OpenCatalogue, known: Everything) -> None:
    criteria = Criteria("books", (Filter("language", Op.EQUALS, "en"),))
    inside = known.ids(criteria)
    outside = next(one["id"] for one in known.books if one["id"] not in inside)
    for places in some_places(shared_catalogue, criteria, inside):
        found = locate_records(
            sessions=shared_catalogue.sessions, criteria=criteria, places=places, ids=(inside[3], outside)
        )
        assert {id: one.position for id, one in found.items()} == {inside[3]: 3}


def test_text_that_stands_for_nothing_asks_nothing(shared_catalogue: OpenCatalogue) -> None:
    criteria = Criteria("books", sorts=(Sort("price"),))
    with counting() as action:
        places = Places(criteria)
        found = locate_text(sessions=shared_catalogue.sessions, criteria=criteria, places=places, text="dear")
    assert (found, action.statements, action.checkouts) == (None, 0, 0)


def test_text_is_found_with_one_statement(shared_catalogue: OpenCatalogue) -> None:
    criteria = Criteria("books")
    with counting() as action:
        locate_text(sessions=shared_catalogue.sessions, criteria=criteria, places=Places(criteria), text="h")
    assert (action.statements, action.checkouts) == (1, 1)
