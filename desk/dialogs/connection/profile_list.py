"""The list of connections: kept ones, those opened lately, and files that cannot be read; the last used first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFont, QIcon, QKeySequence, QPainter, QPalette, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desk.i18n import _
from desk.panels.parts import ICON, dim, named, tool_button
from desk.tables.look import icon
from desk.tables.marks import draw_mark, kind_icon

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desk.dialogs.connection.profile_rows import Row


Index = QModelIndex | QPersistentModelIndex
ROW = int(Qt.ItemDataRole.UserRole)
MANY = 8
"""From so many connections on there is a filter box."""
TOOLS: dict[str, tuple[str, str]] = {
    "new": ("add", _("New connection")),
    "duplicate": ("duplicate", _("Duplicate the connection")),
    "delete": ("delete", _("Delete the connection …")),
    "import": ("import", _("Import connections …")),
    "export": ("export", _("Export the kept connections …")),
}
"""The buttons below the list → (icon, what it does)."""


class ProfileList(QWidget):
    """`row_chosen` carries the Row in front, or None; `open_wanted` tells of a double-click; `tool_wanted` carries a
    name of TOOLS."""

    row_chosen = Signal(object)
    open_wanted = Signal()
    tool_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("profile_list")
        self.filter = named(QLineEdit(), "profile_filter", _("Find a connection"))
        self.filter.setPlaceholderText(_("Find a connection"))
        self.filter.setClearButtonEnabled(True)
        self.items = named(QListWidget(), "profiles", _("Connections"))
        self.items.setItemDelegate(_RowPainter(self.items))
        self.items.setIconSize(ICON)
        self.items.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._hint = named(QLabel(), "profiles_hint", _("About the list"))
        self._hint.setWordWrap(True)
        dim(self._hint)
        self._is_loaded = False
        self.tools = {name: self._make_tool(name) for name in TOOLS}
        self._lay_out()
        remove = QShortcut(QKeySequence(QKeySequence.StandardKey.Delete), self.items)
        remove.setContext(Qt.ShortcutContext.WidgetShortcut)
        remove.activated.connect(self.tools["delete"].click)
        self.items.currentItemChanged.connect(self._on_current_changed)
        self.items.itemDoubleClicked.connect(self._on_double_clicked)
        self.filter.textChanged.connect(self._on_filter_changed)
        self.refresh()

    @property
    def rows(self) -> list[Row]:
        """All lines, from the top."""
        return [row for row in map(_row_of, self._all()) if row is not None]

    @property
    def row(self) -> Row | None:
        """The line in front."""
        return _row_of(self.items.currentItem())

    def show_rows(self, rows: Iterable[Row]) -> None:
        """Shows these lines and none of the ones before; nothing is told of it."""
        self._is_loaded = True
        self.items.blockSignals(True)
        self.items.clear()
        for row in rows:
            self._add(row, self.items.count())
        self.items.blockSignals(False)
        self.refresh()

    def add(self, row: Row) -> None:
        """Puts a line on top and chooses it."""
        self._add(row, 0)
        self.choose(row)

    def remove(self, row: Row) -> None:
        """Takes a line away."""
        for item in self._all():
            if _row_of(item) is row:
                self.items.takeItem(self.items.row(item))
        self.refresh()

    def choose(self, row: Row) -> None:
        """Brings a line to the front."""
        self.items.setCurrentItem(next(item for item in self._all() if _row_of(item) is row))
        self.refresh()

    def refresh(self) -> None:
        """Draws the lines as they are now, and enables what can be done with the one in front."""
        for item in self._all():
            row = _row_of(item)
            if row is not None:
                _draw(item, row)
        row = self.row
        kept = [one for one in self.rows if one.is_kept]
        usable = row is not None and row.damaged is None
        self.filter.setVisible(self.items.count() >= MANY)
        self.tools["duplicate"].setEnabled(usable)
        self.tools["delete"].setEnabled(usable and row is not None and (row.is_kept or row.is_new))
        self.tools["export"].setEnabled(bool(kept))
        self._hint.setText(
            "" if kept else _("No connections kept yet. Fill in the form and press Save to keep one here.")
        )
        self._hint.setVisible(self._is_loaded and not kept)

    # Slots

    @Slot()
    def _on_current_changed(self) -> None:
        self.row_chosen.emit(self.row)

    @Slot()
    def _on_double_clicked(self) -> None:
        self.open_wanted.emit()

    @Slot(str)
    def _on_filter_changed(self, text: str) -> None:
        sought = text.strip().casefold()
        for item in self._all():
            row = _row_of(item)
            item.setHidden(row is not None and sought not in f"{row.title}\n{row.place}".casefold())

    # Helpers

    def _all(self) -> list[QListWidgetItem]:
        return [self.items.item(number) for number in range(self.items.count())]

    def _add(self, row: Row, place: int) -> None:
        item = QListWidgetItem()
        item.setData(ROW, row)
        _draw(item, row)
        self.items.insertItem(place, item)

    def _make_tool(self, name: str) -> QToolButton:
        icon_name, text = TOOLS[name]
        button = tool_button(f"profile_{name}", text, icon_name)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(_Wish(self, name))
        return button

    def _lay_out(self) -> None:
        label = QLabel(_("Connec&tions"))
        label.setBuddy(self.items)
        tools = QHBoxLayout()
        tools.setSpacing(2)
        for button in self.tools.values():
            tools.addWidget(button)
        tools.addStretch(1)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(label)
        box.addWidget(self.filter)
        box.addWidget(self.items, 1)
        box.addWidget(self._hint)
        box.addLayout(tools)


class _Wish:
    def __init__(self, shelf: ProfileList, name: str) -> None:
        self._shelf = shelf
        self._name = name

    def __call__(self, _checked: bool = False) -> None:
        self._shelf.tool_wanted.emit(self._name)


class _RowPainter(QStyledItemDelegate):
    """Two lines: the title with the mark of its colour, and the place."""

    def sizeHint(self, option: QStyleOptionViewItem, _index: Index) -> QSize:
        metrics: Any = option.fontMetrics
        return QSize(0, 2 * metrics.height() + 12)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row = index.data(ROW)
        shown: Any = QStyleOptionViewItem(option)
        self.initStyleOption(shown, index)
        shown.text, shown.icon = "", QIcon()
        shown.widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, shown, painter, shown.widget)
        chosen = bool(shown.state & QStyle.StateFlag.State_Selected)
        rect = shown.rect.adjusted(6, 4, -8, -4)
        self._paint_icons(painter, rect, row, chosen=chosen)
        texts = rect.adjusted(ICON.width() + 8, 0, -18, 0)
        roles = QPalette.ColorRole
        painter.save()
        for font, role, text, top in (
            (_bold(shown.font), roles.WindowText, row.title + (" •" if row.is_unsaved else ""), True),
            (shown.font, roles.PlaceholderText, row.place, False),
        ):
            half = QRect(texts.x(), texts.y() + (0 if top else texts.height() // 2), texts.width(), texts.height() // 2)
            painter.setFont(font)
            painter.setPen(shown.palette.color(roles.HighlightedText if chosen else role))
            cut = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, half.width())
            painter.drawText(half, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, cut)
        painter.restore()

    @staticmethod
    def _paint_icons(painter: QPainter, rect: QRect, row: Row, *, chosen: bool) -> None:
        kind = icon("warning") if row.damaged is not None else kind_icon(row.current.profile)
        place = QRect(rect.x(), rect.center().y() - ICON.height() // 2, ICON.width(), ICON.height())
        kind.paint(painter, place, mode=QIcon.Mode.Selected if chosen else QIcon.Mode.Normal)
        mark = QRectF(rect.right() - 11, rect.y() + 3, 11, 11)
        draw_mark(painter, mark, row.current.profile.colour)


def _bold(font: QFont) -> QFont:
    made = QFont(font)
    made.setBold(True)
    return made


def _draw(item: QListWidgetItem, row: Row) -> None:
    item.setText(row.title)
    item.setToolTip(f"{row.title}\n{row.place}")
    item.setData(Qt.ItemDataRole.AccessibleTextRole, row.told)


def _row_of(item: QListWidgetItem | None) -> Row | None:
    return item.data(ROW) if item is not None else None
