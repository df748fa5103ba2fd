"""From the columns of a CSV file to the fields of a book: which header is which, and what a cell means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from desk.catalog import keys, values
from desk.catalog.contributors import AUTHOR, Entry, parse_contributors
from desk.errors import InvalidInput
from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from decimal import Decimal

KNOWN_HEADERS: dict[str, tuple[str, ...]] = {
    "title": ("title", "originaltitle"),
    "author": ("author", "mainauthor"),
    "authors": ("authors",),
    "contributors": ("contributors",),
    "published_year": ("publishedyear", "year", "originalpublicationyear", "publicationyear"),
    "language": ("language", "languagecode"),
    "isbn": ("isbn", "isbn13", "isbn10"),
    "price": ("price",),
    "notes": ("notes",),
}
"""Field → the headers that mean it, the first one found wins; without case, spaces, hyphens and underscores.

`author` is one name, commas and all; `authors` are several, split at a comma and a space.
"""

_NOISE = re.compile(r"[\s_-]+")
_WHOLE_NUMBER = re.compile(r"\s*([+-]?\d+)\.0+\s*")
_CACHED = 1 << 16


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Which column each field comes from (index and header), and the headers that no field comes from."""

    indexes: Mapping[str, int]
    headers: tuple[str, ...]

    @property
    def mapped(self) -> dict[str, str]:
        """Field → header."""
        return {field: self.headers[index] for field, index in self.indexes.items()}

    @property
    def unmapped(self) -> tuple[str, ...]:
        used = set(self.indexes.values())
        return tuple(
            header or _("(column {number})").format(number=index + 1)
            for index, header in enumerate(self.headers)
            if index not in used
        )


class BookDraft(NamedTuple):
    """A book as a file gives it: people by name. `others` are (name, role) in order, without repetitions.

    `repeats` tells that someone was named twice, `bad_isbn` that the ISBN is kept though it is none.
    """

    title: str
    author: str | None
    others: tuple[Entry, ...]
    published_year: int | None
    language: str | None
    isbn: str | None
    price: Decimal | None
    notes: str | None
    repeats: bool
    bad_isbn: bool


def map_columns(headers: Sequence[str], overrides: Mapping[str, str] | None = None) -> ColumnMap:
    """Finds the columns by their known names; `overrides` says field → header ('' for "leave this field out").

    Raises InvalidInput for an unknown field or header, and when no column is the title.
    """
    plain = [_plain(header) for header in headers]
    indexes: dict[str, int] = {}
    for field, known in KNOWN_HEADERS.items():
        wanted = (overrides or {}).get(field)
        if wanted is None:
            found = next((plain.index(name) for name in known if name in plain), None)
        else:
            found = _index_of(wanted, headers, plain) if wanted else None
        if found is not None:
            indexes[field] = found
    _refuse_unknown_fields(overrides or {})
    if "title" not in indexes:
        raise InvalidInput(
            _("No column is the title. The columns are: {names}.").format(names=", ".join(headers)),
            advice=_("Name it by “--map title=HEADER”."),
            code="no_title",
        )
    return ColumnMap(indexes, tuple(headers))


class BookParser:
    """Turns the cells of a record into a `BookDraft`."""

    def __init__(self, columns: ColumnMap) -> None:
        self._columns = columns
        self._steps = tuple((index, _CELLS[field], field) for field, index in columns.indexes.items())

    def parse(self, cells: Sequence[str]) -> BookDraft:
        """Raises InvalidInput with the header and the reason when a cell cannot be kept."""
        found: dict[str, Any] = {}
        for index, parse, field in self._steps:
            cell = cells[index]
            if cell:
                try:
                    found[field] = parse(cell)
                except InvalidInput as error:
                    header = self._columns.headers[index]
                    raise InvalidInput(f"{header}: {error.what}", code=error.code) from error
        get = found.get
        author, others, repeats = _people(get("author"), get("authors", ()), get("contributors", ()))
        isbn, bad_isbn = get("isbn", (None, False))
        return BookDraft(
            get("title", ""), author, others, get("published_year"), get("language"), isbn, get("price"),
            get("notes"), repeats, bad_isbn,
        )  # fmt: skip


def parse_isbn_cell(text: str) -> tuple[str | None, bool]:
    """(what is kept, whether it is bad): the ISBN-13 of a valid ISBN, or of one that lost its leading zeros; else the
    text itself.

    A text too long for the field raises InvalidInput.
    """
    digits = keys.isbn_digits(text)
    if not digits:
        return (None, False) if not text.strip() else (values.parse_text(text, values.ISBN_LENGTH), True)
    normal = keys.isbn13(digits)
    if normal is None and len(digits) < 10 and digits.strip("0"):
        normal = keys.isbn13(digits.rjust(10, "0"))
    if normal is None:
        return values.parse_text(text, values.ISBN_LENGTH), True
    return normal, False


def _parse_year(text: str) -> int | None:
    """A year, also as spreadsheets write it: `2008.0`."""
    if not text.strip():
        return None
    whole = _WHOLE_NUMBER.fullmatch(text)
    return values.parse_year(whole[1] if whole else text)


def _parse_author(text: str) -> str | None:
    """One name; white space only is no name."""
    return values.parse_name(text) if text.strip() else None


def _parse_authors(text: str) -> tuple[str, ...]:
    return tuple(values.parse_name(part) for part in text.split(", ") if part.strip())


def _parse_notes(text: str) -> str:
    return values.parse_text(text, values.NOTES_LENGTH)


def _parse_price(text: str) -> Decimal | None:
    return values.parse_price(text) if text.strip() else None


_CELLS: dict[str, Callable[[str], Any]] = {
    "title": values.parse_text,
    "author": lru_cache(_CACHED)(_parse_author),
    "authors": lru_cache(_CACHED)(_parse_authors),
    "contributors": lru_cache(_CACHED)(parse_contributors),
    "published_year": lru_cache(_CACHED)(_parse_year),
    "language": lru_cache(_CACHED)(lambda text: values.parse_code(text) or None),
    "isbn": parse_isbn_cell,
    "price": lru_cache(_CACHED)(_parse_price),
    "notes": _parse_notes,
}


def _people(
    author: str | None, authors: tuple[str, ...], contributors: tuple[Entry, ...]
) -> tuple[str | None, tuple[Entry, ...], bool]:
    """(main entry, added entries, whether someone was named twice). Of several authors the first is the main entry."""
    if not contributors and len(authors) < 2 and (not authors or author is None or authors[0] == author):
        return author or (authors[0] if authors else None), (), False
    distinct = tuple(dict.fromkeys(authors))
    main = author or (distinct[0] if distinct else None)
    entries = [*((name, AUTHOR) for name in distinct if name != main), *contributors]
    others = tuple(dict.fromkeys(entries))
    return main, others, len(distinct) < len(authors) or len(others) < len(entries)


def _plain(header: str) -> str:
    return _NOISE.sub("", header.casefold())


def _index_of(wanted: str, headers: Sequence[str], plain: Sequence[str]) -> int:
    """The column of a header as it is written, else of one that differs only in case, spaces and hyphens."""
    if wanted in headers:
        return headers.index(wanted)
    if _plain(wanted) in plain:
        return plain.index(_plain(wanted))
    raise InvalidInput(
        _("There is no column “{name}”. The columns are: {names}.").format(name=wanted, names=", ".join(headers)),
        code="no_column",
    )


def _refuse_unknown_fields(overrides: Mapping[str, str]) -> None:
    for field in overrides:
        if field not in KNOWN_HEADERS:
            raise InvalidInput(
                _("There is no field “{name}”. The fields are: {names}.").format(
                    name=field, names=", ".join(KNOWN_HEADERS)
                ),
                code="no_field",
            )
