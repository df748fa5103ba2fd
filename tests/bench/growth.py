"""From ten thousand books to ten million: what a page, a jump and the window's memory cost at each size.

The baseline of every size is the smallest one; the limit holds the largest to it.
"""

from __future__ import annotations

import statistics
import sys
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

from tests.bench import _views
from tests.bench._big import families, finish, in_process, parser, tell
from tests.bench._table import Figure, percentile
from tests.bench.paging import Bench

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    figures: list[Figure] = []
    for family in families(sizes, asked.database):
        pages = _pages(family, asked.repetitions)
        found = {dataset.books: _measured(dataset, times) for dataset, times in zip(family, pages, strict=True)}
        figures += _figures(family[0].title.partition(",")[0], found)
    return finish("Growth", figures, asked)


def _pages(family: Sequence[Dataset], repetitions: int) -> list[list[float]]:
    """The milliseconds of pages of each catalogue. The sizes take turns: what else the machine does meets them all."""
    took: list[list[float]] = [[] for _dataset in family]
    with ExitStack() as stack:
        benches = [stack.enter_context(closing(Bench(dataset, repetitions))) for dataset in family]
        for name, criteria in _views.orders():
            if name in ORDERS:
                tell(f"{name} …")
                known = [bench.walked(criteria)[0] for bench in benches]
                for _turn in range(repetitions):
                    for bench, places, times in zip(benches, known, took, strict=True):
                        times.append(bench.page_again(places))
    return took


def _measured(dataset: Dataset, pages: list[float]) -> dict[str, float]:
    tell(f"{dataset.title} …")
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
