"""The clients of `tests.torture.edits`, each in a process of its own: some edit and decide conflicts by Desk's own
code, some are other programs that change rows in plain SQL and know nothing of versions.
"""

from __future__ import annotations

import logging
import random
import signal
import time
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from desk.catalog.edits import Edit, EditBatch, EditKind, RecordKey
from desk.database.profiles import PoolSettings
from desk.errors import EnvironmentProblem
from desk.operations.commit import commit_edits
from desk.operations.connect import OpenCatalogue, open_catalogue
from desk.operations.records import load_details
from tests.torture._databases import Look

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from multiprocessing.connection import Connection
    from multiprocessing.synchronize import Event

    from desk.catalog.edits import Conflict

FIELDS = ("title", "notes", "language")
MOST_AT_ONCE = 3
REST_SECONDS = 0.004
"""How long an edit is pending at most before it is committed: so long others may change what it began from."""
FOREIGN_REST_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Step:
    """A value that was committed over another one."""

    book: int
    field: str
    old: str
    new: str


@dataclass(slots=True)
class Done:
    """What a client did: every step that it was told of as saved, and how often what happened."""

    steps: list[Step]
    edits: int = 0
    merged: int = 0
    conflicts: int = 0
    mine: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Task:
    """Which catalogue and books a client works on; `name` is what its values begin with."""

    target: str
    name: str
    books: tuple[int, ...]
    seed: int


def edit_books(pipe: Connection, task: Task, count: int) -> None:
    """Makes so many edits and tells what became of them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable()
    catalogue = open_catalogue(target=task.target, settings=PoolSettings(size=2, lock_timeout=60.0))
    chance, done, values = random.Random(task.seed), Done([]), _values(task.name)
    while done.edits < count:
        edits = [
            _edit(catalogue, book, {field: next(values) for field in chance.sample(FIELDS, chance.randint(1, 2))})
            for book in chance.sample(task.books, min(chance.randint(1, MOST_AT_ONCE), count - done.edits))
        ]
        done.edits += len(edits)
        time.sleep(chance.uniform(0, REST_SECONDS))
        _commit(catalogue, edits, done, chance)
    catalogue.close()
    pipe.send(done)


def write_elsewhere(pipe: Connection, task: Task, ends: Event) -> None:
    """Changes one field of one book after the other, and leaves its version alone, until it is told to end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    look = Look(task.target)
    chance, done, values = random.Random(task.seed), Done([]), _values(task.name)
    begin, lock = ("BEGIN", " FOR UPDATE") if look.is_server else ("BEGIN IMMEDIATE", "")
    while not ends.is_set():
        book, field, new = chance.choice(task.books), chance.choice(FIELDS), next(values)
        look.rows(begin)
        ((old,),) = look.rows(f"SELECT {field} FROM books WHERE id = ?{lock}", (book,))
        look.rows(f"UPDATE books SET {field} = ? WHERE id = ?", (new, book))
        look.rows("COMMIT")
        done.steps.append(Step(book, field, old, new))
        time.sleep(chance.uniform(0, FOREIGN_REST_SECONDS))
    look.close()
    pipe.send(done)


def _values(name: str) -> Iterator[str]:
    """Values that nobody has ever written."""
    number = 0
    while True:
        number += 1
        yield f"{name}.{number}"


def _edit(catalogue: OpenCatalogue, book: int, values: Mapping[str, str]) -> Edit:
    details: Any = load_details(sessions=catalogue.sessions, table="books", record_id=book)
    original = {"title": details.row.title, "language": details.row.language, "notes": details.notes}
    return Edit(
        RecordKey("books", book), EditKind.UPDATE, f"book {book}", details.row.version, MappingProxyType(original),
        MappingProxyType(dict(values)),
    )  # fmt: skip


def _commit(catalogue: OpenCatalogue, edits: list[Edit], done: Done, chance: random.Random) -> None:
    """Commits until it is saved; of every field in conflict somebody decides which side stays."""
    while edits:
        try:
            result = commit_edits(sessions=catalogue.sessions, batch=EditBatch(tuple(edits)))
        except EnvironmentProblem:  # five deadlocks, one after the other
            done.refused += 1
            continue
        if not result.conflicts:
            done.merged += len(result.merged)
            for edit in edits:
                done.steps += [
                    Step(edit.key.id, name, edit.original[name], value) for name, value in edit.values.items()
                ]
            return
        decided = {one.edit.key: _decided(one, done, chance) for one in result.conflicts}
        chosen = (decided.get(edit.key, edit) for edit in edits)
        edits = [edit for edit in chosen if edit is not None]


def _decided(conflict: Conflict, done: Done, chance: random.Random) -> Edit | None:
    done.conflicts += 1
    edit, theirs = conflict.edit, conflict.theirs
    assert theirs is not None
    clashing = [name for name in edit.values if theirs[name] != edit.original[name]]
    dropped = {name for name in clashing if chance.random() < 0.5}
    done.mine += len(clashing) - len(dropped)
    values = {name: value for name, value in edit.values.items() if name not in dropped}
    again = edit.rebased(theirs, conflict.version, values)
    return None if again is None else replace(again, label=edit.label)
