"""The sample appears complete or not at all, and is a catalogue like any other."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

from desk.errors import EnvironmentProblem
from desk.operations import sample
from desk.operations.connect import open_catalogue
from desk.operations.sample import ensure_sample, restore_sample
from desk.resources import resource
from desk.settings import folders
from tests.support.contents import authors_of, books_of

if TYPE_CHECKING:
    from pathlib import Path


def rows_of(name: str) -> list[dict[str, str]]:
    with resource("sample", name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_first_start_finds_the_sample_where_settings_say() -> None:
    path = ensure_sample()
    assert path == folders().sample_catalogue
    made = path.stat().st_ino
    assert ensure_sample().stat().st_ino == made
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_every_row_of_the_sample_is_in_it(tmp_path: Path) -> None:
    restore_sample(path=tmp_path / "sample.desk")
    catalogue = open_catalogue(target=str(tmp_path / "sample.desk"))
    try:
        assert [name for name, *_rest in authors_of(catalogue)] == [row["name"] for row in rows_of("authors.csv")]
        books = books_of(catalogue)
        assert [(book.title, book.author or "") for book in books] == [
            (row["title"], row["author"]) for row in rows_of("books.csv")
        ]
        assert sum(bool(book.others) for book in books) == sum(
            bool(row["contributors"]) for row in rows_of("books.csv")
        )
        assert catalogue.info.read_only == ""
    finally:
        catalogue.close()


def test_restoring_replaces_what_was_changed(tmp_path: Path) -> None:
    path = tmp_path / "sample.desk"
    restore_sample(path=path)
    before = path.stat().st_ino
    restore_sample(path=path)
    assert path.stat().st_ino != before
    assert [one.name for one in tmp_path.iterdir()] == ["sample.desk"]


def test_a_sample_that_is_open_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "sample.desk"
    restore_sample(path=path)
    catalogue = open_catalogue(target=str(path))
    try:
        with pytest.raises(EnvironmentProblem, match="is open"):
            restore_sample(path=path)
        assert len(books_of(catalogue)) == len(rows_of("books.csv"))
    finally:
        catalogue.close()
    restore_sample(path=path)


def test_a_failure_leaves_the_old_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sample.desk"
    restore_sample(path=path)
    before = path.read_bytes()

    def fail(_session: object) -> None:
        raise EnvironmentProblem("The disk is full.")

    monkeypatch.setattr(sample, "_add_books", fail)
    with pytest.raises(EnvironmentProblem):
        restore_sample(path=path)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["sample.desk"]


def test_a_damaged_sample_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "sample.desk"
    path.write_bytes(b"not a database" * 100)
    path.with_name("sample.desk-wal").write_bytes(b"stale")
    restore_sample(path=path)
    open_catalogue(target=str(path)).close()
