"""Runs the revisions: over a connection that Desk hands in, or over `-x url=...` from Alembic's command line."""

from alembic import context
from sqlalchemy import Connection, create_engine, event

from desk.catalog.models import Base
from desk.database.migrations import configured


def run(connection: Connection) -> None:
    context.configure(connection=connection, **configured(Base.metadata))
    with context.begin_transaction():
        context.run_migrations()


def run_from_command_line() -> None:
    engine = create_engine(context.get_x_argument(as_dictionary=True)["url"])
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda raw, _record: raw.execute("PRAGMA foreign_keys = OFF"))
    with engine.connect() as connection:
        run(connection)
        connection.commit()
    engine.dispose()


if context.config.attributes.get("connection") is not None:
    run(context.config.attributes["connection"])
else:
    run_from_command_line()
