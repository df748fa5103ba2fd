"""Notices what others change while a window is looked at: shows it in its place, marks it, warns of the edits it meets.

Invariant: nothing is looked at while the window is not active or an action runs; one look at a time; what a look saw is
believed only where the same is still shown. What our own commits did is never told as somebody else's.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QTimer, Signal, Slot

from desk.catalog.changes import Changes, deciding_fields
from desk.catalog.edits import EditKind, EditState, RecordKey
from desk.catalog.watched import Watched, differences
from desk.errors import ActionCancelled, DeskError
from desk.i18n import _, ngettext
from desk.work import door
from desk.work.runner import Rank

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desk.catalog.edits import Edit
    from desk.catalog.rows import Row
    from desk.catalog.selection import Selection
    from desk.catalog.watched import Noticed
    from desk.panels.browser import Browser
    from desk.window.main_window import MainWindow

LOOK_MS = 2000
SLOWLY = 8
"""As many times longer is waited after a look that failed."""
FADE_MS = 6000
"""How long a mark is seen, unless somebody does something before."""
ROWS_A_SECOND = 100_000
"""Finding all places of a view anew takes as much of its time as this leaves: ten million rows, once in 100 s."""
CHANNEL = "live-marks"
WAKING = (QEvent.Type.WindowActivate, QEvent.Type.WindowDeactivate, QEvent.Type.Show, QEvent.Type.Hide)


class LiveMarks(QObject):
    """Looks for one window. `looked` tells that a look has ended, well or not."""

    looked = Signal()

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._context = window.context
        self._elsewhere = window.context.elsewhere
        self._tick: object = None
        """The state of the catalogue at the last look, as `Noticed.tick`; None before the first."""
        self._marks: Mapping[RecordKey, str] = {}
        self._is_ours = False
        """Whether the next change of the catalogue's state is that of a commit of our own."""
        self._owing: set[str] = set()
        """The tables whose views have to find their places anew: something was written that no look has seen."""
        self._quiet: dict[str, int] = {}
        """The view of a table → what was learned of its order when a look last found nothing changed in it."""
        self._rest_until = 0.0
        self._timer = QTimer(self, singleShot=True, interval=LOOK_MS)
        self._timer.timeout.connect(self.on_due)
        self._fading = QTimer(self, singleShot=True, interval=FADE_MS)
        self._fading.timeout.connect(self.fade)
        window.installEventFilter(self)
        window.opening.opened.connect(self.forget)
        window.catalogue_shown.connect(self._wait)
        window.unit.saving.connect(self._on_saving)
        window.unit.saved.connect(self._on_saved)
        window.context.edits.edit_changed.connect(self._on_edit_changed)
        for name, browser in window.browsers.items():
            browser.first_page_shown.connect(partial(self._owing.discard, name))  # its places are new
        for action in window.commands.actions.values():
            action.triggered.connect(self.fade)

    @property
    def is_waiting(self) -> bool:
        """Whether the next look will come by itself."""
        return self._timer.isActive()

    @property
    def wait_ms(self) -> int:
        """How long the next look is waited for, in all."""
        return self._timer.interval()

    def look(self) -> None:
        """Looks now, on a worker behind everything else; a look that is under way goes on."""
        catalogue = self._context.catalogue
        browser = self._window.browser
        if catalogue is None or not browser.is_loaded or self._context.runner.has(CHANNEL):
            return
        watched = self._watched(browser)
        self._context.runner.submit(
            _("Look for changes elsewhere"),
            door.look_elsewhere,
            channel=CHANNEL,
            done=partial(self._on_looked, browser, watched, browser.loading.lessons),
            failed=self._on_failed,
            rank=Rank.BEHIND,
            arguments={"sessions": catalogue.sessions, "monitor": catalogue.monitor, "watched": watched},
        )

    @Slot()
    def forget(self) -> None:
        """The catalogue is let go, or another one is open: its states are not those of the one before."""
        self._timer.stop()
        self._fading.stop()
        self._context.runner.cancel_channel(CHANNEL)
        self._tick, self._marks, self._is_ours = None, {}, False
        self._owing.clear()
        self._quiet.clear()
        self._elsewhere.forget()

    # Qt

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in WAKING:
            QTimer.singleShot(0, self, self._wait)  # the window knows of it once the event has passed
        return super().eventFilter(watched, event)

    # Slots

    @Slot()
    def fade(self) -> None:
        """Takes the marks away; rows that are gone go now."""
        self._fading.stop()
        gone = self._elsewhere.gone
        self._elsewhere.fade()
        for name, browser in self._window.browsers.items():
            ids = frozenset(key.id for key in gone if key.table == name)
            if ids:
                self._take(browser, Changes(left=ids))

    @Slot()
    def _wait(self, times: int = 1) -> None:
        """Waits for the next look, or rests while nobody looks at the window."""
        if not (self._window.isActiveWindow() and self._window.isVisible() and self._context.catalogue is not None):
            self._timer.stop()
        elif not self._timer.isActive():
            self._timer.start(times * LOOK_MS)

    @Slot()
    def on_due(self) -> None:
        """It is time for a look, unless something else is going on."""
        if self._context.runner.running or self._context.edits.frozen or not self._window.browser.is_loaded:
            self._wait()
        else:
            self.look()

    @Slot()
    def _on_saving(self) -> None:
        self._context.runner.cancel_channel(CHANNEL)  # what it has seen may be from before or after
        self._wait()

    @Slot()
    def _on_saved(self) -> None:
        self._is_ours = self._tick is not None  # else there is no state that it changes

    @Slot(object)
    def _on_edit_changed(self, key: RecordKey) -> None:
        self._elsewhere.drop_outdated(key, self._context.edits.get(key))

    def _on_failed(self, error: BaseException) -> None:
        """Nobody asked, so nobody is told: whoever asks for something will be."""
        if not isinstance(error, DeskError | ActionCancelled):
            self._context.runner.action_failed.emit(error)
        self._wait(SLOWLY)
        self.looked.emit()

    def _on_looked(self, browser: Browser, watched: Watched, lessons: int, noticed: Noticed) -> None:
        self._tick, self._marks = noticed.tick, noticed.marks
        self._elsewhere.take_checked(noticed.checked, self._pending())
        told = self._show(browser, watched, noticed)
        self._tell(told, noticed)
        if noticed.is_moved and not self._is_ours:
            self._owing.update(self._window.browsers)
        self._is_ours = self._is_ours and not noticed.is_moved
        if not told:
            self._note_quiet(browser, lessons)
            self._catch_up(browser)
        self._wait()
        self.looked.emit()

    # Helpers

    def _pending(self) -> dict[RecordKey, Edit]:
        return {edit.key: edit for edit in self._context.edits.edits()}

    def _watched(self, browser: Browser) -> Watched:
        edits = tuple(edit for edit in self._context.edits.edits() if edit.kind is not EditKind.INSERT)
        unsure = frozenset(edit.key for edit in edits if not self._elsewhere.has_checked(edit))
        return Watched(browser.description.name, self._shown(browser), edits, self._tick, self._marks, unsure)

    def _shown(self, browser: Browser) -> dict[int, Row]:
        """The records in sight, but those that are on their way anew or known to be gone."""
        table, gone = browser.table, self._elsewhere.gone
        found: dict[int, Row] = {}
        for row in browser.grid.visible_rows():
            record = table.row_at(row)
            is_known = record is not None and not table.feed.is_stale(row - table.fresh)
            if record is not None and is_known and RecordKey(browser.description.name, record.id) not in gone:
                found[record.id] = record
        return found

    def _show(self, browser: Browser, watched: Watched, noticed: Noticed) -> int:
        """Shows what changed in sight; answers how many records that were."""
        name = browser.description.name
        still = {one: row for one, row in self._shown(browser).items() if watched.shown.get(one) == row}
        fields = {one: differences(still[one], now.row) for one, now in noticed.changed.items() if one in still}
        gone = noticed.gone & still.keys()
        if not fields and not gone:
            return 0
        self._elsewhere.note(
            {RecordKey(name, one): changed for one, changed in fields.items()}, [RecordKey(name, one) for one in gone]
        )
        self._fading.start()
        deciding = deciding_fields(browser.table.criteria)
        moved = frozenset(one for one, changed in fields.items() if changed & deciding)
        browser.table.update_records(noticed.changed[one] for one in fields)
        if moved:
            self._take(browser, Changes(moved=moved))
        current = self._window.details.key
        if current is not None and current.table == name and current.id in fields:
            self._window.details.reload()
        return len(fields) + len(gone)

    def _take(self, browser: Browser, changes: Changes) -> None:
        """Has a view show changes. Where something was learned of its order since they may have been made, nobody can
        tell whether with them: then its places are found anew."""
        name = browser.description.name
        if changes.moves and self._quiet.get(name) != browser.loading.lessons:
            changes = replace(changes, unknown=True)
        if not browser.after_commit.take_elsewhere(changes):
            self._owing.add(name)

    def _tell(self, told: int, noticed: Noticed) -> None:
        pending = self._pending()
        met = sum(one.state not in QUIET and pending.get(one.edit.key) == one.edit for one in noticed.checked)
        words = []
        if told:
            words.append(ngettext("{count} row changed elsewhere.", "{count} rows changed elsewhere.", told))
        if met:
            words.append(
                ngettext(
                    "{met} record with pending edits changed elsewhere: see Pending edits.",
                    "{met} records with pending edits changed elsewhere: see Pending edits.",
                    met,
                )
            )
        if words:
            self._context.message_wanted.emit(" ".join(words).format(count=told, met=met))

    def _note_quiet(self, browser: Browser, lessons: int) -> None:
        if not self._elsewhere.gone:
            self._quiet[browser.description.name] = lessons

    def _catch_up(self, browser: Browser) -> None:
        """Finds all places of the view anew, in which rows may have come and gone unseen, without moving what is seen.

        Not while more is selected than the current row, or a cell is edited: places that nobody knows can hold neither.
        """
        name = browser.description.name
        if name not in self._owing or time.monotonic() < self._rest_until or not browser.loading.is_learned:
            return
        if browser.grid.editor is not None or _is_more_than_a_cell(browser.grid.selection()):
            return
        if browser.after_commit.take_elsewhere(Changes(unknown=True)):
            self._owing.discard(name)
            self._rest_until = time.monotonic() + browser.table.total / ROWS_A_SECOND


def _is_more_than_a_cell(chosen: Selection) -> bool:
    return any(len(chosen.blocks) > 1 or one.first < one.last or one.left < one.right for one in chosen.blocks)


QUIET = (EditState.UNCHANGED, EditState.SAVED)
"""The states of a pending edit of which there is nothing to tell."""
