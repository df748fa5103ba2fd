"""The runs of the real window that benchmarks start in processes of their own (see `_big.in_process`).

A run is asked for by a JSON object on the standard input and answers one in the last line of its output.
"""

from __future__ import annotations

import json
import random
import sys
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QItemSelection, QItemSelectionModel, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from desk.catalog.criteria import Sort
from tests.bench._driving import drive
from tests.bench._machine import resident_mb
from tests.bench._mixed import mixed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desk.catalog.criteria import Criteria
    from desk.catalog.paging import PageRequest
    from tests.bench._driving import Hands, Script

COPIED = 100_000
LETTER_SECONDS = 0.03
REST_SECONDS = 0.1
"""How long rows are looked at; what Desk learns about a view behind the scenes goes on meanwhile, and the next letter
cancels it."""
ORDERS = (Sort("title"), Sort("author"), Sort("published_year", True), Sort("price"), Sort("updated_at", True))


def jumps(target: str, *, repetitions: int, few: int) -> dict[str, Any]:
    """Scroll bar set → painted, before the marks (`few` times, a list for each column that the view is sorted by) and
    with all of them, and the driver's part of it."""
    wanted: list[list[PageRequest]] = []

    def script(hands: Hands) -> Script[dict[str, Any]]:
        chance = random.Random(6)
        hands.window.side_bar.choose("books")
        beats, started = len(hands.pulse.late), time.perf_counter()
        yield from hands.settle()
        learnt, stall = time.perf_counter() - started, hands.pulse.longest_since(beats)
        before: dict[str, list[float]] = {}
        for turn in range(few):
            order = replace(hands.browser.criteria, sorts=(ORDERS[turn % len(ORDERS)],))
            column = order.sorts[0].column
            hands.pulse.during = f"jump {turn} before the marks, by {column}"
            yield from hands.shown(partial(_shows, hands, order), partial(hands.browser.show_view, order))
            before.setdefault(column, []).append((yield from hands.jump(chance.randrange(_reach(hands)))))
        hands.pulse.during = "marks"
        yield from hands.settle()
        hands.pulse.during = "jumps"
        hands.table.page_wanted.connect(lambda request: wanted[-1].append(request))
        after = []
        for _time in range(repetitions):
            wanted.append([])
            after.append((yield from hands.jump(chance.randrange(_reach(hands)))))
        return {
            "learnt_s": learnt,
            "learning_stall_ms": stall,
            "before": before,
            "after": after,
            "marks": len(hands.table.places),
        }

    answer: dict[str, Any] = drive(target, script)
    return answer | {"raw": _by_driver(target, wanted)}


def keys(target: str, *, repetitions: int) -> dict[str, Any]:
    """Ctrl+A → painted beside a mere repaint, and the copy of many rows with its longest stall."""

    def script(hands: Hands) -> Script[dict[str, Any]]:
        hands.window.side_bar.choose("books")
        yield from hands.settle()
        hands.grid.setFocus()
        repaints, all_rows = [], []
        for _time in range(repetitions):
            repaints.append((yield from hands.shown(_always, hands.grid.viewport().update)))
            all_rows.append((yield from hands.shown(_always, partial(_press_all, hands))))
            yield from hands.shown(_always, hands.grid.clearSelection)
        rows = min(COPIED, hands.table.total)
        whole = QItemSelection(hands.table.index(0, 0), hands.table.index(rows - 1, hands.table.columnCount() - 1))
        yield from hands.shown(
            _always, lambda: hands.grid.selectionModel().select(whole, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        )
        yield from hands.settle()
        clipboard = QGuiApplication.clipboard()
        clipboard.clear()
        copied: list[float] = []
        clipboard.dataChanged.connect(lambda: copied.append(time.perf_counter()))
        beats, started = len(hands.pulse.late), time.perf_counter()
        hands.window.commands["copy"].trigger()
        yield lambda: bool(copied)
        yield 0.2
        stall = hands.pulse.longest_since(beats)
        lines = clipboard.text().count("\n") + 1
        clipboard.clear()
        if lines != rows:
            raise AssertionError(f"{lines} rows were copied, not {rows}")
        return {
            "repaints": repaints,
            "all_rows": all_rows,
            "copied": rows,
            "copy_ms": (copied[0] - started) * 1000,
            "copy_stall_ms": stall,
        }

    answer: dict[str, Any] = drive(target, script)
    return answer


def memory(target: str, *, places: int) -> dict[str, Any]:
    """The resident memory of the window after it showed as many random places of a view whose marks are complete, and
    what each jump took (scroll bar set → painted)."""

    def script(hands: Hands) -> Script[dict[str, Any]]:
        chance = random.Random(7)
        hands.window.side_bar.choose("books")
        yield from hands.settle()
        took = []
        for _time in range(places):
            took.append((yield from hands.jump(chance.randrange(_reach(hands)))))
        yield from hands.settle()
        return {"mb": resident_mb(), "took": took}

    answer: dict[str, Any] = drive(target, script)
    return answer


def typing(target: str, *, terms: Sequence[str]) -> dict[str, Any]:
    """Last letter of a search → rows painted, for each term in each way of typing it, and the driver's part of it.

    Nothing waits for the walks and counts behind the scenes to end: the next letter cancels them, as a person's does.
    """
    criteria: list[Criteria] = []

    def script(hands: Hands) -> Script[dict[str, Any]]:
        hands.window.side_bar.choose("books")
        yield hands.is_here
        criteria.append(hands.table.criteria)
        took: dict[str, list[float]] = {name: [] for name in WAYS}
        for term in terms:
            for name, way in WAYS.items():
                yield from way(hands, term[:-1])
                last = partial(QTest.keyClicks, hands.browser.search, term[-1])
                took[name].append((yield from hands.shown(partial(_looks_for, hands, term), last)))
                yield REST_SECONDS
                yield from hands.shown(partial(_looks_for, hands, ""), hands.browser.search.clear)
        return {"took": took}

    answer: dict[str, Any] = drive(target, script)
    return answer | _searched_by_driver(target, [replace(criteria[0], search=term) for term in terms])


def _at_once(hands: Hands, letters: str) -> Script[None]:
    """Types letters one right after the other."""
    for letter in letters:
        QTest.keyClicks(hands.browser.search, letter)
        yield LETTER_SECONDS


def _and_looks(hands: Hands, letters: str) -> Script[None]:
    """Types letters, and looks at what they find."""
    write = partial(QTest.keyClicks, hands.browser.search, letters)
    yield from hands.shown(partial(_looks_for, hands, letters), write)
    yield REST_SECONDS


WAYS = {"typed at once": _at_once, "one more letter": _and_looks}
"""How the letters before the last are typed."""


def _always() -> bool:
    return True


def _shows(hands: Hands, criteria: Criteria) -> bool:
    return hands.table.criteria == criteria


def _looks_for(hands: Hands, text: str) -> bool:
    return hands.table.criteria.search == text


def _reach(hands: Hands) -> int:
    return hands.grid.verticalScrollBar().maximum() + 1


def _press_all(hands: Hands) -> None:
    QTest.keyClick(hands.grid, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)


def _by_driver(target: str, wanted: list[list[PageRequest]]) -> list[float]:
    """The milliseconds in which the driver alone reads the pages that each jump asked for."""
    from desk.operations.connect import open_catalogue
    from desk.operations.pages import load_page
    from tests.bench._raw import RawDriver, taped
    from tests.bench._table import milliseconds

    catalogue, raw = open_catalogue(target=target), RawDriver(target)
    found = []
    for requests in wanted:
        with taped() as statements:
            for request in requests:
                load_page(sessions=catalogue.sessions, request=request)
        found.append(milliseconds(partial(raw.run, statements)))
    raw.close()
    catalogue.close()
    return found


def _searched_by_driver(target: str, views: list[Criteria]) -> dict[str, Any]:
    """The milliseconds of the driver alone for the same searches, how they are found, and how many rows each has."""
    from desk.operations.connect import open_catalogue
    from desk.operations.views import open_view
    from tests.bench._raw import RawDriver, taped
    from tests.bench._table import milliseconds

    catalogue, raw = open_catalogue(target=target), RawDriver(target)
    times, totals = [], []
    for criteria in views:
        with taped() as statements:
            totals.append(open_view(sessions=catalogue.sessions, criteria=criteria).total)
        times.append(milliseconds(partial(raw.run, statements)))
    method = catalogue.sessions.search.value
    raw.close()
    catalogue.close()
    return {"raw": times, "totals": totals, "method": method}


RUNS: dict[str, Callable[..., dict[str, Any]]] = {
    "jumps": jumps,
    "keys": keys,
    "memory": memory,
    "typing": typing,
    "mixed": mixed,
}


def main() -> int:
    asked = json.load(sys.stdin)
    print(json.dumps(RUNS[asked.pop("run")](asked.pop("target"), **asked)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
