"""Fault 46: a view that is closed before its result comes. The result is dropped, and its connection comes back."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QDeadlineTimer

from desk.database.actions import current_action
from desk.operations import pages, records, views, watching
from desk.operations.connect import create_catalogue, open_catalogue
from tests.journeys.conftest import fill
from tests.support.editing import elsewhere
from tests.support.waiting import LONGEST
from tests.support.window import opened_window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from tests.support.window import Desk

TYPED = "1991"


@pytest.fixture
def desk(database_target: str, application: object, qtbot: QtBot) -> Iterator[Desk]:
    """The window over the sample with one pending edit; at the end no connection is out."""
    fill(database_target)
    with opened_window(database_target, qtbot) as made:
        made.settle()
        made.find("Good Omens")
        made.type_cell("published_year", TYPED)
        made.search("")
        yield made


class Late:
    """An operation whose result is there, but comes only once it is let go or cancelled."""

    def __init__(self, operation: Callable[..., Any]) -> None:
        self._operation = operation
        self.has_result = threading.Event()
        self.has_ended = threading.Event()
        self._go_on = threading.Event()

    def __call__(self, **arguments: Any) -> Any:
        result = self._operation(**arguments)
        action = current_action()
        self.has_result.set()
        assert action is not None
        for _time in range(int(LONGEST / 0.005)):
            if self._go_on.wait(0.005) or action.is_cancelled:
                break
        self.has_ended.set()
        return result

    def let_go(self) -> None:
        self._go_on.set()


def nothing_is_left(desk: Desk) -> None:
    desk.until(lambda: not desk.window.context.runner.running, "all actions to end")
    desk.until(lambda: desk.catalogue.pool.snapshot().checked_out == 0, "the connections to come back")
    assert desk.catalogue.pool.snapshot().open_transactions == 0
    assert [edit.values["published_year"] for edit in desk.edits.edits()] == [int(TYPED)]


def test_fault_46_another_view_is_opened_before_the_rows_of_one_come(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Late(views.open_view)
    monkeypatch.setattr(views, "open_view", late)
    desk.browser.search.setText("orlando")
    desk.browser.search.returnPressed.emit()
    desk.until(late.has_result.is_set, "the rows that nobody will want")
    monkeypatch.undo()
    desk.search("omens")
    desk.until(late.has_ended.is_set, "the late rows")
    desk.settle()
    assert "Omens" in str(desk.text(0, "title"))
    nothing_is_left(desk)


def test_fault_46_another_table_is_chosen_before_its_page_comes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    late = Late(pages.load_page)
    monkeypatch.setattr(pages, "load_page", late)
    bar = desk.browser.grid.verticalScrollBar()
    bar.setValue(bar.maximum())
    desk.until(late.has_result.is_set, "the page")
    monkeypatch.undo()
    desk.window.side_bar.choose("authors")
    late.let_go()
    desk.settle()
    assert desk.table.description.name == "authors"
    assert desk.table.total != desk.window.browsers["books"].table.total
    nothing_is_left(desk)


def test_fault_46_the_details_show_another_record_before_one_comes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    late = Late(records.load_details)
    monkeypatch.setattr(records, "load_details", late)
    first, second = desk.table.key_at(3), desk.table.key_at(4)
    assert first is not None
    assert second is not None
    desk.browser.select(first)
    desk.until(late.has_result.is_set, "the record")
    monkeypatch.undo()
    desk.browser.select(second)
    desk.until(late.has_ended.is_set, "the late record")
    desk.until(lambda: desk.details.is_complete, "the details")
    assert desk.details.key == second
    assert desk.page.form.fields["title"].text == desk.text(4, "title")
    nothing_is_left(desk)


def test_fault_46_another_catalogue_is_opened_before_a_view_comes(
    database_target: str, application: object, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database_target)
    create_catalogue(target=str(tmp_path / "empty.desk"))
    with opened_window(database_target, qtbot) as desk:
        desk.settle()
        before = desk.catalogue
        late = Late(views.open_view)
        monkeypatch.setattr(views, "open_view", late)
        desk.browser.refresh()
        desk.browser.show_view(desk.browser.criteria.sorted_by("price", add=False))
        desk.until(late.has_result.is_set, "the rows that nobody will want")
        monkeypatch.undo()
        desk.window.open_target(str(tmp_path / "empty.desk"))
        desk.until(lambda: desk.window.context.catalogue not in (None, before), "the other catalogue")
        desk.until(late.has_ended.is_set, "the late rows")
        desk.settle()
        assert desk.table.rowCount() == 0
        assert before.pool.snapshot().checked_out == 0


@pytest.mark.parametrize("operation", [(views, "open_view"), (records, "load_details"), (watching, "look_elsewhere")])
def test_fault_46_the_window_is_closed_before_a_result_comes(
    database_target: str, application: object, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, operation: tuple[Any, str]
) -> None:
    fill(database_target)
    with opened_window(database_target, qtbot) as desk:
        desk.settle()
        catalogue, runner = desk.catalogue, desk.window.context.runner
        late = Late(getattr(*operation))
        monkeypatch.setattr(*operation, late)
        desk.browser.refresh()
        desk.browser.show_view(desk.browser.criteria.sorted_by("price", add=False))
        desk.details.reload()
        if operation[0] is watching:
            desk.until(lambda: desk.browser.is_loaded, "the view")
            desk.window.live.look()
        desk.until(late.has_result.is_set, "the result that nobody will want")
        desk.window.close()
        assert not desk.window.isVisible()
        assert late.has_ended.is_set()
        assert runner.has_ended(QDeadlineTimer(0))
        assert catalogue.pool.snapshot().checked_out == 0
        assert catalogue.monitor.version() is None


def test_fault_46_a_look_at_a_view_that_is_gone_marks_nothing(
    desk: Desk, database_target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = desk.window.live
    live.look()
    desk.settle()
    colleague = open_catalogue(target=database_target)
    elsewhere(colleague, "UPDATE books SET price = 123")
    colleague.close()
    late = Late(watching.look_elsewhere)
    monkeypatch.setattr(watching, "look_elsewhere", late)
    live.look()
    desk.until(late.has_result.is_set, "the look")
    monkeypatch.undo()
    desk.browser.show_view(desk.browser.criteria.sorted_by("price", add=False))
    desk.until(lambda: desk.browser.is_loaded, "the other view")
    late.let_go()
    desk.settle()
    assert "row" not in desk.message
    nothing_is_left(desk)
