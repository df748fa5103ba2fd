"""The main window: lays the panels out and wires them to each other. It opens no database and runs no query."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDockWidget, QMainWindow, QMessageBox, QStackedWidget, QVBoxLayout, QWidget

from desk.catalog.columns import TABLES
from desk.catalog.criteria import Criteria
from desk.errors import ActionCancelled, DeskError
from desk.i18n import _
from desk.panels.browser import Browser
from desk.panels.context import Context
from desk.panels.details import DetailsPanel
from desk.panels.parts import ProblemBar
from desk.panels.pending_edits import PendingEditsPanel
from desk.panels.pool import PoolPanel
from desk.panels.side_bar import SideBar
from desk.window.commands import VIEW, Commands
from desk.window.status_line import StatusLine
from desk.window.unit_of_work import UnitOfWork
from desk.work import door
from desk.work.feeds import PoolFeed

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QCloseEvent

    from desk.catalog.edits import RecordKey
    from desk.operations.connect import OpenCatalogue

MESSAGE_MS = 8000


class MainWindow(QMainWindow):
    """One window is one connection.

    `catalogue_shown` tells that the first rows are there, `closed` that the window is gone and its workers ended.
    """

    catalogue_shown = Signal()
    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.setWindowTitle("Desk")
        self.resize(1280, 800)
        self.context = Context(self)
        self.feed = PoolFeed(self)
        self.side_bar = SideBar()
        self.browsers = {name: Browser(table, self.context) for name, table in TABLES.items()}
        self.details = DetailsPanel(self.context)
        self.pending = PendingEditsPanel(self.context)
        self.pool = PoolPanel()
        self.status = StatusLine()
        self.problems = ProblemBar("window_problem")
        self.unit = UnitOfWork(self.context, self)
        self._target: str | None = None
        self._closing = False
        self._wanted: RecordKey | None = None
        self.commands = Commands(self, self._handlers())
        self._lay_out()
        self._connect()
        self._enable()

    @property
    def browser(self) -> Browser:
        """The browser in front."""
        current = self._stack.currentWidget()
        assert isinstance(current, Browser)
        return current

    def open_target(self, target: str | None) -> None:
        """Opens a file or URL on a worker; None is the sample, made when it is not there yet."""
        self._target = target
        self.problems.hide()
        if target is None:
            self.context.runner.submit(
                _("Prepare the sample"),
                door.ensure_sample,
                done=self._open,
                failed=self._on_open_failed,
                arguments={},
            )
        else:
            self._open(target)

    # Qt

    def closeEvent(self, event: QCloseEvent) -> None:
        """Asks when edits are pending; the window goes once its workers have ended or a bounded time has passed."""
        if len(self.context.edits) and not self._closing:
            event.ignore()
            self._ask_before_closing()
            return
        self.feed.watch(None)
        self.context.runner.close()
        if self.context.catalogue is not None:
            self.context.catalogue.close()
            self.context.catalogue = None
        event.accept()
        self.closed.emit()

    # Slots

    def _open(self, target: object) -> None:
        self.context.runner.submit(
            _("Open the catalogue"),
            door.open_catalogue,
            channel="open",
            done=self._on_opened,
            failed=self._on_open_failed,
            arguments={"target": str(target)},
        )

    def _on_opened(self, catalogue: OpenCatalogue) -> None:
        if self.context.catalogue is not None:
            self.context.catalogue.close()
        self.context.catalogue = catalogue
        info = catalogue.info
        self.setWindowTitle(f"{info.title}{' ' + _('(read-only)') if info.read_only else ''} – Desk")
        if info.read_only:
            self.problems.tell(_("Open for reading only: {reason}.").format(reason=info.read_only), retry=False)
        for browser in self.browsers.values():
            browser.table.editable = not info.read_only
        self.feed.watch(catalogue.pool.snapshot)
        self.context.opened.emit()
        self.browser.show_view(Criteria(self.browser.description.name))
        self._count_tables()
        self._enable()

    def _on_open_failed(self, error: BaseException) -> None:
        if isinstance(error, ActionCancelled):
            return
        if not isinstance(error, DeskError):
            self._on_action_failed(error)
            return
        self.problems.tell(str(error), retry=True)

    @Slot()
    def _on_retry(self) -> None:
        self.open_target(self._target)

    @Slot(str)
    def _on_table_chosen(self, name: str) -> None:
        browser = self.browsers[name]
        self._stack.setCurrentWidget(browser)
        if self.context.catalogue is not None and not browser.is_loaded:
            browser.show_view(browser.criteria)
        self.details.show_record(browser.current_key)
        self._on_view_changed()

    @Slot()
    def _on_view_changed(self) -> None:
        table = self.browser.table
        self.status.show_place(self.browser.grid.current_row, table.total, exact=table.is_exact)
        self._enable()

    @Slot(object)
    def _on_record_selected(self, key: RecordKey | None) -> None:
        if self.sender() is self.browser:
            self.details.show_record(key)

    @Slot(object)
    def _on_record_wanted(self, key: RecordKey) -> None:
        """Shows a record in the details, and in its grid where it is loaded."""
        self.side_bar.choose(key.table)
        self.browsers[key.table].select(key)
        self.details.show_record(key)

    @Slot(object)
    def _on_saved(self, new_ids: dict[RecordKey, int]) -> None:
        for browser in self.browsers.values():
            if browser.is_loaded:
                browser.refresh()
        self.context.committed.emit(new_ids)
        self._count_tables()
        self._enable()

    @Slot(object)
    def _on_action_failed(self, error: BaseException) -> None:
        """An error nobody waits for: words for a person, or, for a bug of ours, what it was."""
        if isinstance(error, DeskError):
            self.status.showMessage(str(error), MESSAGE_MS)
            return
        self.problems.tell(
            _("Something went wrong inside Desk ({name}: {text}). Your pending edits are kept.").format(
                name=type(error).__name__, text=error
            ),
            retry=False,
        )

    @Slot()
    def _enable(self) -> None:
        """Finds out what is possible now and enables the commands accordingly."""
        edits, facts = self.context.edits, set[str]()
        if self.context.catalogue is not None:
            facts.add("catalogue")
            has_record = self.browser.grid.current_row >= 0
            if has_record:
                facts.add("record")
            if self.context.can_edit:
                facts.add("editable")
                facts.update({"editable_record"} if has_record else ())
                facts.update({"edits"} if len(edits) else ())
                facts.update({"undo"} if edits.steps.canUndo() else ())
                facts.update({"redo"} if edits.steps.canRedo() else ())
        if self.context.runner.running:
            facts.add("running")
        self.commands.enable(facts)
        undo, redo = edits.steps.undoText(), edits.steps.redoText()
        self.commands["undo"].setText(_("&Undo: {step}").format(step=undo) if undo else _("&Undo"))
        self.commands["redo"].setText(_("&Redo: {step}").format(step=redo) if redo else _("&Redo"))
        self.status.show_edits(len(edits))

    # Commands

    def _handlers(self) -> dict[str, Callable[[], object]]:
        return {
            "restore_sample": self._restore_sample,
            "quit": self.close,
            "new_record": self._new_record,
            "duplicate": self._duplicate,
            "delete": self._delete,
            "undo": self.context.edits.steps.undo,
            "redo": self.context.edits.steps.redo,
            "commit": self._commit,
            "roll_back": self.unit.roll_back,
            "copy": self._copy,
            "search": self._search,
            "refresh": self._refresh,
            "cancel": self.context.runner.cancel_all,
            "show_authors": partial(self.side_bar.choose, "authors"),
            "show_books": partial(self.side_bar.choose, "books"),
            "edit_record": self._edit_record,
            "about": self._about,
        }

    def _commit(self) -> None:
        page = self.details.page
        if page is not None and not page.form.take():
            self.status.showMessage(_("A field of the form cannot be taken; nothing was saved."), MESSAGE_MS)
            return
        self.unit.commit()

    def _new_record(self) -> None:
        key = self.context.edits.add(self.browser.description.name)
        self._show_new(key)

    def _duplicate(self) -> None:
        row = self.browser.grid.current_row
        if self.browser.table.original_at(row) is None:
            return
        table = self.browser.table
        values = {
            column.name: table.value_at(row, column)
            for column in table.columns
            if column.editable and table.value_at(row, column) is not None
        }
        self._show_new(self.context.edits.add(self.browser.description.name, values))

    def _show_new(self, key: RecordKey) -> None:
        self.browser.select(key)
        self.details.show_record(key)
        self._details_dock.show()
        self.details.focus_form()

    def _delete(self) -> None:
        originals = self.browser.grid.selected_originals()
        if originals:
            self.context.edits.delete(originals)

    def _copy(self) -> None:
        count = self.browser.grid.copy()
        self.status.showMessage(_("Copied {count} rows.").format(count=count), MESSAGE_MS)

    def _search(self) -> None:
        self.browser.search.setFocus()
        self.browser.search.selectAll()

    def _refresh(self) -> None:
        self.browser.refresh()
        self._count_tables()

    def _edit_record(self) -> None:
        self._details_dock.show()
        self.details.focus_form()

    def _restore_sample(self) -> None:
        box = QMessageBox(
            QMessageBox.Icon.Question, "Desk", _("Make the sample catalogue anew?"),
            QMessageBox.StandardButton.NoButton, self,
        )  # fmt: skip
        box.setInformativeText(
            _("Everything that was changed in the sample is lost. Other catalogues are not touched.")
        )
        restore = box.addButton(_("&Restore"), QMessageBox.ButtonRole.AcceptRole)
        box.setDefaultButton(box.addButton(_("&Keep it"), QMessageBox.ButtonRole.RejectRole))
        restore.clicked.connect(self._on_restore)
        box.open()

    @Slot()
    def _on_restore(self) -> None:
        self.context.runner.submit(
            _("Restore the sample"),
            door.ensure_sample,
            done=self._open,
            failed=self._on_open_failed,
            arguments={"anew": True},
        )

    def _about(self) -> None:
        box = QMessageBox(self)
        box.setWindowTitle(_("About Desk"))
        box.setText(f"Desk {program_version()}")
        box.setInformativeText(
            _("A browser and editor for a catalogue of authors and books, on SQLite or PostgreSQL. MIT licence.")
        )
        box.open()

    # Helpers

    def _ask_before_closing(self) -> None:
        box = QMessageBox(
            QMessageBox.Icon.Warning, "Desk", _("There are pending edits."), QMessageBox.StandardButton.NoButton, self
        )
        box.setObjectName("closing_question")
        box.setInformativeText(_("Commit them before closing, discard them, or stay?"))
        commit = box.addButton(_("&Commit and close"), QMessageBox.ButtonRole.AcceptRole)
        discard = box.addButton(_("&Discard and close"), QMessageBox.ButtonRole.DestructiveRole)
        stay = box.addButton(_("&Stay"), QMessageBox.ButtonRole.RejectRole)
        for button, name in ((commit, "commit_and_close"), (discard, "discard_and_close"), (stay, "stay")):
            button.setObjectName(name)
        commit.setEnabled(self.context.can_edit)
        commit.clicked.connect(self._on_commit_and_close)
        discard.clicked.connect(self._on_discard_and_close)
        box.setDefaultButton(stay)
        box.setEscapeButton(stay)
        self.unit.dialog = box
        box.open()

    @Slot()
    def _on_commit_and_close(self) -> None:
        self.unit.ended.connect(self._on_ended_before_closing, Qt.ConnectionType.SingleShotConnection)
        self._commit()

    @Slot(bool)
    def _on_ended_before_closing(self, saved: bool) -> None:
        if saved:
            self.close()

    @Slot()
    def _on_discard_and_close(self) -> None:
        self._closing = True
        self.close()

    def _count_tables(self) -> None:
        self.context.runner.submit(
            _("Count the tables"),
            door.count_tables,
            channel="count-tables",
            done=self.side_bar.show_counts,
            failed=self._on_count_failed,
            arguments={"sessions": self.context.sessions},
        )

    def _on_count_failed(self, error: BaseException) -> None:
        if not isinstance(error, DeskError | ActionCancelled):  # the browser tells of those
            self._on_action_failed(error)

    def _dock(self, name: str, title: str, inside: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(name)
        dock.setWidget(inside)
        self.addDockWidget(area, dock)
        return dock

    def _lay_out(self) -> None:
        left, right, bottom = (
            Qt.DockWidgetArea.LeftDockWidgetArea,
            Qt.DockWidgetArea.RightDockWidgetArea,
            Qt.DockWidgetArea.BottomDockWidgetArea,
        )
        self._stack = QStackedWidget()
        for browser in self.browsers.values():
            self._stack.addWidget(browser)
        self._stack.setCurrentWidget(self.browsers["books"])
        self.setCentralWidget(_under(self.problems, self._stack))
        self.setStatusBar(self.status)
        tables = self._dock("tables_dock", _("Catalogue"), self.side_bar, left)
        self._details_dock = self._dock("details_dock", _("Details"), self.details, right)
        pending = self._dock("pending_dock", _("Pending edits"), self.pending, bottom)
        pool = self._dock("pool_dock", _("Pool"), self.pool, bottom)
        self.tabifyDockWidget(pending, pool)
        pending.raise_()
        self.docks = {"tables": tables, "details": self._details_dock, "pending": pending, "pool": pool}
        self.setCorner(Qt.Corner.BottomRightCorner, right)
        self.setCorner(Qt.Corner.BottomLeftCorner, left)
        self.resizeDocks([tables, self._details_dock], [170, 330], Qt.Orientation.Horizontal)
        self.resizeDocks([pending], [190], Qt.Orientation.Vertical)
        menus = self.commands.fill_menus(self)
        menus[VIEW].addSeparator()
        for dock in self.docks.values():
            menus[VIEW].addAction(dock.toggleViewAction())
        self.commands.fill_tool_bar(self)

    def _connect(self) -> None:
        context = self.context
        context.message_wanted.connect(self._on_message_wanted)
        context.record_wanted.connect(self._on_record_wanted)
        context.edits.count_changed.connect(self._enable)
        context.edits.steps.indexChanged.connect(self._enable)
        context.runner.action_ended.connect(self.status.show_cost)
        context.runner.action_failed.connect(self._on_action_failed)
        context.runner.busy_changed.connect(self.status.show_busy)
        context.runner.busy_changed.connect(self._enable)
        self.status.cancel_wanted.connect(context.runner.cancel_all)
        self.problems.retry_wanted.connect(self._on_retry)
        self.side_bar.choose("books")
        self.side_bar.table_chosen.connect(self._on_table_chosen)
        self.unit.saved.connect(self._on_saved)
        self.unit.state_changed.connect(self._enable)
        self.pending.commit_wanted.connect(self._commit)
        self.pending.roll_back_wanted.connect(self.unit.roll_back)
        self.feed.pool_changed.connect(self.pool.show_pool)
        self.feed.pool_changed.connect(self.status.show_pool)
        for browser in self.browsers.values():
            browser.record_selected.connect(self._on_record_selected)
            browser.view_changed.connect(self._on_view_changed)
            browser.first_page_shown.connect(self.catalogue_shown)
            browser.grid.addActions([self.commands[name] for name in ("edit_record", "copy", "duplicate", "delete")])

    @Slot(str)
    def _on_message_wanted(self, text: str) -> None:
        self.status.showMessage(text, MESSAGE_MS)


def program_version() -> str:
    """The version of the installed program; it stands in pyproject.toml."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415  (20 ms before the first paint)

    try:
        return version("desk-catalogue")
    except PackageNotFoundError:
        return _("(not installed)")


def _under(top: QWidget, below: QWidget) -> QWidget:
    holder = QWidget()
    box = QVBoxLayout(holder)
    box.setContentsMargins(0, 0, 0, 0)
    box.setSpacing(0)
    box.addWidget(top)
    box.addWidget(below, 1)
    return holder
