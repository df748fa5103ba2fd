"""How Desk looks: the two palettes, the colours of states, and icons drawn in the palette's colours.

Fusion draws both; the system's colour scheme only chooses between them, because most Linux desktops cannot be asked to
change it.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from PySide6.QtCore import QByteArray, QObject, QRectF, QSize, Signal
from PySide6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QApplication

from desk.resources import resource

Role = QPalette.ColorRole
Group = QPalette.ColorGroup


class Look(NamedTuple):
    """The colours of one scheme, as #rrggbb.

    `pending`, `fresh` and `doomed` are the backgrounds of changed, new and deleted cells, the `..._mark` colours the
    shapes drawn with them; `good`, `warn` and `bad` colour states of the pool and of messages.
    """

    window: str
    base: str
    alternate: str
    text: str
    dim: str
    disabled: str
    button: str
    line: str
    accent: str
    accent_text: str
    tip: str
    pending: str
    pending_mark: str
    fresh: str
    fresh_mark: str
    doomed: str
    doomed_mark: str
    good: str
    warn: str
    bad: str


LIGHT = Look(
    window="#f3f4f5", base="#ffffff", alternate="#f8f9fa", text="#1b1f23", dim="#66707a", disabled="#9aa3ab",
    button="#e9ecee", line="#d3d8dc", accent="#1f6f78", accent_text="#ffffff", tip="#fffbe6",
    pending="#fff3cf", pending_mark="#b36b00", fresh="#def3e2", fresh_mark="#1d7a37", doomed="#fae0de",
    doomed_mark="#b3261e", good="#2b8a5c", warn="#b36b00", bad="#b3261e",
)  # fmt: skip

DARK = Look(
    window="#22262a", base="#1a1d20", alternate="#1f2326", text="#e6e9ec", dim="#98a2ab", disabled="#6b757e",
    button="#2e3338", line="#3a4046", accent="#4fb3bf", accent_text="#0b1416", tip="#33383d",
    pending="#453812", pending_mark="#f0b429", fresh="#173a22", fresh_mark="#5fd07f", doomed="#4a1f1d",
    doomed_mark="#ff8a80", good="#4cc38a", warn="#f0b429", bad="#ff8a80",
)  # fmt: skip


class Tone(NamedTuple):
    """A ground and the text that can be read on it, as #rrggbb."""

    back: str
    text: str


PROFILE_TONES: dict[str, tuple[Tone, Tone]] = {
    "red": (Tone("#b3261e", "#ffffff"), Tone("#ff8a80", "#2b0a08")),
    "orange": (Tone("#9a5a00", "#ffffff"), Tone("#f0b429", "#2a1d00")),
    "green": (Tone("#1d7a37", "#ffffff"), Tone("#5fd07f", "#06210e")),
    "blue": (Tone("#1f5fa8", "#ffffff"), Tone("#82b6f2", "#071a30")),
}
"""The colours of profiles → their tones in the light and the dark scheme."""


class _Looks(QObject):
    """Tells that the colours changed: not every widget hears of it from Qt."""

    changed = Signal()


looks = _Looks()
_in_force = LIGHT


def look() -> Look:
    """The colours in force."""
    return _in_force


def profile_colours(of: Look) -> dict[str, Tone]:
    """The tones of the profiles' colours in a scheme, by the colours' names ('' has none)."""
    return {name: dark if of is DARK else light for name, (light, dark) in PROFILE_TONES.items()}


def use_look(of: Look) -> None:
    """Draws the whole application in these colours."""
    global _in_force  # noqa: PLW0603  (asking Qt for its palette in every cell is too slow)
    _in_force = of
    QApplication.setPalette(palette(of))
    application = QApplication.instance()
    if isinstance(application, QApplication) and application.styleSheet() != sheet(of):
        application.setStyleSheet(sheet(of))
    looks.changed.emit()


def palette(of: Look) -> QPalette:
    """The complete palette of a look, disabled roles too."""
    colours = {
        Role.Window: of.window, Role.WindowText: of.text, Role.Base: of.base, Role.AlternateBase: of.alternate,
        Role.ToolTipBase: of.tip, Role.ToolTipText: of.text, Role.PlaceholderText: of.dim, Role.Text: of.text,
        Role.Button: of.button, Role.ButtonText: of.text, Role.BrightText: of.bad, Role.Light: of.base,
        Role.Midlight: of.alternate, Role.Dark: of.line, Role.Mid: of.line, Role.Shadow: of.line,
        Role.Highlight: of.accent, Role.HighlightedText: of.accent_text, Role.Accent: of.accent,
        Role.Link: of.accent, Role.LinkVisited: of.accent,
    }  # fmt: skip
    made = QPalette()
    for role, colour in colours.items():
        made.setColor(role, QColor(colour))
    for role in (Role.WindowText, Role.Text, Role.ButtonText, Role.PlaceholderText, Role.ToolTipText):
        made.setColor(Group.Disabled, role, QColor(of.disabled))
    made.setColor(Group.Disabled, Role.Highlight, QColor(of.line))
    made.setColor(Group.Disabled, Role.HighlightedText, QColor(of.disabled))
    return made


def sheet(of: Look) -> str:
    """What Fusion cannot draw from a palette: it makes outlines darker than the window, so dark ones would vanish."""
    if of is LIGHT:
        return ""
    return (
        f"QLineEdit, QPlainTextEdit {{ border: 1px solid {of.line}; border-radius: 3px; padding: 2px;"
        f" background: {of.base}; }}"
        f"QLineEdit:focus, QPlainTextEdit:focus {{ border-color: {of.accent}; }}"
        f"QRadioButton::indicator {{ width: 11px; height: 11px; border-radius: 6px; border: 1px solid {of.dim}; }}"
        f"QRadioButton::indicator:checked {{ background: {of.accent}; border-color: {of.accent}; }}"
        f"QCheckBox::indicator:unchecked {{ width: 12px; height: 12px; border: 1px solid {of.dim}; border-radius: 2px;"
        f" background: {of.base}; }}"
        f"QCheckBox::indicator:unchecked:disabled {{ border-color: {of.line}; }}"
    )


class DrawnIcon(QIconEngine):
    """An icon whose `paint` draws it anew each time, in the colours that are then in force."""

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        made = QPixmap(size)
        made.fill(QColor(0, 0, 0, 0))
        painter = QPainter(made)
        try:
            self.paint(painter, made.rect(), mode, state)
        finally:
            painter.end()  # Qt ends the program when a painter outlives what it draws on
        return made


class _SvgIcon(DrawnIcon):
    """An icon from `resources/icons`, drawn in the colour that the palette has for its state."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def paint(self, painter: QPainter, rect: object, mode: QIcon.Mode, _state: QIcon.State) -> None:
        from PySide6.QtSvg import QSvgRenderer  # noqa: PLC0415  (after the first paint)

        colours = look()
        colour = colours.disabled if mode == QIcon.Mode.Disabled else colours.text
        if mode == QIcon.Mode.Selected:
            colour = colours.accent_text
        drawing = _drawing(self._name).replace("currentColor", colour)
        QSvgRenderer(QByteArray(drawing.encode())).render(painter, QRectF(rect))  # type: ignore[call-overload]

    def clone(self) -> QIconEngine:
        return _SvgIcon(self._name)


@cache
def _drawing(name: str) -> str:
    return resource("icons", f"{name}.svg").read_text(encoding="utf-8")


@cache
def icon(name: str) -> QIcon:
    """The icon of that file name in `resources/icons`; it follows the palette."""
    return QIcon(_SvgIcon(name))
