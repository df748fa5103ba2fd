"""The first rows of a CSV file under a choice of field for every column.

Invariant: a field comes from one column at most; choosing it elsewhere takes it from the column it came from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from desk.catalog.values import format_text, is_damaged
from desk.dialogs.imports.cell_checks import reason_against
from desk.i18n import _
from desk.panels.parts import named
from desk.tables.look import icon, look, looks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from desk.catalog.import_fields import ImportField

COLUMNS_SHOWN = 200
"""More of them are no file of books; making the choices would keep the interface busy."""
TEXT_SHOWN = 200
"""Characters of a cell that are drawn."""
GAP = 4
NARROWEST, WIDEST = 132, 260
ROW_HEIGHT = 24


class FieldHeader(QHeaderView):
    """A header with a combo box above the name of every column: `field_chosen` carries the column and a field's name.

    `prefix` begins the object names of the combo boxes.
    """

    field_chosen = Signal(int, str)

    def __init__(self, prefix: str, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._prefix = prefix
        self.combos: list[QComboBox] = []
        self.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom)
        self.setSectionsClickable(False)
        self._placing = QTimer(self, singleShot=True, interval=0)
        self._placing.timeout.connect(self.place)
        self.sectionResized.connect(self._place_soon)

    def show_choices(self, headers: Sequence[str], fields: Mapping[str, ImportField]) -> None:
        """Makes a combo box for each column; one whose header cannot be told from another's stays disabled."""
        for combo in self.combos:
            combo.hide()
            combo.deleteLater()
        self.combos = [self._make_combo(column, header, fields) for column, header in enumerate(headers)]
        for column, header in enumerate(headers):
            reason = _why_not(header, headers[:column])
            if reason:
                self.combos[column].setEnabled(False)
                self.combos[column].setToolTip(reason)
        self.updateGeometries()

    @Slot()
    def place(self) -> None:
        """Puts the combo boxes above their columns."""
        height = self._combo_height()
        for column, combo in enumerate(self.combos):
            left, width = self.sectionViewportPosition(column), self.sectionSize(column)
            combo.setGeometry(left + GAP, GAP, width - 2 * GAP, height)

    # Qt

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return QSize(hint.width(), hint.height() + self._combo_height() + 2 * GAP)

    def updateGeometries(self) -> None:
        super().updateGeometries()
        self._placing.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QComboBox) and not watched.hasFocus():
            event.ignore()
            return True  # whoever scrolls over the combo boxes means the table
        if event.type() == QEvent.Type.FocusIn and isinstance(watched, QComboBox) and watched in self.combos:
            self._show_column(self.combos.index(watched))
        return super().eventFilter(watched, event)

    # Slots

    @Slot()
    def _place_soon(self) -> None:
        """Many columns that change at once are followed once."""
        self._placing.start()

    @Slot(int)
    def _on_activated(self, _index: int) -> None:
        combo = self.sender()
        assert isinstance(combo, QComboBox)
        self.field_chosen.emit(self.combos.index(combo), combo.currentData())

    # Helpers

    def _make_combo(self, column: int, header: str, fields: Mapping[str, ImportField]) -> QComboBox:
        name = header or _("column {number}").format(number=column + 1)
        combo = QComboBox(self.viewport())
        named(combo, f"{self._prefix}_field_{column}", _("Field for {column}").format(column=name))
        named(combo.view(), f"{combo.objectName()}_list", combo.accessibleName())
        combo.addItem(_("not imported"), "")
        for field in fields.values():
            combo.addItem(field.title, field.name)
            combo.setItemData(combo.count() - 1, field.tip, Qt.ItemDataRole.ToolTipRole)
        combo.setMaxVisibleItems(combo.count())
        combo.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        combo.installEventFilter(self)
        combo.activated.connect(self._on_activated)
        combo.show()
        return combo

    def _combo_height(self) -> int:
        return self.combos[0].sizeHint().height() if self.combos else 0

    def _show_column(self, column: int) -> None:
        table = self.parent()
        if isinstance(table, QTableWidget) and table.rowCount():
            table.scrollTo(table.model().index(max(table.rowAt(0), 0), column))


class MappingTable(QTableWidget):
    """Shows records and lets a person say which field each column goes to; `mapping_changed` after each choice."""

    mapping_changed = Signal()

    def __init__(self, fields: Mapping[str, ImportField], object_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, object_name, _("First rows of the file"))
        self._fields = fields
        self.headers: tuple[str, ...] = ()
        self._columns: dict[str, int] = {}
        self._rows: Sequence[Sequence[str]] = ()
        self.header = FieldHeader(object_name, self)
        self.setHorizontalHeader(self.header)
        self.header.field_chosen.connect(self.choose)
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.verticalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.horizontalScrollBar().valueChanged.connect(self.header.place)
        looks.changed.connect(self._mark)

    @property
    def mapping(self) -> dict[str, str]:
        """Every field → the header of its column, '' where it is left out."""
        return self.mapping_to(self.headers)

    def mapping_to(self, headers: Sequence[str]) -> dict[str, str]:
        """The same choices, column by column, where the headers read otherwise (in another encoding)."""
        return {name: headers[self._columns[name]] if name in self._columns else "" for name in self._fields}

    def show_rows(self, headers: Sequence[str], rows: Sequence[Sequence[str]], mapping: Mapping[str, str]) -> None:
        """Shows records under a mapping (field → header, '' or nothing for a field that is left out)."""
        if (self.headers, self._rows) == (tuple(headers), tuple(rows)):
            self.show_mapping(mapping)
            return
        self.headers, self._rows = tuple(headers), tuple(rows)
        shown = self.headers[:COLUMNS_SHOWN]
        self.setColumnCount(len(shown))
        self.setRowCount(len(rows))
        self.setHorizontalHeaderLabels([format_text(header[:TEXT_SHOWN]) for header in shown])
        for row, cells in enumerate(rows):
            for column in range(len(shown)):
                text = cells[column] if column < len(cells) else ""
                self.setItem(row, column, QTableWidgetItem(format_text(text[:TEXT_SHOWN])))
        self.header.show_choices(shown, self._fields)
        self._fit_columns()
        self.show_mapping(mapping)

    def show_mapping(self, mapping: Mapping[str, str]) -> None:
        """Shows another mapping over the same records."""
        self._columns = {}
        for name, header in mapping.items():
            column = self.headers.index(header) if header and header in self.headers else None
            if column is not None and column not in self._columns.values():
                self._columns[name] = column
        self._show_choices()

    @Slot(int, str)
    def choose(self, column: int, field: str) -> None:
        """Lets a field ('' for none) come from a column, and from no other."""
        self._columns = {name: place for name, place in self._columns.items() if place != column}
        if field:
            self._columns[field] = column
        self._show_choices()
        self.mapping_changed.emit()

    # Helpers

    def _show_choices(self) -> None:
        fields = {column: name for name, column in self._columns.items()}
        for column, combo in enumerate(self.header.combos):
            combo.setCurrentIndex(combo.findData(fields.get(column, "")))
            name = fields.get(column)
            if combo.isEnabled():
                combo.setToolTip(self._fields[name].tip if name else _("This column is not imported."))
        self._mark()

    @Slot()
    def _mark(self) -> None:
        """Draws quietly what is not imported, and marks the cells that will be refused."""
        fields = {column: name for name, column in self._columns.items()}
        for row, cells in enumerate(self._rows):
            for column in range(self.columnCount()):
                item = self.item(row, column)
                if item is not None:
                    text = cells[column] if column < len(cells) else ""
                    _mark_cell(item, text, fields.get(column))

    def _fit_columns(self) -> None:
        self.resizeColumnsToContents()
        for column in range(self.columnCount()):
            self.setColumnWidth(column, min(max(self.columnWidth(column), NARROWEST), WIDEST))


def _mark_cell(item: QTableWidgetItem, text: str, field: str | None) -> None:
    colours = look()
    reason = reason_against(field, text) if field else ""
    if is_damaged(text):
        reason = _("These bytes mean nothing in this encoding. Choose another one.")
    item.setForeground(QColor(colours.text if field else colours.dim))
    item.setData(Qt.ItemDataRole.BackgroundRole, QColor(colours.doomed) if reason else None)
    item.setData(Qt.ItemDataRole.DecorationRole, icon("error") if reason else None)
    item.setToolTip(reason or _shortened(text))


def _shortened(text: str) -> str:
    """A cell for a tool tip, which must not be taken for rich text."""
    shown: Any = format_text(text[:TEXT_SHOWN]) + ("…" if len(text) > TEXT_SHOWN else "")
    return str(shown).replace("<", "‹") if shown.startswith("<") else str(shown)


def _why_not(header: str, before: Sequence[str]) -> str:
    """Why a column cannot be imported; '' where it can."""
    if not header:
        return _("This column has no name; give it one in the file to import it.")
    if header in before:
        return _("A column before this one has the same name; rename one in the file to import this.")
    return ""
