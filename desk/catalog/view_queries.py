"""Criteria → the statements of a view: its pages, the steps of a walk, its ids, its counts. Nothing here executes.

A *run* is a number of rows that follow one another: their keys, from indexes only where nothing is filtered. It is the
ranges behind a key, one after the other (UNION ALL), without as many rows at its begin as are passed over: both
databases read the parts of a UNION ALL in their order, and no further than they have to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Integer, Select, bindparam, cast, false, func, literal, select, union_all

from desk.catalog import ranges
from desk.catalog.conditions import among, as_it_is, conditions, reads_author, texts_of, unindexed
from desk.catalog.criteria import Op
from desk.catalog.models import Contribution
from desk.catalog.orders import order_of
from desk.catalog.ranges import steps_of
from desk.catalog.search_state import SearchMethod
from desk.catalog.searching import candidates_select
from desk.catalog.sources import AUTHORS, BOOKS, SOURCES

if TYPE_CHECKING:
    from sqlalchemy import FromClause, Subquery

    from desk.catalog.conditions import Dress
    from desk.catalog.criteria import Criteria, Filter
    from desk.catalog.ranges import Range, Step

    Statement = Select[*tuple[Any, ...]]

EVERYTHING = 2**31 - 1
"""As a limit: none."""
NO_INDEX: frozenset[str] = frozenset()
"""No filter chooses an index: the records are named already. So are their authors, where a text is looked for in their
names: a server that joins them reads all authors in order rather than those of ten thousand books."""
WITH_TITLES = frozenset({"author", "language", "published_year"})
"""The columns that have an index together with the title's key."""
_SINGLE = {Op.EQUALS, Op.EMPTY}
"""The comparisons that leave one value, or none."""


def page_select(
    criteria: Criteria,
    shape: str | None,
    dialect: str,
    *,
    backwards: bool,
    method: SearchMethod = SearchMethod.SCAN,
) -> Statement:
    """The statement of a page: each row is the view's key (as many columns as terms), then the source's columns. Where
    a text is looked for, `method` spares looking authors up.

    Its parameters are `rows` (how many), `passed` (how many are left out before them), `reach` (both together) and the
    values of the key from which the rows are counted.
    """
    source = SOURCES[criteria.table]
    run = _run(criteria, shape, dialect, backwards, method)
    steps = steps_of(criteria)
    found = run.join(source.table, source.table.c.id == run.c[steps[-1].name])
    keys = [run.c[step.name] for step in steps]
    return (
        select(*keys, *source.columns)
        .select_from(_with_author(found, source.joins_author))
        .order_by(*(step.directed(run.c[step.name]) for step in steps))
    )


def listed_select(table: str) -> Statement:
    """The rows of the records in `ids`, in no order: the source's columns."""
    source = SOURCES[table]
    return (
        select(*source.columns)
        .select_from(_with_author(source.table, source.joins_author))
        .where(among(source.table.c.id))
    )


def step_select(
    criteria: Criteria, shape: str | None, dialect: str, *, method: SearchMethod = SearchMethod.SCAN
) -> Statement:
    """The keys of the `rows` rows behind `passed` others, from a key on: one step of a walk."""
    return select(_run(criteria, shape, dialect, False, method))


def is_all_by_author(criteria: Criteria) -> bool:
    """Whether a view has all books, author by author."""
    return not criteria.narrows and order_of(criteria).is_indexed and ranges.is_by_author(steps_of(criteria))


def author_places_select(criteria: Criteria) -> Statement:
    """The places of authors in a view of all books by author, about one in `every` rows: the beginning of the key
    (name_key, author_id), and how many rows come before it.

    The books of all authors are counted along one index, then the counts are put into order and summed: several times
    as fast as reading the books author by author.
    """
    counts = (
        select(BOOKS.c.author_id, cast(func.count(), Integer).label("books"))
        .where(BOOKS.c.author_id.is_not(None))
        .group_by(BOOKS.c.author_id)
        .subquery("counts")
    )
    name, link = steps_of(criteria)[:2]
    upto = func.sum(counts.c.books).over(
        order_by=(name.directed(AUTHORS.c.name_key), link.directed(AUTHORS.c.id)), rows=(None, 0)
    )
    places = (
        select(AUTHORS.c.name_key, AUTHORS.c.id, (upto - counts.c.books).label("before"), upto.label("upto"))
        .join_from(counts, AUTHORS, AUTHORS.c.id == unindexed(counts.c.author_id))
        .subquery("places")
    )
    before, every = places.c.before, bindparam("every", type_=Integer())
    crossing = before // every != places.c.upto // every
    return select(places.c.name_key, places.c.id, before).where(before > 0, crossing).order_by(before)


def rest_select(
    criteria: Criteria, shape: str | None, dialect: str, *, method: SearchMethod = SearchMethod.SCAN
) -> Statement:
    """How many rows there are behind a key, `rows` at most."""
    return select(func.count()).select_from(_run(criteria, shape, dialect, False, method))


def between_select(criteria: Criteria, low: str | None, high: str, common: int) -> Statement:
    """How many rows lie behind the key `low` (None: the start) and before the key `high`, which may be the beginning
    of one; the first `common` values of both are the same."""
    counts = [
        _of_range(criteria, one, [func.count()]).scalar_subquery()
        for one in ranges.narrowed(ranges.before(steps_of(criteria), low, high, common), criteria.filters)
    ]
    return select(sum(counts[1:], start=counts[0]) if counts else literal(0))


def before_select(criteria: Criteria, high: str, *, listed: bool) -> Statement:
    """How many rows lie before a key, which may be the beginning of one, in an order that nothing walks: of the view,
    or of the records in `ids`."""
    rows = [among(_id(criteria))] if listed else conditions(criteria)
    is_before = ranges.is_before(steps_of(criteria), high)
    return _plain(criteria, [func.count()], joins_author=True).where(*rows, is_before)


def keys_select(criteria: Criteria) -> Statement:
    """The keys of those of the records in `ids` that are in the view, in its order."""
    columns = [step.column.label(step.name) for step in steps_of(criteria)]
    return _ordered(criteria, columns, NO_INDEX).where(among(_id(criteria)))


def ids_select(criteria: Criteria) -> Statement:
    """The ids of the view in its order."""
    return _ordered(criteria, [_id(criteria)])


def top_select(criteria: Criteria) -> Statement:
    """The first `rows` ids of the view in its order."""
    return ids_select(criteria).limit(bindparam("rows"))


def hits_select(criteria: Criteria) -> Statement:
    """Those of the records in `ids` that are in the view, in its order."""
    return _ordered(criteria, [_id(criteria)], NO_INDEX).where(among(_id(criteria)))


def passing_select(criteria: Criteria) -> Statement:
    """The ids that the filters and the search let through, in no order, by whatever index the database finds."""
    return _plain(criteria, [_id(criteria)]).where(*conditions(criteria))


def matches_select(criteria: Criteria, method: SearchMethod) -> Statement:
    """The same; where a text is looked for, by what may hold it."""
    texts = texts_of(criteria)
    if not texts:
        return passing_select(criteria)
    text, column = texts[0]
    candidates = candidates_select(criteria.table, text, method, EVERYTHING, column, closely=True).subquery()
    found = candidates.join(SOURCES[criteria.table].table, _id(criteria) == candidates.c.id + 0)
    source = _with_author(found, reads_author(criteria))
    return select(_id(criteria)).select_from(source).where(*conditions(criteria, NO_INDEX, joined=False))


def found_select(criteria: Criteria, condition: ColumnElement[bool]) -> Statement:
    """The ids of `rows` records at most that a condition holds for, in the view's order: found first, then sorted."""
    steps = steps_of(criteria)
    keys = [step.column.label(step.name) for step in steps]
    by_author = any(step.column is AUTHORS.c.name_key for step in steps)
    found = _plain(criteria, keys, joins_author=by_author).where(condition).limit(bindparam("rows")).subquery()
    return select(found.c[steps[-1].name]).order_by(*(step.directed(found.c[step.name]) for step in steps))


def is_run(criteria: Criteria) -> bool:
    """Whether a view has one filter and its rows are one run of an index in their order, so that any page is a seek."""
    if criteria.search or len(criteria.filters) != 1 or not order_of(criteria).is_indexed:
        return False
    one, lead = criteria.filters[0], steps_of(criteria)[0]
    by_name = one.column == "author" and isinstance(one.value, str)
    return _goes_along(one, lead) and not (by_name and lead.column is BOOKS.c.title_key)


def is_inside(criteria: Criteria) -> bool:
    """Whether one index holds all that finding and sorting the rows of a view takes, though not in their order."""
    if criteria.search or len(criteria.filters) != 1 or not order_of(criteria).is_indexed:
        return False
    one, lead = criteria.filters[0], steps_of(criteria)[0]
    return lead.column is BOOKS.c.title_key and one.column in WITH_TITLES and one.op is Op.RANGE


def few_select(criteria: Criteria) -> Statement:
    """The ids of a view in its order, found by its filters, then sorted: no index of the order is read."""
    return _ordered(criteria, [_id(criteria)], dress=unindexed)


def capped_select(statement: Statement) -> Statement:
    """How many rows a statement with a limit finds."""
    return select(func.count()).select_from(statement.subquery())


def greatest_select(criteria: Criteria) -> Statement:
    """The greatest id of the table; None when it is empty."""
    return _plain(criteria, [func.max(_id(criteria))])


def count_select(criteria: Criteria, method: SearchMethod) -> Statement:
    """How many rows a view has."""
    if texts_of(criteria):
        return select(func.count()).select_from(matches_select(criteria, method).subquery())
    return _plain(criteria, [func.count()]).where(*conditions(criteria))


def contributors_select() -> Statement:
    """(book id, name) of the added entries of the books in `ids`, in order."""
    entry = Contribution.__table__.c
    return (
        select(entry.book_id, AUTHORS.c.name)
        .join_from(Contribution.__table__, AUTHORS, entry.author_id == AUTHORS.c.id)
        .where(among(entry.book_id))
        .order_by(entry.book_id, entry.position, entry.author_id)
    )


def book_counts_select() -> Statement:
    """(author id, number of books under that main entry) for those of the authors in `ids` that have any."""
    return select(BOOKS.c.author_id, func.count()).where(among(BOOKS.c.author_id)).group_by(BOOKS.c.author_id)


def _run(criteria: Criteria, shape: str | None, dialect: str, backwards: bool, method: SearchMethod) -> Subquery:
    """The keys of the `rows` rows behind `passed` others, in order."""
    if not order_of(criteria).is_indexed:
        keys = [step.column.label(step.name) for step in steps_of(criteria)]
        return _part(_ordered(criteria, keys))
    steps = steps_of(criteria, backwards=backwards)
    found = ranges.narrowed(ranges.behind(steps, shape, at_key=backwards), criteria.filters)
    parts = [_of_range(criteria, one, one.keys, method).order_by(*one.ordering) for one in found]
    if not parts:
        parts = [_of_range(criteria, ranges.Range(steps), ranges.Range(steps).keys, method).where(false())]
    if len(parts) == 1:
        united: Any = parts[0]
    else:
        # A limit of its own keeps PostgreSQL from reading a part by several processes, in any order; for SQLite it
        # would be a border behind which no index is seen.
        limited = [part.limit(bindparam("reach")) if dialect == "postgresql" else part for part in parts]
        united = union_all(*(select(part.subquery()) for part in limited))
    return _part(united)


def _part(rows: Any) -> Subquery:
    subquery: Subquery = rows.limit(bindparam("rows")).offset(bindparam("passed")).subquery("run")
    return subquery


def _of_range(
    criteria: Criteria, one: Range, columns: list[Any], method: SearchMethod = SearchMethod.SCAN
) -> Statement:
    """Rows of a range. The author of books is there, where the range is read by author, or is looked up when a text is
    not in the title: joining would read each book beside the index of titles."""
    source = _with_author(one.source, reads_author(criteria, joined=False) and not one.by_author)
    wheres = conditions(criteria, _indexed(criteria, one.steps[0]), joined=one.by_author, method=method)
    return select(*columns).select_from(source).where(*one.wheres, *wheres)


def _indexed(criteria: Criteria, lead: Step) -> frozenset[str]:
    """The columns whose filters go along with an order that begins with `lead`."""
    return frozenset(one.column for one in criteria.filters if _goes_along(one, lead))


def _goes_along(one: Filter, lead: Step) -> bool:
    """Whether the rows that a filter leaves are a run of an index in the order that begins with `lead`: of the order's
    own, or of one of titles within each single value."""
    if lead.column is BOOKS.c.title_key:
        return one.column in WITH_TITLES and one.op in _SINGLE
    return one.column == lead.filtered and one.op in {*_SINGLE, Op.RANGE}


def _ordered(
    criteria: Criteria, columns: list[Any], indexed: frozenset[str] | None = None, dress: Dress = as_it_is
) -> Statement:
    """The rows of a view in its order, by whatever way the database finds."""
    steps = steps_of(criteria)
    by_author = any(step.column is AUTHORS.c.name_key for step in steps)
    return (
        _plain(criteria, columns, joins_author=by_author)
        .where(*conditions(criteria, indexed, joined=indexed is not NO_INDEX))
        .order_by(*(step.directed(dress(step.column)) for step in steps))
    )


def _plain(criteria: Criteria, columns: list[Any], *, joins_author: bool = False) -> Statement:
    source = SOURCES[criteria.table]
    joins_author = source.joins_author and (joins_author or reads_author(criteria))
    return select(*columns).select_from(_with_author(source.table, joins_author))


def _with_author(source: FromClause, joins_author: bool) -> FromClause:
    return source.outerjoin(AUTHORS, BOOKS.c.author_id == AUTHORS.c.id) if joins_author else source


def _id(criteria: Criteria) -> ColumnElement[int]:
    return SOURCES[criteria.table].table.c.id
