"""One line that says what came of the last thing that was done in a dialog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QLabel, QWidget

from desk.i18n import _
from desk.panels.parts import named, styled

if TYPE_CHECKING:
    from desk.tables.look import Look


class MessageLine(QLabel):
    """Hidden while there is nothing to say; what failed is said in another colour than what was done."""

    def __init__(self, object_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, object_name, _("Message"))
        self.is_bad = False
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.hide()

    @property
    def told(self) -> str:
        """What it says; '' for nothing."""
        return "" if self.isHidden() else self.text()

    def say(self, text: str, *, is_bad: bool = False) -> None:
        """Says something; '' says nothing any more."""
        self.is_bad = is_bad
        self.setText(text)
        self.setVisible(bool(text))
        styled(self, self._colour)

    @Slot(str, bool)
    def tell(self, text: str, is_bad: bool) -> None:
        """Says something that a signal carries."""
        self.say(text, is_bad=is_bad)

    def _colour(self, colours: Look) -> str:
        return f"color: {colours.bad if self.is_bad else colours.good};"
