"""What a grid has to say of itself: a notice over its rows, and a quiet line of advice with one way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton

from desk.i18n import _
from desk.panels.parts import named, styled

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desk.tables.grid import Grid
    from desk.tables.look import Look

WAIT_MS = 400
"""A view that comes sooner replaces the one before without a word."""
VEIL = 225
"""How much the rows below a notice are dimmed, of 255."""


class Notice(QLabel):
    """A text in the middle of a grid, which dims the rows below it and lets the mouse through."""

    def __init__(self, grid: Grid) -> None:
        super().__init__(grid)
        self._grid = grid
        named(self, f"{grid.table.description.name}_notice", _("Notice"))
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setWordWrap(True)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        styled(self, _veil)
        self._waiting = QTimer(self, singleShot=True, interval=WAIT_MS)
        self._waiting.timeout.connect(self._on_waited)
        self._next = ""
        grid.viewport().installEventFilter(self)
        self.hide()

    def tell(self, text: str) -> None:
        """Shows a text; '' shows the rows alone."""
        self._waiting.stop()
        self.setText(text)
        self.setVisible(bool(text))

    def tell_soon(self, text: str) -> None:
        """Shows a text unless another one, or none, is told within a moment."""
        self._next = text
        self._waiting.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.setGeometry(self._grid.viewport().geometry())
        return super().eventFilter(watched, event)

    def _on_waited(self) -> None:
        self.tell(self._next)


class AdviceBar(QFrame):
    """One quiet line: what a view costs or leaves out. `way_out_wanted` tells that its button was pressed."""

    way_out_wanted = Signal()

    def __init__(self, object_name: str, about: str = _("What this view costs"), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(object_name)
        styled(
            self,
            lambda colours: f"#{object_name} {{ background: {colours.tip}; border-left: 3px solid {colours.warn}; }}",
        )
        self._text = named(QLabel(), f"{object_name}_text", about)
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self.way_out = named(QPushButton(), f"{object_name}_way_out", _("Way out"))
        self.way_out.clicked.connect(self.way_out_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 4, 10, 4)
        row.addWidget(self._text, 1)
        row.addWidget(self.way_out)
        self.hide()

    @property
    def text(self) -> str:
        return self._text.text()

    def tell(self, text: str, way_out: str = "") -> None:
        """Shows a text, and a button where there is a way out; '' hides the line."""
        self._text.setText(text)
        self.way_out.setText(way_out)
        self.way_out.setAccessibleName(way_out.replace("&", "") or _("Way out"))
        self.way_out.setVisible(bool(way_out))
        self.setVisible(bool(text))


def _veil(colours: Look) -> str:
    base = QColor(colours.base)
    return f"background: rgba({base.red()}, {base.green()}, {base.blue()}, {VEIL}); color: {colours.text};"
