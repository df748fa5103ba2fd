"""The contributors of a book as a list that can be edited: who, as what, in which order.

It announces the entries as they are wanted; what is pending and what is saved is not its concern.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut, QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from desk.catalog.contributors import AUTHOR, ROLES, entry_words, numbered, parse_role, role_text, role_words
from desk.catalog.rows import ContributionRow
from desk.errors import InvalidInput
from desk.i18n import _
from desk.panels.parts import dim, heading, named, plain, styled, tool_button
from desk.tables.author_picker import AuthorPicker

if TYPE_CHECKING:
    from desk.catalog.contributors import Entries
    from desk.catalog.rows import AuthorRef
    from desk.tables.edit_stack import NewAuthor
    from desk.tables.look import Look

LEAST_ROWS, MOST_ROWS = 3, 8
"""How many entries the list has room for: more are scrolled."""
KEYS = {"up": "Alt+Up", "down": "Alt+Down", "remove": "Delete"}
"""What the list does for a key, by the name of the button that does it, too."""


class ContributorsEditor(QWidget):
    """`entered` carries the contributors as a person wants them, as a tuple of ContributionRow (the author of a new
    entry may be a NewAuthor), and what was done in words; `visited` the AuthorRef of an entry that was activated;
    `authors_wanted` the picker and its text; `given_up` tells that Escape took back what was being typed."""

    entered = Signal(object, str)
    visited = Signal(object)
    authors_wanted = Signal(object, str)
    given_up = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.entries: Entries = ()
        """The contributors as they are shown, pending changes included."""
        self._started = ""
        """The role from which typing starts, as its editor has it: not every stored one comes out of it unchanged."""
        self._pending = False
        self._editable = False
        self._make_parts()
        self._lay_out()
        self._connect()
        self.show_value(None, pending=False)

    @property
    def reason(self) -> str:
        """Why the last change was refused; '' when it was not."""
        return "" if self._reason.isHidden() else self._reason.text()

    def show_value(self, value: Entries | None, *, pending: bool) -> None:
        """Shows contributors (None: they are not here); the same place in the list stays the current one, and what is
        being typed stays."""
        row, before = self.list.currentRow(), self._current
        self.entries = value or ()
        self._mark(pending)
        with QSignalBlocker(self.list):
            self.list.clear()
            self.list.addItems([entry_words(one) for one in self.entries])
            self.list.setCurrentRow(min(max(row, 0), len(self.entries) - 1))
        self._fit_list()
        self._nobody.setVisible(not self.entries)
        self._show_current(keep_typed=before is not None and before == self._current)

    def set_editable(self, editable: bool, reason: str = "") -> None:
        """Opens the list for changes, or closes it for a `reason` that hovering tells ('': for a moment only)."""
        self._editable = editable
        self.picker.setReadOnly(not editable)
        for one in (self.picker, self.role, self.new_role, self.list):
            one.setToolTip(reason)
            one.setAccessibleDescription(reason)
        self.new_role.setEnabled(editable)
        self._enable()

    def take(self) -> bool:
        """Takes a role that is being typed; answers False, and shows the reason, when something cannot be taken."""
        if self.picker.text().strip():
            self._refuse(_("Choose a contributor from the list, or create the new author; Escape drops the name."))
            return False
        return self._take_role()

    # Qt

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress:
            return super().eventFilter(watched, event)
        if event.key() == Qt.Key.Key_Escape and self._give_up(watched):
            return True
        return super().eventFilter(watched, event)

    # Slots

    @Slot(object)
    def _on_picked(self, choice: AuthorRef | NewAuthor | None) -> None:
        if choice is None:
            return
        self.picker.show_value(None)
        try:
            role = parse_role(self.new_role.currentText())
        except InvalidInput as problem:
            self._refuse(str(problem))
            return
        # the one who takes it makes a new author a link
        new = ContributionRow(choice, role, len(self.entries))  # type: ignore[arg-type]
        if self._is_new(new):
            self._enter((*self.entries, new), _("Add {name}").format(name=choice.name), len(self.entries))
            self.new_role.setCurrentText(AUTHOR)

    @Slot()
    def _on_role_entered(self) -> None:
        self._take_role()

    @Slot(int)
    def _on_role_chosen(self, _index: int) -> None:
        self._take_role()

    @Slot()
    def _on_up(self) -> None:
        self._move(-1)

    @Slot()
    def _on_down(self) -> None:
        self._move(1)

    @Slot()
    def _on_remove(self) -> None:
        current, row = self._current, self.list.currentRow()
        if current is not None and self._editable:
            rest = (one for place, one in enumerate(self.entries) if place != row)
            self._enter(tuple(rest), _("Remove {name}").format(name=current.author.name), row)

    @Slot()
    def _on_current_changed(self) -> None:
        self._show_current(keep_typed=False)

    @Slot(QListWidgetItem)
    def _on_item_activated(self, item: QListWidgetItem) -> None:
        self.visited.emit(self.entries[self.list.row(item)].author)

    @Slot(str)
    def _on_search_wanted(self, text: str) -> None:
        self.authors_wanted.emit(self.picker, text)

    # Helpers

    @property
    def _current(self) -> ContributionRow | None:
        row = self.list.currentRow()
        return self.entries[row] if 0 <= row < len(self.entries) else None

    def _take_role(self) -> bool:
        current, row = self._current, self.list.currentRow()
        if current is None or not self._editable or self.role.currentText() == self._started:
            self._reason.hide()
            return True
        try:
            changed = replace(current, role=parse_role(self.role.currentText()))
        except InvalidInput as problem:
            self._refuse(str(problem))
            return False
        if changed == current:
            self._show_current(keep_typed=False)
            return True
        if not self._is_new(changed):
            return False
        entries = (*self.entries[:row], changed, *self.entries[row + 1 :])
        self._enter(entries, _("Make {name} {role}").format(name=current.author.name, role=changed.role), row)
        return True

    def _move(self, by: int) -> None:
        current, row = self._current, self.list.currentRow()
        if current is None or not self._editable or not 0 <= row + by < len(self.entries):
            return
        entries = list(self.entries)
        entries.insert(row + by, entries.pop(row))
        self._enter(tuple(entries), _("Move {name}").format(name=current.author.name), row + by)

    def _is_new(self, entry: ContributionRow) -> bool:
        """Whether nobody has this part in the book yet; says so if somebody has."""
        if any((one.author, one.role) == (entry.author, entry.role) for one in self.entries):
            words = _("{name} is {role} of this book already.")
            self._refuse(words.format(name=entry.author.name, role=role_words(entry.role)))
            return False
        return True

    def _enter(self, entries: Entries, what: str, row: int) -> None:
        self._reason.hide()
        self.entered.emit(numbered(entries), what)
        self.list.setCurrentRow(min(row, len(self.entries) - 1))

    def _refuse(self, reason: str) -> None:
        self._reason.setText(reason)
        self._reason.show()

    def _give_up(self, watched: QObject) -> bool:
        """Takes back what is being typed; answers whether there was anything."""
        if watched is self.picker and self.picker.text() and not self.picker.is_offering:
            self.picker.show_value(None)
        elif watched is self.role.lineEdit() and self.role.currentText() != self._started:
            self._show_current(keep_typed=False)
        else:
            return False
        self._reason.hide()
        self.given_up.emit()
        return True

    def _fit_list(self) -> None:
        self.list.setVisible(bool(self.entries))
        rows = min(max(len(self.entries), LEAST_ROWS), MOST_ROWS)
        self.list.setFixedHeight(rows * max(self.list.sizeHintForRow(0), 1) + 2 * self.list.frameWidth() + 2)

    def _show_current(self, *, keep_typed: bool) -> None:
        """Shows the role of the current entry; one that is being typed stays where it belongs to the same entry."""
        current, line = self._current, self.role.lineEdit()
        is_busy = bool(self.reason) or (line is not None and line.hasFocus())
        if not (keep_typed and is_busy and self.role.currentText() != self._started):
            self.role.setCurrentText("" if current is None else role_text(current.role))
            self._started = self.role.currentText()
            self._reason.hide()
        self._enable()

    def _enable(self) -> None:
        row, last = self.list.currentRow(), len(self.entries) - 1
        has_current = self._editable and 0 <= row <= last
        self.role.setEnabled(has_current)
        self.up.setEnabled(has_current and row > 0)
        self.down.setEnabled(has_current and row < last)
        self.remove.setEnabled(has_current)

    def _mark(self, pending: bool) -> None:
        def style(colours: Look) -> str:
            if not self._pending:
                return ""
            return f"QListWidget {{ background: {colours.pending}; border-left: 3px solid {colours.pending_mark}; }}"

        self._changed.setVisible(pending)
        if pending != self._pending:
            self._pending = pending
            styled(self.list, style)

    def _make_parts(self) -> None:
        self.list = named(QListWidget(), "contributors", _("Contributors"))
        self._nobody = plain(_("No one but the author."), "no_contributors", _("No contributors"), quiet=True)
        self._changed = named(QLabel(_("changed")), "contributors_changed", _("The contributors have pending changes"))
        dim(self._changed)
        self.up = tool_button("contributor_up", _("Move up"), "chevron-up")
        self.down = tool_button("contributor_down", _("Move down"), "chevron-down")
        self.remove = tool_button("contributor_remove", _("Remove from the book"), "delete")
        self.role = _RoleBox("contributor_role", _("Role of the chosen contributor"))
        self.new_role = _RoleBox("contributor_new_role", _("Role of a new contributor"))
        self.new_role.setCurrentText(AUTHOR)
        self.picker = named(AuthorPicker(), "contributor_picker", _("Add a contributor"))
        self.picker.setPlaceholderText(_("Find or create an author"))
        self._reason = plain("", "contributors_reason", _("Why the contributors were not changed"))
        styled(self._reason, lambda colours: f"color: {colours.bad};")
        self._reason.hide()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(heading(_("Contributors")))
        top.addWidget(self._changed)
        top.addStretch(1)
        for button in (self.up, self.down, self.remove):
            top.addWidget(button)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        add = QVBoxLayout()
        add.setSpacing(4)
        add.addWidget(self.new_role)
        add.addWidget(self.picker)
        for text, field, buddy in ((_("&Role"), self.role, self.role), (_("A&dd as"), add, self.new_role)):
            label = QLabel(text)
            label.setBuddy(buddy)
            form.addRow(label, field)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        box.addLayout(top)
        box.addWidget(self._nobody)
        box.addWidget(self.list)
        box.addLayout(form)
        box.addWidget(self._reason)

    def _connect(self) -> None:
        self.list.currentRowChanged.connect(self._on_current_changed)
        self.list.itemActivated.connect(self._on_item_activated)
        self.role.activated.connect(self._on_role_chosen)
        line = self.role.lineEdit()
        assert line is not None
        line.editingFinished.connect(self._on_role_entered)
        line.installEventFilter(self)
        self.picker.installEventFilter(self)
        self.picker.search_wanted.connect(self._on_search_wanted)
        self.picker.picked.connect(self._on_picked)
        slots = {"up": self._on_up, "down": self._on_down, "remove": self._on_remove}
        buttons = {"up": self.up, "down": self.down, "remove": self.remove}
        for name, slot in slots.items():
            keys = QKeySequence(KEYS[name])
            shortcut = QShortcut(keys, self.list, context=Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(slot)
            buttons[name].clicked.connect(slot)
            told = keys.toString(QKeySequence.SequenceFormat.NativeText)
            buttons[name].setToolTip(f"{buttons[name].toolTip()} ({told})")


class _RoleBox(QComboBox):
    """A role: one of those in use, or any other text. The wheel scrolls the panel and changes nothing."""

    def __init__(self, object_name: str, accessible_name: str) -> None:
        super().__init__()
        self.setEditable(True)
        for suffix, part in (("", self), ("_line", self.lineEdit()), ("_choices", self.view())):
            if part is not None:
                named(part, f"{object_name}{suffix}", accessible_name)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setCompleter(None)  # type: ignore[arg-type]  # it would put another text in place of the typed one
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.addItems(ROLES)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()
