"""Asks what has to be known before many cells are changed, or tells why they are not. Nothing is changed before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QListWidget, QPushButton, QVBoxLayout, QWidget

from desk.i18n import _, ngettext
from desk.panels.cell_question import CANCEL
from desk.panels.parts import dim, heading, named, plain

if TYPE_CHECKING:
    from desk.panels.cell_question import CellQuestion

MOST_LINES = 1000
"""Lines that are listed; what is beyond them is counted."""
CHOICE = "choice"


class CellQuestionDialog(QDialog):
    """Shows one CellQuestion and answers it once: with the choice that was clicked, or CANCEL however it is closed."""

    def __init__(self, question: CellQuestion, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._question = question
        self._choice = CANCEL
        self.setObjectName("cell_question")
        self.setWindowTitle("Desk")
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.lines = named(QListWidget(), "cell_question_lines", _("What it is about"))
        self.lines.setWordWrap(True)
        self.lines.addItems(_some(question.lines))
        self.lines.setVisible(bool(question.lines))
        self._lay_out()
        self.finished.connect(self._on_finished)

    def _lay_out(self) -> None:
        box = QVBoxLayout(self)
        box.setSpacing(8)
        text = heading(self._question.text)
        text.setWordWrap(True)
        box.addWidget(text)
        more = plain(self._question.more, "cell_question_more", _("What happens"))
        dim(more)
        box.addWidget(more)
        box.addWidget(self.lines, 1)
        box.addWidget(self._make_buttons())
        self.resize(560, 360 if self._question.lines else 130)

    def _make_buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox()
        for name, label in self._question.choices.items():
            button = buttons.addButton(label, QDialogButtonBox.ButtonRole.AcceptRole)
            button.setObjectName(name)
            button.setProperty(CHOICE, name)
            button.clicked.connect(self._on_chosen)
        title = _("&Cancel") if self._question.choices else _("&Close")
        cancel = buttons.addButton(title, QDialogButtonBox.ButtonRole.RejectRole)
        cancel.setObjectName("cancel")
        cancel.clicked.connect(self.reject)
        cancel.setDefault(not self._question.choices)
        return buttons

    @Slot()
    def _on_chosen(self) -> None:
        button = self.sender()
        assert isinstance(button, QPushButton)
        self._choice = button.property(CHOICE)
        self.accept()

    @Slot()
    def _on_finished(self) -> None:
        self._question.answer(self._choice)


def _some(lines: tuple[str, ...]) -> list[str]:
    more = len(lines) - MOST_LINES
    if more <= 0:
        return list(lines)
    last = ngettext("… and {count:,} more", "… and {count:,} more", more).format(count=more)
    return [*lines[:MOST_LINES], last]
