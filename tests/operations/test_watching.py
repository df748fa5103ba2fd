"""Looking for what others changed: what is noticed, what is not, and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from desk.catalog.criteria import Criteria
from desk.catalog.edits import EditState, RecordKey
from desk.catalog.paging import PageRequest
from desk.catalog.watched import Noticed, Watched
from desk.operations.commit import commit_edits
from desk.operations.connect import OpenCatalogue, open_catalogue
from desk.operations.pages import load_page
from desk.operations.watching import look_elsewhere
from tests.support.editing import batch, delete, elsewhere, update
from tests.support.measuring import counting
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from desk.catalog.edits import Edit
    from tests.support.library import Library


@pytest.fixture
def colleague(catalogue: OpenCatalogue, database_target: str) -> Iterator[OpenCatalogue]:
    opened = open_catalogue(target=database_target)
    yield opened
    opened.close()


def shown(catalogue: OpenCatalogue, table: str = "books", limit: int = 30) -> Watched:
    """The first rows of a view as they are shown."""
    page = load_page(sessions=catalogue.sessions, request=PageRequest(Criteria(table), 0, limit))
    return Watched(table, {row.id: row for row in page.rows})


def look(catalogue: OpenCatalogue, watched: Watched, before: Noticed | None = None, *edits: Edit) -> Noticed:
    """A look that knows what the one before has found."""
    known: dict[str, Any] = {} if before is None else {"tick": before.tick, "marks": before.marks}
    watched = Watched(watched.table, watched.shown, edits, **known)
    return look_elsewhere(sessions=catalogue.sessions, monitor=catalogue.monitor, watched=watched)


def is_sqlite(catalogue: OpenCatalogue) -> bool:
    return catalogue.sessions.dialect == "sqlite"


@pytest.mark.parametrize("table", ["books", "authors"])
def test_what_nobody_changed_is_as_it_is_shown(catalogue: OpenCatalogue, filled: Library, table: str) -> None:
    watched = shown(catalogue, table)
    first = look(catalogue, watched)
    assert (first.changed, first.gone, first.checked, first.is_moved) == ({}, frozenset(), (), False)
    again = look(catalogue, watched, first)
    assert (again.changed, again.gone, again.is_moved) == ({}, frozenset(), False)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ("UPDATE books SET price = 4242, isbn = NULL WHERE id = :id", "price"),
        ("UPDATE books SET author_id = NULL WHERE id = :id", "author"),
        ("UPDATE authors SET name = 'Else' WHERE id = (SELECT author_id FROM books WHERE id = :id)", "author"),
        ("INSERT INTO contributions (book_id, author_id, role, position) VALUES (:id, 1, 'x', 99)", "contributors"),
        ("UPDATE contributions SET position = -position WHERE book_id = :id", "contributors"),
        ("DELETE FROM contributions WHERE book_id = :id", "contributors"),
    ],
)
def test_a_change_of_a_book_is_noticed_with_what_it_is_now(
    catalogue: OpenCatalogue, colleague: OpenCatalogue, filled: Library, change: str, field: str
) -> None:
    watched = shown(catalogue, limit=100)
    book = next(
        one
        for one, row in watched.shown.items()
        if row.author and len(row.contributors.split("; ")) == 2  # type: ignore[union-attr]
    )
    first = look(catalogue, watched)
    elsewhere(colleague, change, id=book)
    now = look(catalogue, watched, first)
    assert book in now.changed
    assert getattr(now.changed[book].row, field) != getattr(watched.shown[book], field) or "authors" in change
    page = load_page(sessions=catalogue.sessions, request=PageRequest(Criteria("books"), 0, 120))
    fresh = {row.id: row for row in page.rows}
    assert {one: found.row for one, found in now.changed.items()} == {one: fresh[one] for one in now.changed}


def test_a_book_more_is_a_change_of_its_author(
    catalogue: OpenCatalogue, colleague: OpenCatalogue, filled: Library
) -> None:
    watched = shown(catalogue, "authors")
    first = look(catalogue, watched)
    elsewhere(colleague, "UPDATE authors SET birth_year = 1 WHERE id = :id", id=filled.author_ids[0])
    elsewhere(
        colleague, "INSERT INTO books (title, title_key, author_id) VALUES ('x', 'x', :id)", id=filled.author_ids[0]
    )
    now = look(catalogue, watched, first)
    before: Any = watched.shown.get(filled.author_ids[0])
    if before is not None:
        assert now.changed[filled.author_ids[0]].row.books == before.books + 1  # type: ignore[union-attr]


def test_a_deleted_record_is_gone_and_told_once(
    catalogue: OpenCatalogue, colleague: OpenCatalogue, filled: Library
) -> None:
    watched = shown(catalogue)
    book = next(iter(watched.shown))
    first = look(catalogue, watched)
    elsewhere(colleague, "DELETE FROM contributions WHERE book_id = :id", id=book)
    elsewhere(colleague, "DELETE FROM books WHERE id = :id", id=book)
    now = look(catalogue, watched, first)
    assert now.gone == {book}
    assert look(catalogue, watched, now).gone == frozenset()


def test_a_change_before_the_first_look_is_noticed(
    catalogue: OpenCatalogue, colleague: OpenCatalogue, filled: Library
) -> None:
    watched = shown(catalogue)
    book = next(iter(watched.shown))
    elsewhere(colleague, "UPDATE books SET published_year = 7 WHERE id = :id", id=book)
    assert set(look(catalogue, watched).changed) == {book}


def test_a_version_alone_is_no_change(catalogue: OpenCatalogue, colleague: OpenCatalogue, filled: Library) -> None:
    watched = shown(catalogue)
    first = look(catalogue, watched)
    elsewhere(colleague, "UPDATE books SET version = version + 1, notes = 'x'")
    assert not look(catalogue, watched, first).changed


def test_a_row_that_came_moves_the_catalogue(
    catalogue: OpenCatalogue, colleague: OpenCatalogue, filled: Library
) -> None:
    watched = shown(catalogue)
    last = look(catalogue, watched)
    elsewhere(colleague, "INSERT INTO books (title, title_key) VALUES ('x', 'x')")

    def has_moved() -> bool:  # a server counts a moment later
        return look(catalogue, watched, last).is_moved

    wait_until(has_moved, "the count of what was written")


# What it costs


def test_a_look_at_what_nobody_changed_costs_one_statement_on_a_server_and_none_in_a_file(
    catalogue: OpenCatalogue, filled: Library
) -> None:
    watched = shown(catalogue)
    last = look(catalogue, watched)
    while (now := look(catalogue, watched, last)).is_moved:  # a server still counts what filled it
        last = now
    with counting() as action:
        look(catalogue, watched, now)
    assert (action.statements, action.checkouts) == ((0, 0) if is_sqlite(catalogue) else (1, 1))


def test_after_a_commit_of_our_own_a_look_costs_one_statement_more_and_finds_nothing(
    catalogue: OpenCatalogue, filled: Library
) -> None:
    first = look(catalogue, shown(catalogue))
    book = next(iter(shown(catalogue).shown))
    commit_edits(sessions=catalogue.sessions, batch=batch(update(catalogue, "books", book, published_year=7)))
    watched = shown(catalogue)
    with counting() as action:
        now = look(catalogue, watched, first)
    assert action.statements == (1 if is_sqlite(catalogue) else 2)
    assert (now.changed, now.gone) == ({}, frozenset())


def test_between_two_looks_nothing_is_held(catalogue: OpenCatalogue, filled: Library) -> None:
    look(catalogue, shown(catalogue))
    snapshot = catalogue.pool.snapshot()
    assert (snapshot.checked_out, snapshot.open_transactions) == (0, 0)


# Pending edits


def test_an_edit_is_checked_when_its_record_changed_in_sight_or_not(
    catalogue: OpenCatalogue, colleague: OpenCatalogue, filled: Library
) -> None:
    watched = shown(catalogue)
    author = filled.author_ids[0]
    book, other = list(watched.shown)[:2]
    edits = (
        update(catalogue, "books", book, published_year=7),
        update(catalogue, "authors", author, birth_year=1),
        delete(catalogue, "books", other),
    )
    first = look(catalogue, watched, None, *edits)
    assert {one.state for one in first.checked} <= {EditState.UNCHANGED}
    assert look(catalogue, watched, first, *edits).checked == () or not is_sqlite(catalogue)
    elsewhere(colleague, "UPDATE books SET published_year = 9 WHERE id = :id", id=book)
    elsewhere(colleague, "UPDATE authors SET notes = 'else', death_year = 33 WHERE id = :id", id=author)
    now = look(catalogue, watched, first, *edits)
    states = {one.edit.key: one.state for one in now.checked}
    assert states[RecordKey("books", book)] is EditState.CONFLICT
    assert states[RecordKey("authors", author)] is EditState.MERGED
    assert states.get(RecordKey("books", other), EditState.UNCHANGED) is EditState.UNCHANGED
