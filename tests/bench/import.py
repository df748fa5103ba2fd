"""Importing goodbooks (10,000 books) takes at most four times as long as csv.reader and the driver's executemany.

The baseline reads the file with csv.reader and inserts rows that are ready: split, with keys and ids, in one
transaction into the same schema. The import has all of that to do, and to check every value.
"""

# ruff: noqa: N999  (dev.py calls it by this name)

from __future__ import annotations

import csv
import itertools
import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy import make_url

from desk.catalog.import_fields import CsvSource, ImportRequest
from desk.operations.connect import create_catalogue, open_catalogue
from desk.operations.imports.bulk import COLUMNS
from desk.operations.imports.importing import import_books
from tests.bench._table import Figure, medians_by_turns, options, report
from tests.support.postgres import Server, start_or_explain
from tests.support.shared_data import FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE = FOLDER / "goodbooks10k_books.csv"
LIMIT = 4.0

Rows = dict[str, list[tuple[Any, ...]]]

_numbers = itertools.count(1)


def main() -> int:
    asked = options("import of 10,000 books", repetitions=7)
    if not SOURCE.exists():
        print(f"There is no {SOURCE}.", file=sys.stderr)
        return 1
    server = start_or_explain()
    try:
        with tempfile.TemporaryDirectory() as folder:
            figures = [_sqlite(Path(folder), asked.repetitions)]
            if isinstance(server, Server):
                figures.append(_postgresql(server, Path(folder), asked.repetitions))
            else:
                print(server, file=sys.stderr)
        return report(figures, asked.json)
    finally:
        if isinstance(server, Server):
            server.stop()


def _sqlite(folder: Path, repetitions: int) -> Figure:
    template = folder / "template.desk"
    create_catalogue(target=str(template))
    rows = _ready_rows(folder)

    def fresh() -> str:
        return str(shutil.copy(template, folder / f"{next(_numbers)}.desk"))

    def baseline() -> Callable[[], object]:
        raw = sqlite3.connect(fresh(), isolation_level=None)
        raw.execute("PRAGMA foreign_keys = ON")

        def work() -> None:
            _read()
            raw.execute("BEGIN IMMEDIATE")
            for table, some in rows.items():
                raw.executemany(_insert(table, "?"), some)
            raw.execute("COMMIT")

        return work

    ours, theirs = medians_by_turns(repetitions, lambda: _import(fresh()), baseline)
    return Figure("import, SQLite", ours, "ms", theirs, LIMIT)


def _postgresql(server: Server, folder: Path, repetitions: int) -> Figure:
    create_catalogue(target=server.create_database("template_of_bench"))
    rows = _ready_rows(folder)

    def fresh() -> str:
        return server.create_database(f"bench_{next(_numbers)}", "template_of_bench")

    def baseline() -> Callable[[], object]:
        address = make_url(fresh()).set(drivername="postgresql").render_as_string(hide_password=False)
        raw = psycopg.connect(address, options="-c search_path=desk")

        def work() -> None:
            _read()
            with raw, raw.cursor() as cursor:
                for table, some in rows.items():
                    cursor.executemany(_insert(table, "%s"), some)

        return work

    ours, theirs = medians_by_turns(repetitions, lambda: _import(fresh()), baseline)
    return Figure("import, PostgreSQL", ours, "ms", theirs, LIMIT)


def _import(target: str) -> Callable[[], object]:
    catalogue = open_catalogue(target=target)

    def work() -> None:
        done = import_books(sessions=catalogue.sessions, request=ImportRequest(CsvSource(SOURCE)))
        assert (done.books, done.authors_new, done.pairs) == (10_000, 5_833, 13_209)

    return work


def _read() -> None:
    with SOURCE.open(encoding="utf-8", newline="") as file:
        assert sum(1 for _row in csv.reader(file)) == 10_001


def _ready_rows(folder: Path) -> Rows:
    """The rows as the import writes them."""
    path = folder / f"{next(_numbers)}.desk"
    create_catalogue(target=str(path))
    _import(str(path))()
    with closing(sqlite3.connect(path)) as raw:
        return {
            table: raw.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()
            for table, columns in COLUMNS.items()
        }


def _insert(table: str, place: str) -> Any:
    columns = COLUMNS[table]
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join([place] * len(columns))})"


if __name__ == "__main__":
    sys.exit(main())
