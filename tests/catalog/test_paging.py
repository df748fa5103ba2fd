"""Requests and pages: how rows are counted from a mark, and what a page says of the view."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desk.catalog.criteria import Criteria
from desk.catalog.paging import Mark, Page, PageRequest
from desk.catalog.rows import AuthorRow

VIEW = Criteria("authors")


def page(request: PageRequest, rows: int) -> Page:
    found = tuple(AuthorRow(one, 1, f"name {one}", None, None, None) for one in range(rows))
    keys = tuple((row.name, row.id) for row in found) if request.ids is None else ()
    end = Mark(request.position + rows, keys[-1] if keys else None) if rows else None
    return Page(request, found, ((),) * rows, end, keys=keys)


@pytest.mark.parametrize(
    ("mark", "offset", "is_backwards"),
    [
        (None, 250, False),
        (Mark(200, ("a", 1)), 50, False),
        (Mark(250, ("a", 1)), 0, False),
        (Mark(350, ("a", 1)), 0, True),
        (Mark(400, ("a", 1)), 50, True),
        (Mark(350, None), 0, True),
        (Mark(380, None), 30, True),
    ],
)
def test_rows_are_counted_from_the_mark(mark: Mark | None, offset: int, is_backwards: bool) -> None:
    request = PageRequest(VIEW, 250, 100, mark)
    assert (request.offset, request.is_backwards) == (offset, is_backwards)


def test_neighbouring_pages_are_on_different_lanes() -> None:
    lanes = [PageRequest(VIEW, position).lane for position in (0, 100, 200, 300)]
    assert lanes == [0, 1, 0, 1]
    assert PageRequest(VIEW, 900, 37, Mark(937, None)).lane == 1  # the last page, cut off at the end


def test_a_page_shorter_than_asked_for_is_the_last() -> None:
    request = PageRequest(VIEW, 0, 4)
    assert page(request, 3).is_last
    assert page(request, 0).is_last
    assert not page(request, 4).is_last


def test_a_page_that_was_counted_backwards_or_is_listed_never_tells_the_end() -> None:
    backwards = page(PageRequest(VIEW, 0, 4, Mark(9, ("z", 9))), 3)
    assert (backwards.is_last, backwards.is_misplaced) == (False, True)
    listed = page(PageRequest(VIEW, 0, 4, ids=(0, 1)), 2)
    assert (listed.is_last, listed.is_misplaced, listed.marks) == (False, False, ())


@pytest.mark.parametrize("mark", [None, Mark(90, ("before", 1)), Mark(1000, None), Mark(500, ("behind", 1))])
def test_two_pages_that_came_at_once_are_as_if_each_had_come_alone(mark: Mark | None) -> None:
    both = page(PageRequest(VIEW, 100, 150, mark), 150)
    first, second = both.parts
    assert [(part.request.position, part.request.limit) for part in both.parts] == [(100, 100), (200, 50)]
    assert first.rows + second.rows == both.rows
    assert first.cells + second.cells == both.cells
    assert first.keys + second.keys == both.keys
    assert (first.end, second.end) == (Mark(200, both.keys[99]), both.end)
    assert not any(part.is_last or part.is_misplaced for part in both.parts)
    assert second.request.mark == (mark if both.request.is_backwards else first.end)


def test_more_pages_that_came_at_once_are_as_if_each_had_come_alone() -> None:
    walked = page(PageRequest(VIEW, 100, 300, Mark(90, ("before", 1))), 240)
    assert [(part.request.position, len(part.rows)) for part in walked.parts] == [(100, 100), (200, 100), (300, 40)]
    assert [part.request.mark for part in walked.parts[1:]] == [part.end for part in walked.parts[:-1]]
    assert [part.is_last for part in walked.parts] == [False, False, True]
    ended = page(PageRequest(VIEW, 100, 300), 200)
    assert [(len(part.rows), part.is_last) for part in ended.parts] == [(100, False), (100, True)]


def test_doubtful_cells_stay_with_their_rows() -> None:
    first, second = replace(page(PageRequest(VIEW, 0, 200), 200), doubtful=frozenset({(7, 1), (130, 2)})).parts
    assert (first.doubtful, second.doubtful) == (frozenset({(7, 1)}), frozenset({(30, 2)}))


def test_listed_records_that_are_gone_are_missing_from_the_page_they_were_on() -> None:
    listed = page(PageRequest(VIEW, 0, 150, ids=(*range(1000, 1010), *range(140))), 130)
    second = listed.parts[1]
    assert [(len(part.rows), len(part.request.ids or ())) for part in listed.parts] == [(90, 100), (40, 50)]
    assert second.rows[0].id == 90


@pytest.mark.parametrize("rows", [0, 60, 100])
def test_two_pages_of_which_the_second_is_empty_are_one(rows: int) -> None:
    ended = page(PageRequest(VIEW, 300, 200), rows)
    assert ended.parts == (ended,)
    assert ended.is_last
    backwards = page(PageRequest(VIEW, 300, 200, Mark(600, None)), 150)
    assert backwards.parts == (backwards,)
    assert backwards.is_misplaced


def test_a_page_gives_the_places_at_both_its_ends() -> None:
    assert page(PageRequest(VIEW, 8, 4), 3).marks == (Mark(9, ("name 0", 0)), Mark(11, ("name 2", 2)))
    assert page(PageRequest(VIEW, 8, 4), 1).marks == (Mark(9, ("name 0", 0)),)
    assert page(PageRequest(VIEW, 8, 4), 0).marks == ()
