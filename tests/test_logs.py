"""The log tells what happened, without secrets, and never troubles what it tells of."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from desk import logs
from desk.operations.connect import open_catalogue
from desk.redaction import keep_out
from tests.support.told import SENTINEL
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

desk_log = logging.getLogger("desk.test")


@pytest.fixture
def log(desk_home: Path) -> Iterator[Path]:
    """A running log; its file."""
    logs.start_log()
    yield logs.log_file()
    logs.stop_log()


def written() -> str:
    """What is in the file once everything is written; the log has ended then."""
    logs.stop_log()
    return logs.log_file().read_text(encoding="utf-8")


def test_it_begins_with_the_versions(log: Path) -> None:
    text = written()
    assert " INFO desk " in text
    assert "Started: Desk " in text
    assert f"Python {sys.version_info.major}.{sys.version_info.minor}" in text


def test_no_file_is_made_before_there_is_something_to_write(desk_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_tell_versions", lambda: None)
    logs.start_log()
    logs.stop_log()
    assert not desk_home.exists()


def test_a_catalogue_is_logged_when_it_opens_and_closes(log: Path, sqlite_path: Path) -> None:
    open_catalogue(target=str(sqlite_path)).close()
    text = written()
    assert f"Opened {sqlite_path} (read and write)" in text
    assert f"Closed {sqlite_path}" in text


def test_others_are_logged_from_warnings_on(log: Path) -> None:
    logging.getLogger("sqlalchemy.pool").warning("a warning")
    logging.getLogger("sqlalchemy.engine").info("a statement")
    text = written()
    assert "WARNING sqlalchemy.pool" in text
    assert "a statement" not in text


def test_no_part_of_a_record_holds_a_secret(log: Path) -> None:
    keep_out(SENTINEL)
    desk_log.info("message %s", SENTINEL)
    desk_log.info("url %s", f"postgresql://clerk:{SENTINEL}@host/x")
    desk_log.info("values %(a)r", {"a": SENTINEL})
    desk_log.warning("stack", stack_info=True)
    try:
        password = SENTINEL
        raise ValueError(f"refused {password}") from RuntimeError(SENTINEL)
    except ValueError:
        desk_log.exception("failed with %r", SENTINEL)
    text = written()
    assert SENTINEL not in text
    assert text.count("***") >= 6
    assert "ValueError: refused ***" in text
    assert "RuntimeError: ***" in text
    assert "Stack (most recent call last)" in text


def test_a_secret_is_gone_before_it_is_queued(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_out(SENTINEL)
    queued: list[logging.LogRecord] = []
    monkeypatch.setattr(logs._Entrance, "enqueue", lambda _self, record: queued.append(record))
    desk_log.error("x %s", SENTINEL, exc_info=ValueError(SENTINEL))
    (record,) = queued
    assert SENTINEL not in repr(vars(record))


def test_a_damaged_text_is_written_all_the_same(log: Path) -> None:
    assert logs._running is not None  # to our handler alone: pytest-xdist cannot send half a character
    logs._running._handler.handle(desk_log.makeRecord("x", logging.INFO, "x", 1, "half: %s", ("\ud800",), None))
    assert r"half: \ud800" in written()


def test_a_record_that_cannot_be_made_is_dropped_in_silence(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert logs._running is not None
    logs._running._handler.handle(desk_log.makeRecord("x", logging.INFO, "x", 1, "two %s %s", ("one",), None))
    desk_log.info("after it")
    assert "after it" in written()
    assert capsys.readouterr().err == ""


def test_a_very_long_record_is_cut_in_its_middle(log: Path) -> None:
    desk_log.info("begin %s end", "x" * 1_000_000)
    text = written()
    assert "begin xxx" in text
    assert "xxx end" in text
    assert len(text) < logs.LONGEST_RECORD + 1000


def test_the_files_stay_small_and_few(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(400):
        desk_log.info("record %d %s", number, "x" * 20_000)
        wait_until(lambda: logs._running is None or logs._running._writer.records.qsize() < 100)
    assert "record 399" in written()
    files = sorted(log.parent.iterdir())
    assert [path.name for path in files] == ["desk.log", "desk.log.1", "desk.log.2"]
    assert all(path.stat().st_size <= logs.FILE_BYTES for path in files)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has rights of another kind")
def test_the_file_is_for_its_owner_only(log: Path) -> None:
    assert written()
    assert log.stat().st_mode & 0o777 == 0o600


def test_no_caller_waits_for_a_disk_that_hangs(desk_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = threading.Event()
    monkeypatch.setattr(logs._File, "_open", lambda _self: hanging.wait() and None)
    monkeypatch.setattr(logs, "QUEUE_LENGTH", 10)
    monkeypatch.setattr(logs, "STOP_SECONDS", 0.05)
    logs.start_log()
    try:
        for number in range(1000):
            desk_log.info("record %d", number)
        assert logs._running is not None
        assert logs._running._writer.records.full()
        logs.stop_log()
    finally:
        hanging.set()
        wait_until(lambda: not any("_monitor" in thread.name for thread in threading.enumerate()))


@pytest.mark.parametrize("trouble", ["a file for a folder", "a folder for a file"])
def test_where_nothing_can_be_written_everything_goes_on(
    desk_home: Path, trouble: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if trouble == "a file for a folder":
        desk_home.write_text("")
    else:
        logs.log_file().mkdir(parents=True)
    logs.start_log()
    desk_log.error("lost")
    logs.stop_log()
    assert capsys.readouterr().err == ""


def test_it_is_written_again_when_the_trouble_is_over(desk_home: Path) -> None:
    desk_home.write_text("")
    logs.start_log()
    desk_log.info("lost")
    assert logs._running is not None
    wait_until(logs._running._writer.records.empty)
    logs._running._file.acquire()  # the record before is through
    logs._running._file.release()
    desk_home.unlink()
    desk_log.info("found")
    assert "found" in written()


def test_starting_twice_logs_once_and_ending_undoes_it(desk_home: Path) -> None:
    before = (sys.excepthook, threading.excepthook, sys.unraisablehook, logging.getLogger().handlers[:])
    logs.start_log()
    logs.start_log()
    assert sys.excepthook is not before[0]
    desk_log.info("once")
    assert written().count("once") == 1
    logs.stop_log()
    assert (sys.excepthook, threading.excepthook, sys.unraisablehook, logging.getLogger().handlers[:]) == before
    assert not desk_log.isEnabledFor(logging.INFO)


def test_threads_that_start_it_at_once_start_one(desk_home: Path) -> None:
    before = logging.getLogger().handlers[:]
    threads = [threading.Thread(target=logs.start_log) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(logging.getLogger().handlers) == len(before) + 1
    assert written().count("Started: ") == 1
    assert logging.getLogger().handlers == before


def test_logging_of_others_stays_as_it_is(log: Path) -> None:
    assert logging.raiseExceptions


def test_a_hook_that_another_put_in_since_stays(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other(*_arguments: object) -> None:
        pass

    monkeypatch.setattr(sys, "excepthook", other)
    logs.stop_log()
    assert sys.excepthook is other


UNEXPECTED = f"""
import sys, threading
from desk import logs
from desk.redaction import keep_out
keep_out({SENTINEL!r})
logs.start_log()

class Unraisable:
    def __del__(self):
        raise KeyError({SENTINEL!r})

def in_thread():
    raise LookupError({SENTINEL!r})

Unraisable()
thread = threading.Thread(target=in_thread, name="sorter")
thread.start()
thread.join()
quiet = threading.Thread(target=sys.exit)
quiet.start()
quiet.join()
import atexit
atexit.register(logs.stop_log)
raise ValueError("at last", {SENTINEL!r})
"""


def test_unexpected_exceptions_are_logged_and_printed_without_secrets(tmp_path: Path, desk_home: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(UNEXPECTED)
    environment = os.environ | {"PYTHONPATH": str(Path(logs.__file__).parents[1])}
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, env=environment)
    log = logs.log_file().read_text()
    assert done.returncode == 1
    for text in (done.stderr, log):
        for words in ("ValueError: ('at last', '***')", "LookupError: ***", "thread sorter", "KeyError: '***'"):
            assert words in text
        assert text.count("Traceback (most recent call last)") == 3
        assert "SystemExit" not in text
    source = f"raise KeyError({SENTINEL!r})"  # a traceback quotes the line of source; here it is the secret's own
    assert SENTINEL not in (done.stderr + log).replace(source, "")


def test_a_program_without_a_console_logs_all_the_same(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    sys.excepthook(ValueError, ValueError("unseen"), None)
    monkeypatch.undo()
    os.environ["DESK_HOME"] = str(log.parents[1])
    logs.stop_log()
    assert "ValueError: unseen" in log.read_text()


def test_the_log_ends_with_the_program_whatever_is_queued(desk_home: Path) -> None:
    begin = time.monotonic()
    logs.start_log()
    for number in range(500):
        desk_log.info("record %d", number)
    assert "record 499" in written()
    assert time.monotonic() - begin < 60
