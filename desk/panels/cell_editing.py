"""Edits cells as a spreadsheet does: pastes a block, fills down, clears. Each makes one step of pending edits.

Invariant: a value goes through its column's parser, and what that refuses is told before anything is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QMimeData, QObject, Signal
from PySide6.QtGui import QGuiApplication

from desk.catalog.cell_values import MOST_CELLS, Refusal, cell_value, checked_value, refuse_fixed
from desk.catalog.tsv import read_tsv
from desk.errors import InvalidInput
from desk.i18n import _, ngettext
from desk.panels.cell_changes import Cell, CellChanges, CellChanging, cells_words, row_number
from desk.panels.selected_rows import COPIED, TEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from desk.catalog.columns import Column
    from desk.panels.context import Context
    from desk.tables.grid import Grid

    Block = tuple[tuple[str | None, ...], ...]

LONGEST_TEXT = 20_000_000
"""Bytes of a clipboard that are read: cells that fit into a catalogue are far shorter."""
NOT_PASTED = _("Nothing was pasted.")
NOT_FILLED = _("Nothing was filled.")
NOT_CLEARED = _("Nothing was cleared.")


class CellEditing(QObject):
    """The cells of one grid as a block to work on. `asked` carries a CellQuestion to be answered."""

    asked = Signal(object)

    def __init__(self, grid: Grid, context: Context) -> None:
        super().__init__(grid)
        self._grid = grid
        self._table = grid.table
        self._context = context
        self.changing = CellChanging(grid.table, context, self)
        self.changing.asked.connect(self.asked)

    def paste(self) -> None:
        """Puts the block of the clipboard over the cells from the first selected one on; one value over all of them."""
        try:
            block = read_tsv(_clipboard_text(), MOST_CELLS)
        except InvalidInput as problem:
            self._tell(str(problem))
            return
        if not block:
            self._tell(_("{nothing} There is no text on the clipboard.").format(nothing=NOT_PASTED))
        elif len(block) == len(block[0]) == 1 and self._selected_cells() > 1:
            text = block[0][0]
            self._change_selected(_("Paste {cells}"), NOT_PASTED, lambda column: cell_value(column, text))
        else:
            self._paste_block(block)

    def fill_down(self) -> None:
        """Gives the selected cells of each column the value of its first one."""
        rows = self._selected_rows()
        if len(rows) < 2:
            self._tell(_("{nothing} Select the row to copy and those below it.").format(nothing=NOT_FILLED))
            return
        first = rows[0]
        if self._table.original_at(first) is None:
            self._tell(_("{nothing} The first selected row is not loaded: bring it into sight.").format(
                nothing=NOT_FILLED))  # fmt: skip
            return
        step = ngettext("Fill down {count:,} row", "Fill down {count:,} rows", len(rows) - 1)
        self._change_selected(
            step.format(count=len(rows) - 1),
            NOT_FILLED,
            lambda column: checked_value(column, self._table.value_at(first, column)),
            rows[1:],
        )

    def clear(self) -> None:
        """Makes the selected cells "not known"."""
        self._change_selected(_("Clear {cells}"), NOT_CLEARED, lambda column: cell_value(column, None))

    def empty(self) -> None:
        """Makes the selected cells an empty text."""
        self._change_selected(_("Empty {cells}"), NOT_CLEARED, lambda column: cell_value(column, ""))

    # Helpers

    def _paste_block(self, block: Block) -> None:
        index = self._grid.currentIndex()
        chosen = self._grid.selected_columns()
        rows = self._selected_rows()
        if not index.isValid() or not chosen:
            self._tell(_("{nothing} Choose the cell to paste at first.").format(nothing=NOT_PASTED))
            return
        first, columns = rows[0], self._columns_from(chosen[0])
        width = max(map(len, block))
        refused = [Refusal("", column.header, reason) for column in columns[:width] if (reason := _why_fixed(column))]
        if width > len(columns):
            over = ngettext(
                "the block is {count:,} column wider than the view.",
                "the block is {count:,} columns wider than the view.",
                width - len(columns),
            )
            refused.append(Refusal("", _("Right of the last column"), over.format(count=width - len(columns))))
        cells: list[Cell] = []
        for place, line in enumerate(block):
            for column, text in zip(columns, line, strict=False):
                try:
                    if column.editable:
                        cells.append(Cell(first + place, column, cell_value(column, text)))
                except InvalidInput as problem:
                    refused.append(Refusal(row_number(self._table, first + place), column.header, str(problem)))
        step = _("Paste {cells}").format(cells=cells_words(len(block), width))
        self.changing.begin(CellChanges(step, NOT_PASTED, tuple(cells), tuple(refused)))

    def _change_selected(
        self, step: str, nothing: str, make: Callable[[Column], Any], rows: list[int] | None = None
    ) -> None:
        """Gives the selected cells, of some rows only, what `make` makes for their column."""
        count = self._selected_cells()
        if not count or count > MOST_CELLS:
            self._tell(
                _("{nothing} {count:,} cells are selected; at most {limit:,} can be changed at once.").format(
                    nothing=nothing, count=count, limit=MOST_CELLS
                )
                if count
                else _("{nothing} Select cells first.").format(nothing=nothing)
            )
            return
        values, refused = self._made(make)
        wanted = set(self._selected_rows() if rows is None else rows)
        cells = tuple(
            Cell(row, self._table.columns[section], values[section])
            for row, sections in self._selected()
            for section in sections
            if section in values and row in wanted
        )
        columns = len(self._shown_of_selection())
        words = step.format(cells=cells_words(len(wanted), columns))
        self.changing.begin(CellChanges(words, nothing, cells, tuple(refused)))

    def _made(self, make: Callable[[Column], Any]) -> tuple[dict[int, Any], list[Refusal]]:
        """The value for each selected column that takes one, and why the others do not."""
        values: dict[int, Any] = {}
        refused: list[Refusal] = []
        for section in self._shown_of_selection():
            column = self._table.columns[section]
            try:
                values[section] = make(column)
            except InvalidInput as problem:
                refused.append(Refusal("", column.header, str(problem)))
        return values, refused

    def _columns_from(self, section: int) -> list[Column]:
        """The shown columns from one on, as they stand from left to right."""
        shown = self._grid.shown_columns
        return [self._table.columns[one] for one in shown[shown.index(section) :]]

    def _shown_of_selection(self) -> list[int]:
        chosen = {section for run in self._grid.selection().runs for section in run.sections}
        return [section for section in self._grid.shown_columns if section in chosen]

    def _selected(self) -> Iterable[tuple[int, list[int]]]:
        """Each selected row with its selected columns that are shown."""
        shown = set(self._shown_of_selection())
        for run in self._grid.selection().runs:
            sections = sorted(shown & run.sections)
            for row in range(run.first, run.last + 1):
                yield row, sections

    def _selected_cells(self) -> int:
        shown = set(self._shown_of_selection())
        runs = self._grid.selection().runs
        return sum((run.last - run.first + 1) * len(shown & run.sections) for run in runs)

    def _selected_rows(self) -> list[int]:
        """The selected rows in order, no more of them than can be changed at once."""
        found: list[int] = []
        for first, last in self._grid.selection().stretches:
            found += range(first, min(last, first + MOST_CELLS) + 1)
        return found

    def _tell(self, text: str) -> None:
        self._context.message_wanted.emit(text)


def _why_fixed(column: Column) -> str:
    try:
        refuse_fixed(column)
    except InvalidInput as problem:
        return str(problem)
    return ""


def _clipboard_text() -> str:
    """The text of the clipboard; what Desk put there is read as it was put, because Qt would drop a leading U+FEFF.

    Raises InvalidInput when it is too long.
    """
    content: QMimeData | None = QGuiApplication.clipboard().mimeData()  # None where there is no clipboard
    if content is None or not content.hasText():
        return ""
    if content.hasFormat(COPIED):
        raw = bytes(content.data(TEXT).data())
        text = raw.decode() if len(raw) <= LONGEST_TEXT else " " * (LONGEST_TEXT + 1)
    else:
        text = content.text()
    if len(text) > LONGEST_TEXT:
        raise InvalidInput(
            _("The text on the clipboard is longer than {limit:,} characters.").format(limit=LONGEST_TEXT),
            kept=NOT_PASTED,
            advice=_("Paste fewer cells at once, or import a file."),
            code="too_much",
        )
    return text
