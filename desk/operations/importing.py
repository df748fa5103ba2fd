"""Imports books from a CSV file, all of it or batch by batch; nothing in the file is lost without a word.

Invariant: every record of the file is either saved or rejected with its line and the reason, and every column that is
not imported is named.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from desk.catalog.keys import title_key
from desk.database.actions import Action, current_action
from desk.errors import ActionCancelled, DeskError, EnvironmentProblem, InvalidInput
from desk.i18n import _, ngettext
from desk.operations.author_index import AuthorIndex
from desk.operations.book_fields import BookDraft, BookParser, ColumnMap, map_columns
from desk.operations.bulk import insert_rows, stored_price, take_ids
from desk.operations.csv_reading import CsvFile
from desk.operations.rejects import RejectsFile, check_place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from sqlalchemy.orm import Session

    from desk.database.sessions import Sessions

CHUNK = 2000
"""Records between two looks at the cancel flag."""
SHOWN = 100

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far an import is: records read, those rejected, and the share of the file (0 to 1)."""

    records: int
    rejected: int
    fraction: float


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """How often something was met, and the first hundred of it."""

    count: int = 0
    first: tuple[T, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did.

    `pairs` counts distinct (book, author) pairs, main entries included; `repeated_authors` and `bad_isbns` hold lines,
    `rejected` (line, reason), `possible_duplicates` (new name, other name); `mapped` is field → header; `rejects_file`
    is None when nothing was rejected.
    """

    books: int
    authors_new: int
    authors_matched: int
    pairs: int
    rejected: Found[tuple[int, str]]
    repeated_authors: Found[int]
    bad_isbns: Found[int]
    possible_duplicates: Found[tuple[str, str]]
    mapped: Mapping[str, str]
    unmapped_columns: tuple[str, ...]
    rejects_file: Path | None
    seconds: float

    def lines(self) -> list[str]:
        """The report for a person."""
        said = [
            _("{books:,} books imported, {rejected:,} rows rejected, in {seconds:.1f} s.").format(
                books=self.books, rejected=self.rejected.count, seconds=self.seconds
            ),
            _("{new:,} authors are new, {matched:,} were there; {pairs:,} entries of authors in books.").format(
                new=self.authors_new, matched=self.authors_matched, pairs=self.pairs
            ),
        ]
        if self.unmapped_columns:
            said.append(_("Columns not imported: {names}").format(names=", ".join(self.unmapped_columns)))
        said += self._doubts()
        said += [_("  line {line}: {reason}").format(line=line, reason=why) for line, why in self.rejected.first]
        if self.rejects_file:
            said.append(_("The rejected rows are in {path}").format(path=self.rejects_file))
        return said

    def _doubts(self) -> list[str]:
        said = []
        if self.bad_isbns.count:
            said.append(
                _("{count:,} ISBNs are not valid and were kept as they are: {lines}").format(
                    count=self.bad_isbns.count, lines=_line_list(self.bad_isbns)
                )
            )
        if self.repeated_authors.count:
            said.append(
                _("{count:,} rows name someone twice; once was kept: {lines}").format(
                    count=self.repeated_authors.count, lines=_line_list(self.repeated_authors)
                )
            )
        if self.possible_duplicates.count:
            said.append(
                _("{count:,} names may be duplicates (they differ in case or accents only):").format(
                    count=self.possible_duplicates.count
                )
            )
            said += [f"  {one} – {other}" for one, other in self.possible_duplicates.first]
        return said


def import_books(
    *,
    sessions: Sessions,
    path: Path,
    mapping: Mapping[str, str] | None = None,
    batch: int | None = None,
    rejects: Path | None = None,
    on_progress: Callable[[ImportProgress], None] | None = None,
) -> ImportReport:
    """One transaction for the whole file, or one for every `batch` records.

    `mapping` says field → header where the known names are not enough; `rejects` is the file of rejected rows (None:
    beside the input). Raises InvalidInput for a file without a title column and for rejects that would replace
    something else, EnvironmentProblem when file or database fail, ActionCancelled; the error's `kept` (the text of
    ActionCancelled) tells what was saved.
    """
    if batch is not None and batch < 1:
        raise InvalidInput(_("A batch has at least one row."), code="batch")
    if rejects is not None:
        check_place(rejects, path)
    action = current_action() or Action("import books")
    with action.running(), CsvFile(path) as source:
        columns = map_columns(source.headers, mapping)
        run = _Import(action, source, columns, RejectsFile(path, source.headers, rejects), on_progress)
        return run.whole(sessions) if batch is None else run.in_batches(sessions, batch)


@dataclass(slots=True)
class _Counter(Generic[T]):
    count: int = 0
    first: list[T] = field(default_factory=list)

    def add(self, one: T) -> None:
        self.count += 1
        if self.count <= SHOWN:
            self.first.append(one)

    def found(self) -> Found[T]:
        return Found(self.count, tuple(self.first))


class BookWriter:
    """Writes parsed books and their people into a writing session."""

    def __init__(self) -> None:
        self.authors = AuthorIndex()
        self.books = 0
        self.pairs = 0

    def write(self, session: Session, drafts: list[BookDraft]) -> None:
        """Authors first, then books, then contributions."""
        ids = self.authors.resolve(session, _names(drafts))
        books: list[tuple[Any, ...]] = []
        others: list[tuple[Any, ...]] = []
        for book_id, draft in zip(take_ids(session, "books", len(drafts)), drafts, strict=True):
            author_id = None if draft.author is None else ids[draft.author]
            books.append(
                (
                    book_id, draft.title, title_key(draft.title, draft.language), author_id, draft.isbn,
                    draft.published_year, draft.language, stored_price(session, draft.price), draft.notes,
                )
            )  # fmt: skip
            self.pairs += author_id is not None
            if draft.others:
                entries = [(book_id, ids[name], role, at) for at, (name, role) in enumerate(draft.others)]
                others += entries
                self.pairs += len({entry[1] for entry in entries} - {author_id})
        insert_rows(session, "books", books)
        insert_rows(session, "contributions", others)
        self.books += len(books)


class _Import:
    """One run over one file."""

    def __init__(
        self,
        action: Action,
        source: CsvFile,
        columns: ColumnMap,
        rejects: RejectsFile,
        on_progress: Callable[[ImportProgress], None] | None,
    ) -> None:
        self._started = time.perf_counter()
        self._action = action
        self._source = source
        self._columns = columns
        self._rejects = rejects
        self._on_progress = on_progress
        self._writer = BookWriter()
        self._records = 0
        self._rejected = _Counter[tuple[int, str]]()
        self._repeated = _Counter[int]()
        self._bad_isbns = _Counter[int]()
        self._saved_line = 0
        self._committing = False

    def whole(self, sessions: Sessions) -> ImportReport:
        """All or nothing."""
        with self._accounting(), sessions.writing("import books") as session:
            for drafts in self._chunks(CHUNK):
                self._writer.write(session, drafts)
                self._tell()
            self._commit(session)
        return self._report()

    def in_batches(self, sessions: Sessions, size: int) -> ImportReport:
        """A transaction for each batch, begun only when its rows are read: locks are short."""
        with self._accounting():
            for drafts in self._chunks(size):
                if drafts:
                    with sessions.writing("import books") as session:
                        self._writer.write(session, drafts)
                        self._commit(session)
                self._saved_line = self._source.line
                self._writer.authors.forget()
                self._tell()
        return self._report()

    def _chunks(self, size: int) -> Iterator[list[BookDraft]]:
        """The books of every `size` records."""
        parse = BookParser(self._columns).parse
        drafts: list[BookDraft] = []
        for record in self._source.records():
            self._records += 1
            if record.problem:
                self._reject(record, record.problem)
            else:
                try:
                    draft = parse(record.cells)
                except InvalidInput as error:
                    self._reject(record, error.what)
                else:
                    drafts.append(draft)
                    if draft.bad_isbn:
                        self._bad_isbns.add(record.line)
                    if draft.repeats:
                        self._repeated.add(record.line)
            if self._records % size == 0:
                self._action.check()
                yield drafts
                drafts = []
        self._action.check()
        yield drafts

    def _reject(self, record: Any, reason: str) -> None:
        self._rejected.add((record.line, reason))
        self._rejects.add(record, reason)

    def _tell(self) -> None:
        if self._on_progress is not None:
            progress = ImportProgress(self._records, self._rejected.count, self._source.fraction)
            self._on_progress(progress)

    def _commit(self, session: Session) -> None:
        self._rejects.flush()
        self._committing = True
        session.commit()
        self._committing = False

    @contextmanager
    def _accounting(self) -> Iterator[None]:
        """Says with an error what of the file was saved; the rejected rows are kept when any of the others are."""
        try:
            yield
        except BaseException as error:
            doubt = self._settle_rejects()
            if isinstance(error, DeskError):
                error.kept = _joined(self._kept(error), doubt)
            if isinstance(error, ActionCancelled):
                raise ActionCancelled(_joined(self._kept(error), doubt)) from error
            raise

    def _settle_rejects(self) -> str:
        """Keeps or drops the file of rejected rows; what went wrong with it, '' for nothing."""
        if not self._saved_line:
            self._rejects.drop()
            return ""
        try:
            self._rejects.keep()
        except EnvironmentProblem as problem:
            return _joined(problem.what, problem.kept)
        return ""

    def _kept_rejects(self) -> Path | None:
        """The file of rejected rows; when it cannot be kept, the error says that the import was saved."""
        try:
            return self._rejects.keep()
        except EnvironmentProblem as problem:
            count = self._writer.books
            saved = ngettext("{count:,} book was imported.", "{count:,} books were imported.", count)
            problem.kept = _joined(saved.format(count=count), problem.kept)
            raise

    def _kept(self, error: Exception) -> str:
        if self._committing and getattr(error, "code", "") == "lost":
            return _("The connection broke during the commit: look whether the rows are there before you import again.")
        if self._saved_line:
            return _("The rows up to line {line} were imported.").format(line=self._saved_line)
        return _("Nothing was imported; the catalogue is as before.")

    def _report(self) -> ImportReport:
        authors = self._writer.authors
        doubles = tuple(islice(authors.doubles, SHOWN))
        return ImportReport(
            books=self._writer.books,
            authors_new=len(authors.made),
            authors_matched=len(authors.matched),
            pairs=self._writer.pairs,
            rejected=self._rejected.found(),
            repeated_authors=self._repeated.found(),
            bad_isbns=self._bad_isbns.found(),
            possible_duplicates=Found(len(authors.doubles), doubles),
            mapped=self._columns.mapped,
            unmapped_columns=self._columns.unmapped,
            rejects_file=self._kept_rejects(),
            seconds=time.perf_counter() - self._started,
        )


def _names(drafts: list[BookDraft]) -> dict[str, None]:
    """Every name in the drafts, in the order in which they are met."""
    names: dict[str, None] = {}
    for draft in drafts:
        if draft.author is not None:
            names[draft.author] = None
        for name, _role in draft.others:
            names[name] = None
    return names


def _joined(*sentences: str) -> str:
    return " ".join(filter(None, sentences))


def _line_list(found: Found[int]) -> str:
    """`lines 3, 5, 8 …`"""
    shown = ", ".join(map(str, found.first[:10]))
    return ngettext("line {lines}", "lines {lines}", found.count).format(
        lines=shown if found.count <= 10 else shown + " …"
    )
