"""The SQLite file in which a draft is kept: how it is begun and opened, what is believed of it, and what went wrong.

Invariant: a connection from here holds the file, and what a transaction wrote is on disk when its block ends.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from desk.catalog.edit_codec import UnknownEdit
from desk.database.failure_words import first_line
from desk.errors import EnvironmentProblem
from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

FORMAT = 1
"""The version of what is written here; what a newer Desk wrote is left alone."""
_APPLICATION = 0x4465736B  # "Desk"
_SCHEMA = (
    ("edits", "CREATE TABLE edits (place INTEGER PRIMARY KEY, edit TEXT NOT NULL)"),
    ("meta", "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"),
)
_PRAGMAS = ("locking_mode = EXCLUSIVE", "trusted_schema = OFF", "cell_size_check = ON", "synchronous = FULL")
"""A lock stays once it is taken; in this mode SQLite shares nothing with other processes."""
TEXTS = ("identity", "place", "title", "version", "when")
"""What a draft knows of itself, each as a JSON text: the path of a file need not be Unicode."""
HELD = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
PASSING = (
    sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PROTOCOL,
)  # fmt: skip
"""Errors that tell nothing about what is in a file."""


class Refused(Exception):
    """The file is not offered: the reason, and whether it is put aside."""

    def __init__(self, reason: str, *, aside: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.aside = aside


def connected(path: Path) -> sqlite3.Connection:
    """A connection that holds the file; raises sqlite3.OperationalError (busy) when another one does."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=0, isolation_level=None, check_same_thread=False
    )
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}").fetchall()
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def begun(path: Path, texts: Iterable[str]) -> sqlite3.Connection:
    """A connection that holds the empty draft that it made of an empty file; `texts` are those of TEXTS."""
    connection = connected(path)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        with transaction(connection):
            for _name, statement in _SCHEMA:
                connection.execute(statement)
            connection.executemany(
                "INSERT INTO meta (name, value) VALUES (?, ?)", zip(TEXTS, map(json.dumps, texts), strict=True)
            )
            connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            connection.execute(f"PRAGMA user_version = {FORMAT}")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of what the block writes is on disk after it, or nothing; an error of any kind ends it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")  # raises when a full disk has ended the transaction already
    except BaseException:
        if connection.in_transaction:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        raise


def is_blank(connection: sqlite3.Connection) -> bool:
    """Whether a draft was only about to be begun when its program ended."""
    objects = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    return not objects and not _pragma(connection, "application_id") and not _pragma(connection, "user_version")


def check(connection: sqlite3.Connection) -> None:
    """Raises Refused for everything but a sound draft of a format that is known."""
    if _pragma(connection, "application_id") != _APPLICATION:
        raise Refused(_("it is no draft of Desk"))
    if _pragma(connection, "user_version") > FORMAT:
        raise Refused(_("a newer version of Desk wrote it; it was left as it is"), aside=False)
    if tuple(connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name")) != _SCHEMA:
        raise Refused(_("it is no draft of Desk"))
    if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise Refused(_("it is damaged"))


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value


# Words


@contextmanager
def explained(path: Path, *, reading: bool = False) -> Iterator[None]:
    """Tells what the disk or the database library refuses in words for a person."""
    try:
        yield
    except (OSError, sqlite3.Error, UnknownEdit) as error:
        if reading:
            what = _("The drafts in {path} cannot be read: {why}.")
            kept = _("They were left as they are.")
        else:
            what = _("Pending edits cannot be kept on disk in {path}: {why}.")
            kept = _("They are still in this window.")
        raise EnvironmentProblem(
            what.format(path=path, why=why_of(error)),
            kept=kept,
            advice=_("Check that the disk has room and that the folder can be written."),
            code="draft",
        ) from error


def why_of(error: Exception) -> str:
    """What an error says, as a part of a sentence."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    if isinstance(error, sqlite3.Error) and code_of(error) == sqlite3.SQLITE_FULL:
        return _("the disk is full")
    return first_line(str(error))


def code_of(error: sqlite3.Error) -> int:
    """SQLite's primary code of an error; 0 for one of Python's own."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
