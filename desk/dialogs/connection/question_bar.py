"""A question that stands in its dialog instead of over it: what is asked, and a button for each answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from desk.i18n import _
from desk.panels.parts import named, styled

if TYPE_CHECKING:
    from collections.abc import Callable


class QuestionBar(QFrame):
    """Hidden while nothing is asked. The last answer is the one that changes nothing: it has the focus, and Escape."""

    def __init__(self, object_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(object_name)
        styled(
            self,
            lambda colours: (
                f"#{object_name} {{ background: {colours.pending}; border-left: 3px solid {colours.pending_mark}; }}"
            ),
        )
        self._text = named(QLabel(), f"{object_name}_text", _("Question"))
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(10, 6, 10, 6)
        self._row.addWidget(self._text, 1)
        self._answers: list[QPushButton] = []
        self._focus_before: QWidget | None = None
        self.hide()

    @property
    def text(self) -> str:
        """What is asked; '' for nothing."""
        return "" if self.isHidden() else self._text.text()

    def ask(self, text: str, answers: dict[str, tuple[str, Callable[[], object] | None]]) -> None:
        """Asks; `answers` are object names → (text of the button, what it does; None for nothing)."""
        self._clear()
        self._focus_before = self.window().focusWidget()
        self._text.setText(text)
        for name, (title, act) in answers.items():
            button = named(QPushButton(title), name, title.replace("&", ""))
            button.clicked.connect(_Answer(self, act))
            self._row.addWidget(button)
            self._answers.append(button)
        self.show()
        self._answers[-1].setFocus()

    def dismiss(self) -> None:
        """Takes the answer that changes nothing."""
        if self._answers:
            self._answers[-1].click()

    def close_question(self) -> None:
        """Hides the question, if there is one; the cursor goes back to where it was."""
        if not self._answers:
            return
        self.hide()
        self._clear()
        if self._focus_before is not None:
            self._focus_before.setFocus()
            self._focus_before = None

    def _clear(self) -> None:
        for button in self._answers:
            self._row.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._answers.clear()


class _Answer:
    def __init__(self, bar: QuestionBar, act: Callable[[], object] | None) -> None:
        self._bar = bar
        self._act = act

    def __call__(self, _checked: bool = False) -> None:
        self._bar.close_question()
        if self._act is not None:
            self._act()
