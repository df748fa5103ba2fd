"""What a view must show, computed in plain Python from all rows: filters, orders, NULLs last, ties by id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from desk.catalog import keys
from desk.catalog.columns import TABLES
from desk.catalog.criteria import Criteria, Filter, Op, Sort
from desk.catalog.models import Author, Book
from desk.catalog.rows import AuthorRef

if TYPE_CHECKING:
    from desk.operations.connect import OpenCatalogue

SORTED_BY = {"title": ("title_key",), "name": ("name_key",), "author": ("author_key", "author_id")}
"""What orders a column, where it is not the column itself."""
TIES = {"author": ("title_key",), "published_year": ("title_key",), "language": ("title_key",)}
"""What breaks the ties of books sorted by one column, before the id does."""
FOUND_IN = {"title": "title_key", "name": "name_key", "author": "author_key"}
"""The key that CONTAINS looks into, where the column has one."""

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Everything:
    """All records of a catalogue, by table."""

    books: tuple[Record, ...]
    authors: tuple[Record, ...]

    def ids(self, criteria: Criteria) -> list[int]:
        """The ids of a view, in its order."""
        records: tuple[Record, ...] = getattr(self, criteria.table)
        found = [one for one in records if self._fits(one, criteria)]
        sorts = criteria.sorts or (TABLES[criteria.table].default_sort,)
        terms = [Sort(term, sort.descending) for sort in sorts for term in SORTED_BY.get(sort.column, (sort.column,))]
        last = sorts[-1]
        ties = TIES.get(last.column, ()) if len(sorts) == 1 else ()
        for term in reversed([*terms, *(Sort(field, last.descending) for field in (*ties, "id"))]):
            found = _sorted(found, term)
        return [one["id"] for one in found]

    def _fits(self, one: Record, criteria: Criteria) -> bool:
        searched = ("title_key", "author_key") if criteria.table == "books" else ("name_key",)
        is_found = not criteria.search or any(_holds(one[name], criteria.search) for name in searched)
        return is_found and all(self._passes(one, condition) for condition in criteria.filters)

    def _passes(self, one: Record, condition: Filter) -> bool:
        match condition.op:
            case Op.NO_BOOKS:
                return not self._books_of(one)
            case Op.HAS_BOOK_OVER:
                return any(
                    book["price"] is not None and book["price"] > condition.value for book in self._books_of(one)
                )
            case Op.CONTAINS if condition.column in FOUND_IN:
                return _holds(one[FOUND_IN[condition.column]], condition.value)
            case Op.EQUALS if isinstance(condition.value, AuthorRef):
                return bool(one["author_id"] == condition.value.id)
            case Op.EQUALS if condition.column == "author":
                return bool(one["author_key"] == keys.author_key(condition.value))
        value = one["author_id" if condition.column == "author" else condition.column]
        if condition.op is Op.EMPTY or value is None:
            return condition.op is Op.EMPTY and value is None
        if condition.op is Op.CONTAINS:
            return condition.value.lower() in value.lower()
        if condition.op is Op.EQUALS:
            return bool(value == condition.value)
        above = condition.value is None or value >= condition.value
        return above and (condition.high is None or value <= condition.high)

    def _books_of(self, author: Record) -> list[Record]:
        return [book for book in self.books if book["author_id"] == author["id"]]


def everything(catalogue: OpenCatalogue) -> Everything:
    """Reads all there is."""
    author_key = Author.name_key.label("author_key")
    books = select(*Book.__table__.columns, author_key).outerjoin(Author, Book.author_id == Author.id)
    with catalogue.sessions.reading("read everything") as session:
        return Everything(
            tuple(dict(row) for row in session.execute(books).mappings()),
            tuple(dict(row) for row in session.execute(select(*Author.__table__.columns)).mappings()),
        )


def _holds(key: str | None, text: str) -> bool:
    """Whether a text is anywhere in a key; one of less than three letters at its beginning."""
    needle = keys.query_key(text)
    return key is not None and (key.startswith(needle) if len(needle) < 3 else needle in key)


def _sorted(records: list[Record], term: Sort) -> list[Record]:
    """Stable, byte by byte, records without a value last in both directions."""
    known = [one for one in records if one[term.column] is not None]
    known.sort(key=lambda one: _bytewise(one[term.column]), reverse=term.descending)
    if term.descending:
        known = _ties_as_before(known, records, term.column)
    return known + [one for one in records if one[term.column] is None]


def _ties_as_before(known: list[Record], records: list[Record], column: str) -> list[Record]:
    place = {one["id"]: number for number, one in enumerate(records)}
    rank = {value: number for number, value in enumerate(dict.fromkeys(one[column] for one in known))}
    return sorted(known, key=lambda one: (rank[one[column]], place[one["id"]]))


def _bytewise(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value
