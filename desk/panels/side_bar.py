"""The side bar: the tables of the catalogue with their counts, and below them what the window is connected to.

Invariant: an estimate never takes the place of a count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from desk.catalog.columns import TABLES
from desk.i18n import _
from desk.panels.parts import ICON, named
from desk.tables.look import icon

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = int(Qt.ItemDataRole.UserRole)


class SideBar(QWidget):
    """Chooses a table: `table_chosen` carries its name. `connection_wanted` asks for the connection dialog."""

    table_chosen = Signal(str)
    connection_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tables = named(QListWidget(), "side_bar", _("Tables"))
        self.tables.setFrameShape(QListWidget.Shape.NoFrame)
        self.tables.setIconSize(ICON)
        self.tables.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._items: dict[str, QListWidgetItem] = {}
        self._counts: dict[str, int] = {}
        for name, description in TABLES.items():
            item = QListWidgetItem(icon(name), description.title, self.tables)
            item.setData(NAME, name)
            item.setSizeHint(QSize(0, 34))
            self._items[name] = item
        self.choose("books")
        self.connection = named(QToolButton(), "connection", _("Open another database"))
        self.connection.setAutoRaise(True)
        self.connection.setIcon(icon("database"))
        self.connection.setIconSize(ICON)
        self.connection.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.connection.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.connection.setText(_("Open …"))
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 4)
        box.setSpacing(2)
        box.addWidget(self.tables, 1)
        box.addWidget(self.connection)
        self.tables.currentItemChanged.connect(self._on_current_item_changed)
        self.connection.clicked.connect(self.connection_wanted)

    @property
    def chosen(self) -> str:
        """The name of the chosen table."""
        return str(self.tables.currentItem().data(NAME))

    def choose(self, table: str) -> None:
        """Makes a table the chosen one."""
        self.tables.setCurrentItem(self._items[table])

    def text_of(self, table: str) -> str:
        """What stands there for a table: its title and, once known, its count."""
        return self._items[table].text()

    def show_counts(self, counts: Mapping[str, int]) -> None:
        """Shows how many records each table has, exactly."""
        self._counts.update(counts)
        for name, count in counts.items():
            self._items[name].setText(f"{TABLES[name].title}  {count:,}")

    def change_counts(self, changes: Mapping[str, int]) -> None:
        """So many records more (or less, below 0) are there than before; what was not counted yet stays so."""
        known = {name: self._counts[name] + change for name, change in changes.items() if name in self._counts}
        self.show_counts(known)

    def show_estimate(self, table: str, count: int) -> None:
        """Shows how many records a table has about, until they are counted."""
        if table not in self._counts:
            self._items[table].setText(_("{title}  about {count:,}").format(title=TABLES[table].title, count=count))

    def forget_counts(self) -> None:
        """Another catalogue is open: nothing is known of its tables."""
        self._counts.clear()
        for name, item in self._items.items():
            item.setText(TABLES[name].title)

    def show_connection(self, title: str, place: str, kind: str) -> None:
        """Names the open database; `kind` is `sqlite` or `postgresql`."""
        self.connection.setText(title.replace("&", "&&"))
        self.connection.setIcon(icon("database" if kind == "sqlite" else "server"))
        self.connection.setToolTip(
            _("{title} in {place}. Click to open another database.").format(title=title, place=place)
        )

    @Slot(QListWidgetItem, QListWidgetItem)
    def _on_current_item_changed(self, current: QListWidgetItem | None, _before: object) -> None:
        if current is not None:
            self.table_chosen.emit(current.data(NAME))
