"""Edit stack, grid and a ledger of whole states agree about what is pending, whatever is done and undone."""

from __future__ import annotations

import random
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from desk.catalog.columns import TABLES
from desk.catalog.edits import RecordKey
from desk.tables.edit_stack import EditStack, NewAuthor, Original
from desk.tables.record_table import RecordTable
from tests.torture._pending import FIELDS, Ledger, state_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.torture._pending import Step

BOOKS: dict[str, dict[str, Any]] = {
    f"books:{number}": {**dict.fromkeys(FIELDS), "title": f"Book {number}"} for number in (1, 2, 3)
}


def original(record: str) -> Original:
    table, _colon, number = record.partition(":")
    return Original(RecordKey(table, int(number)), 1, MappingProxyType(BOOKS.get(record, {})), record)


def take(stack: EditStack, step: Step) -> None:
    name, *arguments = step
    ways: dict[str, Callable[..., object]] = {
        "set": lambda changes: stack.set_fields([(original(one), *change) for one, *change in changes], "Change"),
        "link": lambda record, author: stack.set_field(original(record), "author", NewAuthor(author)),
        "add": lambda title: stack.add("books", {"title": title}),
        "delete": lambda record: stack.delete([original(record)]),
        "drop": lambda record: stack.drop(original(record).key),
        "undo": stack.steps.undo,
        "redo": stack.steps.redo,
    }
    ways[name](*arguments)


@given(st.integers(0, 2**32))
def test_after_every_step_both_have_the_same_edits(seed: int) -> None:
    ledger = Ledger(BOOKS, random.Random(seed))
    ledger.take_steps(40)
    stack = EditStack()
    table = RecordTable(TABLES["books"], stack)
    for step, expected in zip(ledger.steps, ledger.states[1:], strict=True):
        take(stack, step)
        assert state_of(stack.edits()) == expected, step
        keys = [table.key_at(row) for row in range(table.fresh)]
        assert keys == [edit.key for edit in stack.inserts("books")]
        assert [table.row_of(key) for key in keys if key] == list(range(table.fresh))
