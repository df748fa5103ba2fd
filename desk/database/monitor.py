"""Tells whether anybody has written into an SQLite file, without reading any of it.

Invariant: the monitor's connection is its own, outside of every pool; it is used by one thread at a time, and no
transaction is open on it between two questions.
"""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING

from desk.database import engines
from desk.errors import EnvironmentProblem
from desk.i18n import _

if TYPE_CHECKING:
    from pathlib import Path


class FileMonitor:
    """Looks at one file. `path` None is a database without one of its own (a server's, a memory database), of which
    nothing is known; nor is of a file that is opened as one that nobody changes (`immutable=1`)."""

    def __init__(self, path: Path | None, mode: str = "rw") -> None:
        self._address = "" if path is None or "immutable" in mode else engines.file_address(path, mode)
        self._lock = threading.Lock()
        self._raw: sqlite3.Connection | None = None
        self._version: int | None = None
        self._is_closed = False

    def version(self) -> int | None:
        """A number that is another one than before once anybody else has committed: any connection but this one.

        None when there is nothing to look at. A file that is locked at the moment answers what it answered last.
        Raises EnvironmentProblem when the file cannot be looked at.
        """
        with self._lock:
            if self._is_closed or not self._address:
                return None
            try:
                if self._raw is None:
                    self._raw = engines.file_connection(self._address, seconds=0)
                self._version = int(self._raw.execute("PRAGMA data_version").fetchone()[0])
            except sqlite3.Error as error:
                if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                    return self._version
                self._drop()
                raise EnvironmentProblem(
                    _("Nobody can tell whether the file was changed: {reason}.").format(reason=error),
                    code="monitor",
                ) from error
            return self._version

    def close(self) -> None:
        """Closes the connection, once nobody asks any more; the file is not looked at again."""
        with self._lock:
            self._is_closed = True
            self._drop()

    def _drop(self) -> None:
        if self._raw is not None:
            self._raw.close()
            self._raw = None
