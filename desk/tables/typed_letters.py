"""Letters typed in a grid one after another, as the beginning of what a person looks for.

Invariant: after a pause the next letter begins anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

PAUSE_MS = 1000
NOT_TYPED = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier

Key = Qt.Key
MODIFIERS = (Key.Key_Shift, Key.Key_Control, Key.Key_Alt, Key.Key_Meta, Key.Key_CapsLock, Key.Key_NumLock)
FIRST_DEAD_KEY = Key.Key_AltGr
"""From here on Qt numbers the keys that only make letters of others."""


class TypedLetters(QObject):
    """Collects letters; `changed` carries what has been typed so far, '' when it was given up."""

    changed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self.end)

    @property
    def text(self) -> str:
        """What has been typed since the last pause."""
        return self._text

    def take_key(self, event: QKeyEvent) -> bool:
        """Takes a key that is a letter, or that corrects letters; answers False for any other, which ends them."""
        if self._text and event.key() == Qt.Key.Key_Backspace:
            self._put(self._text[:-1])
            return True
        if self._text and event.key() == Qt.Key.Key_Escape:
            self._put("")
            return True
        text = event.text()
        is_letter = bool(text) and text.isprintable() and not _is_shortcut(event)
        if not is_letter or (not self._text and not text.strip()):  # a space alone selects, as everywhere
            if event.key() not in MODIFIERS and event.key() < FIRST_DEAD_KEY:
                self.end()
            return False
        self.add(text)
        return True

    def add(self, text: str) -> None:
        """Adds letters, as an input method brings them."""
        self._put(self._text + text)

    def end(self) -> None:
        """The next letter begins anew."""
        self._pause.stop()
        self._text = ""

    def _put(self, text: str) -> None:
        self._text = text
        if text:
            self._pause.start()
        else:
            self._pause.stop()
        self.changed.emit(text)


def _is_shortcut(event: QKeyEvent) -> bool:
    """AltGr types letters too: Windows tells it as Ctrl and Alt together."""
    held = event.modifiers() & NOT_TYPED
    alt_gr = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
    return bool(held) and held != alt_gr
