"""Writes many rows at once inside a writing session: executemany on SQLite, COPY on PostgreSQL.

Rows are tuples in the order of `COLUMNS`; ids are taken beforehand, so nothing has to be read back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from desk.catalog.models import CENTS, Book
from desk.database.actions import current_action

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from sqlalchemy import Connection
    from sqlalchemy.orm import Session

COLUMNS: dict[str, tuple[str, ...]] = {
    "authors": ("id", "name", "name_key", "birth_year", "death_year", "notes"),
    "books": (
        "id", "title", "title_key", "author_id", "isbn", "published_year", "language", "price", "notes",
    ),
    "contributions": ("book_id", "author_id", "role", "position"),
}  # fmt: skip

IDS_AT_ONCE = 1000

_NEXT_ON_SQLITE = """
SELECT max(
    coalesce((SELECT seq FROM sqlite_sequence WHERE name = '{table}'), 0),
    coalesce((SELECT max(id) FROM {table}), 0)
) + 1
"""
_NEXT_ON_POSTGRESQL = "SELECT nextval(pg_get_serial_sequence('{table}', 'id')) FROM generate_series(1, {count})"


def take_ids(session: Session, table: str, count: int) -> Sequence[int]:
    """Fresh ids for `count` rows, ascending. On SQLite they are safe because the session holds the write lock."""
    if not count:
        return ()
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        first: int = connection.exec_driver_sql(_NEXT_ON_SQLITE.format(table=table)).scalar_one()
        return range(first, first + count)
    found = connection.exec_driver_sql(_NEXT_ON_POSTGRESQL.format(table=table, count=int(count)))
    return sorted(found.scalars())


def insert_rows(session: Session, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Inserts rows; times and version come from the schema's defaults. Prices must be as `stored_price` gives them."""
    if not rows:
        return
    connection = session.connection()
    columns = COLUMNS[table]
    if connection.dialect.name == "sqlite":
        places = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"
        connection.exec_driver_sql(statement, list(rows))
    else:
        _copy(connection, f"COPY {table} ({', '.join(columns)}) FROM STDIN", rows)


class RowWriter:
    """Takes ids and inserts rows in the session that it is given, as the functions do."""

    def take_ids(self, session: Session, table: str, count: int) -> Sequence[int]:
        return take_ids(session, table, count)

    def insert(self, session: Session, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        insert_rows(session, table, rows)

    def raise_versions(self, session: Session, book_ids: Sequence[int]) -> None:
        """Books to which a contributor was added are changed books."""
        for begin in range(0, len(book_ids), IDS_AT_ONCE):
            some = book_ids[begin : begin + IDS_AT_ONCE]
            statement = update(Book).where(Book.id.in_(some)).values(version=Book.version + 1)
            session.execute(statement, execution_options={"synchronize_session": False})


class NoRowWriter(RowWriter):
    """Inserts nothing and hands out ids below zero: for finding out what an import would do."""

    def __init__(self) -> None:
        self._next = -1

    def take_ids(self, session: Session, table: str, count: int) -> Sequence[int]:
        first, self._next = self._next, self._next - count
        return range(first, self._next, -1)

    def insert(self, session: Session, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        pass

    def raise_versions(self, session: Session, book_ids: Sequence[int]) -> None:
        pass


def stored_price(session: Session, price: Decimal | None) -> Decimal | int | None:
    """A price as its column holds it: whole cents on SQLite."""
    if price is None or session.get_bind().dialect.name != "sqlite":
        return price
    return int(price * CENTS)


def _copy(connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """COPY has no door in SQLAlchemy: the driver's errors are wrapped as SQLAlchemy would."""
    import psycopg  # noqa: PLC0415  (only where a server is used)

    raw: Any = connection.connection.dbapi_connection
    action = current_action()
    if action is not None:
        action.statements += 1
    try:
        with raw.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        raise DBAPIError(statement, None, error, hide_parameters=True, connection_invalidated=raw.closed) from error
