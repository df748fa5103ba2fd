"""Pages of a view: what is asked for, what comes, and the marks from which any page is one seek.

Invariant: a mark (position, key) says that exactly `position` rows come before or at `key` in the view's order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desk.catalog.criteria import Criteria
    from desk.catalog.orders import Key
    from desk.catalog.rows import Row

PAGE_ROWS = 100
MARK_EVERY = 1000
LISTED = 20_000
"""As many records of a view are held as a list of ids, or three times as many where one index holds all that listing
takes; a view that has more is walked along an index."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a view's order: `position` rows end with the one whose sort key is `key`; None is the view's end.

    The beginning of a key is the place before all rows whose keys begin so: `position` rows come before them.
    """

    position: int
    key: Key | None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Rows `position` to `position + limit` of a view: a page, or some neighbours at once.

    From a `mark` at or before the position the rows are counted forwards (None: from the start of the view), from one
    at or behind the end of the page backwards. A listed view has no marks but `ids`: the records of the page, in order.
    """

    criteria: Criteria
    position: int
    limit: int = PAGE_ROWS
    mark: Mark | None = None
    ids: tuple[int, ...] | None = None

    @property
    def is_backwards(self) -> bool:
        """Whether rows are counted from a mark behind the page."""
        return self.mark is not None and (self.mark.key is None or self.mark.position > self.position)

    @property
    def offset(self) -> int:
        """Rows to pass over between the mark and the page, in either direction."""
        if self.mark is None:
            return self.position
        if self.is_backwards:
            return self.mark.position - self.position - self.limit
        return self.position - self.mark.position

    @property
    def lane(self) -> int:
        """0 or 1: neighbouring pages are on different lanes, so both can be under way while later ones replace them."""
        return self.position // PAGE_ROWS % 2


@dataclass(frozen=True, slots=True)
class Page:
    """A loaded run of rows.

    `cells` are the display texts of each row, in the order of the grid's columns (None: no value); `end` is the mark
    behind the last row, None for an empty page; `keys` are the sort keys of the rows, () for a listed page.
    """

    request: PageRequest
    rows: tuple[Row, ...]
    cells: tuple[tuple[str | None, ...], ...]
    end: Mark | None
    doubtful: frozenset[tuple[int, int]] = frozenset()
    """(index of the row, place of the column) of the cells whose value looks wrong."""
    keys: tuple[Key, ...] = ()

    @property
    def is_short(self) -> bool:
        """Whether fewer rows came than were asked for."""
        return len(self.rows) < self.request.limit

    @property
    def is_last(self) -> bool:
        """Whether the view is known to end here: the rows were counted forwards, and there were no more. A page that is
        listed, or was counted backwards, says nothing of it."""
        return self.is_short and self.request.ids is None and not self.request.is_backwards

    @property
    def is_misplaced(self) -> bool:
        """Whether there are fewer rows before a mark than it says: rows were counted backwards to the start of the view
        and beyond. No position that is known is true then."""
        return self.is_short and self.request.is_backwards

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The places at both its ends: behind its first row, from which the page before is counted backwards, and
        behind its last. () for an empty or a listed page."""
        if self.end is None or self.request.ids is not None:
            return ()
        first = (Mark(self.request.position + 1, self.keys[0]),) if len(self.keys) > 1 else ()
        return (*first, self.end)

    @property
    def parts(self) -> tuple[Page, ...]:
        """The pages that came at once, each as if it had come alone. A page that came alone, is misplaced, or ends the
        view by itself is its only part."""
        request, ids = self.request, self.request.ids
        if request.limit <= PAGE_ROWS or self.is_misplaced or (ids is None and len(self.rows) <= PAGE_ROWS):
            return (self,)
        before = replace(request, limit=PAGE_ROWS, ids=ids and ids[:PAGE_ROWS])
        cut = PAGE_ROWS if before.ids is None else sum(row.id in before.ids for row in self.rows)
        first = self._part(before, 0, cut)
        behind = replace(
            request,
            position=request.position + PAGE_ROWS,
            limit=request.limit - PAGE_ROWS,
            mark=request.mark if request.is_backwards or ids is not None else first.end,
            ids=ids and ids[PAGE_ROWS:],
        )
        return first, *self._part(behind, cut, len(self.rows)).parts

    def _part(self, request: PageRequest, start: int, stop: int) -> Page:
        rows, keys = self.rows[start:stop], self.keys[start:stop]
        end = Mark(request.position + len(rows), keys[-1] if keys else ()) if rows else None
        doubtful = frozenset((index - start, place) for index, place in self.doubtful if start <= index < stop)
        return Page(request, rows, self.cells[start:stop], end, doubtful, keys)


@dataclass(frozen=True, slots=True)
class Hits:
    """The ids of a listed view in its order; it is not `complete` when the view has more.

    They are at most `LISTED`, or three times as many where one index holds all that listing them takes.
    """

    ids: tuple[int, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class Walked:
    """The places that a background walk learned. `total` is the number of rows once it reached the end, else None.

    It is exact as the rows were when the walk passed them: one that came or went behind it meanwhile is in no place and
    not in the total, until a page that is loaded contradicts one of the places (`Places.learn`).
    """

    marks: tuple[Mark, ...]
    total: int | None


@dataclass(frozen=True, slots=True)
class ViewStart:
    """What is known when a view begins: its first page, the ids of a listed view (None: it is walked), how many rows
    it has and whether they were counted. `cost` says what the view costs, for a person; '' when it costs nothing."""

    page: Page
    hits: Hits | None
    total: int
    is_exact: bool
    cost: str
