"""A commit whose answer never came: editing rests, the edits stay, and the database is asked until it answers."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt, QTimer
from sqlalchemy import make_url

from desk.catalog.edits import CommitResult, UnitReceipt
from desk.errors import EnvironmentProblem
from desk.operations import outcomes
from desk.operations.commit import commit_edits
from desk.work import door
from tests.journeys.conftest import fill
from tests.support.editing import stored
from tests.support.proxy import Fate, Proxy
from tests.support.waiting import LONGEST
from tests.support.window import opened_window

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desk.operations.connect import OpenCatalogue
    from tests.support.postgres import Server
    from tests.support.window import Desk


class LostAnswers:
    """A database that saves or does not, answers no COMMIT, and can be asked once it is back."""

    def __init__(self, patch: pytest.MonkeyPatch, *, saves: bool) -> None:
        self.is_back = False
        self.works_on_it = False
        self.asked = 0
        self._saves = saves
        patch.setattr(door, "commit_edits", self.commit, raising=False)
        patch.setattr(door, "resolve_unit", self.resolve, raising=False)

    def commit(self, **arguments: Any) -> CommitResult:
        result = commit_edits(**arguments) if self._saves else CommitResult(saved=())
        return CommitResult(saved=(), unknown=UnitReceipt("1", {}, result))

    def resolve(self, *, receipt: UnitReceipt, **_arguments: Any) -> CommitResult | None:
        self.asked += 1
        if not self.is_back:
            raise EnvironmentProblem("The server is gone.", code="refused")
        return None if self.works_on_it else receipt.result


def year_of(catalogue: OpenCatalogue, record_id: int) -> Any:
    found = stored(catalogue, "books", record_id)
    return found["published_year"] if found else "gone"


def commit_in_the_dark(desk: Desk) -> None:
    desk.find("Good Omens")
    desk.type_cell("published_year", "1991")
    desk.trigger("commit")
    desk.until(lambda: "not known" in desk.window.problems.text and desk.window.problems.isVisible())


def ask(desk: Desk, answers: LostAnswers) -> None:
    """Asks without waiting for the timer, and until the answer is here."""
    before = answers.asked
    desk.window.unit.unknown.ask()
    desk.until(lambda: answers.asked > before and not desk.window.context.runner.running)


@pytest.mark.parametrize("saves", [True, False])
def test_edits_rest_until_the_database_says_what_became_of_them(
    desk: Desk, colleague: OpenCatalogue, monkeypatch: pytest.MonkeyPatch, saves: bool
) -> None:
    answers = LostAnswers(monkeypatch, saves=saves)
    commit_in_the_dark(desk)
    key = desk.details.key
    assert key is not None
    assert len(desk.edits) == 1
    desk.until(lambda: not desk.is_enabled("commit"))
    for command in ("undo", "roll_back", "new_record", "undo_commit"):
        assert not desk.is_enabled(command), command
    assert not desk.table.flags(desk.table.index(0, 0)) & Qt.ItemFlag.ItemIsEditable
    ask(desk, answers)
    assert desk.window.unit.unknown.is_waiting
    answers.is_back = answers.works_on_it = True
    ask(desk, answers)
    assert (desk.window.unit.unknown.is_waiting, len(desk.edits)) == (True, 1)
    answers.works_on_it = False
    ask(desk, answers)
    desk.settle()
    assert desk.window.problems.isHidden()
    assert len(desk.edits) == (0 if saves else 1)
    assert desk.message.startswith("Saved 1 record." if saves else "It was not saved")
    assert year_of(colleague, key.id) == (1991 if saves else 1990)
    desk.until(lambda: desk.is_enabled("commit") is not saves and desk.is_enabled("undo_commit") is saves)


@pytest.mark.parametrize("saves", [True, False])
def test_taking_a_commit_back_in_the_dark_leaves_pending_edits_alone(
    desk: Desk, colleague: OpenCatalogue, monkeypatch: pytest.MonkeyPatch, saves: bool
) -> None:
    key = desk.find("Good Omens")
    desk.type_cell("published_year", "1991")
    desk.commit()
    desk.find("Emma")
    desk.type_cell("language", "de")
    answers = LostAnswers(monkeypatch, saves=saves)
    desk.trigger("undo_commit")
    desk.until(lambda: "not known" in desk.window.problems.text)
    answers.is_back = True
    ask(desk, answers)
    desk.settle()
    assert [edit.label for edit in desk.edits.edits()] == ["Emma"]
    assert year_of(colleague, key.id) == (1990 if saves else 1991)
    desk.until(lambda: desk.is_enabled("redo_commit") is saves and desk.is_enabled("undo_commit") is not saves)
    if not saves:
        assert desk.message == "It was not saved: the link broke before. The catalogue is as it was."


def test_a_refresh_asks_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = LostAnswers(monkeypatch, saves=True)
    commit_in_the_dark(desk)
    answers.is_back = True
    for timer in desk.window.unit.unknown.findChildren(QTimer):
        timer.stop()
    desk.trigger("refresh")
    desk.until(lambda: len(desk.edits) == 0, "the outcome")
    desk.settle()


def test_a_commit_waits_until_the_edits_are_on_disk(
    desk: Desk, colleague: OpenCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = desk.find("Good Omens")
    context = desk.window.context
    numbers: list[int] = []
    context.edits.to_keep.disconnect(context.keeper.keep)
    context.edits.to_keep.connect(lambda number, _changes: numbers.append(number))
    desk.type_cell("published_year", "1991")
    desk.window.unit.commit()
    assert not context.edits.frozen
    assert year_of(colleague, key.id) == 1990
    context.edits.acknowledge(numbers[-1])
    desk.until(lambda: len(desk.edits) == 0, "the commit")
    desk.settle()
    assert year_of(colleague, key.id) == 1991


def test_what_a_commit_tells_of_itself_is_shown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    let_go = threading.Event()

    def tell_and_wait(**arguments: Any) -> CommitResult:
        arguments["on_progress"]("Saving is tried again (2 of 5) …")
        assert let_go.wait(LONGEST)
        return commit_edits(**arguments)

    desk.find("Good Omens")
    desk.type_cell("published_year", "1991")
    monkeypatch.setattr(door, "commit_edits", tell_and_wait, raising=False)
    desk.trigger("commit")
    desk.until(lambda: desk.message == "Saving is tried again (2 of 5) …")
    let_go.set()
    desk.until(lambda: len(desk.edits) == 0)
    desk.settle()


def test_the_receipt_of_new_records_is_kept_beside_the_pending_edits(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[UnitReceipt] = []
    keeper = desk.window.context.keeper
    keep = keeper.keep_receipt

    def note(receipt: UnitReceipt) -> None:
        kept.append(receipt)
        keep(receipt)

    monkeypatch.setattr(keeper, "keep_receipt", note)
    desk.trigger("new_record")
    desk.type_field("title", "The Tests")
    desk.commit()
    assert [len(one.inserted) for one in kept] == [1]
    desk.trigger("undo_commit")
    desk.until(lambda: desk.is_enabled("redo_commit"))
    desk.trigger("redo_commit")
    desk.until(lambda: desk.is_enabled("undo_commit"))
    desk.settle()
    assert len(kept) == 1  # no edits are pending that it could belong to


def test_fault_05_a_lost_answer_is_found_out_once_the_server_is_back(
    postgres: Server, postgres_url: str, application: object, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcomes, "ASK_SECONDS", 0.2)
    fill(postgres_url)
    port = make_url(postgres_url).port
    assert port is not None
    with Proxy(port) as proxy:
        url = make_url(postgres_url).set(host="127.0.0.1", port=proxy.port).update_query_dict({"sslmode": "disable"})
        with opened_window(url.render_as_string(hide_password=False), qtbot) as desk:
            desk.settle()
            desk.find("Good Omens")
            desk.type_cell("published_year", "1991")
            proxy.lose(Fate.ANSWER_LOST, then_hold=True)
            desk.trigger("commit")
            desk.until(lambda: "not known" in desk.window.problems.text, "the words", patience_ms=30_000)
            assert len(desk.edits) == 1
            proxy.flow()
            desk.until(lambda: len(desk.edits) == 0, "the outcome", patience_ms=30_000)
            assert desk.message.startswith("Saved 1 record.")
            desk.settle()
