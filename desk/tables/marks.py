"""The marks of connections: an icon for the kind, and for each colour a shape of its own, so that none is told by
colour alone."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPolygonF

from desk.tables.look import DrawnIcon, icon, look, profile_colours

if TYPE_CHECKING:
    from desk.database.profiles import Profile

SHAPES: dict[str, tuple[tuple[float, float], ...]] = {
    "red": ((0, 0), (1, 0), (1, 1), (0, 1)),
    "orange": ((0.5, 0), (1, 1), (0, 1)),
    "green": (),
    "blue": ((0.5, 0), (1, 0.5), (0.5, 1), (0, 0.5)),
}
"""The corners of each colour's shape in a unit square: square, triangle, circle (no corners), diamond."""


def kind_icon(profile: Profile) -> QIcon:
    """What a profile leads to: a server or a file."""
    return icon("server" if profile.is_server else "database")


@cache
def mark_icon(colour: str) -> QIcon:
    """The mark of a colour of COLOURS, in the tone of the scheme in force; '' is an empty icon."""
    return QIcon(_Mark(colour)) if colour in SHAPES else QIcon()


def draw_mark(painter: QPainter, rect: QRectF, colour: str) -> None:
    """Draws the mark of a colour into a square; nothing for ''."""
    if colour not in SHAPES:
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    tone = profile_colours(look())[colour]
    painter.setPen(QColor(tone.text))
    painter.setBrush(QColor(tone.back))
    corners = SHAPES[colour]
    if corners:
        scaled = [QPointF(rect.x() + x * rect.width(), rect.y() + y * rect.height()) for x, y in corners]
        painter.drawPolygon(QPolygonF(scaled))
    else:
        painter.drawEllipse(rect)
    painter.restore()


class _Mark(DrawnIcon):
    def __init__(self, colour: str) -> None:
        super().__init__()
        self._colour = colour

    def paint(self, painter: QPainter, rect: object, _mode: QIcon.Mode, _state: QIcon.State) -> None:
        square = QRectF(rect)  # type: ignore[call-overload]
        edge = square.width() / 6
        draw_mark(painter, square.adjusted(edge, edge, -edge, -edge), self._colour)

    def clone(self) -> QIconEngine:
        return _Mark(self._colour)
