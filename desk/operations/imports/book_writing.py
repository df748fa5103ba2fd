"""Writes parsed books and their people into a session; what was there already is left out on request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from desk.catalog.contributors import AUTHOR
from desk.catalog.keys import title_key
from desk.operations.imports.author_index import AuthorIndex
from desk.operations.imports.bulk import RowWriter, stored_price
from desk.operations.imports.import_figures import Counter

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from desk.operations.imports.book_fields import BookDraft, Who
    from desk.operations.imports.existing import ExistingBooks
    from desk.operations.imports.works import Chunk

_Entry = tuple[int, int, str, int]
"""A row of contributions: book, author, role, position."""


class BookWriter:
    """Writes chunks. `books`, `pairs` (book, author) and `existing` books count; `repeated` are the lines of records
    that name someone twice."""

    def __init__(self, rows: RowWriter | None = None, existing: ExistingBooks | None = None) -> None:
        self._rows = rows or RowWriter()
        self._existing = existing
        self._batch = 0
        self.authors = AuthorIndex(self._rows)
        self.books = 0
        self.pairs = 0
        self.existing = 0
        self.repeated = Counter[int]()

    def begin_batch(self) -> None:
        """The transaction so far is over."""
        self._batch += 1
        self.authors.forget()

    def write(self, session: Session, chunk: Chunk) -> None:
        """Authors first, then books, then contributions."""
        if self._existing is not None:
            there = self._existing.among(session, chunk.drafts)
            self.existing += len(there)
            chunk = chunk.without(there)
        ids = self.authors.resolve(session, chunk.people())
        repeats: list[int] = []
        entries = self._write_books(session, chunk, ids, repeats)
        entries += self._added(session, chunk, ids, repeats)
        self._rows.insert(session, "contributions", entries)
        self.books += len(chunk.drafts)
        for line in sorted(repeats):
            self.repeated.add(line)

    def _write_books(self, session: Session, chunk: Chunk, ids: dict[Who, int], repeats: list[int]) -> list[_Entry]:
        """Inserts the books; the entries of their contributors, and the lines that repeat someone."""
        books: list[tuple[Any, ...]] = []
        entries: list[_Entry] = []
        book_ids = self._rows.take_ids(session, "books", len(chunk.drafts))
        for book_id, draft, line, work in zip(book_ids, chunk.drafts, chunk.lines, chunk.works, strict=True):
            author_id = None if draft.author is None else ids[draft.author]
            books.append(
                (
                    book_id, draft.title, title_key(draft.title, draft.language), author_id, draft.isbn,
                    draft.published_year, draft.language, stored_price(session, draft.price), draft.notes,
                )
            )  # fmt: skip
            self.pairs += author_id is not None
            others = list(dict.fromkeys((ids[who], role) for who, role in draft.others)) if draft.others else []
            if others:
                entries += [(book_id, other, role, at) for at, (other, role) in enumerate(others)]
                self.pairs += len({other for other, _role in others} - {author_id})
            if draft.repeats or len(others) < len(draft.others):
                repeats.append(line)
            if work is not None:
                work.book_id, work.batch, work.positions = book_id, self._batch, len(others)
                work.people = [*([(author_id, AUTHOR)] if author_id is not None else []), *others]
        self._rows.insert(session, "books", books)
        return entries

    def _added(self, session: Session, chunk: Chunk, ids: dict[Who, int], repeats: list[int]) -> list[_Entry]:
        """The entries of later records, and the lines that only repeat someone."""
        entries: list[_Entry] = []
        older: set[int] = set()
        for line, work, draft in chunk.added:
            if draft.repeats:
                repeats.append(line)
            for entry in _people_of(draft, ids):
                if entry not in work.people:
                    self.pairs += all(entry[0] != author_id for author_id, _role in work.people)
                    entries.append((work.book_id, *entry, work.positions))
                    work.people.append(entry)
                    work.positions += 1
                    if work.batch != self._batch:
                        older.add(work.book_id)
                elif not draft.repeats:
                    repeats.append(line)
        self._rows.raise_versions(session, sorted(older))
        return entries


def _people_of(draft: BookDraft, ids: dict[Who, int]) -> list[tuple[int, str]]:
    main = [] if draft.author is None else [(ids[draft.author], AUTHOR)]
    return list(dict.fromkeys([*main, *((ids[who], role) for who, role in draft.others)]))
