"""Copies and deletes what is selected in a grid, whether its rows are loaded or not."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QByteArray, QMimeData, QObject, Slot
from PySide6.QtGui import QGuiApplication

from desk.errors import ActionCancelled
from desk.i18n import _, ngettext
from desk.tables.record_table import original_of
from desk.work import door
from desk.work.long_job import LongJob

if TYPE_CHECKING:
    from desk.catalog.rows import Row
    from desk.catalog.selection import Selection
    from desk.operations.selecting import CopyProgress
    from desk.panels.context import Context
    from desk.tables.edit_stack import Original
    from desk.tables.grid import Grid

COPIED_AT_ONCE = 500
"""Rows that are copied without a worker, when they are loaded."""
DELETED_AT_ONCE = 5000
TEXT = "text/plain"
COPIED = "application/x-desk-copied"
"""An empty format that tells that what is on the clipboard was put there by Desk."""


class SelectedRows(QObject):
    """The selection of one grid as something to work on. A copy under way is replaced by the next one."""

    def __init__(self, grid: Grid, context: Context) -> None:
        super().__init__(grid)
        self._grid = grid
        self._table = grid.table
        self._context = context
        self._reaches_unknown = False
        """Whether the copy ends with the last row that is known of a view that may have more."""
        self._copying = LongJob(context.runner, self)
        self._copying.progressed.connect(self._on_progressed)
        self._copying.ended.connect(self._on_copied_below)
        self._copying.failed.connect(self._on_copy_failed)

    def copy(self) -> None:
        """Puts the selected cells on the clipboard; rows that are not here, or many, are read by a worker."""
        self._drop_copy()
        chosen = self._grid.selection()
        is_to_the_end = bool(chosen.blocks) and chosen.stretches[-1][1] == self._table.rowCount() - 1
        self._reaches_unknown = is_to_the_end and not self._table.is_exact
        text = self._grid.selection_as_tsv() if chosen.rows <= COPIED_AT_ONCE else None
        if text is not None:
            self._put(chosen.rows, QByteArray(text.encode()))
            return
        changed = {
            edit.key.id: edit.values
            for edit in self._context.edits.edits()
            if edit.key.table == self._table.description.name
        }
        below = chosen.moved(-self._table.fresh)
        arguments = {
            **self._where(below),
            "sections": self._grid.selected_columns(),
            "changed": changed,
            "fresh": self._grid.fresh_as_tsv(),
            "fresh_rows": chosen.rows - below.rows,
        }
        self._copying.start(_("Copy"), _copied_as_bytes, arguments, tells=True)

    def delete(self) -> None:
        """Marks the selected records to be deleted by the next commit."""
        chosen = self._grid.selection()
        if chosen.rows > DELETED_AT_ONCE:
            self._context.message_wanted.emit(
                _("Nothing was deleted: {count:,} rows are selected, at most {limit:,} can be marked at once.").format(
                    count=chosen.rows, limit=DELETED_AT_ONCE
                )
            )
            return
        originals = self._grid.selected_originals()
        if originals is not None:
            self._on_chosen_to_delete(originals)
            return
        self._context.runner.submit(
            _("Load the selection"),
            door.load_selection,
            channel=f"delete-{id(self)}",
            done=partial(self._on_selection_loaded, self._grid.fresh_originals()),
            failed=self._on_selection_failed,
            arguments=self._where(chosen.moved(-self._table.fresh)),
        )

    # Slots

    @Slot(object)
    def _on_progressed(self, progress: CopyProgress) -> None:
        self._context.progress_made.emit(
            self,
            _("Copying {rows:,} of {total:,} rows").format(rows=progress.rows, total=progress.total),
            progress.rows,
            progress.total,
        )

    @Slot(object)
    def _on_copied_below(self, copied: tuple[int, QByteArray]) -> None:
        self._context.progress_ended.emit(self)
        self._put(*copied)

    @Slot(object)
    def _on_copy_failed(self, error: BaseException) -> None:
        self._context.progress_ended.emit(self)
        self._on_selection_failed(error, _("Cancelled. The clipboard keeps what it had."))

    def _on_selection_loaded(self, fresh: list[Original], rows: tuple[Row, ...]) -> None:
        self._on_chosen_to_delete([*fresh, *(original_of(self._table.description, row) for row in rows)])

    def _on_chosen_to_delete(self, originals: list[Original]) -> None:
        if not self._context.can_edit:
            self._context.message_wanted.emit(_("Nothing can be changed now; nothing was marked."))
        elif originals:
            self._context.edits.delete(originals)

    def _on_selection_failed(self, error: BaseException, cancelled: str = _("Cancelled.")) -> None:
        if isinstance(error, ActionCancelled):
            self._context.message_wanted.emit(cancelled)
        else:
            self._context.runner.action_failed.emit(error)

    # Helpers

    def _where(self, selection: Selection) -> dict[str, Any]:
        """Where a worker finds the rows of a selection."""
        return {
            "sessions": self._context.sessions,
            "places": self._table.places.snapshot(),
            "selection": selection,
        }

    def _drop_copy(self) -> None:
        if self._copying.is_running:
            self._copying.drop()
            self._context.progress_ended.emit(self)

    def _put(self, rows: int, text: QByteArray) -> None:
        """Onto the clipboard, as UTF-8: made into Qt's own text, a long one would take too long."""
        content = QMimeData()
        content.setData(TEXT, text)
        content.setData(COPIED, QByteArray())
        QGuiApplication.clipboard().setMimeData(content)
        told = ngettext("Copied {count:,} row.", "Copied {count:,} rows.", rows).format(count=rows)
        if self._reaches_unknown:
            told = _("{copied} The view may have more: these were all that were known.").format(copied=told)
        self._context.message_wanted.emit(told)


def _copied_as_bytes(*, fresh: str, fresh_rows: int, **arguments: Any) -> tuple[int, QByteArray]:
    """On a worker: a copy, below new records that are in no view, as the clipboard takes it."""
    copied = door.copy_selection(**arguments)
    text = QByteArray(fresh.encode())
    text.reserve(text.size() + 1 + sum(map(len, copied.pieces)))
    if fresh_rows and copied.rows:
        text.append(b"\n")
    for piece in copied.pieces:
        text.append(piece)
    return fresh_rows + copied.rows, text
