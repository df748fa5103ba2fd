"""Faults 43 and 44: the wall clock jumps, and the computer sleeps."""

from __future__ import annotations

import ast
import io
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pytest
from sqlalchemy.util import queue

import desk
from desk.catalog.criteria import Criteria
from desk.catalog.paging import PageRequest
from desk.database import links, secrets
from desk.database.actions import current_action
from desk.database.profiles import PoolSettings, Profile
from desk.errors import ActionCancelled
from desk.operations.connect import open_catalogue
from desk.operations.pages import count_tables, load_page
from desk.work.runner import Runner
from tests.support.editing import scalar
from tests.support.holding import holding
from tests.support.library import make_books
from tests.support.serving import fill_library, nothing_is_out, own_server
from tests.support.told import tells
from tests.support.waiting import LONGEST, wait_until
from tests.support.window import application

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from desk.catalog.snapshots import Cost
    from desk.operations.connect import OpenCatalogue
    from tests.support.postgres import PostgresServer

__all__ = ["application", "own_server"]

DAY = 86_400.0
WAKES = 8.0


class WallClock:
    """A clock that a person, a time server or a sleep sets; `jumps` makes every look a jump, a day this way or that."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._real = time.time
        self._offsets: Iterator[float] = itertools.repeat(0.0)
        monkeypatch.setattr(time, "time", self.read)
        monkeypatch.setattr(queue, "_time", self.read)  # it has a name of its own for it

    def read(self) -> float:
        return self._real() + next(self._offsets)

    def set(self, offset: float) -> None:
        self._offsets = itertools.repeat(offset)

    def jumps(self) -> None:
        self._offsets = itertools.cycle((DAY, -DAY, 0.0))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> WallClock:
    return WallClock(monkeypatch)


def test_fault_43_clock_jumps_while_actions_wait_for_a_connection(database_target: str, clock: WallClock) -> None:
    limit = 0.5
    opened = open_catalogue(target=database_target, settings=PoolSettings(size=1, overflow=0, timeout=limit))
    clock.jumps()
    with holding(opened, 1):
        begin = time.monotonic()
        with tells("pool_exhausted", within=limit + 5), opened.sessions.reading("one too many"):
            pass
        assert time.monotonic() - begin >= limit - 0.01
    opened.close()
    patient = open_catalogue(target=database_target, settings=PoolSettings(size=1, overflow=0, timeout=LONGEST))
    with ThreadPoolExecutor(2) as threads:
        with holding(patient, 1):
            waiting = [threads.submit(scalar, patient, "SELECT 7") for _number in range(2)]
            wait_until(lambda: patient.pool.snapshot().waiting == 2, "both wait")
        assert [one.result(LONGEST) for one in waiting] == [7, 7]
    assert nothing_is_out(patient)
    patient.close()


def test_fault_43_clock_jumps_and_the_ledger_keeps_its_ages(catalogue: OpenCatalogue, clock: WallClock) -> None:
    with holding(catalogue, 1):
        for offset in (DAY, -DAY):
            clock.set(offset)
            (holder,) = catalogue.pool.snapshot().holders
            assert 0 <= holder.age < LONGEST


@pytest.mark.parametrize("way", [(DAY, 0.0), (-DAY, 0.0), (DAY, -DAY)])
def test_fault_43_clock_jumps_and_connections_go_on(
    catalogue: OpenCatalogue, clock: WallClock, way: tuple[float, ...]
) -> None:
    """At worst a connection is replaced too early: SQLAlchemy recycles by the wall clock."""
    make_books(catalogue, 30)
    for offset in way:
        clock.set(offset)
        for _again in range(2):
            page = load_page(sessions=catalogue.sessions, request=PageRequest(Criteria("books"), 0))
            assert len(page.rows) == 30
    assert nothing_is_out(catalogue)
    assert catalogue.pool.snapshot().opened <= 8


def test_fault_43_clock_jumps_and_a_killed_connection_is_still_replaced(
    own_server: PostgresServer, clock: WallClock
) -> None:
    """Invalidation goes by the wall clock too; the ping does not."""
    opened = open_catalogue(target=fill_library(own_server))
    with holding(opened, 3):
        pass
    clock.set(-DAY)
    own_server.restart("fast")
    for _again in range(5):
        assert count_tables(sessions=opened.sessions)["books"] == 30
    assert nothing_is_out(opened)
    opened.close()


def test_fault_43_clock_jumps_while_the_runner_works(clock: WallClock, application: object, qtbot: QtBot) -> None:
    def work() -> str:
        action = current_action()
        assert action is not None
        wait_until(lambda: action.is_cancelled, "the cancel")
        action.check()
        return "never"

    clock.jumps()
    runner = Runner()
    failures: list[BaseException] = []
    costs: list[Cost] = []
    runner.action_ended.connect(costs.append)
    runner.submit("work", work, failed=failures.append, arguments={})
    begin = time.monotonic()
    runner.cancel_all()
    qtbot.waitUntil(lambda: bool(failures), timeout=int(LONGEST * 1000))
    assert isinstance(failures[0], ActionCancelled)
    assert 0 <= costs[0].ms <= (time.monotonic() - begin + 1) * 1000
    assert runner.close()


def test_fault_43_clock_jumps_while_a_link_is_waited_for(clock: WallClock) -> None:
    let_go = threading.Event()
    clock.jumps()
    begin = time.monotonic()
    with pytest.raises(Exception, match="timeout"):
        links.connect_within(0.3, lambda: let_go.wait(LONGEST) and io.StringIO())
    assert 0.3 <= time.monotonic() - begin < LONGEST / 2
    let_go.set()


def test_fault_43_clock_jumps_while_the_keyring_is_asked(clock: WallClock, monkeypatch: pytest.MonkeyPatch) -> None:
    let_go = threading.Event()

    class Locked:
        def get_password(self, _service: str, _account: str) -> None:
            let_go.wait(LONGEST)

    monkeypatch.setattr(secrets, "_backend", Locked)
    monkeypatch.setattr(secrets, "_problem", "")
    monkeypatch.setattr(secrets, "LIMIT_SECONDS", 0.3)
    clock.jumps()
    begin = time.monotonic()
    assert secrets.password_for(Profile("postgresql://clerk@far.invalid/library", keeps_password=True)) is None
    assert 0.3 <= time.monotonic() - begin < LONGEST / 2
    let_go.set()


def test_fault_43_no_time_out_asks_the_wall_clock() -> None:
    """Where it is read it is shown or part of a name, never compared."""
    compared = []
    for path in Path(desk.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Compare | ast.BinOp):
                compared += [f"{path.name}:{node.lineno}" for one in ast.walk(node) if _reads_wall_clock(one)]
            if isinstance(node, ast.Attribute) and ast.unparse(node) in ("time.time", "time.time_ns"):
                compared.append(f"{path.name}:{node.lineno}")
    assert not compared


def _reads_wall_clock(node: ast.AST) -> bool:
    words = ("datetime.now", "datetime.utcnow", "datetime.today", "QDateTime.currentDateTime", "QTime.currentTime")
    return isinstance(node, ast.Attribute) and ast.unparse(node) in words


DRIVER = """
import sys
from PySide6.QtCore import QSocketNotifier, QTimer
from desk.app import bootstrap, make_application

application = make_application(["desk"])
window = bootstrap(sys.argv[1])
looks = QTimer(interval=20)

def look():
    browser = window.browser if window.is_furnished else None
    quiet = not window.context.runner.running
    if browser and quiet and browser.is_loaded and browser.table.is_exact and not browser.problems.isVisible():
        looks.stop()
        print("shows", browser.table.rowCount(), len(window.context.edits), flush=True)

def obey():
    command = sys.stdin.readline().strip()
    if command == "refresh":
        window.browser.refresh()
        looks.start()
    else:
        application.quit()

looks.timeout.connect(look)
looks.start()
hears = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)
hears.activated.connect(obey)
application.exec()
window.context.runner.close()
"""


class Sleeper:
    """A real Desk in a process of its own, told by lines what to do."""

    def __init__(self, script: Path, target: str, home: Path) -> None:
        environment = dict(os.environ, DESK_HOME=str(home), QT_QPA_PLATFORM="offscreen")
        self._process: subprocess.Popen[str] = subprocess.Popen(
            [sys.executable, str(script), target],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            cwd=Path(desk.__file__).parent.parent,
            text=True,
        )
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._reader.start()

    def shown(self, times: int, limit: float) -> str:
        """The line of the so-manieth time that a view was shown."""
        wait_until(lambda: len(self._lines) >= times or self._process.poll() is not None, "the view", limit)
        return self._lines[times - 1]

    def tell(self, command: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def end(self) -> int:
        self.send(signal.SIGCONT)
        self.tell("quit")
        try:
            return self._process.wait(LONGEST)
        finally:
            self._process.kill()
            self._process.wait()
            self._reader.join()
            for pipe in (self._process.stdin, self._process.stdout):
                assert pipe is not None
                pipe.close()

    def _read(self, output: IO[str] | Any) -> None:
        self._lines.extend(iter(output.readline, ""))


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="this system cannot stop a process")
@pytest.mark.parametrize("way", ["backends ended", "server restarted"])
def test_fault_44_sleep_and_wake(own_server: PostgresServer, tmp_path: Path, way: str) -> None:
    target = fill_library(own_server)
    script = tmp_path / "driver.py"
    script.write_text(DRIVER)
    sleeper = Sleeper(script, target, tmp_path / "home")
    try:
        assert sleeper.shown(1, 60) == "shows 30 0\n"
        sleeper.send(signal.SIGSTOP)
        if way == "server restarted":
            own_server.restart("immediate")
        else:
            with own_server.connect() as connection:
                ended = connection.execute(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = 'library'"
                ).fetchone()
            assert ended is not None
            assert ended[0] > 0
        sleeper.send(signal.SIGCONT)
        sleeper.tell("refresh")
        assert sleeper.shown(2, WAKES) == "shows 30 0\n"
    finally:
        assert sleeper.end() == 0
