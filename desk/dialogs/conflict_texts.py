"""The lower part of the conflict dialog: the texts of one field in full, and an editor for the result.

Invariant: what stands in the editor and cannot be taken stays there, with the reason below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QPlainTextEdit, QWidget

from desk.errors import InvalidInput
from desk.i18n import _
from desk.panels.parts import named, plain, styled

if TYPE_CHECKING:
    from collections.abc import Callable

RETURN = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class FieldTexts(QWidget):
    """Original, theirs, mine and the result. `taken` tells that a typed result was taken, `left` that the keyboard may
    go back to the fields."""

    taken = Signal()
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._take: Callable[[str], None] | None = None
        self._started = ""
        """The text from which typing starts."""
        self._is_one_line = True
        self.about = plain("", "conflict_about", _("What happened to the field"), quiet=True)
        self.original = self._reader("conflict_original", _("Original, in full"))
        self.theirs = self._reader("conflict_theirs", _("Theirs, in full"))
        self.mine = self._reader("conflict_mine", _("Mine, in full"))
        self.result = named(QPlainTextEdit(), "conflict_result", _("Result"))
        self.result.setTabChangesFocus(True)
        self.result.installEventFilter(self)
        self._reason = plain("", "conflict_reason", _("Why the result was refused"))
        styled(self._reason, lambda colours: f"color: {colours.bad};")
        self._reason.hide()
        self._lay_out()

    @property
    def reason(self) -> str:
        """Why what stands in the editor was refused; '' when it was not."""
        return "" if self._reason.isHidden() else self._reason.text()

    def show_field(self, about: str, texts: tuple[str, str, str]) -> None:
        """Shows what is said about a field, and its original, theirs and mine."""
        self.about.setText(about)
        for reader, text in zip((self.original, self.theirs, self.mine), texts, strict=True):
            reader.setPlainText(text)

    def show_result(self, text: str, take: Callable[[str], None] | None, hint: str, *, one_line: bool) -> None:
        """Shows the result. `take` gets what is typed, and raises InvalidInput; without it nothing can be typed."""
        self._take, self._is_one_line = take, one_line
        self.result.setReadOnly(take is None)
        self.result.setPlaceholderText(hint)
        self.result.setPlainText(text)
        self._started = self._text
        self._reason.hide()

    def take(self) -> bool:
        """Takes what is being typed; False, with the reason shown, when it cannot be."""
        if self._take is None or self._text == self._started:
            return True
        try:
            self._take(self._text)
        except InvalidInput as problem:
            self._reason.setText(str(problem))
            self._reason.show()
            return False
        self._started = self._text
        self._reason.hide()
        self.taken.emit()
        return True

    # Qt

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut:
            self.take()
        elif event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and self._leaves(event):
            return True
        return super().eventFilter(watched, event)

    # Helpers

    def _leaves(self, event: QKeyEvent) -> bool:
        """Return takes a line of text, Ctrl+Return any text; Escape gives up what was typed."""
        with_control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if event.key() in RETURN and (self._is_one_line or with_control):
            if self.take():
                self.left.emit()
            return True
        if event.key() == Qt.Key.Key_Escape and self._text != self._started:
            self.result.setPlainText(self._started)
            self._reason.hide()
            self.left.emit()
            return True
        return False

    @property
    def _text(self) -> str:
        # not toPlainText, which makes no-break spaces plain ones
        return self.result.document().toRawText().replace("\u2029", "\n")

    @staticmethod
    def _reader(name: str, accessible_name: str) -> QPlainTextEdit:
        reader = named(QPlainTextEdit(), name, accessible_name)
        reader.setReadOnly(True)
        reader.setTabChangesFocus(True)
        return reader

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(2)
        grid.addWidget(self.about, 0, 0, 1, 4)
        editors = (self.original, self.theirs, self.mine, self.result)
        titles = (_("Original"), _("Theirs"), _("Mine"), _("&Result"))
        for column, (title, editor) in enumerate(zip(titles, editors, strict=True)):
            label = QLabel(title)
            label.setBuddy(editor)
            grid.addWidget(label, 1, column)
            grid.addWidget(editor, 2, column)
            grid.setColumnStretch(column, 1)
            editor.setMinimumHeight(44)
        grid.addWidget(self._reason, 3, 0, 1, 4)
        grid.setRowStretch(2, 1)
