"""The filter bar: one chip for each filter of a view, and a button that adds one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desk.catalog.criteria import Criteria, Filter, Op
from desk.catalog.criteria_options import WITHOUT_VALUE, parse_filter
from desk.catalog.values import format_price
from desk.errors import InvalidInput
from desk.i18n import _
from desk.panels.parts import named, styled, tool_button
from desk.tables.look import Look, icon

if TYPE_CHECKING:
    from desk.catalog.columns import Column, TableDescription

OPS: dict[Op, str] = {
    Op.CONTAINS: _("contains"),
    Op.EQUALS: _("equals"),
    Op.EMPTY: _("is empty"),
    Op.RANGE: _("between"),
    Op.HAS_BOOK_OVER: _("has a book over"),
    Op.NO_BOOKS: _("has no books"),
}


def describe(description: TableDescription, one: Filter) -> str:
    """A filter as a person reads it on its chip."""
    column = description.column(one.column)
    if one.op is Op.NO_BOOKS:
        return _("has no books")
    if one.op is Op.HAS_BOOK_OVER:
        return _("has a book over {price}").format(price=format_price(one.value))
    if one.op is Op.EMPTY:
        return _("{column} is empty").format(column=column.header)
    if one.op is Op.RANGE:
        low = "…" if one.value is None else column.format(one.value)
        high = "…" if one.high is None else column.format(one.high)
        return f"{column.header} {low} – {high}"
    value = one.value if isinstance(one.value, str) else column.format(one.value)
    sign = "=" if one.op is Op.EQUALS else _("contains")
    return f"{column.header} {sign} {value}"


class FilterBar(QWidget):
    """Shows and changes the filters of a view: `filters_wanted` carries the new Criteria."""

    filters_wanted = Signal(object)

    def __init__(self, description: TableDescription, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"{description.name}_filter_bar")
        self._description = description
        self._criteria = Criteria(description.name)
        self._editor: FilterEditor | None = None
        self.add_button = named(QToolButton(), f"{description.name}_add_filter", _("Add a filter"))
        self.add_button.setText(_("Filter"))
        self.add_button.setToolTip(_("Add a filter"))
        self.add_button.setIcon(icon("filter"))
        self.add_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.add_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.add_button.setAutoRaise(True)
        self.add_button.setMenu(self._make_menu())
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(6)
        self._row.addWidget(self.add_button)
        self._row.addStretch(1)

    @property
    def chips(self) -> list[Chip]:
        """The chips, in the order of the filters."""
        items = (self._row.itemAt(place) for place in range(self._row.count()))
        widgets = (item.widget() for item in items if item is not None)
        return [widget for widget in widgets if isinstance(widget, Chip)]

    def show_criteria(self, criteria: Criteria) -> None:
        """Shows the filters of a view."""
        self._criteria = criteria
        for chip in self.chips:
            self._row.removeWidget(chip)
            chip.deleteLater()
        for place, one in enumerate(criteria.filters):
            chip = Chip(describe(self._description, one), one, self)
            chip.edit_wanted.connect(self._on_edit_wanted)
            chip.remove_wanted.connect(self._on_remove_wanted)
            self._row.insertWidget(place, chip)

    def edit_filter(self, column: Column, op: Op, current: Filter | None = None) -> FilterEditor | None:
        """Asks for the values of a filter; one that needs none is added at once (then None is answered)."""
        if op in WITHOUT_VALUE:
            self._on_filter_ready(Filter(column.name, op))
            return None
        self._editor = FilterEditor(column, op, current, self)
        self._editor.filter_ready.connect(self._on_filter_ready)
        self._editor.move(self.mapToGlobal(QPoint(0, self.height() + 2)))
        self._editor.show()
        return self._editor

    @Slot(object)
    def _on_filter_ready(self, one: Filter) -> None:
        self.filters_wanted.emit(self._criteria.with_filter(one))

    @Slot(object)
    def _on_edit_wanted(self, one: Filter) -> None:
        if one.op not in WITHOUT_VALUE:
            self.edit_filter(self._description.column(one.column), one.op, one)

    @Slot(object)
    def _on_remove_wanted(self, one: Filter) -> None:
        self.filters_wanted.emit(self._criteria.without_filter(one))

    def _make_menu(self) -> QMenu:
        menu = QMenu(self)
        for column in self._description.grid:
            if not column.filters:
                continue
            under = menu.addMenu(column.header)
            for op in column.filters:
                action = under.addAction(OPS[op] + ("" if op in WITHOUT_VALUE else " …"))
                action.setObjectName(f"filter_{column.name}_{op.value}")
                action.setData((column, op))
        menu.triggered.connect(self._on_menu_triggered)
        return menu

    @Slot(object)
    def _on_menu_triggered(self, action: Any) -> None:
        column, op = action.data()
        self.edit_filter(column, op)


class Chip(QFrame):
    """One filter: a click edits it, its cross takes it away."""

    edit_wanted = Signal(object)
    remove_wanted = Signal(object)

    def __init__(self, text: str, one: Filter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.filter = one
        self.text = text
        self.setObjectName("chip")
        styled(self, _chip_style)
        label = named(QToolButton(), "chip_edit", _("Change the filter {text}").format(text=text))
        label.setText(text if len(text) <= 40 else text[:39] + "…")
        label.setAutoRaise(True)
        label.clicked.connect(self._on_clicked)
        remove = tool_button("chip_remove", _("Remove the filter {text}").format(text=text), "close")
        remove.clicked.connect(self._on_remove)
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 0, 2, 0)
        row.setSpacing(0)
        row.addWidget(label)
        row.addWidget(remove)

    @Slot()
    def _on_clicked(self) -> None:
        self.edit_wanted.emit(self.filter)

    @Slot()
    def _on_remove(self) -> None:
        self.remove_wanted.emit(self.filter)


def _chip_style(colours: Look) -> str:
    return f"#chip {{ background: {colours.button}; border: 1px solid {colours.line}; border-radius: 11px; }}"


class FilterEditor(QFrame):
    """A small pop-up that asks for the one or two values of a filter and says what is wrong with them."""

    filter_ready = Signal(object)

    def __init__(self, column: Column, op: Op, current: Filter | None, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("filter_editor")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._column = column
        self._op = op
        captions = (_("from"), _("to")) if op is Op.RANGE else (OPS[op],)
        starts = (current.value, current.high) if current else (None, None)
        self.fields = [self._make_field(caption, start) for caption, start in zip(captions, starts, strict=False)]
        self._problem = QLabel()
        self._problem.setWordWrap(True)
        styled(self._problem, lambda colours: f"color: {colours.bad};")
        self._problem.hide()
        form = QFormLayout()
        for caption, field in zip(captions, self.fields, strict=True):
            form.addRow(f"{column.header} {caption}", field)
        apply = named(QPushButton(_("Apply")), "filter_apply", _("Apply the filter"))
        apply.clicked.connect(self.apply)
        column_box = QVBoxLayout(self)
        column_box.addLayout(form)
        column_box.addWidget(self._problem)
        column_box.addWidget(apply, 0, Qt.AlignmentFlag.AlignRight)
        self.setMinimumWidth(280)
        self.fields[0].setFocus()

    @Slot()
    def apply(self) -> None:
        """Takes the typed values, or says what is wrong with them."""
        try:
            one = parse_filter(self._column, self._op, [field.text() for field in self.fields])
        except InvalidInput as problem:
            self._problem.setText(str(problem))
            self._problem.show()
            self.adjustSize()
            return
        self.filter_ready.emit(one)
        self.close()

    def _make_field(self, caption: str, start: Any) -> QLineEdit:
        field = named(QLineEdit(), f"filter_{caption}", f"{self._column.header} {caption}")
        field.setPlaceholderText(self._column.hint)
        if start is not None:
            field.setText(start if isinstance(start, str) else self._column.format(start) or str(start))
        field.returnPressed.connect(self.apply)
        return field
