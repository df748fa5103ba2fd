"""The views that Desk makes promises of: every listed order of both tables, and filters that an index serves."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from desk.catalog.columns import TABLES
from desk.catalog.criteria import Criteria, Filter, Op, Sort
from desk.catalog.orders import order_of
from desk.catalog.rows import AuthorRef

if TYPE_CHECKING:
    from collections.abc import Iterator

PAIRS = (("author", "published_year"), ("language", "title"), ("published_year", "title"))
MIXED = ("author", "published_year")
"""The pair whose two directions may differ."""
DOWN = (False, True)

FILTERS = {
    "year 1990–1999": Filter("published_year", Op.RANGE, 1990, 1999),
    "year 1467–1475": Filter("published_year", Op.RANGE, 1467, 1475),
    "year from 2026": Filter("published_year", Op.RANGE, 2026),
    "year = 1600": Filter("published_year", Op.EQUALS, 1600),
    "no year": Filter("published_year", Op.EMPTY),
    "language = de": Filter("language", Op.EQUALS, "de"),
    "language = ar": Filter("language", Op.EQUALS, "ar"),
    "no language": Filter("language", Op.EMPTY),
    "price 10–12": Filter("price", Op.RANGE, Decimal(10), Decimal(12)),
    "price = 1.99": Filter("price", Op.EQUALS, Decimal("1.99")),
    "an ISBN": Filter("isbn", Op.EQUALS, "9780073687872"),
    "no ISBN": Filter("isbn", Op.EMPTY),
    "the author of most books": Filter("author", Op.EQUALS, AuthorRef(1, "")),
    "an author of few books": Filter("author", Op.EQUALS, AuthorRef(2, "")),
    "anonymous": Filter("author", Op.EMPTY),
}
"""Filters of books; none is on a column that is searched by its letters."""


def orders() -> Iterator[tuple[str, Criteria]]:
    """(name, criteria) of every order that has marks."""
    for name, table in TABLES.items():
        for column in table.columns:
            if column.sortable:
                yield from (_order(name, Sort(column.name, down)) for down in DOWN)
    for first, second in PAIRS:
        for down in DOWN:
            for other in DOWN if (first, second) == MIXED else (down,):
                yield _order("books", Sort(first, down), Sort(second, other))


def filters() -> Iterator[tuple[str, Criteria]]:
    """(name, criteria) of every filter: in the order of titles, and in that of its own column."""
    for name, one in FILTERS.items():
        yield f"{name}, by title", Criteria("books", (one,))
        yield f"{name}, by {one.column}", Criteria("books", (one,), (Sort(one.column),))


def _order(table: str, *sorts: Sort) -> tuple[str, Criteria]:
    criteria = Criteria(table, (), sorts)
    if not order_of(criteria).is_indexed:
        raise ValueError(f"{sorts} has no marks")
    words = ", ".join(f"{sort.column} {'↓' if sort.descending else '↑'}" for sort in sorts)
    return f"{table} by {words}", criteria
