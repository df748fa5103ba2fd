"""The grid: a table view that scrolls through millions of rows, sorts by its header, and copies ranges as TSV.

Invariant: nothing here goes through all rows, or through all selected ones.
"""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QFocusEvent, QGuiApplication, QInputMethodEvent, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QMenu, QTableView, QWidget

from desk.catalog.paging import PAGE_ROWS
from desk.catalog.selection import Block, Selection
from desk.catalog.tsv import tsv_line
from desk.tables.delegate import CellDelegate
from desk.tables.layouts import ColumnLayouts
from desk.tables.paint_pause import PaintPause
from desk.tables.row_header import RowHeader, keep_blind
from desk.tables.scroll_bar import ScrollBar
from desk.tables.typed_letters import TypedLetters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from desk.catalog.grid_layout import GridLayout
    from desk.tables.edit_stack import Original
    from desk.tables.record_table import RecordTable

LONGEST_HEADER = 2**31 - 1
"""Pixels that Qt can count in a header's length."""
SPARE_ROWS = 100_000
"""Kept free for pending new records on top."""
AT_ONCE = 10_000
"""Selected rows that are looked at one by one; more than are ever loaded."""
REST_MS = 60
"""How often the pace of scrolling is looked at."""
SLOW_ROWS = PAGE_ROWS // 2
"""Rows that are passed in this time when somebody still reads them."""
Action = QAbstractItemView.CursorAction
Flag = QItemSelectionModel.SelectionFlag
CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
ENTER_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class Grid(QTableView):
    """Shows a RecordTable; `shown` columns (name → letters in its width; None: all) are those of its first layout.

    `sort_wanted` carries a column's name and whether it is added to the order (shift); `jump_wanted` the letters typed
    so far, '' when they were given up; `end_wanted` tells that End led to the last row known, of maybe more; `released`
    that the scroll bar is not under a hand any more; `layout_changed` carries the GridLayout after a person changed it.
    """

    sort_wanted = Signal(str, bool)
    record_activated = Signal()
    current_row_changed = Signal(int)
    jump_wanted = Signal(str)
    end_wanted = Signal()
    released = Signal()
    layout_changed = Signal(object)

    def __init__(
        self, table: RecordTable, parent: QWidget | None = None, shown: Mapping[str, int] | None = None
    ) -> None:
        super().__init__(parent)
        self.table = table
        self.cells = CellDelegate(self)
        self.setItemDelegate(self.cells)
        self._bar = ScrollBar(self)
        self._pause = PaintPause(self, self._bar)
        self.setVerticalScrollBar(self._bar)
        self._rows = RowHeader(self)
        self.setVerticalHeader(self._rows)
        self.setModel(table)
        self._columns = ColumnLayouts(self, table.columns, shown)
        self._letters = TypedLetters(self)
        self._pace = QTimer(self, singleShot=True, interval=REST_MS)
        self._paced_from = self._scrolled_to = 0
        self._goes_down = True
        table.row_limit = LONGEST_HEADER // self._rows.defaultSectionSize() - SPARE_ROWS
        self._set_up()
        self._connect()

    @property
    def current_row(self) -> int:
        """The current row, -1 for none."""
        return self.currentIndex().row()

    @property
    def editor(self) -> QWidget | None:
        """The editor that is open in the current cell."""
        return self.indexWidget(self.currentIndex())

    def visible_rows(self) -> range:
        """The rows in sight, those seen in part included."""
        first, last = self.rowAt(0), self.rowAt(self.viewport().height() - 1)
        if first < 0:
            return range(0)
        return range(first, (last if last >= 0 else self.table.rowCount() - 1) + 1)

    def go_to(self, index: QModelIndex) -> None:
        """Makes a cell the current and only selected one, whatever keys are held down."""
        self.selectionModel().setCurrentIndex(index, Flag.ClearAndSelect)
        self.scrollTo(index)

    def go_to_row(self, row: int) -> None:
        """Makes the cell of that row in the current column the current and only selected one; a row that is out of
        sight comes to the middle. Beyond the last row, the last one."""
        index = self._cell_of(row)
        is_seen = index.row() in self.visible_rows()
        self.selectionModel().setCurrentIndex(index, Flag.ClearAndSelect)
        if not is_seen:
            self.scrollTo(index, QAbstractItemView.ScrollHint.PositionAtCenter)

    def apply_layout(self, layout: GridLayout) -> None:
        """Lays the columns out so, without telling it as a change."""
        self._columns.apply(layout)

    def settle_layout(self) -> None:
        """Tells a change of the columns now that has not come to rest yet."""
        self._columns.settle()

    def fill_columns_menu(self, menu: QMenu) -> None:
        """Gives a menu what shows and hides columns, fits and resets them."""
        self._columns.fill(menu)

    # What is selected

    def selection(self) -> Selection:
        """The selected cells, by grid row."""
        chosen = self.selectionModel().selection()
        ranges = [chosen.at(place) for place in range(chosen.count())]
        return Selection(tuple(Block(one.top(), one.bottom(), one.left(), one.right()) for one in ranges))

    @property
    def shown_columns(self) -> tuple[int, ...]:
        """The shown columns as they stand from left to right: places among the table's columns."""
        return self._columns.shown

    def selected_columns(self) -> tuple[int, ...]:
        """The shown columns from the first to the last selected one, as they stand from left to right: places among the
        table's columns."""
        blocks = self.selection().blocks
        chosen = set(chain.from_iterable(range(one.left, one.right + 1) for one in blocks))
        places = [place for place, section in enumerate(self._columns.shown) if section in chosen]
        return self._columns.shown[places[0] : places[-1] + 1] if places else ()

    def selected_originals(self) -> list[Original] | None:
        """The records of the selection; None when not all of them are loaded."""
        chosen = self.selection()
        if chosen.rows > AT_ONCE:
            return None
        found: list[Original] = []
        for row in chosen.positions:
            original = self.table.original_at(row)
            if original is None:
                return None
            found.append(original)
        return found

    def fresh_originals(self) -> list[Original]:
        """The pending new records of the selection: they are always here."""
        found = (self.table.original_at(row) for row in self._fresh_rows())
        return [original for original in found if original is not None]

    def selection_as_tsv(self) -> str | None:
        """The selected cells as `desk.catalog.tsv` writes them; None when not all of them are loaded."""
        if self.selected_originals() is None:
            return None
        return "\n".join(self._tsv_lines(self.selection().positions))

    def fresh_as_tsv(self) -> str:
        """The selected cells of pending new records."""
        return "\n".join(self._tsv_lines(self._fresh_rows()))

    def take_editor(self) -> bool:
        """Takes what stands in an open editor; answers False when it cannot be taken and stays."""
        editor = self.editor
        return editor is None or self.cells.take(editor)

    # Qt

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click elsewhere leaves an open editor, unless it holds what cannot be taken."""
        self._letters.end()
        editor = self.editor
        if editor is not None and not self.take_editor():
            editor.setFocus()
            return
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        super().mouseDoubleClickEvent(event)
        if self.indexAt(event.position().toPoint()).isValid():
            self.record_activated.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Letters jump, Return opens the editor; what has no editor is activated."""
        if self._letters.take_key(event):
            event.accept()
            return
        index = self.currentIndex()
        is_enter = event.key() in ENTER_KEYS and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if is_enter and self.editor is None and self.table.flags(index) & Qt.ItemFlag.ItemIsEditable:
            self.edit(index)
            event.accept()
            return
        super().keyPressEvent(event)
        is_end = event.key() == Qt.Key.Key_End and not event.modifiers() & SHIFT and not event.isAutoRepeat()
        if is_end and self.table.may_have_more:
            self.end_wanted.emit()

    def keyboardSearch(self, _text: str) -> None:
        """Letters jump by the order of the view; Qt would go through all rows."""

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        if event.commitString():
            self._letters.add(event.commitString())
        event.accept()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._accept_input_methods()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.table.feed.see(self.viewport().height() // self._rows.defaultSectionSize() + 2)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.cells.measure()

    def moveCursor(self, action: Action, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        """Home and End are the first and the last row: nobody counts columns here, and a table is long. With Ctrl they
        are the corners, and Ctrl+Left and Ctrl+Right the first and the last column."""
        has_control = bool(modifiers & CONTROL)
        if action in _ROWS and not has_control:
            return self._cell_of(_ROWS[action] * (self.table.rowCount() - 1))
        if action in _COLUMNS and has_control and self.current_row >= 0:
            return self.table.index(self.current_row, self._columns.shown[_COLUMNS[action]])
        return super().moveCursor(action, modifiers)

    # Slots

    @Slot(int)
    def _on_section_clicked(self, section: int) -> None:
        column = self.table.columns[section]
        if column.sortable:
            self.sort_wanted.emit(column.name, bool(QGuiApplication.keyboardModifiers() & SHIFT))

    @Slot(QModelIndex, QModelIndex)
    def _on_current_changed(self, current: QModelIndex, previous: QModelIndex) -> None:
        self._accept_input_methods()
        if current.row() != previous.row():
            self._rows.viewport().update()

    @Slot(QModelIndex, QModelIndex)
    def _on_current_row_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        self.current_row_changed.emit(current.row())

    @Slot()
    def _on_rows_changed(self) -> None:
        self._rows.fit(self.table.rowCount())

    @Slot(int)
    def _on_scrolled(self, row: int) -> None:
        self._goes_down = row >= self._scrolled_to
        self._scrolled_to = row
        self._start_pacing()

    @Slot()
    def _start_pacing(self) -> None:
        if not self._pace.isActive():
            self._paced_from = self._scrolled_to
            self._pace.start()

    @Slot()
    def _on_paced(self) -> None:
        """Asks for the page ahead, unless the rows rush by."""
        if abs(self._scrolled_to - self._paced_from) > SLOW_ROWS:
            self._start_pacing()
            return
        seen = self.visible_rows()
        if seen:
            self.table.want_ahead(seen[-1] + PAGE_ROWS if self._goes_down else seen[0] - PAGE_ROWS)

    # Helpers

    def _set_up(self) -> None:
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed)
        header = self.horizontalHeader()
        header.setSectionsClickable(True)
        header.setHighlightSections(False)
        header.setSectionsMovable(True)
        keep_blind(header)
        keep_blind(self._rows)

    def _connect(self) -> None:
        self.horizontalHeader().sectionClicked.connect(self._on_section_clicked)
        self.selectionModel().currentRowChanged.connect(self._on_current_row_changed)
        self.selectionModel().currentChanged.connect(self._on_current_changed)
        self._letters.changed.connect(self.jump_wanted)
        self._columns.changed.connect(self.layout_changed)
        self._bar.gripped.connect(self.table.hold)
        self._bar.released.connect(self.table.let_go)
        self._bar.released.connect(self.released)
        self._bar.valueChanged.connect(self._on_scrolled)
        self._pace.timeout.connect(self._on_paced)
        self.table.dataChanged.connect(self._start_pacing)
        for changed in (self.table.rowsInserted, self.table.rowsRemoved, self.table.modelReset):
            changed.connect(self._on_rows_changed)

    def _accept_input_methods(self) -> None:
        """Qt refuses them where the current cell cannot be edited."""
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled)

    def _cell_of(self, row: int) -> QModelIndex:
        """The cell of a row in the current column, or in the first one that is shown."""
        column = self.currentIndex().column()
        return self.table.index(
            max(0, min(row, self.table.rowCount() - 1)), column if column >= 0 else self._columns.shown[0]
        )

    def _fresh_rows(self) -> Iterator[int]:
        for first, last in self.selection().stretches:
            yield from range(first, min(last + 1, self.table.fresh))

    def _tsv_lines(self, rows: Iterable[int]) -> Iterator[str]:
        chosen, sections = self.selection(), self.selected_columns()
        for row in rows:
            yield tsv_line(self.table.columns, sections, partial(chosen.holds, row), partial(self._value, row))

    def _value(self, row: int, name: str) -> Any:
        return self.table.value_at(row, self.table.description.column(name))


_ROWS = {Action.MoveHome: 0, Action.MoveEnd: 1}
"""Home and End → of the number of the last row."""
_COLUMNS = {Action.MoveLeft: 0, Action.MoveRight: -1}
