"""The columns of the grid in front, in the View menu: the keyboard reaches there what the header's own menu does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QMenu

from desk.i18n import _

if TYPE_CHECKING:
    from desk.window.furnishing import FurnishedWindow


class ColumnsMenu(QMenu):
    """Filled each time it opens: another grid may be in front, and its columns may be laid out anew."""

    def __init__(self, window: FurnishedWindow) -> None:
        super().__init__(_("Co&lumns"), window)
        self.setObjectName("view_columns_menu")
        self._window = window
        self.aboutToShow.connect(self._fill)

    @Slot()
    def _fill(self) -> None:
        self.clear()
        self._window.browser.grid.fill_columns_menu(self)
