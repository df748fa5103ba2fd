"""Rows as tab-separated text, as spreadsheets paste it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from desk.catalog.columns import Column

_QUOTED = frozenset('\t\n\r"')
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
