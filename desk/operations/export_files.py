"""The files that an export writes: CSV text, or a workbook of one sheet.

Invariant: what a file cannot hold is refused with words, never cut or changed.
"""

from __future__ import annotations

import csv
import tempfile
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from desk.catalog.values import format_stored
from desk.errors import EnvironmentProblem, InvalidInput
from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import TextIO

SHEET_ROWS = 1_048_576
SHEET_CHARACTERS = 32_767
"""What a sheet and its cells hold (Microsoft, “Excel specifications and limits”)."""
EXACT = 2**53
"""Beyond it a number of a sheet is not exact."""


class RowSink(Protocol):
    """Takes rows of cells: numbers as numbers, None for an empty cell."""

    def expect(self, rows: int) -> None:
        """Raises InvalidInput when so many rows do not fit."""

    def write(self, rows: Sequence[Sequence[Any]]) -> None: ...


class CsvSink:
    """UTF-8 CSV with CRLF, as RFC 4180 has it; any number of rows."""

    def __init__(self, stream: TextIO) -> None:
        self._writer = csv.writer(stream, lineterminator="\r\n")

    def expect(self, rows: int) -> None:
        pass

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        self._writer.writerows(rows)


class SheetSink:
    """One sheet whose first row is the header; a text is a text there, whatever it looks like."""

    def __init__(self, sheet: Any, price: Any) -> None:
        self._sheet = sheet
        self._price = price
        self._row = 0

    def expect(self, rows: int) -> None:
        if rows >= SHEET_ROWS:
            raise InvalidInput(
                _("There are {rows:,} rows; a sheet holds {limit:,} and a header.").format(
                    rows=rows, limit=SHEET_ROWS - 1
                ),
                kept=_("No file was changed."),
                advice=_("Filter the view, or export it as CSV."),
                code="rows",
            )

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        self.expect(self._row + len(rows) - 1)
        for cells in rows:
            for column, cell in enumerate(cells):
                if cell is not None:
                    self._write_cell(column, cell, cells)
            self._row += 1

    def _write_cell(self, column: int, cell: Any, cells: Sequence[Any]) -> None:
        if isinstance(cell, Decimal) and cell.is_finite():
            self._sheet.write_number(self._row, column, float(cell), self._price)
        elif isinstance(cell, int | float) and abs(cell) <= EXACT:
            self._sheet.write_number(self._row, column, cell)
        else:
            text = cell if isinstance(cell, str) else format_stored(cell)
            self._check(text, cells)
            self._sheet.write_string(self._row, column, text)

    def _check(self, text: str, cells: Sequence[Any]) -> None:
        """UTF-16 units are what Excel counts."""
        try:
            length = len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
        except UnicodeEncodeError as error:
            raise self._refused(_("a damaged text"), cells) from error
        if length > SHEET_CHARACTERS:
            what = _("a text of {count:,} characters, of which a cell holds {limit:,}")
            raise self._refused(what.format(count=length, limit=SHEET_CHARACTERS), cells)

    def _refused(self, what: str, cells: Sequence[Any]) -> InvalidInput:
        first = str(cells[0])
        label = first if len(first) <= 60 else first[:59] + "…"
        return InvalidInput(
            _("Row {number:,} (“{label}”) has {what}.").format(
                number=self._row + 1, label=label.encode(errors="replace").decode(), what=what
            ),
            kept=_("No file was changed."),
            advice=_("Export it as CSV."),
            code="cell",
        )


@contextmanager
def workbook(path: Path, title: str) -> Iterator[SheetSink]:
    """A new workbook at `path`, complete at the end of a block that succeeds.

    Raises EnvironmentProblem when it cannot be written.
    """
    import xlsxwriter  # type: ignore[import-untyped]  # noqa: PLC0415  (only for workbooks)
    from xlsxwriter.exceptions import XlsxWriterException  # type: ignore[import-untyped]  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:  # the rows wait there, and go with it when a block fails
        book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "tmpdir": folder})
        sheet = book.add_worksheet(title)
        sheet.freeze_panes(1, 0)
        try:
            yield SheetSink(sheet, book.add_format({"num_format": "0.00"}))
            book.use_zip64()
            book.close()
        except XlsxWriterException as error:
            raise EnvironmentProblem(
                _("The workbook cannot be written: {reason}.").format(reason=error),
                kept=_("No file was changed."),
                code="unwritable",
            ) from error
        finally:
            sheet.row_data_fh.close()  # only a complete book closes what the rows wait in
