"""The counts beside the tables in the side bar: about right at once, exact when nobody waits for anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desk.errors import ActionCancelled, DeskError
from desk.i18n import _
from desk.work import door
from desk.work.runner import Rank

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desk.panels.browser import Browser
    from desk.panels.context import Context
    from desk.panels.side_bar import SideBar


class TableCounts(QObject):
    """Keeps the counts of one side bar. `counted` carries the exact number of records of each table."""

    counted = Signal(object)

    def __init__(self, side_bar: SideBar, context: Context) -> None:
        super().__init__(side_bar)
        self._side_bar = side_bar
        self._context = context
        self.counted.connect(side_bar.show_counts)

    def count(self) -> None:
        """Counts all tables, behind the scenes: in a big catalogue that takes seconds."""
        self._context.runner.submit(
            _("Count the tables"),
            door.count_tables,
            channel="count-tables",
            done=self.counted.emit,
            failed=self._on_failed,
            rank=Rank.BEHIND,
            arguments={"sessions": self._context.sessions},
        )

    def take_view(self, browser: Browser) -> None:
        """A view that shows all of a table knows how many records it has, exactly or about."""
        table = browser.table
        if not browser.is_loaded or table.criteria.narrows or table.places.hits is not None:
            return
        if table.is_exact:
            self._side_bar.show_counts({table.description.name: table.total})
        else:
            self._side_bar.show_estimate(table.description.name, table.total)

    def change(self, changes: Mapping[str, int]) -> None:
        """So many records came to each table (or went, below 0) by a commit of our own."""
        if self._context.runner.has("count-tables"):
            self.count()  # the one under way began before the commit
        else:
            self._side_bar.change_counts(changes)

    def _on_failed(self, error: BaseException) -> None:
        if not isinstance(error, DeskError | ActionCancelled):  # the browser tells of those
            self._context.runner.action_failed.emit(error)
