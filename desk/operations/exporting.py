"""Exports a view as CSV, in its order, from one consistent picture of the catalogue.

Importing the books into an empty catalogue gives the same books, authors with books, contributions with their roles and
their order. CSV cannot tell a missing value from an empty text: both are an empty cell, and come back as missing.
"""

from __future__ import annotations

import csv
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from sqlalchemy import select

from desk.catalog import queries
from desk.catalog.columns import BOOKS
from desk.catalog.contributors import format_contributors
from desk.catalog.models import Author, Book, Contribution
from desk.catalog.paging import Mark, PageRequest
from desk.database.actions import Action, current_action
from desk.database.engines import holds_database
from desk.errors import EnvironmentProblem, InvalidInput
from desk.i18n import _

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from desk.catalog.criteria import Criteria
    from desk.database.sessions import Sessions

CHUNK = 2000

HEADERS: dict[str, tuple[str, ...]] = {
    "books": (
        "title", "author", "contributors", "published_year", "language", "isbn", "price", "notes",
    ),
    "authors": ("name", "birth_year", "death_year", "notes"),
}  # fmt: skip

Cells = Iterable[Any]


@dataclass(frozen=True, slots=True)
class ExportProgress:
    """Rows written so far, of how many."""

    rows: int
    total: int


def export_rows(
    *,
    sessions: Sessions,
    criteria: Criteria,
    target: Path | TextIO,
    on_progress: Callable[[ExportProgress], None] | None = None,
) -> int:
    """Writes the view as CSV (UTF-8, CRLF as RFC 4180 has it) and returns the number of its rows.

    A file appears under its name only when it is complete; a stream must have been opened with `newline=""`. Raises
    InvalidInput for a target that is a database, EnvironmentProblem when database or file fail, ActionCancelled.
    """
    if not isinstance(target, Path):
        return _write(sessions, criteria, target, on_progress)
    with _replacing(target) as stream:
        return _write(sessions, criteria, stream, on_progress)


def _write(
    sessions: Sessions,
    criteria: Criteria,
    stream: TextIO,
    on_progress: Callable[[ExportProgress], None] | None,
) -> int:
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(HEADERS[criteria.table])
    rows = 0
    action = current_action() or Action("export")
    with action.running(), sessions.reading("export", snapshot=True) as session:
        total = session.execute(queries.count_select(criteria)).scalar_one() if on_progress else 0
        for chunk in _chunks(session, criteria):
            writer.writerows(chunk)
            rows += len(chunk)
            if on_progress is not None:
                on_progress(ExportProgress(rows, total))
            action.check()
    return rows


def _chunks(session: Session, criteria: Criteria) -> Iterator[list[Cells]]:
    """The rows of the view as cells, some thousands at a time, each run found by the key of the last row before it."""
    width = len(queries.terms_of(criteria))
    cells = _CELLS[criteria.table]
    mark: Mark | None = None
    while True:
        position = mark.position if mark else 0
        found = session.execute(queries.page_select(PageRequest(criteria, position, CHUNK, mark))).all()
        if found:
            yield cells(session, [tuple(row)[width:] for row in found])
        if len(found) < CHUNK:
            return
        mark = Mark(position + len(found), tuple(found[-1][:width]))


def _book_cells(session: Session, found: list[tuple[Any, ...]]) -> list[Cells]:
    ids = [row[0] for row in found]
    notes = _notes(session, Book, ids)
    others = _contributors(session, ids)
    return [
        (
            title, author, others.get(id), year, language, isbn,
            BOOKS.column("price").format(price), notes.get(id),
        )
        for id, _version, title, _author_id, author, year, isbn, language, price, _updated_at in found
    ]  # fmt: skip


def _contributors(session: Session, ids: list[int]) -> dict[int, str]:
    """The added entries of some books, each book's in one text."""
    statement = (
        select(Contribution.book_id, Author.name, Contribution.role)
        .join(Author, Contribution.author_id == Author.id)
        .where(Contribution.book_id.in_(ids))
        .order_by(Contribution.book_id, Contribution.position, Author.name_key, Author.id, Contribution.role)
    )
    entries = groupby(session.execute(statement), key=lambda entry: entry[0])
    return {book_id: format_contributors((name, role) for _book, name, role in some) for book_id, some in entries}


def _author_cells(session: Session, found: list[tuple[Any, ...]]) -> list[Cells]:
    ids = [row[0] for row in found]
    notes = _notes(session, Author, ids)
    return [(name, birth, death, notes.get(id)) for id, _version, name, birth, death, _updated_at in found]


def _notes(session: Session, model: type[Author] | type[Book], ids: list[int]) -> dict[int, str | None]:
    found = session.execute(select(model.id, model.notes).where(model.id.in_(ids), model.notes.is_not(None)))
    return {row.id: row.notes for row in found}


_CELLS: dict[str, Callable[[Session, list[tuple[Any, ...]]], list[Cells]]] = {
    "books": _book_cells,
    "authors": _author_cells,
}


@contextmanager
def _replacing(path: Path) -> Iterator[TextIO]:
    """A stream into a new file that takes the place of `path` at the end of a block that succeeds.

    What is no ordinary file (a pipe, a device) is written into directly.
    """
    path = path.resolve()
    direct = path.exists() and not path.is_file()
    if not direct and holds_database(path):
        raise InvalidInput(
            _("{path} is a database.").format(path=path),
            kept=_("It was left as it is."),
            advice=_("Name another file."),
            code="database",
        )
    fresh = path if direct else path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with fresh.open("w" if direct else "x", encoding="utf-8", errors="surrogateescape", newline="") as stream:
            yield stream
        if not direct:
            os.replace(fresh, path)
    except OSError as error:
        raise EnvironmentProblem(
            _("{path} cannot be written: {reason}.").format(path=path, reason=error.strerror),
            kept=_("No file was changed."),
            code="unwritable",
        ) from error
    finally:
        if not direct:
            fresh.unlink(missing_ok=True)
