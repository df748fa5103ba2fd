"""Rows of one table in memory, which answer page requests as the database would."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from desk.catalog.columns import TABLES
from desk.catalog.paging import Mark, Page
from desk.catalog.rows import AuthorRef, AuthorRow, BookRow
from desk.operations.pages import doubtful_cells

if TYPE_CHECKING:
    from desk.catalog.paging import PageRequest
    from desk.catalog.rows import Row
    from desk.tables.record_table import RecordTable

WHEN = datetime(2024, 2, 29, 12, 0, tzinfo=UTC)


def book(number: int, **values: Any) -> BookRow:
    """A book with a value in every field, but for `values`."""
    row = BookRow(
        number,
        1,
        f"Book {number}",
        AuthorRef(1, "Woolf, Virginia"),
        1925,
        "9780261103344",
        "en",
        Decimal("12.50"),
        WHEN,
    )
    return replace(row, **values)


def author(number: int, **values: Any) -> AuthorRow:
    """An author with a value in every field, but for `values`."""
    return replace(AuthorRow(number, 1, f"Author {number}", 1882, 1941, WHEN, 3), **values)


MAKERS: dict[str, Any] = {"books": book, "authors": author}


class Shelf:
    """Holds `rows`, changes them as a colleague would, and hands out pages; `asked` lists the requests."""

    def __init__(self, table: str, count: int) -> None:
        self.table = table
        self.rows: list[Row] = [MAKERS[table](number) for number in range(1, count + 1)]
        self.asked: list[PageRequest] = []

    def page(self, request: PageRequest) -> Page:
        """The page as it is now."""
        rows = tuple(self.rows[request.position : request.position + request.limit])
        grid = TABLES[self.table].grid
        cells = tuple(tuple(column.format(getattr(row, column.name)) for column in grid) for row in rows)
        end = Mark(request.position + len(rows), (rows[-1].id,)) if rows else None
        return Page(request, rows, cells, end, doubtful_cells(request.criteria.table, rows))

    def serve(self, table: RecordTable) -> None:
        """Answers every request of a table at once."""

        def answer(request: PageRequest) -> None:
            self.asked.append(request)
            table.place_page(self.page(request))

        table.page_wanted.connect(answer)

    def show_in(self, table: RecordTable) -> None:
        """Starts the table's view anew and gives it its first page and its total."""
        table.show_view(table.criteria)
        table.place_page(self.page(table.request_for(0)))
        table.place_total(table.criteria, len(self.rows))
