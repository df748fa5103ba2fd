"""The browser of one table: search box, filter chips and grid, and what is wished of them.

Invariant: typed text is never touched when data arrives, and rows stay in sight until others take their place.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QVBoxLayout, QWidget

from desk.catalog import values
from desk.catalog.criteria import Criteria, Filter, Op
from desk.errors import ActionCancelled, DeskError, InvalidInput
from desk.i18n import _
from desk.panels.after_commit import AfterCommit
from desk.panels.current_record import CurrentRecord
from desk.panels.filter_bar import FilterBar
from desk.panels.jumping import Jumping
from desk.panels.notices import AdviceBar, Notice
from desk.panels.parts import ProblemBar, named
from desk.panels.selected_rows import SelectedRows
from desk.panels.troubles import Troubles
from desk.panels.view_loading import ViewLoading
from desk.tables.edit_attempts import EditAttempts
from desk.tables.grid import Grid
from desk.tables.look import icon
from desk.tables.record_table import RecordTable

if TYPE_CHECKING:
    from desk.catalog.columns import TableDescription
    from desk.catalog.edits import RecordKey
    from desk.catalog.paging import ViewStart
    from desk.panels.context import Context

TYPING_PAUSE_MS = 20
"""A letter after a pause is looked for at once; what is typed faster than that, as by a held key, together."""


class Browser(QWidget):
    """Shows one table. `record_selected` carries the RecordKey of the current row, or None; `view_changed` tells that
    position, total or criteria changed; `first_page_shown` that rows of a view are there."""

    record_selected = Signal(object)
    view_changed = Signal()
    first_page_shown = Signal()

    def __init__(self, description: TableDescription, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.description = description
        self.setObjectName(f"{description.name}_browser")
        self._context = context
        self.table = RecordTable(description, context.edits, self)
        self.table.tell_of(context.elsewhere)
        self.grid = named(Grid(self.table), f"{description.name}_grid", description.title)
        self.attempts = EditAttempts(self.grid)
        self.loading = ViewLoading(self.table, context, description.name)
        self.current = CurrentRecord(self.grid)
        self.jumping = Jumping(self.grid, self.current, context)
        self.after_commit = AfterCommit(self.grid, self.loading, self.current, context)
        self.search = self._make_search()
        self.chosen = SelectedRows(self.grid, context)
        self.filters = FilterBar(description)
        self.problems = ProblemBar(f"{description.name}_problem")
        self.advice = AdviceBar(f"{description.name}_advice")
        self.notice = Notice(self.grid)
        self._cost = self._cap = ""
        """What the view costs, and what of it cannot be shown, for a person."""
        self._typing = QTimer(self, singleShot=True, interval=TYPING_PAUSE_MS)
        self.troubles = Troubles(self, self.problems, context)
        self._lay_out()
        self._connect()

    @property
    def criteria(self) -> Criteria:
        """The view that is wanted; until its rows are here, those of the one before are shown."""
        return self.loading.criteria

    @property
    def is_loaded(self) -> bool:
        """Whether the first page of the wanted view is here."""
        return self.loading.is_open

    @property
    def current_key(self) -> RecordKey | None:
        return self.current.key

    def show_view(self, criteria: Criteria) -> None:
        """Starts a view: first page and estimate, then the marks. What ran for the last view is cancelled."""
        self.troubles.end()
        self._begin(criteria)

    def forget(self) -> None:
        """Another catalogue is open: nothing that is here belongs to it."""
        self.troubles.end()
        self.loading.forget()
        self.current.forget()
        self.after_commit.forget()
        self._cost = ""
        self._show_advice()
        self.table.show_view(self.criteria)

    @Slot()
    def refresh(self) -> None:
        """Loads the view again in its place."""
        if self._context.catalogue is None:
            return
        self.troubles.end()
        self._load_again()

    def select(self, key: RecordKey) -> bool:
        """Makes a loaded record the current row; answers whether it is loaded."""
        return self.current.select(key)

    def reach(self, key: RecordKey) -> None:
        """Makes a record the current row wherever in the view it is; one that is not loaded is looked for."""
        if not self.select(key) and self.is_loaded and key.id > 0:
            self.jumping.look_for(key)

    def go_to_position(self, position: int) -> None:
        """Makes the row at a place of the view the current one, or the last row where there are fewer."""
        self.jumping.go_to_position(position)

    def filter_by_current_cell(self) -> None:
        """Adds the filter "like this cell"."""
        index = self.grid.currentIndex()
        if not index.isValid():
            return
        column = self.table.columns[index.column()]
        value = self.table.value_at(index.row(), column)
        if value is None and Op.EMPTY in column.filters:
            self._show_filtered(Filter(column.name, Op.EMPTY))
        elif value is not None and Op.EQUALS in column.filters:
            self._show_filtered(Filter(column.name, Op.EQUALS, value))

    # Slots

    @Slot()
    def _load_again(self) -> None:
        if not self.is_loaded:
            self._begin(self.criteria)
        else:
            self.after_commit.reload()

    @Slot(object)
    def _on_opened(self, start: ViewStart) -> None:
        self.troubles.passed()
        self.grid.scrollToTop()
        self._show_notice()
        self._cost = start.cost
        self._show_advice()
        self.current.keep()
        if self.table.rowCount() and self.grid.current_row < 0:
            self.grid.setCurrentIndex(self.table.index(0, 0))
        self.first_page_shown.emit()
        self.view_changed.emit()

    @Slot()
    def _on_rows_placed(self) -> None:
        if self.is_loaded:  # else what is told is of a view that has not come
            self.troubles.passed()
            self._show_notice()
        self.current.keep()
        self.view_changed.emit()

    @Slot()
    def _on_total_changed(self) -> None:
        if self.is_loaded:
            self._show_notice()
        self.view_changed.emit()

    @Slot(str)
    def _on_cap_changed(self, cap: str) -> None:
        self._cap = cap
        self._show_advice()

    @Slot()
    def _on_given_up(self) -> None:
        """What was wanted is not what is shown: the chips say so, the typed text stays."""
        self.filters.show_criteria(self.criteria)
        self._show_notice()
        self._context.message_wanted.emit(_("Cancelled: the view is as it was before."))
        self.view_changed.emit()

    @Slot(object)
    def _on_failed(self, error: BaseException) -> None:
        if isinstance(error, ActionCancelled):
            self.notice.tell(_("Cancelled. Press F5 to load again."))
        elif isinstance(error, DeskError):
            self.notice.tell("")
            self.troubles.tell(error)
        else:
            self._context.runner.action_failed.emit(error)

    @Slot()
    def _on_typed(self) -> None:
        if not self._typing.isActive():
            self._search()

    @Slot()
    def _search(self) -> None:
        """Shows the view of the text that was typed, unless it is the one that is wanted already."""
        text = self.search.text()
        if self._context.catalogue is None or text == self.criteria.search:
            return
        self._typing.start()
        try:
            self.show_view(replace(self.criteria, search=values.parse_text(text)))
        except InvalidInput as problem:
            self._context.message_wanted.emit(str(problem))

    @Slot(str, bool)
    def _on_sort_wanted(self, column: str, add: bool) -> None:
        current = self.criteria
        if not current.sorts:
            current = replace(current, sorts=(self.description.default_sort,))
        if self._context.catalogue is not None:
            self.show_view(current.sorted_by(column, add=add))

    @Slot(object)
    def _on_filters_wanted(self, criteria: Criteria) -> None:
        if self._context.catalogue is not None:
            self.show_view(replace(criteria, search=self.search.text(), sorts=self.criteria.sorts))

    @Slot()
    def _on_way_out_wanted(self) -> None:
        self.show_view(replace(self.criteria, sorts=self.criteria.sorts[:1]))

    @Slot(QPoint)
    def _on_menu_wanted(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addActions(self.grid.actions())
        index = self.grid.currentIndex()
        if index.isValid() and {Op.EQUALS, Op.EMPTY} & set(self.table.columns[index.column()].filters):
            menu.addSeparator()
            menu.addAction(icon("filter"), _("Filter by this value")).triggered.connect(self.filter_by_current_cell)
        menu.popup(self.grid.viewport().mapToGlobal(at))

    @Slot(str)
    def _on_text_changed(self, text: str) -> None:
        if not text:  # the clear button does not count as typing
            self._typing.start()

    # Helpers

    def _begin(self, criteria: Criteria) -> None:
        if self._context.catalogue is None:
            return
        self.current.end_following()
        self.filters.show_criteria(criteria)
        self.notice.tell_soon(_("Loading … Ctrl+. cancels."))
        self.loading.open(criteria)
        self.view_changed.emit()

    def _make_search(self) -> QLineEdit:
        search = named(QLineEdit(), f"{self.description.name}_search", self.description.search_hint)
        search.setPlaceholderText(self.description.search_hint)
        search.setClearButtonEnabled(True)
        search.addAction(icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        search.setMaximumWidth(420)
        search.setMinimumWidth(200)
        return search

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(8, 8, 8, 6)
        top.setSpacing(8)
        top.addWidget(self.search, 2)
        top.addWidget(self.filters, 3)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(self.problems)
        column.addWidget(self.advice)
        column.addWidget(self.grid, 1)

    def _connect(self) -> None:
        self.table.refused.connect(self._context.message_wanted)
        self.table.total_changed.connect(self._on_total_changed)
        self.table.cap_changed.connect(self._on_cap_changed)
        self.grid.cells.refused.connect(self._context.message_wanted)
        self.attempts.refused.connect(self._context.message_wanted)
        self.grid.cells.authors_wanted.connect(self._context.find_authors)
        self.grid.sort_wanted.connect(self._on_sort_wanted)
        self.grid.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.grid.customContextMenuRequested.connect(self._on_menu_wanted)
        self.current.selected.connect(self.record_selected)
        self.current.selected.connect(self.view_changed)
        self.loading.opened.connect(self._on_opened)
        self.loading.page_placed.connect(self._on_rows_placed)
        self.loading.given_up.connect(self._on_given_up)
        self.loading.failed.connect(self._on_failed)
        self.after_commit.placed.connect(self._on_rows_placed)
        self.filters.filters_wanted.connect(self._on_filters_wanted)
        self.search.textEdited.connect(self._on_typed)
        self.search.textChanged.connect(self._on_text_changed)
        self.search.returnPressed.connect(self._search)
        self._typing.timeout.connect(self._search)
        self.problems.retry_wanted.connect(self.refresh)
        self.advice.way_out_wanted.connect(self._on_way_out_wanted)
        self.troubles.again_wanted.connect(self._load_again)

    def _show_filtered(self, one: Filter) -> None:
        self._on_filters_wanted(self.criteria.with_filter(one))

    def _show_advice(self) -> None:
        """What the view costs, with the way back to an order that costs nothing, or else what of it cannot be shown."""
        sorts = self.criteria.sorts
        if self._cost and len(sorts) > 1:
            first = self.description.column(sorts[0].column).header
            self.advice.tell(self._cost, _("Sort by {column} only").format(column=first))
        else:
            self.advice.tell(self._cost or self._cap)

    def _show_notice(self) -> None:
        if self.table.rowCount():
            self.notice.tell("")
        elif self.criteria.narrows:
            self.notice.tell(_("Nothing matches. Remove a filter or change the search."))
        else:
            self.notice.tell(_("There is nothing here yet. Add a {one} with Ctrl+N.").format(one=self.description.one))
