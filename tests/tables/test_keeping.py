"""Pending edits on their way to the disk: each step goes out once, and is kept when its number comes back."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest

from desk.catalog.columns import BOOKS
from desk.catalog.edits import CommitResult, Edit, EditKind, RecordKey
from desk.catalog.rows import AuthorRef
from desk.tables.cells import STATE, TOOL_TIP, CellState
from desk.tables.edit_stack import EditStack, NewAuthor, Original
from desk.tables.record_table import RecordTable, original_of
from tests.support.shelf import Shelf, book

Step = tuple[int, dict[RecordKey, Edit | None]]


@pytest.fixture
def original() -> Original:
    return original_of(BOOKS, book(1))


@pytest.fixture
def steps(edits: EditStack) -> list[Step]:
    """What was handed over to be kept; nothing is acknowledged by itself."""
    handed: list[Step] = []
    edits.keeps = True
    edits.to_keep.connect(lambda number, changes: handed.append((number, changes)))
    return handed


def update(record_id: int, **values: Any) -> Edit:
    old = MappingProxyType(dict.fromkeys(values) | {"language": "en"})
    return Edit(RecordKey("books", record_id), EditKind.UPDATE, "", 1, old, MappingProxyType(values))


def test_a_stack_that_nobody_keeps_waits_for_nothing(edits: EditStack, original: Original) -> None:
    handed: list[object] = []
    edits.to_keep.connect(handed.append)
    edits.set_field(original, "title", "Orlando")
    assert edits.all_kept
    assert not edits.is_keeping(original.key)
    assert not handed


def test_every_step_goes_out_in_one_go_under_a_rising_number(
    edits: EditStack, original: Original, steps: list[Step]
) -> None:
    edits.set_field(original, "author", NewAuthor("Sappho"))
    edits.steps.undo()
    edits.steps.redo()
    edits.drop(original.key)
    edits.roll_back()
    new = RecordKey("authors", -1)
    assert [number for number, _changes in steps] == [1, 2, 3, 4, 5]
    assert [set(changes) for _number, changes in steps] == [
        {original.key, new}, {original.key, new}, {original.key, new}, {original.key}, {new},
    ]  # fmt: skip
    mirror: dict[RecordKey, Edit] = {}
    for _number, changes in steps:
        for key, edit in changes.items():
            mirror.pop(key, None)
            if edit is not None:
                mirror[key] = edit
    assert mirror == {}


def test_a_change_waits_until_its_number_or_a_later_one_comes_back(
    edits: EditStack, original: Original, steps: list[Step]
) -> None:
    edits.set_field(original, "title", "Orlando")
    other = edits.add("authors")
    edits.set_field(original, "title", "Flush")
    edits.acknowledge(2)
    assert not edits.is_keeping(other)
    assert edits.is_keeping(original.key)
    assert not edits.all_kept
    edits.acknowledge(3)
    assert not edits.is_keeping(original.key)
    assert edits.all_kept


def test_what_a_commit_saved_goes_out_too(edits: EditStack, original: Original, steps: list[Step]) -> None:
    edits.set_field(original, "title", "Orlando")
    edits.acknowledge(1)
    edits.saved(edits.batch(), CommitResult((original.key,)))
    assert steps[-1] == (2, {original.key: None})
    assert not edits.all_kept


def test_giving_up_keeps_what_waits_apart_and_lets_commit(
    edits: EditStack, original: Original, steps: list[Step]
) -> None:
    edits.set_field(original, "title", "Orlando")
    edits.give_up_keeping("The disk is full.")
    assert edits.unkept_reason == "The disk is full."
    assert edits.all_kept
    assert edits.is_keeping(original.key)
    edits.set_field(original, "title", "Flush")
    assert edits.all_kept
    edits.acknowledge(2)
    assert edits.unkept_reason == ""
    assert not edits.is_keeping(original.key)


def test_every_change_of_the_state_is_told(edits: EditStack, original: Original, steps: list[Step]) -> None:
    told: list[tuple[bool, str]] = []
    edits.keeping_changed.connect(lambda: told.append((edits.all_kept, edits.unkept_reason)))
    edits.set_field(original, "title", "Orlando")
    edits.give_up_keeping("full")
    edits.acknowledge(1)
    assert told == [(False, ""), (True, "full"), (True, "")]


def test_what_was_changed_before_an_error_goes_out(edits: EditStack, original: Original, steps: list[Step]) -> None:
    stranger = Original(RecordKey("stones", 1), 1, {}, "")
    with pytest.raises(KeyError):
        edits.set_fields([(original, "title", "Orlando"), (stranger, "title", "x")], "both")
    assert edits.get(original.key) is not None
    assert [set(changes) for _number, changes in steps] == [{original.key}]


# Edits of an earlier run


def test_edits_of_an_earlier_run_are_one_step_that_is_kept(edits: EditStack, steps: list[Step]) -> None:
    author = Edit(RecordKey("authors", -9), EditKind.INSERT, "Sappho", values=MappingProxyType({"name": "Sappho"}))
    edits.add("books")
    edits.take_over([update(4, author=AuthorRef(-9, "Sappho")), author], "Restore 2 edits")
    changed = edits.get(RecordKey("books", 4))
    assert changed is not None
    assert [edit.key.id for edit in edits.inserts("authors")] == [changed.values["author"].id]
    assert changed.values["author"].id != -9
    assert edits.steps.undoText() == "Restore 2 edits"
    assert len(steps) == 2
    edits.steps.undo()
    assert [edit.key.table for edit in edits.edits()] == ["books"]


def test_what_is_pending_already_wins_over_an_earlier_run(edits: EditStack, original: Original) -> None:
    edits.set_field(original, "title", "Flush")
    earlier = Edit(
        original.key, EditKind.UPDATE, "", 1, MappingProxyType({"title": "older", "language": "la"}),
        MappingProxyType({"title": "Orlando", "language": "de"}),
    )  # fmt: skip
    edits.take_over([earlier], "Restore")
    both = edits.get(original.key)
    assert both is not None
    assert dict(both.values) == {"title": "Flush", "language": "de"}
    assert (both.original["title"], both.original["language"]) == ("Book 1", "la")
    edits.drop(original.key)
    edits.delete([original])
    edits.take_over([earlier], "Restore")
    assert edits.edits()[0].kind is EditKind.DELETE


# What a grid shows


def test_a_cell_is_told_apart_until_its_edit_is_on_disk(
    books: RecordTable, shelf: Shelf, edits: EditStack, steps: list[Step]
) -> None:
    shelf.serve(books)
    shelf.show_in(books)
    edits.set_field(original_of(BOOKS, shelf.rows[0]), "title", "Orlando")
    cell = books.index(0, 0)
    painted: list[CellState] = []
    books.dataChanged.connect(lambda *_range: painted.append(cell.data(STATE)))
    assert cell.data(STATE) is CellState.KEEPING
    assert "Being kept on disk" in cell.data(TOOL_TIP)
    assert books.index(0, 3).data(STATE) is CellState.PLAIN
    edits.give_up_keeping("The disk is full.")
    assert cell.data(STATE) is CellState.KEEPING
    assert cell.data(TOOL_TIP).endswith("The disk is full.")
    edits.acknowledge(1)
    assert cell.data(STATE) is CellState.CHANGED
    assert "disk" not in cell.data(TOOL_TIP)
    assert painted[-1] is CellState.CHANGED


def test_new_and_deleted_records_are_told_apart_too(
    books: RecordTable, shelf: Shelf, edits: EditStack, steps: list[Step]
) -> None:
    shelf.serve(books)
    shelf.show_in(books)
    edits.add("books", {"title": "x"})
    edits.delete([original_of(BOOKS, shelf.rows[0])])
    fresh, doomed = books.index(0, 0), books.index(1, 0)
    assert fresh.data(STATE) == CellState.FRESH | CellState.KEEPING
    assert doomed.data(STATE) == CellState.DOOMED | CellState.KEEPING
    edits.acknowledge(2)
    assert fresh.data(STATE) == CellState.FRESH
    assert doomed.data(STATE) == CellState.DOOMED


def test_what_a_commit_deleted_waits_for_no_disk(
    books: RecordTable, shelf: Shelf, edits: EditStack, steps: list[Step]
) -> None:
    shelf.serve(books)
    shelf.show_in(books)
    edits.delete([original_of(BOOKS, shelf.rows[0])])
    batch = edits.batch()
    edits.saved(batch, CommitResult((batch.edits[0].key,)))
    books.take_saved(batch, {})
    assert books.index(0, 0).data(STATE) == CellState.DOOMED
