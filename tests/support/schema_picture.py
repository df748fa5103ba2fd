"""All that a database holds, schema, version and rows, for comparing it with itself before and after.

Its search index is left out: no revision makes it, and a migration may begin it anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, inspect, text

from desk.database import engines, fts_index

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import URL

T = TypeVar("T")

_DEFINITIONS = {
    "sqlite": "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name",
    "postgresql": """
        SELECT 'column', table_schema || '.' || table_name || '.' || column_name, '',
            data_type || coalesce(column_default, '') || is_nullable || coalesce(collation_name, '')
        FROM information_schema.columns WHERE table_schema NOT IN ('pg_catalog', 'information_schema')
        UNION ALL SELECT 'index', schemaname || '.' || indexname, '', indexdef FROM pg_indexes
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
        UNION ALL SELECT 'schema', nspname, '', '' FROM pg_namespace WHERE nspname !~ '^pg_'
        UNION ALL SELECT 'constraint', conname, '', pg_get_constraintdef(oid) FROM pg_constraint
        ORDER BY 1, 2, 3
    """,
}


def definitions(url: URL) -> list[tuple[Any, ...]]:
    """Tables, columns, indexes, constraints and schemas, as the database describes them."""
    return _with(url, _definitions)


def picture(url: URL) -> dict[str, list[tuple[Any, ...]]]:
    """The definitions, and all rows of all tables of the catalogue."""

    def draw(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
        names = sorted(name for name in inspect(connection).get_table_names() if not fts_index.is_part(name))
        tables = {name: sorted(_rows(connection, f"SELECT * FROM {name}"), key=repr) for name in names}
        return {"": _definitions(connection), **tables}

    return _with(url, draw)


def _definitions(connection: Connection) -> list[tuple[Any, ...]]:
    found = _rows(connection, _DEFINITIONS[connection.dialect.name])
    return [row for row in found if fts_index.STATE_TABLE not in row[1]]


def _rows(connection: Connection, statement: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(text(statement))]


def _with(url: URL, look: Callable[[Connection], T]) -> T:
    engine = engines.make_engine(url)
    try:
        with engine.connect() as connection:
            return look(connection)
    finally:
        engine.dispose()
