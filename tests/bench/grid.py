"""The real window over a big catalogue: scroll bar → painted, Ctrl+A, a long copy, stalls, and memory.

Every part is a process of its own, off-screen at 1920 × 1080. A jump's baseline is the driver alone reading the pages
that the jump asked for; a stall's is the idle window; memory's is the window over an empty catalogue.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from tests.bench import catalogues
from tests.bench._big import datasets, finish, in_process, parser, tell
from tests.bench._table import Figure, percentile

if TYPE_CHECKING:
    import argparse

    from tests.bench.catalogues import Dataset

JUMP_MS = {True: 50.0, False: 60.0}
"""With all marks: SQLite, PostgreSQL."""
EARLY_JUMP_MS = {True: 300.0, False: 1500.0}
ALL_ROWS_MS = 100.0
STALL_MS = 16.0
LONGEST_STALL_MS = 100.0
MORE_MB = 60.0
PLACES = 1000


def main() -> int:
    asking = parser("the grid of the real window", repetitions=300)
    asking.add_argument("--minutes", metavar="N", type=float, default=5.0, help="length of the mixed run (5)")
    asked = asking.parse_args()
    figures: list[Figure] = []
    for dataset in datasets(asked.rows, asked.database):
        figures += [*_jumps(dataset, asked), *_keys(dataset), *_memory(dataset), *_stalls(dataset, asked.minutes)]
    return finish("Grid", figures, asked)


def _jumps(dataset: Dataset, asked: argparse.Namespace) -> list[Figure]:
    tell("Jumps …")
    found = in_process("jumps", dataset, repetitions=asked.repetitions, few=max(asked.repetitions // 10, 3))
    raw, table, before = found["raw"], dataset.title, found["before"]
    groups = {
        "by author": before.pop("author"),
        "other orders": [one for some in before.values() for one in some],
    }
    return [
        Figure("jump, p50", percentile(found["after"], 50), "ms", percentile(raw, 50), table=table),
        Figure("jump, p99", percentile(found["after"], 99), "ms", percentile(raw, 99),
               most=JUMP_MS[dataset.is_sqlite], table=table),
        *(
            Figure(f"jump before the marks, {name}, p{share}", percentile(times, share), "ms", most=most, table=table)
            for name, times in groups.items()
            for share, most in ((50, None), (99, EARLY_JUMP_MS[dataset.is_sqlite]))
        ),
        Figure(f"{found['marks']:,} marks learnt behind the scenes", found["learnt_s"], "s", table=table),
        Figure("longest stall meanwhile", found["learning_stall_ms"], "ms", most=LONGEST_STALL_MS, table=table),
    ]  # fmt: skip


def _keys(dataset: Dataset) -> list[Figure]:
    tell("Ctrl+A and copy …")
    found, table = in_process("keys", dataset, repetitions=20), dataset.title
    return [
        Figure("Ctrl+A, p99, against a repaint", percentile(found["all_rows"], 99), "ms",
               percentile(found["repaints"], 99), most=ALL_ROWS_MS, table=table),
        Figure(f"copy of {found['copied']:,} rows", found["copy_ms"] / 1000, "s", table=table),
        Figure("its longest stall", found["copy_stall_ms"], "ms", most=LONGEST_STALL_MS, table=table),
    ]  # fmt: skip


def _memory(dataset: Dataset) -> list[Figure]:
    tell("Memory …")
    full = in_process("memory", dataset, places=PLACES)["mb"]
    with catalogues.empty_beside(dataset) as empty:
        bare = in_process("memory", empty, places=0)["mb"]
    table = dataset.title
    return [
        Figure(f"memory after {PLACES:,} places", full, "MB", bare, table=table),
        Figure("that beyond an empty catalogue", full - bare, "MB", most=MORE_MB, table=table),
    ]


def _stalls(dataset: Dataset, minutes: float) -> list[Figure]:
    tell(f"{minutes:g} minutes of use, and as long an idle time …")
    with catalogues.copied(dataset) as copy:
        found = in_process("mixed", copy, minutes=minutes)
    tell(f"done: {_listed(found['done'])}")
    for stall in found["worst"]:
        tell(f"a stall of {stall['ms']:.1f} ms during: {stall['during']}")
    samples, p99, longest, table = found["samples"], found["p99"], found["longest"], dataset.title
    return [
        Figure("stall, p99, against the idle window", p99["all"], "ms", p99["idle"], most=STALL_MS, table=table),
        *(
            Figure(f"longest stall, {phase}", longest[phase], "ms", longest["idle"], most=LONGEST_STALL_MS, table=table)
            for phase in ("start", "use", "close")
        ),
        Figure("beats of the pulse", samples["all"], "", samples["idle"], table=table),
    ]


def _listed(counts: dict[str, Any]) -> str:
    return ", ".join(f"{count} × {name}" for name, count in sorted(counts.items()))


if __name__ == "__main__":
    sys.exit(main())
