"""The search index of a server: GIN indexes of pg_trgm's trigrams over the keys, made beside what others do.

Invariant: an index is made and removed without a lock that anybody else would wait for, and of one that was not made to
its end nothing is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from desk.catalog.search_state import SearchIndex, SearchMethod, SearchProgress, SearchState
from desk.database.actions import current_action
from desk.errors import EnvironmentProblem
from desk.i18n import _

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

EXTENSION = "pg_trgm"
LOCK_KEY = 0x4445534C
"""Together with the oid of the table of books: the advisory lock of who makes the index of a catalogue."""

LAST_WAIT_MS = 2000

_KEYS = {"authors": "name_key", "books": "title_key"}
_NAMES = {table: f"desk_search_{table}" for table in _KEYS}

_STATE = text("""
    SELECT home.name AS home,
        CASE WHEN home.name IS NULL THEN
            (SELECT bool_or(v.superuser AND NOT v.trusted) FROM pg_available_extension_versions v
                WHERE v.name = :extension)
        END AS needs_superuser,
        has_database_privilege(current_database(), 'CREATE') AS may_create,
        (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS is_superuser,
        (SELECT bool_and(pg_has_role(c.relowner, 'USAGE')) FROM pg_class c WHERE c.oid = ANY(tables.oids)) AS owns,
        (SELECT datctype IN ('C', 'POSIX') FROM pg_database WHERE datname = current_database()) AS knows_ascii_only,
        ARRAY(SELECT x.relname::text FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
            WHERE i.indrelid = ANY(tables.oids) AND x.relname = ANY(:names)) AS found,
        ARRAY(SELECT x.relname::text FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
            JOIN pg_opclass o ON o.oid = i.indclass[0]
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
            WHERE i.indrelid = ANY(tables.oids) AND x.relname = ANY(:names) AND i.indisvalid AND i.indisready
                AND i.indnkeyatts = 1 AND i.indpred IS NULL AND o.opcname = 'gin_trgm_ops' AND a.attname = ANY(:keys)
        ) AS usable
    FROM (SELECT ARRAY[to_regclass('books')::oid, to_regclass('authors')::oid] AS oids) AS tables
    LEFT JOIN (SELECT quote_ident(n.nspname) AS name FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
        WHERE e.extname = :extension) AS home ON true
""").bindparams(extension=EXTENSION, names=list(_NAMES.values()), keys=list(_KEYS.values()))

_LOCK = text("SELECT pg_try_advisory_lock(:key, hashtext(to_regclass('books')::oid::text))").bindparams(key=LOCK_KEY)

_PROGRESS = text("""
    SELECT size.authors, size.books, p.relid = to_regclass('books') AS is_of_books, p.phase, p.blocks_done
    FROM pg_stat_progress_create_index p,
        (SELECT pg_relation_size(to_regclass('authors')) / current_setting('block_size')::int AS authors,
            pg_relation_size(to_regclass('books')) / current_setting('block_size')::int AS books) AS size
    WHERE p.pid = :pid
""")
_FIRST_LOOK, _SECOND_LOOK = "building index", "index validation: scanning table"
"""The phases in which a table is read: for making an index, and for what came meanwhile."""


def state_of(connection: Connection) -> SearchIndex:
    """What of the index there is; one statement."""
    facts = connection.execute(_STATE).one()
    method = SearchMethod.TRIGRAM_ASCII if facts.knows_ascii_only else SearchMethod.TRIGRAM
    wanted = set(_NAMES.values())
    if set(facts.usable) == wanted:
        return SearchIndex(SearchState.READY, is_there=True, method=method)
    is_there = bool(facts.found)
    hindrance = _hindrance(facts)
    if hindrance:
        return SearchIndex(SearchState.IMPOSSIBLE, hindrance, is_there=is_there)
    if not is_there:
        return SearchIndex(SearchState.ABSENT)
    return SearchIndex(SearchState.STALE, _("it was not made to its end"), is_there=True)


def _hindrance(facts: Row[Any]) -> str:
    if not facts.owns:
        return _("the tables belong to another role")
    if facts.home is not None:
        return ""
    if facts.needs_superuser is None:
        return _("the server does not have the extension {name}").format(name=EXTENSION)
    if not facts.is_superuser and (facts.needs_superuser or not facts.may_create):
        return _("the role may not create the extension {name}").format(name=EXTENSION)
    return ""


def make(connection: Connection) -> None:
    """Makes what there is not yet, on a connection without a transaction.

    Raises EnvironmentProblem when somebody else makes it at this moment, or when the extension cannot be had.
    """
    if not connection.execute(_LOCK).scalar_one():
        raise EnvironmentProblem(
            _("Somebody else is making the search index of this catalogue."),
            kept=_("Nothing was changed."),
            advice=_("Wait for it, then open the catalogue again."),
            code="busy",
        )
    _create_extension(connection)
    facts = connection.execute(_STATE).one()
    home = facts.home.replace("%", "%%")  # the driver's mark for a value
    action = current_action()
    for table, name in _NAMES.items():
        if name in facts.usable:
            continue
        if action is not None:
            action.check()  # a cancel between two statements stopped neither
        if name in facts.found:
            connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY {name}")
        key = _KEYS[table]
        connection.exec_driver_sql(f"CREATE INDEX CONCURRENTLY {name} ON {table} USING gin ({key} {home}.gin_trgm_ops)")


def _create_extension(connection: Connection) -> None:
    """In the schema that all catalogues of a database see, where there is one: it can be in one schema only."""
    facts = connection.execute(_STATE).one()
    if facts.home is not None:
        return
    shared = connection.execute(text("SELECT 1 FROM pg_namespace WHERE nspname = 'public'")).first()
    where = " SCHEMA public" if shared else ""
    try:
        connection.exec_driver_sql(f"CREATE EXTENSION IF NOT EXISTS {EXTENSION}{where}")
    except DBAPIError as error:
        reason = str(error.orig).partition("\n")[0]
        raise EnvironmentProblem(
            _("The extension {name} cannot be had: {reason}.").format(name=EXTENSION, reason=reason),
            kept=_("Nothing was changed; searches read all keys."),
            advice=_("Ask who runs the server for “CREATE EXTENSION {name}”.").format(name=EXTENSION),
            code="extension",
        ) from error


def drop(connection: Connection) -> None:
    """Removes the indexes, on a connection without a transaction; the extension stays."""
    for name in _NAMES.values():
        connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def usable(connection: Connection) -> frozenset[str]:
    """The names of the indexes that are there to their end."""
    return frozenset(connection.execute(_STATE).one().usable)


def drop_all_but(connection: Connection, kept: frozenset[str]) -> None:
    """Removes what a `make` that was broken off has made, on the same connection; it does not wait long for that."""
    connection.exec_driver_sql(f"SET lock_timeout = {LAST_WAIT_MS}")
    for name in connection.execute(_STATE).one().found:
        if name not in kept:
            connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def progress_of(connection: Connection, backend: int) -> SearchProgress | None:
    """How far the making is that runs on another connection, in blocks that are read; None when nothing can be told."""
    now = connection.execute(_PROGRESS, {"pid": backend}).first()
    if now is None or not now.phase.startswith((_FIRST_LOOK, _SECOND_LOOK)):
        return None
    whole = now.books if now.is_of_books else now.authors
    before = 2 * now.authors if now.is_of_books else 0
    looked = now.blocks_done if now.phase.startswith(_FIRST_LOOK) else whole + now.blocks_done
    return SearchProgress(before + looked, 2 * (now.authors + now.books))
