"""Fills a catalogue with deterministic books: ties, missing values and several scripts."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from desk.catalog import keys
from desk.catalog.models import Author, Book, Contribution

if TYPE_CHECKING:
    from desk.operations.connect import OpenCatalogue

NAMES = (
    "García Márquez, Gabriel", "Tolkien, J. R. R.", "紫式部", "Όμηρος", "نجيب محفوظ", "Woolf, Virginia",
    "woolf, virginia", "Достоевский, Фёдор", "O’Brien, Flann", "가와바타", "100% Anon_ymous", "Brontë, Emily",
)  # fmt: skip
TITLES = (
    ("The Hobbit", "en"), ("Hobbit", "en"), ("Der Prozess", "de"), ("La peste", "fr"), ("L’étranger", "fr"),
    ("源氏物語", "ja"), ("かがみ", "ja"), ("がか", "ja"), ("Η Οδύσσεια", "el"), ("زقاق المدق", "ar"),
    ("100 % sure_ly / \\ no", None), ("A", "en"), ("Ulysses", None), ("Don Quijote", "es"), ("", None),
)  # fmt: skip
ISBNS = ("9780261103344", "9780141182803", "9783161484100")
ROLES = ("author", "editor", "translator")
BEGIN = datetime(2024, 2, 29, 23, 59, 59, 123456, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Library:
    """What was put into the catalogue."""

    author_ids: tuple[int, ...]
    book_ids: tuple[int, ...]


def make_books(catalogue: OpenCatalogue, n: int, seed: int = 1) -> Library:
    """Adds `n` books and about a third as many authors; the same `n` and `seed` give the same records.

    Some authors have no book, some books no author; every sortable field has ties and, where it may, NULLs.
    """
    chance = random.Random(seed)
    authors = [_author(chance, number) for number in range(max(n // 3, 2))]
    with catalogue.sessions.writing("make books") as session:
        author_ids = tuple(session.scalars(insert(Author).returning(Author.id, sort_by_parameter_order=True), authors))
        books = [_book(chance, number, author_ids) for number in range(n)]
        returning = insert(Book).returning(Book.id, sort_by_parameter_order=True)
        book_ids = tuple(session.scalars(returning, books)) if books else ()
        added = _contributions(chance, book_ids, author_ids)
        if added:
            session.execute(insert(Contribution), added)
        session.commit()
    return Library(author_ids, book_ids)


def _author(chance: random.Random, number: int) -> dict[str, Any]:
    name = chance.choice(NAMES) + chance.choice(("", "", f" {number % 7}"))
    return {
        "name": name,
        "name_key": keys.author_key(name),
        "birth_year": chance.choice((None, -750, 1899, 1899, 1927)),
        "death_year": chance.choice((None, None, -700, 1973, 2014)),
        "notes": chance.choice((None, "", "A note.")),
        "updated_at": BEGIN + timedelta(microseconds=chance.randrange(5)),
    }


def _book(chance: random.Random, number: int, author_ids: tuple[int, ...]) -> dict[str, Any]:
    title, language = chance.choice(TITLES)
    title += chance.choice(("", "", f" {number % 11}"))
    language = chance.choice((language, language, None, ""))
    return {
        "title": title,
        "title_key": keys.title_key(title, language),
        "author_id": chance.choice((None, *author_ids[: max(len(author_ids) - 1, 1)])),
        "isbn": chance.choice((None, None, *ISBNS)),
        "published_year": chance.choice((None, -720, 1605, 1925, 1925, 1937, 2020)),
        "language": language,
        "price": chance.choice((None, Decimal("0.00"), Decimal("0.01"), Decimal("12.50"), Decimal("9999999999.99"))),
        "notes": chance.choice((None, "", "Read twice.")),
        "updated_at": BEGIN + timedelta(microseconds=chance.randrange(5)),
    }


def _contributions(
    chance: random.Random, book_ids: tuple[int, ...], author_ids: tuple[int, ...]
) -> list[dict[str, Any]]:
    return [
        {"book_id": book_id, "author_id": author_id, "role": chance.choice(ROLES), "position": position}
        for book_id in book_ids
        for position, author_id in enumerate(chance.sample(author_ids, chance.choice((0, 0, 1, 2))))
    ]
