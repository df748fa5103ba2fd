"""Reads CSV files so that nothing in them is lost: every record comes with its line and, if any, its fault.

Invariant: `Record.line` is the physical line where the record starts; the header is on line 1.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, NamedTuple, Self

from desk.errors import EnvironmentProblem, InvalidInput
from desk.i18n import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

LARGEST_CELL = 2**31 - 1
_UNDECODABLE = re.compile("[\udc80-\udcff]")
"""What bytes that are not UTF-8 become; written with the same error handler, they are the same bytes again."""


class Record(NamedTuple):
    """One record; with a `problem` the cells cannot be used (a record that cannot be split is one cell)."""

    line: int
    cells: list[str]
    problem: str


class CsvFile:
    """One UTF-8 file with a header, read once from its start to its end; a byte order mark is passed over.

    Raises EnvironmentProblem when it cannot be read, InvalidInput when it has no usable header.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: list[str] = []
        self._broken = False
        try:
            self._bytes = path.open("rb")
            self._size = path.stat().st_size
        except OSError as error:
            raise unreadable(path, error) from error
        self._text = io.TextIOWrapper(self._bytes, encoding="utf-8-sig", errors="surrogateescape", newline="")
        csv.field_size_limit(LARGEST_CELL)
        self._reader = csv.reader(self._physical_lines(), strict=True)
        try:
            self.headers = self._read_headers()
        except BaseException:
            self._text.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._text.close()

    @property
    def fraction(self) -> float:
        """How much of the file has been read, 0 to 1; 0 where its size is not known."""
        return min(1.0, self._bytes.tell() / self._size) if self._size else 0.0

    @property
    def line(self) -> int:
        """The line that was read last."""
        return self._reader.line_num

    def records(self) -> Iterator[Record]:
        """Every record behind the header; an empty line is none."""
        width = len(self.headers)
        while (record := self._next_record()) is not None:
            line, cells, problem = record
            if problem or len(cells) == width:
                yield record
            elif cells:
                yield Record(line, cells, _wrong_width(len(cells), width))

    def _next_record(self) -> Record | None:
        """The next record, without a look at its width; None at the end of the file."""
        self._lines.clear()
        self._broken = False
        line = self._reader.line_num + 1
        try:
            cells = next(self._reader, None)
        except csv.Error as error:
            return Record(line, ["".join(self._lines).rstrip("\r\n")], self._malformed(error))
        except OSError as error:
            raise unreadable(self.path, error) from error
        if cells is None:
            return None
        return Record(line, cells, _("It holds bytes that are not UTF-8.") if self._broken else "")

    def _read_headers(self) -> tuple[str, ...]:
        record = self._next_record()
        while record is not None and not record.cells:
            record = self._next_record()
        if record is None:
            raise InvalidInput(_("{path} is empty.").format(path=self.path), code="empty")
        if record.problem:
            raise InvalidInput(
                _("The header of {path} cannot be read: {reason}").format(path=self.path, reason=record.problem),
                advice=_("Save the file as CSV in UTF-8, with the names of the columns in its first line."),
                code="header",
            )
        return tuple(record.cells)

    def _physical_lines(self) -> Iterator[str]:
        """The lines for the CSV reader; those of the current record are kept as they were written."""
        keep = self._lines.append
        for line in self._text:
            keep(line)
            if not line.isascii() and _UNDECODABLE.search(line):
                self._broken = True
            yield line

    def _malformed(self, error: csv.Error) -> str:
        if "end of data" in str(error):
            count = len(self._lines)
            return ngettext(
                "A quotation mark is never closed: from here to the end nothing was read ({count} line).",
                "A quotation mark is never closed: from here to the end nothing was read ({count} lines).",
                count,
            ).format(count=count)
        return _("Text follows a closing quotation mark.")


def unreadable(path: Path, error: OSError) -> EnvironmentProblem:
    """The words for a file that cannot be read."""
    if isinstance(error, FileNotFoundError):
        what, code = _("There is no file {path}.").format(path=path), "missing"
    else:
        what = _("{path} cannot be read: {reason}.").format(path=path, reason=error.strerror)
        code = "unreadable"
    return EnvironmentProblem(what, advice=_("Check the path."), code=code)


def _wrong_width(found: int, expected: int) -> str:
    return _("It has {found} fields, the header has {expected}.").format(found=found, expected=expected)
