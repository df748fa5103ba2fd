"""Why a cell of a CSV file would be refused, for marks in a preview: the import itself has the last word."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from desk.catalog import values
from desk.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

_DECIMALS_OF_NOTHING = re.compile(r"\.0+\s*$")
"""How spreadsheets write whole numbers: `2008.0`."""


def reason_against(field: str, text: str) -> str:
    """Why a cell cannot be imported into a field; '' when it can, or when that takes more than the cell to know."""
    check = _CHECKS.get(field)
    if check is None or not text.strip():
        return ""
    try:
        check(text)
    except InvalidInput as problem:
        return problem.what
    return ""


def _check_year(text: str) -> object:
    return values.parse_year(_DECIMALS_OF_NOTHING.sub("", text))


def _check_isbn(text: str) -> object:
    return values.parse_text(text, values.ISBN_LENGTH)  # a wrong one is kept as it is


def _check_notes(text: str) -> object:
    return values.parse_text(text, values.NOTES_LENGTH)


_CHECKS: dict[str, Callable[[str], object]] = {
    "title": values.parse_text,
    "author": values.parse_name,
    "name": values.parse_name,
    "published_year": _check_year,
    "birth_year": _check_year,
    "death_year": _check_year,
    "language": values.parse_code,
    "isbn": _check_isbn,
    "price": values.parse_price,
    "notes": _check_notes,
}
