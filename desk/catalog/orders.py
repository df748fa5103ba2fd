"""The orders of views as values: the terms of their keys, and how the keys of two rows compare.

Invariant: an order is total, because its last term is the id, and it compares keys as both databases do: numbers before
text before bytes, text by the bytes of its UTF-8, a missing value last in both directions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from desk.catalog import keys, values
from desk.catalog.columns import TABLES
from desk.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from desk.catalog.criteria import Criteria, Sort

Key = tuple[Any, ...]
"""The sort key of a row: one value per term, None for a missing one. Values are as the database gives them (of SQLite a
price in cents, a moment as text): those that a row shows may be those of several stored ones."""

ID = "id"
GREATEST = "\U0010ffff"
"""Behind a text: not less than any text that begins with it."""


@dataclass(frozen=True, slots=True)
class Term:
    """One field of an order. `author.name_key` is that of a book's main author; where it is missing, so is
    `author_id`."""

    field: str
    descending: bool
    nullable: bool


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a view; `is_indexed` says that an index has it, so that any page of it is a seek."""

    terms: tuple[Term, ...]
    is_indexed: bool

    def compare(self, a: Key, b: Key) -> int:
        """Below 0 when `a` comes before `b`, above 0 when it comes behind it, 0 for the same place.

        A key may be the beginning of one: it comes before all that begin with it.
        """
        for term, one, other in zip(self.terms, a, b, strict=False):
            if one is other:
                continue
            if one is None or other is None:
                return 1 if one is None else -1
            rank = _RANKS.get(term.field, _rank)
            first, second = rank(one), rank(other)
            if first != second:
                return -1 if (first < second) != term.descending else 1
        return len(a) - len(b)

    def is_whole(self, key: Key) -> bool:
        """Whether it is the key of a row, and not only the beginning of one."""
        return len(key) == len(self.terms)

    def before(self, key: Key) -> Key:
        """The place just before a row: nothing lies between the two, and it stays when the row goes."""
        *values, id = key
        return (*values, id + 1 if self.terms[-1].descending else id - 1)


@dataclass(frozen=True, slots=True)
class _Sorted:
    """How one column orders: its own fields, and those that break its ties when nothing is sorted behind it."""

    fields: tuple[str, ...]
    ties: tuple[str, ...] = ()


_SORTED: dict[str, dict[str, _Sorted]] = {
    "books": {
        "title": _Sorted(("title_key",)),
        "author": _Sorted(("author.name_key", "author_id"), ("title_key",)),
        "published_year": _Sorted(("published_year",), ("title_key",)),
        "isbn": _Sorted(("isbn",)),
        "language": _Sorted(("language",), ("title_key",)),
        "price": _Sorted(("price",)),
        "updated_at": _Sorted(("updated_at",)),
    },
    "authors": {
        "name": _Sorted(("name_key",)),
        "birth_year": _Sorted(("birth_year",)),
        "death_year": _Sorted(("death_year",)),
        "updated_at": _Sorted(("updated_at",)),
    },
}
_NULLABLE = {"author.name_key", "published_year", "isbn", "language", "price", "birth_year", "death_year"}
_PAIRS: dict[str, set[tuple[str, ...]]] = {
    "books": {("author", "published_year"), ("language", "title"), ("published_year", "title")},
    "authors": set(),
}
"""The pairs of columns whose orders have an index, both in one direction."""
_MIXED = {("author", "published_year")}
"""Those of them whose directions may differ, because they are walked author by author."""


def order_of(criteria: Criteria) -> Order:
    """The order of a view; raises KeyError for a column that cannot be sorted."""
    return _order(criteria.table, criteria.sorts or (TABLES[criteria.table].default_sort,))


@lru_cache(maxsize=256)
def _order(table: str, sorts: tuple[Sort, ...]) -> Order:
    known = _SORTED[table]
    directions: dict[str, bool] = {}
    for sort in sorts:
        for field in known[sort.column].fields:
            directions.setdefault(field, sort.descending)
    last = sorts[-1]
    ties = known[last.column].ties if len(sorts) == 1 else ()
    for field in (*ties, ID):
        directions.setdefault(field, last.descending)
    terms = tuple(Term(field, down, field in _NULLABLE) for field, down in directions.items())
    return Order(terms, _is_indexed(table, sorts))


def _is_indexed(table: str, sorts: tuple[Sort, ...]) -> bool:
    columns = tuple(sort.column for sort in sorts)
    if len(columns) == 1:
        return True
    return columns in _PAIRS[table] and (columns in _MIXED or len({sort.descending for sort in sorts}) == 1)


def key_of_text(criteria: Criteria, text: str) -> Any | None:
    """The value of the first term that typed text stands for, or begins; None when it stands for nothing there.

    For a descending order of texts it is the greatest text with that beginning, and of moments the end of the day (or
    whatever was typed): the first row at or behind the value is what the person looks for.
    """
    first = order_of(criteria).terms[0]
    try:
        plain = values.parse_text(text).strip()
        if first.field in _TEXTS:
            begin = _TEXTS[first.field](plain)
            return (begin + GREATEST if first.descending else begin) if begin else None
        return _moment(plain, first.descending) if first.field == "updated_at" else _NUMBERS[first.field](plain)
    except InvalidInput:
        return None


def _code(text: str) -> str:
    """A language tag as it is usually written: the language itself in small letters (RFC 5646, 2.1.1)."""
    language, dash, rest = text.partition("-")
    return language.lower() + dash + rest


_TEXTS: dict[str, Callable[[str], str]] = {
    "title_key": keys.query_key,
    "name_key": keys.author_key,
    "author.name_key": keys.author_key,
    "isbn": lambda text: keys.isbn13(text) or keys.isbn_digits(text),
    "language": _code,
}
_NUMBERS: dict[str, Callable[[str], Any]] = {
    "published_year": values.parse_year,
    "birth_year": values.parse_year,
    "death_year": values.parse_year,
    "price": values.parse_price,
}
_SPANS: tuple[tuple[str, Callable[[datetime], datetime]], ...] = (
    ("%Y", lambda begin: begin.replace(year=begin.year + 1)),
    ("%Y-%m", lambda begin: (begin + timedelta(days=31)).replace(day=1)),
    ("%Y-%m-%d", lambda begin: begin + timedelta(days=1)),
    ("%Y-%m-%d %H:%M", lambda begin: begin + timedelta(minutes=1)),
)
"""What can be typed of a moment, in local time as it is shown, and where the next such span begins."""


def _moment(text: str, descending: bool) -> datetime | None:
    """The begin of a typed year, month, day or minute; for a descending order its end."""
    for form, following in _SPANS:
        try:
            begin = datetime.strptime(text, form)  # local, as a cell shows it
            edge = following(begin) - timedelta(microseconds=1) if descending else begin
            return edge.astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


_NUMBER, _NOT_A_NUMBER, _TEXT, _BYTES = range(4)
"""The kinds of stored values in their order (SQLite, “Datatypes In SQLite”, 4.1; PostgreSQL has NaN behind numbers)."""
_FAR_YEAR = re.compile(r"(\d+)(-.*?)( BC)?", re.DOTALL)


def _rank(value: Any) -> tuple[int, Any]:
    """What compares as the stored value does."""
    if isinstance(value, str):
        return _TEXT, value.encode(errors="surrogateescape")
    if isinstance(value, Decimal):  # a price; SQLite stores cents, and where a price is damaged other numbers
        return (_NOT_A_NUMBER, 0) if value.is_nan() else (_NUMBER, value.scaleb(2))
    return (_BYTES, value) if isinstance(value, bytes) else (_NUMBER, value)


def _rank_of_moment(value: Any) -> tuple[int, Any]:
    """As `_rank`, of a moment or what stands in its place: on SQLite any text, on PostgreSQL one that Python has no
    datetime for (infinity, years BC or above 9999)."""
    if isinstance(value, datetime):
        return _TEXT, value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds").encode()
    far = _FAR_YEAR.fullmatch(value) if isinstance(value, str) else None
    if far is None or (len(far[1]) == 4 and not far[3]):
        return _rank(value)
    year = int(far[1])  # "/" is the sign before 0, ":" the one behind 9
    return _TEXT, (f"/{10**6 - year:07}{far[2]}" if far[3] else f":{year:07}{far[2]}").encode()


_RANKS: dict[str, Callable[[Any], tuple[int, Any]]] = {"updated_at": _rank_of_moment}
