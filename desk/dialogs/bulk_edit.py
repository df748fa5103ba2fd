"""Gives one field of all selected records a value, as one step of pending edits.

Invariant: nothing is pending before all of the records are loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desk.catalog.cell_values import cell_value
from desk.catalog.columns import Kind
from desk.catalog.edits import EditKind, same
from desk.errors import InvalidInput
from desk.i18n import _, ngettext
from desk.panels.cell_changes import with_new_authors
from desk.panels.parts import ProblemBar, dim, named
from desk.panels.record_form import Field
from desk.tables.author_picker import AuthorPicker
from desk.tables.record_table import original_of
from desk.work import door
from desk.work.long_job import LongJob, words_for

if TYPE_CHECKING:
    from desk.catalog.columns import Column
    from desk.operations.reading_fields import FieldOf
    from desk.operations.selecting import CopyProgress
    from desk.panels.context import Context
    from desk.panels.selected_records import SelectedRecords
    from desk.tables.edit_stack import Original

VALUE, UNKNOWN, EMPTY = "value", "unknown", "empty"
"""What a field can be set to: what is typed, nothing (None), an empty text."""


class BulkEditDialog(QDialog):
    """Changes one field of the records that were selected when it was made."""

    def __init__(
        self, context: Context, chosen: SelectedRecords, column: Column | None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._catalogue = context.catalogue
        self._chosen = chosen
        self._wanted: Any = None
        """The value that the records being loaded will get."""
        self._job = LongJob(context.runner, self)
        self._job.progressed.connect(self._on_progressed)
        self._job.ended.connect(self._on_loaded)
        self._job.failed.connect(self._on_failed)
        self.setObjectName("bulk_edit_dialog")
        self.setWindowTitle(_("Edit one field"))
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._make_parts()
        self._lay_out()
        if column is not None and column in self._columns:
            self.field.setCurrentIndex(self._columns.index(column))
        self._on_field_chosen()
        self._show_running(running=False)

    @property
    def column(self) -> Column:
        return self._columns[self.field.currentIndex()]

    @property
    def editor(self) -> Field:
        """The editor of the chosen field."""
        return self._editors[self.field.currentIndex()]

    @Slot()
    def start(self) -> None:
        """Loads the records; they are changed once all are here. A value that the field does not take is told."""
        if self._job.is_running or not self._take_value():
            return
        self.problems.hide()
        self._show_running(running=True)
        self._job.start(
            _("Load the selection"),
            door.load_field,
            {
                "sessions": self._context.sessions,
                "places": self._chosen.places,
                "selection": self._chosen.below,
                "field": self.column.name,
            },
            tells=True,
        )

    # Qt

    def reject(self) -> None:
        """Cancel, Escape and the window's cross: loading is cancelled first."""
        if self._job.is_running:
            self._job.cancel()
        else:
            super().reject()

    # Slots

    @Slot()
    def _on_field_chosen(self) -> None:
        """Offers what the field takes."""
        self._stack.setCurrentWidget(self.editor)
        is_text = self.column.rules.type is str and self.column.kind not in (Kind.ISBN, Kind.NAME)
        known = {VALUE: _("This value"), UNKNOWN: _("Not known"), EMPTY: _("An empty text")}
        if not self.column.nullable:
            del known[UNKNOWN]
        if not is_text:
            del known[EMPTY]
        self.kind.clear()
        for kind, text in known.items():
            self.kind.addItem(text, kind)
        self._show_what()

    @Slot()
    def _show_what(self) -> None:
        """Says what will be done to how many."""
        self._stack.setEnabled(self.kind.currentData() == VALUE)
        count = self._chosen.count
        self.what.setText(
            ngettext(
                "{field} of {count:,} selected {one} becomes that. It is pending until you commit.",
                "{field} of {count:,} selected records becomes that. All of it is pending until you commit.",
                count,
            ).format(field=self.column.header, count=count, one=self._chosen.description.one)
        )

    @Slot(object)
    def _on_progressed(self, progress: CopyProgress) -> None:
        self.bar.setRange(0, progress.total)
        self.bar.setValue(progress.rows)

    @Slot(object)
    def _on_loaded(self, loaded: tuple[FieldOf, ...]) -> None:
        """Changes all of them at once, but those that will be deleted."""
        self._show_running(running=False)
        if not self._context.can_edit or self._context.catalogue is not self._catalogue:
            self.problems.tell(_("Nothing can be changed now; nothing was changed."), retry=False)
            return
        name, edits = self.column.name, self._context.edits
        below = [original_of(self._chosen.description, row, **{name: value}) for row, value in loaded]
        originals = [one for one in (*self._chosen.fresh, *below) if not self._is_doomed(one)]
        changing = [one for one in originals if not same(self._now(one, name), self._wanted)]
        step = ngettext("Change {field} of {count:,} record", "Change {field} of {count:,} records", len(changing))
        step = step.format(field=self.column.header, count=len(changing))
        if changing:
            edits.set_fields(with_new_authors(edits, [(one, name, self._wanted) for one in changing]), step)
        told = _("{step}: pending.").format(step=step) if changing else _("Nothing changed.")
        self._context.message_wanted.emit(told + self._left_words(changing, originals))
        self.accept()

    @Slot(object)
    def _on_failed(self, error: BaseException) -> None:
        self._show_running(running=False)
        self.problems.tell(words_for(error, _("Cancelled. Nothing was changed.")), retry=False)

    # Helpers

    def _take_value(self) -> bool:
        """Finds out which value is wanted; False when the editor's cannot be taken, which it says itself."""
        kind = self.kind.currentData()
        if kind != VALUE:
            self._wanted = cell_value(self.column, None if kind == UNKNOWN else "")
            return True
        if not self.editor.text:  # nobody is to empty a thousand records by pressing Return
            self.problems.tell(_("Type the value, or choose above what the field becomes instead."), retry=False)
            return False
        if not self.editor.take():
            return False
        if isinstance(self.editor.editor, AuthorPicker):
            self._wanted = self.editor.editor.value
            return True
        try:
            self._wanted = self.column.parse(self.editor.text)
        except InvalidInput as problem:
            self.problems.tell(str(problem), retry=False)
            return False
        return True

    def _now(self, original: Original, name: str) -> Any:
        edit = self._context.edits.get(original.key)
        pending = edit.values if edit is not None else {}
        return pending.get(name, original.values.get(name))

    def _is_doomed(self, original: Original) -> bool:
        edit = self._context.edits.get(original.key)
        return edit is not None and edit.kind is EditKind.DELETE

    def _left_words(self, changing: list[Original], originals: list[Original]) -> str:
        """What was left as it is, and why."""
        had = len(originals) - len(changing)
        gone = self._chosen.count - len(originals)
        words = ""
        if had:
            words += " " + ngettext("{count:,} had it already.", "{count:,} had it already.", had).format(count=had)
        if gone:
            words += " " + ngettext(
                "{count:,} is deleted or will be.", "{count:,} are deleted or will be.", gone
            ).format(count=gone)
        return words

    def _show_running(self, *, running: bool) -> None:
        self.bar.setRange(0, 0)
        self.bar.setVisible(running)
        for part in (self.field, self.kind, self.change):
            part.setEnabled(not running)
        self._stack.setEnabled(not running and self.kind.currentData() == VALUE)

    def _make_parts(self) -> None:
        self._columns = list(self._chosen.description.editable)
        self.problems = ProblemBar("bulk_edit_problem")
        self.field = named(QComboBox(), "bulk_edit_field", _("Field"))
        self.field.addItems([column.header for column in self._columns])
        self.kind = named(QComboBox(), "bulk_edit_kind", _("What it becomes"))
        for box in (self.field, self.kind):
            named(box.view(), f"{box.objectName()}_list", box.accessibleName())
        self._stack = QStackedWidget()
        self._editors = [Field(column) for column in self._columns]
        for editor in self._editors:
            self._stack.addWidget(editor)
            if isinstance(editor.editor, AuthorPicker):
                editor.editor.search_wanted.connect(self._on_search_wanted)
        self.what = QLabel()
        self.what.setWordWrap(True)
        dim(self.what)
        self.bar = named(QProgressBar(), "bulk_edit_progress", _("How many records are loaded"))
        self.field.currentIndexChanged.connect(self._on_field_chosen)
        self.kind.currentIndexChanged.connect(self._show_what)

    @Slot(str)
    def _on_search_wanted(self, text: str) -> None:
        picker = self.sender()
        assert isinstance(picker, AuthorPicker)
        self._context.find_authors(picker, text)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.addRow(_("&Field"), self.field)
        form.addRow(_("&Becomes"), self.kind)
        form.addRow(_("&Value"), self._stack)
        buttons = QDialogButtonBox()
        count = self._chosen.count
        text = ngettext("&Change {count:,} record", "&Change {count:,} records", count).format(count=count)
        self.change: QPushButton = buttons.addButton(text, QDialogButtonBox.ButtonRole.AcceptRole)
        self.change.setObjectName("bulk_edit_change")
        self.change.clicked.connect(self.start)
        cancel = buttons.addButton(_("C&ancel"), QDialogButtonBox.ButtonRole.RejectRole)
        cancel.setObjectName("bulk_edit_cancel")
        cancel.clicked.connect(self.reject)
        box = QVBoxLayout(self)
        box.setSpacing(8)
        box.addWidget(self.problems)
        box.addLayout(form)
        box.addWidget(self.what)
        box.addWidget(self.bar)
        box.addStretch(1)
        box.addWidget(buttons)
        self.resize(520, 260)
