"""One long operation of a dialog or a panel: started, watched and cancelled on the interface's thread, run on a worker.

Invariant: who started it hears only of what it started last, and nothing at all once it is gone.
"""

from __future__ import annotations

import itertools
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal, Slot
from shiboken6 import isValid

from desk.errors import ActionCancelled, DeskError
from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from desk.work.runner import Runner

_numbers = itertools.count(1)


class LongJob(QObject):
    """`progressed` carries what the operation tells of itself, `ended` its result, `failed` its error.

    Each start ends in exactly one `ended` or `failed`, unless it is dropped or replaced by a later start. One that the
    runner drops with all others is told as cancelled.
    """

    progressed = Signal(object)
    ended = Signal(object)
    failed = Signal(object)
    _told = Signal(int, object)

    def __init__(self, runner: Runner, parent: QObject) -> None:
        super().__init__(parent)
        self._runner = runner
        self._channel = f"job-{next(_numbers)}"
        self._request: int | None = None
        self._turn = 0
        self._told.connect(self._on_told, Qt.ConnectionType.QueuedConnection)
        runner.all_dropped.connect(self._on_all_dropped)

    @property
    def is_running(self) -> bool:
        return self._request is not None

    def start(
        self, label: str, operation: Callable[..., Any], arguments: dict[str, Any], *, tells: bool = False
    ) -> None:
        """Runs `operation(**arguments)`; one that is under way is cancelled and dropped.

        With `tells` the operation gets an `on_progress` besides.
        """
        self._turn += 1
        progress = {"on_progress": _Tell(self._told, self._turn)} if tells else {}
        self._request = self._runner.submit(
            label,
            operation,
            channel=self._channel,
            done=partial(_hand_over, self, "ended"),
            failed=partial(_hand_over, self, "failed"),
            arguments={**arguments, **progress},
        )

    def cancel(self) -> None:
        """Asks the operation to stop; `failed` tells that it did, `ended` that it was done before."""
        if self._request is not None:
            self._runner.cancel(self._request)

    def drop(self) -> None:
        """Cancels the operation; nothing is heard of it any more."""
        if self._request is not None:
            self._request = None
            self._turn += 1
            self._runner.cancel_channel(self._channel)

    @Slot(int, object)
    def _on_told(self, turn: int, progress: object) -> None:
        if turn == self._turn and self.is_running:
            self.progressed.emit(progress)

    @Slot()
    def _on_all_dropped(self) -> None:
        if self.is_running:
            self._turn += 1
            self.take("failed", ActionCancelled())

    def take(self, kind: str, outcome: object) -> None:
        """Tells what came of the operation; for the runner alone."""
        self._request = None
        getattr(self, kind).emit(outcome)


class _Tell:
    """What the worker holds: a bound signal and a number, never a widget."""

    def __init__(self, told: Any, turn: int) -> None:
        self._told = told
        self._turn = turn

    def __call__(self, progress: object) -> None:
        with suppress(RuntimeError):  # who started it is gone: the operation goes on without
            self._told.emit(self._turn, progress)


def words_for(error: BaseException, cancelled: str) -> str:
    """An error in words for a person; `cancelled` are the words for an action that stopped because it was asked to."""
    if isinstance(error, ActionCancelled):
        return cancelled
    if isinstance(error, DeskError):
        return str(error)
    return _("Something went wrong inside Desk ({name}: {text}).").format(name=type(error).__name__, text=error)


def _hand_over(job: LongJob, kind: str, outcome: object) -> None:
    if isValid(job):
        job.take(kind, outcome)
