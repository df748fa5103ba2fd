"""The link to a server: connects, pings and cancels within bounds, because libpq waits for as long as the network does.

Invariant: what is asked of a dead link fails within 8 s. Dead while idle: PING_SECONDS + CONNECT_SECONDS. Cut while an
answer is awaited: SOCKET_SETTINGS. Only where the network takes everything and the server says nothing (a proxy that
hangs) a statement has no bound but the server's own time-out: there the person's cancel ends it, by hanging up.
"""

from __future__ import annotations

import socket
import threading
import time
import traceback
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from desk.database.actions import current_action
from desk.errors import ActionCancelled

if TYPE_CHECKING:
    from collections.abc import Callable

PING_SECONDS = 2.0
"""How long an idle connection may take to say that it is there: longer than any round trip, with two lost packets."""
CONNECT_SECONDS = 4.5
"""How long connecting may take in all: name, every address, TLS, password. libpq bounds no name and no sum."""
CANCEL_SECONDS = 2.0
_LOOK_SECONDS = 0.05

SOCKET_SETTINGS: dict[str, int] = {
    "connect_timeout": 3,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5000,
}
"""libpq's own. `connect_timeout` is for one address, so that a name with a dead one gets to its next. An answer that
is awaited on a dead link fails after 5.1 s: the kernel gives up `tcp_user_timeout` after the last sign, at the next
probe. Without these settings it hung for more than 30 s, and connecting for 130 s."""


def connect_within(seconds: float, connect: Callable[[], Any]) -> Any:
    """What `connect()` returns or raises; ConnectionTimeout after `seconds`, ActionCancelled once the action is.

    Python's own refusal of what no host can be called is one of the driver's errors, too.
    It runs on a thread of its own: nothing can stop the look-up of a name. A connection that comes too late is closed.
    """
    import psycopg  # noqa: PLC0415  (only where a server is used)

    attempt = _Attempt(connect)
    action = current_action()
    deadline = time.monotonic() + seconds
    while not attempt.ended.wait(_LOOK_SECONDS):
        cancelled = action is not None and action.is_cancelled
        if cancelled or time.monotonic() > deadline:
            attempt.abandon()
            raise ActionCancelled if cancelled else psycopg.errors.ConnectionTimeout("connection timeout expired")
    try:
        return attempt.outcome()
    except UnicodeError as error:
        raise psycopg.OperationalError("could not translate host name") from error


def lent(raw: Any) -> Any:
    """The new connection, lent to the current action: SQLAlchemy asks the server about itself before anybody has it."""
    action = current_action()
    if action is not None:
        try:
            action.lend(partial(cancel, raw))
        except ActionCancelled:
            raw.close()
            raise
    return raw


class _Attempt:
    """One `connect()` on its way."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        self.ended = threading.Event()
        self._connect = connect
        self._lock = threading.Lock()
        self._is_wanted = True
        self._raw: Any = None
        self._error: BaseException | None = None
        threading.Thread(target=self._run, name="connect", daemon=True).start()

    def outcome(self) -> Any:
        error, self._error = self._error, None
        try:
            if error is not None:
                raise error
            return self._raw
        finally:
            del error  # its traceback holds this frame

    def abandon(self) -> None:
        with self._lock:
            self._is_wanted = False
            late = self._raw
        if late is not None:
            late.close()

    def _run(self) -> None:
        try:
            raw = self._connect()
        except BaseException as error:  # told by the thread that waits
            traceback.clear_frames(error.__traceback__)  # psycopg's frames hold their error and an open socket
            self._error = error
        else:
            with self._lock:
                self._raw = raw
                is_wanted = self._is_wanted
            if not is_wanted:
                raw.close()
        self.ended.set()


def answers(raw: Any) -> bool:
    """Whether a driver's idle connection answers within PING_SECONDS; one that does not must not be used again."""
    from psycopg import Error, generators, pq  # noqa: PLC0415  (only where a server is used)

    try:
        raw.pgconn.send_query(b"")  # begins no transaction
        results = raw.wait(generators.execute(raw.pgconn), timeout=PING_SECONDS)
    except Error:
        return False
    return [one.status for one in results] == [pq.ExecStatus.EMPTY_QUERY]


def cancel(raw: Any) -> None:
    """Stops the statement that runs on a driver's connection: asks the server, then hangs up. Never fails.

    Blocks for at most CANCEL_SECONDS.
    """
    try:
        raw.cancel_safe(timeout=CANCEL_SECONDS)
    except raw.Error:
        hang_up(raw)


def hang_up(raw: Any) -> None:
    """Ends a link from our side: whoever waits for an answer on it has an error at once."""
    with suppress(raw.Error, OSError), socket.fromfd(raw.fileno(), socket.AF_INET, socket.SOCK_STREAM) as same:
        same.shutdown(socket.SHUT_RDWR)
