"""Runs operations on a few worker threads and hands their outcomes to slots on the interface's thread.

Invariant: an outcome reaches its slots only while its request is wanted: one that was cancelled, or replaced by a later
one on its channel, is dropped. Cancels run on a thread of their own, because a driver may block in them. What somebody
looks at never waits for what nobody does: work behind the scenes gets one worker at a time, and rows in sight one more.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QDeadlineTimer, QObject, QRunnable, Qt, QThreadPool, Signal, Slot

from desk.catalog.snapshots import Cost
from desk.database.actions import Action
from desk.errors import ActionCancelled

if TYPE_CHECKING:
    from collections.abc import Callable

R = TypeVar("R")

WORKERS = 3
"""Few on purpose: every busy worker competes with the interface for the interpreter."""
LAST_WAIT_MS = 3000
CANCEL_SECONDS = 2.0
CANCEL_AGAIN_SECONDS = 0.05


class Rank(Enum):
    """How soon a request is wanted: its result has a place on the screen that is empty, somebody asked for it, or
    nobody waits for it (one of those runs at a time)."""

    IN_SIGHT = "in sight"
    ASKED_FOR = "asked for"
    BEHIND = "behind"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a request: a result, or an error (never both), and what to do with a result nobody wants."""

    request: int
    result: Any
    error: BaseException | None
    cost: Cost
    unwanted: Callable[[Any], None] | None


@dataclass(slots=True)
class _Wanted:
    action: Action
    channel: str
    rank: Rank
    done: Callable[[Any], None] | None
    failed: Callable[[BaseException], None] | None


class Runner(QObject):
    """The workers of one window.

    `busy_changed` tells how many requests are under way, `action_ended` the cost of each that somebody asked for and
    that ended, `all_dropped` that nobody will hear of what was under way.
    """

    busy_changed = Signal(int)
    action_ended = Signal(object)
    action_failed = Signal(object)
    all_dropped = Signal()
    _came = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._threads = QThreadPool(self)
        self._threads.setMaxThreadCount(WORKERS)
        self._reserve = QThreadPool(self)
        self._reserve.setMaxThreadCount(1)
        self._cancels = QThreadPool(self)
        self._cancels.setMaxThreadCount(1)
        self._behind: deque[tuple[int, _Job]] = deque()
        self._behind_now = 0
        """The number of the request behind the scenes that has a worker; 0 for none."""
        self._wanted: dict[int, _Wanted] = {}
        self._latest: dict[str, int] = {}
        self._came.connect(self._on_came, Qt.ConnectionType.QueuedConnection)

    @property
    def running(self) -> tuple[Action, ...]:
        """The actions under way, oldest first."""
        return tuple(wanted.action for wanted in self._wanted.values())

    def submit(
        self,
        label: str,
        operation: Callable[..., R],
        *,
        channel: str = "",
        done: Callable[[R], None] | None = None,
        failed: Callable[[BaseException], None] | None = None,
        unwanted: Callable[[R], None] | None = None,
        rank: Rank = Rank.ASKED_FOR,
        arguments: dict[str, Any],
    ) -> int:
        """Runs `operation(**arguments)` on a worker; `done` or `failed` is called on the interface's thread.

        On a named `channel` the latest request wins: the one before is cancelled and its outcome dropped; `unwanted`
        gets a result that is dropped, on a worker. Without `failed` an error is announced by `action_failed`. Returns
        the number of the action.
        """
        action = Action(label)
        if channel:
            self.cancel_channel(channel)
            self._latest[channel] = action.number
        self._wanted[action.number] = _Wanted(action, channel, rank, done, failed)
        self.busy_changed.emit(len(self._wanted))
        self._start(action.number, _Job(action, operation, arguments, self._came, unwanted), rank)
        return action.number

    def cancel_channel(self, channel: str) -> None:
        """Cancels what runs on a channel; its outcome is dropped."""
        number = self._latest.pop(channel, None)
        if number is not None and number in self._wanted:
            self._drop(number)

    def has(self, channel: str) -> bool:
        """Whether a request of a channel is under way, or waits for a worker."""
        return channel in self._latest

    def cancel(self, number: int) -> None:
        """Cancels one action under way; whoever asked is told by `failed` with ActionCancelled, or of a result that
        came first."""
        wanted = self._wanted.get(number)
        if wanted is not None:
            self._cancels.start(_Cancel(wanted.action))

    def cancel_all(self) -> None:
        """Cancels everything under way; whoever asked is told by `failed` with ActionCancelled."""
        for wanted in list(self._wanted.values()):
            self._cancels.start(_Cancel(wanted.action))

    def drop_all(self) -> None:
        """Cancels everything under way; nobody is told what comes of it."""
        for number in list(self._wanted):
            self._drop(number)
        self.all_dropped.emit()

    def close(self, *last: Callable[[], None], waits: bool = True) -> bool:
        """Cancels and drops everything, runs what comes `last` on workers, and waits a bounded time, or not at all.

        False when a worker is still in a driver then: who destroys this object has to wait for it without a bound.
        """
        self.drop_all()
        for operation in last:
            self._start_last(operation)
        return self.has_ended(QDeadlineTimer(LAST_WAIT_MS if waits else 0))

    def has_ended(self, deadline: QDeadlineTimer) -> bool:
        """Whether all workers have ended; until the deadline they are waited for, on the calling thread."""
        return all(pool.waitForDone(deadline) for pool in (self._threads, self._reserve, self._cancels))

    @Slot(object)
    def _on_came(self, outcome: Outcome) -> None:
        if outcome.request == self._behind_now:
            self._behind_now = 0
            self._start_behind()
        wanted = self._wanted.pop(outcome.request, None)
        if wanted is None:
            if outcome.unwanted is not None and outcome.error is None:
                self._start_last(partial(outcome.unwanted, outcome.result))
            return
        if self._latest.get(wanted.channel) == outcome.request:
            del self._latest[wanted.channel]
        self.busy_changed.emit(len(self._wanted))
        if wanted.rank is not Rank.BEHIND:
            self.action_ended.emit(outcome.cost)
        if outcome.error is None:
            if wanted.done is not None:
                wanted.done(outcome.result)
        elif wanted.failed is not None:
            wanted.failed(outcome.error)
        elif not isinstance(outcome.error, ActionCancelled):
            self.action_failed.emit(outcome.error)

    def _start(self, number: int, job: _Job, rank: Rank) -> None:
        if rank is Rank.BEHIND:
            self._behind.append((number, job))
            self._start_behind()
        elif rank is Rank.IN_SIGHT and self._threads.activeThreadCount() >= WORKERS:
            self._reserve.start(job)
        else:
            self._threads.start(job)

    def _start_behind(self) -> None:
        """Gives the next request behind the scenes a worker, unless one has it."""
        while self._behind and not self._behind_now:
            number, job = self._behind.popleft()
            if number in self._wanted:
                self._behind_now = number
                self._threads.start(job)

    def _start_last(self, operation: Callable[[], None]) -> None:
        """Runs what must be done although nobody waits for it."""
        self._threads.start(_Job(Action("Close"), operation, {}, self._came))

    def _drop(self, number: int) -> None:
        action = self._wanted.pop(number).action
        self.busy_changed.emit(len(self._wanted))
        self._cancels.start(_Cancel(action))


class _Job(QRunnable):
    """One operation on one worker. Holds a bound signal and arguments, never a widget."""

    def __init__(
        self,
        action: Action,
        operation: Callable[..., Any],
        arguments: dict[str, Any],
        came: Any,
        unwanted: Callable[[Any], None] | None = None,
    ) -> None:
        super().__init__()
        self._action = action
        self._operation = operation
        self._arguments = arguments
        self._came = came
        self._unwanted = unwanted

    def run(self) -> None:
        thread = threading.current_thread()
        if thread.name.startswith("Dummy-"):  # Python's name for a thread that Qt made
            thread.name = f"worker-{thread.native_id}"
        result, error = None, None
        started = time.monotonic()
        try:
            result = copy_context().run(self._act)
        except BaseException as problem:  # whatever leaves run() would be lost
            error = problem
        action = self._action
        cost = Cost(action.label, (time.monotonic() - started) * 1000, action.statements, action.checkouts)
        with suppress(RuntimeError):  # the window is gone: nobody wants the outcome
            self._came.emit(Outcome(action.number, result, error, cost, self._unwanted))

    def _act(self) -> Any:
        with self._action.running() as action:
            action.check()
            return self._operation(**self._arguments)


class _Cancel(QRunnable):
    def __init__(self, action: Action) -> None:
        super().__init__()
        self._action = action

    def run(self) -> None:
        """Cancels until the action gives its connection back: a cancel between two statements stops neither."""
        deadline = time.monotonic() + CANCEL_SECONDS
        self._action.cancel()
        while not self._action.wait_until_idle(CANCEL_AGAIN_SECONDS) and time.monotonic() < deadline:
            self._action.cancel()
