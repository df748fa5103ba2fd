"""A TCP proxy in front of a server that can hold everything back, cut every link, or lose a COMMIT or its answer."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from dataclasses import dataclass
from enum import Enum
from typing import Any, Self

RESET_AT_CLOSE = struct.pack("ii", 1, 0)
PIECE = 65536
COMMIT = b"COMMIT\0"
"""As a client says it that has no encryption."""


class Fate(Enum):
    """What happens to the next COMMIT: its answer is lost, or the request itself, or the link breaks in between, or the
    request is lost and the server keeps its end of the link, as where a network loses everything."""

    ANSWER_LOST = "answer lost"
    REQUEST_LOST = "request lost"
    LINK_BROKEN = "link broken"
    FORGOTTEN = "forgotten"


@dataclass(slots=True)
class _Link:
    """A client's socket, the server's, and what became of a COMMIT on it."""

    near: socket.socket
    far: socket.socket
    fate: Fate | None = None


class Proxy:
    """Listens on a loopback port for as long as its block lasts and passes on what comes, until it is told otherwise.

    While it holds, connections are still taken and stay alive, but not a byte goes on in either direction.
    """

    def __init__(self, port: int) -> None:
        """`port` is that of the server on the loopback address."""
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._flows = threading.Event()
        self._flows.set()
        self._ends = threading.Event()
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._fate: Fate | None = None
        self._holds_then = False

    @property
    def has_lost(self) -> bool:
        """Whether what `lose` asked for has happened."""
        return self._fate is None

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def is_holding(self) -> bool:
        return not self._flows.is_set()

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_error: object) -> None:
        self._ends.set()
        self._flows.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes who accepts
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join()

    def hold(self) -> None:
        """From now on the network takes everything and nothing arrives."""
        self._flows.clear()

    def lose(self, fate: Fate | None, *, then_hold: bool = False) -> None:
        """Decides about the next COMMIT; None: it goes its way. `then_hold`: nothing else gets through after it."""
        with self._lock:
            self._fate, self._holds_then = fate, then_hold

    def flow(self) -> None:
        """What was held back goes on."""
        self._flows.set()

    def cut(self) -> None:
        """Breaks every link off; new ones are passed on."""
        with self._lock:
            doomed, self._sockets = self._sockets, []
        for one in doomed:
            with contextlib.suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _address = self._listener.accept()
            except OSError:
                return
            self._start(self._serve, near)

    def _serve(self, near: socket.socket) -> None:
        with self._lock:
            self._sockets.append(near)
        self._flows.wait()
        if self._ends.is_set():
            return
        try:
            far = socket.create_connection(self._target)
        except OSError:
            near.close()
            return
        with self._lock:
            self._sockets.append(far)
        link = _Link(near, far)
        self._start(self._pass_on, near, far, link)
        self._pass_on(far, near, link)

    def _pass_on(self, source: socket.socket, target: socket.socket, link: _Link) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(PIECE):
                is_answer = source is link.far
                if link.fate is Fate.ANSWER_LOST and is_answer:
                    break
                self._flows.wait()
                if not is_answer and COMMIT in piece:
                    link.fate = self._next_fate()
                if link.fate in (Fate.REQUEST_LOST, Fate.FORGOTTEN):
                    break
                target.sendall(piece)
                if link.fate is Fate.LINK_BROKEN:
                    break
        for one in (source, target):
            if one is link.far and link.fate is Fate.FORGOTTEN and not self._ends.is_set():
                continue
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _next_fate(self) -> Fate | None:
        with self._lock:
            fate, self._fate = self._fate, None
            if fate is not None and self._holds_then:
                self.hold()
            return fate

    def _start(self, work: Any, *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True, name="proxy")
        self._threads.append(thread)
        thread.start()
