"""Faults 29, 30 and 31: a file that cannot be written, is not there, or is no database."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from desk.catalog.criteria import Criteria
from desk.catalog.paging import PageRequest
from desk.errors import EnvironmentProblem
from desk.operations.commit import commit_edits
from desk.operations.connect import OpenCatalogue, create_catalogue, open_catalogue
from desk.operations.pages import count_tables, load_page
from tests.support.editing import BOOK, batch, insert
from tests.support.library import make_books
from tests.support.told import tells
from tests.support.unprivileged import folder_for_everyone, without_root

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def filled_path(sqlite_path: Path) -> Iterator[Path]:
    """A file with 30 books, in a folder that every user can reach."""
    opened = open_catalogue(target=str(sqlite_path))
    make_books(opened, 30)
    opened.close()
    with folder_for_everyone() as folder:
        yield Path(shutil.copy(sqlite_path, folder / "library.desk"))


def is_for_reading_only(catalogue: OpenCatalogue, reason: str) -> None:
    """Pages load; writing is refused with the reason, by Desk and by SQLite."""
    assert reason in catalogue.info.read_only
    assert catalogue.sessions.read_only == catalogue.info.read_only
    page = load_page(sessions=catalogue.sessions, request=PageRequest(Criteria("books"), 0))
    assert len(page.rows) == 30
    with pytest.raises(EnvironmentProblem) as refused:
        commit_edits(sessions=catalogue.sessions, batch=batch(insert(BOOK, title="Emma")))
    assert refused.value.code == "read_only"
    assert reason in refused.value.what
    with pytest.raises(EnvironmentProblem) as refused, catalogue.sessions.reading("sneaky") as session:
        session.execute(text("DELETE FROM contributions"))
    assert refused.value.code == "read_only"
    snapshot = catalogue.pool.snapshot()
    assert (snapshot.checked_out, snapshot.open_transactions) == (0, 0)


def test_fault_29_read_only_file(filled_path: Path) -> None:
    filled_path.parent.chmod(0o777)
    filled_path.chmod(0o444)
    before = filled_path.read_bytes()
    with without_root():
        opened = open_catalogue(target=str(filled_path))
        is_for_reading_only(opened, "the file is read-only")
        opened.close()
    assert filled_path.read_bytes() == before


def test_fault_29_read_only_folder(filled_path: Path) -> None:
    filled_path.parent.chmod(0o555)
    filled_path.chmod(0o666)
    before = filled_path.read_bytes()
    with without_root():
        opened = open_catalogue(target=str(filled_path))
        is_for_reading_only(opened, "its folder cannot be written")
        opened.close()
    assert filled_path.read_bytes() == before
    assert [one.name for one in filled_path.parent.iterdir()] == [filled_path.name]


def test_fault_29_link_from_a_read_only_folder_to_a_file_that_others_write(filled_path: Path) -> None:
    """What SQLite keeps beside a file is where the file is, and not where its link is."""
    with folder_for_everyone() as folder:
        link = folder / "link.desk"
        link.symlink_to(filled_path)
        filled_path.parent.chmod(0o777)
        filled_path.chmod(0o666)
        with without_root(), closing(sqlite3.connect(filled_path)) as writer:
            writer.execute("DELETE FROM contributions")
            writer.execute("DELETE FROM books")
            writer.commit()  # to the log; the file itself still has all books
            opened = open_catalogue(target=str(link))
            assert opened.info.read_only == ""
            assert count_tables(sessions=opened.sessions)["books"] == 0
            opened.close()


def test_fault_29_link_to_a_file_in_a_read_only_folder(filled_path: Path) -> None:
    with folder_for_everyone() as folder:
        link = folder / "link.desk"
        link.symlink_to(filled_path)
        folder.chmod(0o777)
        filled_path.chmod(0o666)
        with without_root():
            opened = open_catalogue(target=str(link))
            is_for_reading_only(opened, "its folder cannot be written")
            opened.close()


def test_fault_29_unfinished_write_in_a_read_only_folder(filled_path: Path, tmp_path: Path) -> None:
    """Without its journal a file is read as another program left it: torn."""
    source = tmp_path / "source.desk"
    shutil.copy(filled_path, source)
    with closing(sqlite3.connect(source, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = DELETE")
        writer.execute("PRAGMA cache_size = 2")
        writer.execute("BEGIN")
        writer.executemany("INSERT INTO authors (name, name_key) VALUES (?, ?)", [("x" * 200, "x")] * 500)
        for suffix in ("", "-journal"):
            shutil.copy(f"{source}{suffix}", f"{filled_path}{suffix}")
        writer.execute("ROLLBACK")
    for suffix in ("", "-journal"):
        Path(f"{filled_path}{suffix}").chmod(0o644)
    with without_root(), tells("read_only", within=2, kept="as it is") as told:
        open_catalogue(target=str(filled_path))
    assert "interrupted" in told.what
    assert "folder can be written" in told.advice


def test_fault_29_read_only_file_that_is_no_catalogue(filled_path: Path) -> None:
    raw = sqlite3.connect(filled_path)
    for table in ("contributions", "books", "authors", "desk_meta", "alembic_version"):
        raw.execute(f"DROP TABLE {table}")
    raw.execute("CREATE TABLE theirs (x)")
    raw.commit()
    raw.close()
    filled_path.parent.chmod(0o555)
    with without_root(), tells("foreign", within=5, kept="Nothing was changed"):
        open_catalogue(target=str(filled_path))


def test_fault_29_unreadable_file(filled_path: Path) -> None:
    filled_path.chmod(0o000)
    with without_root(), pytest.raises(EnvironmentProblem) as refused:
        open_catalogue(target=str(filled_path))
    assert refused.value.code == "unreadable"
    assert "Permission denied" in refused.value.what


def test_fault_30_missing_file(tmp_path: Path) -> None:
    with tells("missing", within=5, kept="Nothing was created") as told:
        open_catalogue(target=str(tmp_path / "none.desk"))
    assert f"no file {tmp_path / 'none.desk'}" in told.what
    assert not list(tmp_path.iterdir())


def test_fault_30_missing_folder(tmp_path: Path) -> None:
    with tells("missing", within=5, kept="Nothing was created") as told:
        open_catalogue(target=str(tmp_path / "none" / "library.desk"))
    assert f"no folder {tmp_path / 'none'}" in told.what
    assert not list(tmp_path.iterdir())
    with pytest.raises(EnvironmentProblem) as refused:
        create_catalogue(target=str(tmp_path / "none" / "library.desk"))
    assert refused.value.code == "unwritable"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is an empty file"),
        (b"title,author\nEmma,Jane Austen\n", "is not an SQLite database"),
        (b"SQLite format 4\0" + b"\0" * 4096, "is not an SQLite database"),
        (b"SQLite", "is not an SQLite database"),
        (bytes(range(256)) * 64, "is not an SQLite database"),
    ],
    ids=["empty", "text", "almost", "short", "bytes"],
)
def test_fault_31_not_a_database(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "books.csv"
    path.write_bytes(content)
    with tells("not_a_database", within=5, kept="left as it is") as told:
        open_catalogue(target=str(path))
    assert words in told.what
    assert str(path) in told.what
    assert path.read_bytes() == content
    assert [one.name for one in tmp_path.iterdir()] == ["books.csv"]


def test_fault_31_folder_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem) as refused:
        open_catalogue(target=str(tmp_path))
    assert refused.value.code == "folder"
    assert str(tmp_path) in refused.value.what


def test_fault_31_a_header_and_nothing_behind_it(tmp_path: Path) -> None:
    path = tmp_path / "broken.desk"
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    with pytest.raises(EnvironmentProblem) as refused:
        open_catalogue(target=str(path))
    assert refused.value.code in ("not_a_database", "corrupt")
    assert len(path.read_bytes()) == 5016
