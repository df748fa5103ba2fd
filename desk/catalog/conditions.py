"""Criteria → the conditions of a WHERE, in two forms: one for which a database may use any index, one for which it
must not, because rows are read along the index of their order."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    Text,
    TypeDecorator,
    and_,
    bindparam,
    exists,
    or_,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement

from desk.catalog import keys
from desk.catalog.criteria import Op
from desk.catalog.search_state import SearchMethod
from desk.catalog.searching import SEARCHED, holds
from desk.catalog.sources import AUTHORS, BOOKS, SOURCES, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.engine import Dialect
    from sqlalchemy.sql.compiler import SQLCompiler
    from sqlalchemy.types import TypeEngine

    from desk.catalog.criteria import Criteria, Filter

    Dress = Callable[[ColumnElement[Any]], ColumnElement[Any]]


class unindexed(FunctionElement[Any]):  # noqa: N801  (an SQL function is written like one)
    """An expression that is the same but for this: SQLite looks it up in no index (“The SQLite Query Optimizer
    Overview”, unary plus). PostgreSQL knows from its statistics what an index is worth, and is told nothing."""

    inherit_cache = True

    def __init__(self, expression: ColumnElement[Any]) -> None:
        super().__init__(expression)
        self.type = expression.type


@compiles(unindexed)
def _unchanged(element: unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(unindexed, "sqlite")
def _behind_a_plus(element: unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return f"+{compiler.process(element.clauses, **options)}"


def conditions(
    criteria: Criteria,
    indexed: frozenset[str] | None = None,
    *,
    joined: bool = True,
    method: SearchMethod = SearchMethod.SCAN,
) -> list[ColumnElement[bool]]:
    """The WHERE of a view. `indexed` are the columns whose filters may choose an index; None: all. Authors must be
    joined to books where `reads_author` says so; if not `joined`, texts do without, the better by a `method`."""
    holding = partial(holds, criteria.table, joined=joined, method=method)
    found = [
        condition(criteria.table, one, as_it_is if indexed is None or one.column in indexed else unindexed, holding)
        for one in criteria.filters
    ]
    if criteria.search:
        found.append(holding(criteria.search))
    return found


def texts_of(criteria: Criteria) -> list[tuple[str, str | None]]:
    """The texts that are looked for in keys, each with its column; None: wherever a search looks."""
    found: list[tuple[str, str | None]] = [(criteria.search, None)] if criteria.search else []
    texts = (one for one in criteria.filters if one.op is Op.CONTAINS and one.column in SEARCHED[criteria.table])
    return [*found, *((one.value, one.column) for one in texts)]


def reads_author(criteria: Criteria, *, joined: bool = True) -> bool:
    """Whether the conditions of a view of books look at their author's name (see `conditions`)."""
    return criteria.table == "books" and (
        (joined and bool(criteria.search))
        or any(
            one.column == "author"
            and ((joined and one.op is Op.CONTAINS) or (one.op is Op.EQUALS and isinstance(one.value, str)))
            for one in criteria.filters
        )
    )


class IdList(TypeDecorator[list[int]]):
    """Ids as one parameter, however many: an array on PostgreSQL, JSON on SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else ARRAY(BigInteger()))

    def process_bind_param(self, value: Sequence[int] | None, dialect: Dialect) -> Any:
        ids = list(value or ())
        return json.dumps(ids) if dialect.name == "sqlite" else ids


class among(FunctionElement[bool]):  # noqa: N801  (an SQL function is written like one)
    """Whether an id is one of those in the parameter `ids`."""

    type = Boolean()
    inherit_cache = True

    def __init__(self, column: ColumnElement[int]) -> None:
        super().__init__(column, bindparam("ids", type_=IdList()))

    def self_group(self, against: Any = None) -> among:
        """It is a comparison already: SQLite would use no index for `… = 1`, as which any other truth is written."""
        return self


@compiles(among, "sqlite")
def _among_json(element: among, compiler: SQLCompiler, **options: Any) -> str:
    column, ids = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({ids}))"


@compiles(among, "postgresql")
def _among_array(element: among, compiler: SQLCompiler, **options: Any) -> str:
    column, ids = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} = ANY ({ids})"


def as_it_is(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The other dress of a column: any index may be used."""
    return column


def condition(
    table: str, one: Filter, dress: Dress, holding: Callable[..., ColumnElement[bool]]
) -> ColumnElement[bool]:
    """One filter; `holding` is `holds` for its table. A missing value matches nothing but EMPTY."""
    source = SOURCES[table]
    if one.op is Op.HAS_BOOK_OVER:
        return exists().where(BOOKS.c.author_id == AUTHORS.c.id, BOOKS.c.price > one.value)
    if one.op is Op.NO_BOOKS:
        return ~exists().where(BOOKS.c.author_id == AUTHORS.c.id)
    if one.op is Op.CONTAINS:
        if one.column in SEARCHED[table]:
            return holding(one.value, one.column)
        return source.texts[one.column].icontains(one.value, autoescape=True)
    if one.op is Op.EQUALS:
        return _equals(source, one, dress)
    column = dress(source.values[one.column])
    if one.op is Op.EMPTY:
        return column.is_(None)
    bounds = (
        true() if one.value is None else column >= one.value,
        true() if one.high is None else column <= one.high,
    )
    return and_(column.is_not(None), *bounds)


def _equals(source: Source, one: Filter, dress: Dress) -> ColumnElement[bool]:
    """Equality; for an author by link or, when text was typed, by the name's key. Titles and names are found by their
    keys, which have an index."""
    value = one.value
    column: ColumnElement[Any] = source.values[one.column]
    if one.column == "title":
        return and_(or_(*(dress(BOOKS.c.title_key) == key for key in sorted(keys.title_keys(value)))), column == value)
    if one.column == "name":
        return and_(dress(AUTHORS.c.name_key) == keys.author_key(value), column == value)
    if one.column == "author":
        if isinstance(value, str):
            return dress(AUTHORS.c.name_key) == keys.author_key(value)
        value = value.id
    is_same: ColumnElement[bool] = dress(column) == value
    return is_same
