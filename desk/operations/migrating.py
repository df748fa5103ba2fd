"""Looks at the schema of a catalogue, shows what a migration would do, and runs it; on a connection of its own."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from desk.database import backups, engines, failures, migrations, secrets, targets
from desk.database.addresses import parse_address
from desk.database.drift import drift
from desk.database.migration_sql import migration_sql
from desk.database.migration_unit import MigrationProgress
from desk.database.migrations import HEAD, MigrationResult, Revision
from desk.database.revisions import VERSION_TABLE, SchemaState, status_and_hindrance
from desk.errors import EnvironmentProblem
from desk.i18n import _
from desk.operations.opening import url_of
from desk.operations.searching import begin_search_index

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import URL

    from desk.database.profiles import Profile
    from desk.database.revisions import SchemaStatus

__all__ = [
    "MigrationProgress",
    "MigrationResult",
    "Revision",
    "SchemaReport",
    "UpgradePlan",
    "downgrade_catalogue",
    "examine_schema",
    "plan_upgrade",
    "upgrade_catalogue",
    "upgrade_sql",
]


@dataclass(frozen=True, slots=True)
class UpgradePlan:
    """What an upgrade to the newest revision would do.

    `pending` are the revisions to apply, oldest first. `backup` is how the backup of a file would be called if it
    were made now (None: nothing to back up, or a server's). `backup_note` says for a server whose task the backup
    is, and with which command ('' for a file). `may` is '' or a sentence why this role or file may not be upgraded.
    """

    place: str
    state: SchemaState
    current: str | None
    head: str
    pending: tuple[Revision, ...]
    backup: Path | None
    backup_note: str
    may: str


@dataclass(frozen=True, slots=True)
class SchemaReport:
    """A plan, all known revisions (newest first), and where the tables differ from the models, in sentences.

    `drift` is empty, too, for a catalogue of another revision than the newest: there is nothing to compare it with.
    """

    plan: UpgradePlan
    history: tuple[Revision, ...]
    drift: tuple[str, ...]


def plan_upgrade(*, profile: Profile, password: str | None = None) -> UpgradePlan:
    """What an upgrade would do; changes nothing. Raises EnvironmentProblem when the database does not answer."""
    url = _url(profile, password)
    return _plan(profile, url, *status_and_hindrance(url, profile.pool))


def examine_schema(*, profile: Profile, password: str | None = None) -> SchemaReport:
    """Current, history, pending, and drift between models and database; changes nothing. Raises as `plan_upgrade`."""
    url = _url(profile, password)
    plan = _plan(profile, url, *status_and_hindrance(url, profile.pool))
    found = _drift(url, profile) if plan.state is SchemaState.CURRENT else ()
    return SchemaReport(plan, migrations.history(plan.current), found)


def upgrade_sql(*, profile: Profile, revision: str = HEAD, password: str | None = None) -> str:
    """The SQL that an upgrade to a revision would run, or a downgrade where it is an earlier one; runs none of it.

    '' when there is nothing to do. Raises InvalidInput for an unknown revision, EnvironmentProblem where nothing may
    be migrated.
    """
    url = _url(profile, password)
    status, _hindrance = status_and_hindrance(url, profile.pool)
    migrations.refuse_strange(status)
    upwards = not migrations.is_below(status, revision)
    steps = migrations.steps_to(status, revision, upwards=upwards)
    return migration_sql(url, status.current, steps, upwards=upwards, settings=profile.pool)


def upgrade_catalogue(
    *,
    profile: Profile,
    revision: str = HEAD,
    password: str | None = None,
    backup: bool = True,
    on_progress: Callable[[MigrationProgress], None] | None = None,
) -> MigrationResult:
    """Brings a catalogue to a revision, making the schema and a search index where there is none; a file is backed up
    before.

    One migrator at a time works on a database: others wait, then find nothing to do. A failure or a cancel leaves
    data, schema and version as before. Raises InvalidInput for an unknown revision, EnvironmentProblem or
    ActionCancelled.
    """
    _refuse_read_only(profile)
    url = _url(profile, password)
    done = migrations.migrate(
        url, revision, upwards=True, settings=profile.pool, with_backup=backup, on_progress=on_progress
    )
    if done.is_new and done.status.state is SchemaState.CURRENT:
        begin_search_index(url)
    return done


def downgrade_catalogue(
    *,
    profile: Profile,
    revision: str,
    password: str | None = None,
    backup: bool = True,
    on_progress: Callable[[MigrationProgress], None] | None = None,
) -> MigrationResult:
    """Takes a catalogue back to an earlier revision, as `upgrade_catalogue` does; "base" removes all of it."""
    _refuse_read_only(profile)
    url = _url(profile, password)
    return migrations.migrate(
        url, revision, upwards=False, settings=profile.pool, with_backup=backup, on_progress=on_progress
    )


def _url(profile: Profile, password: str | None) -> URL:
    return url_of(profile, password or secrets.password_for(profile))


def _plan(profile: Profile, url: URL, status: SchemaStatus, hindrance: str) -> UpgradePlan:
    known = {one.id: one for one in migrations.history(status.current)}
    path = targets.sqlite_file(url)
    may = hindrance or (_("The connection is for reading only.") if profile.read_only else "")
    return UpgradePlan(
        place=targets.place_of(url) if path else f"{url.database or url.username or ''} @ {targets.place_of(url)}",
        state=status.state,
        current=status.current,
        head=status.head,
        pending=tuple(known[one] for one in status.pending),
        backup=backups.backup_path(path, status.head) if path and status.current else None,
        backup_note="" if path else _backup_note(profile, status, targets.schema_of(url)),
        may=may,
    )


def _backup_note(profile: Profile, status: SchemaStatus, schema: str) -> str:
    if status.current is None:
        return ""
    return (
        _("Backups of a server are made there, not by Desk. For one of this catalogue:")
        + "\n"
        + _dump(profile, status, schema)
    )


def _dump(profile: Profile, status: SchemaStatus, schema: str) -> str:
    """The command that backs one catalogue up; libpq asks for the password, or has it from its own files."""
    address, _password = parse_address(profile.target)
    name = schema if re.fullmatch("[a-z_][a-z0-9_]*", schema) else f'"{schema}"'  # else it is taken for a pattern
    words = [
        "pg_dump",
        "--format=custom",
        f"--schema={name}",
        f"--file={address.database or 'desk'}.before-{status.head}.dump",
        replace(address, schema="").url(),
    ]
    return shlex.join(words)


def _drift(url: URL, profile: Profile) -> tuple[str, ...]:
    mode = targets.check_access(url).mode
    try:
        with engines.passing_engine(url, profile.pool, mode=mode) as engine, engine.connect() as connection:
            return drift(connection, VERSION_TABLE)
    except SQLAlchemyError as error:
        raise failures.explained(error, url, cancelled=False) from error


def _refuse_read_only(profile: Profile) -> None:
    if profile.read_only:
        raise EnvironmentProblem(
            _("The connection is for reading only."),
            kept=_("Nothing was changed."),
            advice=_("Switch that off in the connection dialog to migrate."),
            code="read_only",
        )
