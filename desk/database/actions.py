"""An action: one thing that was asked for, with its label, its number, its cost and its cancel. No SQL, no Qt.

Invariant: `cancel()` acts on a connection only under the lock with which that connection is lent and taken back, so
it can never hit the statement of a later action.
"""

from __future__ import annotations

import itertools
import threading
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from desk.errors import ActionCancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_numbers = itertools.count(1)
_current: ContextVar[Action | None] = ContextVar("desk_action", default=None)


class Action:
    """One thing that was asked for.

    `statements` and `checkouts` count what it cost so far; `started` is a monotonic time in seconds.
    """

    def __init__(self, label: str) -> None:
        self.label = label
        self.number = next(_numbers)
        self.started = time.monotonic()
        self.statements = 0
        self.checkouts = 0
        self._lock = threading.Lock()
        self._interrupt: Callable[[], None] | None = None
        self._cancelled = threading.Event()
        self._idle = threading.Event()
        self._idle.set()

    @property
    def is_cancelled(self) -> bool:
        return self._cancelled.is_set()

    def check(self) -> None:
        """Raises ActionCancelled once the action was cancelled: long loops call it between steps."""
        if self._cancelled.is_set():
            raise ActionCancelled(self.label)

    def rest(self, seconds: float) -> None:
        """Waits; raises ActionCancelled as soon as the action is cancelled."""
        self._cancelled.wait(seconds)
        self.check()

    def lend(self, interrupt: Callable[[], None]) -> None:
        """The action has a connection now; `interrupt` stops the statement that runs on it."""
        with self._lock:
            self._interrupt = interrupt
            self._idle.clear()
        self.check()

    def take_back(self) -> None:
        """The action's connection is about to go back to the pool."""
        with self._lock:
            self._interrupt = None
            self._idle.set()

    def wait_until_idle(self, seconds: float) -> bool:
        """Waits until the action has no connection; answers whether it has none."""
        return self._idle.wait(seconds)

    def cancel(self) -> None:
        """Raises the flag, then stops the running statement. May block for as long as the driver takes: never on
        the interface's thread."""
        self._cancelled.set()
        with self._lock:
            if self._interrupt is not None:
                self._interrupt()

    @contextmanager
    def running(self) -> Iterator[Action]:
        """Makes this the current action of the thread for a block."""
        token = _current.set(self)
        try:
            yield self
        finally:
            _current.reset(token)


def current_action() -> Action | None:
    """The action that runs in this context; None outside of any."""
    return _current.get()
