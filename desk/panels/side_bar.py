"""The side bar: the tables of the catalogue with their counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from desk.catalog.columns import TABLES
from desk.i18n import _
from desk.panels.parts import ICON, named
from desk.tables.look import icon

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = int(Qt.ItemDataRole.UserRole)


class SideBar(QListWidget):
    """Chooses a table: `table_chosen` carries its name."""

    table_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "side_bar", _("Tables"))
        self.setFrameShape(QListWidget.Shape.NoFrame)
        self.setIconSize(ICON)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._items: dict[str, QListWidgetItem] = {}
        for name, description in TABLES.items():
            item = QListWidgetItem(icon(name), description.title, self)
            item.setData(NAME, name)
            item.setSizeHint(QSize(0, 34))
            self._items[name] = item
        self.choose("books")
        self.currentItemChanged.connect(self._on_current_item_changed)

    @property
    def chosen(self) -> str:
        """The name of the chosen table."""
        return str(self.currentItem().data(NAME))

    def choose(self, table: str) -> None:
        """Makes a table the chosen one."""
        self.setCurrentItem(self._items[table])

    def show_counts(self, counts: Mapping[str, int]) -> None:
        """Shows how many records each table has."""
        for name, count in counts.items():
            self._items[name].setText(f"{TABLES[name].title}  {count:,}")

    @Slot(QListWidgetItem, QListWidgetItem)
    def _on_current_item_changed(self, current: QListWidgetItem | None, _before: object) -> None:
        if current is not None:
            self.table_chosen.emit(current.data(NAME))
