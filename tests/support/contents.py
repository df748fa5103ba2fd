"""What a catalogue holds, without ids, times and versions: for comparing two catalogues."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import select

from desk.catalog.models import Author, Book, Contribution

if TYPE_CHECKING:
    from decimal import Decimal

    from desk.operations.connect import OpenCatalogue


class BookContents(NamedTuple):
    """`others` are the (name, role) of the added entries, in order."""

    title: str
    author: str | None
    others: tuple[tuple[str, str], ...]
    published_year: int | None
    language: str | None
    isbn: str | None
    price: Decimal | None
    notes: str | None


def books_of(catalogue: OpenCatalogue) -> list[BookContents]:
    """All books in the order of their ids."""
    books = select(
        Book.id, Book.title, Author.name, Book.published_year, Book.language, Book.isbn, Book.price, Book.notes
    ).outerjoin(Author, Book.author_id == Author.id)
    entries = (
        select(Contribution.book_id, Author.name, Contribution.role)
        .join(Author, Contribution.author_id == Author.id)
        .order_by(Contribution.position, Author.name_key, Author.id, Contribution.role)
    )
    others: dict[int, list[tuple[str, str]]] = {}
    with catalogue.sessions.reading("read the contents") as session:
        for book_id, name, role in session.execute(entries):
            others.setdefault(book_id, []).append((name, role))
        return [
            BookContents(title, author, tuple(others.get(book_id, ())), year, language, isbn, price, notes)
            for book_id, title, author, year, language, isbn, price, notes in session.execute(books.order_by(Book.id))
        ]


def authors_of(catalogue: OpenCatalogue) -> list[tuple[Any, ...]]:
    """(name, key, birth year, death year, notes) of all authors in the order of their ids."""
    columns = (Author.name, Author.name_key, Author.birth_year, Author.death_year, Author.notes)
    with catalogue.sessions.reading("read the contents") as session:
        return [tuple(row) for row in session.execute(select(*columns).order_by(Author.id))]


def checksum(catalogue: OpenCatalogue) -> str:
    """A digest over all rows of authors, books and contributions, in no order; ids, times and versions are left out.

    An author is who has a name, years and notes; an empty text is a missing one, except as a title.
    """
    authors = select(Author.id, Author.name, Author.name_key, Author.birth_year, Author.death_year, Author.notes)
    entries = select(Contribution.book_id, Contribution.author_id, Contribution.role).order_by(
        Contribution.book_id, Contribution.position
    )
    books = select(
        Book.id, Book.title, Book.title_key, Book.author_id, Book.published_year, Book.language, Book.isbn, Book.price,
        Book.notes,
    )  # fmt: skip
    with catalogue.sessions.reading("read the contents") as session:
        people = {row[0]: tuple(value or None for value in row[1:]) for row in session.execute(authors)}
        others: dict[int, list[Any]] = {}
        for book_id, author_id, role in session.execute(entries):
            others.setdefault(book_id, []).append((people[author_id], role))
        lines: list[tuple[Any, ...]] = [("author", *person) for person in people.values()]
        for row in session.execute(books):
            book_id, title, key, author_id, *rest = tuple[Any, ...](row)
            main = None if author_id is None else people[author_id]
            said = [None if value == "" else value for value in rest]
            lines.append(("book", title, key, main, *said, *others.get(book_id, ())))
    return hashlib.sha256("\n".join(sorted(map(repr, lines))).encode(errors="surrogatepass")).hexdigest()
