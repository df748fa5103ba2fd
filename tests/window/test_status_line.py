"""The status line: row and total, and how far a long job is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desk.window.status_line import PARTS, StatusLine
from tests.support.window import application

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

__all__ = ["application"]


@pytest.fixture
def status(application: object, qtbot: QtBot) -> StatusLine:
    made = StatusLine()
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.mark.parametrize(
    ("row", "total", "exact", "shown"),
    [
        (1233, 10_000_000, False, "Row 1,234 of about 10,000,000"),
        (1233, 10_000_000, True, "Row 1,234 of 10,000,000"),
        (-1, 10_000_000, False, "about 10,000,000 rows"),
        (-1, 0, True, "0 rows"),
        (-1, 1, True, "1 row"),
    ],
)
def test_an_estimate_is_told_apart_from_a_count(
    status: StatusLine, row: int, total: int, exact: bool, shown: str
) -> None:
    status.show_place(row, total, exact=exact)
    assert status.place.text() == shown


def test_a_list_of_some_rows_is_no_total(status: StatusLine) -> None:
    status.show_place(0, 20_000, exact=False, listed=True)
    assert status.place.text() == "Row 1 of the first 20,000"


def test_progress_is_shown_with_its_cancel_until_it_ends(status: StatusLine, qtbot: QtBot) -> None:
    status.show_progress("a job", "Copying", 5_000_000_000, 10_000_000_000)  # beyond 32 bits
    assert status.job.text() == "Copying"
    assert status.progress.value() == PARTS // 2
    with qtbot.waitSignal(status.cancel_wanted):
        status.cancel.click()
    status.hide_progress("a job")
    assert not any(one.isVisible() for one in (status.job, status.progress, status.cancel))


def test_progress_of_unknown_length_only_moves(status: StatusLine) -> None:
    status.show_progress("a job", "Indexing", 7, 0)
    assert (status.progress.minimum(), status.progress.maximum()) == (0, 0)


def test_a_job_that_ends_leaves_the_progress_of_another_one(status: StatusLine) -> None:
    status.show_progress("index", "Indexing", 1, 4)
    status.show_progress("copy", "Copying", 1, 2)
    status.show_progress("index", "Indexing", 3, 4)
    assert (status.job.text(), status.progress.value()) == ("Copying", PARTS // 2), "the one that began last"
    status.hide_progress("copy")
    assert (status.job.text(), status.progress.value()) == ("Indexing", PARTS * 3 // 4)
    assert status.cancel.isVisible()
    status.hide_progress("copy")
    assert status.progress.isVisible()
    status.hide_progress("index")
    assert not status.progress.isVisible()


def test_the_cancel_stays_while_anything_can_be_cancelled(status: StatusLine, qtbot: QtBot) -> None:
    status.show_busy(1)
    qtbot.waitUntil(status.busy.isVisible)
    status.show_progress("a job", "Copying", 1, 2)
    status.show_busy(0)
    assert status.cancel.isVisible()
    status.hide_progress("a job")
    assert not status.cancel.isVisible()
    status.show_busy(1)
    status.show_progress("a job", "Copying", 1, 2)
    qtbot.waitUntil(lambda: not status._becoming_busy.isActive())
    status.hide_progress("a job")
    assert status.cancel.isVisible()
    assert status.busy.isVisible()
    status.show_busy(0)
    assert not status.cancel.isVisible()


def test_one_bar_tells_that_something_runs(status: StatusLine, qtbot: QtBot) -> None:
    status.show_busy(1)
    qtbot.waitUntil(status.busy.isVisible)
    status.show_progress("a job", "Copying", 1, 2)
    assert status.progress.isVisible()
    assert not status.busy.isVisible()
