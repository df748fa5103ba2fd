"""An edit beside its record: what only one side changed is merged, what both changed differently is a conflict."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.catalog.comparing import Stored, changes_of, checked
from desk.catalog.edits import Edit, EditKind, EditState, RecordKey
from desk.catalog.rows import AuthorRef, ContributionRow

KEY = RecordKey("books", 7)
FIELDS = ("title", "notes", "language")
texts = st.sampled_from([None, "", "a", "b", "c"])
records = st.fixed_dictionaries(dict.fromkeys(FIELDS, texts))
some_values = st.dictionaries(st.sampled_from(FIELDS), texts)


def update(original: dict[str, Any], **values: Any) -> Edit:
    return Edit(KEY, EditKind.UPDATE, "Emma", 1, MappingProxyType(original), MappingProxyType(values))


@given(records, some_values, records)
def test_every_field_ends_as_the_only_one_who_changed_it_wanted(
    original: dict[str, Any], mine: dict[str, Any], now: dict[str, Any]
) -> None:
    edit, stored = update(original, **mine), Stored(4, now)
    found = checked(edit, stored)
    clashes = {
        name
        for name, value in mine.items()
        if value != original[name] and now[name] != original[name] and value != now[name]
    }
    assert (found.state is EditState.CONFLICT) == bool(clashes)
    assert set(found.fields) == {name for name in FIELDS if now[name] != original[name]}
    if found.conflict is not None:
        assert found.conflict.theirs == now
        assert found.conflict.version == 4
        return
    after = {**now, **changes_of(edit, stored)}
    for name in FIELDS:
        changed_by_me = name in mine and mine[name] != original[name]
        assert after[name] == (mine[name] if changed_by_me else now[name])
    assert (found.state is EditState.SAVED) == (after == now)


@pytest.mark.parametrize(
    ("values", "now", "state", "fields"),
    [
        ({"title": "mine"}, {"title": "old", "notes": None}, EditState.UNCHANGED, ()),
        ({"title": "mine"}, {"title": "old", "notes": "x"}, EditState.MERGED, ("notes",)),
        ({"title": "mine"}, {"title": "theirs", "notes": None}, EditState.CONFLICT, ("title",)),
        ({"title": "mine"}, {"title": "mine", "notes": None}, EditState.SAVED, ("title",)),
        ({"title": "mine"}, {"title": "mine", "notes": "x"}, EditState.SAVED, ("title", "notes")),
        ({"title": "mine", "notes": "y"}, {"title": "mine", "notes": None}, EditState.UNCHANGED, ("title",)),
        ({"notes": ""}, {"title": "old", "notes": "x"}, EditState.CONFLICT, ("notes",)),
    ],
)
def test_an_update_beside_its_record(
    values: dict[str, Any], now: dict[str, Any], state: EditState, fields: tuple[str, ...]
) -> None:
    found = checked(update({"title": "old", "notes": None}, **values), Stored(9, now))
    assert (found.state, found.fields) == (state, fields)
    assert (found.conflict is not None) == (state is EditState.CONFLICT)


def test_a_field_whose_original_is_not_known_overwrites_nothing() -> None:
    edit = update({}, notes="mine")
    assert checked(edit, Stored(1, {"notes": None})).state is EditState.UNCHANGED
    found = checked(edit, Stored(1, {"notes": "theirs"}))
    assert found.state is EditState.CONFLICT
    assert found.conflict is not None
    assert found.conflict.changed_elsewhere == ("notes",)
    assert checked(update({}, notes=None), Stored(1, {"notes": "theirs"})).state is EditState.CONFLICT


def test_a_record_that_is_gone() -> None:
    edit = update({"title": "old"}, title="mine")
    found = checked(edit, None)
    assert found.state is EditState.GONE
    assert found.conflict is not None
    assert found.conflict.theirs is None
    assert checked(replace(edit, kind=EditKind.DELETE), None).state is EditState.SAVED


def test_a_deletion_of_what_others_changed() -> None:
    edit = replace(update({"title": "old", "notes": None}), kind=EditKind.DELETE)
    assert checked(edit, Stored(3, {"title": "old", "notes": None})).state is EditState.UNCHANGED
    found = checked(edit, Stored(3, {"title": "old", "notes": "x"}))
    assert (found.state, found.fields) == (EditState.CONFLICT, ("notes",))


def test_a_record_that_comes_back_under_its_own_id() -> None:
    edit = Edit(KEY, EditKind.INSERT, "Emma", 3, values=MappingProxyType({"title": "Emma"}))
    assert checked(edit, None).state is EditState.UNCHANGED
    assert checked(edit, Stored(1, {"title": "Emma", "notes": None})).state is EditState.SAVED
    taken = checked(edit, Stored(1, {"title": "Other", "notes": None}))
    assert taken.state is EditState.CONFLICT
    assert taken.conflict is not None
    assert taken.conflict.theirs == {"title": "Other"}


def test_contributors_are_compared_as_a_whole_and_by_their_links() -> None:
    one, other = ContributionRow(AuthorRef(1, "Old"), "editor", 0), ContributionRow(AuthorRef(2, "B"), "author", 1)
    renamed = replace(one, author=AuthorRef(1, "New"))
    edit = update({"contributors": (one,)}, contributors=(one, other))
    assert checked(edit, Stored(1, {"contributors": (renamed,)})).state is EditState.UNCHANGED
    assert checked(edit, Stored(1, {"contributors": ()})).state is EditState.CONFLICT
    assert checked(edit, Stored(1, {"contributors": (renamed, other)})).state is EditState.SAVED


def test_what_is_no_number_is_the_same_as_itself() -> None:
    edit = update({"price": float("nan"), "title": "old"}, title="mine")
    assert checked(edit, Stored(1, {"price": float("nan"), "title": "old"})).state is EditState.UNCHANGED
