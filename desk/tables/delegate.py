"""Draws the cells of a grid and edits them: a bad value keeps its editor open and says why."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QFontMetrics, QKeyEvent, QPainter, QPalette, QPen, QPolygon
from PySide6.QtWidgets import QLineEdit, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QToolTip, QWidget

from desk.catalog.columns import Column, Kind
from desk.errors import InvalidInput
from desk.i18n import _
from desk.tables.author_picker import AuthorPicker
from desk.tables.cells import LEFT, RIGHT, RIGHT_PADDING, CellState
from desk.tables.look import look
from desk.tables.record_table import RecordTable

Index = QModelIndex | QPersistentModelIndex

NO_VALUE = "–"
DIM = CellState.MISSING | CellState.EMPTY | CellState.WAITING | CellState.DOOMED | CellState.GONE
PENDING = CellState.CHANGED | CellState.KEEPING
MARKED = PENDING | CellState.FRESH | CellState.DOOMED | CellState.DOUBTFUL
TOLD = CellState.ELSEWHERE | CellState.CLASH | CellState.GONE
FOCUSED = QStyle.StateFlag.State_HasFocus.value
SELECTED = QStyle.StateFlag.State_Selected.value
MOST_FITTED = 4000
"""Texts whose widths are remembered: those of a few screens."""
LEAVING_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab, Qt.Key.Key_Backtab)


class CellDelegate(QStyledItemDelegate):
    """The delegate of every column; `authors_wanted` carries the picker that wants a search and its text."""

    authors_wanted = Signal(object, str)
    refused = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._style = parent.style()
        self._fitted: dict[tuple[str, int], tuple[str, int]] = {}
        """(text, room for it) → what is drawn of it, and how wide that is."""
        self.measure()

    def measure(self) -> None:
        """Takes the measures of the view's font, which may have changed."""
        view = self.parent()
        assert isinstance(view, QWidget)
        self._metrics = QFontMetrics(view.font())
        self._margin = self._style.pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, None, view) + 1
        self._fitted.clear()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draws one cell. It asks the table once: Qt asks for eight roles, each a wait for the interpreter; and what is
        nothing but a line of text is drawn as one, which takes Qt's style four times as long."""
        table = index.model()
        assert isinstance(table, RecordTable)
        section = index.column()
        text, state = table.cell(index.row(), section)
        right = table.columns[section].rules.right
        if state is CellState.MISSING:
            text = NO_VALUE
        view_state = option.state.value  # a plain int: this runs in every cell
        is_plain = state is CellState.PLAIN or state is CellState.MISSING or state is CellState.WAITING
        if is_plain and not view_state & FOCUSED and (not text or text.isprintable()):
            colours = look()
            if view_state & SELECTED:
                painter.fillRect(option.rect, QColor(colours.accent))
                painter.setPen(QColor(colours.accent_text))
            else:
                painter.setPen(QColor(colours.text if state is CellState.PLAIN else colours.dim))
            if text:
                self._draw_line(painter, option.rect, text, right)
        else:
            self._paint_styled(painter, option, text or "", state, right, first=section == 0)

    def _draw_line(self, painter: QPainter, rect: QRect, text: str, right: bool) -> None:
        """Draws a line of text as Qt's style does, but without its layout of paragraphs."""
        room = rect.width() - 2 * self._margin
        fitted = self._fitted.get((text, room))
        if fitted is None:
            if len(self._fitted) > MOST_FITTED:
                self._fitted.clear()
            shown = text + RIGHT_PADDING if right else text
            if self._metrics.horizontalAdvance(shown) > room:
                shown = self._metrics.elidedText(shown, Qt.TextElideMode.ElideRight, room)
            fitted = self._fitted[text, room] = shown, self._metrics.horizontalAdvance(shown)
        shown, width = fitted
        x = rect.right() + 1 - self._margin - width if right else rect.left() + self._margin
        middle = rect.height() + self._metrics.ascent() - self._metrics.descent()
        painter.drawText(x, rect.top() + middle // 2, shown)

    def _paint_styled(
        self, painter: QPainter, option: QStyleOptionViewItem, text: str, state: CellState, right: bool, *, first: bool
    ) -> None:
        drawn = QStyleOptionViewItem(option)
        drawn.displayAlignment = RIGHT if right else LEFT
        drawn.features |= QStyleOptionViewItem.ViewItemFeature.HasDisplay
        drawn.text = text + (RIGHT_PADDING if right else "")
        if state:
            self._show_state(drawn, state, right)
        self._style.drawControl(QStyle.ControlElement.CE_ItemViewItem, drawn, painter, drawn.widget)
        if state & (MARKED | TOLD):
            self._draw_marks(painter, option.rect, state, first=first)

    def _show_state(self, drawn: QStyleOptionViewItem, state: CellState, right: bool) -> None:
        colours = look()
        if state & CellState.MISSING:
            drawn.text = NO_VALUE + (RIGHT_PADDING if right else "")
        elif state & CellState.EMPTY:
            drawn.text = _("(empty)")
            drawn.font.setItalic(True)
        if state & DIM:
            drawn.palette.setColor(QPalette.ColorRole.Text, QColor(colours.dim))
        if state & (CellState.DOOMED | CellState.GONE):
            drawn.font.setStrikeOut(True)
        background = (
            colours.doomed if state & CellState.DOOMED
            else colours.fresh if state & CellState.FRESH
            else colours.pending if state & PENDING
            else None
        )  # fmt: skip
        if background:
            drawn.backgroundBrush = QBrush(QColor(background))

    def _draw_marks(self, painter: QPainter, rect: QRect, state: CellState, *, first: bool) -> None:
        colours = look()
        hollow = bool(state & CellState.KEEPING)
        if state & CellState.FRESH and first:
            self._draw_edge(painter, rect, colours.fresh_mark, hollow=hollow)
        elif state & CellState.DOOMED and first:
            self._draw_edge(painter, rect, colours.doomed_mark, hollow=hollow)
        elif state & PENDING and not state & (CellState.FRESH | CellState.DOOMED):
            self._draw_corner(painter, rect, colours.pending_mark, hollow=hollow)
        if state & CellState.DOUBTFUL:
            self._draw_wave(painter, rect, colours.warn)
        if state & TOLD:
            self._draw_told(painter, rect, state, first=first)

    def createEditor(self, parent: QWidget, _option: QStyleOptionViewItem, index: Index) -> QWidget:
        column = self._column(index)
        if column.kind is Kind.AUTHOR:
            picker = AuthorPicker(parent)
            picker.setObjectName("cell_author_picker")
            picker.search_wanted.connect(self._on_search_wanted)
            picker.picked.connect(self._on_picked)
            return picker
        editor = QLineEdit(parent)
        editor.setObjectName("cell_editor")
        editor.setFrame(False)
        editor.setMaxLength(2**31 - 1)
        editor.setAccessibleName(column.header)
        editor.setPlaceholderText(column.hint)
        return editor

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """Fills an editor once, when it opens, and binds it to its record: data that arrives later changes neither."""
        if editor.property("column") is not None:
            return
        table = index.model()
        assert isinstance(table, RecordTable)
        editor.setProperty("original", table.original_at(index.row()))
        value = index.data(Qt.ItemDataRole.EditRole)
        if isinstance(editor, AuthorPicker):
            editor.show_value(value)
        elif isinstance(editor, QLineEdit):
            editor.setText(_as_typed(self._column(index), value))
            editor.selectAll()
            editor.setProperty("started", editor.text())  # not always the value: Qt drops a leading U+FEFF
        editor.setProperty("column", self._column(index))
        editor.setProperty("before", value)

    def setModelData(self, editor: QWidget, model: Any, _index: Index) -> None:
        """Hands the value to the record on which the editor was opened, wherever its row is now."""
        original, column = editor.property("original"), editor.property("column")
        if isinstance(editor, AuthorPicker):
            if editor.value != editor.property("before"):
                model.take(original, column, editor.value)
        elif isinstance(editor, QLineEdit) and editor.text() != editor.property("started"):
            model.take(original, column, editor.text())

    def eventFilter(self, editor: QObject, event: QEvent) -> bool:
        """Keeps an editor open while what stands in it cannot be taken."""
        leaves = event.type() == QEvent.Type.FocusOut or (
            isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() in LEAVING_KEYS
        )
        if leaves and isinstance(editor, AuthorPicker):
            before = editor.value
            if event.type() == QEvent.Type.FocusOut:
                editor.take_emptiness()
            elif not editor.take_text():
                return True
            if editor.value is not before:
                return event.type() == QEvent.Type.KeyPress  # what was picked has closed the editor
        elif leaves and isinstance(editor, QLineEdit) and not self._is_good(editor):
            return True
        return super().eventFilter(editor, event)

    def take(self, editor: QWidget) -> bool:
        """Takes what stands in an open editor and closes it; answers False when it cannot be taken."""
        if isinstance(editor, AuthorPicker):
            before = editor.value
            if not editor.take_text(choose=False):
                return False
            if editor.value is not before:
                return True
        elif isinstance(editor, QLineEdit) and not self._is_good(editor):
            return False
        self.commitData.emit(editor)
        self.closeEditor.emit(editor, QStyledItemDelegate.EndEditHint.NoHint)
        return True

    # Slots

    def _on_search_wanted(self, text: str) -> None:
        self.authors_wanted.emit(self.sender(), text)

    def _on_picked(self, _choice: object) -> None:
        picker = self.sender()
        assert isinstance(picker, AuthorPicker)
        self.commitData.emit(picker)
        self.closeEditor.emit(picker, QStyledItemDelegate.EndEditHint.NoHint)

    # Helpers

    def _column(self, index: Index) -> Column:
        table = index.model()
        assert isinstance(table, RecordTable)
        return table.columns[index.column()]

    def _is_good(self, editor: QLineEdit) -> bool:
        column: Column = editor.property("column")
        if editor.text() == editor.property("started"):
            return True
        try:
            column.parse(editor.text())
        except InvalidInput as problem:
            self._refuse(editor, str(problem))
            return False
        return True

    def _refuse(self, editor: QLineEdit, reason: str) -> None:
        palette = editor.palette()
        palette.setColor(QPalette.ColorRole.Base, QColor(look().doomed))
        editor.setPalette(palette)
        editor.setToolTip(reason)
        QToolTip.showText(editor.mapToGlobal(QPoint(0, editor.height())), reason, editor)
        self.refused.emit(reason)

    def _draw_told(self, painter: QPainter, rect: QRect, state: CellState, *, first: bool) -> None:
        """What others did: a corner at the foot, a frame around what both sides changed, an edge of two lines."""
        colours = look()
        painter.save()
        if state & CellState.GONE and first:
            for x in (rect.left(), rect.left() + 3):
                painter.fillRect(QRect(x, rect.top(), 1, rect.height()), QColor(colours.doomed_mark))
        if state & CellState.CLASH:
            painter.setPen(QPen(QColor(colours.bad), 2))
            painter.drawRect(rect.adjusted(1, 1, -1, -1))
        elif state & CellState.ELSEWHERE:
            foot = rect.bottomRight()
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.accent))
            painter.drawPolygon(QPolygon([foot, foot + QPoint(-8, 0), foot + QPoint(0, -8)]))
        painter.restore()

    @staticmethod
    def _draw_corner(painter: QPainter, rect: QRect, colour: str, *, hollow: bool) -> None:
        corner = rect.topRight()
        painter.save()
        painter.setPen(QColor(colour) if hollow else Qt.PenStyle.NoPen)
        painter.setBrush(Qt.BrushStyle.NoBrush if hollow else QColor(colour))
        painter.drawPolygon(QPolygon([corner, corner + QPoint(-7, 0), corner + QPoint(0, 7)]))
        painter.restore()

    @staticmethod
    def _draw_edge(painter: QPainter, rect: QRect, colour: str, *, hollow: bool) -> None:
        edge = QRect(rect.left(), rect.top(), 3, rect.height())
        painter.fillRect(edge, QColor(colour))
        if hollow:
            painter.fillRect(edge.adjusted(1, 1, -1, -1), QColor(look().base))

    @staticmethod
    def _draw_wave(painter: QPainter, rect: QRect, colour: str) -> None:
        painter.save()
        painter.setPen(QColor(colour))
        bottom = rect.bottom() - 2
        points = [QPoint(x, bottom - (x // 2 % 2) * 2) for x in range(rect.left() + 4, rect.right() - 3, 2)]
        painter.drawPolyline(points)
        painter.restore()


def _as_typed(column: Column, value: Any) -> str:
    """The text from which an editor starts: unlike a cell's text it keeps line breaks."""
    if value is None:
        return ""
    return value if isinstance(value, str) else column.format(value) or ""
