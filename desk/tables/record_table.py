"""The item model of a grid: rows from the PageCache, pending edits laid over them, new records on top.

Invariant: `data()` reads what is in memory; a row that is not here answers a placeholder and notes its page, and one
zero-timer announces all missing pages together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, QTimer, Signal, Slot

from desk.catalog.criteria import Criteria
from desk.catalog.edits import Edit, EditKind, RecordKey
from desk.catalog.paging import Mark, Marks, Page, PageCache, PageRequest
from desk.errors import InvalidInput
from desk.i18n import _
from desk.tables.cells import (
    ACCESSIBLE,
    ALIGNMENT,
    DISPLAY,
    EDIT,
    LEFT,
    PLACEHOLDER,
    RIGHT,
    RIGHT_PADDING,
    STATE,
    TOOL_TIP,
    CellState,
    state_of,
    state_of_edit,
)
from desk.tables.edit_stack import EditStack, NewAuthor, Original

if TYPE_CHECKING:
    from desk.catalog.columns import Column, TableDescription
    from desk.catalog.rows import Row

Index = QModelIndex | QPersistentModelIndex


class RecordTable(QAbstractTableModel):
    """The rows of one view of one table.

    `page_wanted` carries a PageRequest; `refused` the reason why a typed value was not taken; `total_changed` the
    number of rows as far as it is known.
    """

    page_wanted = Signal(object)
    refused = Signal(str)
    total_changed = Signal(int)

    def __init__(self, description: TableDescription, edits: EditStack, parent: Any = None) -> None:
        super().__init__(parent)
        self.description = description
        self.columns = description.grid
        self.criteria = Criteria(description.name)
        self.editable = True
        self.shows_new = True
        """Whether pending new records stand on top; not in a view of some records only."""
        self.marks = Marks()
        self._edits = edits
        self._cache = PageCache()
        self._rows = 0
        self._exact = False
        self._fresh: list[Edit] = []
        self._missing: dict[int, None] = {}
        self._asked: dict[int, int] = {}
        """Lane → the page that was asked for last on it; an earlier one on the same lane will not come."""
        self._announce = QTimer(self, singleShot=True, interval=0)
        self._announce.timeout.connect(self._on_announce)
        edits.edit_changed.connect(self._on_edit_changed)

    # What is shown

    @property
    def total(self) -> int:
        """Rows of the view as far as known, without pending new ones."""
        return self._rows

    @property
    def is_exact(self) -> bool:
        """Whether `total` was counted."""
        return self._exact

    def show_view(self, criteria: Criteria) -> None:
        """Starts a view anew: nothing is known of it until its first page comes."""
        self.beginResetModel()
        self.criteria = criteria
        self.marks = Marks()
        self._missing.clear()
        self._asked.clear()
        self._cache.clear()
        self._rows, self._exact = 0, False
        self._fresh = self._inserts()
        self.endResetModel()
        self.total_changed.emit(0)

    def reload(self) -> None:
        """Asks for the visible rows again; the view keeps its place and its size until they come."""
        self.marks = Marks()
        self._missing.clear()
        self._asked.clear()
        self._cache.mark_stale()
        self._touch_all()

    def place_page(self, page: Page) -> None:
        """Takes a page in and repaints its rows. Pages of another view are ignored."""
        request = page.request
        if request.criteria != self.criteria:
            return
        self._forget_asked(request)
        self._cache.place(page)
        if page.end is not None:
            self.marks.add((page.end,))
        end = request.position + len(page.rows)
        if page.is_last:  # an empty page beyond the end knows only that there are no more rows than that
            self._resize(end if page.rows else min(end, self._rows), exact=True)
        elif end > self._rows:
            self._resize(end, exact=False)
        if page.rows:
            shift = len(self._fresh)
            self.dataChanged.emit(
                self.index(request.position + shift, 0),
                self.index(end - 1 + shift, len(self.columns) - 1),
            )

    def page_failed(self, request: PageRequest) -> None:
        """A page did not come: it will be asked for again when it is next shown."""
        self._forget_asked(request)

    def place_total(self, criteria: Criteria, total: int) -> None:
        """Takes in the counted number of rows of a view."""
        if criteria == self.criteria:
            self._resize(total, exact=True)

    def place_marks(self, criteria: Criteria, marks: tuple[Mark, ...]) -> None:
        if criteria == self.criteria:
            self.marks.add(marks)

    @property
    def fresh(self) -> int:
        """How many pending new records stand above the rows of the view."""
        return len(self._fresh)

    def request_for(self, position: int) -> PageRequest:
        """The request of the page on which a position lies, from the nearest mark."""
        start = self._cache.number(position) * self._cache.page_rows
        return PageRequest(self.criteria, start, self._cache.page_rows, self.marks.nearest(start))

    # Records

    def row_at(self, row: int) -> Row | None:
        """The loaded record of a grid row; None for a new record and where nothing is loaded."""
        found = self._cache.get(row - len(self._fresh)) if row >= len(self._fresh) else None
        return found[0] if found else None

    def key_at(self, row: int) -> RecordKey | None:
        """Which record a grid row shows."""
        if row < len(self._fresh):
            return self._fresh[row].key
        record = self.row_at(row)
        return RecordKey(self.description.name, record.id) if record else None

    def row_of(self, key: RecordKey) -> int | None:
        """The grid row of a record, as far as it is loaded."""
        for row, edit in enumerate(self._fresh):
            if edit.key == key:
                return row
        position = self._cache.position_of(key.id) if key.table == self.description.name else None
        return None if position is None else position + len(self._fresh)

    def original_at(self, row: int) -> Original | None:
        """Where an edit of this row starts from; None while it is not loaded."""
        if row < len(self._fresh):
            edit = self._fresh[row]
            return Original(edit.key, 0, {}, edit.label)
        record = self.row_at(row)
        return original_of(self.description, record) if record else None

    def cell(self, row: int, section: int) -> tuple[str | None, CellState]:
        """Text and state of a cell, pending changes included; asks for the page when it is not here."""
        column, edit = self.columns[section], self._edit_at(row)
        if edit is not None and column.name in edit.values:
            text = self._format(column, edit.values[column.name])
        elif row < len(self._fresh):
            text = None
        else:
            position = row - len(self._fresh)
            found = self._cache.get(position)
            if found is None or self._cache.is_stale(position):
                self._want(position)
            if found is None:
                return PLACEHOLDER, CellState.WAITING
            text = found[1][section]
            if self._cache.is_doubtful(position, section):
                return text, CellState.DOUBTFUL | (state_of_edit(edit, column) if edit else CellState.PLAIN)
        state = state_of(column, text)
        return text, state if edit is None else state | state_of_edit(edit, column)

    def value_at(self, row: int, column: Column) -> Any:
        """The value of a cell, pending changes included."""
        key = self.key_at(row)
        edit = self._edits.get(key) if key else None
        if edit is not None and column.name in edit.values:
            return edit.values[column.name]
        return getattr(self.row_at(row), column.name, None)

    # Qt

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else self._rows + len(self._fresh)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        if role == DISPLAY:
            return self.cell(index.row(), index.column())[0]
        if role == STATE:
            return self.cell(index.row(), index.column())[1]
        if role == ALIGNMENT:
            return RIGHT if self.columns[index.column()].rules.right else LEFT
        if role == EDIT:
            return self.value_at(index.row(), self.columns[index.column()])
        if role == TOOL_TIP:
            return self._tool_tip(index.row(), index.column())
        if role == ACCESSIBLE:
            return f"{self.columns[index.column()].header}: {self.cell(index.row(), index.column())[0]}"
        return None

    def setData(self, index: Index, value: Any, role: int = EDIT) -> bool:
        """Takes a typed text, or a link or value as it is; a refused text is told by `refused`."""
        original = self.original_at(index.row()) if index.isValid() else None
        if role != EDIT or original is None:
            return False
        return self.take(original, self.columns[index.column()], value)

    def take(self, original: Original, column: Column, value: Any) -> bool:
        """Makes a typed text, a link or a value the pending value of a record's field, or tells why not."""
        if self._edits.frozen:
            self.refused.emit(_("Nothing can be changed while a commit runs."))
            return False
        try:
            parsed = column.parse(value) if isinstance(value, str) else value
        except InvalidInput as problem:
            self.refused.emit(str(problem))
            return False
        self._edits.set_field(original, column.name, parsed)
        return True

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
        can_edit = self.editable and not self._edits.frozen and self.columns[index.column()].editable
        if can_edit and not self._is_doomed(index.row()):
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        if orientation == Qt.Orientation.Horizontal:
            if role == DISPLAY:
                column = self.columns[section]
                return self._header(column) + (RIGHT_PADDING if column.rules.right else "")
            if role == ALIGNMENT:
                return RIGHT if self.columns[section].rules.right else LEFT
        elif role == DISPLAY:
            return self._row_sign(section)
        return None

    # Slots

    @Slot(object)
    def _on_edit_changed(self, key: RecordKey) -> None:
        if key.table != self.description.name:
            return
        if key.id < 0:
            self._update_fresh()
        row = self.row_of(key)
        if row is not None:
            self.dataChanged.emit(self.index(row, 0), self.index(row, len(self.columns) - 1))
            self.headerDataChanged.emit(Qt.Orientation.Vertical, row, row)

    @Slot()
    def _on_announce(self) -> None:
        missing, self._missing = list(self._missing), {}
        for number in missing[-2:]:  # what was painted last is what is seen now
            request = self.request_for(number * self._cache.page_rows)
            self._asked[request.lane] = number
            self.page_wanted.emit(request)

    # Helpers

    def _forget_asked(self, request: PageRequest) -> None:
        number = self._cache.number(request.position)
        if self._asked.get(request.lane) == number:
            del self._asked[request.lane]

    def _touch_all(self) -> None:
        if self.rowCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, len(self.columns) - 1))

    def _resize(self, rows: int, *, exact: bool) -> None:
        before, shift = self._rows, len(self._fresh)
        if rows > before:
            self.beginInsertRows(QModelIndex(), before + shift, rows + shift - 1)
            self._rows = rows
            self.endInsertRows()
        elif rows < before and exact:
            self.beginRemoveRows(QModelIndex(), rows + shift, before + shift - 1)
            self._rows = rows
            self.endRemoveRows()
        self._exact = exact or self._exact
        self.total_changed.emit(self._rows)

    def _update_fresh(self) -> None:
        """Brings the new records on top in line with the buffer, one row signal for each difference."""
        now = self._inserts()
        keys = {edit.key for edit in now}
        for row in range(len(self._fresh) - 1, -1, -1):
            if self._fresh[row].key not in keys:
                self.beginRemoveRows(QModelIndex(), row, row)
                del self._fresh[row]
                self.endRemoveRows()
        for row, edit in enumerate(now):
            if row < len(self._fresh) and self._fresh[row].key == edit.key:
                self._fresh[row] = edit
            else:
                self.beginInsertRows(QModelIndex(), row, row)
                self._fresh.insert(row, edit)
                self.endInsertRows()

    def _inserts(self) -> list[Edit]:
        return self._edits.inserts(self.description.name) if self.shows_new else []

    def _edit_at(self, row: int) -> Edit | None:
        if not len(self._edits):
            return None
        key = self.key_at(row)
        return self._edits.get(key) if key else None

    def _is_doomed(self, row: int) -> bool:
        edit = self._edit_at(row)
        return edit is not None and edit.kind is EditKind.DELETE

    def _format(self, column: Column, value: Any) -> str | None:
        return value.name if isinstance(value, NewAuthor) else column.format(value)

    def _want(self, position: int) -> None:
        number = self._cache.number(position)
        if number not in self._asked.values():
            self._missing.pop(number, None)
            self._missing[number] = None
            self._announce.start()

    def _tool_tip(self, row: int, section: int) -> str | None:
        column = self.columns[section]
        value = self.value_at(row, column)
        edit = self._edit_at(row)
        lines = [column.format(value) or ""]
        if edit is not None and column.name in edit.values and edit.kind is EditKind.UPDATE:
            old = column.format(edit.original.get(column.name))
            lines.append(f"{old if old is not None else '–'} → {lines[0] or '–'}")
        lines.append(column.doubt(value))
        return "\n".join(line for line in lines if line) or None

    def _header(self, column: Column) -> str:
        sorts = self.criteria.sorts or (self.description.default_sort,)
        for place, sort in enumerate(sorts, 1):
            if sort.column == column.name:
                arrow = "▼" if sort.descending else "▲"
                return f"{column.header} {arrow}{place if len(sorts) > 1 else ''}"
        return column.header

    def _row_sign(self, row: int) -> str:
        if row < len(self._fresh):
            return "+"
        number = str(row - len(self._fresh) + 1)
        edit = self._edit_at(row)
        if edit is None:
            return number
        return f"{number} ×" if edit.kind is EditKind.DELETE else f"{number} •"


def original_of(description: TableDescription, record: Row, **more: Any) -> Original:
    """A loaded record as the start of an edit; `more` are fields that the grid does not hold."""
    values = {
        column.name: getattr(record, column.name) for column in description.editable if hasattr(record, column.name)
    }
    label = getattr(record, description.label)
    return Original(RecordKey(description.name, record.id), record.version, {**values, **more}, label)
