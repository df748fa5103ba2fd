"""The conflict dialog: for each record that changed elsewhere, original, theirs and mine per field, and a choice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QListWidget,
    QPushButton,
    QRadioButton,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from desk.catalog.columns import TABLES
from desk.catalog.edits import Conflict, Edit, EditKind, RecordKey, same
from desk.i18n import _, ngettext
from desk.tables.look import look

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MINE, THEIRS = "mine", "theirs"
TEXT_SHOWN = 200
"""Characters of a value that are drawn."""
RECORD = ""
"""The key of a choice about the whole record: a deletion, here or elsewhere."""


class ConflictDialog(QDialog):
    """Decides conflicts; `resolved` carries {RecordKey: the edit to keep pending, or None}.

    Fields that I edited start with mine, all others and deletions with theirs; nothing is decided until accepted.
    """

    resolved = Signal(object)

    def __init__(self, conflicts: Iterable[Conflict], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.conflicts = tuple(conflicts)
        self.choices: dict[RecordKey, dict[str, str]] = {
            conflict.edit.key: {name: MINE if name in conflict.edit.values else THEIRS for name in fields_of(conflict)}
            for conflict in self.conflicts
        }
        self.setObjectName("conflict_dialog")
        self.setWindowTitle(_("Changed elsewhere"))
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.resize(860, 420)
        self.records = self._make_records()
        self.fields = self._make_fields()
        self._groups: list[QButtonGroup] = []
        self._lay_out()
        self.records.setCurrentRow(0)

    def choose(self, key: RecordKey, field: str, side: str) -> None:
        """Chooses mine or theirs for a field (RECORD: for the whole record)."""
        self.choices[key][field] = side
        self._show_conflict()

    def choose_all(self, side: str) -> None:
        """Chooses one side for everything."""
        for chosen in self.choices.values():
            chosen.update(dict.fromkeys(chosen, side))
        self._show_conflict()

    def resolution(self) -> dict[RecordKey, Edit | None]:
        """The edits that stay pending after the choices."""
        return {conflict.edit.key: resolve(conflict, self.choices[conflict.edit.key]) for conflict in self.conflicts}

    # Qt

    def accept(self) -> None:
        self.resolved.emit(self.resolution())
        super().accept()

    # Slots

    @Slot(int)
    def _on_record_changed(self, _row: int) -> None:
        self._show_conflict()

    # Helpers

    def _show_conflict(self) -> None:
        row = self.records.currentRow()
        if row < 0:
            return
        conflict = self.conflicts[row]
        self._groups.clear()
        names = fields_of(conflict)
        self.fields.clearContents()
        self.fields.setRowCount(len(names))
        for line, name in enumerate(names):
            self._show_field(line, conflict, name)
        self.fields.resizeRowsToContents()

    def _show_field(self, line: int, conflict: Conflict, name: str) -> None:
        texts = field_texts(conflict, name)
        for column, text in enumerate(texts[:2]):
            item = QTableWidgetItem(text)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled)
            if column == 0 and name in conflict.changed_elsewhere and name in conflict.edit.values:
                item.setForeground(QColor(look().warn))
            self.fields.setItem(line, column, item)
        group = QButtonGroup(self.fields)
        for column, (side, text) in enumerate(((THEIRS, texts[2]), (MINE, texts[3])), 2):
            button = QRadioButton(text.replace("&", "&&"))
            button.setObjectName(f"{side}_{name or 'record'}")
            button.setAccessibleName(f"{texts[0]}: {_('theirs') if side == THEIRS else _('mine')}: {text}")
            button.setToolTip(text)
            button.setChecked(self.choices[conflict.edit.key][name] == side)
            button.clicked.connect(_Choice(self, conflict.edit.key, name, side))
            group.addButton(button)
            self.fields.setCellWidget(line, column, button)
        self._groups.append(group)

    def _make_records(self) -> QListWidget:
        records = QListWidget()
        records.setObjectName("conflict_records")
        records.setAccessibleName(_("Records with conflicts"))
        for conflict in self.conflicts:
            one = TABLES[conflict.edit.key.table].one
            label = conflict.edit.label or _("(empty)")
            records.addItem(f"{one}: {label}" + ("" if conflict.theirs else " ×"))
        records.currentRowChanged.connect(self._on_record_changed)
        return records

    def _make_fields(self) -> QTableWidget:
        fields = QTableWidget(0, 4)
        fields.setObjectName("conflict_fields")
        fields.setAccessibleName(_("Fields of the record"))
        fields.setHorizontalHeaderLabels([_("Field"), _("Original"), _("Theirs"), _("Mine")])
        fields.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        fields.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        fields.verticalHeader().hide()
        fields.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        return fields

    def _lay_out(self) -> None:
        count = len(self.conflicts)
        told = QLabel(
            ngettext(
                "{count} record changed elsewhere since you began to edit it. Nothing was saved; your edits are kept. "
                "Choose what to keep, then commit again.",
                "{count} records changed elsewhere since you began to edit them. Nothing was saved; your edits are "
                "kept. Choose what to keep, then commit again.",
                count,
            ).format(count=count)
        )
        told.setWordWrap(True)
        split = QSplitter()
        split.addWidget(self.records)
        split.addWidget(self.fields)
        split.setStretchFactor(1, 3)
        split.setSizes([220, 640])
        all_theirs = QPushButton(_("All &theirs"))
        all_theirs.setObjectName("all_theirs")
        all_theirs.clicked.connect(_Choice(self, None, RECORD, THEIRS))
        all_mine = QPushButton(_("All &mine"))
        all_mine.setObjectName("all_mine")
        all_mine.clicked.connect(_Choice(self, None, RECORD, MINE))
        buttons = QDialogButtonBox()
        keep = buttons.addButton(_("&Keep these choices"), QDialogButtonBox.ButtonRole.AcceptRole)
        keep.setObjectName("keep_choices")
        later = buttons.addButton(_("Decide later"), QDialogButtonBox.ButtonRole.RejectRole)
        later.setObjectName("decide_later")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        bottom = QHBoxLayout()
        bottom.addWidget(all_theirs)
        bottom.addWidget(all_mine)
        bottom.addStretch(1)
        bottom.addWidget(buttons)
        box = QVBoxLayout(self)
        box.addWidget(told)
        box.addWidget(split, 1)
        box.addLayout(bottom)


class _Choice:
    """What a button of the dialog chooses; a None key means everything."""

    def __init__(self, dialog: ConflictDialog, key: RecordKey | None, field: str, side: str) -> None:
        self._dialog = dialog
        self._key = key
        self._field = field
        self._side = side

    def __call__(self, _checked: bool = False) -> None:
        if self._key is None:
            self._dialog.choose_all(self._side)
        else:
            self._dialog.choices[self._key][self._field] = self._side


def fields_of(conflict: Conflict) -> tuple[str, ...]:
    """The fields to decide: those that I changed or they changed; RECORD where one side deleted it."""
    if conflict.theirs is None or conflict.edit.kind is EditKind.DELETE:
        return (RECORD,)
    names = {*conflict.edit.values, *conflict.changed_elsewhere}
    return tuple(column.name for column in TABLES[conflict.edit.key.table].columns if column.name in names)


def field_texts(conflict: Conflict, name: str) -> tuple[str, str, str, str]:
    """Header, original, theirs and mine of a field, as text."""
    if name == RECORD:
        if conflict.theirs is None:
            mine = _("insert it again") if conflict.edit.kind is EditKind.UPDATE else _("delete it")
            return _("Record"), conflict.edit.label, _("deleted elsewhere"), mine
        changed = ", ".join(_header(conflict, field) for field in conflict.changed_elsewhere)
        return (
            _("Record"),
            conflict.edit.label,
            _("keep it, with the new {fields}").format(fields=changed),
            _("delete it"),
        )
    column = TABLES[conflict.edit.key.table].column(name)
    theirs = conflict.theirs or {}
    original = conflict.edit.original.get(name)
    mine = conflict.edit.values.get(name, original)
    before, now, wanted = (_text(column.format(value)) for value in (original, theirs.get(name), mine))
    return column.header, before, now, wanted


def resolve(conflict: Conflict, choices: Mapping[str, str]) -> Edit | None:
    """The edit that stays pending: begun anew from theirs, with the fields for which mine was chosen."""
    edit = conflict.edit
    if RECORD in choices:
        if choices[RECORD] == THEIRS:
            return None
        if conflict.theirs is None:
            return _again(edit) if edit.kind is EditKind.UPDATE else None
        return edit.rebased(conflict.theirs, conflict.version, {})
    assert conflict.theirs is not None
    mine = {**edit.original, **edit.values}
    values: dict[str, Any] = {
        name: mine[name]
        for name, side in choices.items()
        if side == MINE and not same(mine[name], conflict.theirs.get(name))
    }
    return edit.rebased(conflict.theirs, conflict.version, values)


def _again(edit: Edit) -> Edit:
    """The edit of a record that is gone, as an insert of all that is known of it."""
    values = {name: value for name, value in {**edit.original, **edit.values}.items() if value is not None}
    return Edit(edit.key, EditKind.INSERT, edit.label, values=values)


def _header(conflict: Conflict, name: str) -> str:
    return TABLES[conflict.edit.key.table].column(name).header


def _text(value: str | None) -> str:
    if value is None:
        return "–"
    return value[:TEXT_SHOWN] or _("(empty)")
