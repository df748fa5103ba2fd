"""A TCP proxy in front of a server that can hold everything back, or cut every link."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from typing import Any, Self

RESET_AT_CLOSE = struct.pack("ii", 1, 0)
PIECE = 65536


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
        self._start(self._pass_on, near, far)
        self._pass_on(far, near)

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(PIECE):
                self._flows.wait()
                target.sendall(piece)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _start(self, work: Any, *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True, name="proxy")
        self._threads.append(thread)
        thread.start()
