"""The time line of a pool: the last five minutes of checked-out connections, waiters and the limit, as one drawing."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from desk.i18n import _
from desk.tables.look import look

if TYPE_CHECKING:
    from desk.catalog.snapshots import PoolSnapshot

SECONDS = 300.0
STEP = 0.5
"""Seconds that one point stands for; what happened in between is kept as its greatest value."""


class Timeline(QWidget):
    """Draws the recent past of a pool; a point keeps the greatest value of its half second."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("pool_timeline")
        self.setAccessibleName(_("The last five minutes of the pool"))
        self.setMinimumHeight(60)
        self._points: deque[tuple[float, int, int, int]] = deque(maxlen=int(SECONDS / STEP) + 2)
        self._limit = 1

    def sizeHint(self) -> QSize:
        return QSize(420, 120)

    def add(self, snapshot: PoolSnapshot) -> None:
        """Takes in a state of the pool."""
        self._limit = max(1, snapshot.limit)
        slot = snapshot.at // STEP * STEP
        out, idle, waiting = snapshot.checked_out, snapshot.idle, snapshot.waiting
        if self._points and self._points[-1][0] == slot:
            before = self._points.pop()
            out, waiting = max(out, before[1]), max(waiting, before[3])
        self._points.append((slot, out, idle, waiting))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = look()
        area = QRectF(self.rect()).adjusted(28, 6, -8, -18)
        painter.fillRect(area, QColor(colours.base))
        top = max(self._limit, *(point[1] + point[3] for point in self._points), 1) if self._points else self._limit
        self._draw_scale(painter, area, top)
        if not self._points:
            return
        newest = self._points[-1][0]

        def at(seconds: float, value: float) -> QPointF:
            return QPointF(
                area.right() - (newest - seconds) / SECONDS * area.width(), area.bottom() - value / top * area.height()
            )

        shown = [point for point in self._points if newest - point[0] <= SECONDS]
        held = [at(point[0], point[1]) for point in shown]
        fill = QColor(colours.accent)
        fill.setAlpha(60)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        painter.drawPolygon(
            QPolygonF([QPointF(held[0].x(), area.bottom()), *held, QPointF(held[-1].x(), area.bottom())])
        )
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(colours.accent), 1.6))
        painter.drawPolyline(QPolygonF(held))
        if any(point[3] for point in shown):
            painter.setPen(QPen(QColor(colours.warn), 1.6, Qt.PenStyle.DashLine))
            painter.drawPolyline(QPolygonF([at(point[0], point[1] + point[3]) for point in shown]))

    def _draw_scale(self, painter: QPainter, area: QRectF, top: int) -> None:
        colours = look()
        painter.setPen(QPen(QColor(colours.line), 1))
        painter.drawRect(area)
        limit_y = area.bottom() - self._limit / top * area.height()
        painter.setPen(QPen(QColor(colours.bad), 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(area.left(), limit_y), QPointF(area.right(), limit_y))
        painter.setPen(QColor(colours.dim))
        font = painter.font()
        font.setPointSizeF(font.pointSizeF() * 0.85)
        painter.setFont(font)
        right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(QRectF(0, limit_y - 8, 24, 16), right, str(self._limit))
        painter.drawText(QRectF(0, area.bottom() - 8, 24, 16), right, "0")
        below = area.bottom() + 2
        painter.drawText(QRectF(area.left(), below, 90, 14), int(Qt.AlignmentFlag.AlignLeft), _("5 minutes ago"))
        painter.drawText(QRectF(area.right() - 60, below, 60, 14), int(Qt.AlignmentFlag.AlignRight), _("now"))
