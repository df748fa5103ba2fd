"""The details panel: the current record as a form, and what belongs to it.

For a book its contributors; for an author the line of aggregates and the books, which have pages of their own.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QListWidget,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desk.catalog import values
from desk.catalog.columns import AUTHORS, BOOKS, TABLES
from desk.catalog.criteria import Criteria, Filter, Op, Sort
from desk.catalog.edits import EditKind, RecordKey
from desk.catalog.rows import AuthorDetails, AuthorRef, BookDetails, Details
from desk.errors import ActionCancelled, DeskError
from desk.i18n import _, ngettext
from desk.panels.parts import ProblemBar, dim, heading, named
from desk.panels.record_form import RecordForm
from desk.tables.edit_stack import Original
from desk.tables.grid import Grid
from desk.tables.record_table import RecordTable, original_of
from desk.work import door

if TYPE_CHECKING:
    from desk.catalog.paging import Page, PageRequest
    from desk.panels.context import Context

SETTLE_MS = 60
"""A record is loaded once the selection rests on it for so long: walking through rows loads none of them."""
BOOK_COLUMNS = ("title", "published_year", "price")


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
        self._empty = named(QLabel(_("Choose a record to see it here.")), "details_empty", _("No record"))
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self.addWidget(self._empty)
        self.pages = {"books": BookPage(context), "authors": AuthorPage(context)}
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

    @property
    def key(self) -> RecordKey | None:
        return self._key

    @Slot(object)
    def show_record(self, key: RecordKey | None) -> None:
        """Shows a record; what was being typed in the one before is taken first.

        While that cannot be taken the panel stays with it, and follows once it is corrected or given up.
        """
        self._next = key
        if key == self._key:
            return
        if not self.take():
            self._context.message_wanted.emit(_("A field cannot be taken yet: correct it, or press Escape in it."))
            return
        self._key, self._details = key, None
        self._context.runner.cancel_channel("details")
        if key is None:
            self._settle.stop()
            self.setCurrentWidget(self._empty)
        elif key.id < 0:
            self._settle.stop()
            self._fill()
        else:
            self.show_editable()  # not before it is here: the form still shows another record
            self._settle.start()

    def take(self) -> bool:
        """Takes what is being typed in the form; False, with the reason below the field, when it cannot be."""
        return self.page is None or self.page.form.take()

    def value_of(self, name: str) -> Any:
        """The value of a field of the current record, pending changes included; None while it is not here."""
        edit = self._context.edits.get(self._key) if self._key else None
        if edit is not None and name in edit.values:
            return edit.values[name]
        if self._details is None:
            return None
        return self._details.notes if name == "notes" else getattr(self._details.row, name)

    @Slot()
    def show_editable(self) -> None:
        """Opens the form for typing, or closes it where nothing can be changed now."""
        if self.page is not None and self._key is not None:
            edit = self._context.edits.get(self._key)
            doomed = edit is not None and edit.kind is EditKind.DELETE
            is_here = self._details is not None or self._key.id < 0
            self.page.form.set_editable(self._context.can_edit and is_here and not doomed)

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
        page.form.show_values(lambda _name: None, lambda _name: False)
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

    @Slot()
    def _follow(self) -> None:
        """Goes on to the record that was chosen while a field could not be taken."""
        if self._next != self._key:
            self.show_record(self._next)

    # Helpers

    def _original(self) -> Original | None:
        if self._key is None:
            return None
        edit = self._context.edits.get(self._key)
        if self._key.id < 0:
            return Original(self._key, 0, {}, edit.label) if edit else None
        if self._details is None:
            return None
        return original_of(TABLES[self._key.table], self._details.row, notes=self._details.notes)

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
        page.form.show_values(self.value_of, lambda name: name in changed and key.id > 0)
        self.show_editable()
        if self._details is None or self._details is not self._filled:
            page.show_details(self._details)
        self._filled = self._details
        self.setCurrentWidget(page)


class RecordPage(QScrollArea):
    """The page of one table: a problem bar, the form, and below it what belongs to the record."""

    def __init__(self, form: RecordForm, context: Context) -> None:
        super().__init__()
        self.form = form
        self._context = context
        self.problems = ProblemBar(f"{form.description.name}_details_problem")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._times = named(QLabel(), f"{form.description.name}_times", _("Created and changed"))
        self._times.setWordWrap(True)
        dim(self._times)
        inside = QWidget()
        self.box = QVBoxLayout(inside)
        self.box.setContentsMargins(10, 10, 10, 10)
        self.box.setSpacing(8)
        self.box.addWidget(self.problems)
        self.box.addWidget(form)
        self.setWidget(inside)
        form.authors_wanted.connect(context.find_authors)

    def show_details(self, details: Any) -> None:
        """Shows what belongs to the record; None while it is new or on its way."""
        lines = []
        if details is not None and details.created_at is not None:
            lines.append(_("Created {time}").format(time=values.format_time(details.created_at)))
        if details is not None and details.row.updated_at is not None:
            lines.append(_("Changed {time}").format(time=values.format_time(details.row.updated_at)))
        self._times.setText("\n".join(lines))


class BookPage(RecordPage):
    """A book: its record, the years of its main author, its contributors."""

    def __init__(self, context: Context) -> None:
        super().__init__(RecordForm(BOOKS), context)
        self._heading = heading(_("Contributors"))
        self.contributors = named(QListWidget(), "contributors", _("Contributors"))
        self.contributors.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.contributors.setMinimumHeight(60)
        self.contributors.itemActivated.connect(self._on_item_activated)
        self._nobody = QLabel(_("No one but the author."))
        dim(self._nobody)
        for widget in (self._heading, self._nobody, self.contributors):
            self.box.addWidget(widget)
        self.box.addStretch(0)
        self.box.addWidget(self._times)

    def show_details(self, details: BookDetails | None) -> None:
        super().show_details(details)
        self.contributors.clear()
        found = details.contributions if details else ()
        for one in found:
            text = one.author.name if one.role == "author" else f"{one.author.name} – {_(one.role)}"
            self.contributors.addItem(text)
            self.contributors.item(self.contributors.count() - 1).setData(Qt.ItemDataRole.UserRole, one.author)
        self.contributors.setVisible(bool(found))
        self._nobody.setVisible(not found)

    @Slot(object)
    def _on_item_activated(self, item: Any) -> None:
        author: AuthorRef = item.data(Qt.ItemDataRole.UserRole)
        self._context.record_wanted.emit(RecordKey("authors", author.id))


class AuthorPage(RecordPage):
    """An author: the record, the line of aggregates, and the books in a small grid of their own."""

    def __init__(self, context: Context) -> None:
        super().__init__(RecordForm(AUTHORS), context)
        self.sums = named(QLabel(), "author_sums", _("Books, years and prices"))
        self.sums.setWordWrap(True)
        self.table = RecordTable(BOOKS, context.edits, self)
        self.table.editable = False
        self.table.shows_new = False
        self.books = named(Grid(self.table), "author_books", _("Books of this author"))
        self.books.setMinimumHeight(140)
        self.books.verticalHeader().hide()
        for section, column in enumerate(self.table.columns):
            self.books.setColumnHidden(section, column.name not in BOOK_COLUMNS)
        self.books.horizontalHeader().setStretchLastSection(False)
        self.books.setColumnWidth(0, 22 * self.books.fontMetrics().averageCharWidth())
        self.table.page_wanted.connect(self._load_books)
        self.books.sort_wanted.connect(self._on_sort_wanted)
        self.books.activated.connect(self._on_book_activated)
        for widget in (heading(_("Books")), self.sums, self.books, self._times):
            self.box.addWidget(widget)
        self.box.setStretchFactor(self.books, 1)

    def show_details(self, details: AuthorDetails | None) -> None:
        super().show_details(details)
        self.sums.setText(_sums_line(details) if details else _("A new author has no books yet."))
        self.books.setVisible(details is not None and details.books > 0)
        if details is not None and details.books:
            link = AuthorRef(details.row.id, details.row.name)
            criteria = Criteria("books", (Filter("author", Op.EQUALS, link),), (Sort("published_year"),))
            self.table.show_view(criteria)
            self.table.place_total(criteria, details.books)

    @Slot(object)
    def _load_books(self, request: PageRequest) -> None:
        self._context.runner.submit(
            _("Load an author's books"),
            door.load_page,
            channel=f"author-books{request.lane}",
            done=self._on_books,
            failed=partial(self._on_books_failed, request),
            arguments={"sessions": self._context.sessions, "request": request},
        )

    def _on_books(self, page: Page) -> None:
        self.table.place_page(page)

    def _on_books_failed(self, request: PageRequest, error: BaseException) -> None:
        self.table.page_failed(request)
        if isinstance(error, DeskError):
            self.problems.tell(str(error), retry=True)

    @Slot(str, bool)
    def _on_sort_wanted(self, column: str, add: bool) -> None:
        total = self.table.total
        criteria = self.table.criteria.sorted_by(column, add=add)
        self.table.show_view(criteria)
        self.table.place_total(criteria, total)

    @Slot(QModelIndex)
    def _on_book_activated(self, index: QModelIndex) -> None:
        key = self.table.key_at(index.row())
        if key is not None:
            self._context.record_wanted.emit(key)


def _sums_line(details: AuthorDetails) -> str:
    if not details.books:
        return _("No books under this author.")
    parts = [ngettext("{count} book", "{count} books", details.books).format(count=details.books)]
    if details.first_year is not None and details.last_year is not None:
        parts.append(
            values.format_year(details.first_year)
            if details.first_year == details.last_year
            else f"{values.format_year(details.first_year)} – {values.format_year(details.last_year)}"
        )
    if details.price_sum is not None and details.price_mean is not None:
        parts.append(
            _("prices: sum {total}, mean {mean}").format(
                total=values.format_price(details.price_sum), mean=values.format_price(details.price_mean)
            )
        )
    return " · ".join(parts)
