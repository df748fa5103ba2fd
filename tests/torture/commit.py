"""Saves random units by several processes while they are cancelled, killed and cut off: `python3 -m
tests.torture.commit`.

A ledger of what was said about each unit is compared with the database afterwards, by the driver alone: nothing that
was called saved is missing, nothing is there in part, nothing is there that was called not saved, and no change of a
shared book was overwritten by one that did not know of it.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import secrets
import sys
import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import make_url

from desk.catalog.edit_codec import decode_receipt
from desk.database.links import CONNECT_SECONDS
from desk.operations.connect import open_catalogue
from desk.operations.outcomes import ASK_SECONDS, resolve_unit
from tests.support.proxy import Fate, Proxy
from tests.support.waiting import wait_until
from tests.torture._committing import ENTRIES, Order, Plan, Told, work
from tests.torture._databases import Look, catalogues, parser, path_of

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

ROUNDS = 1000
CLIENTS = 4
SHARED = 40
KILLS = 0.12
CANCELS = 0.2
CUTS = 0.12
"""How often the link of a client is cut around its COMMIT, on a server."""
ENDED = 0.08
"""How often a backend is ended meanwhile, on a server."""
ISOLATED = 0.03
"""How often a client cannot ask for the outcome of its unit for a while, on a server."""
ANSWER_SECONDS = 90.0
COMPLAINTS = 20
"""So many are shown."""

_ADD_AUTHOR = "INSERT INTO authors (name, name_key) VALUES (?, 'torture') RETURNING id"
_ADD_BOOK = "INSERT INTO books (title, title_key, notes) VALUES (?, 'torture', ?) RETURNING id"
_OURS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'desk'"
_END_ONE = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'desk' ORDER BY random() LIMIT 1
"""


@dataclass(slots=True)
class Entry:
    """What the ledger knows of a unit: its plan, the receipt that was kept, what the client said (None: it died)."""

    unit: int
    plan: Plan | None = None
    receipt: str = ""
    told: Told | None = None


@dataclass(slots=True)
class Found:
    """What came of a run: how many units were right, what was said of them, and every complaint."""

    rounds: int
    said: Counter[str] = field(default_factory=Counter)
    killed: int = 0
    seconds: float = 0.0
    complaints: list[str] = field(default_factory=list)
    wrong: set[int] = field(default_factory=set)

    @property
    def failed(self) -> int:
        return len(self.wrong)

    def complain(self, unit: int, words: str) -> None:
        self.wrong.add(unit)
        self.complaints.append(f"unit {unit}: {words}")


@dataclass(frozen=True, slots=True)
class Kill:
    """So many seconds after a client said what it will do (a Plan), or kept its receipt (a text)."""

    after: type
    seconds: float


class Client:
    """A process that saves units, made anew after it was killed; on a server behind a proxy of its own."""

    def __init__(self, target: str, authors: tuple[int, ...], proxy: Proxy | None) -> None:
        self.proxy = proxy
        self._target = target
        self._authors = authors
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([work.__module__])
        self._start()

    def do(self, order: Order, kill: Kill | None) -> Entry:
        """Has a unit saved; with `kill` the process is killed on the way."""
        entry = Entry(order.unit)
        self._pipe.send(order)
        end = time.monotonic() + ANSWER_SECONDS
        with suppress(EOFError, ConnectionResetError):
            while entry.told is None:
                if not self._pipe.poll(max(end - time.monotonic(), 0)):
                    if kill is None:
                        raise RuntimeError(f"unit {order.unit} has no end")
                    self._process.kill()
                    end, kill = time.monotonic() + ANSWER_SECONDS, None
                said = self._pipe.recv()
                self._note(entry, said)
                if kill is not None and isinstance(said, kill.after):
                    end = time.monotonic() + kill.seconds
        if entry.told is None:
            self._process.join()
            self._pipe.close()
            self._start()
        return entry

    def stop(self) -> None:
        with suppress(OSError):
            self._pipe.send(None)
        self._process.join(10)
        self._process.kill()

    def _note(self, entry: Entry, said: Any) -> None:
        if isinstance(said, Plan):
            entry.plan = said
        elif isinstance(said, Told):
            entry.told = said
        else:
            entry.receipt = said

    def _start(self) -> None:
        near, far = self._context.Pipe()
        self._pipe: Connection[Any, Any] = near
        self._process = self._context.Process(target=work, args=(far, self._target, self._authors), daemon=True)
        self._process.start()
        far.close()
        assert near.poll(ANSWER_SECONDS), "a client did not start"
        assert near.recv() == "ready"


class Torture:
    """One run over one catalogue."""

    def __init__(self, target: str, rounds: int, kills: float, seed: int) -> None:
        self.found = Found(rounds)
        self._target = target
        self._kills = kills
        self._chance = random.Random(seed)
        self._look = Look(target)
        self._lock = threading.Lock()
        self._run = secrets.token_hex(4)
        self._orders: list[Order] = []
        self._ledger: list[Entry] = []
        self._typical = 0.02
        """Seconds that a unit takes, about."""
        self._problems: list[BaseException] = []

    def run(self, clients: int) -> Found:
        begin = time.monotonic()
        authors = tuple(self._add(_ADD_AUTHOR, f"torture {number}") for number in range(5))
        shared = tuple(self._add(_ADD_BOOK, f"shared {number}", f"first/{number}") for number in range(SHARED))
        first = {book: f"first/{number}" for number, book in enumerate(shared)}
        self._orders = [self._order(number, shared) for number in range(self.found.rounds, 0, -1)]
        with ExitStack() as stack:
            threads = []
            for _number in range(clients):
                client = self._client(authors, stack)
                stack.callback(client.stop)
                threads.append(threading.Thread(target=partial(self._drive, client)))
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        if self._problems:
            raise self._problems[0]
        self._judge(first)
        self._look.close()
        self.found.seconds = time.monotonic() - begin
        return self.found

    def _client(self, authors: tuple[int, ...], stack: ExitStack) -> Client:
        if not self._look.is_server:
            return Client(self._target, authors, None)
        url = make_url(self._target)
        proxy = stack.enter_context(Proxy(url.port or 5432))
        behind = url.set(host="127.0.0.1", port=proxy.port).update_query_dict({"sslmode": "disable"})
        return Client(behind.render_as_string(hide_password=False), authors, proxy)

    def _order(self, unit: int, shared: tuple[int, ...]) -> Order:
        chance = self._chance
        cancel = chance.random() if chance.random() < CANCELS else None
        doomed = self._add(_ADD_BOOK, f"doomed {self._run} {unit}", None)
        return Order(self._run, unit, chance.randrange(2**32), shared, doomed, cancel)

    def _drive(self, client: Client) -> None:
        """Gives a client one order after the other, with what befalls it."""
        try:
            while True:
                with self._lock:
                    if not self._orders or self._problems:
                        return
                    order, chance = self._orders.pop(), random.Random(self._chance.randrange(2**32))
                self._one(client, order, chance)
        except BaseException as problem:
            self._problems.append(problem)

    def _one(self, client: Client, order: Order, chance: random.Random) -> None:
        span = 1.2 * self._typical
        if order.cancel is not None:
            order = replace(order, cancel=order.cancel * span)
        befalls = [] if client.proxy is None else self._befalls(client.proxy, span, chance)
        for one in befalls:
            one.start()
        kill = None
        if chance.random() < self._kills:
            kill = chance.choice(
                (Kill(Plan, chance.uniform(0, span)), Kill(str, chance.choice((0.0, chance.uniform(0, span / 10)))))
            )
        begin = time.monotonic()
        entry = client.do(order, kill)
        took = time.monotonic() - begin
        for one in befalls:
            one.join()
        with self._lock:
            self._ledger.append(entry)
            if entry.told is not None and entry.told.outcome == "saved":
                self._typical += (min(took, 1.0) - self._typical) / 20

    def _befalls(self, proxy: Proxy, span: float, chance: random.Random) -> list[threading.Thread]:
        """What befalls a client of a server: its link breaks, its backend ends, nothing can be asked for a while."""
        found: list[threading.Thread] = []
        proxy.lose(chance.choice(list(Fate)) if chance.random() < CUTS else None)
        if chance.random() < ISOLATED:
            proxy.lose(chance.choice((Fate.ANSWER_LOST, Fate.REQUEST_LOST)), then_hold=True)
            found.append(threading.Thread(target=_isolate, args=(proxy,)))
        if chance.random() < ENDED:
            found.append(threading.Timer(chance.uniform(0, span), self._end_a_backend))
        return found

    def _end_a_backend(self) -> None:
        look = Look(self._target)
        look.rows(_END_ONE)
        look.close()

    def _add(self, statement: str, *values: Any) -> int:
        ((number,),) = self._look.rows(statement, values)
        return int(number)

    # What is in the database in the end

    def _judge(self, first: dict[int, str]) -> None:
        if self._look.is_server:
            wait_until(lambda: self._look.rows(_OURS) == [(0,)], "the last connections are gone", 60)
        like = f"unit {self._run} %"
        new = dict(self._look.rows("SELECT title, count(*) FROM books WHERE title LIKE ? GROUP BY title", (like,)))
        entries = dict(
            self._look.rows(
                "SELECT title, count(*) FROM contributions JOIN books ON id = book_id"
                " WHERE title LIKE ? GROUP BY title",
                (like,),
            )
        )
        doomed = self._look.rows("SELECT id FROM books WHERE title LIKE ?", (f"doomed {self._run} %",))
        there = {number for (number,) in doomed}
        authors = dict(
            self._look.rows("SELECT name, count(*) FROM authors JOIN books ON author_id = authors.id GROUP BY name")
        )
        saved = []
        for entry in sorted(self._ledger, key=lambda one: one.unit):
            title = f"unit {self._run} {entry.unit}"
            has_doomed = entry.plan is None or entry.plan.doomed in there
            found = _Traces(new.get(title, 0), entries.get(title, 0), authors.get(title, 0), has_doomed)
            if self._is_there(entry, found) and entry.plan is not None:
                saved.append(entry.plan)
        self._judge_notes(first, saved)
        if len(self._ledger) != self.found.rounds:
            self.found.complain(0, f"{len(self._ledger)} units were tried")

    def _is_there(self, entry: Entry, found: _Traces) -> bool:
        """Whether a unit is in the database; complains when it is there in part, or not as was said."""
        plan, told = entry.plan, entry.told
        is_there = found.new > 0
        nothing = _Traces(0, 0, 0, True)
        whole = _Traces(plan.new, plan.new * ENTRIES, 1, False) if plan is not None and is_there else nothing
        if found != whole:
            self.found.complain(entry.unit, f"torn: {found} instead of {whole}")
        said = "killed" if told is None else told.outcome
        self.found.said[f"{said}: {told.detail}" if told is not None and told.detail else said] += 1
        self.found.killed += told is None
        final = told.finally_ if told is not None and told.outcome == "unknown" else said
        if said == "bug" or final == "":
            self.found.complain(entry.unit, f"{told}")
        if final in ("saved", "not saved") and (final == "saved") != is_there:
            self.found.complain(entry.unit, f"called {final}, and it is {'' if is_there else 'not '}there: {told}")
        if said == "killed" and entry.receipt:
            self._judge_receipt(entry, is_there)
        return is_there

    def _judge_receipt(self, entry: Entry, is_there: bool) -> None:
        """What the next start would find out about a unit whose process died around its COMMIT."""
        catalogue = open_catalogue(target=self._target)
        found = resolve_unit(sessions=catalogue.sessions, receipt=decode_receipt(entry.receipt))
        catalogue.close()
        if found is None or bool(found.saved) != is_there:
            self.found.complain(entry.unit, f"its receipt says {found}, and it is {'' if is_there else 'not '}there")
        self.found.said["receipts asked"] += 1

    def _judge_notes(self, first: dict[int, str], saved: list[Plan]) -> None:
        """Every shared book went from its first note to its last over the notes of all units that are there."""
        marks = ", ".join("?" * len(first))
        now = dict(self._look.rows(f"SELECT id, notes FROM books WHERE id IN ({marks})", tuple(first)))
        for book, note in first.items():
            steps = [(old, new, plan.unit) for plan in saved for changed, old, new in plan.notes if changed == book]
            last, taken = path_of([(old, new) for old, new, _unit in steps], note)
            if last != now[book] or taken != len(steps):
                units = [unit for _old, _new, unit in steps]
                self.found.complain(units[0] if units else 0, f"a change of book {book} was overwritten: {units}")


@dataclass(frozen=True, slots=True)
class _Traces:
    """What is in the database of a unit: new books, their added entries, its author's books, and whether its doomed
    book still is."""

    new: int
    entries: int
    authors: int
    doomed: bool


def _isolate(proxy: Proxy) -> None:
    """Once a COMMIT or its answer is lost nothing gets through for longer than Desk asks by itself."""
    deadline = time.monotonic() + 1
    while not proxy.has_lost and time.monotonic() < deadline:
        time.sleep(0.01)
    if proxy.has_lost:
        time.sleep(ASK_SECONDS + CONNECT_SECONDS)
    proxy.lose(None)
    proxy.cut()
    proxy.flow()


def run(target: str, *, rounds: int, kills: float = KILLS, seed: int = 1, clients: int = CLIENTS) -> Found:
    """Saves so many units into a catalogue; a share of the clients is killed on the way."""
    return Torture(target, rounds, kills, seed).run(clients)


def main(arguments: list[str] | None = None) -> int:
    """Runs it; 1 when a promise was broken or nothing could be tried."""
    asked = parser("commit", __doc__ or "", rounds=ROUNDS).parse_args(arguments)
    results = {}
    with catalogues(asked.database) as targets:
        for name, target in targets.items():
            found = results[name] = run(target, rounds=asked.rounds, seed=asked.seed)
            print(f"{name}: {found.rounds} units in {found.seconds:.0f} s, {found.killed} processes killed")
            for said, count in sorted(found.said.items()):
                print(f"  {count:6} {said}")
            for words in found.complaints[:COMPLAINTS]:
                print(f"  {words}")
    passed = sum(found.rounds - found.failed for found in results.values())
    failed = sum(found.failed for found in results.values())
    if asked.json is not None:
        document = {
            name: {
                "rounds": found.rounds, "failed": found.failed, "killed": found.killed, "said": dict(found.said),
                "seconds": round(found.seconds, 1), "complaints": found.complaints,
            }
            for name, found in results.items()
        }  # fmt: skip
        asked.json.write_text(json.dumps(document, indent=1), encoding="utf-8")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
