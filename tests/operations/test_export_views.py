"""Views are exported into a file each: all of the files appear, or none."""

from __future__ import annotations

import csv
import os
from typing import TYPE_CHECKING

import pytest

from desk.catalog.criteria import Criteria, Filter, Op
from desk.errors import EnvironmentProblem, InvalidInput
from desk.operations.export_views import export_views
from tests.support.editing import elsewhere

if TYPE_CHECKING:
    from pathlib import Path

    from desk.operations.connect import OpenCatalogue
    from desk.operations.exporting import ExportProgress
    from tests.support.library import Library

BOOKS, AUTHORS = Criteria("books"), Criteria("authors")


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


def test_every_view_has_its_file(catalogue: OpenCatalogue, filled: Library, tmp_path: Path) -> None:
    books, authors = tmp_path / "out" / "books.csv", tmp_path / "out" / "books.authors.csv"
    books.parent.mkdir()
    told: list[ExportProgress] = []
    files = export_views(
        sessions=catalogue.sessions, views=((BOOKS, books), (AUTHORS, authors)), on_progress=told.append
    )
    assert [(file.path, file.rows) for file in files] == [(books, 120), (authors, 40)]
    assert (len(rows_of(books)), len(rows_of(authors))) == (121, 41)
    assert [(one.rows, one.total) for one in told][-1] == (40, 40)
    assert sorted(path.name for path in books.parent.iterdir()) == ["books.authors.csv", "books.csv"]


def test_no_file_appears_when_the_second_fails(catalogue: OpenCatalogue, filled: Library, tmp_path: Path) -> None:
    there = tmp_path / "out" / "books.csv"
    there.parent.mkdir()
    there.write_text("as before")
    missing = tmp_path / "missing" / "authors.csv"
    with pytest.raises(EnvironmentProblem) as raised:
        export_views(sessions=catalogue.sessions, views=((BOOKS, there), (AUTHORS, missing)))
    assert str(missing) in raised.value.what
    assert there.read_text() == "as before"
    assert [path.name for path in there.parent.iterdir()] == ["books.csv"]


def test_what_is_no_file_in_the_place_of_the_second_leaves_the_first(
    catalogue: OpenCatalogue, filled: Library, tmp_path: Path
) -> None:
    (tmp_path / "authors.csv").mkdir()
    with pytest.raises(InvalidInput, match="is a folder"):
        export_views(
            sessions=catalogue.sessions, views=((BOOKS, tmp_path / "a.csv"), (AUTHORS, tmp_path / "authors.csv"))
        )
    assert not (tmp_path / "a.csv").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="There are no pipes in this file system.")
def test_a_pipe_is_never_replaced(catalogue: OpenCatalogue, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(InvalidInput, match="no ordinary file"):
        export_views(sessions=catalogue.sessions, views=((BOOKS, tmp_path / "a.csv"),))
    assert (tmp_path / "a.csv").is_fifo()


def test_a_database_is_never_replaced(catalogue: OpenCatalogue, tmp_path: Path, sqlite_path: Path) -> None:
    before = sqlite_path.read_bytes()
    with pytest.raises(InvalidInput) as raised:
        export_views(sessions=catalogue.sessions, views=((BOOKS, tmp_path / "a.csv"), (AUTHORS, sqlite_path)))
    assert raised.value.code == "database"
    assert sqlite_path.read_bytes() == before
    assert not (tmp_path / "a.csv").exists()


def test_a_link_still_leads_to_the_file(catalogue: OpenCatalogue, filled: Library, tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("as before")
    link.symlink_to(real)
    export_views(sessions=catalogue.sessions, views=((BOOKS, link),))
    assert link.is_symlink()
    assert len(rows_of(real)) == 121


def test_neutralized_texts_are_counted(catalogue: OpenCatalogue, filled: Library, tmp_path: Path) -> None:
    elsewhere(catalogue, "UPDATE books SET title = '=1+1', title_key = '=1+1' WHERE id = (SELECT min(id) FROM books)")
    criteria = Criteria("books", (Filter("title", Op.EQUALS, "=1+1"),))
    (file,) = export_views(sessions=catalogue.sessions, views=((criteria, tmp_path / "a.csv"),), neutralize=True)
    assert (file.rows, file.neutralized) == (1, 1)
    assert rows_of(tmp_path / "a.csv")[1][0] == "'=1+1"
