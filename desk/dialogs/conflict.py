"""The conflict dialog: for each record that changed elsewhere, original, theirs, mine and the result, and choices.

Invariant: it decides nothing by itself; what is chosen leaves it as pending edits, and only when everything is chosen.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QSplitter, QVBoxLayout, QWidget

from desk.catalog.columns import TABLES, Kind
from desk.dialogs.conflict_choices import (
    MINE,
    OPEN,
    RECORD,
    THEIRS,
    ConflictChoices,
    Place,
    full_text,
    header_of,
    names_of,
    standing_words,
)
from desk.dialogs.conflict_lists import FieldTable, RecordList
from desk.dialogs.conflict_texts import FieldTexts
from desk.i18n import _, ngettext
from desk.panels.parts import named, plain
from desk.tables.look import looks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desk.catalog.edits import Conflict, Edit, RecordKey

NEXT_KEYS = ("F8", "Ctrl+Down")
KEYS = _(
    "↑ ↓ another field · T or 1 theirs · M or 2 mine · Space the other one · E type the result · F8 or Ctrl+↓ next open"
    " choice. In the list of records T and M choose for the whole record."
)


class ConflictDialog(QDialog):
    """Decides conflicts; `resolved` carries {RecordKey: the edit to keep pending, or None}."""

    resolved = Signal(object)

    def __init__(self, conflicts: Iterable[Conflict], parent: QWidget | None = None, *, told: str = "") -> None:
        """`told` says what was not done because of the conflicts; '' for a commit."""
        super().__init__(parent)
        self.choice = ConflictChoices(conflicts)
        self._shown: Place | None = None
        """The field whose texts are shown."""
        self.setObjectName("conflict_dialog")
        self.setWindowTitle(_("Changed elsewhere"))
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self._make_parts(told or _commit_words(len(self.conflicts)))
        self._lay_out()
        self._connect()
        self.resize(980, 600)
        self.records.go_to(0)
        self._show_choices()
        self.records.setFocus()

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        return self.choice.conflicts

    @property
    def choices(self) -> dict[RecordKey, dict[str, str]]:
        """What is chosen for each field to decide; OPEN for nothing yet."""
        return self.choice.sides

    def choose(self, key: RecordKey, field: str, side: str) -> None:
        """Chooses mine or theirs for a field (RECORD: for the whole record)."""
        number = [conflict.edit.key for conflict in self.conflicts].index(key)
        self.choice.choose(Place(number, field), side)
        self._show_choices()

    def choose_all(self, side: str) -> None:
        """Chooses one side for everything."""
        self.choice.choose_all(side)
        self._show_choices()

    def resolution(self) -> dict[RecordKey, Edit | None]:
        """The edits that stay pending after the choices. Raises ValueError while one is open."""
        return self.choice.resolution()

    # Qt

    def accept(self) -> None:
        if self._takes_typed() and not self.choice.left:
            self.resolved.emit(self.resolution())
            super().accept()

    # Slots

    @Slot()
    def _on_record_changed(self) -> None:
        if self._may_leave():
            self.fields.show_record(self.records.number)
            self._show_texts()

    @Slot()
    def _on_field_changed(self) -> None:
        if self._may_leave():
            self._show_texts()

    @Slot(str)
    def _on_field_chosen(self, side: str) -> None:
        if self._takes_typed():
            self.choice.choose(self.fields.place, side)
            self._show_choices()

    @Slot()
    def _on_field_toggled(self) -> None:
        if self._takes_typed():
            self.choice.toggle(self.fields.place)
            self._show_choices()

    @Slot(str)
    def _on_record_chosen(self, side: str, _checked: bool = False) -> None:
        if self._takes_typed():
            self.choice.choose_record(self.records.number, side)
            self._show_choices()

    @Slot(str)
    def _on_all_chosen(self, side: str, _checked: bool = False) -> None:
        if self._takes_typed():
            self.choose_all(side)

    @Slot()
    def _on_next(self) -> None:
        """Goes to the next choice that is open."""
        found = self.choice.next_open(self.fields.place) if self._takes_typed() else None
        if found is not None:
            self._go_to(found)
            self.fields.setFocus()

    @Slot()
    def _on_edit_wanted(self) -> None:
        if not self.texts.result.isReadOnly():
            self.texts.result.setFocus()
            self.texts.result.selectAll()

    @Slot()
    def _on_taken(self) -> None:
        self._show_choices(texts=False)

    # Helpers

    def _takes_typed(self) -> bool:
        """Takes what is being typed; while that cannot be taken it keeps the keyboard."""
        if self.texts.take():
            return True
        self.texts.result.setFocus()
        return False

    def _may_leave(self) -> bool:
        """Whether the texts may show another field; else the one that is being typed in is made current again."""
        if self._shown is None or self._takes_typed():
            return True
        shown, self._shown = self._shown, None
        self._go_to(shown, texts=False)
        self._shown = shown
        return False

    def _go_to(self, place: Place, *, texts: bool = True) -> None:
        self.records.blockSignals(True)
        self.records.go_to(place.number)
        self.records.blockSignals(False)
        self.fields.show_record(place.number, place.name)
        if texts:
            self._show_texts()

    def _show_choices(self, *, texts: bool = True) -> None:
        """Draws what is chosen, and tells how much is left."""
        self.records.show_choices()
        self.fields.show_choices()
        if texts:
            self._show_texts()
        left = self.choice.left
        self.keep.setEnabled(not left)
        self.next.setEnabled(left > 0)
        self.left.setText(
            ngettext("{count} choice is left.", "{count} choices are left.", left).format(count=left)
            if left
            else _("Everything is chosen. Nothing is saved before you commit again.")
        )

    def _show_texts(self) -> None:
        """Shows the field that is current in full."""
        place = self._shown = self.fields.place
        conflict = self.conflicts[place.number]
        if not names_of(conflict):
            return
        about = f"{header_of(conflict, place.name)}: {standing_words(conflict, place.name)[1]}."
        original, theirs, mine = (full_text(conflict, place.name, one) for one in (OPEN, THEIRS, MINE))
        self.texts.show_field(about, (original, theirs, mine))
        take = partial(self.choice.type, place) if self.choice.can_type(place) else None
        self.texts.show_result(
            self._result_text(place), take, self._hint(place), one_line=not _is_long(conflict, place)
        )

    def _result_text(self, place: Place) -> str:
        """The text from which typing starts: unlike a cell's text it keeps line breaks, and None is empty."""
        side, value = self.choice.side(place), self.choice.result(place)
        if not self.choice.can_type(place):
            return full_text(self.conflicts[place.number], place.name, side) if self.choice.result_text(place) else ""
        if side == OPEN or value is None:
            return ""
        return value if isinstance(value, str) else self.choice.result_text(place)

    def _hint(self, place: Place) -> str:
        """What an empty result means."""
        if not self.choice.can_type(place):
            return _("Choose a side.") if self.choice.side(place) == OPEN else ""
        return _("Choose a side, or type a value.") if self.choice.side(place) == OPEN else _("not known")

    def _make_parts(self, told: str) -> None:
        self._told = plain(told, "conflict_told", _("What happened"))
        self._keys = plain(KEYS, "conflict_keys", _("Keys"), quiet=True)
        self.records = RecordList(self.choice)
        self.fields = FieldTable(self.choice)
        self.fields.show_record(0)
        self.texts = FieldTexts()
        self.left = named(QLabel(), "conflict_left", _("Choices that are left"))
        self.keep = self._button("keep_choices", _("&Keep these choices"))
        self.keep.setDefault(True)
        self.later = self._button("decide_later", _("Decide &later"))
        self.next = self._button("next_open", _("&Next open choice"))
        self._bulk = [
            self._button("record_theirs", _("Record: t&heirs"), partial(self._on_record_chosen, THEIRS)),
            self._button("record_mine", _("Record: m&ine"), partial(self._on_record_chosen, MINE)),
            self._button("all_theirs", _("All &theirs"), partial(self._on_all_chosen, THEIRS)),
            self._button("all_mine", _("All &mine"), partial(self._on_all_chosen, MINE)),
        ]

    def _button(self, name: str, text: str, act: partial[None] | None = None) -> QPushButton:
        button = named(QPushButton(text), name, text.replace("&", ""))
        button.setAutoDefault(False)
        if act is not None:
            button.clicked.connect(act)
        return button

    def _lay_out(self) -> None:
        top = QSplitter()
        top.addWidget(self.records)
        top.addWidget(self.fields)
        top.setStretchFactor(0, 1)
        top.setStretchFactor(1, 2)
        top.setSizes([360, 620])
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(top)
        split.addWidget(self.texts)
        split.setStretchFactor(0, 1)
        split.setSizes([330, 130])
        for one in (top, split):
            one.setChildrenCollapsible(False)
        bulk = QHBoxLayout()
        for button in self._bulk:
            bulk.addWidget(button)
        bulk.addStretch(1)
        bulk.addWidget(self.next)
        bottom = QHBoxLayout()
        bottom.addWidget(self.left, 1)
        bottom.addWidget(self.later)
        bottom.addWidget(self.keep)
        box = QVBoxLayout(self)
        box.setSpacing(8)
        box.addWidget(self._told)
        box.addWidget(split, 1)
        box.addWidget(self._keys)
        box.addLayout(bulk)
        box.addLayout(bottom)

    def _connect(self) -> None:
        self.records.currentItemChanged.connect(self._on_record_changed)
        self.records.side_chosen.connect(self._on_record_chosen)
        self.fields.currentCellChanged.connect(self._on_field_changed)
        self.fields.side_chosen.connect(self._on_field_chosen)
        self.fields.toggled.connect(self._on_field_toggled)
        self.fields.edit_wanted.connect(self._on_edit_wanted)
        self.texts.taken.connect(self._on_taken)
        self.texts.left.connect(self.fields.setFocus)
        self.keep.clicked.connect(self.accept)
        self.later.clicked.connect(self.reject)
        self.next.clicked.connect(self._on_next)
        for keys in NEXT_KEYS:
            QShortcut(QKeySequence(keys), self).activated.connect(self._on_next)
        looks.changed.connect(self._on_taken)


def _is_long(conflict: Conflict, place: Place) -> bool:
    """Whether a field holds texts of many lines."""
    return place.name != RECORD and TABLES[conflict.edit.key.table].column(place.name).kind is Kind.NOTES


def _commit_words(count: int) -> str:
    return ngettext(
        "{count} record changed elsewhere since you began to edit it. Nothing was saved; your edits are kept. "
        "Choose what to keep, then commit again.",
        "{count} records changed elsewhere since you began to edit them. Nothing was saved; your edits are "
        "kept. Choose what to keep, then commit again.",
        count,
    ).format(count=count)
