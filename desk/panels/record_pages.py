"""The pages of the details panel: a form for each table and, below it, what belongs to the record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, Qt, Slot
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from desk.catalog import values
from desk.catalog.columns import AUTHORS, BOOKS
from desk.catalog.criteria import Criteria, Filter, Op, Sort
from desk.catalog.edits import RecordKey
from desk.catalog.rows import AuthorDetails, AuthorRef
from desk.errors import DeskError
from desk.i18n import _, ngettext
from desk.panels.contributors_editor import ContributorsEditor
from desk.panels.current_record import CurrentRecord
from desk.panels.jumping import Jumping
from desk.panels.parts import ProblemBar, dim, heading, named
from desk.panels.record_form import RecordForm
from desk.panels.view_loading import ViewLoading
from desk.tables.grid import Grid
from desk.tables.record_table import RecordTable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from desk.catalog.edits import EditBatch
    from desk.panels.context import Context

BOOK_COLUMNS = {"title": 22, "published_year": 10, "price": 9}
"""What an author's books show at first → widths in letters."""


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

    def show_values(self, value_of: Callable[[str], Any], pending: Callable[[str], bool]) -> None:
        """Shows the values of the record, pending changes included; what is being typed stays."""
        self.form.show_values(value_of, pending)

    def set_editable(self, editable: bool, reason: str = "") -> None:
        """Opens the record for changes, or closes it for a `reason` that hovering tells ('': for a moment only)."""
        self.form.set_editable(editable, reason)

    def take(self) -> bool:
        """Takes what is being typed; False, with the reason shown, when it cannot be."""
        return self.form.take()

    def show_details(self, details: Any) -> None:
        """Shows what belongs to the record; None while it is new or on its way."""
        lines = []
        if details is not None and details.created_at is not None:
            lines.append(_("Created {time}").format(time=_moment(details.created_at)))
        if details is not None and details.row.updated_at is not None:
            lines.append(_("Changed {time}").format(time=_moment(details.row.updated_at)))
        self._times.setText("\n".join(lines))

    def take_saved(self, batch: EditBatch, new_ids: Mapping[RecordKey, int]) -> None:
        """Shows a unit of work that was saved in the rows of what belongs to the record, if it has any."""


class BookPage(RecordPage):
    """A book: its record and its contributors."""

    def __init__(self, context: Context) -> None:
        super().__init__(RecordForm(BOOKS), context)
        self.contributors = ContributorsEditor()
        self.contributors.visited.connect(self._on_visited)
        self.contributors.authors_wanted.connect(context.find_authors)
        self.box.addWidget(self.contributors)
        self.box.addStretch(1)
        self.box.addWidget(self._times)

    def show_values(self, value_of: Callable[[str], Any], pending: Callable[[str], bool]) -> None:
        super().show_values(value_of, pending)
        self.contributors.show_value(value_of("contributors"), pending=pending("contributors"))

    def set_editable(self, editable: bool, reason: str = "") -> None:
        super().set_editable(editable, reason)
        self.contributors.set_editable(editable, reason)

    def take(self) -> bool:
        taken = super().take()
        return self.contributors.take() and taken

    @Slot(object)
    def _on_visited(self, author: AuthorRef) -> None:
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
        self.books = named(Grid(self.table, shown=BOOK_COLUMNS), "author_books", _("Books of this author"))
        self.books.setMinimumHeight(140)
        self.books.verticalHeader().hide()
        self.books.horizontalHeader().setStretchLastSection(False)
        self.loading = ViewLoading(self.table, context, "author-books")
        self.loading.failed.connect(self._on_failed)
        self.jumping = Jumping(self.books, CurrentRecord(self.books), context)
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
            if criteria.filters != self.table.criteria.filters:
                self.table.show_view(criteria)  # the books of another author are no stand-in for these
            self.loading.open(criteria)

    def take_saved(self, batch: EditBatch, new_ids: Mapping[RecordKey, int]) -> None:
        self.table.take_saved(batch, new_ids)

    @Slot(object)
    def _on_failed(self, error: BaseException) -> None:
        if isinstance(error, DeskError):
            self.problems.tell(str(error), retry=True)

    @Slot(str, bool)
    def _on_sort_wanted(self, column: str, add: bool) -> None:
        self.loading.open(self.loading.criteria.sorted_by(column, add=add))

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
            _year(details.first_year)
            if details.first_year == details.last_year
            else f"{_year(details.first_year)} – {_year(details.last_year)}"
        )
    if details.price_sum is not None and details.price_mean is not None:
        parts.append(
            _("prices: sum {total}, mean {mean}").format(
                total=values.format_price(details.price_sum), mean=values.format_price(details.price_mean)
            )
        )
    return " · ".join(parts)


def _year(value: int) -> str:
    return BOOKS.column("published_year").format(value) or ""


def _moment(value: Any) -> str:
    return BOOKS.column("updated_at").format(value) or ""
