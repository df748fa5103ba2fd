"""Pending edits: frozen values whose undo is putting an earlier one back."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.catalog.edits import Conflict, Edit, EditBuffer, EditKind, RecordKey, same
from desk.catalog.rows import AuthorRef, ContributionRow

KEY = RecordKey("books", 7)
ORIGINAL: dict[str, Any] = {"title": "Emma", "price": Decimal("1.00"), "notes": None}
UPDATE = Edit(KEY, EditKind.UPDATE, "Emma", 3, MappingProxyType(ORIGINAL))


def changed(edit: Edit | None) -> Edit:
    assert edit is not None
    return edit


def test_a_changed_value_is_kept_beside_the_original() -> None:
    edit = changed(UPDATE.with_value("title", "Persuasion"))
    assert edit.values == {"title": "Persuasion"}
    assert edit.original == ORIGINAL
    assert not UPDATE.values


def test_typing_the_original_value_again_removes_the_edit() -> None:
    edit = changed(UPDATE.with_value("title", "Persuasion"))
    assert edit.with_value("title", "Emma") is None
    both = changed(edit.with_value("notes", ""))
    assert changed(both.with_value("title", "Emma")).values == {"notes": ""}


def test_an_empty_text_is_not_a_missing_one() -> None:
    assert changed(UPDATE.with_value("notes", "")).values == {"notes": ""}
    assert UPDATE.with_value("notes", None) is None


def test_a_new_record_stays_pending_without_any_value() -> None:
    insert = Edit(RecordKey("books", -1), EditKind.INSERT, "")
    edit = changed(insert.with_value("title", "Emma"))
    assert changed(edit.without_value("title")).values == {}


def test_dropping_the_last_value_of_an_update_removes_it() -> None:
    edit = changed(UPDATE.with_value("title", "Persuasion"))
    assert edit.without_value("title") is None


def test_an_edit_is_rebased_on_what_the_database_holds_now() -> None:
    edit = changed(changed(UPDATE.with_value("title", "Persuasion")).with_value("notes", "x"))
    theirs = {**ORIGINAL, "title": "Persuasion", "price": Decimal("2.00")}
    rebased = changed(edit.rebased(theirs, 9, edit.values))
    assert (rebased.version, rebased.values, rebased.original) == (9, {"notes": "x"}, theirs)
    assert edit.rebased({**theirs, "notes": "x"}, 9, edit.values) is None


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("", None, False), (0, False, False), (1, True, False), (1, Decimal(1), False), ("a", "a", True),
        (Decimal("1.0"), Decimal("1.00"), True), (None, None, True), (AuthorRef(1, "a"), AuthorRef(1, "b"), True),
        (AuthorRef(1, "a"), AuthorRef(2, "a"), False),
    ],
)  # fmt: skip
def test_values_are_the_same_only_with_the_same_type(one: Any, other: Any, equal: bool) -> None:
    assert same(one, other) is equal


def test_a_conflict_names_the_fields_that_changed_elsewhere() -> None:
    assert Conflict(UPDATE, {**ORIGINAL, "notes": "theirs"}, 4).changed_elsewhere == ("notes",)
    assert Conflict(UPDATE, None, 0).changed_elsewhere == ()


def test_the_buffer_holds_one_edit_for_each_record_in_order_of_touch() -> None:
    buffer = EditBuffer()
    other = Edit(RecordKey("authors", 1), EditKind.DELETE, "x")
    buffer.put(KEY, UPDATE.with_value("title", "A"))
    buffer.put(other.key, other)
    buffer.put(KEY, UPDATE.with_value("title", "B"))
    assert [edit.key for edit in buffer] == [KEY, other.key]
    assert len(buffer) == 2
    assert changed(buffer.get(KEY)).values == {"title": "B"}


def test_putting_an_earlier_edit_back_is_undo() -> None:
    buffer = EditBuffer()
    before = buffer.get(KEY)
    buffer.put(KEY, UPDATE.with_value("title", "A"))
    first = buffer.get(KEY)
    buffer.put(KEY, changed(first).with_value("title", "B"))
    buffer.put(KEY, first)
    assert changed(buffer.get(KEY)).values == {"title": "A"}
    buffer.put(KEY, before)
    assert len(buffer) == 0


def test_every_change_is_announced_once() -> None:
    told: list[RecordKey] = []
    buffer = EditBuffer(told.append)
    buffer.put(KEY, UPDATE)
    buffer.put(KEY, None)
    buffer.put(KEY, None)
    assert told == [KEY] * 3


def test_new_records_get_keys_that_were_never_used_before() -> None:
    buffer = EditBuffer()
    made = [buffer.new_key("books"), buffer.new_key("authors"), buffer.new_key("books")]
    assert [key.id for key in made] == [-1, -2, -3]
    for key in made:
        buffer.put(key, Edit(key, EditKind.INSERT, ""))
    assert [edit.key for edit in buffer.inserts("books")] == [made[0], made[2]]


def test_the_users_of_a_new_author_are_found() -> None:
    buffer = EditBuffer()
    author = buffer.new_key("authors")
    insert = Edit(author, EditKind.INSERT, "New")
    book = changed(UPDATE.with_value("author", AuthorRef(author.id, "New")))
    stranger = Edit(RecordKey("books", 8), EditKind.UPDATE, "", values={"author": AuthorRef(5, "Old")})
    for edit in (insert, book, stranger):
        buffer.put(edit.key, edit)
    assert buffer.users_of(author) == [book]
    assert buffer.users_of(RecordKey("authors", 5)) == []


def test_a_commit_clears_only_what_it_saved_as_it_was_then() -> None:
    buffer = EditBuffer()
    first = changed(UPDATE.with_value("title", "A"))
    second = Edit(RecordKey("books", 8), EditKind.UPDATE, "", values={"title": "x"})
    third = Edit(RecordKey("books", 9), EditKind.DELETE, "")
    for edit in (first, second, third):
        buffer.put(edit.key, edit)
    batch = buffer.batch()
    typed_meanwhile = changed(first.with_value("title", "B"))
    buffer.put(KEY, typed_meanwhile)
    buffer.clear_saved(batch, [KEY, second.key])
    assert list(buffer) == [typed_meanwhile, third]


def test_a_batch_does_not_follow_the_buffer() -> None:
    buffer = EditBuffer()
    buffer.put(KEY, UPDATE)
    batch = buffer.batch()
    buffer.put(KEY, None)
    assert batch.edits == (UPDATE,)


FIELDS = st.sampled_from(["title", "notes", "price"])
VALUES = st.sampled_from(["Emma", "", None, Decimal("1.00"), Decimal("2.00")])


@given(st.lists(st.tuples(FIELDS, VALUES), max_size=12))
def test_an_update_holds_exactly_the_fields_that_differ(typed: list[tuple[str, Any]]) -> None:
    now = dict(ORIGINAL)
    edit: Edit | None = UPDATE
    for name, value in typed:
        edit = (edit or UPDATE).with_value(name, value)
        now[name] = value
    different = {name: value for name, value in now.items() if not same(ORIGINAL[name], value)}
    assert dict(edit.values if edit else {}) == different


def test_the_edits_that_link_to_a_new_author_lose_only_those_links() -> None:
    new, known = AuthorRef(-1, "New"), AuthorRef(7, "Known")
    both = (ContributionRow(known, "editor", 0), ContributionRow(new, "editor", 1))
    buffer = EditBuffer()
    start = Edit(KEY, EditKind.UPDATE, "Emma", 1, {"author": None, "contributors": both[:1]})
    buffer.put(KEY, replace(start, values={"author": new, "contributors": both, "title": "Emma"}))
    edit = buffer.get(KEY)
    assert edit is not None
    assert buffer.users_of(RecordKey("authors", -1)) == [edit]
    assert buffer.users_of(RecordKey("authors", 7)) == []
    assert buffer.users_of(RecordKey("books", -1)) == []
    rest = edit.without_author(-1)
    assert rest is not None
    assert dict(rest.values) == {"title": "Emma"}
    assert replace(edit, values={"contributors": both}).without_author(-1) is None
    inserted = Edit(RecordKey("books", -3), EditKind.INSERT, "", values={"contributors": both[1:]})
    without = inserted.without_author(-1)
    assert without is not None
    assert dict(without.values) == {"contributors": ()}


def test_saved_values_lead_to_saved_authors() -> None:
    new, key = AuthorRef(-1, "New"), RecordKey("authors", -1)
    edit = Edit(KEY, EditKind.UPDATE, "", values={"author": new, "contributors": (ContributionRow(new, "x", 0),)})
    saved = edit.values_saved({key: 12})
    assert (saved["author"].id, saved["contributors"][0].author.id) == (12, 12)
