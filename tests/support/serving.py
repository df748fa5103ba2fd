"""Servers that a test has for itself: to stop, restart, cut off; and a small catalogue on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from psycopg import sql

from desk.database import migrations, targets
from desk.operations.connect import OpenCatalogue, open_catalogue
from tests.conftest import IN_CI
from tests.support.library import make_books
from tests.support.postgres import PostgresServer, Server, find_binaries
from tests.support.told import SENTINEL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server of this test alone, to be stopped and started again."""
    server = PostgresServer(binaries_or_skip())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def own_catalogue(own_server: PostgresServer) -> Iterator[OpenCatalogue]:
    """A filled catalogue on it, used by a role with a password of its own."""
    opened = open_catalogue(target=fill_library(own_server))
    yield opened
    opened.close()


def binaries_or_skip() -> Path:
    """The programs of PostgreSQL; the test is skipped where there are none, and fails where CI is set."""
    binaries = find_binaries()
    if binaries is None:
        if IN_CI:
            pytest.fail("there is no PostgreSQL here")
        pytest.skip("there is no PostgreSQL of our own to restart")
    return binaries


def fill_library(server: PostgresServer) -> str:
    """Makes a catalogue of thirty books on a server and a role, `clerk`, that uses it; returns the role's URL."""
    url = server.create_database("library")
    migrations.upgrade(targets.target_url(url))
    make_role(server, "library")
    target = server.url("library", user="clerk", password=SENTINEL)
    opened = open_catalogue(target=target)
    make_books(opened, 30)
    opened.close()
    with server.connect() as connection:
        connection.execute("CHECKPOINT")  # test servers do not wait for the disk: a crash would forget the books
    return target


def make_role(server: Server, database: str, *, login: bool = True, role: str = "clerk") -> None:
    """A role whose password is the sentinel; it may use the catalogue of the database `library`."""
    with server.connect(database) as connection:
        connection.execute(
            sql.SQL("CREATE ROLE {} {} PASSWORD {}").format(
                sql.Identifier(role), sql.SQL("LOGIN" if login else "NOLOGIN"), sql.Literal(SENTINEL)
            )
        )
        if database == "library":
            for grant in (
                "GRANT USAGE ON SCHEMA desk TO clerk",
                "GRANT ALL ON ALL TABLES IN SCHEMA desk TO clerk",
                "GRANT ALL ON ALL SEQUENCES IN SCHEMA desk TO clerk",
            ):
                connection.execute(grant.encode())


def nothing_is_out(catalogue: OpenCatalogue) -> bool:
    """Whether no connection is lent, no transaction open, and nobody waits."""
    snapshot = catalogue.pool.snapshot()
    return (snapshot.checked_out, snapshot.open_transactions, snapshot.waiting) == (0, 0, 0)
