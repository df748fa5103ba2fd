"""Saving 1,000 edited books in one unit takes at most six times as long as by the driver alone, one edit 2 ms more.

The driver does what a unit of work does at least: it locks the rows, compares every field with what the edit began
from, sends the changes (with keys that are ready) grouped by their columns, counts, and commits, on the same disk and
with the same settings. Keeping an edit in its draft takes at most twice as long as a commit of one row.
"""

from __future__ import annotations

import itertools
import sqlite3
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy import make_url, select

from desk.catalog.edits import Edit, EditBatch, EditKind, RecordKey
from desk.catalog.keys import title_key
from desk.catalog.models import Book
from desk.catalog.rows import AuthorRef
from desk.database import migrations, targets
from desk.database.drafts import Draft
from desk.operations.commit import commit_edits
from desk.operations.connect import OpenCatalogue, create_catalogue, open_catalogue
from tests.bench._table import Figure, medians_by_turns, options, report
from tests.support.library import make_books
from tests.support.postgres import Server, start_or_explain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BOOKS = 5_000
EDITED = 1_000
LIMIT = 6.0
MORE_MS = 2.0
DRAFT_LIMIT = 2.0

FIELDS = ("title", "author_id", "isbn", "published_year", "language", "price", "notes")
CHANGED = (("title",), ("published_year", "price"), ("notes",))
"""What the edits of a unit change, by turns."""

_numbers = itertools.count(1)


@dataclass(slots=True)
class Shelf:
    """Some books as they are now; each round changes all of them, so that every write is a change."""

    known: dict[int, dict[str, Any]] = field(default_factory=dict)

    def changes(self) -> dict[int, dict[str, Any]]:
        """New values for every book, by its id."""
        number = next(_numbers)
        fresh = {
            "title": f"The title of round {number}", "published_year": 1000 + number % 1000,
            "price": Decimal(number).scaleb(-2), "notes": f"Noted in round {number}.",
        }  # fmt: skip
        return {
            book: {name: fresh[name] for name in CHANGED[place % len(CHANGED)]} for place, book in enumerate(self.known)
        }

    def note(self, changes: dict[int, dict[str, Any]]) -> None:
        for book, values in changes.items():
            self.known[book] |= values


def main() -> int:
    asked = options("saving a unit of work", repetitions=15)
    server = start_or_explain()
    try:
        with tempfile.TemporaryDirectory(prefix="desk-bench-") as folder:
            figures = _sqlite(Path(folder), asked.repetitions)
            if isinstance(server, Server):
                figures += _postgresql(server, asked.repetitions)
            else:
                print(server, file=sys.stderr)
            figures.append(_draft(Path(folder), asked.repetitions))
        return report(figures, asked.json)
    finally:
        if isinstance(server, Server):
            server.stop()


def _sqlite(folder: Path, repetitions: int) -> list[Figure]:
    path = folder / "library.desk"
    create_catalogue(target=str(path))
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("PRAGMA foreign_keys = ON")
        raw.execute("PRAGMA trusted_schema = ON")  # or the search index could not follow
        return _measure("SQLite", str(path), partial(_save_by_sqlite, raw), repetitions)


def _postgresql(server: Server, repetitions: int) -> list[Figure]:
    url = server.create_database("bench_commit")
    migrations.upgrade(targets.target_url(url))
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(psycopg.connect(address, options="-c search_path=desk")) as raw:
        return _measure("PostgreSQL", url, partial(_save_by_psycopg, raw), repetitions)


def _measure(name: str, target: str, save: Callable[[Shelf, Any], None], repetitions: int) -> list[Figure]:
    catalogue = open_catalogue(target=target)
    ids = make_books(catalogue, BOOKS).book_ids
    half = len(ids) // 2
    figures = []
    for count, what in ((EDITED, f"{EDITED:,} edited books in one unit"), (1, "one edited book")):
        ours, theirs = (_shelf(target, ids[first : first + count]) for first in (0, half))
        took, raw = medians_by_turns(
            repetitions if count > 1 else 10 * repetitions,
            partial(_by_desk, catalogue, ours),
            partial(_by_driver, save, theirs),
        )
        limit, most = (LIMIT, None) if count > 1 else (None, raw + MORE_MS)
        figures.append(Figure(f"{name}: {what}", took, "ms", raw, limit=limit, most=most))
    catalogue.close()
    return figures


def _shelf(target: str, ids: Sequence[int]) -> Shelf:
    catalogue = open_catalogue(target=target)
    with catalogue.sessions.reading("shelf") as session:
        found = session.execute(select(*(Book.__table__.c[name] for name in ("id", *FIELDS))).where(Book.id.in_(ids)))
        shelf = Shelf({row["id"]: {name: row[name] for name in FIELDS} for row in found.mappings()})
    catalogue.close()
    return shelf


def _by_desk(catalogue: OpenCatalogue, shelf: Shelf) -> Callable[[], object]:
    changes = shelf.changes()
    edits = tuple(
        Edit(
            RecordKey("books", book), EditKind.UPDATE, "", 1, MappingProxyType(_as_fields(shelf.known[book])),
            MappingProxyType(values),
        )
        for book, values in changes.items()
    )  # fmt: skip
    shelf.note(changes)

    def save() -> None:
        result = commit_edits(sessions=catalogue.sessions, batch=EditBatch(edits))
        if len(result.saved) != len(edits) or result.merged:
            raise AssertionError(result)

    return save


def _as_fields(record: dict[str, Any]) -> dict[str, Any]:
    author = record["author_id"]
    fields = {name: value for name, value in record.items() if name != "author_id"}
    return {**fields, "author": None if author is None else AuthorRef(author, "")}


def _by_driver(save: Callable[[Shelf, Any], None], shelf: Shelf) -> Callable[[], object]:
    changes = shelf.changes()
    groups: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    for book, values in changes.items():
        more = {"title_key": title_key(values["title"], shelf.known[book]["language"])} if "title" in values else {}
        row = {**values, **more}
        groups.setdefault(tuple(row), []).append((*row.values(), book))

    def work() -> None:
        save(shelf, groups)
        shelf.note(changes)

    return work


def _compare(found: list[tuple[Any, ...]], shelf: Shelf) -> None:
    for book, *values in found:
        if tuple(values) != tuple(shelf.known[book].values()):
            raise AssertionError("a row is not as it was left")
    if len(found) != len(shelf.known):
        raise AssertionError("a row is gone")


def _save_by_sqlite(
    raw: sqlite3.Connection, shelf: Shelf, groups: dict[tuple[str, ...], list[tuple[Any, ...]]]
) -> None:
    raw.execute("BEGIN IMMEDIATE")
    marks = ", ".join("?" * len(shelf.known))
    found = raw.execute(f"SELECT id, {', '.join(FIELDS)} FROM books WHERE id IN ({marks})", tuple(shelf.known))
    price = FIELDS.index("price") + 1
    _compare([(*row[:price], _price(row[price]), *row[price + 1 :]) for row in found], shelf)
    for columns, rows in groups.items():
        changes = ", ".join(f"{name} = ?" for name in columns)
        place = columns.index("price") if "price" in columns else None
        given = rows if place is None else [(*row[:place], int(row[place] * 100), *row[place + 1 :]) for row in rows]
        done = raw.executemany(
            f"UPDATE books SET {changes}, version = version + 1,"
            " updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' WHERE id = ?",
            given,
        )
        _count(done.rowcount, rows)
    raw.execute("COMMIT")


def _price(cents: int | None) -> Decimal | None:
    return None if cents is None else Decimal(cents).scaleb(-2)


def _save_by_psycopg(
    raw: psycopg.Connection[Any], shelf: Shelf, groups: dict[tuple[str, ...], list[tuple[Any, ...]]]
) -> None:
    with raw.cursor() as cursor:
        cursor.execute(
            f"SELECT id, {', '.join(FIELDS)} FROM books WHERE id = ANY (%s) ORDER BY id FOR UPDATE",
            (list(shelf.known),),
        )
        _compare(cursor.fetchall(), shelf)
        for columns, rows in groups.items():
            changes = ", ".join(f"{name} = %s" for name in columns)
            cursor.executemany(
                f"UPDATE books SET {changes}, version = version + 1, updated_at = now() WHERE id = %s", rows
            )
            _count(cursor.rowcount, rows)
    raw.commit()


def _count(changed: int, rows: Sequence[Any]) -> None:
    if changed != len(rows):
        raise AssertionError("not exactly the rows were changed")


def _draft(folder: Path, repetitions: int) -> Figure:
    draft = Draft.create(folder / "drafts", "bench", "here", "bench")
    with closing(sqlite3.connect(folder / "raw.journal", isolation_level=None)) as raw:
        for setting in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL"):
            raw.execute(f"PRAGMA {setting}")
        raw.execute("CREATE TABLE edits (place INTEGER PRIMARY KEY, edit TEXT NOT NULL)")
        took, plain = medians_by_turns(20 * repetitions, partial(_append, draft), partial(_insert, raw))
    draft.close(delete=True)
    return Figure("an edit into its draft, beside a commit of one row", took, "ms", plain, DRAFT_LIMIT)


def _append(draft: Draft) -> Callable[[], object]:
    number = next(_numbers)
    original = MappingProxyType({"title": "Emma", "published_year": 1815, "price": None, "notes": ""})
    values = MappingProxyType({"title": f"Emma {number}"})
    edit = Edit(RecordKey("books", number), EditKind.UPDATE, "Emma", 1, original, values)
    return lambda: draft.write({edit.key: edit}, number)


def _insert(raw: sqlite3.Connection) -> Callable[[], object]:
    number = next(_numbers)
    row = (number, f"{'x' * 200}{number}")

    def work() -> None:
        raw.execute("BEGIN IMMEDIATE")
        raw.execute("INSERT OR REPLACE INTO edits (place, edit) VALUES (?, ?)", row)
        raw.execute("COMMIT")

    return work


if __name__ == "__main__":
    sys.exit(main())
