"""A scroll bar that knows whether it is under a person's hand: nothing may move it then.

Invariant: every grip is followed by a release.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QScrollBar, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QMouseEvent, QWheelEvent

WHEEL_REST_MS = 250
"""A wheel that has not been turned for so long rests."""


class ScrollBar(QScrollBar):
    """A vertical scroll bar; `gripped` and `released` tell when a hand takes it by mouse or wheel and lets go."""

    gripped = Signal()
    released = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        self._pressed = False
        self._wheel = QTimer(self, singleShot=True, interval=WHEEL_REST_MS)
        self._wheel.timeout.connect(self._on_let_go)
        self.sliderPressed.connect(self.gripped)
        self.sliderReleased.connect(self._on_let_go)

    @property
    def is_held(self) -> bool:
        return self._pressed or self.isSliderDown() or self._wheel.isActive()

    # Qt

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = True
        self.gripped.emit()
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if event.buttons() == Qt.MouseButton.NoButton:
            self._pressed = False
            self._on_let_go()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Also the wheel over the rows: the view hands it on."""
        self._wheel.start()
        self.gripped.emit()
        super().wheelEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        """No hand holds what is not there: its release would never come."""
        self._pressed = False
        self._wheel.stop()
        self._on_let_go()
        super().hideEvent(event)

    # Slots

    @Slot()
    def _on_let_go(self) -> None:
        if not self.is_held:
            self.released.emit()
