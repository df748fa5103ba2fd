"""What the tables of the catalogue are to queries: the columns of a page, and what filters and orders look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from desk.catalog.models import Author, Book

if TYPE_CHECKING:
    from sqlalchemy import Column, Table

BOOKS = cast("Table", Book.__table__)
AUTHORS = cast("Table", Author.__table__)


@dataclass(frozen=True, slots=True)
class Source:
    """How a table description is selected.

    `columns` are those of a page, in the order of the row's fields; `texts` maps a column without a key to what
    CONTAINS looks into; `values` a column to what the other comparisons look at.
    """

    table: Table
    columns: tuple[Column[Any], ...]
    texts: dict[str, Column[Any]]
    values: dict[str, Column[Any]]
    joins_author: bool


SOURCES: dict[str, Source] = {
    "books": Source(
        table=BOOKS,
        columns=(
            BOOKS.c.id, BOOKS.c.version, BOOKS.c.title, BOOKS.c.author_id, AUTHORS.c.name, BOOKS.c.published_year,
            BOOKS.c.isbn, BOOKS.c.language, BOOKS.c.price, BOOKS.c.updated_at,
        ),
        texts={"isbn": BOOKS.c.isbn, "language": BOOKS.c.language},
        values={
            "title": BOOKS.c.title,
            "author": BOOKS.c.author_id,
            "published_year": BOOKS.c.published_year,
            "isbn": BOOKS.c.isbn,
            "language": BOOKS.c.language,
            "price": BOOKS.c.price,
        },
        joins_author=True,
    ),
    "authors": Source(
        table=AUTHORS,
        columns=(
            AUTHORS.c.id, AUTHORS.c.version, AUTHORS.c.name, AUTHORS.c.birth_year, AUTHORS.c.death_year,
            AUTHORS.c.updated_at,
        ),
        texts={},
        values={
            "name": AUTHORS.c.name, "birth_year": AUTHORS.c.birth_year, "death_year": AUTHORS.c.death_year,
        },
        joins_author=False,
    ),
}  # fmt: skip


def field_column(table: str, field: str) -> Column[Any]:
    """The column behind a field of an order's term; `author.name_key` is that of a book's main author."""
    owner, dot, name = field.rpartition(".")
    return AUTHORS.c[name] if dot and owner == "author" else SOURCES[table].table.c[name]
