"""After a commit only what changed is loaded anew, and everything that was in sight stays there.

What a unit of work did to a view is known from its edits and from the keys that its rows had before; where that does
not suffice the places are found anew. Invariant: rows and places are replaced in one go, so no frame shows half of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from desk.catalog.changes import Changes, changes_of
from desk.catalog.row_shift import RowShift, shift_between
from desk.errors import ActionCancelled
from desk.i18n import _
from desk.panels.rows_in_sight import RowsInSight
from desk.work import door
from desk.work.runner import Rank

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from desk.catalog.edits import EditBatch, RecordKey
    from desk.catalog.orders import Key
    from desk.catalog.paging import Page, ViewStart
    from desk.catalog.places import Places
    from desk.catalog.row_shift import Seen
    from desk.operations.following import Followed
    from desk.panels.context import Context
    from desk.panels.current_record import CurrentRecord
    from desk.panels.view_loading import ViewLoading
    from desk.tables.grid import Grid


@dataclass(slots=True)
class _Unit:
    """A unit of work as one view saw it begin.

    `places` is what was known of the view before, None when that was not true, because the unit before was not
    followed to its end; `keys` and `rows` are the sort keys and the places before of its records, as far as they are
    loaded; `doubtful` are the pages that came since: nobody knows whether from before its commit or after it.
    """

    places: Places | None
    keys: dict[int, Key]
    rows: dict[int, int]
    doubtful: set[int] = field(default_factory=set)


class AfterCommit(QObject):
    """Keeps one grid at its records over commits and reloads. `placed` tells that rows were replaced."""

    placed = Signal()

    def __init__(self, grid: Grid, loading: ViewLoading, current: CurrentRecord, context: Context) -> None:
        super().__init__(grid)
        self._table = grid.table
        self._loading = loading
        self._current = current
        self._context = context
        self._sight = RowsInSight(grid, current)
        self._unit: _Unit | None = None
        """The unit that runs, or that the view does not show yet."""
        self._owes_reload = False
        """Whether the view that is shown is from before; another one is on its way."""
        self._changed: frozenset[int] = frozenset()
        """The records whose places may have changed since the listed view was listed."""
        loading.page_placed.connect(self._on_page_placed)
        loading.opened.connect(self._on_opened)
        loading.opened_again.connect(self._on_listed_again)
        loading.given_up.connect(self._on_given_up)

    def begin(self, batch: EditBatch) -> None:
        """A unit of work is about to be saved: where its records are is noted, and nothing more is learned."""
        self._loading.rest()
        ids = [edit.key.id for edit in batch.edits if edit.key.table == self._table.description.name]
        self._unit = self._noted(ids, is_known=self._unit is None)

    def give_up(self) -> None:
        """The unit was not saved: the view is as it was."""
        if self._unit is not None and not self._context.runner.has(self._channel):
            self._unit = None
        self._loading.learn()

    def end(self, batch: EditBatch, new_ids: Mapping[RecordKey, int]) -> None:
        """The unit was saved: what it changed in the view is shown as it is now."""
        changes = changes_of(self._table.criteria, batch, new_ids)
        is_walked = self._table.places.hits is None
        if self._loading.is_open and self._unit is not None and is_walked and changes.moves:
            self._follow(self._unit, changes)
            return
        self._unit = None
        if not self._loading.is_open:
            self._owes_reload = self._loading.shows_view
            if self._owes_reload:
                self._table.places.forget()  # the next view would take over its total
                self._loading.open(self._loading.criteria)  # its rows may be from before
        elif changes.moves:
            self._list_again(changes.moved | changes.come | changes.left)
        else:
            self._touch(changes)

    def take_elsewhere(self, changes: Changes) -> bool:
        """Others changed records: what is in sight shows them, and stays where it is. False when that has to wait."""
        if not self._loading.is_open or self._unit is not None:
            return False
        if not changes.moves:
            self._touch(changes)
        elif self._table.places.hits is not None:
            self._list_again(changes.moved | changes.come | changes.left)
        else:
            self._loading.rest()
            self._unit = self._noted(changes.moved | changes.left, is_known=not changes.unknown)
            self._follow(self._unit, changes, Rank.BEHIND)
        return True

    def reload(self) -> None:
        """Loads the view again in its place, for whatever changed elsewhere."""
        self._end_following()
        if self._table.places.hits is not None or not self._table.rowCount():
            self._list_again(frozenset())
            return
        self._loading.cancel()
        self._table.reload()
        self._loading.learn(anew=True)

    def forget(self) -> None:
        """Another catalogue is open."""
        self._end_following()
        self._owes_reload = False
        self._changed = frozenset()

    # Slots

    @Slot()
    def _on_opened(self) -> None:
        self._end_following()
        self._owes_reload = False

    @Slot()
    def _on_given_up(self) -> None:
        if self._owes_reload:
            self._owes_reload = False
            self.reload()

    @Slot(object)
    def _on_page_placed(self, page: Page) -> None:
        if self._unit is not None:
            self._unit.doubtful.add(self._table.feed.number(page.request.position))

    @Slot(object)
    def _on_listed_again(self, start: ViewStart) -> None:
        before = self._table.places.hits
        now = start.hits
        shift = None
        if before is not None and now is not None:
            shift = shift_between(before.ids, now.ids, self._changed)
        found = {one: place for place, one in enumerate(now.ids)} if now is not None else {}
        seen = self._sight.note(self._changed)
        self._table.start_view(start)
        self._sight.restore(seen, found, shift)
        self._changed = frozenset()
        self.placed.emit()

    # Helpers

    @property
    def _channel(self) -> str:
        return f"follow-{id(self)}"

    def _noted(self, ids: Iterable[int], *, is_known: bool) -> _Unit:
        """Where records are now, and what is known of the view, where that is true."""
        ids = tuple(ids)
        return _Unit(
            places=self._table.places.snapshot() if is_known else None,
            keys={one: key for one in ids if (key := self._table.sort_key_of(one)) is not None},
            rows={one: place for one in ids if (place := self._table.position_of(one)) is not None},
        )

    def _list_again(self, changed: frozenset[int]) -> None:
        self._changed |= changed
        self._loading.open_again()

    def _touch(self, changes: Changes) -> None:
        """Loads what looks different; every row keeps its place."""
        if changes.all_seen:
            self._loading.drop_pages()
            self._table.touch_all()
        elif changes.seen:
            self._loading.drop_pages()
            self._table.reload_records(changes.seen)
        self._loading.learn()

    def _follow(self, unit: _Unit, changes: Changes, rank: Rank = Rank.IN_SIGHT) -> None:
        """Finds out on a worker where the rows are now."""
        left = changes.moved | changes.left
        is_known = not changes.unknown and unit.places is not None and left <= unit.keys.keys()
        seen = self._sight.note(left)
        followed = self._current.followed
        self._context.runner.submit(
            _("Find the rows again"),
            door.follow_changes,
            channel=self._channel,
            done=partial(self._on_followed, unit, changes, seen, is_known),
            failed=self._on_failed,
            rank=rank,
            arguments={
                "sessions": self._context.sessions,
                "criteria": self._table.criteria,
                "places": self._table.places.snapshot() if unit.places is None else unit.places,
                "gone": [unit.keys[one] for one in left] if is_known else None,
                "changed": changes.moved | changes.come,
                "seen": seen,
                "follow": None if followed is None else followed.id,
            },
        )

    def _on_followed(self, unit: _Unit, changes: Changes, seen: Seen, is_known: bool, followed: Followed) -> None:
        if self._unit is unit:
            self._unit = None
        if followed.places.criteria != self._table.criteria:
            return
        shift = _shift(unit, changes, followed) if is_known else None
        if not self._sight.is_at(seen):
            seen = self._sight.note(changes.moved | changes.left)
        self._loading.drop_pages()
        self._table.feed.reload(unit.doubtful)
        self._table.renew(followed.places, followed.pages, shift.first if shift else 0)
        self._sight.restore(seen, followed.located, shift)
        if self._unit is None:
            self._loading.learn(anew=not is_known)
        self.placed.emit()

    def _on_failed(self, error: BaseException) -> None:
        """What is shown is from before: it is loaded again as after any trouble."""
        self.reload()
        if not isinstance(error, ActionCancelled):
            self._loading.failed.emit(error)

    def _end_following(self) -> None:
        self._context.runner.cancel_channel(self._channel)
        self._unit = None


def _shift(unit: _Unit, changes: Changes, followed: Followed) -> RowShift:
    gone = {one: unit.rows[one] for one in changes.moved | changes.left}
    come = {one: followed.located[one] for one in changes.moved | changes.come if one in followed.located}
    moved = {gone[one]: come[one] for one in gone.keys() & come.keys()}
    return RowShift(tuple(sorted(gone.values())), tuple(sorted(come.values())), moved)
