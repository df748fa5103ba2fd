"""Rows that are remembered by their places are the same rows after others left and came."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from desk.catalog.row_shift import RowShift, shift_between
from desk.catalog.selection import Block, Selection

lists = st.lists(st.integers(0, 30), unique=True, max_size=20)
blocks = st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=4)


@given(before=lists, now=lists, changed=st.sets(st.integers(0, 30)), chosen=blocks)
def test_a_selection_stays_on_the_same_records(
    before: list[int], now: list[int], changed: set[int], chosen: list[tuple[int, int]]
) -> None:
    stays = set(before) & set(now) - changed
    kept = [one for one in before if one in stays]
    now = [*(kept.pop(0) if one in stays else one for one in now)]  # what did not change keeps its order
    shift = shift_between(before, now, changed)
    assert shift is not None
    for place, record in enumerate(before):
        assert shift.place(place) == (now.index(record) if record in now else None)
    ranges = [(min(pair), min(max(pair), len(before) - 1)) for pair in chosen]
    selection = Selection(tuple(Block(first, last, 1, 2) for first, last in ranges if first <= last))
    selected = {before[row] for block in selection.blocks for row in range(block.first, block.last + 1)}
    moved = shift.selection(selection)
    assert {now[row] for block in moved.blocks for row in range(block.first, block.last + 1)} == selected & set(now)
    assert all((block.left, block.right) == (1, 2) for block in moved.blocks)


def test_others_that_moved_are_noticed() -> None:
    assert shift_between([1, 2, 3], [3, 2, 1], ()) is None
    assert shift_between([1, 2, 3], [3, 1, 2], (3,)) == RowShift((2,), (0,), {2: 0})


def test_the_first_difference() -> None:
    assert RowShift().first is None
    assert RowShift((7, 9), (3,)).first == 3


def test_ten_million_selected_rows_cost_nothing() -> None:
    everything = Selection((Block(0, 9_999_999, 0, 7),))
    shift = RowShift((5,), (9_000_000,), {5: 9_000_000})
    assert [block.first for block in shift.selection(everything).blocks] == [0, 9_000_001, 9_000_000]
    assert shift.place(9_999_999) == 9_999_999
