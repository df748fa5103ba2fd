"""Runs the revisions: over a connection that Desk hands in, or over `-x url=...` from Alembic's command line."""

from alembic import context
from sqlalchemy import Connection

from desk.catalog.models import Base
from desk.database.engines import target_url
from desk.database.migrations import configured, migrating


def run(connection: Connection) -> None:
    context.configure(connection=connection, **configured(Base.metadata))
    with context.begin_transaction():
        context.run_migrations()


def run_from_command_line() -> None:
    url = target_url(context.get_x_argument(as_dictionary=True)["url"])
    with migrating(url) as (_config, connection):
        run(connection)


if context.config.attributes.get("connection") is not None:
    run(context.config.attributes["connection"])
else:
    run_from_command_line()
