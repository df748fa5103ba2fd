"""The dialog that makes two authors one: both side by side, what will happen, and how far it is.

Invariant: nothing is merged but what is shown, and not while edits of it are pending.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desk.catalog.merging import MOST_TAKEN_BACK, pending_on
from desk.catalog.rows import AuthorRef
from desk.dialogs.imports.forecast import STEPS
from desk.dialogs.merge_table import MergeTable, short
from desk.errors import ActionCancelled, DeskError
from desk.i18n import _, ngettext
from desk.panels.parts import ProblemBar, dim, named, plain
from desk.tables.author_picker import AuthorPicker
from desk.work import door
from desk.work.long_job import LongJob, words_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desk.catalog.edits import CommitResult
    from desk.catalog.merging import AuthorFacts, Merge, MergeOutcome, MergeProgress
    from desk.panels.context import Context


class MergeDialog(QDialog):
    """Merges two authors of the catalogue that was open when it was made; with one `chosen`, the other one is looked
    for. `merged` carries the Merge and its MergeOutcome."""

    merged = Signal(object, object)

    def __init__(self, context: Context, chosen: Sequence[AuthorRef], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._sessions = context.sessions
        self._first = chosen[0]
        self._ids = [one.id for one in chosen]
        self._wanted: Merge | None = None
        """The merge that runs, or of which nobody knows yet whether it was saved."""
        self._unsure: MergeOutcome | None = None
        self._is_stopping = False
        self._loading = LongJob(context.runner, self)
        self._job = LongJob(context.runner, self)
        self._asking = LongJob(context.runner, self)
        self.setObjectName("merge_dialog")
        self.setWindowTitle(_("Merge authors"))
        self.setModal(False)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._make_parts()
        self._lay_out()
        self._connect()
        self._show_running(running=False)
        self.look_again()

    @property
    def is_working(self) -> bool:
        """Whether a merge is under way."""
        return self._job.is_running

    @Slot()
    def look_again(self) -> None:
        """Loads both authors as they are now; or asks what became of a merge, while nobody knows."""
        self.problems.hide()
        if self._unsure is not None:
            self._asking.start(
                _("Look whether it was saved"),
                door.resolve_unit,
                {"sessions": self._sessions, "receipt": self._unsure.result.unknown},
            )
        elif len(self._ids) == 2:
            self.table.show_authors(None)
            self._loading.start(
                _("Load two authors"),
                door.load_authors_to_merge,
                {"sessions": self._sessions, "author_ids": tuple(self._ids)},
            )
            self._show_summary()

    @Slot()
    def start(self) -> None:
        """Begins the merge, unless edits of what it would change are pending."""
        merge = self.table.merge
        if merge is None or self._job.is_running or self._unsure is not None:
            return
        reason = self._refusal()
        if reason:
            self.problems.tell(reason, retry=False)
            return
        self.problems.hide()
        self._wanted = merge
        self._bar.setValue(0)
        arguments = {"sessions": self._sessions, "merge": merge}
        self._job.start(_("Merge two authors"), door.merge_authors, arguments, tells=True)
        self._show_running(running=True)

    @Slot()
    def cancel(self) -> None:
        """Asks the merge to stop; the dialog stays and tells what came of it."""
        if self._job.is_running and not self._is_stopping:
            self._is_stopping = True
            self._counts.setText(_("Cancelling …"))
            self._job.cancel()

    # Qt

    def reject(self) -> None:
        """Escape and the window's cross: a running merge is cancelled first."""
        if self._job.is_running:
            self.cancel()
        else:
            super().reject()

    # Slots

    @Slot(object)
    def _on_loaded(self, both: tuple[AuthorFacts, AuthorFacts]) -> None:
        self.table.show_authors(both)
        self._show_summary()
        self.merge_button.setFocus()

    @Slot(object)
    def _on_progressed(self, progress: MergeProgress) -> None:
        if not self._is_stopping:
            self._bar.setValue(round(progress.done / progress.total * STEPS) if progress.total else STEPS)
            words = _("{done:,} of {total:,} books moved")
            self._counts.setText(words.format(done=progress.done, total=progress.total))

    @Slot(object)
    def _on_ended(self, outcome: MergeOutcome) -> None:
        if outcome.result.unknown is None:
            self._finish(outcome)
            return
        self._unsure = outcome
        self._show_running(running=False)
        self._tell_unknown()

    @Slot(object)
    def _on_failed(self, error: BaseException) -> None:
        self._show_running(running=False)
        if not isinstance(error, (DeskError, ActionCancelled)):
            self._context.runner.action_failed.emit(error)
        self.problems.tell(words_for(error, _("Cancelled. Nothing was merged.")), retry=True)

    @Slot(object)
    def _on_answered(self, result: CommitResult | None) -> None:
        if result is None or self._unsure is None:
            self._tell_unknown()
            return
        outcome, self._unsure = self._unsure, None
        self._show_running(running=False)
        if result.saved:
            self._finish(outcome)
        else:
            self.problems.tell(_("Nothing was merged: the link broke before that."), retry=True)

    @Slot(object)
    def _on_not_answered(self, _error: BaseException) -> None:
        self._tell_unknown()

    @Slot(object)
    def _on_picked(self, choice: object) -> None:
        if choice is None:
            return
        if not isinstance(choice, AuthorRef) or choice.id == self._ids[0]:
            self.problems.tell(_("Choose another author who is there already."), retry=False)
            return
        self._ids[1:] = [choice.id]
        self.look_again()

    @Slot(str)
    def _on_search_wanted(self, text: str) -> None:
        self._context.find_authors(self.picker, text)

    @Slot()
    def _show_summary(self) -> None:
        merge = self.table.merge
        self.summary.setText(self._advice() if merge is None else _summary(merge))
        self.way_back.setText("" if merge is None else _way_back(merge))
        self.merge_button.setEnabled(merge is not None and self._is_free)

    # Helpers

    @property
    def _is_free(self) -> bool:
        return not self._job.is_running and self._unsure is None

    def _finish(self, outcome: MergeOutcome) -> None:
        self.merged.emit(self._wanted, outcome)
        self.accept()

    def _tell_unknown(self) -> None:
        self.problems.tell(
            _("Whether the authors were merged is not known: the link broke. Retry when the server is back."),
            retry=True,
        )

    def _advice(self) -> str:
        """What to do, or to wait for, while the two are not both here."""
        if len(self._ids) < 2:
            return _("Find the author who is the same as “{name}”.").format(name=short(self._first.name))
        return _("Loading …") if self._loading.is_running else ""

    def _refusal(self) -> str:
        """Why nothing can be merged now; '' when it can."""
        if not self._context.can_edit:
            return _("Nothing can be changed now.")
        touching = pending_on(self._context.edits.edits(), self._ids)
        if not touching:
            return ""
        words = ngettext(
            "A pending edit is about these authors or their books: {labels}. Commit or drop it first.",
            "{count} pending edits are about these authors or their books: {labels}. Commit or drop them first.",
            len(touching),
        )
        labels = "; ".join(short(one.label) for one in touching[:3]) + (" …" if len(touching) > 3 else "")
        return words.format(count=len(touching), labels=labels)

    def _show_running(self, *, running: bool) -> None:
        self._is_stopping = False
        self._counts.setText(_("You can go on browsing in the window meanwhile."))
        for shown in (self._bar, self._counts, self.cancel_button):
            shown.setVisible(running)
        for hidden in (self.merge_button, self.close_button):
            hidden.setVisible(not running)
        for choice in (self.picker, self.table):
            choice.setEnabled(self._is_free)
        self._show_summary()
        if running:
            self.cancel_button.setFocus()

    def _make_parts(self) -> None:
        self.problems = ProblemBar("merge_problem")
        self.picker = named(AuthorPicker(), "merge_picker", _("The author to merge with"))
        self.picker.setPlaceholderText(_("Find an author"))
        self.table = MergeTable()
        self.summary = plain("", "merge_summary", _("What will happen"))
        self.way_back = plain("", "merge_way_back", _("Whether it can be taken back"), quiet=True)
        self._bar = named(QProgressBar(), "merge_progress", _("How much is done"))
        self._bar.setRange(0, STEPS)
        self._counts = named(QLabel(), "merge_counts", _("Books moved so far"))
        dim(self._counts)
        self._buttons = QDialogButtonBox()
        accept, reject = QDialogButtonBox.ButtonRole.AcceptRole, QDialogButtonBox.ButtonRole.RejectRole
        self.merge_button = self._button("merge_button", _("&Merge"), accept)
        self.cancel_button = self._button("merge_cancel", _("&Cancel"), reject)
        self.close_button = self._button("merge_close", _("C&lose"), reject)

    def _button(self, name: str, text: str, role: QDialogButtonBox.ButtonRole) -> QPushButton:
        return named(self._buttons.addButton(text, role), name, text.replace("&", ""))

    def _lay_out(self) -> None:
        label = QLabel(_("Merge wit&h"))
        label.setBuddy(self.picker)
        search = QHBoxLayout()
        search.addWidget(label)
        search.addWidget(self.picker, 1)
        for widget in (label, self.picker):
            widget.setVisible(len(self._ids) < 2)
        box = QVBoxLayout(self)
        box.setSpacing(10)
        box.addWidget(self.problems)
        box.addLayout(search)
        box.addWidget(self.table)
        box.addWidget(self.summary)
        box.addWidget(self.way_back)
        box.addStretch(1)
        box.addWidget(self._bar)
        box.addWidget(self._counts)
        box.addWidget(self._buttons)
        self.resize(640, 400)

    def _connect(self) -> None:
        self.problems.retry_wanted.connect(self.look_again)
        self.table.swapped.connect(self._show_summary)
        self.picker.search_wanted.connect(self._on_search_wanted)
        self.picker.picked.connect(self._on_picked)
        self.merge_button.clicked.connect(self.start)
        self.cancel_button.clicked.connect(self.cancel)
        self.close_button.clicked.connect(self.reject)
        self._loading.ended.connect(self._on_loaded)
        self._loading.failed.connect(self._on_failed)
        self._job.progressed.connect(self._on_progressed)
        self._job.ended.connect(self._on_ended)
        self._job.failed.connect(self._on_failed)
        self._asking.ended.connect(self._on_answered)
        self._asking.failed.connect(self._on_not_answered)


def _summary(merge: Merge) -> str:
    gone = merge.gone
    return _("{books} and {contributions} of {gone} move to {kept}; then {gone} is deleted.").format(
        books=ngettext("{count:,} book", "{count:,} books", gone.books).format(count=gone.books),
        contributions=ngettext("{count:,} contribution", "{count:,} contributions", gone.contributions).format(
            count=gone.contributions
        ),
        gone=_called(gone),
        kept=_called(merge.kept),
    )


def _called(author: AuthorFacts) -> str:
    """An author by name and number: two that are merged are often called the same."""
    return _("“{name}” (no. {number})").format(name=short(author.link.name), number=author.id)


def _way_back(merge: Merge) -> str:
    if merge.can_be_taken_back:
        return _("It is saved at once, as one unit of work, which the Edit menu can take back.")
    return _("It is saved at once and cannot be taken back: it changes more than {count:,} books.").format(
        count=MOST_TAKEN_BACK
    )
