"""Measures what an action costs: its statements, and how long PostgreSQL saw a transaction of ours do nothing."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import make_url

from desk.database.actions import Action

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLE_SECONDS = 0.02

_IDLE = """
    SELECT count(*), coalesce(max(extract(epoch FROM clock_timestamp() - state_change)), 0)
    FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'desk' AND state LIKE 'idle in transaction%'
"""


@contextmanager
def counting(label: str = "test") -> Iterator[Action]:
    """All sessions of the block belong to one action, which counts `statements` and `checkouts`."""
    with Action(label).running() as action:
        yield action


@dataclass(slots=True)
class Activity:
    """What the sampler saw: `longest_idle_ms` of any transaction of ours, `samples` taken, `left_open` at the end.

    The time for which the sampler itself got no turn is not counted: then the whole process stood still, not the code.
    """

    longest_idle_ms: float = 0.0
    samples: int = 0
    left_open: int = 0


@contextmanager
def watched_activity(url: str) -> Iterator[Activity]:
    """Looks at the database's `desk` connections every 20 ms; at the end of the block none may be in a transaction."""
    seen = Activity()
    last = 0.0
    ended = threading.Event()
    ready = threading.Event()
    address = make_url(url).set(drivername="postgresql", query={}).render_as_string(hide_password=False)

    def sample(connection: psycopg.Connection[tuple[int, float]]) -> int:
        nonlocal last
        before, last = last, time.monotonic()
        count, seconds = connection.execute(_IDLE).fetchone() or (0, 0.0)
        # from the start of the sample before: a walk for garbage may also stop us inside of one
        stood_still = time.monotonic() - before - SAMPLE_SECONDS if seen.samples else 0.0
        seen.longest_idle_ms = max(seen.longest_idle_ms, (float(seconds) - max(stood_still, 0.0)) * 1000)
        seen.samples += 1
        return int(count)

    def watch() -> None:
        with psycopg.connect(address, autocommit=True, application_name="desk-tests") as connection:
            sample(connection)
            ready.set()
            while not ended.wait(SAMPLE_SECONDS):
                sample(connection)
            seen.left_open = sample(connection)

    thread = threading.Thread(target=watch, name="activity")
    thread.start()
    assert ready.wait(10), "the sampler did not connect"
    try:
        yield seen
    finally:
        ended.set()
        thread.join()
    assert seen.left_open == 0, f"{seen.left_open} transactions were left open"
