"""Many clients edit the same few books at once: `python3 -m tests.torture.edits`.

Clients use Desk's own code and decide their conflicts by chance; other programs write in between. Every value was
written once, over a value that its writer knew of: in the end the values of each field, from the first one to the one
that is in the database, are exactly those that were told as saved, one after the other. A silent overwrite would be a
value with two followers, or with none that leads on.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.torture._databases import Look, catalogues, parser, path_of
from tests.torture._editing import FIELDS, Done, Task, edit_books, write_elsewhere

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

EDITS = 10_000
CLIENTS = 8
FOREIGN = 2
BOOKS = 200
LONGEST_SECONDS = 1800.0
COMPLAINTS = 20

_ADD_BOOK = "INSERT INTO books (title, title_key, notes, language) VALUES (?, 'torture', ?, ?) RETURNING id"


@dataclass(slots=True)
class Found:
    """What came of a run: edits tried, values committed by Desk and by others, and every field that went wrong."""

    edits: int = 0
    saved: int = 0
    foreign: int = 0
    merged: int = 0
    conflicts: int = 0
    mine: int = 0
    refused: int = 0
    seconds: float = 0.0
    complaints: list[str] = field(default_factory=list)

    def line(self) -> str:
        return (
            f"{self.edits} edits in {self.seconds:.0f} s: {self.saved} values saved, {self.foreign} written elsewhere; "
            f"{self.merged} records merged, {self.conflicts} in conflict ({self.mine} fields decided for the edit)"
        )


def run(
    target: str,
    *,
    edits: int = EDITS,
    clients: int = CLIENTS,
    foreign: int = FOREIGN,
    books: int = BOOKS,
    seed: int = 1,
) -> Found:
    """Makes that many edits on so many new books, and looks at every value afterwards."""
    begin, chance, look = time.monotonic(), random.Random(seed), Look(target)
    ids = tuple(_add(look, number) for number in range(books))
    first = _values_now(look, ids)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([edit_books.__module__])
    ends = context.Event()
    pipes: list[Connection[Any, Any]] = []
    processes = []

    def start(work: Any, name: str, last: Any) -> None:
        near, far = context.Pipe()
        arguments = (far, Task(target, name, ids, chance.randrange(2**32)), last)
        processes.append(context.Process(target=work, args=arguments, daemon=True))
        processes[-1].start()
        far.close()
        pipes.append(near)

    for number in range(clients):
        start(edit_books, f"c{number}", edits // clients + (number < edits % clients))
    for number in range(foreign):
        start(write_elsewhere, f"f{number}", ends)
    done = [_told(pipe) for pipe in pipes[:clients]]
    ends.set()
    others = [_told(pipe) for pipe in pipes[clients:]]
    for process in processes:
        process.join()
    found = Found(
        edits=sum(one.edits for one in done), saved=sum(len(one.steps) for one in done),
        foreign=sum(len(one.steps) for one in others), merged=sum(one.merged for one in done),
        conflicts=sum(one.conflicts for one in done), mine=sum(one.mine for one in done),
        refused=sum(one.refused for one in done),
    )  # fmt: skip
    _judge(found, [*done, *others], first, _values_now(look, ids))
    look.close()
    found.seconds = time.monotonic() - begin
    return found


def _told(pipe: Connection[Any, Any]) -> Done:
    if not pipe.poll(LONGEST_SECONDS):
        raise RuntimeError("a client has no end")
    done: Done = pipe.recv()
    return done


def _judge(found: Found, done: list[Done], first: dict[tuple[int, str], str], last: dict[tuple[int, str], str]) -> None:
    steps: dict[tuple[int, str], list[tuple[str, str]]] = {place: [] for place in first}
    for one in done:
        for step in one.steps:
            steps[step.book, step.field].append((step.old, step.new))
    for place, value in first.items():
        end, taken = path_of(steps[place], value)
        if (end, taken) != (last[place], len(steps[place])):
            lost = len(steps[place]) - taken
            found.complaints.append(
                f"{place}: it ends with {last[place]!r}, the ledger with {end!r}, {lost} are left out"
            )


def _add(look: Look, number: int) -> int:
    ((book,),) = look.rows(_ADD_BOOK, [f"{name} of {number}" for name in FIELDS])
    return int(book)


def _values_now(look: Look, ids: tuple[int, ...]) -> dict[tuple[int, str], str]:
    marks = ", ".join("?" * len(ids))
    rows = look.rows(f"SELECT id, {', '.join(FIELDS)} FROM books WHERE id IN ({marks})", ids)
    return {(book, name): value for book, *values in rows for name, value in zip(FIELDS, values, strict=True)}


def main(arguments: list[str] | None = None) -> int:
    """Runs it; 1 when a value was overwritten silently or nothing could be tried."""
    asked = parser("edits", __doc__ or "", rounds=EDITS).parse_args(arguments)
    results = {}
    with catalogues(asked.database) as targets:
        for name, target in targets.items():
            found = results[name] = run(target, edits=asked.rounds, seed=asked.seed)
            print(f"{name}: {found.line()}")
            for words in found.complaints[:COMPLAINTS]:
                print(f"  {words}")
    passed = sum(found.edits for found in results.values())
    failed = sum(len(found.complaints) for found in results.values())
    if asked.json is not None:
        names = ("edits", "saved", "foreign", "merged", "conflicts", "mine", "refused", "seconds", "complaints")
        document = {key: {name: getattr(found, name) for name in names} for key, found in results.items()}
        asked.json.write_text(json.dumps(document, indent=1), encoding="utf-8")
    print(f"{passed - failed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
