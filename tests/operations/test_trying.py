"""Trying a connection names what is there and what is wrong; who holds a server's connections is told."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import make_url

from desk.database import secrets, targets
from desk.database.actions import Action
from desk.database.profiles import Profile, profile_of
from desk.errors import ActionCancelled
from desk.operations.connect import open_catalogue
from desk.operations.trying import try_connection, who_holds
from tests.support.editing import elsewhere
from tests.support.proxy import Proxy
from tests.support.serving import fill_library, own_server
from tests.support.tls import Issuer, speak_tls
from tests.support.told import SENTINEL
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.postgres import PostgresServer, Server

__all__ = ["own_server"]


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_remembered", {})


def tried(target: str, password: str | None = None) -> tuple[bool, dict[str, str], str, str]:
    profile, given = profile_of(target)
    trial = try_connection(profile=profile, password=password if password is not None else given)
    assert SENTINEL not in repr(trial)
    return trial.ok, dict(trial.facts), trial.problem, trial.code


def test_a_server_tells_what_it_is(postgres_url: str) -> None:
    ok, facts, problem, code = tried(postgres_url)
    url = make_url(postgres_url)
    assert (ok, problem, code) == (True, "", "")
    assert list(facts) == [
        "Place", "Server", "Encryption", "Role", "Database", "Access", "Connections", "Time to connect", "Round trip",
        "Schema “desk”",
    ]  # fmt: skip
    assert facts["Place"] == f"{url.host}:{url.port}"
    assert facts["Server"].startswith("PostgreSQL ")
    assert "sslmode prefer" in facts["Encryption"]
    assert (facts["Role"], facts["Database"]) == (url.username, url.database)
    assert facts["Access"] == "reading and writing"
    assert " of " in facts["Connections"]
    assert all(facts[one].endswith(" ms") for one in ("Time to connect", "Round trip"))
    assert "of this Desk" in facts["Schema “desk”"]


def test_a_file_tells_what_it_is(sqlite_path: Path) -> None:
    ok, facts, problem, _code = tried(str(sqlite_path))
    assert (ok, problem) == (True, "")
    assert facts["File"] == str(sqlite_path)
    assert facts["Size"].endswith(" MB")
    assert (facts["Access"], facts["Journal"]) == ("reading and writing", "WAL")
    assert "of this Desk" in facts["Schema"]
    assert [one.name for one in sqlite_path.parent.iterdir()] == [sqlite_path.name]


def test_a_profile_for_reading_is_said_to_be_one(database_target: str) -> None:
    profile, password = profile_of(database_target)
    trial = try_connection(profile=replace(profile, read_only=True), password=password)
    assert trial.ok
    assert dict(trial.facts)["Access"] == "reading only: the profile says so"


def test_a_missing_file_is_named_and_not_made(tmp_path: Path) -> None:
    path = tmp_path / "none.desk"
    ok, facts, problem, code = tried(str(path))
    assert (ok, code, facts) == (False, "missing", {"File": str(path)})
    assert str(path) in problem
    assert "edits" not in problem
    assert not path.exists()


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", "newer Desk (9999"),
        ("DROP TABLE alembic_version", "tables of another program"),
    ],
)
def test_a_schema_that_is_not_ours_to_use_is_a_fact(database_target: str, statement: str, words: str) -> None:
    opened = open_catalogue(target=database_target)
    elsewhere(opened, statement)
    opened.close()
    ok, facts, _problem, _code = tried(database_target)
    assert ok
    assert words in facts.popitem()[1]


def test_an_empty_database_is_a_fact(empty_postgres_url: str) -> None:
    ok, facts, _problem, _code = tried(empty_postgres_url)
    assert ok
    assert facts["Schema “desk”"] == "no catalogue yet"


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"host": "x.invalid"}, "host", "x.invalid"),
        ({"host": "a..invalid"}, "host", "a..invalid"),
        ({"host": None, "query": {"host": "☃.invalid"}}, "host", "☃.invalid"),
        ({"port": 1}, "down", "127.0.0.1:1"),
        ({"password": SENTINEL}, "password", "refused the password"),
        ({"username": "stranger"}, "password", "stranger"),
        ({"database": "atlantis"}, "database", "atlantis"),
    ],
)
def test_what_is_wrong_is_named(postgres_url: str, change: dict[str, str], code: str, words: str) -> None:
    url = targets.target_url(postgres_url).set(**change)  # type: ignore[arg-type]
    if "host" in change:
        url = url.update_query_dict({"sslmode": "disable"})
    ok, _facts, problem, found = tried(url.render_as_string(hide_password=False))
    assert (ok, found) == (False, code)
    assert words in problem


def test_a_schema_that_the_role_may_not_use_is_named(own_server: PostgresServer) -> None:
    fill_library(own_server)
    with own_server.connect("library") as connection:
        connection.execute("CREATE SCHEMA hidden")
    target = own_server.url("library", user="clerk", password=SENTINEL) + "?schema=hidden"
    ok, facts, problem, code = tried(target)
    assert (ok, code) == (False, "permission")
    assert "hidden" in problem
    assert facts["Role"] == "clerk"


def test_a_role_that_may_only_read_is_said_to_do_so(own_server: PostgresServer) -> None:
    target = fill_library(own_server)
    assert tried(target)[1]["Access"] == "reading and writing"
    with own_server.connect("library") as connection:
        connection.execute("REVOKE INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA desk FROM clerk")
    assert tried(target)[1]["Access"] == "reading only: the role may not change the books"


def test_the_encryption_is_named_with_what_is_checked(own_server: PostgresServer, tmp_path: Path) -> None:
    issuer = Issuer(tmp_path)
    target = fill_library(own_server)
    speak_tls(own_server, issuer, "localhost")
    _ok, facts, _problem, _code = tried(target + "?sslmode=require")
    assert facts["Encryption"].startswith("TLSv1.")
    assert "sslmode require" in facts["Encryption"]
    assert "not checked" in facts["Encryption"]
    named = target.replace("@127.0.0.1", "@localhost") + f"?hostaddr=127.0.0.1&sslrootcert={issuer.root}"
    _ok, facts, _problem, _code = tried(named + "&sslmode=verify-full")
    assert "are checked" in facts["Encryption"]
    ok, _facts, _problem, code = tried(target + f"?sslmode=verify-full&sslrootcert={issuer.root}")
    assert (ok, code) == (False, "tls")


def test_the_password_of_this_run_is_used(own_server: PostgresServer) -> None:
    profile, password = profile_of(fill_library(own_server))
    assert try_connection(profile=profile).code == "password"
    secrets.remember(profile, password)
    assert try_connection(profile=profile).ok


def test_a_test_can_be_cancelled_while_it_connects(own_server: PostgresServer) -> None:
    profile, password = profile_of(fill_library(own_server))
    with Proxy(own_server.port) as proxy:
        proxy.hold()
        slow = Profile(profile.target.replace(str(own_server.port), str(proxy.port)) + "?connect_timeout=60")
        action = Action("test")

        def run() -> None:
            with action.running():
                try_connection(profile=slow, password=password)

        with ThreadPoolExecutor(1) as threads:
            trial = threads.submit(run)
            wait_until(lambda: any(one.name == "connect" for one in threading.enumerate()), "connecting")
            begin = time.monotonic()
            action.cancel()
            with pytest.raises(ActionCancelled):
                trial.result(10)
            assert time.monotonic() - begin < 2


def test_what_a_role_may_not_see_is_left_out(own_server: PostgresServer) -> None:
    opened = open_catalogue(target=fill_library(own_server))
    with own_server.connect():
        lines = who_holds(sessions=opened.sessions).lines()
    assert any(line.startswith("1 connection: desk") and "from" not in line for line in lines), lines
    opened.close()


def test_a_file_has_no_holders(sqlite_path: Path) -> None:
    opened = open_catalogue(target=str(sqlite_path))
    assert "file" in who_holds(sessions=opened.sessions).lines()[0]
    opened.close()


def test_what_trying_costs_is_counted(database_target: str) -> None:
    with Action("count").running() as action:
        assert tried(database_target)[0]
    assert action.checkouts == 1
    assert action.statements >= 2


def test_trying_leaves_no_connection_on_the_server(postgres: Server, postgres_url: str) -> None:
    database = make_url(postgres_url).database
    assert tried(postgres_url)[0]
    with postgres.connect() as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
        wait_until(lambda: connection.execute(query, [database]).fetchone() == (0,), "the connection is gone")
