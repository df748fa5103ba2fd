"""Frozen records: the only shape in which catalogue data crosses threads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal


@dataclass(frozen=True, slots=True)
class AuthorRef:
    """A link to an author. Two links are equal when they lead to the same author, whatever its name.

    A negative id is a new author that no commit has saved yet.
    """

    id: int
    name: str = field(compare=False)


class BookRow(NamedTuple):
    """A book as the grid shows it. None is "not known"; a None author is an anonymous work.

    It is a tuple because pages are made of them: a frozen dataclass takes eight times as long to make.
    `published_year` below 0 is BCE; `price` has two decimals; `updated_at` is UTC; `contributors` are the added
    entries, in order, joined by "; ".
    """

    id: int
    version: int
    title: str
    author: AuthorRef | None
    published_year: int | None
    isbn: str | None
    language: str | None
    price: Decimal | None
    updated_at: datetime | None
    contributors: str = ""


class AuthorRow(NamedTuple):
    """An author as the grid shows it; years below 0 are BCE; `books` counts the main entries."""

    id: int
    version: int
    name: str
    birth_year: int | None
    death_year: int | None
    updated_at: datetime | None
    books: int = 0


Row = BookRow | AuthorRow


@dataclass(frozen=True, slots=True)
class ContributionRow:
    """An added entry of a book: who, as what, at which place in the list (from 0)."""

    author: AuthorRef
    role: str
    position: int


@dataclass(frozen=True, slots=True)
class BookDetails:
    """Everything about one book."""

    row: BookRow
    notes: str | None
    created_at: datetime | None
    contributions: tuple[ContributionRow, ...]


@dataclass(frozen=True, slots=True)
class AuthorDetails:
    """Everything about one author but the books themselves, which come in pages of their own.

    `first_year` and `last_year` are None without a dated book, `price_sum` and `price_mean` without a priced one.
    """

    row: AuthorRow
    notes: str | None
    created_at: datetime | None
    books: int
    first_year: int | None
    last_year: int | None
    price_sum: Decimal | None
    price_mean: Decimal | None


Details = BookDetails | AuthorDetails
