"""Faults 1, 2, 8, 9, 10 and 13: the server goes, was never there, or has no room."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import text

from desk.catalog.criteria import Criteria
from desk.catalog.paging import PageRequest
from desk.database import engines, migrations, targets
from desk.database.profiles import profile_of
from desk.errors import EnvironmentProblem
from desk.operations.commit import commit_edits
from desk.operations.connect import open_catalogue
from desk.operations.pages import count_tables, load_page
from desk.operations.records import load_details
from desk.operations.trying import try_connection, who_holds
from tests.support.editing import BOOK, batch, insert, scalar
from tests.support.holding import endless, holding
from tests.support.serving import fill_library, make_role, nothing_is_out, own_catalogue, own_server
from tests.support.told import SENTINEL, tells

if TYPE_CHECKING:
    from desk.operations.connect import OpenCatalogue
    from tests.support.postgres import PostgresServer

__all__ = ["own_catalogue", "own_server"]

LIMIT = 9
"""Connections of a small server, and how many of them are kept for superusers."""
RESERVED = 3
RECOVERS = 8.0
"""Seconds in which a read must be back."""


def test_fault_01_server_restarts(own_server: PostgresServer, own_catalogue: OpenCatalogue) -> None:
    sessions = own_catalogue.sessions
    with holding(own_catalogue, 3):
        pass
    for mode in ("immediate", "fast"):
        own_server.restart(mode)
        page = load_page(sessions=sessions, request=PageRequest(Criteria("books"), 0))
        assert len(page.rows) == 30
        with ThreadPoolExecutor(4) as threads:
            counts = [threads.submit(count_tables, sessions=sessions) for _number in range(8)]
            assert {one.result(RECOVERS)["books"] for one in counts} == {30}
        assert load_details(sessions=sessions, table="books", record_id=1).row.id == 1
        assert nothing_is_out(own_catalogue)


def test_fault_01_server_restarts_under_a_running_statement(
    own_server: PostgresServer, own_catalogue: OpenCatalogue
) -> None:
    with endless(own_catalogue) as (_action, future):
        own_server.restart("immediate")
        with tells("lost", within=RECOVERS) as told:
            future.result(RECOVERS)
    assert f"127.0.0.1:{own_server.port}" in told.what
    assert count_tables(sessions=own_catalogue.sessions)["books"] == 30
    assert nothing_is_out(own_catalogue)


def test_fault_01_server_restarts_inside_a_unit_of_work(
    own_server: PostgresServer, own_catalogue: OpenCatalogue
) -> None:
    with tells("lost", within=RECOVERS), own_catalogue.sessions.writing("write") as session:
        session.execute(text("DELETE FROM contributions"))
        own_server.restart("immediate")
        session.commit()
    assert scalar(own_catalogue, "SELECT count(*) FROM contributions") > 0
    saved = commit_edits(sessions=own_catalogue.sessions, batch=batch(insert(BOOK, title="Emma")))
    assert saved.new_ids
    assert nothing_is_out(own_catalogue)


def test_fault_02_server_down(own_server: PostgresServer, own_catalogue: OpenCatalogue) -> None:
    target = own_server.url("library", user="clerk", password=SENTINEL)
    with own_catalogue.sessions.reading("held") as session:
        raw = session.connection().connection.dbapi_connection
        own_server.stop()
        engines.interrupt(raw)
    place = f"127.0.0.1:{own_server.port}"
    for _again in range(2):
        with tells("down", within=5) as told:
            load_page(sessions=own_catalogue.sessions, request=PageRequest(Criteria("books"), 0))
        assert "refused" in told.what
        assert place in told.what
        assert "retry" in told.advice
    with tells("down", within=5):
        commit_edits(sessions=own_catalogue.sessions, batch=batch(insert(BOOK, title="Emma")))
    with tells("down", within=5) as told:
        open_catalogue(target=target)
    assert place in told.what
    assert nothing_is_out(own_catalogue)


def test_fault_08_packets_dropped_at_connect() -> None:
    """A port that takes connections and never says a word: to libpq the same as packets that nobody answers."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        with tells("connect_timeout", within=5) as told:
            open_catalogue(target=f"postgresql://clerk:{SENTINEL}@127.0.0.1:{port}/library")
        assert f"127.0.0.1:{port}" in told.what
        assert "in time" in told.what


def test_fault_09_name_does_not_resolve() -> None:
    with tells("host", within=10) as told:
        open_catalogue(target=f"postgresql://clerk:{SENTINEL}@x.invalid/library")
    assert "x.invalid" in told.what
    assert "spelling" in told.advice


def test_fault_10_wrong_password(own_server: PostgresServer) -> None:
    make_role(own_server, "postgres")
    with tells("password", within=5) as told:
        open_catalogue(target=own_server.url("postgres", user="clerk", password=SENTINEL + "x"))
    assert "password" in told.what
    assert "clerk" in told.what
    with tells("password", within=5):
        open_catalogue(target=f"postgresql://clerk@127.0.0.1:{own_server.port}/postgres")


def test_fault_10_wrong_role(own_server: PostgresServer) -> None:
    """With SCRAM a server does not tell an unknown role from a wrong password; a role without login it does."""
    make_role(own_server, "postgres", login=False, role="ghost")
    with tells("role", within=5) as told:
        open_catalogue(target=own_server.url("postgres", user="ghost", password=SENTINEL))
    assert "ghost" in told.what
    with tells("password", within=5) as told:
        open_catalogue(target=own_server.url("postgres", user="stranger", password=SENTINEL))
    assert "stranger" in told.what


def test_fault_10_wrong_database(own_server: PostgresServer) -> None:
    make_role(own_server, "postgres")
    with tells("database", within=5) as told:
        open_catalogue(target=own_server.url("atlantis", user="clerk", password=SENTINEL))
    assert "atlantis" in told.what
    assert "does not exist" in told.what


def test_fault_10_no_right_to_read(own_server: PostgresServer) -> None:
    url = own_server.create_database("library")
    migrations.upgrade(targets.target_url(url))
    make_role(own_server, "postgres")
    with pytest.raises(EnvironmentProblem) as refused:
        open_catalogue(target=own_server.url("library", user="clerk", password=SENTINEL))
    assert refused.value.code == "permission"
    assert SENTINEL not in str(refused.value)


def test_fault_13_too_many_clients(own_server: PostgresServer) -> None:
    target = fill_library(own_server)
    own_server.reconfigure(f"max_connections = {LIMIT}\nsuperuser_reserved_connections = {RESERVED}\n")
    opened = open_catalogue(target=target)
    with ExitStack() as hoard:
        count = fill(own_server, hoard)
        with holding(opened, 1):
            with tells("clients", within=5) as told:
                load_page(sessions=opened.sessions, request=PageRequest(Criteria("books"), 0))
            blind = who_holds(sessions=opened.sessions)
        assert "no free connection" in told.what
        assert not blind.held
        assert "cannot be seen" in blind.lines()[0]
        seen = who_holds(sessions=opened.sessions)
        assert (seen.used, seen.limit, seen.reserved) == (LIMIT - RESERVED, LIMIT, RESERVED)
        assert [(one.role, one.program, one.client, one.count) for one in seen.held] == [
            ("clerk", "hoarder", "127.0.0.1", count),
            ("clerk", "desk", "127.0.0.1", 1),
        ]
        assert f"{count} connections: clerk, hoarder, from 127.0.0.1" in seen.lines()
        profile, password = profile_of(target)
        trial = try_connection(profile=profile, password=password)
        assert (trial.ok, trial.code) == (False, "clients")
        assert "no free connection" in trial.problem
        administrator, password = profile_of(own_server.url("library"))
        trial = try_connection(profile=administrator, password=password)
        assert trial.ok, "a superuser has a reserved connection"
        assert dict(trial.facts)["Connections"].startswith(f"{LIMIT - RESERVED + 1} of {LIMIT}")
    assert nothing_is_out(opened)
    assert len(load_page(sessions=opened.sessions, request=PageRequest(Criteria("books"), 0)).rows) == 30
    opened.close()


def fill(server: PostgresServer, hoard: ExitStack) -> int:
    """Connects as an ordinary role until the server has no more; how many it took."""
    words = server.url("library", user="clerk", password=SENTINEL).replace("+psycopg", "") + "?application_name=hoarder"
    count = 0
    while True:
        try:
            hoard.enter_context(psycopg.connect(words))
        except psycopg.OperationalError:
            return count
        count += 1
