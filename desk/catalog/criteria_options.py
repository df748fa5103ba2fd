"""Criteria from the words of a command line: `title=ring`, `published_year=1900..1950`, `title:desc`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from desk.catalog import values
from desk.catalog.columns import TABLES, Column, TableDescription
from desk.catalog.criteria import Criteria, Filter, Op, Sort
from desk.errors import InvalidInput
from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable


def parse_criteria(
    table: str,
    *,
    search: str = "",
    contains: Iterable[str] = (),
    equals: Iterable[str] = (),
    empty: Iterable[str] = (),
    between: Iterable[str] = (),
    over_price: str | None = None,
    no_books: bool = False,
    sort: Iterable[str] = (),
) -> Criteria:
    """The criteria of a table by its options; raises InvalidInput for an unknown column or an unusable value."""
    description = TABLES[table]
    filters = [
        *(_contains(description, words) for words in contains),
        *(_equals(description, words) for words in equals),
        *(Filter(_column(description, name, Op.EMPTY).name, Op.EMPTY) for name in empty),
        *(_between(description, words) for words in between),
    ]
    if over_price is not None:
        column = _column(description, "books", Op.HAS_BOOK_OVER)
        filters.append(Filter(column.name, Op.HAS_BOOK_OVER, values.parse_price(over_price)))
    if no_books:
        filters.append(Filter(_column(description, "books", Op.NO_BOOKS).name, Op.NO_BOOKS))
    return Criteria(table, tuple(filters), tuple(_sort(description, words) for words in sort), search)


def _contains(table: TableDescription, words: str) -> Filter:
    name, value = _halves(words)
    return Filter(_column(table, name, Op.CONTAINS).name, Op.CONTAINS, value)


def _equals(table: TableDescription, words: str) -> Filter:
    name, value = _halves(words)
    column = _column(table, name, Op.EQUALS)
    return Filter(column.name, Op.EQUALS, _value(column, value) if column.rules.parse else value)


def _between(table: TableDescription, words: str) -> Filter:
    name, value = _halves(words)
    column = _column(table, name, Op.RANGE)
    low, dots, high = value.partition("..")
    if not dots:
        raise InvalidInput(_("“{text}” is not a range. Write LOW..HIGH.").format(text=value), code="range")
    return Filter(
        column.name,
        Op.RANGE,
        _value(column, low) if low else None,
        _value(column, high) if high else None,
    )


def _sort(table: TableDescription, words: str) -> Sort:
    name, _colon, direction = words.partition(":")
    known = {column.name: column for column in table.columns if column.sortable}
    if name not in known:
        raise _unknown(name, known)
    if direction not in ("", "asc", "desc"):
        raise InvalidInput(_("“{text}” is neither asc nor desc.").format(text=direction), code="direction")
    return Sort(name, descending=direction == "desc")


def _value(column: Column, text: str) -> Any:
    return column.parse(text)


def _halves(words: str) -> tuple[str, str]:
    name, sign, value = words.partition("=")
    if not sign:
        raise InvalidInput(_("“{text}” has no =. Write COLUMN=VALUE.").format(text=words), code="equals")
    return name, value


def _column(table: TableDescription, name: str, op: Op) -> Column:
    """The column, if it can be filtered in that way."""
    known = {column.name: column for column in table.columns if op in column.filters}
    if name not in known:
        raise _unknown(name, known)
    return known[name]


def _unknown(name: str, known: Iterable[str]) -> InvalidInput:
    return InvalidInput(
        _("“{name}” cannot be used here; these can: {names}.").format(
            name=name, names=", ".join(known) or _("none of this table")
        ),
        code="column",
    )
