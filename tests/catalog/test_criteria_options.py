"""Criteria can be written on a command line."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from desk.catalog.criteria import Criteria, Filter, Op, Sort
from desk.catalog.criteria_options import parse_criteria
from desk.errors import InvalidInput


def test_every_option_becomes_its_filter() -> None:
    found = parse_criteria(
        "books",
        search="ring",
        contains=["title=a=b"],
        equals=["language=en", "author=Ann"],
        empty=["price"],
        between=["published_year=-50..1950", "price=..9,50"],
        sort=["published_year:desc", "title"],
    )
    assert found == Criteria(
        "books",
        (
            Filter("title", Op.CONTAINS, "a=b"),
            Filter("language", Op.EQUALS, "en"),
            Filter("author", Op.EQUALS, "Ann"),
            Filter("price", Op.EMPTY),
            Filter("published_year", Op.RANGE, -50, 1950),
            Filter("price", Op.RANGE, None, Decimal("9.50")),
        ),
        (Sort("published_year", descending=True), Sort("title")),
        "ring",
    )


def test_authors_can_be_asked_for_their_books() -> None:
    found = parse_criteria("authors", over_price="15", no_books=True)
    assert found.filters == (Filter("books", Op.HAS_BOOK_OVER, Decimal("15.00")), Filter("books", Op.NO_BOOKS))


@pytest.mark.parametrize(
    "options",
    [
        {"contains": ["title"]},
        {"contains": ["notes=x"]},
        {"equals": ["published_year=soon"]},
        {"between": ["price=5"]},
        {"sort": ["contributors"]},
        {"sort": ["title:up"]},
        {"no_books": True},
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        parse_criteria("books", **options)
