"""From the cells of a CSV file to the fields of a book or an author: what a cell means."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from desk.catalog import keys, values
from desk.catalog.contributors import AUTHOR, Entry, parse_contributors
from desk.errors import InvalidInput
from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from decimal import Decimal

    from desk.operations.imports.columns_of_file import ColumnMap

_WHOLE_NUMBER = re.compile(r"\s*([+-]?\d+)\.0+\s*")
_CACHED = 1 << 16


@dataclass(frozen=True, slots=True)
class KeyedAuthor:
    """Someone whom a file knows by a key: one key is one author, whatever the name ('' where the row has none).

    `is_described` tells that a file of authors gives the years; else they are not known.
    """

    key: str
    name: str = field(compare=False)
    birth_year: int | None = field(default=None, compare=False)
    death_year: int | None = field(default=None, compare=False)
    is_described: bool = field(default=False, compare=False)


Who = str | KeyedAuthor
"""An author as a file gives it: by name only, or by key."""


class BookDraft(NamedTuple):
    """A book as a file gives it. `others` are (who, role) in order, without repetitions.

    `repeats` tells that someone was named twice, `bad_isbn` that the ISBN is kept though it is none; `work_key` is ''
    where the row has none.
    """

    title: str
    author: Who | None
    others: tuple[tuple[Who, str], ...]
    published_year: int | None
    language: str | None
    isbn: str | None
    price: Decimal | None
    notes: str | None
    repeats: bool
    bad_isbn: bool
    work_key: str = ""


class BookParser:
    """Turns the cells of a record into a `BookDraft`."""

    def __init__(self, columns: ColumnMap) -> None:
        self._cells = _CellParser(columns, _BOOK_CELLS)
        self._has_keys = bool({"author_key", "contributor_keys"} & set(columns.indexes))

    def parse(self, cells: Sequence[str]) -> BookDraft:
        """Raises InvalidInput with the header and the reason when a cell cannot be kept."""
        get = self._cells.parse(cells).get
        people = _keyed_people if self._has_keys else _people
        author, others, repeats = people(get)
        isbn, bad_isbn = get("isbn", (None, False))
        return BookDraft(
            get("title", ""), author, others, get("published_year"), get("language"), isbn, get("price"),
            get("notes"), repeats, bad_isbn, get("work_key", ""),
        )  # fmt: skip


class AuthorParser:
    """Turns the cells of a record of a file of authors into the author and the notes."""

    def __init__(self, columns: ColumnMap) -> None:
        self._cells = _CellParser(columns, _AUTHOR_CELLS)
        self._describes = bool({"birth_year", "death_year"} & set(columns.indexes))

    def parse(self, cells: Sequence[str]) -> tuple[KeyedAuthor, str | None]:
        """Raises InvalidInput when a cell cannot be kept, or when key or name are missing."""
        get = self._cells.parse(cells).get
        key, name = get("author_key", ""), get("name")
        if not key:
            raise InvalidInput(_("The row has no author key."), code="no_key")
        if name is None:
            raise InvalidInput(_("An author needs a name."), code="empty")
        return KeyedAuthor(key, name, get("birth_year"), get("death_year"), self._describes), get("notes")


class _CellParser:
    """Reads the mapped cells of a record, each as its field wants it; an empty cell is no value."""

    def __init__(self, columns: ColumnMap, parsers: Mapping[str, Callable[[str], Any]]) -> None:
        self._headers = columns.headers
        self._steps = tuple((index, parsers[name], name) for name, index in columns.indexes.items())

    def parse(self, cells: Sequence[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for index, parse, name in self._steps:
            cell = cells[index]
            if cell:
                try:
                    found[name] = parse(cell)
                except InvalidInput as error:
                    raise InvalidInput(f"{self._headers[index]}: {error.what}", code=error.code) from error
        return found


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


def _parse_key(text: str) -> str:
    return values.parse_text(text.strip())


def _parse_keys(text: str) -> tuple[str, ...]:
    return tuple(_parse_key(part) for part in text.split(";"))


_parse_year_once = lru_cache(_CACHED)(_parse_year)

_BOOK_CELLS: dict[str, Callable[[str], Any]] = {
    "title": values.parse_text,
    "author": lru_cache(_CACHED)(_parse_author),
    "authors": lru_cache(_CACHED)(_parse_authors),
    "contributors": lru_cache(_CACHED)(parse_contributors),
    "published_year": _parse_year_once,
    "language": lru_cache(_CACHED)(lambda text: values.parse_code(text) or None),
    "isbn": parse_isbn_cell,
    "price": lru_cache(_CACHED)(_parse_price),
    "notes": _parse_notes,
    "work_key": _parse_key,
    "author_key": _parse_key,
    "contributor_keys": _parse_keys,
}
_AUTHOR_CELLS: dict[str, Callable[[str], Any]] = {
    "author_key": _parse_key,
    "name": _parse_author,
    "birth_year": _parse_year_once,
    "death_year": _parse_year_once,
    "notes": _parse_notes,
}

_People = tuple[Who | None, tuple[tuple[Who, str], ...], bool]
"""(main entry, added entries, whether someone was named twice). Of several authors the first is the main entry."""


def _people(get: Callable[..., Any]) -> _People:
    author: str | None = get("author")
    authors: tuple[str, ...] = get("authors", ())
    contributors: tuple[Entry, ...] = get("contributors", ())
    if not contributors and len(authors) < 2 and (not authors or author is None or authors[0] == author):
        return author or (authors[0] if authors else None), (), False
    return _joined(author, authors, contributors)


def _keyed_people(get: Callable[..., Any]) -> _People:
    """The author's key is that of the main entry; an empty key leaves a person to the name."""
    author: Who | None = get("author")
    authors: list[Who] = list(get("authors", ()))
    contributors: tuple[Entry, ...] = get("contributors", ())
    key, keys_of_others = get("author_key", ""), get("contributor_keys", ())
    if key and (author or not authors):
        authors = [one for one in authors if one != author]  # the same again, without the key
        author = KeyedAuthor(key, author if isinstance(author, str) else "")
    elif key:
        authors[0] = KeyedAuthor(key, str(authors[0]))
    if keys_of_others and len(keys_of_others) != len(contributors):
        raise InvalidInput(
            _("There are {keys} contributor keys for {people} contributors.").format(
                keys=len(keys_of_others), people=len(contributors)
            ),
            code="keys",
        )
    others: list[tuple[Who, str]] = [
        (KeyedAuthor(key_of_one, name) if key_of_one else name, role)
        for (name, role), key_of_one in zip(contributors, keys_of_others or [""] * len(contributors), strict=True)
    ]
    return _joined(author, authors, others)


def _joined(author: Who | None, authors: Sequence[Who], contributors: Sequence[tuple[Who, str]]) -> _People:
    distinct = tuple(dict.fromkeys(authors))
    main = author or (distinct[0] if distinct else None)
    entries = [*((who, AUTHOR) for who in distinct if who != main), *contributors]
    others = tuple(dict.fromkeys(entries))
    return main, others, len(distinct) < len(authors) or len(others) < len(entries)
