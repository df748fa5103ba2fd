"""The statements of single records: their details, who uses an author, the catalogue's identity.

Nothing here executes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, func, select, union
from sqlalchemy.orm import joinedload, selectinload

from desk.catalog import keys
from desk.catalog.models import Author, Book, Contribution, Meta

if TYPE_CHECKING:
    from collections.abc import Iterable


def book_select(book_id: int) -> Select[*tuple[Any, ...]]:
    """One book with its main author (joined) and its contributions with their authors (select-in)."""
    return (
        select(Book)
        .where(Book.id == book_id)
        .options(
            joinedload(Book.author).load_only(
                Author.id, Author.name, Author.birth_year, Author.death_year, raiseload=True
            ),
            selectinload(Book.contributions)
            .joinedload(Contribution.author)
            .load_only(Author.id, Author.name, raiseload=True),
        )
    )


def author_select(author_id: int) -> Select[*tuple[Any, ...]]:
    """One author, without books."""
    return select(Author).where(Author.id == author_id)


def author_sums_select(author_id: int) -> Select[*tuple[Any, ...]]:
    """The line under an author, in one statement: books, first year, last year, sum of prices, priced books."""
    return select(
        func.count(),
        func.min(Book.published_year),
        func.max(Book.published_year),
        func.sum(Book.price, type_=Book.price.type),
        func.count(Book.price),
    ).where(Book.author_id == author_id)


def find_authors_select(text: str, limit: int) -> Select[*tuple[Any, ...]]:
    """(id, name) of the authors for the picker: names that start with the text first, then those that contain it."""
    key = keys.author_key(text)
    starts = Author.name_key.startswith(key, autoescape=True)
    return (
        select(Author.id, Author.name)
        .where(Author.name_key.contains(key, autoescape=True))
        .order_by(starts.desc(), Author.name_key, Author.id)
        .limit(limit)
    )


def author_in_use_select(author_ids: Iterable[int]) -> Select[*tuple[Any, ...]]:
    """(name, number of books) of the first of the authors who has any, as main entry or as contributor."""
    ids = list(author_ids)
    uses = union(
        select(Book.author_id.label("author_id"), Book.id.label("book_id")).where(Book.author_id.in_(ids)),
        select(Contribution.author_id, Contribution.book_id).where(Contribution.author_id.in_(ids)),
    ).subquery("uses")
    return (
        select(Author.name, func.count())
        .join(uses, uses.c.author_id == Author.id)
        .group_by(Author.id, Author.name)
        .order_by(Author.name)
        .limit(1)
    )


def meta_select() -> Select[*tuple[Any, ...]]:
    """(catalogue identity, version of the stored keys)."""
    return select(Meta.catalogue, Meta.key_version)
