"""Statements that are made once and executed many times: compiled for one dialect, with their parameters by name.

SQLAlchemy finds a statement that it has compiled before by walking through all of it, and makes objects for each
execution, its result and its rows; for the small statements of pages that costs more than executing them. These go to
the driver's cursor.

Invariant: whoever listens to the statements of an engine hears of them, and what the driver refuses is raised, and ends
a connection, as SQLAlchemy does it.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from desk.database.engines import ANY_TEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Executable
    from sqlalchemy.engine import Dialect
    from sqlalchemy.orm import Session
    from sqlalchemy.sql.compiler import SQLCompiler


class Prepared:
    """One statement for one dialect. Values that it was made with are in it; `run` gives those of its parameters.

    Rows come as the driver gives them: types of ours (prices, moments) are not applied to results.
    """

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        compiled: SQLCompiler = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        self.text = str(compiled)
        self._names: Sequence[str] | None = compiled.positiontup
        self._converters: dict[str, Callable[[Any], Any]] = {}
        known = {}
        for bind, name in compiled.bind_names.items():
            convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if convert is not None:
                self._converters[name] = convert
            if not bind.required:
                known[name] = bind.effective_value
        self._known = self._converted(known)

    def parameters(self, **values: Any) -> Any:
        """What the driver is given: a tuple or a dict, as it wants."""
        found = self._known | self._converted(values)
        if self._names is None:
            return found
        return tuple([found[name] for name in self._names])

    def run(self, session: Session, **values: Any) -> Sequence[tuple[Any, ...]]:
        """Executes it in a session and returns all rows."""
        connection = session.connection()
        given = self.parameters(**values)
        with self._cursor(connection, given) as cursor:
            return self._fetch(connection, cursor, given)

    def change(self, session: Session, each: Iterable[Mapping[str, Any]]) -> int:
        """Executes it once for each set of values, in one go; returns how many rows were changed in all."""
        connection = session.connection()
        given = [self.parameters(**values) for values in each]
        with self._cursor(connection, given) as cursor:
            self._execute_many(connection, cursor, given)
            return int(cursor.rowcount)

    def rows_of_each(self, session: Session, each: Sequence[Mapping[str, Any]]) -> Sequence[tuple[Any, ...]]:
        """Executes it once for each set of values and returns the rows of all, in that order."""
        connection = session.connection()
        raw: Any = connection.connection.dbapi_connection
        if isinstance(raw, sqlite3.Connection):
            return [row for values in each for row in self.run(session, **values)]
        given = [self.parameters(**values) for values in each]
        with self._cursor(connection, given) as cursor:
            self._execute_many(connection, cursor, given, returning=True)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            while cursor.nextset():
                rows += cursor.fetchall()
            return rows

    def value(self, session: Session, **values: Any) -> Any:
        """The first column of the first row; None when there is none."""
        for row in self.run(session, **values):
            return row[0]
        return None

    def estimate(self, session: Session, **values: Any) -> int:
        """How many rows PostgreSQL expects it to find."""
        connection = session.connection()
        plan = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {self.text}", self.parameters(**values)).scalar_one()
        return int(plan[0]["Plan"]["Plan Rows"])

    @contextmanager
    def _cursor(self, connection: Connection, given: Any) -> Iterator[Any]:
        cursor = connection.connection.cursor()
        try:
            yield cursor
        except (connection.dialect.loaded_dbapi.Error, KeyboardInterrupt) as error:
            connection._handle_dbapi_exception(error, self.text, given, cursor, None)
        cursor.close()

    def _fetch(self, connection: Connection, cursor: Any, given: Any) -> Sequence[tuple[Any, ...]]:
        raw: Any = connection.connection.dbapi_connection
        if not isinstance(raw, sqlite3.Connection):
            return self._execute(connection, cursor, given)
        raw.text_factory = str  # several times as fast as one of Python's
        try:
            return self._execute(connection, cursor, given)
        except sqlite3.OperationalError as error:
            if "sqlite_errorcode" in vars(error):
                raise
        finally:
            raw.text_factory = ANY_TEXT
        return self._execute(connection, cursor, given)  # the error was not SQLite's: a text is not UTF-8

    def _execute(self, connection: Connection, cursor: Any, given: Any) -> Sequence[tuple[Any, ...]]:
        tell = connection.dispatch
        tell.before_cursor_execute(connection, cursor, self.text, given, None, False)
        cursor.execute(self.text, given)
        tell.after_cursor_execute(connection, cursor, self.text, given, None, False)
        rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
        return rows

    def _execute_many(self, connection: Connection, cursor: Any, given: Sequence[Any], **options: bool) -> None:
        tell = connection.dispatch
        tell.before_cursor_execute(connection, cursor, self.text, given, None, True)
        cursor.executemany(self.text, given, **options)
        tell.after_cursor_execute(connection, cursor, self.text, given, None, True)

    def _converted(self, values: dict[str, Any]) -> dict[str, Any]:
        converters = self._converters
        return {name: converters[name](value) if name in converters else value for name, value in values.items()}
