"""Has the pending edits of a window kept on disk, and says once when they cannot be.

Invariant: edits go into the draft of the catalogue that is open; where it cannot be written they stay pending.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from desk.i18n import _

if TYPE_CHECKING:
    from desk.database.profiles import Profile
    from desk.operations.connect import OpenCatalogue
    from desk.window.main_window import MainWindow


class DraftKeeping(QObject):
    """Leads the steps of a window's edit stack to its keeper, and the acknowledgements back."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._told = ""
        """What the bar of the window was told last."""
        edits, keeper = window.context.edits, window.context.keeper
        edits.keeps = True
        edits.to_keep.connect(keeper.keep)
        keeper.kept.connect(self._on_kept)
        keeper.failed.connect(self._on_failed)
        window.opening.opened.connect(self._on_opened)

    # Slots

    @Slot(object, object)
    def _on_opened(self, catalogue: OpenCatalogue, profile: Profile) -> None:
        info = catalogue.info
        self._window.context.keeper.begin(info.identity, info.place, profile.name or info.title)

    @Slot(int)
    def _on_kept(self, number: int) -> None:
        edits = self._window.context.edits
        if edits.unkept_reason:
            self._window.context.message_wanted.emit(_("Pending edits are kept on disk again."))
            if self._window.problems.text == self._told:  # else it tells of something else by now
                self._window.problems.hide()
        edits.acknowledge(number)

    @Slot(str)
    def _on_failed(self, reason: str) -> None:
        """The same trouble again is told nowhere but in the list of pending edits."""
        edits = self._window.context.edits
        if not edits.unkept_reason:
            self._told = _("{reason} They stay in this window: make room, or commit them soon.").format(reason=reason)
            self._window.problems.tell(self._told, retry=False)
        edits.give_up_keeping(reason)
