"""What the dialogs about the schema share: the progress of a migration, its SQL, and how revisions are listed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QProgressBar, QPushButton, QVBoxLayout, QWidget

from desk.i18n import _
from desk.panels.parts import heading, named, tool_button
from desk.work import door
from desk.work.long_job import LongJob, words_for

if TYPE_CHECKING:
    from desk.database.profiles import Profile
    from desk.operations.migrating import MigrationProgress, MigrationResult
    from desk.work.runner import Runner

NOTHING_TO_RUN = _("There is nothing to run: the catalogue is there already.")


class ProgressPane(QWidget):
    """What a migration does now, in words and as a bar, with a button that cancels it; hidden when there is none."""

    cancel_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = named(QLabel(), "migration_phase", _("What the migration does now"))
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setWordWrap(True)
        self.bar = named(QProgressBar(), "migration_progress", _("Progress of the migration"))
        self.cancel = named(QPushButton(_("&Stop")), "migration_stop", _("Stop the migration"))
        self.cancel.clicked.connect(self._on_cancel)
        row = QHBoxLayout()
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.text)
        box.addLayout(row)
        self.hide()

    def begin(self) -> None:
        """Shows that something was begun of which nothing is known yet."""
        self.text.setText(_("Connecting …"))
        self.bar.setRange(0, 0)
        self.cancel.setEnabled(True)
        self.show()

    @Slot(object)
    def show_progress(self, progress: MigrationProgress) -> None:
        """A total of 0 is a bar that only moves."""
        if self.cancel.isEnabled():
            self.text.setText(progress.text)
        self.bar.setRange(0, progress.total)
        self.bar.setValue(progress.done)

    @Slot()
    def _on_cancel(self) -> None:
        self.cancel.setEnabled(False)
        self.text.setText(_("Stopping …"))
        self.cancel_wanted.emit()


class SqlView(QWidget):
    """The SQL of a migration, fetched by a worker when it is asked for; nothing of it is run."""

    def __init__(self, runner: Runner, profile: Profile, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._profile = profile
        self._job = LongJob(runner, self)
        self._job.ended.connect(self._on_fetched)
        self._job.failed.connect(self._on_failed)
        self.title = heading(_("SQL"))
        self.text = named(QPlainTextEdit(), "migration_sql", _("SQL of the migration"))
        self.text.setReadOnly(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setMinimumHeight(120)
        self.copy = tool_button("migration_sql_copy", _("Copy the SQL"), "copy")
        self.copy.clicked.connect(self._on_copy)
        self.title.setBuddy(self.text)
        row = QHBoxLayout()
        row.addWidget(self.title, 1)
        row.addWidget(self.copy)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addLayout(row)
        box.addWidget(self.text, 1)
        self.hide()

    def fetch(self, revision: str, title: str) -> None:
        """Shows the SQL that leads to a revision, under a title."""
        self.title.setText(title)
        self._tell(_("Working it out …"))
        self.show()
        self._job.start(_("Show SQL"), door.upgrade_sql, {"profile": self._profile, "revision": revision})

    @Slot(object)
    def _on_fetched(self, sql: str) -> None:
        if not sql:
            self._tell(NOTHING_TO_RUN)
            return
        self.text.setPlainText(sql)
        self.copy.setEnabled(True)

    @Slot(object)
    def _on_failed(self, error: BaseException) -> None:
        self._tell(words_for(error, _("Cancelled.")))

    @Slot()
    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())

    def _tell(self, words: str) -> None:
        """Words that are no SQL are not to be copied as such."""
        self.text.setPlainText(f"-- {words}")
        self.copy.setEnabled(False)


def outcome_words(result: MigrationResult) -> str:
    """What a migration did, in words: the revision, how long it took, whether it waited, and where the backup is."""
    current = result.status.current
    words = [
        _("The schema is at {revision} now ({seconds:.1f} s).").format(revision=current, seconds=result.seconds)
        if current
        else _("The schema was removed ({seconds:.1f} s).").format(seconds=result.seconds)
    ]
    if result.waited:
        words.append(_("Somebody else was at work first; Desk waited."))
    if result.backup is not None:
        words.append(_("The backup is {path}.").format(path=result.backup))
    return " ".join(words)
