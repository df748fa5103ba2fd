"""How figures are held to their limits and shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.bench._table import Figure, cells, markdown, percentile, report, with_section

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("figure", "ok"),
    [
        (Figure("reported only", 9.0, "ms"), True),
        (Figure("value", 9.0, "ms", limit=9.0), True),
        (Figure("value", 9.1, "ms", limit=9.0), False),
        (Figure("ratio", 9.0, "ms", 3.0, 3.0), True),
        (Figure("ratio", 9.1, "ms", 3.0, 3.0), False),
        (Figure("both", 9.0, "ms", 3.0, 3.0, most=8.0), False),
        (Figure("value beside a baseline", 9.0, "ms", 3.0, most=9.0), True),
    ],
)
def test_a_limit_holds_the_ratio_where_there_is_a_baseline_and_most_the_value(figure: Figure, ok: bool) -> None:
    assert figure.ok is ok
    assert cells(figure)[-1] == ("ok" if ok else "BEYOND")


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([5.0], 99, 5.0),
        ([1.0, 2.0, 3.0, 4.0], 50, 2.0),
        ([3.0, 1.0, 2.0], 50, 2.0),
        ([*map(float, range(1, 101))], 99, 99.0),
        ([2.0, 1.0], 0, 1.0),
    ],
)
def test_a_percentile_is_one_of_the_values(values: list[float], share: float, expected: float) -> None:
    assert percentile(values, share) == expected


def test_each_table_has_its_heading_and_its_figures_are_told_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = [Figure("page", 1.0, "ms", table="SQLite"), Figure("page", 2.0, "ms", most=1.0, table="PostgreSQL")]
    report(figures, tmp_path / "figures.json")
    shown = capsys.readouterr().out
    assert shown.index("SQLite") < shown.index("1.0 ms") < shown.index("PostgreSQL") < shown.index("2.0 ms")
    kept = json.loads((tmp_path / "figures.json").read_text())
    assert [(one["name"], one["ok"]) for one in kept] == [("page (SQLite)", True), ("page (PostgreSQL)", False)]


def test_a_table_in_markdown_has_a_row_for_each_figure() -> None:
    lines = markdown([Figure("page", 4.0, "ms", 2.0, 2.5)]).split("\n")
    assert lines == [
        "| figure | value | baseline | ratio | limit | |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
        "| page | 4.0 ms | 2.0 ms | 2.00 | 2.5 × | ok |",
    ]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("# Results\n", "# Results\n\n## Grid\n\nnew\n"),
        ("# Results\n\n## Grid\n\nold\n### of it\n\nolder\n\n## Paging\n\nkept\n",
         "# Results\n\n## Grid\n\nnew\n\n## Paging\n\nkept\n"),
        ("# Results\n\n## Grid\n\nold\n", "# Results\n\n## Grid\n\nnew\n"),
        ("# Results\n\n## Grid, too\n\nkept\n", "# Results\n\n## Grid, too\n\nkept\n\n## Grid\n\nnew\n"),
    ],
)  # fmt: skip
def test_a_section_takes_the_place_of_the_former_one(document: str, expected: str) -> None:
    assert with_section(document, "## Grid", "new") == expected
    assert with_section(expected, "## Grid", "new") == expected
