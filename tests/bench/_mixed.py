"""Minutes of mixed use of the real window (scroll, drag, search, sort, edit), and an idle control of the same length.

Deterministic but for its speed: what is done next comes from one seed.
"""

from __future__ import annotations

import random
import time
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from tests.bench import invented
from tests.bench._driving import drive
from tests.bench._table import percentile

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench._driving import Hands, Script

FRAME_SECONDS = 0.016
KEY_SECONDS = 0.06
LOOK_SECONDS = 0.4
NOTCH = 120
BEGINNINGS = tuple(word[:3] for word in invented.FILLERS["de"] if word[:3].isascii())
"""Letters that QTest knows the keys of."""
SORTED = ("title", "author", "published_year", "isbn", "language", "price", "updated_at")


def mixed(target: str, *, minutes: float) -> dict[str, Any]:
    """Uses the window for so long, then lets it rest for as long: how late the interface's thread came to its timer
    (milliseconds) in each phase of the process's life, and what went on during the longest stalls. "all" is everything
    but the rest. It writes into the catalogue."""
    notes: dict[str, Any] = {}

    def script(hands: Hands) -> Script[dict[str, Any]]:
        chance = random.Random(8)
        started = len(hands.pulse.late)
        hands.pulse.during = "settle"
        hands.window.side_bar.choose("books")
        yield from hands.settle()
        done: dict[str, int] = {}
        until = time.perf_counter() + 60 * minutes
        while time.perf_counter() < until:
            name = chance.choice(tuple(USES))
            hands.pulse.during = name
            done[name] = done.get(name, 0) + 1
            yield from USES[name](hands, chance)
            yield LOOK_SECONDS
        hands.pulse.during = "settle"
        yield from hands.settle()
        used = len(hands.pulse.late)
        hands.pulse.during = "idle"
        yield 60 * minutes
        hands.pulse.during = "close"
        notes.update(marks=(started, used, len(hands.pulse.late)), done=done, pulse=hands.pulse)
        return notes

    drive(target, script)
    late, (started, used, rested) = notes["pulse"].late, notes["marks"]
    phases = {
        "start": late[:started],
        "use": late[started:used],
        "idle": late[used:rested],
        "close": late[rested:],
        "all": [*late[:used], *late[rested:]],
    }
    return {
        "samples": {name: len(some) for name, some in phases.items()},
        "p99": {name: percentile(some, 99) for name, some in phases.items()},
        "longest": {name: max(some) for name, some in phases.items()},
        "worst": [asdict(stall) for stall in notes["pulse"].worst],
        "done": notes["done"],
    }


def _wheel(hands: Hands, chance: random.Random) -> Script[None]:
    """Turns of the wheel, one a frame."""
    viewport = hands.grid.viewport()
    at = QPointF(viewport.rect().center())
    down = chance.choice((-1, 1))
    for _frame in range(40):
        turn = QPoint(0, down * NOTCH * chance.randint(1, 3))
        event = QWheelEvent(
            at, viewport.mapToGlobal(at), QPoint(), turn, Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QGuiApplication.sendEvent(viewport, event)
        yield FRAME_SECONDS


def _drag(hands: Hands, chance: random.Random) -> Script[None]:
    """The scroll bar's handle drawn to another place."""
    bar = hands.grid.verticalScrollBar()
    start, goal = bar.value(), chance.randrange(bar.maximum() + 1)
    bar.setSliderDown(True)
    for frame in range(1, 41):
        bar.setSliderPosition(start + (goal - start) * frame // 40)
        yield FRAME_SECONDS
    bar.setSliderDown(False)
    yield hands.is_here


def _keys(hands: Hands, chance: random.Random) -> Script[None]:
    """Page after page, row after row, to the end and to the start."""
    hands.grid.setFocus()
    for key in (Qt.Key.Key_PageDown, Qt.Key.Key_Down, Qt.Key.Key_PageUp):
        for _time in range(chance.randint(3, 12)):
            QTest.keyClick(hands.grid, key)
            yield KEY_SECONDS
    for key in (Qt.Key.Key_End, Qt.Key.Key_Home):
        QTest.keyClick(hands.grid, key, Qt.KeyboardModifier.ControlModifier)
        yield hands.is_here
        yield LOOK_SECONDS


def _letters(hands: Hands, chance: random.Random) -> Script[None]:
    """Jumps to what begins with some letters."""
    hands.grid.setFocus()
    for letter in chance.choice(BEGINNINGS):
        QTest.keyClicks(hands.grid, letter)
        yield KEY_SECONDS
    yield LOOK_SECONDS
    yield hands.is_here


def _search(hands: Hands, chance: random.Random) -> Script[None]:
    """Types a search letter by letter, looks, scrolls in it and clears it."""
    search = hands.browser.search
    word = chance.choice(chance.choice(invented.WORDS[1:]))
    for letter in word:
        QTest.keyClicks(search, letter)
        yield KEY_SECONDS
    yield partial(_shows, hands, word)
    yield LOOK_SECONDS
    bar = hands.grid.verticalScrollBar()
    yield from hands.jump(chance.randrange(bar.maximum() + 1))
    yield LOOK_SECONDS
    search.clear()
    yield partial(_shows, hands, "")


def _sort(hands: Hands, chance: random.Random) -> Script[None]:
    """Another order, as by clicks on a header."""
    hands.grid.sort_wanted.emit(chance.choice(SORTED), False)
    yield LOOK_SECONDS
    yield hands.is_here


def _edit(hands: Hands, chance: random.Random) -> Script[None]:
    """Changes a title in its cell, and commits."""
    grid = hands.grid
    yield from hands.jump(chance.randrange(grid.verticalScrollBar().maximum() + 1))
    grid.setFocus()
    grid.setCurrentIndex(hands.table.index(chance.choice(hands.grid.visible_rows()), 0))
    QTest.keyClick(grid, Qt.Key.Key_F2)
    yield lambda: isinstance(grid.editor, QLineEdit)
    editor = grid.editor
    assert isinstance(editor, QLineEdit)
    QTest.keyClicks(editor, f" {chance.randrange(100)}")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    yield hands.window.commands["commit"].isEnabled
    hands.window.commands["commit"].trigger()
    yield lambda: not len(hands.window.context.edits)
    yield LOOK_SECONDS
    yield hands.is_here


def _switch(hands: Hands, _chance: random.Random) -> Script[None]:
    """The other table, and back."""
    for name in ("authors", "books"):
        hands.window.side_bar.choose(name)
        yield LOOK_SECONDS
        yield hands.is_here


def _shows(hands: Hands, text: str) -> bool:
    return hands.table.criteria.search == text and hands.is_here()


USES: dict[str, Callable[[Hands, random.Random], Script[None]]] = {
    "wheel": _wheel,
    "drag": _drag,
    "keys": _keys,
    "letters": _letters,
    "search": _search,
    "sort": _sort,
    "edit": _edit,
    "switch": _switch,
}
