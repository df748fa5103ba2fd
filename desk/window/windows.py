"""All windows of the process: each has one connection, and the last one to go ends the program."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QDeadlineTimer, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QIcon
from shiboken6 import isValid

from desk.resources import resource
from desk.window.first_paint import FirstPaint
from desk.window.main_window import MainWindow

if TYPE_CHECKING:
    from collections.abc import Callable

    from desk.database.profiles import Profile

STEP = 32
"""Pixels by which a further window lies beside the one it came from."""
LOOK_AGAIN_MS = 50
"""How often closed windows are looked at, until their workers have ended."""


class Windows(QObject):
    """`all_closed` tells that the last window is gone; `workers_ended` is False when one of them left a worker behind
    in a driver."""

    all_closed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.open_ones: list[MainWindow] = []
        self.workers_ended = True
        self._closed_ones: list[MainWindow] = []
        """Those that a worker is still in: destroying one would stop the others until that worker ends."""
        self._asking: MainWindow | None = None
        """The window that has to ask something before all can be closed."""
        self._looking = QTimer(self, interval=LOOK_AGAIN_MS)
        self._looking.timeout.connect(self._drop_ended)

    def open(
        self,
        target: Profile | str | None = None,
        password: str | None = None,
        *,
        on_first_paint: Callable[[], None] | None = None,
    ) -> MainWindow:
        """Shows a new window and opens `target` in it (None: the sample) once it has been painted."""
        window = MainWindow()
        window.windows = self
        if self.open_ones:
            window.move(self.open_ones[-1].pos().x() + STEP, self.open_ones[-1].pos().y() + STEP)
        self.open_ones.append(window)
        window.closed.connect(self._on_closed)
        window.elsewhere_wanted.connect(self.open)

        def painted() -> None:
            window.setWindowIcon(QIcon(str(resource("desk.svg"))))
            if on_first_paint is not None:
                on_first_paint()
            begin = partial(window.open_target, target, password)
            window.furnished.connect(lambda: QTimer.singleShot(0, window, begin))  # what is furnished is painted first
            window.furnish_next()

        FirstPaint(window, painted)
        window.show()
        return window

    @Slot()
    def close_all(self) -> None:
        """Closes one window after the other; the others follow one that has to ask something first, once it goes."""
        for window in tuple(reversed(self.open_ones)):
            if not window.close():
                self._asking = window
                window.unit.close_refused.connect(self._on_close_refused, Qt.ConnectionType.UniqueConnection)
                return

    @Slot()
    def _on_close_refused(self) -> None:
        self._asking = None

    @Slot()
    def _on_closed(self) -> None:
        window = self.sender()
        assert isinstance(window, MainWindow)
        self.open_ones.remove(window)
        self._closed_ones.append(window)
        if window is self._asking:
            self._asking = None
            QTimer.singleShot(0, self, self.close_all)
        if self.open_ones:
            self._looking.start()
        else:
            from desk.work.runner import LAST_WAIT_MS  # noqa: PLC0415  (loaded long ago; not before the first paint)

            self._looking.stop()
            deadline = QDeadlineTimer(LAST_WAIT_MS)
            closed = [one for one in self._closed_ones if isValid(one)]
            self.workers_ended = all(one.context.runner.has_ended(deadline) for one in closed)
            self.all_closed.emit()

    @Slot()
    def _drop_ended(self) -> None:
        """Destroys the closed windows whose workers have ended."""
        for window in tuple(self._closed_ones):
            if not isValid(window):  # somebody else destroyed it
                self._closed_ones.remove(window)
            elif window.context.runner.has_ended(QDeadlineTimer(0)):
                self._closed_ones.remove(window)
                window.deleteLater()
        if not self._closed_ones:
            self._looking.stop()
