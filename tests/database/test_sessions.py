"""The two doors to a session: nothing stays open behind either, whatever happened inside."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import ProgrammingError

from desk.catalog.models import Author, Book
from desk.database.profiles import PoolSettings
from desk.database.sessions import Sessions
from desk.errors import DataConflict, EnvironmentProblem
from desk.operations.connect import open_catalogue
from tests.support.editing import scalar
from tests.support.holding import holding
from tests.support.measuring import counting

if TYPE_CHECKING:
    from pathlib import Path

    from desk.operations.connect import OpenCatalogue
    from tests.support.library import Library

COUNT = "SELECT count(*) FROM books"


def add_book(catalogue: OpenCatalogue, *, commit: bool) -> None:
    with catalogue.sessions.writing("add") as session:
        session.add(Book(title="Emma"))
        session.flush()
        if commit:
            session.commit()


def test_rolls_back_uncommitted_work_by_default(catalogue: OpenCatalogue) -> None:
    add_book(catalogue, commit=False)
    assert scalar(catalogue, COUNT) == 0


def test_keeps_what_was_committed(catalogue: OpenCatalogue) -> None:
    add_book(catalogue, commit=True)
    assert scalar(catalogue, COUNT) == 1


def test_work_after_a_commit_is_a_new_unit(catalogue: OpenCatalogue) -> None:
    with catalogue.sessions.writing("two units") as session:
        for title in ("kept", "dropped"):
            session.add(Book(title=title))
            session.flush()
            if title == "kept":
                session.commit()
    assert scalar(catalogue, "SELECT title FROM books") == "kept"


def test_an_error_inside_the_block_rolls_back_and_passes_through(catalogue: OpenCatalogue) -> None:
    with pytest.raises(ZeroDivisionError), catalogue.sessions.writing("fail") as session:
        session.add(Book(title="Emma"))
        session.flush()
        raise ZeroDivisionError
    assert scalar(catalogue, COUNT) == 0
    assert catalogue.pool.snapshot().checked_out == 0


def test_reading_holds_no_transaction_afterwards(catalogue: OpenCatalogue) -> None:
    with catalogue.sessions.reading("read") as session:
        session.execute(text("SELECT 1"))
        assert catalogue.pool.snapshot().open_transactions == 1
    snapshot = catalogue.pool.snapshot()
    assert (snapshot.checked_out, snapshot.open_transactions) == (0, 0)


def test_the_server_sees_an_idle_connection_after_reading(postgres_url: str) -> None:
    opened = open_catalogue(target=postgres_url)
    scalar(opened, "SELECT 1")
    address = make_url(postgres_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, application_name="looker") as other:
        found = other.execute(
            "SELECT state FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'desk'"
        ).fetchall()
    assert found == [("idle",)]
    opened.close()


def test_reading_in_a_snapshot_sees_one_moment(catalogue: OpenCatalogue) -> None:
    with ThreadPoolExecutor(1) as threads, catalogue.sessions.reading("read", snapshot=True) as session:
        before = session.execute(text(COUNT)).scalar_one()
        threads.submit(add_book, catalogue, commit=True).result()
        assert session.execute(text(COUNT)).scalar_one() == before == 0
    assert scalar(catalogue, COUNT) == 1


def test_reading_never_keeps_a_change(catalogue: OpenCatalogue, filled: Library) -> None:
    with suppress(EnvironmentProblem), catalogue.sessions.reading("sneaky") as session:
        session.execute(text("DELETE FROM contributions"))
    assert scalar(catalogue, "SELECT count(*) FROM contributions") > 0


def test_the_server_refuses_to_write_while_reading_and_writes_again_afterwards(postgres_url: str) -> None:
    opened = open_catalogue(target=postgres_url, settings=PoolSettings(size=1, overflow=0))
    with pytest.raises(EnvironmentProblem) as refused, opened.sessions.reading("sneaky") as session:
        session.execute(text("DELETE FROM books"))
    assert refused.value.code == "read_only"
    add_book(opened, commit=True)
    opened.close()


def test_a_session_used_from_another_thread_raises(catalogue: OpenCatalogue, filled: Library) -> None:
    with catalogue.sessions.writing("mine") as session, ThreadPoolExecutor(1) as threads:
        session.add(Author(name="x"))
        attempts = (
            lambda: session.execute(text("SELECT 1")),
            lambda: session.get(Book, filled.book_ids[0]),
            session.connection,
            session.flush,
            session.commit,
        )
        for attempt in attempts:
            with pytest.raises(RuntimeError, match="thread"):
                threads.submit(attempt).result()


def test_a_catalogue_open_for_reading_only_refuses_to_write_and_says_why(catalogue: OpenCatalogue) -> None:
    sessions = Sessions(catalogue.sessions._engine, catalogue.sessions._url, read_only="the moon is full")
    with pytest.raises(EnvironmentProblem) as refused, sessions.writing("write"):
        pytest.fail("the block must not run")
    assert "the moon is full" in refused.value.what
    assert refused.value.kept
    assert refused.value.code == "read_only"
    with sessions.reading("read") as session:
        assert session.execute(text(COUNT)).scalar_one() == 0


def test_one_action_pays_for_all_its_sessions(catalogue: OpenCatalogue) -> None:
    with counting() as action:
        for _round in range(3):
            scalar(catalogue, "SELECT 1")
    assert (action.statements, action.checkouts) == (3, 3)


def test_a_commit_after_sqlite_rolled_back_by_itself_is_never_a_success(sqlite_path: Path) -> None:
    opened = open_catalogue(target=str(sqlite_path))
    with pytest.raises(EnvironmentProblem) as refused, opened.sessions.writing("interrupted") as session:
        raw: Any = session.connection().connection.dbapi_connection
        session.add_all(Book(title=f"book {number}") for number in range(100))
        session.flush()
        raw.set_progress_handler(lambda: 1, 1)
        with pytest.raises(sqlite3.OperationalError, match="interrupted"):
            raw.execute("UPDATE books SET notes = 'x'")
        raw.set_progress_handler(None, 1)
        assert not raw.in_transaction
        session.commit()
    assert refused.value.code == "not_saved"
    assert refused.value.kept
    assert scalar(opened, COUNT) == 0
    opened.close()


def test_writers_of_one_file_wait_for_each_other(sqlite_path: Path) -> None:
    opened = open_catalogue(target=str(sqlite_path))
    with ThreadPoolExecutor(4) as threads:
        for future in [threads.submit(add_book, opened, commit=True) for _number in range(40)]:
            future.result(20)
    assert scalar(opened, COUNT) == 40
    opened.close()


def test_readers_are_not_held_up_by_a_writer(sqlite_path: Path) -> None:
    opened = open_catalogue(target=str(sqlite_path))
    with opened.sessions.writing("write") as session, ThreadPoolExecutor(1) as threads:
        session.add(Book(title="Emma"))
        session.flush()
        assert threads.submit(scalar, opened, COUNT).result(5) == 0
    opened.close()


def test_closing_closes_idle_connections_at_once_and_borrowed_ones_when_they_come_back(database_target: str) -> None:
    opened = open_catalogue(target=database_target)
    with holding(opened, 2):
        opened.close()
        snapshot = opened.pool.snapshot()
        assert snapshot.opened - snapshot.closed == 2
    snapshot = opened.pool.snapshot()
    assert (snapshot.checked_out, snapshot.opened - snapshot.closed) == (0, 0)


def test_a_commit_that_sqlite_refuses_leaves_no_transaction_open(sqlite_path: Path) -> None:
    """SQLAlchemy takes a transaction for ended whose COMMIT failed; SQLite has it still, with its locks."""
    opened = open_catalogue(target=str(sqlite_path))
    with pytest.raises(DataConflict), opened.sessions.writing("refused") as session:
        session.execute(text("PRAGMA defer_foreign_keys = ON"))
        session.execute(text("INSERT INTO books (title, title_key, author_id) VALUES ('x', 'x', 99)"))
        session.commit()
    assert opened.pool.snapshot().open_transactions == 0
    with opened.sessions.writing("next") as session:
        assert session.execute(text("SELECT count(*) FROM books")).scalar_one() == 0
    opened.close()


def test_a_commit_after_a_failed_statement_is_never_a_success(postgres_url: str) -> None:
    """A server answers such a COMMIT without an error, and rolls back."""
    opened = open_catalogue(target=postgres_url)
    with pytest.raises(EnvironmentProblem) as told, opened.sessions.writing("swallow") as session:
        session.execute(text("INSERT INTO books (title, title_key) VALUES ('x', 'x')"))
        with suppress(ProgrammingError):
            session.execute(text("SELECT nothing"))
        session.commit()
    assert told.value.code == "not_saved"
    assert scalar(opened, "SELECT count(*) FROM books") == 0
    opened.close()
