"""What schema a database holds, told without Alembic: opening a catalogue must not wait for its import.

The revisions that this program knows are the files of `alembic/versions`, named by id in the order in which they apply.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from sqlalchemy import column, inspect, select, table, text
from sqlalchemy.exc import SQLAlchemyError

from desk.database import engines, failures, fts_index, targets
from desk.errors import EnvironmentProblem
from desk.i18n import _
from desk.resources import data_folder

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Row

    from desk.database.profiles import PoolSettings

VERSION_TABLE = "alembic_version"
OWN_TABLE = "desk_meta"
"""The table that every revision of Desk has."""


class SchemaState(Enum):
    """What a database holds, as seen by this program."""

    CURRENT = "current"
    OLDER = "older"
    NEWER = "newer"
    EMPTY = "empty"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class SchemaStatus:
    """`current` is the database's revision (None without one), `pending` those it lacks, oldest first."""

    state: SchemaState
    current: str | None
    head: str
    pending: tuple[str, ...]


def known_revisions() -> tuple[str, ...]:
    """The ids of all revisions, oldest first."""
    return tuple(sorted(path.name.split("_")[0] for path in (data_folder("alembic") / "versions").glob("*_*.py")))


def schema_status(connection: Connection) -> SchemaStatus:
    """What the database behind a connection holds; changes nothing."""
    known = known_revisions()
    tables = {name for name in inspect(connection).get_table_names() if not fts_index.is_part(name)}
    current = None
    if VERSION_TABLE in tables:
        current = connection.execute(select(column("version_num")).select_from(table(VERSION_TABLE))).scalar()
    if current is None or OWN_TABLE not in tables:  # other programs that use Alembic have a "0001" too
        _check_permission(connection)
        is_empty = current is None and tables <= {VERSION_TABLE}  # "downgrade base" leaves it
        state = SchemaState.EMPTY if is_empty else SchemaState.FOREIGN
        return SchemaStatus(state, current, known[-1], known if is_empty else ())
    if current not in known:
        return SchemaStatus(SchemaState.NEWER, current, known[-1], ())
    pending = known[known.index(current) + 1 :]
    return SchemaStatus(SchemaState.OLDER if pending else SchemaState.CURRENT, current, known[-1], pending)


def _check_permission(connection: Connection) -> None:
    """A schema that the role may not use looks empty; raises EnvironmentProblem instead."""
    if connection.dialect.name != "postgresql":
        return
    hidden = text(
        "SELECT nspname FROM pg_namespace"
        """ WHERE '"' || replace(nspname, '"', '""') || '"' = current_setting('search_path')"""
        " AND NOT has_schema_privilege(oid, 'USAGE')"
    )
    schema = connection.execute(hidden).scalar()
    if schema is not None:
        raise EnvironmentProblem(
            _("The role may not use the schema “{schema}”.").format(schema=schema),
            kept=_("Nothing was changed."),
            advice=_("Ask its owner to grant USAGE on it, or choose another by ?schema=NAME."),
            code="permission",
        )


def status_of(url: URL) -> SchemaStatus:
    """The status of a database by its URL; changes nothing."""
    return status_and_hindrance(url)[0]


def status_and_hindrance(url: URL, settings: PoolSettings | None = None) -> tuple[SchemaStatus, str]:
    """(the status of a database, why this role or file may not be migrated from it: '' for nothing); changes nothing.

    A hindrance is a whole sentence. Raises EnvironmentProblem when the database does not answer.
    """
    # Where it can be, a file is opened for writing: a reader alone would leave the log of a WAL file beside it.
    access = targets.check_access(url)
    try:
        with engines.passing_engine(url, settings, mode=access.mode) as engine, engine.connect() as connection:
            status = schema_status(connection)
            if access.reason:
                return status, _("It cannot be changed: {reason}.").format(reason=access.reason)
            return status, _hindrance(connection, status, targets.schema_of(url))
    except SQLAlchemyError as error:
        raise failures.explained(error, url, cancelled=False) from error


_POWERS = text("""
    SELECT current_user AS role,
        pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean AS reading_only,
        coalesce(has_schema_privilege(n.oid, 'CREATE'), has_database_privilege(current_database(), 'CREATE'))
            AS may_create,
        (SELECT coalesce(bool_and(pg_has_role(c.relowner, 'USAGE')), true) FROM pg_class c
            WHERE c.relnamespace = n.oid AND c.relkind = 'r') AS owns
    FROM (SELECT 1) AS always LEFT JOIN pg_namespace n ON n.nspname = :schema
""")
"""What the role may do in the schema; where there is no schema yet, in the database."""


def _hindrance(connection: Connection, status: SchemaStatus, schema: str) -> str:
    if status.state is SchemaState.FOREIGN:
        return _("This database holds tables that are not Desk's.")
    if status.state is SchemaState.NEWER:
        return _("Its schema ({revision}) is newer than this Desk: use a newer Desk.").format(revision=status.current)
    if connection.dialect.name != "postgresql":
        return ""
    return _lacking_power(connection.execute(_POWERS, {"schema": schema}).one(), schema)


def _lacking_power(powers: Row[Any], schema: str) -> str:
    if powers.reading_only:
        return _("The server allows reading only here.")
    if not powers.may_create:
        return _("The role “{role}” may not create tables in the schema “{schema}”.").format(
            role=powers.role, schema=schema
        )
    if not powers.owns:
        return _("The tables belong to another role than “{role}”.").format(role=powers.role)
    return ""
