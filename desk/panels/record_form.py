"""The record form: one editor for each field that may be edited, over what is loaded and what is pending.

A field is taken when it is left; a bad value stays in its editor with the reason below, and nothing else is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFormLayout, QLabel, QLineEdit, QPlainTextEdit, QSizePolicy, QVBoxLayout, QWidget

from desk.catalog.columns import Column, Kind, TableDescription
from desk.errors import InvalidInput
from desk.i18n import _
from desk.panels.parts import named, styled, tool_button
from desk.tables.author_picker import AuthorPicker

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QToolButton

    from desk.tables.edit_stack import NewAuthor
    from desk.tables.look import Look

ROOM_TIP = _("Open in a roomy editor (Ctrl+Enter)")


class RecordForm(QWidget):
    """A form over one table's fields.

    `value_entered` carries a column's name and its new value; `authors_wanted` the picker and its text; `given_up`
    tells that Escape brought a field's value back, `room_wanted` that its long text is to be edited in a roomy editor.
    """

    value_entered = Signal(str, object)
    authors_wanted = Signal(object, str)
    given_up = Signal()
    room_wanted = Signal()

    def __init__(self, description: TableDescription, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"{description.name}_form")
        self.description = description
        self.fields = {column.name: Field(column, self) for column in description.editable}
        self._rooms: list[QToolButton] = []
        """The buttons that open a roomy editor."""
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for name, field in self.fields.items():
            label = QLabel(description.column(name).header)
            label.setBuddy(field.editor)
            form.addRow(self._with_button(label) if isinstance(field.editor, QPlainTextEdit) else label, field)
            field.value_entered.connect(self.value_entered)
            field.given_up.connect(self.given_up)
        picker = self.author_picker
        if picker is not None:
            picker.search_wanted.connect(self._on_search_wanted)

    @property
    def author_picker(self) -> AuthorPicker | None:
        """The picker of a form that has one."""
        field = self.fields.get("author")
        return field.editor if field and isinstance(field.editor, AuthorPicker) else None

    @property
    def focused_column(self) -> Column | None:
        """The column in whose field the cursor is."""
        return next((self.description.column(name) for name, one in self.fields.items() if one.editor.hasFocus()), None)

    def show_values(self, value_of: Callable[[str], Any], pending: Callable[[str], bool]) -> None:
        """Fills the fields; one that is being typed in keeps its text."""
        for name, field in self.fields.items():
            field.show_value(value_of(name), pending=pending(name))

    def set_editable(self, editable: bool, reason: str = "") -> None:
        """Opens the fields for typing, or closes them for a `reason` that hovering tells ('': for a moment only)."""
        for field in self.fields.values():
            field.set_editable(editable, reason)
        for button in self._rooms:
            button.setEnabled(not reason)
            button.setToolTip(reason or ROOM_TIP)

    def take(self) -> bool:
        """Takes the field that is being typed in; answers whether nothing was refused."""
        taken = [field.take() for field in self.fields.values()]
        return all(taken)

    def focus_first(self) -> None:
        next(iter(self.fields.values())).editor.setFocus()

    def _with_button(self, label: QLabel) -> QWidget:
        """The label of a long text above the button that opens a roomy editor."""
        head = QWidget()
        box = QVBoxLayout(head)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(label)
        button = tool_button(f"{self.description.name}_room", ROOM_TIP, "edit")
        button.clicked.connect(self.room_wanted)
        self._rooms.append(button)
        box.addWidget(button, alignment=Qt.AlignmentFlag.AlignRight)
        box.addStretch(1)
        return head

    @Slot(str)
    def _on_search_wanted(self, text: str) -> None:
        self.authors_wanted.emit(self.author_picker, text)


class Field(QWidget):
    """One field of a form: an editor with the reason why its text was refused below it."""

    value_entered = Signal(str, object)
    given_up = Signal()

    def __init__(self, column: Column, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = column
        self._value: Any = None
        self._started = ""
        """The text from which typing starts; not always the value's own: editors change line ends."""
        self._pending = False
        self.editor = self._make_editor()
        self.editor.installEventFilter(self)
        self._reason = named(
            QLabel(), f"{column.name}_reason", _("Why {field} was refused").format(field=column.header)
        )
        self._reason.setWordWrap(True)
        styled(self._reason, lambda colours: f"color: {colours.bad};")
        self._reason.hide()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2)
        box.addWidget(self.editor)
        box.addWidget(self._reason)

    @property
    def text(self) -> str:
        if isinstance(self.editor, QPlainTextEdit):
            # not toPlainText, which makes no-break spaces plain ones
            return self.editor.document().toRawText().replace("\u2029", "\n")
        assert isinstance(self.editor, QLineEdit)
        return self.editor.text()

    @property
    def reason(self) -> str:
        """Why the text was refused; '' when it was not."""
        return self._reason.text() if not self._reason.isHidden() else ""

    def show_value(self, value: Any, *, pending: bool) -> None:
        """Shows a value, unless something else is being typed here."""
        typing = self.text != self._started and (self.editor.hasFocus() or bool(self.reason))
        self._value = value
        self._mark(pending)
        if typing:
            return
        self._reason.hide()
        if isinstance(self.editor, AuthorPicker):
            self.editor.show_value(value)
        elif isinstance(self.editor, QPlainTextEdit):
            self.editor.setPlainText(self._shown(value))
        elif isinstance(self.editor, QLineEdit) and self.text != self._shown(value):
            self.editor.setText(self._shown(value))
            self.editor.setCursorPosition(0)
        self._started = self.text

    def set_editable(self, editable: bool, reason: str = "") -> None:
        assert isinstance(self.editor, QLineEdit | QPlainTextEdit)
        self.editor.setReadOnly(not editable)
        self.editor.setToolTip(reason)
        self.editor.setAccessibleDescription(reason)

    def take(self) -> bool:
        """Takes what stands here; answers False, and shows the reason, when it cannot be taken."""
        if self.text == self._started:
            self._reason.hide()
            return True
        if isinstance(self.editor, AuthorPicker):
            return self._take_choice(self.editor)
        try:
            value = self._column.parse(self.text)
        except InvalidInput as problem:
            self._refuse(str(problem))
            return False
        self._reason.hide()
        self._value = value
        self._started = self.text
        self.value_entered.emit(self._column.name, value)
        return True

    # Qt

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut and isinstance(self.editor, QPlainTextEdit):
            self.take()
        elif self._gives_up(event):
            self._give_up()
            return True
        return super().eventFilter(watched, event)

    # Slots

    @Slot()
    def _on_editing_finished(self) -> None:
        self.take()

    @Slot(object)
    def _on_picked(self, choice: NewAuthor | None) -> None:
        self._value = choice
        self._started = self.text
        self._reason.hide()
        self.value_entered.emit(self._column.name, choice)

    # Helpers

    def _take_choice(self, picker: AuthorPicker) -> bool:
        """An author is taken by choosing: a name that was only typed is none yet."""
        if picker.take_text(choose=False):
            return True
        self._refuse(_("Choose an author from the list, or create the new one."))
        return False

    def _refuse(self, reason: str) -> None:
        self._reason.setText(reason)
        self._reason.show()

    def _gives_up(self, event: QEvent) -> bool:
        return (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() == Qt.Key.Key_Escape
            and self.text != self._started
        )

    def _give_up(self) -> None:
        """Brings the value back that stood here before typing."""
        assert isinstance(self.editor, QLineEdit | QPlainTextEdit)
        if isinstance(self.editor, AuthorPicker):
            self.editor.show_value(self._value)
        elif isinstance(self.editor, QPlainTextEdit):
            self.editor.setPlainText(self._shown(self._value))
        else:
            self.editor.setText(self._shown(self._value))
        self._started = self.text
        self._reason.hide()
        self.given_up.emit()

    def _make_editor(self) -> QWidget:
        column = self._column
        if column.kind is Kind.AUTHOR:
            picker = AuthorPicker()
            picker.picked.connect(self._on_picked)
            return named(picker, f"field_{column.name}", column.header)
        if column.kind is Kind.NOTES:
            notes = named(QPlainTextEdit(), f"field_{column.name}", column.header)
            notes.setTabChangesFocus(True)
            notes.setMaximumHeight(72)
            notes.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)  # a row of its height only
            return notes
        line = named(QLineEdit(), f"field_{column.name}", column.header)
        line.setMaxLength(2**31 - 1)
        line.setPlaceholderText(column.hint)
        line.editingFinished.connect(self._on_editing_finished)
        return line

    def _shown(self, value: Any) -> str:
        if value is None:
            return ""
        return value if isinstance(value, str) else self._column.format(value) or ""

    def _mark(self, pending: bool) -> None:
        def style(colours: Look) -> str:
            if not self._pending:
                return ""
            edge = f"border-left: 3px solid {colours.pending_mark};"
            return f"QLineEdit, QPlainTextEdit {{ background: {colours.pending}; {edge} }}"

        if pending != self._pending:
            self._pending = pending
            styled(self.editor, style)
