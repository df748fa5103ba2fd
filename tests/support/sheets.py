"""Reads the first sheet of a workbook as its XML has it (ECMA-376, 18.3), without any spreadsheet library."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from pathlib import Path

_NAMES = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
_ESCAPE = re.compile("_x([0-9A-F]{4})_")


@dataclass(frozen=True, slots=True)
class Sheet:
    """`cells` are (kind, text) by row and column letter; kinds are `text` and `number`."""

    cells: list[dict[str, tuple[str, str]]]
    formulas: int

    @property
    def headers(self) -> dict[str, str]:
        """Column letter → header."""
        return {letter: text for letter, (_kind, text) in self.cells[0].items()}

    def records(self) -> list[dict[str, str]]:
        """The rows below the header; an empty cell is ''."""
        return [
            {header: row.get(letter, ("", ""))[1] for letter, header in self.headers.items()} for row in self.cells[1:]
        ]

    def kinds(self, header: str) -> list[str]:
        """The kinds of the cells of one column that are not empty."""
        letter = next(letter for letter, text in self.headers.items() if text == header)
        return [row[letter][0] for row in self.cells[1:] if letter in row]


def sheet_of(path: Path) -> Sheet:
    """The first sheet of a workbook."""
    with zipfile.ZipFile(path) as archive:
        shared = _shared(archive)
        root = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
    rows = []
    for row in root.iterfind(".//m:row", _NAMES):
        cells = {}
        for cell in row.iterfind("m:c", _NAMES):
            letter = cell.attrib["r"].rstrip("0123456789")
            kind = cell.get("t", "n")
            if kind == "inlineStr":
                found = ("text", _text(cell.find("m:is", _NAMES)))
            elif kind == "s":
                found = ("text", shared[int(cell.findtext("m:v", "0", _NAMES))])
            else:
                found = ("number", cell.findtext("m:v", "", _NAMES))
            cells[letter] = found
        rows.append(cells)
    return Sheet(rows, len(root.findall(".//m:f", _NAMES)))


def _shared(archive: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    root = ElementTree.fromstring(archive.read("xl/sharedStrings.xml"))
    return [_text(item) for item in root.iterfind("m:si", _NAMES)]


def _text(item: ElementTree.Element | None) -> str:
    text = "" if item is None else "".join(part.text or "" for part in item.iterfind(".//m:t", _NAMES))
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
