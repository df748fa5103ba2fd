"""The search index of a file: FTS5 tables of trigrams over the keys, kept by triggers, filled from the smallest id up.

Invariant: the index holds exactly the keys of the records whose id is at most `upto`; triggers keep those, and whoever
searches reads the keys of the others. So it is right at any moment, however far it is filled.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from desk.catalog.keys import KEY_VERSION
from desk.catalog.search_state import SearchIndex, SearchMethod, SearchState
from desk.i18n import _

if TYPE_CHECKING:
    from sqlalchemy import Connection

STATE_TABLE = "desk_search"
NOTHING, COMPLETE = -(2**63), 2**63 - 1
"""`upto` of a table none of whose records are in the index, and of one that all are in, and every later one."""
NOTHING_UNSOUND: frozenset[str] = frozenset()
STEP = 10_000
"""Records that one step of filling takes: about a tenth of a second for which other writers wait."""
CHECK_SECONDS = 6e-6
"""What a key costs a check, measured with a million: ten million take a minute."""

_KEYS = {"authors": "name_key", "books": "title_key"}

_STATE = f"CREATE TABLE {STATE_TABLE} (name TEXT PRIMARY KEY, upto INTEGER NOT NULL, key_version INTEGER NOT NULL)"

_INDEX = """CREATE VIRTUAL TABLE desk_search_{table} USING fts5({key}, content='{table}', content_rowid='id', \
tokenize='trigram case_sensitive 1', detail=none, columnsize=0)"""

_TRIGGER_WORDS = {
    "desk_search_{table}_insert": """CREATE TRIGGER desk_search_{table}_insert AFTER INSERT ON {table}
WHEN new.id <= (SELECT upto FROM desk_search WHERE name = '{table}')
BEGIN
    INSERT INTO desk_search_{table} (rowid, {key}) VALUES (new.id, new.{key});
END""",
    "desk_search_{table}_delete": """CREATE TRIGGER desk_search_{table}_delete AFTER DELETE ON {table}
WHEN old.id <= (SELECT upto FROM desk_search WHERE name = '{table}')
BEGIN
    INSERT INTO desk_search_{table} (desk_search_{table}, rowid, {key}) VALUES ('delete', old.id, old.{key});
END""",
    "desk_search_{table}_update": """CREATE TRIGGER desk_search_{table}_update AFTER UPDATE OF id, {key} ON {table}
WHEN old.{key} IS NOT new.{key} OR old.id <> new.id
BEGIN
    INSERT INTO desk_search_{table} (desk_search_{table}, rowid, {key}) SELECT 'delete', old.id, old.{key}
        WHERE old.id <= (SELECT upto FROM desk_search WHERE name = '{table}');
    INSERT INTO desk_search_{table} (rowid, {key}) SELECT new.id, new.{key}
        WHERE new.id <= (SELECT upto FROM desk_search WHERE name = '{table}');
END""",
}


def _worded(name: str, words: str) -> dict[str, str]:
    """What there is of a kind: name → words, for each table."""
    return {name.format(table=table): words.format(table=table, key=key) for table, key in _KEYS.items()}


_INDEXES = _worded("desk_search_{table}", _INDEX)
_TRIGGERS = {name: words for pattern, text in _TRIGGER_WORDS.items() for name, words in _worded(pattern, text).items()}
_GUARDED = _INDEXES | _TRIGGERS
"""What does more than hold rows: name → the words that make it."""

_IS_PLAIN = """(sql LIKE 'CREATE TABLE %' OR sql LIKE 'CREATE INDEX %' OR sql LIKE 'CREATE UNIQUE INDEX %')"""
"""Whether something only holds rows, told by its words: of a file that was tampered with nothing else is sure."""

_SHADOWS = ("data", "idx", "config")
"""What FTS5 keeps an index in (https://sqlite.org/fts5.html, "FTS5 data structures")."""
_ROWS = {STATE_TABLE, *(f"{name}_{suffix}" for name in _INDEXES for suffix in _SHADOWS)}
"""The plain tables of an index."""
_STATE_ROWS = f"SELECT name, upto, key_version FROM {STATE_TABLE} WHERE name IN ('authors', 'books')"
"""Found by the index of the table, as the triggers and a search find them: it can be damaged, too."""
_STATE_QUESTION = f"""SELECT name, sql, {_IS_PLAIN} AS is_plain FROM sqlite_schema
WHERE NOT is_plain OR name LIKE '{STATE_TABLE}%'"""


@cache
def lacks_trigrams() -> bool:
    """Whether this program's SQLite has no FTS5, or one without trigrams (before 3.34)."""
    with closing(sqlite3.connect(":memory:")) as raw:
        try:
            raw.execute("CREATE VIRTUAL TABLE probe USING fts5(x, tokenize='trigram')")
        except sqlite3.Error:
            return True
    return False


def is_trustworthy(raw: sqlite3.Connection) -> bool:
    """Whether a file has triggers of ours, and neither trigger, view nor virtual table that is not, word for word."""
    found = raw.execute(f"SELECT name, sql FROM sqlite_schema WHERE NOT {_IS_PLAIN}").fetchall()
    return bool(found) and all(_GUARDED.get(name) == sql for name, sql in found)


def state_of(connection: Connection) -> SearchIndex:
    """What of the index there is; one statement where there is none of it, else two."""
    plain: dict[str, str] = {}
    guarded: set[tuple[str, str]] = set()
    for name, sql, is_plain in connection.exec_driver_sql(_STATE_QUESTION):
        if not is_plain:
            guarded.add((name, sql))
        elif name in _ROWS:
            plain[name] = sql
    ours = {name for name, _sql in guarded if name in _GUARDED} | set(plain)
    strangers = sorted(name for name, _sql in guarded if name not in _GUARDED)
    if strangers:
        return SearchIndex(SearchState.IMPOSSIBLE, _stranger_words(strangers), is_there=bool(ours))
    if lacks_trigrams():
        return SearchIndex(SearchState.IMPOSSIBLE, _("this SQLite has no FTS5 with trigrams"), is_there=bool(ours))
    if not ours:
        return SearchIndex(SearchState.ABSENT)
    if guarded != set(_GUARDED.items()) or plain.get(STATE_TABLE) != _STATE or set(plain) != _ROWS:
        return SearchIndex(SearchState.STALE, _("a part of it is not as it was made"), is_there=True)
    try:
        return _state_of_rows(connection)
    except DBAPIError as error:
        if not tells_of_damage(error):
            raise
        return damaged()


def damaged() -> SearchIndex:
    """The state of an index that something which looked into it failed at."""
    return SearchIndex(SearchState.STALE, _("it is damaged"), is_there=True)


def unkeepable() -> SearchIndex:
    """The state of an index whose triggers were not run, because of what somebody else put into the file."""
    return SearchIndex(SearchState.IMPOSSIBLE, _("the file has triggers or views that are not Desk's"), is_there=True)


def tells_of_damage(error: DBAPIError) -> bool:
    """Not an interrupt, a lock or a full disk."""
    codes = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR)
    return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in codes


def _state_of_rows(connection: Connection) -> SearchIndex:
    rows = connection.exec_driver_sql(_STATE_ROWS).fetchall()
    if {row.name for row in rows} != set(_KEYS) or any(type(row.upto) is not int for row in rows):
        return SearchIndex(SearchState.STALE, _("a part of it is not as it was made"), is_there=True)
    if any(row.key_version != KEY_VERSION for row in rows):
        return SearchIndex(SearchState.STALE, _("it is of keys of another version"), is_there=True)
    if all(row.upto == COMPLETE for row in rows):
        return SearchIndex(SearchState.READY, is_there=True, method=SearchMethod.FTS5)
    return SearchIndex(SearchState.INCOMPLETE, is_there=True, method=SearchMethod.FTS5)


def is_part(name: str) -> bool:
    """Whether a table is one of an index."""
    return name in _INDEXES or name in _ROWS


def make(connection: Connection, unsound: frozenset[str] = NOTHING_UNSOUND) -> None:
    """Makes the index with nothing in it, in place of what there is of one; as `drop`."""
    drop(connection, unsound)
    connection.exec_driver_sql(_STATE)
    connection.exec_driver_sql(
        f"INSERT INTO {STATE_TABLE} VALUES (?, ?, ?)", [(table, NOTHING, KEY_VERSION) for table in _KEYS]
    )
    for words in _GUARDED.values():
        connection.exec_driver_sql(words)


def drop(connection: Connection, unsound: frozenset[str] = NOTHING_UNSOUND) -> None:
    """Removes all that there is of the index, in a transaction that writes.

    A DBAPIError tells that it is damaged: SQLite lets nothing be written in that transaction any more, so the next one
    has to know what is `unsound`. Of that only the words are removed; its pages stay unused until a VACUUM.
    """
    found = connection.exec_driver_sql("SELECT type, name FROM sqlite_schema ORDER BY type = 'table'").fetchall()
    for kind, name in found:
        if name == STATE_TABLE or name in _GUARDED:
            _remove(connection, kind, name, unsound)
    left = set(connection.exec_driver_sql("SELECT name FROM sqlite_schema WHERE type = 'table'").scalars())
    for name in sorted(_ROWS & left):  # of a table that was struck out
        _remove(connection, "table", name, unsound)


def unsound_parts(connection: Connection) -> frozenset[str]:
    """The tables of the index that cannot be read to their end, in a transaction that only reads."""
    tables = set(connection.exec_driver_sql("SELECT name FROM sqlite_schema WHERE type = 'table'").scalars())
    rows = {name for name in _ROWS & tables if not _is_sound(connection, name)}
    return frozenset(rows | {name for name in _INDEXES if rows & {f"{name}_{suffix}" for suffix in _SHADOWS}})


def suspend(connection: Connection) -> None:
    """What comes is not taken in at once: for writing many records, after which the index is filled again."""
    for table in _KEYS:
        connection.exec_driver_sql(
            f"UPDATE {STATE_TABLE} SET upto = (SELECT coalesce(max(id), 0) FROM {table}) WHERE name = ? AND upto = ?",
            (table, COMPLETE),
        )


def fill_step(connection: Connection) -> bool:
    """Takes the next records in, in a transaction that writes; False when there are none left, and it is complete."""
    for table, key in _KEYS.items():
        upto = connection.exec_driver_sql(_UPTO, (table,)).scalar_one()
        if upto == COMPLETE:
            continue
        count, last = connection.exec_driver_sql(_STEP_FROM.format(table=table), (upto, STEP)).one()
        if count:
            connection.exec_driver_sql(_TAKE_IN.format(table=table, key=key), (upto, last))
        has_more = count == STEP
        reached = last if has_more else COMPLETE
        connection.exec_driver_sql(f"UPDATE {STATE_TABLE} SET upto = ? WHERE name = ?", (reached, table))
        if has_more:
            return True
    return False


_UPTO = f"SELECT upto FROM {STATE_TABLE} WHERE name = ?"
_STEP_FROM = "SELECT count(*), max(id) FROM (SELECT id FROM {table} WHERE id > ? ORDER BY id LIMIT ?)"
_TAKE_IN = "INSERT INTO desk_search_{table} (rowid, {key}) SELECT id, {key} FROM {table} WHERE id > ? AND id <= ?"


def progress_of(connection: Connection) -> tuple[int, int]:
    """(ids that are done, ids there are)"""
    done = whole = 0
    for table in _KEYS:
        last = connection.exec_driver_sql(f"SELECT coalesce(max(id), 0) FROM {table}").scalar_one()
        whole += last
        done += max(min(connection.exec_driver_sql(_UPTO, (table,)).scalar_one(), last), 0)
    return done, whole


def check(connection: Connection) -> None:
    """Reads the whole index, and all keys where it is complete; a DBAPIError tells that it is damaged.

    SQLite takes it for writing, although it changes nothing: it is an INSERT, and no connection that only reads may
    run it.
    """
    complete = int(_state_of_rows(connection).state is SearchState.READY)
    for name in _INDEXES:
        connection.exec_driver_sql(f"INSERT INTO {name} ({name}, rank) VALUES ('integrity-check', {complete})")


def check_seconds(connection: Connection) -> float:
    """About how long a `check` takes."""
    return progress_of(connection)[1] * CHECK_SECONDS


def mend(connection: Connection) -> None:
    """After a migration: an index that does not fit its tables begins anew, one of tables that are gone goes."""
    index = state_of(connection)
    if not index.is_there:
        return
    tables = connection.exec_driver_sql("SELECT name FROM sqlite_schema WHERE type = 'table'").scalars()
    if not set(_KEYS) <= set(tables):
        drop(connection)
    elif index.state is SearchState.STALE:
        make(connection)


def _stranger_words(names: list[str]) -> str:
    shown = ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
    return _("the file has triggers, views or virtual tables that are not Desk's: {names}").format(names=shown)


def _is_sound(connection: Connection, name: str) -> bool:
    try:
        return connection.exec_driver_sql(f"PRAGMA integrity_check({name})").scalars().all() == ["ok"]
    except DBAPIError as error:
        if not tells_of_damage(error):
            raise
        return False


def _remove(connection: Connection, kind: str, name: str, unsound: frozenset[str]) -> None:
    if name not in unsound:
        try:
            connection.exec_driver_sql(f"DROP {kind} {name}")
            return
        except DBAPIError as error:
            if name not in _INDEXES or not tells_of_damage(error):
                raise  # a virtual table alone needs more than sound pages to be removed
    _strike_out(connection, name)


def _strike_out(connection: Connection, name: str) -> None:
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    try:
        connection.exec_driver_sql("DELETE FROM sqlite_schema WHERE tbl_name = ? AND type <> 'trigger'", (name,))
        connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")  # every connection reads it again
    finally:
        connection.exec_driver_sql("PRAGMA writable_schema = RESET")
