"""Makes rows, and the texts of their cells, of what a page's statement found: column by column, which costs a fraction
of doing it row by row."""

from __future__ import annotations

from itertools import groupby
from types import NoneType
from typing import TYPE_CHECKING, Any

from desk.catalog import keys
from desk.catalog.columns import TABLES, Kind
from desk.catalog.models import Price, UtcTime
from desk.catalog.rows import AuthorRef, AuthorRow, BookRow, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Column
    from sqlalchemy.engine import Dialect

    from desk.catalog.columns import Column as GridColumn

READ = (Price, UtcTime)
"""The types whose values are not what the driver gives."""
MAY_SHOW = frozenset({str, NoneType})


def read_columns(
    found: Sequence[Sequence[Any]], columns: Sequence[Column[Any]], dialect: Dialect, *, first: int = 0
) -> list[Sequence[Any]]:
    """The values of each column, of rows as the driver gives them, in which that of the first column is the value at
    `first`; no rows give no values of each."""
    values = list(zip(*found, strict=True))[first:] if found else [()] * len(columns)
    return [
        column.type.read_all(some, dialect) if isinstance(column.type, READ) else some
        for column, some in zip(columns, values, strict=True)
    ]


def book_rows(values: Sequence[Sequence[Any]], contributors: Iterable[tuple[int, str]]) -> tuple[BookRow, ...]:
    """Books of the columns of their source; `contributors` are (book id, name), in order. A link that leads to no
    author has no name."""
    ids, versions, titles, author_ids, names, *rest = values
    authors = [
        None if author_id is None else AuthorRef(author_id, "" if name is None else name)
        for author_id, name in zip(author_ids, names, strict=True)
    ]
    added = {
        book_id: "; ".join(name for _book, name in some) for book_id, some in groupby(contributors, lambda one: one[0])
    }
    contributed = [added.get(id, "") for id in ids]
    return tuple(map(BookRow._make, zip(ids, versions, titles, authors, *rest, contributed, strict=True)))


def author_rows(values: Sequence[Sequence[Any]], counts: Iterable[tuple[int, int]]) -> tuple[AuthorRow, ...]:
    """Authors of the columns of their source; `counts` are (author id, number of books) of those who have any."""
    books = dict(counts)
    return tuple(map(AuthorRow._make, zip(*values, [books.get(id, 0) for id in values[0]], strict=True)))


def cells_of(table: str, rows: Sequence[Row]) -> tuple[tuple[tuple[str | None, ...], ...], frozenset[tuple[int, int]]]:
    """The texts of the grid's cells, and which of them look wrong, as (index of the row, place of the column): a bad
    ISBN, damaged text, a value of another kind."""
    if not rows:
        return (), frozenset()
    texts: list[Sequence[str | None]] = []
    doubtful: list[tuple[int, int]] = []
    fields = dict(zip(rows[0]._fields, zip(*rows, strict=True), strict=True))
    for section, column in enumerate(TABLES[table].grid):
        values = fields[column.name]
        shown, unusual = (_texts if column.rules.type in (str, AuthorRef) else _others)(column, values)
        texts.append(shown)
        doubtful += [(index, section) for index in unusual if column.doubt(values[index])]
    return tuple(zip(*texts, strict=True)), frozenset(doubtful)


def _texts(column: GridColumn, values: Sequence[Any]) -> tuple[Sequence[str | None], list[int]]:
    """What shows of texts and links, and the places of those that may look wrong. Most show as they are: to ask the
    column for each of them would cost as much as the page."""
    is_link = column.kind is Kind.AUTHOR
    shown = [None if value is None else value.name for value in values] if is_link else list(values)
    unusual = [] if _show_as_they_are(shown) else _format_unusual(column, values, shown)
    return shown, keys.wrong_isbns(shown) if column.kind is Kind.ISBN else unusual


def _show_as_they_are(texts: Sequence[Any]) -> bool:
    return MAY_SHOW.issuperset(map(type, texts)) and "".join(filter(None, texts)).isprintable()


def _format_unusual(column: GridColumn, values: Sequence[Any], shown: list[Any]) -> list[int]:
    """Puts what shows of the values that do not show as they are into `shown`; returns their places."""
    unusual = [
        index
        for index, value in enumerate(shown)
        if value is not None and not (type(value) is str and value.isprintable())
    ]
    for index in unusual:
        shown[index] = column.format(values[index])
    return unusual


def _others(column: GridColumn, values: Sequence[Any]) -> tuple[Sequence[str | None], list[int]]:
    """What shows of numbers and moments, and the places of the values of another kind."""
    wanted, form = column.rules.type, column.rules.format
    if {wanted, NoneType}.issuperset(map(type, values)):
        return [None if value is None else form(value) for value in values], []
    unusual = [index for index, value in enumerate(values) if value is not None and type(value) is not wanted]
    return [column.format(value) for value in values], unusual
