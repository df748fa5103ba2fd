"""Fault 42: tables that are altered, renamed or dropped by somebody else under the open grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from desk.database import engines, targets
from tests.journeys.conftest import fill
from tests.support.window import opened_window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from tests.support.window import Desk

BOOKS = 904
HARMLESS = (
    "ALTER TABLE books ADD COLUMN shelf TEXT",
    "CREATE INDEX ix_shelf ON books (shelf)",
    "DROP INDEX ix_books_title_key_id",
)
HARMFUL = {
    "a column renamed": ("ALTER TABLE books RENAME COLUMN language TO tongue",),
    "a column dropped": (
        "CREATE TABLE kept AS SELECT id, price FROM books",
        "DROP INDEX ix_books_price_id",
        "ALTER TABLE books DROP COLUMN price",
    ),
    "the table renamed": ("ALTER TABLE books RENAME TO tomes",),
    "another table renamed": ("ALTER TABLE contributions RENAME TO additions",),
}
MENDED = {
    "a column renamed": ("ALTER TABLE books RENAME COLUMN tongue TO language",),
    "a column dropped": (
        "ALTER TABLE books ADD COLUMN price NUMERIC(12, 2)",
        "UPDATE books SET price = (SELECT kept.price FROM kept WHERE kept.id = books.id)",
    ),
    "the table renamed": ("ALTER TABLE tomes RENAME TO books",),
    "another table renamed": ("ALTER TABLE additions RENAME TO contributions",),
}
RETYPED = "ALTER TABLE books ALTER COLUMN isbn TYPE varchar(64)", "ALTER TABLE books ALTER COLUMN version TYPE bigint"


@pytest.fixture
def desk(database_target: str, application: object, qtbot: QtBot) -> Iterator[Desk]:
    """The window over the sample; at the end no connection is out."""
    fill(database_target)
    with opened_window(database_target, qtbot) as made:
        made.settle()
        yield made


def alter(target: str, *statements: str) -> None:
    """What another program does to the tables."""
    engine = engines.make_engine(targets.target_url(target))
    with engine.execution_options(**{engines.WRITE: True}).begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def type_a_year(desk: Desk) -> None:
    desk.find("Good Omens")
    desk.type_cell("published_year", "1991")
    assert len(desk.edits) == 1


def nothing_is_out(desk: Desk) -> None:
    desk.until(lambda: not desk.window.context.runner.running, "all actions to end")
    snapshot = desk.catalogue.pool.snapshot()
    assert (snapshot.checked_out, snapshot.open_transactions) == (0, 0)


def test_fault_42_what_does_no_harm_is_not_noticed(desk: Desk, database_target: str) -> None:
    type_a_year(desk)
    alter(database_target, *HARMLESS)
    desk.trigger("refresh")
    desk.settle()
    assert not desk.browser.problems.isVisible()
    assert desk.text(0, "published_year") == "1991"
    desk.search("")
    assert desk.table.total == BOOKS
    desk.commit()
    assert not len(desk.edits)
    nothing_is_out(desk)


@pytest.mark.parametrize("harm", ["a column renamed", "a column dropped", "the table renamed"])
def test_fault_42_what_is_missing_is_told_the_edits_are_kept_and_rows_come_back(
    desk: Desk, database_target: str, harm: str
) -> None:
    type_a_year(desk)
    alter(database_target, *HARMFUL[harm])
    desk.trigger("refresh")
    desk.until(desk.browser.problems.isVisible, "the problem bar")
    assert desk.browser.problems.retry.isVisible()
    assert "missing" in desk.browser.problems.text
    assert "edits are kept" in desk.browser.problems.text
    nothing_is_out(desk)
    assert len(desk.edits) == 1
    alter(database_target, *MENDED[harm])
    desk.browser.problems.retry.click()
    desk.until(lambda: not desk.browser.problems.isVisible(), "the rows to come back")
    desk.settle()
    assert desk.text(0, "published_year") == "1991"
    desk.commit()
    assert desk.text(0, "published_year") == "1991"
    nothing_is_out(desk)


@pytest.mark.parametrize("harm", ["a column renamed"])
def test_fault_42_a_commit_into_what_is_missing_saves_nothing_and_keeps_the_edits(
    desk: Desk, database_target: str, harm: str
) -> None:
    type_a_year(desk)
    alter(database_target, *HARMFUL[harm])
    desk.trigger("commit")
    assert "missing" in desk.question().text()
    desk.answer("OK")
    assert len(desk.edits) == 1
    nothing_is_out(desk)
    alter(database_target, *MENDED[harm])
    desk.commit()
    assert desk.text(0, "published_year") == "1991"


@pytest.mark.parametrize("harm", ["another table renamed"])
def test_fault_42_scrolling_over_what_is_missing_is_told(desk: Desk, database_target: str, harm: str) -> None:
    alter(database_target, *HARMFUL[harm])
    bar = desk.browser.grid.verticalScrollBar()
    bar.setValue(bar.maximum())
    desk.until(desk.browser.problems.isVisible, "the problem bar")
    nothing_is_out(desk)
    alter(database_target, *MENDED[harm])
    desk.browser.problems.retry.click()
    desk.until(lambda: not desk.browser.problems.isVisible(), "the rows to come back")
    desk.settle()
    assert desk.text(BOOKS - 1, "title")


def test_fault_42_a_column_of_another_type_is_read_again(postgres_url: str, application: object, qtbot: QtBot) -> None:
    fill(postgres_url)
    with opened_window(postgres_url, qtbot) as desk:
        desk.settle()
        for _time in range(8):  # so that the server has prepared the statements of a page
            desk.trigger("refresh")
            desk.settle()
        type_a_year(desk)
        alter(postgres_url, *RETYPED)
        desk.trigger("refresh")
        desk.settle()
        assert not desk.browser.problems.isVisible()
        desk.search("")
        assert desk.table.total == BOOKS
        assert len(desk.edits) == 1
        nothing_is_out(desk)


@pytest.mark.parametrize("harm", ["a column renamed"])
def test_fault_42_a_look_for_changes_over_what_is_missing_tells_nobody(
    desk: Desk, database_target: str, harm: str
) -> None:
    type_a_year(desk)
    looked: list[bool] = []
    desk.window.live.looked.connect(lambda: looked.append(True))
    alter(database_target, *HARMFUL[harm])
    for times in (1, 2):
        desk.window.live.look()
        desk.until(lambda: len(looked) == times, "the look")  # noqa: B023  (called in this round only)
    assert not desk.browser.problems.isVisible()
    assert "missing" not in desk.message
    assert len(desk.edits) == 1
    nothing_is_out(desk)
    alter(database_target, *MENDED[harm])
    desk.window.live.look()
    desk.until(lambda: len(looked) == 3, "the look")
    desk.commit()
    assert desk.text(0, "published_year") == "1991"
    nothing_is_out(desk)
