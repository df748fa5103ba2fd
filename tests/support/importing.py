"""Imports a file, or forecasts its import, with the options of a request in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from desk.catalog.import_fields import CsvSource, ImportRequest
from desk.operations.imports.import_preview import ImportForecast, forecast_import
from desk.operations.imports.importing import ImportReport, import_books

if TYPE_CHECKING:
    from pathlib import Path

    from desk.operations.connect import OpenCatalogue

SOURCE = ("encoding", "delimiter", "mapping")
REQUEST = ("authors", "skip_existing", "batch")


def request_for(path: Path, **options: Any) -> ImportRequest:
    """`encoding`, `delimiter` and `mapping` are of the books; `authors` is a path."""
    books = CsvSource(path, **{name: options[name] for name in SOURCE if name in options})
    known = {name: options[name] for name in REQUEST if name in options}
    if known.get("authors") is not None:
        known["authors"] = CsvSource(known["authors"])
    return ImportRequest(books, **known)


def import_file(catalogue: OpenCatalogue, path: Path, **options: Any) -> ImportReport:
    """Options of the request and of `import_books`."""
    rest = {name: value for name, value in options.items() if name not in (*SOURCE, *REQUEST)}
    return import_books(sessions=catalogue.sessions, request=request_for(path, **options), **rest)


def forecast_file(catalogue: OpenCatalogue, path: Path, **options: Any) -> ImportForecast:
    """Options of the request and of `forecast_import`."""
    rest = {name: value for name, value in options.items() if name not in (*SOURCE, *REQUEST)}
    return forecast_import(sessions=catalogue.sessions, request=request_for(path, **options), **rest)
