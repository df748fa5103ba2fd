"""A band over the grid in the colour of the profile: whoever works in production sees it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from desk.database.profiles import COLOURS
from desk.i18n import _
from desk.panels.parts import named, styled
from desk.tables.look import Look, profile_colours


class ColourBand(QLabel):
    """Hidden for profiles without a colour; it says in words what its colour means."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "colour_band", _("What kind of database this is"))
        self.setContentsMargins(12, 3, 12, 3)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.hide()

    def show_colour(self, colour: str, title: str) -> None:
        """`colour` is a key of COLOURS."""
        self.setVisible(bool(colour))
        if colour:
            self.setText(f"{COLOURS[colour]} · {title}")
            styled(self, lambda look: _sheet(look, colour))


def _sheet(look: Look, colour: str) -> str:
    ground, text = profile_colours(look)[colour]
    return f"#colour_band {{ background: {ground}; color: {text}; font-weight: bold; }}"
