"""Brings the rows of one record table to it: opens its views, loads their pages, learns their order.

Invariant: what is shown stays until the rows of the next view are here; a table has one view that is wanted, and what
runs for any other is cancelled.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from desk.catalog.paging import MARK_EVERY, PAGE_ROWS
from desk.errors import ActionCancelled
from desk.i18n import _
from desk.work import door
from desk.work.runner import Rank

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from desk.catalog.criteria import Criteria
    from desk.catalog.paging import Mark, Page, PageRequest, ViewStart, Walked
    from desk.catalog.places import Places
    from desk.panels.context import Context
    from desk.tables.record_table import RecordTable

WALK_PAUSE_MS = 150
"""How long a view is looked at before its order is learned: somebody who types on opens another one sooner."""
SIGHT_KINDS = ("page0", "page1")
PAGE_KINDS = (*SIGHT_KINDS, "ahead")


class ViewLoading(QObject):
    """The workers of one RecordTable.

    `opened` carries the ViewStart whose rows are in the table now, `opened_again` one of the view that is shown already
    and that the table has not taken yet; `page_placed` a Page that is in the table; `given_up` tells that the view that
    was wanted was cancelled and the one before is still shown; `failed` carries the error of anything else.
    """

    opened = Signal(object)
    opened_again = Signal(object)
    page_placed = Signal(object)
    given_up = Signal()
    failed = Signal(object)

    def __init__(self, table: RecordTable, context: Context, name: str) -> None:
        super().__init__(table)
        self._table = table
        self._context = context
        self._name = name
        self._wanted: Criteria | None = None
        """The view that is on its way; None while the one that is shown is the one that is wanted."""
        self._open = False
        self._learned = True
        self.lessons = 0
        """How often anything was learned of the order, or had to be learned anew."""
        self._walked: Mark | None = None
        """Where the walk along the order has come to."""
        self._pause = QTimer(self, singleShot=True, interval=WALK_PAUSE_MS)
        self._pause.timeout.connect(self._walk)
        table.page_wanted.connect(self.load)
        table.page_ahead_wanted.connect(self.load_ahead)
        table.count_wanted.connect(self.count)

    @property
    def criteria(self) -> Criteria:
        """The view that is wanted: the one that is shown, or the one that will be."""
        return self._table.criteria if self._wanted is None else self._wanted

    @property
    def is_open(self) -> bool:
        """Whether the rows of the view that is wanted are shown."""
        return self._open and self._wanted is None

    @property
    def is_learned(self) -> bool:
        """Whether the order of the view is known from end to end, or need not be."""
        return self._learned or self._table.places.hits is not None

    @property
    def shows_view(self) -> bool:
        """Whether rows of any view of this catalogue are shown."""
        return self._open

    def open(self, criteria: Criteria) -> None:
        """Starts a view. The rows of the one before stay until the first of this one are here."""
        if self._context.catalogue is None:
            return
        self.rest()
        self._wanted = criteria
        self._submit_open(criteria, self._on_opened)

    def open_again(self) -> None:
        """Opens the view that is shown once more, for what changed in it; `opened_again` brings it."""
        self.rest()
        self._submit_open(self._table.criteria, self._on_opened_again)

    def forget(self) -> None:
        """Another catalogue is open: nothing that is here belongs to it."""
        self.cancel()
        self._wanted, self._open = None, False

    def cancel(self) -> None:
        """Cancels everything that runs for the table."""
        self.rest()
        self._cancel("view", "count", *PAGE_KINDS)

    def drop_pages(self) -> None:
        """What pages are under way was asked for before a reason to load them again."""
        self._cancel(*PAGE_KINDS)

    def rest(self) -> None:
        """The order is not learned any further until `learn` says so."""
        self._pause.stop()
        self._cancel("marks")

    def learn(self, *, anew: bool = False) -> None:
        """Goes on learning the order of a view, or begins to `anew` because what was known of it is not true now."""
        self.rest()
        places = self._table.places
        if places.hits is not None or not self._open:
            return
        if anew:
            self.lessons += 1
            self._walked, self._learned = None, places.is_exact and places.total <= 2 * MARK_EVERY
        elif self._walked is not None and self._walked.key is not None:
            self._walked = places.around(self._walked.key)  # it may have moved since
        self._learned = self._learned and places.is_exact
        if not self._learned:
            self._pause.start()

    # Slots

    @Slot(object)
    def load(self, request: PageRequest) -> None:
        """Loads a page whose place is in sight, or two, for which nothing else in sight is loaded any more."""
        if request.limit > PAGE_ROWS:
            self._cancel(f"page{1 - request.lane}")
        self._submit_page(request, f"page{request.lane}", Rank.IN_SIGHT)

    @Slot(object)
    def load_ahead(self, request: PageRequest) -> None:
        """Loads a page that will be in sight soon."""
        self._submit_page(request, "ahead", Rank.ASKED_FOR)

    @Slot()
    def count(self) -> None:
        """Counts the rows of the view, whose number was estimated wrongly."""
        if self._context.catalogue is None:
            return
        criteria = self._table.criteria
        self._context.runner.submit(
            _("Count {table}").format(table=self._title),
            door.count_rows,
            channel=self._channel("count"),
            done=partial(self._on_counted, self._table.places),
            failed=self._on_count_failed,
            rank=Rank.BEHIND,
            arguments={"sessions": self._context.sessions, "criteria": criteria},
        )

    @Slot(object)
    def take_counts(self, counts: Mapping[str, int]) -> None:
        """All tables were counted: a view of a whole one is known from its end before the walk comes there."""
        criteria = self._table.criteria
        if self._open and not criteria.narrows and not self._table.is_exact:
            self.lessons += 1
            self._table.place_total(criteria, counts[criteria.table])

    def _on_counted(self, places: Places, total: int) -> None:
        if places is self._table.places:  # else another view is shown, or a commit came between
            self.lessons += 1
            self._table.place_total(places.criteria, total)

    def _on_count_failed(self, error: BaseException) -> None:
        self._table.count_failed()
        self._on_failed(error)

    def _on_opened(self, start: ViewStart) -> None:
        self._cancel("count", *PAGE_KINDS)
        self._wanted, self._open = None, True
        self._table.start_view(start)
        self.opened.emit(start)
        self.learn(anew=True)

    def _on_opened_again(self, start: ViewStart) -> None:
        self._cancel("count", *PAGE_KINDS)
        self.opened_again.emit(start)
        self.learn(anew=True)

    def _on_open_failed(self, error: BaseException) -> None:
        if isinstance(error, ActionCancelled) and self._open:
            self._wanted = None
            self.given_up.emit()
            self.learn()
        else:
            self.failed.emit(error)

    def _on_page(self, page: Page) -> None:
        for part in page.parts:
            self._table.place_page(part)
            self.page_placed.emit(part)
        if page.is_misplaced:
            self.learn(anew=True)
        elif not self._learned and not self._pause.isActive() and not self._context.runner.has(self._channel("marks")):
            self.learn()  # it was cancelled, and somebody still looks

    def _on_page_failed(self, request: PageRequest, error: BaseException) -> None:
        self._table.page_failed(request)
        self._on_failed(error)

    @Slot()
    def _walk(self) -> None:
        """A stretch of the walk along the order, behind the scenes; the next one begins when this has ended. While rows
        in sight are on their way it rests: the page that comes goes on with it."""
        if self._context.catalogue is None or self._loads_sight:
            return
        criteria = self._table.criteria
        self._context.runner.submit(
            _("Learn the order of {table}").format(table=self._title),
            door.walk_marks,
            channel=self._channel("marks"),
            done=partial(self._on_walked, criteria),
            failed=self._on_failed,
            rank=Rank.BEHIND,
            arguments={"sessions": self._context.sessions, "criteria": criteria, "mark": self._walked},
        )

    def _on_walked(self, criteria: Criteria, walked: Walked) -> None:
        self.lessons += 1
        self._table.place_walked(criteria, walked)
        self._learned = walked.total is not None
        if not self._learned:
            self._walked = walked.marks[-1] if walked.marks else self._walked
            self._walk()

    def _on_failed(self, error: BaseException) -> None:
        if not isinstance(error, ActionCancelled):
            self.failed.emit(error)

    # Helpers

    @property
    def _title(self) -> str:
        return self._table.description.title

    @property
    def _loads_sight(self) -> bool:
        """Whether rows in sight are on their way."""
        return any(self._context.runner.has(self._channel(kind)) for kind in SIGHT_KINDS)

    def _channel(self, kind: str) -> str:
        return f"{self._name}-{kind}-{id(self)}"

    def _cancel(self, *kinds: str) -> None:
        for kind in kinds:
            self._context.runner.cancel_channel(self._channel(kind))

    def _submit_open(self, criteria: Criteria, done: Callable[[ViewStart], None]) -> None:
        self._context.runner.submit(
            _("Load {table}").format(table=self._title),
            door.open_view,
            channel=self._channel("view"),
            done=done,
            failed=self._on_open_failed,
            arguments={"sessions": self._context.sessions, "criteria": criteria},
        )

    def _submit_page(self, request: PageRequest, kind: str, rank: Rank) -> None:
        if self._context.catalogue is None:
            return
        self._context.runner.submit(
            _("Load {table}").format(table=self._title),
            door.load_page,
            channel=self._channel(kind),
            done=self._on_page,
            failed=partial(self._on_page_failed, request),
            rank=rank,
            arguments={"sessions": self._context.sessions, "request": request},
        )
