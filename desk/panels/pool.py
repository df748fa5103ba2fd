"""The pool panel: numbers, time line and holders of the connection pool, live. It never borrows a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from desk.i18n import _
from desk.panels.parts import dim, named, styled
from desk.panels.timeline import Timeline

if TYPE_CHECKING:
    from desk.catalog.snapshots import PoolSnapshot
    from desk.tables.look import Look

HIGH_USE = 0.8
"""From this share of the limit the panel warns."""

NUMBERS: tuple[tuple[str, str, str], ...] = (
    ("size", _("Size"), _("Connections that are kept open")),
    ("checked_out", _("Checked out"), _("Connections that an action has now")),
    ("idle", _("Idle"), _("Open connections that wait for an action")),
    ("overflow", _("Overflow"), _("Connections beyond the size that exist now")),
    ("waiting", _("Waiting"), _("Actions that wait for a connection")),
    ("opened", _("Opened"), _("Connections opened since the catalogue was opened")),
    ("closed", _("Closed"), _("Connections closed since the catalogue was opened")),
    ("timeouts", _("Time-outs"), _("Actions that got no connection in time")),
)
STATEMENT_SHOWN = 400
"""Characters of a statement that are drawn."""
HOLDER_COLUMNS = (_("Action"), _("Thread"), _("Age"), _("Last statement"))


class PoolPanel(QWidget):
    """Shows PoolSnapshots."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("pool_panel")
        self.numbers = {name: self._make_number(name, caption) for name, caption, _tip in NUMBERS}
        self.alert = named(QLabel(), "pool_alert", _("Use of the pool"))
        self.status = named(QLabel(), "pool_status", "pool.status()")
        self.status.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        dim(self.status)
        self.timeline = Timeline()
        self.holders = self._make_holders()
        self._told: dict[QLabel, str] = {}
        self._high: bool | None = None
        self._lay_out()

    @Slot(object)
    def show_pool(self, snapshot: PoolSnapshot) -> None:
        """Shows a state of the pool; only what differs from the last one is touched."""
        self.timeline.add(snapshot)
        for name, label in self.numbers.items():
            self._tell(label, str(getattr(snapshot, name)))
        self._tell(self.status, snapshot.status)
        self._show_use(snapshot)
        self._show_holders(snapshot)

    def _tell(self, label: QLabel, text: str) -> None:
        if self._told.get(label) != text:
            self._told[label] = text
            label.setText(text)

    def _show_use(self, snapshot: PoolSnapshot) -> None:
        share = round(snapshot.use * 100)
        high = snapshot.use >= HIGH_USE
        text = (
            _("High use: {out} of {limit} connections are out ({share} %)")
            if high
            else _("{out} of {limit} connections out ({share} %)")
        )
        self._tell(self.alert, text.format(out=snapshot.checked_out, limit=snapshot.limit, share=share))
        if high != self._high:
            self._high = high
            styled(self.alert, _alert_style if high else _calm_style)

    def _show_holders(self, snapshot: PoolSnapshot) -> None:
        if self.holders.rowCount() != len(snapshot.holders):
            self.holders.setRowCount(len(snapshot.holders))
        for row, holder in enumerate(snapshot.holders):
            texts = (
                f"{holder.action} #{holder.number}" if holder.action else "–",
                holder.thread,
                f"{holder.age * 1000:,.0f} ms",
                " ".join(holder.statement[:STATEMENT_SHOWN].split()) or "–",
            )
            for column, text in enumerate(texts):
                item = self.holders.item(row, column)
                if item is None:
                    self.holders.setItem(row, column, QTableWidgetItem(text))
                else:
                    item.setText(text)

    def _make_number(self, name: str, caption: str) -> QLabel:
        label = named(QLabel("–"), f"pool_{name}", caption)
        font = QFont(label.font())
        font.setPointSizeF(font.pointSizeF() * 1.35)
        label.setFont(font)
        return label

    def _make_holders(self) -> QTableWidget:
        table = named(QTableWidget(0, len(HOLDER_COLUMNS)), "pool_holders", _("Who holds a connection"))
        table.setHorizontalHeaderLabels(list(HOLDER_COLUMNS))
        table.verticalHeader().hide()
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        table.setShowGrid(False)
        table.setMinimumHeight(54)
        header = table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        header.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.setColumnWidth(0, 150)
        table.setColumnWidth(1, 100)
        table.setColumnWidth(2, 70)
        return table

    def _lay_out(self) -> None:
        tiles = QGridLayout()
        tiles.setHorizontalSpacing(18)
        tiles.setVerticalSpacing(0)
        for place, (name, caption, tip) in enumerate(NUMBERS):
            row, column = divmod(place, 4)
            title = QLabel(caption)
            dim(title)
            title.setToolTip(tip)
            self.numbers[name].setToolTip(tip)
            tiles.addWidget(title, 2 * row, column)
            tiles.addWidget(self.numbers[name], 2 * row + 1, column)
        left = QVBoxLayout()
        left.addLayout(tiles)
        left.addWidget(self.alert)
        left.addStretch(1)
        right = QVBoxLayout()
        right.addWidget(self.timeline, 1)
        right.addWidget(self.holders, 1)
        both = QHBoxLayout()
        both.setSpacing(16)
        both.addLayout(left, 2)
        both.addLayout(right, 5)
        box = QVBoxLayout(self)
        box.setContentsMargins(8, 6, 8, 6)
        box.setSpacing(4)
        box.addLayout(both, 1)
        box.addWidget(self.status)


def _alert_style(colours: Look) -> str:
    return f"color: {colours.warn}; font-weight: bold;"


def _calm_style(colours: Look) -> str:
    return f"color: {colours.dim};"
