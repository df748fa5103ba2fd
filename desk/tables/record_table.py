"""The item model of a grid: rows from the pages that are here, pending edits laid over them, new records on top.

Invariant: `data()` reads what is in memory; a row that is not here answers a placeholder and notes its page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, Qt, Signal, Slot

from desk.catalog.edits import Edit, EditKind, RecordKey
from desk.catalog.rows import AuthorRef
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
    header_of,
    state_of,
    state_of_edit,
    tool_tip_of,
)
from desk.tables.edit_stack import EditStack, NewAuthor, Original
from desk.tables.view_table import Index, ViewTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desk.catalog.columns import Column, TableDescription
    from desk.catalog.edits import EditBatch
    from desk.catalog.rows import Row

CAN_SELECT = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
CAN_EDIT = CAN_SELECT | Qt.ItemFlag.ItemIsEditable
"""Joined once: Qt asks for them in every cell that it draws."""


class RecordTable(ViewTable):
    """The rows of a view as a person edits them; `refused` carries the reason why a typed value was not taken."""

    refused = Signal(str)

    def __init__(self, description: TableDescription, edits: EditStack, parent: Any = None) -> None:
        super().__init__(description, parent)
        self.editable = True
        self.shows_new = True
        """Whether pending new records stand on top; not in a view of some records only."""
        self._edits = edits
        self._fresh: list[Edit] = []
        self._saved: dict[int, Row] = {}
        """Records as a commit of our own made them, until they are loaded anew: that raises their version."""
        self._gone: dict[int, Edit] = {}
        """What a commit of our own deleted: its rows are here until theirs are loaded anew, and never look alive."""
        edits.edit_changed.connect(self._on_edit_changed)

    @property
    def fresh(self) -> int:
        """How many pending new records stand above the rows of the view."""
        return len(self._fresh)

    def take_saved(self, batch: EditBatch, new_ids: Mapping[RecordKey, int]) -> None:
        """Shows the values of a unit of work that was saved in its records which are here, until these are loaded
        anew, and those that it deleted as deleted; `new_ids` are those of its new records."""
        self._gone.update((edit.key.id, edit) for edit in batch.edits if self._is_deletion(edit))
        for edit in batch.edits:
            record = self._loaded(edit.key) if edit.kind is EditKind.UPDATE else None
            if record is not None:
                values = {name: _saved_value(value, new_ids) for name, value in edit.values.items()}
                known = {name: value for name, value in values.items() if hasattr(record, name)}
                self._saved[record.id] = record._replace(**known)

    # Records

    def row_at(self, row: int) -> Row | None:
        record = super().row_at(row)
        return record if record is None or not self._saved else self._as_saved(record)

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
        position = self.feed.position_of(key.id) if key.table == self.description.name else None
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
            found = self.feed.get(position)
            if found is None or self.feed.is_stale(position):
                self.feed.want(position)
            if found is None:
                return PLACEHOLDER if self.feed.is_late(position) else "", CellState.WAITING
            text = found[1][section]
            if self._saved:
                text = self._saved_text(column, found[0], text)
            if self.feed.is_doubtful(position, section):
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

    # Qt

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
            column = self.columns[index.column()]
            return tool_tip_of(column, self.value_at(index.row(), column), self._edit_at(index.row()))
        if role == ACCESSIBLE:
            return f"{self.columns[index.column()].header}: {self.cell(index.row(), index.column())[0]}"
        return None

    def setData(self, index: Index, value: Any, role: int = EDIT) -> bool:
        """Takes a typed text, or a link or value as it is; a refused text is told by `refused`."""
        original = self.original_at(index.row()) if index.isValid() else None
        if role != EDIT or original is None:
            return False
        return self.take(original, self.columns[index.column()], value)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        can_edit = self.editable and not self._edits.frozen and self.columns[index.column()].editable
        return CAN_EDIT if can_edit and not self._is_doomed(index.row()) else CAN_SELECT

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        if orientation == Qt.Orientation.Horizontal:
            column = self.columns[section]
            if role == DISPLAY:
                sorts = self.criteria.sorts or (self.description.default_sort,)
                return header_of(column, sorts) + (RIGHT_PADDING if column.rules.right else "")
            if role == ALIGNMENT:
                return RIGHT if column.rules.right else LEFT
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

    # Helpers

    def _on_reset(self) -> None:
        self._fresh = self._inserts()
        self._saved.clear()
        self._gone.clear()

    def _is_deletion(self, edit: Edit) -> bool:
        return edit.kind is EditKind.DELETE and edit.key.table == self.description.name

    def _loaded(self, key: RecordKey) -> Row | None:
        row = self.row_of(key)
        return None if row is None else self.row_at(row)

    def _as_saved(self, record: Row) -> Row:
        """A record from before a commit as the commit made it; any other one as it is."""
        saved = self._saved.get(record.id)
        return saved if saved is not None and saved.version == record.version else record

    def _saved_text(self, column: Column, record: Row, text: str | None) -> str | None:
        value = getattr(self._as_saved(record), column.name)
        return text if value == getattr(record, column.name) else self._format(column, value)

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
        if not len(self._edits) and not self._gone:
            return None
        key = self.key_at(row)
        return (self._edits.get(key) or self._gone.get(key.id)) if key else None

    def _is_doomed(self, row: int) -> bool:
        edit = self._edit_at(row)
        return edit is not None and edit.kind is EditKind.DELETE

    def _format(self, column: Column, value: Any) -> str | None:
        return value.name if isinstance(value, NewAuthor) else column.format(value)

    def _row_sign(self, row: int) -> str:
        if row < len(self._fresh):
            return "+"
        number = str(row - len(self._fresh) + 1)
        edit = self._edit_at(row)
        if edit is None:
            return number
        return f"{number} ×" if edit.kind is EditKind.DELETE else f"{number} •"


def _saved_value(value: Any, new_ids: Mapping[RecordKey, int]) -> Any:
    """A value as it was saved: a link to a new author leads to the author's id now."""
    if not isinstance(value, AuthorRef):
        return value
    return AuthorRef(new_ids.get(RecordKey("authors", value.id), value.id), value.name)


def original_of(description: TableDescription, record: Row, **more: Any) -> Original:
    """A loaded record as the start of an edit; `more` are fields that the grid does not hold."""
    values = {
        column.name: getattr(record, column.name) for column in description.editable if hasattr(record, column.name)
    }
    label = getattr(record, description.label)
    return Original(RecordKey(description.name, record.id), record.version, {**values, **more}, label)
