"""The recovery dialog: pending edits of earlier runs, what became of their records since, and what to do with them.

Invariant: nothing is taken over or discarded but what is chosen; closing it keeps everything for later.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMessageBox,
    QPushButton,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from desk.catalog.edits import EditState
from desk.catalog.recovery import Item, RecoveryChoice
from desk.catalog.values import format_time
from desk.dialogs.recovery_words import KINDS, STATES, field_lines, record_words
from desk.i18n import _, ngettext
from desk.panels.notices import AdviceBar
from desk.panels.parts import named, plain, styled
from desk.tables.look import LIGHT, Look, look, looks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desk.catalog.edits import Checked, Edit
    from desk.operations.recovering import FoundDraft

WHICH = int(Qt.ItemDataRole.UserRole)
"""A line's Item; for the line of a draft, its number."""
ACCESSIBLE = int(Qt.ItemDataRole.AccessibleTextRole)
INDENT = 14
"""Pixels by which a record stands to the right of its draft."""
COLOURS = {
    EditState.MERGED: "warn",
    EditState.CONFLICT: "bad",
    EditState.GONE: "bad",
    EditState.SAVED: "good",
}
"""The colours of states; what is unchanged looks like any text."""
ON, OFF = Qt.CheckState.Checked, Qt.CheckState.Unchecked


class RecoveryDialog(QDialog):
    """Offers drafts. `restore_wanted` and `discard_wanted` carry what is chosen: ((FoundDraft, (Edit, …)), …)."""

    restore_wanted = Signal(object)
    discard_wanted = Signal(object)

    def __init__(self, drafts: Sequence[FoundDraft], place: str, parent: QWidget | None = None) -> None:
        """`place` is where the open catalogue is: a draft of another place may be of a copy."""
        super().__init__(parent)
        self._place = place
        self._drafts: tuple[FoundDraft, ...] = ()
        self._checked: dict[Item, Checked] = {}
        self._heads: list[QTreeWidgetItem] = []
        self._lines: dict[Item, QTreeWidgetItem] = {}
        self.setObjectName("recovery_dialog")
        self.setWindowTitle(_("Pending edits of an earlier run"))
        self.setModal(False)
        self._make_parts()
        self._lay_out()
        self._connect()
        self.resize(900, 460)
        self.show_drafts(drafts)
        self.records.setFocus()

    def show_drafts(self, drafts: Sequence[FoundDraft]) -> None:
        """Lists drafts, and chooses what can be restored without a second thought."""
        self._drafts = tuple(drafts)
        elsewhere = [number for number, one in enumerate(drafts) if one.draft.place != self._place]
        self.choice = RecoveryChoice([one.checked for one in drafts], elsewhere)
        self._lines.clear()
        self._heads.clear()
        self._checked = {
            Item(number, one.edit.key): one for number, found in enumerate(drafts) for one in found.checked
        }
        with QSignalBlocker(self.records):
            self.records.clear()
            for number, found in enumerate(drafts):
                self._add_draft(number, found)
        self.records.expandAll()
        self.place.tell(self._place_words(elsewhere))
        self._show_choice()
        if self._lines:
            self.records.setCurrentItem(next(iter(self._lines.values())))

    def rest(self, resting: bool) -> None:
        """While something chosen is being discarded nothing else can be asked for."""
        self.records.setEnabled(not resting)
        for button in (self.restore, self.discard):
            button.setEnabled(not resting and len(self.choice) > 0)

    # Slots

    @Slot(QTreeWidgetItem, int)
    def _on_item_changed(self, line: QTreeWidgetItem, column: int) -> None:
        if column:
            return
        which, wanted = line.data(0, WHICH), line.checkState(0) != OFF
        if isinstance(which, int):
            self.choice.choose_all(which, wanted=wanted)
        else:
            self.choice.choose(Item(*which), wanted=wanted)
        self._show_choice()

    @Slot()
    def _on_current_changed(self) -> None:
        line = self.records.currentItem()
        which = None if line is None else line.data(0, WHICH)
        self._show_fields(None if which is None or isinstance(which, int) else Item(*which))

    @Slot()
    def _on_restore(self) -> None:
        self.restore_wanted.emit(self._chosen())

    @Slot()
    def _on_discard(self) -> None:
        """Asks first: what is discarded is nowhere any more."""
        count = len(self.choice)
        box = QMessageBox(QMessageBox.Icon.Warning, "Desk", "", QMessageBox.StandardButton.NoButton, self)
        box.setObjectName("discard_question")
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(
            ngettext(
                "Discard the pending edits of {count} record?", "Discard the pending edits of {count} records?", count
            ).format(count=count)
        )
        box.setInformativeText(_("They were never saved, and cannot be brought back. The catalogue stays as it is."))
        go = box.addButton(_("&Discard them"), QMessageBox.ButtonRole.DestructiveRole)
        go.setObjectName("discard_go")
        go.clicked.connect(partial(self._on_discard_sure, self._chosen()))
        keep = box.addButton(_("&Keep them"), QMessageBox.ButtonRole.RejectRole)
        keep.setObjectName("discard_keep")
        box.setDefaultButton(keep)
        box.setEscapeButton(keep)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    def _on_discard_sure(self, chosen: object, _checked: bool = False) -> None:
        self.discard_wanted.emit(chosen)

    # Helpers

    def _chosen(self) -> tuple[tuple[FoundDraft, tuple[Edit, ...]], ...]:
        found = ((draft, self.choice.edits(number)) for number, draft in enumerate(self._drafts))
        return tuple((draft, edits) for draft, edits in found if edits)

    def _can_choose(self, item: Item, draft: int) -> bool:
        return item.draft == draft and self.choice.can_choose(item)

    def _add_draft(self, number: int, found: FoundDraft) -> None:
        count = len(found.checked)
        words = ngettext("{when}, {count} record", "{when}, {count} records", count)
        head = QTreeWidgetItem([words.format(when=format_time(found.draft.when), count=count)])
        head.setData(0, WHICH, number)
        head.setToolTip(0, found.draft.place)
        head.setFlags(head.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        self._heads.append(head)
        for one in found.checked:
            item = Item(number, one.edit.key)
            self._lines[item] = self._line(item, one)
        head.addChildren([line for item, line in self._lines.items() if item.draft == number])
        self.records.addTopLevelItem(head)  # with all its lines: each that came later would cost ten times as much
        head.setFirstColumnSpanned(True)

    def _line(self, item: Item, checked: Checked) -> QTreeWidgetItem:
        state = STATES[checked.state]
        record = record_words(checked.edit)
        line = QTreeWidgetItem([f"{KINDS[checked.edit.kind]} {record}", f"{state.sign} {state.short}"])
        line.setData(0, WHICH, tuple(item))
        line.setData(0, ACCESSIBLE, f"{record}: {state.short}")
        line.setToolTip(0, record)
        line.setToolTip(1, state.long)
        self._draw_box(item, line)
        self._colour(checked.state, line)
        return line

    def _draw_box(self, item: Item, line: QTreeWidgetItem) -> None:
        """Draws the box of a record as it is chosen; what cannot be chosen has none."""
        if self.choice.can_choose(item):
            line.setCheckState(0, ON if self.choice.is_chosen(item) else OFF)

    @staticmethod
    def _colour(state: EditState, line: QTreeWidgetItem) -> None:
        if state is not EditState.UNCHANGED:
            line.setForeground(1, QColor(getattr(look(), COLOURS[state])))

    def _show_choice(self) -> None:
        """Draws the boxes as things are chosen, and tells how many are."""
        with QSignalBlocker(self.records):
            for item, line in self._lines.items():
                if self.choice.is_chosen(item) != (line.checkState(0) == ON):
                    self._draw_box(item, line)
            for number, head in enumerate(self._heads):
                states = {self.choice.is_chosen(item) for item in self._lines if self._can_choose(item, number)}
                partly = len(states) > 1
                head.setCheckState(0, Qt.CheckState.PartiallyChecked if partly else ON if True in states else OFF)
        count = len(self.choice)
        self.restore.setText(
            ngettext("&Restore {count} record", "&Restore {count} records", count).format(count=count)
            if count
            else _("&Restore")
        )
        self.rest(False)

    def _show_fields(self, item: Item | None) -> None:
        lines = field_lines(self._checked[item]) if item is not None else ()
        self.fields.setRowCount(len(lines))
        for row, line in enumerate(lines):
            for column, text in enumerate((line.header, line.original, line.now, line.mine)):
                shown = QTableWidgetItem(text)
                shown.setToolTip(text)
                shown.setTextAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
                shown.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
                if column == 2 and line.changed_elsewhere:
                    shown.setForeground(QColor(look().warn))
                self.fields.setItem(row, column, shown)
        self.fields.resizeRowsToContents()
        self.state.setText(STATES[self._checked[item].state].long if item is not None else "")

    def _place_words(self, elsewhere: Sequence[int]) -> str:
        places = dict.fromkeys(self._drafts[number].draft.place for number in elsewhere)
        if not places:
            return ""
        return _("Of another place, so perhaps of a copy of this catalogue, and not chosen: {places}").format(
            places=", ".join(places)
        )

    @Slot()
    def _on_looks_changed(self) -> None:
        for item, line in self._lines.items():
            self._colour(self._checked[item].state, line)
        self._on_current_changed()

    def _make_parts(self) -> None:
        self.words = plain(
            _("These edits were pending when Desk ended, and were never saved. What you restore is pending again."),
            "recovery_words",
            _("What this is about"),
        )
        self.place = AdviceBar("recovery_place", _("Where the edits are from"))
        self.records = named(QTreeWidget(), "recovery_records", _("Records with pending edits of an earlier run"))
        self.records.setHeaderLabels([_("Record"), _("Since then")])
        self.records.setAlternatingRowColors(True)
        self.records.setIndentation(INDENT)
        styled(self.records, _boxes)
        self.records.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.records.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.records.header().setStretchLastSection(False)
        self.fields = named(QTableWidget(0, 4), "recovery_fields", _("Fields of the record"))
        self.fields.setHorizontalHeaderLabels([_("Field"), _("Before"), _("Now"), _("Mine")])
        self.fields.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.fields.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        self.fields.verticalHeader().hide()
        self.state = plain("", "recovery_state", _("What became of the record"), quiet=True)
        self.restore = named(QPushButton(_("&Restore")), "recovery_restore", _("Restore what is chosen"))
        self.restore.setDefault(True)
        self.later = named(QPushButton(_("&Keep for later")), "recovery_later", _("Keep everything for later"))
        self.discard = named(QPushButton(_("&Discard …")), "recovery_discard", _("Discard what is chosen"))
        for button in (self.later, self.discard):
            button.setAutoDefault(False)

    def _lay_out(self) -> None:
        left = QVBoxLayout()
        label = QLabel(_("Re&cords"))
        label.setBuddy(self.records)
        left.addWidget(label)
        left.addWidget(self.records, 1)
        right = QVBoxLayout()
        label = QLabel(_("&Fields"))
        label.setBuddy(self.fields)
        right.addWidget(label)
        right.addWidget(self.fields, 1)
        right.addWidget(self.state)
        split = QSplitter()
        for layout in (left, right):
            layout.setContentsMargins(0, 0, 0, 0)
            side = QWidget()
            side.setLayout(layout)
            split.addWidget(side)
        split.setChildrenCollapsible(False)
        split.setStretchFactor(0, 1)
        split.setStretchFactor(1, 1)
        bottom = QHBoxLayout()
        bottom.addWidget(self.discard)
        bottom.addStretch(1)
        bottom.addWidget(self.later)
        bottom.addWidget(self.restore)
        box = QVBoxLayout(self)
        box.setSpacing(8)
        box.addWidget(self.words)
        box.addWidget(self.place)
        box.addWidget(split, 1)
        box.addLayout(bottom)

    def _connect(self) -> None:
        self.records.itemChanged.connect(self._on_item_changed)
        self.records.currentItemChanged.connect(self._on_current_changed)
        self.restore.clicked.connect(self._on_restore)
        self.discard.clicked.connect(self._on_discard)
        self.later.clicked.connect(self.reject)
        looks.changed.connect(self._on_looks_changed)


def _boxes(of: Look) -> str:
    """Outlines for empty boxes in the dark, where Fusion draws them as dark as the ground."""
    if of is LIGHT:
        return ""
    return (
        "QTreeView::indicator:unchecked, QTreeView::indicator:indeterminate"
        f" {{ width: 12px; height: 12px; border: 1px solid {of.dim}; border-radius: 2px; background: {of.base}; }}"
        f"QTreeView::indicator:indeterminate {{ background: {of.dim}; }}"
    )
