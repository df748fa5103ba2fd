"""New records on top of a grid keep their places, in whatever order they come and go."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from desk.catalog.columns import BOOKS
from desk.catalog.edits import Edit, EditKind, RecordKey
from desk.tables.cells import STATE, CellState
from desk.tables.fresh_rows import FreshRows
from desk.tables.record_table import RecordTable, original_of
from tests.support.shelf import Shelf, book

if TYPE_CHECKING:
    from desk.tables.edit_stack import EditStack


def new(number: int, label: str = "") -> Edit:
    title = MappingProxyType({"title": f"Book {-number}"})
    return Edit(RecordKey("books", number), EditKind.INSERT, label, values=title)


@given(st.lists(st.tuples(st.integers(-6, -1), st.booleans()), max_size=40))
def test_they_are_as_a_list_would_have_them(steps: list[tuple[int, bool]]) -> None:
    rows, model = FreshRows(), list[Edit]()
    for place, (number, stays) in enumerate(steps):
        edit = new(number, str(place))
        row = rows.row_of(edit.key)
        assert row == next((at for at, one in enumerate(model) if one.key == edit.key), None)
        if row is None:
            rows.add(edit)
            model.insert(0, edit)
        elif stays:
            rows.replace(row, edit)
            model[row] = edit
        else:
            rows.remove(row)
            del model[row]
        assert [rows[at] for at in range(len(rows))] == model


def test_those_that_are_there_already_stand_newest_first() -> None:
    rows = FreshRows([new(-1), new(-2)])
    assert [rows[0].key.id, rows[1].key.id] == [-2, -1]


def test_a_record_that_takes_its_id_back_stands_on_top_too(books: RecordTable, shelf: Shelf, edits: EditStack) -> None:
    shelf.serve(books)
    shelf.show_in(books)
    edits.take_over([new(77, "Emma")], "Restore")
    assert (books.fresh, books.key_at(0)) == (1, RecordKey("books", 77))
    assert books.index(0, 0).data(STATE) & CellState.FRESH
    edits.set_field(original_of(BOOKS, book(1)), "title", "Orlando")
    assert books.index(1, 0).data() == "Orlando"
    edits.roll_back()
    assert books.fresh == 0


def test_the_rows_follow_a_long_history(books: RecordTable, shelf: Shelf, edits: EditStack) -> None:
    """The tester of item models ends the process at a wrong signal."""
    shelf.serve(books)
    shelf.show_in(books)
    edits.take_over([new(-number) for number in range(1, 25)], "Paste 24 rows")
    for key in [edit.key for edit in edits.edits()][::3]:
        edits.drop(key)
    while edits.steps.canUndo():
        edits.steps.undo()
    assert books.fresh == 0
    edits.steps.redo()
    edits.steps.redo()
    assert [books.key_at(row) for row in range(books.fresh)] == [edit.key for edit in edits.inserts("books")]
