"""Brings what monitors know to the interface: one signal at most ten times a second, whatever happened between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

if TYPE_CHECKING:
    from collections.abc import Callable

    from desk.catalog.snapshots import PoolSnapshot

INTERVAL_MS = 100


class PoolFeed(QObject):
    """Announces the state of a pool. It asks the ledger, never the database, and borrows no connection."""

    pool_changed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._snapshot: Callable[[], PoolSnapshot] | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(INTERVAL_MS)
        self._timer.timeout.connect(self._on_timeout)

    def watch(self, snapshot: Callable[[], PoolSnapshot] | None) -> None:
        """Follows a pool by the function that pictures it; None ends it."""
        self._snapshot = snapshot
        if snapshot is None:
            self._timer.stop()
        else:
            self._timer.start()
            self._on_timeout()

    @Slot()
    def _on_timeout(self) -> None:
        if self._snapshot is not None:
            self.pool_changed.emit(self._snapshot())
