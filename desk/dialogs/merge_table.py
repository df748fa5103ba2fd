"""The table of two authors that are to become one: who stays, and whose value stays of each field that differs."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QLabel, QPushButton, QRadioButton, QWidget

from desk.catalog.columns import AUTHORS
from desk.catalog.edits import same
from desk.catalog.merging import FIELDS, Merge, differing, proposed
from desk.i18n import _
from desk.panels.parts import dim, heading, named

if TYPE_CHECKING:
    from desk.catalog.merging import AuthorFacts

KEPT, GONE = "kept", "gone"
TEXT_SHOWN = 200
"""Characters of a value that are drawn; the tool tip has all of it."""
LINE_SHOWN = 40
NUMBERS = {"books": _("Books"), "contributions": _("Contributions")}


class MergeTable(QWidget):
    """Empty until `show_authors`. `swapped` tells that the other one is to stay."""

    swapped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._both: tuple[AuthorFacts, AuthorFacts] | None = None
        """The one who stays, then the other one."""
        self._sides: dict[str, str] = {}
        """Field → whose value stays, where the two differ."""
        self._chosen: set[str] = set()
        """The fields that a person has decided."""
        self._groups: list[QButtonGroup] = []
        self._swap = named(QPushButton(_("S&wap"), self), "merge_swap", _("Swap who stays"))
        self._swap.clicked.connect(self.swap)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(16)
        for place in (1, 2):
            self._grid.setColumnStretch(place, 1)
        self._show()

    @property
    def merge(self) -> Merge | None:
        """What is chosen; None while there are no authors."""
        if self._both is None:
            return None
        kept, gone = self._both
        values = {name: (gone if self._sides.get(name) == GONE else kept).values[name] for name in FIELDS}
        return Merge(kept, gone, MappingProxyType(values))

    def show_authors(self, both: tuple[AuthorFacts, AuthorFacts] | None) -> None:
        """Shows two authors, with what is proposed: the one who has more in the catalogue stays. None empties the
        table."""
        self._chosen.clear()
        self._both = both
        if both is not None and _weight(both[0]) < _weight(both[1]):
            self._both = (both[1], both[0])
        self._sides = {} if self._both is None else _proposed_sides(*self._both)
        self._show()

    def choose(self, field: str, side: str) -> None:
        """Chooses whose value of a field stays."""
        self._chosen.add(field)
        self._sides[field] = side

    @Slot()
    def swap(self) -> None:
        """The one who would be deleted stays, and the other way round; a value that was chosen stays chosen."""
        if self._both is not None:
            chosen = {name: GONE if self._sides[name] == KEPT else KEPT for name in self._chosen}
            self._both = (self._both[1], self._both[0])
            self._sides = {**_proposed_sides(*self._both), **chosen}
            self._show()
            self.swapped.emit()

    # Helpers

    def _show(self) -> None:
        self._groups.clear()
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None and widget is not self._swap:
                widget.setParent(None)
                widget.deleteLater()
        self._swap.setVisible(self._both is not None)
        if self._both is not None:
            self._fill(*self._both)

    def _fill(self, kept: AuthorFacts, gone: AuthorFacts) -> None:
        self._grid.addWidget(heading(_("Stays")), 0, 1)
        self._grid.addWidget(heading(_("Is deleted")), 0, 2)
        self._grid.addWidget(self._swap, 0, 3)
        for line, name in enumerate(FIELDS, 1):
            self._add_field(line, name, {KEPT: kept, GONE: gone})
        for line, (name, title) in enumerate(NUMBERS.items(), len(FIELDS) + 1):
            self._add_label(line, 0, title)
            for place, author in enumerate((kept, gone), 1):
                self._add_label(line, place, f"{getattr(author, name):,}")

    def _add_field(self, line: int, name: str, authors: dict[str, AuthorFacts]) -> None:
        column = AUTHORS.column(name)
        self._add_label(line, 0, column.header)
        group = QButtonGroup(self)
        for place, (side, author) in enumerate(authors.items(), 1):
            text = column.format(author.values[name])
            shown = "–" if text is None else text or _("(empty)")
            if name not in self._sides:
                self._add_label(line, place, shown)
                continue
            button = named(QRadioButton(_line(shown).replace("&", "&&")), f"{side}_{name}", f"{column.header}: {shown}")
            button.setToolTip(shown)
            button.setChecked(self._sides[name] == side)
            button.clicked.connect(_Choice(self, name, side))
            group.addButton(button)
            self._grid.addWidget(button, line, place)
        self._groups.append(group)

    def _add_label(self, line: int, place: int, text: str) -> None:
        label = QLabel(short(text))
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setToolTip(text if len(text) > TEXT_SHOWN else "")
        if not place:
            dim(label)
        self._grid.addWidget(label, line, place)


def _weight(author: AuthorFacts) -> int:
    return author.books + author.contributions


def _proposed_sides(kept: AuthorFacts, gone: AuthorFacts) -> dict[str, str]:
    values = proposed(kept, gone)
    return {name: KEPT if same(values[name], kept.values[name]) else GONE for name in differing(kept, gone)}


class _Choice:
    """What a button of the table chooses."""

    def __init__(self, table: MergeTable, field: str, side: str) -> None:
        self._table = table
        self._field = field
        self._side = side

    def __call__(self, _checked: bool = False) -> None:
        self._table.choose(self._field, self._side)


def _line(text: str) -> str:
    """As much as a button shows, which breaks no lines."""
    return text if len(text) <= LINE_SHOWN else text[: LINE_SHOWN - 1] + "…"


def short(text: str) -> str:
    """As much of a text as is drawn."""
    return text if len(text) <= TEXT_SHOWN else text[: TEXT_SHOWN - 1] + "…"
