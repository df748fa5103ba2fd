"""Engines: what they open, and that the promised settings are in force."""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from desk.database import engines, migrations, revisions, targets
from desk.database.profiles import PoolSettings
from desk.errors import EnvironmentProblem
from desk.operations.connect import create_catalogue, open_catalogue
from tests.support.editing import scalar
from tests.support.holding import holding
from tests.support.told import tells

if TYPE_CHECKING:
    from pathlib import Path

    from desk.operations.connect import OpenCatalogue
    from tests.support.postgres import Server


def pragma(catalogue: OpenCatalogue, name: str) -> object:
    return scalar(catalogue, f"PRAGMA {name}")


@pytest.mark.parametrize("name", ["a?b=c&mode=memory", "100% #1.desk", "two words.desk", "Ünïcödé が.desk", "a%20b"])
def test_any_file_name_can_be_created_and_opened(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    create_catalogue(target=str(path))
    opened = open_catalogue(target=str(path))
    assert scalar(opened, "SELECT count(*) FROM books") == 0
    assert opened.info.title == name
    opened.close()
    assert [one.name for one in tmp_path.iterdir()] == [name]


def test_a_missing_file_is_not_created_by_an_engine(tmp_path: Path) -> None:
    engine = engines.make_engine(targets.target_url(str(tmp_path / "none.desk")))
    with pytest.raises(DBAPIError):
        engine.connect()
    engine.dispose()
    assert not list(tmp_path.iterdir())


def test_a_file_opened_for_reading_refuses_to_be_written(sqlite_path: Path) -> None:
    engine = engines.make_engine(targets.target_url(str(sqlite_path)), mode="ro")
    with engine.connect() as connection, pytest.raises(DBAPIError, match="readonly"):
        connection.exec_driver_sql("DELETE FROM contributions")
    engine.dispose()


def test_a_new_file_is_in_wal_mode(sqlite_path: Path) -> None:
    opened = open_catalogue(target=str(sqlite_path))
    assert pragma(opened, "journal_mode") == "wal"
    opened.close()


@pytest.mark.parametrize(
    ("name", "value"), [("foreign_keys", 1), ("trusted_schema", 0), ("cell_size_check", 1), ("cache_size", -8_000)]
)
def test_every_sqlite_connection_is_a_careful_one(sqlite_path: Path, name: str, value: int) -> None:
    opened = open_catalogue(target=str(sqlite_path))
    with opened.sessions.reading("one"):
        assert pragma(opened, name) == value
    assert pragma(opened, name) == value
    opened.close()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 'a' REGEXP 'a'",
        "SELECT regexp('(a+)+$', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaab')",
        "SELECT load_extension('x')",
    ],
)
def test_nothing_of_python_can_be_called_from_a_file(sqlite_path: Path, statement: str) -> None:
    opened = open_catalogue(target=str(sqlite_path))
    with opened.sessions.reading("hostile") as session:
        raw: Any = session.connection().connection.dbapi_connection
        with pytest.raises(sqlite3.OperationalError):
            raw.execute(statement)
    opened.close()


def test_a_writer_gives_up_after_the_lock_time_out(sqlite_path: Path) -> None:
    opened = open_catalogue(target=str(sqlite_path), settings=PoolSettings(lock_timeout=0.2))
    other = sqlite3.connect(sqlite_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(EnvironmentProblem) as locked, opened.sessions.writing("write"):
        pytest.fail("the block must not run")
    assert locked.value.code == "locked"
    other.close()
    assert opened.pool.snapshot().checked_out == 0
    opened.close()


def test_a_check_out_without_a_time_out_does_not_wait(database_target: str) -> None:
    opened = open_catalogue(target=database_target, settings=PoolSettings(size=1, overflow=0, timeout=0))
    with holding(opened, 1), tells("pool_exhausted", within=2), opened.sessions.reading("one too many"):
        pass
    opened.close()


def test_a_memory_database_has_one_connection() -> None:
    engine = engines.make_engine(targets.target_url("sqlite://"))
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
        connection.commit()
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar() == 0
    assert engine.pool.status().startswith("Pool size: 1")
    engine.dispose()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("application_name", "desk"),
        ("search_path", '"desk"'),
        ("client_encoding", "UTF8"),
        ("statement_timeout", "1500ms"),
        ("lock_timeout", "2s"),
        ("idle_in_transaction_session_timeout", "1min"),
    ],
)
def test_the_settings_are_in_force_on_the_server(postgres_url: str, setting: str, value: str) -> None:
    opened = open_catalogue(target=postgres_url, settings=PoolSettings(statement_timeout=1.5, lock_timeout=2.0))
    assert scalar(opened, f"SHOW {setting}") == value
    opened.close()


def test_the_socket_settings_are_in_force_in_libpq(postgres_url: str) -> None:
    opened = open_catalogue(target=postgres_url)
    with opened.sessions.reading("look") as session:
        raw: Any = session.connection().connection.dbapi_connection
        known = {one.keyword.decode(): (one.val or b"").decode() for one in raw.pgconn.info}
    wanted = {
        "connect_timeout": "3", "keepalives_idle": "2", "keepalives_interval": "1", "keepalives_count": "3",
        "tcp_user_timeout": "5000", "sslmode": "prefer",
    }  # fmt: skip
    assert {name: known[name] for name in wanted} == wanted
    opened.close()


def test_what_the_url_says_wins_over_our_setting(postgres_url: str) -> None:
    joint = "&" if "?" in postgres_url else "?"
    opened = open_catalogue(target=f"{postgres_url}{joint}application_name=mine")
    assert scalar(opened, "SHOW application_name") == "mine"
    opened.close()


@pytest.mark.parametrize("schema", [
    "library", "Two Words", 'quo"te', "back\\slash", "ünï", "select", "a,b", "it's",
    "50%", "%(x)s", "a :b", "tab\there",
])  # fmt: skip
def test_a_catalogue_lives_in_the_schema_that_the_url_names(
    empty_postgres_url: str, postgres: Server, schema: str
) -> None:
    url = targets.target_url(empty_postgres_url).update_query_dict({"schema": schema})
    assert targets.schema_of(url) == schema
    migrations.upgrade(url)
    opened = open_catalogue(target=url.render_as_string(hide_password=False))
    assert scalar(opened, "SELECT current_schema()") == schema
    assert scalar(opened, "SELECT count(*) FROM books") == 0
    opened.close()
    with postgres.connect(url.database or "") as connection:
        found = connection.execute(
            "SELECT DISTINCT schemaname FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
    assert found == [(schema,)]


def test_two_catalogues_share_a_database_in_schemas_of_their_own(empty_postgres_url: str) -> None:
    first = targets.target_url(empty_postgres_url)
    second = first.update_query_dict({"schema": "other"})
    identities = set()
    for url in (first, second):
        migrations.upgrade(url)
        opened = open_catalogue(target=url.render_as_string(hide_password=False))
        identities.add(opened.info.identity)
        opened.close()
    assert len(identities) == 2
    migrations.downgrade(first, "base")
    assert revisions.status_of(second).state is revisions.SchemaState.CURRENT


def test_options_of_the_url_come_on_top_of_ours(postgres_url: str) -> None:
    url = targets.target_url(postgres_url).update_query_dict({"options": "-c statement_timeout=1234"})
    opened = open_catalogue(target=url.render_as_string(hide_password=False))
    assert scalar(opened, "SHOW statement_timeout") == "1234ms"
    assert scalar(opened, "SHOW search_path") == '"desk"'
    opened.close()


def test_options_of_a_service_or_the_environment_count_where_ours_say_nothing(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def shown(target: str) -> tuple[object, object]:
        opened = open_catalogue(target=target)
        try:
            return scalar(opened, "SHOW work_mem"), scalar(opened, "SHOW search_path")
        finally:
            opened.close()

    monkeypatch.setenv("PGOPTIONS", "-c work_mem=7MB -c search_path=public")
    assert shown(postgres_url) == ("7MB", '"desk"')
    (tmp_path / "services").write_text("[ours]\noptions=-c work_mem=9MB\n")
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    of_service = targets.target_url(postgres_url).update_query_dict({"service": "ours"})
    assert shown(of_service.render_as_string(hide_password=False)) == ("9MB", '"desk"')


def test_a_file_name_may_be_no_text(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff\xfe.desk")
    create_catalogue(target=str(path))
    migrations.migrate(targets.target_url(str(path)), "base", upwards=False, with_backup=True)
    assert sum(one.suffix == ".desk" for one in tmp_path.iterdir()) == 2


def test_statements_of_many_rows_run_inside_the_time_out_of_none(postgres_url: str) -> None:
    opened = open_catalogue(target=postgres_url)
    assert scalar(opened, "SHOW statement_timeout") == "0"
    with opened.sessions.reading("read") as session:
        assert session.execute(text("SELECT count(*) FROM generate_series(1, 100000)")).scalar_one() == 100000
    opened.close()
