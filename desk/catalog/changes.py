"""What a saved unit of work means for a view: which of its rows look different, and which may have another place.

Pure values; nothing here asks a database, so what cannot be known is said to be unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desk.catalog.criteria import Op
from desk.catalog.edits import EditKind, RecordKey
from desk.catalog.orders import order_of
from desk.catalog.rows import AuthorRef

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from desk.catalog.criteria import Criteria
    from desk.catalog.edits import Edit, EditBatch

_BEHIND_TERMS = {
    "title_key": ("title", "language"),  # a title's key has no article of its language
    "name_key": ("name",),
    "author.name_key": ("author",),
    "author_id": ("author",),
}
"""The fields from which the terms of an order are made; other terms are fields themselves."""
_SEARCHED = {"books": ("title", "language", "author"), "authors": ("name",)}
_BY_BOOKS = (Op.HAS_BOOK_OVER, Op.NO_BOOKS)
"""Comparisons of authors that depend on their books."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What became of the rows of one view, by record id.

    `seen` look different where they are; `moved` may have another place, or none; `left` are deleted; `come` are new,
    and may be in the view. `all_seen`: any row may look different; `unknown`: any row may have another place.
    """

    seen: frozenset[int] = frozenset()
    moved: frozenset[int] = frozenset()
    left: frozenset[int] = frozenset()
    come: frozenset[int] = frozenset()
    all_seen: bool = False
    unknown: bool = False

    def __bool__(self) -> bool:
        return bool(self.seen or self.moves or self.all_seen)

    @property
    def moves(self) -> bool:
        """Whether any row may have another place than before."""
        return bool(self.moved or self.left or self.come or self.unknown)


def changes_of(criteria: Criteria, batch: EditBatch, new_ids: Mapping[RecordKey, int]) -> Changes:
    """What a saved batch means for a view; `new_ids` are those of its inserted records."""
    own = [edit for edit in batch.edits if edit.key.table == criteria.table]
    others = [edit for edit in batch.edits if edit.key.table != criteria.table]
    deciding = deciding_fields(criteria)
    updates = [edit for edit in own if edit.kind is EditKind.UPDATE]
    moved = frozenset(edit.key.id for edit in updates if deciding & {*edit.values, "updated_at"})
    linked = _linked_authors(others, new_ids) if criteria.table == "authors" else frozenset()
    names = criteria.table == "books" and any(_renames(edit) for edit in others)
    by_books = any(one.op in _BY_BOOKS for one in criteria.filters) and bool(others)
    return Changes(
        seen=(frozenset(edit.key.id for edit in updates) | linked) - moved,
        moved=moved,
        left=frozenset(edit.key.id for edit in own if edit.kind is EditKind.DELETE),
        come=frozenset(new_ids.get(edit.key, edit.key.id) for edit in own if edit.kind is EditKind.INSERT),
        all_seen=names,
        unknown=by_books or (names and "author" in deciding),
    )


def deciding_fields(criteria: Criteria) -> frozenset[str]:
    """The fields that decide whether a record is in a view, and where."""
    fields = {field for term in order_of(criteria).terms for field in _BEHIND_TERMS.get(term.field, (term.field,))}
    for one in criteria.filters:
        fields |= {"title", "language"} if one.column == "title" else {one.column}
    if criteria.search:
        fields |= set(_SEARCHED[criteria.table])
    return frozenset(fields)


def count_changes(batch: EditBatch) -> dict[str, int]:
    """How many records more (below 0: less) each table has after a batch was saved."""
    changes: dict[str, int] = {}
    for edit in batch.edits:
        changes[edit.key.table] = changes.get(edit.key.table, 0) + _CHANGE_OF_COUNT[edit.kind]
    return {table: change for table, change in changes.items() if change}


def _renames(edit: Edit) -> bool:
    """Whether an edit of an author changes what books show of it: the author's name, or that it is there."""
    return edit.kind is EditKind.DELETE or (edit.kind is EditKind.UPDATE and "name" in edit.values)


def _linked_authors(books: list[Edit], new_ids: Mapping[RecordKey, int]) -> frozenset[int]:
    """The authors who have other books than before."""
    return frozenset(
        new_ids.get(RecordKey("authors", link.id), link.id)
        for edit in books
        if edit.kind is not EditKind.UPDATE or "author" in edit.values
        for link in _links(edit)
    )


def _links(edit: Edit) -> Iterator[AuthorRef]:
    for known in (edit.original, edit.values):
        link = known.get("author")
        if isinstance(link, AuthorRef):
            yield link


_CHANGE_OF_COUNT = {EditKind.INSERT: 1, EditKind.UPDATE: 0, EditKind.DELETE: -1}
