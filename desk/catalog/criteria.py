"""What a view shows: frozen filters, sorts and a search text. Fields are named by string; nothing here knows SQL."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any


class Op(Enum):
    """How a filter compares."""

    CONTAINS = "contains"
    EQUALS = "equals"
    EMPTY = "empty"
    RANGE = "range"
    HAS_BOOK_OVER = "has_book_over"
    NO_BOOKS = "no_books"


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on one column.

    CONTAINS and EQUALS compare with `value`; EMPTY is "has no value" and RANGE lies between `value` and `high`, both
    included, None being open; HAS_BOOK_OVER means a price above `value`; NO_BOOKS needs no value. CONTAINS ignores
    case and accents where the column has a key, else case only.
    """

    column: str
    op: Op
    value: Any = None
    high: Any = None


@dataclass(frozen=True, slots=True)
class Sort:
    """One column of the order; rows without a value come last in both directions."""

    column: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Criteria:
    """Filter and sort of one table. An empty `sorts` means the table's default, an empty `search` everything."""

    table: str
    filters: tuple[Filter, ...] = ()
    sorts: tuple[Sort, ...] = ()
    search: str = ""

    @property
    def narrows(self) -> bool:
        """Whether anything is left out."""
        return bool(self.filters or self.search)

    def with_filter(self, new: Filter) -> Criteria:
        """These criteria with `new` in place of the filter of the same column and comparison."""
        kept = tuple(one for one in self.filters if (one.column, one.op) != (new.column, new.op))
        return replace(self, filters=(*kept, new))

    def without_filter(self, old: Filter) -> Criteria:
        return replace(self, filters=tuple(one for one in self.filters if one != old))

    def sorted_by(self, column: str, *, add: bool) -> Criteria:
        """The order after a click on a header: by `column`, turned round when it led already.

        With `add` (shift-click) the column becomes the second one, or is turned round where it stands.
        """
        known = {sort.column: sort for sort in self.sorts}
        clicked = Sort(column, descending=column in known and not known[column].descending)
        if not add or not self.sorts:
            return replace(self, sorts=(clicked,))
        if column in known:
            return replace(self, sorts=tuple(clicked if sort.column == column else sort for sort in self.sorts))
        return replace(self, sorts=(self.sorts[0], clicked))
