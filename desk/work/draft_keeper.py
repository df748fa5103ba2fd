"""Keeps the pending edits of a window on disk, on a thread of its own: nobody waits for the disk but who asks to.

Invariant: `kept` carries a number only after everything that came up to it is on disk; what could not be written stays
here, and goes along with the next change.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from desk.database.failure_words import NOTHING_SAVED, TRY_AGAIN
from desk.errors import DeskError, EnvironmentProblem
from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from desk.catalog.edits import Edit, RecordKey, UnitReceipt
    from desk.database.drafts import Draft

    Home = tuple[str, str, str]
    """The catalogue to which edits belong: its identity, place and title."""

RECEIPT_SECONDS = 5.0
"""How long a commit waits for the disk."""
CLOSE_SECONDS = 2.5
"""How long the end of a window waits for the disk; shorter than its workers are waited for."""
_log = logging.getLogger(__name__)


class _Call:
    """What the writing thread does once, between two writes; `error` is what it raised."""

    def __init__(self, act: Callable[[], None]) -> None:
        self.act = act
        self.done = threading.Event()
        self.error: BaseException | None = None


class DraftKeeper(QObject):
    """The draft of one window. `kept` carries the number up to which everything is on disk, `failed` why it cannot be
    written: one sentence for a person."""

    kept = Signal(int)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Condition()
        self._pending: dict[RecordKey, Edit] = {}
        """All pending edits, on disk or not."""
        self._changes: dict[RecordKey, Edit | None] = {}
        """What is not on disk."""
        self._number = 0
        self._has_news = False
        """Whether changes came that no write was tried with."""
        self._calls: deque[_Call] = deque()
        self._ends = False
        self._thread: threading.Thread | None = None
        self._home: Home | None = None
        # Of the writing thread alone:
        self._draft: Draft | None = None
        self._draft_home: Home | None = None
        self._is_failing = False

    def begin(self, identity: str, place: str, title: str) -> None:
        """From now on edits belong to this catalogue. Where some are pending, it is the one that they belong to: their
        draft goes on."""
        home = (identity, place, title)
        with self._lock:
            if self._pending or home == self._home:
                return
            self._home = home
            self._changes.clear()  # nothing is pending: the draft of the other catalogue goes as a whole
            self._call(self._leave_home)

    @Slot(int, object)
    def keep(self, number: int, changes: dict[RecordKey, Edit | None]) -> None:
        """Writes what one step changed (None: the record has no edit any more), soon; the thread is made for the first
        one."""
        with self._lock:
            for key, edit in changes.items():
                if edit is None:
                    self._pending.pop(key, None)
                else:
                    self._pending[key] = edit
            self._changes.update(changes)
            self._number = number
            self._has_news = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="draft-writer", daemon=True)
                self._thread.start()
            self._lock.notify()

    def keep_receipt(self, receipt: UnitReceipt) -> None:
        """Keeps the receipt of a unit of work beside its edits, and waits for the disk, on a worker; without a draft it
        does nothing. Where edits cannot be kept at all, and a person has been told so, the unit goes on without it.

        Raises EnvironmentProblem when the disk refuses it or does not answer in time, and once the window closes, whose
        edits another start will offer: then nothing may be saved.
        """
        with self._lock:
            if self._ends and self._thread is not None:
                raise EnvironmentProblem(_("The window closes."), kept=NOTHING_SAVED, code="draft")
            call = self._call(lambda: self._write_receipt(receipt))
        if call is None:
            return
        if not call.done.wait(RECEIPT_SECONDS):
            raise EnvironmentProblem(
                _("The disk on which pending edits are kept does not answer."),
                kept=NOTHING_SAVED,
                advice=TRY_AGAIN,
                code="draft",
            )
        if call.error is not None:
            raise call.error

    def close(self) -> None:
        """Writes what waits, and lets the draft go, for a bounded time: it is deleted when it is empty, else another
        start offers it. On a worker; nothing is kept after it."""
        with self._lock:
            thread, self._ends = self._thread, True
            self._lock.notify()
        if thread is not None:
            thread.join(CLOSE_SECONDS)

    # The writing thread

    def _work(self) -> None:
        while True:
            with self._lock:
                self._lock.wait_for(lambda: self._has_news or self._calls or self._ends)
                has_news, self._has_news = self._has_news, False
                call = self._calls.popleft() if self._calls and not has_news else None
            if has_news:
                self._write()
            elif call is not None:
                try:
                    call.act()
                except BaseException as error:  # it is for whoever waits
                    call.error = error
                call.done.set()
            else:  # the end, after all that waited
                self._let_go()
                return

    def _write(self) -> None:
        """Tries to write all that is not on disk, in one transaction; what comes meanwhile is written next."""
        self._leave_home()
        if self._draft is not None and self._draft.is_gone:
            _log.warning("The draft %s was taken away; another one is begun", self._draft.path)
            self._let_go()
        with self._lock:
            changes, self._changes, number, home = self._changes, {}, self._number, self._home
            if self._draft is None:
                changes = dict(self._pending)
        try:
            if self._draft is None and changes:
                assert home is not None, "an edit before a catalogue was opened"
                self._draft, self._draft_home = self._made(home), home
            if self._draft is not None:
                self._draft.write(changes, number)
        except Exception as error:
            with self._lock:
                self._changes = {**changes, **self._changes}
            self._tell(error)
        else:
            self._is_failing = False
            self._emit(self.kept, number)

    def _made(self, home: Home) -> Draft:
        from desk.database import drafts  # noqa: PLC0415  (SQLite's library, which no start needs)

        return drafts.Draft.create(drafts.folder(), *home)

    def _write_receipt(self, receipt: UnitReceipt) -> None:
        try:
            if self._draft is not None:
                self._draft.keep_receipt(receipt)
        except DeskError as error:
            if not self._is_failing:
                raise EnvironmentProblem(
                    error.what, kept=NOTHING_SAVED, advice=error.advice, code=error.code
                ) from error
            _log.warning("A commit goes on without a receipt: %s", error.what)

    def _leave_home(self) -> None:
        """Deletes the draft of another catalogue than the present one: nothing was pending when that one was left."""
        if self._draft is not None and self._draft_home != self._home:
            self._draft.close(delete=True)
            self._draft = None

    def _let_go(self) -> None:
        draft, self._draft = self._draft, None
        if draft is not None:
            draft.close(delete=not self._pending)

    def _tell(self, error: Exception) -> None:
        self._is_failing = True
        if isinstance(error, DeskError):
            _log.warning("%s", error.what)
            self._emit(self.failed, error.what)
        else:
            _log.error("Pending edits were not kept", exc_info=error)
            words = _("Pending edits cannot be kept on disk, because of a fault inside Desk ({name}).")
            self._emit(self.failed, words.format(name=type(error).__name__))

    def _emit(self, signal: Any, value: Any) -> None:
        with suppress(RuntimeError):  # the window is gone
            signal.emit(value)

    # Helpers

    def _call(self, act: Callable[[], None]) -> _Call | None:
        """Has the writing thread do something, under the lock; None when there is no thread, so that nothing is on
        disk."""
        if self._thread is None or self._ends:
            return None
        call = _Call(act)
        self._calls.append(call)
        self._lock.notify()
        return call
