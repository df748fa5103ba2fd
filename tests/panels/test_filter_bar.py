"""Filters as chips: added, changed and taken away; what cannot be a value says why."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel

from desk.catalog.columns import AUTHORS, BOOKS, TABLES
from desk.catalog.criteria import Criteria, Filter, Op
from desk.catalog.rows import AuthorRef
from desk.panels.filter_bar import OPS, FilterBar, describe
from tests.support.window import child, drop_deleted

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desk.panels.filter_bar import FilterEditor


@pytest.fixture
def bar(application: object, qtbot: QtBot) -> FilterBar:
    made = FilterBar(BOOKS)
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def authors_bar(application: object, qtbot: QtBot) -> FilterBar:
    made = FilterBar(AUTHORS)
    qtbot.addWidget(made)
    made.show()
    return made


def wanted_from(bar: FilterBar) -> list[Criteria]:
    """The criteria that the bar wants from now on; each is shown, as a browser does."""
    wanted: list[Criteria] = []
    bar.filters_wanted.connect(wanted.append)
    bar.filters_wanted.connect(bar.show_criteria)
    return wanted


def open_by_menu(bar: FilterBar, column: str, op: Op) -> FilterEditor | None:
    """Chooses an entry of the menu; answers the editor that opened."""
    action = bar.findChild(QAction, f"filter_{column}_{op.value}")
    assert isinstance(action, QAction)
    bar.add_button.menu().triggered.emit(action)
    return bar._editor


def type_filter(bar: FilterBar, column: str, op: Op, *texts: str) -> FilterEditor:
    editor = open_by_menu(bar, column, op)
    assert editor is not None
    for field, text in zip(editor.fields, texts, strict=True):
        QTest.keyClicks(field, text)
    QTest.keyClick(editor.fields[-1], Qt.Key.Key_Return)
    return editor


TYPED = [
    ("title", Op.CONTAINS, ["ring"], Filter("title", Op.CONTAINS, "ring"), "Title contains ring"),
    ("title", Op.EQUALS, ["Emma"], Filter("title", Op.EQUALS, "Emma"), "Title = Emma"),
    ("published_year", Op.RANGE, ["720 BCE", "1"], Filter("published_year", Op.RANGE, -720, 1), "Year 720 BCE – 1"),
    ("published_year", Op.RANGE, ["", "1950"], Filter("published_year", Op.RANGE, None, 1950), "Year … – 1950"),
    ("published_year", Op.EQUALS, ["1984"], Filter("published_year", Op.EQUALS, 1984), "Year = 1984"),
    ("price", Op.RANGE, ["1,50", ""], Filter("price", Op.RANGE, Decimal("1.50")), "Price 1.50 – …"),
    ("author", Op.CONTAINS, ["woolf"], Filter("author", Op.CONTAINS, "woolf"), "Author contains woolf"),
    ("isbn", Op.CONTAINS, ["978"], Filter("isbn", Op.CONTAINS, "978"), "ISBN contains 978"),
    (
        "isbn",
        Op.EQUALS,
        ["0-306-40615-2"],
        Filter("isbn", Op.EQUALS, "9780306406157"),
        "ISBN = 9780306406157",
    ),
    ("isbn", Op.EQUALS, ["12345"], Filter("isbn", Op.EQUALS, "12345"), "ISBN = 12345"),
    ("language", Op.EQUALS, [" en"], Filter("language", Op.EQUALS, "en"), "Language = en"),
]


@pytest.mark.parametrize("case", TYPED, ids=lambda case: case[4])
def test_a_typed_filter_becomes_a_chip(bar: FilterBar, case: tuple[str, Op, list[str], Filter, str]) -> None:
    column, op, texts, expected, told = case
    wanted = wanted_from(bar)
    type_filter(bar, column, op, *texts)
    assert wanted == [Criteria("books", (expected,))]
    assert [chip.text for chip in bar.chips] == [told]


@pytest.mark.parametrize("column", ["title", "author", "published_year", "isbn", "language", "price"])
def test_a_filter_for_no_value_needs_no_typing(bar: FilterBar, column: str) -> None:
    wanted = wanted_from(bar)
    assert open_by_menu(bar, column, Op.EMPTY) is None
    assert wanted == [Criteria("books", (Filter(column, Op.EMPTY),))]
    assert bar.chips[0].text.endswith("is empty")


def test_authors_are_filtered_by_their_books(authors_bar: FilterBar) -> None:
    wanted = wanted_from(authors_bar)
    type_filter(authors_bar, "books", Op.HAS_BOOK_OVER, "30")
    open_by_menu(authors_bar, "books", Op.NO_BOOKS)
    assert wanted[-1].filters == (Filter("books", Op.HAS_BOOK_OVER, Decimal("30.00")), Filter("books", Op.NO_BOOKS))
    assert [chip.text for chip in authors_bar.chips] == ["has a book over 30.00", "has no books"]


NONSENSE = [
    ("published_year", Op.RANGE, ["abc", ""], "not a year"),
    ("published_year", Op.RANGE, ["0", ""], "no year 0"),
    ("published_year", Op.EQUALS, [str(2**63)], "between 9999 BCE and 9999"),
    ("published_year", Op.RANGE, ["1950", "1900"], "greater than the second"),
    ("price", Op.RANGE, ["20", "10"], "greater than the second"),
    ("price", Op.EQUALS, ["cheap"], "not a price"),
    ("title", Op.CONTAINS, [""], "Type a value"),
    ("price", Op.RANGE, ["", " "], "Type a value"),
]


@pytest.mark.parametrize("case", NONSENSE, ids=lambda case: f"{case[0]}-{'-'.join(case[2])}")
def test_what_cannot_be_a_value_says_why_and_stays(bar: FilterBar, case: tuple[str, Op, list[str], str]) -> None:
    column, op, texts, reason = case
    wanted = wanted_from(bar)
    editor = type_filter(bar, column, op, *texts)
    assert any(reason in label.text() for label in editor.findChildren(QLabel) if label.isVisible())
    assert editor.isVisible()
    assert [field.text() for field in editor.fields] == texts
    assert wanted == []


def test_a_price_over_which_there_is_none_says_why(authors_bar: FilterBar) -> None:
    editor = type_filter(authors_bar, "books", Op.HAS_BOOK_OVER, "-1")
    assert any("not negative" in label.text() for label in editor.findChildren(QLabel))


def test_a_click_on_a_chip_changes_its_filter(bar: FilterBar) -> None:
    bar.show_criteria(Criteria("books", (Filter("published_year", Op.RANGE, -720, 1), Filter("title", Op.EMPTY))))
    wanted = wanted_from(bar)
    child(bar.chips[0], QAbstractButton, "chip_edit").click()
    editor: Any = bar._editor
    assert [field.text() for field in editor.fields] == ["720 BCE", "1"]
    editor.fields[1].setText("50 BCE")
    child(editor, QAbstractButton, "filter_apply").click()
    assert set(wanted[0].filters) == {Filter("published_year", Op.RANGE, -720, -50), Filter("title", Op.EMPTY)}


def test_the_cross_of_a_chip_takes_its_filter_away(bar: FilterBar) -> None:
    bar.show_criteria(Criteria("books", (Filter("title", Op.EMPTY), Filter("price", Op.EMPTY))))
    wanted = wanted_from(bar)
    child(bar.chips[0], QAbstractButton, "chip_remove").click()
    assert wanted == [Criteria("books", (Filter("price", Op.EMPTY),))]
    drop_deleted()
    assert [chip.text for chip in bar.chips] == ["Price is empty"]


@pytest.mark.parametrize("table", list(TABLES))
def test_every_comparison_of_every_column_is_in_the_menu(application: object, qtbot: QtBot, table: str) -> None:
    bar = FilterBar(TABLES[table])
    qtbot.addWidget(bar)
    for column in TABLES[table].grid:
        for op in column.filters:
            action = bar.findChild(QAction, f"filter_{column.name}_{op.value}")
            assert isinstance(action, QAction)
            assert action.text().startswith(OPS[op])


def test_a_link_is_described_by_its_name() -> None:
    assert describe(BOOKS, Filter("author", Op.EQUALS, AuthorRef(1, "Woolf, Virginia"))) == "Author = Woolf, Virginia"
