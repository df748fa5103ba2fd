"""Filters and sorts of a view: frozen, and changed by clicks."""

from __future__ import annotations

from desk.catalog.criteria import Criteria, Filter, Op, Sort

BOOKS = Criteria("books")


def test_a_click_sorts_by_the_column_and_a_second_one_turns_it_round() -> None:
    once = BOOKS.sorted_by("price", add=False)
    assert once.sorts == (Sort("price"),)
    twice = once.sorted_by("price", add=False)
    assert twice.sorts == (Sort("price", descending=True),)
    assert twice.sorted_by("price", add=False).sorts == (Sort("price"),)


def test_a_click_on_another_column_starts_over() -> None:
    sorted_twice = BOOKS.sorted_by("price", add=False).sorted_by("title", add=True)
    assert sorted_twice.sorted_by("isbn", add=False).sorts == (Sort("isbn"),)


def test_a_shift_click_adds_a_second_column_and_turns_round_a_known_one() -> None:
    pair = BOOKS.sorted_by("price", add=False).sorted_by("title", add=True)
    assert pair.sorts == (Sort("price"), Sort("title"))
    assert pair.sorted_by("title", add=True).sorts == (Sort("price"), Sort("title", descending=True))
    assert pair.sorted_by("price", add=True).sorts == (Sort("price", descending=True), Sort("title"))


def test_a_third_column_takes_the_place_of_the_second() -> None:
    pair = BOOKS.sorted_by("price", add=False).sorted_by("title", add=True)
    assert pair.sorted_by("isbn", add=True).sorts == (Sort("price"), Sort("isbn"))


def test_a_shift_click_without_an_order_is_a_click() -> None:
    assert BOOKS.sorted_by("isbn", add=True).sorts == (Sort("isbn"),)


def test_a_filter_replaces_the_one_of_the_same_column_and_comparison() -> None:
    first = Filter("price", Op.RANGE, 1, 2)
    other = Filter("price", Op.EMPTY)
    second = Filter("price", Op.RANGE, 3, 4)
    criteria = BOOKS.with_filter(first).with_filter(other).with_filter(second)
    assert criteria.filters == (other, second)
    assert criteria.without_filter(other).filters == (second,)
    assert BOOKS.filters == ()


def test_criteria_narrow_only_by_filter_or_search() -> None:
    assert not BOOKS.narrows
    assert not BOOKS.sorted_by("price", add=False).narrows
    assert BOOKS.with_filter(Filter("price", Op.EMPTY)).narrows
    assert Criteria("books", search="x").narrows


def test_equal_criteria_are_one_key() -> None:
    assert len({Criteria("books"), Criteria("books"), Criteria("authors")}) == 2
