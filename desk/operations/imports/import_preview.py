"""What an import would do, without doing it: the head of a file as it would be read, and a run that writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from desk.database.actions import Action, current_action
from desk.errors import InvalidInput
from desk.i18n import _
from desk.operations.imports.bulk import NoRowWriter
from desk.operations.imports.columns_of_file import find_columns, map_columns
from desk.operations.imports.csv_reading import CsvFile
from desk.operations.imports.import_figures import Found
from desk.operations.imports.import_run import ImportRun, check_request, opened_files
from desk.operations.imports.importing import CHUNK, possible_duplicates, rejected_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from desk.catalog.import_fields import CsvSource, ImportRequest
    from desk.database.sessions import Sessions
    from desk.operations.imports.import_figures import ImportProgress


ROWS = 20


@dataclass(frozen=True, slots=True)
class CsvPreview:
    """The head of a file: `rows` are its first 20 records, cells as they are (a record that cannot be split is one
    cell); `mapping` is field → header as it would be used; `problem` says why the file cannot be imported like this
    ('' when it can)."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    encoding: str
    delimiter: str
    mapping: Mapping[str, str]
    problem: str
    guessed_encoding: bool
    guessed_delimiter: bool


@dataclass(frozen=True, slots=True)
class ImportForecast:
    """What an import would do: `records` = `new` + `existing` + `rejected.count` + `merged`.

    `new` books; `existing` ones that would be left out; `merged` rows that belong to a book that an earlier row began;
    `rejected` (line, reason); `possible_duplicates` (new name, other name); `authors_rejected` as `rejected`, of the
    file of authors.
    """

    records: int
    new: int
    existing: int
    rejected: Found[tuple[int, str]]
    authors_new: int
    authors_matched: int
    possible_duplicates: Found[tuple[str, str]]
    merged: int
    authors_rejected: Found[tuple[int, str]]

    def lines(self) -> list[str]:
        """The forecast for a person."""
        said = [
            _("{records:,} rows: {new:,} new books, {merged:,} rows of the same books, {rejected:,} rejected.").format(
                records=self.records, new=self.new, merged=self.merged, rejected=self.rejected.count
            ),
            _("{new:,} authors are new, {matched:,} are there.").format(
                new=self.authors_new, matched=self.authors_matched
            ),
        ]
        if self.existing:
            said.append(_("{count:,} books are there already and would be left out.").format(count=self.existing))
        if self.possible_duplicates.count:
            said.append(possible_duplicates(self.possible_duplicates))
        said += [f"  {one} – {other}" for one, other in self.possible_duplicates.first]
        said += rejected_lines(self.rejected)
        if self.authors_rejected.count:
            said.append(
                _("Of the file of authors {count:,} rows would be rejected.").format(count=self.authors_rejected.count)
            )
            said += rejected_lines(self.authors_rejected)
        return said


def preview_csv(*, source: CsvSource, table: str = "books") -> CsvPreview:
    """The head of one file of `books` or `authors`, read as `source` says; fast whatever the size of the file.

    Raises EnvironmentProblem only, when the file cannot be read.
    """
    try:
        with CsvFile(source.path, source.encoding, source.delimiter) as file:
            rows = tuple(tuple(record.cells) for record in islice(file.records(), ROWS))
            mapping, problem = _mapping(file.headers, source, table)
            return CsvPreview(
                headers=file.headers,
                rows=rows,
                encoding=file.encoding,
                delimiter=file.delimiter,
                mapping=mapping,
                problem=problem,
                guessed_encoding=not source.encoding,
                guessed_delimiter=not source.delimiter,
            )
    except InvalidInput as error:
        return CsvPreview(
            (), (), source.encoding, source.delimiter, {}, str(error), not source.encoding, not source.delimiter
        )


def forecast_import(
    *, sessions: Sessions, request: ImportRequest, on_progress: Callable[[ImportProgress], None] | None = None
) -> ImportForecast:
    """Runs through the files without writing anything; the figures are those that `import_books` then gives.

    Reads the catalogue in short sessions. Raises as `import_books` does.
    """
    check_request(request)
    action = current_action() or Action("forecast import")
    with action.running(), opened_files(request) as (books, authors):
        run = ImportRun(
            action, books, authors, skip_existing=request.skip_existing, rows=NoRowWriter(), on_progress=on_progress
        )
        for some in run.author_chunks(CHUNK):
            with sessions.reading("forecast import") as session:
                run.write_authors(session, some)
            run.tell()
        for chunk in run.book_chunks(CHUNK):
            with sessions.reading("forecast import") as session:
                run.writer.write(session, chunk)
            run.tell()
        return _forecast(run)


def _forecast(run: ImportRun) -> ImportForecast:
    return ImportForecast(
        records=run.books.records,
        new=run.writer.books,
        existing=run.writer.existing,
        rejected=run.books.rejected.found(),
        authors_new=len(run.writer.authors.made),
        authors_matched=len(run.writer.authors.matched),
        possible_duplicates=run.possible_duplicates,
        merged=run.merged,
        authors_rejected=run.authors.rejected.found() if run.authors else Found(),
    )


def _mapping(headers: tuple[str, ...], source: CsvSource, table: str) -> tuple[dict[str, str], str]:
    """Field → header, and what is wrong with it ('' for nothing)."""
    try:
        return map_columns(headers, source.mapping, table).mapped, ""
    except InvalidInput as error:
        problem = error.what
    try:
        return find_columns(headers, source.mapping, table).mapped, problem
    except InvalidInput as error:
        return {}, error.what
