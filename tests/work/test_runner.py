"""The workers: results come on the interface's thread, the latest request of a channel wins, nothing gets lost."""

from __future__ import annotations

import operator
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QCoreApplication

from desk.database.actions import current_action
from desk.errors import ActionCancelled, InvalidInput
from desk.work import runner as runner_module
from desk.work.runner import WORKERS, Rank, Runner
from tests.support.editing import scalar
from tests.support.holding import ENDLESS, is_endless
from tests.support.waiting import LONGEST, wait_until

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desk.catalog.snapshots import Cost
    from desk.operations.connect import OpenCatalogue


class Held:
    """An operation that runs until it is let go; it notices a cancel, as long loops do."""

    def __init__(self, result: object = "held") -> None:
        self.began = threading.Event()
        self.let_go = threading.Event()
        self.ended = threading.Event()
        self._result = result

    def __call__(self) -> object:
        self.began.set()
        try:
            action = current_action()
            assert action is not None
            while not self.let_go.wait(0.002):
                action.check()
            return self._result
        finally:
            self.ended.set()


class Inbox:
    """What came to the slots of a request."""

    def __init__(self) -> None:
        self.results: list[Any] = []
        self.errors: list[BaseException] = []
        self.threads: set[int] = set()

    def done(self, result: Any) -> None:
        self.threads.add(threading.get_ident())
        self.results.append(result)

    def failed(self, error: BaseException) -> None:
        self.threads.add(threading.get_ident())
        self.errors.append(error)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


def idle(runner: Runner) -> bool:
    return not runner.running


def test_work_is_done_elsewhere_and_its_result_comes_here(runner: Runner, inbox: Inbox, qtbot: QtBot) -> None:
    runner.submit("who", lambda add: (threading.get_ident(), 1 + add), done=inbox.done, arguments={"add": 2})
    assert [action.label for action in runner.running] == ["who"]
    qtbot.waitUntil(lambda: bool(inbox.results))
    worker, total = inbox.results[0]
    assert total == 3
    assert worker != threading.get_ident()
    assert inbox.threads == {threading.get_ident()}
    assert idle(runner)


def test_an_error_comes_to_whoever_asked(runner: Runner, inbox: Inbox, qtbot: QtBot) -> None:
    def refuse() -> None:
        raise InvalidInput("no")

    with qtbot.assertNotEmitted(runner.action_failed):
        runner.submit("refuse", refuse, done=inbox.done, failed=inbox.failed, arguments={})
        qtbot.waitUntil(lambda: bool(inbox.errors))
    assert isinstance(inbox.errors[0], InvalidInput)
    assert inbox.threads == {threading.get_ident()}
    assert inbox.results == []


@pytest.mark.parametrize("error", [ValueError("a bug"), SystemExit(3), KeyboardInterrupt()])
def test_an_error_that_nobody_waits_for_is_announced(runner: Runner, qtbot: QtBot, error: BaseException) -> None:
    def fail() -> None:
        raise error

    with qtbot.waitSignal(runner.action_failed) as announced:
        runner.submit("fail", fail, arguments={})
    assert announced.args == [error]


def test_the_latest_request_of_a_channel_wins(runner: Runner, inbox: Inbox, qtbot: QtBot) -> None:
    first, second = Held("first"), Held("second")
    for held in (first, second):
        runner.submit("page", held, channel="page", done=inbox.done, failed=inbox.failed, arguments={})
    wait_until(second.began.is_set)
    second.let_go.set()
    qtbot.waitUntil(lambda: idle(runner))
    assert inbox.results == ["second"]
    assert inbox.errors == []
    wait_until(lambda: first.ended.is_set() or not first.began.is_set(), "the first to be cancelled")


def test_a_result_that_was_replaced_on_its_way_is_dropped(runner: Runner, inbox: Inbox, qtbot: QtBot) -> None:
    first = Held("first")
    first.let_go.set()
    runner.submit("page", first, channel="page", done=inbox.done, arguments={})
    wait_until(first.ended.is_set)
    runner.submit("page", lambda: "second", channel="page", done=inbox.done, arguments={})
    qtbot.waitUntil(lambda: bool(inbox.results))
    assert inbox.results == ["second"]


def test_channels_do_not_disturb_each_other(runner: Runner, inbox: Inbox, qtbot: QtBot) -> None:
    for channel in ("page", "count", "", ""):
        runner.submit("one", lambda channel=channel: channel, channel=channel, done=inbox.done, arguments={})
    qtbot.waitUntil(lambda: len(inbox.results) == 4)
    assert sorted(inbox.results) == ["", "", "count", "page"]


def test_cancelling_everything_tells_whoever_asked(runner: Runner, inbox: Inbox, qtbot: QtBot) -> None:
    held = [Held() for _number in range(WORKERS + 2)]
    for one in held:
        runner.submit("held", one, done=inbox.done, failed=inbox.failed, arguments={})
    wait_until(lambda: sum(one.began.is_set() for one in held) == WORKERS)
    runner.cancel_all()
    qtbot.waitUntil(lambda: idle(runner))
    assert [type(error) for error in inbox.errors] == [ActionCancelled] * len(held)
    assert inbox.results == []


def test_cancelling_one_action_tells_whoever_asked_and_leaves_the_others(
    runner: Runner, inbox: Inbox, qtbot: QtBot
) -> None:
    one, other = Held(), Held("other")
    number = runner.submit("one", one, channel="one", done=inbox.done, failed=inbox.failed, arguments={})
    runner.submit("other", other, done=inbox.done, failed=inbox.failed, arguments={})
    wait_until(lambda: one.began.is_set() and other.began.is_set())
    runner.cancel(number)
    qtbot.waitUntil(lambda: bool(inbox.errors))
    assert [type(error) for error in inbox.errors] == [ActionCancelled]
    other.let_go.set()
    qtbot.waitUntil(lambda: idle(runner))
    assert inbox.results == ["other"]


def test_cancelling_what_has_ended_does_nothing(runner: Runner, inbox: Inbox, qtbot: QtBot) -> None:
    number = runner.submit("one", lambda: 1, done=inbox.done, failed=inbox.failed, arguments={})
    qtbot.waitUntil(lambda: idle(runner))
    runner.cancel(number)
    assert (inbox.results, inbox.errors) == ([1], [])


def test_a_cancel_that_nobody_waits_for_is_no_failure(runner: Runner, qtbot: QtBot) -> None:
    held = Held()
    runner.submit("held", held, arguments={})
    wait_until(held.began.is_set)
    with qtbot.assertNotEmitted(runner.action_failed):
        runner.cancel_all()
        qtbot.waitUntil(lambda: idle(runner))


def test_a_running_statement_is_cancelled_with_its_action(
    runner: Runner, inbox: Inbox, catalogue: OpenCatalogue, qtbot: QtBot
) -> None:
    runner.submit(
        "endless",
        scalar,
        failed=inbox.failed,
        arguments={"catalogue": catalogue, "statement": ENDLESS[catalogue.sessions.dialect]},
    )
    wait_until(lambda: is_endless(catalogue))
    runner.cancel_all()
    qtbot.waitUntil(lambda: idle(runner))
    assert [type(error) for error in inbox.errors] == [ActionCancelled]
    assert catalogue.pool.snapshot().checked_out == 0


def test_what_comes_after_closing_is_dropped(runner: Runner, inbox: Inbox) -> None:
    held = Held()
    runner.submit("held", held, done=inbox.done, failed=inbox.failed, arguments={})
    wait_until(held.began.is_set)
    assert runner.close()
    assert held.ended.is_set()
    QCoreApplication.processEvents()
    assert (inbox.results, inbox.errors) == ([], [])
    assert idle(runner)


def test_closing_waits_for_a_bounded_time_only(
    application: object, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "LAST_WAIT_MS", 50)
    runner = Runner()
    let_go, began = threading.Event(), threading.Event()

    def stuck() -> None:
        began.set()
        let_go.wait(LONGEST)

    runner.submit("stuck", stuck, done=inbox.done, arguments={})
    wait_until(began.is_set)
    started = time.monotonic()
    assert not runner.close()
    assert time.monotonic() - started < 2
    let_go.set()
    assert runner.close()
    QCoreApplication.processEvents()
    assert inbox.results == []


def test_a_result_that_nobody_wants_any_more_is_given_back(runner: Runner, inbox: Inbox) -> None:
    began, let_go = threading.Event(), threading.Event()
    given_back: list[tuple[object, int]] = []

    def make(result: str) -> str:
        began.set()
        let_go.wait(LONGEST)
        return result

    def note(result: str) -> None:
        given_back.append((result, threading.get_ident()))

    for result in ("one", "two"):
        began.clear()
        runner.submit("make", make, channel="a", done=inbox.done, unwanted=note, arguments={"result": result})
        wait_until(began.is_set)
    let_go.set()

    def come() -> bool:
        QCoreApplication.processEvents()
        return bool(inbox.results and given_back)

    wait_until(come)
    assert inbox.results == ["two"]
    assert [result for result, _thread in given_back] == ["one"]
    assert given_back[0][1] != threading.get_ident()


def test_closing_runs_a_last_piece_of_work(runner: Runner) -> None:
    threads: list[int] = []
    assert runner.close(lambda: threads.append(threading.get_ident()))
    assert len(threads) == 1
    assert threads != [threading.get_ident()]


def test_costs_are_counted(runner: Runner, catalogue: OpenCatalogue, qtbot: QtBot) -> None:
    def look_twice() -> None:
        for _time in range(2):
            scalar(catalogue, "SELECT 1")

    with qtbot.waitSignal(runner.action_ended) as ended:
        runner.submit("look twice", look_twice, arguments={})
    cost: Cost = ended.args[0]
    assert (cost.label, cost.statements, cost.checkouts) == ("look twice", 2, 2)
    assert cost.ms > 0


def test_work_behind_the_scenes_does_not_take_the_place_of_what_was_asked_for(runner: Runner, qtbot: QtBot) -> None:
    costs: list[Cost] = []
    runner.action_ended.connect(costs.append)
    runner.submit("asked", lambda: None, arguments={})
    runner.submit("behind", lambda: None, rank=Rank.BEHIND, arguments={})
    qtbot.waitUntil(lambda: idle(runner))
    assert [cost.label for cost in costs] == ["asked"]


def test_how_much_is_under_way_is_told(runner: Runner, qtbot: QtBot) -> None:
    told: list[int] = []
    runner.busy_changed.connect(told.append)
    for _number in range(3):
        runner.submit("one", lambda: None, arguments={})
    qtbot.waitUntil(lambda: idle(runner))
    assert told == [1, 2, 3, 2, 1, 0]


def test_work_behind_the_scenes_has_one_worker_at_a_time(runner: Runner, inbox: Inbox, qtbot: QtBot) -> None:
    held = [Held(number) for number in range(3)]
    for one in held:
        runner.submit("walk", one, done=inbox.done, rank=Rank.BEHIND, arguments={})
    wait_until(held[0].began.is_set)
    asked = [Held() for _number in range(WORKERS - 1)]
    for one in asked:
        runner.submit("asked", one, arguments={})
    wait_until(lambda: all(one.began.is_set() for one in asked), "the others to have workers")
    for number, one in enumerate(held):
        wait_until(one.began.is_set)
        assert sum(other.began.is_set() and not other.ended.is_set() for other in held) == 1
        one.let_go.set()
        qtbot.waitUntil(partial(operator.contains, inbox.results, number))
    assert inbox.results == [0, 1, 2]
    for one in asked:
        one.let_go.set()
    qtbot.waitUntil(lambda: idle(runner))


def test_rows_in_sight_never_wait_for_other_work(runner: Runner, inbox: Inbox, qtbot: QtBot) -> None:
    held = [Held() for _number in range(WORKERS + 1)]
    for one in held:
        runner.submit("long", one, arguments={})
    wait_until(lambda: sum(one.began.is_set() for one in held) == WORKERS)
    runner.submit("page", lambda: "page", done=inbox.done, rank=Rank.IN_SIGHT, arguments={})
    qtbot.waitUntil(lambda: inbox.results == ["page"])
    for one in held:
        one.let_go.set()
    qtbot.waitUntil(lambda: idle(runner))


def test_what_was_dropped_behind_the_scenes_never_begins(runner: Runner, inbox: Inbox, qtbot: QtBot) -> None:
    first, second = Held("first"), Held("second")
    runner.submit("first", first, rank=Rank.BEHIND, arguments={})
    wait_until(first.began.is_set)
    runner.submit("second", second, channel="marks", rank=Rank.BEHIND, arguments={})
    assert runner.has("marks")
    runner.cancel_channel("marks")
    assert not runner.has("marks")
    runner.submit("third", lambda: "third", done=inbox.done, rank=Rank.BEHIND, arguments={})
    first.let_go.set()
    qtbot.waitUntil(lambda: inbox.results == ["third"])
    assert not second.began.is_set()


def test_what_is_cancelled_while_it_waits_behind_the_scenes_tells_whoever_asked(
    runner: Runner, inbox: Inbox, qtbot: QtBot
) -> None:
    held = [Held() for _number in range(3)]
    for one in held:
        runner.submit("walk", one, failed=inbox.failed, rank=Rank.BEHIND, arguments={})
    wait_until(held[0].began.is_set)
    runner.cancel_all()
    qtbot.waitUntil(lambda: idle(runner))
    assert [type(error) for error in inbox.errors] == [ActionCancelled] * 3
