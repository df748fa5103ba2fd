"""The Migrations dialog: where the schema is, every revision, drift, SQL, and the way up or down with a backup.

Invariant: a downgrade is asked for twice; closing the dialog while a migration runs stops that and waits for it, only
who closes it again does not.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QMessageBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desk.dialogs.migration_history import APPLIED, BASE, PENDING, MigrationHistory, kind_of
from desk.dialogs.migration_parts import ProgressPane, SqlView, outcome_words
from desk.dialogs.schema_question import STOPPED
from desk.i18n import _, ngettext
from desk.panels.parts import ProblemBar, heading, named, plain, tool_button
from desk.work import door
from desk.work.long_job import LongJob, words_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from desk.database.profiles import Profile
    from desk.operations.migrating import MigrationResult, SchemaReport
    from desk.work.runner import Runner

SITUATIONS: dict[str, str] = {
    "current": _("The schema is the newest that this Desk knows."),
    "older": _("The schema is older than this Desk."),
    "newer": _("The schema is newer than this Desk."),
    "empty": _("There is no schema of Desk here."),
    "foreign": _("This database holds tables that are not Desk's."),
}


class MigrationsDialog(QDialog):
    """Shows and changes the schema of one catalogue. `read_only` is why the window may only read it, '' when it may
    write.

    `about_to_migrate` tells that the window has to let its catalogue go, `migrated` and `failed` (also for one that was
    stopped) that it may open it again.
    """

    about_to_migrate = Signal()
    migrated = Signal()
    failed = Signal()

    def __init__(self, runner: Runner, profile: Profile, parent: QWidget | None = None, read_only: str = "") -> None:
        super().__init__(parent)
        self.report: SchemaReport | None = None
        self._profile = profile
        self._read_only = read_only
        self._look = LongJob(runner, self)
        self._job = LongJob(runner, self)
        self.setObjectName("migrations_dialog")
        self.setWindowTitle(_("Migrations – {title}").format(title=profile.title))
        self.setModal(False)
        self._make_parts(runner)
        self._lay_out()
        self._connect()
        self.resize(760, 520)
        self.refresh()

    # Actions

    @Slot()
    def refresh(self) -> None:
        """Looks at the schema again."""
        self.situation.setText(_("Looking at the schema …"))
        self._look.start(_("Look at the schema"), door.examine_schema, {"profile": self._profile})

    @Slot()
    def upgrade(self) -> None:
        """Brings the catalogue up to the chosen revision."""
        self._migrate(door.upgrade_catalogue, self.history.chosen)

    @Slot()
    def downgrade(self) -> None:
        """Asks, then takes the catalogue back to the chosen revision."""
        assert self.report is not None
        box = QMessageBox(QMessageBox.Icon.Warning, "Desk", self._loss(), QMessageBox.StandardButton.NoButton, self)
        box.setObjectName("downgrade_question")
        box.setTextFormat(Qt.TextFormat.PlainText)
        backup = _("The file is copied first, beside it.")
        box.setInformativeText(backup if self.report.plan.backup else self.report.plan.backup_note)
        go = box.addButton(_("&Downgrade"), QMessageBox.ButtonRole.DestructiveRole)
        go.setObjectName("downgrade_go")
        chosen = self.history.chosen  # another look may choose another
        go.clicked.connect(partial(self._migrate, door.downgrade_catalogue, chosen))
        keep = box.addButton(_("&Keep it as it is"), QMessageBox.ButtonRole.RejectRole)
        keep.setObjectName("downgrade_keep")
        box.setDefaultButton(keep)
        box.setEscapeButton(keep)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    # Qt

    def reject(self) -> None:
        if self._job.is_running and self.progress.cancel.isEnabled():
            self.progress.cancel.click()
            return
        if self._job.is_running:
            self._job.drop()
            self.failed.emit()
        super().reject()

    # Slots

    @Slot(object)
    def _on_examined(self, report: SchemaReport) -> None:
        self.report = report
        self.problem.hide()
        self._show_report()

    @Slot(object)
    def _on_not_examined(self, error: BaseException) -> None:
        self.situation.setText("")
        self.problem.tell(words_for(error, _("The look at the schema was stopped.")), retry=True)

    @Slot(object)
    def _on_migrated(self, result: MigrationResult) -> None:
        self._rest()
        self.outcome.setText(outcome_words(result))
        self.outcome.show()
        self.migrated.emit()
        self.refresh()

    @Slot(object)
    def _on_failed(self, error: BaseException) -> None:
        self._rest()
        self.problem.tell(words_for(error, STOPPED), retry=False)
        self.failed.emit()

    @Slot()
    def _on_chosen(self) -> None:
        report, chosen = self.report, self.history.chosen
        may = report is not None and not (report.plan.may or self._read_only) and not self._job.is_running
        kind = kind_of(report.plan, chosen) if report is not None and chosen else ""
        self.upgrade_button.setEnabled(may and kind == PENDING)
        self.downgrade_button.setEnabled(may and kind == APPLIED)
        self.sql_button.setEnabled(kind in (PENDING, APPLIED) and not self._job.is_running)

    @Slot()
    def _on_sql(self) -> None:
        assert self.report is not None
        now = self.report.plan.current or BASE
        chosen = self.history.chosen
        self.sql.fetch(chosen, _("SQL from {old} to {new}").format(old=now, new=chosen))

    # Helpers

    def _migrate(self, operation: Callable[..., MigrationResult], revision: str, _checked: bool = False) -> None:
        self.problem.hide()
        self.outcome.hide()
        self.progress.begin()
        self.about_to_migrate.emit()
        self._job.start(self.windowTitle(), operation, {"profile": self._profile, "revision": revision}, tells=True)
        self.history.setEnabled(False)
        self._on_chosen()

    def _rest(self) -> None:
        self.progress.hide()
        self.history.setEnabled(True)
        self._on_chosen()

    def _loss(self) -> str:
        """What a downgrade to the chosen revision may lose."""
        assert self.report is not None
        chosen, plan = self.history.chosen, self.report.plan
        if chosen == BASE:
            return _("Remove the whole schema of {place}, with all its authors and books?").format(place=plan.place)
        later = []
        for one in self.report.history:
            if one.id == chosen:
                break
            if kind_of(plan, one.id) != PENDING:
                later.append(f"{one.id}: {one.summary}")
        asked = ngettext(
            "Take back this revision, and lose what is kept in what it added?",
            "Take back these revisions, and lose what is kept in what they added?",
            len(later),
        )
        return "\n".join([asked, "", *later])

    def _show_report(self) -> None:
        assert self.report is not None
        plan = self.report.plan
        self.place.setText(plan.place)
        self.situation.setText(SITUATIONS[plan.state.value])
        hindrance = plan.may or (
            _("It cannot be changed here: {reason}.").format(reason=self._read_only) if self._read_only else ""
        )
        self.hindrance.setText(hindrance)
        self.hindrance.setVisible(bool(hindrance))
        self.history.show_report(self.report)
        self.agreement.setText(self._agreement())
        self.drift.clear()
        self.drift.addItems([f"≠  {one}" for one in self.report.drift])
        self.drift.setVisible(bool(self.report.drift))
        self._on_chosen()

    def _agreement(self) -> str:
        assert self.report is not None
        if self.report.plan.state.value != "current":
            return _("They can be compared when the schema is the newest that this Desk knows.")
        count = len(self.report.drift)
        if not count:
            return _("✓  Models and database agree.")
        return ngettext("They differ in {count} place:", "They differ in {count} places:", count).format(count=count)

    def _make_parts(self, runner: Runner) -> None:
        self.place = plain(self._profile.title, "migrations_place", _("Where"), quiet=True)
        self.situation = plain("", "migrations_situation", _("State of the schema"))
        self.hindrance = plain("", "migrations_hindrance", _("Why it cannot be changed"))
        self.hindrance.hide()
        self.refresh_button = tool_button("migrations_refresh", _("Look at the schema again"), "refresh")
        self.history = MigrationHistory()
        self.agreement = plain("", "migrations_agreement", _("Whether models and database agree"))
        self.drift = named(QListWidget(), "migrations_drift", _("Differences between models and database"))
        self.drift.setWordWrap(True)
        self.drift.setMaximumHeight(96)
        self.outcome = plain("", "migrations_outcome", _("What was done"))
        self.outcome.hide()
        self.problem = ProblemBar("migrations_problem")
        self.progress = ProgressPane()
        self.sql = SqlView(runner, self._profile)
        self.sql_button = named(QPushButton(_("Show &SQL")), "migrations_show_sql", _("Show the SQL to the chosen one"))
        self.upgrade_button = named(QPushButton(_("&Upgrade to it")), "migrations_upgrade", _("Upgrade to the chosen"))
        self.downgrade_button = named(
            QPushButton(_("&Downgrade to it …")), "migrations_downgrade", _("Downgrade to the chosen")
        )
        self.close_button = named(QPushButton(_("Close")), "migrations_close", _("Close"))
        for button in (self.sql_button, self.upgrade_button, self.downgrade_button):
            button.setAutoDefault(False)
            button.setEnabled(False)

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.addWidget(self.situation)
        words.addWidget(self.place)
        words.addWidget(self.hindrance)
        head = QHBoxLayout()
        head.addLayout(words, 1)
        head.addWidget(self.refresh_button, 0, Qt.AlignmentFlag.AlignTop)
        label = QLabel(_("&Revisions"))
        label.setBuddy(self.history)
        bottom = QHBoxLayout()
        for button in (self.sql_button, self.upgrade_button, self.downgrade_button):
            bottom.addWidget(button)
        bottom.addStretch(1)
        bottom.addWidget(self.close_button)
        box = QVBoxLayout(self)
        box.setSpacing(8)
        box.addLayout(head)
        box.addWidget(label)
        box.addWidget(self.history, 2)
        box.addWidget(heading(_("Models and database")))
        for part in (self.agreement, self.drift, self.outcome, self.problem, self.progress):
            box.addWidget(part)
        box.addWidget(self.sql, 3)
        box.addLayout(bottom)

    def _connect(self) -> None:
        self._look.ended.connect(self._on_examined)
        self._look.failed.connect(self._on_not_examined)
        self._job.ended.connect(self._on_migrated)
        self._job.failed.connect(self._on_failed)
        self._job.progressed.connect(self.progress.show_progress)
        self.progress.cancel_wanted.connect(self._job.cancel)
        self.problem.retry_wanted.connect(self.refresh)
        self.history.itemSelectionChanged.connect(self._on_chosen)
        self.refresh_button.clicked.connect(self.refresh)
        self.sql_button.clicked.connect(self._on_sql)
        self.upgrade_button.clicked.connect(self.upgrade)
        self.downgrade_button.clicked.connect(self.downgrade)
        self.close_button.clicked.connect(self.reject)
