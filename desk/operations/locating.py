"""Finds places in a view: of typed text, of records.

A place is the number of rows before it: those before the nearest mark, and as many as an index has between the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from typing import TYPE_CHECKING

from desk.catalog import ranges, view_queries
from desk.catalog.orders import key_of_text, order_of
from desk.database.prepared import Prepared
from desk.operations.pages import KEPT
from desk.operations.retrying import again_when_lost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Dialect
    from sqlalchemy.orm import Session

    from desk.catalog.criteria import Criteria
    from desk.catalog.orders import Key
    from desk.catalog.places import Places
    from desk.database.sessions import Sessions


@dataclass(frozen=True, slots=True)
class Located:
    """Where a record is in a view: so many rows come before it, and this is its sort key."""

    position: int
    key: Key


@again_when_lost
def locate_text(*, sessions: Sessions, criteria: Criteria, places: Places, text: str) -> int | None:
    """The position of the first row at or behind what was typed, which may be that of the end; None when the text
    stands for nothing in this order."""
    value = key_of_text(criteria, text)
    if value is None:
        return None
    with sessions.reading("find text") as session:
        return read_position(session, criteria, places, (value,))


@again_when_lost
def locate_records(*, sessions: Sessions, criteria: Criteria, places: Places, ids: Sequence[int]) -> dict[int, Located]:
    """The places of those of the records that are in the view. In a listed view these are the places in its list, and
    what is not in that is missing."""
    if not ids:
        return {}
    with sessions.reading("find records") as session:
        keys = read_keys(session, criteria, ids)
        if places.hits is not None:
            listed = {id: position for position, id in enumerate(places.hits.ids)}
            return {key[-1]: Located(listed[key[-1]], key) for key in keys if key[-1] in listed}
        return {key[-1]: Located(read_position(session, criteria, places, key), key) for key in keys}


def read_keys(session: Session, criteria: Criteria, ids: Sequence[int]) -> list[Key]:
    """The keys of those of the records that are in the view, in a session that is open already."""
    found = _keys_statement(session.connection().dialect, criteria).run(session, ids=ids)
    return [tuple(row) for row in found]


def read_position(session: Session, criteria: Criteria, places: Places, key: Key) -> int:
    """How many rows are before a key, which may be the beginning of one, in a session that is open already."""
    dialect = session.connection().dialect
    shape = ranges.shape_of(key) or ""
    values = ranges.parameters_of(key, "high")
    if places.hits is not None or not order_of(criteria).is_indexed:
        listed = places.hits is not None
        ids = places.hits.ids if places.hits else ()
        before: int = _before_statement(dialect, criteria, shape, listed).value(session, ids=ids, **values)
        return before
    mark = places.around(key)
    low = mark.key if mark else None
    statement = _between_statement(dialect, criteria, ranges.shape_of(low), shape, _common(low, key))
    between: int = statement.value(session, **values, **ranges.parameters_of(low, "low"))
    return (mark.position if mark else 0) + between - (low == key)


def _common(low: Key | None, high: Key) -> int:
    """How many values two keys have in common from the beginning on."""
    return sum(1 for _same in takewhile(lambda pair: pair[0] == pair[1], zip(low or (), high, strict=False)))


@lru_cache(maxsize=KEPT)
def _keys_statement(dialect: Dialect, criteria: Criteria) -> Prepared:
    return Prepared(view_queries.keys_select(criteria), dialect)


@lru_cache(maxsize=KEPT)
def _before_statement(dialect: Dialect, criteria: Criteria, shape: str, listed: bool) -> Prepared:
    return Prepared(view_queries.before_select(criteria, shape, listed=listed), dialect)


@lru_cache(maxsize=KEPT)
def _between_statement(dialect: Dialect, criteria: Criteria, low: str | None, high: str, common: int) -> Prepared:
    return Prepared(view_queries.between_select(criteria, low, high, common), dialect)
