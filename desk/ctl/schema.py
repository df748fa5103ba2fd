"""deskctl migrate: looks at the schema of a catalogue and changes it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from desk.ctl.terminal import (
    Answer,
    Usage,
    cancellable,
    database_or_sample,
    status_line,
)
from desk.errors import EnvironmentProblem
from desk.i18n import _

if TYPE_CHECKING:
    import argparse

    from desk.database.migration_unit import MigrationProgress
    from desk.database.revisions import SchemaStatus


def migrate(options: argparse.Namespace) -> Answer:
    from desk.operations import doctor

    if options.action in _MIGRATIONS:
        return _MIGRATIONS[options.action](options)
    status = doctor.schema_of_target(target=database_or_sample(options))
    if options.action == "current":
        return Answer({"current": status.current}, [status.current or _("none")])
    return _status_answer(status)


def _migrate_history(options: argparse.Namespace) -> Answer:
    from desk.database import migrations
    from desk.operations import doctor

    current = doctor.schema_of_target(target=options.database).current if options.database else None
    revisions = migrations.history(current)
    return Answer(
        {"revisions": [dataclasses.asdict(one) for one in revisions]},
        [f"{'*' if one.is_current else ' '} {one.id}  {one.summary}" for one in revisions],
    )


def _migrate_run(options: argparse.Namespace) -> Answer:
    from desk.database.profiles import profile_of
    from desk.operations import connect, migrating

    upwards = options.action == "upgrade"
    if options.database is None:
        raise Usage(_("Name the catalogue: --database FILE-or-URL."))
    if not upwards and not options.revision:
        raise Usage(_("Name the revision to go back to; “base” removes the schema with all its data."))
    if not upwards and options.revision == "base" and not options.yes:
        raise Usage(_("“base” removes the schema with all authors and books. If that is wanted, add --yes."))
    profile, password = profile_of(options.database)
    if upwards and options.create and not profile.read_only:  # what is for reading only is refused below
        connect.create_catalogue(target=options.database)
    migrate = migrating.upgrade_catalogue if upwards else migrating.downgrade_catalogue
    with cancellable("migrate"), status_line() as show:
        result = migrate(
            profile=profile,
            password=password or None,
            revision=options.revision or "head",
            backup=not options.no_backup,
            on_progress=lambda now: show(_migration_words(now)),
        )
    answer = _status_answer(result.status)
    backup = str(result.backup) if result.backup else None
    answer.data.update(backup=backup, waited=result.waited)
    if backup:
        answer.lines.append(_("backup: {path}").format(path=backup))
    return answer


def _migrate_sql(options: argparse.Namespace) -> Answer:
    from desk.database.profiles import profile_of
    from desk.operations import migrating

    profile, password = profile_of(database_or_sample(options))
    sql = migrating.upgrade_sql(profile=profile, password=password or None, revision=options.revision or "head")
    return Answer({"sql": sql}, sql.splitlines())


def _migrate_drift(options: argparse.Namespace) -> Answer:
    from desk.database.profiles import profile_of
    from desk.operations import migrating

    profile, password = profile_of(database_or_sample(options))
    report = migrating.examine_schema(profile=profile, password=password or None)
    if report.plan.state.value != "current":
        raise EnvironmentProblem(
            _("The schema is not the newest that this Desk knows, so there is nothing to compare it with."),
            kept=_("Nothing was changed."),
            advice=_("“deskctl migrate status” tells more."),
            code=report.plan.state.value,
        )
    lines = list(report.drift) or [_("Models and database agree.")]
    return Answer({"drift": list(report.drift)}, lines, 1 if report.drift else 0)


_MIGRATIONS = {
    "history": _migrate_history,
    "upgrade": _migrate_run,
    "downgrade": _migrate_run,
    "sql": _migrate_sql,
    "drift": _migrate_drift,
}


def _status_answer(status: SchemaStatus) -> Answer:
    lines = [
        _("schema: {state}").format(state=status.state.value),
        _("revision: {current} (newest known: {head})").format(current=status.current or _("none"), head=status.head),
    ]
    if status.pending:
        lines.append(_("to be applied: {revisions}").format(revisions=", ".join(status.pending)))
    data = {"state": status.state.value, "current": status.current, "head": status.head}
    return Answer(data | {"pending": list(status.pending)}, lines)


def _migration_words(now: MigrationProgress) -> str:
    return f"{now.done / now.total:4.0%}  {now.text}" if now.total else now.text
