"""The question that opening asks when the schema is older or missing: what would change, with which backup.

Invariant: closing it while a migration runs stops the migration and waits for that; only who closes it again does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QSize, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desk.dialogs.migration_parts import ProgressPane, SqlView, outcome_words
from desk.i18n import _
from desk.panels.parts import ProblemBar, heading, named, plain
from desk.tables.look import icon
from desk.work import door
from desk.work.long_job import LongJob, words_for

if TYPE_CHECKING:
    from desk.database.profiles import Profile
    from desk.operations.migrating import MigrationResult, UpgradePlan
    from desk.work.runner import Runner

OLDER = "older"
WIDTH = 560
LONGEST_LIST = 140
"""Pixels; a longer list of revisions is scrolled."""
STOPPED = _("Stopped. Data, schema and version are as they were before.")


class SchemaQuestion(QDialog):
    """Shows a plan for an older or an empty database and carries it out.

    `finished_well` tells that the schema is the newest now; `outcome` says then what was done, in words.
    """

    finished_well = Signal()

    def __init__(self, plan: UpgradePlan, runner: Runner, profile: Profile, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plan = plan
        self.outcome = ""
        self._profile = profile
        self._is_older = plan.state.value == OLDER
        self._job = LongJob(runner, self)
        self._job.ended.connect(self._on_migrated)
        self._job.failed.connect(self._on_failed)
        self.setObjectName("schema_question")
        self.setWindowTitle(_("Upgrade the schema") if self._is_older else _("Create the schema"))
        self.setModal(False)
        self.problem = ProblemBar("schema_problem")
        self.progress = ProgressPane()
        self.progress.cancel_wanted.connect(self._job.cancel)
        self._job.progressed.connect(self.progress.show_progress)
        self.sql = SqlView(runner, profile)
        self.show_sql = named(QPushButton(_("Show &SQL")), "schema_show_sql", _("Show the SQL of the migration"))
        self.show_sql.setCheckable(True)
        self.show_sql.toggled.connect(self._on_show_sql)
        self.go = named(QPushButton(self._verb()), "schema_go", self._verb().replace("&", ""))
        self.go.setDefault(True)
        self.go.setEnabled(not plan.may)
        self.go.clicked.connect(self._on_go)
        self.later = named(QPushButton(_("Cancel")), "schema_later", _("Leave everything as it is"))
        self.later.clicked.connect(self.reject)
        self._lay_out()
        (self.later if plan.may else self.go).setFocus()

    # Qt

    def reject(self) -> None:
        if self._job.is_running and self.progress.cancel.isEnabled():
            self.progress.cancel.click()
            return
        self._job.drop()
        super().reject()

    # Slots

    @Slot()
    def _on_go(self) -> None:
        self.problem.hide()
        self.go.setEnabled(False)
        self.progress.begin()
        self._job.start(self.windowTitle(), door.upgrade_catalogue, {"profile": self._profile}, tells=True)

    @Slot(object)
    def _on_migrated(self, result: MigrationResult) -> None:
        self.outcome = outcome_words(result)
        self.progress.hide()
        self.finished_well.emit()
        self.accept()

    @Slot(object)
    def _on_failed(self, error: BaseException) -> None:
        self.progress.hide()
        self.go.setEnabled(True)
        self.problem.tell(words_for(error, STOPPED), retry=False)

    @Slot(bool)
    def _on_show_sql(self, wanted: bool) -> None:
        if not wanted:
            self.sql.hide()
            return
        self.sql.fetch(
            self.plan.head,
            _("SQL from {old} to {new}").format(old=self.plan.current or _("nothing"), new=self.plan.head),
        )
        self.resize(self.width(), max(self.height(), 520))

    # Helpers

    def _verb(self) -> str:
        if not self._is_older:
            return _("&Create the schema here")
        return _("&Back up and upgrade") if self.plan.backup else _("&Upgrade")

    def _lay_out(self) -> None:
        what = (
            _("The schema of this catalogue is older than this Desk.")
            if self._is_older
            else _("There is no catalogue here yet.")
        )
        sign = QLabel()
        sign.setPixmap(icon("migrate").pixmap(QSize(32, 32)))
        words = QVBoxLayout()
        words.addWidget(heading(what))
        words.addWidget(plain(self.plan.place, "schema_place", _("Where"), quiet=True))
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(words, 1)
        bottom = QHBoxLayout()
        bottom.addWidget(self.show_sql)
        bottom.addStretch(1)
        bottom.addWidget(self.go)
        bottom.addWidget(self.later)
        box = QVBoxLayout(self)
        box.setSpacing(10)
        box.addLayout(head)
        self._add_revisions(box)
        self._add_backup(box)
        if self.plan.may:
            self.problem.tell(self.plan.may, retry=False)
        box.addWidget(self.problem)
        box.addWidget(self.progress)
        box.addWidget(self.sql, 1)
        box.addStretch()
        box.addLayout(bottom)
        self.setMinimumWidth(WIDTH)

    def _add_revisions(self, box: QVBoxLayout) -> None:
        label = QLabel(_("&What will change:") if self._is_older else _("&What will be made:"))
        revisions = named(QListWidget(), "schema_revisions", _("Revisions to apply"))
        revisions.addItems([f"{one.id}   {one.summary}" for one in self.plan.pending])
        revisions.setWordWrap(True)
        revisions.setFixedHeight(min(_height(revisions), LONGEST_LIST))
        label.setBuddy(revisions)
        box.addWidget(label)
        box.addWidget(revisions)

    def _add_backup(self, box: QVBoxLayout) -> None:
        if self.plan.backup is not None:
            words = _("The file is copied first, beside it, to {name}.").format(name=self.plan.backup.name)
            box.addWidget(plain(words, "schema_backup", _("Backup")))
        elif self.plan.backup_note:
            add_backup_note(box, self.plan.backup_note)


def _height(revisions: QListWidget) -> int:
    """How high a list is that shows all its lines, wrapped, in the narrowest dialog."""
    room = QRect(0, 0, WIDTH - 60, 10_000)
    flags = Qt.TextFlag.TextWordWrap
    texts = [revisions.item(row).text() for row in range(revisions.count())]
    return sum(revisions.fontMetrics().boundingRect(room, flags, text).height() + 4 for text in texts) + 8


def add_backup_note(box: QVBoxLayout, note: str) -> None:
    """Adds the words about a server's backup, and the command in a field of its own, to be copied."""
    words, _break, command = note.partition("\n")
    line = named(QLineEdit(command), "schema_backup_command", _("Command that makes a backup"))
    line.setReadOnly(True)
    line.setCursorPosition(0)
    label = plain(words, "schema_backup", _("Backup"))
    label.setBuddy(line)
    box.addWidget(label)
    box.addWidget(line)
