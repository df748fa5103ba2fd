"""The numbers beside the rows of a grid, painted without asking anybody what is selected.

Qt's own header asks for every section whether its whole row is selected, which takes seconds after Ctrl+A on millions
of rows (FAULTS 47); so both headers of a grid look at a selection of their own, in which nothing ever is.
"""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import QHeaderView, QTableView

from desk.tables.cells import RIGHT
from desk.tables.look import look

MARGIN = 8
NARROWEST = "0" * 4
SIGNS = " •"
"""The widest sign behind a number: the row has a pending change."""


class RowHeader(QHeaderView):
    """The vertical header of a grid; all rows have one height."""

    def __init__(self, view: QTableView) -> None:
        super().__init__(Qt.Orientation.Vertical, view)
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setDefaultSectionSize(view.fontMetrics().height() + 8)
        self._width = 0
        self.fit(0)

    def fit(self, rows: int) -> None:
        """Becomes as wide as the number of the last of so many rows."""
        widest = max(NARROWEST, "0" * len(str(rows)), key=len) + SIGNS
        width = QFontMetrics(self.font()).horizontalAdvance(widest) + 2 * MARGIN
        if width != self._width:
            self._width = width
            self.geometriesChanged.emit()

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(self._width, 0)

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        colours = look()
        view = self.parentWidget()
        assert isinstance(view, QTableView)
        is_current = section == view.currentIndex().row()
        painter.fillRect(rect, QColor(colours.button if is_current else colours.window))
        painter.setPen(QColor(colours.line))
        painter.drawLine(rect.topRight(), rect.bottomRight())
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        painter.setPen(QColor(colours.text if is_current else colours.dim))
        text = self.model().headerData(section, Qt.Orientation.Vertical)
        painter.drawText(rect.adjusted(0, 0, -MARGIN, 0), RIGHT, text)


def keep_blind(header: QHeaderView) -> None:
    """Gives a header a selection of its own, so that it never asks for the view's. The view must have its model."""
    header.setSelectionModel(QItemSelectionModel(header.model(), header))
