"""Two authors become one: everything of both is kept, nothing else changes, and it is all of it or nothing."""

from __future__ import annotations

import random
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, make_url, text

from desk.catalog import merge_queries
from desk.catalog import merging as merging_values
from desk.catalog.edits import Edit, EditKind, RecordKey
from desk.catalog.merging import AuthorFacts, Merge, MergeProgress, differing, pending_on, proposed
from desk.catalog.rows import AuthorRef, ContributionRow
from desk.database.actions import Action
from desk.errors import ActionCancelled, DataConflict, EnvironmentProblem
from desk.operations import merging
from desk.operations.commit import commit_edits
from desk.operations.connect import open_catalogue
from desk.operations.merging import load_authors_to_merge, merge_authors
from tests.support.editing import elsewhere, scalar
from tests.support.library import make_books
from tests.support.measuring import counting
from tests.support.proxy import Fate, Proxy
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from desk.catalog.merging import MergeOutcome
    from desk.operations.connect import OpenCatalogue

AUTHORS = (
    "INSERT INTO authors (id, name, name_key, birth_year, notes) VALUES"
    " (1001, 'Tolkien, J. R. R.', 'tolkien, j. r. r.', 1892, NULL),"
    " (1002, 'Tolkien', 'tolkien', NULL, 'Oxford'), (1003, 'Lee, Alan', 'lee, alan', 1947, NULL)",
    "INSERT INTO books (id, title, title_key, author_id, version) VALUES"
    " (2001, 'The Hobbit', 'hobbit', 1001, 3), (2002, 'Roverandom', 'roverandom', 1002, 5),"
    " (2003, 'Beowulf', 'beowulf', NULL, 1), (2004, 'Letters', 'letters', 1002, 1), (2005, 'Art', 'art', 1003, 1)",
    "INSERT INTO contributions (book_id, author_id, role, position) VALUES"
    " (2001, 1003, 'illustrator', 0), (2001, 1002, 'author', 1),"
    " (2002, 1001, 'editor', 0), (2002, 1002, 'editor', 1), (2002, 1002, 'illustrator', 2),"
    " (2003, 1002, 'translator', 4),"
    " (2004, 1001, 'author', 0), (2004, 1003, 'editor', 1)",
)
KEPT, GONE = 1001, 1002
Picture = dict[str, list[tuple[Any, ...]]]


@pytest.fixture
def library(catalogue: OpenCatalogue) -> OpenCatalogue:
    """Two authors to merge among others, with every kind of entry that may be twice then."""
    for statement in AUTHORS:
        elsewhere(catalogue, statement)
    return catalogue


def wish(catalogue: OpenCatalogue, kept: int = KEPT, gone: int = GONE, **values: Any) -> Merge:
    one, other = load_authors_to_merge(sessions=catalogue.sessions, author_ids=(kept, gone))
    return Merge(one, other, {**proposed(one, other), **values})


def do(catalogue: OpenCatalogue, merge: Merge) -> MergeOutcome:
    return merge_authors(sessions=catalogue.sessions, merge=merge)


def picture(catalogue: OpenCatalogue, *, versions: bool = True) -> Picture:
    """All rows; without `versions` and times, as two states are compared between which somebody wrote."""
    numbers = ", version, updated_at" if versions else ""
    columns = {
        "authors": f"id, name, name_key, birth_year, death_year, notes{numbers}",
        "books": f"id, title, title_key, author_id, isbn, published_year, language, price, notes{numbers}",
        "contributions": "book_id, author_id, role" + (", position" if versions else ""),
    }
    orders = {"contributions": "book_id, position, author_id, role"}
    with catalogue.sessions.reading("take a picture") as session:
        return {
            table: [
                tuple(row)
                for row in session.execute(text(f"SELECT {names} FROM {table} ORDER BY {orders.get(table, 'id')}"))
            ]
            for table, names in columns.items()
        }


def entries(catalogue: OpenCatalogue) -> list[tuple[int, int, str]]:
    return [(book, author, role) for book, author, role in picture(catalogue, versions=False)["contributions"]]


def test_two_authors_are_read_with_their_numbers(library: OpenCatalogue) -> None:
    with counting() as action:
        one, other = load_authors_to_merge(sessions=library.sessions, author_ids=(GONE, KEPT))
    assert action.statements <= 4
    assert (one.id, one.books, one.contributions) == (GONE, 2, 4)
    assert (other.id, other.books, other.contributions) == (KEPT, 1, 2)
    assert one.values == {"name": "Tolkien", "birth_year": None, "death_year": None, "notes": "Oxford"}
    assert differing(one, other) == ("name", "birth_year", "notes")


def test_everything_moves_and_nothing_is_said_twice(library: OpenCatalogue) -> None:
    outcome = do(library, wish(library))
    assert (outcome.books, outcome.contributions, outcome.dropped) == (2, 2, 3)
    assert entries(library) == [
        (2001, 1003, "illustrator"),
        (2002, KEPT, "editor"), (2002, KEPT, "illustrator"),
        (2003, KEPT, "translator"),
        (2004, 1003, "editor"),
    ]  # fmt: skip
    books = {row[0]: (row[3], row[-2]) for row in picture(library)["books"]}
    assert books == {2001: (KEPT, 4), 2002: (KEPT, 6), 2003: (None, 2), 2004: (KEPT, 2), 2005: (1003, 1)}
    assert scalar(library, "SELECT count(*) FROM authors WHERE id = 1002") == 0
    kept = next(row for row in picture(library)["authors"] if row[0] == KEPT)
    assert kept[:7] == (KEPT, "Tolkien, J. R. R.", "tolkien, j. r. r.", 1892, None, "Oxford", 2)


def test_the_chosen_values_stay_and_the_key_follows_the_name(library: OpenCatalogue) -> None:
    do(library, wish(library, name="Tolkien", notes=None, birth_year=None))
    kept = next(row for row in picture(library)["authors"] if row[0] == KEPT)
    assert kept[1:6] == ("Tolkien", "tolkien", None, None, None)


def test_an_author_who_keeps_all_values_is_not_a_changed_one(library: OpenCatalogue) -> None:
    do(library, wish(library, notes=None))
    assert scalar(library, "SELECT version FROM authors WHERE id = 1001") == 1


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE authors SET notes = 'Leeds' WHERE id = 1002",
        "UPDATE authors SET birth_year = 1893 WHERE id = 1001",
    ],
)
def test_an_author_who_changed_since_is_not_merged(library: OpenCatalogue, change: str) -> None:
    merge = wish(library)
    elsewhere(library, change)
    before = picture(library)
    with pytest.raises(DataConflict) as refused:
        do(library, merge)
    assert (refused.value.code, "Nothing was merged" in refused.value.kept) == ("changed", True)
    assert picture(library) == before


def test_an_author_who_is_gone_is_not_merged(library: OpenCatalogue) -> None:
    merge = wish(library, kept=1003, gone=KEPT)
    do(library, wish(library, kept=GONE, gone=KEPT))
    before = picture(library)
    with pytest.raises(DataConflict) as refused:
        do(library, merge)
    assert refused.value.code == "gone"
    assert picture(library) == before


def test_a_book_that_came_to_the_other_author_meanwhile_moves_too(library: OpenCatalogue) -> None:
    merge = wish(library)
    elsewhere(library, "UPDATE books SET author_id = 1002 WHERE id = 2005")
    assert do(library, merge).books == 3
    assert scalar(library, "SELECT author_id FROM books WHERE id = 2005") == KEPT


def test_a_row_that_is_not_as_it_was_a_moment_ago_ends_the_unit(
    library: OpenCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a server may let others do between two statements: here a book is named that the author does not have."""
    wrong = text("SELECT id FROM books WHERE author_id = 1002 OR id = 2003 ORDER BY id")
    monkeypatch.setattr(merge_queries, "books_of_select", lambda _gone: wrong)
    before = picture(library)
    with pytest.raises(DataConflict) as refused:
        do(library, wish(library))
    assert refused.value.code == "changed"
    assert picture(library) == before


def test_a_merge_is_taken_back_by_its_inverse(library: OpenCatalogue) -> None:
    before = picture(library, versions=False)
    outcome = do(library, wish(library, name="Tolkien, John"))
    assert outcome.result.inverse is not None
    back = commit_edits(sessions=library.sessions, batch=outcome.result.inverse)
    assert back.conflicts == ()
    assert picture(library, versions=False) == before


def test_a_merge_is_not_taken_back_over_what_others_did_since(library: OpenCatalogue) -> None:
    outcome = do(library, wish(library))
    elsewhere(library, "UPDATE books SET author_id = 1003 WHERE id = 2002")
    before = picture(library)
    assert outcome.result.inverse is not None
    back = commit_edits(sessions=library.sessions, batch=outcome.result.inverse)
    assert [one.edit.key for one in back.conflicts] == [RecordKey("books", 2002)]
    assert picture(library) == before


def test_a_merge_of_too_many_books_has_no_inverse(library: OpenCatalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "MOST_TAKEN_BACK", 3)
    monkeypatch.setattr(merging_values, "MOST_TAKEN_BACK", 3)
    merge = wish(library)
    assert not merge.can_be_taken_back
    outcome = do(library, merge)
    assert outcome.result.inverse is None
    assert outcome.books == 2


@pytest.mark.parametrize("at", range(12))
def test_a_cancel_at_any_statement_leaves_everything_as_it_was(library: OpenCatalogue, at: int) -> None:
    merge, before = wish(library), picture(library)
    action = Action("merge")
    seen = 0

    def cancel(*_words: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == at + 1:
            action.cancel()

    engine = library.sessions._engine
    event.listen(engine, "before_cursor_execute", cancel)
    try:
        with action.running():
            do(library, merge)
        was_cancelled = False
    except ActionCancelled:
        was_cancelled = True
    finally:
        event.remove(engine, "before_cursor_execute", cancel)
    assert was_cancelled
    assert picture(library) == before


@pytest.mark.parametrize("at", [2, 5, 8, 12])
def test_an_interrupt_of_the_process_leaves_everything_as_it_was(library: OpenCatalogue, at: int) -> None:
    merge, before = wish(library), picture(library)
    seen = 0

    def interrupt(*_words: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == at:
            signal.raise_signal(signal.SIGINT)

    engine = library.sessions._engine
    before_this = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    event.listen(engine, "before_cursor_execute", interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            do(library, merge)
    finally:
        event.remove(engine, "before_cursor_execute", interrupt)
        signal.signal(signal.SIGINT, before_this)
    assert picture(library) == before


@contextmanager
def somebody(url: str) -> Iterator[psycopg.Connection[Any]]:
    """Another program with a transaction of its own on the catalogue of a server."""
    address = make_url(url).set(drivername="postgresql", query={}).render_as_string(hide_password=False)
    with closing(psycopg.connect(address, options="-c search_path=desk")) as raw:
        yield raw


def waits_for_lock(url: str) -> bool:
    with somebody(url) as raw:
        found = raw.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ).fetchone()
        return found != (0,)


@pytest.fixture
def served(postgres_url: str) -> Iterator[OpenCatalogue]:
    """The same library on a server."""
    catalogue = open_catalogue(target=postgres_url)
    for statement in AUTHORS:
        elsewhere(catalogue, statement)
    yield catalogue
    catalogue.close()


def test_a_book_that_leaves_the_author_at_that_moment_ends_the_unit(served: OpenCatalogue, postgres_url: str) -> None:
    merge = wish(served)
    with somebody(postgres_url) as other, ThreadPoolExecutor(1) as threads:
        other.execute("UPDATE books SET author_id = 1003 WHERE id = 2002")
        merging_now = threads.submit(do, served, merge)
        wait_until(lambda: waits_for_lock(postgres_url), "the merge to wait")
        other.commit()
        with pytest.raises(DataConflict) as refused:
            merging_now.result(30)
    assert refused.value.code == "changed"
    assert scalar(served, "SELECT count(*) FROM books WHERE author_id = 1002") == 1
    assert scalar(served, "SELECT count(*) FROM contributions WHERE author_id = 1002") == 4


def test_a_book_that_comes_to_the_author_at_that_moment_is_no_orphan(served: OpenCatalogue, postgres_url: str) -> None:
    merge = wish(served)
    with somebody(postgres_url) as other, ThreadPoolExecutor(1) as threads:
        other.execute("INSERT INTO books (title, title_key, author_id) VALUES ('New', 'new', 1002)")
        merging_now = threads.submit(do, served, merge)
        wait_until(lambda: waits_for_lock(postgres_url), "the merge to wait")
        other.commit()
        assert merging_now.result(30).books == 3
    assert scalar(served, "SELECT author_id FROM books WHERE title = 'New'") == KEPT


def test_progress_reaches_the_number_of_books(library: OpenCatalogue) -> None:
    told: list[MergeProgress] = []
    merge_authors(sessions=library.sessions, merge=wish(library), on_progress=told.append)
    assert told[-1] == MergeProgress(4, 4)
    assert [one.done for one in told] == sorted(one.done for one in told)


@pytest.mark.parametrize("fate", [Fate.ANSWER_LOST, Fate.REQUEST_LOST])
def test_a_merge_whose_answer_was_lost_says_what_became_of_it(postgres_url: str, fate: Fate) -> None:
    url = make_url(postgres_url)
    with Proxy(url.port or 5432) as proxy:
        through = url.set(host="127.0.0.1", port=proxy.port).update_query_dict({"sslmode": "disable"})
        catalogue = open_catalogue(target=through.render_as_string(hide_password=False))
        try:
            for statement in AUTHORS:
                elsewhere(catalogue, statement)
            merge = wish(catalogue)
            proxy.lose(fate)
            if fate is Fate.ANSWER_LOST:
                result = do(catalogue, merge).result
                assert (bool(result.saved), result.unknown) == (True, None)
            else:
                with pytest.raises(EnvironmentProblem) as lost:
                    do(catalogue, merge)
                assert lost.value.code == "not_saved"
            assert scalar(catalogue, "SELECT count(*) FROM authors WHERE id = 1002") == (fate is Fate.REQUEST_LOST)
        finally:
            catalogue.close()


@settings(max_examples=15)
@given(seed=st.integers(0, 2**16), books=st.integers(0, 40))
def test_any_two_authors_of_any_library_become_one_and_two_again(sqlite_path: Path, seed: int, books: int) -> None:
    chance = random.Random(seed)
    catalogue = open_catalogue(target=str(sqlite_path))
    try:
        authors = make_books(catalogue, books, seed).author_ids
        kept, gone = chance.sample(authors, 2)
        before = picture(catalogue, versions=False)
        outcome = do(catalogue, wish(catalogue, kept, gone))
        after = picture(catalogue, versions=False)
        _check_moved(before, after, kept, gone)
        assert scalar(catalogue, "SELECT count(*) FROM pragma_foreign_key_check") == 0
        assert outcome.result.inverse is not None
        assert commit_edits(sessions=catalogue.sessions, batch=outcome.result.inverse).conflicts == ()
        assert picture(catalogue, versions=False) == before
    finally:
        catalogue.close()


def _check_moved(before: Picture, after: Picture, kept: int, gone: int) -> None:
    """The same as in plain Python, row by row."""

    def now(author: int | None) -> int | None:
        return kept if author == gone else author

    assert after["books"] == [(*row[:3], now(row[3]), *row[4:]) for row in before["books"]]
    assert [row for row in after["authors"] if row[0] != kept] == [
        row for row in before["authors"] if row[0] not in (kept, gone)
    ]
    main = {row[0]: row[3] for row in before["books"]}
    known = set(before["contributions"])
    wanted = [
        (book, now(author), role)
        for book, author, role in known
        if not (role == "author" and {author, main[book]} == {kept, gone})
        and not (author == gone and (book, kept, role) in known)
    ]
    assert sorted(after["contributions"]) == sorted(wanted)


def test_pending_edits_of_either_author_are_found() -> None:
    key, other = RecordKey("books", 7), RecordKey("authors", 3)
    entry = (ContributionRow(AuthorRef(1, ""), "editor", 0),)
    touching = (
        Edit(RecordKey("authors", 2), EditKind.UPDATE, "", values={"notes": ""}),
        Edit(key, EditKind.UPDATE, "", original={"author": AuthorRef(1, ""), "title": ""}, values={"title": "x"}),
        Edit(RecordKey("books", -1), EditKind.INSERT, "", values={"author": AuthorRef(2, "")}),
        Edit(key, EditKind.UPDATE, "", original={"contributors": entry}, values={"contributors": ()}),
    )
    free = (
        Edit(other, EditKind.UPDATE, "", values={"notes": ""}),
        Edit(key, EditKind.UPDATE, "", original={"author": None}, values={"author": AuthorRef(3, "")}),
        Edit(RecordKey("books", 1), EditKind.DELETE, "", original={"author": None}),
    )
    assert pending_on((*touching, *free), (1, 2)) == touching


def test_what_only_the_other_author_knows_is_proposed() -> None:
    known = {"name": "A", "birth_year": None, "death_year": None, "notes": ""}
    one = AuthorFacts(1, 1, known, 0, 0)
    other = replace(one, id=2, values={**known, "name": "B", "birth_year": 1900, "notes": "long"})
    assert proposed(one, other) == {"name": "A", "birth_year": 1900, "death_year": None, "notes": ""}
    assert Merge(one, other, proposed(one, other)).changes == {"birth_year": 1900}
