"""The tour: drives the real window through its widgets over a catalogue of its own, and measures while it does.

A heartbeat on the interface's thread beats from the first moment to the last; its longest gap is the longest stall.
Only the taking of screenshots, which is the tour's own work, is left out.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEventLoop, QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QMessageBox, QWidget

from desk.app import bootstrap, make_application, use_scheme
from desk.catalog.columns import BOOKS
from desk.catalog.criteria import Criteria, Op
from desk.dialogs.conflict import THEIRS, ConflictDialog
from desk.work import door
from desk.work.heartbeat import BEAT_MS, Heartbeat
from desk.work.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QAction

    from desk.catalog.snapshots import Cost
    from desk.window.main_window import MainWindow

STEP_SECONDS = 20.0
SHOWN_MS = 150
"""Before a screenshot: the status line draws ten times a second."""
BURST = 50
SCHEMES = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}
SIZES = {"small": (1024, 640), "large": (1920, 1080)}


class TourFailure(Exception):
    """A step did not show what it should."""


class Tour:
    """One tour. `target` is None for a temporary file, or a server's URL, where a schema of its own is made."""

    def __init__(self, target: str | None, screenshots: Path | None) -> None:
        self.heart = Heartbeat()
        self.steps: list[dict[str, Any]] = []
        self.checked_out = self.open_transactions = -1
        self._target = target
        self._screenshots = screenshots
        self._statements = 0
        self._runner = Runner()
        self._folder = tempfile.TemporaryDirectory(prefix="desk-tour-")
        self._window: MainWindow
        self._place = ""

    @property
    def ok(self) -> bool:
        """Whether every step was right and nothing was left open."""
        return all(step["ok"] for step in self.steps) and self.checked_out == self.open_transactions == 0

    def run(self) -> None:
        """Takes all steps; one that fails is told and the next is taken."""
        try:
            self._place = self._wait_for(door.prepare_tour, target=self._target, folder=Path(self._folder.name))
            self._take_steps()
            self.heart.stop()
        finally:
            if self._place:
                self._wait_for(door.clean_up_tour, target=self._target, place=self._place)
            self._runner.close()
            self._folder.cleanup()

    def report(self) -> dict[str, Any]:
        """What the JSON file holds."""
        return {
            "steps": self.steps,
            "longest_stall_ms": round(self.heart.longest_ms, 1),
            "longest_stall_during": self.heart.longest_during,
            "samples": self.heart.samples,
            "checked_out": self.checked_out,
            "open_transactions": self.open_transactions,
        }

    # Steps

    def _open(self) -> None:
        self._window = bootstrap(self._place)
        self._until(lambda: self._window.is_furnished, "the window to be furnished")
        self._window.context.runner.action_ended.connect(self._on_action_ended)
        self._until(lambda: self._browser.is_loaded and self._browser.table.is_exact, "the first rows")
        self._until(lambda: "904" in self._window.side_bar.item(1).text(), "the counts in the side bar")
        self._settle()
        self._shoot("browse")

    def _sort(self) -> None:
        header = self._browser.grid.horizontalHeader()
        for shift, column in ((False, "published_year"), (False, "published_year"), (True, "title")):
            section = [one.name for one in BOOKS.grid].index(column)
            self._browser.grid.scrollTo(self._browser.table.index(0, section))
            at = QPoint(header.sectionViewportPosition(section) + 12, header.height() // 2)
            keys = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
            QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, keys, at)
            self._settle()
        sorts = self._browser.criteria.sorts
        self._check([one.column for one in sorts] == ["published_year", "title"], f"sorted by {sorts}")
        years = [self._text(row, "published_year") for row in range(3)]
        self._check(years == sorted(years, reverse=True), f"newest first, not {years}")

    def _filter(self) -> None:
        editor = self._browser.filters.edit_filter(BOOKS.column("published_year"), Op.RANGE)
        if editor is None:
            raise TourFailure("the filter asks for no values")
        QTest.keyClicks(editor.fields[0], "500 BCE")
        QTest.keyClicks(editor.fields[1], "1 BCE")
        editor.apply()
        self._settle()
        self._check(self._browser.table.total > 5, "some works between 500 and 1 BCE")
        self._check("BCE" in self._text(0, "published_year"), "only years BCE")
        self._shoot("filter")
        chip = self._browser.filters.chips[0]
        self._click(chip, "chip_remove")
        self._settle()
        self._check(self._browser.table.total == 904, "all books again")

    def _search(self) -> None:
        self._trigger("search")
        QTest.keyClicks(self._browser.search, "garcia marquez", delay=15)
        self._until(lambda: self._browser.criteria.search == "garcia marquez", "the search to be taken")
        self._settle()
        self._check(self._text(0, "author") == "García Márquez, Gabriel", "accents to be ignored")
        self._shoot("search")
        self._browser.search.clear()
        self._until(lambda: not self._browser.criteria.search, "the search to be cleared")
        self._settle()

    def _scroll(self) -> None:
        bar = self._browser.grid.verticalScrollBar()
        bar.setValue(bar.maximum())
        last = self._browser.table.rowCount() - 1
        self._until(lambda: self._browser.table.row_at(last) is not None, "the last row")
        bar.setValue(0)
        self._until(lambda: self._browser.table.row_at(0) is not None, "the first row")

    def _open_details(self) -> None:
        self._find_book("Good Omens")
        self._check(self._window.details.pages["books"].contributors.count() == 1, "the second author")  # type: ignore[attr-defined]
        self._shoot("book")
        self._window.side_bar.choose("authors")
        self._settle()
        self._type_search("christie")
        self._check("book" in self._window.details.pages["authors"].sums.text(), "the aggregates")  # type: ignore[attr-defined]
        self._shoot("author")
        self._browser.search.clear()
        self._window.side_bar.choose("books")
        self._settle()

    def _edit(self) -> None:
        self._find_book("Good Omens")
        self._type_cell("published_year", "not a year", taken=False)
        self._type_cell("published_year", "1991")
        self._trigger("new_record")
        self._fill_form("title", "The Tour")
        self._check(len(self._window.context.edits) == 2, "two records with edits")
        self._trigger("undo")
        self._trigger("redo")
        self._check(len(self._window.context.edits) == 2, "two records with edits after undo and redo")
        self._shoot("pending")

    def _roll_back(self) -> None:
        self._trigger("roll_back")
        self._answer("drop_all")
        self._check(len(self._window.context.edits) == 0, "no edits after rolling back")
        self._check(self._text(0, "published_year") == "1990", "the old year")

    def _edit_again(self) -> None:
        self._type_cell("price", "12.50")
        self._trigger("new_record")
        self._fill_form("title", "The Tour Guide")
        self._choose_new_author("Nobody, Known")
        self._check(len(self._window.context.edits) == 3, "a change, a book and its new author")

    def _commit(self) -> None:
        self._trigger("commit")
        self._until(lambda: len(self._window.context.edits) == 0, "the commit")
        self._settle()
        self._find_book("The Tour Guide")
        self._check(self._text(0, "author") == "Nobody, Known", "the new author with the new book")
        self._find_book("Good Omens")
        self._check(self._text(0, "price") == "12.50", "the new price")

    def _conflict(self) -> None:
        self._type_cell("price", "13.75")
        self._wait_for(door.change_elsewhere, place=self._place, title="Good Omens", price="11.11")
        self._trigger("commit")
        self._until(lambda: isinstance(self._window.unit.dialog, ConflictDialog), "the conflict dialog")
        self._check(len(self._window.context.edits) == 1, "the edit to be kept")
        self._shoot("conflict", self._dialog)

    def _resolve(self) -> None:
        dialog = self._dialog
        self._check("price" in next(iter(dialog.choices.values())), "the price to be in conflict")
        self._click(dialog, "all_theirs")
        self._check(set(next(iter(dialog.choices.values())).values()) == {THEIRS}, "theirs to be chosen")
        self._click(dialog, "all_mine")
        dialog.accept()
        self._trigger("commit")
        self._until(lambda: len(self._window.context.edits) == 0, "the second commit")
        self._settle()
        self._check(self._text(0, "price") == "13.75", "my price")

    def _burst(self) -> None:
        pool_dock = self._window.docks["pool"]
        pool_dock.show()
        pool_dock.raise_()
        runner, sessions = self._window.context.runner, self._window.context.sessions
        walk = {"sessions": sessions, "criteria": Criteria("books"), "mark": None, "steps": 20, "every": 1}
        for _number in range(BURST):
            runner.submit("Walk through books", door.walk_marks, arguments=walk)
            QApplication.processEvents()  # each comes with an event of its own
        self._until(self._panel_shows_burst, "the panel to see the burst")
        self._shoot("pool")
        self._until(lambda: not runner.running, "the burst to end")
        self._pause(150)
        self._check(self._window.pool.numbers["checked_out"].text() == "0", "no connection out in the panel")

    def _panel_shows_burst(self) -> bool:
        item = self._window.pool.holders.item(0, 0)
        return item is not None and item.text().startswith("Walk")

    def _close(self) -> None:
        for size, (width, height) in SIZES.items():
            self._window.resize(width, height)
            self._settle()
            self._shoot(size)
        self._until(lambda: not self._window.context.runner.running, "everything to end")
        catalogue = self._window.context.catalogue
        if catalogue is None:
            raise TourFailure("no catalogue is open")
        with suppress(TourFailure):  # what was cancelled may need a moment to end; what stays out is told below
            self._until(lambda: not catalogue.pool.snapshot().checked_out, "the connections to come back")
        snapshot = catalogue.pool.snapshot()
        self.checked_out, self.open_transactions = snapshot.checked_out, snapshot.open_transactions
        closed: list[bool] = []
        self._window.closed.connect(lambda: closed.append(True))
        self._window.close()
        self._until(lambda: bool(closed), "the window to be gone")
        self.checked_out += catalogue.pool.snapshot().checked_out

    # Hands

    @property
    def _browser(self) -> Any:
        return self._window.browser

    @property
    def _dialog(self) -> ConflictDialog:
        dialog = self._window.unit.dialog
        if not isinstance(dialog, ConflictDialog):
            raise TourFailure("there is no conflict dialog")
        return dialog

    def _text(self, row: int, column: str) -> str:
        section = [one.name for one in self._browser.table.columns].index(column)
        return str(self._browser.table.index(row, section).data() or "")

    def _trigger(self, command: str) -> None:
        action: QAction = self._window.commands[command]
        self._until(action.isEnabled, f"“{command}” to be enabled")
        action.trigger()

    def _click(self, inside: QWidget, name: str) -> None:
        button = inside.findChild(QAbstractButton, name)
        if button is None:
            raise TourFailure(f"there is no button {name}")
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def _answer(self, button_name: str) -> None:
        self._until(lambda: isinstance(self._window.unit.dialog, QMessageBox), "the question")
        box = self._window.unit.dialog
        if box is None:
            raise TourFailure("nothing was asked")
        self._click(box, button_name)

    def _type_search(self, text: str) -> None:
        self._browser.search.selectAll()
        QTest.keyClicks(self._browser.search, text)
        self._until(lambda: self._browser.criteria.search == text, "the search to be taken")
        self._settle()

    def _find_book(self, title: str) -> None:
        self._type_search(title)
        self._browser.select(self._browser.table.key_at(0))
        self._settle()

    def _type_cell(self, column: str, text: str, *, taken: bool = True) -> None:
        grid = self._browser.grid
        section = [one.name for one in self._browser.table.columns].index(column)
        grid.setCurrentIndex(self._browser.table.index(grid.current_row, section))
        grid.edit(grid.currentIndex())
        editor = grid.findChild(QLineEdit, "cell_editor")
        if editor is None:
            raise TourFailure(f"{column} opens no editor")
        editor.selectAll()
        QTest.keyClicks(editor, text)
        QTest.keyClick(editor, Qt.Key.Key_Return)
        if not taken:
            self._check(editor.isVisible() and bool(editor.toolTip()), "the cell to say why it refuses")
            QTest.keyClick(editor, Qt.Key.Key_Escape)
        self._until(lambda: grid.findChild(QLineEdit, "cell_editor") is None, "the editor to close")

    def _fill_form(self, field: str, text: str) -> None:
        page = self._window.details.page
        if page is None:
            raise TourFailure("there is no form")
        editor = page.form.fields[field].editor
        QTest.keyClicks(editor, text)
        page.form.take()

    def _choose_new_author(self, name: str) -> None:
        page = self._window.details.page
        picker = page.form.author_picker if page else None
        if picker is None:
            raise TourFailure("there is no author picker")
        picker.setFocus()
        QTest.keyClicks(picker, name)
        self._until(lambda: any(name in choice for choice in picker.choices), "the choice to create the author")
        picker.pick(len(picker.choices) - 1)

    # The tour's own work

    def _take_steps(self) -> None:
        for name, step in (
            ("open", self._open),
            ("sort", self._sort),
            ("filter", self._filter),
            ("search", self._search),
            ("scroll to the end", self._scroll),
            ("open details", self._open_details),
            ("edit", self._edit),
            ("roll back", self._roll_back),
            ("edit again", self._edit_again),
            ("commit", self._commit),
            ("conflict", self._conflict),
            ("resolve", self._resolve),
            ("pool under a burst", self._burst),
            ("close", self._close),
        ):
            self._take(name, step)

    def _take(self, name: str, step: Callable[[], None]) -> None:
        self._statements, started, problem = 0, time.perf_counter(), ""
        self.heart.during = name
        try:
            step()
        except (TourFailure, AttributeError, RuntimeError, AssertionError) as failure:
            problem = f"{type(failure).__name__}: {failure}" if not isinstance(failure, TourFailure) else str(failure)
        ms = (time.perf_counter() - started) * 1000
        self.steps.append(
            {"name": name, "ok": not problem, "ms": round(ms, 1), "statements": self._statements}
            | ({"problem": problem} if problem else {})
        )
        mark = "ok    " if not problem else "FAILED"
        print(f"{mark} {name:<20} {ms:8.0f} ms  {self._statements:3} statements  {problem}", flush=True)

    def _check(self, fact: bool, what: str) -> None:
        if not fact:
            raise TourFailure(f"expected {what}")

    def _until(self, fact: Callable[[], bool], what: str) -> None:
        """Lets the window live until something is so."""
        deadline = time.monotonic() + STEP_SECONDS
        while not fact():
            if time.monotonic() > deadline:
                raise TourFailure(f"waited in vain for {what}")
            self._pause(BEAT_MS)

    def _settle(self) -> None:
        """Waits until nothing runs, the view is here and the details show its current record."""

        def settled() -> bool:
            browser, details = self._browser, self._window.details
            return bool(
                not self._window.context.runner.running
                and browser.is_loaded
                and browser.table.is_exact
                and (details.key == browser.current_key or browser.current_key is None)
                and (details.is_complete or details.key is None or details.key.id < 0)
            )

        self._until(settled, "the view and its details")

    def _pause(self, ms: int) -> None:
        loop = QEventLoop()
        QTimer.singleShot(ms, loop.quit)
        loop.exec()

    def _wait_for(self, operation: Callable[..., Any], **arguments: Any) -> Any:
        """Runs the tour's own work on a worker, so that the interface is not held up by it."""
        results: list[Any] = []
        errors: list[BaseException] = []
        self._runner.submit("Tour", operation, done=results.append, failed=errors.append, arguments=arguments)
        self._until(lambda: bool(results or errors), "the tour's own work")
        if errors:
            raise errors[0]
        return results[0]

    def _shoot(self, name: str, widget: QWidget | None = None) -> None:
        if self._screenshots is None:
            return
        self._pause(SHOWN_MS)
        with self.heart.paused():
            for scheme, which in SCHEMES.items():
                use_scheme(which)
                self._pause(50)
                (widget or self._window).grab().save(str(self._screenshots / f"{name}-{scheme}.png"))
            use_scheme(Qt.ColorScheme.Light)
            self._pause(50)

    def _on_action_ended(self, cost: Cost) -> None:
        self._statements += cost.statements


def run_tour(*, database: str | None, offscreen: bool, screenshots: Path | None, json_file: Path | None) -> int:
    """Takes the tour, prints a line a step and the measures; 0 when all was right, else 1."""
    if (
        not offscreen
        and sys.platform == "linux"
        and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    ):
        print("There is no display. Run the tour with --offscreen.", file=sys.stderr)
        return 1
    if screenshots is not None:
        screenshots.mkdir(parents=True, exist_ok=True)
    make_application(["desk"])
    use_scheme(Qt.ColorScheme.Light)
    tour = Tour(database, screenshots)
    tour.run()
    report = tour.report()
    print(
        f"longest stall {report['longest_stall_ms']} ms during “{report['longest_stall_during']}” "
        f"({report['samples']} heartbeats), "
        f"{report['checked_out']} connections out, {report['open_transactions']} transactions open"
    )
    if json_file is not None:
        json_file.write_text(json.dumps(report, indent=2), encoding="utf-8")
    return 0 if tour.ok else 1
