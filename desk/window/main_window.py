"""The main window: wires its parts to each other and keeps them to one catalogue. It runs no query."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal, Slot

from desk.errors import ActionCancelled, DeskError
from desk.i18n import _
from desk.window.furnishing import FurnishedWindow
from desk.window.read_only import show_read_only

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent

    from desk.catalog.edits import RecordKey
    from desk.database.profiles import Profile
    from desk.operations.connect import OpenCatalogue
    from desk.window.remembered_layouts import RememberedLayouts
    from desk.window.windows import Windows

MESSAGE_MS = 8000


class MainWindow(FurnishedWindow):
    """One window is one connection.

    `catalogue_shown` tells that the first rows are there, `closed` that the window is gone; `elsewhere_wanted` asks for
    another window: it carries a profile, a file or URL, or None for the sample, and a password or None.
    """

    catalogue_shown = Signal()
    closed = Signal()
    elsewhere_wanted = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.setWindowTitle("Desk")
        self.resize(1280, 800)
        self.setAcceptDrops(True)
        self.windows: Windows | None = None
        """All windows of the process, of which this is one; None for one alone."""
        self._profile: Profile | None = None
        self._identity = ""
        self._layouts: RememberedLayouts | None = None
        self._owes_counts = False
        self._held: RecordKey | None = None
        """The record that the details keep until the first page of its table is here."""
        self._may_close = False

    @property
    def profile(self) -> Profile | None:
        """How the open database was reached; None before one is open."""
        return self._profile

    def open_target(self, target: Profile | str | None, password: str | None = None, *, anew: bool = False) -> None:
        """Opens a profile, a file or a URL on a worker; None is the sample, made when it is not there yet or wanted
        `anew`. What is open stays open until then; with pending edits it opens in another window."""
        self.furnish()
        if self._layouts is None:
            from desk.window.remembered_layouts import RememberedLayouts

            self._layouts = RememberedLayouts(self.browsers, self.context)
        self.opening.open(target, password, anew=anew)

    def make_sample_anew(self) -> None:
        """Lets the open catalogue go, makes the sample anew and opens it."""
        self.let_go(then=partial(self.open_target, None, anew=True))

    @Slot()
    def let_go(self, *, then: Callable[[], None] | None = None) -> None:
        """Ends everything that runs and closes the catalogue on a worker; `then` is called when that is done."""
        catalogue = self._release()
        if catalogue is not None:
            self.context.runner.submit(
                _("Close the catalogue"),
                catalogue.close,
                done=lambda _result: then() if then else None,
                arguments={},
            )
        elif then is not None:
            then()

    def _release(self) -> OpenCatalogue | None:
        """Ends everything that runs; the catalogue that was open still has to be closed, on a worker."""
        self.feed.watch(None)
        self.indexing.forget()
        self.live.forget()
        self.context.runner.drop_all()
        self.context.edits.frozen = False
        catalogue, self.context.catalogue = self.context.catalogue, None
        for browser in self.browsers.values():
            browser.table.editable = False
        self.details.show_editable()
        self.enabling.soon()
        return catalogue

    def take_typed(self) -> bool:
        """Takes what is being typed in a cell or a form field; False, with the reason shown, when it cannot be."""
        taken = self.browser.grid.take_editor() and self.details.take()
        if not taken:
            self.status.showMessage(
                _("What is being typed cannot be taken yet: correct it, or press Escape."), MESSAGE_MS
            )
        return taken

    # Qt

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _dropped(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """A CSV file is imported, every other one opened; it is never moved, which might delete it where it was."""
        self.furnish()
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self.files.open_files(_dropped(event))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Asks when edits are pending; the window goes at once, its workers within a bounded time."""
        self.furnish()
        if not self._may_close and not self.take_typed():
            event.ignore()  # it has been said what has to be corrected first
            return
        if not self._may_close and len(self.context.edits):
            event.ignore()
            self.unit.ask_before_closing()
            return
        if not self.files.let_close():
            event.ignore()
            self._may_close = False
            return
        self.hide()
        keep_layouts = self._layouts.last_words() if self._layouts else None
        catalogue = self._release()
        closing = (keep_layouts, self.recovery.last_words(), catalogue.close if catalogue else None)
        last = [self.context.keeper.close, *(one for one in closing if one is not None)]
        self.context.runner.close(*last, waits=self.windows is None)  # else they do, for all windows together
        event.accept()
        self.closed.emit()

    # Slots

    @Slot(object, object)
    def _on_opened(self, catalogue: OpenCatalogue, profile: Profile) -> None:
        from desk.catalog.criteria import Criteria

        info = catalogue.info
        is_another = (info.identity, profile) != (self._identity, self._profile)
        title = profile.name or info.title
        place = str(Path(info.place).parent) if info.kind == "sqlite" else info.place
        read_only = f" {_('(read-only)')}" if info.read_only else ""
        self.setWindowTitle(f"{title} – {place}{read_only} – Desk")
        self.side_bar.show_connection(title, place, info.kind)
        self.band.show_colour(profile.colour, title)
        show_read_only(self)
        self.details.show_record(None)
        for browser in self.browsers.values():
            if info.identity != self._identity:
                self.side_bar.forget_counts()
                browser.search.clear()
                browser.table.show_view(Criteria(browser.description.name))
            browser.forget()
        self._profile, self._identity = profile, info.identity
        self.feed.watch(catalogue.pool.snapshot)
        self.browser.show_view(self.browser.criteria)
        self.files.on_opened(is_another=is_another)
        self._owes_counts = True
        self.enabling.soon()

    @Slot(object, bool)
    def tell_open_failed(self, error: BaseException, may_help: bool = False) -> None:
        """Says why nothing was opened, and whether trying again may help; what was open before still is."""
        if isinstance(error, ActionCancelled):
            self.status.showMessage(_("Opening was cancelled."), MESSAGE_MS)
        elif isinstance(error, DeskError):
            self.problems.tell(str(error), retry=may_help)
        else:
            self._on_action_failed(error)

    @Slot(str)
    def _on_table_chosen(self, name: str) -> None:
        browser = self.browsers[name]
        self._held = None
        self._stack.setCurrentWidget(browser)
        if self.context.catalogue is not None and not browser.is_loaded:
            browser.show_view(browser.criteria)
        self.details.show_record(browser.current_key)
        self._on_view_changed()

    @Slot()
    def _on_view_changed(self) -> None:
        table = self.browser.table
        row = self.browser.grid.current_row - table.fresh
        self.status.show_place(row, table.total, exact=table.is_exact, listed=table.places.hits is not None)
        self.counts.take_view(self.browser)
        self.enabling.soon()

    @Slot(object)
    def _on_record_selected(self, key: RecordKey | None) -> None:
        if self.sender() is self.browser and self._held is None:
            self.details.show_record(key, comes=key is None and self.browser.grid.current_row >= 0)

    @Slot(object)
    def _on_record_wanted(self, key: RecordKey) -> None:
        """Shows a record in the details, and in its grid wherever it is there."""
        self.side_bar.choose(key.table)
        browser = self.browsers[key.table]
        browser.reach(key)
        self.details.show_record(key)
        self._held = None if browser.is_loaded else key

    @Slot()
    def _on_first_page_shown(self) -> None:
        if self._owes_counts:
            self._owes_counts = False
            QTimer.singleShot(0, self, self._follow_rows)
        held, self._held = self._held, None
        if held is not None:
            self.browsers[held.table].reach(held)

    @Slot()
    def _follow_rows(self) -> None:
        """What can wait until the first rows are painted."""
        if self.context.catalogue is not None:
            self.recovery.look()
            self.counts.count()
            self.files.note_opened()
            self.indexing.look()

    @Slot()
    def refresh(self) -> None:
        """Loads what is shown again, in its place."""
        for browser in self.browsers.values():
            if browser.is_loaded or browser is self.browser:
                browser.refresh()
        self.details.reload()
        if self.context.catalogue is not None:
            self.counts.count()

    @Slot()
    def _on_close_wanted(self) -> None:
        self._may_close = True
        self.close()

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

    @Slot(str)
    def _on_message_wanted(self, text: str) -> None:
        self.status.showMessage(text, MESSAGE_MS)

    # Furnishing

    def _furnish_commands(self) -> None:
        from desk.window.columns_menu import ColumnsMenu
        from desk.window.commands import FILE, VIEW, Commands
        from desk.window.draft_keeping import DraftKeeping
        from desk.window.enabling import Enabling
        from desk.window.file_menu import FileMenu
        from desk.window.handlers import Handlers
        from desk.window.live_marks import LiveMarks
        from desk.window.opening import Opening
        from desk.window.recovery import Recovery
        from desk.window.saving import Saving
        from desk.window.search_index import SearchIndexing
        from desk.window.status_line import StatusLine
        from desk.window.table_counts import TableCounts
        from desk.window.unit_of_work import UnitOfWork

        self.status = StatusLine()
        self.setStatusBar(self.status)
        self.counts = TableCounts(self.side_bar, self.context)
        for browser in self.browsers.values():
            self.counts.counted.connect(browser.loading.take_counts)
        self.indexing = SearchIndexing(self.advice, self.context)
        self.unit = UnitOfWork(self.context, self)
        self.saving = Saving(self)
        self.opening = Opening(self.context, self, self.take_typed)
        self.keeping = DraftKeeping(self)
        self.recovery = Recovery(self)
        self.files = FileMenu(self)
        self.commands = Commands(self, Handlers(self).by_name())
        self.enabling = Enabling(self)
        self.live = LiveMarks(self)
        menus = self.commands.fill_menus(self)
        menus[FILE].insertMenu(self.commands["new_window"], self.files.recent)
        menus[VIEW].addSeparator()
        menus[VIEW].addMenu(ColumnsMenu(self))
        menus[VIEW].addSeparator()
        for dock in self.docks.values():
            menus[VIEW].addAction(dock.toggleViewAction())
        self.commands.fill_tool_bar(self)

    def _connect(self) -> None:
        context = self.context
        context.message_wanted.connect(self._on_message_wanted)
        context.record_wanted.connect(self._on_record_wanted)
        context.progress_made.connect(self.status.show_progress)
        context.progress_ended.connect(self.status.hide_progress)
        context.runner.action_ended.connect(self.status.show_cost)
        context.runner.action_failed.connect(self._on_action_failed)
        context.runner.busy_changed.connect(self.status.show_busy)
        self.status.cancel_wanted.connect(context.runner.cancel_all)
        self.opening.begun.connect(self.problems.hide)
        self.opening.opened.connect(self._on_opened)
        self.opening.failed.connect(self.tell_open_failed)
        self.opening.elsewhere_wanted.connect(self.elsewhere_wanted)
        self.problems.retry_wanted.connect(self.opening.again)
        self.side_bar.connection_wanted.connect(self.commands["open"].trigger)
        self.side_bar.table_chosen.connect(self._on_table_chosen)
        self.unit.resolved.connect(self.refresh)
        self.unit.state_changed.connect(self.pending.refresh)
        self.unit.state_changed.connect(self.details.show_editable)
        self.unit.close_wanted.connect(self._on_close_wanted)
        self.pending.commit_wanted.connect(self.commands["commit"].trigger)
        self.pending.roll_back_wanted.connect(self.commands["roll_back"].trigger)
        self.feed.pool_changed.connect(self.pool.show_pool)
        self.feed.pool_changed.connect(self.status.show_pool)
        for browser in self.browsers.values():
            browser.record_selected.connect(self._on_record_selected)
            browser.view_changed.connect(self._on_view_changed)
            browser.first_page_shown.connect(self._on_first_page_shown)
            browser.first_page_shown.connect(self.catalogue_shown)
            self.commands.fill_grid_menu(browser.grid)
        self.catalogue_shown.connect(self.files.prepare, Qt.ConnectionType.SingleShotConnection)
        self.enabling.look()


def _dropped(event: QDropEvent) -> list[Path]:
    """The files that are being dragged."""
    return [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
