"""The monitor of a file: sees every commit of others, holds nothing, and is gone when it is closed."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from desk.database.monitor import FileMonitor
from desk.errors import EnvironmentProblem
from desk.operations.connect import open_catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WRITE = "INSERT INTO authors (name, name_key) VALUES ('A', 'a')"


@pytest.fixture
def monitor(sqlite_path: Path) -> Iterator[FileMonitor]:
    made = FileMonitor(sqlite_path)
    yield made
    made.close()


def write(path: Path) -> None:
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute(WRITE)


def test_every_commit_of_somebody_else_makes_another_number(monitor: FileMonitor, sqlite_path: Path) -> None:
    numbers = [monitor.version()]
    for _time in range(3):
        write(sqlite_path)
        numbers.append(monitor.version())
    assert None not in numbers
    assert len(set(numbers)) == 4
    assert monitor.version() == numbers[-1]


def test_what_was_rolled_back_makes_none(monitor: FileMonitor, sqlite_path: Path) -> None:
    before = monitor.version()
    with closing(sqlite3.connect(sqlite_path)) as raw:
        raw.execute(WRITE)
        raw.rollback()
    assert monitor.version() == before


def test_nobody_waits_for_the_monitor_nor_it_for_anybody(monitor: FileMonitor, sqlite_path: Path) -> None:
    before = monitor.version()
    with closing(sqlite3.connect(sqlite_path, timeout=0, isolation_level=None)) as raw:
        raw.execute("BEGIN EXCLUSIVE")
        raw.execute(WRITE)
        assert monitor.version() == before
        raw.execute("COMMIT")
        assert monitor.version() != before
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert sqlite_path.with_name(sqlite_path.name + "-wal").stat().st_size == 0  # no reader is in the way


def test_a_file_that_is_locked_answers_what_it_did_last(sqlite_path: Path) -> None:
    with closing(sqlite3.connect(sqlite_path)) as raw:
        raw.execute("PRAGMA journal_mode = DELETE")
    monitor = FileMonitor(sqlite_path)
    before = monitor.version()
    with closing(sqlite3.connect(sqlite_path, timeout=0, isolation_level=None)) as raw:
        raw.execute("BEGIN EXCLUSIVE")
        raw.execute(WRITE)
        assert monitor.version() == before
        raw.execute("COMMIT")
    assert monitor.version() != before
    monitor.close()


@pytest.mark.parametrize("mode", ["rw", "ro"])
def test_a_file_for_reading_only_is_looked_at_too(sqlite_path: Path, mode: str) -> None:
    monitor = FileMonitor(sqlite_path, mode)
    before = monitor.version()
    write(sqlite_path)
    assert monitor.version() not in (None, before)
    monitor.close()


def test_what_nobody_changes_and_what_is_no_file_has_no_number(sqlite_path: Path) -> None:
    assert FileMonitor(sqlite_path, "ro&immutable=1").version() is None
    assert FileMonitor(None).version() is None


def test_a_file_that_is_gone_is_told_and_not_made(tmp_path: Path) -> None:
    monitor = FileMonitor(tmp_path / "gone.desk")
    with pytest.raises(EnvironmentProblem):
        monitor.version()
    assert not (tmp_path / "gone.desk").exists()


def test_it_closes_with_its_catalogue_and_leaves_nothing_beside_the_file(sqlite_path: Path) -> None:
    catalogue = open_catalogue(target=str(sqlite_path))
    assert catalogue.monitor.version() is not None
    assert catalogue.pool.snapshot().checked_out == 0
    catalogue.close()
    assert catalogue.monitor.version() is None
    assert [path.name for path in sqlite_path.parent.iterdir()] == [sqlite_path.name]


def test_many_threads_may_ask_it(monitor: FileMonitor) -> None:
    failed: list[BaseException] = []

    def ask() -> None:
        try:
            for _time in range(200):
                monitor.version()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=ask) for _number in range(4)]
    for thread in threads:
        thread.start()
    monitor.close()
    for thread in threads:
        thread.join()
    assert failed == []
