"""Alembic, driven from inside the program: upgrade, downgrade and history of a catalogue's schema.

Every run is one transaction on a connection of its own (`migration_unit`), one run at a time in this process.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, MetaData, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateSchema

from desk.database import backups, targets
from desk.database.actions import current_action
from desk.database.drift import comparing
from desk.database.migration_unit import WAIT_SECONDS, MigrationProgress, Tell, broken, migrating, tell_nobody
from desk.database.revisions import VERSION_TABLE, SchemaState, known_revisions, schema_status
from desk.errors import ActionCancelled, DeskError, EnvironmentProblem, InvalidInput
from desk.i18n import _
from desk.resources import data_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from desk.database.profiles import PoolSettings
    from desk.database.revisions import SchemaStatus

ATTEMPTS = 3
"""So often a migration is tried that the server ends to solve a deadlock."""
BASE, HEAD = "base", "head"

_alembic = threading.Lock()
"""`alembic.op` and `alembic.context` are one for the whole process: two windows must not run revisions at once."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of the history; `is_current` tells the one the database is at."""

    id: str
    summary: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class MigrationResult:
    """What a migration did: the status after it, where the backup is (None: none was made), how long it took.

    `waited` tells that somebody else had to finish first, `is_new` that there was no catalogue before.
    """

    status: SchemaStatus
    backup: Path | None
    seconds: float
    waited: bool
    is_new: bool


def configured(metadata: MetaData) -> dict[str, Any]:
    """How env.py configures Alembic's context; SQLite alters tables by rebuilding them ("batch")."""
    return {
        **comparing(metadata),
        "version_table": VERSION_TABLE,
        "render_as_batch": True,
        "transactional_ddl": True,
    }


def upgrade(url: URL, revision: str = HEAD) -> SchemaStatus:
    """Brings a database to a revision, making the schema where there is none; no backup. Raises as `migrate`."""
    return migrate(url, revision, upwards=True).status


def downgrade(url: URL, revision: str) -> SchemaStatus:
    """Takes a database back to an earlier revision ("base" removes the schema, with all its data); no backup."""
    return migrate(url, revision, upwards=False).status


def migrate(
    url: URL,
    revision: str,
    *,
    upwards: bool,
    settings: PoolSettings | None = None,
    with_backup: bool = False,
    on_progress: Tell | None = None,
) -> MigrationResult:
    """Brings a database up or down to a revision (an id, "head" or "base"); nothing happens where it is there already.

    `with_backup` copies a file before its first change. Raises InvalidInput for a revision that is unknown or, on
    the way down, newer than what is there, EnvironmentProblem when the database refuses or a revision fails,
    ActionCancelled.
    """
    begin = time.monotonic()
    tell = on_progress or tell_nobody
    for attempt in range(1, ATTEMPTS + 1):
        try:
            done = _migrate_once(url, revision, upwards=upwards, settings=settings, with_backup=with_backup, tell=tell)
            return replace(done, seconds=time.monotonic() - begin)
        except EnvironmentProblem as problem:
            if problem.code not in ("deadlock", "serialization") or attempt == ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def history(current: str | None) -> tuple[Revision, ...]:
    """All revisions this program knows, newest first."""
    scripts = ScriptDirectory.from_config(make_config())
    return tuple(
        Revision(one.revision, (one.doc or "").splitlines()[0], one.revision == current)
        for one in scripts.walk_revisions()
    )


def run_revisions(connection: Connection, revision: str, *, upwards: bool, on_applied: Callable[..., None]) -> None:
    """Runs Alembic in a transaction, alone in this process; `on_applied` hears of each revision that was applied.

    Raises EnvironmentProblem when a revision fails by itself, else what the database raised.
    """
    action = current_action()
    while not _alembic.acquire(timeout=WAIT_SECONDS):
        if action is not None:
            action.check()
    try:
        config = make_config()
        config.attributes.update(connection=connection, on_version_apply=on_applied)
        (command.upgrade if upwards else command.downgrade)(config, revision)
    except (DeskError, ActionCancelled, SQLAlchemyError):
        raise
    except Exception as error:
        raise broken(f"{type(error).__name__}: {error}") from error
    finally:
        _alembic.release()


def steps_to(status: SchemaStatus, revision: str, *, upwards: bool) -> tuple[str, ...]:
    """The ids of the revisions that a migration would apply or take back, in that order; raises as `migrate`."""
    known = known_revisions()
    here, there = _place(status.current or BASE), _place(revision)
    if upwards:
        return known[here:there]
    if there > here:
        raise _unusable(_("“{revision}” is newer than what is there").format(revision=revision))
    return known[there:here][::-1]


def is_below(status: SchemaStatus, revision: str) -> bool:
    """Whether a revision is earlier than what is there; raises InvalidInput for one that is unknown."""
    return _place(revision) < _place(status.current or BASE)


def _place(revision: str) -> int:
    """How many revisions have been applied where a catalogue is at this one."""
    known = known_revisions()
    places = {BASE: 0, HEAD: len(known)} | {one: place for place, one in enumerate(known, 1)}
    if revision not in places:
        raise _unusable(_("there is no revision “{revision}”").format(revision=revision))
    return places[revision]


def make_config() -> Config:
    """Alembic's configuration for the revisions that travel with the program."""
    config = Config()
    config.set_main_option("script_location", str(data_folder("alembic")).replace("%", "%%"))
    return config


def refuse_strange(status: SchemaStatus) -> None:
    """Another program's tables may have the names of ours, and what a newer schema needs is unknown here."""
    if status.state is SchemaState.FOREIGN:
        raise EnvironmentProblem(
            _("This database holds tables that are not Desk's."),
            kept=_("Nothing was changed."),
            advice=_("Choose another database, or another schema by ?schema=NAME in the URL."),
            code="foreign",
        )
    if status.state is SchemaState.NEWER:
        raise EnvironmentProblem(
            _("The schema of this catalogue ({revision}) is newer than this Desk.").format(revision=status.current),
            kept=_("Nothing was changed."),
            advice=_("Use a newer Desk."),
            code="newer",
        )


def _migrate_once(
    url: URL, revision: str, *, upwards: bool, settings: PoolSettings | None, with_backup: bool, tell: Tell
) -> MigrationResult:
    backup = None
    try:
        with migrating(url, settings, tell) as unit:
            status = schema_status(unit.connection)
            refuse_strange(status)
            steps = steps_to(status, revision, upwards=upwards)
            if steps:
                path = targets.sqlite_file(url)
                if with_backup and path is not None and status.current is not None:
                    backup = _back_up(path, known_revisions()[-1] if revision == HEAD else revision, tell)
                if upwards:
                    _make_schema(unit.connection, targets.schema_of(url))
                run_revisions(unit.connection, revision, upwards=upwards, on_applied=_Steps(steps, tell))
            after = schema_status(unit.connection)
        return MigrationResult(after, backup, 0.0, unit.waited, is_new=upwards and bool(steps) and not status.current)
    except ActionCancelled:
        if backup is not None:
            backup.unlink(missing_ok=True)
        raise
    except DeskError as error:
        if backup is not None:
            error.kept = " ".join((error.kept, _("The backup is {path}.").format(path=backup)))
        raise


class _Steps:
    """Tells which revision runs now: Alembic calls this after each of them."""

    def __init__(self, steps: tuple[str, ...], tell: Tell) -> None:
        summaries = {one.id: one.summary for one in history(None)}
        self._texts = [f"{one}: {summaries[one]}" for one in steps]
        self._tell = tell
        self._done = 0
        self._show()

    def __call__(self, **_facts: Any) -> None:
        action = current_action()
        if action is not None:
            action.check()
        self._done += 1
        self._show()

    def _show(self) -> None:
        text = self._texts[self._done] if self._done < len(self._texts) else _("Checking and saving …")
        self._tell(MigrationProgress("revision", self._done, len(self._texts), text))


def _back_up(path: Path, revision: str, tell: Tell) -> Path:
    """Copies the file as it is now: the migration holds the write lock, and has written nothing yet."""
    target = backups.backup_path(path, revision)
    words = _("Backing up to {name}").format(name=target.name)
    action = current_action()
    assert action is not None
    backups.back_up(path, target, action, lambda done, total: tell(MigrationProgress("backup", done, total, words)))
    return target


def _make_schema(connection: Connection, schema: str) -> None:
    if connection.dialect.name != "postgresql":
        return
    exists = text("SELECT 1 FROM pg_namespace WHERE nspname = :name")
    if connection.execute(exists, {"name": schema}).first() is None:
        connection.execute(CreateSchema(schema))


def _unusable(reason: str) -> InvalidInput:
    return InvalidInput(
        _("The migration cannot run: {reason}.").format(reason=reason),
        kept=_("Nothing was changed."),
        advice=_("“deskctl migrate history” lists the revisions."),
        code="revision",
    )
