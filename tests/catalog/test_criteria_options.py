"""Criteria can be written on a command line."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from desk.catalog.columns import AUTHORS, BOOKS, TABLES, TableDescription
from desk.catalog.criteria import Criteria, Filter, Op, Sort
from desk.catalog.criteria_options import WITHOUT_VALUE, filter_value, parse_criteria, parse_filter
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


VALUES = [
    (BOOKS, "isbn", Op.EQUALS, "0-306-40615-2", "9780306406157"),
    (BOOKS, "isbn", Op.CONTAINS, "978 0306406157", "9780306406157"),
    (BOOKS, "isbn", Op.EQUALS, "not one", "not one"),
    (BOOKS, "isbn", Op.CONTAINS, "978", "978"),
    (BOOKS, "title", Op.EQUALS, "  spaces ", "  spaces "),
    (BOOKS, "language", Op.EQUALS, " en ", "en"),
    (BOOKS, "author", Op.EQUALS, "Woolf", "Woolf"),
    (BOOKS, "published_year", Op.EQUALS, "720 BCE", -720),
    (BOOKS, "price", Op.RANGE, "9,50", Decimal("9.50")),
    (AUTHORS, "name", Op.EQUALS, " Virginia  Woolf", "Virginia Woolf"),
    (AUTHORS, "name", Op.EQUALS, "E\u0301sope", "Ésope"),
    (AUTHORS, "books", Op.HAS_BOOK_OVER, "15", Decimal("15.00")),
]


@pytest.mark.parametrize("case", VALUES, ids=lambda case: f"{case[1]} {case[2].value} {case[3]}")
def test_a_typed_value_is_compared_as_it_is_stored(case: tuple[TableDescription, str, Op, str, object]) -> None:
    table, name, op, text, value = case
    assert filter_value(table.column(name), op, text) == value
    assert parse_filter(table.column(name), op, [text, ""]) == Filter(name, op, value)


@pytest.mark.parametrize("text", ["", " "])
def test_a_filter_needs_a_value(text: str) -> None:
    for table in TABLES.values():
        for column in table.grid:
            for op in set(column.filters) - set(WITHOUT_VALUE):
                with pytest.raises(InvalidInput, match="Type a value to filter by"):
                    filter_value(column, op, text)


def test_equal_to_nothing_points_to_the_filter_for_it() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_criteria("books", equals=["language="])
    assert "--empty language" in refused.value.advice


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
        {"contains": ["title="]},
        {"contains": ["title=a\0b"]},
        {"contains": ["title=\udcff"]},
        {"equals": ["author= "]},
        {"search": "\udcff"},
        {"between": ["published_year=.."]},
        {"between": ["published_year=1950..1900"]},
        {"over_price": ""},
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        parse_criteria("books", **options)
