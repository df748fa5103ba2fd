"""Actions that hold a connection, or run a statement without end, in threads of their own."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from desk.database.actions import Action
from tests.support.waiting import LONGEST, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from desk.operations.connect import OpenCatalogue

ENDLESS = {
    "postgresql": "SELECT pg_sleep(600) /* endless */",
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) /* endless */ FROM n",
}


@contextmanager
def holding(catalogue: OpenCatalogue, count: int, label: str = "hold") -> Iterator[None]:
    """`count` actions have a connection each, and an open transaction, for as long as the block lasts."""
    let_go = threading.Event()
    held = threading.Semaphore(0)

    def hold() -> None:
        with catalogue.sessions.reading(label) as session:
            session.execute(text("SELECT 42"))
            held.release()
            assert let_go.wait(LONGEST)

    with ThreadPoolExecutor(count, thread_name_prefix="holder") as threads:
        futures = [threads.submit(hold) for _number in range(count)]
        try:
            for _number in range(count):
                assert held.acquire(timeout=LONGEST), "a connection did not come"
            yield
        finally:
            let_go.set()
        for future in futures:
            future.result(LONGEST)


@contextmanager
def endless(catalogue: OpenCatalogue, *, writing: bool = False) -> Iterator[tuple[Action, Future[None]]]:
    """An action that runs a statement without end; the block has to cancel it."""
    action = Action("endless")
    door = catalogue.sessions.writing if writing else catalogue.sessions.reading

    def run() -> None:
        with action.running(), door("endless") as session:
            if writing:
                session.execute(text("UPDATE books SET notes = 'never'"))
            session.execute(text(ENDLESS[catalogue.sessions.dialect]))
            session.commit()

    with ThreadPoolExecutor(1) as threads:
        future = threads.submit(run)
        try:
            wait_until(lambda: is_endless(catalogue) or future.done(), "the statement runs")
            yield action, future
        finally:
            cancel_until_done(action, future)


def is_endless(catalogue: OpenCatalogue) -> bool:
    return any("endless" in holder.statement for holder in catalogue.pool.snapshot().holders)


def cancel_until_done(action: Action, future: Future[Any]) -> None:
    """Cancels again and again: a cancel between two statements stops none."""

    def cancelled() -> bool:
        if not future.done():
            action.cancel()
        return future.done()

    wait_until(cancelled, "the action ends")
