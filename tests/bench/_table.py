"""What benchmarks share: measuring things by turns, and showing figures as a table and as JSON."""

from __future__ import annotations

import argparse
import json
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

HEADERS = ("figure", "value", "baseline", "ratio", "limit", "")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. With a `baseline` (same unit) the limit is on their ratio, else on the value itself; None
    as a limit only reports."""

    name: str
    value: float
    unit: str
    baseline: float | None = None
    limit: float | None = None

    @property
    def ratio(self) -> float | None:
        return self.value / self.baseline if self.baseline else None

    @property
    def ok(self) -> bool:
        measured = self.value if self.ratio is None else self.ratio
        return self.limit is None or measured <= self.limit

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "value": round(self.value, 3),
            "unit": self.unit,
            "baseline": None if self.baseline is None else round(self.baseline, 3),
            "ratio": None if self.ratio is None else round(self.ratio, 3),
            "limit": self.limit,
            "ok": self.ok,
        }


def options(description: str, *, repetitions: int) -> argparse.Namespace:
    """The command line of a benchmark: `json` (a path or None) and `repetitions`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures there")
    parser.add_argument("--repetitions", metavar="N", type=int, default=repetitions)
    return parser.parse_args()


def medians_by_turns(repetitions: int, *actions: Callable[[], Callable[[], object]]) -> list[float]:
    """The median milliseconds of each action; they take turns, so that a busy machine disturbs all alike.

    An action prepares itself and returns what is to be measured. One round before the first is not counted.
    """
    times: list[list[float]] = [[] for _action in actions]
    for turn in range(repetitions + 1):
        for action, known in zip(actions, times, strict=True):
            work = action()
            started = time.perf_counter()
            work()
            if turn:
                known.append((time.perf_counter() - started) * 1000)
    return [statistics.median(known) for known in times]


def with_bytecode(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment in which Python keeps compiled modules, as every installed program has them; the uncounted first
    round makes them."""
    return {name: value for name, value in environment.items() if name != "PYTHONDONTWRITEBYTECODE"}


def report(figures: Sequence[Figure], target: Path | None) -> int:
    """Prints the table, writes the JSON list; always 0: who holds figures to their limits reads `ok`."""
    rows = [HEADERS, *map(_cells, figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADERS))]
    for row in rows:
        first, *rest = (cell.ljust(width) if not at else cell.rjust(width) for at, (cell, width) in
                        enumerate(zip(row, widths, strict=True)))  # fmt: skip
        print("  ".join((first, *rest)).rstrip())
    if target is not None:
        target.write_text(json.dumps([figure.as_json() for figure in figures], indent=1), encoding="utf-8")
    return 0


def _cells(figure: Figure) -> tuple[str, ...]:
    return (
        figure.name,
        f"{figure.value:,.1f} {figure.unit}",
        "" if figure.baseline is None else f"{figure.baseline:,.1f} {figure.unit}",
        "" if figure.ratio is None else f"{figure.ratio:.2f}",
        "" if figure.limit is None else f"{figure.limit:g}",
        "ok" if figure.ok else "BEYOND",
    )
