"""The item model of a grid: rows from the pages that are here, pending edits laid over them, new records on top.

Invariant: `data()` reads what is in memory; a row that is not here answers a placeholder and notes its page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, Qt, Signal, Slot

from desk.catalog.contributors import format_names
from desk.catalog.edits import Edit, EditKind, RecordKey
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
from desk.tables.fresh_rows import FreshRows
from desk.tables.view_table import Index, ViewTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from desk.catalog.columns import Column, TableDescription
    from desk.catalog.edits import EditBatch
    from desk.catalog.rows import Row
    from desk.catalog.watched import RowNow
    from desk.tables.elsewhere import Elsewhere

CAN_SELECT = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
CAN_EDIT = CAN_SELECT | Qt.ItemFlag.ItemIsEditable
"""Joined once: Qt asks for them in every cell that it draws."""


class RecordTable(ViewTable):
    """The rows of a view as a person edits them; `refused` carries the reason why a typed value was not taken."""

    refused = Signal(str)

    def __init__(self, description: TableDescription, edits: EditStack, parent: Any = None) -> None:
        super().__init__(description, parent)
        self.editable = True
        self.read_only = ""
        """Why nothing can ever be edited here; '' where it can be."""
        self.shows_new = True
        """Whether pending new records stand on top; not in a view of some records only."""
        self._edits = edits
        self._fresh = FreshRows()
        self._saved: dict[int, Row] = {}
        """Records as a commit of our own made them, until they are loaded anew: that raises their version."""
        self._gone: dict[int, Edit] = {}
        """What a commit of our own deleted: its rows are here until theirs are loaded anew, and never look alive."""
        self._elsewhere: Elsewhere | None = None
        self._tells = False
        """Whether anything is known of changes that others made: no cell asks when nothing is."""
        edits.edit_changed.connect(self._on_edit_changed)
        edits.keeping_changed.connect(self._on_keeping_changed)

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
                known = {name: value for name, value in edit.values_saved(new_ids).items() if hasattr(record, name)}
                if "contributors" in known:
                    known["contributors"] = format_names(known["contributors"])
                self._saved[record.id] = record._replace(**known)

    def tell_of(self, elsewhere: Elsewhere) -> None:
        """Shows what others changed, from now on."""
        self._elsewhere = elsewhere
        elsewhere.changed.connect(self._on_elsewhere_changed)

    def update_records(self, changed: Iterable[RowNow]) -> None:
        """Shows records that are here as they are now; they keep their places."""
        for now in changed:
            self.feed.update(now)
            self._repaint(RecordKey(self.description.name, now.row.id))

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
        fresh = self._fresh.row_of(key)
        if fresh is not None:
            return fresh
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
        elif (position := row - len(self._fresh)) < 0:
            text = None
        else:
            found = self.feed.get(position)
            if found is None or self.feed.is_stale(position):
                self.feed.want(position)
            if found is None:
                return PLACEHOLDER if self.feed.is_late(position) else "", CellState.WAITING
            text = found[1][section]
            if self._saved:
                text = self._saved_text(column, found[0], text)
            if self.feed.is_doubtful(position, section):
                state = CellState.DOUBTFUL | (self._state_of_edit(edit, column) if edit else CellState.PLAIN)
                return text, self._with_others(state, row, edit, column)
        state = state_of(column, text)
        return text, self._with_others(
            state if edit is None else state | self._state_of_edit(edit, column), row, edit, column
        )

    def value_at(self, row: int, column: Column) -> Any:
        """The value of a cell, pending changes included."""
        key = self.key_at(row)
        edit = self._edits.get(key) if key else None
        if edit is not None and column.name in edit.values:
            return edit.values[column.name]
        return getattr(self.row_at(row), column.name, None)

    def take(self, original: Original, column: Column, value: Any) -> bool:
        """Makes a typed text, a link or a value the pending value of a record's field, or tells why not."""
        if self.read_only:
            self.refused.emit(self.read_only)
            return False
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
            edit = self._edit_at(index.row())
            unkept = self._unkept_words(edit) if edit is not None else ""
            tip = tool_tip_of(column, self.value_at(index.row(), column), edit, unkept)
            return "\n".join(filter(None, (tip, self._told_words(index.row(), column)))) or None
        if role == ACCESSIBLE:
            column = self.columns[index.column()]
            told = self._told_words(index.row(), column)
            text = f"{column.header}: {self.cell(index.row(), index.column())[0]}"
            return f"{text} ({told})" if told else text
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
        self._update_fresh(key)
        self._repaint(key)

    @Slot()
    def _on_keeping_changed(self) -> None:
        """Whatever is in sight is painted anew: it is cheaper than to find out which rows those are."""
        if self.rowCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, len(self.columns) - 1))

    @Slot(object)
    def _on_elsewhere_changed(self, key: RecordKey) -> None:
        self._tells = bool(self._elsewhere)
        self._repaint(key)

    # Helpers

    def _repaint(self, key: RecordKey) -> None:
        row = self.row_of(key)
        if row is not None:
            self.dataChanged.emit(self.index(row, 0), self.index(row, len(self.columns) - 1))
            self.headerDataChanged.emit(Qt.Orientation.Vertical, row, row)

    def _on_reset(self) -> None:
        self._fresh = FreshRows(self._edits.inserts(self.description.name)[::-1] if self.shows_new else ())
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

    def _with_others(self, state: CellState, row: int, edit: Edit | None, column: Column) -> CellState:
        """The state of a cell, and what others did to its value."""
        key = self.key_at(row) if self._tells else None
        if key is None or self._elsewhere is None:
            return state
        return state | self._elsewhere.state(key, edit, column.name)

    def _told_words(self, row: int, column: Column) -> str:
        key = self.key_at(row) if self._tells else None
        return "" if key is None or self._elsewhere is None else self._elsewhere.words(key, self._edit_at(row), column)

    def _update_fresh(self, key: RecordKey) -> None:
        """Brings the new records on top in line with what is pending for one record."""
        row, edit = self._fresh.row_of(key), self._edits.get(key)
        if edit is None or edit.kind is not EditKind.INSERT or not self.shows_new:
            if row is not None:
                self.beginRemoveRows(QModelIndex(), row, row)
                self._fresh.remove(row)
                self.endRemoveRows()
        elif row is not None:
            self._fresh.replace(row, edit)
        else:
            self.beginInsertRows(QModelIndex(), 0, 0)
            self._fresh.add(edit)
            self.endInsertRows()

    def _edit_at(self, row: int) -> Edit | None:
        if not len(self._edits) and not self._gone:
            return None
        key = self.key_at(row)
        return (self._edits.get(key) or self._gone.get(key.id)) if key else None

    def _is_keeping(self, edit: Edit) -> bool:
        """Whether an edit is pending and not on disk yet; one that a commit saved is not pending any more."""
        return self._edits.is_keeping(edit.key) and self._edits.get(edit.key) is not None

    def _state_of_edit(self, edit: Edit, column: Column) -> CellState:
        return state_of_edit(edit, column, keeping=self._is_keeping(edit))

    def _unkept_words(self, edit: Edit) -> str:
        return (self._edits.unkept_reason or _("Being kept on disk …")) if self._is_keeping(edit) else ""

    def _is_doomed(self, row: int) -> bool:
        edit = self._edit_at(row)
        return edit is not None and edit.kind is EditKind.DELETE

    def _format(self, column: Column, value: Any) -> str | None:
        return value.name if isinstance(value, NewAuthor) else column.format(value)

    def _row_sign(self, row: int) -> str:
        if row < len(self._fresh):
            return "+"
        number = str(row - len(self._fresh) + 1)
        if self._tells and self._with_others(CellState.PLAIN, row, None, self.columns[0]) & CellState.GONE:
            return f"{number} –"
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
