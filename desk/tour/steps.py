"""The steps of the tour, over a catalogue of its own."""

from __future__ import annotations

import tempfile
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desk.app import bootstrap
from desk.catalog.columns import BOOKS
from desk.catalog.criteria import Criteria, Op
from desk.dialogs.conflict import ConflictDialog
from desk.dialogs.conflict_choices import THEIRS
from desk.tour import dialogs
from desk.tour.hands import Hands, TourFailure
from desk.work import door

if TYPE_CHECKING:
    from collections.abc import Callable

    from desk.catalog.snapshots import Cost

BURST = 50
SIZES = {"small": (1024, 640), "large": (1920, 1080)}


class Tour(Hands):
    """One tour. `target` is None for a temporary file, or a server's URL, where a schema of its own is made."""

    def __init__(self, target: str | None, screenshots: Path | None) -> None:
        super().__init__(screenshots)
        self.steps: list[dict[str, Any]] = []
        self.checked_out = self.open_transactions = -1
        self.target = target
        self._statements = 0
        self.folder = tempfile.TemporaryDirectory(prefix="desk-tour-")
        self.place = ""
        self._exported: Path

    @property
    def ok(self) -> bool:
        """Whether every step was right and nothing was left open."""
        return all(step["ok"] for step in self.steps) and self.checked_out == self.open_transactions == 0

    def run(self) -> None:
        """Takes all steps; one that fails is told and the next is taken."""
        try:
            self.place = self.wait_for(door.prepare_tour, target=self.target, folder=Path(self.folder.name))
            self._take_steps()
            self.heart.stop()
        finally:
            if self.place:
                self.wait_for(door.clean_up_tour, target=self.target, place=self.place)
            self.runner.close()
            self.folder.cleanup()

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
        self.window = bootstrap(self.place)
        self.until(lambda: self.window.is_furnished, "the window to be furnished")
        self.window.context.runner.action_ended.connect(self._on_action_ended)
        self.until(lambda: self.browser.is_loaded and self.browser.table.is_exact, "the first rows")
        self.until(lambda: "904" in self.window.side_bar.text_of("books"), "the counts in the side bar")
        self.settle()
        self.shoot("browse")

    def _sort(self) -> None:
        header = self.browser.grid.horizontalHeader()
        for shift, column in ((False, "published_year"), (False, "published_year"), (True, "title")):
            section = [one.name for one in BOOKS.grid].index(column)
            self.browser.grid.scrollTo(self.browser.table.index(0, section))
            at = QPoint(header.sectionViewportPosition(section) + 12, header.height() // 2)
            keys = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
            QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, keys, at)
            self.settle()
        sorts = self.browser.criteria.sorts
        self.check([one.column for one in sorts] == ["published_year", "title"], f"sorted by {sorts}")
        years = [self.text(row, "published_year") for row in range(3)]
        self.check(years == sorted(years, reverse=True), f"newest first, not {years}")

    def _filter(self) -> None:
        editor = self.browser.filters.edit_filter(BOOKS.column("published_year"), Op.RANGE)
        if editor is None:
            raise TourFailure("the filter asks for no values")
        QTest.keyClicks(editor.fields[0], "500 BCE")
        QTest.keyClicks(editor.fields[1], "1 BCE")
        editor.apply()
        self.settle()
        self.check(self.browser.table.total > 5, "some works between 500 and 1 BCE")
        self.check("BCE" in self.text(0, "published_year"), "only years BCE")
        self.shoot("filter")
        chip = self.browser.filters.chips[0]
        self.click(chip, "chip_remove")
        self.settle()
        self.check(self.browser.table.total == 904, "all books again")

    def _search(self) -> None:
        self.trigger("search")
        QTest.keyClicks(self.browser.search, "garcia marquez", delay=15)
        self.until(lambda: self.browser.criteria.search == "garcia marquez", "the search to be taken")
        self.settle()
        self.check(self.text(0, "author") == "García Márquez, Gabriel", "accents to be ignored")
        self.shoot("search")
        self.browser.search.clear()
        self.until(lambda: not self.browser.criteria.search, "the search to be cleared")
        self.settle()

    def _scroll(self) -> None:
        bar = self.browser.grid.verticalScrollBar()
        bar.setValue(bar.maximum())
        last = self.browser.table.rowCount() - 1
        self.until(lambda: self.browser.table.row_at(last) is not None, "the last row")
        bar.setValue(0)
        self.until(lambda: self.browser.table.row_at(0) is not None, "the first row")

    def _open_details(self) -> None:
        self.find_book("Good Omens")
        self.check(len(self.window.details.pages["books"].contributors.entries) == 1, "the second author")  # type: ignore[attr-defined]
        self.shoot("book")
        self.window.side_bar.choose("authors")
        self.settle()
        self.type_search("christie")
        self.check("book" in self.window.details.pages["authors"].sums.text(), "the aggregates")  # type: ignore[attr-defined]
        self.shoot("author")
        self.browser.search.clear()
        self.window.side_bar.choose("books")
        self.settle()

    def _edit(self) -> None:
        self.find_book("Good Omens")
        self.type_cell("published_year", "not a year", taken=False)
        self.type_cell("published_year", "1991")
        self.trigger("new_record")
        self.fill_form("title", "The Tour")
        self.check(len(self.window.context.edits) == 2, "two records with edits")
        self.trigger("undo")
        self.trigger("redo")
        self.check(len(self.window.context.edits) == 2, "two records with edits after undo and redo")
        self.shoot("pending")

    def _roll_back(self) -> None:
        self.trigger("roll_back")
        self.answer("drop_all")
        self.check(len(self.window.context.edits) == 0, "no edits after rolling back")
        self.check(self.text(0, "published_year") == "1990", "the old year")

    def _edit_again(self) -> None:
        self.type_cell("price", "12.50")
        self.trigger("new_record")
        self.fill_form("title", "The Tour Guide")
        self.choose_new_author("Nobody, Known")
        self.check(len(self.window.context.edits) == 3, "a change, a book and its new author")

    def _commit(self) -> None:
        self.trigger("commit")
        self.until(lambda: len(self.window.context.edits) == 0, "the commit")
        self.settle()
        self.find_book("The Tour Guide")
        self.check(self.text(0, "author") == "Nobody, Known", "the new author with the new book")
        self.find_book("Good Omens")
        self.check(self.text(0, "price") == "12.50", "the new price")

    def _conflict(self) -> None:
        self.type_cell("price", "13.75")
        self.wait_for(door.change_elsewhere, place=self.place, title="Good Omens", price="11.11")
        self.trigger("commit")
        self.until(lambda: isinstance(self.window.unit.dialog, ConflictDialog), "the conflict dialog")
        self.check(len(self.window.context.edits) == 1, "the edit to be kept")
        self.shoot("conflict", self.dialog)

    def _resolve(self) -> None:
        dialog = self.dialog
        self.check("price" in next(iter(dialog.choices.values())), "the price to be in conflict")
        self.click(dialog, "all_theirs")
        self.check(set(next(iter(dialog.choices.values())).values()) == {THEIRS}, "theirs to be chosen")
        self.click(dialog, "all_mine")
        dialog.accept()
        self.trigger("commit")
        self.until(lambda: len(self.window.context.edits) == 0, "the second commit")
        self.settle()
        self.check(self.text(0, "price") == "13.75", "my price")

    def _burst(self) -> None:
        pool_dock = self.window.docks["pool"]
        pool_dock.show()
        pool_dock.raise_()
        runner, sessions = self.window.context.runner, self.window.context.sessions
        walk = {"sessions": sessions, "criteria": Criteria("books"), "mark": None, "every": 1}
        for _number in range(BURST):
            runner.submit("Walk through books", door.walk_marks, arguments=walk)
            QApplication.processEvents()  # each comes with an event of its own
        self.until(self._panel_shows_burst, "the panel to see the burst")
        self.shoot("pool")
        self.until(lambda: not runner.running, "the burst to end")
        self.pause(150)
        self.check(self.window.pool.numbers["checked_out"].text() == "0", "no connection out in the panel")

    def _panel_shows_burst(self) -> bool:
        item = self.window.pool.holders.item(0, 0)
        return item is not None and item.text().startswith("Walk")

    def _export(self) -> None:
        self.browser.search.clear()
        self.until(lambda: not self.browser.criteria.search, "the search to be cleared")
        self.settle()
        self._exported = dialogs.export(self, Path(self.folder.name))

    def _import(self) -> None:
        dialogs.import_again(self, self._exported)

    def _close(self) -> None:
        for size, (width, height) in SIZES.items():
            self.window.resize(width, height)
            self.settle()
            self.shoot(size)
        self.until(lambda: not self.window.context.runner.running, "everything to end")
        catalogue = self.window.context.catalogue
        if catalogue is None:
            raise TourFailure("no catalogue is open")
        with suppress(TourFailure):  # what was cancelled may need a moment to end; what stays out is told below
            self.until(lambda: not catalogue.pool.snapshot().checked_out, "the connections to come back")
        snapshot = catalogue.pool.snapshot()
        self.checked_out, self.open_transactions = snapshot.checked_out, snapshot.open_transactions
        closed: list[bool] = []
        self.window.closed.connect(lambda: closed.append(True))
        self.window.close()
        self.until(lambda: bool(closed), "the window to be gone")
        self.checked_out += catalogue.pool.snapshot().checked_out

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
            ("connections", partial(dialogs.look_at_connections, self)),
            ("export", self._export),
            ("import", self._import),
            ("schema", partial(dialogs.look_at_schema, self)),
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

    def _on_action_ended(self, cost: Cost) -> None:
        self._statements += cost.statements
