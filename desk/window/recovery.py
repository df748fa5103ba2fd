"""Offers the pending edits of earlier runs once their catalogue shows its first rows, and carries out what is decided.

Invariant: what is restored leaves its old draft only after the window's own draft has it on disk.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Slot

from desk.catalog.edits import EditState
from desk.catalog.recovery import joined_by_links
from desk.errors import DeskError
from desk.i18n import _, ngettext
from desk.redaction import redacted
from desk.work import door
from desk.work.long_job import words_for
from desk.work.runner import Rank

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desk.catalog.edits import Edit, RecordKey
    from desk.dialogs.recovery import RecoveryDialog
    from desk.operations.recovering import FoundDraft, FoundDrafts
    from desk.window.main_window import MainWindow

CHANNEL = "drafts"


class Recovery(QObject):
    """The drafts of earlier runs that one window holds, from when they are found until they are let go."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._context = window.context
        self._held: tuple[FoundDraft, ...] = ()
        self._restored: list[tuple[FoundDraft, tuple[RecordKey, ...]]] = []
        """What was taken over and is not known to be on disk yet."""
        self.has_looked = False
        """Whether the last look for drafts has come to an end."""
        self.dialog: RecoveryDialog | None = None
        self._context.edits.keeping_changed.connect(self._on_keeping_changed)
        window.opening.opened.connect(self.let_go)

    # Actions

    def look(self) -> None:
        """Looks for drafts of the open catalogue, behind the scenes."""
        catalogue = self._context.catalogue
        if catalogue is None or self._held:
            return
        self.has_looked = False
        self._context.runner.submit(
            _("Look for pending edits of earlier runs"),
            door.find_drafts,
            channel=CHANNEL,
            rank=Rank.BEHIND,
            done=self._on_found,
            failed=self._on_failed,
            unwanted=_let_go_unwanted,
            arguments={"sessions": catalogue.sessions, "identity": catalogue.info.identity},
        )

    @Slot()
    def let_go(self) -> None:
        """Another catalogue is open now: what is held of the one before is kept for later."""
        last = self.last_words()
        if last is not None:
            self._context.runner.submit(_("Keep pending edits for later"), last, arguments={})

    def last_words(self) -> Callable[[], None] | None:
        """What a worker still has to do so that others can offer what is held; None for nothing."""
        self._context.runner.cancel_channel(CHANNEL)
        held, self._held = self._held, ()
        self._restored.clear()
        if self.dialog is not None:
            self.dialog.close()
        released = [found.draft for found in held]
        return partial(door.settle_drafts, forgotten=(), released=released) if released else None

    # What was found

    def _on_found(self, found: FoundDrafts) -> None:
        self.has_looked = True
        self._held = found.drafts
        self._tell_put_aside(found)
        said = [words for words in (_saved_words(found.saved), _undecided_words(found.undecided)) if words]
        if said:
            self._context.message_wanted.emit(" ".join(said))
        catalogue = self._context.catalogue
        if not found.drafts or catalogue is None:
            return
        if catalogue.info.read_only:
            self._context.message_wanted.emit(
                _("There are pending edits of an earlier run. They are kept until this catalogue can be written.")
            )
            self.let_go()
            return
        self._offer(found.drafts, redacted(catalogue.info.place))

    def _on_failed(self, error: BaseException) -> None:
        """Nothing was taken from any draft: the next opening looks again."""
        self.has_looked = True
        if isinstance(error, DeskError):
            words = _("Whether there are pending edits of an earlier run could not be found out: {reason}")
            self._context.message_wanted.emit(words.format(reason=error.what))
        else:
            self._context.runner.action_failed.emit(error)

    def _tell_put_aside(self, found: FoundDrafts) -> None:
        lines = [
            _("A file among the kept edits is not offered, {path}: {reason}.").format(path=one.path, reason=one.reason)
            for one in found.put_aside
        ]
        if lines:
            problems = self._window.problems
            before = [] if problems.isHidden() else [problems.text]
            problems.tell("\n".join([*before, *lines]), retry=False)

    def _offer(self, drafts: Sequence[FoundDraft], place: str) -> None:
        from desk.dialogs.recovery import RecoveryDialog  # noqa: PLC0415  (few starts find something)

        dialog = self.dialog = RecoveryDialog(drafts, place, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.restore_wanted.connect(self._on_restore_wanted)
        dialog.discard_wanted.connect(self._on_discard_wanted)
        dialog.finished.connect(self._on_finished)
        dialog.show()

    # Restoring

    @Slot(object)
    def _on_restore_wanted(self, chosen: Sequence[tuple[FoundDraft, tuple[Edit, ...]]]) -> None:
        """Takes edits over, but for those of records that have pending edits here: these stay in their draft."""
        stack, taken = self._context.edits, 0
        if not self._context.can_edit:
            self._context.message_wanted.emit(_("Nothing can be restored while a commit runs."))
            return
        for found, edits in chosen:
            free = _free(edits, {edit.key for edit in stack.edits()})
            if free:
                self._restored.append((found, tuple(edit.key for edit in free)))
                stack.take_over(free, _step_words(len(free)))
                taken += len(free)
        self._context.message_wanted.emit(_restored_words(taken, sum(len(edits) for _found, edits in chosen)))
        assert self.dialog is not None
        self.dialog.close()
        self._on_keeping_changed()

    @Slot()
    def _on_keeping_changed(self) -> None:
        """Once the window's own draft has what was restored, the old ones give it up."""
        stack = self._context.edits
        if not self._restored or not stack.all_kept:
            return
        restored, self._restored = self._restored, []
        if not stack.keeps or stack.unkept_reason:
            restored = []  # the old drafts are all there is on disk
        held, self._held = self._held, ()
        self._settle(
            _("Give up what was restored"), held, [*restored, *((found, _saved_keys(found)) for found in held)]
        )

    # Discarding

    @Slot(object)
    def _on_discard_wanted(self, chosen: Sequence[tuple[FoundDraft, tuple[Edit, ...]]]) -> None:
        assert self.dialog is not None
        self.dialog.rest(True)
        forgotten = [(found, tuple(edit.key for edit in edits)) for found, edits in chosen]
        self._settle(_("Discard pending edits"), (), forgotten, done=partial(self._on_discarded, forgotten))

    def _on_discarded(self, forgotten: Sequence[tuple[FoundDraft, tuple[RecordKey, ...]]], _nothing: object) -> None:
        """The dialog shows what is left; with nothing left it goes, and the empty drafts with it."""
        gone = {(id(found), key) for found, keys in forgotten for key in keys}
        left = [
            replace(found, checked=tuple(one for one in found.checked if (id(found), one.edit.key) not in gone))
            for found in self._held
        ]
        count = len(gone)
        self._context.message_wanted.emit(
            ngettext("Discarded {count} pending edit.", "Discarded {count} pending edits.", count).format(count=count)
        )
        self._held = tuple(left)
        open_ones = [found for found in left if any(one.state is not EditState.SAVED for one in found.checked)]
        if self.dialog is None:
            return
        if open_ones:
            self.dialog.show_drafts(open_ones)
        else:
            self.dialog.close()

    # Helpers

    @Slot(int)
    def _on_finished(self, _result: int) -> None:
        """Whatever is neither restored nor discarded is kept for later."""
        self.dialog = None
        if not self._restored:
            self.let_go()

    def _settle(
        self,
        label: str,
        held: Sequence[FoundDraft],
        forgotten: Sequence[tuple[FoundDraft, tuple[RecordKey, ...]]],
        done: Callable[[object], None] | None = None,
    ) -> None:
        self._context.runner.submit(
            label,
            door.settle_drafts,
            done=done,
            failed=self._on_not_settled,
            arguments={
                "forgotten": [(found.draft, keys) for found, keys in forgotten],
                "released": [found.draft for found in held],
            },
        )

    def _on_not_settled(self, error: BaseException) -> None:
        self._context.message_wanted.emit(words_for(error, _("The drafts of earlier runs stay as they are.")))
        if self.dialog is not None:
            self.dialog.rest(False)


def _free(edits: Sequence[Edit], taken: set[RecordKey]) -> tuple[Edit, ...]:
    """The edits whose records have none here, without those that are joined to one that has."""
    kept_back = {
        key for group in joined_by_links(edits) if group & {one for one in taken if one.id > 0} for key in group
    }
    return tuple(edit for edit in edits if edit.key not in kept_back)


def _saved_keys(found: FoundDraft) -> tuple[RecordKey, ...]:
    """The records of a draft with which nothing is left to do."""
    return tuple(one.edit.key for one in found.checked if one.state is EditState.SAVED)


def _step_words(count: int) -> str:
    return ngettext("Restore {count} edit", "Restore {count} edits", count).format(count=count)


def _restored_words(taken: int, wanted: int) -> str:
    words = ngettext("Restored {count} pending edit.", "Restored {count} pending edits.", taken).format(count=taken)
    if taken == wanted:
        return words
    stay = ngettext(
        "{count} stays for later: its record has pending edits here.",
        "{count} stay for later: their records have pending edits here.",
        wanted - taken,
    )
    return f"{words} {stay.format(count=wanted - taken)}"


def _saved_words(count: int) -> str:
    if not count:
        return ""
    words = ngettext(
        "{count} pending edit of an earlier run is saved already.",
        "{count} pending edits of an earlier run are saved already.",
        count,
    )
    return words.format(count=count)


def _undecided_words(count: int) -> str:
    if not count:
        return ""
    return _("The server still works on a commit of an earlier run: open the catalogue again in a while.")


def _let_go_unwanted(found: FoundDrafts) -> None:
    """On a worker: nobody waits for what was found any more."""
    door.settle_drafts(forgotten=(), released=[one.draft for one in found.drafts])
