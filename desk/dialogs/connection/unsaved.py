"""What becomes of connections that are typed and not kept: asked about, kept one after the other, or let go."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desk.dialogs.connection.profile_rows import with_id
from desk.i18n import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desk.dialogs.connection.connection_entry import Entry
    from desk.dialogs.connection.profile_rows import Row
    from desk.dialogs.connection.profile_shelf import Shelf
    from desk.dialogs.connection.question_bar import QuestionBar


class Unsaved(QObject):
    """`row_saved` carries a Row that is kept now, and '' or why its password is not; `row_refused` one that cannot be
    kept as it is typed. After a reason, nothing goes on by itself."""

    row_saved = Signal(object, str)
    row_refused = Signal(object)

    def __init__(self, shelf: Shelf, question: QuestionBar, parent: QObject) -> None:
        super().__init__(parent)
        self._shelf = shelf
        self._question = question

    def settle(self, rows: Sequence[Row], then: Callable[[], object]) -> None:
        """Asks whether to keep these rows, and goes on with `then`, or not."""
        if not rows:
            then()
            return
        told = ngettext("“{title}” is not saved.", "{count} connections are not saved.", len(rows))
        self._question.ask(
            told.format(title=rows[0].title, count=len(rows)),
            {
                "unsaved_save": (_("Save and go on"), partial(self.save, rows, then)),
                "unsaved_drop": (_("Go on without saving"), then),
                "unsaved_stay": (_("Back"), None),
            },
        )

    def save(self, rows: Sequence[Row], then: Callable[[], object] | None = None) -> None:
        """Keeps rows one after the other, then goes on."""
        if not rows:
            if then is not None:
                then()
            return
        row, *others = rows
        if row.current.unread or not row.current.profile.target:
            self.row_refused.emit(row)
            return
        self._shelf.save(row.current, partial(self._on_saved, row, row.current, partial(self.save, others, then)))

    def _on_saved(self, row: Row, sent: Entry, go_on: Callable[[], object], entry: Entry, note: str) -> None:
        """What was typed since it was sent stays typed."""
        typed = row.current
        row.entry, row.shown, row.is_new = entry, None, False
        row.draft = None if typed == sent else with_id(typed, entry.profile.id)
        self.row_saved.emit(row, note)
        if not note:  # it would go by unread
            go_on()
