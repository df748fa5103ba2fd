"""An import loses nothing without a word, merges nobody, and is all or nothing unless batches were asked for."""

from __future__ import annotations

import csv
import hashlib
import os
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import make_url, text

from desk.catalog.criteria import Criteria, Filter, Op
from desk.catalog.import_fields import SAVED, UNSURE
from desk.catalog.keys import author_key, isbn_is_valid, title_key
from desk.catalog.search_state import SearchState
from desk.catalog.values import ROLE_LENGTH
from desk.database.actions import current_action
from desk.errors import ActionCancelled, DeskError, EnvironmentProblem, InvalidInput
from desk.operations.connect import OpenCatalogue, open_catalogue
from desk.operations.imports import importing
from desk.operations.imports.rejects import RejectsFile
from desk.operations.pages import count_rows, count_tables
from desk.operations.searching import drop_search_index, search_state
from desk.operations.views import open_view
from desk.settings import folders
from tests.support.contents import authors_of, books_of
from tests.support.importing import import_file
from tests.support.shared_data import shared_data

if TYPE_CHECKING:
    from desk.operations.imports.importing import ImportProgress, ImportReport

NOTHING = {"authors": 0, "books": 0}


def import_text(catalogue: OpenCatalogue, folder: Path, content: str | bytes, **options: Any) -> ImportReport:
    path = folder / "books.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return import_file(catalogue, path, **options)


def many_books(count: int) -> str:
    return "title,author\n" + "".join(f"Book {n},Author {n % 50}\n" for n in range(count))


@pytest.fixture
def lite(sqlite_path: Path) -> Any:
    """An open SQLite catalogue, for what does not differ between databases."""
    opened = open_catalogue(target=str(sqlite_path))
    yield opened
    opened.close()


def test_goodbooks_comes_in_whole(catalogue: OpenCatalogue) -> None:
    report = import_file(catalogue, shared_data("goodbooks10k_books.csv"))
    assert (report.books, report.authors_new, report.pairs, report.rejected.count) == (10_000, 5_833, 13_209, 0)
    assert report.repeated_authors.first == (78, 3762, 4016, 4108, 4218, 5920, 7684)
    assert (report.bad_isbns.count, report.bad_isbns.first[:3]) == (23, (917, 1096, 1444))
    assert "isbn13" in report.unmapped_columns
    assert report.rejects_file is None
    assert count_tables(sessions=catalogue.sessions) == {"authors": 5_833, "books": 10_000}
    books = books_of(catalogue)
    digest = hashlib.sha256("\n".join(book.title for book in books).encode()).hexdigest()
    assert digest.startswith("cca4ce74bade92b7")
    years = [book.published_year for book in books if book.published_year is not None]
    assert (len(books) - len(years), sum(years), min(years)) == (21, 19_778_255, -1750)
    isbns = [book.isbn for book in books if book.isbn is not None]
    assert (len(books) - len(isbns), sum(map(isbn_is_valid, isbns))) == (700, 9_277)
    potter = Criteria("books", (Filter("title", Op.CONTAINS, "harry potter"),))
    assert count_rows(sessions=catalogue.sessions, criteria=potter) == 22


def test_goodbooks_comes_in_whole_by_batches(catalogue: OpenCatalogue) -> None:
    report = import_file(catalogue, shared_data("goodbooks10k_books.csv"), batch=3_000)
    assert (report.books, report.authors_new, report.authors_matched, report.pairs) == (10_000, 5_833, 0, 13_209)


def test_importing_twice_matches_every_author(catalogue: OpenCatalogue) -> None:
    path = shared_data("goodbooks10k_books.csv")
    import_file(catalogue, path)
    report = import_file(catalogue, path)
    assert (report.authors_new, report.authors_matched) == (0, 5_833)
    assert count_tables(sessions=catalogue.sessions) == {"authors": 5_833, "books": 20_000}


def test_gutenberg_titles_keep_their_line_breaks(lite: OpenCatalogue) -> None:
    path = shared_data("gutenberg_metadata.csv")
    report = import_file(lite, path, mapping={"work_key": ""})
    assert (report.books, report.rejected.count) == (82_415, 0)
    titles = "\n".join(book.title for book in books_of(lite))
    assert hashlib.sha256(titles.encode()).hexdigest().startswith("b89444ff81031bff")


def test_headers_in_any_language_can_be_mapped(lite: OpenCatalogue) -> None:
    path = shared_data("aozora_list_person_all.utf8.csv")
    report = import_file(lite, path, mapping={"title": "作品名", "author": "著者名", "work_key": ""})
    assert (report.books, report.rejected.count) == (14_391, 0)
    titles = "\n".join(book.title for book in books_of(lite))
    assert hashlib.sha256(titles.encode()).hexdigest().startswith("f6ec8135d949426d")


def test_values_are_read_as_people_write_them(catalogue: OpenCatalogue, tmp_path: Path) -> None:
    import_text(
        catalogue,
        tmp_path,
        "\ufeffTitle,AUTHORS,Publication-Year,ISBN 13,Language Code,price,notes\r\n"
        '"The ""Book""",  Ann\t Lee , 2008.0 ,0-306-40615-2, en ,"12,50"," kept  as it is "\r\n'
        "Old,Homer,720 BCE,306406152,,0,\r\n"
        ",,-1750.0,not one,,,\r\n",
    )
    first, second, third = books_of(catalogue)
    assert first == (
        'The "Book"', "Ann Lee", (), 2008, "en", "9780306406157", Decimal("12.50"), " kept  as it is ",
    )  # fmt: skip
    assert second == ("Old", "Homer", (), -720, None, "9780306406157", Decimal("0.00"), None)
    assert third == ("", None, (), -1750, None, "not one", None, None)


def test_keys_versions_and_ids_are_those_of_the_editor(catalogue: OpenCatalogue, tmp_path: Path) -> None:
    import_text(catalogue, tmp_path, "title,author,language\nThe Été,Ésope,en\n")
    with catalogue.sessions.reading("look") as session:
        found = session.execute(text("SELECT title_key, version, created_at = updated_at FROM books")).one()
        assert session.execute(text("SELECT name_key FROM authors")).scalar_one() == author_key("Ésope")
    assert found[:2] == (title_key("The Été", "en"), 1)
    with catalogue.sessions.writing("delete") as session:
        session.execute(text("DELETE FROM books"))
        session.commit()
    import_text(catalogue, tmp_path, "title\nNext\n")
    with catalogue.sessions.reading("look") as session:
        assert session.execute(text("SELECT id FROM books")).scalar_one() == 2, "ids are never reused"


def test_several_authors_are_a_main_entry_and_contributions_in_order(catalogue: OpenCatalogue, tmp_path: Path) -> None:
    report = import_text(
        catalogue,
        tmp_path,
        'title,authors,contributors\nOne,"A, B, C, B",D [translator]; E\nTwo,,"\\[Anon\\; Co] [editor \\\\]; ; A"\n',
    )
    one, two = books_of(catalogue)
    assert (one.author, one.others) == (
        "A", (("B", "author"), ("C", "author"), ("D", "translator"), ("E", "author")),
    )  # fmt: skip
    assert (two.author, two.others) == (None, (("[Anon; Co]", "editor \\"), ("A", "author")))
    assert (report.repeated_authors.first, report.pairs) == ((2,), 7)


def test_commas_belong_to_a_single_author(lite: OpenCatalogue, tmp_path: Path) -> None:
    import_text(lite, tmp_path, 'title,author\nEmma,"Austen, Jane"\n')
    assert books_of(lite)[0].author == "Austen, Jane"


def test_names_that_differ_in_case_or_accents_are_told_and_never_merged(
    catalogue: OpenCatalogue, tmp_path: Path
) -> None:
    import_text(catalogue, tmp_path, "title,author\n1,José  Saramago\n")
    report = import_text(
        catalogue, tmp_path, "title,author\n2,Jose Saramago\n3,Jose\u0301 Saramago\n4,ANN\n5,Ann\n6,JOSE SARAMAGO\n"
    )
    assert [name for name, *_rest in authors_of(catalogue)] == [
        "José Saramago", "Jose Saramago", "ANN", "Ann", "JOSE SARAMAGO",
    ]  # fmt: skip
    assert (report.authors_new, report.authors_matched) == (4, 1)
    assert set(report.possible_duplicates.first) == {
        ("Jose Saramago", "José Saramago"), ("JOSE SARAMAGO", "José Saramago"), ("Ann", "ANN"),
    }  # fmt: skip


@pytest.mark.parametrize("batch", [None, 2])
def test_duplicates_are_found_across_batches(lite: OpenCatalogue, tmp_path: Path, batch: int | None) -> None:
    report = import_text(lite, tmp_path, "title,author\n1,A\n2,B\n3,a\n4,A\n5,B\n", batch=batch)
    assert report.possible_duplicates.first == (("a", "A"),)
    assert (report.authors_new, report.authors_matched) == (3, 0)


def test_rejected_rows_are_written_with_line_reason_and_cells(catalogue: OpenCatalogue, tmp_path: Path) -> None:
    report = import_text(
        catalogue,
        tmp_path,
        b"title,published_year,price\n"  # 1
        b'"two\r\nlines",1999,\n'  # 2, 3
        b"\n"  # 4
        b"short,1\n"  # 5
        b'"bad\nyear",soon,\n'  # 6, 7
        b"long,1,2,3\n"  # 8
        b"lat\xefn,1,1\n"  # 9
        b'"text" after,1,1\n'  # 10
        b"dear,1,1.999\n"  # 11
        b"good,0001,\n"  # 12
        b"nul\0,1,1\n"  # 13
        b'"never closed,1,1\n'  # 14
        b"x,1,1\n",  # 15
        encoding="utf-8",
    )
    assert [book.title for book in books_of(catalogue)] == ["two\r\nlines", "good"]
    reasons = {
        5: "It has 2 fields, the header has 3.",
        6: "published_year: “soon” is not a year. Write 1984, -720 or 720 BCE.",
        8: "It has 4 fields, the header has 3.",
        9: "It holds bytes that are not UTF-8.",
        10: "Text follows a closing quotation mark.",
        11: "price: A price has at most two decimals.",
        13: "title: The text holds a NUL character, which no database text can keep.",
        14: "A quotation mark is never closed: from here to the end nothing was read (2 lines).",
    }
    assert dict(report.rejected.first) == reasons
    assert report.rejected.count == len(reasons)
    assert report.rejects_file == tmp_path / "books.rejects.csv"
    with report.rejects_file.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        header, *rows = list(csv.reader(file))
    assert header == ["line", "reason", "title", "published_year", "price"]
    assert {int(row[0]): row[1] for row in rows} == reasons
    cells = [row[2:] for row in rows]
    assert cells[:3] == [["short", "1"], ["bad\nyear", "soon", ""], ["long", "1", "2", "3"]]
    assert cells[3][0].encode(errors="surrogateescape") == b"lat\xefn"
    assert cells[4] == ['"text" after,1,1']
    assert cells[7] == ['"never closed,1,1\nx,1,1']


def test_repaired_rejects_can_be_imported(lite: OpenCatalogue, tmp_path: Path) -> None:
    report = import_text(lite, tmp_path, "title,year\nOne,soon\n")
    assert report.rejects_file is not None
    repaired = report.rejects_file.read_text(encoding="utf-8").replace(",soon", ",1999")
    again = import_text(lite, tmp_path, repaired)
    assert (again.books, again.unmapped_columns) == (1, ("line", "reason"))


def test_earlier_rejects_are_not_overwritten(lite: OpenCatalogue, tmp_path: Path) -> None:
    content = "title,year\nOne,soon\n"
    assert import_text(lite, tmp_path, content).rejects_file == tmp_path / "books.rejects.csv"
    assert import_text(lite, tmp_path, content).rejects_file == tmp_path / "books.rejects-2.csv"


def test_rejects_go_where_they_are_asked_to(lite: OpenCatalogue, tmp_path: Path) -> None:
    wanted = tmp_path / "elsewhere.csv"
    wanted.write_text("old", encoding="utf-8")
    report = import_text(lite, tmp_path, "title,year\nOne,soon\n", rejects=wanted)
    assert report.rejects_file == wanted
    assert "soon" in wanted.read_text(encoding="utf-8")


def test_rejects_go_to_the_state_folder_when_the_input_folder_cannot_be_written(
    lite: OpenCatalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.open

    def refusing(path: Path, mode: str = "r", *args: Any, **options: Any) -> Any:
        if "x" in mode and path.parent == tmp_path:
            raise PermissionError(13, "Permission denied")
        return real(path, mode, *args, **options)

    monkeypatch.setattr(Path, "open", refusing)
    report = import_text(lite, tmp_path, "title,year\nOne,soon\n")
    assert report.rejects_file == folders().state / "books.rejects.csv"


def test_rejects_may_not_replace_the_input(lite: OpenCatalogue, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        import_text(lite, tmp_path, "title\nOne\n", rejects=tmp_path / "books.csv")
    assert (tmp_path / "books.csv").read_text(encoding="utf-8") == "title\nOne\n"


def test_rejects_may_not_replace_a_database(lite: OpenCatalogue, tmp_path: Path, sqlite_path: Path) -> None:
    before = sqlite_path.read_bytes()
    with pytest.raises(InvalidInput) as refused:
        import_text(lite, tmp_path, "title\nOne,2\n", rejects=sqlite_path)
    assert refused.value.code == "database"
    assert sqlite_path.read_bytes() == before


def test_a_folder_for_the_rejects_is_refused_before_anything_is_imported(
    catalogue: OpenCatalogue, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(InvalidInput, match="is a folder"):
        import_text(catalogue, tmp_path, "title\nOne\nTwo,2\n", rejects=tmp_path / "folder")
    assert count_tables(sessions=catalogue.sessions) == NOTHING
    assert not list(tmp_path.glob(".*rejects*"))


def turn_into_folder(path: Path) -> Any:
    """A progress callback: something takes the name of the rejects once rows are in."""

    def on_progress(_progress: ImportProgress) -> None:
        path.mkdir(exist_ok=True)

    return on_progress


def test_rejects_that_lose_their_name_tell_what_was_saved_and_where_they_are(
    catalogue: OpenCatalogue, tmp_path: Path
) -> None:
    wanted = tmp_path / "wanted.csv"
    with pytest.raises(EnvironmentProblem) as told:
        import_text(catalogue, tmp_path, "title\nOne\nTwo,2\n", rejects=wanted, on_progress=turn_into_folder(wanted))
    found = tmp_path / "books.rejects.csv"
    assert told.value.code == SAVED
    assert told.value.kept == f"1 book was imported. The rejected rows are in {found}."
    assert "Two,2" in found.read_text(encoding="utf-8")
    assert not list(tmp_path.glob(".*rejects*"))
    assert count_tables(sessions=catalogue.sessions)["books"] == 1


def test_one_file_of_rejects_that_cannot_be_kept_does_not_cost_the_other(
    catalogue: OpenCatalogue, tmp_path: Path
) -> None:
    authors = tmp_path / "authors.csv"
    authors.write_text("author_key,name,birth_year\n1,Ann,soon\n", encoding="utf-8")

    def on_progress(_progress: ImportProgress) -> None:
        for one in tmp_path.glob(".*authors.rejects*"):
            one.unlink()

    with pytest.raises(EnvironmentProblem) as told:
        import_text(catalogue, tmp_path, "title\nOne\nTwo,2\n", authors=authors, on_progress=on_progress)
    assert told.value.code == SAVED
    assert "Two,2" in (tmp_path / "books.rejects.csv").read_text(encoding="utf-8")
    assert not list(tmp_path.glob(".*rejects*"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="There are no pipes in this file system.")
def test_rejects_are_written_into_a_pipe_which_is_not_replaced(lite: OpenCatalogue, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    assert import_text(lite, tmp_path, "title,year\nOne,soon\n", rejects=pipe).rejects_file == pipe
    assert b"soon" in os.read(reader, 1000)
    os.close(reader)
    assert pipe.is_fifo()


def test_rejects_that_find_no_room_between_batches_are_told_once(
    lite: OpenCatalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(rejects: RejectsFile) -> None:
        if rejects._stream is not None:
            raise rejects._problem(OSError(28, "No space left on device"))

    def keep(rejects: RejectsFile) -> None:
        try:
            refuse(rejects)
        finally:
            rejects.drop()

    monkeypatch.setattr(RejectsFile, "flush", refuse)
    monkeypatch.setattr(RejectsFile, "keep", keep)
    with pytest.raises(EnvironmentProblem) as told:
        import_text(lite, tmp_path, "title\nOne\nTwo,2\nThree\n", batch=1)
    assert str(told.value).count("cannot be written") == 1
    assert told.value.kept == "The rows up to line 3 were imported."


def test_rejects_go_where_a_link_leads(lite: OpenCatalogue, tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    link.symlink_to(real)
    import_text(lite, tmp_path, "title,year\nOne,soon\n", rejects=link)
    assert link.is_symlink()
    assert "soon" in real.read_text(encoding="utf-8")


def test_rejects_of_a_file_with_a_very_long_name_have_a_shorter_one(lite: OpenCatalogue, tmp_path: Path) -> None:
    path = tmp_path / f"{'あ' * 82}.csv"
    path.write_text("title,year\nOne,soon\n", encoding="utf-8")
    found = import_file(lite, path).rejects_file
    assert found is not None
    assert found.name == f"{'あ' * 60}.rejects.csv"


def test_a_place_for_the_rejects_that_cannot_be_reached_is_a_problem_of_the_environment(
    lite: OpenCatalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    real = os.stat

    def refusing(path: Any, *args: Any, **options: Any) -> Any:
        if Path(str(path)).parent == closed:
            raise PermissionError(13, "Permission denied")
        return real(path, *args, **options)

    monkeypatch.setattr(os, "stat", refusing)
    with pytest.raises(EnvironmentProblem, match="cannot be written"):
        import_text(lite, tmp_path, "title,year\nOne,soon\n", rejects=closed / "rejects.csv")


def test_rejects_that_lose_their_name_do_not_hide_why_a_batch_failed(catalogue: OpenCatalogue, tmp_path: Path) -> None:
    wanted = tmp_path / "wanted.csv"

    def on_progress(progress: ImportProgress) -> None:
        wanted.mkdir(exist_ok=True)
        if progress.records == 3:
            raise EnvironmentProblem("The disk is gone.")

    with pytest.raises(EnvironmentProblem) as told:
        import_text(catalogue, tmp_path, "title\nOne\nTwo,2\nThree\n", batch=1, rejects=wanted, on_progress=on_progress)
    assert told.value.what == "The disk is gone."
    assert told.value.kept.startswith(
        "The rows up to line 4 were imported. The file of rejected rows cannot be written"
    )
    assert (tmp_path / "books.rejects.csv").exists()


def test_a_role_too_long_for_an_index_rejects_its_row_only(catalogue: OpenCatalogue, tmp_path: Path) -> None:
    words = "".join(hashlib.sha256(str(n).encode()).hexdigest() for n in range(100))  # does not compress
    longest = "ж" * ROLE_LENGTH
    report = import_text(catalogue, tmp_path, f"title,contributors\nOne,Ann [{words}]\nTwo,Ann [{longest}]\nThree,\n")
    assert (report.books, report.rejected.count) == (2, 1)
    ((line, reason),) = report.rejected.first
    assert line == 2
    assert f"at most {ROLE_LENGTH}" in reason
    assert books_of(catalogue)[0].others == (("Ann", longest),)


def test_unmapped_columns_are_named(lite: OpenCatalogue, tmp_path: Path) -> None:
    report = import_text(lite, tmp_path, "title,original_title,,Title\na,b,c,d\n")
    assert report.unmapped_columns == ("original_title", "(column 3)", "Title")
    assert any("original_title" in line for line in report.lines())


@pytest.mark.parametrize(
    ("content", "mapping", "words"),
    [
        ("", {}, "empty"),
        ("name,year\n", {}, "name, year"),
        ("title\n", {"titel": "title"}, "titel"),
        ("title\n", {"isbn": "EAN"}, "EAN"),
        (b"tit\xffle\n", {}, "UTF-8"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(
    lite: OpenCatalogue, tmp_path: Path, content: str | bytes, mapping: dict[str, str], words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        import_text(lite, tmp_path, content, mapping=mapping, encoding="utf-8")


def test_a_missing_file_is_a_problem_of_the_environment(lite: OpenCatalogue, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="no file"):
        import_file(lite, tmp_path / "none.csv")


def test_a_column_can_be_left_out(lite: OpenCatalogue, tmp_path: Path) -> None:
    report = import_text(lite, tmp_path, "title,isbn\nA,x\n", mapping={"isbn": ""})
    assert (books_of(lite)[0].isbn, report.unmapped_columns) == (None, ("isbn",))


def fail_after_first(catalogue: OpenCatalogue, target: str) -> Any:
    """A progress callback that breaks the database once the first rows are in."""

    def on_progress(progress: ImportProgress) -> None:
        if catalogue.info.kind == "postgresql":
            with psycopg.connect(make_url(target).set(drivername="postgresql").render_as_string(False)) as other:
                other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND application_name = 'desk'"
                )

    return on_progress


def test_a_link_that_breaks_in_the_commit_leaves_it_open_what_was_saved(
    catalogue: OpenCatalogue, database_target: str, tmp_path: Path
) -> None:
    if catalogue.info.kind != "postgresql":
        pytest.skip("A file has no link that could break.")
    with pytest.raises(EnvironmentProblem, match="look whether") as caught:
        import_text(catalogue, tmp_path, "title\nOne\n", on_progress=fail_after_first(catalogue, database_target))
    assert caught.value.code == UNSURE


def refuse_title(target: str, title: str) -> None:
    """Makes SQLite refuse one book."""
    if "://" not in target:
        raw = sqlite3.connect(target)
        raw.execute(
            f"CREATE TRIGGER refuse BEFORE INSERT ON books WHEN new.title = '{title}' "
            "BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
        raw.close()


def test_a_failure_in_the_middle_leaves_the_catalogue_as_before(
    catalogue: OpenCatalogue, database_target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 100)
    refuse_title(database_target, "Book 450")
    with pytest.raises(DeskError) as caught:
        import_text(
            catalogue,
            tmp_path,
            many_books(500) + "too,many,fields\n",
            on_progress=fail_after_first(catalogue, database_target),
        )
    assert caught.value.kept == "Nothing was imported; the catalogue is as before."
    assert count_tables(sessions=catalogue.sessions) == NOTHING
    assert [path.name for path in tmp_path.glob("*rejects*")] == []


def test_a_failure_between_batches_keeps_the_earlier_ones_and_says_so(catalogue: OpenCatalogue, tmp_path: Path) -> None:
    calls = []

    def on_progress(progress: ImportProgress) -> None:
        calls.append(progress)
        if len(calls) == 4:
            raise EnvironmentProblem("The disk is gone.")

    with pytest.raises(DeskError) as caught:
        import_text(
            catalogue, tmp_path, "title,author\na,b,c\n" + many_books(500)[13:], batch=100, on_progress=on_progress
        )
    assert caught.value.kept == "The rows up to line 401 were imported."
    assert count_tables(sessions=catalogue.sessions)["books"] == 399
    assert (tmp_path / "books.rejects.csv").exists()


@pytest.mark.parametrize("change", ["grows", "shrinks"])
def test_a_file_that_is_changed_while_it_is_read_is_not_imported_by_half(
    catalogue: OpenCatalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 100)
    path = tmp_path / "books.csv"

    def on_progress(_progress: ImportProgress) -> None:
        with path.open("r+b") as file:
            file.truncate(50_000 if change == "shrinks" else path.stat().st_size + 10)

    with pytest.raises(EnvironmentProblem, match="changed while it was read") as caught:
        import_text(catalogue, tmp_path, many_books(10_000), on_progress=on_progress)
    assert caught.value.kept == "Nothing was imported; the catalogue is as before."
    assert count_tables(sessions=catalogue.sessions) == NOTHING


def test_a_cancel_leaves_the_catalogue_as_before(
    catalogue: OpenCatalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 100)
    seen: list[ImportProgress] = []

    def cancel(progress: ImportProgress) -> None:
        seen.append(progress)
        action = current_action()
        assert action is not None
        action.cancel()

    with pytest.raises(ActionCancelled, match="Nothing was imported"):
        import_text(catalogue, tmp_path, many_books(500), on_progress=cancel)
    assert len(seen) == 1
    assert 0 < seen[0].fraction <= 1
    assert count_tables(sessions=catalogue.sessions) == NOTHING


def test_a_batch_holds_no_lock_while_the_next_one_is_read(sqlite_path: Path, tmp_path: Path) -> None:
    catalogue = open_catalogue(target=str(sqlite_path))
    other = sqlite3.connect(sqlite_path, timeout=0)

    def write(progress: ImportProgress) -> None:
        other.execute("UPDATE desk_meta SET key_version = key_version")
        other.commit()

    import_text(catalogue, tmp_path, many_books(300), batch=100, on_progress=write)
    other.close()
    catalogue.close()


def test_a_read_only_catalogue_takes_no_import(lite: OpenCatalogue, tmp_path: Path) -> None:
    lite.sessions.read_only = "the file is read-only"
    with pytest.raises(EnvironmentProblem, match="reading only"):
        import_text(lite, tmp_path, "title\nA\n")


@pytest.mark.parametrize("batch", [None, 1])
def test_books_that_are_there_are_left_out_on_request(
    catalogue: OpenCatalogue, tmp_path: Path, batch: int | None
) -> None:
    import_text(
        catalogue,
        tmp_path,
        "title,author,isbn,language\nEmma,Austen,,en\nThe Hobbit,Tolkien,0306406152,en\nThe Raven,,,en\nOdd,Ann,bad,\n"
        "The Nose,,,\n",
    )
    report = import_text(
        catalogue,
        tmp_path,
        "title,author,isbn,language\n"
        "Emma,Austen,,fr\n"  # another language is the same book
        "emma,Austen,,\n"  # another spelling is not
        "Emma,Someone,,\n"
        "Another title,Nobody,978-0-306-40615-7,\n"
        "The Raven,,,\n"
        "The Nose,,,en\n"
        "Other,Ann,bad,\n"  # what is no ISBN says nothing
        "Twice,Bob,9783161484100,\n"
        "Twice,Bob,9783161484100,\n",
        skip_existing=True,
        batch=batch,
    )
    assert (report.existing, report.books) == (4, 5)
    assert (report.authors_new, report.authors_matched) == (2, 2)
    assert sorted(book.title for book in books_of(catalogue)[5:]) == ["Emma", "Other", "Twice", "Twice", "emma"]
    assert "Nobody" not in {name for name, *_rest in authors_of(catalogue)}
    assert any("4 books were there already" in line for line in report.lines())


@pytest.mark.parametrize("batch", [None, 1])
def test_rows_of_a_work_that_is_there_are_left_out_with_it(
    catalogue: OpenCatalogue, tmp_path: Path, batch: int | None
) -> None:
    content = "work_key,title,author\n1,Faust,Goethe\n2,Emma,Austen\n1,Faust,Nerval\n"
    import_text(catalogue, tmp_path, content)
    before = books_of(catalogue)
    report = import_text(catalogue, tmp_path, content + "2,Emma,Gounod\n", skip_existing=True, batch=batch)
    assert (report.existing, report.merged, report.books, report.authors_new) == (2, 2, 0, 0)
    assert books_of(catalogue) == before


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252", "cp1251", "cp932"])
def test_files_in_other_encodings_are_read(lite: OpenCatalogue, tmp_path: Path, encoding: str) -> None:
    samples = {
        "cp1251": ("Преступление и наказание", "Достоевский"),
        "cp932": ("吾輩は猫である、坊っちゃん", "夏目漱石"),
    }
    title, author = samples.get(encoding, ("L’étranger à Nîmes", "Müller"))
    rows = "".join(f"{title} {n};{author}\r\n" for n in range(50))
    report = import_text(lite, tmp_path, f"title;author\r\n{rows}".encode(encoding), mapping={})
    assert report.rejected.count == 0
    assert {(book.title, book.author) for book in books_of(lite)} == {(f"{title} {n}", author) for n in range(50)}
    assert report.encoding == encoding.removesuffix("-sig")


@pytest.mark.parametrize(
    ("encoding", "bad"), [("utf-8", b"\xff"), ("cp1252", b"\x81"), ("utf-16-le", b"\x00\xd8"), ("cp932", b"\x81 ")]
)
def test_what_cannot_be_decoded_is_rejected_and_imported_again_once_repaired(
    lite: OpenCatalogue, tmp_path: Path, encoding: str, bad: bytes
) -> None:
    head, tail = "title;year\nGood;1\nB".encode(encoding), "d;2\nFine;3\n".encode(encoding)
    report = import_text(lite, tmp_path, head + bad + tail, encoding=encoding, delimiter=";")
    assert [line for line, _reason in report.rejected.first] == [3]
    assert [book.title for book in books_of(lite)] == ["Good", "Fine"]
    assert report.rejects_file is not None
    content = report.rejects_file.read_bytes()
    repaired = content.replace(bad if bad in content else "?".encode(encoding), "a".encode(encoding))
    again = import_text(lite, tmp_path, repaired, encoding=encoding, delimiter=";")
    assert (again.books, again.rejected.count) == (1, 0)


def test_of_a_file_of_authors_what_was_saved_is_told(catalogue: OpenCatalogue, tmp_path: Path) -> None:
    authors = tmp_path / "authors.csv"
    authors.write_text("author_key,name\n1,A\n2,B\n3,C\n", encoding="utf-8")

    def on_progress(progress: ImportProgress) -> None:
        if progress.records == 2:
            raise EnvironmentProblem("The disk is gone.")

    with pytest.raises(EnvironmentProblem) as told:
        import_text(catalogue, tmp_path, "title\nOne\n", authors=authors, batch=1, on_progress=on_progress)
    assert told.value.kept == "Of the file of authors the rows up to line 3 were imported."
    assert count_tables(sessions=catalogue.sessions) == {"authors": 2, "books": 0}


def test_what_is_imported_is_taken_into_the_search_index(lite: OpenCatalogue, tmp_path: Path) -> None:
    for batch in (None, 100):
        import_text(lite, tmp_path, many_books(250), batch=batch)
        assert search_state(sessions=lite.sessions, check=True).state is SearchState.READY
    assert open_view(sessions=lite.sessions, criteria=Criteria("books", search="book 249")).total == 2


def test_the_first_import_makes_an_index_and_a_later_one_does_not(lite: OpenCatalogue, tmp_path: Path) -> None:
    for expected in (SearchState.READY, SearchState.ABSENT):
        drop_search_index(sessions=lite.sessions)
        import_text(lite, tmp_path, many_books(10))
        assert lite.sessions.search_index.state is expected


def test_a_failed_import_leaves_the_search_index_as_it_was(lite: OpenCatalogue, tmp_path: Path) -> None:
    def cancel(_progress: ImportProgress) -> None:
        action = current_action()
        assert action is not None
        action.cancel()

    with pytest.raises(ActionCancelled):
        import_text(lite, tmp_path, many_books(5000), on_progress=cancel)
    assert search_state(sessions=lite.sessions, check=True).state is SearchState.READY
