"""The page cache: bounded, each record once, pages in the order of the view and none beside one that it may not fit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from desk.catalog.criteria import Criteria
from desk.catalog.page_cache import PageCache
from desk.catalog.paging import Mark, Page, PageRequest
from desk.catalog.rows import AuthorRow

VIEW = Criteria("authors")


def page(position: int, ids: list[int], rows: int = 4, version: int = 1) -> Page:
    found = tuple(AuthorRow(one, version, f"name {one}", None, None, None) for one in ids)
    end = Mark(position + len(found), (found[-1].id,)) if found else None
    return Page(PageRequest(VIEW, position, rows), found, tuple((str(one.id),) for one in found), end)


def keyed(position: int, keys: list[int], mark: Mark | None = None) -> Page:
    """A page of two rows whose keys and ids are `keys`, counted from `mark`."""
    found = tuple(AuthorRow(one, 1, f"name {one}", None, None, None) for one in keys)
    end = Mark(position + len(found), ("", keys[-1]))
    request = PageRequest(VIEW, position, 2, mark)
    return Page(request, found, ((),) * len(found), end, keys=tuple(("", one) for one in keys))


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


# The order of the view

FAR = Mark(0, ("", 0))


def test_a_page_that_contradicts_the_order_is_forgotten() -> None:
    cache = PageCache(page_rows=2)
    cache.place(keyed(0, [3, 4], FAR))
    cache.place(keyed(6, [7, 8], FAR))
    cache.place(keyed(2, [1, 2], FAR))
    assert cache.get(0) is None
    assert cache.get(2) is not None
    assert cache.get(6) is not None
    cache.place(keyed(4, [9], FAR))
    assert cache.get(6) is None


def test_a_page_beside_one_that_was_counted_from_elsewhere_is_stale() -> None:
    cache = PageCache(page_rows=2)
    cache.place(keyed(2, [5, 6], Mark(2, ("", 4))))
    cache.place(keyed(0, [1, 2]))
    assert cache.is_stale(2)
    assert not cache.is_stale(0)


def test_pages_that_were_counted_from_each_other_or_from_one_place_fit_together() -> None:
    for low, high in (
        (keyed(0, [1, 2]), keyed(2, [3, 4], Mark(2, ("", 2)))),
        (keyed(0, [1, 2], Mark(2, ("", 2))), keyed(2, [3, 4], FAR)),
        (keyed(0, [1, 2], FAR), keyed(2, [3, 4], FAR)),
        (keyed(0, [1, 2]), keyed(2, [3, 4])),
        (keyed(0, [1, 2], Mark(2, ("", 2))), keyed(2, [3])),
    ):
        for first, second in ((low, high), (high, low)):
            cache = PageCache(page_rows=2)
            cache.place(first)
            cache.place(second)
            assert not any(map(cache.is_stale, range(4)))


def test_a_page_that_is_loaded_again_and_ends_as_before_leaves_its_neighbours_alone() -> None:
    cache = PageCache(page_rows=2)
    cache.place(keyed(0, [1, 2], FAR))
    cache.place(keyed(2, [3, 4], FAR))
    cache.place(keyed(4, [5, 6], FAR))
    cache.place(keyed(2, [3, 4], Mark(9, ("", 9))))
    assert not any(map(cache.is_stale, range(6)))
    cache.place(keyed(2, [3, 5], Mark(9, ("", 9))))
    assert [cache.is_stale(position) for position in (0, 2)] == [False, False]
    assert cache.get(4) is None  # it held 5, too


def test_what_is_stale_is_shown_until_it_is_loaded_anew() -> None:
    cache = PageCache(page_rows=2)
    cache.place(page(0, [1, 2], rows=2))
    cache.mark_stale()
    assert cache.is_stale(1)
    assert cache.get(1) is not None
    cache.place(page(0, [1, 2], rows=2))
    assert not cache.is_stale(1)


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.lists(st.integers(10, 40), unique=True, min_size=1, max_size=2), st.booleans()),
        max_size=30,
    )
)
def test_what_is_shown_is_always_in_order_and_each_record_once(placed: list[tuple[int, list[int], bool]]) -> None:
    cache = PageCache(page_rows=2)
    for number, keys, is_far in placed:
        cache.place(keyed(number * 2, sorted(keys), FAR if is_far else None))
        assert cache.get(number * 2) is not None
        found = [row[0].id for row in map(cache.get, range(12)) if row is not None]
        assert found == sorted(set(found))
