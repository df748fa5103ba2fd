"""What can be imported and how a file is to be read: fields with the headers that mean them, encodings, delimiters.

Invariant: these are values only; reading a file is left to the operations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class ImportField:
    """One field that a column may be mapped to.

    `title` and `tip` are for a person; `known_headers` mean the field, the first one found wins: without case, spaces,
    hyphens and underscores.
    """

    name: str
    title: str
    tip: str
    known_headers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CsvSource:
    """How one file is read.

    `encoding` is a name that Python knows, `delimiter` one character; '' is guessed. `mapping` is field → header: a
    field that is left out is guessed, '' leaves the field out of the import, and None guesses all of them.
    """

    path: Path
    encoding: str = ""
    delimiter: str = ""
    mapping: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What is imported, and how.

    `authors` is a second file that says who the author keys of the first are (None: there is none); `skip_existing`
    leaves out books that the catalogue has already; `batch` is the number of records of one transaction (None: one
    transaction for everything).
    """

    books: CsvSource
    authors: CsvSource | None = None
    skip_existing: bool = False
    batch: int | None = None


SAVED, UNSURE = "saved", "unsure"
"""Codes of the errors after which the books are, or may be, in the catalogue: importing again may bring them twice."""


def _by_name(*fields: ImportField) -> dict[str, ImportField]:
    return {field.name: field for field in fields}


FIELDS: dict[str, ImportField] = _by_name(
    ImportField("title", _("Title"), _("The title as it stands on the book."), ("title", "originaltitle", "作品名")),
    ImportField("author", _("Author"), _("One name, commas and all."), ("author", "mainauthor", "著者名")),
    ImportField(
        "authors",
        _("Authors"),
        _("Several names, separated by a comma and a space: the first is the author, the others contribute."),
        ("authors",),
    ),
    ImportField(
        "contributors", _("Contributors"), _("Name [role]; Name – without a role, an author."), ("contributors",)
    ),
    ImportField(
        "published_year",
        _("Year"),
        _("1984, -720 or 720 BCE."),
        ("publishedyear", "year", "originalpublicationyear", "publicationyear"),
    ),
    ImportField("language", _("Language"), _("A code such as en or zh-Hant."), ("language", "languagecode")),
    ImportField("isbn", "ISBN", _("ISBN-10 or ISBN-13, with or without hyphens."), ("isbn", "isbn13", "isbn10")),
    ImportField("price", _("Price"), _("12.50 or 12,50."), ("price",)),
    ImportField("notes", _("Notes"), _("Any text."), ("notes",)),
    ImportField(
        "work_key",
        _("Work key"),
        _("Rows with the same key are one book: the later ones add their author to it."),
        ("workkey", "gutenbergid", "作品id"),
    ),
    ImportField(
        "author_key",
        _("Author key"),
        _("Who the author is: one key is one author, however the name is spelled."),
        ("authorkey", "gutenbergauthorid", "人物id"),
    ),
    ImportField(
        "contributor_keys",
        _("Contributor keys"),
        _("Who the contributors are: as many keys, separated by semicolons."),
        ("contributorkeys",),
    ),
)
"""The fields of a book, in the order to show."""

AUTHOR_FIELDS: dict[str, ImportField] = _by_name(
    ImportField(
        "author_key",
        _("Author key"),
        _("What the file of books calls the author by."),
        ("authorkey", "gutenbergauthorid", "人物id"),
    ),
    ImportField("name", _("Name"), _("The name as it is filed."), ("name", "author", "著者名")),
    ImportField("birth_year", _("Born"), _("1882, -65 or 65 BCE."), ("birthyear", "birthdate")),
    ImportField("death_year", _("Died"), _("1941, -8 or 8 BCE."), ("deathyear", "deathdate")),
    ImportField("notes", _("Notes"), _("Any text."), ("notes",)),
)
"""The fields of a file of authors, in the order to show."""

TABLE_FIELDS: dict[str, dict[str, ImportField]] = {"books": FIELDS, "authors": AUTHOR_FIELDS}

REQUIRED: dict[str, tuple[str, ...]] = {"books": ("title",), "authors": ("author_key", "name")}
"""The fields without which a file cannot be imported."""

ENCODINGS: dict[str, str] = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "cp1252": _("Western European (Windows-1252)"),
    "iso8859-15": _("Western European (ISO 8859-15)"),
    "cp1250": _("Central European (Windows-1250)"),
    "cp1251": _("Cyrillic (Windows-1251)"),
    "koi8-r": _("Cyrillic (KOI8-R)"),
    "cp1253": _("Greek (Windows-1253)"),
    "cp1254": _("Turkish (Windows-1254)"),
    "cp1255": _("Hebrew (Windows-1255)"),
    "cp1256": _("Arabic (Windows-1256)"),
    "cp932": _("Japanese (Shift JIS)"),
    "euc_jp": _("Japanese (EUC-JP)"),
    "gb18030": _("Chinese (GB 18030)"),
    "big5": _("Chinese (Big5)"),
    "cp949": _("Korean (CP949)"),
    "cp437": _("MS-DOS (CP437)"),
    "mac_roman": _("Mac OS Roman"),
}
"""Python's name → title, the common ones in the order to show; a guess may name another one."""

DELIMITERS: dict[str, str] = {",": _("Comma"), ";": _("Semicolon"), "\t": _("Tab"), "|": _("Bar")}
"""The delimiters that are guessed among → title."""
