"""Orders: the terms of every sort, keys that compare as both databases do, and what typed text stands for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import combinations, pairwise, product
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from desk.catalog.columns import TABLES
from desk.catalog.criteria import Criteria, Sort
from desk.catalog.models import Author, Book
from desk.catalog.orders import GREATEST, Key, Order, Term, key_of_text, order_of

if TYPE_CHECKING:
    from desk.operations.connect import OpenCatalogue


def books(*sorts: tuple[str, bool]) -> Criteria:
    return Criteria("books", sorts=tuple(Sort(column, down) for column, down in sorts))


def fields(criteria: Criteria) -> list[tuple[str, bool]]:
    return [(term.field, term.descending) for term in order_of(criteria).terms]


def test_the_default_order_is_that_of_the_table() -> None:
    assert fields(Criteria("books")) == [("title_key", False), ("id", False)]
    assert fields(Criteria("authors")) == [("name_key", False), ("id", False)]


@pytest.mark.parametrize("down", [False, True])
def test_ties_are_broken_in_the_direction_of_the_sort_before_them(down: bool) -> None:
    assert fields(books(("language", down))) == [("language", down), ("title_key", down), ("id", down)]
    assert fields(books(("author", down))) == [
        ("author.name_key", down), ("author_id", down), ("title_key", down), ("id", down),
    ]  # fmt: skip
    assert fields(books(("author", not down), ("published_year", down))) == [
        ("author.name_key", not down), ("author_id", not down), ("published_year", down), ("id", down),
    ]  # fmt: skip
    assert fields(books(("price", not down), ("published_year", down))) == [
        ("price", not down), ("published_year", down), ("id", down),
    ]  # fmt: skip


def test_a_pair_with_the_title_is_the_order_of_its_first_column() -> None:
    for first, down in product(("language", "published_year"), (False, True)):
        assert order_of(books((first, down), ("title", down))) == order_of(books((first, down)))


def test_a_column_that_is_sorted_twice_counts_once() -> None:
    assert fields(books(("title", True), ("price", False), ("title", False))) == [
        ("title_key", True), ("price", False), ("id", False),
    ]  # fmt: skip


def test_every_single_order_and_the_listed_pairs_are_indexed() -> None:
    for table in TABLES.values():
        for column in (one.name for one in table.columns if one.sortable):
            for down in (False, True):
                assert order_of(Criteria(table.name, sorts=(Sort(column, down),))).is_indexed
    directions = list(product((False, True), repeat=2))
    sortable = [one.name for one in TABLES["books"].columns if one.sortable]
    indexed = {
        (first, second, one == other)
        for first, second in combinations([*sortable, *sortable[::-1]], 2)
        for one, other in directions
        if first != second and order_of(books((first, one), (second, other))).is_indexed
    }
    assert indexed == {
        ("author", "published_year", True),
        ("author", "published_year", False),
        ("language", "title", True),
        ("published_year", "title", True),
    }


@pytest.mark.parametrize("column", ["contributors", "notes", "nothing"])
def test_a_column_that_cannot_be_sorted_is_a_key_error(column: str) -> None:
    with pytest.raises(KeyError):
        order_of(books((column, False)))


ONE = Order((Term("isbn", descending=False, nullable=True), Term("id", descending=False, nullable=False)), True)
DOWN = Order((Term("isbn", descending=True, nullable=True), Term("id", descending=True, nullable=False)), True)
KEYS = st.tuples(
    st.none() | st.text(max_size=3) | st.sampled_from(["\udcff", "\udc80a", "é", "\U0001f600"]), st.integers(0, 9)
)


@given(KEYS, KEYS, KEYS)
def test_comparing_is_a_total_order(a: Key, b: Key, c: Key) -> None:
    for order in (ONE, DOWN):
        assert (order.compare(a, b) < 0) == (order.compare(b, a) > 0)
        assert (order.compare(a, b) == 0) == (a == b)
        if order.compare(a, b) <= 0 and order.compare(b, c) <= 0:
            assert order.compare(a, c) <= 0


@given(KEYS)
def test_a_missing_value_is_last_in_both_directions(key: Key) -> None:
    if key[0] is not None:
        assert all(order.compare(key, (None, key[1])) < 0 < order.compare((None, key[1]), key) for order in (ONE, DOWN))


@given(KEYS)
def test_the_beginning_of_a_key_is_before_all_that_begin_with_it(key: Key) -> None:
    for order in (ONE, DOWN):
        assert order.compare(key[:1], key) < 0 < order.compare(key, key[:1])


@given(KEYS, KEYS)
def test_nothing_is_between_a_row_and_the_place_just_before_it(key: Key, other: Key) -> None:
    for order in (ONE, DOWN):
        before = order.before(key)
        assert order.compare(before, key) < 0
        assert not order.compare(before, other) < 0 < order.compare(key, other)


def compared(catalogue: OpenCatalogue, model: type[Book] | type[Author], column: Any, field: str) -> list[Any]:
    """Asserts that the keys of a column, as the database sorts and gives them, compare so; answers its values."""
    sorted_keys: list[Key] = []
    for down in (False, True):
        ordered = (column.desc() if down else column.asc()).nulls_last()
        order = Order((Term(field, down, True), Term("id", down, False)), True)
        with catalogue.sessions.reading("compare") as session:
            found = session.execute(select(column, model.id).order_by(ordered, model.id.desc() if down else model.id))
            sorted_keys = [tuple(row) for row in found]
        for one, other in pairwise(sorted_keys):
            assert order.compare(one, other) < 0 < order.compare(other, one), (one, other)
    return [key[0] for key in sorted_keys]


STORED: dict[tuple[str, str], tuple[str, ...]] = {
    ("sqlite", "price"): ("1250", "12.5", "99999999999", "-3", "'abc'", "''", "x'00'", "1e300", "9e999", "NULL"),
    ("postgresql", "price"): ("12.50", "12.5", "0", "-1", "'NaN'", "9999999999.99", "NULL"),
    ("sqlite", "published_year"): ("1984", "-720", "1984.5", "'MCM'", "''", "x'00'", "9223372036854775807", "NULL"),
    ("postgresql", "published_year"): ("1984", "-720", "0", "2147483647", "NULL"),
    ("sqlite", "updated_at"): (
        "'2024-02-29 12:00:00.000001'", "'2024-02-29 12:00:00.000000'", "'2024-02-30 12:00:00.000000'", "'yesterday'",
        "''", "12", "x'00'", "'-1'", "'infinity'",
    ),
    ("postgresql", "updated_at"): (
        "'2024-02-29 12:00:00.000001+00'", "'2024-02-29 12:00:00+01'", "'infinity'", "'-infinity'",
        "'0044-03-15 10:00:00+00 BC'", "'0044-03-16 10:00:00+00 BC'", "'4000-01-01 10:00:00+00 BC'",
        "'10000-01-01 00:00:00+00'", "'200000-01-01 00:00:00+00'", "'0044-03-15 10:00:00+00'",
    ),
    ("sqlite", "isbn"): (
        "'a'", "''", "'é'", "'z'", "'が'", "'😀'", "'｡'", "CAST(x'ff' AS TEXT)", "CAST(x'61ff' AS TEXT)", "12",
        "CAST(x'eda080' AS TEXT)", "CAST(x'80' AS TEXT)", "x'61'", "NULL",
    ),
    ("postgresql", "isbn"): ("'a'", "''", "'é'", "'z'", "'が'", "'😀'", "'｡'", "'A'", "' '", "NULL"),
}  # fmt: skip


@pytest.mark.parametrize("field", ["price", "published_year", "updated_at", "isbn"])
def test_keys_compare_as_the_database_sorts_them(catalogue: OpenCatalogue, field: str) -> None:
    stored = STORED[catalogue.info.kind, field]
    with catalogue.sessions.writing("store") as session:
        for value in stored:
            when = "" if field == "updated_at" else ", updated_at"
            now = "" if field == "updated_at" else ", CURRENT_TIMESTAMP"
            session.execute(
                text(
                    f"INSERT INTO books (title, title_key, {field}, created_at, version{when})"
                    f" VALUES ('', '', {value}, CURRENT_TIMESTAMP, 1{now})".replace(":", "\\:")
                )
            )
        session.commit()
    assert len(compared(catalogue, Book, getattr(Book, field), field)) == len(stored)


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4)


@given(names=st.lists(TEXTS, min_size=2))
def test_texts_compare_by_their_bytes(shared_catalogue: OpenCatalogue, names: list[str]) -> None:
    order = Order((Term("isbn", False, True),), True)
    with shared_catalogue.sessions.reading("compare") as session:
        rows = " UNION ALL ".join(f"SELECT :n{at} AS one" for at in range(len(names)))
        collation = ' COLLATE "C"' if shared_catalogue.info.kind == "postgresql" else ""
        statement = text(f"SELECT one FROM ({rows}) AS names ORDER BY one{collation}")
        found = session.scalars(statement, {f"n{at}": name for at, name in enumerate(names)}).all()
    assert all(order.compare((one,), (other,)) <= 0 for one, other in pairwise(found))


TYPED = [
    ("title", "The Hobbit", "hobbit"),
    ("title", "ODYSSÉE", "odyssee"),
    ("title", " ", None),
    ("title", "\0", None),
    ("title", "\udcff", None),
    ("author", "García", "garcia"),
    ("isbn", "0-261-10334-2", "9780261103344"),
    ("isbn", "978-0", "9780"),
    ("isbn", "-", None),
    ("language", "EN-us", "en-us"),
    ("published_year", "1984", 1984),
    ("published_year", "720 BCE", -720),
    ("published_year", "-", None),
    ("published_year", "abc", None),
    ("price", "12,5", Decimal("12.50")),
    ("price", "x", None),
    ("updated_at", "next year", None),
    ("updated_at", "99999", None),
]


@pytest.mark.parametrize(("column", "typed", "value"), TYPED)
def test_typed_text_stands_for_a_value_of_the_first_term(column: str, typed: str, value: Any) -> None:
    assert key_of_text(books((column, False), ("title", True)), typed) == value


@pytest.mark.parametrize(("column", "typed", "value"), TYPED)
def test_in_a_descending_order_it_is_the_greatest_text_of_that_beginning(column: str, typed: str, value: Any) -> None:
    greatest = value + GREATEST if isinstance(value, str) else value
    assert key_of_text(books((column, True)), typed) == greatest


def test_a_typed_moment_is_its_begin_in_local_time_and_its_end_when_descending() -> None:
    for typed, begin, end in (
        ("2024", datetime(2024, 1, 1), datetime(2025, 1, 1)),
        ("2024-02", datetime(2024, 2, 1), datetime(2024, 3, 1)),
        ("2024-12", datetime(2024, 12, 1), datetime(2025, 1, 1)),
        ("2024-02-29", datetime(2024, 2, 29), datetime(2024, 3, 1)),
        ("2024-02-29 23:59", datetime(2024, 2, 29, 23, 59), datetime(2024, 3, 1)),
    ):
        assert key_of_text(books(("updated_at", False)), typed) == begin.astimezone(UTC)
        edge = end - timedelta(microseconds=1)
        assert key_of_text(books(("updated_at", True)), typed) == edge.astimezone(UTC)
