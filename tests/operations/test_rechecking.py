"""Pending edits are compared with the database without changing anything there."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from desk.catalog.edits import EditState
from desk.catalog.rows import AuthorRef, ContributionRow
from desk.operations import stored_records
from desk.operations.rechecking import recheck_edits
from tests.support.editing import BOOK, delete, elsewhere, insert, update
from tests.support.measuring import counting

if TYPE_CHECKING:
    import pytest

    from desk.operations.connect import OpenCatalogue
    from tests.support.library import Library


def test_every_edit_gets_its_state_in_the_order_of_the_edits(catalogue: OpenCatalogue, filled: Library) -> None:
    same, merged, clash, gone, saved, doomed = filled.book_ids[:6]
    author = filled.author_ids[0]
    edits = [
        insert(BOOK, title="New"),
        *(update(catalogue, "books", one, title="Mine") for one in (clash, same, merged, gone, saved)),
        delete(catalogue, "books", doomed),
        update(catalogue, "authors", author, name="Mine"),
    ]
    elsewhere(catalogue, "DELETE FROM books WHERE id IN (:one, :other)", one=gone, other=doomed)
    elsewhere(catalogue, "UPDATE books SET notes = 'theirs' WHERE id = :id", id=merged)
    elsewhere(catalogue, "UPDATE books SET title = 'Theirs' WHERE id = :id", id=clash)
    elsewhere(catalogue, "UPDATE books SET title = 'Mine' WHERE id = :id", id=saved)
    with counting() as action:
        found = recheck_edits(sessions=catalogue.sessions, edits=edits)
    assert [one.edit for one in found] == edits
    assert [one.state for one in found] == [
        EditState.UNCHANGED, EditState.CONFLICT, EditState.UNCHANGED, EditState.MERGED, EditState.GONE,
        EditState.SAVED, EditState.SAVED, EditState.UNCHANGED,
    ]  # fmt: skip
    assert found[3].fields == ("notes",)
    assert found[1].conflict is not None
    assert found[1].conflict.theirs is not None
    assert found[1].conflict.theirs["title"] == "Theirs"
    assert action.statements == 2


def test_contributors_are_read_only_for_edits_that_know_them(catalogue: OpenCatalogue, filled: Library) -> None:
    book_id = filled.book_ids[0]
    elsewhere(catalogue, "DELETE FROM contributions WHERE book_id = :id", id=book_id)
    for place, role in ((3, "editor"), (1, "translator")):
        elsewhere(
            catalogue,
            "INSERT INTO contributions (book_id, author_id, role, position) VALUES (:id, 1, :role, :place)",
            id=book_id, role=role, place=place,
        )  # fmt: skip
    rows = (ContributionRow(AuthorRef(1, ""), "translator", 0), ContributionRow(AuthorRef(1, ""), "editor", 1))
    plain = update(catalogue, "books", book_id, title="Mine")
    knowing = replace(plain, original=MappingProxyType({**plain.original, "contributors": rows}))
    with counting() as action:
        (one,) = recheck_edits(sessions=catalogue.sessions, edits=[plain])
    assert (one.state, action.statements) == (EditState.UNCHANGED, 1)
    assert recheck_edits(sessions=catalogue.sessions, edits=[knowing])[0].state is EditState.UNCHANGED
    elsewhere(catalogue, "DELETE FROM contributions WHERE book_id = :id AND role = 'editor'", id=book_id)
    (other,) = recheck_edits(sessions=catalogue.sessions, edits=[knowing])
    assert (other.state, other.fields) == (EditState.MERGED, ("contributors",))


def test_many_edits_are_read_in_parts(
    catalogue: OpenCatalogue, filled: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    edits = [update(catalogue, "books", one, notes="mine") for one in filled.book_ids[:25]]
    monkeypatch.setattr(stored_records, "CHUNK", 10)
    with counting() as action:
        found = recheck_edits(sessions=catalogue.sessions, edits=edits)
    assert {one.state for one in found} == {EditState.UNCHANGED}
    assert action.statements == 3
