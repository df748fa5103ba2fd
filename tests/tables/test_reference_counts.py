"""Guards against a binding that loses references: PySide6 6.12.0 on Python 3.11 does, and the process aborts."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal, Slot

from desk.tables.cells import STATE
from tests.support.shelf import Shelf

if TYPE_CHECKING:
    from desk.tables.record_table import RecordTable

TIMES = 20_000
SLACK = 1000
"""References that come and go by themselves."""


class _Echo(QObject):
    said = Signal(object)
    changed = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.heard = 0
        self.said.connect(self.on_said)
        self.changed.connect(self.on_changed)

    @Slot(object)
    def on_said(self, _what: object) -> None:
        self.heard += 1

    @Slot(bool)
    def on_changed(self, _what: bool) -> None:
        self.heard += 1


def counts() -> tuple[int, int, int]:
    return sys.getrefcount(None), sys.getrefcount(True), sys.getrefcount(False)


def lost(before: tuple[int, int, int]) -> list[int]:
    return [old - new for old, new in zip(before, counts(), strict=True)]


def test_reading_cells_loses_no_reference_to_none_true_and_false(books: RecordTable) -> None:
    Shelf("books", 3).show_in(books)
    index = books.index(0, 0)
    before = counts()
    for _time in range(TIMES):
        index.data(Qt.ItemDataRole.DecorationRole)
        index.data(STATE)
    assert max(lost(before)) < SLACK


def test_emitting_signals_loses_no_reference_to_none_true_and_false(application: object) -> None:
    echo = _Echo()
    before = counts()
    for _time in range(TIMES):
        echo.said.emit(None)
        echo.changed.emit(True)
        echo.changed.emit(False)
    assert max(lost(before)) < SLACK
    assert echo.heard == 3 * TIMES


def test_typing_into_a_model_loses_no_reference_to_none_true_and_false(books: RecordTable) -> None:
    Shelf("books", 3).show_in(books)
    index = books.index(0, 2)
    before = counts()
    for _time in range(TIMES):
        books.flags(index)
        index.flags()
        index.model().setHeaderData(0, Qt.Orientation.Horizontal, None)
    assert max(lost(before)) < SLACK
