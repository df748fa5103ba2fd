"""Merges authors of a window: which ones, and what is shown of it afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from desk.catalog.rows import AuthorRef
from desk.i18n import _, ngettext

if TYPE_CHECKING:
    from desk.catalog.merging import Merge, MergeOutcome
    from desk.dialogs.merge_authors import MergeDialog
    from desk.window.main_window import MainWindow


class Merging(QObject):
    """The command “Merge authors” of one window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._context = window.context
        self.dialog: MergeDialog | None = None
        """The dialog that is open."""
        window.opening.opened.connect(self.drop)

    def merge(self) -> None:
        """Opens the dialog over the selected authors: two, or one for whom the other is looked for."""
        from desk.dialogs.merge_authors import MergeDialog  # noqa: PLC0415  (when it is wanted)

        if self.dialog is not None:
            self.dialog.raise_()
            self.dialog.activateWindow()
            return
        chosen = self._chosen()
        if chosen is None:
            self._context.message_wanted.emit(
                _("Choose one or two authors in the table of authors first; new ones have to be committed before.")
            )
            return
        self.dialog = MergeDialog(self._context, chosen, self._window)
        self.dialog.merged.connect(self._on_merged)
        self.dialog.finished.connect(self._on_finished)
        self.dialog.show()

    @Slot()
    def drop(self) -> None:
        """Closes the dialog: its catalogue is not the one that is open any more."""
        if self.dialog is not None:
            self.dialog.close()

    def _chosen(self) -> list[AuthorRef] | None:
        browser = self._window.browsers["authors"]
        if self._window.browser is not browser or browser.grid.selection().rows > 2:
            return None
        originals = browser.grid.selected_originals() or []
        found = [AuthorRef(one.key.id, one.label) for one in originals if one.key.id > 0]
        return found if found and len(found) == len(originals) else None

    @Slot(object, object)
    def _on_merged(self, merge: Merge, outcome: MergeOutcome) -> None:
        window = self._window
        kept, gone = merge.kept.key, merge.gone.key
        if window.details.key == gone:
            window.details.show_record(kept)
        self._context.committed.emit({}, {gone})
        for browser in window.browsers.values():
            if browser.is_loaded:
                browser.refresh()
        window.browsers["authors"].reach(kept)
        window.counts.change({"authors": -1})
        window.saving.units.note(_("Merge {name}").format(name=merge.gone.link.name), outcome.result)
        self._context.message_wanted.emit(_told(merge, outcome))

    @Slot()
    def _on_finished(self) -> None:
        self.dialog = None


def _told(merge: Merge, outcome: MergeOutcome) -> str:
    words = _("Merged: {books} and {contributions} moved to {name}.").format(
        books=ngettext("{count:,} book", "{count:,} books", outcome.books).format(count=outcome.books),
        contributions=ngettext("{count:,} contribution", "{count:,} contributions", outcome.contributions).format(
            count=outcome.contributions
        ),
        name=merge.values["name"],
    )
    if not outcome.dropped:
        return words
    dropped = ngettext(
        "{count:,} contribution was dropped: it would have been there twice.",
        "{count:,} contributions were dropped: they would have been there twice.",
        outcome.dropped,
    )
    return f"{words} {dropped.format(count=outcome.dropped)}"
