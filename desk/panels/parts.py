"""Small widgets that several panels use: named controls, tool buttons, and the bar that tells of a problem."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from desk.i18n import _
from desk.tables.look import Look, icon, look, looks

if TYPE_CHECKING:
    from collections.abc import Callable

W = TypeVar("W", bound=QWidget)
ICON = QSize(18, 18)


def named(widget: W, object_name: str, accessible_name: str) -> W:
    """Gives a control the names by which tests and screen readers know it."""
    widget.setObjectName(object_name)
    widget.setAccessibleName(accessible_name)
    return widget


def dim(label: QLabel) -> None:
    """Draws a label in the palette's quiet colour."""
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText)


def plain(text: str, object_name: str, accessible_name: str, *, quiet: bool = False) -> QLabel:
    """A label whose text wraps, can be selected, and is never taken for HTML: paths and names may look like it."""
    label = named(QLabel(text), object_name, accessible_name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if quiet:
        dim(label)
    return label


def styled(widget: QWidget, make: Callable[[Look], str]) -> None:
    """Gives a widget a style sheet made from the colours in force, and anew when they change.

    A later call takes the place of an earlier one.
    """
    before = widget.findChild(_Styler, options=Qt.FindChildOption.FindDirectChildrenOnly)
    styler = before if isinstance(before, _Styler) else _Styler(widget)
    styler.make = make
    styler.apply()


class _Styler(QObject):
    make: Callable[[Look], str]

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        looks.changed.connect(self.apply)

    @Slot()
    def apply(self) -> None:
        made = self.make(look())
        if made != self._widget.styleSheet():
            self._widget.setStyleSheet(made)


def total_words(total: int, *, exact: bool, listed: bool) -> str:
    """How many rows a view has: counted, estimated, or so many listed of more."""
    if exact:
        return f"{total:,}"
    return (_("the first {total:,}") if listed else _("about {total:,}")).format(total=total)


def tool_button(object_name: str, text: str, icon_name: str) -> QToolButton:
    """A flat button with an icon; its text is its tool tip and its accessible name."""
    button = named(QToolButton(), object_name, text)
    button.setIcon(icon(icon_name))
    button.setIconSize(ICON)
    button.setToolTip(text)
    button.setAutoRaise(True)
    return button


def heading(text: str) -> QLabel:
    """A label that heads a part of a panel."""
    label = QLabel(text)
    font = QFont(label.font())
    font.setBold(True)
    label.setFont(font)
    return label


class ProblemBar(QFrame):
    """One line that says what happened, what was kept and what to do, with a Retry; hidden when all is well."""

    retry_wanted = Signal()

    def __init__(self, object_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(object_name)
        styled(
            self,
            lambda colours: (
                f"#{object_name} {{ background: {colours.doomed}; border-left: 3px solid {colours.doomed_mark}; }}"
            ),
        )
        self._text = plain("", f"{object_name}_text", _("Problem"))
        self.retry = named(QPushButton(_("Retry")), f"{object_name}_retry", _("Retry"))
        self.retry.clicked.connect(self.retry_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 6, 10, 6)
        row.addWidget(self._text, 1)
        row.addWidget(self.retry)
        self.hide()

    @property
    def text(self) -> str:
        return self._text.text()

    def tell(self, text: str, *, retry: bool) -> None:
        """Shows the bar."""
        self._text.setText(text)
        self.retry.setVisible(retry)
        self.show()
