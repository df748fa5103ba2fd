"""Walks over rows that change meanwhile: what nobody touched is shown exactly once and in order, all else at most once.

The rows are a list here; tests/operations/test_walking_views.py does the same with both databases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from desk.catalog.criteria import Criteria, Sort
from desk.catalog.paging import Mark
from tests.support.walking import Walker, in_order, page_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desk.catalog.orders import Key
    from desk.catalog.paging import Page, PageRequest

Changes = list[list[tuple[str, int | None, int]]]

EXAMPLES = 120
VIEWS = st.sampled_from([Criteria("authors", sorts=(Sort("birth_year", down),)) for down in (False, True)])
VALUES = st.none() | st.integers(0, 6)
ROWS = st.lists(VALUES, max_size=40) | st.lists(VALUES, min_size=12, max_size=40)
CHANGE = st.tuples(st.sampled_from(("insert", "delete", "update")), VALUES, st.integers(0, 60))
CHANGES: st.SearchStrategy[Changes] = st.lists(
    st.lists(CHANGE, min_size=1, max_size=4), min_size=3, max_size=20
) | st.just([])
"""For each page what is changed before it is loaded."""


class Ground:
    """Rows of which some come, go and move."""

    def __init__(self, values: Iterable[int | None], criteria: Criteria) -> None:
        self.criteria = criteria
        self.rows: dict[int, Key] = {number: (value, number) for number, value in enumerate(values, 1)}
        self.untouched = set(self.rows)
        self._next = len(self.rows) + 1

    @property
    def keys(self) -> list[Key]:
        return in_order(self.rows.values(), self.criteria)

    def ids(self, some: set[int] | None = None) -> list[int]:
        """The ids of all rows, or of some, in the order of the view."""
        return [key[-1] for key in self.keys if some is None or key[-1] in some]

    def change(self, changes: Iterable[tuple[str, int | None, int]]) -> tuple[list[Key], list[Key]]:
        """Makes changes; answers the keys that are gone and those that came."""
        before = set(self.rows.values())
        for kind, value, number in changes:
            if kind == "insert":
                self.rows[self._next] = (value, self._next)
                self._next += 1
            elif number in self.rows:
                self.untouched.discard(number)
                del self.rows[number]
                if kind == "update":
                    self.rows[number] = (value, number)
        now = set(self.rows.values())
        return list(before - now), list(now - before)

    def count(self) -> int:
        return len(self.rows)

    def load(self, request: PageRequest) -> Page:
        return page_of(request, self.keys)


def only(ids: list[int], some: set[int]) -> list[int]:
    return [one for one in ids if one in some]


class Walk:
    """A walker over changing ground."""

    def __init__(self, criteria: Criteria, values: list[int | None], limit: int, marked: list[int]) -> None:
        self.ground = Ground(values, criteria)
        self.walker = Walker(criteria, limit, load=self.ground.load, count=self.ground.count)
        keys = self.ground.keys
        self.walker.places.add(Mark(at + 1, keys[at]) for at in marked if at < len(keys))
        self.walker.places.note_total(len(keys), is_exact=True)

    def ids_of(self, pages: Iterable[Page], changes: Changes) -> list[int]:
        """The ids of the rows of pages, in the order in which they came; behind each page something is changed. At
        any time what is shown is in order."""
        found: list[int] = []
        todo = iter(changes)
        for page in pages:
            found += [row.id for row in page.rows]
            shown = only(self.walker.shown(), self.ground.untouched)
            assert shown == self.ground.ids(set(shown))
            self.ground.change(next(todo, ()))
        return found


WALKS = st.builds(Walk, VIEWS, ROWS, st.integers(1, 7), st.lists(st.integers(0, 40), max_size=5))


@settings(max_examples=EXAMPLES)
@given(WALKS, CHANGES)
def test_walking_forwards_shows_what_nobody_touched_once_and_in_order(walk: Walk, changes: Changes) -> None:
    came = walk.ids_of(walk.walker.forwards(), changes)
    assert only(came, walk.ground.untouched) == walk.ground.ids(walk.ground.untouched)


@settings(max_examples=EXAMPLES)
@given(WALKS, CHANGES)
def test_walking_backwards_shows_what_nobody_touched_once_and_in_order(walk: Walk, changes: Changes) -> None:
    walk.ids_of(walk.walker.backwards(), changes)
    walk.walker.settle()
    assert walk.walker.seen >= walk.ground.untouched


@settings(max_examples=EXAMPLES)
@given(WALKS, CHANGES, st.lists(st.integers(0, 9), max_size=25))
def test_jumping_about_never_shows_a_row_twice_or_out_of_order(walk: Walk, changes: Changes, jumps: list[int]) -> None:
    walk.ids_of(map(walk.walker.load, jumps), changes)
    walk.walker.reload()
    assert walk.walker.shown() == walk.ground.ids()


@settings(max_examples=EXAMPLES)
@given(WALKS, CHANGES)
def test_over_commits_of_our_own_every_page_stays_exactly_right(walk: Walk, changes: Changes) -> None:
    ground, places, found, position = walk.ground, walk.walker.places, [], 0
    for change in [*changes, *[[]] * 45]:
        page = ground.load(places.request(position, 3))
        places.learn(page)
        assert list(page.keys) == ground.keys[position : position + 3]
        found += [row.id for row in page.rows]
        places.shift(*ground.change(change))
        here = places.around(page.keys[-1]) if page.keys else None
        position = here.position if here else 0
        if not page.keys or page.is_last:
            break
    assert (places.total, places.is_exact) == (ground.count(), True)
    assert only(found, ground.untouched) == ground.ids(ground.untouched)
