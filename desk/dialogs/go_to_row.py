"""Go to row: a small line over the grid that takes the number of a row. It blocks nothing and goes with Escape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit

from desk.i18n import _
from desk.panels.parts import named, styled, total_words

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QKeyEvent

    from desk.tables.grid import Grid

SEPARATORS = str.maketrans("", "", " ,.'_’\u00a0\u2009\u202f")
"""What people put between thousands."""


class _Number(QLineEdit):
    """A field that tells when the keyboard leaves it."""

    left = Signal()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.left.emit()


class GoToRow(QFrame):
    """The line of one grid. `row_wanted` carries the place of a row in the view, from 0."""

    row_wanted = Signal(object)

    def __init__(self, grid: Grid) -> None:
        super().__init__(grid)
        self._grid = grid
        name = grid.table.description.name
        self.setObjectName(f"{name}_go_to_row")
        styled(
            self,
            lambda colours: (
                f"#{name}_go_to_row {{ background: {colours.button}; border: 1px solid {colours.accent};"
                " border-top: none; border-bottom-left-radius: 5px; border-bottom-right-radius: 5px; }"
            ),
        )
        self.number = named(_Number(), f"{name}_row_number", _("Row number"))
        self.number.setMinimumWidth(16 * self.fontMetrics().averageCharWidth())
        self.hint = named(QLabel(), f"{name}_row_hint", _("Rows of this view"))
        label = QLabel(_("Go to row"))
        label.setBuddy(self.number)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 6, 10, 6)
        for widget in (label, self.number, self.hint):
            row.addWidget(widget)
        self.number.textEdited.connect(self._check)
        self.number.returnPressed.connect(self._on_return)
        self.number.left.connect(self.hide)
        grid.viewport().installEventFilter(self)
        grid.table.total_changed.connect(self._check)
        self.hide()

    def ask(self) -> None:
        """Opens the line, with the current row's number to be typed over."""
        row = self._grid.current_row - self._grid.table.fresh
        self.number.setText(f"{row + 1:,}" if row >= 0 else "")
        self._check()
        self.show()
        self.raise_()
        self._lay_out()
        self.number.setFocus()
        self.number.selectAll()

    # Qt

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._lay_out()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """No key goes on to the grid below: Return would open a cell of it."""
        event.accept()
        if event.key() == Qt.Key.Key_Escape:
            self._grid.setFocus()  # which closes the line

    # Slots

    @Slot()
    def _check(self) -> None:
        """Says below what can be typed, and whether what stands there can be reached."""
        table = self._grid.table
        total = total_words(table.total, exact=table.is_exact, listed=table.places.hits is not None)
        reachable = not self.number.text().strip() or self._row() is not None
        self.hint.setText(
            _("of {total}").format(total=total)
            if reachable
            else _("type a number from 1 to {last:,}").format(last=self._last)
        )
        styled(self.hint, lambda colours: f"color: {colours.dim if reachable else colours.bad};")
        self.adjustSize()
        self._lay_out()

    @Slot()
    def _on_return(self) -> None:
        row = self._row()
        if row is None:
            self.number.selectAll()
            return
        self._grid.setFocus()
        self.row_wanted.emit(row - 1)

    # Helpers

    @property
    def _last(self) -> int:
        """The number of the last row that the grid can show; of an estimated view nobody knows how many it will."""
        table = self._grid.table
        return table.row_limit if table.may_have_more else min(table.total, table.row_limit)

    def _row(self) -> int | None:
        """The number that stands there, from 1; None when no row has it that can be shown."""
        digits = self.number.text().translate(SEPARATORS)
        if not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
            return None
        return int(digits) if 1 <= int(digits) <= self._last else None

    def _lay_out(self) -> None:
        """Puts the line at the top of the rows, in the middle."""
        view = self._grid.viewport().geometry()
        self.move(view.left() + max(0, view.width() - self.width()) // 2, view.top())
