"""Makes rows, and the texts of their cells, of what a page's statement found: column by column, which costs a fraction
of doing it row by row."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import TypeDecorator

from desk.catalog import keys
from desk.catalog.columns import TABLES, Kind
from desk.catalog.rows import AuthorRef, AuthorRow, BookRow, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Column
    from sqlalchemy.engine import Dialect

    from desk.catalog.columns import Column as GridColumn


def read_columns(
    found: Sequence[Sequence[Any]], columns: Iterable[Column[Any]], dialect: Dialect
) -> list[Sequence[Any]]:
    """The values of each column, of rows as the driver gives them; no rows give no values of each."""
    read = list(columns)
    values: Iterator[Sequence[Any]] = zip(*found, strict=True) if found else iter([()] * len(read))
    return [_read(column, some, dialect) for column, some in zip(read, values, strict=True)]


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
    return tuple(map(BookRow, ids, versions, titles, authors, *rest, [added.get(id, "") for id in ids]))


def author_rows(values: Sequence[Sequence[Any]], counts: Iterable[tuple[int, int]]) -> tuple[AuthorRow, ...]:
    """Authors of the columns of their source; `counts` are (author id, number of books) of those who have any."""
    books = dict(counts)
    return tuple(map(AuthorRow, *values, [books.get(id, 0) for id in values[0]]))


def cells_of(table: str, rows: Sequence[Row]) -> tuple[tuple[tuple[str | None, ...], ...], frozenset[tuple[int, int]]]:
    """The texts of the grid's cells, and which of them look wrong, as (index of the row, place of the column): a bad
    ISBN, damaged text, a value of another kind."""
    texts: list[Sequence[str | None]] = []
    doubtful: list[tuple[int, int]] = []
    for section, column in enumerate(TABLES[table].grid):
        values = list(map(attrgetter(column.name), rows))
        shown, unusual = (_texts if column.rules.type in (str, AuthorRef) else _others)(column, values)
        texts.append(shown)
        doubtful += [(index, section) for index in unusual if column.doubt(values[index])]
    return tuple(zip(*texts, strict=True)), frozenset(doubtful)


def _texts(column: GridColumn, values: list[Any]) -> tuple[list[str | None], list[int]]:
    """What shows of texts and links, and the places of those that may look wrong. Most show as they are: to ask the
    column for each of them would cost as much as the page."""
    is_link = column.kind is Kind.AUTHOR
    shown = [None if value is None else value.name for value in values] if is_link else values.copy()
    unusual = [
        index
        for index, value in enumerate(shown)
        if value is not None and not (type(value) is str and value.isprintable())
    ]
    for index in unusual:
        shown[index] = column.format(values[index])
    if column.kind is Kind.ISBN:
        unusual = [index for index, value in enumerate(shown) if value and not keys.isbn_is_valid(value)]
    return shown, unusual


def _others(column: GridColumn, values: list[Any]) -> tuple[list[str | None], list[int]]:
    """What shows of numbers and moments, and the places of the values of another kind."""
    wanted, form = column.rules.type, column.rules.format
    shown = [
        None if value is None else form(value) if type(value) is wanted else column.format(value) for value in values
    ]
    unusual = [index for index, value in enumerate(values) if value is not None and type(value) is not wanted]
    return shown, unusual


def _read(column: Column[Any], values: Sequence[Any], dialect: Dialect) -> Sequence[Any]:
    if not isinstance(column.type, TypeDecorator):
        return values
    read = column.type.process_result_value
    return [None if value is None else read(value, dialect) for value in values]
