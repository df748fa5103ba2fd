"""The import dialog: a file or two, how they are read, what would happen, and then the import itself.

Invariant: an import saves everything but the rejected rows, or nothing; closing the dialog while it runs first cancels
it and stays to tell what came of it.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from desk.catalog.import_fields import SAVED, UNSURE, ImportRequest
from desk.dialogs.imports.forecast import ForecastPanel
from desk.dialogs.imports.import_report import ImportReportPage
from desk.dialogs.imports.source_page import SourcePage
from desk.errors import ActionCancelled, DeskError
from desk.i18n import _
from desk.panels.parts import ProblemBar, named
from desk.tables.look import icon
from desk.work import door
from desk.work.long_job import LongJob, words_for

if TYPE_CHECKING:
    from pathlib import Path

    from desk.operations.imports.import_figures import ImportProgress
    from desk.operations.imports.importing import ImportReport
    from desk.panels.context import Context

SETTLE_MS = 250
"""A forecast begins once the choices rest for so long."""


class Stage(Enum):
    """How far the dialog is."""

    CHOOSING = "choosing"
    IMPORTING = "importing"
    STOPPING = "stopping"
    DONE = "done"


SHOWN_BUTTONS: dict[Stage, tuple[str, ...]] = {
    Stage.CHOOSING: ("import_button", "import_close"),
    Stage.IMPORTING: ("import_cancel",),
    Stage.STOPPING: ("import_close",),
    Stage.DONE: ("import_another", "import_close"),
}


class ImportDialog(QDialog):
    """Imports books into the catalogue that was open when it was made; `imported` tells that rows were added,
    or may have been.

    It deletes itself once it is closed and nothing of it runs any more.
    """

    imported = Signal()

    def __init__(self, context: Context, parent: QWidget | None = None, path: Path | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._sessions = context.sessions
        self.stage = Stage.CHOOSING
        self.setObjectName("import_dialog")
        self.setWindowTitle(_("Import books"))
        if context.catalogue is not None:
            self.setWindowTitle(_("Import books into {title}").format(title=context.catalogue.info.title))
        self.setModal(False)
        self.resize(940, 590)
        self.books = SourcePage(
            context, "books", _("Choose a CSV file of books. Its first rows are shown here before anything happens.")
        )
        self.authors = SourcePage(
            context,
            "authors",
            _(
                "Only for files that name authors by keys: choose the file that says who they are, with their years. "
                "Without one, leave this empty."
            ),
        )
        self.skip_existing = named(
            QCheckBox(_("Leave out books that are there &already (the same ISBN, or title and author)")),
            "skip_existing",
            _("Leave out books that are there already"),
        )
        self.forecast = ForecastPanel(context)
        self.report = ImportReportPage()
        self.problems = ProblemBar("import_problem")
        self._job = LongJob(context.runner, self)
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._lay_out()
        for page in (self.books, self.authors):
            page.changed.connect(self._on_changed)
        self.skip_existing.toggled.connect(self._on_changed)
        self.problems.retry_wanted.connect(self.start)
        self._settle.timeout.connect(self._on_settled)
        self._job.progressed.connect(self._on_progressed)
        self._job.ended.connect(self._on_imported)
        self._job.failed.connect(self._on_failed)
        self.finished.connect(self._on_finished)
        self._show_stage(Stage.CHOOSING)
        self._on_changed()
        if path is not None:
            self.books.choose_file(path)

    @property
    def request(self) -> ImportRequest | None:
        """What would be imported; None while the choices do not suffice."""
        source = self.books.source
        if source is None or not self.books.is_ready or (self.authors.path and not self.authors.is_ready):
            return None
        return ImportRequest(source, self.authors.source, self.skip_existing.isChecked())

    @property
    def is_working(self) -> bool:
        """Whether an import is under way."""
        return self._job.is_running

    @Slot()
    def start(self) -> None:
        """Begins the import."""
        request = self.request
        if request is None or self._job.is_running:
            return
        self._settle.stop()
        self.forecast.drop("")
        self.problems.hide()
        self.report.begin(self._name)
        self._show_stage(Stage.IMPORTING)
        self._job.start(
            self._label,
            door.import_books,
            {"sessions": self._sessions, "request": request},
            tells=True,
        )

    @Slot()
    def cancel(self) -> None:
        """Asks the import to stop; the dialog stays and tells what came of it."""
        if self.stage is Stage.IMPORTING:
            self._show_stage(Stage.STOPPING)
            self.report.say(_("Cancelling …"))
            self._job.cancel()

    # Qt

    def reject(self) -> None:
        """Escape and the window's cross: the first one cancels a running import."""
        if self.stage is Stage.IMPORTING:
            self.cancel()
        else:
            super().reject()

    # Slots

    @Slot()
    def _on_changed(self) -> None:
        """A choice changed: what was known of the outcome no longer holds."""
        ready = self.request is not None
        self._button("import_button").setEnabled(ready)
        self._mark_tab(self.books, 0)
        self._mark_tab(self.authors, 1)
        self.forecast.drop("" if ready else self._missing())
        if ready and self.stage is Stage.CHOOSING:
            self._settle.start()
        else:
            self._settle.stop()

    @Slot()
    def _on_settled(self) -> None:
        request = self.request
        if request is not None and self.stage is Stage.CHOOSING:
            self.forecast.begin(self._sessions, request)

    @Slot(object)
    def _on_progressed(self, progress: ImportProgress) -> None:
        if self.stage is Stage.IMPORTING:
            self.report.show_progress(progress)

    @Slot(object)
    def _on_imported(self, report: ImportReport) -> None:
        self.report.show_report(self._name, report)
        self._show_stage(Stage.DONE)
        self.imported.emit()
        self._tell_if_closed(report.lines()[0])

    @Slot(object)
    def _on_failed(self, error: BaseException) -> None:
        if not isinstance(error, (DeskError, ActionCancelled)):
            self._context.runner.action_failed.emit(error)
        words = words_for(error, _("Cancelled. {kept}").format(kept=self._kept(error)))
        self._show_stage(Stage.CHOOSING)
        self._on_changed()
        is_saved = getattr(error, "code", "") in (SAVED, UNSURE)
        self.problems.tell(words, retry=not is_saved and not isinstance(error, ActionCancelled))
        if is_saved:
            self.imported.emit()
        self._tell_if_closed(words)

    @Slot()
    def _on_another(self) -> None:
        self.books.clear()
        self._show_stage(Stage.CHOOSING)
        self._on_changed()

    @Slot()
    def _on_finished(self) -> None:
        self._settle.stop()
        self.forecast.drop("")
        if not self._job.is_running:
            self.deleteLater()

    # Helpers

    @property
    def _name(self) -> str:
        return self.books.path.name if self.books.path else ""

    @property
    def _label(self) -> str:
        return _("Import {name}").format(name=self._name)

    def _kept(self, error: BaseException) -> str:
        """What a cancelled import left; one that had not begun yet knows no words for it."""
        said = str(error)
        return said if said != self._label else _("Nothing was imported; the catalogue is as before.")

    def _tell_if_closed(self, words: str) -> None:
        """The outcome of an import whose dialog was closed meanwhile is told by the window."""
        if not self.isVisible():
            self._context.message_wanted.emit(words)
            self.deleteLater()

    def _missing(self) -> str:
        """What an import still needs, in words."""
        if self.books.path is None:
            return _("Choose a file first.")
        page = self.books if not self.books.is_ready else self.authors
        if page.problems.isVisibleTo(page):
            return _("This file cannot be imported like this: see above.")
        return _("Looking into the file …")

    def _mark_tab(self, page: SourcePage, place: int) -> None:
        """A sign at the tab of a file that cannot be imported: it may be the one behind."""
        self.tabs.setTabIcon(place, icon("error") if page.problems.isVisibleTo(page) else QIcon())

    def _show_stage(self, stage: Stage) -> None:
        self.stage = stage
        self._stack.setCurrentIndex(0 if stage is Stage.CHOOSING else 1)
        for button in self._buttons.buttons():
            button.setVisible(button.objectName() in SHOWN_BUTTONS[stage])
        default = "import_button" if stage is Stage.CHOOSING else SHOWN_BUTTONS[stage][-1]
        self._button(default).setDefault(True)
        if stage is not Stage.CHOOSING:
            self._button(default).setFocus()

    def _button(self, name: str) -> QPushButton:
        return next(one for one in self._buttons.buttons() if one.objectName() == name)  # type: ignore[return-value]

    def _lay_out(self) -> None:
        self.tabs = named(QTabWidget(), "import_files", _("Files"))
        self.tabs.addTab(self.books, _("&Books"))
        self.tabs.addTab(self.authors, _("&Who the author keys are (optional)"))
        upper = QWidget()
        upper_box = QVBoxLayout(upper)
        upper_box.setContentsMargins(0, 0, 0, 4)
        upper_box.addWidget(self.tabs, 1)
        upper_box.addWidget(self.skip_existing)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(upper)
        split.addWidget(self.forecast)
        split.setStretchFactor(0, 1)
        split.setSizes([410, 120])
        self._stack = QStackedWidget()
        self._stack.addWidget(split)
        self._stack.addWidget(self.report)
        self._buttons = QDialogButtonBox()
        for name, text, role, slot in (
            ("import_button", _("&Import"), QDialogButtonBox.ButtonRole.AcceptRole, self.start),
            ("import_another", _("Import an&other file"), QDialogButtonBox.ButtonRole.ActionRole, self._on_another),
            ("import_cancel", _("&Cancel"), QDialogButtonBox.ButtonRole.RejectRole, self.cancel),
            ("import_close", _("C&lose"), QDialogButtonBox.ButtonRole.RejectRole, self.reject),
        ):
            button = self._buttons.addButton(text, role)
            button.setObjectName(name)
            button.clicked.connect(slot)
        box = QVBoxLayout(self)
        box.addWidget(self.problems)
        box.addWidget(self._stack, 1)
        box.addWidget(self._buttons)
