"""Criteria → Select. Nothing here executes.

A view's order is a tuple of *terms* that ends in the id, so it is total. The rows behind a key are a sequence of
*ranges*, one for each prefix of the key: equal before one term, behind the key in that term. Every range is one run of
an index, so a page is their UNION ALL, each limited; values that are NULL are a range of their own and come last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select, true, union, union_all
from sqlalchemy.orm import InstrumentedAttribute, joinedload, selectinload

from desk.catalog import keys
from desk.catalog.columns import TABLES
from desk.catalog.criteria import Criteria, Filter, Op, Sort
from desk.catalog.models import Author, Book, Contribution, Meta

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.sql import Subquery

    from desk.catalog.paging import PageRequest

Expression = InstrumentedAttribute[Any]


@dataclass(frozen=True, slots=True)
class Term:
    """One expression of an order."""

    expression: Expression
    descending: bool
    nullable: bool


@dataclass(frozen=True, slots=True)
class Source:
    """How a table description is selected.

    `sorts` maps a column to the expressions that order it (with whether each may be NULL); `texts` maps a column to
    what CONTAINS looks into (and whether that is a key); `values` to what the other comparisons look at; `search` are
    the keys the search box looks into.
    """

    model: type[Book] | type[Author]
    columns: tuple[Expression, ...]
    sorts: dict[str, tuple[tuple[Expression, bool], ...]]
    texts: dict[str, tuple[Expression, bool]]
    values: dict[str, Expression]
    search: tuple[Expression, ...]
    joins_author: bool


SOURCES: dict[str, Source] = {
    "books": Source(
        model=Book,
        columns=(
            Book.id, Book.version, Book.title, Book.author_id, Author.name, Book.published_year, Book.isbn,
            Book.language, Book.price, Book.updated_at,
        ),
        sorts={
            "title": ((Book.title_key, False),),
            "author": ((Author.name_key, True), (Book.author_id, False), (Book.title_key, False)),
            "published_year": ((Book.published_year, True),),
            "isbn": ((Book.isbn, True),),
            "language": ((Book.language, True),),
            "price": ((Book.price, True),),
            "updated_at": ((Book.updated_at, False),),
        },
        texts={
            "title": (Book.title_key, True),
            "author": (Author.name_key, True),
            "isbn": (Book.isbn, False),
            "language": (Book.language, False),
        },
        values={
            "title": Book.title,
            "author": Book.author_id,
            "published_year": Book.published_year,
            "isbn": Book.isbn,
            "language": Book.language,
            "price": Book.price,
        },
        search=(Book.title_key, Author.name_key),
        joins_author=True,
    ),
    "authors": Source(
        model=Author,
        columns=(
            Author.id, Author.version, Author.name, Author.birth_year, Author.death_year, Author.updated_at,
        ),
        sorts={
            "name": ((Author.name_key, False),),
            "birth_year": ((Author.birth_year, True),),
            "death_year": ((Author.death_year, True),),
            "updated_at": ((Author.updated_at, False),),
        },
        texts={"name": (Author.name_key, True)},
        values={"name": Author.name, "birth_year": Author.birth_year, "death_year": Author.death_year},
        search=(Author.name_key,),
        joins_author=False,
    ),
}  # fmt: skip


def terms_of(criteria: Criteria) -> tuple[Term, ...]:
    """The order of a view, made total by the id (which follows the direction of the first sort).

    Raises KeyError for a column that cannot be sorted.
    """
    source = SOURCES[criteria.table]
    sorts: Sequence[Sort] = criteria.sorts or (TABLES[criteria.table].default_sort,)
    terms = [
        Term(expression, sort.descending, nullable)
        for sort in sorts
        for expression, nullable in source.sorts[sort.column]
    ]
    return (*terms, Term(source.model.id, sorts[0].descending, nullable=False))


def page_select(request: PageRequest) -> Select[*tuple[Any, ...]]:
    """The statement of a page: each row is the view's key (as many columns as terms), then the source's columns."""
    source = SOURCES[request.criteria.table]
    terms = terms_of(request.criteria)
    run = _run(request, terms, offset=request.offset, limit=request.limit)
    statement = select(*_keys_of(run, terms), *source.columns).join_from(
        run, source.model, source.model.id == _id_of(run, terms)
    )
    if source.joins_author:
        statement = statement.outerjoin(Author, Book.author_id == Author.id)
    return statement.order_by(*_order_of_run(run, terms))


def mark_select(request: PageRequest) -> Select[*tuple[Any, ...]]:
    """The key of the last of the `request.limit` rows behind its mark: one step of the background walk."""
    terms = terms_of(request.criteria)
    run = _run(request, terms, offset=request.limit - 1, limit=1)
    return select(*_keys_of(run, terms))


def count_select(criteria: Criteria) -> Select[*tuple[Any, ...]]:
    """How many rows a view has."""
    source = SOURCES[criteria.table]
    statement = select(func.count()).select_from(source.model)
    if source.joins_author and _reads_author(criteria, ()):
        statement = statement.outerjoin(Author, Book.author_id == Author.id)
    return statement.where(*conditions(criteria))


def contributors_select(book_ids: Iterable[int]) -> Select[*tuple[Any, ...]]:
    """(book id, name) of the added entries of some books, in order."""
    return (
        select(Contribution.book_id, Author.name)
        .join(Author, Contribution.author_id == Author.id)
        .where(Contribution.book_id.in_(list(book_ids)))
        .order_by(Contribution.book_id, Contribution.position, Contribution.author_id)
    )


def book_counts_select(author_ids: Iterable[int]) -> Select[*tuple[Any, ...]]:
    """(author id, number of books under that main entry) for those of the authors that have any."""
    return select(Book.author_id, func.count()).where(Book.author_id.in_(list(author_ids))).group_by(Book.author_id)


def book_select(book_id: int) -> Select[*tuple[Any, ...]]:
    """One book with its main author (joined) and its contributions with their authors (select-in)."""
    return (
        select(Book)
        .where(Book.id == book_id)
        .options(
            joinedload(Book.author).load_only(
                Author.id, Author.name, Author.birth_year, Author.death_year, raiseload=True
            ),
            selectinload(Book.contributions)
            .joinedload(Contribution.author)
            .load_only(Author.id, Author.name, raiseload=True),
        )
    )


def author_select(author_id: int) -> Select[*tuple[Any, ...]]:
    """One author, without books."""
    return select(Author).where(Author.id == author_id)


def author_sums_select(author_id: int) -> Select[*tuple[Any, ...]]:
    """The line under an author, in one statement: books, first year, last year, sum of prices, priced books."""
    return select(
        func.count(),
        func.min(Book.published_year),
        func.max(Book.published_year),
        func.sum(Book.price, type_=Book.price.type),
        func.count(Book.price),
    ).where(Book.author_id == author_id)


def find_authors_select(text: str, limit: int) -> Select[*tuple[Any, ...]]:
    """(id, name) of the authors for the picker: names that start with the text first, then those that contain it."""
    key = keys.author_key(text)
    starts = Author.name_key.startswith(key, autoescape=True)
    return (
        select(Author.id, Author.name)
        .where(Author.name_key.contains(key, autoescape=True))
        .order_by(starts.desc(), Author.name_key, Author.id)
        .limit(limit)
    )


def locked_select(model: type[Book] | type[Author], ids: Iterable[int]) -> Select[*tuple[Any, ...]]:
    """The records of a unit of work, locked in the order of their ids so that two units cannot deadlock."""
    statement: Select[*tuple[Any, ...]] = select(model)
    if model is Book:
        statement = select(Book, Author.name).outerjoin(Author, Book.author_id == Author.id)
    return statement.where(model.id.in_(list(ids))).order_by(model.id).with_for_update(of=model)


def author_in_use_select(author_ids: Iterable[int]) -> Select[*tuple[Any, ...]]:
    """(name, number of books) of the first of the authors who has any, as main entry or as contributor."""
    ids = list(author_ids)
    uses = union(
        select(Book.author_id.label("author_id"), Book.id.label("book_id")).where(Book.author_id.in_(ids)),
        select(Contribution.author_id, Contribution.book_id).where(Contribution.author_id.in_(ids)),
    ).subquery("uses")
    return (
        select(Author.name, func.count())
        .join(uses, uses.c.author_id == Author.id)
        .group_by(Author.id, Author.name)
        .order_by(Author.name)
        .limit(1)
    )


def meta_select() -> Select[*tuple[Any, ...]]:
    """(catalogue identity, version of the stored keys)."""
    return select(Meta.catalogue, Meta.key_version)


def conditions(criteria: Criteria) -> list[ColumnElement[bool]]:
    """The WHERE of a view, without any paging."""
    source = SOURCES[criteria.table]
    found = [_condition(source, one) for one in criteria.filters]
    if criteria.search:
        key = keys.query_key(criteria.search)
        found.append(or_(*(column.contains(key, autoescape=True) for column in source.search)))
    return found


def _condition(source: Source, one: Filter) -> ColumnElement[bool]:
    if one.op is Op.HAS_BOOK_OVER:
        return _books_of_author().where(Book.price > one.value).exists()
    if one.op is Op.NO_BOOKS:
        return ~_books_of_author().exists()
    if one.op is Op.CONTAINS:
        column, is_key = source.texts[one.column]
        if is_key:
            return column.contains(keys.query_key(one.value), autoescape=True)
        return column.icontains(one.value, autoescape=True)
    column = source.values[one.column]
    if one.op is Op.EMPTY:
        return column.is_(None)
    if one.op is Op.EQUALS:
        return _equals(source, one)
    bounds = (
        true() if one.value is None else column >= one.value,
        true() if one.high is None else column <= one.high,
    )
    return and_(column.is_not(None), *bounds)


def _equals(source: Source, one: Filter) -> ColumnElement[bool]:
    """Equality; for an author by link or, when text was typed, by the name's key. A missing value never matches."""
    column: ColumnElement[Any] | Expression = source.values[one.column]
    value = one.value
    if one.column == "author":
        if isinstance(value, str):
            return Author.name_key == keys.author_key(value)
        value = value.id
    is_same: ColumnElement[bool] = column == value
    return is_same


def _books_of_author() -> Select[*tuple[Any, ...]]:
    return select(literal(1)).where(Book.author_id == Author.id).correlate(Author)


def _run(request: PageRequest, terms: tuple[Term, ...], *, offset: int, limit: int) -> Subquery:
    """The keys of the rows asked for, in order: the ranges behind the mark, each cut to what can be needed."""
    key = request.mark.key if request.mark else None
    reach = offset + limit
    ranges = [
        _range(request.criteria, terms, number, wheres).limit(reach).subquery()
        for number, wheres in enumerate(_ranges(terms, key))
    ]
    united = ranges[0] if len(ranges) == 1 else union_all(*(select(one) for one in ranges)).subquery()
    return select(united).order_by(*_order_of_run(united, terms)).limit(limit).offset(offset).subquery("run")


def _ranges(terms: tuple[Term, ...], key: tuple[Any, ...] | None) -> list[list[ColumnElement[bool]]]:
    """The conditions of each range behind `key`, in the order of the view; None is the start of the view."""
    if key is None:
        return [[]] if not terms[0].nullable else [[terms[0].expression.is_not(None)], [terms[0].expression.is_(None)]]
    found: list[list[ColumnElement[bool]]] = []
    for place in range(len(terms) - 1, -1, -1):
        term, value = terms[place], key[place]
        if value is None:
            continue  # nothing comes behind NULL in this term
        equal = [
            before.expression.is_(None) if known is None else before.expression == known
            for before, known in zip(terms[:place], key, strict=False)
        ]
        behind = term.expression < value if term.descending else term.expression > value
        found.append([*equal, behind])
        if term.nullable:
            found.append([*equal, term.expression.is_(None)])
    return found


def _range(
    criteria: Criteria, terms: tuple[Term, ...], number: int, wheres: list[ColumnElement[bool]]
) -> Select[*tuple[Any, ...]]:
    source = SOURCES[criteria.table]
    statement = select(
        literal(number).label("part"), *(term.expression.label(f"key_{i}") for i, term in enumerate(terms))
    ).select_from(source.model)
    if source.joins_author and _reads_author(criteria, terms):
        statement = statement.outerjoin(Author, Book.author_id == Author.id)
    return statement.where(*wheres, *conditions(criteria)).order_by(
        *(_directed(term.expression, term) for term in terms)
    )


def _directed(expression: ColumnElement[Any] | Expression, term: Term) -> ColumnElement[Any]:
    ordered = expression.desc() if term.descending else expression.asc()
    return ordered.nulls_last() if term.nullable else ordered


def _order_of_run(run: Subquery, terms: tuple[Term, ...]) -> list[ColumnElement[Any]]:
    return [run.c.part, *(_directed(run.c[f"key_{i}"], term) for i, term in enumerate(terms))]


def _keys_of(run: Subquery, terms: tuple[Term, ...]) -> list[ColumnElement[Any]]:
    return [run.c[f"key_{i}"] for i in range(len(terms))]


def _id_of(run: Subquery, terms: tuple[Term, ...]) -> ColumnElement[Any]:
    return run.c[f"key_{len(terms) - 1}"]


def _reads_author(criteria: Criteria, terms: tuple[Term, ...]) -> bool:
    """Whether finding or ordering the rows needs the author's name."""
    return (
        bool(criteria.search)
        or any(one.column == "author" and one.op in (Op.CONTAINS, Op.EQUALS) for one in criteria.filters)
        or any(term.expression is Author.name_key for term in terms)
    )
