"""What an import would do, found out by a worker while the choices stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QStackedWidget, QVBoxLayout, QWidget

from desk.dialogs.imports.findings import FindingsTree, doubles_group, rejected_group
from desk.errors import ActionCancelled, DeskError
from desk.i18n import _, ngettext
from desk.panels.parts import dim, heading, named, plain
from desk.work import door
from desk.work.long_job import LongJob, words_for

if TYPE_CHECKING:
    from desk.catalog.import_fields import ImportRequest
    from desk.database.sessions import Sessions
    from desk.operations.imports.import_figures import ImportProgress
    from desk.operations.imports.import_preview import ImportForecast
    from desk.panels.context import Context

STEPS = 1000
"""Of a progress bar."""


class ForecastPanel(QWidget):
    """Shows a forecast, or that one is being made; `forecast_shown` tells that one is complete."""

    forecast_shown = Signal()

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("import_forecast")
        self._context = context
        self._job = LongJob(context.runner, self)
        self._job.progressed.connect(self._on_progressed)
        self._job.ended.connect(self._on_ended)
        self._job.failed.connect(self._on_failed)
        self.summary = plain("", "forecast_summary", _("What would happen"))
        self.summary.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.bar = named(QProgressBar(), "forecast_progress", _("How much of the file was looked through"))
        self.bar.setRange(0, STEPS)
        self.bar.setTextVisible(False)
        self.bar.setMaximumHeight(6)
        self.findings = FindingsTree("forecast_findings", _("What would be rejected or is doubtful"))
        self._nothing = QLabel()
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._nothing.setWordWrap(True)
        dim(self._nothing)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._nothing)
        self._stack.addWidget(self.findings)
        self._lay_out()

    def begin(self, sessions: Sessions, request: ImportRequest) -> None:
        """Looks through the files anew; an earlier look is dropped."""
        self._show(_("Looking what would happen …"))
        self.bar.setValue(0)
        self.bar.show()
        self._job.start(
            _("Forecast an import"), door.forecast_import, {"sessions": sessions, "request": request}, tells=True
        )

    def drop(self, text: str) -> None:
        """Forgets the forecast, and says why there is none."""
        self._job.drop()
        self.bar.hide()
        self._show(text)

    @property
    def is_running(self) -> bool:
        return self._job.is_running

    # Slots

    @Slot(object)
    def _on_progressed(self, progress: ImportProgress) -> None:
        self.bar.setValue(round(progress.fraction * STEPS))
        self.summary.setText(
            _("Looking what would happen: {records:,} rows so far, {rejected:,} of them would be rejected …").format(
                records=progress.records, rejected=progress.rejected
            )
        )

    @Slot(object)
    def _on_ended(self, forecast: ImportForecast) -> None:
        self.bar.hide()
        self._show("\n".join(forecast_lines(forecast)), _("Nothing would be rejected, and no name looks doubtful."))
        self.findings.show_groups(
            (
                rejected_group(forecast.rejected),
                rejected_group(forecast.authors_rejected, of_authors=True),
                doubles_group(forecast.possible_duplicates),
            )
        )
        self._stack.setCurrentIndex(0 if self.findings.is_empty else 1)
        self.forecast_shown.emit()

    @Slot(object)
    def _on_failed(self, error: BaseException) -> None:
        if not isinstance(error, (DeskError, ActionCancelled)):
            self._context.runner.action_failed.emit(error)
        self.drop(words_for(error, _("The look at what would happen was cancelled.")))

    # Helpers

    def _show(self, summary: str, nothing: str = "") -> None:
        self.summary.setText(summary)
        self._nothing.setText(nothing)
        self._stack.setCurrentIndex(0)

    def _lay_out(self) -> None:
        left = QVBoxLayout()
        left.addWidget(heading(_("What would happen")))
        left.addWidget(self.summary)
        left.addWidget(self.bar)
        left.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        row.addLayout(left, 2)
        row.addWidget(self._stack, 3)
        self.bar.hide()
        self.setMinimumHeight(118)


def forecast_lines(forecast: ImportForecast) -> list[str]:
    """A forecast for a person; what does not happen is not told."""
    new, existing, merged, rejected = forecast.new, forecast.existing, forecast.merged, forecast.rejected.count
    made, matched = forecast.authors_new, forecast.authors_matched
    counted = (
        (new, True, ngettext("{count:,} book would be new", "{count:,} books would be new", new)),
        (
            existing,
            False,
            ngettext(
                "{count:,} book is there already and would be left out",
                "{count:,} books are there already and would be left out",
                existing,
            ),
        ),
        (
            merged,
            False,
            ngettext(
                "{count:,} row belongs to the book of an earlier row",
                "{count:,} rows belong to the books of earlier rows",
                merged,
            ),
        ),
        (rejected, True, ngettext("{count:,} row would be rejected", "{count:,} rows would be rejected", rejected)),
        (made, True, ngettext("{count:,} author would be new", "{count:,} authors would be new", made)),
        (matched, False, ngettext("{count:,} author is there already", "{count:,} authors are there already", matched)),
    )
    return [text.format(count=count) for count, always, text in counted if count or always]
