"""Makes the search index of a window's catalogue while everything else goes on: when it is asked for, or left to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from desk.catalog.search_state import SearchState
from desk.errors import ActionCancelled
from desk.i18n import _
from desk.work import door
from desk.work.long_job import LongJob, words_for

if TYPE_CHECKING:
    from desk.catalog.search_state import SearchIndex, SearchProgress
    from desk.panels.context import Context
    from desk.panels.notices import AdviceBar


_CHANNEL = "remove-search-index"


class SearchIndexing(QObject):
    """Goes on with an index that is not complete, offers to make one anew that does not match its catalogue, and to
    remove one that cannot be kept; one that nobody made it leaves to the command."""

    def __init__(self, bar: AdviceBar, context: Context) -> None:
        super().__init__(bar)
        self._bar = bar
        self._context = context
        self._seen: SearchIndex | None = None
        self._begun_from = SearchState.ABSENT
        """What the index was when its making began."""
        self._making = LongJob(context.runner, self)
        self._making.progressed.connect(self._on_progressed)
        self._making.ended.connect(self._on_ended)
        self._making.failed.connect(self._on_failed)
        bar.way_out_wanted.connect(self._on_way_out_wanted)
        context.runner.action_ended.connect(self._on_action_ended)

    @property
    def is_making(self) -> bool:
        return self._making.is_running

    @Slot()
    def look(self) -> None:
        """Does what the index of the catalogue that was opened needs."""
        if self._context.catalogue is None or self._context.catalogue.info.read_only:
            return
        self._seen = self._context.sessions.search_index
        if self._seen.state is SearchState.INCOMPLETE:
            self.make()
        elif self._seen.state is SearchState.STALE:
            self._offer(_("The search index does not match the catalogue: {reason}.").format(reason=self._seen.reason))
        elif self._is_in_the_way:
            self._offer_removal(self._seen.reason)

    @Slot()
    def make(self) -> None:
        """Makes the index, or what is missing of it; what runs already goes on."""
        if self._context.catalogue is None or self.is_making:
            return
        self._bar.tell("")
        self._begun_from = self._context.sessions.search_index.state
        self._making.start(
            _("Make the search index"), door.make_search_index, {"sessions": self._context.sessions}, tells=True
        )
        self._context.progress_made.emit(self, _("Making the search index"), 0, 0)

    def forget(self) -> None:
        """The catalogue is let go."""
        self._seen = None
        self._bar.tell("")
        self._context.runner.cancel_channel(_CHANNEL)
        if self.is_making:
            self._making.drop()
            self._context.progress_ended.emit(self)

    # Slots

    @Slot()
    def _on_way_out_wanted(self) -> None:
        if self._is_in_the_way:
            self._remove()
        else:
            self.make()

    @Slot(object)
    def _on_progressed(self, progress: SearchProgress) -> None:
        if self._begun_from is SearchState.READY:  # it was not any more
            self._begun_from = SearchState.INCOMPLETE
        self._context.progress_made.emit(self, _("Making the search index"), progress.done, progress.total)

    @Slot(object)
    def _on_ended(self, index: SearchIndex) -> None:
        self._seen = index
        self._context.progress_ended.emit(self)
        self._context.message_wanted.emit(_MADE[self._begun_from])

    @Slot(object)
    def _on_failed(self, error: BaseException) -> None:
        self._context.progress_ended.emit(self)
        if isinstance(error, ActionCancelled):
            self._context.message_wanted.emit(_("The search index is not complete: “Search index” goes on with it."))
        else:
            self._offer(words_for(error, ""))

    @Slot(object)
    def _on_action_ended(self, _cost: object) -> None:
        """An action may have found the index damaged."""
        if self._seen is None or self._context.catalogue is None or self.is_making:
            return
        if self._context.sessions.search_index is not self._seen:
            self.look()

    # Helpers

    @property
    def _is_in_the_way(self) -> bool:
        """Whether a file has an index that cannot be kept: no writing that it would have to follow is possible then."""
        seen = self._seen
        is_file = self._context.catalogue is not None and self._context.sessions.dialect == "sqlite"
        return is_file and seen is not None and seen.state is SearchState.IMPOSSIBLE and seen.is_there

    def _remove(self) -> None:
        self._bar.tell("")
        self._context.runner.submit(
            _("Remove the search index"),
            door.drop_search_index,
            channel=_CHANNEL,
            done=self._on_removed,
            failed=self._on_not_removed,
            arguments={"sessions": self._context.sessions},
        )

    def _on_removed(self, index: SearchIndex) -> None:
        self._seen = index
        self._context.message_wanted.emit(_("The search index was removed: searches read all keys."))

    def _on_not_removed(self, error: BaseException) -> None:
        self._context.message_wanted.emit(words_for(error, _("The search index was not removed.")))
        if self._seen is not None and self._is_in_the_way:
            self._offer_removal(self._seen.reason)

    def _offer_removal(self, reason: str) -> None:
        self._bar.tell(
            _(
                "The search index cannot be kept: {reason}. While it is there, no record can be added or removed, and"
                " no title or name changed."
            ).format(reason=reason),
            _("Remove the search index"),
        )

    def _offer(self, what: str) -> None:
        self._bar.tell(_("{what} Until it is made, searches read all keys.").format(what=what), _("Make it anew"))


_MADE = {
    SearchState.READY: _("The search index is complete already."),
    SearchState.INCOMPLETE: _("The search index is complete now: searches are fast."),
    SearchState.STALE: _("The search index was made anew: searches are fast now."),
    SearchState.ABSENT: _("The search index was made: searches are fast now."),
    SearchState.IMPOSSIBLE: _("The search index was made: searches are fast now."),
}
"""What the index was before → what was done."""
