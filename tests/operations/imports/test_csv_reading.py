"""The reader takes CSV as it is found in the world."""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING

import pytest

from desk.operations.imports.csv_reading import CsvFile
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


def guessed(path: Path, content: bytes) -> tuple[str, str]:
    """(encoding, delimiter)"""
    path.write_bytes(content)
    with CsvFile(path) as file:
        return file.encoding, file.delimiter


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [
        ("title,author\nA; B; C,x\nD; E,y\n", ","),
        ("title;author\nA, B;x\nC, D, E;y\n", ";"),
        ("title\tauthor\nA, B\tx\n", "\t"),
        ("title|author|year\nA;B|x|1,5\n", "|"),
        ("title\nA; B\nC; D\n", ","),
        ('"title;x",author\n"A\nB;C",x\n', ","),
        ("a;b,c\n1;2,5\n3;4,5\n6;7\n", ";"),
        ("title", ","),
    ],
)
def test_the_delimiter_is_what_most_records_agree_on(tmp_path: Path, content: str, delimiter: str) -> None:
    assert guessed(tmp_path / "a.csv", content.encode()) == ("utf-8", delimiter)


def test_a_long_record_at_the_end_of_the_sample_does_not_mislead(tmp_path: Path) -> None:
    content = "title;author\n" + "".join(f"Book {n};Ann\n" for n in range(3)) + '"' + "a,b\n" * 50_000 + '";x\n'
    assert guessed(tmp_path / "a.csv", content.encode())[1] == ";"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_read_when_it_is_named(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("title,author\nEmma,Ö\n".encode(encoding))
    with CsvFile(path, "utf-16") as file:
        assert file.headers == ("title", "author")
        assert [record.cells for record in file.records()] == [["Emma", "Ö"]]


def test_a_sign_that_the_head_of_a_large_file_lacks_is_found_further_on(tmp_path: Path) -> None:
    plain, western = b"plain,text\n" * 100_000, "Käse,Ö\n".encode("cp1252") * 100_000
    assert guessed(tmp_path / "a.csv", b"title,author\n" + plain + western)[0] == "cp1252"


def test_single_damaged_places_do_not_make_utf_8_something_else(tmp_path: Path) -> None:
    assert guessed(tmp_path / "a.csv", "title\nKäse\nÖl\n".encode() + b"dam\xffaged\n")[0] == "utf-8"


def test_utf_8_that_is_cut_by_the_sample_is_utf_8(tmp_path: Path) -> None:
    for shift in range(4):
        content = b"title\n" + b"x" * (65_536 - 6 - 2 + shift) + "€\n".encode() + b"y\n"
        assert guessed(tmp_path / "a.csv", content)[0] == "utf-8", shift


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="There are no pipes in this file system.")
def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    content = b"title;author\n" + b"A;B\n" * 50_000
    writer = threading.Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    with CsvFile(pipe) as file:
        assert (file.delimiter, sum(1 for _record in file.records())) == (";", 50_000)
    writer.join()
