"""A client of `tests.torture.commit`, in a process of its own: it saves one random unit after the other by Desk's own
code, and says before each what it will change and afterwards what it was told.
"""

from __future__ import annotations

import logging
import random
import signal
import threading
import time
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from desk.catalog.edit_codec import encode_receipt
from desk.catalog.edits import Edit, EditBatch, EditKind, RecordKey, UnitReceipt
from desk.catalog.rows import AuthorRef, ContributionRow
from desk.database.actions import Action
from desk.database.profiles import PoolSettings
from desk.errors import ActionCancelled, DeskError
from desk.operations.commit import commit_edits
from desk.operations.connect import OpenCatalogue, open_catalogue
from desk.operations.outcomes import resolve_unit

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from desk.catalog.edits import CommitResult

PATIENCE = 30.0
"""Seconds in which an unknown outcome has to become known."""
LOCK_SECONDS = 10.0
"""What a killed client's transaction holds is free after so long, where the server does not hear of its death."""
AUTHOR = RecordKey("authors", -100)
ENTRIES = 2
"""Added entries of every new book."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a client is asked for: a unit of that number, of the run of that name, over some of the shared books, which
    deletes one that is only there for that; it is cancelled after so many seconds (None: it is not)."""

    run: str
    unit: int
    seed: int
    shared: tuple[int, ...]
    doomed: int
    cancel: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a unit will do: so many new books, called `unit RUN N` as the new author of the first of them is, and (book,
    old note, new note) of the shared ones."""

    unit: int
    new: int
    doomed: int
    notes: tuple[tuple[int, str, str], ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a unit as the client was told: `saved`, `not saved` (`detail` says why), `unknown`; `finally` is
    what an unknown one turned out to be, '' if that was never found out."""

    unit: int
    outcome: str
    detail: str = ""
    finally_: str = ""


def work(pipe: Connection, target: str, authors: tuple[int, ...]) -> None:
    """Takes orders from the pipe until there is None, and answers each with a Plan, the receipt as text when there is
    one, and what it was Told."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable()  # of every link that breaks there would be a page
    catalogue = _opened(target)
    pipe.send("ready")
    while (order := pipe.recv()) is not None:
        pipe.send(_save(catalogue, order, authors, pipe))
    catalogue.close()


def _opened(target: str) -> OpenCatalogue:
    """The catalogue; again for as long as nobody who asks for it gets through."""
    settings = PoolSettings(size=2, lock_timeout=LOCK_SECONDS, idle_in_transaction_timeout=LOCK_SECONDS)
    while True:
        try:
            return open_catalogue(target=target, settings=settings)
        except DeskError:
            time.sleep(0.05)


def _save(catalogue: OpenCatalogue, order: Order, authors: tuple[int, ...], pipe: Connection) -> Told:
    chance = random.Random(order.seed)
    try:
        plan, batch = _plan(catalogue, order, authors, chance)
    except DeskError as problem:  # a backend was ended while it read
        return Told(order.unit, "not saved", f"before it began: {problem.code}")
    pipe.send(plan)
    action = Action("commit")
    timer = None if order.cancel is None else threading.Timer(order.cancel, action.cancel)
    if timer is not None:
        timer.start()

    def keep(receipt: UnitReceipt) -> None:
        pipe.send(encode_receipt(receipt))

    try:
        with action.running():
            result = commit_edits(sessions=catalogue.sessions, batch=batch, keep_receipt=keep)
        return _told(catalogue, order.unit, result)
    except ActionCancelled:
        return Told(order.unit, "not saved", "cancelled")
    except DeskError as problem:
        return Told(order.unit, "not saved", problem.code)
    except Exception as error:  # a bug, which is to be told
        return Told(order.unit, "bug", repr(error))
    finally:
        if timer is not None:
            timer.cancel()


def _told(catalogue: OpenCatalogue, unit: int, result: CommitResult) -> Told:
    if result.unknown is not None:
        return Told(unit, "unknown", finally_=_resolved(catalogue, result.unknown))
    return Told(unit, "not saved", "conflict") if result.conflicts else Told(unit, "saved")


def _resolved(catalogue: OpenCatalogue, receipt: UnitReceipt) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            found = resolve_unit(sessions=catalogue.sessions, receipt=receipt)
        except DeskError:
            found = None
        if found is not None:
            return "saved" if found.saved else "not saved"
        time.sleep(0.05)
    return ""


def _plan(
    catalogue: OpenCatalogue, order: Order, authors: tuple[int, ...], chance: random.Random
) -> tuple[Plan, EditBatch]:
    books = chance.sample(order.shared, chance.randint(1, 4))
    with catalogue.sessions.reading("begin") as session:
        found = session.execute(text(f"SELECT id, notes FROM books WHERE id IN ({', '.join(map(str, books))})"))
        notes: dict[int, str] = {book: note for book, note in found}  # noqa: C416  (rows are no pairs to type checkers)
    edits = [_edit(book, EditKind.UPDATE, {"notes": notes[book]}, {"notes": f"{order.unit}/{book}"}) for book in books]
    new = chance.randint(1, 3)
    entries = tuple(
        ContributionRow(AuthorRef(author, ""), "editor", place)
        for place, author in enumerate(chance.sample(authors, ENTRIES))
    )
    title = f"unit {order.run} {order.unit}"
    edits += [
        _edit(-1 - number, EditKind.INSERT, {}, {"title": title, "contributors": entries}) for number in range(new)
    ]
    first = next(one for one in edits if one.kind is EditKind.INSERT)
    link = {"author": AuthorRef(AUTHOR.id, title)}
    edits[edits.index(first)] = replace(first, values=MappingProxyType({**first.values, **link}))
    edits.append(Edit(AUTHOR, EditKind.INSERT, title, values=MappingProxyType({"name": title})))
    edits.append(_edit(order.doomed, EditKind.DELETE, {"title": f"doomed {order.run} {order.unit}"}, {}))
    chance.shuffle(edits)
    steps = tuple((book, notes[book], f"{order.unit}/{book}") for book in books)
    return Plan(order.unit, new, order.doomed, steps), EditBatch(tuple(edits))


def _edit(book: int, kind: EditKind, original: dict[str, Any], values: dict[str, Any]) -> Edit:
    key = RecordKey("books", book)
    return Edit(key, kind, f"book {book}", 0, MappingProxyType(original), MappingProxyType(values))
