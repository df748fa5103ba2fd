"""Fault 34 where a file has a search index: its triggers run only beside nothing that is not Desk's."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from desk.catalog.criteria import Criteria
from desk.errors import EnvironmentProblem
from desk.operations.connect import open_catalogue
from desk.operations.searching import drop_search_index, search_state
from desk.operations.views import open_view
from tests.support.editing import elsewhere, scalar
from tests.support.library import make_books

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from desk.operations.connect import OpenCatalogue

ADD = "INSERT INTO books (title, title_key) VALUES ('Emma', 'emma')"
HOSTILE = {
    "trigger": "CREATE TRIGGER mine AFTER INSERT ON books BEGIN SELECT load_extension('evil'); END",
    "harmless trigger": "CREATE TRIGGER mine AFTER INSERT ON books BEGIN SELECT 1; END",
    "view": "CREATE VIEW mine AS SELECT load_extension('evil') AS found",
    "virtual table": "CREATE VIRTUAL TABLE mine USING fts5(x)",
    "trigger of our name": (
        "DROP TRIGGER desk_search_books_insert; CREATE TRIGGER desk_search_books_insert AFTER INSERT ON books BEGIN"
        " INSERT INTO desk_search_books (rowid, title_key) VALUES (new.id, new.title_key);"
        " SELECT load_extension('evil'); END"
    ),
    "our trigger in other words": (
        "DROP TRIGGER desk_search_books_delete; CREATE TRIGGER desk_search_books_delete AFTER DELETE ON books"
        " BEGIN SELECT 1; END"
    ),
    "view of our name": (
        "DROP TABLE desk_search; CREATE VIEW desk_search AS SELECT 'books' AS name, load_extension('evil') AS upto"
    ),
    "trigger named as our table": (
        "CREATE TRIGGER desk_search_books AFTER INSERT ON books BEGIN SELECT load_extension('evil'); END"
    ),
}


@pytest.fixture
def opened(sqlite_path: Path) -> Iterator[OpenCatalogue]:
    """An open file with a search index, 60 books and 20 authors; nothing may be out at the end."""
    catalogue = open_catalogue(target=str(sqlite_path))
    make_books(catalogue, 60)
    yield catalogue
    snapshot = catalogue.pool.snapshot()
    assert (snapshot.checked_out, snapshot.open_transactions) == (0, 0)
    catalogue.close()


def plant(path: Path, words: str) -> None:
    with closing(sqlite3.connect(path)) as raw:
        raw.executescript(words)


def trusted(catalogue: OpenCatalogue) -> tuple[object, object]:
    """Whether the schema is trusted while something is written, and while something is read."""
    with catalogue.sessions.writing("look") as session:
        writing = session.execute(text("PRAGMA trusted_schema")).scalar()
    return writing, scalar(catalogue, "PRAGMA trusted_schema")


def test_fault_34_a_file_is_trusted_only_while_it_is_written(opened: OpenCatalogue) -> None:
    assert trusted(opened) == (1, 0)
    elsewhere(opened, ADD)
    assert trusted(opened) == (1, 0)


def test_fault_34_a_file_without_an_index_is_never_trusted(opened: OpenCatalogue) -> None:
    drop_search_index(sessions=opened.sessions)
    assert trusted(opened) == (0, 0)


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE.keys())
def test_fault_34_what_is_planted_while_a_file_is_open_is_not_trusted(
    opened: OpenCatalogue, sqlite_path: Path, words: str
) -> None:
    elsewhere(opened, ADD)
    plant(sqlite_path, words)
    assert trusted(opened) == (0, 0)
    with pytest.raises(Exception, match=r"not Desk's|unsafe use|not authorized|damaged or gone"):
        elsewhere(opened, ADD)
    assert scalar(opened, "SELECT count(*) FROM books") == 61


@pytest.mark.parametrize("name", ["view", "trigger", "virtual table"])
def test_fault_34_what_was_there_before_opening_is_not_trusted_and_rows_are_shown(
    opened: OpenCatalogue, sqlite_path: Path, name: str
) -> None:
    plant(sqlite_path, HOSTILE[name])
    catalogue = open_catalogue(target=str(sqlite_path))
    try:
        assert "mine" in catalogue.sessions.search_index.reason
        assert trusted(catalogue) == (0, 0)
        for criteria in (Criteria("books"), Criteria("books", search="the")):
            assert open_view(sessions=catalogue.sessions, criteria=criteria).page.rows
        assert catalogue.pool.snapshot().checked_out == 0
    finally:
        catalogue.close()


def test_fault_34_a_refused_write_says_what_to_do_and_that_helps(opened: OpenCatalogue, sqlite_path: Path) -> None:
    plant(sqlite_path, HOSTILE["view"])
    with pytest.raises(EnvironmentProblem) as refused:
        elsewhere(opened, ADD)
    assert refused.value.code == "untrusted"
    assert "Nothing was saved" in refused.value.kept
    assert "search-index drop" in refused.value.advice
    drop_search_index(sessions=opened.sessions)
    elsewhere(opened, ADD)
    assert scalar(opened, "SELECT count(*) FROM books") == 61
    plant(sqlite_path, "DROP VIEW mine")
    assert search_state(sessions=opened.sessions).state.value == "absent"
