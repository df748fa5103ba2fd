"""The grid: a table view with clicks on its header as sorting, and copying of cells and ranges as TSV."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from desk.catalog.selection import Block, Selection
from desk.catalog.tsv import tsv_line
from desk.tables.delegate import CellDelegate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from desk.tables.edit_stack import Original
    from desk.tables.record_table import RecordTable


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

    def selection(self) -> Selection:
        """The selected cells, by grid row."""
        chosen = self.selectionModel().selection()
        ranges = [chosen.at(place) for place in range(chosen.count())]
        return Selection(tuple(Block(one.top(), one.bottom(), one.left(), one.right()) for one in ranges))

    def selected_originals(self) -> list[Original] | None:
        """The records of the selection; None when not all of them are loaded."""
        found = [self.table.original_at(row) for row in self._selected_rows()]
        originals = [original for original in found if original is not None]
        return originals if len(originals) == len(found) else None

    def fresh_originals(self) -> list[Original]:
        """The pending new records of the selection: they are always here."""
        found = (self.table.original_at(row) for row in self._selected_rows() if row < self.table.fresh)
        return [original for original in found if original is not None]

    def selection_as_tsv(self) -> str | None:
        """The selected cells as `desk.catalog.tsv` writes them; None when not all of them are loaded."""
        if self.selected_originals() is None:
            return None
        return "\n".join(self._tsv_lines(self._selected_rows()))

    def fresh_as_tsv(self) -> str:
        """The selected cells of pending new records."""
        return "\n".join(self._tsv_lines(row for row in self._selected_rows() if row < self.table.fresh))

    @property
    def editor(self) -> QWidget | None:
        """The editor that is open in the current cell."""
        return self.indexWidget(self.currentIndex())

    def take_editor(self) -> bool:
        """Takes what stands in an open editor; answers False when it cannot be taken and stays."""
        editor = self.editor
        return editor is None or self.cells.take(editor)

    # Qt

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click elsewhere leaves an open editor, unless it holds what cannot be taken."""
        editor = self.editor
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

    def _selected_rows(self) -> Iterator[int]:
        for first, last in self.selection().stretches:
            yield from range(first, last + 1)

    def _tsv_lines(self, rows: Iterable[int]) -> Iterator[str]:
        chosen = self.selection()
        for row in rows:
            yield tsv_line(self.table.columns, chosen.sections, partial(chosen.holds, row), partial(self._value, row))

    def _value(self, row: int, name: str) -> Any:
        return self.table.value_at(row, self.table.description.column(name))
