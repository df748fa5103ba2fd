"""Runs the revisions: over a connection that Desk hands in, or over `-x url=...` from Alembic's command line."""

from alembic import context
from sqlalchemy import Connection

from desk.catalog.models import Base
from desk.database.migration_unit import migrating
from desk.database.migrations import configured
from desk.database.targets import target_url


def run(connection: Connection) -> None:
    on_version_apply = context.config.attributes.get("on_version_apply")
    context.configure(connection=connection, on_version_apply=on_version_apply, **configured(Base.metadata))
    with context.begin_transaction():
        context.run_migrations()


def run_from_command_line() -> None:
    url = target_url(context.get_x_argument(as_dictionary=True)["url"])
    with migrating(url) as unit:
        run(unit.connection)


if context.config.attributes.get("connection") is not None:
    run(context.config.attributes["connection"])
else:
    run_from_command_line()
