"""Rows as tab-separated text, as spreadsheets copy and paste it.

Invariant: what is read of a text that was written here are the same cells.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from desk.errors import InvalidInput
from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from desk.catalog.columns import Column

_QUOTED = frozenset('\t\n\r"')
_CELL = re.compile(r'(?:"((?:[^"]|"")*+)"|([^\t\r\n]*))(\t|\r\n|\r|\n|\Z)')
"""A cell and what ends it; quotes that do not enclose all of it are part of its text."""
_STRAY = re.compile("[\ud800-\udfff]")
"""What damaged text has for bytes that are not UTF-8: it cannot leave Desk as text."""


def tsv_cell(column: Column, value: Any) -> str:
    """One cell: a missing value is nothing, an empty text `""`; tabs, line ends and quotes are quoted; what is damaged
    in a text is replaced by U+FFFD."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else column.format(value) or ""
    if text and '"' not in text and text.isprintable():
        return text  # nearly every cell
    if not text or not _QUOTED.isdisjoint(text):
        text = '"' + text.replace('"', '""') + '"'
    return _STRAY.sub("\ufffd", text)


def tsv_line(
    columns: Sequence[Column], sections: Iterable[int], is_chosen: Callable[[int], bool], value_of: Callable[[str], Any]
) -> str:
    """One row: the chosen ones of its `sections` (places in `columns`), nothing for the others."""
    return "\t".join(
        tsv_cell(columns[section], value_of(columns[section].name)) if is_chosen(section) else ""
        for section in sections
    )


def read_tsv(text: str, most: int) -> tuple[tuple[str | None, ...], ...]:
    """The cells of a text, row by row: nothing is None, `""` an empty text. Rows may be of different lengths; a line
    end at the end begins no row.

    Raises InvalidInput when there are more than `most` cells.
    """
    rows: list[tuple[str | None, ...]] = []
    row: list[str | None] = []
    for number, cell in enumerate(_CELL.finditer(text)):
        quoted, plain, end = cell.groups()
        if not end and not row and cell.start() == len(text):
            break  # behind the last line end
        if number == most:
            raise InvalidInput(
                _("There are more than {limit:,} cells on the clipboard.").format(limit=most),
                kept=_("Nothing was pasted."),
                advice=_("Paste fewer cells at once, or import a file."),
                code="too_much",
            )
        row.append(quoted.replace('""', '"') if quoted is not None else plain or None)
        if end != "\t":
            rows.append(tuple(row))
            row = []
        if not end:
            break
    return tuple(rows)
