"""Notices that the file at a path is not the one any more that a connection has open.

SQLite goes on with the file that it opened, wherever that was moved: what it writes would be found nowhere. It is not
opened to find out: closing it again would drop the locks that SQLite holds on it
(https://sqlite.org/howtocorrupt.html, 2.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desk.database.failure_words import NOTHING_SAVED
from desk.errors import EnvironmentProblem
from desk.i18n import _

if TYPE_CHECKING:
    from pathlib import Path

OPENED = "desk_opened_file"
"""The info of an SQLite connection: its OpenedFile."""

Identity = tuple[int, int]
"""Device and number of a file."""


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """The file of a connection: where it was, and which it was (None: not the one that its engine opened first)."""

    path: Path
    identity: Identity | None

    def check(self) -> None:
        """Raises EnvironmentProblem when another file is at its path now, or none."""
        if self.identity is None or identity_of(self.path) != self.identity:
            raise EnvironmentProblem(
                _("{path} is not the file any more that was opened: it was replaced or moved.").format(path=self.path),
                kept=NOTHING_SAVED,
                advice=_("Put the file back where it was, or open the catalogue again."),
                code="replaced",
            )


def identity_of(path: Path) -> Identity | None:
    """Which file is at a path now; None for no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
