"""Rows of one table in memory, which answer page requests as the database would."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from desk.catalog.paging import Hits, Mark, Page, ViewStart
from desk.catalog.places import Places
from desk.catalog.rows import AuthorRef, AuthorRow, BookRow
from desk.operations.reading_rows import cells_of

if TYPE_CHECKING:
    from desk.catalog.criteria import Criteria
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
    return row._replace(**values)


def author(number: int, **values: Any) -> AuthorRow:
    """An author with a value in every field, but for `values`."""
    return AuthorRow(number, 1, f"Author {number}", 1882, 1941, WHEN, 3)._replace(**values)


MAKERS: dict[str, Any] = {"books": book, "authors": author}


class Shelf:
    """Holds `rows`, changes them as a colleague would, and hands out pages; `asked` lists the requests."""

    def __init__(self, table: str, count: int) -> None:
        self.table = table
        self.rows: list[Row] = [MAKERS[table](number) for number in range(1, count + 1)]
        self.asked: list[PageRequest] = []

    def page(self, request: PageRequest) -> Page:
        """The page as it is now; a walked one has the ids as keys."""
        if request.ids is None:
            rows = tuple(self.rows[request.position : request.position + request.limit])
        else:
            known = {row.id: row for row in self.rows}
            rows = tuple(known[one] for one in request.ids if one in known)
        cells, doubtful = cells_of(self.table, rows)
        keys = tuple((row.id,) for row in rows) if request.ids is None else ()
        end = Mark(request.position + len(rows), keys[-1]) if keys else None
        return Page(request, rows, cells, end, doubtful, keys)

    def start(self, criteria: Criteria, *, listed: bool = False, total: int | None = None) -> ViewStart:
        """How a view of these rows begins: walked, with an estimated `total` where one is given, or listed."""
        hits = Hits(tuple(row.id for row in self.rows), complete=True) if listed else None
        page = self.page(Places(criteria, hits).request(0))
        exact = len(self.rows) if total is None else total
        return ViewStart(page, hits, exact, is_exact=total is None, cost="")

    def serve(self, table: RecordTable) -> None:
        """Answers every request of a table at once."""

        def answer(request: PageRequest) -> None:
            self.asked.append(request)
            table.place_page(self.page(request))

        table.page_wanted.connect(answer)

    def show_in(self, table: RecordTable) -> None:
        """Starts the table's view anew and gives it its first page and its total."""
        table.show_view(table.criteria)
        table.place_page(self.page(table.places.request(0)))
        table.place_total(table.criteria, len(self.rows))
