"""What is said of units of work."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest

from desk.catalog.edits import CommitResult, Edit, EditBatch, EditKind, Merged, RecordKey
from desk.window.unit_words import merged_lines, saved_words, taken_back_words, unit_name

EMMA, OMENS = RecordKey("books", 1), RecordKey("books", 2)


def edit(key: RecordKey, kind: EditKind = EditKind.UPDATE, label: str = "Emma", **values: Any) -> Edit:
    return Edit(key, kind, label, values=MappingProxyType(values))


@pytest.mark.parametrize(
    ("edits", "name"),
    [
        ([edit(EMMA, title="x")], "Change Title of Emma"),
        ([edit(EMMA, title="x", language="en")], "Change Emma"),
        ([edit(EMMA, EditKind.INSERT, title="Emma")], "Add Emma"),
        ([edit(EMMA, EditKind.DELETE)], "Delete Emma"),
        ([edit(EMMA, EditKind.DELETE, label="")], "Delete book"),
        ([edit(EMMA, EditKind.DELETE), edit(OMENS, EditKind.DELETE)], "Delete 2 records"),
        ([edit(EMMA, EditKind.INSERT), edit(OMENS, EditKind.INSERT)], "Add 2 records"),
        ([edit(EMMA, title="x"), edit(OMENS, EditKind.DELETE)], "Change 2 records"),
    ],
)
def test_a_unit_is_called_by_its_edit_or_by_how_many_records_it_changes(edits: list[Edit], name: str) -> None:
    assert unit_name(EditBatch(tuple(edits))) == name


def test_what_was_merged_is_said_with_its_fields() -> None:
    merged = (Merged(EMMA, "Emma", ("published_year", "language")), Merged(OMENS, "", ("published_year",)))
    assert saved_words(CommitResult((EMMA, OMENS, RecordKey("books", 3)), merged=merged)) == (
        "Saved 3 records. In 2 of them others had changed Year, Language meanwhile: both changes are kept."
    )
    assert merged_lines(merged) == "Emma: Year, Language changed elsewhere\n(empty): Year changed elsewhere"


def test_many_merged_fields_are_only_counted() -> None:
    fields = ("title", "published_year", "language", "isbn", "price")
    words = saved_words(CommitResult((EMMA,), merged=(Merged(EMMA, "Emma", fields),)))
    assert words.endswith("Others had changed 5 fields in it meanwhile: both changes are kept.")


def test_without_merged_records_only_the_count_is_said() -> None:
    assert saved_words(CommitResult((EMMA,))) == "Saved 1 record."


def test_why_nothing_was_taken_back_is_said_with_its_name() -> None:
    assert taken_back_words("Take back: Delete Emma", 2).startswith("Take back: Delete Emma. 2 records changed since")
