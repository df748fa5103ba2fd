"""Faults 34 to 36: one bad cell or one hostile view must not fail a page, hang a session, or be changed by itself."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from desk.catalog.columns import BOOKS
from desk.catalog.criteria import Criteria, Sort
from desk.catalog.edits import RecordKey
from desk.catalog.paging import PageRequest
from desk.operations.commit import commit_edits
from desk.operations.connect import open_catalogue
from desk.operations.exporting import export_rows
from desk.operations.pages import load_page, walk_marks
from desk.operations.records import load_details
from desk.tables.edit_stack import EditStack
from desk.tables.record_table import original_of
from tests.support.editing import elsewhere, scalar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from desk.catalog.paging import Page
    from desk.operations.connect import OpenCatalogue

BAD = (
    "INSERT INTO books (title, title_key, published_year, price, updated_at, language) VALUES"
    " (CAST(x'61ff62' AS TEXT), 'a', 'not a year', 'dear', '2023-02-30 00:00:00', x'00ff'),"
    " ('Good', 'b', 1984, 1250, '2024-01-01 10:00:00.000000', 'en')"
)
SECTION = {column.name: place for place, column in enumerate(BOOKS.grid)}


@pytest.fixture
def damaged(sqlite_path: Path) -> Iterator[OpenCatalogue]:
    with closing(sqlite3.connect(sqlite_path)) as raw, raw:
        raw.execute(BAD)
    catalogue = open_catalogue(target=str(sqlite_path))
    yield catalogue
    assert catalogue.pool.snapshot().checked_out == 0
    catalogue.close()


def page_by(catalogue: OpenCatalogue, column: str, *, descending: bool = False) -> Page:
    criteria = Criteria("books", sorts=(Sort(column, descending),))
    return load_page(sessions=catalogue.sessions, request=PageRequest(criteria, 0))


def cell(page: Page, row: int, column: str) -> str | None:
    return page.cells[row][SECTION[column]]


def test_fault_35_a_bad_cell_is_marked_and_its_page_is_shown(damaged: OpenCatalogue) -> None:
    page = page_by(damaged, "title")
    assert [cell(page, 0, name) for name in ("title", "published_year", "price", "language")] == [
        "a\ufffdb", "not a year", "dear", "x'00ff'",
    ]  # fmt: skip
    assert cell(page, 0, "updated_at") == "2023-02-30 00:00:00"
    marked = {section for index, section in page.doubtful if index == 0}
    assert marked == {SECTION[name] for name in ("title", "published_year", "price", "language", "updated_at")}
    assert {index for index, _section in page.doubtful} == {0}
    assert cell(page, 1, "price") == "12.50"


@pytest.mark.parametrize("column", ["title", "published_year", "price", "language", "updated_at"])
@pytest.mark.parametrize("descending", [False, True])
def test_fault_35_every_order_walks_past_bad_values(damaged: OpenCatalogue, column: str, descending: bool) -> None:
    whole = page_by(damaged, column, descending=descending)
    criteria = whole.request.criteria
    marks = walk_marks(sessions=damaged.sessions, criteria=criteria, mark=None, every=1, seconds=60).marks
    assert len(whole.rows) == len(marks) == 2
    second = load_page(sessions=damaged.sessions, request=PageRequest(criteria, 1, mark=marks[0]))
    assert [row.id for row in second.rows] == [whole.rows[1].id]


def test_fault_35_details_of_a_damaged_record_are_shown(damaged: OpenCatalogue) -> None:
    record = page_by(damaged, "title").rows[0]
    details = load_details(sessions=damaged.sessions, table="books", record_id=record.id)
    assert getattr(details.row, "published_year") == "not a year"  # noqa: B009  (another type than the row promises)


def test_fault_35_a_change_leaves_the_damaged_fields_as_they_are(damaged: OpenCatalogue) -> None:
    row = page_by(damaged, "title").rows[0]
    edits = EditStack()
    edits.set_field(original_of(BOOKS, row), "isbn", "9780261103344")
    result = commit_edits(sessions=damaged.sessions, batch=edits.batch())
    assert result.saved == (RecordKey("books", row.id),)
    assert scalar(damaged, "SELECT hex(title) FROM books WHERE id = :id", id=row.id) == "61FF62"
    assert scalar(damaged, "SELECT published_year FROM books WHERE id = :id", id=row.id) == "not a year"


def test_fault_35_an_export_keeps_the_bytes(damaged: OpenCatalogue, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    assert export_rows(sessions=damaged.sessions, criteria=Criteria("books"), target=target) == 2
    assert b"a\xffb" in target.read_bytes()


@pytest.mark.parametrize("moment", ["infinity", "-infinity", "0044-03-15 12:00:00+00 BC"])
def test_fault_36_a_moment_beyond_python_is_shown_as_text(postgres_url: str, moment: str) -> None:
    catalogue = open_catalogue(target=postgres_url)
    try:
        elsewhere(
            catalogue,
            "INSERT INTO books (title, title_key, updated_at) VALUES ('a', 'a', :moment), ('b', 'b', now())",
            moment=moment,
        )
        for descending in (False, True):
            page = page_by(catalogue, "updated_at", descending=descending)
            shown: dict[Any, Any] = {row.title: page.cells[at] for at, row in enumerate(page.rows)}  # type: ignore[union-attr]
            assert shown["a"][SECTION["updated_at"]] == moment.replace("12:00:00+00", "12:00:00+00")
            assert len(page.doubtful) == 1
            marks = walk_marks(
                sessions=catalogue.sessions, criteria=page.request.criteria, mark=None, every=1, seconds=60
            ).marks
            behind = load_page(
                sessions=catalogue.sessions, request=PageRequest(page.request.criteria, 1, mark=marks[0])
            )
            assert [row.id for row in behind.rows] == [page.rows[1].id]
    finally:
        catalogue.close()


def test_fault_36_a_price_that_is_no_number_is_shown_as_text(postgres_url: str) -> None:
    catalogue = open_catalogue(target=postgres_url)
    try:
        elsewhere(catalogue, "INSERT INTO books (title, title_key, price) VALUES ('a', 'a', 'NaN')")
        assert cell(page_by(catalogue, "price"), 0, "price") == "NaN"
    finally:
        catalogue.close()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' REGEXP '(a+)+$'",
        "SELECT load_extension('evil')",
        "SELECT writefile('evil', 'x')",
    ],
    ids=["regexp", "load_extension", "writefile"],
)
def test_fault_34_a_hostile_view_is_refused_at_once(sqlite_path: Path, statement: str) -> None:
    with closing(sqlite3.connect(sqlite_path)) as raw, raw:
        raw.execute(f"CREATE VIEW hostile AS {statement} AS found")
    catalogue = open_catalogue(target=str(sqlite_path))
    try:
        with catalogue.sessions.reading("look") as session, pytest.raises(DBAPIError):
            session.execute(text("SELECT * FROM hostile")).all()
        assert load_page(sessions=catalogue.sessions, request=PageRequest(Criteria("books"), 0)).rows == ()
    finally:
        catalogue.close()


def test_fault_34_a_hostile_trigger_fails_the_unit_and_nothing_else(sqlite_path: Path) -> None:
    with closing(sqlite3.connect(sqlite_path)) as raw, raw:
        raw.execute("CREATE TRIGGER hostile AFTER INSERT ON books BEGIN SELECT load_extension('evil'); END")
    catalogue = open_catalogue(target=str(sqlite_path))
    try:
        with pytest.raises(Exception, match=r"unsafe use|not authorized|no such function"):
            elsewhere(catalogue, "INSERT INTO books (title, title_key) VALUES ('a', 'a')")
        assert scalar(catalogue, "SELECT count(*) FROM books") == 0
        assert catalogue.pool.snapshot().checked_out == 0
    finally:
        catalogue.close()
