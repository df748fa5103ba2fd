"""What the tests of item models and delegates share: an edit stack, tables under Qt's model tester, and a grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtTest import QAbstractItemModelTester

from desk.catalog.columns import BOOKS, TABLES
from desk.tables.edit_stack import EditStack
from desk.tables.grid import Grid
from desk.tables.record_table import RecordTable
from tests.support.shelf import Shelf
from tests.support.window import application

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

__all__ = ["application"]


@pytest.fixture
def edits(application: object) -> Iterator[EditStack]:
    """An empty stack; afterwards its steps go first, for Python's collector fails where it finds both in one circle."""
    made = EditStack()
    yield made
    made.steps.clear()


@pytest.fixture(params=list(TABLES))
def table(request: pytest.FixtureRequest, edits: EditStack) -> RecordTable:
    """An empty table of each description; a fault in its signals ends the process."""
    made = RecordTable(TABLES[request.param], edits)
    QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Fatal, made)
    return made


@pytest.fixture
def books(edits: EditStack) -> RecordTable:
    """An empty table of books under the model tester."""
    made = RecordTable(BOOKS, edits)
    QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Fatal, made)
    return made


@pytest.fixture
def shelf() -> Shelf:
    """Five books."""
    return Shelf("books", 5)


@pytest.fixture
def grid(books: RecordTable, shelf: Shelf, qtbot: QtBot) -> Grid:
    """A shown grid over the shelf's books."""
    made = Grid(books)
    qtbot.addWidget(made)
    made.resize(1400, 400)
    made.show()
    shelf.serve(books)
    shelf.show_in(books)
    made.setCurrentIndex(books.index(0, 0))
    made.setFocus()
    qtbot.waitUntil(made.hasFocus)
    return made
