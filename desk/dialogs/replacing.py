"""Find and replace over one column of a view: what would change is seen before, and can be chosen one by one.

Invariant: it replaces what was seen and nothing else; a cell that holds something else meanwhile is left and told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from desk.catalog.columns import TABLES
from desk.catalog.edits import EditKind, RecordKey, same
from desk.catalog.replacements import Pending, Replacing
from desk.dialogs.export_words import criteria_lines
from desk.i18n import _, ngettext
from desk.panels.parts import ProblemBar, dim, named, styled
from desk.tables.edit_stack import Original
from desk.tables.hit_table import HitTable
from desk.tables.record_table import original_of
from desk.work import door
from desk.work.long_job import LongJob, words_for

if TYPE_CHECKING:
    from desk.catalog.columns import Column
    from desk.catalog.criteria import Criteria
    from desk.catalog.replacements import Found, Hit
    from desk.panels.context import Context
    from desk.tables.look import Look

STEP_TEXT = 30
"""Characters of a text that a step's name shows."""


class ReplaceDialog(QDialog):
    """Works on the view that was in front when it was made."""

    def __init__(
        self, context: Context, criteria: Criteria, column: Column | None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._catalogue = context.catalogue
        self._criteria = criteria
        self._description = TABLES[criteria.table]
        self._columns = [one for one in self._description.editable if one.rules.type is str]
        self._looked_for: dict[str, Any] = {}
        """What the list was found with; empty while there is none."""
        self._is_capped = False
        self._job = LongJob(context.runner, self)
        self._job.progressed.connect(self._on_progressed)
        self._job.ended.connect(self._on_found)
        self._job.failed.connect(self._on_failed)
        self.setObjectName("replace_dialog")
        self.setWindowTitle(_("Find and replace in {table}").format(table=self._description.title.lower()))
        self.setModal(False)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._make_parts()
        self._lay_out()
        self._connect()
        if column is not None and column in self._columns:
            self.column_box.setCurrentIndex(self._columns.index(column))
        self._show_state()
        self.text.setFocus()

    @property
    def column(self) -> Column:
        return self._columns[self.column_box.currentIndex()]

    @Slot()
    def look_for(self) -> None:
        """Has a worker look for the text; the list shows what would change."""
        if not self.text.text() or self._job.is_running:
            return
        if self._context.catalogue is not self._catalogue:
            self.problems.tell(_("Another catalogue is open now: this view was of the one before."), retry=False)
            return
        self.problems.hide()
        self._forget()
        self._started_with = self._wanted()
        self.counts.setText(_("Looking …"))
        self._job.start(
            _("Find to replace"),
            door.find_to_replace,
            {
                "sessions": self._context.sessions,
                "criteria": self._criteria,
                "column": self.column.name,
                "replacing": self._replacing(),
                "pending": self._pending(),
            },
            tells=True,
        )
        self._show_state()

    @Slot()
    def replace(self) -> None:
        """Makes the checked changes pending as one step; a cell that changed meanwhile is left as it is."""
        if not self._context.can_edit or self._context.catalogue is not self._catalogue:
            self.problems.tell(_("Nothing can be changed now; nothing was replaced."), retry=False)
            return
        hits = self.hits.checked
        name = str(self._looked_for["column"])
        changes = [(self._original(hit, name), name, hit.after) for hit in hits if self._is_as_seen(hit, name)]
        left = len(hits) - len(changes)
        if changes:
            self._context.edits.set_fields(changes, self._step_words(len(changes)))
        told = ngettext("Replaced in {count:,} cell: pending.", "Replaced in {count:,} cells: pending.", len(changes))
        told = told.format(count=len(changes))
        if left:
            words = ngettext(
                "{count:,} cell changed meanwhile and was left as it is.",
                "{count:,} cells changed meanwhile and were left as they are.",
                left,
            )
            told += " " + words.format(count=left)
        self._forget()
        self.counts.setText(told)
        self._context.message_wanted.emit(told)
        self._show_state()

    # Qt

    def reject(self) -> None:
        """Escape and the window's cross: looking is cancelled first."""
        if self._job.is_running:
            self._job.cancel()
        else:
            super().reject()

    # Slots

    @Slot(object)
    def _on_progressed(self, read: int) -> None:
        self.counts.setText(_("Looked at {count:,} values …").format(count=read))

    @Slot(object)
    def _on_found(self, found: Found) -> None:
        self._looked_for = self._started_with
        self._is_capped = found.is_capped
        self.hits.show_hits(found.hits, [self._label(hit) for hit in found.hits], str(self._looked_for["column"]))
        self._show_state()

    @Slot(object)
    def _on_failed(self, error: BaseException) -> None:
        self.counts.setText("")
        self.problems.tell(words_for(error, _("Cancelled. Nothing was changed.")), retry=False)
        self._show_state()

    @Slot()
    def _on_wish_changed(self) -> None:
        """A list that was found with other words says nothing any more."""
        if self._looked_for and self._looked_for != self._wanted():
            self._forget()
            self.counts.setText("")
        self._show_state()

    @Slot()
    def _show_state(self) -> None:
        """What can be done now, and how many cells it is about."""
        running, count, all_hits = self._job.is_running, len(self.hits.checked), self.hits.rowCount()
        for part in (self.column_box, self.text, self.by, self.whole, self.ignores_case):
            part.setEnabled(not running)
        self.look.setEnabled(not running and bool(self.text.text()))
        self.do.setEnabled(not running and count > 0)
        self.do.setText(
            ngettext("&Replace in {count:,} cell", "&Replace in {count:,} cells", count).format(count=count)
        )
        self.look.setDefault(not count)
        self.do.setDefault(bool(count))
        for button in (self.all, self.none):
            button.setEnabled(all_hits > 0 and not running)
        if self._looked_for and not running:
            self.counts.setText(self._found_words(all_hits))

    # Helpers

    def _found_words(self, count: int) -> str:
        if self._is_capped:
            return _(
                "More than {count:,} cells hold this; the first {count:,} are listed. Replace them and look "
                "again, or filter the view."
            ).format(count=count)
        if not count:
            return _("No cell of this column holds the text. Nothing to replace.")
        return ngettext("{count:,} cell holds the text.", "{count:,} cells hold the text.", count).format(count=count)

    def _step_words(self, count: int) -> str:
        text = str(self._looked_for["find"])
        short = text if len(text) <= STEP_TEXT else text[: STEP_TEXT - 1] + "…"
        words = ngettext("Replace “{text}” in {count:,} {field}", "Replace “{text}” in {count:,} × {field}", count)
        return words.format(text=short, count=count, field=self._description.column(self._looked_for["column"]).header)

    def _wanted(self) -> dict[str, Any]:
        """What stands in the fields."""
        return {
            "column": self.column.name,
            "find": self.text.text(),
            "replace": self.by.text(),
            "whole": self.whole.isChecked(),
            "ignores_case": self.ignores_case.isChecked(),
        }

    def _replacing(self) -> Replacing:
        wanted = self._wanted()
        del wanted["column"]
        return Replacing(**wanted)

    def _pending(self) -> Pending:
        """What is pending in the column."""
        edits = [edit for edit in self._context.edits.edits() if edit.key.table == self._criteria.table]
        name = self.column.name
        values = {
            edit.key.id: edit.values[name] for edit in edits if edit.kind is not EditKind.DELETE and name in edit.values
        }
        return Pending(values, frozenset(edit.key.id for edit in edits if edit.kind is EditKind.DELETE))

    def _original(self, hit: Hit, name: str) -> Original:
        if hit.row is None:
            return Original(RecordKey(self._criteria.table, hit.id), 0, {}, self._label(hit))
        return original_of(self._description, hit.row, **{name: hit.stored})

    def _is_as_seen(self, hit: Hit, name: str) -> bool:
        """Whether a cell holds what the list shows, as far as edits of this window go: the commit looks at the rest."""
        edit = self._context.edits.get(RecordKey(self._criteria.table, hit.id))
        if edit is None:
            return hit.id > 0 and same(hit.before, hit.stored)
        if edit.kind is EditKind.DELETE:
            return False
        return same(edit.values.get(name, hit.stored), hit.before)

    def _label(self, hit: Hit) -> str:
        edit = self._context.edits.get(RecordKey(self._criteria.table, hit.id))
        if hit.row is not None:
            return str(getattr(hit.row, self._description.label)) or _("(empty)")
        return edit.label if edit is not None else ""

    def _forget(self) -> None:
        self._looked_for = {}
        self._is_capped = False
        self.hits.show_hits((), (), self.column.name)

    def _make_parts(self) -> None:
        self.problems = ProblemBar("replace_problem")
        self.what = QLabel("\n".join(criteria_lines(self._criteria)))
        self.what.setTextFormat(Qt.TextFormat.PlainText)
        self.what.setWordWrap(True)
        dim(self.what)
        self.column_box = named(QComboBox(), "replace_column", _("Column"))
        named(self.column_box.view(), "replace_columns", _("Columns"))
        self.column_box.addItems([column.header for column in self._columns])
        self.text = named(QLineEdit(), "replace_find", _("Find"))
        self.by = named(QLineEdit(), "replace_by", _("Replace by"))
        for line in (self.text, self.by):
            line.setMaxLength(2**31 - 1)
        self.whole = named(QCheckBox(_("&Whole value only")), "replace_whole", _("Whole value only"))
        self.ignores_case = named(QCheckBox(_("&Ignore case")), "replace_case", _("Ignore case"))
        self.hits = HitTable(self._description, self)
        self.list = named(QTableView(), "replace_hits", _("What would change"))
        self.list.setModel(self.hits)
        self.list.setWordWrap(False)
        self.list.setAlternatingRowColors(True)
        self.list.setTabKeyNavigation(False)
        self.list.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.list.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.list.verticalHeader().hide()
        styled(self.list, _boxes)
        self.counts = named(QLabel(), "replace_counts", _("How many cells"))
        self.counts.setWordWrap(True)
        self.look = named(QPushButton(_("&Find")), "replace_look", _("Find"))
        self.do = named(QPushButton(), "replace_do", _("Replace"))
        self.all = named(QPushButton(_("Check &all")), "replace_all", _("Check all"))
        self.none = named(QPushButton(_("Check &none")), "replace_none", _("Check none"))
        self.close_button = named(QPushButton(_("C&lose")), "replace_close", _("Close"))

    def _lay_out(self) -> None:
        options = QHBoxLayout()
        options.addWidget(self.whole)
        options.addWidget(self.ignores_case)
        options.addStretch(1)
        options.addWidget(self.look)
        form = QFormLayout()
        form.addRow(_("&Column"), self.column_box)
        form.addRow(_("Fin&d"), self.text)
        form.addRow(_("Replace &by"), self.by)
        form.addRow("", options)
        bottom = QHBoxLayout()
        for button in (self.all, self.none):
            bottom.addWidget(button)
        bottom.addStretch(1)
        for button in (self.do, self.close_button):
            bottom.addWidget(button)
        box = QVBoxLayout(self)
        box.setSpacing(8)
        box.addWidget(self.problems)
        box.addWidget(self.what)
        box.addLayout(form)
        box.addWidget(self.counts)
        box.addWidget(self.list, 1)
        box.addLayout(bottom)
        self.setMinimumSize(460, 420)
        self.resize(760, 560)

    def _connect(self) -> None:
        self.look.clicked.connect(self.look_for)
        self.do.clicked.connect(self.replace)
        self.close_button.clicked.connect(self.reject)
        self.all.clicked.connect(self._on_all)
        self.none.clicked.connect(self._on_none)
        self.hits.checked_changed.connect(self._show_state)
        self.column_box.currentIndexChanged.connect(self._on_wish_changed)
        for line in (self.text, self.by):
            line.textChanged.connect(self._on_wish_changed)
        for box in (self.whole, self.ignores_case):
            box.toggled.connect(self._on_wish_changed)

    @Slot()
    def _on_all(self) -> None:
        self.hits.check_all(checked=True)

    @Slot()
    def _on_none(self) -> None:
        self.hits.check_all(checked=False)


def _boxes(colours: Look) -> str:
    """Fusion draws the boxes of a list darker than the window: dark ones would vanish."""
    size = "width: 12px; height: 12px; border-radius: 2px;"
    return f"QTableView::indicator:unchecked {{ {size} border: 1px solid {colours.dim}; background: {colours.base}; }}"
