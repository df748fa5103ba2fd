"""Lets the triggers of a file's search index run, while something is written and only where the file is to be trusted.

Invariant: a file's schema is trusted only inside a transaction that writes, and only when all its triggers, views and
virtual tables were, word for word, Desk's own as the transaction began. SQLite runs no trigger on an FTS5 table
without that (https://sqlite.org/src/doc/latest/doc/trusted-schema.md), and nothing that Desk reads needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from desk.database import fts_index

if TYPE_CHECKING:
    import sqlite3

_SCHEMA = "desk_schema_version"
_OURS = "desk_is_trustworthy"
_TRUSTED = "desk_is_trusted"


def begin_writing(raw: sqlite3.Connection, info: dict[Any, Any]) -> None:
    """Trusts the file, if it may be; the write lock is held, so its schema stays as it is. `info` is what is known of
    the connection: a schema is read again only when it has changed."""
    version = raw.execute("PRAGMA schema_version").fetchone()[0]
    if info.get(_SCHEMA) != version:
        info[_SCHEMA], info[_OURS] = version, fts_index.is_trustworthy(raw)
    _set(raw, info, info[_OURS])


def begin_reading(raw: sqlite3.Connection, info: dict[Any, Any]) -> None:
    """Trusts nothing any more."""
    _set(raw, info, False)


def _set(raw: sqlite3.Connection, info: dict[Any, Any], trusted: bool) -> None:
    if info.get(_TRUSTED, False) is not trusted:
        raw.execute(f"PRAGMA trusted_schema = {'ON' if trusted else 'OFF'}")
        info[_TRUSTED] = trusted
