"""Uses the real window as a person does, in its own event loop, and measures what that person would notice.

A *script* is a generator: it yields seconds to let pass, a fact to wait for, or a `Shown`, a fact that holds when the
rows in sight are painted; for the last it is sent the moment in which they were.
"""

from __future__ import annotations

import time
from array import array
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Slot

from desk.app import bootstrap, make_application

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from desk.panels.browser import Browser
    from desk.tables.grid import Grid
    from desk.tables.record_table import RecordTable
    from desk.window.main_window import MainWindow

T = TypeVar("T")

BEAT_MS = 5
SIZE = (1920, 1080)
PATIENCE_SECONDS = 600.0
WORST_KEPT = 10
SETTLED_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Shown:
    """A fact that is looked at when the rows of the grid in front are painted."""

    fact: Callable[[], bool]


if TYPE_CHECKING:
    Wish = float | Callable[[], bool] | Shown
    Script = Generator[Wish, float, T]


@dataclass(frozen=True, slots=True)
class Stall:
    """A time in which the interface's thread did not come to its timer, and what was going on."""

    ms: float
    during: str


class Pulse(QObject):
    """A timer that should beat every 5 ms; all that it is late by is kept (milliseconds), and the worst with a name."""

    def __init__(self) -> None:
        super().__init__()
        self.late = array("d")
        self.worst: list[Stall] = []
        self.during = "start"
        self._last = time.perf_counter()
        self._timer = QTimer(self, interval=BEAT_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.beat)
        self._timer.start()

    @Slot()
    def beat(self) -> None:
        now = time.perf_counter()
        late = (now - self._last) * 1000 - BEAT_MS
        self._last = now
        self.late.append(late)
        if len(self.worst) < WORST_KEPT or late > self.worst[-1].ms:
            self.worst.append(Stall(late, self.during))
            self.worst.sort(key=lambda stall: -stall.ms)
            del self.worst[WORST_KEPT:]

    def longest_since(self, beats: int) -> float:
        """The longest stall after as many beats as there were then."""
        self.beat()
        return max(self.late[beats:])


class Hands(QObject):
    """The hands on one window; they begin once its first rows are there."""

    def __init__(self, window: MainWindow, pulse: Pulse, script: Callable[[Hands], Script[Any]]) -> None:
        super().__init__()
        self.window = window
        self.pulse = pulse
        self.result: Any = None
        self.error: BaseException | None = None
        self._script = script(self)
        self._fact: Callable[[], bool] | None = None
        self._shown: Shown | None = None
        self._since = 0.0
        self._looking = QTimer(self, interval=BEAT_MS)
        self._looking.timeout.connect(self._look)

    @property
    def browser(self) -> Browser:
        return self.window.browser

    @property
    def grid(self) -> Grid:
        return self.browser.grid

    @property
    def table(self) -> RecordTable:
        return self.browser.table

    # Facts

    def is_here(self) -> bool:
        """Whether all rows in sight are loaded."""
        return self.browser.is_loaded and all(self.table.key_at(row) is not None for row in self.grid.visible_rows())

    def is_quiet(self) -> bool:
        """Whether nothing runs, the view is counted, its order is learned and its rows are there."""
        is_known = self.table.is_exact and self.browser.loading.is_learned
        return is_known and not self.window.context.runner.running and self.is_here()

    # Parts of scripts

    def settle(self) -> Script[None]:
        """Until nothing has been under way for a while."""
        while True:
            yield self.is_quiet
            yield SETTLED_SECONDS
            if self.is_quiet():
                return

    def shown(self, fact: Callable[[], bool], begin: Callable[[], object]) -> Script[float]:
        """Does something; answers the milliseconds until rows of which the fact holds are painted."""
        started = time.perf_counter()
        begin()
        moment = yield Shown(fact)
        return (moment - started) * 1000

    def jump(self, value: int) -> Script[float]:
        """Sets the scroll bar; answers the milliseconds until all rows in sight are painted."""
        bar = self.grid.verticalScrollBar()
        return (yield from self.shown(lambda: bar.value() == value, partial(bar.setValue, value)))

    # Qt

    @Slot()
    def begin(self) -> None:
        for browser in self.window.browsers.values():
            browser.grid.viewport().installEventFilter(self)
        self._go_on(None)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        is_paint = event.type() == QEvent.Type.Paint and watched is self.grid.viewport()
        if is_paint and self._shown is not None and self._shown.fact() and self.is_here():
            self._shown = None
            QTimer.singleShot(0, self, self._on_moment)  # once it was really painted
        return False

    @Slot()
    def _on_moment(self) -> None:
        self._go_on(time.perf_counter())

    @Slot()
    def _look(self) -> None:
        if self._fact is not None and self._fact():
            self._go_on(time.perf_counter())
        elif time.perf_counter() - self._since > PATIENCE_SECONDS:
            self._end(TimeoutError(f"waited in vain during: {self.pulse.during}"))

    def _go_on(self, moment: float | None) -> None:
        self._fact = self._shown = None
        self._looking.stop()
        try:
            wish = next(self._script) if moment is None else self._script.send(moment)
        except StopIteration as end:
            self.result = end.value
            self._end(None)
            return
        except BaseException as error:  # would be lost in a slot
            self._end(error)
            return
        self._since = time.perf_counter()
        if isinstance(wish, float):
            QTimer.singleShot(round(wish * 1000), self, self._on_moment)
            return
        self._looking.start()
        if isinstance(wish, Shown):
            self._shown = wish
        else:
            self._fact = wish

    def _end(self, error: BaseException | None) -> None:
        self.error = error
        self._looking.stop()
        if error is not None:
            self.window.context.edits.frozen = False
            self.window.context.edits.roll_back()
        self.window.close()


def drive(target: str, script: Callable[[Hands], Script[Any]]) -> Any:
    """Opens a catalogue in the real window, lets a script use it, closes it, and returns what the script returned."""
    application = make_application(["desk"])
    pulse = Pulse()
    window = bootstrap(target)
    window.resize(*SIZE)
    hands = Hands(window, pulse, script)
    window.catalogue_shown.connect(hands.begin, Qt.ConnectionType.SingleShotConnection)
    assert window.windows is not None
    window.windows.all_closed.connect(application.quit)
    application.exec()
    pulse.beat()
    if hands.error is not None:
        raise hands.error
    return hands.result
