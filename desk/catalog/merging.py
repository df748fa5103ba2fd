"""Two authors that are to become one: what is known of them, what is wished, and what came of it. Pure values.

Invariant: what a person saw of both is part of the wish, so that nothing is merged that has changed since.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from desk.catalog.columns import AUTHORS
from desk.catalog.edits import RecordKey, same
from desk.catalog.rows import AuthorRef

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from desk.catalog.edits import CommitResult, Edit

FIELDS = tuple(column.name for column in AUTHORS.editable)
MOST_TAKEN_BACK = 10_000
"""Books that a merge may change and still be taken back."""


@dataclass(frozen=True, slots=True)
class AuthorFacts:
    """An author as the person sees it who merges two: all fields, and how many books and added entries there are."""

    id: int
    version: int
    values: Mapping[str, Any]
    books: int
    contributions: int

    @property
    def link(self) -> AuthorRef:
        return AuthorRef(self.id, str(self.values["name"]))

    @property
    def key(self) -> RecordKey:
        return RecordKey("authors", self.id)


@dataclass(frozen=True, slots=True)
class Merge:
    """A wish: `gone` becomes part of `kept`, which has `values` in all its fields then."""

    kept: AuthorFacts
    gone: AuthorFacts
    values: Mapping[str, Any]

    @property
    def changes(self) -> dict[str, Any]:
        """What changes in the author that stays."""
        return {name: value for name, value in self.values.items() if not same(self.kept.values[name], value)}

    @property
    def can_be_taken_back(self) -> bool:
        """Whether it changes few enough books, as far as is known before."""
        return self.gone.books + self.gone.contributions <= MOST_TAKEN_BACK


@dataclass(frozen=True, slots=True)
class MergeProgress:
    """So many of the books are done."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class MergeOutcome:
    """What a merge did: main entries and added entries that moved, and added entries that were dropped, because the
    other author had the same part in the book already. `result` is that of its unit of work; its `inverse` takes it
    back, and is None where it would change too many books."""

    books: int
    contributions: int
    dropped: int
    result: CommitResult


def differing(one: AuthorFacts, other: AuthorFacts) -> tuple[str, ...]:
    """The fields in which two authors differ."""
    return tuple(name for name in FIELDS if not same(one.values[name], other.values[name]))


def proposed(kept: AuthorFacts, gone: AuthorFacts) -> Mapping[str, Any]:
    """The fields of both in one: what the author who stays does not know is taken from the other."""
    chosen = {name: kept.values[name] if kept.values[name] is not None else gone.values[name] for name in FIELDS}
    return MappingProxyType(chosen)


def pending_on(edits: Iterable[Edit], author_ids: Iterable[int]) -> tuple[Edit, ...]:
    """The pending edits of authors, and of books that are theirs, or become theirs."""
    ids = set(author_ids)
    return tuple(edit for edit in edits if _is_of(edit, ids))


def _is_of(edit: Edit, ids: set[int]) -> bool:
    if edit.key.table == "authors":
        return edit.key.id in ids
    links = (link for values in (edit.original, edit.values) for value in values.values() for link in _links(value))
    return any(link.id in ids for link in links)


def _links(value: Any) -> tuple[AuthorRef, ...]:
    if isinstance(value, tuple):
        return tuple(one.author for one in value)
    return (value,) if isinstance(value, AuthorRef) else ()
