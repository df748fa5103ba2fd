"""Search as you type: last letter → rows painted in the real window, for terms with known shares of all titles.

The baseline is the driver alone running the statements of the same search. In one way of typing the letters before the
last came right before it, so that their searches are cancelled; in the other they have been there for a moment. Each
class is told as soon as it is measured, and an interrupted run shows the classes that it came to.
"""

from __future__ import annotations

import statistics
import sys
from typing import TYPE_CHECKING

from tests.bench import invented
from tests.bench._big import datasets, finish, in_process, parser, tell
from tests.bench._table import Figure, cells, percentile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.catalogues import Dataset

KEY_MS = 150.0
FEWEST_HITS = 100


def main() -> int:
    asked = parser("search as you type", repetitions=1).parse_args()
    figures: list[Figure] = []
    try:
        for dataset in datasets(asked.rows, asked.database):
            for hits, terms in classes(dataset.books):
                figures += _class(dataset, hits, terms * asked.repetitions)
    except KeyboardInterrupt:
        tell("interrupted")
    return finish("Search", figures, asked)


def classes(books: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    """(about how many titles have each of them, terms), the rarest first."""
    for power in range(len(invented.WORDS) - 1, 0, -1):
        if books // 10**power >= FEWEST_HITS:
            yield books // 10**power, invented.WORDS[power]


def _class(dataset: Dataset, hits: int, terms: tuple[str, ...]) -> list[Figure]:
    tell(f"about {hits:,} hits …")
    found = in_process("typing", dataset, terms=terms)
    raw, figures = found["raw"], []
    for way, took in found["took"].items():
        name = f"about {hits:,} hits ({found['method']}), {way}"
        figures += [
            Figure(f"{name}, p50", percentile(took, 50), "ms", percentile(raw, 50), table=dataset.title),
            Figure(f"{name}, p95", percentile(took, 95), "ms", percentile(raw, 95), most=KEY_MS, table=dataset.title),
        ]
    for figure in figures:
        tell("  ".join(filter(None, cells(figure))))
    tell(f"found: {statistics.median(found['totals']):,.0f}")
    return figures


if __name__ == "__main__":
    sys.exit(main())
