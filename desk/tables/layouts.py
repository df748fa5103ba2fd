"""The columns of a grid as a person arranges them: widths, order, which are shown, and the menu for it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QMenu, QTableView

from desk.catalog.grid_layout import ColumnLayout, GridLayout
from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from desk.catalog.columns import Column

REST_MS = 400
"""A drag of a border changes a width many times; it is told once."""


class ColumnLayouts(QObject):
    """The layout of one grid's columns. `changed` carries the GridLayout once a person's changes have come to rest.

    `shown` are the columns that are shown at first, by name → their widths in letters; None: all, as wide as they say.

    Invariant: at least one column is shown.
    """

    changed = Signal(object)

    def __init__(self, view: QTableView, columns: Sequence[Column], shown: Mapping[str, int] | None = None) -> None:
        super().__init__(view)
        self._header = header = view.horizontalHeader()
        unit = view.fontMetrics().averageCharWidth()
        self._columns = columns
        self._sections = {column.name: section for section, column in enumerate(columns)}
        widths = {one.name: one.width + 2 for one in columns} | dict(shown or {})
        self._default = GridLayout(
            tuple(ColumnLayout(name, width * unit, shown is None or name in shown) for name, width in widths.items())
        )
        self._widths: dict[int, int] = {}
        """Section → its width, which Qt does not tell of a hidden one."""
        self._applying = False
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._on_rested)
        header.setMinimumSectionSize(4 * unit)
        header.setResizeContentsPrecision(0)  # by the rows that are seen: never by a thousand more
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._on_menu_wanted)
        header.sectionResized.connect(self._on_section_resized)
        header.sectionMoved.connect(self._on_changed)
        self.apply(self._default)

    @property
    def shown(self) -> tuple[int, ...]:
        """The places of the shown columns among the grid's, from left to right."""
        return tuple(section for section in self._from_left() if not self._header.isSectionHidden(section))

    def layout(self) -> GridLayout:
        """How the columns are laid out now."""
        shown = self.shown
        return GridLayout(
            tuple(
                ColumnLayout(self._columns[section].name, self._widths[section], section in shown)
                for section in self._from_left()
            )
        )

    def apply(self, layout: GridLayout) -> None:
        """Lays the columns out so; what is not known here is left out."""
        self._applying = True
        known = {one.name: one for one in layout.columns if one.name in self._sections}
        for place, one in enumerate(known.values()):
            section = self._sections[one.name]
            self._header.moveSection(self._header.visualIndex(section), place)
            self._header.setSectionHidden(section, not one.is_shown)
            self._widths[section] = max(one.width, self._header.minimumSectionSize())
            self._header.resizeSection(section, self._widths[section])
        if not self.shown:
            self._header.setSectionHidden(self._header.logicalIndex(0), False)
        self._applying = False

    def show_column(self, section: int, is_shown: bool) -> None:
        """Shows a column or hides it; the last one stays."""
        if is_shown or len(self.shown) > 1:
            self._header.setSectionHidden(section, not is_shown)
            self._on_changed()

    @Slot()
    def fit(self) -> None:
        """Makes each column as wide as what is seen of it."""
        view = self.parent()
        assert isinstance(view, QTableView)
        for section in self.shown:
            view.resizeColumnToContents(section)

    @Slot()
    def reset(self) -> None:
        """Lays the columns out as they were at first."""
        self.apply(self._default)
        self._on_changed()

    def settle(self) -> None:
        """Tells a change that has not come to rest yet now."""
        if self._rest.isActive():
            self._rest.stop()
            self._on_rested()

    def fill(self, menu: QMenu) -> None:
        """Gives a menu all columns, checked where they are shown, and what can be done with all of them."""
        shown = self.shown
        for section in self._from_left():
            action = menu.addAction(self._columns[section].header)
            action.setCheckable(True)
            action.setChecked(section in shown)
            action.setEnabled(shown != (section,))
            action.toggled.connect(partial(self.show_column, section))
        menu.addSeparator()
        menu.addAction(_("Fit to contents")).triggered.connect(self.fit)
        menu.addAction(_("Reset columns")).triggered.connect(self.reset)

    # Slots

    @Slot(QPoint)
    def _on_menu_wanted(self, at: QPoint) -> None:
        menu = QMenu(self._header)
        menu.setObjectName("columns_menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.fill(menu)
        menu.popup(self._header.viewport().mapToGlobal(at))

    @Slot(int, int, int)
    def _on_section_resized(self, section: int, _before: int, width: int) -> None:
        if width:
            self._widths[section] = width
        self._on_changed()

    @Slot()
    def _on_changed(self) -> None:
        if not self._applying:
            self._rest.start()

    @Slot()
    def _on_rested(self) -> None:
        self.changed.emit(self.layout())

    # Helpers

    def _from_left(self) -> list[int]:
        return [self._header.logicalIndex(place) for place in range(self._header.count())]
