"""What is exported comes back the same, in the order of the view, from one moment of the catalogue."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, text

from desk.catalog import keys
from desk.catalog.criteria import Criteria, Filter, Op, Sort
from desk.catalog.models import Author, Book, Contribution
from desk.database.actions import current_action
from desk.errors import ActionCancelled, EnvironmentProblem, InvalidInput
from desk.operations import export_files, exporting
from desk.operations.connect import OpenCatalogue, create_catalogue, open_catalogue
from desk.operations.exporting import ExportProgress, export_rows
from tests.support.contents import BookContents, authors_of, books_of, checksum
from tests.support.expected import everything
from tests.support.importing import import_file
from tests.support.shared_data import shared_data
from tests.support.sheets import sheet_of
from tests.support.unprivileged import folder_for_everyone, without_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.library import Library

BOOKS = Criteria("books")


def exported(catalogue: OpenCatalogue, criteria: Criteria) -> list[dict[str, str]]:
    stream = io.StringIO(newline="")
    count = export_rows(sessions=catalogue.sessions, criteria=criteria, target=stream)
    rows = list(csv.DictReader(io.StringIO(stream.getvalue(), newline="")))
    assert count == len(rows)
    return rows


def add(catalogue: OpenCatalogue, model: type[Any], *rows: dict[str, Any]) -> None:
    with catalogue.sessions.writing("add") as session:
        session.execute(insert(model), list(rows))
        session.commit()


def as_imported(book: BookContents) -> BookContents:
    """CSV cannot tell an empty text from a missing value."""
    return book._replace(language=book.language or None, isbn=book.isbn or None, notes=book.notes or None)


@pytest.fixture
def second(tmp_path: Path) -> Iterator[OpenCatalogue]:
    """An empty catalogue to import into."""
    path = tmp_path / "second.desk"
    create_catalogue(target=str(path))
    opened = open_catalogue(target=str(path))
    yield opened
    opened.close()


def awkward_library(catalogue: OpenCatalogue) -> None:
    """Books, people and roles that CSV and the contributors' line have to escape."""
    names = ("Plain", "Semi; Colon", "Back\\slash", "[Brackets] x", "End]", 'Quo"te, Jr.', "\\; \\[")
    add(
        catalogue,
        Author,
        *({"id": n, "name": name, "name_key": keys.author_key(name)} for n, name in enumerate(names, 1)),
    )
    titles = (
        "",
        "=1+1",
        'A "quoted", title',
        "Line\nfeed",
        "Carriage\rreturn",
        "Both\r\nof them",
        " spaces ",
        "\ufeffmark",
    )
    add(
        catalogue,
        Book,
        *(
            {
                "id": n, "title": title, "title_key": keys.title_key(title, None), "author_id": n % 8 or None,
                "isbn": (None, "9780306406157", "bad; one")[n % 3], "published_year": (None, -720, 1999)[n % 3],
                "language": (None, "en")[n % 2], "price": (None, Decimal("0.10"))[n % 2],
                "notes": (None, "two\r\nlines", " ")[n % 3],
            }
            for n, title in enumerate(titles, 1)
        ),
    )  # fmt: skip
    roles = ("author", "trans; lator", "a]b[c\\", "", " x ", "two\nlines", "author")
    add(
        catalogue,
        Contribution,
        *({"book_id": 1, "author_id": n, "role": role, "position": 7 - n} for n, role in enumerate(roles, 1)),
        *({"book_id": 2, "author_id": 2, "role": role, "position": n} for n, role in enumerate(roles[:-1])),
    )


def test_an_import_of_the_export_gives_the_same_books(
    catalogue: OpenCatalogue, second: OpenCatalogue, tmp_path: Path
) -> None:
    awkward_library(catalogue)
    path = tmp_path / "export.csv"
    assert export_rows(sessions=catalogue.sessions, criteria=BOOKS, target=path) == 8
    report = import_file(second, path)
    assert (report.rejected.count, report.unmapped_columns) == (0, ())
    assert sorted(books_of(second), key=str) == sorted(books_of(catalogue), key=str)


def test_a_whole_library_comes_back(
    catalogue: OpenCatalogue, filled: Library, second: OpenCatalogue, tmp_path: Path
) -> None:
    path = tmp_path / "export.csv"
    export_rows(sessions=catalogue.sessions, criteria=BOOKS, target=path)
    report = import_file(second, path)
    assert report.books == len(filled.book_ids)
    assert sorted(books_of(second), key=str) == sorted(map(as_imported, books_of(catalogue)), key=str)


def test_naughty_strings_survive_the_whole_way(catalogue: OpenCatalogue, tmp_path: Path) -> None:
    strings = json.loads(shared_data("blns.json").read_text(encoding="utf-8"))
    first, then = tmp_path / "first.csv", tmp_path / "then.csv"
    with first.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["title", "published_year"], *([title, n + 1] for n, title in enumerate(strings))])
    assert import_file(catalogue, first).books == 515
    assert [book.title for book in books_of(catalogue)] == strings
    by_year = Criteria("books", sorts=(Sort("published_year"),))
    export_rows(sessions=catalogue.sessions, criteria=by_year, target=then)
    assert import_file(catalogue, then).books == 515
    assert [book.title for book in books_of(catalogue)] == strings + strings


@pytest.mark.parametrize(
    "criteria",
    [
        BOOKS,
        Criteria("books", sorts=(Sort("published_year", descending=True), Sort("author"))),
        Criteria("books", (Filter("language", Op.EQUALS, "en"),), (Sort("price"),), search="hob"),
        Criteria("books", sorts=(Sort("author"), Sort("published_year", descending=True)), search="tolkien"),
        Criteria("books", sorts=(Sort("price", descending=True), Sort("title")), search="hobbit"),
        Criteria("books", search="nothing has this"),
        Criteria("authors"),
        Criteria("authors", (Filter("books", Op.NO_BOOKS),), (Sort("birth_year", descending=True),)),
        Criteria("authors", sorts=(Sort("death_year"), Sort("birth_year")), search="woolf"),
    ],
)
def test_the_export_has_the_rows_of_the_view_in_its_order(
    catalogue: OpenCatalogue, filled: Library, criteria: Criteria, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "CHUNK", 7)
    key = "work_key" if criteria.table == "books" else "author_key"
    wanted = everything(catalogue).ids(criteria)
    assert [int(row[key]) for row in exported(catalogue, criteria)] == wanted


def test_authors_are_exported_with_their_years(catalogue: OpenCatalogue) -> None:
    add(
        catalogue,
        Author,
        {"name": "Horace", "name_key": "horace", "birth_year": -65, "death_year": -8, "notes": "a\nb"},
    )
    expected = [{"name": "Horace", "birth_year": "-65", "death_year": "-8", "notes": "a\nb", "author_key": "1"}]
    assert exported(catalogue, Criteria("authors")) == expected
    assert len(authors_of(catalogue)) == 1


def test_all_pages_are_of_one_moment(
    catalogue: OpenCatalogue, filled: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "CHUNK", 50)
    stream = io.StringIO(newline="")

    def delete_everything(progress: ExportProgress) -> None:
        assert progress.total == 120
        if progress.rows == 50:
            with catalogue.sessions.writing("delete") as session:
                session.execute(text("DELETE FROM contributions"))
                session.execute(text("DELETE FROM books"))
                session.commit()

    rows = export_rows(sessions=catalogue.sessions, criteria=BOOKS, target=stream, on_progress=delete_everything)
    assert rows == 120
    assert books_of(catalogue) == []


def test_a_cancelled_export_leaves_the_old_file(catalogue: OpenCatalogue, filled: Library, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text("old", encoding="utf-8")

    def cancel(_progress: ExportProgress) -> None:
        action = current_action()
        assert action is not None
        action.cancel()

    with pytest.raises(ActionCancelled):
        export_rows(sessions=catalogue.sessions, criteria=BOOKS, target=path, on_progress=cancel)
    assert path.read_text(encoding="utf-8") == "old"
    assert [one.name for one in tmp_path.iterdir() if "export" in one.name] == ["export.csv"]


def test_a_folder_that_is_not_there_is_a_problem_of_the_environment(catalogue: OpenCatalogue, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="cannot be written"):
        export_rows(sessions=catalogue.sessions, criteria=BOOKS, target=tmp_path / "none" / "a.csv")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="There are no pipes in this file system.")
@pytest.mark.parametrize("name", ["library.desk", "link.csv"])
def test_a_database_is_never_replaced_by_an_export(sqlite_path: Path, name: str) -> None:
    sqlite_path.with_name("link.csv").symlink_to(sqlite_path)
    opened = open_catalogue(target=str(sqlite_path))
    before = {path.name for path in sqlite_path.parent.iterdir()}
    with pytest.raises(InvalidInput) as refused:
        export_rows(sessions=opened.sessions, criteria=BOOKS, target=sqlite_path.with_name(name))
    assert refused.value.code == "database"
    assert "another file" in refused.value.advice
    assert {path.name for path in sqlite_path.parent.iterdir()} == before
    opened.close()
    assert sqlite_path.read_bytes().startswith(b"SQLite format 3")


def test_a_pipe_is_written_and_not_replaced(sqlite_path: Path, tmp_path: Path, make_books: Callable[..., Any]) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    opened = open_catalogue(target=str(sqlite_path))
    make_books(opened, 3)
    assert export_rows(sessions=opened.sessions, criteria=BOOKS, target=pipe) == 3
    opened.close()
    assert os.read(reader, 100).startswith(b"title,author")
    os.close(reader)
    assert pipe.is_fifo()


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="This system has no /dev/fd.")
def test_a_pipe_without_a_name_is_written(sqlite_path: Path, make_books: Callable[..., Any]) -> None:
    out, into = os.pipe()
    opened = open_catalogue(target=str(sqlite_path))
    make_books(opened, 3)
    assert export_rows(sessions=opened.sessions, criteria=BOOKS, target=Path(f"/dev/fd/{into}")) == 3
    opened.close()
    assert os.read(out, 100).startswith(b"title,author")
    os.close(out)
    os.close(into)


@pytest.mark.parametrize("name", ["a folder", "a folder.xlsx"])
def test_a_folder_is_refused_before_anything_is_written(catalogue: OpenCatalogue, tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(InvalidInput, match="is a folder"):
        export_rows(sessions=catalogue.sessions, criteria=BOOKS, target=tmp_path / name)


def test_a_name_may_be_as_long_as_the_file_system_has_it(catalogue: OpenCatalogue, tmp_path: Path) -> None:
    path = tmp_path / f"{'あ' * 83}.csv"
    export_rows(sessions=catalogue.sessions, criteria=BOOKS, target=path)
    assert path.exists()


def test_a_closed_folder_is_a_problem_of_the_environment(sqlite_path: Path) -> None:
    opened = open_catalogue(target=str(sqlite_path))
    with folder_for_everyone() as folder:
        (folder / "closed").mkdir(mode=0o700)
        export_rows(sessions=opened.sessions, criteria=BOOKS, target=folder / "closed" / "a.csv")
        (folder / "closed").chmod(0)
        with without_root(), pytest.raises(EnvironmentProblem, match="cannot be written"):
            export_rows(sessions=opened.sessions, criteria=BOOKS, target=folder / "closed" / "a.csv")
        (folder / "closed").chmod(0o700)
    opened.close()


def test_keys_stand_in_the_last_columns(catalogue: OpenCatalogue) -> None:
    add(catalogue, Author, *({"id": n, "name": "Ann", "name_key": "ann"} for n in (3, 5)))
    add(catalogue, Book, {"id": 7, "title": "One", "title_key": "one", "author_id": 5})
    add(catalogue, Contribution, *({"book_id": 7, "author_id": n, "position": n, "role": "editor"} for n in (3, 5)))
    (row,) = exported(catalogue, BOOKS)
    assert list(row)[-3:] == ["work_key", "author_key", "contributor_keys"]
    assert (row["work_key"], row["author_key"], row["contributor_keys"]) == ("7", "5", "3; 5")
    assert [row["author_key"] for row in exported(catalogue, Criteria("authors"))] == ["3", "5"]


def test_namesakes_come_back_as_two(catalogue: OpenCatalogue, second: OpenCatalogue, tmp_path: Path) -> None:
    add(catalogue, Author, *({"id": n, "name": "Ann", "name_key": "ann", "birth_year": n} for n in (3, 5, 6)))
    add(catalogue, Book, *({"title": "One", "title_key": "one", "author_id": n} for n in (5, 3, 5)))
    books, authors = tmp_path / "books.csv", tmp_path / "authors.csv"
    export_rows(sessions=catalogue.sessions, criteria=BOOKS, target=books)
    export_rows(sessions=catalogue.sessions, criteria=Criteria("authors"), target=authors)
    import_file(second, books, authors=authors)
    assert checksum(second) == checksum(catalogue)


def test_a_workbook_has_numbers_and_texts(catalogue: OpenCatalogue, tmp_path: Path) -> None:
    awkward_library(catalogue)
    path = tmp_path / "out.XLSX"
    assert export_rows(sessions=catalogue.sessions, criteria=BOOKS, target=path) == 8
    sheet = sheet_of(path)
    assert sheet.records() == [{**row, "price": row["price"].rstrip("0")} for row in exported(catalogue, BOOKS)]
    assert set(sheet.kinds("price")) == set(sheet.kinds("published_year")) == {"number"}
    assert set(sheet.kinds("title")) == set(sheet.kinds("author_key")) == set(sheet.kinds("isbn")) == {"text"}
    assert [one.name for one in tmp_path.iterdir() if "out" in one.name] == ["out.XLSX"]


@pytest.mark.parametrize("text", ["ж" * 32_768, "𝄞" * 16_384])
def test_a_text_too_long_for_a_cell_is_refused_with_its_row(
    catalogue: OpenCatalogue, tmp_path: Path, text: str
) -> None:
    add(catalogue, Book, {"title": "Short", "title_key": "a"}, {"title": "Long", "title_key": "b", "notes": text})
    path = tmp_path / "out.xlsx"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"Row 3 \(“Long”\) has a text of 32,768 characters"):
        export_rows(sessions=catalogue.sessions, criteria=BOOKS, target=path)
    assert path.read_text(encoding="utf-8") == "old"
    assert [one.name for one in tmp_path.iterdir() if "out" in one.name] == ["out.xlsx"]
    assert export_rows(sessions=catalogue.sessions, criteria=BOOKS, target=tmp_path / "out.csv") == 2


def test_the_longest_text_that_fits_is_whole(catalogue: OpenCatalogue, tmp_path: Path) -> None:
    add(catalogue, Book, {"title": "Long", "title_key": "b", "notes": "ж" * 32_767})
    path = tmp_path / "out.xlsx"
    export_rows(sessions=catalogue.sessions, criteria=BOOKS, target=path)
    assert sheet_of(path).records()[0]["notes"] == "ж" * 32_767


def test_more_rows_than_a_sheet_holds_are_refused_before_anything_is_written(
    catalogue: OpenCatalogue, filled: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.xlsx"
    monkeypatch.setattr(export_files, "SHEET_ROWS", 121)
    assert export_rows(sessions=catalogue.sessions, criteria=BOOKS, target=path) == 120
    path.unlink()
    monkeypatch.setattr(export_files, "SHEET_ROWS", 120)
    monkeypatch.setattr(exporting, "CHUNK", 50)
    seen: list[ExportProgress] = []
    with pytest.raises(InvalidInput, match="There are 120 rows; a sheet holds 119 and a header"):
        export_rows(sessions=catalogue.sessions, criteria=BOOKS, target=path, on_progress=seen.append)
    assert seen == []
    assert not path.exists()


def test_a_cancelled_workbook_leaves_nothing(
    catalogue: OpenCatalogue, filled: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = tmp_path / "waiting"
    waiting.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(waiting))

    def cancel(_progress: ExportProgress) -> None:
        action = current_action()
        assert action is not None
        action.cancel()

    with pytest.raises(ActionCancelled):
        export_rows(sessions=catalogue.sessions, criteria=BOOKS, target=tmp_path / "out.xlsx", on_progress=cancel)
    assert list(waiting.iterdir()) == []
    assert [one.name for one in tmp_path.iterdir() if "out" in one.name] == []
