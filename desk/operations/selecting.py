"""Reads the rows of a selection, wherever they are in a view, and copies them as text.

Invariant: memory is bounded by the limits of a copy, and a transaction rests no longer than a chunk takes as text.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from desk.catalog.columns import TABLES
from desk.catalog.paging import PageRequest
from desk.catalog.tsv import tsv_cell
from desk.database.actions import current_action
from desk.errors import InvalidInput
from desk.i18n import _
from desk.operations.pages import read_page
from desk.operations.retrying import again_when_lost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlalchemy.orm import Session

    from desk.catalog.paging import Mark, Page
    from desk.catalog.places import Places
    from desk.catalog.rows import Row
    from desk.catalog.selection import Selection
    from desk.database.sessions import Sessions

CHUNK = 500
"""Rows between two statements: while they are turned into text the transaction rests, and may only briefly."""
MOST_ROWS = 1_000_000
MOST_BYTES = 200_000_000
"""What a clipboard is asked to hold at most."""
TELL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class CopyProgress:
    """Rows copied so far, of how many."""

    rows: int
    total: int


@dataclass(frozen=True, slots=True)
class Copied:
    """The text of a copy in UTF-8, in pieces that follow one another; `rows` are fewer than were selected when some
    are gone meanwhile."""

    rows: int
    pieces: tuple[bytes, ...]


@again_when_lost
def load_selection(*, sessions: Sessions, places: Places, selection: Selection) -> tuple[Row, ...]:
    """The selected rows, in the order of the view; one that is gone meanwhile is missing."""
    with sessions.reading("load selection", snapshot=True) as session:
        return tuple(row for page in selected_pages(session, places, selection) for row in page.rows)


@again_when_lost
def copy_selection(
    *,
    sessions: Sessions,
    places: Places,
    selection: Selection,
    sections: Sequence[int],
    changed: Mapping[int, Mapping[str, Any]],
    on_progress: Callable[[CopyProgress], None] | None = None,
) -> Copied:
    """The selected cells as TSV, from one moment of the catalogue.

    `sections` are the columns to write (places among the grid's), in that order; a cell in them that is not selected
    is left empty. `changed` are the pending values by record id. `on_progress` is told at most ten times a second.
    Raises InvalidInput for more than a clipboard should hold, and ActionCancelled.
    """
    total = selection.rows
    if total > MOST_ROWS:
        raise _too_much(
            _("Nothing was copied: {count:,} rows are selected, at most {limit:,} can be copied.").format(
                count=total, limit=MOST_ROWS
            )
        )
    text = _Text(places.criteria.table, selection, sections, changed)
    told = time.monotonic()
    with sessions.reading("copy selection", snapshot=True) as session:
        for page in selected_pages(session, places, selection):
            text.add(page)
            if on_progress is not None and time.monotonic() - told >= TELL_SECONDS:
                told = time.monotonic()
                on_progress(CopyProgress(text.rows, total))
    return Copied(text.rows, tuple(text.pieces))


def selected_pages(session: Session, places: Places, selection: Selection) -> Iterator[Page]:
    """The selected rows, a chunk at a time, each from where the one before ended."""
    action = current_action()
    end: Mark | None = None
    for first, last in selection.stretches:
        position = first
        while position <= last:
            if action is not None:
                action.check()
            request = places.request(position, min(CHUNK, last - position + 1))
            if end is not None and end.position == position and request.ids is None:
                request = PageRequest(places.criteria, position, request.limit, end)
            page = read_page(session, request)
            if page.is_misplaced:  # a mark that is no longer true: counted from the start instead
                page = read_page(session, PageRequest(places.criteria, position, request.limit))
            if not page.rows and not request.ids:
                return
            yield page
            position += len(request.ids or page.rows)
            end = page.end


class _Text:
    """The lines of a copy, piece by piece; `rows` tells how many there are."""

    def __init__(
        self, table: str, selection: Selection, sections: Sequence[int], changed: Mapping[int, Mapping[str, Any]]
    ) -> None:
        self.rows = 0
        self.pieces: list[bytes] = []
        self._columns = TABLES[table].grid
        self._sections = sections
        self._changed = changed
        self._runs = deque(selection.runs)
        self._size = 0

    def add(self, page: Page) -> None:
        """Takes the rows of the next page; those of them that are not selected are left out."""
        begin = page.request.position
        end = begin + len(page.rows)
        lines: list[str] = []
        while self._runs and self._runs[0].first < end:
            run = self._runs[0]
            part = slice(max(run.first - begin, 0), run.last + 1 - begin)
            lines += self._lines(run.sections, page.rows[part], page.cells[part])
            if run.last >= end:
                break
            self._runs.popleft()
        self._put(lines)

    def _lines(
        self, chosen: frozenset[int], rows: Sequence[Row], cells: Sequence[tuple[str | None, ...]]
    ) -> Iterator[str]:
        nothing = [""] * len(rows)
        columns = [self._texts(section, rows, cells) if section in chosen else nothing for section in self._sections]
        return map("\t".join, zip(*columns, strict=True))

    def _texts(self, section: int, rows: Sequence[Row], cells: Sequence[tuple[str | None, ...]]) -> list[str]:
        """One column: a text as it is stored, all else as the grid shows it."""
        column = self._columns[section]
        values = map(attrgetter(column.name), rows)
        texts = [
            tsv_cell(column, value if isinstance(value, str) else shown[section])
            for value, shown in zip(values, cells, strict=True)
        ]
        if self._changed:
            for index, row in enumerate(rows):
                pending = self._changed.get(row.id)
                if pending is not None and column.name in pending:
                    texts[index] = tsv_cell(column, pending[column.name])
        return texts

    def _put(self, lines: list[str]) -> None:
        if not lines:
            return
        between = "\n" if self.rows else ""
        self.pieces.append((between + "\n".join(lines)).encode())
        self.rows += len(lines)
        self._size += len(self.pieces[-1])
        if self._size > MOST_BYTES:
            raise _too_much(
                _("Nothing was copied: the text of {count:,} rows is larger than {limit:,} MB already.").format(
                    count=self.rows, limit=MOST_BYTES // 1_000_000
                )
            )


def _too_much(what: str) -> InvalidInput:
    return InvalidInput(
        what,
        kept=_("The clipboard keeps what it had."),
        advice=_("Export the view into a file instead, or select fewer rows."),
        code="too_much",
    )
