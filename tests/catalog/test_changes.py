"""What a saved unit of work means for a view."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest

from desk.catalog.changes import Changes, changes_of, count_changes
from desk.catalog.criteria import Criteria, Filter, Op, Sort
from desk.catalog.edits import Edit, EditBatch, EditKind, RecordKey
from desk.catalog.rows import AuthorRef

WOOLF, BELL, NEW = AuthorRef(1, "Woolf"), AuthorRef(2, "Bell"), AuthorRef(-1, "Nobody")
BOOK, AUTHOR = RecordKey("books", 7), RecordKey("authors", 1)


def edit(key: RecordKey, kind: EditKind = EditKind.UPDATE, /, **values: Any) -> Edit:
    original = {"author": WOOLF} if key.table == "books" and kind is not EditKind.INSERT else {}
    return Edit(key, kind, "it", 1, MappingProxyType(original), MappingProxyType(values))


def changes(criteria: Criteria, *edits: Edit, **new: int) -> Changes:
    new_ids = {RecordKey(table, -1): record_id for table, record_id in new.items()}
    return changes_of(criteria, EditBatch(edits), new_ids)


@pytest.mark.parametrize(
    ("criteria", "moves", "stays"),
    [
        (Criteria("books"), {"title", "language"}, {"price", "author", "isbn", "notes", "published_year"}),
        (Criteria("books", sorts=(Sort("author"),)), {"author", "title", "language"}, {"price", "published_year"}),
        (Criteria("books", sorts=(Sort("updated_at"),)), {"title", "price", "notes"}, set()),
        (Criteria("books", search="x"), {"title", "language", "author"}, {"price"}),
        (Criteria("books", (Filter("price", Op.EMPTY),)), {"title", "language", "price"}, {"isbn"}),
        (Criteria("authors"), {"name"}, {"birth_year", "notes"}),
        (Criteria("authors", sorts=(Sort("birth_year"),)), {"birth_year"}, {"name", "death_year"}),
    ],
)
def test_an_update_moves_a_row_where_its_fields_decide(criteria: Criteria, moves: set[str], stays: set[str]) -> None:
    key = RecordKey(criteria.table, 7)
    for name in moves:
        assert changes(criteria, edit(key, EditKind.UPDATE, **{name: "x"})) == Changes(moved=frozenset({7})), name
    for name in stays:
        assert changes(criteria, edit(key, EditKind.UPDATE, **{name: "x"})) == Changes(seen=frozenset({7})), name
    together = changes(
        criteria, *(edit(RecordKey(criteria.table, 8), EditKind.UPDATE, **{name: "x"}) for name in stays)
    )
    assert not together.moves


def test_inserted_and_deleted_records_come_and_leave() -> None:
    new = RecordKey("books", -1)
    found = changes(Criteria("books"), edit(new, EditKind.INSERT), edit(BOOK, EditKind.DELETE), books=12)
    assert found == Changes(come=frozenset({12}), left=frozenset({7}))
    assert found.moves


def test_a_record_that_comes_back_has_the_id_that_it_had() -> None:
    assert changes(Criteria("books"), edit(BOOK, EditKind.INSERT)) == Changes(come=frozenset({7}))


def test_a_renamed_author_is_seen_in_all_books_and_moves_them_where_authors_decide() -> None:
    rename = edit(AUTHOR, name="Stephen, Virginia")
    assert changes(Criteria("books"), rename) == Changes(all_seen=True)
    for criteria in (Criteria("books", sorts=(Sort("author"),)), Criteria("books", search="stephen")):
        found = changes(criteria, rename)
        assert found.unknown
        assert found.moves
    assert not changes(Criteria("books"), edit(AUTHOR, birth_year=1882))


def test_books_change_the_counts_of_their_authors() -> None:
    moved = edit(BOOK, author=NEW)
    assert changes(Criteria("authors"), moved, authors=30) == Changes(seen=frozenset({1, 30}))
    assert changes(Criteria("authors"), edit(BOOK, EditKind.DELETE)) == Changes(seen=frozenset({1}))
    fresh = edit(RecordKey("books", -1), EditKind.INSERT, author=BELL)
    assert changes(Criteria("authors"), fresh, books=9) == Changes(seen=frozenset({2}))
    assert not changes(Criteria("authors"), edit(BOOK, price="x"))


def test_filters_by_books_may_let_any_author_in() -> None:
    for one in (Filter("books", Op.NO_BOOKS), Filter("books", Op.HAS_BOOK_OVER, 10)):
        assert changes(Criteria("authors", (one,)), edit(BOOK, price="x")).unknown
        assert not changes(Criteria("authors", (one,)), edit(AUTHOR, birth_year=1)).unknown


def test_counts_change_by_what_came_and_went() -> None:
    batch = EditBatch(
        (
            edit(RecordKey("books", -1), EditKind.INSERT),
            edit(RecordKey("books", -2), EditKind.INSERT),
            edit(BOOK, EditKind.DELETE),
            edit(AUTHOR, EditKind.DELETE),
            edit(RecordKey("authors", 2), name="x"),
        )
    )
    assert count_changes(batch) == {"books": 1, "authors": -1}
    assert count_changes(EditBatch((edit(BOOK, price="x"),))) == {}
