"""Exports a view as CSV or as a workbook, in its order, from one consistent picture of the catalogue.

Importing the books into an empty catalogue, with the authors as the file that says who the keys are, gives the same
catalogue. The keys are the ids of this one; they stand in the last columns and tie the files together, not to another
catalogue. CSV cannot tell a missing value from an empty text: both are an empty cell, and come back as missing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from sqlalchemy import select

from desk.catalog import view_queries
from desk.catalog.columns import BOOKS, TABLES
from desk.catalog.contributors import format_contributors
from desk.catalog.models import Author, Book, Contribution
from desk.catalog.orders import order_of
from desk.catalog.paging import Mark, PageRequest
from desk.database.actions import Action, current_action
from desk.errors import ActionCancelled, EnvironmentProblem
from desk.i18n import _
from desk.operations.export_files import CsvSink, workbook
from desk.operations.new_files import check_target, discard, is_special, waiting_path
from desk.operations.pages import read_listed, read_run

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from desk.catalog.criteria import Criteria
    from desk.database.sessions import Sessions
    from desk.operations.export_files import RowSink

    Values = Sequence[Sequence[Any]]

CHUNK = 2000
WORKBOOK = ".xlsx"

HEADERS: dict[str, tuple[str, ...]] = {
    "books": (
        "title", "author", "contributors", "published_year", "language", "isbn", "price", "notes", "work_key",
        "author_key", "contributor_keys",
    ),
    "authors": ("name", "birth_year", "death_year", "notes", "author_key"),
}  # fmt: skip

RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r")
"""The signs with which a text begins that a spreadsheet may run (OWASP, “CSV Injection”)."""

Cells = Sequence[Any]


@dataclass(frozen=True, slots=True)
class ExportProgress:
    """Rows written so far, of how many; `neutralized` cells were changed so that no spreadsheet runs them."""

    rows: int
    total: int
    neutralized: int = 0


def export_rows(
    *,
    sessions: Sessions,
    criteria: Criteria,
    target: Path | TextIO,
    neutralize: bool = False,
    on_progress: Callable[[ExportProgress], None] | None = None,
) -> int:
    """Writes the view and returns the number of its rows: as a workbook where a path ends in `.xlsx`, else as CSV
    (UTF-8, CRLF as RFC 4180 has it).

    `neutralize` puts an apostrophe before texts that a spreadsheet may run as a formula; numbers stay as they are. An
    import gives such a text with its apostrophe. The last progress tells how many there were. A file appears under its
    name only when it is complete; a stream must have been opened with `newline=""`. Raises InvalidInput for a target
    that is a database or a folder and for what a workbook cannot hold, EnvironmentProblem when database or file fail,
    ActionCancelled.
    """
    export = _Export(sessions, criteria, neutralize, on_progress)
    if not isinstance(target, Path):
        return export.run(CsvSink(target))
    with _replacing(target) as fresh:
        if target.suffix.lower() == WORKBOOK:
            with workbook(fresh, TABLES[criteria.table].title) as sheet:
                return export.run(sheet)
        with fresh.open("w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
            return export.run(CsvSink(stream))


class _Export:
    """One export of a view into whatever takes rows."""

    def __init__(
        self,
        sessions: Sessions,
        criteria: Criteria,
        neutralize: bool,
        on_progress: Callable[[ExportProgress], None] | None,
    ) -> None:
        self._sessions = sessions
        self._criteria = criteria
        self._neutralize = neutralize
        self._on_progress = on_progress
        self._neutralized = 0

    def run(self, sink: RowSink) -> int:
        sink.write([HEADERS[self._criteria.table]])
        rows = 0
        action = current_action() or Action("export")
        with action.running(), self._sessions.reading("export", snapshot=True) as session:
            total = self._total(session, sink)
            for chunk in _chunks(session, self._criteria):
                sink.write([self._neutral(cells) for cells in chunk] if self._neutralize else chunk)
                rows += len(chunk)
                if self._on_progress is not None:
                    self._on_progress(ExportProgress(rows, total, self._neutralized))
                action.check()
        return rows

    def _total(self, session: Session, sink: RowSink) -> int:
        """The number of rows; 0 where nobody has to know."""
        if self._on_progress is None and isinstance(sink, CsvSink):
            return 0
        total: int = session.execute(view_queries.count_select(self._criteria, self._sessions.search)).scalar_one()
        sink.expect(total)
        return total

    def _neutral(self, cells: Cells) -> Cells:
        neutral = [f"'{cell}" if _would_run(cell) else cell for cell in cells]
        self._neutralized += sum(map(_would_run, cells))
        return neutral


def _would_run(cell: Any) -> bool:
    return isinstance(cell, str) and cell.startswith(RUN_BY_SPREADSHEETS)


def _chunks(session: Session, criteria: Criteria) -> Iterator[list[Cells]]:
    """The rows of the view as cells, some thousands at a time."""
    cells = _CELLS[criteria.table]
    for values in _runs(session, criteria) if order_of(criteria).is_indexed else _lists(session, criteria):
        yield cells(session, list(zip(*values, strict=True)))


def _runs(session: Session, criteria: Criteria) -> Iterator[Values]:
    """Along the index of the order, each run found by the key of the last row before it."""
    mark: Mark | None = None
    while True:
        position = mark.position if mark else 0
        values, keys = read_run(session, PageRequest(criteria, position, CHUNK, mark))
        if keys:
            yield values
        if len(keys) < CHUNK:
            return
        mark = Mark(position + len(keys), keys[-1])


def _lists(session: Session, criteria: Criteria) -> Iterator[Values]:
    """In an order that the database makes once; only ids go through it."""
    statement = view_queries.ids_select(criteria).execution_options(yield_per=CHUNK)
    for ids in session.execute(statement).scalars().partitions():
        yield read_listed(session, criteria.table, ids)


def _book_cells(session: Session, found: list[tuple[Any, ...]]) -> list[Cells]:
    ids = [row[0] for row in found]
    notes = _notes(session, Book, ids)
    others = _contributors(session, ids)
    nobody: tuple[str | None, str | None] = (None, None)
    return [
        (
            title, author, others.get(id, nobody)[0], year, language, isbn, _price(price), notes.get(id),
            str(id), None if author_id is None else str(author_id), others.get(id, nobody)[1],
        )
        for id, _version, title, author_id, author, year, isbn, language, price, _updated_at in found
    ]  # fmt: skip


def _price(price: Any) -> Any:
    """A number, unless it is damaged."""
    return price if isinstance(price, Decimal) else BOOKS.column("price").format(price)


def _contributors(session: Session, ids: list[int]) -> dict[int, tuple[str, str]]:
    """The added entries of some books, each book's in one text, and their keys in another."""
    statement = (
        select(Contribution.book_id, Author.id, Author.name, Contribution.role)
        .join(Author, Contribution.author_id == Author.id)
        .where(Contribution.book_id.in_(ids))
        .order_by(Contribution.book_id, Contribution.position, Author.name_key, Author.id, Contribution.role)
    )
    found: dict[int, tuple[str, str]] = {}
    for book_id, some in groupby(session.execute(statement), key=lambda entry: entry[0]):
        entries = list(some)
        line = format_contributors((name, role) for _book, _author, name, role in entries)
        found[book_id] = (line, "; ".join(str(author_id) for _book, author_id, *_rest in entries))
    return found


def _author_cells(session: Session, found: list[tuple[Any, ...]]) -> list[Cells]:
    ids = [row[0] for row in found]
    notes = _notes(session, Author, ids)
    return [(name, birth, death, notes.get(id), str(id)) for id, _version, name, birth, death, _updated_at in found]


def _notes(session: Session, model: type[Author] | type[Book], ids: list[int]) -> dict[int, str | None]:
    found = session.execute(select(model.id, model.notes).where(model.id.in_(ids), model.notes.is_not(None)))
    return {row.id: row.notes for row in found}


_CELLS: dict[str, Callable[[Session, list[tuple[Any, ...]]], list[Cells]]] = {
    "books": _book_cells,
    "authors": _author_cells,
}


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """The path of a new file that takes the place of `path` at the end of a block that succeeds.

    What is no ordinary file (a pipe, a device) is written into directly.
    """
    check_target(path)
    direct = is_special(path)
    final = path.resolve()  # a link still leads to the file; one to a pipe leads nowhere
    fresh = path if direct else waiting_path(final)
    try:
        yield fresh
        if not direct:
            os.replace(fresh, final)
    except ActionCancelled as error:
        raise ActionCancelled("" if direct else _("No file was changed.")) from error
    except OSError as error:
        raise EnvironmentProblem(
            _("{path} cannot be written: {reason}.").format(path=path, reason=error.strerror),
            kept=_("No file was changed."),
            code="unwritable",
        ) from error
    finally:
        if not direct:
            discard(fresh)
