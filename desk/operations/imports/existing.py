"""Finds which books of a file the catalogue had before the import: by ISBN, or else by title and main author.

Invariant: a book that the import itself brings is never taken for one that was there.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from desk.catalog import keys
from desk.catalog.models import Author, Book

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy.orm import Session

    from desk.operations.imports.book_fields import BookDraft, Who

AT_ONCE = 1000

_Person = tuple[str | int | None, ...]


class ExistingBooks:
    """The catalogue as it was at the first question."""

    def __init__(self) -> None:
        self._last_id: int | None = None

    def among(self, session: Session, drafts: list[BookDraft]) -> set[int]:
        """The places of the drafts that are there: the same valid ISBN, or else the same title and main author, both
        character by character; an author of a file of authors by the years too."""
        if self._last_id is None:
            self._last_id = session.execute(select(func.max(Book.id))).scalar() or 0
        if not self._last_id:
            return set()
        isbns = self._isbns(session, {draft.isbn for draft in drafts if draft.isbn and not draft.bad_isbn})
        found = {place for place, draft in enumerate(drafts) if draft.isbn in isbns}
        left = [place for place in range(len(drafts)) if place not in found]
        titles = self._titles(session, {key for place in left for key in _title_keys(drafts[place])})
        found.update(place for place in left if (drafts[place].title, _person(drafts[place].author)) in titles)
        return found

    def _isbns(self, session: Session, isbns: set[str]) -> set[str | None]:
        found: set[str | None] = set()
        for some in _runs(isbns):
            found.update(session.scalars(select(Book.isbn).where(Book.isbn.in_(some), Book.id <= self._last_id)))
        return found

    def _titles(self, session: Session, title_keys: set[str]) -> set[tuple[str, _Person]]:
        """(title, author) of the books under some keys, each author by name alone and with the years."""
        columns = (Book.title, Author.name, Author.birth_year, Author.death_year)
        found: set[tuple[str, _Person]] = set()
        for some in _runs(title_keys):
            statement = select(*columns).outerjoin(Author, Book.author_id == Author.id)
            for title, *person in session.execute(statement.where(Book.title_key.in_(some), Book.id <= self._last_id)):
                found.update(((title, (person[0],)), (title, tuple(person))))
        return found


def _title_keys(draft: BookDraft) -> tuple[str, ...]:
    """The keys that the title may have there: the language, by which an article is dropped, may be another one."""
    return (keys.title_key(draft.title, draft.language), keys.title_key(draft.title, None), keys.query_key(draft.title))


def _person(who: Who | None) -> _Person:
    if who is None or isinstance(who, str):
        return (who,)
    if not who.is_described:
        return (who.name,)
    return (who.name, who.birth_year, who.death_year)


def _runs(items: Iterable[str]) -> Iterator[list[str]]:
    left = iter(sorted(items))
    while run := list(islice(left, AT_ONCE)):
        yield run
