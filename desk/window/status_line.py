"""The status line: row and total, the cost of the last action, open transactions, and what is running."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QLabel, QProgressBar, QStatusBar, QToolButton, QToolTip, QWidget

from desk.i18n import _, ngettext
from desk.panels.parts import named, styled, tool_button, total_words

if TYPE_CHECKING:
    from desk.catalog.snapshots import Cost, PoolSnapshot
    from desk.tables.look import Look


DRAW_MS = 100
PARTS = 1000
"""Steps of a progress bar: counts of rows may be beyond the 32 bits of Qt's."""
BUSY_MS = 400
"""What is shorter shows no sign of being busy: it would only flicker, and its animation would slow what runs."""


class StatusLine(QStatusBar):
    """`cancel_wanted` asks to stop what is running."""

    cancel_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("status_line")
        self.place = named(QLabel(), "status_place", _("Row and total"))
        self.edits = named(QLabel(), "status_edits", _("Pending edits"))
        self.cost = named(QLabel(), "status_cost", _("Cost of the last action"))
        self.transactions = named(QLabel(), "status_transactions", _("Open transactions"))
        self.read_only = named(QLabel(_("read-only")), "status_read_only", _("Read-only"))
        styled(self.read_only, _read_only_style)
        self.merged = named(QToolButton(), "status_merged", _("Merged with changes made elsewhere"))
        self.merged.setAutoRaise(True)
        self.merged.clicked.connect(self._on_merged_clicked)
        self.busy = named(QProgressBar(), "status_busy", _("An action is running"))
        self.job = named(QLabel(), "status_job", _("Long work"))
        self.progress = named(QProgressBar(), "status_progress", _("Progress"))
        for bar, width in ((self.busy, 70), (self.progress, 120)):
            bar.setRange(0, 0)
            bar.setMaximumSize(width, 12)
            bar.setTextVisible(False)
        self.cancel = tool_button("status_cancel", _("Cancel what is running"), "cancel")
        self.cancel.clicked.connect(self.cancel_wanted)
        for widget in (
            self.job, self.progress, self.busy, self.cancel, self.merged, self.read_only, self.place, self.edits,
            self.cost, self.transactions,
        ):  # fmt: skip
            self.addPermanentWidget(widget)
        self.read_only.hide()
        self.merged.hide()
        self._is_busy = False
        self._jobs: dict[object, tuple[str, int, int]] = {}
        """Whose long job → its name, how much of how much is done; the job that began last is the one that is shown."""
        self._arrange()
        self._cost: Cost | None = None
        self._becoming_busy = QTimer(self, singleShot=True, interval=BUSY_MS)
        self._becoming_busy.timeout.connect(self._show_busy)
        self._drawing = QTimer(self, singleShot=True, interval=DRAW_MS)
        self._drawing.timeout.connect(self._draw)

    def show_place(self, row: int, total: int, *, exact: bool, listed: bool = False) -> None:
        """`row` counts from 0, below 0 is none; a total that is not exact is an estimate, or `listed` of more."""
        shown = total_words(total, exact=exact, listed=listed)
        self.place.setText(
            _("Row {row:,} of {total}").format(row=row + 1, total=shown)
            if row >= 0
            else ngettext("{total} row", "{total} rows", total).format(total=shown)
        )

    def show_edits(self, count: int) -> None:
        self.edits.setText(ngettext("{count} edit", "{count} edits", count).format(count=count) if count else "")

    def show_read_only(self, reason: str) -> None:
        """Says that nothing can be changed, and on hovering why; '' when it can."""
        self.read_only.setToolTip(reason)
        self.read_only.setAccessibleDescription(reason)
        self.read_only.setVisible(bool(reason))

    def show_merged(self, count: int, lines: str) -> None:
        """In how many records of the last commit others had changed other fields, and on hovering or a click which;
        0 for none."""
        self.merged.setText(ngettext("± {count} merged", "± {count} merged", count).format(count=count))
        self.merged.setToolTip(lines)
        self.merged.setAccessibleDescription(lines)
        self.merged.setVisible(count > 0)

    @Slot()
    def _on_merged_clicked(self) -> None:
        button = self.merged
        QToolTip.showText(button.mapToGlobal(button.rect().topLeft()), button.toolTip(), button)

    @Slot(object)
    def show_cost(self, cost: Cost) -> None:
        """The last action: `Load Books · 12 ms · 2 statements`; a burst of actions is drawn ten times a second."""
        self._cost = cost
        if not self._drawing.isActive():
            self._drawing.start()

    @Slot(int)
    def show_busy(self, running: int) -> None:
        """Offers to cancel what runs, once something has been running without a break for a while."""
        if not running:
            self._becoming_busy.stop()
            self._is_busy = False
            self._arrange()
        elif not self._becoming_busy.isActive() and not self._is_busy:
            self._becoming_busy.start()

    def show_progress(self, whose: object, label: str, done: int, total: int) -> None:
        """How far a long job is, `done` of `total` (0: nobody knows of how much), beside the button that cancels it.

        Told as often as one likes, at best ten times a second; of several jobs the one that began last is shown.
        """
        self._jobs[whose] = (label, done, total)
        self._show_job()

    def hide_progress(self, whose: object) -> None:
        """The long job has ended; another one that goes on is shown again."""
        self._jobs.pop(whose, None)
        self._show_job()

    @Slot()
    def _show_busy(self) -> None:
        self._is_busy = True
        self._arrange()

    def _show_job(self) -> None:
        if self._jobs:
            label, done, total = self._jobs[next(reversed(self._jobs))]
            self.job.setText(label)
            self.progress.setRange(0, PARTS if total else 0)
            self.progress.setValue(PARTS * done // total if total else 0)
        self._arrange()

    def _arrange(self) -> None:
        """One bar tells that something runs: how far a long job is, or else only that."""
        has_job = bool(self._jobs)
        self.busy.setVisible(self._is_busy and not has_job)
        self.cancel.setVisible(self._is_busy or has_job)
        for widget in (self.job, self.progress):
            widget.setVisible(has_job)
        self.cost.setVisible(not has_job)  # that of an action which has ended can make room

    @Slot()
    def _draw(self) -> None:
        cost = self._cost
        if cost is None:
            return
        statements = ngettext("{count} statement", "{count} statements", cost.statements).format(count=cost.statements)
        self.cost.setText(f"{cost.label} · {cost.ms:.0f} ms · {statements}")

    @Slot(object)
    def show_pool(self, snapshot: PoolSnapshot) -> None:
        count = snapshot.open_transactions
        self.transactions.setText(
            ngettext("{count} open transaction", "{count} open transactions", count).format(count=count)
        )


def _read_only_style(colours: Look) -> str:
    return f"color: {colours.warn}; border: 1px solid {colours.warn}; border-radius: 3px; padding: 0 4px;"
