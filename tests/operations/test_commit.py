"""A unit of work is saved as a whole or not at all, and only over records that are as its edits found them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import event, make_url
from sqlalchemy.exc import OperationalError

from desk.catalog.edits import CommitResult, Edit, EditBatch, RecordKey
from desk.catalog.rows import AuthorRef
from desk.errors import DataConflict, InvalidInput
from desk.operations.commit import commit_edits
from desk.operations.connect import OpenCatalogue, open_catalogue
from desk.operations.records import load_details
from tests.support.editing import AUTHOR, BOOK, batch, delete, elsewhere, insert, scalar, stored, update
from tests.support.expected import everything
from tests.support.library import Library, make_books
from tests.support.measuring import counting
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path


def save(catalogue: OpenCatalogue, *edits: Edit | None) -> CommitResult:
    return commit_edits(sessions=catalogue.sessions, batch=batch(*edits))


def new_book(catalogue: OpenCatalogue, **values: Any) -> int:
    result = save(catalogue, insert(BOOK, **{"title": "Emma", **values}))
    return result.new_ids[BOOK]


def new_author(catalogue: OpenCatalogue, name: str = "Austen, Jane") -> int:
    return save(catalogue, insert(AUTHOR, name=name)).new_ids[AUTHOR]


def books_in(catalogue: OpenCatalogue) -> int:
    return int(scalar(catalogue, "SELECT count(*) FROM books"))


def test_an_inserted_book_holds_every_value_exactly(catalogue: OpenCatalogue) -> None:
    author_id = new_author(catalogue)
    values = {
        "title": "  Émile — 𝔻 'x' ", "author": AuthorRef(author_id, ""), "published_year": -720,
        "isbn": "9780261103344", "language": "fr", "price": Decimal("9999999999.99"), "notes": "line\nbreak\ttab",
    }  # fmt: skip
    book_id = new_book(catalogue, **values)
    details = load_details(sessions=catalogue.sessions, table="books", record_id=book_id)
    row = details.row
    for name, value in values.items():
        if name != "notes":
            assert getattr(row, name) == value
    assert details.notes == values["notes"]
    assert row.version == 1
    assert row.updated_at == details.created_at


@pytest.mark.parametrize("cents", [0, 1, 10, 99, 100, 101, 1999, 123456789, 999999999999])
def test_prices_are_exact_to_the_cent(catalogue: OpenCatalogue, cents: int) -> None:
    price = Decimal(cents).scaleb(-2)
    book_id = new_book(catalogue, price=price)
    read = load_details(sessions=catalogue.sessions, table="books", record_id=book_id).row.price  # type: ignore[union-attr]
    assert read == price
    assert str(read) == f"{price:.2f}"


def test_an_update_changes_the_fields_of_the_edit_and_raises_the_version_by_one(catalogue: OpenCatalogue) -> None:
    book_id = new_book(catalogue, notes="old", price=Decimal("1.00"))
    before = stored(catalogue, "books", book_id)
    assert before is not None
    elsewhere(catalogue, "UPDATE books SET updated_at = '2001-01-01 00:00:00.000000' WHERE id = :id", id=book_id)
    result = save(catalogue, update(catalogue, "books", book_id, price=Decimal("2.50")))
    after = stored(catalogue, "books", book_id)
    assert after is not None
    assert result.saved == (RecordKey("books", book_id),)
    assert (after["version"], after["notes"]) == (before["version"] + 1, "old")
    assert str(after["updated_at"]) > "2002"
    unchanged = set(before) - {"price", "version", "updated_at"}
    assert {name: after[name] for name in unchanged} == {name: before[name] for name in unchanged}


def test_an_update_that_repeats_the_value_writes_nothing(catalogue: OpenCatalogue) -> None:
    book_id = new_book(catalogue, title="Emma")
    save(catalogue, update(catalogue, "books", book_id, title="Emma"))
    assert (stored(catalogue, "books", book_id) or {})["version"] == 1


def test_the_key_of_a_title_follows_title_and_language(catalogue: OpenCatalogue) -> None:
    book_id = new_book(catalogue, title="The Hobbit", language="en")

    def key() -> str:
        return str((stored(catalogue, "books", book_id) or {})["title_key"])

    assert key() == "hobbit"
    save(catalogue, update(catalogue, "books", book_id, language=None))
    assert key() == "the hobbit"
    save(catalogue, update(catalogue, "books", book_id, language="en"))
    assert key() == "hobbit"
    save(catalogue, update(catalogue, "books", book_id, title="Der Hobbit", language="de"))
    assert key() == "hobbit"
    save(catalogue, update(catalogue, "books", book_id, title="The Silmarillion"))
    assert key() == "the silmarillion"


def test_the_key_of_a_name_follows_it(catalogue: OpenCatalogue) -> None:
    author_id = new_author(catalogue)
    save(catalogue, update(catalogue, "authors", author_id, name="Brontë, Emily"))
    assert (stored(catalogue, "authors", author_id) or {})["name_key"] == "bronte, emily"


def test_nothing_and_an_empty_text_stay_different(catalogue: OpenCatalogue) -> None:
    book_id = new_book(catalogue, notes=None)
    for value in ("", None, "x", "", None):
        save(catalogue, update(catalogue, "books", book_id, notes=value, language=value))
        found = stored(catalogue, "books", book_id) or {}
        assert (found["notes"], found["language"]) == (value, value)


def test_a_new_author_and_their_books_are_saved_in_one_unit(catalogue: OpenCatalogue) -> None:
    link = AuthorRef(AUTHOR.id, "Austen, Jane")
    old_book = new_book(catalogue, title="Sanditon")
    second = RecordKey("books", -3)
    result = save(
        catalogue,
        insert(BOOK, title="Emma", author=link),
        update(catalogue, "books", old_book, author=link),
        insert(AUTHOR, name="Austen, Jane"),
        insert(second, title="Persuasion", author=link),
    )
    author_id = result.new_ids[AUTHOR]
    assert set(result.new_ids) == {AUTHOR, BOOK, second}
    for book_id in (result.new_ids[BOOK], result.new_ids[second], old_book):
        assert (stored(catalogue, "books", book_id) or {})["author_id"] == author_id


def test_a_book_of_a_new_author_that_was_dropped_is_refused(catalogue: OpenCatalogue) -> None:
    with pytest.raises(DataConflict) as refused:
        save(catalogue, insert(BOOK, title="Emma", author=AuthorRef(-99, "Austen, Jane")))
    assert "Austen, Jane" in str(refused.value)
    assert books_in(catalogue) == 0


def test_a_book_of_an_author_who_is_gone_is_refused(catalogue: OpenCatalogue) -> None:
    with pytest.raises(DataConflict) as refused:
        save(catalogue, insert(BOOK, title="Emma", author=AuthorRef(10**6, "Austen, Jane")))
    assert refused.value.code == "reference"
    assert "kept" in refused.value.kept
    assert books_in(catalogue) == 0


def test_a_deleted_book_takes_its_contributions_along(catalogue: OpenCatalogue, filled: Library) -> None:
    book_id = scalar(catalogue, "SELECT min(book_id) FROM contributions")
    edit = delete(catalogue, "books", book_id)
    with counting() as action:
        save(catalogue, edit)
    assert stored(catalogue, "books", book_id) is None
    assert scalar(catalogue, "SELECT count(*) FROM contributions WHERE book_id = :id", id=book_id) == 0
    assert action.statements <= 4


def test_an_author_without_books_is_deleted(catalogue: OpenCatalogue) -> None:
    author_id = new_author(catalogue)
    save(catalogue, delete(catalogue, "authors", author_id))
    assert stored(catalogue, "authors", author_id) is None


@pytest.mark.parametrize(("count", "words"), [(1, "1 book "), (3, "3 books ")])
def test_an_author_with_books_is_kept_and_the_books_are_counted(
    catalogue: OpenCatalogue, count: int, words: str
) -> None:
    author_id = new_author(catalogue)
    for _number in range(count):
        new_book(catalogue, author=AuthorRef(author_id, ""))
    with pytest.raises(DataConflict) as refused:
        save(catalogue, insert(BOOK, title="Other"), delete(catalogue, "authors", author_id))
    assert words in refused.value.what
    assert "Austen, Jane" in refused.value.what
    assert "Nothing was saved" in refused.value.kept
    assert refused.value.code == "in_use"
    assert books_in(catalogue) == count
    assert stored(catalogue, "authors", author_id) is not None


def test_an_author_with_contributions_only_is_kept_too(catalogue: OpenCatalogue) -> None:
    author_id, book_id = new_author(catalogue), new_book(catalogue)
    elsewhere(
        catalogue,
        "INSERT INTO contributions (book_id, author_id, position) VALUES (:book, :author, 0)",
        book=book_id,
        author=author_id,
    )
    with pytest.raises(DataConflict) as refused:
        save(catalogue, delete(catalogue, "authors", author_id))
    assert refused.value.code == "in_use"


def test_every_book_of_an_author_counts_once_whatever_their_part_in_it(catalogue: OpenCatalogue) -> None:
    author_id = new_author(catalogue)
    own, other = new_book(catalogue, author=AuthorRef(author_id, "")), new_book(catalogue)
    contribute = "INSERT INTO contributions (book_id, author_id, role, position) VALUES (:book, :author, :role, 0)"
    for book, role in ((own, "editor"), (own, "translator"), (other, "editor"), (other, "translator")):
        elsewhere(catalogue, contribute, book=book, author=author_id, role=role)
    with pytest.raises(DataConflict, match="still has 2 books "):
        save(catalogue, delete(catalogue, "authors", author_id))
    with pytest.raises(DataConflict, match="still has 1 book "):
        save(catalogue, delete(catalogue, "books", own), delete(catalogue, "authors", author_id))


def test_an_author_and_all_their_books_are_deleted_in_one_unit(catalogue: OpenCatalogue) -> None:
    author_id = new_author(catalogue)
    books = [new_book(catalogue, author=AuthorRef(author_id, "")) for _number in range(2)]
    save(
        catalogue,
        delete(catalogue, "authors", author_id),
        *(delete(catalogue, "books", book_id) for book_id in books),
    )
    assert books_in(catalogue) == 0
    assert stored(catalogue, "authors", author_id) is None


def test_an_author_whose_books_move_away_in_the_same_unit_is_deleted(catalogue: OpenCatalogue) -> None:
    author_id = new_author(catalogue)
    book_id = new_book(catalogue, author=AuthorRef(author_id, ""))
    save(catalogue, delete(catalogue, "authors", author_id), update(catalogue, "books", book_id, author=None))
    assert stored(catalogue, "authors", author_id) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE books SET title = 'theirs' WHERE id = :id",
        "UPDATE books SET title = 'theirs', version = version + 1 WHERE id = :id",
    ],
    ids=["version kept", "version raised"],
)
def test_a_field_changed_elsewhere_is_a_conflict_and_nothing_is_saved(catalogue: OpenCatalogue, statement: str) -> None:
    book_id, other_id = new_book(catalogue), new_book(catalogue, title="Other")
    edit = update(catalogue, "books", book_id, title="Mine")
    other = update(catalogue, "books", other_id, title="Changed")
    elsewhere(catalogue, statement, id=book_id)
    result = save(catalogue, insert(BOOK, title="New"), other, edit)
    (conflict,) = result.conflicts
    assert (result.saved, dict(result.new_ids)) == ((), {})
    assert conflict.edit is edit
    assert conflict.theirs is not None
    assert conflict.theirs["title"] == "theirs"
    assert conflict.changed_elsewhere == ("title",)
    assert result.inverse is None
    assert (stored(catalogue, "books", book_id) or {})["title"] == "theirs"
    assert (stored(catalogue, "books", other_id) or {})["title"] == "Other"
    assert books_in(catalogue) == 2


def test_a_raised_version_alone_is_no_conflict(catalogue: OpenCatalogue) -> None:
    book_id = new_book(catalogue)
    edit = update(catalogue, "books", book_id, title="Mine")
    elsewhere(catalogue, "UPDATE books SET version = version + 5 WHERE id = :id", id=book_id)
    assert not save(catalogue, edit).conflicts
    found = stored(catalogue, "books", book_id) or {}
    assert (found["title"], found["version"]) == ("Mine", 7)


def test_another_author_elsewhere_is_a_conflict_with_the_name(catalogue: OpenCatalogue) -> None:
    author_id, book_id = new_author(catalogue), new_book(catalogue)
    edit = update(catalogue, "books", book_id, author=AuthorRef(new_author(catalogue, "Carroll, Lewis"), ""))
    elsewhere(catalogue, "UPDATE books SET author_id = :author WHERE id = :id", author=author_id, id=book_id)
    (conflict,) = save(catalogue, edit).conflicts
    assert conflict.theirs is not None
    assert conflict.theirs["author"].name == "Austen, Jane"


def test_a_record_deleted_elsewhere_is_a_conflict(catalogue: OpenCatalogue) -> None:
    book_id = new_book(catalogue)
    edit = update(catalogue, "books", book_id, title="Mine")
    elsewhere(catalogue, "DELETE FROM books WHERE id = :id", id=book_id)
    (conflict,) = save(catalogue, insert(BOOK, title="New"), edit).conflicts
    assert conflict.theirs is None
    assert books_in(catalogue) == 0


def test_a_deletion_of_a_record_that_is_gone_is_done(catalogue: OpenCatalogue) -> None:
    gone, other = new_book(catalogue), new_book(catalogue)
    edits = delete(catalogue, "books", gone), delete(catalogue, "books", other)
    elsewhere(catalogue, "DELETE FROM books WHERE id = :id", id=gone)
    result = save(catalogue, *edits)
    assert result.saved == tuple(edit.key for edit in edits)
    assert result.inverse is not None
    assert [edit.key.id for edit in result.inverse.edits] == [other]
    assert books_in(catalogue) == 0


def test_a_deletion_of_a_changed_record_is_a_conflict(catalogue: OpenCatalogue) -> None:
    book_id = new_book(catalogue)
    edit = delete(catalogue, "books", book_id)
    elsewhere(catalogue, "UPDATE books SET title = 'Theirs' WHERE id = :id", id=book_id)
    assert save(catalogue, edit).conflicts
    assert stored(catalogue, "books", book_id) is not None


def test_a_rebased_edit_is_saved_over_the_other_change(catalogue: OpenCatalogue) -> None:
    book_id = new_book(catalogue)
    edit = update(catalogue, "books", book_id, title="Mine")
    elsewhere(catalogue, "UPDATE books SET title = 'Theirs', version = version + 1 WHERE id = :id", id=book_id)
    (conflict,) = save(catalogue, edit).conflicts
    assert conflict.theirs is not None
    again = edit.rebased(conflict.theirs, conflict.version, edit.values)
    assert save(catalogue, again).saved == (edit.key,)
    found = stored(catalogue, "books", book_id) or {}
    assert (found["title"], found["version"]) == ("Mine", 3)


def test_a_value_the_database_refuses_leaves_nothing_of_the_unit(catalogue: OpenCatalogue) -> None:
    book_id = new_book(catalogue)
    with pytest.raises(Exception, match=r".") as refused:
        save(
            catalogue,
            update(catalogue, "books", book_id, title="Mine"),
            insert(BOOK, title="New"),
            update(catalogue, "books", book_id, author=AuthorRef(10**6, "Nobody")),
        )
    assert refused.value is not None
    assert (stored(catalogue, "books", book_id) or {})["title"] == "Emma"
    assert books_in(catalogue) == 1
    assert catalogue.pool.snapshot().checked_out == 0


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (insert(BOOK), "The new book has no title yet."),
        (insert(BOOK, title=None, notes="x"), "The new book has no title yet."),
        (insert(BOOK, language="en"), "The new book has no title yet."),
        (insert(AUTHOR, birth_year=1775), "The new author has no name yet."),
    ],
)
def test_a_new_record_without_a_field_that_it_needs_is_refused(
    catalogue: OpenCatalogue, edit: Edit, words: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        save(catalogue, insert(RecordKey("books", -3), title="Emma"), edit)
    assert refused.value.what == words
    assert refused.value.kept == "Nothing was saved. Your pending edits are kept."
    assert refused.value.advice
    assert books_in(catalogue) == 0


def test_a_change_that_takes_away_a_field_that_is_needed_is_refused(catalogue: OpenCatalogue) -> None:
    book_id = new_book(catalogue)
    edit = replace(update(catalogue, "books", book_id, title=None), label="Emma")
    with pytest.raises(InvalidInput, match="The book “Emma” cannot be without its title"):
        save(catalogue, edit)
    assert (stored(catalogue, "books", book_id) or {})["title"] == "Emma"


def test_an_empty_title_is_a_title(catalogue: OpenCatalogue) -> None:
    assert (stored(catalogue, "books", new_book(catalogue, title="")) or {})["title"] == ""


def test_an_empty_unit_saves_nothing(catalogue: OpenCatalogue) -> None:
    assert save(catalogue) == CommitResult(saved=())


def test_many_edits_take_few_statements(catalogue: OpenCatalogue, filled: Library) -> None:
    edits = [update(catalogue, "books", book_id, notes="seen") for book_id in filled.book_ids]
    with counting() as action:
        result = save(catalogue, *edits)
    assert len(result.saved) == len(edits)
    assert action.statements <= 2 + len(edits)
    assert action.checkouts == 1
    assert {book["notes"] for book in everything(catalogue).books} == {"seen"}


def test_ids_of_deleted_records_never_come_back(catalogue: OpenCatalogue) -> None:
    book_id, author_id = new_book(catalogue), new_author(catalogue)
    save(catalogue, delete(catalogue, "books", book_id), delete(catalogue, "authors", author_id))
    assert new_book(catalogue) > book_id
    assert new_author(catalogue) > author_id


def test_a_change_committed_while_the_unit_waits_for_the_lock_is_a_conflict(postgres_url: str) -> None:
    opened = open_catalogue(target=postgres_url)
    book_id = new_book(opened)
    edit = update(opened, "books", book_id, title="Mine")
    address = make_url(postgres_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as other, ThreadPoolExecutor() as threads:
        other.execute("UPDATE desk.books SET title = 'Theirs' WHERE id = %s", [book_id])
        saving = threads.submit(save, opened, edit)
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'desk' AND wait_event_type = 'Lock'"
        wait_until(lambda: (other.execute(waiting).fetchone() or [0])[0], "the unit waits for the lock")
        other.commit()
        (conflict,) = saving.result(timeout=20).conflicts
    assert conflict.theirs is not None
    assert conflict.theirs["title"] == "Theirs"
    opened.close()


def test_a_unit_interrupted_inside_sqlite_never_says_saved(sqlite_path: Path) -> None:
    opened = open_catalogue(target=str(sqlite_path))
    books = make_books(opened, 60).book_ids
    edits = [update(opened, "books", book_id, notes="mine") for book_id in books]

    used: list[sqlite3.Connection] = []

    def interrupt_updates(_connection: Any, cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("UPDATE"):
            used.append(cursor.connection)
            cursor.connection.set_progress_handler(lambda: 1, 1)

    engine = opened.sessions._engine
    event.listen(engine, "before_cursor_execute", interrupt_updates)
    with pytest.raises(OperationalError, match="interrupted"):
        save(opened, *edits)
    event.remove(engine, "before_cursor_execute", interrupt_updates)
    used[0].set_progress_handler(None, 1)
    assert "mine" not in {book["notes"] for book in everything(opened).books}
    assert opened.pool.snapshot().checked_out == 0
    opened.close()


def test_a_commit_leaves_no_transaction_idle(postgres_url: str, pg_activity: Callable[[str], Any]) -> None:
    opened = open_catalogue(target=postgres_url)
    books = make_books(opened, 120).book_ids
    edits = EditBatch(tuple(update(opened, "books", book_id, notes="seen") for book_id in books))
    with pg_activity(postgres_url) as seen:
        commit_edits(sessions=opened.sessions, batch=edits)
    assert seen.longest_idle_ms <= 100
    opened.close()
