"""Criteria from what a person types: in a filter's fields, or in the words of a command line.

Those are `title=ring`, `published_year=1900..1950`, `title:desc`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from desk.catalog import keys, values
from desk.catalog.columns import TABLES, Column, Kind, TableDescription
from desk.catalog.criteria import Criteria, Filter, Op, Sort
from desk.errors import InvalidInput
from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WITHOUT_VALUE = (Op.EMPTY, Op.NO_BOOKS)


def filter_value(column: Column, op: Op, text: str) -> Any:
    """What a typed text is compared with; raises InvalidInput with the reason.

    Texts are compared as they are stored: names collapsed, language tags stripped, an ISBN as ISBN-13. One that is no
    ISBN is taken as it was typed, because a catalogue may hold such.
    """
    if not text.strip():
        raise InvalidInput(_("Type a value to filter by."), code="empty")
    if op is Op.HAS_BOOK_OVER:
        return values.parse_price(text)
    if column.kind in (Kind.YEAR, Kind.PRICE):
        return column.parse(text)
    plain = values.parse_text(text)
    if column.kind is Kind.ISBN:
        return keys.isbn13(plain) or plain
    if column.kind is Kind.NAME:
        return keys.collapsed(plain)
    return plain.strip() if column.kind is Kind.CODE else plain


def parse_filter(column: Column, op: Op, texts: Sequence[str]) -> Filter:
    """The filter of as many texts as the comparison has values; of a range one may be empty. Raises InvalidInput."""
    if op in WITHOUT_VALUE:
        return Filter(column.name, op)
    if op is not Op.RANGE or not any(text.strip() for text in texts):
        return Filter(column.name, op, filter_value(column, op, texts[0]))
    low, high = (filter_value(column, op, text) if text.strip() else None for text in texts)
    if low is not None and high is not None and low > high:
        raise InvalidInput(_("The first value is greater than the second."), code="range")
    return Filter(column.name, op, low, high)


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
        *(_compared(description, words, Op.CONTAINS) for words in contains),
        *(_compared(description, words, Op.EQUALS) for words in equals),
        *(Filter(_column(description, name, Op.EMPTY).name, Op.EMPTY) for name in empty),
        *(_between(description, words) for words in between),
    ]
    if over_price is not None:
        filters.append(parse_filter(_column(description, "books", Op.HAS_BOOK_OVER), Op.HAS_BOOK_OVER, (over_price,)))
    if no_books:
        filters.append(Filter(_column(description, "books", Op.NO_BOOKS).name, Op.NO_BOOKS))
    sorts = tuple(_sort(description, words) for words in sort)
    return Criteria(table, tuple(filters), sorts, values.parse_text(search))


def _compared(table: TableDescription, words: str, op: Op) -> Filter:
    name, value = _halves(words)
    column = _column(table, name, op)
    if not value.strip() and Op.EMPTY in column.filters:
        raise InvalidInput(
            _("“{text}” names no value.").format(text=words),
            advice=_("For records without a value, write --empty {column}.").format(column=name),
            code="empty",
        )
    return parse_filter(column, op, (value,))


def _between(table: TableDescription, words: str) -> Filter:
    name, value = _halves(words)
    column = _column(table, name, Op.RANGE)
    low, dots, high = value.partition("..")
    if not dots:
        raise InvalidInput(_("“{text}” is not a range. Write LOW..HIGH.").format(text=value), code="range")
    return parse_filter(column, Op.RANGE, (low, high))


def _sort(table: TableDescription, words: str) -> Sort:
    name, _colon, direction = words.partition(":")
    known = {column.name: column for column in table.columns if column.sortable}
    if name not in known:
        raise _unknown(name, known)
    if direction not in ("", "asc", "desc"):
        raise InvalidInput(_("“{text}” is neither asc nor desc.").format(text=direction), code="direction")
    return Sort(name, descending=direction == "desc")


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
