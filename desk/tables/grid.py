"""The grid: a table view with clicks on its header as sorting, and copying of cells and ranges as TSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QItemSelectionModel, QItemSelectionRange, QModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from desk.tables.cells import STATE, CellState
from desk.tables.delegate import CellDelegate

if TYPE_CHECKING:
    from desk.tables.edit_stack import Original
    from desk.tables.record_table import RecordTable

COPY_LIMIT = 20_000
"""Rows; a bigger copy would hold the interface up."""


class Grid(QTableView):
    """Shows a RecordTable. `sort_wanted` carries a column's name and whether it is added to the order (shift)."""

    sort_wanted = Signal(str, bool)
    record_activated = Signal()
    current_row_changed = Signal(int)

    def __init__(self, table: RecordTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = table
        self.cells = CellDelegate(self)
        self.setItemDelegate(self.cells)
        self.setModel(table)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
            | QAbstractItemView.EditTrigger.AnyKeyPressed
        )
        self._lay_out_headers()
        self.selectionModel().currentRowChanged.connect(self._on_current_row_changed)

    @property
    def current_row(self) -> int:
        """The current row, -1 for none."""
        return self.currentIndex().row()

    def go_to(self, index: QModelIndex) -> None:
        """Makes a cell the current and only selected one, whatever keys are held down."""
        self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self.scrollTo(index)

    def selected_rows(self) -> list[int]:
        """The rows that any selected cell lies in, in order."""
        rows: set[int] = set()
        for one in self._ranges():
            rows.update(range(one.top(), one.bottom() + 1))
        return sorted(rows)

    def selected_originals(self) -> list[Original]:
        """The loaded records of the selection."""
        found = (self.table.original_at(row) for row in self.selected_rows()[:COPY_LIMIT])
        return [original for original in found if original is not None]

    def selection_as_tsv(self) -> str:
        """The selected cells: columns by tabs, rows by line ends; a missing value is nothing, an empty text `""`.

        Tabs, line ends and quotes inside a text are quoted as spreadsheets do.
        """
        ranges = self._ranges()
        if not ranges:
            return ""
        left, right = min(one.left() for one in ranges), max(one.right() for one in ranges)
        lines = []
        for row in self.selected_rows()[:COPY_LIMIT]:
            cells = [
                self._tsv_cell(row, column) if _holds(ranges, row, column) else "" for column in range(left, right + 1)
            ]
            lines.append("\t".join(cells))
        return "\n".join(lines)

    def copy(self) -> int:
        """Puts the selected cells on the clipboard; answers how many rows."""
        text = self.selection_as_tsv()
        QGuiApplication.clipboard().setText(text)
        return len(self.selected_rows()[:COPY_LIMIT])

    def take_editor(self) -> bool:
        """Takes what stands in an open editor; answers False when it cannot be taken and stays."""
        editor: QWidget | None = self.indexWidget(self.currentIndex())  # the stubs forget None
        return editor is None or self.cells.take(editor)

    # Qt

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click elsewhere leaves an open editor, unless it holds what cannot be taken."""
        editor: QWidget | None = self.indexWidget(self.currentIndex())  # the stubs forget None
        if editor is not None and not self.take_editor():
            editor.setFocus()
            return
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        super().mouseDoubleClickEvent(event)
        if self.indexAt(event.position().toPoint()).isValid():
            self.record_activated.emit()

    # Slots

    @Slot(int)
    def _on_section_clicked(self, section: int) -> None:
        column = self.table.columns[section]
        if column.sortable:
            shift = Qt.KeyboardModifier.ShiftModifier
            self.sort_wanted.emit(column.name, bool(QGuiApplication.keyboardModifiers() & shift))

    @Slot(QModelIndex, QModelIndex)
    def _on_current_row_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        self.current_row_changed.emit(current.row())

    # Helpers

    def _lay_out_headers(self) -> None:
        unit = self.fontMetrics().averageCharWidth()
        header = self.horizontalHeader()
        header.setSectionsClickable(True)
        header.setHighlightSections(False)
        header.setSectionsMovable(True)
        header.setMinimumSectionSize(4 * unit)
        header.sectionClicked.connect(self._on_section_clicked)
        for section, column in enumerate(self.table.columns):
            self.setColumnWidth(section, (column.width + 2) * unit)
        rows = self.verticalHeader()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(self.fontMetrics().height() + 8)
        rows.setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        rows.setMinimumWidth(7 * unit)

    def _ranges(self) -> list[QItemSelectionRange]:
        selection = self.selectionModel().selection()
        return [selection.at(place) for place in range(selection.count())]

    def _tsv_cell(self, row: int, section: int) -> str:
        index = self.table.index(row, section)
        state: CellState = index.data(STATE)
        if state & CellState.MISSING:
            return ""
        text = _raw_text(self.table, row, section)
        if text == "" or any(sign in text for sign in '\t\n\r"'):
            return '"' + text.replace('"', '""') + '"'
        return text


def _raw_text(table: RecordTable, row: int, section: int) -> str:
    """A cell's text as it is kept, not as it is drawn."""
    value: Any = table.value_at(row, table.columns[section])
    return value if isinstance(value, str) else str(table.index(row, section).data() or "")


def _holds(ranges: list[QItemSelectionRange], row: int, column: int) -> bool:
    return any(one.top() <= row <= one.bottom() and one.left() <= column <= one.right() for one in ranges)
