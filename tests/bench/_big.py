"""What the benchmarks of big catalogues share: their command line, the catalogues they measure, where tables go."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench import _table, catalogues
from tests.bench._machine import machine

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence

    from tests.bench._table import Figure
    from tests.bench.catalogues import Dataset

ROWS = 1_000_000
FULL = 10_000_000
"""The size that Desk's promises are made for."""

tell = partial(print, file=sys.stderr, flush=True)


def parser(description: str, *, repetitions: int) -> argparse.ArgumentParser:
    """Adds to every benchmark's options: `rows`, `database` ('' for both) and `markdown` (a path or None)."""
    found = _table.parser(description, repetitions=repetitions)
    found.add_argument("--rows", metavar="N", type=int, default=ROWS, help=f"books of the catalogue ({ROWS:,})")
    found.add_argument(
        "--database",
        metavar="URL",
        default="",
        help="sqlite, postgresql (a server of our own) or a server's URL; else the first two",
    )
    found.add_argument("--markdown", metavar="FILE", type=Path, help="put the tables into their sections of that file")
    return found


def datasets(rows: int, database: str, note: Callable[[str], None] = tell) -> Iterator[Dataset]:
    """The catalogues of that many books to measure, one after the other (see `families`)."""
    for family in families((rows,), database, note):
        yield from family


def families(sizes: Sequence[int], database: str, note: Callable[[str], None] = tell) -> Iterator[list[Dataset]]:
    """For one database after the other its catalogues of all these sizes, in memory as far as they fit; they are made
    where they are not there yet, and `note` is told of each step. Where there is no PostgreSQL, the reason is told and
    only SQLite is measured."""
    if database in ("", "sqlite"):
        files = [catalogues.sqlite_dataset(rows, note) for rows in sizes]
        _warm(files)
        yield files
    if database == "sqlite":
        return
    with ExitStack() as stack:
        url = database if "://" in database else None
        try:
            found = stack.enter_context(catalogues.postgresql_datasets(sizes, url, note))
        except RuntimeError as reason:
            tell(f"without PostgreSQL: {reason}")
            return
        _warm(found)
        yield found


def in_process(run: str, dataset: Dataset | None, **arguments: Any) -> dict[str, Any]:
    """What a run of `_runs` answers that a fresh process makes, off-screen; None as a dataset: an empty catalogue.

    The target goes in by the standard input: it may hold a password.
    """
    with tempfile.TemporaryDirectory() as home:
        environment = {**_table.with_bytecode(os.environ), "QT_QPA_PLATFORM": "offscreen", "DESK_HOME": home}
        asked = {"run": run, "target": dataset.target if dataset else "", **arguments}
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench._runs"],
            input=json.dumps(asked),
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
            check=True,
        )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def finish(name: str, figures: Sequence[Figure], asked: argparse.Namespace) -> int:
    """Prints, writes and files the figures of a benchmark; returns the exit code."""
    print(machine())
    if asked.markdown is not None:
        document = asked.markdown.read_text(encoding="utf-8")
        for table, some in _table.by_table(figures):
            body = f"{machine()}\n\n{_table.markdown(some)}"
            document = _table.with_section(document, f"## {name}: {table}", body)
        asked.markdown.write_text(document, encoding="utf-8")
    return _table.report(figures, asked.json)


def _warm(found: Sequence[Dataset]) -> None:
    for dataset in found:
        catalogues.warm(dataset)
