"""Reads CSV files so that nothing in them is lost: every record comes with its line and, if any, its fault.

Invariant: `Record.line` is the physical line where the record starts; the header is on line 1. Bytes that cannot be
decoded are kept in the cells as half characters, so that they can be written as they were.
"""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from desk.catalog.import_fields import ENCODINGS
from desk.errors import EnvironmentProblem, InvalidInput
from desk.i18n import _, ngettext
from desk.operations.imports.csv_guessing import codec_of, guess_delimiter, guess_encoding, read_sample

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

LARGEST_CELL = 2**31 - 1
RECORD_LENGTH = 1 << 25
"""Characters; what is longer is no record but a file of another kind, and reading it would take all the memory."""
KEEP_BYTES = "desk_keep_bytes"
"""As Python's surrogateescape, for every byte: some encodings also stumble over those of ASCII."""
MARK = "\ufeff"
_UNDECODABLE = re.compile("[\udc00-\udcff]")
_WIDE = ("utf-16", "utf-32", "utf_16", "utf_32")


def _keep_bytes(error: UnicodeError) -> tuple[str | bytes, int]:
    """Bytes that cannot be decoded become U+DC00 and above, and bytes again. What the encoding does not have becomes a
    question mark; so does a byte in a file whose units are wider."""
    if isinstance(error, UnicodeDecodeError):
        return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    if error.encoding.lower().startswith(_WIDE) or not _UNDECODABLE.match(signs):
        return "?" * len(signs), error.end
    return bytes(ord(sign) - 0xDC00 if _UNDECODABLE.match(sign) else ord("?") for sign in signs), error.end


codecs.register_error(KEEP_BYTES, _keep_bytes)


class Record(NamedTuple):
    """One record; with a `problem` the cells cannot be used (a record that cannot be split is one cell)."""

    line: int
    cells: list[str]
    problem: str


class CsvFile:
    """One file with a header, read once from its start to its end; a byte order mark is passed over.

    `encoding` and `delimiter` are guessed where they are ''; afterwards they tell what is used. Raises
    EnvironmentProblem when the file cannot be read or is changed meanwhile, InvalidInput when it has no usable header,
    when there is no such encoding or delimiter, and while it is read for what does not end.
    """

    def __init__(self, path: Path, encoding: str = "", delimiter: str = "") -> None:
        self.path = path
        self._lines: list[str] = []
        self._length = 0
        self._begin = 1
        self._broken = False
        try:
            self._bytes = path.open("rb")
        except OSError as error:
            raise unreadable(path, error) from error
        try:
            self._state = self._stat()
            self._size = self._state[0]
            head, sample = read_sample(self._bytes, self._size)
            self.encoding = encoding or guess_encoding(sample)
            self._text = self._decoded(codec_of(self.encoding, head))
            self.delimiter = delimiter or guess_delimiter(_decoded_head(head, self._text.encoding))
            self._reader = self._reader_of_text()
            self.headers = self._read_headers()
        except OSError as error:
            self._bytes.close()
            raise unreadable(path, error) from error
        except UnicodeError as error:
            self._bytes.close()
            raise self._is_not_of_it() from error
        except BaseException:
            self._bytes.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._text.close()

    @property
    def codec(self) -> str:
        """Python's codec for writing a file like this one: without a mark, but for UTF-16 and UTF-32."""
        return "utf-8" if self._text.encoding == "utf-8-sig" else self._text.encoding

    @property
    def size(self) -> int:
        """In bytes; 0 where it is not known."""
        return self._size

    @property
    def fraction(self) -> float:
        """How much of the file has been read, 0 to 1; 0 where its size is not known."""
        return min(1.0, self._bytes.tell() / self._size) if self._size else 0.0

    @property
    def line(self) -> int:
        """The line that was read last."""
        return int(self._reader.line_num)

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
        self._length = 0
        self._broken = False
        self._begin = line = self._reader.line_num + 1
        try:
            cells = next(self._reader, None)
        except csv.Error as error:
            return Record(line, ["".join(self._lines).rstrip("\r\n")], self._malformed(error))
        except OSError as error:
            raise unreadable(self.path, error) from error
        except UnicodeError as error:
            raise self._is_not_of_it() from error
        if cells is None:
            self._check_unchanged()
            return None
        return Record(line, cells, self._undecodable() if self._broken else "")

    def _stat(self) -> tuple[int, int]:
        """Size in bytes and time of the last change, of the file as it was opened."""
        found = os.fstat(self._bytes.fileno())
        return found.st_size, found.st_mtime_ns

    def _check_unchanged(self) -> None:
        """What is still being written is not whole: nobody could tell which part was read."""
        if self._bytes.seekable() and self._stat() != self._state:
            raise EnvironmentProblem(
                _("{path} was changed while it was read.").format(path=self.path),
                advice=_("Try again once nothing writes to it."),
                code="changed",
            )

    def _read_headers(self) -> tuple[str, ...]:
        record = self._next_record()
        while record is not None and not record.cells:
            record = self._next_record()
        if record is None:
            raise InvalidInput(_("{path} is empty.").format(path=self.path), code="empty")
        if record.problem:
            raise InvalidInput(
                _("The header of {path} cannot be read: {reason}").format(path=self.path, reason=record.problem),
                advice=_("Choose another encoding, or save the file as CSV in UTF-8 with a header."),
                code="header",
            )
        return tuple(record.cells)

    def _decoded(self, codec: str) -> io.TextIOWrapper:
        try:
            return io.TextIOWrapper(self._bytes, encoding=codec, errors=KEEP_BYTES, newline="")
        except (LookupError, ValueError) as error:
            raise InvalidInput(
                _("There is no encoding “{name}”.").format(name=self.encoding),
                advice=_("Name one such as utf-8, utf-16 or cp1252."),
                code="encoding",
            ) from error

    def _reader_of_text(self) -> Any:
        if len(self.delimiter) != 1 or self.delimiter in '\r\n"':
            raise InvalidInput(
                _("“{text}” cannot separate the fields.").format(text=self.delimiter),
                advice=_("A delimiter is one character, such as a comma."),
                code="delimiter",
            )
        csv.field_size_limit(LARGEST_CELL)
        return csv.reader(self._physical_lines(), delimiter=self.delimiter, strict=True)

    def _physical_lines(self) -> Iterator[str]:
        """The lines for the CSV reader; those of the current record are kept as they were written.

        A mark at the start that its codec let through, or a second one, is none of the first header.
        """
        keep = self._lines.append
        is_first = True
        while line := self._text.readline(RECORD_LENGTH):
            if is_first:
                line, is_first = line.lstrip(MARK), False
            self._length += len(line)
            if self._length >= RECORD_LENGTH:
                raise self._too_long()
            keep(line)
            if not line.isascii() and _UNDECODABLE.search(line):
                self._broken = True
            yield line

    def _is_not_of_it(self) -> InvalidInput:
        """A stream that is nothing of the kind, or an encoding that is none of texts."""
        return InvalidInput(
            _("{path} is not {encoding}.").format(path=self.path, encoding=self.encoding),
            advice=_("Choose another encoding."),
            code="encoding",
        )

    def _too_long(self) -> InvalidInput:
        return InvalidInput(
            _("What begins on line {line} of {path} does not end within {limit:,} characters.").format(
                line=self._begin, path=self.path, limit=RECORD_LENGTH
            ),
            advice=_("Look there for a quotation mark that is never closed, or choose another file."),
            code="long",
        )

    def _undecodable(self) -> str:
        name = ENCODINGS.get(self.encoding, self.encoding)
        return _("It holds bytes that are not {encoding}.").format(encoding=name)

    def _malformed(self, error: csv.Error) -> str:
        if "end of data" in str(error):
            count = len(self._lines)
            return ngettext(
                "A quotation mark is never closed: from here to the end nothing was read ({count} line).",
                "A quotation mark is never closed: from here to the end nothing was read ({count} lines).",
                count,
            ).format(count=count)
        return _("Text follows a closing quotation mark.")


def _decoded_head(head: bytes, encoding: str) -> str:
    """The start of the file as text; what is cut at its end is left out."""
    return codecs.getincrementaldecoder(encoding)(KEEP_BYTES).decode(head).lstrip(MARK)


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
