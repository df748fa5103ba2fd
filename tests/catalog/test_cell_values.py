"""The value of a cell's text: nothing, an empty text and a typed one are told apart, and refused with the reason."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from desk.catalog.cell_values import AuthorName, Refusal, cell_value, checked_value
from desk.catalog.columns import AUTHORS, BOOKS
from desk.catalog.rows import AuthorRef
from desk.errors import InvalidInput

WOOLF = AuthorRef(1, "Woolf, Virginia")


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("title", "Orlando", "Orlando"),
        ("title", "", ""),
        ("language", None, None),
        ("language", "", ""),
        ("published_year", "720 BCE", -720),
        ("price", "12,5", Decimal("12.50")),
        ("isbn", "0-261-10334-2", "9780261103344"),
        ("author", " Woolf,  Virginia ", AuthorName("Woolf, Virginia")),
        ("author", None, None),
    ],
)
def test_a_text_becomes_what_the_column_holds(column: str, text: str | None, value: Any) -> None:
    assert cell_value(BOOKS.column(column), text) == value


@pytest.mark.parametrize(
    ("column", "text", "reason"),
    [
        ("title", None, "without a value"),
        ("published_year", "soon", "not a year"),
        ("published_year", "", "cannot be an empty text"),
        ("author", "", "cannot be an empty text"),
        ("isbn", "", "cannot be an empty text"),
        ("updated_at", "2024", "cannot be edited"),
        ("contributors", "Bell", "cannot be edited"),
        ("title", "\ufeffx", "byte order mark"),
        ("title", "a\0b", "NUL"),
        ("title", "a\ud800", "half of a character"),
        ("price", "NaN", "not a price"),
        ("published_year", str(2**63), "between 9999 BCE and 9999"),
    ],
)
def test_what_a_column_does_not_take_is_refused_with_the_reason(column: str, text: str | None, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        cell_value(BOOKS.column(column), text)


def test_a_name_that_is_needed_cannot_be_empty() -> None:
    with pytest.raises(InvalidInput, match="An author needs a name"):
        cell_value(AUTHORS.column("name"), "")


def test_a_value_of_another_cell_is_checked_as_if_it_were_typed() -> None:
    assert checked_value(BOOKS.column("author"), WOOLF) is WOOLF
    assert checked_value(BOOKS.column("published_year"), -720) == -720
    assert checked_value(BOOKS.column("price"), None) is None
    with pytest.raises(InvalidInput):
        checked_value(BOOKS.column("isbn"), "123")


def test_a_refusal_names_its_place() -> None:
    assert Refusal("12", "Year", "no.").words == "Row 12, Year: no."
    assert Refusal("", "Year", "no.").words == "Year: no."
