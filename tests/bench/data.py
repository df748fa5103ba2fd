"""Makes the big catalogues and their search indexes, and tells how long each step took and how big they became.

What is there already is kept, and only its size is told. The search index is made after everything else was timed.
"""

from __future__ import annotations

import sys
import time
from contextlib import closing
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from sqlalchemy import text

from desk.catalog.search_state import SearchMethod
from desk.operations.connect import open_catalogue
from desk.operations.searching import make_search_index
from tests.bench._big import datasets, finish, parser, tell
from tests.bench._table import Figure, milliseconds

if TYPE_CHECKING:
    from desk.database.sessions import Sessions

SIZES = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
    "postgresql": "SELECT pg_database_size(current_database())",
}


class Steps:
    """Is told of each step of a making as it begins."""

    def __init__(self) -> None:
        self._begun: list[tuple[str, float]] = []

    def __call__(self, name: str) -> None:
        tell(name)
        self._begun.append((name, time.perf_counter()))

    def taken(self) -> dict[str, float]:
        """The seconds of each kind of step until now, the last one having ended; begins anew."""
        begun, self._begun = [*self._begun, ("", time.perf_counter())], []
        found: dict[str, float] = {}
        for (name, since), (_next, after) in pairwise(begun):
            kind = "indexes" if name.startswith("ix_") else name.removesuffix(" …")
            found[kind] = found.get(kind, 0.0) + after - since
        return found


def main() -> int:
    asked = parser("making big catalogues", repetitions=1).parse_args()
    figures: list[Figure] = []
    steps = Steps()
    for dataset in datasets(asked.rows, asked.database, steps):
        seconds, table = steps.taken(), dataset.title
        figures += [Figure(name, took, "s", table=table) for name, took in seconds.items()]
        if seconds:
            figures.append(Figure("together", sum(seconds.values()), "s", table=table))
        with closing(open_catalogue(target=dataset.target)) as catalogue:
            figures += _sizes(catalogue.sessions, table)
    return finish("Data", figures, asked)


def _sizes(sessions: Sessions, table: str) -> list[Figure]:
    before = _megabytes(sessions)
    if sessions.search is not SearchMethod.SCAN:
        return [Figure("size, with the search index", before, "MB", table=table)]
    tell("search index …")
    took = milliseconds(partial(make_search_index, sessions=sessions))
    return [
        Figure("size", before, "MB", table=table),
        Figure("search index", took / 1000, "s", table=table),
        Figure("size of the search index", _megabytes(sessions) - before, "MB", table=table),
    ]


def _megabytes(sessions: Sessions) -> float:
    with sessions.reading("size") as session:
        return int(session.execute(text(SIZES[sessions.dialect])).scalar_one()) / 1e6


if __name__ == "__main__":
    sys.exit(main())
