"""Looks for changes that others made: at what is in sight and at the records of pending edits.

Invariant: it only reads, and holds nothing between two looks. Where nothing was written it costs one statement on a
server, and none in a file.
"""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from desk.catalog import watch_queries
from desk.catalog.edits import EditKind, RecordKey
from desk.catalog.sources import SOURCES
from desk.catalog.watched import Noticed, RowNow, differences
from desk.database.prepared import Prepared
from desk.operations.reading_rows import author_rows, book_rows, cells_of, read_columns
from desk.operations.rechecking import recheck_edits
from desk.operations.retrying import again_when_lost

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy.engine import Dialect
    from sqlalchemy.orm import Session

    from desk.catalog.rows import Row
    from desk.catalog.watched import Watched
    from desk.database.monitor import FileMonitor
    from desk.database.sessions import Sessions

LABEL = "look for changes elsewhere"


@again_when_lost
def look_elsewhere(*, sessions: Sessions, monitor: FileMonitor, watched: Watched) -> Noticed:
    """What others did to the records that are watched since the look before, and whether anything was written.

    A record is read only where its mark is another one than before, or not known; in a file, whenever anything was
    written. Raises as `Sessions.reading` does, and EnvironmentProblem when a file cannot be looked at.
    """
    if sessions.dialect == "sqlite":
        tick: Any = monitor.version()
        marks: Mapping[RecordKey, str] = MappingProxyType({})
        suspects = set() if tick == watched.tick else _keys(watched)
    else:
        tick, marks = _read_marks(sessions, watched)
        suspects = {key for key in _keys(watched) if watched.marks.get(key) != marks[key]}
    wanted = [one for one in watched.shown if _key(watched, one) in suspects]
    now = _read_now(sessions, watched.table, wanted)
    doubtful = [edit for edit in watched.edits if edit.key in suspects | watched.unsure]
    return Noticed(
        tick=tick,
        marks=marks,
        changed={one: found for one, found in now.items() if differences(watched.shown[one], found.row)},
        gone=frozenset(one for one in wanted if one not in now),
        checked=recheck_edits(sessions=sessions, edits=doubtful) if doubtful else (),
        is_moved=watched.tick is not None and tick != watched.tick,
    )


def _key(watched: Watched, record_id: int) -> RecordKey:
    return RecordKey(watched.table, record_id)


def _keys(watched: Watched) -> set[RecordKey]:
    changed = {edit.key for edit in watched.edits if edit.kind is not EditKind.INSERT}
    return {_key(watched, one) for one in watched.shown} | changed


def _read_marks(sessions: Sessions, watched: Watched) -> tuple[str, Mapping[RecordKey, str]]:
    """How often a server has seen the tables written, and the marks of the records; '' of one that is gone."""
    marks = dict.fromkeys(_keys(watched), "")
    wanted: dict[str, list[int]] = {watched.table: []}
    for key in marks:
        wanted.setdefault(key.table, []).append(key.id)
    tick = ""
    with sessions.reading(LABEL) as session:
        for table, ids in wanted.items():
            for record_id, mark in _marks_statement(session.connection().dialect, table).run(session, ids=ids):
                if record_id is None:
                    tick = mark
                else:
                    marks[RecordKey(table, record_id)] = mark
    return tick, MappingProxyType(marks)


def _read_now(sessions: Sessions, table: str, ids: Collection[int]) -> dict[int, RowNow]:
    """The records as they are now; one that is gone is missing."""
    if not ids:
        return {}
    with sessions.reading(LABEL) as session:
        rows = _read_rows(session, table, ids)
    cells, doubtful = cells_of(table, rows)
    wrong = [frozenset(section for place, section in doubtful if place == index) for index in range(len(rows))]
    return {row.id: RowNow(row, texts, places) for row, texts, places in zip(rows, cells, wrong, strict=True)}


def _read_rows(session: Session, table: str, ids: Collection[int]) -> tuple[Row, ...]:
    dialect = session.connection().dialect
    found = _now_statement(dialect, table).run(session, ids=list(ids))
    values = read_columns([row[:-1] for row in found], SOURCES[table].columns, dialect)
    more: Any = [(row[0], row[-1]) for row in found if row[-1]]
    make: Any = _MAKERS[table]
    rows: tuple[Row, ...] = make(values, more)
    return rows


@lru_cache(maxsize=8)
def _marks_statement(dialect: Dialect, table: str) -> Prepared:
    return Prepared(watch_queries.marks_select(table), dialect)


@lru_cache(maxsize=8)
def _now_statement(dialect: Dialect, table: str) -> Prepared:
    return Prepared(watch_queries.now_select(table, dialect.name), dialect)


_MAKERS = {"books": book_rows, "authors": author_rows}
