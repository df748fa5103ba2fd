"""Keys say which rows are one book and who is one author, whatever the spelling and wherever the rows stand."""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from desk.operations.connect import OpenCatalogue, create_catalogue, open_catalogue
from tests.support.contents import authors_of, books_of, checksum
from tests.support.importing import import_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.postgres import Server

BATCHES = pytest.mark.parametrize("batch", [None, 1, 3])


@pytest.fixture
def second_catalogue(
    request: pytest.FixtureRequest, catalogue: OpenCatalogue, tmp_path: Path
) -> Iterator[OpenCatalogue]:
    """An empty catalogue on the same kind of database."""
    with ExitStack() as stack:
        if catalogue.info.kind == "postgresql":
            server: Server = request.getfixturevalue("postgres")
            name = f"desk_second_{secrets.token_hex(4)}"
            target = server.create_database(name, request.getfixturevalue("_postgres_template"))
            stack.callback(server.drop_database, name)
        else:
            target = str(tmp_path / "second.desk")
            create_catalogue(target=target)
        opened = open_catalogue(target=target)
        stack.callback(opened.close)
        yield opened


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """`write(header, *rows, name=…)` makes a CSV file."""

    def write_rows(header: str, *rows: str, name: str = "books.csv") -> Path:
        path = tmp_path / name
        path.write_text("\n".join((header, *rows, "")), encoding="utf-8")
        return path

    return write_rows


@BATCHES
def test_rows_with_one_work_key_are_one_book_wherever_they_stand(
    catalogue: OpenCatalogue, write: Callable[..., Path], batch: int | None
) -> None:
    path = write("work_key,title,author", "7,Faust,Goethe", "8,Emma,Austen", "7,Faust,Nerval", "7,,Gounod", "8,Emma,")
    report = import_file(catalogue, path, batch=batch)
    faust, emma = books_of(catalogue)
    assert (faust.title, faust.author, faust.others) == (
        "Faust", "Goethe", (("Nerval", "author"), ("Gounod", "author")),
    )  # fmt: skip
    assert (emma.author, emma.others) == ("Austen", ())
    assert (report.books, report.merged, report.pairs, report.rejected.count) == (2, 3, 4, 0)


@BATCHES
def test_a_person_repeated_in_a_work_is_kept_once_and_told(
    catalogue: OpenCatalogue, write: Callable[..., Path], batch: int | None
) -> None:
    path = write("work_key,title,author", "7,Faust,Goethe", "7,Faust,Nerval", "7,Faust,Nerval", "7,Faust,Goethe")
    report = import_file(catalogue, path, batch=batch)
    assert books_of(catalogue)[0].others == (("Nerval", "author"),)
    assert (report.repeated_authors.first, report.merged, report.pairs) == ((4, 5), 3, 2)


@BATCHES
def test_a_row_that_says_something_else_of_its_work_is_rejected(
    catalogue: OpenCatalogue, write: Callable[..., Path], batch: int | None
) -> None:
    path = write("work_key,title,author,year", "7,Faust,Goethe,1808", "7,Emma,Austen,1808", "7,Faust,Nerval,1828")
    report = import_file(catalogue, path, batch=batch)
    assert books_of(catalogue)[0].others == ()
    assert dict(report.rejected.first) == {
        3: "title: It is not that of line 2, which has the same work key.",
        4: "year: It is not that of line 2, which has the same work key.",
    }
    assert report.rejects_file is not None
    assert "Austen" in report.rejects_file.read_text(encoding="utf-8")


def test_no_two_years_are_taken_for_one(catalogue: OpenCatalogue, write: Callable[..., Path]) -> None:
    path = write("work_key,title,year", "7,Ode,-1", "7,Ode,-2")  # Python's hashes of -1 and -2 are the same
    assert [line for line, _why in import_file(catalogue, path).rejected.first] == [3]


def test_a_main_author_with_a_key_who_is_among_the_authors_is_one_person(
    catalogue: OpenCatalogue, write: Callable[..., Path]
) -> None:
    import_file(catalogue, write("title,author,authors,author_key", 'Omens,Pratchett,"Pratchett, Gaiman",5'))
    (omens,) = books_of(catalogue)
    assert (omens.author, omens.others) == ("Pratchett", (("Gaiman", "author"),))


def test_a_book_that_got_an_author_in_a_later_batch_is_a_changed_book(
    catalogue: OpenCatalogue, write: Callable[..., Path]
) -> None:
    path = write("work_key,title,author", "7,Faust,Goethe", "8,Emma,Austen", "7,Faust,Nerval")
    import_file(catalogue, path, batch=1)
    with catalogue.sessions.reading("look") as session:
        assert session.execute(text("SELECT version FROM books ORDER BY id")).scalars().all() == [2, 1]


@BATCHES
def test_a_key_is_one_author_whatever_the_spelling(
    catalogue: OpenCatalogue, write: Callable[..., Path], batch: int | None
) -> None:
    path = write("title,author,author_key", "1,Ann Lee,5", "2,A. Lee,5", "3,Ann Lee,6", "4,,5", "5,Ann Lee,", "6,,9")
    report = import_file(catalogue, path, batch=batch)
    assert [name for name, *_rest in authors_of(catalogue)] == ["Ann Lee", "Ann Lee"]
    with catalogue.sessions.reading("look") as session:
        owners = session.execute(text("SELECT author_id FROM books ORDER BY id")).scalars().all()
    first, second = sorted(set(owners))
    assert owners == [first, first, second, first, first]
    assert dict(report.rejected.first) == {7: "Nothing says who has the author key “9”."}
    assert (report.respelled.first, report.authors_new, report.possible_duplicates.count) == ((3,), 2, 0)


@BATCHES
def test_the_file_of_authors_says_who_the_keys_are(
    catalogue: OpenCatalogue, write: Callable[..., Path], batch: int | None
) -> None:
    authors = write(
        "author_key,name,birthdate,deathdate,notes,alias",
        '1,"Lee, Ann",-65,-8,A note.,x',
        "2,Nobody's Author,,,,",
        "1,Someone Else,,,,",
        "3,,,,,",
        "4,Year,soon,,,",
        name="authors.csv",
    )
    books = write("title,author,author_key,contributors,contributor_keys", "One,A. Lee,1,B [editor]; C,2; ", "Two,,1,,")
    report = import_file(catalogue, books, authors=authors, batch=batch)
    assert [row[:1] + row[2:] for row in authors_of(catalogue)] == [
        ("Lee, Ann", -65, -8, "A note."), ("Nobody's Author", None, None, None), ("C", None, None, None),
    ]  # fmt: skip
    one, two = books_of(catalogue)
    assert (one.author, one.others) == ("Lee, Ann", (("Nobody's Author", "editor"), ("C", "author")))
    assert two.author == "Lee, Ann"
    assert dict(report.authors_rejected.first) == {
        4: "An earlier line has the author key “1”.",
        5: "An author needs a name.",
        6: "birthdate: “soon” is not a year. Write 1984, -720 or 720 BCE.",
    }
    assert report.authors_rejects_file == authors.with_name("authors.rejects.csv")
    assert (report.authors_unmapped_columns, report.rejected.count) == (("alias",), 0)


@BATCHES
def test_keyed_authors_are_matched_by_name_and_years(
    catalogue: OpenCatalogue, write: Callable[..., Path], batch: int | None
) -> None:
    first = write("author_key,name,birth_year", "1,Smith,1800", "2,Smith,1900", "3,Smith,1900", name="authors.csv")
    books = write("title,author_key", "A,1", "B,2", "C,3")
    import_file(catalogue, books, authors=first)
    again = write("author_key,name,birth_year", "9,Smith,1900", "8,Smith,1900", "7,Smith,1850", name="authors.csv")
    report = import_file(catalogue, write("title,author_key", "D,9", "E,8", "F,7"), authors=again, batch=batch)
    assert (report.authors_matched, report.authors_new) == (2, 1)
    assert report.possible_duplicates.first == (("Smith", "Smith"),)
    with catalogue.sessions.reading("look") as session:
        owners = session.execute(text("SELECT author_id FROM books ORDER BY id")).scalars().all()
    one, two, three, *later = owners
    assert later == [two, three, max(owners)]
    assert len({one, two, three, later[2]}) == 4


@BATCHES
def test_notes_of_an_author_who_is_there_are_kept_and_others_told(
    catalogue: OpenCatalogue, write: Callable[..., Path], batch: int | None
) -> None:
    books = write("title", "One")
    import_file(catalogue, books, authors=write("author_key,name,notes", "1,Ann,Old", "2,Bob,Same", name="a.csv"))
    authors = write("author_key,name,notes", "1,Ann,New", "2,Bob,Same", "3,Cid,New", "4,Dan,", name="b.csv")
    report = import_file(catalogue, books, authors=authors, batch=batch)
    assert [(name, notes) for name, *_rest, notes in authors_of(catalogue)] == [
        ("Ann", "Old"), ("Bob", "Same"), ("Cid", "New"), ("Dan", None),
    ]  # fmt: skip
    assert (report.notes_left.count, report.notes_left.first) == (1, ("Ann",))
    assert any("Ann" in line for line in report.lines())


def test_as_many_keys_as_contributors_are_needed(catalogue: OpenCatalogue, write: Callable[..., Path]) -> None:
    report = import_file(catalogue, write("title,contributors,contributor_keys", "One,A; B,1"))
    assert dict(report.rejected.first) == {2: "There are 1 contributor keys for 2 contributors."}


def test_batches_and_one_transaction_give_the_same_catalogue(
    catalogue: OpenCatalogue, second_catalogue: OpenCatalogue, write: Callable[..., Path]
) -> None:
    rows = ("1,A,Smith,,", "2,B,Smith,5,", "1,A,Smith,5,", "3,C,smith,,", "2,B,Jones,6,", "4,D,Smith,7,Smith [editor]")
    path = write("work_key,title,author,author_key,contributors", *rows)
    whole = import_file(catalogue, path)
    parts = import_file(second_catalogue, path, batch=1)
    assert checksum(catalogue) == checksum(second_catalogue)
    assert (whole.pairs, whole.authors_new, whole.possible_duplicates) == (
        parts.pairs, parts.authors_new, parts.possible_duplicates,
    )  # fmt: skip


def test_what_differs_changes_the_checksum(catalogue: OpenCatalogue, write: Callable[..., Path]) -> None:
    import_file(catalogue, write("title,author,contributors", "One,A,B; C", "Two,A,"))
    seen = {checksum(catalogue)}
    for change in (
        "UPDATE authors SET birth_year = 1 WHERE name = 'C'",
        "UPDATE books SET price = 1 WHERE title = 'Two'",
        "UPDATE contributions SET position = 5 WHERE position = 0",
        "UPDATE contributions SET role = 'editor'",
        "DELETE FROM books WHERE title = 'Two'",
    ):
        with catalogue.sessions.writing("change") as session:
            session.execute(text(change))
            session.commit()
        seen.add(checksum(catalogue))
    assert len(seen) == 6
