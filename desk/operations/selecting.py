"""Reads the rows of a selection, wherever they are in a view, and copies them as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from desk.catalog.columns import TABLES
from desk.catalog.paging import PageRequest
from desk.catalog.tsv import tsv_line
from desk.database.actions import current_action
from desk.operations.pages import read_page
from desk.operations.retrying import again_when_lost

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy.orm import Session

    from desk.catalog.criteria import Criteria
    from desk.catalog.paging import Mark
    from desk.catalog.rows import Row
    from desk.catalog.selection import Selection
    from desk.database.sessions import Sessions

CHUNK = 250
"""Rows between two statements: while they are turned into text the transaction rests, and may only briefly."""


@again_when_lost
def load_selection(*, sessions: Sessions, criteria: Criteria, selection: Selection) -> tuple[Row, ...]:
    """The selected rows, in the order of the view; one that is gone meanwhile is missing."""
    with sessions.reading("load selection", snapshot=True) as session:
        return tuple(row for _position, row in _rows(session, criteria, selection))


@again_when_lost
def copy_selection(
    *, sessions: Sessions, criteria: Criteria, selection: Selection, changed: Mapping[int, Mapping[str, Any]]
) -> str:
    """The selected cells as TSV; `changed` are the pending values by record id."""
    columns = TABLES[criteria.table].grid
    lines = []
    with sessions.reading("copy selection", snapshot=True) as session:
        for position, row in _rows(session, criteria, selection):
            pending = changed.get(row.id, {})
            lines.append(
                tsv_line(
                    columns,
                    selection.sections,
                    lambda section, at=position: selection.holds(at, section),  # type: ignore[misc]
                    lambda name, of=row, over=pending: over[name] if name in over else getattr(of, name),  # type: ignore[misc]
                )
            )
    return "\n".join(lines)


def _rows(session: Session, criteria: Criteria, selection: Selection) -> Iterator[tuple[int, Row]]:
    """(position, row) of the selected rows, a chunk at a time, each from where the last one ended."""
    action = current_action()
    mark: Mark | None = None
    for first, last in selection.stretches:
        position = first
        while position <= last:
            if action is not None:
                action.check()
            request = PageRequest(criteria, position, min(CHUNK, last - position + 1), mark)
            page = read_page(session, request)
            yield from enumerate(page.rows, position)
            if page.end is None:
                return
            mark, position = page.end, position + len(page.rows)
            if page.is_last:
                return
