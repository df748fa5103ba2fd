"""Edits of another run under keys of this one: links between them follow, links to nobody go."""

from __future__ import annotations

import itertools
from types import MappingProxyType
from typing import Any

from desk.catalog.edit_links import renumbered
from desk.catalog.edits import Edit, EditKind, RecordKey
from desk.catalog.rows import AuthorRef, ContributionRow

WOOLF = AuthorRef(-5, "Woolf, Virginia")
KNOWN = AuthorRef(3, "Bell, Vanessa")


def edit(table: str, record_id: int, kind: EditKind, **values: Any) -> Edit:
    return Edit(RecordKey(table, record_id), kind, "", values=MappingProxyType(values))


def from_minus_100(*edits: Edit) -> tuple[Edit, ...]:
    numbers = itertools.count(-100, -1)
    return renumbered(edits, lambda table: RecordKey(table, next(numbers)))


def test_links_follow_a_new_author_wherever_they_stand() -> None:
    contributors = (ContributionRow(KNOWN, "editor", 0), ContributionRow(WOOLF, "author", 1))
    author, new, old = from_minus_100(
        edit("authors", -5, EditKind.INSERT, name="Woolf, Virginia"),
        edit("books", -6, EditKind.INSERT, title="Orlando", author=WOOLF),
        edit("books", 4, EditKind.UPDATE, contributors=contributors, author=KNOWN),
    )
    assert (author.key, new.key, old.key) == (
        RecordKey("authors", -100),
        RecordKey("books", -101),
        RecordKey("books", 4),
    )
    assert (new.values["author"].id, new.values["author"].name) == (-100, "Woolf, Virginia")
    assert [row.author.id for row in old.values["contributors"]] == [3, -100]
    assert old.values["author"] == KNOWN


def test_a_book_may_come_before_its_author() -> None:
    book, author = from_minus_100(
        edit("books", 4, EditKind.UPDATE, author=WOOLF), edit("authors", -5, EditKind.INSERT, name="x")
    )
    assert book.values["author"].id == author.key.id


def test_a_link_to_an_author_who_does_not_come_along_is_left_out() -> None:
    contributors = (ContributionRow(WOOLF, "author", 0), ContributionRow(KNOWN, "editor", 1))
    (kept,) = from_minus_100(
        edit("books", 4, EditKind.UPDATE, author=WOOLF, title="Orlando", contributors=contributors),
        edit("books", 5, EditKind.UPDATE, author=WOOLF),
    )
    assert dict(kept.values) == {"title": "Orlando", "contributors": (ContributionRow(KNOWN, "editor", 0),)}


def test_a_book_and_an_author_of_one_number_are_not_mixed_up() -> None:
    book, user, author = from_minus_100(
        edit("books", -5, EditKind.INSERT, title="x"),
        edit("books", 4, EditKind.UPDATE, author=WOOLF),
        edit("authors", -5, EditKind.INSERT, name="y"),
    )
    assert user.values["author"].id == author.key.id != book.key.id
