"""The rows of one view of one table, as far as they are known: how many there are, and those whose pages are here.

Invariant: the number of rows never changes while the scroll bar is under a hand, and never passes what Qt can show.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Signal, Slot

from desk.catalog.criteria import Criteria
from desk.catalog.paging import PAGE_ROWS, Page, PageRequest
from desk.catalog.places import Places
from desk.i18n import _
from desk.tables.page_feed import PageFeed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from desk.catalog.columns import TableDescription
    from desk.catalog.orders import Key
    from desk.catalog.paging import ViewStart, Walked
    from desk.catalog.rows import Row

Index = QModelIndex | QPersistentModelIndex
ROW_LIMIT = 50_000_000
"""Rows that a table shows until its grid says how many it can."""


class ViewTable(QAbstractTableModel):
    """The rows of one view; what their cells answer is told by RecordTable.

    `page_wanted` and `page_ahead_wanted` carry a PageRequest; `count_wanted` tells that the total that is known
    is not true; `total_changed` carries the number of rows as far as it is known; `cap_changed` what to tell a person
    of rows that cannot be shown, '' when all can.
    """

    page_wanted = Signal(object)
    page_ahead_wanted = Signal(object)
    count_wanted = Signal()
    total_changed = Signal(object)
    cap_changed = Signal(str)

    def __init__(self, description: TableDescription, parent: Any = None) -> None:
        super().__init__(parent)
        self.description = description
        self.columns = description.grid
        self.criteria = Criteria(description.name)
        self.feed = PageFeed(Places(self.criteria), self)
        self._rows = 0
        self._row_limit = ROW_LIMIT
        self._held = False
        self._counting = False
        """Whether a count was wanted and has not come."""
        self._told = (0, False)
        """The total that was last told, and whether it was exact."""
        self._cap = ""
        self.feed.page_wanted.connect(self.page_wanted)
        self.feed.page_ahead_wanted.connect(self.page_ahead_wanted)
        self.feed.came_late.connect(self._on_came_late)

    @property
    def places(self) -> Places:
        """What is known of where the view's rows are."""
        return self.feed.places

    @property
    def total(self) -> int:
        """Rows of the view as far as known, without pending new ones."""
        return self.places.total

    @property
    def is_exact(self) -> bool:
        """Whether `total` was counted."""
        return self.places.is_exact

    @property
    def may_have_more(self) -> bool:
        """Whether rows may lie behind the last one that is known, as a count would tell."""
        return not self.is_exact and self.places.hits is None

    @property
    def row_limit(self) -> int:
        """How many rows of a view can be shown; the grid sets it."""
        return self._row_limit

    @row_limit.setter
    def row_limit(self, rows: int) -> None:
        self._row_limit = rows
        self._update_rows()

    @property
    def is_capped(self) -> bool:
        """Whether the view has more rows than can be shown."""
        return self.total > self._row_limit

    @property
    def fresh(self) -> int:
        """How many pending new records stand above the rows of the view."""
        return 0

    def show_view(self, criteria: Criteria) -> None:
        """Starts a view anew: nothing is known of it until `start_view` or its first page."""
        self._begin(Places(criteria))
        self._tell_total()

    def start_view(self, start: ViewStart) -> None:
        """Shows a view from its start; one that is shown already keeps its place until its rows are loaded anew."""
        criteria = start.page.request.criteria
        places = Places(criteria, start.hits)
        if start.hits is None:
            places.note_total(start.total, is_exact=start.is_exact)
            if self.is_exact and _differ_in_order(criteria, self.criteria):
                places.note_total(self.total, is_exact=True)  # then places far down are counted from the end at once
        if criteria == self.criteria and self._rows:
            self._counting = False
            self.feed.renew(places)
            self._touch(range(self._rows))
        else:
            self._begin(places)
        self.place_page(start.page)

    def reload(self) -> None:
        """Asks for the visible rows again; the view keeps its place and its size until they come. What was under way is
        to be cancelled before."""
        self.places.forget()
        self.feed.reload()
        self._touch(range(self._rows))

    def reload_records(self, ids: Collection[int]) -> None:
        """As `reload`, of the pages that hold one of these records; they keep their places."""
        found = (self.feed.position_of(one) for one in ids)
        self._reload_pages({self.feed.number(position) for position in found if position is not None})

    def touch_all(self) -> None:
        """As `reload`; all rows keep their places, but any of them may look different."""
        self.feed.reload()
        self._touch(range(self._rows))

    def renew(self, places: Places, pages: Iterable[Page], first: int | None = 0) -> None:
        """Takes new places of the view that is shown, and the rows in sight as they are now, in one go. Rows before
        `first` are as they were; None: all are."""
        self._counting = False
        self.feed.renew(places, first)
        for page in pages:
            self.feed.place(page)
        self._update_rows()
        self._touch(range(self._rows))

    def place_page(self, page: Page) -> None:
        """Takes a page in and repaints its rows. Pages of another view are ignored."""
        request = page.request
        if request.criteria != self.criteria:
            return
        if page.is_misplaced or not self._is_of_list(request):
            self.feed.end_wait(request)
            self.places.learn(page)
            self.feed.reload()
            self._touch(range(self._rows))
            return
        if page.is_last and not page.rows and request.position:
            self._note_overrun(page)
            return
        self._strike_out(page)
        was_exact = self.places.is_exact
        self.places.learn(page)
        self.feed.place(page)
        self._update_rows()  # and the pages beside it may have become doubtful
        if was_exact and not self.places.is_exact:
            self._want_count()
        self._touch(range(request.position - PAGE_ROWS, request.position + 2 * PAGE_ROWS))

    def page_failed(self, request: PageRequest) -> None:
        """A page did not come: it will be asked for again when it is next shown."""
        self.feed.end_wait(request)

    def place_total(self, criteria: Criteria, total: int, *, is_exact: bool = True) -> None:
        """Takes in the counted or estimated number of rows of a view; a listed view knows its own."""
        if criteria == self.criteria and self.places.hits is None:
            self._counting = self._counting and not is_exact
            self.places.note_total(total, is_exact=is_exact)
            self._update_rows()

    def count_failed(self) -> None:
        """A count did not come: it is wanted again when the total is next in doubt."""
        self._counting = False

    def place_walked(self, criteria: Criteria, walked: Walked) -> None:
        """Takes in what a walk along the order of a view has learned."""
        if criteria == self.criteria and self.places.hits is None:
            self.places.add(walked.marks)
            if walked.total is not None:
                self.place_total(criteria, walked.total)
            else:
                self._update_rows()

    def want(self, rows: range) -> None:
        """Grid rows are in sight: pages of them that are not here are asked for."""
        first, last = (self.feed.number(max(0, row - self.fresh)) for row in (rows[0], rows[-1]))
        for number in range(first, last + 1):
            position = number * PAGE_ROWS
            if self.feed.get(position) is None:
                self.feed.want(position)

    def want_ahead(self, row: int) -> None:
        """A grid row will be seen soon: its page is asked for, unless anything that is seen is missing."""
        self.feed.want_ahead(row - self.fresh)

    def hold(self) -> None:
        """The scroll bar is under a hand: the number of rows stays as it is until `let_go`."""
        self._held = True

    def let_go(self) -> None:
        """What was learned of the number of rows meanwhile is shown now."""
        self._held = False
        self._update_rows()

    # Records

    def row_at(self, row: int) -> Row | None:
        """The loaded record of a grid row; None for a new record and where nothing is loaded."""
        found = self.feed.get(row - self.fresh) if row >= self.fresh else None
        return found[0] if found else None

    def position_of(self, record_id: int) -> int | None:
        """Where a loaded record is in the view; None for one that is not loaded."""
        return self.feed.position_of(record_id)

    def sort_key_of(self, record_id: int) -> Key | None:
        """A loaded record's key in the order of the view; None for one that is not loaded, and in a listed view."""
        return self.feed.sort_key_of(record_id)

    # Qt

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else self._rows + self.fresh

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.columns)

    # Slots

    @Slot()
    def _on_came_late(self) -> None:
        for positions in self.feed.late:
            self._touch(positions)

    # Helpers

    def _on_reset(self) -> None:
        """Another view begins, in the middle of the model's reset."""

    def _begin(self, places: Places) -> None:
        self.beginResetModel()
        self.criteria = places.criteria
        self._counting = False
        self.feed.start(places)
        self._rows = min(places.total, self._row_limit)
        self._on_reset()
        self.endResetModel()

    def _reload_pages(self, numbers: Iterable[int]) -> None:
        numbers = sorted(numbers)
        self.feed.reload(numbers)
        for number in numbers:
            self._touch(range(number * PAGE_ROWS, (number + 1) * PAGE_ROWS))

    def _is_of_list(self, request: PageRequest) -> bool:
        """Whether a page was asked for from the list of ids that the view has now, or the view is walked."""
        hits = self.places.hits
        if hits is None:
            return request.ids is None
        return request.ids == hits.ids[request.position : request.position + request.limit]

    def _note_overrun(self, page: Page) -> None:
        """There are fewer rows than was believed."""
        self.feed.end_wait(page.request)
        self.places.learn(page)
        self._update_rows()
        self._want_count()

    def _want_count(self) -> None:
        """The number of rows is in doubt: that is worth a count, which is wanted once."""
        if not self._counting:
            self._counting = True
            self.count_wanted.emit()

    def _strike_out(self, page: Page) -> None:
        """Takes records that are gone from the list of ids."""
        gone = set(page.request.ids or ()) - {row.id for row in page.rows}
        if gone:
            self.places.shift([(one,) for one in gone], [])
            self.feed.reload(self.feed.numbers_from(page.request.position + 1))

    def _update_rows(self) -> None:
        """Shows as many rows as are known, unless that would move the scroll bar under a hand."""
        rows = min(self.total, self._row_limit)
        if rows != self._rows and not (self._held and self._rows):
            self._resize(rows)
        self._tell_total()

    def _resize(self, rows: int) -> None:
        before, shift = self._rows, self.fresh
        if rows > before:
            self.beginInsertRows(QModelIndex(), before + shift, rows + shift - 1)
            self._rows = rows
            self.endInsertRows()
        else:
            self.beginRemoveRows(QModelIndex(), rows + shift, before + shift - 1)
            self._rows = rows
            self.endRemoveRows()

    def _tell_total(self) -> None:
        if self._told != (self.total, self.is_exact):
            self._told = (self.total, self.is_exact)
            self.total_changed.emit(self.total)
        cap = _cap_words(self._row_limit, self.total) if self.is_capped else ""
        if cap != self._cap:
            self._cap = cap
            self.cap_changed.emit(cap)

    def _touch(self, positions: range) -> None:
        """Has the rows of these positions painted anew, as far as they are shown."""
        shift = self.fresh
        first, last = max(positions.start, 0), min(positions.stop, self._rows) - 1
        if first <= last:
            self.dataChanged.emit(self.index(first + shift, 0), self.index(last + shift, len(self.columns) - 1))


def _differ_in_order(one: Criteria, other: Criteria) -> bool:
    """Whether two views are different orders of the same rows."""
    return one != other and replace(one, sorts=other.sorts) == other


def _cap_words(shown: int, total: int) -> str:
    return _(
        "Only the first {shown:,} of {total:,} rows can be shown here. To reach the others, sort the other way round, "
        "filter, or search."
    ).format(shown=shown, total=total)
