"""A selection of blocks is cut into runs of rows that hold exactly its cells."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from desk.catalog.selection import Block, Run, Selection

ROWS, COLUMNS = range(12), range(4)
blocks = st.builds(
    lambda first, height, left, width: Block(first, first + height, left, left + width),
    st.integers(0, 6), st.integers(0, 5), st.integers(0, 2), st.integers(0, 1),
)  # fmt: skip
selections = st.lists(blocks, max_size=6).map(lambda found: Selection(tuple(found)))


def cells(selection: Selection) -> set[tuple[int, int]]:
    return {(row, column) for row in ROWS for column in COLUMNS if selection.holds(row, column)}


@given(selections)
def test_runs_hold_the_selected_cells(selection: Selection) -> None:
    held = [
        (row, column) for run in selection.runs for row in range(run.first, run.last + 1) for column in run.sections
    ]
    assert len(held) == len(set(held))
    assert set(held) == cells(selection)


@given(selections)
def test_runs_and_stretches_are_the_same_rows_in_order(selection: Selection) -> None:
    by_run = [row for run in selection.runs for row in range(run.first, run.last + 1)]
    by_stretch = [row for first, last in selection.stretches for row in range(first, last + 1)]
    assert by_run == by_stretch == sorted(set(by_run))
    assert selection.rows == len(by_run)


def test_one_block_is_one_run_however_many_rows_it_has() -> None:
    assert Selection((Block(0, 9_999_999, 0, 7),)).runs == (Run(0, 9_999_999, frozenset(range(8))),)


def test_nothing_selected_is_no_run() -> None:
    assert Selection(()).runs == ()
