"""The one transaction in which a catalogue is migrated: begun alone, checked, committed, and explained when it fails.

Invariant: whatever leaves the block as an error leaves data, schema and version as they were.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, func, inspect, select, table, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from desk.database import engines, failures, fts_index, targets
from desk.database.actions import Action, current_action
from desk.database.revisions import VERSION_TABLE
from desk.errors import ActionCancelled, DataConflict, DeskError, EnvironmentProblem
from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from desk.database.profiles import PoolSettings

LOCK_KEY = 0x4445534B
"""The advisory lock that lets one migrator at a time work on a server ("DESK" in ASCII)."""
WAIT_SECONDS = 0.1
"""Between two looks whether the other migrator is done; in between there is no transaction."""
UNCHANGED = _("Data, schema and version are as they were before.")


@dataclass(frozen=True, slots=True)
class MigrationProgress:
    """How far a migration is: `phase` is "waiting", "backup" or "revision".

    `done` of `total` are pages of a backup or revisions; `total` 0 is unknown. `text` is for a person.
    """

    phase: str
    done: int
    total: int
    text: str


Tell = Callable[[MigrationProgress], None]


def tell_nobody(_progress: MigrationProgress) -> None:
    """Nobody wants to hear of it."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A transaction in which revisions may run."""

    connection: Connection
    waited: bool


@contextmanager
def migrating(url: URL, settings: PoolSettings | None = None, tell: Tell = tell_nobody) -> Iterator[Unit]:
    """A connection on which revisions may run: one transaction, one migrator at a time, committed at the end.

    On SQLite foreign keys are off (a rebuilt table would empty its children) and are checked before the commit.
    """
    _check_writable(url)
    action = current_action() or Action("Migrate")
    try:
        with (
            engines.passing_engine(url, settings, foreign_keys=False) as engine,
            action.running(),
            engine.connect().execution_options(**{engines.WRITE: True}) as connection,
            lent(connection, action),
        ):
            waited = _begin(connection, action, tell)
            counts = _counts(connection)
            yield Unit(connection, waited)
            if connection.dialect.name == "sqlite":
                fts_index.mend(connection)
            _check_contents(connection, counts)
            _commit(connection, url)
    except ActionCancelled:
        raise ActionCancelled(UNCHANGED) from None
    except SQLAlchemyError as error:
        raise _failed(error, url, action) from error


@contextmanager
def lent(connection: Connection, action: Action) -> Iterator[None]:
    """While the block runs a cancel of the action stops the statement on this connection."""
    try:
        action.lend(partial(engines.interrupt, connection.connection.dbapi_connection))
        yield
    finally:
        action.take_back()


def _begin(connection: Connection, action: Action, tell: Tell) -> bool:
    """Begins the only transaction that migrates this database; True when somebody else had to finish first."""
    if connection.dialect.name == "postgresql":
        return _begin_on_server(connection, action, tell)
    tell(MigrationProgress("waiting", 0, 0, _("Waiting until nobody else writes to this file …")))
    begin = time.monotonic()
    connection.begin()  # else Alembic would begin and commit by itself
    return time.monotonic() - begin > engines.BUSY_SLICE_MS / 1000


def _begin_on_server(connection: Connection, action: Action, tell: Tell) -> bool:
    """Waits without a transaction, so that nothing on the server waits for the one who waits."""
    waited = False
    connection.begin()
    while not connection.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": LOCK_KEY}).scalar_one():
        connection.rollback()
        if not waited:
            tell(MigrationProgress("waiting", 0, 0, _("Another Desk is migrating this database; waiting for it …")))
        waited = True
        time.sleep(WAIT_SECONDS)
        action.check()
        connection.begin()
    # They are meant for browsing: a revision may run, compute or wait its turn for long. A cancel still works.
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    return waited


def _counts(connection: Connection) -> dict[str, int]:
    """How many rows each table of a file has; a server rebuilds no tables, so there is nothing to compare."""
    if connection.dialect.name != "sqlite":
        return {}
    names = [one for one in inspect(connection).get_table_names() if not fts_index.is_part(one)]
    return {name: connection.execute(select(func.count()).select_from(table(name))).scalar_one() for name in names}


def _check_contents(connection: Connection, before: dict[str, int]) -> None:
    """No revision of Desk removes records, but a table that is rebuilt in a wrong way may lose some."""
    if connection.dialect.name != "sqlite":
        return
    broken = len(connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall())
    if broken:
        raise EnvironmentProblem(
            _("The migration would leave {count} broken references.").format(count=broken),
            kept=UNCHANGED,
            code="references",
        )
    after = _counts(connection)
    lost = sum(max(count - after.get(name, count), 0) for name, count in before.items() if name != VERSION_TABLE)
    if lost:
        raise EnvironmentProblem(
            _("The migration would lose {count} rows.").format(count=lost), kept=UNCHANGED, code="rows"
        )


def _commit(connection: Connection, url: URL) -> None:
    raw: Any = connection.connection.dbapi_connection
    if isinstance(raw, sqlite3.Connection) and not raw.in_transaction:  # its commit would succeed with nothing in it
        raise EnvironmentProblem(
            _("Nothing was migrated: SQLite had already rolled it back."), kept=UNCHANGED, code="not_saved"
        )
    try:
        connection.commit()
    except DBAPIError as error:
        explained = failures.explained(error, url, cancelled=False)
        if isinstance(explained, DeskError) and explained.code == "lost":
            raise EnvironmentProblem(
                _("The connection was lost while the migration was being saved."),
                kept=_("It is there as a whole or not at all."),
                advice=_("Open the catalogue again: it shows which."),
                code="unknown",
            ) from error
        raise


def _check_writable(url: URL) -> None:
    access = targets.check_access(url)
    if access.reason:
        raise EnvironmentProblem(
            _("{path} cannot be changed: {reason}.").format(path=targets.sqlite_file(url), reason=access.reason),
            kept=_("Nothing was changed."),
            code="read_only",
        )


_TRY_LATER = _("Try again later, or ask who else has this catalogue open.")
_TROUBLES: dict[str, tuple[str, str]] = {
    "locked": (_("Somebody else uses this catalogue and did not let go of it in time."), _TRY_LATER),
    "deadlock": (_("The migration and somebody else's work stood in each other's way."), _TRY_LATER),
    "serialization": (_("The migration and somebody else's work stood in each other's way."), _TRY_LATER),
    "disk_full": (_("The disk is full."), _("Free some space, then try again.")),
}
"""What a failure means for a migration, by its code: (what happened, what to do). Others tell of themselves."""


def _failed(error: SQLAlchemyError, url: URL, action: Action) -> BaseException:
    explained = failures.explained(error, url, cancelled=action.is_cancelled)
    if isinstance(explained, ActionCancelled):
        return ActionCancelled(UNCHANGED)
    if isinstance(explained, DataConflict) or not isinstance(explained, DeskError):
        return broken(str(error.orig) if isinstance(error, DBAPIError) else str(error))
    what, advice = _TROUBLES.get(explained.code, (explained.what, explained.advice))
    return type(explained)(what, kept=UNCHANGED, advice=advice, code=explained.code)


def broken(reason: str) -> EnvironmentProblem:
    """A revision that fails by itself: of no use to try again."""
    return EnvironmentProblem(
        _("The migration failed: {reason}.").format(reason=reason.strip().partition("\n")[0].rstrip(".")),
        kept=UNCHANGED,
        advice=_("Please report this; the catalogue can be used with the Desk that made it."),
        code="migration",
    )
