"""What a view tells when its rows do not come: why, when they are tried for again, and who is in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from desk.errors import DeskError, EnvironmentProblem
from desk.i18n import _, ngettext
from desk.panels.retries import Retries
from desk.work import door

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desk.operations.trying import ServerHolders
    from desk.panels.context import Context
    from desk.panels.parts import ProblemBar

RECOVERABLE = ("lost", "down", "connect_timeout", "clients", "locked", "host", "pool_exhausted")
"""What passes by itself: a view that fails for one of these is loaded again and again until it comes."""
LONGEST_LIST = 6
"""Lines about who holds a server's connections; the first counts them all."""


class Troubles(QObject):
    """The problem bar of one view and its retries; `again_wanted` asks to load it again."""

    again_wanted = Signal()

    def __init__(self, view: QWidget, bar: ProblemBar, context: Context) -> None:
        super().__init__(view)
        self.retries = Retries(view)
        self._bar = bar
        self._context = context
        self._lines: list[str] = []
        self._again = ""
        self.retries.due.connect(self._on_due)

    def tell(self, error: DeskError) -> None:
        """Shows what happened; what passes by itself is tried again after a pause."""
        self._lines, self._again = [str(error)], ""
        if isinstance(error, EnvironmentProblem) and error.code in RECOVERABLE:
            seconds = self.retries.wait()
            again = ngettext("Trying again in {count} second.", "Trying again in {count} seconds.", seconds)
            self._again = again.format(count=seconds)
        self._show()
        if error.code == "clients":
            self._ask_who_holds()

    def passed(self) -> None:
        """Rows came: there is nothing to tell any more."""
        self._bar.hide()
        self.retries.start_over()

    def end(self) -> None:
        """Something else was asked for: nothing is tried again."""
        self.retries.end()
        self._context.runner.cancel_channel(self._channel)

    @property
    def _channel(self) -> str:
        return f"holders-{id(self)}"

    def _ask_who_holds(self) -> None:
        self._context.runner.submit(
            _("Look who holds connections"),
            door.who_holds,
            channel=self._channel,
            done=self._on_holders,
            arguments={"sessions": self._context.sessions},
        )

    def _on_holders(self, holders: ServerHolders) -> None:
        if not self._bar.isHidden():
            self._lines += holders.lines()[:LONGEST_LIST]
            self._show()

    @Slot()
    def _on_due(self) -> None:
        if self._context.catalogue is None:
            return
        if not self._bar.isHidden():  # else other rows came meanwhile
            self._again = _("Trying again …")
            self._show()
        self.again_wanted.emit()

    def _show(self) -> None:
        first, *more = self._lines
        self._bar.tell("\n".join([f"{first} {self._again}".strip(), *more]), retry=True)
