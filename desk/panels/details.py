"""The details panel: the current record as a form, and what belongs to it.

For a book its contributors; for an author the line of aggregates and the books, which have pages of their own.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QLabel,
    QStackedWidget,
    QWidget,
)

from desk.catalog.columns import TABLES
from desk.catalog.contributors import format_names
from desk.catalog.edits import EditKind, RecordKey
from desk.catalog.rows import BookDetails
from desk.errors import ActionCancelled, DeskError
from desk.i18n import _
from desk.panels.parts import named
from desk.panels.record_pages import AuthorPage, BookPage, RecordPage
from desk.tables.edit_stack import Original
from desk.tables.record_table import original_of
from desk.work import door

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desk.catalog.contributors import Entries
    from desk.catalog.edits import EditBatch
    from desk.catalog.rows import Details
    from desk.panels.context import Context

WAIT_MS = 400
"""How long the record before is seen while nobody knows yet which one is current: less would only flicker."""
SETTLE_MS = 60
"""A record is loaded once the selection rests on it for so long: walking through rows loads none of them."""


class DetailsPanel(QStackedWidget):
    """Shows one record at a time; `details_shown` tells that all of it is here."""

    details_shown = Signal()

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("details_panel")
        self._context = context
        self._key: RecordKey | None = None
        self._next: RecordKey | None = None
        self._details: Details | None = None
        self._filled: Details | None = None
        """The details that the page shows below its form."""
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self.reload)
        self._emptying = QTimer(self, singleShot=True, interval=WAIT_MS)
        self._emptying.timeout.connect(self._on_empty)
        self._empty = named(QLabel(_("Choose a record to see it here.")), "details_empty", _("No record"))
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self.addWidget(self._empty)
        books = BookPage(context)
        books.contributors.entered.connect(self._on_contributors_entered)
        books.contributors.given_up.connect(self._follow)
        self.pages = {"books": books, "authors": AuthorPage(context)}
        for page in self.pages.values():
            self.addWidget(page)
            page.form.value_entered.connect(self._on_value_entered)
            page.form.given_up.connect(self._follow)
            page.problems.retry_wanted.connect(self.reload)
        context.edits.edit_changed.connect(self._on_edit_changed)
        context.committed.connect(self._on_committed)

    @property
    def page(self) -> RecordPage | None:
        """The page that shows the current record; None when there is none."""
        return self.pages.get(self._key.table) if self._key else None

    @property
    def is_complete(self) -> bool:
        """Whether all of the current record is here."""
        return self._details is not None

    def has_all_of(self, key: RecordKey) -> bool:
        """Whether this record is the current one, and all of it is here."""
        return key == self._key and (self.is_complete or key.id < 0)

    @property
    def key(self) -> RecordKey | None:
        return self._key

    @Slot(object)
    def show_record(self, key: RecordKey | None, *, comes: bool = False) -> None:
        """Shows a record; what was being typed in the one before is taken first. None while it `comes` leaves the one
        before in sight for a moment, closed for typing; else None is that there is none.

        While that cannot be taken the panel stays with it, and follows once it is corrected or given up.
        """
        self._next = key
        if key == self._key:
            return
        if not self.take():
            self._context.message_wanted.emit(_("A field cannot be taken yet: correct it, or press Escape in it."))
            return
        if self.page is not None:
            self.page.set_editable(False)  # it shows another record until this one is here
        self._key, self._details = key, None
        self._context.runner.cancel_channel("details")
        self._settle.stop()
        self._emptying.stop()
        if comes:
            self._emptying.start()
        elif key is None:
            self._on_empty()
        elif key.id < 0:
            self._fill()
        else:
            self._settle.start()

    def take(self) -> bool:
        """Takes what is being typed in the form; False, with the reason below the field, when it cannot be."""
        return self.page is None or self.page.take()

    def take_saved(self, batch: EditBatch, new_ids: Mapping[RecordKey, int]) -> None:
        """Shows a unit of work that was saved in the record and in what belongs to it, until that is loaded anew."""
        for edit in batch.edits:
            if edit.key == self._key and edit.kind is EditKind.UPDATE and self._details is not None:
                self._details = self._filled = _as_saved(self._details, edit.values_saved(new_ids))
                self._fill()
        for page in self.pages.values():
            page.take_saved(batch, new_ids)

    def value_of(self, name: str) -> Any:
        """The value of a field of the current record, pending changes included; None while it is not here."""
        edit = self._context.edits.get(self._key) if self._key else None
        if edit is not None and name in edit.values:
            return edit.values[name]
        if self._details is None:
            return None
        return _value_in(self._details, name)

    def values(self) -> dict[str, Any]:
        """All fields of the current record that can be changed and are not empty, pending changes included."""
        if self._key is None:
            return {}
        table, more = self._key.table, _MORE[self._key.table]
        names = [column.name for column in TABLES[table].columns if column.editable or column.name in more]
        found = ((name, self.value_of(name)) for name in names)
        return {name: value for name, value in found if value not in (None, ())}

    @Slot()
    def show_editable(self) -> None:
        """Opens the form for typing, or closes it where nothing can be changed now."""
        if self.page is not None and self._key is not None:
            edit = self._context.edits.get(self._key)
            doomed = edit is not None and edit.kind is EditKind.DELETE
            is_here = self._details is not None or self._key.id < 0
            self.page.set_editable(self._context.can_edit and is_here and not doomed, self._context.read_only)

    def focus_form(self) -> None:
        """Puts the cursor into the first field."""
        if self.page is not None:
            self.page.form.focus_first()

    # Slots

    @Slot()
    def reload(self) -> None:
        """Loads the current record again."""
        if self._key is None or self._key.id < 0 or self._context.catalogue is None:
            return
        self._context.runner.submit(
            _("Load a {one}").format(one=TABLES[self._key.table].one),
            door.load_details,
            channel="details",
            done=partial(self._on_loaded, self._key),
            failed=self._on_failed,
            arguments={
                "sessions": self._context.sessions,
                "table": self._key.table,
                "record_id": self._key.id,
            },
        )

    def _on_loaded(self, key: RecordKey, details: Details) -> None:
        if key == self._key:
            self._details = details
            self._fill()
            self.details_shown.emit()

    def _on_failed(self, error: BaseException) -> None:
        page = self.page
        if isinstance(error, ActionCancelled) or page is None:
            return
        if not isinstance(error, DeskError):
            self._context.runner.action_failed.emit(error)
            return
        page.show_values(lambda _name: None, lambda _name: False)
        page.show_details(None)
        self.setCurrentWidget(page)
        page.problems.tell(str(error), retry=True)

    @Slot(object)
    def _on_edit_changed(self, key: RecordKey) -> None:
        if key == self._key:
            self._fill()

    @Slot(object, object)
    def _on_committed(self, new_ids: dict[RecordKey, int], deleted: set[RecordKey]) -> None:
        if self._key is not None and self._key in new_ids:
            self._key = self._next = self._key.saved_as(new_ids[self._key])
        if self._key is not None and (self._key.id < 0 or self._key in deleted):
            self.show_record(None)
        self.reload()

    @Slot(str, object)
    def _on_value_entered(self, name: str, value: Any) -> None:
        original = self._original()
        if original is not None and self._context.can_edit:
            self._context.edits.set_field(original, name, value)
        else:
            self._context.message_wanted.emit(_("This cannot be changed now; nothing was taken."))
            self._fill()
        self._follow()

    @Slot(object, str)
    def _on_contributors_entered(self, entries: Entries, what: str) -> None:
        original = self._original()
        if original is not None and self._context.can_edit:
            step = _("{what} ({label})").format(what=what, label=original.label)
            self._context.edits.set_fields([(original, "contributors", entries)], step)
        else:
            self._context.message_wanted.emit(_("This cannot be changed now; nothing was taken."))
            self._fill()
        self._follow()

    @Slot()
    def _follow(self) -> None:
        """Goes on to the record that was chosen while a field could not be taken."""
        if self._next != self._key:
            self.show_record(self._next)

    @Slot()
    def _on_empty(self) -> None:
        self.setCurrentWidget(self._empty)

    # Helpers

    def _original(self) -> Original | None:
        if self._key is None:
            return None
        edit = self._context.edits.get(self._key)
        if self._key.id < 0:
            return Original(self._key, 0, {}, edit.label) if edit else None
        if self._details is None:
            return None
        more = {name: _value_in(self._details, name) for name in _MORE[self._key.table]}
        return original_of(TABLES[self._key.table], self._details.row, **more)

    def _fill(self) -> None:
        page, key = self.page, self._key
        if page is None or key is None:
            return
        edit = self._context.edits.get(key)
        if edit is None and key.id < 0:
            self.show_record(None)
            return
        changed = edit.values if edit else {}
        page.problems.hide()
        page.show_values(self.value_of, lambda name: name in changed and key.id > 0)
        self.show_editable()
        if self._details is None or self._details is not self._filled:
            page.show_details(self._details)
        self._filled = self._details
        self.setCurrentWidget(page)


_MORE = {"books": ("notes", "contributors"), "authors": ("notes",)}
"""The fields that a record's row does not hold, or not as they are edited."""


def _value_in(details: Details, name: str) -> Any:
    if name == "contributors" and isinstance(details, BookDetails):
        return details.contributions
    return details.notes if name == "notes" else getattr(details.row, name)


def _as_saved(details: Details, values: dict[str, Any]) -> Details:
    """A record as a commit of our own made it, but for its version and its times."""
    more: dict[str, Any] = {}
    in_row = {name: value for name, value in values.items() if name in details.row._fields}
    if isinstance(details, BookDetails) and "contributors" in values:
        more["contributions"] = values["contributors"]
        in_row["contributors"] = format_names(values["contributors"])
    more |= {"row": details.row._replace(**in_row), "notes": values.get("notes", details.notes)}
    return replace(details, **more)
