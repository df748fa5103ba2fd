"""The history of a schema as a table: every revision, the newest first, and which of them the catalogue has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem

from desk.i18n import _
from desk.panels.parts import named

if TYPE_CHECKING:
    from desk.operations.migrating import SchemaReport, UpgradePlan

BASE = "base"
PENDING, CURRENT, APPLIED = "pending", "current", "applied"
STATES: dict[str, str] = {
    PENDING: _("○  to be applied"),
    CURRENT: _("▶  the catalogue is here"),
    APPLIED: _("✓  applied"),
}
"""What a line of the history says of its revision: a sign and words, never a colour alone."""
OURS = ("current", "older", "empty")
"""The states of a schema whose revisions this Desk knows."""


def kind_of(plan: UpgradePlan, revision: str) -> str:
    """PENDING, CURRENT or APPLIED; BASE is where an empty database is, and below every other."""
    if revision == (plan.current or BASE):
        return CURRENT
    return PENDING if revision in {one.id for one in plan.pending} else APPLIED


class MigrationHistory(QTableWidget):
    """Shows the revisions of a SchemaReport, and none where the schema is not one that this Desk knows."""

    def __init__(self) -> None:
        super().__init__(0, 3)
        named(self, "migrations_history", _("Revisions, the newest first"))
        self.setHorizontalHeaderLabels([_("Revision"), _("What it does"), _("State")])
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        self.verticalHeader().hide()
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setMinimumHeight(110)

    @property
    def chosen(self) -> str:
        """The revision of the chosen line; '' for none."""
        item = self.item(self.currentRow(), 0)
        return str(item.data(Qt.ItemDataRole.UserRole)) if item is not None else ""

    def show_report(self, report: SchemaReport) -> None:
        """Shows all revisions, and chooses the newest one where it is to be applied, else the catalogue's."""
        plan = report.plan
        lines = [(one.id, one.summary) for one in report.history] if plan.state.value in OURS else []
        if lines:
            lines.append((BASE, _("No schema: nothing of Desk is in the database.")))
        kinds = [kind_of(plan, revision) for revision, _summary in lines]
        self.setRowCount(len(lines))
        for row, ((revision, summary), kind) in enumerate(zip(lines, kinds, strict=True)):
            state = _("–") if (revision, kind) == (BASE, APPLIED) else STATES[kind]
            for column, text in enumerate((revision, summary, state)):
                self.setItem(row, column, _item(revision, text, is_bold=kind == CURRENT))
        if lines:
            self.setCurrentCell(0 if kinds[0] == PENDING else kinds.index(CURRENT), 0)
        self.resizeRowsToContents()


def _item(revision: str, text: str, *, is_bold: bool) -> QTableWidgetItem:
    item = QTableWidgetItem(text)
    item.setData(Qt.ItemDataRole.UserRole, revision)
    item.setToolTip(text)
    font = item.font()
    font.setBold(is_bold)
    item.setFont(font)
    return item
