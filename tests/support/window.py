"""Drives the window as a person does: through its widgets, waiting for what it shows and never for time."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QMessageBox, QWidget

from desk.app import bootstrap, make_application
from desk.catalog.columns import TABLES
from desk.dialogs.conflict import ConflictDialog
from desk.tables.layouts import ColumnLayouts
from desk.window import live_marks
from desk.window.file_menu import import_dialogs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QTableView
    from pytestqt.qtbot import QtBot

    from desk.catalog.edits import RecordKey
    from desk.catalog.grid_layout import GridLayout
    from desk.operations.connect import OpenCatalogue
    from desk.panels.browser import Browser
    from desk.panels.details import DetailsPanel
    from desk.panels.record_pages import RecordPage
    from desk.tables.edit_stack import EditStack
    from desk.tables.record_table import RecordTable
    from desk.window.main_window import MainWindow

W = TypeVar("W", bound=QWidget)
PATIENCE_MS = 10_000
NEVER_MS = 100_000_000


@pytest.fixture(scope="session")
def application(qapp: QApplication) -> Iterator[QApplication]:
    """The one application, with Desk's style and palette; its dialogs are imported, so that no window does it later.
    At the end nothing of ours is on the clipboard: Qt would let go of it after Python is gone, and crash."""
    import_dialogs()
    live_marks.LOOK_MS = NEVER_MS  # tests look when they want to
    yield make_application([])
    QGuiApplication.clipboard().clear()


def drop_deleted() -> None:
    """Really deletes what waits for it: `deleteLater` outside of an event loop waits for the next one."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def child(inside: QWidget, kind: type[W], name: str) -> W:
    """The widget of that object name; fails when there is none."""
    found = inside.findChild(kind, name)
    assert isinstance(found, kind), f"there is no {kind.__name__} {name}"
    return found


class Desk:
    """A window and the hands that use it."""

    def __init__(self, window: MainWindow, bot: QtBot) -> None:
        self.window = window
        self._bot = bot

    # What is there

    @property
    def browser(self) -> Browser:
        return self.window.browser

    @property
    def table(self) -> RecordTable:
        return self.browser.table

    @property
    def edits(self) -> EditStack:
        return self.window.context.edits

    @property
    def details(self) -> DetailsPanel:
        return self.window.details

    @property
    def page(self) -> RecordPage:
        page = self.details.page
        assert page is not None, "no record is shown"
        return page

    @property
    def catalogue(self) -> OpenCatalogue:
        catalogue = self.window.context.catalogue
        assert catalogue is not None, "no catalogue is open"
        return catalogue

    @property
    def message(self) -> str:
        return self.window.status.currentMessage()

    def text(self, row: int, column: str) -> str | None:
        """What a cell of the grid in front shows."""
        text: str | None = self.table.index(row, self.section(column)).data()
        return text

    def texts(self, column: str, rows: int) -> list[str | None]:
        return [self.text(row, column) for row in range(rows)]

    def section(self, column: str) -> int:
        return [one.name for one in self.table.columns].index(column)

    def field(self, name: str) -> QWidget:
        """The editor of a field of the form."""
        return self.page.form.fields[name].editor

    def dialog(self, name: str, kind: type[W]) -> W:
        """The dialog of a command of the File menu, opened where it is not open yet."""
        if self.window.files.dialog(name) is None:
            self.trigger(name)
        found = self.window.files.dialog(name)
        assert isinstance(found, kind), f"{name} opened {found}"
        self.until(found.isVisible, f"the dialog of “{name}”")
        return found

    # Waiting

    def until(self, fact: Callable[[], object], what: str = "it", *, patience_ms: int = PATIENCE_MS) -> None:
        def is_so() -> bool:
            return bool(fact())

        try:
            self._bot.waitUntil(is_so, timeout=patience_ms)
        except Exception as error:
            raise AssertionError(f"waited in vain for {what}") from error

    def settle(self) -> None:
        """Until nothing runs and the view in front is loaded and counted."""
        runner = self.window.context.runner
        self.until(
            lambda: not runner.running and self.browser.is_loaded and self._is_counted() and self._is_painted(),
            "the view",
        )

    def _is_counted(self) -> bool:
        return self.table.is_exact or self.table.places.hits is not None

    def _is_painted(self) -> bool:
        """Whether the rows in sight are loaded, so that no page will be asked for."""
        grid = self.browser.grid
        first, last = grid.rowAt(0), grid.rowAt(grid.viewport().height() - 1)
        last = self.table.rowCount() - 1 if last < 0 else last
        return all(self.table.key_at(row) is not None for row in range(max(first, 0), last + 1))

    # Hands

    def trigger(self, command: str) -> None:
        action: QAction = self.window.commands[command]
        self.until(action.isEnabled, f"“{command}” to be enabled")
        action.trigger()

    def is_enabled(self, command: str) -> bool:
        return bool(self.window.commands[command].isEnabled())

    def click(self, inside: QWidget, name: str) -> None:
        self._bot.mouseClick(child(inside, QAbstractButton, name), Qt.MouseButton.LeftButton)

    def question(self) -> QMessageBox:
        """The question that is open."""
        self.until(lambda: isinstance(self.window.unit.dialog, QMessageBox) and self.window.unit.dialog.isVisible())
        box = self.window.unit.dialog
        assert isinstance(box, QMessageBox)
        return box

    def answer(self, button: str) -> None:
        """Clicks a button of the open question, by object name or by its text."""
        box = self.question()
        for one in box.buttons():
            if button in (one.objectName(), one.text().replace("&", "")):
                self._bot.mouseClick(one, Qt.MouseButton.LeftButton)
                self.until(lambda: not box.isVisible(), "the question to go")
                return
        raise AssertionError(f"no button {button} in {[one.text() for one in box.buttons()]}")

    def conflict(self) -> ConflictDialog:
        """The conflict dialog that is open."""
        self.until(lambda: isinstance(self.window.unit.dialog, ConflictDialog), "the conflict dialog")
        dialog = self.window.unit.dialog
        assert isinstance(dialog, ConflictDialog)
        return dialog

    def choose_table(self, name: str) -> None:
        self.window.side_bar.choose(name)
        self.settle()

    def search(self, text: str) -> None:
        """Types into the search box in front."""
        self.browser.search.selectAll()
        if text:
            QTest.keyClicks(self.browser.search, text)
        else:
            QTest.keyClick(self.browser.search, Qt.Key.Key_Backspace)
        self.until(lambda: self.browser.criteria.search == text, "the search to be taken")
        self.settle()

    def sort_by(self, column: str, *, shift: bool = False) -> None:
        """Clicks on a header."""
        click_header(self.browser.grid, self.section(column), shift=shift)
        self.settle()

    def find(self, text: str) -> RecordKey:
        """Searches, and rests on the first row until its details are here."""
        self.search(text)
        key = self.table.key_at(0)
        assert key is not None, f"{text} was not found"
        self.browser.select(key)
        self.until(lambda: self.details.key == key and self.details.is_complete, "the details")
        return key

    def open_cell(self, column: str) -> QLineEdit:
        """Opens the editor of a cell of the current row."""
        grid = self.browser.grid
        grid.setFocus()
        index = self.table.index(grid.current_row, self.section(column))
        grid.setCurrentIndex(index)
        grid.edit(index)
        editor = grid.indexWidget(index)
        assert isinstance(editor, QLineEdit), f"{column} opens no editor"
        return editor

    def type_cell(self, column: str, text: str) -> None:
        """Types a value into a cell of the current row."""
        editor = self.open_cell(column)
        index = self.browser.grid.currentIndex()
        editor.selectAll()
        QTest.keyClicks(editor, text)
        QTest.keyClick(editor, Qt.Key.Key_Return)
        self.until(lambda: self.browser.grid.indexWidget(index) is None, "the editor to close")

    def type_field(self, name: str, text: str) -> None:
        """Types into a field of the form and leaves it."""
        editor = self.field(name)
        editor.setFocus()
        self.until(editor.hasFocus, f"{name} to have the focus")
        if isinstance(editor, QLineEdit):
            editor.selectAll()
        QTest.keyClicks(editor, text)
        QTest.keyClick(editor, Qt.Key.Key_Tab)

    def commit(self) -> None:
        """Commits and waits until it is saved and shown."""
        self.trigger("commit")
        self.until(lambda: not len(self.edits), "the commit")
        self.settle()


def column_layout(grid: QTableView) -> GridLayout:
    """How the columns of a grid are laid out now."""
    found = grid.findChild(ColumnLayouts)
    assert isinstance(found, ColumnLayouts)
    return found.layout()


def click_header(grid: Any, section: int, *, shift: bool = False) -> None:
    """Clicks into the middle of a column's header."""
    header = grid.horizontalHeader()
    grid.scrollTo(grid.model().index(max(grid.current_row, 0), section))
    at = QPoint(header.sectionViewportPosition(section) + 12, header.height() // 2)
    keys = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
    QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, keys, at)


@contextmanager
def opened_window(target: str, bot: QtBot) -> Iterator[Desk]:
    """The real window over a catalogue; afterwards it is closed without a question and nothing is left out."""
    window = bootstrap(target)
    desk = Desk(window, bot)
    try:
        desk.until(lambda: window.is_furnished, "the window to be furnished")
        yield desk
        if window.isVisible():
            runner = window.context.runner
            desk.until(lambda: not runner.running, "all actions to end")
            catalogue = window.context.catalogue
            if catalogue is not None:  # a cancelled action may need a moment to end
                desk.until(lambda: catalogue.pool.snapshot().checked_out == 0, "all connections to come back")
                assert catalogue.pool.snapshot().open_transactions == 0
    finally:
        close(window)


def close(window: MainWindow) -> None:
    """Closes a window for good; pending edits are dropped."""
    window.furnish()
    window.context.edits.frozen = False
    window.context.edits.roll_back()
    window.close()
    window.deleteLater()
    drop_deleted()


TABLE_NAMES = tuple(TABLES)
