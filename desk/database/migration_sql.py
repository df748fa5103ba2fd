"""The SQL of a migration, recorded while it runs on an empty copy of the schema that is never kept.

Invariant: no table of the catalogue is touched or locked. An offline run of Alembic would not do: a revision that asks
its connection anything fails there, and SQLite's tables can only be rebuilt by looking at them.
"""

from __future__ import annotations

import secrets
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, event, text
from sqlalchemy.exc import SQLAlchemyError

from desk.database import engines, failures, targets
from desk.database.actions import Action, current_action
from desk.database.migration_unit import lent
from desk.database.migrations import BASE, history, run_revisions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from desk.database.profiles import PoolSettings

_QUESTIONS = ("SELECT", "PRAGMA", "WITH")
"""How the statements begin that only ask, for Alembic's sake: they are no part of a migration."""
_EDGES = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


def migration_sql(
    url: URL, current: str | None, steps: tuple[str, ...], *, upwards: bool, settings: PoolSettings | None = None
) -> str:
    """The statements, as one text that can be run by hand, that apply `steps` to a catalogue at `current`, or take
    them back; '' for no steps. What a revision reads from the rows themselves cannot be in it.

    Raises EnvironmentProblem when a server refuses the copy, ActionCancelled.
    """
    if not steps:
        return ""
    schema = targets.schema_of(url) if url.get_backend_name() == "postgresql" else ""
    target = steps[-1] if upwards else _below(steps[-1])
    with _scratch(url, settings) as connection:
        if current is not None:
            run_revisions(connection, current, upwards=True, on_applied=_ignored)
        with _recorded(connection) as script:
            script.begin(steps)
            run_revisions(connection, target, upwards=upwards, on_applied=script.on_applied)
    return _framed(script.lines, schema)


def _below(revision: str) -> str:
    """The revision before another one."""
    known = [one.id for one in reversed(history(None))]
    place = known.index(revision)
    return known[place - 1] if place else BASE


@contextmanager
def _scratch(url: URL, settings: PoolSettings | None) -> Iterator[Connection]:
    """A connection whose new tables are nobody's: in memory, or in a schema of a transaction that is rolled back."""
    on_server = url.get_backend_name() == "postgresql"
    place = url if on_server else URL.create("sqlite")
    action = current_action() or Action("Show SQL")
    try:
        with (
            engines.passing_engine(place, settings, foreign_keys=False) as engine,
            action.running(),
            engine.connect() as connection,
            lent(connection, action),
        ):
            connection.begin()
            if on_server:
                _enter_scratch_schema(connection)
            yield connection
            connection.rollback()
    except SQLAlchemyError as error:
        raise failures.explained(error, url, cancelled=action.is_cancelled) from error


def _enter_scratch_schema(connection: Connection) -> None:
    """Temporary tables serve a role that may make no schema; triggers with functions of their own need a schema."""
    may = text("SELECT has_database_privilege(current_database(), 'CREATE')")
    schema = "pg_temp"
    if connection.execute(may).scalar_one():
        schema = f"desk_scratch_{secrets.token_hex(4)}"
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    connection.execute(text(f"SET LOCAL search_path TO {schema}"))


class _Script:
    """The statements so far, with a line of comment above those of each revision."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._summaries = {one.id: one.summary for one in history(None)}
        self._steps: tuple[str, ...] = ()
        self._done = 0

    def begin(self, steps: tuple[str, ...]) -> None:
        self._steps = steps
        self._head()

    def add(self, statement: str) -> None:
        words = statement.strip().rstrip(";")
        if words and not words.upper().startswith((*_QUESTIONS, *_EDGES, "--")):
            self.lines.append(f"{words};")

    def on_applied(self, **_facts: Any) -> None:
        self._done += 1
        if self._done < len(self._steps):
            self._head()

    def _head(self) -> None:
        revision = self._steps[self._done]
        self.lines += ["", f"-- {revision}: {self._summaries[revision]}"]


@contextmanager
def _recorded(connection: Connection) -> Iterator[_Script]:
    """Notes every statement of the block as it reaches the database, its values written into it."""
    script = _Script()
    raw: Any = connection.connection.dbapi_connection
    with _on_file(raw, script) if isinstance(raw, sqlite3.Connection) else _on_server(raw, connection, script):
        yield script


@contextmanager
def _on_file(raw: sqlite3.Connection, script: _Script) -> Iterator[None]:
    raw.set_trace_callback(script.add)
    try:
        yield
    finally:
        raw.set_trace_callback(None)


@contextmanager
def _on_server(raw: Any, connection: Connection, script: _Script) -> Iterator[None]:
    from psycopg import ClientCursor  # noqa: PLC0415  (only where a server is used)

    def note(_on: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, executemany: bool) -> None:
        for values in parameters if executemany else (parameters,):
            script.add(ClientCursor(raw).mogrify(statement, values))

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(connection, "before_cursor_execute", note)


def _framed(lines: list[str], schema: str) -> str:
    """With what makes it one unit by hand, too."""
    if schema:
        name = engines.quoted(schema)
        opening = ["BEGIN;", f"CREATE SCHEMA IF NOT EXISTS {name};", f"SET LOCAL search_path TO {name};"]
    else:
        opening = ["PRAGMA foreign_keys = OFF;", "BEGIN IMMEDIATE;"]
    return "\n".join([*opening, *lines, "", "COMMIT;", ""])


def _ignored(**_facts: Any) -> None:
    """The way to where the catalogue is now is not wanted."""
