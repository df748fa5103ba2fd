"""A preview reads the head of a file; a forecast says exactly what the import then does, and writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from desk.catalog.import_fields import CsvSource
from desk.database.actions import current_action
from desk.errors import ActionCancelled, EnvironmentProblem, InvalidInput
from desk.operations.imports import import_preview
from desk.operations.imports.import_preview import preview_csv
from desk.operations.pages import count_tables
from tests.support.contents import checksum
from tests.support.importing import forecast_file, import_file
from tests.support.shared_data import shared_data

if TYPE_CHECKING:
    from pathlib import Path

    from desk.operations.connect import OpenCatalogue
    from desk.operations.imports.import_figures import ImportProgress
    from desk.operations.imports.importing import ImportReport

AUTHORS = "author_key,name,birth_year\n1,Smith,1900\n1,Again,\n2,Orphan,1800\n"
BOOKS = (
    "work_key,title,author,author_key,contributors,isbn,price\n"
    "1,Emma,Smyth,1,,,\n"
    "2,Ulysses,joyce,,José; Jose,9780306406157,\n"
    "1,Emma,,3,,,\n"
    "1,Emma,Late,4,,,\n"
    "3,Old,JOYCE,,,0306406152,\n"
    "4,Bad,,,,,free\n"
    "2,Ulysses,joyce,,,,\n"
    "too,few\n"
)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A file of books and one of authors, with everything that can go wrong."""
    books, authors = tmp_path / "books.csv", tmp_path / "authors.csv"
    books.write_text(BOOKS, encoding="utf-8")
    authors.write_text(AUTHORS, encoding="utf-8")
    return books, authors


def figures(report: ImportReport) -> tuple[Any, ...]:
    return (
        report.books, report.existing, report.rejected, report.authors_new, report.authors_matched,
        report.possible_duplicates, report.merged, report.authors_rejected,
    )  # fmt: skip


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_preview, "CHUNK", 2)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("skip_existing", [False, True])
@pytest.mark.parametrize("batch", [None, 1, 3])
@pytest.mark.parametrize("before", ["", "title,author\nOld,JOYCE\nOther,Smith\nThird,jose\n"])
def test_the_forecast_is_what_the_import_then_does(
    catalogue: OpenCatalogue, files: tuple[Path, Path], before: str, skip_existing: bool, batch: int | None
) -> None:
    folder = files[0].parent
    if before:
        (folder / "before.csv").write_text(before, encoding="utf-8")
        import_file(catalogue, folder / "before.csv")
    books, authors = files
    untouched = checksum(catalogue)
    options: dict[str, Any] = {"authors": authors, "skip_existing": skip_existing, "batch": batch}
    said = forecast_file(catalogue, books, **options)
    assert checksum(catalogue) == untouched
    assert list(folder.glob("*rejects*")) == []
    assert said.records == said.new + said.existing + said.rejected.count + said.merged == 8
    done = import_file(catalogue, books, **options)
    assert figures(done) == (
        said.new, said.existing, said.rejected, said.authors_new, said.authors_matched, said.possible_duplicates,
        said.merged, said.authors_rejected,
    )  # fmt: skip
    assert (said.existing == 1) is bool(before and skip_existing)


def test_the_forecast_of_goodbooks_is_right(catalogue: OpenCatalogue) -> None:
    path = shared_data("goodbooks10k_books.csv")
    said = forecast_file(catalogue, path)
    assert (said.records, said.new, said.authors_new, said.rejected.count) == (10_000, 10_000, 5_833, 0)
    done = import_file(catalogue, path)
    assert done.possible_duplicates == said.possible_duplicates
    again = forecast_file(catalogue, path, skip_existing=True)
    assert (again.existing, again.new, again.authors_new) == (10_000, 0, 0)


@pytest.mark.usefixtures("small_chunks")
def test_a_forecast_can_be_cancelled(catalogue: OpenCatalogue, files: tuple[Path, Path]) -> None:
    seen: list[ImportProgress] = []

    def cancel(progress: ImportProgress) -> None:
        seen.append(progress)
        action = current_action()
        assert action is not None
        action.cancel()

    with pytest.raises(ActionCancelled):
        forecast_file(catalogue, files[0], on_progress=cancel)
    assert [one.records for one in seen] == [2]
    assert count_tables(sessions=catalogue.sessions) == {"authors": 0, "books": 0}


@pytest.mark.usefixtures("small_chunks")
def test_a_forecast_holds_no_transaction_between_its_pieces(catalogue: OpenCatalogue, files: tuple[Path, Path]) -> None:
    seen: list[int] = []
    forecast_file(
        catalogue, files[0], on_progress=lambda _now: seen.append(catalogue.pool.snapshot().open_transactions)
    )
    assert seen == [0] * 5


def test_a_forecast_refuses_what_the_import_refuses(catalogue: OpenCatalogue, tmp_path: Path) -> None:
    path = tmp_path / "books.csv"
    path.write_text("name\nEmma\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match="No column is the title"):
        forecast_file(catalogue, path)


def test_a_preview_shows_the_head_and_how_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "books.csv"
    path.write_bytes(b"Titel;Author;Preis\n" + "Käse;Ö;1\n".encode("cp1252") * 30)
    seen = preview_csv(source=CsvSource(path, mapping={"title": "Titel", "price": "Preis"}))
    assert (seen.headers, seen.rows) == (("Titel", "Author", "Preis"), (("Käse", "Ö", "1"),) * 20)
    assert (seen.encoding, seen.delimiter) == ("cp1252", ";")
    assert (seen.guessed_encoding, seen.guessed_delimiter) == (True, True)
    assert seen.mapping == {"title": "Titel", "author": "Author", "price": "Preis"}
    assert seen.problem == ""
    given = preview_csv(source=CsvSource(path, "utf-8", ","))
    assert (given.guessed_encoding, given.guessed_delimiter, given.headers) == (False, False, ("Titel;Author;Preis",))


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        ("name,year\nx,1\n", {}, "No column is the title"),
        ("title\nx\n", {"mapping": {"isbn": "EAN"}}, "There is no column “EAN”"),
        ("", {}, "is empty"),
        ("title\nx\n", {"encoding": "klingon"}, "There is no encoding “klingon”"),
        ("title\nx\n", {"delimiter": "--"}, "cannot separate the fields"),
    ],
)
def test_a_preview_says_why_a_file_cannot_be_imported_like_this(
    tmp_path: Path, content: str, options: dict[str, Any], words: str
) -> None:
    path = tmp_path / "books.csv"
    path.write_text(content, encoding="utf-8")
    assert words in preview_csv(source=CsvSource(path, **options)).problem


def test_the_names_of_very_long_or_many_columns_are_shortened(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x" * 10_000 + ",y" * 10_000 + "\n")
    problem = preview_csv(source=CsvSource(path)).problem
    assert problem.startswith("No column is the title. The columns are: " + "x" * 60 + "…, y, y")
    assert len(problem) < 400
    path.write_text('""\n')
    assert "The columns are: (column 1)." in preview_csv(source=CsvSource(path)).problem


def test_a_preview_of_authors_wants_key_and_name(tmp_path: Path) -> None:
    path = tmp_path / "authors.csv"
    path.write_text("gutenberg_author_id,author,birthdate\n1,Lee,1900\n", encoding="utf-8")
    seen = preview_csv(source=CsvSource(path), table="authors")
    assert seen.mapping == {"author_key": "gutenberg_author_id", "name": "author", "birth_year": "birthdate"}
    path.write_text("author,birthdate\nLee,1900\n", encoding="utf-8")
    assert "author’s key" in preview_csv(source=CsvSource(path), table="authors").problem


def test_a_preview_of_a_missing_file_is_a_problem_of_the_environment(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="no file"):
        preview_csv(source=CsvSource(tmp_path / "none.csv"))


def test_a_preview_reads_the_head_only(tmp_path: Path) -> None:
    path = tmp_path / "books.csv"
    with path.open("wb") as file:
        file.write(b"title,author\n" + b"x,y\n" * 100_000)
        file.truncate(1 << 30)  # a gigabyte without a line break
    seen = preview_csv(source=CsvSource(path))
    assert len(seen.rows) == 20
    assert seen.encoding == "utf-8"
