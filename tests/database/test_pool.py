"""The pool's ledger: exact numbers, named holders, and no connection borrowed for looking."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import make_url, text

from desk.database.profiles import PoolSettings
from desk.errors import EnvironmentProblem
from desk.operations.connect import OpenCatalogue, open_catalogue
from tests.support.editing import scalar
from tests.support.holding import holding
from tests.support.measuring import counting
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

SMALL = PoolSettings(size=2, overflow=1, timeout=0.5)


@pytest.fixture
def small(database_target: str) -> Iterator[OpenCatalogue]:
    """A catalogue that keeps two connections and opens at most three."""
    opened = open_catalogue(target=database_target, settings=SMALL)
    yield opened
    opened.close()


def numbers(catalogue: OpenCatalogue) -> dict[str, int]:
    snapshot = catalogue.pool.snapshot()
    names = ("checked_out", "idle", "overflow", "waiting", "opened", "closed", "timeouts")
    return {name: getattr(snapshot, name) for name in names}


def test_a_fresh_catalogue_has_one_idle_connection(small: OpenCatalogue) -> None:
    snapshot = small.pool.snapshot()
    assert (snapshot.size, snapshot.limit) == (2, 3)
    assert numbers(small) == {
        "checked_out": 0, "idle": 1, "overflow": 0, "waiting": 0, "opened": 1, "closed": 0, "timeouts": 0,
    }  # fmt: skip
    assert (snapshot.use, snapshot.open_transactions, snapshot.holders) == (0.0, 0, ())


def test_every_connection_in_use_is_counted_with_its_holder(small: OpenCatalogue) -> None:
    with holding(small, 3, "busy"):
        snapshot = small.pool.snapshot()
        assert numbers(small) == {
            "checked_out": 3, "idle": 0, "overflow": 1, "waiting": 0, "opened": 3, "closed": 0, "timeouts": 0,
        }  # fmt: skip
        assert (snapshot.use, snapshot.open_transactions) == (1.0, 3)
        assert {one.action for one in snapshot.holders} == {"busy"}
        assert {one.statement for one in snapshot.holders} == {"SELECT 42"}
        assert len({one.number for one in snapshot.holders}) == 3
        assert {one.thread for one in snapshot.holders} == {"holder_0", "holder_1", "holder_2"}
        assert all(0 <= one.age < 60 and one.in_transaction for one in snapshot.holders)
        assert "Pool size: 2" in snapshot.status
    assert numbers(small) == {
        "checked_out": 0, "idle": 2, "overflow": 0, "waiting": 0, "opened": 3, "closed": 1, "timeouts": 0,
    }  # fmt: skip


def test_a_waiting_action_is_counted_and_served_when_one_comes_back(database_target: str) -> None:
    opened = open_catalogue(target=database_target, settings=PoolSettings(size=1, overflow=0, timeout=20))
    with ThreadPoolExecutor(2) as threads:
        with holding(opened, 1):
            waiting = [threads.submit(scalar, opened, "SELECT 7") for _number in range(2)]
            wait_until(lambda: numbers(opened)["waiting"] == 2, "both wait")
            assert numbers(opened)["checked_out"] == 1
        assert [one.result(20) for one in waiting] == [7, 7]
    assert numbers(opened)["waiting"] == 0
    opened.close()


def test_an_exhausted_pool_is_an_error_in_words_within_its_time_out(small: OpenCatalogue) -> None:
    with holding(small, 3), pytest.raises(EnvironmentProblem) as exhausted:
        scalar(small, "SELECT 1")
    assert exhausted.value.code == "pool_exhausted"
    assert exhausted.value.kept
    assert "pool panel" in exhausted.value.advice
    assert numbers(small) | {"opened": 0, "closed": 0} == {
        "checked_out": 0, "idle": 2, "overflow": 0, "waiting": 0, "opened": 0, "closed": 0, "timeouts": 1,
    }  # fmt: skip


def test_a_snapshot_borrows_nothing_and_asks_no_server(small: OpenCatalogue) -> None:
    with counting() as action:
        for _look in range(100):
            small.pool.snapshot()
    assert (action.checkouts, action.statements) == (0, 0)
    assert numbers(small)["opened"] == 1


def test_a_snapshot_can_be_taken_while_others_work(small: OpenCatalogue) -> None:
    with ThreadPoolExecutor(3) as threads:
        work = [threads.submit(scalar, small, "SELECT 1") for _number in range(300)]
        while not all(one.done() for one in work):
            snapshot = small.pool.snapshot()
            assert 0 <= snapshot.checked_out <= snapshot.limit
            assert snapshot.waiting >= 0
            assert len(snapshot.holders) == snapshot.checked_out
        assert {one.result() for one in work} == {1}
    assert numbers(small)["checked_out"] == 0


def test_a_connection_that_was_forgotten_comes_back_to_the_ledger(small: OpenCatalogue) -> None:
    connection = small.sessions._engine.connect()
    assert numbers(small)["checked_out"] == 1
    del connection
    gc.collect()
    assert numbers(small)["checked_out"] == 0


def test_a_broken_connection_is_no_longer_out_and_the_next_action_gets_a_new_one(postgres_url: str) -> None:
    opened = open_catalogue(target=postgres_url)
    with pytest.raises(EnvironmentProblem) as lost, opened.sessions.reading("killed") as session:
        pid = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        terminate(postgres_url, pid)
        session.execute(text("SELECT 1"))
    assert lost.value.code == "lost"
    assert (numbers(opened)["checked_out"], opened.pool.snapshot().open_transactions) == (0, 0)
    assert scalar(opened, "SELECT 1") == 1
    opened.close()


def test_a_holder_whose_connection_is_closed_has_no_open_transaction(small: OpenCatalogue) -> None:
    with small.sessions._engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        connection.exec_driver_sql("SELECT 1")
        assert small.pool.snapshot().open_transactions == 1
        raw.close()
        assert small.pool.snapshot().open_transactions == 0
        connection.invalidate()
    assert numbers(small)["checked_out"] == 0


def terminate(url: str, pid: int) -> None:
    """Kills one backend, and waits until it is gone."""
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as other:
        assert other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid]).fetchone() == (True,)
