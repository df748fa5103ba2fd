"""The parts of a window and where they are.

It is painted as an empty frame first and furnished right after, a part at a time: a person sees the window at once, and
no part holds the interface up. The catalogue is opened after that, because a worker that imports would slow both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QMainWindow

from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QDockWidget, QWidget

    from desk.panels.browser import Browser


class FurnishedWindow(QMainWindow):
    """A frame that gets its panels by and by; `furnished` tells that all are there and wired."""

    furnished = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._stages: list[Callable[[], None]] = [
            self._import_columns,
            self._furnish_context,
            self._furnish_side,
            self._import_table,
            self._import_grid,
            self._import_browser,
            self._furnish_middle,
            self._furnish_details,
            self._furnish_docks,
            self._import_unit,
            self._import_keeping,
            self._furnish_commands,
            self._connect,
            self._show_furnished,
        ]

    @property
    def is_furnished(self) -> bool:
        return not self._stages

    @property
    def browser(self) -> Browser:
        """The browser in front."""
        return self.browsers[self.side_bar.chosen]

    @Slot()
    def furnish_next(self) -> None:
        """Builds the next part, and the others after it as the event loop comes round."""
        if self._stages:
            self._stages.pop(0)()
            QTimer.singleShot(0, self, self.furnish_next)

    def furnish(self) -> None:
        """Builds what is still missing at once."""
        while self._stages:
            self._stages.pop(0)()

    # For the window itself

    def _furnish_commands(self) -> None:
        raise NotImplementedError

    def _connect(self) -> None:
        raise NotImplementedError

    # The parts: each imports what it needs, after the first paint

    def _import_columns(self) -> None:
        import desk.catalog.columns  # noqa: F401  (as long as all that the context needs besides)

    def _furnish_context(self) -> None:
        from desk.panels.context import Context
        from desk.work.feeds import PoolFeed

        self.setUpdatesEnabled(False)  # no half-furnished window is painted
        self.context = Context(self)
        self.feed = PoolFeed(self)

    def _furnish_side(self) -> None:
        from desk.panels.side_bar import SideBar

        self.side_bar = SideBar()
        self._tables_dock = self._dock(
            "tables_dock", _("Catalogue"), self.side_bar, Qt.DockWidgetArea.LeftDockWidgetArea
        )

    def _import_table(self) -> None:
        import desk.tables.record_table  # noqa: F401  (what a browser needs takes longest: three parts)

    def _import_grid(self) -> None:
        import desk.tables.grid  # noqa: F401

    def _import_browser(self) -> None:
        import desk.panels.browser  # noqa: F401

    def _furnish_middle(self) -> None:
        from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

        from desk.catalog.columns import TABLES
        from desk.panels.browser import Browser
        from desk.panels.notices import AdviceBar
        from desk.panels.parts import ProblemBar
        from desk.window.colour_band import ColourBand

        self.band = ColourBand()
        self.problems = ProblemBar("window_problem")
        self.advice = AdviceBar("window_advice", _("Advice about the catalogue"))
        self.browsers = {name: Browser(table, self.context) for name, table in TABLES.items()}
        self._stack = QStackedWidget()
        for browser in self.browsers.values():
            self._stack.addWidget(browser)
        self._stack.setCurrentWidget(self.browser)
        holder = QWidget()
        box = QVBoxLayout(holder)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.band)
        box.addWidget(self.problems)
        box.addWidget(self.advice)
        box.addWidget(self._stack, 1)
        self.setCentralWidget(holder)

    def _furnish_details(self) -> None:
        from desk.panels.details import DetailsPanel

        self.details = DetailsPanel(self.context)
        self.details_dock = self._dock(
            "details_dock", _("Details"), self.details, Qt.DockWidgetArea.RightDockWidgetArea
        )

    def _furnish_docks(self) -> None:
        from desk.panels.pending_edits import PendingEditsPanel
        from desk.panels.pool import PoolPanel

        self.pending = PendingEditsPanel(self.context)
        self.pool = PoolPanel()
        bottom = Qt.DockWidgetArea.BottomDockWidgetArea
        pending = self._dock("pending_dock", _("Pending edits"), self.pending, bottom)
        pool = self._dock("pool_dock", _("Pool"), self.pool, bottom)
        self.tabifyDockWidget(pending, pool)
        pending.raise_()
        self.docks = {"tables": self._tables_dock, "details": self.details_dock, "pending": pending, "pool": pool}
        self.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
        self.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea)
        self.resizeDocks([self._tables_dock, self.details_dock], [160, 310], Qt.Orientation.Horizontal)
        self.resizeDocks([pending], [170], Qt.Orientation.Vertical)

    def _import_unit(self) -> None:
        import desk.window.unit_of_work  # noqa: F401  (what the commands need takes longest after that: three parts)

    def _import_keeping(self) -> None:
        import desk.window.draft_keeping
        import desk.window.live_marks
        import desk.window.recovery  # noqa: F401

    def _show_furnished(self) -> None:
        self.setUpdatesEnabled(True)
        self.furnished.emit()

    # Helpers

    def _dock(self, name: str, title: str, inside: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        from PySide6.QtWidgets import QDockWidget

        dock = QDockWidget(title, self)
        dock.setObjectName(name)
        dock.setWidget(inside)
        self.addDockWidget(area, dock)
        return dock
