"""A roomy editor for a long text, such as notes or a title.

Invariant: line ends that were not touched stay what they are (CR LF, LF, CR or U+2029), and a text that the editor
cannot hold unchanged is only shown.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QMessageBox, QPlainTextEdit, QVBoxLayout

from desk.errors import InvalidInput
from desk.i18n import _, ngettext
from desk.panels.parts import ProblemBar, dim, heading, named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtGui import QTextBlock
    from PySide6.QtWidgets import QWidget

    from desk.catalog.columns import Column
    from desk.panels.context import Context
    from desk.tables.edit_stack import Original

ENDS = ("\n", "\r\n", "\r", "\u2029")
"""What a line of the editor can end with, by its block's state."""
_END = re.compile("\r\n|\r|\n|\u2029")
ENTER_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class LongTextDialog(QDialog):
    """Edits one text of one record; taken, it is one pending edit. Refused, it stays open and says why."""

    def __init__(self, context: Context, original: Original, column: Column, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._catalogue = context.catalogue
        self._original = original
        self._column = column
        edit = context.edits.get(original.key)
        pending = edit.values if edit is not None else {}
        self._value = pending.get(column.name, original.values.get(column.name))
        self.setObjectName("long_text_dialog")
        self.setWindowTitle(_("{field} of {label}").format(field=column.header, label=original.label))
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.problems = ProblemBar("long_text_problem")
        self.editor = named(QPlainTextEdit(), "long_text", column.header)
        self.count = named(QLabel(), "long_text_count", _("Number of characters"))
        self._lay_out()
        self._fill("" if self._value is None else self._value)
        self.editor.textChanged.connect(self._show_count)
        self._show_count()

    @property
    def text(self) -> str:
        """What stands in the editor, with the line ends that it came with; those of new lines are like most others."""
        usual = self._usual_end
        pieces: list[str] = []
        for block in _blocks(self.editor):
            state = block.userState()
            pieces += block.text(), ENDS[state] if 0 <= state < len(ENDS) else usual
        return "".join(pieces[:-1])

    @property
    def is_changed(self) -> bool:
        return not self.editor.isReadOnly() and self.text != self._started

    @Slot()
    def take(self) -> None:
        """Makes the text pending and closes; a text that cannot be taken is told, and the dialog stays."""
        if not self.is_changed:
            self.accept()
            return
        if not self._context.can_edit or self._context.catalogue is not self._catalogue:
            self.problems.tell(_("This cannot be changed now; nothing was taken."), retry=False)
            return
        try:
            value = self._column.parse(self.text)
        except InvalidInput as problem:
            self.problems.tell(str(problem), retry=False)
            return
        self._context.edits.set_field(self._original, self._column.name, value)
        self.accept()

    # Qt

    def reject(self) -> None:
        """Escape, Cancel and the window's cross: what was typed is given up after asking."""
        if not self.is_changed:
            super().reject()
            return
        box = QMessageBox(self)
        box.setObjectName("give_up_question")
        box.setWindowTitle("Desk")
        box.setIcon(QMessageBox.Icon.Question)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setText(_("Give up what you typed?"))
        give_up = box.addButton(_("&Give it up"), QMessageBox.ButtonRole.DestructiveRole)
        give_up.setObjectName("give_up")
        give_up.clicked.connect(self._on_given_up)
        stay = box.addButton(_("Go &on typing"), QMessageBox.ButtonRole.RejectRole)
        stay.setObjectName("go_on")
        box.setDefaultButton(stay)
        box.open()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in ENTER_KEYS and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.accept()
            self.take()
            return
        super().keyPressEvent(event)

    # Slots

    @Slot()
    def _on_given_up(self) -> None:
        super().reject()

    @Slot()
    def _show_count(self) -> None:
        count = len(self.text)
        self.count.setText(ngettext("{count:,} character", "{count:,} characters", count).format(count=count))

    # Helpers

    def _fill(self, value: object) -> None:
        """Shows the text with its line ends; one that does not come back as it was is only shown."""
        text = value if isinstance(value, str) else self._column.format(value) or ""
        ends = _END.findall(text)
        self._usual_end = Counter(ends).most_common(1)[0][0] if ends else "\n"
        self.editor.setPlainText("\n".join(_END.split(text)))
        for block, end in zip(_blocks(self.editor), ends, strict=False):
            block.setUserState(ENDS.index(end))
        self.editor.document().setModified(False)
        self.editor.moveCursor(QTextCursor.MoveOperation.Start)
        self._started = self.text
        can_hold = isinstance(value, str) and self._started == text
        self.editor.setReadOnly(not can_hold)
        if not can_hold:
            self.problems.tell(
                _("This text holds signs that an editor would lose. It is only shown; nothing of it is changed."),
                retry=False,
            )

    def _lay_out(self) -> None:
        buttons = QDialogButtonBox()
        take = buttons.addButton(_("&Take it"), QDialogButtonBox.ButtonRole.AcceptRole)
        take.setObjectName("take_text")
        take.setToolTip(_("Makes the text pending (Ctrl+Enter)"))
        take.clicked.connect(self.take)
        cancel = buttons.addButton(_("&Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        cancel.setObjectName("cancel_text")
        cancel.clicked.connect(self.reject)
        title = heading(self._column.header)
        title.setBuddy(self.editor)
        dim(self.count)
        self.editor.setTabChangesFocus(True)
        bottom = QHBoxLayout()
        bottom.addWidget(self.count, 1)
        bottom.addWidget(buttons)
        box = QVBoxLayout(self)
        box.setSpacing(8)
        box.addWidget(self.problems)
        box.addWidget(title)
        box.addWidget(self.editor, 1)
        box.addLayout(bottom)
        self.resize(720, 480)


def _blocks(editor: QPlainTextEdit) -> Iterator[QTextBlock]:
    """The lines of an editor."""
    block = editor.document().begin()
    while block.isValid():
        yield block
        block = block.next()
