"""From ten thousand books to ten million: what a page, a jump and the window's memory cost at each size.

The baseline of every size is the smallest one; the limit holds the largest to it.
"""

from __future__ import annotations

import statistics
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from tests.bench import _views
from tests.bench._big import datasets, finish, in_process, parser, tell
from tests.bench._table import Figure, percentile
from tests.bench.paging import Bench

if TYPE_CHECKING:
    from tests.bench.catalogues import Dataset

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
LIMIT = 1.5
PLACES = 1000
ORDERS = ("books by title ↑", "books by author ↑", "books by published_year ↓")
KINDS = {"page, p50": "ms", "page, p99": "ms", "jump, p50": "ms", "jump, p99": "ms", "memory": "MB"}
HELD = ("page, p50", "jump, p50", "memory")
"""A single p99 of one size is too much a matter of chance for a ratio."""


def main() -> int:
    asked = parser("growth", repetitions=100).parse_args()
    sizes = [size for size in SIZES if size <= asked.rows]
    found: dict[str, dict[int, dict[str, float]]] = {}
    for size in sizes:
        for dataset in datasets(size, asked.database):
            found.setdefault(dataset.title.partition(",")[0], {})[size] = _measured(dataset, asked.repetitions)
    return finish("Growth", [one for name, sizes in found.items() for one in _figures(name, sizes)], asked)


def _measured(dataset: Dataset, repetitions: int) -> dict[str, float]:
    tell(f"{dataset.title} …")
    pages: list[float] = []
    with closing(Bench(dataset, repetitions)) as bench:
        for name, criteria in _views.orders():
            if name in ORDERS:
                pages += bench.pages(name, criteria).pages
    visited = in_process("memory", dataset, places=PLACES)
    jumps = visited["took"]
    values = (
        statistics.median(pages),
        percentile(pages, 99),
        statistics.median(jumps),
        percentile(jumps, 99),
        visited["mb"],
    )
    return dict(zip(KINDS, values, strict=True))


def _figures(name: str, sizes: dict[int, dict[str, float]]) -> list[Figure]:
    smallest, largest = min(sizes), max(sizes)
    return [
        Figure(
            f"{kind}, {size:,} books",
            values[kind],
            unit,
            None if size == smallest else sizes[smallest][kind],
            LIMIT if size == largest != smallest and kind in HELD else None,
            table=name,
        )
        for kind, unit in KINDS.items()
        for size, values in sizes.items()
    ]


if __name__ == "__main__":
    sys.exit(main())
