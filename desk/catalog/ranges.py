"""Orders and keys → ranges of rows, each one run of an index.

The rows behind a key are a sequence of ranges, one for each prefix of the key: equal before one term, behind the key in
that term. Missing values are ranges of their own: the last ones of a view, and the first when it is read backwards.
Books in the order of their authors are read author by author; the anonymous ones follow, or come first.

Invariant: the ranges of a key follow one another as the rows do, and no row is in two of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    LargeBinary,
    Text,
    and_,
    bindparam,
    cast,
    null,
    or_,
)

from desk.catalog.conditions import unindexed
from desk.catalog.criteria import Op
from desk.catalog.orders import order_of
from desk.catalog.rows import AuthorRef
from desk.catalog.sources import AUTHORS, BOOKS, field_column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Column

    from desk.catalog.criteria import Criteria, Filter
    from desk.catalog.orders import Key

MISSING, KNOWN, DAMAGED = "-", "+", "!"
"""What a value of a key is to a statement: missing, a parameter, or a text that is no UTF-8 and can be no parameter."""


@dataclass(frozen=True, slots=True)
class Step:
    """One term of an order in the direction in which it is read now; `name` is that of its column in a run."""

    column: Column[Any]
    name: str
    descending: bool
    nullable: bool
    nulls_first: bool

    @property
    def filtered(self) -> str:
        """The column of the view whose filters look at this term; that of a text key is no column's own value."""
        return "author" if self.column is AUTHORS.c.name_key else self.column.name

    @property
    def turns_nulls(self) -> bool:
        """Whether missing values are at the other end than in PostgreSQL's index, read in that direction."""
        return self.nullable and self.nulls_first != self.descending

    def directed(self, expression: ColumnElement[Any]) -> ColumnElement[Any]:
        ordered = _directed(expression, self.descending)
        if not self.nullable:
            return ordered
        return ordered.nulls_first() if self.nulls_first else ordered.nulls_last()


@dataclass(frozen=True, slots=True)
class Range:
    """One run of an index: which rows, in which order.

    Some steps have the same value in all of its rows (`known`), some a value in all (`present`), some in none
    (`missing`). `anonymous` are the books without an author, of an order by author.
    """

    steps: tuple[Step, ...]
    wheres: tuple[ColumnElement[bool], ...] = ()
    anonymous: bool = False
    known: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    present: frozenset[str] = frozenset()

    @property
    def by_author(self) -> bool:
        """Whether the rows are read author by author."""
        return is_by_author(self.steps) and not self.anonymous

    @property
    def source(self) -> FromClause:
        """What the rows are read from: authors come first where they lead the order."""
        if self.by_author:  # behind a plus SQLite sees no way from books to their authors
            return AUTHORS.join(BOOKS, BOOKS.c.author_id == unindexed(AUTHORS.c.id))
        return self.steps[-1].column.table

    @property
    def keys(self) -> list[ColumnElement[Any]]:
        """The columns of the key, named."""
        return [self.value_of(step).label(step.name) for step in self.steps]

    @property
    def ordering(self) -> list[ColumnElement[Any]]:
        """As an index has it, word by word: PostgreSQL sorts for an order of missing values where there are none, and
        for want of a column that is missing in all rows."""
        return [
            _directed(self.value_of(step), (self.steps[-1] if step.name in self.missing else step).descending)
            if step.name in self.missing | self.present
            else step.directed(self.value_of(step))
            for step in self.steps
            if step.name not in self.known and not (self.anonymous and step.column is AUTHORS.c.name_key)
        ]

    def value_of(self, step: Step) -> ColumnElement[Any]:
        """What a term is in these rows."""
        if step.column is AUTHORS.c.name_key and self.anonymous:
            return cast(null(), Text)
        if step.column is BOOKS.c.author_id and self.by_author:
            return AUTHORS.c.id
        return step.column


def steps_of(criteria: Criteria, *, backwards: bool = False) -> tuple[Step, ...]:
    """The terms of a view's order, as it is read forwards or backwards."""
    return tuple(
        Step(
            field_column(criteria.table, term.field),
            f"key_{place}",
            term.descending != backwards,
            term.nullable,
            backwards,
        )
        for place, term in enumerate(order_of(criteria).terms)
    )


def shape_of(key: Key | None) -> str | None:
    """What of a key decides how its statement looks; two keys of one shape differ in parameters only."""
    return None if key is None else "".join(map(_kind, key))


def parameters_of(key: Key | None, prefix: str = "key") -> dict[str, Any]:
    """The parameters of a statement for a key."""
    return {
        f"{prefix}_{place}": value.encode("utf-8", "surrogateescape") if _kind(value) == DAMAGED else value
        for place, value in enumerate(key or ())
        if value is not None
    }


def behind(steps: Sequence[Step], shape: str | None, *, at_key: bool = False) -> list[Range]:
    """The ranges of the rows behind a key, as the steps are read; `at_key` takes the row of the key itself, too.

    None is the start of the view, as it is read. The beginning of a key is the place before all rows that begin with
    it: read forwards they are behind it, backwards (`at_key`) they are not.
    """
    is_beginning = shape is not None and len(shape) < len(steps)
    first = Range(tuple(steps))
    if shape is None:
        return _everything(first)
    found: list[Range] = []
    for place in range(len(shape) - 1, -1, -1):
        takes_equal = at_key != is_beginning and place == len(shape) - 1
        found += _behind_in(_equal_before(first, shape, place), place, shape, takes_equal)
    return found


def before(steps: Sequence[Step], low: str | None, high: str, common: int) -> list[Range]:
    """The ranges of the rows behind one key and before another; for counting them, so in no order.

    Each may be the beginning of a key, which is before all rows that begin so. The first `common` values of both keys
    are the same; without `low` they begin at the start."""
    first = Range(tuple(steps))
    found: list[Range] = []
    if low is not None:
        last = len(low) - 1
        takes_equal = len(low) < len(steps)
        for place in range(last, common, -1):
            equal = _equal_before(first, low, place, "low")
            found += _behind_in(equal, place, low, takes_equal and place == last, "low")
        if common == len(low) < len(high):
            found += _before_in(_equal_before(first, high, common, "high"), common, high)
        elif common < min(len(low), len(high)):
            equal = _equal_before(first, low, common, "low")
            for one in _behind_in(equal, common, low, takes_equal and common == last, "low"):
                found += _before_in(one, common, high)
    elif high:
        found += _before_in(first, 0, high)
    for place in range(common + 1, len(high)):
        found += _before_in(_equal_before(first, high, place, "high"), place, high)
    return found


def narrowed(found: Sequence[Range], filters: Sequence[Filter]) -> list[Range]:
    """Those of the ranges in which the filters leave anything: EMPTY lets missing values through, all others none.

    Both databases would read a range to its end to find that out. A filter for one author names the author as well as
    the books.
    """
    return [_of_one_author(one, filters) for one in found if not any(_leaves_nothing(one, each) for each in filters)]


def is_before(steps: Sequence[Step], high: str) -> ColumnElement[bool]:
    """Whether a row is before a key, as one condition that no index serves."""
    return or_(*(and_(*one.wheres) for one in before(steps, None, high, 0)))


def _leaves_nothing(one: Range, each: Filter) -> bool:
    excluded = one.known | one.present if each.op is Op.EMPTY else one.missing
    return any(step.filtered == each.column and step.name in excluded for step in one.steps)


def _of_one_author(one: Range, filters: Sequence[Filter]) -> Range:
    links = [each.value.id for each in filters if isinstance(each.value, AuthorRef)] if one.by_author else []
    return _where(one, *(AUTHORS.c.id == id for id in links))


def is_by_author(steps: Sequence[Step]) -> bool:
    return steps[0].column is AUTHORS.c.name_key and steps[-1].column is BOOKS.c.id


def _everything(whole: Range) -> list[Range]:
    """All rows: books of authors and the anonymous ones are two ranges, and so are rows with a value and without one
    where no reading of an index gives both in this order."""
    lead = whole.steps[0]
    if is_by_author(whole.steps):
        parts = [[_present(whole, 0)], _missing(whole, 0)]
        return [*parts[1], *parts[0]] if lead.nulls_first else [*parts[0], *parts[1]]
    return _apart(whole, 0)


def _apart(one: Range, place: int) -> list[Range]:
    step = one.steps[place]
    if not step.turns_nulls:
        return [one]
    parts = [_present(one, place), *_missing(one, place)]
    return parts[::-1] if step.nulls_first else parts


def _behind_in(one: Range, place: int, shape: str, at_key: bool, prefix: str = "key") -> list[Range]:
    """The rows of a range that are behind a key's value in one term."""
    step = one.steps[place]
    if step.name in one.known | one.missing:
        return []
    if shape[place] == MISSING:
        return [_present(one, place)] if step.nulls_first else []
    value, mine = _parameter(step, place, shape, prefix), one.value_of(step)
    if step.descending:
        behind_it = mine <= value if at_key else mine < value
    else:
        behind_it = mine >= value if at_key else mine > value
    found = [replace(_where(one, behind_it), present=one.present | {step.name})]
    return [*found, *_missing(one, place)] if step.nullable and not step.nulls_first else found


def _before_in(one: Range, place: int, shape: str) -> list[Range]:
    """The rows of a range that are before a key's value in one term; missing values come last."""
    step = one.steps[place]
    if step.name in one.known | one.missing:
        return []
    if shape[place] == MISSING:
        return [_present(one, place)]
    value, mine = _parameter(step, place, shape, "high"), one.value_of(step)
    return [_where(one, mine > value if step.descending else mine < value)]


def _equal_before(one: Range, shape: str, place: int, prefix: str = "key") -> Range:
    """The rows whose first terms have the values of a key."""
    for at in range(place):
        step = one.steps[at]
        if shape[at] == MISSING:
            one = _without(one, at)
        else:
            same = one.value_of(step) == _parameter(step, at, shape, prefix)
            one = replace(_where(one, same), known=one.known | {step.name})
    return one


def _missing(one: Range, place: int) -> list[Range]:
    """The rows that have no value in a term, in order."""
    without = _without(one, place)
    return _apart(without, 2) if without.anonymous and not one.anonymous else [without]


def _without(one: Range, place: int) -> Range:
    """The rows that have no value in a term; books without an author are found by their link."""
    step = one.steps[place]
    if step.name in one.missing:
        return one
    if step.column is AUTHORS.c.name_key:  # and the author's id, the next term, is missing with it
        names = {step.name, one.steps[place + 1].name}
        return replace(_where(one, BOOKS.c.author_id.is_(None)), anonymous=True, missing=one.missing | names)
    return replace(_where(one, step.column.is_(None)), missing=one.missing | {step.name})


def _present(one: Range, place: int) -> Range:
    """The rows that have a value in a term."""
    step = one.steps[place]
    return replace(_where(one, step.column.is_not(None)), present=one.present | {step.name})


def _where(one: Range, *wheres: ColumnElement[bool]) -> Range:
    return replace(one, wheres=(*one.wheres, *wheres))


def _directed(expression: ColumnElement[Any], descending: bool) -> ColumnElement[Any]:
    return expression.desc() if descending else expression.asc()


def _parameter(step: Step, place: int, shape: str, prefix: str) -> ColumnElement[Any]:
    if shape[place] == DAMAGED:  # SQLite's: the only way to say a text that is none
        return cast(bindparam(f"{prefix}_{place}", type_=LargeBinary()), Text)
    return bindparam(f"{prefix}_{place}", type_=step.column.type)


def _kind(value: Any) -> str:
    if value is None:
        return MISSING
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return DAMAGED
    return KNOWN
