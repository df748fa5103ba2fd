"""The export dialog: what is exported, into which file, and how far it is.

Invariant: a file appears under its name only when it is complete.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desk.catalog.columns import TABLES
from desk.catalog.criteria import Criteria
from desk.dialogs.export_words import NEUTRALIZED, WITH_AUTHORS, authors_path, criteria_lines, exported_words
from desk.dialogs.files import FilePlace, ask_for_file
from desk.dialogs.imports.forecast import STEPS
from desk.errors import ActionCancelled, DeskError
from desk.i18n import _, ngettext
from desk.panels.parts import ProblemBar, dim, heading, named
from desk.tables.look import icon
from desk.work import door
from desk.work.long_job import LongJob, words_for

if TYPE_CHECKING:
    from desk.operations.export_views import Exported
    from desk.operations.exporting import ExportProgress
    from desk.panels.context import Context

SUFFIXES = {".csv": _("CSV (*.csv)"), ".xlsx": _("Excel workbook (*.xlsx)")}
"""What can be written → how the file dialog offers it."""
INDENT = 24


class ExportDialog(QDialog):
    """Exports a view of the catalogue that was open when it was made; `exported` carries the paths.

    It deletes itself once it is closed and nothing of it runs any more.
    """

    exported = Signal(object)

    def __init__(self, context: Context, criteria: Criteria, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._sessions = context.sessions
        self._criteria = criteria
        self.path: Path | None = None
        self._asked_about: Path | None = None
        """The file that a person knows to be replaced."""
        self.setObjectName("export_dialog")
        self.setWindowTitle(_("Export {table}").format(table=TABLES[criteria.table].title.lower()))
        self.setModal(False)
        self._count = LongJob(context.runner, self)
        self._job = LongJob(context.runner, self)
        self._is_stopping = False
        self._make_parts()
        self._lay_out()
        self._count.ended.connect(self._on_counted)
        self._count.failed.connect(self._on_not_counted)
        self._job.progressed.connect(self._on_progressed)
        self._job.ended.connect(self._on_exported)
        self._job.failed.connect(self._on_failed)
        self.problems.retry_wanted.connect(self.start)
        self.with_authors.toggled.connect(self._show_note)
        self.finished.connect(self._on_finished)
        self._show_running(running=False)
        self._count.start(
            _("Count the rows to export"), door.count_rows, {"sessions": self._sessions, "criteria": criteria}
        )

    @property
    def views(self) -> tuple[tuple[Criteria, Path], ...]:
        """What goes into which file; empty while no file is chosen."""
        if self.path is None:
            return ()
        if not self._exports_authors:
            return ((self._criteria, self.path),)
        return ((self._criteria, self.path), (Criteria("authors"), authors_path(self.path)))

    @property
    def is_working(self) -> bool:
        """Whether an export is under way."""
        return self._job.is_running

    def choose_file(self, path: Path) -> None:
        """Chooses where to; a name without a known suffix becomes a CSV file."""
        self._asked_about = path
        self.path = path if path.suffix.lower() in SUFFIXES else path.with_name(f"{path.name}.csv")
        self._path.setText(str(self.path))
        self._path.setToolTip(str(self.path))
        self.problems.hide()
        self._hide_outcome()
        self._show_note()
        self._show_running(running=False)
        self._buttons_by_name["export_button"].setFocus()

    @Slot()
    def start(self) -> None:
        """Begins the export."""
        if not self.views or self._job.is_running:
            return
        self.problems.hide()
        self._hide_outcome()
        self.bar.setValue(0)
        self.counts.setText(_("You can go on working in the window meanwhile."))
        self._show_running(running=True)
        self._job.start(
            _("Export {name}").format(name=self.views[0][1].name),
            door.export_views,
            {"sessions": self._sessions, "views": self.views, "neutralize": self.neutralize.isChecked()},
            tells=True,
        )

    @Slot()
    def cancel(self) -> None:
        """Asks the export to stop; the dialog stays and tells what came of it."""
        if self._job.is_running and not self._is_stopping:
            self._is_stopping = True
            self.counts.setText(_("Cancelling …"))
            self._job.cancel()

    # Qt

    def reject(self) -> None:
        """Escape and the window's cross: the first one cancels a running export."""
        if self._job.is_running and not self._is_stopping:
            self.cancel()
        else:
            super().reject()

    # Slots

    @Slot()
    def _on_save_as(self) -> None:
        start = self.path or Path.home() / f"{self._criteria.table}.csv"
        dialog = ask_for_file(
            self, _("Export into a file"), tuple(SUFFIXES.values()), self._on_file_chosen, save_as=start
        )
        dialog.filterSelected.connect(self._on_kind_chosen)

    @Slot(str)
    def _on_kind_chosen(self, kind: str) -> None:
        dialog = self.sender()
        assert isinstance(dialog, QFileDialog)
        suffix = next(suffix for suffix, title in SUFFIXES.items() if title == kind)
        dialog.setDefaultSuffix(suffix.removeprefix("."))

    @Slot(str)
    def _on_file_chosen(self, path: str) -> None:
        self.choose_file(Path(path))

    @Slot(object)
    def _on_counted(self, count: int) -> None:
        self.count.setText(ngettext("{count:,} row", "{count:,} rows", count).format(count=count))

    @Slot(object)
    def _on_not_counted(self, error: BaseException) -> None:
        self.count.setText(_("The rows were not counted: {why}").format(why=words_for(error, _("cancelled"))))

    @Slot(object)
    def _on_progressed(self, progress: ExportProgress) -> None:
        if self._is_stopping:
            return
        self.bar.setValue(round(progress.rows / progress.total * STEPS) if progress.total else STEPS)
        self.counts.setText(_("{rows:,} of {total:,} rows written").format(rows=progress.rows, total=progress.total))

    @Slot(object)
    def _on_exported(self, files: tuple[Exported, ...]) -> None:
        words = exported_words(files)
        self._show_running(running=False)
        self.outcome.setText(words)
        self.outcome.show()
        self.place.show_path(files[0].path)
        self._forget_path()
        self._buttons_by_name["export_close"].setDefault(True)
        self._buttons_by_name["export_close"].setFocus()
        self.exported.emit(tuple(file.path for file in files))
        self._tell_if_closed(words)

    @Slot(object)
    def _on_failed(self, error: BaseException) -> None:
        if not isinstance(error, (DeskError, ActionCancelled)):
            self._context.runner.action_failed.emit(error)
        words = words_for(error, _("Cancelled. No file was written."))
        self._show_running(running=False)
        self.problems.tell(words, retry=not isinstance(error, ActionCancelled))
        self._tell_if_closed(words)

    @Slot()
    def _on_finished(self) -> None:
        self._count.drop()
        if not self._job.is_running:
            self.deleteLater()

    @Slot()
    def _show_note(self) -> None:
        """Says what no file dialog asked about: where a second file goes, and which files will be replaced."""
        said = []
        for place, (_criteria, path) in enumerate(self.views):
            if path != self._asked_about and os.path.exists(path):  # Path.exists raises where the way to it is closed
                said.append(_("{name} is there already and will be replaced.").format(name=path.name))
            elif place:
                said.append(_("It goes to {name}.").format(name=path.name))
        self.note.setText("\n".join(said))
        self.note.setVisible(bool(said))

    # Helpers

    @property
    def _exports_authors(self) -> bool:
        return self._criteria.table == "books" and self.with_authors.isChecked()

    def _tell_if_closed(self, words: str) -> None:
        """The outcome of an export whose dialog was closed meanwhile is told by the window."""
        if not self.isVisible():
            self._context.message_wanted.emit(words)
            self.deleteLater()

    def _forget_path(self) -> None:
        """Another export asks for a file again: this one is not to be replaced by a second click."""
        self.path = None
        self._path.clear()
        self.note.hide()
        self._buttons_by_name["export_button"].setEnabled(False)

    def _hide_outcome(self) -> None:
        self.outcome.hide()
        self.place.show_path(None)

    def _show_running(self, *, running: bool) -> None:
        self._is_stopping = False
        for shown in (self.bar, self.counts, self._buttons_by_name["export_cancel"]):
            shown.setVisible(running)
        for name in ("export_button", "export_close"):
            self._buttons_by_name[name].setVisible(not running)
        for choice in (self.save_as, self.neutralize, self.with_authors):
            choice.setEnabled(not running)
        if running:
            self._buttons_by_name["export_cancel"].setFocus()
        ready = self.path is not None and not running
        self._buttons_by_name["export_button"].setEnabled(ready)
        self._buttons_by_name["export_button"].setDefault(ready)
        self.save_as.setDefault(not ready)

    def _make_parts(self) -> None:
        self.what = QLabel("\n".join(criteria_lines(self._criteria)))
        self.count = named(QLabel(_("Counting the rows …")), "export_count", _("Number of rows"))
        dim(self.count)
        self._path = named(QLineEdit(), "export_path", _("File"))
        self._path.setReadOnly(True)
        self._path.setPlaceholderText(_("No file is chosen"))
        self.save_as = named(QPushButton(icon("export"), _("&Save as …")), "export_save_as", _("Save as"))
        self.save_as.clicked.connect(self._on_save_as)
        self.neutralize = named(
            QCheckBox(_("&Neutralize formulas for spreadsheets")), "export_neutralize", _("Neutralize formulas")
        )
        self.with_authors = named(QCheckBox(_("Also the &authors")), "export_authors", _("Also the authors"))
        self.note = QLabel()
        self.bar = named(QProgressBar(), "export_progress", _("How much is written"))
        self.bar.setRange(0, STEPS)
        self.counts = named(QLabel(), "export_counts", _("Rows written so far"))
        dim(self.counts)
        self.outcome = named(QLabel(), "export_result", _("Result"))
        for label in (self.what, self.note, self.outcome):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.place = FilePlace("export_place", _("Exported to"))
        self.problems = ProblemBar("export_problem")
        self._buttons = QDialogButtonBox()
        self._buttons_by_name = {
            name: self._add_button(name, text, role, slot)
            for name, text, role, slot in (
                ("export_button", _("&Export"), QDialogButtonBox.ButtonRole.AcceptRole, self.start),
                ("export_cancel", _("&Cancel"), QDialogButtonBox.ButtonRole.RejectRole, self.cancel),
                ("export_close", _("C&lose"), QDialogButtonBox.ButtonRole.RejectRole, self.reject),
            )
        }

    def _add_button(self, name: str, text: str, role: QDialogButtonBox.ButtonRole, slot: object) -> QPushButton:
        button = self._buttons.addButton(text, role)
        button.setObjectName(name)
        button.clicked.connect(slot)
        return button

    def _lay_out(self) -> None:
        label = QLabel(_("&File"))
        label.setBuddy(self.save_as)
        file_row = QHBoxLayout()
        file_row.addWidget(label)
        file_row.addWidget(self._path, 1)
        file_row.addWidget(self.save_as)
        box = QVBoxLayout(self)
        box.setSpacing(8)
        box.addWidget(self.problems)
        box.addWidget(heading(TABLES[self._criteria.table].title))
        box.addWidget(self.what)
        box.addWidget(self.count)
        box.addSpacing(6)
        box.addLayout(file_row)
        box.addSpacing(6)
        box.addWidget(self.neutralize)
        box.addLayout(_indented(_explanation(NEUTRALIZED)))
        if self._criteria.table == "books":
            box.addWidget(self.with_authors)
            box.addLayout(_indented(_explanation(WITH_AUTHORS)))
        else:
            self.with_authors.setParent(self)
            self.with_authors.hide()
        box.addLayout(_indented(self.note))
        box.addSpacing(6)
        box.addWidget(self.bar)
        box.addWidget(self.counts)
        box.addWidget(self.outcome)
        box.addWidget(self.place)
        box.addStretch(1)
        box.addWidget(self._buttons)
        self.note.hide()
        self._hide_outcome()
        self.resize(640, 480)


def _explanation(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    dim(label)
    return label


def _indented(label: QLabel) -> QHBoxLayout:
    row = QHBoxLayout()
    row.addSpacing(INDENT)
    row.addWidget(label, 1)
    return row
