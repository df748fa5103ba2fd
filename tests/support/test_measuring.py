"""The measuring tape itself: it notices a transaction that idles, and one that stays open."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import make_url

if TYPE_CHECKING:
    from collections.abc import Callable


def connected(url: str) -> psycopg.Connection[Any]:
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(address, application_name="desk")


def test_an_idle_transaction_is_measured(postgres_url: str, pg_activity: Callable[[str], Any]) -> None:
    with pg_activity(postgres_url) as seen, connected(postgres_url) as connection:
        connection.execute("SELECT 1")
        deadline = time.monotonic() + 20
        while seen.longest_idle_ms <= 100 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert seen.longest_idle_ms > 100


def test_a_transaction_left_open_fails_the_block(postgres_url: str, pg_activity: Callable[[str], Any]) -> None:
    connection = connected(postgres_url)
    with pytest.raises(AssertionError, match="left open"), pg_activity(postgres_url):
        connection.execute("SELECT 1")
    connection.close()
