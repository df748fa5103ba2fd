"""The baseline of every query: the statements that Desk sends, sent by the driver alone.

Invariant: it gets the same texts and the same parameters, in one transaction, and fetches every row.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy import Engine, event, make_url

from desk.database.engines import quoted
from desk.database.targets import schema_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Statement:
    """What a driver was given."""

    text: str
    parameters: Any


@contextmanager
def taped() -> Iterator[list[Statement]]:
    """Collects what the engines of the process give to their drivers; the BEGIN of a transaction is not among it."""
    found: list[Statement] = []

    def note(_connection: Any, _cursor: Any, text: str, parameters: Any, _context: Any, _many: bool) -> None:
        if text != "BEGIN":
            found.append(Statement(text, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


class RawDriver:
    """One connection of the driver alone to a catalogue."""

    def __init__(self, target: str) -> None:
        """`target` is a file's path or a server's URL."""
        self._raw: Any
        self._begins = "://" not in target  # psycopg does so by itself
        if self._begins:
            self._raw = sqlite3.connect(f"{Path(target).as_uri()}?mode=ro", uri=True, isolation_level=None)
        else:
            address = make_url(target)
            schema = quoted(schema_of(address))
            plain = address.set(drivername="postgresql").difference_update_query(["schema"])
            self._raw = psycopg.connect(plain.render_as_string(hide_password=False), options=f"-c search_path={schema}")
            self._raw.read_only = True

    def run(self, statements: Sequence[Statement]) -> int:
        """Sends them in one transaction, which is rolled back; returns the number of rows fetched."""
        rows = 0
        if self._begins:
            self._raw.execute("BEGIN")
        for statement in statements:
            cursor = self._raw.execute(statement.text, statement.parameters)
            rows += len(cursor.fetchall()) if cursor.description else 0
        self._raw.rollback()
        return rows

    def close(self) -> None:
        self._raw.close()
