"""Links: what a connect that failed or came too late leaves behind."""

from __future__ import annotations

import gc
import weakref

import pytest

from desk.database import links


class Socket:
    """What a connect opened before it failed."""


def test_a_connect_that_fails_lets_its_socket_go_at_once() -> None:
    opened: list[weakref.ref[Socket]] = []

    def connect() -> None:
        socket = Socket()
        opened.append(weakref.ref(socket))
        failures = []  # as psycopg's does, which tries every address
        try:
            raise ConnectionError("refused")
        except ConnectionError as error:
            failures.append(error)
        raise failures[-1].with_traceback(None)

    gc.disable()  # it would, some time
    try:
        with pytest.raises(ConnectionError, match="refused"):
            links.connect_within(60, connect)
        assert opened[0]() is None
    finally:
        gc.enable()
