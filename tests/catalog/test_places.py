"""Places: any page from the nearest true mark, in bounded memory, and marks that a commit of our own moves along."""

from __future__ import annotations

import tracemalloc
from bisect import bisect_right
from functools import cmp_to_key
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from desk.catalog.criteria import Criteria, Sort
from desk.catalog.orders import Key, order_of
from desk.catalog.paging import Hits, Mark, Page, PageRequest
from desk.catalog.places import MARKS_KEPT, Places
from desk.catalog.rows import AuthorRow
from tests.support.walking import in_order, page_of

VIEW = Criteria("authors", sorts=(Sort("birth_year"),))
DOWN = Criteria("authors", sorts=(Sort("birth_year", descending=True),))


def numbered(*positions: int, **more: Any) -> Places:
    """Marks whose keys are their positions."""
    places = Places(VIEW, **more)
    places.add(Mark(position, (position, position)) for position in positions)
    return places


def positions_of(places: Places) -> list[int]:
    return [mark.position for mark in places.marks]


# Requests


def test_with_nothing_known_rows_are_counted_from_the_start() -> None:
    request = Places(VIEW).request(700)
    assert (request.mark, request.offset, request.limit, request.is_backwards) == (None, 700, 100, False)


def test_rows_are_counted_from_whichever_mark_is_nearer() -> None:
    places = numbered(1000, 2000)
    forwards, backwards = places.request(1400), places.request(1500)
    assert (forwards.mark, forwards.offset, forwards.is_backwards) == (Mark(1000, (1000, 1000)), 400, False)
    assert (backwards.mark, backwards.offset, backwards.is_backwards) == (Mark(1999, (2000, 1999)), 399, True)
    assert places.request(300).mark is None
    assert places.request(700).mark == Mark(999, (1000, 999))
    assert places.request(900).mark == Mark(1000, (1000, 1000))
    assert places.request(5000).offset == 3000


def test_an_exact_end_is_counted_from_and_cuts_the_page_off() -> None:
    places = numbered(1000)
    places.note_total(2130, is_exact=False)
    assert places.request(2100) == PageRequest(VIEW, 2100, mark=Mark(1000, (1000, 1000)))
    places.note_total(2130, is_exact=True)
    last = places.request(2100)
    assert (last.mark, last.limit, last.offset, last.is_backwards) == (Mark(2130, None), 30, 0, True)
    assert (places.request(1900).offset, places.request(1900).limit) == (130, 100)
    beyond = places.request(2130)
    assert (beyond.limit, beyond.is_backwards) == (100, False)


def test_a_listed_view_asks_for_its_ids() -> None:
    places = Places(VIEW, Hits(tuple(range(7, 257)), complete=True))
    assert (places.total, places.is_exact) == (250, True)
    assert places.request(200) == PageRequest(VIEW, 200, ids=tuple(range(207, 257)))
    assert places.request(300).ids == ()
    places.learn(page_of(PageRequest(VIEW, 0), [(1, 1)]))
    assert len(places) == 0
    assert not Places(VIEW, Hits((1, 2), complete=False)).is_exact


def test_the_page_beside_one_that_was_loaded_is_counted_from_it() -> None:
    keys: list[Key] = [(number, number) for number in range(3000)]
    places = Places(VIEW)
    places.add([Mark(1000, keys[999]), Mark(2000, keys[1999])])
    page = page_of(PageRequest(VIEW, 1000, mark=places.marks[0]), keys)
    places.learn(page)
    assert places.request(1100).mark == page.end == Mark(1100, keys[1099])
    before = places.request(900)
    assert (before.mark, before.offset, before.is_backwards) == (Mark(1000, (1000, 999)), 0, True)


def test_the_first_page_is_always_counted_from_the_start() -> None:
    keys: list[Key] = [(number, number) for number in range(3000)]
    places = Places(VIEW)
    places.learn(page_of(PageRequest(VIEW, 100), keys))
    assert places.request(0) == PageRequest(VIEW, 0)


@given(
    st.sets(st.integers(0, 400), min_size=1).map(sorted),
    st.lists(st.integers(0, 450), max_size=12),
    st.integers(0, 420),
    st.integers(1, 30),
    st.booleans(),
)
def test_any_page_is_right_whatever_is_known(
    ids: list[int], marked: list[int], position: int, limit: int, is_exact: bool
) -> None:
    for criteria in (VIEW, DOWN):
        keys = in_order([(None if one % 7 == 0 else one // 5, one) for one in ids], criteria)
        places = Places(criteria)
        places.add(Mark(at + 1, keys[at]) for at in marked if at < len(keys))
        if is_exact:
            places.note_total(len(keys), is_exact=True)
        for at in (position, position + limit, max(position - limit, 0)):
            request = places.request(at, limit)
            assert request.offset >= 0
            assert request.limit <= limit
            page = page_of(request, keys)
            assert list(page.keys) == keys[at : at + limit]
            assert page.is_last == (not request.is_backwards and at + limit > len(keys))
            assert not page.is_misplaced
            places.learn(page)
            assert places.marks == tuple(Mark(one.position, keys[one.position - 1]) for one in places.marks)


# Marks


def test_marks_are_kept_in_order_and_the_newest_key_of_a_position() -> None:
    places = numbered(3000, 1000, 2000)
    assert positions_of(places) == [1000, 2000, 3000]
    places.add([Mark(2000, (1999, 7))])
    assert places.marks[1] == Mark(2000, (1999, 7))
    assert places.marks[-1] == Mark(3000, (3000, 3000))


def test_marks_that_contradict_a_newer_one_are_forgotten() -> None:
    places = numbered(1000, 2000, 3000, 4000)
    places.note_total(5000, is_exact=True)
    places.add([Mark(2000, (2000, 2000)), Mark(2200, (2200, 1))])
    assert (places.total, places.is_exact) == (5000, True)
    places.add([Mark(2500, (1500, 1))])
    assert (places.total, places.is_exact) == (5000, False)
    assert positions_of(places) == [1000, 2500, 3000, 4000]
    places.add([Mark(2600, (3000, 3000))])
    assert positions_of(places) == [1000, 2500, 2600, 4000]


def test_the_beginning_of_a_key_stands_before_its_rows_and_beside_the_mark_that_ends_there() -> None:
    places = numbered(1000, 2000)
    places.note_total(3000, is_exact=True)
    places.add([Mark(1000, (1001,)), Mark(1500, (1500,))])
    assert (positions_of(places), places.is_exact) == ([1000, 1500, 2000], True)
    assert places.request(1300, 100).mark == Mark(1500, (1500,))  # no row of its own can be gone
    assert places.around((1500, 1)) == Mark(1500, (1500,))
    places.shift(gone=[], come=[(1500, 1), (1000, 7)])
    assert positions_of(places) == [1001, 1501, 2002]
    places.add([Mark(1600, (1499,))])
    assert places.is_exact is False


def test_the_mark_around_a_key_is_the_last_at_or_before_it() -> None:
    places = numbered(1000, 2000)
    assert places.around((999, 0)) is None
    assert places.around((1000, 1000)) == places.around((1999, 5)) == Mark(1000, (1000, 1000))
    assert places.around((None, 5)) == Mark(2000, (2000, 2000))
    assert places.around((2000,)) == Mark(1000, (1000, 1000))


@given(st.lists(st.integers(1, 5000), max_size=300), st.integers(1, 20))
def test_marks_stay_bounded_true_and_in_order(positions: list[int], limit: int) -> None:
    places = Places(VIEW, marks_kept=limit)
    for position in positions:
        places.add([Mark(position, (position, position))])
        assert len(places) <= limit
        found = positions_of(places)
        assert found == sorted(set(found))
        assert all(mark.key == (mark.position, mark.position) for mark in places.marks)
    assert places.total == max(positions, default=0)


def test_marks_of_a_walk_are_thinned_to_every_second_one() -> None:
    places = numbered(marks_kept=10)
    for step in range(1, 16):
        places.add([Mark(step * 1000, (step, step))])
    assert positions_of(places) == [*range(1000, 11001, 2000), 12000, 13000, 14000, 15000]


def test_a_walk_that_goes_on_from_the_last_mark_always_ends() -> None:
    for kept in (1, 2, 3):
        places, steps = Places(VIEW, marks_kept=kept), 0
        while not places.marks or places.marks[-1].position < 50:
            begin = places.marks[-1].position if places.marks else 0
            places.add([Mark(begin + 1, (begin + 1, begin + 1))])
            steps += 1
            assert steps <= 50


def test_the_marks_of_ten_million_rows_and_of_a_thousand_pages_take_less_than_6_mb() -> None:
    view = Criteria("books", sorts=(Sort("author"),))

    def mark(position: int) -> Mark:
        name, title = f"surname {position:08}, name", f"a title of the usual length {position:08}"
        return Mark(position, (name, 10**6 + position, title, 10**7 + position))

    tracemalloc.start()
    places = Places(view)
    for position in range(1000, 10_000_001, 1000):
        places.add([mark(position)])
    assert len(places) == 10_000
    for number in range(1000):
        position = number * 79_190 % 9_999_000 // 100 * 100
        begin, end = mark(position + 1), mark(position + 100)
        rows = (AuthorRow(1, 1, "", None, None, None),) * 100
        keys = (begin.key or (), *[()] * 98, end.key or ())
        places.learn(Page(places.request(position), rows, ((),) * 100, end, keys=keys))
    size, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 10_000 < len(places) <= MARKS_KEPT
    assert size < 6_000_000


# Totals


def test_an_estimate_takes_the_place_of_no_exact_number() -> None:
    places = numbered(100)
    assert (places.total, places.is_exact) == (100, False)
    places.note_total(50, is_exact=False)
    assert places.total == 100
    places.note_total(5000, is_exact=False)
    assert (places.total, places.is_exact) == (5000, False)
    places.note_total(200, is_exact=True)
    places.note_total(999, is_exact=False)
    assert (places.total, places.is_exact) == (200, True)


def test_an_exact_number_forgets_the_marks_behind_it_and_a_mark_behind_it_doubts_the_number() -> None:
    places = numbered(100, 200, 300)
    places.note_total(200, is_exact=True)
    assert positions_of(places) == [100, 200]
    places.add([Mark(250, (250, 250))])
    assert (places.total, places.is_exact) == (250, False)


def test_a_page_tells_where_the_view_ends() -> None:
    keys: list[Key] = [(number, number) for number in range(30)]
    places = Places(VIEW)
    places.note_total(1000, is_exact=False)
    places.learn(page_of(places.request(500, 100), keys))
    assert (places.total, places.is_exact) == (500, False)
    places.learn(page_of(places.request(0, 100), keys))
    assert (places.total, places.is_exact) == (30, True)
    empty = Places(VIEW)
    empty.learn(page_of(empty.request(0), []))
    assert (empty.total, empty.is_exact) == (0, True)


def test_a_page_that_reached_the_start_backwards_too_early_makes_everything_untrue() -> None:
    keys: list[Key] = [(number, number) for number in range(3000)]
    places = Places(VIEW)
    places.add([Mark(1000, keys[999]), Mark(2000, keys[1999])])
    page = page_of(places.request(800), keys[950:])
    assert page.is_misplaced
    assert not page.is_last
    places.learn(page)
    assert len(places) == 0
    assert not places.is_exact


# Commits of our own

SHIFTED = st.tuples(st.integers(0, 9) | st.none(), st.integers(0, 40))


@given(
    st.sets(SHIFTED, max_size=40),
    st.sets(SHIFTED, max_size=15),
    st.sets(SHIFTED, max_size=15),
    st.lists(st.integers(0, 60), max_size=10),
    st.booleans(),
)
def test_marks_and_total_move_with_the_rows_of_a_commit(
    before: set[Key], gone: set[Key], come: set[Key], marked: list[int], down: bool
) -> None:
    criteria = DOWN if down else VIEW
    gone &= before
    behind = (before - gone) | come  # a row that moved but kept its key left and came
    keys = in_order(list(before), criteria)
    places = Places(criteria)
    places.add(Mark(at + 1, keys[at]) for at in marked if at < len(keys))
    places.note_total(len(keys), is_exact=True)
    places.shift(list(gone), list(come - (before - gone)))
    compare = cmp_to_key(order_of(criteria).compare)
    after = [compare(key) for key in in_order(list(behind), criteria)]
    assert (places.total, places.is_exact) == (len(after), True)
    found = places.marks
    assert [mark.position for mark in found] == sorted({mark.position for mark in found})
    for mark in found:
        assert mark.key is not None
        assert mark.position == bisect_right(after, compare(mark.key)) > 0


def test_a_listed_view_loses_what_is_gone_and_keeps_what_moved() -> None:
    places = Places(VIEW, Hits((5, 6, 7, 8), complete=True))
    places.shift([(1900, 6), (1901, 7)], [(1950, 7)])
    assert places.hits == Hits((5, 7, 8), complete=True)
    assert (places.total, places.is_exact) == (3, True)


def test_forgetting_keeps_the_total_as_a_guess() -> None:
    places = numbered(100, 200)
    places.note_total(250, is_exact=True)
    places.forget()
    assert (len(places), places.total, places.is_exact) == (0, 250, False)
    assert places.request(100).mark is None


def test_a_snapshot_does_not_change_with_the_places() -> None:
    places = numbered(100, 200)
    twin = places.snapshot()
    places.add([Mark(300, (300, 300))])
    places.note_total(1000, is_exact=True)
    assert (positions_of(twin), twin.total, twin.is_exact) == ([100, 200], 200, False)
    assert positions_of(places) == [100, 200, 300]
