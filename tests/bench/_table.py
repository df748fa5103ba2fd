"""What benchmarks share: measuring things by turns, and showing figures as tables, as JSON and in Markdown."""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

HEADERS = ("figure", "value", "baseline", "ratio", "limit", "")
RULES = ("---", "---:", "---:", "---:", "---:", "---")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. With a `baseline` (same unit) the limit is on their ratio, else on the value itself; `most`
    is one on the value whatever the baseline. None as a limit only reports. `table` is the heading it stands under."""

    name: str
    value: float
    unit: str
    baseline: float | None = None
    limit: float | None = None
    most: float | None = None
    table: str = ""

    @property
    def ratio(self) -> float | None:
        return self.value / self.baseline if self.baseline else None

    @property
    def ok(self) -> bool:
        measured = self.value if self.ratio is None else self.ratio
        return (self.limit is None or measured <= self.limit) and (self.most is None or self.value <= self.most)

    def as_json(self) -> dict[str, Any]:
        return {
            "name": f"{self.name} ({self.table})" if self.table else self.name,
            "value": round(self.value, 3),
            "unit": self.unit,
            "baseline": None if self.baseline is None else round(self.baseline, 3),
            "ratio": None if self.ratio is None else round(self.ratio, 5),
            "limit": self.limit,
            "most": self.most,
            "ok": self.ok,
        }


def parser(description: str, *, repetitions: int) -> argparse.ArgumentParser:
    """The command line that every benchmark has: `json` (a path or None) and `repetitions`."""
    found = argparse.ArgumentParser(description=description, allow_abbrev=False)
    found.add_argument("--json", metavar="FILE", type=Path, help="write the figures there")
    found.add_argument("--repetitions", metavar="N", type=int, default=repetitions)
    return found


def options(description: str, *, repetitions: int) -> argparse.Namespace:
    """What was given on the command line of a benchmark that has no options of its own."""
    return parser(description, repetitions=repetitions).parse_args()


def medians_by_turns(repetitions: int, *actions: Callable[[], Callable[[], object]]) -> list[float]:
    """The median milliseconds of each action; they take turns, so that a busy machine disturbs all alike.

    An action prepares itself and returns what is to be measured. One round before the first is not counted.
    """
    times: list[list[float]] = [[] for _action in actions]
    for turn in range(repetitions + 1):
        for action, known in zip(actions, times, strict=True):
            work = action()
            took = milliseconds(work)
            if turn:
                known.append(took)
    return [statistics.median(known) for known in times]


def milliseconds(work: Callable[[], object]) -> float:
    """How long a call takes."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of the values that `share` percent of them do not exceed (the nearest-rank method)."""
    return sorted(values)[max(math.ceil(len(values) * share / 100), 1) - 1]


def with_bytecode(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment in which Python keeps compiled modules, as every installed program has them; the uncounted first
    round makes them."""
    return {name: value for name, value in environment.items() if name != "PYTHONDONTWRITEBYTECODE"}


def report(figures: Sequence[Figure], target: Path | None) -> int:
    """Prints the tables, writes the JSON list; always 0: who holds figures to their limits reads `ok`."""
    for name, some in by_table(figures):
        if name:
            print(f"\n{name}")
        rows = [HEADERS, *map(cells, some)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(HEADERS))]
        for row in rows:
            first, *rest = (cell.ljust(width) if not at else cell.rjust(width) for at, (cell, width) in
                            enumerate(zip(row, widths, strict=True)))  # fmt: skip
            print("  ".join((first, *rest)).rstrip())
    if target is not None:
        target.write_text(json.dumps([figure.as_json() for figure in figures], indent=1), encoding="utf-8")
    return 0


def by_table(figures: Iterable[Figure]) -> list[tuple[str, list[Figure]]]:
    """The figures under their headings, in the order in which those first come."""
    found: dict[str, list[Figure]] = {}
    for figure in figures:
        found.setdefault(figure.table, []).append(figure)
    return list(found.items())


def cells(figure: Figure) -> tuple[str, ...]:
    """The row of a figure, as texts."""
    ratio = figure.ratio
    limits = (
        "" if figure.limit is None else f"{figure.limit:g}{'' if ratio is None else ' ×'}",
        "" if figure.most is None else f"{figure.most:g} {figure.unit}",
    )
    return (
        figure.name,
        f"{figure.value:,.1f} {figure.unit}",
        "" if figure.baseline is None else f"{figure.baseline:,.1f} {figure.unit}",
        "" if ratio is None else f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.5f}",
        ", ".join(filter(None, limits)),
        "ok" if figure.ok else "BEYOND",
    )


def markdown(figures: Iterable[Figure]) -> str:
    """The figures of one table in Markdown."""
    rows = (HEADERS, RULES, *map(cells, figures))
    return "\n".join(f"| {' | '.join(row)} |".replace("  ", " ") for row in rows)


def with_section(document: str, heading: str, body: str) -> str:
    """A document in which `body` stands under `heading` (a Markdown heading of its second level): in place of what
    stood there, or at the end."""
    lines = document.rstrip("\n").split("\n")
    first = next((at for at, line in enumerate(lines) if line == heading), None)
    if first is None:
        return "\n".join((*lines, "", heading, "", body, ""))
    behind = range(first + 1, len(lines))
    last = next((at for at in behind if lines[at].startswith(("# ", "## "))), len(lines))
    return "\n".join((*lines[:first], heading, "", body, "", *lines[last:])).rstrip("\n") + "\n"
