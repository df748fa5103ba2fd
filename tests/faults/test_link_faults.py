"""Faults 6, 7 and 8: a link that dies, by a cable that is pulled (as root, in a network namespace) and by a proxy.

A dead link is an error within 8 s; afterwards nothing is out, and reads work again once the link is back.
"""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from desk.catalog.criteria import Criteria
from desk.catalog.paging import PageRequest
from desk.database import links
from desk.database.actions import Action
from desk.errors import ActionCancelled, EnvironmentProblem
from desk.operations.commit import commit_edits
from desk.operations.connect import OpenCatalogue, open_catalogue
from desk.operations.pages import count_tables, load_page
from tests.support.editing import BOOK, batch, insert
from tests.support.holding import endless, holding
from tests.support.namespace import Namespace, namespace
from tests.support.postgres import PostgresServer
from tests.support.proxy import Proxy
from tests.support.serving import binaries_or_skip, fill_library, nothing_is_out
from tests.support.tls import Issuer, speak_tls
from tests.support.told import SENTINEL, tells
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEADLINE = 8.0
AT_CONNECT = 5.0
CANCELLED = 4.0
"""Seconds: two for a cancel that the server does not answer, and what a busy machine adds."""
FIRST = PageRequest(Criteria("books"), 0)


@dataclass(frozen=True, slots=True)
class Far:
    """A server with a catalogue at the other end of a link; `target` is the URL of its clerk."""

    place: Namespace
    server: PostgresServer
    target: str


@pytest.fixture(scope="module")
def far_away() -> Iterator[Far]:
    with namespace() as place:
        server = PostgresServer(binaries_or_skip(), host=place.address, inside=place.enter)
        server.start()
        try:
            yield Far(place, server, fill_library(server))
        finally:
            server.stop()


@pytest.fixture
def far_catalogue(far_away: Far) -> Iterator[OpenCatalogue]:
    opened = open_catalogue(target=far_away.target)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def near_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    server = PostgresServer(binaries_or_skip())
    server.start()
    fill_library(server)
    speak_tls(server, Issuer(tmp_path_factory.mktemp("issuer")), "localhost")
    yield server
    server.stop()


@pytest.fixture
def proxy(near_server: PostgresServer) -> Iterator[Proxy]:
    with Proxy(near_server.port) as made:
        yield made


def through(proxy: Proxy, words: str) -> str:
    return f"postgresql://clerk:{SENTINEL}@127.0.0.1:{proxy.port}/library?{words}"


@pytest.fixture(params=["disable", "require"])
def catalogue_behind(proxy: Proxy, request: pytest.FixtureRequest) -> Iterator[OpenCatalogue]:
    """The catalogue through the proxy, in the clear and with TLS."""
    opened = open_catalogue(target=through(proxy, f"sslmode={request.param}"))
    yield opened
    opened.close()


@contextmanager
def tells_unreachable(within: float) -> Iterator[None]:
    """No answer in time, or none at all: the system finds out that nobody has the address at about the same moment."""
    begin = time.monotonic()
    with pytest.raises(EnvironmentProblem) as raised:
        yield
    assert raised.value.code in ("connect_timeout", "down"), raised.value
    assert "edits" in raised.value.kept
    assert time.monotonic() - begin < within


def test_fault_06_link_cut_while_waiting(far_away: Far, far_catalogue: OpenCatalogue) -> None:
    place = far_away.place
    with endless(far_catalogue) as (_action, future):
        place.cut()
        try:
            with tells("lost", within=DEADLINE) as told:
                future.result(2 * DEADLINE)
            assert place.address in told.what
            with tells_unreachable(DEADLINE):
                load_page(sessions=far_catalogue.sessions, request=FIRST)
        finally:
            place.mend()
    assert nothing_is_out(far_catalogue)
    assert len(load_page(sessions=far_catalogue.sessions, request=FIRST).rows) == 30


def test_fault_06_link_cut_while_a_page_is_waited_for(far_away: Far, far_catalogue: OpenCatalogue) -> None:
    """What repeats a read when its connection is lost must not do so here: twice is too long."""
    with far_away.server.connect("library") as other, ThreadPoolExecutor(1) as threads:
        other.execute("BEGIN")
        other.execute("LOCK TABLE desk.books IN ACCESS EXCLUSIVE MODE")
        page = threads.submit(load_page, sessions=far_catalogue.sessions, request=FIRST)
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'clerk' AND wait_event_type = 'Lock'"
        wait_until(lambda: other.execute(waiting).fetchone() == (1,) or page.done(), "the page waits")
        far_away.place.cut()
        try:
            with tells("lost", within=DEADLINE):
                page.result(2 * DEADLINE)
        finally:
            far_away.place.mend()
    assert nothing_is_out(far_catalogue)


def test_fault_06_link_cut_inside_a_unit_of_work(far_away: Far, far_catalogue: OpenCatalogue) -> None:
    place = far_away.place
    try:
        with tells("lost", within=DEADLINE), far_catalogue.sessions.writing("write") as session:
            session.execute(text("UPDATE books SET notes = 'never'"))
            place.cut()
            session.execute(text("SELECT 1"))
            session.commit()
    finally:
        place.mend()
    assert nothing_is_out(far_catalogue)
    assert count_tables(sessions=far_catalogue.sessions)["books"] == 30


@pytest.mark.parametrize("idle", [1, 4])
def test_fault_07_link_cut_while_idle(far_away: Far, far_catalogue: OpenCatalogue, idle: int) -> None:
    """The click must find out that its connection is dead, and that no new one comes."""
    place = far_away.place
    with holding(far_catalogue, idle):
        pass
    place.cut()
    try:
        with tells_unreachable(DEADLINE):
            load_page(sessions=far_catalogue.sessions, request=FIRST)
        with tells_unreachable(DEADLINE):
            commit_edits(sessions=far_catalogue.sessions, batch=batch(insert(BOOK, title="Emma")))
        assert nothing_is_out(far_catalogue)
    finally:
        place.mend()
    assert count_tables(sessions=far_catalogue.sessions)["books"] == 30


def test_fault_07_several_clicks_on_dead_connections(far_away: Far, far_catalogue: OpenCatalogue) -> None:
    place = far_away.place
    with holding(far_catalogue, 4):
        pass
    place.cut()
    begin = time.monotonic()
    try:
        with ThreadPoolExecutor(4) as threads:
            clicks = [threads.submit(count_tables, sessions=far_catalogue.sessions) for _number in range(4)]
        assert time.monotonic() - begin < DEADLINE
        for click in clicks:
            with pytest.raises(EnvironmentProblem):
                click.result()
    finally:
        place.mend()
    assert nothing_is_out(far_catalogue)
    assert count_tables(sessions=far_catalogue.sessions)["books"] == 30


def test_fault_08_packets_dropped_at_connect(far_away: Far) -> None:
    place, target = far_away.place, far_away.target
    place.drop()
    try:
        with tells("connect_timeout", within=AT_CONNECT) as told:
            open_catalogue(target=target)
    finally:
        place.pick_up()
    assert place.address in told.what
    open_catalogue(target=target).close()


def test_fault_08_cable_pulled_at_connect(far_away: Far) -> None:
    place, target = far_away.place, far_away.target
    place.cut()
    try:
        with tells_unreachable(AT_CONNECT):
            open_catalogue(target=target)
    finally:
        place.mend()
    open_catalogue(target=target).close()


def test_fault_08_name_whose_look_up_hangs(near_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a link no name server answers either; the look-up cannot be stopped, only left alone."""
    let_go = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_words, **_keywords: let_go.wait(60) and [])
    try:
        with tells("connect_timeout", within=AT_CONNECT) as told:
            open_catalogue(target=f"postgresql://clerk:{SENTINEL}@far.invalid/library?sslmode=disable")
        assert "far.invalid" in told.what
    finally:
        let_go.set()


def test_fault_07_idle_behind_a_proxy_that_hangs(proxy: Proxy, catalogue_behind: OpenCatalogue) -> None:
    """TCP stays alive: only Desk's own bounds help."""
    with holding(catalogue_behind, 3):
        pass
    proxy.hold()
    with tells("connect_timeout", within=DEADLINE):
        load_page(sessions=catalogue_behind.sessions, request=FIRST)
    assert nothing_is_out(catalogue_behind)
    proxy.flow()
    assert len(load_page(sessions=catalogue_behind.sessions, request=FIRST).rows) == 30


def test_fault_07_idle_links_that_a_proxy_cut_are_not_noticed(proxy: Proxy, catalogue_behind: OpenCatalogue) -> None:
    with holding(catalogue_behind, 3):
        pass
    proxy.cut()
    assert len(load_page(sessions=catalogue_behind.sessions, request=FIRST).rows) == 30
    assert nothing_is_out(catalogue_behind)


def test_fault_06_link_that_a_proxy_cuts_while_waiting(proxy: Proxy, catalogue_behind: OpenCatalogue) -> None:
    with endless(catalogue_behind) as (_action, future):
        proxy.cut()
        with tells("lost", within=DEADLINE):
            future.result(2 * DEADLINE)
    assert count_tables(sessions=catalogue_behind.sessions)["books"] == 30
    assert nothing_is_out(catalogue_behind)


def test_fault_06_statement_behind_a_proxy_that_hangs_can_be_cancelled(
    proxy: Proxy, catalogue_behind: OpenCatalogue
) -> None:
    """Nothing but the person bounds it: the server neither gets the cancel nor would its answer come."""
    with endless(catalogue_behind) as (action, future):
        proxy.hold()
        begin = time.monotonic()
        action.cancel()
        with pytest.raises(ActionCancelled):
            future.result(2 * DEADLINE)
        assert time.monotonic() - begin < CANCELLED
    assert nothing_is_out(catalogue_behind)
    proxy.flow()
    assert count_tables(sessions=catalogue_behind.sessions)["books"] == 30


def test_a_lost_answer_to_a_commit_is_never_called_cancelled(proxy: Proxy, catalogue_behind: OpenCatalogue) -> None:
    """A commit that was sent may have happened: "cancelled" would say that it did not."""
    action = Action("commit")

    def save() -> None:
        with action.running(), catalogue_behind.sessions.writing("commit") as session:
            session.execute(text("UPDATE books SET notes = 'saved?'"))
            proxy.hold()
            session.commit()

    with ThreadPoolExecutor(1) as threads:
        saving = threads.submit(save)
        wait_until(lambda: saving.done() or proxy.is_holding, "the commit is on its way")
        wait_until(lambda: saving.done() or not action.wait_until_idle(0.2), "a connection is lent")
        action.cancel()
        with tells("lost", within=DEADLINE):
            saving.result(2 * DEADLINE)
    assert nothing_is_out(catalogue_behind)
    proxy.flow()


def test_connecting_can_be_cancelled(proxy: Proxy) -> None:
    proxy.hold()
    action = Action("open")

    def connect() -> None:
        with action.running():
            open_catalogue(target=through(proxy, "connect_timeout=60"))

    with ThreadPoolExecutor(1) as threads:
        opening = threads.submit(connect)
        wait_until(lambda: any(one.name == "connect" for one in threading.enumerate()), "connecting")
        begin = time.monotonic()
        action.cancel()
        with pytest.raises(ActionCancelled):
            opening.result(DEADLINE)
        assert time.monotonic() - begin < 2
    proxy.flow()


def test_opening_can_be_cancelled_when_the_proxy_hangs_right_after_the_connect(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLAlchemy asks a new server about itself before anybody has the connection."""
    connect_within = links.connect_within

    def connect_and_hang(seconds: float, connect: Callable[[], Any]) -> Any:
        raw = connect_within(seconds, connect)
        proxy.hold()
        return raw

    monkeypatch.setattr(links, "connect_within", connect_and_hang)
    action = Action("open")

    def connect() -> None:
        with action.running():
            open_catalogue(target=through(proxy, "sslmode=disable"))

    with ThreadPoolExecutor(1) as threads:
        opening = threads.submit(connect)
        wait_until(lambda: not action.wait_until_idle(0), "a connection is lent")
        begin = time.monotonic()
        action.cancel()
        with pytest.raises(ActionCancelled):
            opening.result(DEADLINE)
        assert time.monotonic() - begin < CANCELLED
    assert action.wait_until_idle(0)
    proxy.flow()


def test_a_connection_that_comes_too_late_is_closed() -> None:
    class Raw:
        closed = threading.Event()

        def close(self) -> None:
            self.closed.set()

    let_go, raw = threading.Event(), Raw()

    def connect() -> Raw:
        let_go.wait(60)
        return raw

    with pytest.raises(Exception, match="timeout"):
        links.connect_within(0.01, connect)
    let_go.set()
    assert raw.closed.wait(DEADLINE)
