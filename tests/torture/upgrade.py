"""Upgrades a catalogue while another client reads and writes it all the time: `python3 -m tests.torture.upgrade`.

Nothing that was acknowledged may be lost, and the other client waits at most its lock time-out for anything.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from desk.database import engines, failures, secrets, targets
from desk.database.profiles import PoolSettings, profile_of
from desk.database.revisions import SchemaState
from desk.errors import DeskError
from desk.operations.connect import create_catalogue
from desk.operations.migrating import upgrade_catalogue
from tests.support.postgres import start_or_explain
from tests.support.revisions import SHELF_UP, add_revision, scripts_in, use_scripts
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Engine

    from desk.operations.migrating import MigrationResult

BOOKS = 100_000
LOCK_SECONDS = 10.0
SLACK_SECONDS = 2.0
"""For a machine that does other things, too."""
WRITES_AROUND = 20
"""So many writes are acknowledged before the upgrade begins, and again after it."""

_FILL = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})",
    "postgresql": "WITH n(i) AS (SELECT generate_series(1, {count}))",
}
_AUTHORS = "INSERT INTO authors (name, name_key) {n} SELECT 'Author ' || i, 'author ' || i FROM n"
_BOOKS = (
    "INSERT INTO books (title, title_key, author_id, notes)"
    " {n} SELECT 'Book ' || i, 'book ' || i, 1 + i % 100, CASE WHEN i % 3 = 0 THEN 'A note.' END FROM n"
)


@dataclass(slots=True)
class Client:
    """What the other client did: ids and titles of its acknowledged inserts, the last acknowledged note of each book
    it updated; how often it was refused, and the longest time (seconds) that anything took."""

    inserted: dict[int, str] = field(default_factory=dict)
    noted: dict[int, str] = field(default_factory=dict)
    writes: int = 0
    reads: int = 0
    refused: int = 0
    longest: float = 0.0
    broken: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Run:
    """What came of one upgrade under load."""

    client: Client
    result: MigrationResult

    def line(self) -> str:
        did = self.client
        return (
            f"upgraded in {self.result.seconds:.2f} s; the other client: {did.reads} reads, {did.writes} writes, "
            f"{did.refused} refused, waited {did.longest:.2f} s at most"
        )


def fill(url: URL, count: int) -> None:
    """Puts 100 authors and `count` books into an empty catalogue."""
    with _engine(url) as engine, engine.execution_options(**{engines.WRITE: True}).begin() as connection:
        numbers = _FILL[engine.dialect.name]
        connection.execute(text(_AUTHORS.format(n=numbers.format(count=100))))
        connection.execute(text(_BOOKS.format(n=numbers.format(count=count))))


def upgrade_under_load(target: str, count: int, patience: float = LOCK_SECONDS) -> Run:
    """Upgrades a filled catalogue to what `use_scripts` shows while a client works on it; checks every promise.

    `patience` is the client's lock time-out in seconds.
    """
    profile, password = profile_of(target)
    secrets.remember(profile, password)
    url = targets.target_url(target)
    before = _checksum(url, count)
    with _client(url, count, patience) as client:
        wait_until(lambda: client.writes > WRITES_AROUND or client.broken, "the client writes", 60)
        result = upgrade_catalogue(profile=replace(profile, pool=PoolSettings(lock_timeout=LOCK_SECONDS)))
        enough = client.writes + WRITES_AROUND
        wait_until(lambda: client.writes > enough or client.broken, "the client goes on writing", 60)
    assert not client.broken, client.broken
    assert result.status.state is SchemaState.CURRENT
    assert client.longest < patience + SLACK_SECONDS, f"the client waited {client.longest:.1f} s"
    assert _checksum(url, count) == before, "titles or authors changed"
    _check_writes(url, client, count)
    if result.backup is not None:
        assert _checksum(targets.target_url(str(result.backup)), count) == before, "the backup differs"
    return Run(client, result)


def _check_writes(url: URL, client: Client, count: int) -> None:
    with _engine(url) as engine, engine.connect() as connection:
        rows: list[Any] = list(connection.execute(text("SELECT id, title, notes, shelf, copies FROM books")))
    titles = {row.id: row.title for row in rows}
    notes = {row.id: row.notes for row in rows}
    lost = [one for one, title in client.inserted.items() if titles.get(one) != title]
    undone = [one for one, note in client.noted.items() if notes.get(one) != note]
    assert not lost, f"{len(lost)} acknowledged inserts are gone"
    assert not undone, f"{len(undone)} acknowledged updates are gone"
    assert len(rows) == count + len(client.inserted)
    assert all(row.copies == 1 for row in rows)
    assert all((row.shelf == f"A{row.id % 10}") == (row.id % 2 == 0) for row in rows if row.id <= count)


@contextmanager
def _client(url: URL, count: int, patience: float) -> Iterator[Client]:
    """Reads and writes without a pause, on a thread and an engine of its own, until the block ends."""
    done = Client()
    stop = threading.Event()

    def work() -> None:
        chance = random.Random(7)
        with _engine(url, patience) as engine:
            while not stop.is_set() and not done.broken:
                _one_step(engine, done, chance, count)

    thread = threading.Thread(target=work, name="other client")
    thread.start()
    try:
        yield done
    finally:
        stop.set()
        thread.join()


def _one_step(engine: Engine, done: Client, chance: random.Random, count: int) -> None:
    for act in (_read, _insert, _update):
        begin = time.monotonic()
        try:
            act(engine, done, chance, count)
        except SQLAlchemyError as error:
            problem = failures.explained(error, engine.url, cancelled=False)
            if isinstance(problem, DeskError) and problem.code == "locked":
                done.refused += 1
            else:
                done.broken.append(str(error))
        done.longest = max(done.longest, time.monotonic() - begin)


def _read(engine: Engine, done: Client, chance: random.Random, count: int) -> None:
    with engine.connect() as connection:
        found = connection.execute(text("SELECT count(*), max(id) FROM books")).one()
        assert found[0] >= count
    done.reads += 1


def _insert(engine: Engine, done: Client, chance: random.Random, count: int) -> None:
    title = f"Written {len(done.inserted)}"
    with engine.connect().execution_options(**{engines.WRITE: True}) as connection:
        insert = text("INSERT INTO books (title, title_key) VALUES (:title, :title) RETURNING id")
        number = connection.execute(insert, {"title": title}).scalar_one()
        connection.commit()
    done.inserted[number] = title
    done.writes += 1


def _update(engine: Engine, done: Client, chance: random.Random, count: int) -> None:
    number, note = chance.randint(1, count), f"Noted {done.writes}"
    with engine.connect().execution_options(**{engines.WRITE: True}) as connection:
        connection.execute(text("UPDATE books SET notes = :note WHERE id = :id"), {"note": note, "id": number})
        connection.commit()
    done.noted[number] = note
    done.writes += 1


def _checksum(url: URL, count: int) -> str:
    """Of what no client changes: ids, titles, keys and authors of the first `count` books."""
    digest = hashlib.sha256()
    with _engine(url) as engine, engine.connect() as connection:
        columns = text("SELECT id, title, title_key, author_id FROM books WHERE id <= :count ORDER BY id")
        for row in connection.execute(columns, {"count": count}):
            digest.update(repr(tuple(row)).encode())
    return digest.hexdigest()


@contextmanager
def _engine(url: URL, patience: float = LOCK_SECONDS) -> Iterator[Engine]:
    engine = engines.make_engine(url, PoolSettings(lock_timeout=patience))
    try:
        yield engine
    finally:
        engine.dispose()


def main(arguments: list[str] | None = None) -> int:
    """Runs it on both databases; 1 where there is no server, 0 when every promise was kept."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.torture.upgrade", description=__doc__)
    parser.add_argument("--books", type=int, default=BOOKS)
    count = parser.parse_args(arguments).books
    server = start_or_explain()
    if isinstance(server, str):
        print(server, file=sys.stderr)
        return 1
    try:
        with tempfile.TemporaryDirectory(prefix="desk-torture-") as folder:
            places = {"SQLite": str(Path(folder) / "torture.desk"), "PostgreSQL": server.create_database("torture")}
            scripts = scripts_in(Path(folder))
            for target in places.values():
                create_catalogue(target=target)
                fill(targets.target_url(target), count)
            add_revision(scripts, SHELF_UP)
            use_scripts(scripts)
            for name, target in places.items():
                print(f"{name}, {count:,} books: {upgrade_under_load(target, count).line()}", flush=True)
    finally:
        server.stop()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
