"""The sample catalogue: made at the first start, and anew when asked for.

Invariant: a file appears under its name only when it is complete, as one file without a log beside it.
"""

from __future__ import annotations

import csv
import os
import secrets
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from desk.catalog import values
from desk.catalog.keys import author_key
from desk.errors import EnvironmentProblem
from desk.i18n import _
from desk.operations import connect
from desk.operations.imports.book_fields import BookParser
from desk.operations.imports.book_writing import BookWriter
from desk.operations.imports.bulk import insert_rows, take_ids
from desk.operations.imports.columns_of_file import map_columns
from desk.operations.imports.csv_reading import CsvFile
from desk.operations.imports.works import Chunk
from desk.operations.searching import fill_search_index, suspend_search_index
from desk.resources import resource
from desk.settings import folders

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

    from desk.database.sessions import Sessions

_SUFFIXES = ("", "-wal", "-shm")


def ensure_sample(*, anew: bool = False) -> Path:
    """The sample catalogue of this user, made if it is missing or wanted anew.

    Raises EnvironmentProblem when it cannot be made.
    """
    path = folders().sample_catalogue
    if anew or not path.exists():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(path.parent, error) from error
        restore_sample(path=path)
    return path


def restore_sample(*, path: Path) -> None:
    """Puts a fresh sample at `path`; what is there is replaced once the new one is complete.

    Raises EnvironmentProblem when it cannot be written, or when the old one is open somewhere; it is then as before.
    """
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        _build(fresh)
        _retire(path)
        os.replace(fresh, path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        for suffix in _SUFFIXES:
            fresh.with_name(fresh.name + suffix).unlink(missing_ok=True)


def fill_sample(*, sessions: Sessions) -> None:
    """Adds the sample to a catalogue, in one unit; then it is taken into the search index."""
    with sessions.writing("fill the sample") as session:
        suspend_search_index(session)
        _add_authors(session)
        _add_books(session)
        session.commit()
    fill_search_index(sessions=sessions)


def _build(path: Path) -> None:
    connect.create_catalogue(target=str(path))
    catalogue = connect.open_catalogue(target=str(path))
    try:
        fill_sample(sessions=catalogue.sessions)
    finally:
        catalogue.close()  # the last connection takes the log into the file and removes it


def _add_authors(session: Session) -> None:
    with resource("sample", "authors.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    ids = take_ids(session, "authors", len(found))
    rows: list[tuple[Any, ...]] = [
        (
            author_id, values.parse_name(row["name"]), author_key(values.parse_name(row["name"])),
            _year(row["birth_year"]), _year(row["death_year"]), row["notes"] or None,
        )
        for author_id, row in zip(ids, found, strict=True)
    ]  # fmt: skip
    insert_rows(session, "authors", rows)


def _add_books(session: Session) -> None:
    with CsvFile(resource("sample", "books.csv")) as source:
        parse = BookParser(map_columns(source.headers)).parse
        chunk = Chunk()
        for record in source.records():
            chunk.begin(record.line, parse(record.cells))
        BookWriter().write(session, chunk)


def _year(text: str) -> int | None:
    return values.parse_year(text) if text else None


def _retire(path: Path) -> None:
    """Makes sure that nobody has the old file open and that no log of it is left to be taken for the new one's."""
    if not path.exists():
        _forget_log(path)
        return
    try:
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as old:
            old.execute("PRAGMA journal_mode = DELETE")  # needs to be alone with the file
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise EnvironmentProblem(
                _("{path} is open.").format(path=path),
                kept=_("It was left as it is."),
                advice=_("Close the windows that show it, then try again."),
                code="locked",
            ) from error
    _forget_log(path)


def _forget_log(path: Path) -> None:
    for suffix in _SUFFIXES[1:]:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _unwritable(path: Path, error: OSError) -> EnvironmentProblem:
    return EnvironmentProblem(
        _("{path} cannot be written: {reason}.").format(path=path, reason=error.strerror),
        kept=_("Nothing was changed."),
        code="unwritable",
    )
