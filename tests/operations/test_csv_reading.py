"""The reader takes CSV as it is found in the world."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from desk.operations.csv_reading import CsvFile
from tests.support.shared_data import shared_data

if TYPE_CHECKING:
    from pathlib import Path

SPECTRUM = (
    "comma_in_quotes", "empty", "empty_crlf", "escaped_quotes", "json", "newlines", "newlines_crlf",
    "quotes_and_newlines", "simple", "simple_crlf", "utf8",
)  # fmt: skip


@pytest.mark.parametrize("name", SPECTRUM)
def test_csv_spectrum_is_read_as_its_json_says(name: str) -> None:
    folder = shared_data("csv-spectrum")
    expected = json.loads((folder / "json" / f"{name}.json").read_text(encoding="utf-8"))
    with CsvFile(folder / "csvs" / f"{name}.csv") as file:
        found = [dict(zip(file.headers, record.cells, strict=True)) for record in file.records()]
    assert found == expected


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_those_where_records_start(tmp_path: Path, end: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(end.join(["h", '"a', "", 'b"', "", "c", "d,e"]).encode())
    with CsvFile(path) as file:
        found = [(record.line, bool(record.problem)) for record in file.records()]
    assert found == [(2, False), (6, False), (7, True)]


def test_only_the_mark_at_the_start_of_the_file_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\ufeffh\n\ufeffx\n", encoding="utf-8")
    with CsvFile(path) as file:
        assert file.headers == ("h",)
        assert [record.cells for record in file.records()] == [["\ufeffx"]]


def test_large_cells_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("h\n" + "x" * 500_000 + "\n", encoding="utf-8")
    with CsvFile(path) as file:
        assert [len(record.cells[0]) for record in file.records()] == [500_000]
        assert file.fraction == 1.0
