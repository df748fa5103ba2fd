"""Faults 4, 5, 14 to 18, 25 to 28, 32, 33 and 38: what becomes of a unit of work when the database does not play along.

It is never called saved when it was not, nor the other way round; the pending edits are the caller's and stay.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import event, make_url, text

from desk.catalog.edits import CommitResult, UnitReceipt
from desk.database.actions import Action
from desk.database.profiles import PoolSettings
from desk.errors import ActionCancelled, DeskError, EnvironmentProblem
from desk.operations import outcomes, retrying_units
from desk.operations.commit import commit_edits
from desk.operations.connect import OpenCatalogue, create_catalogue, open_catalogue
from desk.operations.outcomes import resolve_unit
from tests.support.editing import BOOK, batch, insert, scalar, update
from tests.support.library import make_books
from tests.support.proxy import Fate, Proxy
from tests.support.serving import nothing_is_out
from tests.support.told import tells
from tests.support.waiting import wait_until
from tests.torture import commit as torture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from desk.catalog.edits import EditBatch
    from tests.support.postgres import Server

PAGE_BYTES = 4096
SOON = 8.0
"""Seconds in which an outcome has to be said."""


@contextmanager
def opened(target: str, *, books: int = 0, **settings: Any) -> Iterator[OpenCatalogue]:
    catalogue = open_catalogue(target=target, settings=PoolSettings(**settings))
    try:
        if books:
            make_books(catalogue, books)
        yield catalogue
        assert nothing_is_out(catalogue)
    finally:
        catalogue.close()


@contextmanager
def foreign(url: str) -> Iterator[psycopg.Connection[Any]]:
    """Another program's connection, with the catalogue's schema; what it does is rolled back at the end."""
    address = make_url(url).set(drivername="postgresql", query={}).render_as_string(hide_password=False)
    with closing(psycopg.connect(address, options="-c search_path=desk -c lock_timeout=20s")) as raw:
        yield raw


@contextmanager
def behind(url: str, proxy: Proxy, **settings: Any) -> Iterator[OpenCatalogue]:
    """The catalogue of a server's URL, reached through a proxy."""
    address = make_url(url).set(host="127.0.0.1", port=proxy.port).update_query_dict({"sslmode": "disable"})
    with opened(address.render_as_string(hide_password=False), **settings) as catalogue:
        yield catalogue


@pytest.fixture
def proxy(postgres: Server) -> Iterator[Proxy]:
    port = make_url(postgres.url()).port
    assert port is not None
    with Proxy(port) as made:
        yield made


def new_book() -> EditBatch:
    return batch(insert(BOOK, title="Emma"))


def books_in(catalogue: OpenCatalogue) -> int:
    return int(scalar(catalogue, "SELECT count(*) FROM books"))


def waits_for_lock(other: psycopg.Connection[Any]) -> bool:
    found = other.execute(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'desk' AND wait_event_type = 'Lock'"
    ).fetchone()
    return found != (0,)


def end_backends(other: psycopg.Connection[Any]) -> None:
    """Ends every connection of ours to the database, and waits until they are gone."""
    ours = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'desk'"
    other.execute(f"SELECT pg_terminate_backend(pid) {ours}")
    other.commit()

    def are_gone() -> bool:
        found = other.execute(f"SELECT count(*) {ours}").fetchone()
        other.commit()
        return found == (0,)

    wait_until(are_gone, "the backends are gone")


def test_fault_04_backend_killed_in_a_write(postgres_url: str) -> None:
    with opened(postgres_url, books=3) as catalogue, foreign(postgres_url) as other, ThreadPoolExecutor(1) as threads:
        edit = update(catalogue, "books", 1, title="Mine")
        other.execute("UPDATE books SET notes = 'held' WHERE id = 1")
        saving = threads.submit(commit_edits, sessions=catalogue.sessions, batch=batch(insert(BOOK, title="x"), edit))
        wait_until(lambda: waits_for_lock(other) or saving.done(), "the unit waits")
        end_backends(other)
        with tells("lost", within=SOON) as told:
            saving.result(SOON)
        assert "Nothing was saved" in told.kept
        assert books_in(catalogue) == 3
        assert commit_edits(sessions=catalogue.sessions, batch=batch(edit)).saved


def test_fault_04_backend_killed_right_before_the_commit(postgres_url: str) -> None:
    with opened(postgres_url) as catalogue, foreign(postgres_url) as other:
        with tells("not_saved", within=SOON) as told:
            commit_edits(
                sessions=catalogue.sessions, batch=new_book(), keep_receipt=lambda _receipt: end_backends(other)
            )
        assert "nothing" in told.what
        assert books_in(catalogue) == 0
        assert commit_edits(sessions=catalogue.sessions, batch=new_book()).saved
        assert books_in(catalogue) == 1


def test_fault_05_lost_commit_answer(postgres_url: str, proxy: Proxy) -> None:
    with behind(postgres_url, proxy, books=2) as catalogue:
        edits = batch(insert(BOOK, title="Emma"), update(catalogue, "books", 1, title="Mine"))
        proxy.lose(Fate.ANSWER_LOST)
        result = commit_edits(sessions=catalogue.sessions, batch=edits)
        assert proxy.has_lost
        assert result.saved == tuple(edit.key for edit in edits.edits)
        assert result.unknown is None
        assert result.inverse is not None
        assert scalar(catalogue, "SELECT id FROM books WHERE title = 'Emma'") == result.new_ids[BOOK]
        assert scalar(catalogue, "SELECT count(*) FROM books WHERE title = 'Mine'") == 1


@pytest.mark.parametrize("fate", [Fate.REQUEST_LOST, Fate.FORGOTTEN])
def test_fault_05_lost_commit(postgres_url: str, proxy: Proxy, fate: Fate) -> None:
    """Where the server never hears of it, it goes on waiting for the COMMIT: it has to be told."""
    with behind(postgres_url, proxy) as catalogue:
        books_in(catalogue)
        proxy.lose(fate)
        with tells("not_saved", within=SOON):
            commit_edits(sessions=catalogue.sessions, batch=new_book())
        assert proxy.has_lost
        assert books_in(catalogue) == 0
        assert scalar(catalogue, "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'") == 0
        assert commit_edits(sessions=catalogue.sessions, batch=new_book()).saved


@pytest.mark.parametrize("fate", [Fate.ANSWER_LOST, Fate.REQUEST_LOST])
def test_fault_05_unknown_until_the_server_can_be_asked(
    postgres_url: str, proxy: Proxy, fate: Fate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcomes, "ASK_SECONDS", 0.2)
    with behind(postgres_url, proxy) as catalogue:
        proxy.lose(fate, then_hold=True)
        result = commit_edits(sessions=catalogue.sessions, batch=new_book())
        assert (result.saved, result.conflicts, result.inverse) == ((), (), None)
        assert result.unknown is not None
        with pytest.raises(EnvironmentProblem):
            resolve_unit(sessions=catalogue.sessions, receipt=result.unknown)
        proxy.cut()
        proxy.flow()
        found = resolve_unit(sessions=catalogue.sessions, receipt=result.unknown)
        if fate is Fate.ANSWER_LOST:
            assert found == result.unknown.result
            assert found.saved
        else:
            assert found == CommitResult(())
        assert books_in(catalogue) == (fate is Fate.ANSWER_LOST)


def test_fault_05_an_outcome_is_not_known_while_it_is_in_progress(postgres_url: str) -> None:
    seen: list[CommitResult | None] = []
    with opened(postgres_url) as catalogue:

        def look(receipt: UnitReceipt) -> None:
            seen.append(resolve_unit(sessions=catalogue.sessions, receipt=receipt))

        commit_edits(sessions=catalogue.sessions, batch=new_book(), keep_receipt=look)
    assert seen == [None]


def test_fault_05_a_unit_of_unknown_outcome_is_never_tried_again(
    postgres_url: str, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcomes, "ASK_SECONDS", 0.0)
    told: list[str] = []
    with behind(postgres_url, proxy) as catalogue:
        proxy.lose(Fate.ANSWER_LOST)
        monkeypatch.setattr(outcomes, "resolve_unit", lambda **_arguments: None)
        result = commit_edits(sessions=catalogue.sessions, batch=new_book(), on_progress=told.append)
        assert result.unknown is not None
        assert told == []
        assert books_in(catalogue) == 1


def test_fault_14_idle_in_transaction_time_out(postgres_url: str) -> None:
    with opened(postgres_url, idle_in_transaction_timeout=0.2) as catalogue, foreign(postgres_url) as other:

        def rest(_receipt: UnitReceipt) -> None:
            ours = (
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'desk' AND datname = current_database()"
            )
            other.autocommit = True
            wait_until(lambda: other.execute(ours).fetchone() == (0,), "the server ends the connection")

        with tells("lost", within=SOON) as told:
            commit_edits(sessions=catalogue.sessions, batch=new_book(), keep_receipt=rest)
        assert "idle" in told.what
        assert "Nothing was saved" in told.kept
        assert books_in(catalogue) == 0
        assert commit_edits(sessions=catalogue.sessions, batch=new_book()).saved
        assert books_in(catalogue) == 1


@pytest.mark.parametrize(
    ("settings", "code", "words"),
    [
        ({"statement_timeout": 0.3, "lock_timeout": 0.0}, "statement_timeout", "timed out"),
        ({"lock_timeout": 0.3}, "locked", "lock"),
    ],
    ids=["test_fault_15_statement_time_out", "test_fault_16_lock_time_out"],
)
def test_fault_15_and_16_time_outs(postgres_url: str, settings: dict[str, float], code: str, words: str) -> None:
    with opened(postgres_url, books=3, **settings) as catalogue, foreign(postgres_url) as other:
        edits = batch(insert(BOOK, title="New"), update(catalogue, "books", 2, title="Mine"))
        other.execute("UPDATE books SET notes = 'held' WHERE id = 2")
        with tells(code, within=SOON) as told:
            commit_edits(sessions=catalogue.sessions, batch=edits)
        assert words in told.what
        assert "cancel" not in told.what.lower()
        assert "Nothing was saved" in told.kept
        other.commit()
        assert books_in(catalogue) == 3
        assert commit_edits(sessions=catalogue.sessions, batch=edits).merged[0].fields == ("notes",)


def test_fault_16_sqlite_lock_time_out(sqlite_path: Path) -> None:
    with opened(str(sqlite_path), lock_timeout=0.3) as catalogue, closing(sqlite3.connect(sqlite_path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with tells("locked", within=SOON) as told:
            commit_edits(sessions=catalogue.sessions, batch=new_book())
        assert "Nothing was saved" in told.kept
        other.rollback()
        assert commit_edits(sessions=catalogue.sessions, batch=new_book()).saved


def test_fault_17_deadlock(postgres_url: str) -> None:
    told: list[str] = []
    with opened(postgres_url, books=3) as catalogue, foreign(postgres_url) as other, ThreadPoolExecutor(2) as threads:
        edits = batch(
            update(catalogue, "books", 1, title="Mine"),
            update(catalogue, "authors", 1, name="Mine"),
            insert(BOOK, title="New"),
        )
        other.execute("SET deadlock_timeout = '1h'")  # so that it is ours that is given up
        other.execute("UPDATE books SET notes = 'theirs' WHERE id = 1")
        saving = threads.submit(commit_edits, sessions=catalogue.sessions, batch=edits, on_progress=told.append)
        wait_until(lambda: waits_for_lock(other) or saving.done(), "the unit waits")
        crossing = threads.submit(other.execute, "UPDATE authors SET notes = 'theirs' WHERE id = 1")
        crossing.result(SOON)
        other.commit()
        result = saving.result(SOON)
        assert len(told) == 1
        assert "waited for each other" in told[0]
        assert "2 of 5" in told[0]
        assert {one.fields for one in result.merged} == {("notes",)}
        assert scalar(catalogue, "SELECT count(*) FROM books WHERE title IN ('Mine', 'New')") == 2
        assert books_in(catalogue) == 4


def test_fault_18_serialization_failure(postgres_url: str) -> None:
    told: list[str] = []
    serializable = make_url(postgres_url).update_query_dict(
        {"options": "-c default_transaction_isolation=serializable"}
    )
    target = serializable.render_as_string(hide_password=False)
    with opened(target, books=3) as catalogue, foreign(postgres_url) as other, ThreadPoolExecutor(1) as threads:
        edits = batch(update(catalogue, "books", 1, title="Mine"), insert(BOOK, title="New"))
        other.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        other.execute("UPDATE books SET notes = 'theirs' WHERE id = 1")
        saving = threads.submit(commit_edits, sessions=catalogue.sessions, batch=edits, on_progress=told.append)
        wait_until(lambda: waits_for_lock(other) or saving.done(), "the unit waits")
        other.commit()
        result = saving.result(SOON)
        assert ["Someone else's change" in one for one in told] == [True]
        assert [one.fields for one in result.merged] == [("notes",)]
        assert books_in(catalogue) == 4


class Stubborn:
    """A unit that the server gives up so many times."""

    def __init__(self, times: int, code: str = "deadlock") -> None:
        self.tries = 0
        self._times = times
        self._code = code

    def __call__(self) -> str:
        self.tries += 1
        if self.tries <= self._times:
            raise EnvironmentProblem("The server gave it up.", code=self._code)
        return "saved"


def test_fault_17_and_18_tries_are_bounded_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying_units, "FIRST_REST_SECONDS", 0.001)
    told: list[str] = []
    lucky, unlucky = Stubborn(4), Stubborn(99, "serialization")
    assert retrying_units.with_retries(lucky, told.append) == "saved"
    assert (lucky.tries, len(told)) == (5, 4)
    with pytest.raises(EnvironmentProblem, match="gave it up"):
        retrying_units.with_retries(unlucky)
    assert unlucky.tries == 5
    for code in ("lost", "locked", "statement_timeout", "not_saved", "disk_full"):
        once = Stubborn(1, code)
        with pytest.raises(EnvironmentProblem):
            retrying_units.with_retries(once)
        assert once.tries == 1


def test_fault_17_a_cancel_ends_the_rest_between_two_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying_units, "FIRST_REST_SECONDS", 600.0)
    unit, action = Stubborn(1), Action("commit")
    with action.running(), ThreadPoolExecutor(1) as threads:

        def cancel(_words: str) -> None:
            threads.submit(action.cancel)

        with pytest.raises(ActionCancelled):
            retrying_units.with_retries(unit, cancel)
    assert unit.tries == 1


def test_fault_25_sqlite_locked(sqlite_path: Path) -> None:
    with opened(str(sqlite_path)) as catalogue, closing(sqlite3.connect(sqlite_path)) as other:
        other.execute("BEGIN IMMEDIATE")
        took = []
        for _again in range(5):
            action = Action("commit")
            with ThreadPoolExecutor(1) as threads:
                saving = threads.submit(_as_action, action, catalogue, new_book())
                wait_until(lambda: catalogue.pool.snapshot().checked_out == 1, "it waits for the lock")
                begin = time.monotonic()
                action.cancel()
                with pytest.raises(ActionCancelled):
                    saving.result(SOON)
                took.append(time.monotonic() - begin)
        assert min(took) < 0.1  # the others met a busy machine
        assert sorted(took)[2] < 0.1
        other.rollback()
        assert books_in(catalogue) == 0
        assert commit_edits(sessions=catalogue.sessions, batch=new_book()).saved


def _as_action(action: Action, catalogue: OpenCatalogue, edits: EditBatch) -> CommitResult:
    with action.running():
        return commit_edits(sessions=catalogue.sessions, batch=edits)


def test_fault_26_sqlite_busy_snapshot_cannot_occur(sqlite_path: Path) -> None:
    """A transaction that read, and writes after another's commit, is refused by SQLite at once: what writes here
    begins as a writer, and reads nothing before it has the lock."""
    with opened(str(sqlite_path), books=2) as catalogue:
        edit = update(catalogue, "books", 1, title="Mine")
        with closing(sqlite3.connect(sqlite_path, isolation_level=None)) as naive:
            naive.execute("BEGIN")
            naive.execute("SELECT count(*) FROM books").fetchone()
            with catalogue.sessions.reading("held open") as session:
                session.execute(text("SELECT count(*) FROM books")).scalar_one()
                _foreign_commit(sqlite_path)
                with pytest.raises(sqlite3.OperationalError) as refused:
                    naive.execute("UPDATE books SET notes = 'x' WHERE id = 1")
                assert refused.value.sqlite_errorcode == sqlite3.SQLITE_BUSY_SNAPSHOT
                naive.rollback()
                with Action("test").running(), ThreadPoolExecutor(1) as threads:
                    result = threads.submit(commit_edits, sessions=catalogue.sessions, batch=batch(edit)).result(SOON)
        assert [one.fields for one in result.merged] == [("notes",)]
    statements: list[str] = []
    with opened(str(sqlite_path)) as catalogue:
        engine = catalogue.sessions._engine

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            statements.append(statement.split(maxsplit=1)[0] if "BEGIN" not in statement else statement)

        event.listen(engine, "before_cursor_execute", note)
        commit_edits(sessions=catalogue.sessions, batch=batch(update(catalogue, "books", 2, title="Mine")))
    writing = statements[statements.index("BEGIN IMMEDIATE") :]
    assert writing == ["BEGIN IMMEDIATE", "SELECT", "UPDATE"]


def _foreign_commit(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("UPDATE books SET notes = 'theirs'")
        other.commit()


def test_fault_27_cancel_inside_a_write(catalogue: OpenCatalogue) -> None:
    """At any moment: what answers "saved" is there as a whole, and of what was cancelled there is nothing."""
    books = make_books(catalogue, 60).book_ids
    chance = random.Random(27)
    seen = {True: 0, False: 0}
    for number in range(48):
        edits = batch(
            insert(BOOK, title=f"new {number}"),
            *(update(catalogue, "books", one, notes=f"note {number}") for one in books[:20]),
        )
        action = Action("commit")
        cancelling = _cancelled_after(action, chance.uniform(0, 0.02)) if number % 2 else _cancelled_at(
            action, catalogue, number // 2 % 6
        )  # fmt: skip
        with cancelling:
            try:
                _as_action(action, catalogue, edits)
                saved = True
            except ActionCancelled:
                saved = False
        seen[saved] += 1
        assert scalar(catalogue, "SELECT count(*) FROM books WHERE title = :title", title=f"new {number}") == saved
        noted = scalar(catalogue, "SELECT count(*) FROM books WHERE notes = :note", note=f"note {number}")
        assert noted == (20 if saved else 0)
    assert nothing_is_out(catalogue)
    assert min(seen.values()) > 0, seen


@contextmanager
def _cancelled_after(action: Action, seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, action.cancel)
    timer.start()
    yield
    timer.join()


@contextmanager
def _cancelled_at(action: Action, catalogue: OpenCatalogue, step: int) -> Iterator[None]:
    """Cancels as the statement of that number is about to run, or the COMMIT that comes after all of them."""
    engine, steps = catalogue.sessions._engine, iter(range(100))

    def count(*_arguments: Any) -> None:
        if next(steps) == step:
            action.cancel()

    for name in ("before_cursor_execute", "commit"):
        event.listen(engine, name, count)
    yield
    for name in ("before_cursor_execute", "commit"):
        event.remove(engine, name, count)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A folder on a file system of its own with room for 4 MB."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("only root on Linux can mount a small disk: run this test as root")
    folder = Path(tempfile.mkdtemp(prefix="desk-small-"))
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "desk-test", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        folder.rmdir()
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folder.rmdir()


@pytest.mark.parametrize("journal", ["WAL", "DELETE"])
def test_fault_28_disk_full(small_disk: Path, sqlite_path: Path, journal: str) -> None:
    path = Path(shutil.copy(sqlite_path, small_disk / "library.desk"))
    with closing(sqlite3.connect(path)) as raw:
        raw.execute(f"PRAGMA journal_mode = {journal}")
    with opened(str(path), books=5) as catalogue:
        saved = 0
        refused: list[EnvironmentProblem] = []
        while len(refused) < 3:
            text_of_it = f"{saved} " + "x" * 300_000
            edits = batch(insert(BOOK, title="new"), update(catalogue, "books", 1, notes=text_of_it))
            try:
                commit_edits(sessions=catalogue.sessions, batch=edits)
                saved += 1
                if saved == 2:
                    _fill(small_disk / "filler", leaving=500_000)
            except EnvironmentProblem as problem:
                refused.append(problem)
            assert books_in(catalogue) == 5 + saved
        assert {problem.code for problem in refused} <= {"disk_full", "disk"}
        assert all("nothing was saved" in problem.what and "edits" in problem.kept for problem in refused)
        assert saved >= 2
        (small_disk / "filler").unlink()
        assert commit_edits(sessions=catalogue.sessions, batch=new_book()).saved
        assert scalar(catalogue, "PRAGMA integrity_check") == "ok"


def _fill(path: Path, *, leaving: int) -> None:
    path.write_bytes(b"x" * max(shutil.disk_usage(path.parent).free - leaving, 0))


def test_fault_32_damaged_pages_under_a_write(sqlite_path: Path) -> None:
    with opened(str(sqlite_path), books=2000) as catalogue:
        edits = batch(*(update(catalogue, "books", one, notes="mine") for one in range(1, 2000, 50)))
    with closing(sqlite3.connect(sqlite_path)) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(sqlite_path.read_bytes())
    for first in range(0, len(content), PAGE_BYTES):
        if b"Read twice." in content[first : first + PAGE_BYTES]:
            content[first : first + PAGE_BYTES] = b"\xa5" * PAGE_BYTES
    sqlite_path.write_bytes(content)
    with opened(str(sqlite_path)) as catalogue:
        with pytest.raises(EnvironmentProblem) as told:
            commit_edits(sessions=catalogue.sessions, batch=edits)
        assert told.value.code in ("corrupt", "search_index")
        assert "edits" in told.value.kept


def replace_by_another(path: Path) -> None:
    other = path.with_name("other.desk")
    create_catalogue(target=str(other))
    shutil.move(other, path)


def move_away(path: Path) -> None:
    shutil.move(path, path.with_name("moved.desk"))


@pytest.mark.parametrize("swap", [replace_by_another, move_away])
@pytest.mark.parametrize("moment", ["before the unit", "inside the unit"])
def test_fault_33_file_replaced_while_open(sqlite_path: Path, swap: Callable[[Path], None], moment: str) -> None:
    kept = sqlite_path.with_name("kept.desk")
    os.link(sqlite_path, kept)
    with opened(str(sqlite_path), books=2) as catalogue:
        edits = batch(insert(BOOK, title="Emma"), update(catalogue, "books", 1, title="Mine"))
        keep: Callable[[UnitReceipt], None] | None = None
        if moment == "before the unit":
            swap(sqlite_path)
        else:
            keep = lambda _receipt: swap(sqlite_path)  # noqa: E731
        with tells("replaced", within=SOON) as told:
            commit_edits(sessions=catalogue.sessions, batch=edits, keep_receipt=keep)
        assert str(sqlite_path) in told.what
        with tells("replaced", within=SOON):
            commit_edits(sessions=catalogue.sessions, batch=edits)
    for path in (kept, sqlite_path):
        if path.exists():
            with closing(sqlite3.connect(path)) as raw:
                assert raw.execute("SELECT count(*) FROM books WHERE title IN ('Emma', 'Mine')").fetchone() == (0,)


def test_fault_33_a_connection_that_opened_the_other_file_never_writes(sqlite_path: Path) -> None:
    """Not into a copy that is there now, and not once the first file is back: it would write where nobody looks."""
    with opened(str(sqlite_path)) as catalogue, ThreadPoolExecutor(1) as threads:
        away = sqlite_path.with_name("away.desk")
        with catalogue.sessions.reading("keep the first connection busy"):
            sqlite_path.rename(away)
            shutil.copy(away, sqlite_path)
            for _again in range(2):
                with pytest.raises(EnvironmentProblem) as told:
                    threads.submit(commit_edits, sessions=catalogue.sessions, batch=new_book()).result(SOON)
                assert told.value.code == "replaced"
                if away.exists():
                    away.replace(sqlite_path)
        assert books_in(catalogue) == 0


def test_fault_38_killed_in_a_commit(database_target: str) -> None:
    """A short form of `dev.py torture commit`, in which every worker is killed again and again."""
    found = torture.run(database_target, rounds=40, kills=1.0, seed=38)
    assert found.failed == 0, found.complaints
    assert found.killed


def test_a_failure_of_the_commit_itself_is_no_doubt(postgres_url: str) -> None:
    """What a server refuses at the COMMIT is refused for certain."""
    with opened(postgres_url, books=1) as catalogue:
        with catalogue.sessions.writing("defer") as session:
            session.execute(text("ALTER TABLE books ADD CONSTRAINT late UNIQUE (title) DEFERRABLE INITIALLY DEFERRED"))
            session.commit()
        title = scalar(catalogue, "SELECT title FROM books")
        with pytest.raises(DeskError) as told:
            commit_edits(sessions=catalogue.sessions, batch=batch(insert(BOOK, title=title)))
        assert told.value.code == "rule"
        assert books_in(catalogue) == 1
