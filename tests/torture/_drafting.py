"""A Desk in a process of its own that edits until it is killed: `python3 -m tests.torture._drafting TARGET FILE`.

It takes the steps of a ledger, or commits one small unit after the other. It tells on its output what it is about to do
(`begin N`), what it has painted as pending (`painted N`: all up to step N) and what Desk called saved (`saved N`).
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Slot

from desk.app import bootstrap, make_application
from desk.catalog.edits import EditKind, RecordKey
from desk.database.drafts import Draft
from desk.tables.cells import CellState
from desk.tables.delegate import CellDelegate
from desk.tables.edit_stack import NewAuthor, Original

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desk.catalog.edits import Edit
    from desk.window.main_window import MainWindow

LONGEST_PAUSE_MS = 6
NEW_BOOKS = 2
"""In each unit that is committed."""
SHOWN = {EditKind.UPDATE: CellState.CHANGED, EditKind.INSERT: CellState.FRESH, EditKind.DELETE: CellState.DOOMED}

painted: dict[tuple[RecordKey, str], CellState] = {}
"""What was last painted in the cells of books since a step changed them."""


class _WatchedDelegate:
    """Stands in for the delegate's `paint`: it notes what was painted."""

    _paint = CellDelegate.paint

    def paint(self: Any, painter: Any, option: Any, index: Any) -> None:
        _WatchedDelegate._paint(self, painter, option, index)
        table = index.model()
        key = table.key_at(index.row())
        if key is not None:
            painted[key, table.columns[index.column()].name] = table.cell(index.row(), index.column())[1]


class Drafting(QObject):
    """Takes one step after the other, with pauses; never waits for a step to be on disk."""

    def __init__(self, window: MainWindow, steps: list[list[Any]], pauses: random.Random) -> None:
        super().__init__(window)
        self._window = window
        self._stack = window.context.edits
        self._steps = deque(enumerate(steps, 1))
        self._pauses = pauses
        self._unpainted: deque[tuple[int, set[RecordKey]]] = deque()
        self._touched: set[RecordKey] = set()
        self._stack.edit_changed.connect(self._on_edit_changed)
        self._look = QTimer(self, interval=1)
        self._look.timeout.connect(self._tell_painted)
        self._look.start()

    @Slot()
    def take_next(self) -> None:
        if not self._steps:
            return
        number, (name, *arguments) = self._steps.popleft()
        print(f"begin {number}", flush=True)
        self._touched = set()
        getattr(self, f"_{name}")(*arguments)
        self._unpainted.append((number, self._touched))
        QTimer.singleShot(self._pauses.randint(0, LONGEST_PAUSE_MS), self, self.take_next)

    # Steps

    def _set(self, changes: list[tuple[str, str, Any]]) -> None:
        self._stack.set_fields([(self._original(one), field, value) for one, field, value in changes], "Change")

    def _link(self, record: str, name: str) -> None:
        self._stack.set_field(self._original(record), "author", NewAuthor(name))

    def _add(self, title: str) -> None:
        self._stack.add("books", {"title": title})

    def _delete(self, record: str) -> None:
        self._stack.delete([self._original(record)])

    def _drop(self, record: str) -> None:
        self._stack.drop(_key(record))

    def _undo(self) -> None:
        self._stack.steps.undo()

    def _redo(self) -> None:
        self._stack.steps.redo()

    # What was painted

    @Slot(object)
    def _on_edit_changed(self, key: RecordKey) -> None:
        self._touched.add(key)
        for cell in [cell for cell in painted if cell[0] == key]:
            del painted[cell]

    @Slot()
    def _tell_painted(self) -> None:
        while self._unpainted and all(self._is_painted(key) for key in self._unpainted[0][1]):
            print(f"painted {self._unpainted.popleft()[0]}", flush=True)

    def _is_painted(self, key: RecordKey) -> bool:
        """Whether the record's edit looks pending; what leaves no trace in the grid has to be on disk."""
        edit = self._stack.get(key)
        if edit is None or key.table != "books":
            return not self._stack.is_keeping(key)
        fields = ("title",) if edit.kind is EditKind.DELETE else tuple(edit.values)
        states = [painted.get((key, field), CellState.KEEPING) for field in fields]
        return all(state & SHOWN[edit.kind] and not state & CellState.KEEPING for state in states)

    def _original(self, record: str) -> Original:
        table = self._window.browsers["books"].table
        row = table.row_of(_key(record))
        assert row is not None
        original = table.original_at(row)
        assert original is not None
        return original


class Committing(QObject):
    """Makes one unit of new books and a change after the other, and saves each as soon as it is on disk."""

    def __init__(self, window: MainWindow, mark: str, pauses: random.Random) -> None:
        super().__init__(window)
        self._window = window
        self._stack = window.context.edits
        self._mark = mark
        self._pauses = pauses
        self._number = 0
        self._is_painted = True
        original = window.browsers["books"].table.original_at(0)
        assert original is not None
        self._original = original
        self._stack.keeping_changed.connect(self._on_keeping_changed)
        window.unit.ended.connect(self._on_ended)

    @Slot()
    def take_next(self) -> None:
        self._number += 1
        print(f"begin {self._number}", flush=True)
        self._is_painted = False
        for place in range(NEW_BOOKS):
            self._stack.add("books", {"title": title_of(self._mark, self._number, place)})
        language = language_of(self._mark, self._number)
        self._stack.set_field(self._original, "language", language)
        values = {**self._original.values, "language": language}  # what the next unit starts from
        self._original = replace(self._original, values=values)

    @Slot()
    def _on_keeping_changed(self) -> None:
        if not self._is_painted and self._stack.all_kept and len(self._stack) > NEW_BOOKS:
            self._is_painted = True
            print(f"painted {self._number}", flush=True)
            QTimer.singleShot(self._pauses.randint(0, LONGEST_PAUSE_MS), self, self._window.unit.commit)

    @Slot(bool)
    def _on_ended(self, saved: bool) -> None:
        print(f"{'saved' if saved else 'unsaved'} {self._number}", flush=True)
        QTimer.singleShot(self._pauses.randint(0, LONGEST_PAUSE_MS), self, self.take_next)


def language_of(mark: str, number: int) -> str:
    """The language that a unit gives to the book that every one of them changes; no other run's is the same."""
    return f"{mark}, unit {number}"


def title_of(mark: str, number: int, place: int) -> str:
    """The title of a new book of a unit."""
    return f"{mark}, unit {number}, book {place}"


def _slow_down(disk_ms: int) -> None:
    """Has every write of a draft wait first, as on a slow disk."""
    write = Draft.write

    def wait_and_write(self: Draft, changes: Mapping[RecordKey, Edit | None], number: int = 0) -> None:
        time.sleep(disk_ms / 1000)
        write(self, changes, number)

    Draft.write = wait_and_write  # type: ignore[method-assign]


def _key(record: str) -> RecordKey:
    table, _colon, number = record.partition(":")
    return RecordKey(table, int(number))


def main(target: str, plan: str) -> int:
    """Carries out a plan in a real window over the target: {"steps": […]} or {"mark": of titles}, with "seed" and
    "disk_ms"."""
    asked = json.loads(Path(plan).read_text(encoding="utf-8"))
    application = make_application([])
    _slow_down(asked["disk_ms"])
    CellDelegate.paint = _WatchedDelegate.paint  # type: ignore[method-assign]
    window = bootstrap(target)
    window.resize(1800, 900)
    at_work: list[Drafting | Committing] = []

    def begin() -> None:
        if not at_work:
            pauses = random.Random(asked["seed"])
            steps, mark = asked.get("steps"), asked.get("mark")
            at_work.append(Committing(window, mark, pauses) if mark else Drafting(window, steps, pauses))
            print("ready", flush=True)
            at_work[0].take_next()

    window.catalogue_shown.connect(begin)
    return application.exec()


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
