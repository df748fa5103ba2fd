"""The upper part of the conflict dialog: the list of records and the fields of one, as the choices stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem, QTreeWidget, QTreeWidgetItem

from desk.catalog.columns import TABLES
from desk.dialogs.conflict_choices import (
    MINE,
    OPEN,
    RECORD,
    THEIRS,
    TYPED,
    ConflictChoices,
    Place,
    case_words,
    header_of,
    names_of,
    standing_words,
    text_of,
)
from desk.i18n import _, ngettext
from desk.panels.parts import named
from desk.tables.look import Look, look

if TYPE_CHECKING:
    from desk.catalog.edits import Conflict

TEXT_SHOWN = 200
"""Characters of a value that are drawn in a line; below it is shown in full."""
ACCESSIBLE = int(Qt.ItemDataRole.AccessibleTextRole)
CHOOSING = {Qt.Key.Key_T: THEIRS, Qt.Key.Key_1: THEIRS, Qt.Key.Key_M: MINE, Qt.Key.Key_2: MINE}
"""Keys that choose a side: for the field that is current, or for all of the record that is."""
EDITING = (Qt.Key.Key_E, Qt.Key.Key_F2, Qt.Key.Key_Return, Qt.Key.Key_Enter)
SIDES = {2: THEIRS, 3: MINE}
"""The columns that can be chosen."""
RESULT = 4
PADDING = 14
LEAST_WIDTH = 280
"""Pixels of the list of records, of which a small dialog still shows the beginnings of names."""
CHOSEN, NOT_CHOSEN = "●", "○"
HEADERS = (_("Field"), _("Original"), _("Theirs"), _("Mine"), _("Result"))


class RecordList(QTreeWidget):
    """The records, each with what happened to it and how many choices are left. `side_chosen` tells that a key chose
    a side for all of the record that is current."""

    side_chosen = Signal(str)

    def __init__(self, choice: ConflictChoices) -> None:
        super().__init__()
        self._choice = choice
        named(self, "conflict_records", _("Records with conflicts"))
        self.setHeaderLabels([_("Record"), _("What happened"), _("Choices")])
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for section, text in ((1, _("deleted elsewhere")), (2, _("✓ decided"))):  # to fit contents costs too much
            header.resizeSection(section, self.fontMetrics().horizontalAdvance(text) + PADDING)
        self.setMinimumWidth(LEAST_WIDTH)
        self._drawn: dict[int, tuple[int, Look]] = {}
        """What was drawn of each record: how much was left, in which colours."""
        self._lines = [self._line(conflict) for conflict in choice.conflicts]
        self.addTopLevelItems(self._lines)
        self.show_choices()

    @property
    def number(self) -> int:
        """The record that is current; below 0 for none."""
        line = self.currentItem()
        return -1 if line is None else self.indexOfTopLevelItem(line)

    def go_to(self, number: int) -> None:
        self.setCurrentItem(self._lines[number])

    def show_choices(self) -> None:
        """Tells of each record how many choices are left."""
        for number, (line, conflict) in enumerate(zip(self._lines, self._choice.conflicts, strict=True)):
            left = self._choice.left_of(number)
            if self._drawn.get(number) == (left, look()):
                continue
            self._drawn[number] = (left, look())
            words = ngettext("{count} left", "{count} left", left).format(count=left) if left else _("decided")
            line.setText(2, f"{'○' if left else '✓'} {words}")
            line.setForeground(2, QColor(look().warn if left else look().good))
            line.setData(0, ACCESSIBLE, f"{_record(conflict)}: {case_words(conflict)[2]}, {words}")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if _is_bare(event) and key in CHOOSING:
            self.side_chosen.emit(CHOOSING[key])
        else:
            super().keyPressEvent(event)

    @staticmethod
    def _line(conflict: Conflict) -> QTreeWidgetItem:
        sign, short, words = case_words(conflict)
        line = QTreeWidgetItem([f"{sign} {_record(conflict)}", short])
        for column in (0, 1):
            line.setToolTip(column, f"{_record(conflict)}: {words}")
        return line


class FieldTable(QTableWidget):
    """The fields of one record. `side_chosen` tells that a side was chosen for the field that is current, `toggled` the
    other one, `edit_wanted` that its result is to be typed."""

    side_chosen = Signal(str)
    toggled = Signal()
    edit_wanted = Signal()

    def __init__(self, choice: ConflictChoices) -> None:
        super().__init__(0, len(HEADERS))
        self._choice = choice
        self._number = -1
        named(self, "conflict_fields", _("Fields of the record"))
        self.setHorizontalHeaderLabels(HEADERS)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        self.horizontalHeader().setHighlightSections(False)
        self.verticalHeader().hide()
        self.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.cellClicked.connect(self._on_cell_clicked)
        self.cellDoubleClicked.connect(self._on_cell_double_clicked)

    @property
    def place(self) -> Place:
        """The field that is current."""
        names, row = names_of(self._choice.conflicts[self._number]), self.currentRow()
        return Place(self._number, names[row] if 0 <= row < len(names) else RECORD)

    def show_record(self, number: int, name: str | None = None) -> None:
        """Shows a record, and goes to a field of it (None: the first that has to be decided), without a signal."""
        self._number = number
        names = names_of(self._choice.conflicts[number])
        if name is None:
            open_ones = [one for one in names if self._choice.side(Place(number, one)) == OPEN]
            name = next(iter((*open_ones, *names)), RECORD)
        with QSignalBlocker(self):
            self.setRowCount(len(names))
            self.show_choices()
            self.setCurrentCell(names.index(name) if name in names else -1, RESULT)

    def show_choices(self) -> None:
        """Draws what is chosen."""
        for row, name in enumerate(names_of(self._choice.conflicts[self._number])):
            self._fill(row, Place(self._number, name))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if not _is_bare(event):
            super().keyPressEvent(event)
        elif key in CHOOSING:
            self.side_chosen.emit(CHOOSING[key])
        elif key == Qt.Key.Key_Space:
            self.toggled.emit()
        elif key in EDITING:
            self.edit_wanted.emit()
        else:
            super().keyPressEvent(event)

    def _on_cell_clicked(self, _row: int, column: int) -> None:
        if column in SIDES:
            self.side_chosen.emit(SIDES[column])

    def _on_cell_double_clicked(self, _row: int, column: int) -> None:
        if column == RESULT:
            self.edit_wanted.emit()

    def _fill(self, row: int, place: Place) -> None:
        conflict, side = self._choice.conflicts[place.number], self._choice.side(place)
        is_choice = place.name in self._choice.sides[conflict.edit.key]
        is_open = is_choice and side == OPEN
        header = header_of(conflict, place.name)
        sign, about = standing_words(conflict, place.name)
        result = _("? choose") if is_open else self._choice.result_text(place)[:TEXT_SHOWN]
        texts = (header, *(text_of(conflict, place.name, one)[:TEXT_SHOWN] for one in (OPEN, THEIRS, MINE)), result)
        for column, text in enumerate(texts):
            chosen = is_choice and SIDES.get(column) == side
            item = QTableWidgetItem(f"{_mark(column, side, sign, is_choice)} {text}".strip())
            item.setToolTip(text if column else about)
            said = _("{column}: {text}, chosen") if chosen else _("{column}: {text}")
            item.setData(ACCESSIBLE, f"{header}, {said.format(column=HEADERS[column], text=text)}")
            font = item.font()
            font.setBold(chosen or (column == RESULT and is_choice and not is_open))
            item.setFont(font)
            if is_open and column in (0, RESULT):
                item.setForeground(QColor(look().warn))
            elif not is_choice and column < RESULT:
                item.setForeground(QColor(look().dim))
            self.setItem(row, column, item)


def _mark(column: int, side: str, sign: str, is_choice: bool) -> str:
    """The shape before the text of a cell."""
    if column in SIDES and is_choice:
        return CHOSEN if SIDES[column] == side else NOT_CHOSEN
    if column == RESULT:
        return "✎" if side == TYPED else ""
    return "" if column else sign


def _is_bare(event: QKeyEvent) -> bool:
    """Whether no modifier is held; a key of the number pad is none."""
    return not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier


def _record(conflict: Conflict) -> str:
    return f"{TABLES[conflict.edit.key.table].one}: {conflict.edit.label or _('(empty)')}"
