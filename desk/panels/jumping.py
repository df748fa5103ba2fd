"""Jumps in a grid whose end a worker has to find: to the first row at or after typed letters, to a record, to a row
behind the last one that is known.

Invariant: of two jumps of one grid the later one wins.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Slot
from PySide6.QtWidgets import QLabel

from desk.errors import ActionCancelled
from desk.i18n import _
from desk.panels.parts import named, styled
from desk.work import door
from desk.work.runner import Rank

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desk.catalog.criteria import Criteria
    from desk.catalog.edits import RecordKey
    from desk.catalog.places import Places
    from desk.operations.locating import Located
    from desk.panels.context import Context
    from desk.panels.current_record import CurrentRecord
    from desk.tables.grid import Grid
    from desk.tables.record_table import RecordTable

SHOWN_MS = 1500
"""How long what was typed is shown after the last key."""
MARGIN = 8


class Jumping(QObject):
    """The jumps of one grid, and the label over it that shows what was typed."""

    def __init__(self, grid: Grid, current: CurrentRecord, context: Context) -> None:
        super().__init__(grid)
        self._grid = grid
        self._current = current
        self._context = context
        name = grid.objectName()
        self._channel = f"{name}-jump-{id(self)}"
        self.label = named(QLabel(grid), f"{name}_jump", _("Typed letters"))
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        styled(
            self.label,
            lambda colours: (
                f"background: {colours.tip}; color: {colours.text}; border: 1px solid {colours.line};"
                " border-radius: 4px; padding: 4px 10px;"
            ),
        )
        self.label.hide()
        self._hiding = QTimer(self, singleShot=True, interval=SHOWN_MS)
        self._hiding.timeout.connect(self.label.hide)
        grid.viewport().installEventFilter(self)
        grid.jump_wanted.connect(self._on_jump_wanted)
        grid.end_wanted.connect(self._on_end_wanted)

    def go_to_position(self, position: int) -> None:
        """Makes the row at a place of the view the current one; pending new records stand above the first. Where there
        may be more rows than are known they are counted first; beyond the last row, that one."""
        self._context.runner.cancel_channel(self._channel)
        table = self._grid.table
        if position < table.total or not table.may_have_more or self._context.catalogue is None:
            self._grid.go_to_row(position + table.fresh)
            return
        self._show(_("Counting the rows …"))
        self._context.runner.submit(
            _("Count {table}").format(table=table.description.title),
            door.count_rows,
            channel=self._channel,
            done=partial(self._on_counted, table.places, position, self._grid.current_row),
            failed=self._on_failed,
            arguments={"sessions": self._context.sessions, "criteria": table.criteria},
        )

    def look_for(self, key: RecordKey) -> None:
        """Makes a record the current row wherever in the view it is, or says that it is not there."""
        table = self._grid.table
        self._context.runner.submit(
            _("Find a record"),
            door.locate_records,
            channel=self._channel,
            done=partial(self._on_found, table.criteria, key),
            rank=Rank.IN_SIGHT,
            arguments={
                "sessions": self._context.sessions,
                "criteria": table.criteria,
                "places": table.places.snapshot(),
                "ids": [key.id],
            },
        )

    # Qt

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.label.isVisible():
            self._lay_out()
        return super().eventFilter(watched, event)

    # Slots

    @Slot()
    def _on_end_wanted(self) -> None:
        self.go_to_position(self._grid.table.row_limit)

    @Slot(str)
    def _on_jump_wanted(self, text: str) -> None:
        """Looks for what has been typed so far; '' is that it was given up."""
        self._context.runner.cancel_channel(self._channel)
        if not text:
            self.label.hide()
            return
        self._show(text)
        if self._context.catalogue is None:
            return
        table = self._grid.table
        self._context.runner.submit(
            _("Jump to “{text}”").format(text=text),
            door.locate_text,
            channel=self._channel,
            done=partial(self._on_located, table.criteria, text),
            failed=self._on_failed,
            rank=Rank.IN_SIGHT,
            arguments={
                "sessions": self._context.sessions,
                "criteria": table.criteria,
                "places": table.places.snapshot(),
                "text": text,
            },
        )

    def _on_located(self, criteria: Criteria, text: str, position: int | None) -> None:
        table = self._grid.table
        if criteria != table.criteria:
            return
        if position is None:
            self._show(_("{text} – nothing in this order begins so").format(text=text))
            return
        row = self._row_of(position)
        if table.rowCount():
            self._grid.go_to_row(row)
        is_behind = row >= table.rowCount() and table.is_exact
        self._show(_("{text} – after the last row").format(text=text) if is_behind else text)

    def _on_counted(self, places: Places, position: int, row: int, total: int) -> None:
        """Goes there, unless the current row is not `row` any more: somebody went elsewhere meanwhile."""
        self.label.hide()
        table = self._grid.table
        if places is table.places:  # else another view is shown, or a commit came between
            table.place_total(places.criteria, total)
        if places.criteria == table.criteria and row == self._grid.current_row:
            self._grid.go_to_row(position + table.fresh)

    def _on_found(self, criteria: Criteria, key: RecordKey, found: Mapping[int, Located]) -> None:
        table = self._grid.table
        if criteria != table.criteria:
            return
        row = self._row_of(found[key.id].position) if key.id in found else table.rowCount()
        if row < table.rowCount():
            self._current.go_to(row, key)
        else:
            self._context.message_wanted.emit(_way_to_hidden(table, is_found=key.id in found))

    def _on_failed(self, error: BaseException) -> None:
        self.label.hide()
        if not isinstance(error, ActionCancelled):
            self._context.runner.action_failed.emit(error)

    # Helpers

    def _row_of(self, position: int) -> int:
        """The grid row of a place, of whose row is known that it is there although a total was estimated below it."""
        table = self._grid.table
        if position >= table.total and not table.is_exact:
            table.place_total(table.criteria, position + 1, is_exact=False)
        return position + table.fresh

    def _show(self, text: str) -> None:
        self.label.setText(text)
        self._lay_out()
        self.label.show()
        self.label.raise_()
        self._hiding.start()

    def _lay_out(self) -> None:
        """Puts the label into the lower left corner of the rows."""
        view = self._grid.viewport().geometry()
        self.label.setMaximumWidth(max(0, view.width() - 2 * MARGIN))
        self.label.adjustSize()
        self.label.move(view.left() + MARGIN, view.bottom() - self.label.height() - MARGIN)


def _way_to_hidden(table: RecordTable, *, is_found: bool) -> str:
    """Why a record is not among the rows, and what brings it there; `is_found`: it is behind the last that is shown."""
    hits, criteria = table.places.hits, table.criteria
    if is_found:
        return _("This record is behind the last row that can be shown: sort the other way round to see it.")
    if hits is not None and not hits.complete:
        return _("This record is not among the first {count:,} rows: sort by one column only to see it.").format(
            count=len(hits.ids)
        )
    return _LEFT_OUT[bool(criteria.search), bool(criteria.filters)]


_LEFT_OUT = {
    (True, True): _("This record is not among the rows shown: clear the search and remove the filters to see it."),
    (True, False): _("This record is not among the rows shown: clear the search to see it."),
    (False, True): _("This record is not among the rows shown: remove the filters to see it."),
    (False, False): _("This record is not among the rows: it was deleted elsewhere. Press F5 to load them again."),
}
"""Whether there is a search, and whether there are filters → what is said of a record that they leave out."""
