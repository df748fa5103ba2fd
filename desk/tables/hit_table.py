"""The list of what a replacement would change: a check box, the record, before and after, for each cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor

from desk.i18n import _
from desk.tables.look import look

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desk.catalog.columns import TableDescription
    from desk.catalog.replacements import Hit

    Index = QModelIndex | QPersistentModelIndex

HEADERS = (_("Record"), _("Before"), _("After"))
TEXT_SHOWN = 300
"""Characters of a text that are drawn."""
CHECK = int(Qt.ItemDataRole.CheckStateRole)
DISPLAY = int(Qt.ItemDataRole.DisplayRole)
TOOL_TIP = int(Qt.ItemDataRole.ToolTipRole)
FOREGROUND = int(Qt.ItemDataRole.ForegroundRole)


class HitTable(QAbstractTableModel):
    """Hits of one column; all that can be taken are checked at first. `checked_changed` tells that some are not."""

    checked_changed = Signal()

    def __init__(self, description: TableDescription, parent: Any = None) -> None:
        super().__init__(parent)
        self._description = description
        self._column = description.columns[0]
        self._hits: tuple[Hit, ...] = ()
        self._labels: list[str] = []
        self._checked: list[bool] = []

    @property
    def checked(self) -> list[Hit]:
        """The hits that are to be replaced."""
        return [hit for hit, is_checked in zip(self._hits, self._checked, strict=True) if is_checked]

    def show_hits(self, hits: Sequence[Hit], labels: Sequence[str], column: str) -> None:
        """Shows other hits, under what a person calls their records."""
        self.beginResetModel()
        self._hits, self._labels = tuple(hits), list(labels)
        self._checked = [not hit.reason for hit in hits]
        self._column = self._description.column(column)
        self.endResetModel()
        self.checked_changed.emit()

    def check_all(self, *, checked: bool) -> None:
        """Checks or unchecks all that can be taken."""
        self._checked = [checked and not hit.reason for hit in self._hits]
        if self._hits:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._hits) - 1, 0))
        self.checked_changed.emit()

    # Qt

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._hits)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(HEADERS)

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        hit = self._hits[index.row()]
        if role == DISPLAY:
            return self._text(index.row(), index.column())[:TEXT_SHOWN]
        if role == CHECK and index.column() == 0:
            if hit.reason:
                return None
            return Qt.CheckState.Checked if self._checked[index.row()] else Qt.CheckState.Unchecked
        if role == TOOL_TIP:
            return hit.reason or self._text(index.row(), index.column())
        if role == FOREGROUND and hit.reason:
            return QColor(look().dim)
        return None

    def setData(self, index: Index, value: Any, role: int = DISPLAY) -> bool:
        if role != CHECK or self._hits[index.row()].reason:
            return False
        self._checked[index.row()] = Qt.CheckState(value) == Qt.CheckState.Checked
        self.dataChanged.emit(index, index)
        self.checked_changed.emit()
        return True

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemNeverHasChildren
        can_check = index.column() == 0 and not self._hits[index.row()].reason
        return flags | Qt.ItemFlag.ItemIsUserCheckable if can_check else flags

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        if role != DISPLAY:
            return None
        return HEADERS[section] if orientation == Qt.Orientation.Horizontal else f"{section + 1:,}"

    def _text(self, row: int, section: int) -> str:
        hit = self._hits[row]
        if section == 0:
            return self._labels[row]
        if section == 1:
            return self._shown(hit.before)
        return _("not possible: {reason}").format(reason=hit.reason) if hit.reason else self._shown(hit.after)

    def _shown(self, value: Any) -> str:
        text = self._column.format(value)
        return "–" if text is None else text or _("(empty)")
