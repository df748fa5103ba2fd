"""Search as you type: last letter → rows painted in the real window, for terms with known shares of all titles.

The baseline is the driver alone running the statements of the same search. In one way of typing the letters before the
last came right before it, so that their searches are cancelled; in the other they have been there for a while.
"""

from __future__ import annotations

import statistics
import sys
from typing import TYPE_CHECKING

from tests.bench import invented
from tests.bench._big import datasets, finish, in_process, parser, tell
from tests.bench._table import Figure, percentile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.catalogues import Dataset

KEY_MS = 150.0
FEWEST_HITS = 100
WAYS = {"typed at once": True, "one more letter": False}


def main() -> int:
    asked = parser("search as you type", repetitions=1).parse_args()
    figures: list[Figure] = []
    for dataset in datasets(asked.rows, asked.database):
        for hits, terms in classes(dataset.books):
            figures += _class(dataset, hits, terms * asked.repetitions)
    return finish("Search", figures, asked)


def classes(books: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    """(about how many titles have each of them, terms), the rarest first."""
    for power in range(len(invented.WORDS) - 1, 0, -1):
        if books // 10**power >= FEWEST_HITS:
            yield books // 10**power, invented.WORDS[power]


def _class(dataset: Dataset, hits: int, terms: tuple[str, ...]) -> list[Figure]:
    tell(f"about {hits:,} hits …")
    figures = []
    for way, letter_by_letter in WAYS.items():
        found = in_process("typing", dataset, terms=terms, letter_by_letter=letter_by_letter)
        name = f"about {hits:,} hits ({found['method']}), {way}"
        figures += [
            Figure(f"{name}, p50", percentile(found["took"], 50), "ms", percentile(found["raw"], 50),
                   table=dataset.title),
            Figure(f"{name}, p95", percentile(found["took"], 95), "ms", percentile(found["raw"], 95), most=KEY_MS,
                   table=dataset.title),
        ]  # fmt: skip
        tell(f"found: {statistics.median(found['totals']):,.0f}")
    return figures


if __name__ == "__main__":
    sys.exit(main())
