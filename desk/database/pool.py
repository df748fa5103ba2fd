"""The metered pool and its ledger: who holds a connection now, who waits, and what happened so far.

Events fire on the borrowing threads and only note facts under a lock; nothing here formats, and nothing that reads the
ledger borrows a connection.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection, QueuePool
from sqlalchemy.util.queue import Empty, Queue

from desk.catalog.snapshots import HolderSnapshot, PoolSnapshot
from desk.database.actions import current_action

if TYPE_CHECKING:
    from collections.abc import Callable

_HOLDER = "desk_holder"


@dataclass(slots=True)
class Holder:
    """Who has a connection: action, thread, since when (monotonic seconds) and the last statement sent on it."""

    action: str
    number: int
    thread: str
    since: float
    raw: Any
    statement: str = ""


class _IdleConnections(Queue[ConnectionPoolEntry]):
    """SQLAlchemy's waits by the wall clock, and a jump of it would end a wait, or never."""

    def get(self, block: bool = True, timeout: float | None = None) -> ConnectionPoolEntry:
        with self.not_empty:
            if not self.not_empty.wait_for(self._qsize, timeout if block else 0):
                raise Empty
            item = self._get()
            self.not_full.notify()
            return item


class MeteredPool(QueuePool):
    """A QueuePool that tells its monitor, when it has one, who is asking for a connection.

    Its `recycle` goes by the wall clock: after a jump connections are replaced too early or later, and work either way.
    """

    _queue_class = _IdleConnections
    monitor: PoolMonitor | None = None
    is_disposed = False

    def connect(self) -> PoolProxiedConnection:
        return self.monitor.acquired(super().connect) if self.monitor else super().connect()

    def recreate(self) -> MeteredPool:
        fresh = super().recreate()
        assert isinstance(fresh, MeteredPool)
        fresh.monitor = self.monitor
        return fresh

    def dispose(self) -> None:
        """Closes the idle connections now, and those that are out when they come back."""
        self.is_disposed = True
        super().dispose()

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        super()._do_return_conn(record)
        if self.is_disposed:
            super().dispose()


class PoolMonitor:
    """The ledger of one engine's pool, kept by its events."""

    def __init__(self, engine: Engine) -> None:
        pool = engine.pool
        assert isinstance(pool, MeteredPool)
        pool.monitor = self
        self._engine = engine
        self._lock = threading.Lock()
        self._holders: dict[int, Holder] = {}
        self._acquiring = 0
        self._opened = 0
        self._closed = 0
        self._timeouts = 0
        event.listen(engine, "connect", self._on_connect)
        event.listen(engine, "close", self._on_close)
        event.listen(engine, "close_detached", self._on_close_detached)
        event.listen(engine, "checkout", self._on_checkout)
        event.listen(engine, "checkin", self._on_checkin)
        event.listen(engine, "before_cursor_execute", self._on_statement)

    def acquired(self, connect: Callable[[], PoolProxiedConnection]) -> PoolProxiedConnection:
        """Runs a check-out and counts it as asking for as long as it takes."""
        with self._lock:
            self._acquiring += 1
        try:
            return connect()
        except PoolTimeout:
            with self._lock:
                self._timeouts += 1
            raise
        finally:
            with self._lock:
                self._acquiring -= 1

    def snapshot(self) -> PoolSnapshot:
        """The state of the pool now; borrows nothing and asks no server."""
        pool = self._engine.pool
        assert isinstance(pool, MeteredPool)
        now = time.monotonic()
        with self._lock:
            holders = tuple(
                HolderSnapshot(
                    holder.action, holder.number, holder.thread, now - holder.since, holder.statement,
                    _in_transaction(holder.raw),
                )
                for holder in self._holders.values()
            )  # fmt: skip
            on_their_way = max(0, pool.checkedout() - len(holders))
            return PoolSnapshot(
                at=now,
                size=pool.size(),
                limit=pool.size() + max(0, pool._max_overflow),
                checked_out=len(holders),
                idle=pool.checkedin(),
                overflow=max(0, pool.overflow()),
                waiting=max(0, self._acquiring - on_their_way),
                opened=self._opened,
                closed=self._closed,
                timeouts=self._timeouts,
                holders=holders,
                status=pool.status(),
            )

    def _on_connect(self, _raw: Any, _record: Any) -> None:
        with self._lock:
            self._opened += 1

    def _on_close(self, _raw: Any, _record: Any) -> None:
        with self._lock:
            self._closed += 1

    def _on_close_detached(self, _raw: Any) -> None:
        with self._lock:
            self._closed += 1

    def _on_checkout(self, raw: Any, record: Any, _proxy: Any) -> None:
        action = current_action()
        holder = Holder(
            action.label if action else "", action.number if action else 0, threading.current_thread().name,
            time.monotonic(), raw,
        )  # fmt: skip
        record.info[_HOLDER] = holder
        if action:
            action.checkouts += 1
        with self._lock:
            self._holders[id(record)] = holder

    def _on_checkin(self, _raw: Any, record: Any) -> None:
        record.info.pop(_HOLDER, None)
        with self._lock:
            self._holders.pop(id(record), None)

    def _on_statement(
        self, connection: Any, _cursor: Any, statement: str, _parameters: Any, _context: Any, _many: bool
    ) -> None:
        action = current_action()
        if action and not statement.startswith("BEGIN"):  # SQLite's; drivers send PostgreSQL's by themselves
            action.statements += 1
        holder = connection.info.get(_HOLDER)
        if holder is not None:
            holder.statement = statement


def _in_transaction(raw: Any) -> bool:
    """Whether the driver has a transaction open on this connection; asked of the driver, not of the server.

    A connection that was closed or broken has none.
    """
    if isinstance(raw, sqlite3.Connection):
        try:
            return raw.in_transaction
        except sqlite3.ProgrammingError:
            return False
    return raw.info.transaction_status in (1, 2, 3)  # psycopg: IDLE is 0, UNKNOWN 4
