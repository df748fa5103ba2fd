"""One run over the files of an import: what is read, refused, joined and handed on to be written.

Invariant: every record is handed on or rejected with its line and the reason.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from desk.errors import InvalidInput
from desk.i18n import _
from desk.operations.imports.author_keys import AuthorKeys
from desk.operations.imports.book_fields import AuthorParser, BookParser, KeyedAuthor, Who
from desk.operations.imports.book_writing import BookWriter
from desk.operations.imports.columns_of_file import map_columns
from desk.operations.imports.csv_reading import CsvFile
from desk.operations.imports.existing import ExistingBooks
from desk.operations.imports.import_figures import SHOWN, Counter, Found, ImportProgress
from desk.operations.imports.works import Chunk, WorkIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy.orm import Session

    from desk.catalog.import_fields import CsvSource, ImportRequest
    from desk.database.actions import Action
    from desk.operations.imports.book_fields import BookDraft
    from desk.operations.imports.bulk import RowWriter
    from desk.operations.imports.csv_reading import Record
    from desk.operations.imports.rejects import RejectsFile

T = TypeVar("T")

AuthorsChunk = dict[Who, str | None]
"""Authors of a file of authors → their notes."""


class SourceFile:
    """One of the files: its columns, its records as they are parsed, and what was rejected of them."""

    def __init__(self, file: CsvFile, source: CsvSource, table: str) -> None:
        self.file = file
        self.columns = map_columns(file.headers, source.mapping, table)
        self.rejects: RejectsFile | None = None
        self.rejected = Counter[tuple[int, str]]()
        self.records = 0

    def parsed(self, parse: Callable[[Sequence[str]], T], take: Callable[[int, T], None]) -> Iterator[int]:
        """Hands what every usable record gives to `take`, with its line; the number of records so far, after each.

        InvalidInput of either rejects the record.
        """
        for record in self.file.records():
            self.records += 1
            line, cells, problem = record
            if problem:
                self._reject(record, problem)
            else:
                try:
                    take(line, parse(cells))
                except InvalidInput as error:
                    self._reject(record, error.what)
            yield self.records

    def _reject(self, record: Record, reason: str) -> None:
        self.rejected.add((record.line, reason))
        if self.rejects is not None:
            self.rejects.add(record, reason)


class ImportRun:
    """Reads the files chunk by chunk, into the sessions that it is given."""

    def __init__(
        self,
        action: Action,
        books: SourceFile,
        authors: SourceFile | None,
        *,
        skip_existing: bool,
        rows: RowWriter,
        on_progress: Callable[[ImportProgress], None] | None,
    ) -> None:
        self.books = books
        self.authors = authors
        self.writer = BookWriter(rows, ExistingBooks() if skip_existing else None)
        self.bad_isbns = Counter[int]()
        self.keys = AuthorKeys()
        self.merged = 0
        self._action = action
        self._on_progress = on_progress
        self._works = WorkIndex(books.columns.mapped)
        self._has_keys = bool({"author_key", "contributor_keys"} & set(books.columns.indexes))
        self._chunk = Chunk()
        self._authors: AuthorsChunk = {}

    @property
    def possible_duplicates(self) -> Found[tuple[str, str]]:
        """(new name, other name)"""
        doubles = self.writer.authors.doubles
        return Found(len(doubles), tuple(islice(doubles, SHOWN)))

    def author_chunks(self, size: int) -> Iterator[AuthorsChunk]:
        """The authors of every `size` records of the file of authors."""
        if self.authors is None:
            return
        for records in self.authors.parsed(AuthorParser(self.authors.columns).parse, self._take_author):
            if records % size == 0:
                self._action.check()
                yield self._authors
                self._authors = {}
        self._action.check()
        yield self._authors

    def book_chunks(self, size: int) -> Iterator[Chunk]:
        """The books of every `size` records."""
        for records in self.books.parsed(BookParser(self.books.columns).parse, self._take_book):
            if records % size == 0:
                self._action.check()
                yield self._chunk
                self._chunk = Chunk()
        self._action.check()
        yield self._chunk

    def write_authors(self, session: Session, chunk: AuthorsChunk) -> None:
        self.writer.authors.resolve(session, chunk, chunk)

    def tell(self) -> None:
        """Reports how far the run is."""
        if self._on_progress is None:
            return
        parts = [part for part in (self.authors, self.books) if part is not None]
        whole = sum(part.file.size for part in parts)
        read = sum(part.file.fraction * part.file.size for part in parts)
        self._on_progress(
            ImportProgress(
                sum(part.records for part in parts),
                sum(part.rejected.count for part in parts),
                read / whole if whole else 0.0,
            )
        )

    def _take_author(self, _line: int, found: tuple[KeyedAuthor, str | None]) -> None:
        author, notes = found
        self.keys.describe(author)
        self._authors[author] = notes

    def _take_book(self, line: int, draft: BookDraft) -> None:
        if self._has_keys:
            draft = self.keys.settle(line, draft)
        if draft.work_key:
            work, begins = self._works.join(line, draft)
            if not begins:
                self._chunk.added.append((line, work, draft))
                self.merged += 1
            else:
                self._chunk.begin(line, draft, work)
        else:
            self._chunk.begin(line, draft)
        if draft.bad_isbn:
            self.bad_isbns.add(line)


@contextmanager
def opened_files(request: ImportRequest) -> Iterator[tuple[SourceFile, SourceFile | None]]:
    """The files of an import, open for a block: books, and authors if there are any.

    Raises EnvironmentProblem and InvalidInput for files that cannot be used.
    """
    with ExitStack() as stack:

        def opened(source: CsvSource, table: str) -> SourceFile:
            file = stack.enter_context(CsvFile(source.path, source.encoding, source.delimiter))
            return SourceFile(file, source, table)

        books = opened(request.books, "books")
        yield books, opened(request.authors, "authors") if request.authors is not None else None


def check_request(request: ImportRequest) -> None:
    """Raises InvalidInput for what cannot be meant."""
    if request.batch is not None and request.batch < 1:
        raise InvalidInput(_("A batch has at least one row."), code="batch")
