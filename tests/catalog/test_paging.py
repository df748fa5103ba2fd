"""Marks and the page cache: the invariants that make any page one seek and memory bounded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from desk.catalog.criteria import Criteria
from desk.catalog.paging import Mark, Marks, Page, PageCache, PageRequest
from desk.catalog.rows import AuthorRow

VIEW = Criteria("authors")


def page(position: int, ids: list[int], rows: int = 4, version: int = 1) -> Page:
    found = tuple(AuthorRow(one, version, f"name {one}", None, None, None) for one in ids)
    end = Mark(position + len(found), (found[-1].id,)) if found else None
    return Page(PageRequest(VIEW, position, rows), found, tuple((str(one.id),) for one in found), end)


def test_an_empty_view_is_nearest_to_its_start() -> None:
    marks = Marks()
    assert marks.nearest(0) is None
    assert marks.nearest(10**9) is None
    assert marks.last is None


def test_the_nearest_mark_is_at_or_before_a_position() -> None:
    marks = Marks()
    marks.add(Mark(position, (position,)) for position in (3000, 1000, 2000))
    assert marks.nearest(999) is None
    assert marks.nearest(1000) == Mark(1000, (1000,))
    assert marks.nearest(2999) == Mark(2000, (2000,))
    assert marks.nearest(10**9) == marks.last == Mark(3000, (3000,))


def test_a_known_position_keeps_its_newest_key() -> None:
    marks = Marks()
    marks.add([Mark(10, ("old",)), Mark(10, ("new",))])
    assert len(marks) == 1
    assert marks.nearest(10) == Mark(10, ("new",))


def test_too_many_marks_are_thinned_to_every_second_one() -> None:
    marks = Marks(limit=4)
    marks.add(Mark(position, (position,)) for position in range(1, 6))
    assert [marks.nearest(position) for position in (1, 2, 3, 4, 5)] == [
        None, Mark(2, (2,)), Mark(2, (2,)), Mark(4, (4,)), Mark(4, (4,)),
    ]  # fmt: skip


@given(st.lists(st.integers(1, 500), max_size=200), st.integers(1, 20), st.integers(0, 600))
def test_marks_stay_bounded_and_true(positions: list[int], limit: int, wanted: int) -> None:
    marks = Marks(limit)
    for position in positions:
        marks.add([Mark(position, (position,))])
        assert len(marks) <= limit
    nearest = marks.nearest(wanted)
    assert nearest is None or (nearest.position <= wanted and nearest.key == (nearest.position,))


def test_a_walk_that_goes_on_from_the_last_mark_always_ends() -> None:
    marks = Marks(limit=3)
    steps = 0
    while marks.last is None or marks.last.position < 50:
        begin = marks.last.position if marks.last else 0
        marks.add([Mark(begin + 1, (begin + 1,))])
        steps += 1
        assert steps < 500
    assert len(marks) <= 3


def test_the_offset_of_a_request_counts_from_its_mark() -> None:
    assert PageRequest(VIEW, 250).offset == 250
    assert PageRequest(VIEW, 250, mark=Mark(200, (1,))).offset == 50


def test_a_page_shorter_than_asked_for_is_the_last() -> None:
    assert page(0, [1, 2, 3]).is_last
    assert not page(0, [1, 2, 3, 4]).is_last


def test_the_cache_answers_rows_with_their_texts_and_none_for_a_miss() -> None:
    cache = PageCache(page_rows=4)
    cache.place(page(4, [7, 8]))
    row, cells = cache.get(5) or (None, ())
    assert row is not None
    assert (row.id, cells) == (8, ("8",))
    assert cache.get(6) is None
    assert cache.get(0) is None
    assert (cache.position_of(8), cache.position_of(1)) == (5, None)


def test_the_page_unused_for_longest_is_forgotten_first() -> None:
    cache = PageCache(page_rows=1, capacity=2)
    cache.place(page(0, [1], rows=1))
    cache.place(page(1, [2], rows=1))
    cache.get(0)
    cache.place(page(2, [3], rows=1))
    assert cache.get(1) is None
    assert cache.get(0) is not None
    assert cache.position_of(2) is None


def test_a_record_that_moved_to_another_page_leaves_its_old_one() -> None:
    cache = PageCache(page_rows=2)
    cache.place(page(0, [1, 2], rows=2))
    cache.place(page(2, [2, 3], rows=2, version=2))
    assert cache.get(0) is None
    assert cache.position_of(2) == 2


def test_a_page_with_an_older_copy_of_a_moved_record_is_loaded_again_like_the_other() -> None:
    cache = PageCache(page_rows=2)
    cache.place(page(0, [1, 2], rows=2, version=2))
    cache.place(page(2, [2, 3], rows=2, version=1))
    assert len(cache) == 0
    assert cache.position_of(2) is None


def test_clearing_forgets_everything() -> None:
    cache = PageCache(page_rows=2)
    cache.place(page(0, [1, 2], rows=2))
    cache.clear()
    assert len(cache) == 0
    assert cache.position_of(1) is None


PAGES = st.tuples(
    st.integers(0, 9), st.lists(st.integers(1, 12), unique=True, min_size=0, max_size=4), st.integers(1, 3)
)


@given(st.lists(PAGES, max_size=40), st.integers(1, 5))
def test_the_cache_is_bounded_and_holds_a_record_once(placed: list[tuple[int, list[int], int]], capacity: int) -> None:
    cache = PageCache(page_rows=4, capacity=capacity)
    for number, ids, version in placed:
        cache.place(page(number * 4, ids, version=version))
        assert len(cache) <= capacity
        held = {position: cache.get(position) for position in range(40)}
        shown = {position: found[0].id for position, found in held.items() if found}
        assert len(set(shown.values())) == len(shown)
        for position, record_id in shown.items():
            assert cache.position_of(record_id) == position
        gone = set(range(1, 13)) - set(shown.values())
        assert all(cache.position_of(record_id) is None for record_id in gone)
