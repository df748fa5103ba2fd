"""The Pending edits dock: each change as old → new, each can be dropped alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QStackedWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from desk.catalog.columns import TABLES
from desk.catalog.edits import Edit, EditKind, EditState
from desk.i18n import _, ngettext
from desk.panels.parts import named
from desk.tables.elsewhere import changed_words
from desk.tables.look import icon, look, looks

if TYPE_CHECKING:
    from desk.catalog.edits import Checked, RecordKey
    from desk.panels.context import Context

WHERE = int(Qt.ItemDataRole.UserRole)
"""An item's (RecordKey, field name or None)."""
TEXT_SHOWN = 200
"""Characters of a value that are drawn."""
MOST_LISTED = 1000
"""Edits that are listed; of more, as a paste makes, only the number is told."""
SIGNS = {EditKind.UPDATE: "•", EditKind.INSERT: "+", EditKind.DELETE: "×"}
WARNINGS = {
    EditState.MERGED: _("also changed elsewhere: {fields} (both are kept)"),
    EditState.CONFLICT: _("changed elsewhere: {fields}"),
    EditState.GONE: _("deleted elsewhere"),
    EditState.SAVED: _("done elsewhere already"),
}


class PendingEditsPanel(QWidget):
    """Lists what no commit has saved yet. `commit_wanted` and `roll_back_wanted` are its buttons."""

    commit_wanted = Signal()
    roll_back_wanted = Signal()

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("pending_edits_panel")
        self._context = context
        self._keeping: dict[RecordKey, QTreeWidgetItem] = {}
        """The items that say that their edit is not on disk yet."""
        self._coalesce = QTimer(self, singleShot=True, interval=0)
        self._coalesce.timeout.connect(self._rebuild)
        self.tree = named(QTreeWidget(), "pending_edits", _("Pending edits"))
        self.tree.setHeaderLabels([_("Record and field"), _("Before"), _("After")])
        self.tree.setAlternatingRowColors(True)
        self.tree.header().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.tree.setColumnWidth(0, 320)
        self.tree.setColumnWidth(1, 220)
        self.tree.itemActivated.connect(self._on_item_activated)
        self.tree.currentItemChanged.connect(self._on_current_item_changed)
        empty = named(
            QLabel(_("No pending edits. Change a cell, and it is listed here until you commit.")),
            "no_edits",
            _("No edits"),
        )
        empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        empty.setWordWrap(True)
        self._stack = QStackedWidget()
        self._stack.addWidget(empty)
        self._stack.addWidget(self.tree)
        self.count = named(QLabel(), "pending_count", _("Number of pending edits"))
        self.drop = self._button("drop_edit", _("Drop this edit"), "close", self._on_drop)
        self.commit = self._button("commit_edits", _("Commit"), "commit", self.commit_wanted.emit)
        self.roll_back = self._button("roll_back_edits", _("Roll back …"), "rollback", self.roll_back_wanted.emit)
        row = QHBoxLayout()
        row.addWidget(self.count, 1)
        for button in (self.drop, self.roll_back, self.commit):
            row.addWidget(button)
        box = QVBoxLayout(self)
        box.setContentsMargins(8, 6, 8, 6)
        box.setSpacing(6)
        box.addLayout(row)
        box.addWidget(self._stack, 1)
        context.edits.edit_changed.connect(self._on_edit_changed)
        context.edits.keeping_changed.connect(self._on_keeping_changed)
        context.elsewhere.changed.connect(self._on_edit_changed)
        looks.changed.connect(self._coalesce.start)
        self._rebuild()

    @Slot()
    def refresh(self) -> None:
        """Soon finds out what is pending and what can be done with it."""
        self._coalesce.start()

    # Slots

    @Slot(object)
    def _on_edit_changed(self, _key: object) -> None:
        self._coalesce.start()

    @Slot()
    def _rebuild(self) -> None:
        edits = self._context.edits.edits()
        self._keeping.clear()
        self.tree.invisibleRootItem().takeChildren()  # to clear ten thousand open items would take many seconds
        self.tree.addTopLevelItems([self._item(edit) for edit in edits[:MOST_LISTED]])
        if len(edits) > MOST_LISTED:
            self.tree.addTopLevelItem(_rest_item(len(edits) - MOST_LISTED))
        self.tree.expandAll()
        self._stack.setCurrentIndex(1 if edits else 0)
        self.roll_back.setEnabled(bool(edits) and not self._context.edits.frozen)
        self.drop.setEnabled(False)
        self._on_keeping_changed()

    @Slot()
    def _on_keeping_changed(self) -> None:
        """Says which edits are not on disk; the tree stays as it is, with what is chosen in it."""
        edits = self._context.edits
        for key, item in tuple(self._keeping.items()):
            edit = edits.get(key)
            if edit is not None:  # else the item goes soon
                item.setText(0, self._title(edit))
                if not edits.is_keeping(key):
                    del self._keeping[key]
        self.count.setText(self._count_words(len(edits)))
        self.count.setToolTip(edits.unkept_reason)
        self.commit.setEnabled(len(edits) > 0 and self._context.can_edit and edits.all_kept)

    @Slot()
    def _on_drop(self) -> None:
        item = self.tree.currentItem()
        if item is not None and self._context.can_edit:
            key, name = item.data(0, WHERE)
            self._context.edits.drop(key, name)

    @Slot(QTreeWidgetItem, int)
    def _on_item_activated(self, item: QTreeWidgetItem, _column: int) -> None:
        self._context.record_wanted.emit(item.data(0, WHERE)[0])

    @Slot(QTreeWidgetItem, QTreeWidgetItem)
    def _on_current_item_changed(self, current: QTreeWidgetItem | None, _before: object) -> None:
        self.drop.setEnabled(current is not None and self._context.can_edit)

    # Helpers

    def _count_words(self, count: int) -> str:
        if not count:
            return ""
        words = ngettext("{count} record with pending edits", "{count} records with pending edits", count)
        unkept = _(", not all of them on disk") if self._context.edits.unkept_reason else ""
        return words.format(count=count) + unkept

    def _title(self, edit: Edit) -> str:
        """The record of an edit under a sign that tells what becomes of it, and whether it is not on disk."""
        edits = self._context.edits
        title = f"{SIGNS[edit.kind]} {TABLES[edit.key.table].one}: {edit.label or _('(empty)')}"
        if not edits.is_keeping(edit.key):
            return title
        return f"{title}  ({_('not on disk') if edits.unkept_reason else _('keeping …')})"

    def _item(self, edit: Edit) -> QTreeWidgetItem:
        description = TABLES[edit.key.table]
        kinds = {
            EditKind.UPDATE: _("change"),
            EditKind.INSERT: _("new"),
            EditKind.DELETE: _("delete"),
        }
        item = QTreeWidgetItem([self._title(edit), "", kinds[edit.kind]])
        item.setData(0, WHERE, (edit.key, None))
        if self._context.edits.is_keeping(edit.key):
            self._keeping[edit.key] = item
        colours = look()
        marks = {
            EditKind.UPDATE: colours.pending_mark,
            EditKind.INSERT: colours.fresh_mark,
            EditKind.DELETE: colours.doomed_mark,
        }
        item.setForeground(2, QColor(marks[edit.kind]))
        for name, value in edit.values.items() if edit.kind is not EditKind.DELETE else ():
            column = description.column(name)
            before = _text(column.tell(edit.original.get(name))) if edit.kind is EditKind.UPDATE else ""
            child = QTreeWidgetItem([column.header, before, _text(column.tell(value))])
            child.setData(0, WHERE, (edit.key, name))
            item.addChild(child)
        warning = self._context.elsewhere.warning(edit)
        if warning is not None:
            _warn(item, warning)
        return item

    def _button(self, object_name: str, text: str, icon_name: str, slot: Any) -> QPushButton:
        button = named(QPushButton(icon(icon_name), text), object_name, text)
        button.clicked.connect(slot)
        return button


def _warn(item: QTreeWidgetItem, warning: Checked) -> None:
    """Says in the lines of an edit what others did to its record."""
    item.setText(0, f"{item.text(0)}  ⚠")
    description = TABLES[warning.edit.key.table]
    lines = [line for place in range(item.childCount()) if (line := item.child(place)) is not None]
    in_lines = {line.data(0, WHERE)[1]: line for line in lines} if warning.state is EditState.CONFLICT else {}
    for name in in_lines.keys() & set(warning.fields):
        _add(in_lines[name], changed_words(warning, description.column(name)))
    others = [description.column(name).header for name in warning.fields if name not in in_lines]
    _add(item, WARNINGS[warning.state].format(fields=", ".join(others)) if others or not in_lines else "")


def _add(item: QTreeWidgetItem, words: str) -> None:
    if words:
        item.setText(2, f"{item.text(2)}  ⚠ {words}")
        item.setToolTip(2, words)
        item.setForeground(2, QColor(look().bad))


def _text(value: str | None) -> str:
    if value is None:
        return "–"
    return value[:TEXT_SHOWN] or _("(empty)")


def _rest_item(count: int) -> QTreeWidgetItem:
    """A line that nobody can choose: how many edits are not listed."""
    item = QTreeWidgetItem([ngettext("… and {count:,} more", "… and {count:,} more", count).format(count=count)])
    item.setFlags(Qt.ItemFlag.NoItemFlags)
    return item
