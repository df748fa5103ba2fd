"""The reader takes CSV as it is found in the world."""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING

import pytest

from desk.errors import InvalidInput
from desk.operations.imports import csv_reading
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


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16-le"])
def test_a_mark_that_the_codec_lets_through_is_none_of_the_header(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes('\ufeff"ti;tle";x\n\ufeffy;z\n'.encode(encoding))
    with CsvFile(path, encoding.removesuffix("-sig")) as file:
        assert (file.delimiter, file.headers) == (";", ("ti;tle", "x"))
        assert [record.cells for record in file.records()] == [["\ufeffy", "z"]]


@pytest.mark.parametrize(("content", "line"), [("x" * 1000, 1), ('title\nA\n"B\n' + "C\n" * 500, 3)])
def test_what_does_not_end_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, line: int
) -> None:
    monkeypatch.setattr(csv_reading, "RECORD_LENGTH", 1000)
    path = tmp_path / "a.csv"
    path.write_text(content)
    with pytest.raises(InvalidInput, match=f"line {line} of"), CsvFile(path) as file:
        list(file.records())


@pytest.mark.parametrize("encoding", ["undefined", "idna", "punycode", "utf-32"])
def test_an_encoding_that_the_file_cannot_be_in_is_refused_with_words(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text("title\nEmma\n")
    with pytest.raises(InvalidInput, match=encoding), CsvFile(path, encoding) as file:
        list(file.records())


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


@pytest.mark.parametrize("named", ["utf-16", ""])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_read_named_or_not(tmp_path: Path, encoding: str, named: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("title,author\nEmma,Ö\n".encode(encoding))
    with CsvFile(path, named) as file:
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


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="There are no pipes in this file system.")
def test_a_sign_that_the_first_look_into_a_pipe_cuts_does_not_mislead(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    plain = b"title\n" + b"plain\n" * 500
    for ready in range(4096 - 1, 8192, 4096):  # what a buffer of either usual size holds
        content = plain + b"x" * (ready - len(plain)) + "é\n".encode() + b"plain\n" * 2000
        writer = threading.Thread(target=pipe.write_bytes, args=(content,))
        writer.start()
        with CsvFile(pipe) as file:
            assert (file.encoding, sum(1 for _record in file.records())) == ("utf-8", 2501)
        writer.join()
