"""Tries again by itself, with growing pauses, while somebody can see what would come of it.

Invariant: one pause at a time; a widget that is not to be seen asks for nothing until it is shown again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QTimer, Signal, Slot

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

FIRST_SECONDS = 1
LONGEST_SECONDS = 30


class Retries(QObject):
    """The retries of one widget; `due` asks for one."""

    due = Signal()

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        self._next = FIRST_SECONDS
        self._owed = False
        """Whether a pause ended while the widget could not be seen."""
        self._pause = QTimer(self, singleShot=True)
        self._pause.timeout.connect(self._on_pause_ended)
        widget.installEventFilter(self)

    @property
    def seconds(self) -> int:
        """How long the pause is that runs; 0 when none does."""
        return self._pause.interval() // 1000 if self._pause.isActive() else 0

    def wait(self) -> int:
        """Begins the next pause, unless one runs; returns its length in seconds."""
        if not self._pause.isActive():
            self._pause.start(self._next * 1000)
            self._next = min(2 * self._next, LONGEST_SECONDS)
        return self.seconds

    def start_over(self) -> None:
        """It worked: the next pause is the shortest again. One that runs goes on."""
        self._next = FIRST_SECONDS

    def end(self) -> None:
        """Somebody asked for something else: nothing is tried any more."""
        self._pause.stop()
        self._owed = False
        self._next = FIRST_SECONDS

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and self._owed:
            self._owed = False
            self.due.emit()
        return super().eventFilter(watched, event)

    @Slot()
    def _on_pause_ended(self) -> None:
        if self._widget.isVisible():
            self.due.emit()
        else:
            self._owed = True
