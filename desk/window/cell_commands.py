"""What the commands that edit cells do: those of the grid in front, and the dialogs that belong to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from desk.catalog.cell_values import MOST_CELLS
from desk.catalog.columns import TABLES, Kind
from desk.catalog.rows import BookRow
from desk.i18n import _
from desk.panels.cell_editing import CellEditing
from desk.panels.selected_records import SelectedRecords
from desk.tables.edit_stack import Original
from desk.tables.record_table import original_of
from desk.work import door
from desk.work.long_job import LongJob, words_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QDialog

    from desk.catalog.columns import Column
    from desk.catalog.edits import RecordKey
    from desk.catalog.rows import Details
    from desk.panels.cell_question import CellQuestion
    from desk.window.main_window import MainWindow

LONG_KINDS = frozenset({Kind.TEXT, Kind.NAME, Kind.NOTES})
"""The kinds of columns whose texts can be long."""


class CellCommands(QObject):
    """The commands of one window that edit cells."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._context = window.context
        self._editing = {name: CellEditing(browser.grid, window.context) for name, browser in window.browsers.items()}
        self._loading_text = LongJob(window.context.runner, self)
        self._loading_text.ended.connect(self._on_details_loaded)
        self._loading_text.failed.connect(self._on_not_loaded)
        self._text_column = TABLES["books"].column("notes")
        """The field whose long text was wanted last."""
        for page in window.details.pages.values():
            page.form.room_wanted.connect(self._on_room_wanted)
        for one in self._editing.values():
            one.asked.connect(self._on_asked)

    def by_name(self) -> dict[str, Callable[[], object]]:
        """A handler for every command that is ours."""
        return {
            "paste": self.paste,
            "fill_down": self.fill_down,
            "clear_cells": self.clear,
            "empty_cells": self.empty,
            "edit_field": self.edit_field,
            "replace": self.replace,
            "edit_text": self.edit_text,
        }

    @property
    def _front(self) -> CellEditing:
        """The cells of the grid in front."""
        return self._editing[self._window.browser.description.name]

    def paste(self) -> None:
        self._front.paste()

    def fill_down(self) -> None:
        self._front.fill_down()

    def clear(self) -> None:
        self._front.clear()

    def empty(self) -> None:
        self._front.empty()

    def edit_field(self) -> None:
        """Asks for one field and a value for all selected records."""
        from desk.dialogs.bulk_edit import BulkEditDialog  # noqa: PLC0415  (nobody needs it at the start)

        chosen = SelectedRecords.of(self._window.browser.grid)
        if not chosen.count or chosen.count > MOST_CELLS:
            self._context.message_wanted.emit(
                _("Select the records to change, at most {limit:,}; now {count:,} are selected.").format(
                    limit=MOST_CELLS, count=chosen.count
                )
            )
            return
        if self._window.take_typed():
            self._open(BulkEditDialog(self._context, chosen, self._current_column, self._window))

    def replace(self) -> None:
        """Opens the dialog that finds and replaces in a column of the view in front."""
        from desk.dialogs.replacing import ReplaceDialog  # noqa: PLC0415  (nobody needs it at the start)

        if self._window.take_typed():
            browser = self._window.browser
            before = self._window.findChild(ReplaceDialog)
            if before is not None:
                before.close()  # it may be of another view
            self._open(ReplaceDialog(self._context, browser.criteria, self._current_column, self._window))

    def edit_text(self) -> None:
        """Opens a long text: of the field in which the cursor is, or of the current cell, else the notes."""
        page = self._window.details.page
        focused = page.form.focused_column if page is not None else None
        if focused is not None:
            self._open_text_of(self._window.details.key, focused)
        else:
            self._open_text_of(self._window.browser.current_key, self._current_column)

    def _open_text_of(self, key: RecordKey | None, column: Column | None) -> None:
        """Opens a text of a record once all of the record is here; what was being typed is taken first."""
        if key is None or not self._window.take_typed():
            return
        notes = TABLES[key.table].column("notes")
        self._text_column = column if column is not None and column.kind in LONG_KINDS else notes
        if key.id < 0:
            edit = self._context.edits.get(key)
            self._open_text(Original(key, 0, {}, edit.label if edit else ""))
            return
        self._loading_text.start(
            _("Load a {one}").format(one=TABLES[key.table].one),
            door.load_details,
            {"sessions": self._context.sessions, "table": key.table, "record_id": key.id},
        )

    # Slots

    @Slot()
    def _on_room_wanted(self) -> None:
        """The button beside the notes of the form."""
        self._open_text_of(self._window.details.key, None)

    @Slot(object)
    def _on_asked(self, question: CellQuestion) -> None:
        from desk.dialogs.cell_question import CellQuestionDialog  # noqa: PLC0415  (nobody needs it at the start)

        self._open(CellQuestionDialog(question, self._window))

    @Slot(object)
    def _on_details_loaded(self, details: Details) -> None:
        table = "books" if isinstance(details.row, BookRow) else "authors"
        self._open_text(original_of(TABLES[table], details.row, notes=details.notes))

    @Slot(object)
    def _on_not_loaded(self, error: BaseException) -> None:
        self._context.message_wanted.emit(words_for(error, _("Cancelled.")))

    # Helpers

    @property
    def _current_column(self) -> Column | None:
        """The column of the current cell."""
        index = self._window.browser.grid.currentIndex()
        return self._window.browser.table.columns[index.column()] if index.isValid() else None

    def _open_text(self, original: Original) -> None:
        from desk.dialogs.long_text import LongTextDialog  # noqa: PLC0415  (nobody needs it at the start)

        self._open(LongTextDialog(self._context, original, self._text_column, self._window))

    @staticmethod
    def _open(dialog: QDialog) -> None:
        if dialog.isModal():
            dialog.open()
        else:
            dialog.show()
