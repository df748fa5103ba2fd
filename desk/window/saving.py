"""What the parts of a window do around a unit of work: note where its records are, and show what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from desk.catalog.changes import count_changes
from desk.catalog.edits import EditKind
from desk.window.undo_commits import UndoCommits
from desk.window.unit_words import UNKNOWN, merged_lines

if TYPE_CHECKING:
    from desk.catalog.edits import CommitResult, EditBatch, RecordKey
    from desk.window.main_window import MainWindow


class Saving(QObject):
    """Follows the unit of work of one window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._shown_before: RecordKey | None = None
        self.units = UndoCommits(window.context, window.unit)
        window.unit.saving.connect(self._on_saving)
        window.unit.saved.connect(self._on_saved)
        window.unit.ended.connect(self._on_ended)
        window.unit.outcome_unknown.connect(self._on_outcome_unknown)
        window.catalogue_shown.connect(window.unit.unknown.ask)

    @Slot(object)
    def _on_saving(self, batch: EditBatch) -> None:
        self._shown_before = self._window.details.key
        for browser in self._window.browsers.values():
            browser.after_commit.begin(batch)

    @Slot(object, object)
    def _on_saved(self, batch: EditBatch, result: CommitResult) -> None:
        window, before = self._window, self._shown_before
        window.status.show_merged(len(result.merged), merged_lines(result.merged))
        now = before.saved_as(result.new_ids[before]) if before is not None and before in result.new_ids else None
        if now is not None:  # its row left the top of the grid for its place in the order
            window.browsers[now.table].current.follow(now)
        window.details.take_saved(batch, result.new_ids)
        for browser in window.browsers.values():
            browser.table.take_saved(batch, result.new_ids)
            browser.after_commit.end(batch, result.new_ids)
        deleted = {edit.key for edit in batch.edits if edit.kind is EditKind.DELETE}
        window.context.committed.emit(dict(result.new_ids), deleted)
        if now is not None:
            window.details.show_record(now)
        window.counts.change(count_changes(batch))

    @Slot(str)
    def _on_outcome_unknown(self, words: str) -> None:
        """It stays in sight until it is known."""
        problems = self._window.problems
        if words:
            problems.tell(words, retry=False)
        elif problems.text == UNKNOWN:  # else it tells of something else by now
            problems.hide()

    @Slot(bool)
    def _on_ended(self, saved: bool) -> None:
        if not saved:
            for browser in self._window.browsers.values():
                browser.after_commit.give_up()
