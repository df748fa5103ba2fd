"""Fault 51: a cell that a spreadsheet would run; it is neutralised on request and never changed silently."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert

from desk.catalog import keys
from desk.catalog.criteria import Criteria, Sort
from desk.catalog.models import Author, Book
from desk.operations.exporting import ExportProgress, export_rows
from tests.support.contents import books_of
from tests.support.importing import import_file
from tests.support.sheets import sheet_of

if TYPE_CHECKING:
    from pathlib import Path

    from desk.operations.connect import OpenCatalogue

TITLES = ("=cmd|' /C calc'!A0", "+1", "-2+3", "@SUM(1)", "\t=1", "\r=1", "Plain = text", "'quoted", "")
RUN = 6
"""So many of the titles would be run."""
BY_YEAR = Criteria("books", sorts=(Sort("published_year"),))


@pytest.fixture
def dangerous(catalogue: OpenCatalogue) -> OpenCatalogue:
    """A catalogue with titles that look like formulas, by an author whose name does too, of the years -42, -41 …"""
    name = "=HYPERLINK(1)"
    with catalogue.sessions.writing("add") as session:
        author_id = session.scalars(
            insert(Author).returning(Author.id), [{"name": name, "name_key": keys.author_key(name)}]
        ).one()
        rows = [
            {
                "title": title, "title_key": keys.title_key(title, None), "author_id": author_id,
                "published_year": place - 42,
            }
            for place, title in enumerate(TITLES)
        ]  # fmt: skip
        session.execute(insert(Book), rows)
        session.commit()
    return catalogue


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", ["out.csv", "out.xlsx"])
def test_fault_51_formulas_are_neutralised_on_request_and_counted(
    dangerous: OpenCatalogue, tmp_path: Path, name: str
) -> None:
    path, seen = tmp_path / name, list[ExportProgress]()
    export_rows(sessions=dangerous.sessions, criteria=BY_YEAR, target=path, neutralize=True, on_progress=seen.append)
    rows = read_csv(path) if path.suffix == ".csv" else sheet_of(path).records()
    assert [row["title"] for row in rows] == [f"'{title}" for title in TITLES[:RUN]] + list(TITLES[RUN:])
    assert {row["author"] for row in rows} == {"'=HYPERLINK(1)"}
    assert [row["published_year"] for row in rows] == [str(place - 42) for place in range(len(TITLES))]
    assert seen[-1].neutralized == RUN + len(TITLES)


def test_fault_51_without_the_request_a_csv_file_has_the_texts_as_they_are(
    dangerous: OpenCatalogue, tmp_path: Path
) -> None:
    path = tmp_path / "out.csv"
    export_rows(sessions=dangerous.sessions, criteria=BY_YEAR, target=path)
    assert [row["title"] for row in read_csv(path)] == list(TITLES)


def test_fault_51_a_workbook_has_texts_and_never_formulas(dangerous: OpenCatalogue, tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    export_rows(sessions=dangerous.sessions, criteria=BY_YEAR, target=path)
    sheet = sheet_of(path)
    assert [row["title"] for row in sheet.records()] == list(TITLES)
    assert sheet.formulas == 0
    assert set(sheet.kinds("title")) == {"text"}
    assert set(sheet.kinds("published_year")) == {"number"}


def test_fault_51_a_neutralised_file_comes_back_with_its_apostrophes(dangerous: OpenCatalogue, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    export_rows(sessions=dangerous.sessions, criteria=BY_YEAR, target=path, neutralize=True)
    import_file(dangerous, path)
    titles = [book.title for book in books_of(dangerous)]
    assert titles[len(TITLES) : len(TITLES) + RUN] == [f"'{title}" for title in TITLES[:RUN]]
