"""Copies and deletes what is selected in a grid, whether its rows are loaded or not."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from desk.errors import ActionCancelled
from desk.i18n import _, ngettext
from desk.tables.record_table import original_of
from desk.work import door

if TYPE_CHECKING:
    from desk.catalog.rows import Row
    from desk.panels.context import Context
    from desk.tables.edit_stack import Original
    from desk.tables.grid import Grid

COPIED_AT_ONCE = 500
"""Rows that are copied without a worker, when they are loaded."""
DELETED_AT_ONCE = 5000


class SelectedRows(QObject):
    """The selection of one grid as something to work on."""

    def __init__(self, grid: Grid, context: Context) -> None:
        super().__init__(grid)
        self._grid = grid
        self._table = grid.table
        self._context = context

    def copy(self) -> None:
        """Puts the selected cells on the clipboard; rows that are not here, or many, are read by a worker."""
        chosen = self._grid.selection()
        text = self._grid.selection_as_tsv() if chosen.rows <= COPIED_AT_ONCE else None
        if text is not None:
            self._on_copied(chosen.rows, text)
            return
        self._context.message_wanted.emit(_("Copying {count:,} rows …").format(count=chosen.rows))
        changed = {
            edit.key.id: edit.values
            for edit in self._context.edits.edits()
            if edit.key.table == self._table.description.name
        }
        below = chosen.moved(-self._table.fresh)
        self._context.runner.submit(
            _("Copy"),
            door.copy_selection,
            channel=f"copy-{id(self)}",
            done=partial(self._on_copied_below, chosen.rows, self._grid.fresh_as_tsv()),
            failed=self._on_selection_failed,
            arguments={
                "sessions": self._context.sessions,
                "criteria": self._table.criteria,
                "selection": below,
                "changed": changed,
            },
        )

    def delete(self) -> None:
        """Marks the selected records to be deleted by the next commit."""
        originals = self._grid.selected_originals()
        if originals is not None:
            self._on_chosen_to_delete(originals)
            return
        below = self._grid.selection().moved(-self._table.fresh)
        if below.rows > DELETED_AT_ONCE:
            self._context.message_wanted.emit(
                _("Nothing was deleted: {count:,} rows are selected, at most {limit:,} can be marked at once.").format(
                    count=below.rows, limit=DELETED_AT_ONCE
                )
            )
            return
        self._context.runner.submit(
            _("Load the selection"),
            door.load_selection,
            channel=f"delete-{id(self)}",
            done=partial(self._on_selection_loaded, self._grid.fresh_originals()),
            failed=self._on_selection_failed,
            arguments={"sessions": self._context.sessions, "criteria": self._table.criteria, "selection": below},
        )

    # Slots

    def _on_copied(self, rows: int, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self._context.message_wanted.emit(
            ngettext("Copied {count:,} row.", "Copied {count:,} rows.", rows).format(count=rows)
        )

    def _on_copied_below(self, rows: int, fresh: str, text: str) -> None:
        self._on_copied(rows, f"{fresh}\n{text}" if fresh else text)

    def _on_selection_loaded(self, fresh: list[Original], rows: tuple[Row, ...]) -> None:
        self._on_chosen_to_delete([*fresh, *(original_of(self._table.description, row) for row in rows)])

    def _on_chosen_to_delete(self, originals: list[Original]) -> None:
        if not self._context.can_edit:
            self._context.message_wanted.emit(_("Nothing can be changed now; nothing was marked."))
        elif originals:
            self._context.edits.delete(originals)

    def _on_selection_failed(self, error: BaseException) -> None:
        if isinstance(error, ActionCancelled):
            self._context.message_wanted.emit(_("Cancelled."))
        else:
            self._context.runner.action_failed.emit(error)
