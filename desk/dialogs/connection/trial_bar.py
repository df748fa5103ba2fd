"""The part that tries a connection and says in place what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from desk.i18n import _
from desk.panels.parts import ICON, named, plain, styled
from desk.tables.look import icon
from desk.work import door
from desk.work.long_job import LongJob, words_for

if TYPE_CHECKING:
    from desk.dialogs.connection.connection_entry import Entry
    from desk.operations.trying import Trial
    from desk.tables.look import Look
    from desk.work.runner import Runner

FACTS_SHOWN = 5
"""Facts in sight at once; the others are scrolled to."""
CANCELLED = _("The test was cancelled. Nothing was changed.")


class TrialBar(QWidget):
    """`test_wanted` asks for `try_entry` with what is typed; `trial_ended` tells that a result is shown."""

    test_wanted = Signal()
    trial_ended = Signal()

    def __init__(self, runner: Runner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("trial_bar")
        self._job = LongJob(runner, self)
        self._good = True
        self.test = named(QPushButton(_("T&est")), "trial_test", _("Test the connection"))
        self.cancel = named(QPushButton(_("Cancel the test")), "trial_cancel", _("Cancel the test"))
        self._progress = named(QProgressBar(), "trial_progress", _("The connection is being tested"))
        self._progress.setRange(0, 0)
        self._progress.setTextVisible(False)
        self._progress.setMaximumWidth(120)
        self._sign = QLabel()
        self._told = plain("", "trial_result", _("Result of the test"))
        self.facts = self._make_facts()
        self._lay_out()
        self.test.clicked.connect(self.test_wanted)
        self.cancel.clicked.connect(self.stop)
        self._job.ended.connect(self._on_ended)
        self._job.failed.connect(self._on_failed)
        self.forget()

    @property
    def is_running(self) -> bool:
        return self._job.is_running

    @property
    def told(self) -> str:
        """What came of the test, in words; '' for nothing yet."""
        return self._told.text()

    def try_entry(self, entry: Entry) -> None:
        """Tries a connection on a worker."""
        self._tell("", good=True)
        self._show_running(running=True)
        self._job.start(
            _("Test the connection"),
            door.try_connection,
            {"profile": entry.profile, "password": entry.password or None},
        )

    @Slot()
    def stop(self) -> None:
        """Cancels the test that is under way; the answer is there at once."""
        if self.is_running:
            self._job.drop()
            self._show_running(running=False)
            self._tell(CANCELLED, good=False)
            self.trial_ended.emit()

    @Slot()
    def forget(self) -> None:
        """Cancels the test and clears its result: the fields say something else now."""
        self._job.drop()
        self._show_running(running=False)
        self._tell("", good=True)

    # Slots

    @Slot(object)
    def _on_ended(self, trial: Trial) -> None:
        self._show_running(running=False)
        self._tell(_("The connection works.") if trial.ok else trial.problem, good=trial.ok, facts=trial.facts)
        self.trial_ended.emit()

    @Slot(object)
    def _on_failed(self, error: BaseException) -> None:
        self._show_running(running=False)
        self._tell(words_for(error, CANCELLED), good=False)
        self.trial_ended.emit()

    # Helpers

    def _show_running(self, *, running: bool) -> None:
        had_focus = self.test.hasFocus() or self.cancel.hasFocus()
        self.test.setEnabled(not running)
        self.cancel.setVisible(running)
        self._progress.setVisible(running)
        if had_focus:
            (self.cancel if running else self.test).setFocus()

    def _tell(self, text: str, *, good: bool, facts: tuple[tuple[str, str], ...] = ()) -> None:
        self._good = good
        self._told.setText(text)
        self._told.setVisible(bool(text))
        self._sign.setVisible(bool(text))
        self._sign.setPixmap(icon("commit" if good else "error").pixmap(ICON))
        styled(self._told, self._colour)
        self.facts.setVisible(bool(facts))
        self.facts.setRowCount(len(facts))
        for row, pair in enumerate(facts):
            for column, part in enumerate(pair):
                item = QTableWidgetItem(part)
                item.setToolTip(part)
                self.facts.setItem(row, column, item)
        self._fit_facts(len(facts))

    def _fit_facts(self, count: int) -> None:
        height = self.facts.verticalHeader().defaultSectionSize()
        self.facts.setFixedHeight(min(count, FACTS_SHOWN) * height + 2 * self.facts.frameWidth())

    def _colour(self, colours: Look) -> str:
        return f"color: {colours.good if self._good else colours.bad};"

    @staticmethod
    def _make_facts() -> QTableWidget:
        facts: Any = named(QTableWidget(0, 2), "trial_facts", _("What was found"))
        facts.horizontalHeader().hide()
        facts.verticalHeader().hide()
        facts.verticalHeader().setDefaultSectionSize(facts.fontMetrics().height() + 6)
        facts.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        facts.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        facts.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        facts.setShowGrid(False)
        facts.setTabKeyNavigation(False)
        facts.setFrameShape(QFrame.Shape.StyledPanel)
        made: QTableWidget = facts
        return made

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.addWidget(self.test)
        row.addWidget(self._progress)
        row.addWidget(self.cancel)
        row.addWidget(self._sign)
        row.addWidget(self._told, 1)
        row.addStretch(0)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addLayout(row)
        box.addWidget(self.facts)
