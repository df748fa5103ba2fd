"""Measures stalls of the interface's thread: a timer that should beat every few milliseconds, and the longest gap."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Slot

if TYPE_CHECKING:
    from collections.abc import Iterator

BEAT_MS = 5


class Heartbeat(QObject):
    """Measures the longest time in which the interface's thread did not come to its timer (milliseconds)."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.samples = 0
        self.longest_ms = 0.0
        self.during = self.longest_during = ""
        """What is going on now, and what went on during the longest stall."""
        self._is_paused = False
        self._last = time.perf_counter()
        self._timer = QTimer(self, interval=BEAT_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_beat)
        self._timer.start()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """For the tour's own work, such as taking screenshots."""
        self._on_beat()
        self._is_paused = True
        yield
        self._is_paused = False
        self._last = time.perf_counter()

    def stop(self) -> None:
        self._on_beat()
        self._timer.stop()

    @Slot()
    def _on_beat(self) -> None:
        now = time.perf_counter()
        if self._is_paused:
            return
        gap_ms = (now - self._last) * 1000 - BEAT_MS
        if gap_ms > self.longest_ms:
            self.longest_ms, self.longest_during = gap_ms, self.during
        self.samples += 1
        self._last = now
