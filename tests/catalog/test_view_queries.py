"""What the statements of views ask of a database: runs of indexes, and never a sort of everything."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from desk.catalog import ranges, view_queries
from desk.catalog.criteria import Criteria, Filter, Op, Sort
from desk.catalog.rows import AuthorRef
from desk.database.prepared import Prepared
from tests.operations.test_locating import PAIRS
from tests.operations.test_pages import SINGLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from desk.operations.connect import OpenCatalogue

ORDERS = [Criteria(table, sorts=sorts) for table, sorts in (*SINGLES, *PAIRS)]
FILTERS = (Filter("isbn", Op.EMPTY), Filter("price", Op.RANGE, Decimal(1), Decimal(5)))
UNWANTED = ("seqscan", "bitmapscan", "sort", "hashjoin", "mergejoin", "material")
"""Ways that a server prefers for a few rows. Forbidden, it still takes them where it knows no other."""
SOME = {"Text": "m", "Price": Decimal(5), "UtcTime": datetime(2024, 2, 29, tzinfo=UTC)}
"""A value of each type of column; the others hold whole numbers."""


def plan(catalogue: OpenCatalogue, statement: Any, criteria: Criteria) -> list[str]:
    """The lines of a statement's plan, with any values for its parameters."""
    values: dict[str, Any] = {"ids": (1, 2), "rows": 1, "passed": 5, "reach": 6}
    for (place, step), prefix in product(enumerate(ranges.steps_of(criteria)), ("key", "low", "high")):
        values[f"{prefix}_{place}"] = SOME.get(type(step.column.type).__name__, 5)
    with catalogue.sessions.reading("explain") as session:
        connection = session.connection()
        prepared = Prepared(statement, connection.dialect)
        given = prepared.parameters(**values)
        if connection.dialect.name == "sqlite":
            return [str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {prepared.text}", given)]
        for way in UNWANTED:
            connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        return [str(row[0]).strip() for row in connection.exec_driver_sql(f"EXPLAIN {prepared.text}", given)]


def costly(lines: list[str]) -> list[str]:
    """What of a plan reads all of a table, or sorts more than the ties of an index."""
    return [
        line
        for line in lines
        if "TEMP B-TREE" in line
        or line.removeprefix("->").strip().startswith(("Sort  ", "Seq Scan"))
        or line in ("SCAN books", "SCAN authors")
    ]


def shapes(criteria: Criteria) -> list[str | None]:
    """The start or the end of a view, keys with all values, and keys that miss what may be missing."""
    steps = ranges.steps_of(criteria)
    lacking = "".join(ranges.MISSING if step.nullable else ranges.KNOWN for step in steps)
    if criteria.sorts[0].column == "author":  # the author's id is missing with the name
        lacking = ranges.MISSING * 2 + lacking[2:]
    return [None, ranges.KNOWN * len(steps), lacking]


@pytest.mark.parametrize("criteria", ORDERS, ids=str)
def test_no_order_is_sorted(shared_catalogue: OpenCatalogue, criteria: Criteria) -> None:
    for shape in shapes(criteria):
        statement = view_queries.step_select(criteria, shape, shared_catalogue.sessions.dialect)
        assert not costly(plan(shared_catalogue, statement, criteria)), shape


@pytest.mark.parametrize("criteria", ORDERS, ids=str)
def test_no_order_is_sorted_when_it_is_read_backwards(shared_catalogue: OpenCatalogue, criteria: Criteria) -> None:
    for shape in shapes(criteria):
        statement = view_queries.page_select(criteria, shape, shared_catalogue.sessions.dialect, backwards=True)
        lines = plan(shared_catalogue, statement, criteria)
        assert len(costly(lines)) <= 1, shape  # the rows of the page themselves
        if shared_catalogue.sessions.dialect == "sqlite":
            assert lines.index("SCAN run") < lines.index("USE TEMP B-TREE FOR ORDER BY")


@pytest.mark.parametrize("criteria", [one for one in ORDERS if one.table == "books"], ids=str)
def test_no_filter_takes_an_order_off_its_index(shared_catalogue: OpenCatalogue, criteria: Criteria) -> None:
    filtered = Criteria("books", FILTERS, criteria.sorts, "hob")
    for shape in shapes(filtered):
        if not ranges.narrowed(ranges.behind(ranges.steps_of(filtered), shape), FILTERS):
            continue  # behind the last price there is no row with one
        statement = view_queries.step_select(filtered, shape, shared_catalogue.sessions.dialect)
        assert not costly(plan(shared_catalogue, statement, filtered)), shape


@pytest.mark.parametrize("descending", [False, True])
def test_only_the_authors_that_a_filter_leaves_are_read(shared_catalogue: OpenCatalogue, descending: bool) -> None:
    dialect = shared_catalogue.sessions.dialect
    anonymous, one = Filter("author", Op.EMPTY), Filter("author", Op.EQUALS, AuthorRef(1, ""))
    for second in ((), (Sort("published_year"),)):
        sorts = (Sort("author", descending), *second)
        criteria = Criteria("books", (anonymous,), sorts)
        assert "authors" not in str(view_queries.step_select(criteria, None, dialect))
        if dialect == "sqlite":  # a server knows from its statistics which way is the shorter one
            criteria = Criteria("books", (one,), sorts)
            lines = plan(shared_catalogue, view_queries.step_select(criteria, None, dialect), criteria)
            assert "SEARCH authors USING INTEGER PRIMARY KEY (rowid=?)" in lines


def test_a_range_of_years_does_not_take_titles_off_their_index(shared_catalogue: OpenCatalogue) -> None:
    criteria = Criteria("books", (Filter("published_year", Op.RANGE, 1900, 1999),), (Sort("title"),))
    lines = plan(
        shared_catalogue, view_queries.step_select(criteria, "++", shared_catalogue.sessions.dialect), criteria
    )
    assert any("ix_books_title_key_id" in line for line in lines)
    assert not costly(lines)


def test_few_rows_are_found_by_their_filter_and_not_along_their_order(shared_catalogue: OpenCatalogue) -> None:
    if shared_catalogue.sessions.dialect != "sqlite":
        pytest.skip("a server knows from its statistics which way is the shorter one")
    for low, high in ((Decimal(1), Decimal(5)), (None, Decimal(5)), (Decimal(5), None)):
        criteria = Criteria("books", (Filter("price", Op.RANGE, low, high),), (Sort("title"),))
        lines = plan(shared_catalogue, view_queries.few_select(criteria), criteria)
        assert any("ix_books_price_id" in line for line in lines), (low, high)


def test_equality_goes_along_with_the_title(shared_catalogue: OpenCatalogue) -> None:
    for one in (Filter("language", Op.EQUALS, "en"), Filter("published_year", Op.EQUALS, 1925)):
        criteria = Criteria("books", (one,), (Sort("title"),))
        statement = view_queries.step_select(criteria, "++", shared_catalogue.sessions.dialect)
        lines = plan(shared_catalogue, statement, criteria)
        assert any(f"ix_books_{one.column}_title_key_id" in line for line in lines)
        assert not costly(lines)


@pytest.mark.parametrize(
    "make",
    [
        lambda: view_queries.listed_select("books"),
        lambda: view_queries.listed_select("authors"),
        view_queries.contributors_select,
        view_queries.book_counts_select,
        lambda: view_queries.hits_select(Criteria("books", FILTERS, search="hob")),
        lambda: view_queries.keys_select(Criteria("books", FILTERS, search="hob")),
        lambda: view_queries.before_select(Criteria("books", FILTERS), "+", listed=True),
    ],
)
def test_named_records_are_looked_up(shared_catalogue: OpenCatalogue, make: Callable[[], Any]) -> None:
    lines = [
        line
        for line in plan(shared_catalogue, make(), Criteria("books"))
        if "ORDER BY" not in line and "Sort" not in line
    ]
    assert not costly(lines)
    assert not any(line.startswith(("SCAN books", "SCAN authors", "SCAN contributions")) for line in lines)


@pytest.mark.parametrize("criteria", ORDERS, ids=str)
def test_rows_between_two_keys_are_counted_in_indexes(shared_catalogue: OpenCatalogue, criteria: Criteria) -> None:
    known = ranges.KNOWN * len(ranges.steps_of(criteria))
    for low, common in ((None, 0), (known, 0), (known, 1)):
        statement = view_queries.between_select(criteria, low, known, common)
        assert not costly(plan(shared_catalogue, statement, criteria))
