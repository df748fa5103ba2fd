"""Finds a text in one column of a view, and what its cells would hold if it were replaced. It only reads.

Invariant: the characters of the texts mean themselves, and every new value goes through the column's parser.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from desk.catalog import view_queries
from desk.catalog.columns import TABLES
from desk.catalog.paging import PageRequest
from desk.catalog.replacements import MOST_HITS, Found, Hit
from desk.catalog.sources import SOURCES
from desk.database.actions import current_action
from desk.errors import InvalidInput
from desk.operations.pages import read_page
from desk.operations.reading_fields import with_field
from desk.operations.retrying import again_when_lost
from desk.operations.selecting import CHUNK, TELL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from desk.catalog.columns import Column
    from desk.catalog.criteria import Criteria
    from desk.catalog.replacements import Pending, Replacing
    from desk.catalog.rows import Row
    from desk.database.sessions import Sessions

AT_ONCE = 2_000
"""Values that are fetched at a time."""


@again_when_lost
def find_to_replace(
    *,
    sessions: Sessions,
    criteria: Criteria,
    column: str,
    replacing: Replacing,
    pending: Pending,
    on_progress: Callable[[int], None] | None = None,
) -> Found:
    """The cells of a view's column that hold a text, MOST_HITS at most, from one moment of the catalogue.

    What is pending counts instead of what is stored; records that will be deleted are left out. `on_progress` is told
    how many values were read, at most ten times a second. Raises ActionCancelled, and ValueError for an empty text.
    """
    if not replacing.find:
        raise ValueError("nothing to look for")
    description = TABLES[criteria.table]
    made = _Hits(description.column(column), replacing, pending)
    with sessions.reading("find to replace", snapshot=True) as session:
        ids = [one for one in pending.values if one > 0 and made.holds(pending.values[one])]
        statement = _values_statement(sessions, criteria, column, replacing)
        for record_id, value in _stream(session, statement, on_progress):
            if record_id not in pending.values and record_id not in pending.doomed and made.holds(value):
                ids.append(record_id)
                if len(ids) > MOST_HITS:
                    break
        found = [made.hit(one, None, None) for one, value in pending.values.items() if one < 0 and made.holds(value)]
        for row, value in _in_order(session, criteria, ids, column):
            found.append(made.hit(row.id, row, value))
    return Found(tuple(found[:MOST_HITS]), len(found) > MOST_HITS)


class _Hits:
    """Makes hits of one column."""

    def __init__(self, column: Column, replacing: Replacing, pending: Pending) -> None:
        self._column = column
        self._replacing = replacing
        self._pending = pending

    def holds(self, value: Any) -> bool:
        return isinstance(value, str) and self._replacing.in_text(value) is not None

    def hit(self, record_id: int, row: Row | None, stored: Any) -> Hit:
        before = self._pending.values.get(record_id, stored)
        after = self._replacing.in_text(before) or ""
        try:
            return Hit(record_id, row, stored, before, self._column.parse(after))
        except InvalidInput as problem:
            return Hit(record_id, row, stored, before, after, str(problem))


def _values_statement(sessions: Sessions, criteria: Criteria, column: str, replacing: Replacing) -> Select[Any]:
    """(id, value) of the view's records that may hold the text, in no order."""
    table = SOURCES[criteria.table].table
    value = table.c[column]
    statement = select(table.c.id, value).where(value.is_not(None))
    if criteria.narrows:
        matching = view_queries.matches_select(criteria, sessions.search).subquery("matching")
        statement = statement.join(matching, matching.c.id == table.c.id)
    if not replacing.ignores_case:
        within = func.instr if sessions.dialect == "sqlite" else func.strpos
        statement = statement.where(within(value, replacing.find) > 0)
    return statement


def _stream(
    session: Session, statement: Select[Any], on_progress: Callable[[int], None] | None
) -> Iterator[tuple[int, Any]]:
    """The rows of a statement that may have very many: some at a time."""
    action = current_action()
    read, told = 0, time.monotonic()
    result = session.execute(statement, execution_options={"yield_per": AT_ONCE})
    try:
        for some in result.partitions():
            if action is not None:
                action.check()
            yield from ((one[0], one[1]) for one in some)
            read += len(some)
            if on_progress is not None and time.monotonic() - told >= TELL_SECONDS:
                told = time.monotonic()
                on_progress(read)
    finally:
        result.close()


def _in_order(session: Session, criteria: Criteria, ids: Sequence[int], column: str) -> Iterator[tuple[Row, Any]]:
    """Those of the records that are in the view, in its order, with the column's value."""
    if not ids:
        return
    ordered = [row[0] for row in session.execute(view_queries.hits_select(criteria), {"ids": list(ids)})]
    action = current_action()
    for start in range(0, len(ordered), CHUNK):
        if action is not None:
            action.check()
        page = read_page(session, PageRequest(criteria, start, ids=tuple(ordered[start : start + CHUNK])))
        yield from with_field(session, criteria.table, page.rows, column)
