"""Reads one field of many records, of a selection or of records by their ids, whether a grid has it or not."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from desk.catalog.columns import TABLES
from desk.catalog.conditions import among
from desk.catalog.sources import SOURCES
from desk.operations.retrying import again_when_lost
from desk.operations.selecting import TELL_SECONDS, CopyProgress, selected_pages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.orm import Session

    from desk.catalog.places import Places
    from desk.catalog.rows import Row
    from desk.catalog.selection import Selection
    from desk.database.sessions import Sessions

FieldOf = tuple["Row", Any]
"""(a record, what its field holds)"""


@again_when_lost
def load_field(
    *,
    sessions: Sessions,
    places: Places,
    selection: Selection,
    field: str,
    on_progress: Callable[[CopyProgress], None] | None = None,
) -> tuple[FieldOf, ...]:
    """The selected records with one field of each, in the order of the view; one that is gone meanwhile is missing.

    `on_progress` is told at most ten times a second. Raises ActionCancelled.
    """
    found: list[FieldOf] = []
    told = time.monotonic()
    with sessions.reading("load a field", snapshot=True) as session:
        for page in selected_pages(session, places, selection):
            found += with_field(session, places.criteria.table, page.rows, field)
            if on_progress is not None and time.monotonic() - told >= TELL_SECONDS:
                told = time.monotonic()
                on_progress(CopyProgress(len(found), selection.rows))
    return tuple(found)


def with_field(session: Session, table: str, rows: Sequence[Row], field: str) -> list[FieldOf]:
    """Records with one field of each; what a grid does not hold is read, in one statement."""
    if TABLES[table].column(field).in_grid:
        return [(row, getattr(row, field)) for row in rows]
    source = SOURCES[table].table
    statement = select(source.c.id, source.c[field]).where(among(source.c.id))
    found = session.execute(statement, {"ids": [row.id for row in rows]})
    values = {row[0]: row[1] for row in found}
    return [(row, values[row.id]) for row in rows if row.id in values]
