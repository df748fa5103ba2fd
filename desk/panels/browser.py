"""The browser of one table: search box, filter chips and grid, wired to the workers.

Invariant: typed text is never touched when data arrives; each kind of request has its channel, where the latest wins.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QMenu, QVBoxLayout, QWidget

from desk.catalog import values
from desk.catalog.criteria import Criteria, Filter, Op
from desk.catalog.paging import MARK_EVERY, Mark, Page, PageRequest
from desk.errors import ActionCancelled, DeskError, InvalidInput
from desk.i18n import _
from desk.panels.filter_bar import FilterBar
from desk.panels.parts import ProblemBar, named
from desk.panels.selected_rows import SelectedRows
from desk.panels.troubles import Troubles
from desk.tables.grid import Grid
from desk.tables.look import icon
from desk.tables.record_table import RecordTable
from desk.work import door

if TYPE_CHECKING:
    from desk.catalog.columns import TableDescription
    from desk.catalog.edits import RecordKey
    from desk.panels.context import Context

TYPING_PAUSE_MS = 180
MARK_STEPS = 20


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
        self._loaded = False
        self._followed: RecordKey | None = None
        self._announced: RecordKey | None = None
        """The record that was last told to be the current one."""
        self._owes_record = False
        """Whether the current row was chosen before its record was here."""
        self.table = RecordTable(description, context.edits, self)
        self.grid = named(Grid(self.table), f"{description.name}_grid", description.title)
        self.search = self._make_search()
        self.chosen = SelectedRows(self.grid, context)
        self.filters = FilterBar(description)
        self.problems = ProblemBar(f"{description.name}_problem")
        self._notice = named(QLabel(self.grid), f"{description.name}_notice", _("Notice"))
        self._notice.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._notice.setWordWrap(True)
        self._typing = QTimer(self, singleShot=True, interval=TYPING_PAUSE_MS)
        self.troubles = Troubles(self, self.problems, context)
        self._lay_out()
        self._connect()

    @property
    def criteria(self) -> Criteria:
        return self.table.criteria

    @property
    def is_loaded(self) -> bool:
        """Whether the first page of the current view is here."""
        return self._loaded

    @property
    def current_key(self) -> RecordKey | None:
        row = self.grid.current_row
        return self.table.key_at(row) if row >= 0 else None

    def show_view(self, criteria: Criteria) -> None:
        """Starts a view: first page, then the total, then the marks. What ran for the last view is cancelled."""
        self.troubles.end()
        self._begin(criteria)

    def forget(self) -> None:
        """Another catalogue is open: nothing that is here belongs to it."""
        self.troubles.end()
        self._loaded = False
        self._followed = self._announced = None
        self._cancel_channels()
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
        row = self.table.row_of(key)
        if row is None:
            return False
        index = self.table.index(row, max(0, self.grid.currentIndex().column()))
        self.grid.go_to(index)
        return True

    def follow(self, key: RecordKey) -> None:
        """Makes a record the current row once it is loaded; until then no row is."""
        self._followed = key
        self.grid.go_to(QModelIndex())

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

    # Qt

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.grid.viewport() and event.type() == QEvent.Type.Resize:
            self._notice.setGeometry(self.grid.viewport().geometry())
        return super().eventFilter(watched, event)

    # Slots

    @Slot()
    def _load_again(self) -> None:
        if not self._loaded:
            self._begin(self.criteria)
            return
        self._cancel_channels()  # what is under way was asked before the reason to load again
        self.table.reload()
        if not self.table.rowCount():
            self._load(self.table.request_for(0))
        self._count()

    @Slot(object)
    def _load(self, request: PageRequest) -> None:
        if self._context.catalogue is None:
            return
        self._context.runner.submit(
            _("Load {table}").format(table=self.description.title),
            door.load_page,
            channel=self._channel(f"page{request.lane}"),
            done=self._on_page,
            failed=partial(self._on_page_failed, request),
            arguments={"sessions": self._context.sessions, "request": request},
        )

    def _count(self) -> None:
        if self._context.catalogue is None:
            return
        self._context.runner.submit(
            _("Count {table}").format(table=self.description.title),
            door.count_rows,
            channel=self._channel("count"),
            done=partial(self._on_counted, self.criteria),
            failed=self._on_failed,
            arguments={"sessions": self._context.sessions, "criteria": self.criteria},
        )

    def _on_page(self, page: Page) -> None:
        self.troubles.passed()
        self.table.place_page(page)
        if self._followed is not None and self.select(self._followed):
            self._followed = None
        if not self._loaded:
            self._loaded = True
            self._show_notice()
            if self.table.rowCount() and self.grid.current_row < 0:
                self.grid.setCurrentIndex(self.table.index(0, 0))
            self.first_page_shown.emit()
            QTimer.singleShot(0, self, self._count)  # once the rows are painted: a count may take long
        else:
            self._show_notice()
        self._keep_current()
        self.view_changed.emit()

    def _keep_current(self) -> None:
        """Stays on the same record when rows moved; where it is gone or out of sight, the current row's is taken."""
        now = self.current_key
        if now is None or now == self._announced or self.grid.editor is not None:
            return
        if self._owes_record or self._announced is None or not self.select(self._announced):
            self._on_current_row_changed(self.grid.current_row)

    def _on_page_failed(self, request: PageRequest, error: BaseException) -> None:
        self.table.page_failed(request)
        self._on_failed(error)

    def _on_counted(self, criteria: Criteria, total: int) -> None:
        self.table.place_total(criteria, total)
        self._show_notice()
        self.view_changed.emit()
        if total > 2 * MARK_EVERY:
            self._walk(criteria, None)

    def _walk(self, criteria: Criteria, mark: Mark | None) -> None:
        """The background walk that learns the marks of a view, a few steps an action."""
        self._context.runner.submit(
            _("Learn the order of {table}").format(table=self.description.title),
            door.walk_marks,
            channel=self._channel("marks"),
            done=partial(self._on_walked, criteria),
            failed=self._on_failed,
            arguments={
                "sessions": self._context.sessions,
                "criteria": criteria,
                "mark": mark,
                "steps": MARK_STEPS,
                "every": MARK_EVERY,
            },
        )

    def _on_walked(self, criteria: Criteria, marks: tuple[Mark, ...]) -> None:
        self.table.place_marks(criteria, marks)
        if len(marks) == MARK_STEPS and criteria == self.criteria:
            self._walk(criteria, marks[-1])

    def _on_failed(self, error: BaseException) -> None:
        if isinstance(error, ActionCancelled):
            self._tell(_("Cancelled. Press F5 to load again.") if not self._loaded else "")
            return
        if not isinstance(error, DeskError):
            self._context.runner.action_failed.emit(error)
            return
        self._tell("")
        self.troubles.tell(error)

    @Slot()
    def _on_typed(self) -> None:
        self._typing.stop()
        text = self.search.text()
        if self._context.catalogue is None or text == self.criteria.search:
            return
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

    @Slot(int)
    def _on_current_row_changed(self, row: int) -> None:
        key = self.table.key_at(row) if row >= 0 else None
        self._owes_record = row >= 0 and key is None
        if row >= 0:
            self._followed = None
            self._announced = key
        self.record_selected.emit(key)
        self.view_changed.emit()

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

    # Helpers

    def _begin(self, criteria: Criteria) -> None:
        self._loaded = False
        self._followed = None
        self._cancel_channels()
        self.table.show_view(criteria)
        self.filters.show_criteria(criteria)
        self._tell(_("Loading …"))
        self._load(self.table.request_for(0))
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
        column.addWidget(self.grid, 1)

    def _connect(self) -> None:
        self.table.page_wanted.connect(self._load)
        self.table.refused.connect(self._context.message_wanted)
        self.grid.cells.refused.connect(self._context.message_wanted)
        self.grid.cells.authors_wanted.connect(self._context.find_authors)
        self.grid.sort_wanted.connect(self._on_sort_wanted)
        self.grid.current_row_changed.connect(self._on_current_row_changed)
        self.grid.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.grid.customContextMenuRequested.connect(self._on_menu_wanted)
        self.grid.viewport().installEventFilter(self)
        self.filters.filters_wanted.connect(self._on_filters_wanted)
        self.search.textEdited.connect(self._typing.start)
        self.search.textChanged.connect(self._on_text_changed)
        self.search.returnPressed.connect(self._on_typed)
        self._typing.timeout.connect(self._on_typed)
        self.problems.retry_wanted.connect(self.refresh)
        self.troubles.again_wanted.connect(self._load_again)

    @Slot(str)
    def _on_text_changed(self, text: str) -> None:
        if not text:  # the clear button does not count as typing
            self._typing.start()

    def _show_filtered(self, one: Filter) -> None:
        self._on_filters_wanted(self.criteria.with_filter(one))

    def _channel(self, kind: str) -> str:
        return f"{self.description.name}-{kind}-{id(self)}"

    def _cancel_channels(self) -> None:
        for kind in ("page0", "page1", "count", "marks"):
            self._context.runner.cancel_channel(self._channel(kind))

    def _show_notice(self) -> None:
        if self.table.rowCount():
            self._tell("")
        elif self.criteria.narrows:
            self._tell(_("Nothing matches. Remove a filter or change the search."))
        else:
            self._tell(_("There is nothing here yet. Add a {one} with Ctrl+N.").format(one=self.description.one))

    def _tell(self, text: str) -> None:
        self._notice.setText(text)
        self._notice.setVisible(bool(text))
