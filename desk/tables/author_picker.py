"""A line edit that finds authors while one types, and offers to create the one that is not there.

It announces what to look for and shows what came back; who looks is not its concern.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QWidget

from desk.catalog import keys
from desk.catalog.columns import KINDS, Kind
from desk.errors import InvalidInput
from desk.i18n import _
from desk.tables.edit_stack import NewAuthor

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PySide6.QtGui import QFocusEvent, QHideEvent, QKeyEvent

    from desk.catalog.rows import AuthorRef

TYPING_PAUSE_MS = 120
CHOICE = int(Qt.ItemDataRole.UserRole)


class AuthorPicker(QLineEdit):
    """Chooses an author, none (an anonymous work), or a new one.

    `search_wanted` carries the typed text; `picked` an AuthorRef, a NewAuthor or None. The typed text stays when
    results come.
    """

    search_wanted = Signal(str)
    picked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.value: AuthorRef | NewAuthor | None = None
        self._is_left = False
        """Whether the line was left since something was typed or asked for."""
        self._found_for = ""
        """The text that the choices on offer were found for."""
        self.setPlaceholderText(_("Anonymous"))
        self.setAccessibleName(_("Author"))
        self.setClearButtonEnabled(True)
        self._list = QListWidget(self)
        self._list.setObjectName("author_choices")
        self._list.setAccessibleName(_("Authors found"))
        self._list.setWindowFlags(Qt.WindowType.ToolTip)
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.setFocusProxy(self)
        self._list.itemClicked.connect(self._on_item_clicked)
        self._pause = QTimer(self, singleShot=True, interval=TYPING_PAUSE_MS)
        self._pause.timeout.connect(self._on_pause)
        self.textEdited.connect(self._on_text_edited)

    @property
    def choices(self) -> list[str]:
        """The texts of the choices on offer."""
        return [self._list.item(row).text() for row in range(self._list.count())]

    @property
    def is_offering(self) -> bool:
        """Whether choices are on offer."""
        return self._list.isVisible()

    def show_value(self, value: AuthorRef | NewAuthor | None) -> None:
        """Shows the author that is chosen now."""
        self.value = value
        self.setText(value.name if value else "")

    def show_found(self, text: str, found: Iterable[AuthorRef]) -> None:
        """Shows what a search found; ignored when something else was typed since, or the line was left."""
        if text != self.text() or self._is_left or self.isReadOnly():
            return
        self._found_for = text
        self._list.clear()
        for author in found:
            self._offer(author.name, author)
        name = keys.collapsed(text)
        if name and all(choice != name for choice in self.choices):
            self._offer(_("Create “{name}”").format(name=name), NewAuthor(name))
        if self._list.count():
            self._list.setCurrentRow(0)
            self._open()

    def pick(self, row: int) -> None:
        """Takes one of the choices on offer."""
        choice = self._list.item(row).data(CHOICE)
        if isinstance(choice, NewAuthor) and not self._is_name(choice.name):
            return
        self._is_left = True
        self._list.hide()
        self._pause.stop()
        self.show_value(choice)
        self.picked.emit(choice)

    def take_text(self, *, choose: bool = True) -> bool:
        """Makes what stands in the line the value: empty is no author; an unknown name needs a choice first.

        With `choose` the highlighted choice is taken, as Return and Tab do. Answers whether the line now shows the
        value.
        """
        text = self.text()
        if self.value is not None and text == self.value.name:
            return True
        if not text.strip():
            self._list.hide()
            if self.value is not None:
                self.value = None
                self.picked.emit(None)
            return True
        if choose and self._list.isVisible() and self._list.currentRow() >= 0 and self._found_for == text:
            self.pick(self._list.currentRow())
            return self.value is not None and self.text() == self.value.name
        self._on_pause()
        return False

    def take_emptiness(self) -> None:
        """Makes an empty line "no author", as leaving it does; any other text needs a choice."""
        if not self.text().strip():
            self.take_text()

    # Qt

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.isReadOnly():
            super().keyPressEvent(event)
            return
        key, rows = event.key(), self._list.count()
        if self._list.isVisible() and key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            step = 1 if key == Qt.Key.Key_Down else -1
            self._list.setCurrentRow((self._list.currentRow() + step) % rows)
            return
        if self._list.isVisible() and key == Qt.Key.Key_Escape:
            self._list.hide()
            return
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.take_text()
            return
        if key == Qt.Key.Key_Down and not self._list.isVisible():
            self._on_pause()
            return
        super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._list.hide()
        self._pause.stop()
        self.take_emptiness()
        super().focusOutEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._list.hide()
        super().hideEvent(event)

    # Slots

    @Slot(str)
    def _on_text_edited(self, _text: str) -> None:
        self._pause.start()

    @Slot()
    def _on_pause(self) -> None:
        self._pause.stop()
        self._is_left = False
        self.search_wanted.emit(self.text())

    @Slot(QListWidgetItem)
    def _on_item_clicked(self, item: QListWidgetItem) -> None:
        self.pick(self._list.row(item))

    # Helpers

    def _offer(self, text: str, choice: AuthorRef | NewAuthor) -> None:
        item = QListWidgetItem(text, self._list)
        item.setData(CHOICE, choice)

    def _open(self) -> None:
        rows = min(self._list.count(), 8)
        height = rows * self._list.sizeHintForRow(0) + 2 * self._list.frameWidth()
        self._list.setGeometry(0, 0, max(self.width(), 240), height)
        self._list.move(self.mapToGlobal(QPoint(0, self.height())))
        self._list.show()

    def _is_name(self, name: str) -> bool:
        parse = KINDS[Kind.NAME].parse
        assert parse is not None
        try:
            parse(name)
        except InvalidInput as problem:
            self.setToolTip(str(problem))
            return False
        return True
