"""The databases that torture runs use: fresh ones of both kinds, or the one that a person names; and looking into them
without the code under test.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy import make_url

from desk.operations.connect import create_catalogue
from tests.support.postgres import Server, start_or_explain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LOOPBACK = ("localhost", "127.0.0.1")


def parser(module: str, description: str, *, rounds: int) -> argparse.ArgumentParser:
    """The command line of a torture run."""
    made = argparse.ArgumentParser(prog=f"python3 -m tests.torture.{module}", description=description)
    made.add_argument("--rounds", metavar="N", type=int, default=rounds)
    made.add_argument(
        "--database",
        metavar="URL",
        default="",
        help="sqlite, postgresql, a file's path or the URL of a server on this machine; both kinds otherwise",
    )
    made.add_argument("--json", metavar="FILE", type=Path, help="write what came of it there")
    made.add_argument("--seed", metavar="N", type=int, default=1)
    return made


@contextmanager
def catalogues(wanted: str) -> Iterator[dict[str, str]]:
    """Name → target of the catalogues to work on; those that were made for it are gone afterwards."""
    with ExitStack() as stack:
        if wanted not in ("", "sqlite", "postgresql"):
            _make(wanted)
            yield {wanted.rpartition("@")[2]: wanted}
            return
        found = {}
        if wanted != "postgresql":
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="desk-torture-"))
            found["SQLite"] = str(Path(folder) / "torture.desk")
        if wanted != "sqlite":
            server = start_or_explain()
            if isinstance(server, Server):
                stack.callback(server.stop)
                stack.callback(server.drop_database, "torture")
                server.drop_database("torture")
                found["PostgreSQL"] = server.create_database("torture")
            else:
                print(server, file=sys.stderr)
        for target in found.values():
            _make(target)
        yield found


def _make(target: str) -> None:
    if "://" in target or not Path(target).exists():
        create_catalogue(target=target)


class Look:
    """The driver's own connection to a catalogue."""

    def __init__(self, target: str) -> None:
        self.is_server = "://" in target
        self._raw: Any
        if self.is_server:
            url = make_url(target).set(drivername="postgresql")
            if url.host not in LOOPBACK:
                raise ValueError("Torture stays on this machine: the host has to be localhost.")
            address = url.render_as_string(hide_password=False)
            self._raw = psycopg.connect(address, autocommit=True, options="-c search_path=desk")
        else:
            self._raw = sqlite3.connect(target, isolation_level=None, timeout=30, check_same_thread=False)

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a statement, whose parameters are written `?`."""
        with closing(self._raw.cursor()) as cursor:
            if self.is_server:
                statement = statement.replace("%", "%%").replace("?", "%s")
            cursor.execute(statement, tuple(parameters))
            return list(cursor.fetchall()) if cursor.description else []

    def close(self) -> None:
        self._raw.close()


def path_of(values: Sequence[tuple[str, str]], first: str) -> tuple[str, int]:
    """Follows the steps (old value, new value) from a value on; returns the last one and how many steps it took. A
    value that two steps leave, or that none reaches, ends the way before all were taken."""
    after = dict(values)
    now, steps = first, 0
    while now in after and steps < len(values):
        now, steps = after[now], steps + 1
    return now, steps
