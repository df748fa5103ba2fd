"""What drivers raise becomes words for a person; a bug of ours stays what it is."""

from __future__ import annotations

import sqlite3
import traceback
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError, SQLAlchemyError

from desk.catalog.models import Book
from desk.database import failures, targets
from desk.database.profiles import PoolSettings
from desk.database.targets import target_url
from desk.errors import DataConflict, DeskError, EnvironmentProblem, InvalidInput
from desk.operations.connect import open_catalogue
from tests.support.editing import scalar
from tests.support.told import SENTINEL
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from desk.operations.connect import OpenCatalogue
    from tests.support.library import Library


@pytest.fixture
def server_catalogue(postgres_url: str) -> Iterator[OpenCatalogue]:
    opened = open_catalogue(target=postgres_url)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("28P01", "password"), ("28000", "role"), ("3D000", "database"), ("53300", "clients"), ("25P03", "lost"),
        ("57014", "statement_timeout"), ("55P03", "locked"), ("40P01", "deadlock"), ("40001", "serialization"),
        ("42501", "permission"), ("25006", "read_only"), ("42P01", "schema"), ("23503", "reference"),
        ("23502", "required"), ("23000", "rule"), ("23001", "rule"), ("23505", "rule"), ("23514", "rule"),
        ("23P01", "rule"),
        ("57P01", "lost"), ("57P02", "lost"), ("57P03", "lost"), ("08006", "lost"),
    ],
)  # fmt: skip
def test_every_known_state_of_postgresql_has_words(server_catalogue: OpenCatalogue, state: str, code: str) -> None:
    with pytest.raises(DeskError) as told, server_catalogue.sessions.writing("fail") as session:
        session.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'the reason' USING ERRCODE = '{state}'; END $$"))
    assert told.value.code == code
    assert told.value.what
    assert told.value.kept
    assert server_catalogue.pool.snapshot().checked_out == 0


def test_a_wrong_statement_is_a_bug_and_stays_one(catalogue: OpenCatalogue) -> None:
    with pytest.raises(SQLAlchemyError), catalogue.sessions.reading("bug") as session:
        session.execute(text("SELEKT"))


def test_a_wrong_statement_does_not_tell_its_parameters(server_catalogue: OpenCatalogue) -> None:
    with pytest.raises(ProgrammingError) as bug, server_catalogue.sessions.reading("bug") as session:
        session.execute(text("SELEKT :secret"), {"secret": "sentinel"})
    assert "sentinel" not in str(bug.value)


def test_a_statement_time_out_is_not_called_a_cancel(postgres_url: str) -> None:
    opened = open_catalogue(target=postgres_url, settings=PoolSettings(statement_timeout=0.1))
    with pytest.raises(EnvironmentProblem) as told:
        scalar(opened, "SELECT pg_sleep(60)")
    assert told.value.code == "statement_timeout"
    assert "timed out" in told.value.what
    opened.close()


def test_a_transaction_idle_for_too_long_is_ended_and_the_next_action_works(postgres_url: str) -> None:
    opened = open_catalogue(target=postgres_url, settings=PoolSettings(idle_in_transaction_timeout=0.1))
    looker = open_catalogue(target=postgres_url)
    with pytest.raises(EnvironmentProblem) as told, opened.sessions.writing("idle") as session:
        pid = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        wait_until(
            lambda: scalar(looker, "SELECT count(*) FROM pg_stat_activity WHERE pid = :pid", pid=pid) == 0, "it is gone"
        )
        session.execute(text("SELECT 1"))
    assert told.value.code == "lost"
    assert scalar(opened, "SELECT 1") == 1
    opened.close()
    looker.close()


def test_a_full_disk_is_named_and_nothing_is_saved(sqlite_path: Path) -> None:
    opened = open_catalogue(target=str(sqlite_path))
    with pytest.raises(EnvironmentProblem) as told, opened.sessions.writing("fill") as session:
        session.execute(text("PRAGMA max_page_count = 40"))
        session.add_all(Book(title="x" * 1900) for _number in range(500))
        session.flush()
        session.commit()
    assert told.value.code == "disk_full"
    assert "nothing was saved" in told.value.what
    assert scalar(opened, "SELECT count(*) FROM books") == 0
    opened.close()


def test_a_broken_reference_is_a_conflict(catalogue: OpenCatalogue) -> None:
    with pytest.raises(DataConflict) as told, catalogue.sessions.writing("refer") as session:
        session.add(Book(title="x", author_id=10**6))
        session.flush()
        session.commit()
    assert told.value.code == "reference"
    assert "Nothing was saved" in told.value.kept


BROKEN_RULES = [
    ("INSERT INTO books (title, title_key) VALUES (NULL, '')", "required", "title"),
    ("INSERT INTO authors (id, name, name_key) SELECT id, 'x', 'x' FROM authors", "rule", "authors"),
    ("INSERT INTO books (title, title_key, author_id) VALUES ('x', 'x', 1000000)", "reference", "refer"),
    ("DELETE FROM authors WHERE id IN (SELECT author_id FROM books)", "reference", "refer"),
]


@pytest.mark.parametrize(("statement", "code", "words"), BROKEN_RULES)
def test_every_broken_rule_is_a_conflict_in_words(
    catalogue: OpenCatalogue, filled: Library, statement: str, code: str, words: str
) -> None:
    with pytest.raises(DataConflict) as told, catalogue.sessions.writing("break") as session:
        session.execute(text(statement))
        session.commit()
    assert told.value.code == code
    assert words in told.value.what
    assert "Nothing was saved" in told.value.kept
    assert told.value.advice


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (sqlite3.SQLITE_CONSTRAINT_NOTNULL, "required"), (sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY, "reference"),
        (sqlite3.SQLITE_CONSTRAINT_UNIQUE, "rule"), (sqlite3.SQLITE_CONSTRAINT_CHECK, "rule"),
        (sqlite3.SQLITE_CONSTRAINT_TRIGGER, "rule"), (sqlite3.SQLITE_MISMATCH, "rule"),
    ],
)  # fmt: skip
def test_every_broken_rule_of_sqlite_has_words(number: int, code: str) -> None:
    orig = sqlite3.IntegrityError("the reason")
    orig.sqlite_errorcode = number
    told = failures.explained(IntegrityError("SELECT 1", {}, orig), target_url("/tmp/x.desk"), cancelled=False)
    assert isinstance(told, DataConflict)
    assert told.code == code


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ("foo=bar", "foo"), ("autocommit=yes", "autocommit"), ("sslmode=bogus", "sslmode"),
        ("connect_timeout=abc", "connect_timeout"), ("keepalives=abc", "keepalives"), ("service=none", "none"),
        ("target_session_attrs=x", "target_session_attrs"), ("port=abc", "port"), ("port=99999", "99999"),
    ],
)  # fmt: skip
def test_a_bad_option_of_a_url_is_named(option: str, name: str) -> None:
    with pytest.raises(InvalidInput) as told:
        open_catalogue(target=f"postgresql://clerk:{SENTINEL}@127.0.0.1:1/library?{option}")
    assert name in told.value.what
    assert told.value.code == "option"
    assert told.value.advice
    assert SENTINEL not in "".join(traceback.format_exception(told.value))


def test_a_socket_without_a_server_is_down(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem) as told:
        open_catalogue(target=f"postgresql:///library?host={tmp_path}")
    assert told.value.code == "down"


def test_what_the_driver_refuses_by_itself_is_no_lost_connection(server_catalogue: OpenCatalogue) -> None:
    with pytest.raises(SQLAlchemyError), server_catalogue.sessions.reading("bug") as session:
        session.execute(text("SELECT CAST(:text AS text)"), {"text": "a\0b"})


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (sqlite3.SQLITE_BUSY, "locked"), (sqlite3.SQLITE_LOCKED, "locked"), (sqlite3.SQLITE_READONLY, "read_only"),
        (sqlite3.SQLITE_FULL, "disk_full"), (sqlite3.SQLITE_CORRUPT, "corrupt"), (sqlite3.SQLITE_IOERR, "disk"),
        (sqlite3.SQLITE_NOTADB, "not_a_database"), (sqlite3.SQLITE_CANTOPEN, "missing"),
        (sqlite3.SQLITE_READONLY_DBMOVED, "read_only"), (sqlite3.SQLITE_IOERR_WRITE, "disk"),
    ],
)  # fmt: skip
def test_every_known_code_of_sqlite_has_words(number: int, code: str) -> None:
    orig = sqlite3.OperationalError("the reason")
    orig.sqlite_errorcode = number
    from sqlalchemy.exc import OperationalError

    told = failures.explained(OperationalError("SELECT 1", {}, orig), target_url("/tmp/x.desk"), cancelled=False)
    assert isinstance(told, EnvironmentProblem)
    assert told.code == code
    assert told.what
    assert told.kept


@pytest.mark.parametrize(
    ("target", "place"),
    [
        ("postgresql://me:secret@host:99/db", "host:99"),
        ("postgresql:///db?host=/run/x&password=secret", "/run/x:5432"),
        ("postgresql:///db?host=one,two&port=99", "one:99, two:99"),
        ("postgresql:///db?host=one,::1&port=99,98", "one:99, [::1]:98"),
        ("postgresql:///db?password=secret", "localhost:5432"),
        ("/tmp/x.desk", "/tmp/x.desk"),
    ],
)
def test_a_place_never_tells_a_secret(target: str, place: str) -> None:
    assert targets.place_of(target_url(target)) == place
