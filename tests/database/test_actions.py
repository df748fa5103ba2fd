"""A cancel stops the statement of its own action, and never anyone else's."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from desk.database.actions import Action, current_action
from desk.database.profiles import PoolSettings
from desk.errors import ActionCancelled
from desk.operations.connect import open_catalogue
from tests.support.editing import scalar
from tests.support.holding import cancel_until_done, endless
from tests.support.measuring import counting

if TYPE_CHECKING:
    from desk.operations.connect import OpenCatalogue
    from tests.support.library import Library

ROUNDS = 500
SHORT = {
    "postgresql": "SELECT count(*) FROM generate_series(1, 3000)",
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000) SELECT count(*) FROM n",
}


def test_actions_are_numbered_and_current_only_inside_their_block() -> None:
    first, second = Action("first"), Action("second")
    assert second.number > first.number
    assert current_action() is None
    with first.running():
        assert current_action() is first
        with second.running():
            assert current_action() is second
        assert current_action() is first
    assert current_action() is None


def test_an_action_of_one_thread_is_not_current_in_another() -> None:
    with Action("mine").running(), ThreadPoolExecutor(1) as threads:
        assert threads.submit(current_action).result() is None


def test_a_cancelled_action_says_so_at_its_next_check() -> None:
    action = Action("long loop")
    action.check()
    action.cancel()
    assert action.is_cancelled
    with pytest.raises(ActionCancelled):
        action.check()


def test_a_cancel_stops_only_a_connection_that_is_lent() -> None:
    stopped: list[str] = []
    action = Action("test")
    action.lend(lambda: stopped.append("lent"))
    action.cancel()
    action.take_back()
    action.cancel()
    assert stopped == ["lent"]


def test_an_action_cancelled_before_it_gets_a_connection_never_starts(catalogue: OpenCatalogue) -> None:
    action = Action("late")
    action.cancel()
    opened = catalogue.pool.snapshot().opened
    with pytest.raises(ActionCancelled), action.running(), catalogue.sessions.reading("late"):
        pytest.fail("the block must not run")
    assert (action.statements, action.checkouts) == (0, 0)
    assert catalogue.pool.snapshot().opened == opened


@pytest.mark.parametrize("writing", [False, True], ids=["reading", "writing"])
def test_a_cancel_stops_a_long_statement(catalogue: OpenCatalogue, filled: Library, writing: bool) -> None:
    with endless(catalogue, writing=writing) as (action, future):
        begin = time.monotonic()
        cancel_until_done(action, future)
        assert time.monotonic() - begin < 5
    assert isinstance(future.exception(), ActionCancelled)
    assert scalar(catalogue, "SELECT count(*) FROM books WHERE notes = 'never'") == 0
    assert catalogue.pool.snapshot().checked_out == 0


def test_the_connection_of_a_cancelled_action_serves_the_next_one(catalogue: OpenCatalogue) -> None:
    with endless(catalogue) as (action, future):
        cancel_until_done(action, future)
    before = catalogue.pool.snapshot()
    for _round in range(20):
        assert scalar(catalogue, "SELECT 1") == 1
    assert catalogue.pool.snapshot().opened == before.opened


def test_an_action_cancelled_between_two_statements_sends_no_more(catalogue: OpenCatalogue) -> None:
    with counting() as action, pytest.raises(ActionCancelled), catalogue.sessions.writing("test") as session:
        session.execute(text("SELECT 1"))
        action.cancel()
        session.execute(text("DELETE FROM books"))
    assert action.statements == 1


def test_an_action_cancelled_before_its_commit_saves_nothing(catalogue: OpenCatalogue, filled: Library) -> None:
    with counting() as action, pytest.raises(ActionCancelled), catalogue.sessions.writing("test") as session:
        session.execute(text("DELETE FROM contributions"))
        session.execute(text("DELETE FROM books"))
        action.cancel()
        session.commit()
    assert scalar(catalogue, "SELECT count(*) FROM books") == len(filled.book_ids)


def test_a_committed_session_keeps_its_connection_until_no_cancel_can_reach_it(catalogue: OpenCatalogue) -> None:
    with catalogue.sessions.writing("test") as session:
        session.execute(text("SELECT 1"))
        session.commit()
        assert catalogue.pool.snapshot().checked_out == 1
    assert catalogue.pool.snapshot().checked_out == 0


def test_a_cancel_after_the_end_touches_nobody(database_target: str) -> None:
    opened = open_catalogue(target=database_target, settings=PoolSettings(size=1, overflow=0))
    ended = Action("ended")
    with ended.running(), opened.sessions.reading("ended") as session:
        session.execute(text("SELECT 1"))
    for _round in range(30):
        with opened.sessions.reading("bystander") as session:
            canceller = threading.Thread(target=ended.cancel)
            canceller.start()
            session.execute(text(SHORT[opened.sessions.dialect]))
            canceller.join()
    opened.close()


def test_in_a_race_only_the_target_stops(database_target: str) -> None:
    opened = open_catalogue(target=database_target, settings=PoolSettings(size=1, overflow=0))
    statement = text(SHORT[opened.sessions.dialect])
    chance = random.Random(7)
    stopped = 0

    def use(action: Action) -> None:
        with action.running(), opened.sessions.reading("race") as session:
            session.execute(statement)

    with ThreadPoolExecutor(1) as canceller:
        for _round in range(ROUNDS):
            target, bystander = Action("target"), Action("bystander")
            fuse = threading.Event()
            delay = chance.random() * 0.002

            def cancel_soon(action: Action = target, fuse: threading.Event = fuse, delay: float = delay) -> None:
                fuse.wait(delay)
                action.cancel()

            cancelling = canceller.submit(cancel_soon)
            try:
                use(target)
            except ActionCancelled:
                stopped += 1
            use(bystander)
            cancelling.result()
    assert opened.pool.snapshot().checked_out == 0
    assert 0 < stopped < ROUNDS
    opened.close()
