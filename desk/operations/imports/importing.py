"""Imports books from a CSV file, all of it or batch by batch; nothing in the file is lost without a word.

Invariant: every record of the file is either saved, left out because the catalogue has it, or rejected with its line
and the reason, and every column that is not imported is named.
"""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desk.catalog.import_fields import ENCODINGS, SAVED, UNSURE
from desk.database.actions import Action, current_action
from desk.errors import ActionCancelled, DeskError, EnvironmentProblem
from desk.i18n import _, ngettext
from desk.operations.imports.bulk import RowWriter
from desk.operations.imports.import_figures import Found, ImportProgress
from desk.operations.imports.import_run import ImportRun, check_request, opened_files
from desk.operations.imports.rejects import RejectsFile, check_place
from desk.operations.searching import fill_search_index, suspend_search_index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from sqlalchemy.orm import Session

    from desk.catalog.import_fields import ImportRequest
    from desk.database.sessions import Sessions
    from desk.operations.imports.import_run import SourceFile

__all__ = ["CHUNK", "Found", "ImportProgress", "ImportReport", "import_books"]

_log = logging.getLogger(__name__)

UTF_8 = "utf-8"
CHUNK = 2000
"""Records between two looks at the cancel flag."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did.

    `pairs` counts distinct (book, author) pairs, main entries included; `repeated_authors` and `bad_isbns` hold lines,
    `rejected` (line, reason), `possible_duplicates` (new name, other name); `mapped` is field → header; `rejects_file`
    is None when nothing was rejected. `existing` books were left out; `merged` rows belong to a book that an earlier
    row began; `respelled` holds the line of every name that is not the one of the author's key; `authors_rejected`,
    `authors_unmapped_columns` and `authors_rejects_file` are about the file of authors. `encoding` is that of the
    books; `notes_left` names authors who were there with other notes than the file has, which were left out.
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
    existing: int
    merged: int
    respelled: Found[int]
    authors_rejected: Found[tuple[int, str]]
    authors_unmapped_columns: tuple[str, ...]
    authors_rejects_file: Path | None
    encoding: str
    notes_left: Found[str]

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
        if self.encoding != UTF_8:
            name = ENCODINGS.get(self.encoding, self.encoding)
            said.append(_("The file was read as {encoding}.").format(encoding=name))
        if self.existing:
            said.append(_("{count:,} books were there already and were left out.").format(count=self.existing))
        if self.merged:
            said.append(_("{count:,} rows belong to a book that an earlier row began.").format(count=self.merged))
        said += _unmapped(self.unmapped_columns, _("Columns not imported: {names}"))
        said += _unmapped(self.authors_unmapped_columns, _("Columns of the file of authors not imported: {names}"))
        said += self._doubts()
        said += rejected_lines(self.rejected, self.rejects_file)
        if self.authors_rejected.count:
            said.append(
                _("Of the file of authors {count:,} rows were rejected.").format(count=self.authors_rejected.count)
            )
            said += rejected_lines(self.authors_rejected, self.authors_rejects_file)
        return said

    def _doubts(self) -> list[str]:
        lines = (
            (self.bad_isbns, _("{count:,} ISBNs are not valid and were kept as they are: {lines}")),
            (self.repeated_authors, _("{count:,} rows name someone twice; once was kept: {lines}")),
            (
                self.respelled,
                _("{count:,} names are spelled in another way than their author key has it, which was kept: {lines}"),
            ),
        )
        said = [words.format(count=found.count, lines=_line_list(found)) for found, words in lines if found.count]
        if self.notes_left.count:
            words = _("{count:,} authors were there with other notes, which were kept: {names}")
            names = "; ".join(self.notes_left.first[:10]) + (" …" if self.notes_left.count > 10 else "")
            said.append(words.format(count=self.notes_left.count, names=names))
        if self.possible_duplicates.count:
            said.append(possible_duplicates(self.possible_duplicates))
            said += [f"  {one} – {other}" for one, other in self.possible_duplicates.first]
        return said


def import_books(
    *,
    sessions: Sessions,
    request: ImportRequest,
    rejects: Path | None = None,
    on_progress: Callable[[ImportProgress], None] | None = None,
) -> ImportReport:
    """One transaction for the whole file, or one for every `request.batch` records.

    The authors of a second file come first, also those without books; whom the catalogue has already keeps the notes
    that it has. `rejects` is the file of rejected rows (None: beside the input); those of the authors go beside theirs.
    Raises InvalidInput for a file without the columns that it needs and for rejects that would replace something else,
    EnvironmentProblem when file or database fail, ActionCancelled; the error's `kept` (the text of ActionCancelled)
    tells what was saved, its code is `SAVED` or `UNSURE` when all the rows were saved, or may have been.
    """
    check_request(request)
    if rejects is not None:
        for source in filter(None, (request.books, request.authors)):
            check_place(rejects, source.path)
    action = current_action() or Action("import books")
    with action.running(), opened_files(request) as (books, authors):
        books.rejects = RejectsFile(books.file, rejects)
        if authors is not None:
            authors.rejects = RejectsFile(authors.file, None)
        run = ImportRun(
            action, books, authors, skip_existing=request.skip_existing, rows=RowWriter(), on_progress=on_progress
        )
        one = _Import(run)
        try:
            return one.whole(sessions) if request.batch is None else one.in_batches(sessions, request.batch)
        finally:
            _complete_search_index(sessions)


def _complete_search_index(sessions: Sessions) -> None:
    """What was imported is saved, whatever comes of this: searches read what is not in the index yet."""
    try:
        fill_search_index(sessions=sessions)
    except (ActionCancelled, DeskError) as reason:
        _log.info("The search index was not completed: %s", reason)


class _Import:
    """A run over the files that writes; `_saved` is the last line of each file that is saved."""

    def __init__(self, run: ImportRun) -> None:
        self._started = time.perf_counter()
        self._run = run
        self._sources = [source for source in (run.books, run.authors) if source is not None]
        self._saved: dict[str, int] = {}
        self._committing = False

    def whole(self, sessions: Sessions) -> ImportReport:
        """All or nothing."""
        run = self._run
        with self._accounting(), sessions.writing("import books") as session:
            suspend_search_index(session)
            for authors in run.author_chunks(CHUNK):
                run.write_authors(session, authors)
                run.tell()
            for chunk in run.book_chunks(CHUNK):
                run.writer.write(session, chunk)
                run.tell()
            self._commit(session)
        return self._report()

    def in_batches(self, sessions: Sessions, size: int) -> ImportReport:
        """A transaction for each batch, begun only when its rows are read: locks are short."""
        run = self._run
        with self._accounting():
            for authors in run.author_chunks(size):
                if authors:
                    with sessions.writing("import books") as session:
                        suspend_search_index(session)
                        run.write_authors(session, authors)
                        self._commit(session)
                self._end_batch("authors", run.authors)
            for chunk in run.book_chunks(size):
                if chunk:
                    with sessions.writing("import books") as session:
                        suspend_search_index(session)
                        run.writer.write(session, chunk)
                        self._commit(session)
                self._end_batch("books", run.books)
        return self._report()

    def _commit(self, session: Session) -> None:
        for source in self._sources:
            if source.rejects is not None:
                source.rejects.flush()
        self._committing = True
        session.commit()
        self._committing = False

    def _end_batch(self, table: str, source: SourceFile | None) -> None:
        if source is not None:
            self._saved[table] = source.file.line
        self._run.writer.begin_batch()
        self._run.tell()

    @contextmanager
    def _accounting(self) -> Iterator[None]:
        """Says with an error what of the file was saved; the rejected rows are kept when any of the others are."""
        try:
            yield
        except BaseException as error:
            doubt = self._settle_rejects(str(error))
            if isinstance(error, DeskError):
                error.kept = _joined(self._kept(error), doubt)
                error.code = UNSURE if self._is_unsure(error) else error.code
            if isinstance(error, ActionCancelled):
                raise ActionCancelled(_joined(self._kept(error), doubt)) from error
            raise

    def _settle_rejects(self, said: str) -> str:
        """Keeps or drops the files of rejected rows; what went wrong with them, '' for nothing that was not said."""
        doubts = []
        for source in self._sources:
            if source.rejects is None:
                continue
            if not self._saved:
                source.rejects.drop()
                continue
            try:
                source.rejects.keep()
            except EnvironmentProblem as problem:
                doubts += [problem.what if problem.what not in said else "", problem.kept]
        return _joined(*doubts)

    def _keep_rejects(self) -> list[Path | None]:
        """The files of rejected rows, of the books first; when one cannot be kept, the error says that the import was
        saved."""
        kept: list[Path | None] = []
        first: EnvironmentProblem | None = None
        for source in self._sources:
            try:
                kept.append(source.rejects.keep() if source.rejects else None)
            except EnvironmentProblem as problem:
                first = first or problem
        if first is None:
            return kept
        count = self._run.writer.books
        saved = ngettext("{count:,} book was imported.", "{count:,} books were imported.", count)
        first.kept, first.code = _joined(saved.format(count=count), first.kept), SAVED
        raise first

    def _is_unsure(self, error: Exception) -> bool:
        return self._committing and getattr(error, "code", "") == "lost"

    def _kept(self, error: Exception) -> str:
        if self._is_unsure(error):
            return _("The connection broke during the commit: look whether the rows are there before you import again.")
        if "books" in self._saved:
            return _("The rows up to line {line} were imported.").format(line=self._saved["books"])
        if "authors" in self._saved:
            return _("Of the file of authors the rows up to line {line} were imported.").format(
                line=self._saved["authors"]
            )
        return _("Nothing was imported; the catalogue is as before.")

    def _report(self) -> ImportReport:
        run, authors = self._run, self._run.writer.authors
        rejects_file, *authors_rejects_file = self._keep_rejects()
        return ImportReport(
            books=run.writer.books,
            authors_new=len(authors.made),
            authors_matched=len(authors.matched),
            pairs=run.writer.pairs,
            rejected=run.books.rejected.found(),
            repeated_authors=run.writer.repeated.found(),
            bad_isbns=run.bad_isbns.found(),
            possible_duplicates=run.possible_duplicates,
            mapped=run.books.columns.mapped,
            unmapped_columns=run.books.columns.unmapped,
            rejects_file=rejects_file,
            existing=run.writer.existing,
            merged=run.merged,
            respelled=run.keys.respelled.found(),
            authors_rejected=run.authors.rejected.found() if run.authors else Found(),
            authors_unmapped_columns=run.authors.columns.unmapped if run.authors else (),
            authors_rejects_file=next(iter(authors_rejects_file), None),
            encoding=run.books.file.encoding,
            notes_left=authors.notes_left.found(),
            seconds=time.perf_counter() - self._started,
        )


def _unmapped(columns: tuple[str, ...], words: str) -> list[str]:
    return [words.format(names=", ".join(columns))] if columns else []


def possible_duplicates(found: Found[tuple[str, str]]) -> str:
    """The sentence before the pairs of names."""
    return _("{count:,} names may be duplicates (they differ in case, accents or years only):").format(
        count=found.count
    )


def rejected_lines(rejected: Found[tuple[int, str]], path: Path | None = None) -> list[str]:
    """The rejected rows with their reasons, then the file where they are."""
    said = [_("  line {line}: {reason}").format(line=line, reason=why) for line, why in rejected.first]
    return [*said, _("The rejected rows are in {path}").format(path=path)] if path else said


def _joined(*sentences: str) -> str:
    return " ".join(filter(None, sentences))


def _line_list(found: Found[int]) -> str:
    """`lines 3, 5, 8 …`"""
    shown = ", ".join(map(str, found.first[:10]))
    return ngettext("line {lines}", "lines {lines}", found.count).format(
        lines=shown if found.count <= 10 else shown + " …"
    )
