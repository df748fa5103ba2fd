"""Alembic, driven from inside the program: state, upgrade, downgrade, history of a catalogue's schema.

Every run is one transaction on a connection of its own; a failure leaves data, schema and version as they were.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, MetaData, text
from sqlalchemy.exc import SQLAlchemyError

from desk.database import engines, failures
from desk.database.revisions import VERSION_TABLE, SchemaState, schema_status
from desk.errors import EnvironmentProblem, InvalidInput
from desk.i18n import _
from desk.resources import data_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from desk.database.revisions import SchemaStatus

LOCK_KEY = 0x4445534B
"""The advisory lock that lets one migrator at a time work on a server ("DESK" in ASCII)."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of the history; `is_current` tells the one the database is at."""

    id: str
    summary: str
    is_current: bool


def configured(metadata: MetaData) -> dict[str, Any]:
    """How env.py configures Alembic's context; SQLite alters tables by rebuilding them ("batch")."""
    return {
        "target_metadata": metadata,
        "version_table": VERSION_TABLE,
        "render_as_batch": True,
        "transactional_ddl": True,
    }


def upgrade(url: URL, revision: str = "head") -> SchemaStatus:
    """Brings a database to a revision, making the schema where there is none; returns the new status.

    Raises InvalidInput for an unknown revision, EnvironmentProblem when the database refuses.
    """
    with migrating(url) as (config, connection):
        _refuse_foreign(connection)
        command.upgrade(config, revision)
        return schema_status(connection)


def downgrade(url: URL, revision: str) -> SchemaStatus:
    """Takes a database back to an earlier revision ("base" removes the schema, with all its data)."""
    with migrating(url) as (config, connection):
        _refuse_foreign(connection)
        command.downgrade(config, revision)
        return schema_status(connection)


def history(current: str | None) -> tuple[Revision, ...]:
    """All revisions this program knows, newest first."""
    scripts = ScriptDirectory.from_config(_config())
    return tuple(
        Revision(one.revision, (one.doc or "").splitlines()[0], one.revision == current)
        for one in scripts.walk_revisions()
    )


@contextmanager
def migrating(url: URL) -> Iterator[tuple[Config, Connection]]:
    """A connection on which revisions may run: one transaction, one migrator at a time, committed at the end.

    On SQLite foreign keys are off (a rebuilt table would empty its children) and are checked before the commit.
    """
    engine = engines.make_engine(url, foreign_keys=False)
    try:
        with engine.connect().execution_options(**{engines.WRITE: True}) as connection:
            connection.begin()  # else Alembic would begin and commit by itself
            if engine.dialect.name == "postgresql":
                _prepare_postgresql(connection, engines.schema_of(url))
            config = _config()
            config.attributes["connection"] = connection
            yield config, connection
            if engine.dialect.name == "sqlite":
                _check_foreign_keys(connection)
            connection.commit()
    except SQLAlchemyError as error:
        raise failures.explained(error, url, cancelled=False) from error
    except CommandError as error:
        raise InvalidInput(
            _("The migration cannot run: {reason}.").format(reason=str(error).rstrip(".")),
            kept=_("Nothing was changed."),
            advice=_("“deskctl migrate history” lists the revisions."),
        ) from error
    finally:
        engine.dispose()


def _refuse_foreign(connection: Connection) -> None:
    """Another program's tables may have the names of ours: a downgrade would drop them."""
    if schema_status(connection).state is SchemaState.FOREIGN:
        raise EnvironmentProblem(
            _("This database holds tables that are not Desk's."),
            kept=_("Nothing was changed."),
            advice=_("Choose another database, or another schema by ?schema=NAME in the URL."),
            code="foreign",
        )


def _prepare_postgresql(connection: Connection, schema: str) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
    quoted = connection.dialect.identifier_preparer.quote_identifier(schema)
    exists = text("SELECT 1 FROM pg_namespace WHERE nspname = :name")
    if connection.execute(exists, {"name": schema}).first() is None:
        connection.execute(text(f"CREATE SCHEMA {quoted}"))


def _check_foreign_keys(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise EnvironmentProblem(
            _("The migration would leave {count} broken references.").format(count=len(broken)),
            kept=_("The catalogue is as it was before."),
            code="references",
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(data_folder("alembic")).replace("%", "%%"))
    return config
