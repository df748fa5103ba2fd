"""The tour's hands: they use the window as a person does, and wait for what it shows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QMessageBox, QWidget

from desk.app import use_scheme
from desk.dialogs.conflict import ConflictDialog
from desk.work.heartbeat import BEAT_MS, Heartbeat
from desk.work.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PySide6.QtGui import QAction

    from desk.window.main_window import MainWindow

STEP_SECONDS = 20.0
SHOWN_MS = 150
"""Before a screenshot: the status line draws ten times a second."""
SCHEMES = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}


class TourFailure(Exception):
    """A step did not show what it should."""


class Hands:
    """Drives one window; `screenshots` is the folder for pictures, None for none."""

    def __init__(self, screenshots: Path | None) -> None:
        self.heart = Heartbeat()
        self.screenshots = screenshots
        self.runner = Runner()
        self.window: MainWindow

    @property
    def browser(self) -> Any:
        return self.window.browser

    @property
    def dialog(self) -> ConflictDialog:
        dialog = self.window.unit.dialog
        if not isinstance(dialog, ConflictDialog):
            raise TourFailure("there is no conflict dialog")
        return dialog

    def text(self, row: int, column: str) -> str:
        section = [one.name for one in self.browser.table.columns].index(column)
        return str(self.browser.table.index(row, section).data() or "")

    def trigger(self, command: str) -> None:
        action: QAction = self.window.commands[command]
        self.until(action.isEnabled, f"“{command}” to be enabled")
        action.trigger()

    def click(self, inside: QWidget, name: str) -> None:
        button = inside.findChild(QAbstractButton, name)
        if button is None:
            raise TourFailure(f"there is no button {name}")
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def answer(self, button_name: str) -> None:
        self.until(lambda: isinstance(self.window.unit.dialog, QMessageBox), "the question")
        box = self.window.unit.dialog
        if box is None:
            raise TourFailure("nothing was asked")
        self.click(box, button_name)

    def type_search(self, text: str) -> None:
        self.browser.search.selectAll()
        QTest.keyClicks(self.browser.search, text)
        self.until(lambda: self.browser.criteria.search == text, "the search to be taken")
        self.settle()

    def find_book(self, title: str) -> None:
        self.type_search(title)
        self.browser.select(self.browser.table.key_at(0))
        self.settle()

    def type_cell(self, column: str, text: str, *, taken: bool = True) -> None:
        grid = self.browser.grid
        section = [one.name for one in self.browser.table.columns].index(column)
        grid.setCurrentIndex(self.browser.table.index(grid.current_row, section))
        grid.edit(grid.currentIndex())
        editor = grid.findChild(QLineEdit, "cell_editor")
        if editor is None:
            raise TourFailure(f"{column} opens no editor")
        editor.selectAll()
        QTest.keyClicks(editor, text)
        QTest.keyClick(editor, Qt.Key.Key_Return)
        if not taken:
            self.check(editor.isVisible() and bool(editor.toolTip()), "the cell to say why it refuses")
            QTest.keyClick(editor, Qt.Key.Key_Escape)
        self.until(lambda: grid.findChild(QLineEdit, "cell_editor") is None, "the editor to close")

    def fill_form(self, field: str, text: str) -> None:
        page = self.window.details.page
        if page is None:
            raise TourFailure("there is no form")
        editor = page.form.fields[field].editor
        QTest.keyClicks(editor, text)
        page.form.take()

    def choose_new_author(self, name: str) -> None:
        page = self.window.details.page
        picker = page.form.author_picker if page else None
        if picker is None:
            raise TourFailure("there is no author picker")
        picker.setFocus()
        QTest.keyClicks(picker, name)
        self.until(lambda: any(name in choice for choice in picker.choices), "the choice to create the author")
        picker.pick(len(picker.choices) - 1)

    def check(self, fact: bool, what: str) -> None:
        if not fact:
            raise TourFailure(f"expected {what}")

    def until(self, fact: Callable[[], bool], what: str) -> None:
        """Lets the window live until something is so."""
        deadline = time.monotonic() + STEP_SECONDS
        while not fact():
            if time.monotonic() > deadline:
                raise TourFailure(f"waited in vain for {what}")
            self.pause(BEAT_MS)

    def settle(self) -> None:
        """Waits until nothing runs, the view is here and the details show its current record."""

        def settled() -> bool:
            browser, details = self.browser, self.window.details
            return bool(
                not self.window.context.runner.running
                and browser.is_loaded
                and browser.table.is_exact
                and (details.key == browser.current_key or browser.current_key is None)
                and (details.is_complete or details.key is None or details.key.id < 0)
            )

        self.until(settled, "the view and its details")

    def pause(self, ms: int) -> None:
        loop = QEventLoop()
        QTimer.singleShot(ms, loop.quit)
        loop.exec()

    def wait_for(self, operation: Callable[..., Any], **arguments: Any) -> Any:
        """Runs the tour's own work on a worker, so that the interface is not held up by it."""
        results: list[Any] = []
        errors: list[BaseException] = []
        self.runner.submit("Tour", operation, done=results.append, failed=errors.append, arguments=arguments)
        self.until(lambda: bool(results or errors), "the tour's own work")
        if errors:
            raise errors[0]
        return results[0]

    def shoot(self, name: str, widget: QWidget | None = None) -> None:
        if self.screenshots is None:
            return
        self.pause(SHOWN_MS)
        with self.heart.paused():
            for scheme, which in SCHEMES.items():
                use_scheme(which)
                self.pause(50)
                (widget or self.window).grab().save(str(self.screenshots / f"{name}-{scheme}.png"))
            use_scheme(Qt.ColorScheme.Light)
            self.pause(50)
