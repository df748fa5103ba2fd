"""A unit of work of which nobody knows whether it was saved: the database is asked until it answers.

Invariant: it is called saved or not saved only when the database says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from desk.errors import ActionCancelled, DeskError
from desk.i18n import _
from desk.work import door
from desk.work.runner import Rank

if TYPE_CHECKING:
    from desk.catalog.edits import CommitResult, UnitReceipt
    from desk.panels.context import Context

ASK_MS = 3000
"""How long to wait before the database is asked again."""
CHANNEL = "resolve-unit"


class UnknownUnit(QObject):
    """Waits for the outcome of one unit. `known` carries its CommitResult: with nothing saved it was not; None when
    its catalogue was left, so that nobody will know."""

    known = Signal(object)

    def __init__(self, context: Context, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self._receipt: UnitReceipt | None = None
        self._place = ""
        self._asking = QTimer(self, singleShot=True, interval=ASK_MS)
        self._asking.timeout.connect(self.ask)
        context.runner.all_dropped.connect(self._on_no_answer)

    @property
    def is_waiting(self) -> bool:
        return self._receipt is not None

    def wait_for(self, receipt: UnitReceipt) -> None:
        """From now on the outcome of this unit is asked for."""
        self._receipt, self._place = receipt, self._context.place
        self._asking.start()

    @Slot()
    def ask(self) -> None:
        """Asks now, unless that is under way."""
        if self._receipt is None or self._context.runner.has(CHANNEL):
            return
        if self._context.place not in ("", self._place):
            self._end(None)
            return
        if self._context.catalogue is None:
            self._asking.start()
            return
        self._context.runner.submit(
            _("Look whether it was saved"),
            door.resolve_unit,
            channel=CHANNEL,
            done=self._on_answered,
            failed=self._on_failed,
            rank=Rank.BEHIND,
            arguments={"sessions": self._context.sessions, "receipt": self._receipt},
        )

    def _on_answered(self, result: CommitResult | None) -> None:
        if result is None:  # the server still works on it
            self._asking.start()
        else:
            self._end(result)

    def _on_failed(self, error: BaseException) -> None:
        self._on_no_answer()
        if not isinstance(error, DeskError | ActionCancelled):
            self._context.runner.action_failed.emit(error)

    @Slot()
    def _on_no_answer(self) -> None:
        if self._receipt is not None:
            self._asking.start()

    def _end(self, result: CommitResult | None) -> None:
        self._receipt = None
        self._asking.stop()
        self.known.emit(result)
