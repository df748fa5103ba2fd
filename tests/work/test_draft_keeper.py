"""The keeper of a draft: what it acknowledged is on disk, what it could not write goes along with the next change."""

from __future__ import annotations

import shutil
import threading
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from desk.catalog.edits import CommitResult, Edit, EditKind, RecordKey, UnitReceipt
from desk.database import drafts
from desk.database.drafts import Draft, orphans
from desk.errors import EnvironmentProblem
from desk.work import draft_keeper
from desk.work.draft_keeper import DraftKeeper

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pytestqt.qtbot import QtBot

CATALOGUE, OTHER = "7b0dd0a6-0001", "7b0dd0a6-0002"
RECEIPT = UnitReceipt("4711", MappingProxyType({}), CommitResult((RecordKey("books", 1),)))


class Told:
    """What a keeper told, in order."""

    def __init__(self, keeper: DraftKeeper) -> None:
        self.kept: list[int] = []
        self.failed: list[str] = []
        keeper.kept.connect(self.kept.append)
        keeper.failed.connect(self.failed.append)


class Gate:
    """Stands before every write to a draft; `writes` are those that came through."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._open = threading.Event()
        self._waits = threading.Event()
        self.writes: list[Mapping[RecordKey, Edit | None]] = []
        write = Draft.write

        def watched(draft: Draft, changes: Mapping[RecordKey, Edit | None], number: int = 0) -> None:
            self._waits.set()
            self._open.wait()
            self.writes.append(changes)
            write(draft, changes, number)

        monkeypatch.setattr(Draft, "write", watched)

    def wait_for_a_write(self) -> None:
        assert self._waits.wait(10)

    def open(self) -> None:
        self._open.set()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    made = Gate(monkeypatch)
    yield made
    made.open()


@pytest.fixture
def keeper(qapp: object) -> Iterator[DraftKeeper]:
    made = DraftKeeper()
    made.begin(CATALOGUE, "/library.desk", "library")
    yield made
    made.close()


@pytest.fixture
def told(keeper: DraftKeeper) -> Told:
    return Told(keeper)


def edit(number: int, title: str = "Orlando") -> Edit:
    return Edit(RecordKey("books", number), EditKind.UPDATE, "", 1, values=MappingProxyType({"title": title}))


def put(*edits: Edit) -> dict[RecordKey, Edit | None]:
    return {one.key: one for one in edits}


def gone(number: int) -> dict[RecordKey, Edit | None]:
    return {RecordKey("books", number): None}


def files() -> list[str]:
    folder = drafts.folder()
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def left_behind(identity: str = CATALOGUE) -> list[tuple[Edit, ...]]:
    """The edits of each draft that nobody holds; these are deleted."""
    found = orphans(drafts.folder(), identity)
    for draft in found.drafts:
        draft.close(delete=True)
    return [draft.edits() for draft in found.drafts]


def test_what_is_acknowledged_is_on_disk(keeper: DraftKeeper, told: Told, qtbot: QtBot) -> None:
    keeper.keep(1, put(edit(1), edit(2)))
    keeper.keep(2, put(edit(1, "Flush")))
    qtbot.waitUntil(lambda: told.kept[-1:] == [2])
    keeper.close()
    assert left_behind() == [(edit(1, "Flush"), edit(2))]
    assert not told.failed


def test_nothing_is_made_before_the_first_edit(keeper: DraftKeeper, desk_home: Path) -> None:
    keeper.begin(OTHER, "/other.desk", "other")
    keeper.keep_receipt(RECEIPT)
    keeper.close()
    assert not desk_home.exists()
    assert keeper._thread is None


def test_what_comes_while_the_disk_is_busy_is_one_transaction(
    keeper: DraftKeeper, told: Told, gate: Gate, qtbot: QtBot
) -> None:
    keeper.keep(1, put(edit(1)))
    gate.wait_for_a_write()
    for number in range(2, 60):
        keeper.keep(number, put(edit(number)) | gone(number - 2))
    gate.open()
    qtbot.waitUntil(lambda: told.kept == [1, 59])
    assert len(gate.writes) == 2
    keeper.close()
    assert left_behind() == [(edit(58), edit(59))]


def test_an_empty_draft_goes_at_the_end(keeper: DraftKeeper, told: Told, qtbot: QtBot) -> None:
    keeper.keep(1, put(edit(1)))
    qtbot.waitUntil(lambda: told.kept == [1])
    assert len(files()) == 2
    keeper.keep(2, gone(1))
    keeper.close()
    assert files() == []


def test_what_cannot_be_written_is_told_and_goes_along_with_the_next_change(
    keeper: DraftKeeper, told: Told, qtbot: QtBot
) -> None:
    drafts.folder().parent.mkdir(parents=True)
    drafts.folder().write_text("no folder")
    keeper.keep(1, put(edit(1)))
    qtbot.waitUntil(lambda: len(told.failed) == 1)
    keeper.keep(2, put(edit(2)))
    qtbot.waitUntil(lambda: len(told.failed) == 2)
    assert told.failed[0].startswith("Pending edits cannot be kept on disk")
    assert not told.kept
    drafts.folder().unlink()
    keeper.keep(3, put(edit(3)) | gone(2))
    qtbot.waitUntil(lambda: told.kept == [3])
    keeper.close()
    assert left_behind() == [(edit(1), edit(3))]


def test_a_write_that_failed_is_made_up_for(
    keeper: DraftKeeper, told: Told, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper.keep(1, put(edit(1), edit(2)))
    qtbot.waitUntil(lambda: told.kept == [1])
    write = Draft.write

    def refuse(*_arguments: Any) -> None:
        raise EnvironmentProblem("The disk is full.")

    monkeypatch.setattr(Draft, "write", refuse)
    keeper.keep(2, gone(1))
    keeper.keep(3, put(edit(2, "Flush"), edit(3)))
    qtbot.waitUntil(lambda: "The disk is full." in told.failed)
    monkeypatch.setattr(Draft, "write", write)
    keeper.keep(4, put(edit(4)))
    qtbot.waitUntil(lambda: told.kept == [1, 4])
    keeper.close()
    assert left_behind() == [(edit(2, "Flush"), edit(3), edit(4))]


def test_a_bug_is_told_and_the_thread_lives_on(
    keeper: DraftKeeper, told: Told, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(Draft, "create", broken)
        keeper.keep(1, put(edit(1)))
        qtbot.waitUntil(lambda: len(told.failed) == 1)
    assert "ZeroDivisionError" in told.failed[0]
    keeper.keep(2, put(edit(2)))
    qtbot.waitUntil(lambda: told.kept == [2])
    keeper.close()
    assert left_behind() == [(edit(1), edit(2))]


def test_a_draft_that_was_taken_away_is_begun_anew_with_everything(
    keeper: DraftKeeper, told: Told, qtbot: QtBot
) -> None:
    keeper.keep(1, put(edit(1), edit(2)))
    qtbot.waitUntil(lambda: told.kept == [1])
    shutil.rmtree(drafts.folder())
    keeper.keep(2, put(edit(3)) | gone(1))
    qtbot.waitUntil(lambda: told.kept == [1, 2])
    keeper.close()
    assert left_behind() == [(edit(2), edit(3))]


def test_the_same_catalogue_again_goes_on_with_its_draft(keeper: DraftKeeper, told: Told, qtbot: QtBot) -> None:
    keeper.keep(1, put(edit(1)))
    qtbot.waitUntil(lambda: told.kept == [1])
    before = files()
    keeper.begin(CATALOGUE, "/library.desk", "under another name")
    keeper.keep(2, put(edit(2)))
    qtbot.waitUntil(lambda: told.kept == [1, 2])
    assert files() == before
    keeper.close()
    assert left_behind() == [(edit(1), edit(2))]


def test_another_catalogue_gets_a_draft_of_its_own(keeper: DraftKeeper, told: Told, gate: Gate, qtbot: QtBot) -> None:
    gate.open()
    keeper.keep(1, put(edit(1)))
    qtbot.waitUntil(lambda: told.kept == [1])
    keeper.keep(2, gone(1))
    keeper.begin(OTHER, "/other.desk", "other")
    keeper.keep(3, put(edit(2)))
    qtbot.waitUntil(lambda: told.kept[-1] == 3)
    keeper.close()
    assert left_behind() == []
    assert left_behind(OTHER) == [(edit(2),)]


def test_another_catalogue_comes_while_the_disk_is_busy(keeper: DraftKeeper, gate: Gate, told: Told) -> None:
    keeper.keep(1, put(edit(1)))
    gate.wait_for_a_write()
    keeper.keep(2, gone(1))
    keeper.begin(OTHER, "/other.desk", "other")
    keeper.keep(3, put(edit(2)))
    gate.open()
    keeper.close()
    assert left_behind() == []
    assert left_behind(OTHER) == [(edit(2),)]


# Receipts


def test_a_receipt_is_on_disk_when_the_commit_goes_on(keeper: DraftKeeper, told: Told, qtbot: QtBot) -> None:
    keeper.keep(1, put(edit(1)))
    keeper.keep_receipt(RECEIPT)
    keeper.close()
    (draft,) = orphans(drafts.folder(), CATALOGUE).drafts
    assert (draft.receipt, draft.edits()) == (RECEIPT, (edit(1),))
    draft.close(delete=True)


def test_a_receipt_that_the_disk_refuses_ends_the_unit(
    keeper: DraftKeeper, told: Told, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: Any) -> None:
        raise EnvironmentProblem("The disk is full.")

    keeper.keep(1, put(edit(1)))
    qtbot.waitUntil(lambda: told.kept == [1])
    monkeypatch.setattr(Draft, "keep_receipt", refuse)
    with pytest.raises(EnvironmentProblem, match=r"full.*Nothing was saved"):
        keeper.keep_receipt(RECEIPT)
    with monkeypatch.context() as patch:  # … unless it has been told that edits cannot be kept
        patch.setattr(Draft, "write", refuse)
        keeper.keep(2, put(edit(2)))
        qtbot.waitUntil(lambda: len(told.failed) == 1)
        keeper.keep_receipt(RECEIPT)
    keeper.keep(3, put(edit(3)))
    qtbot.waitUntil(lambda: told.kept == [1, 3])
    with pytest.raises(EnvironmentProblem, match="full"):
        keeper.keep_receipt(RECEIPT)


def test_a_disk_that_does_not_answer_ends_the_unit(
    keeper: DraftKeeper, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draft_keeper, "RECEIPT_SECONDS", 0.01)
    keeper.keep(1, put(edit(1)))
    gate.wait_for_a_write()
    with pytest.raises(EnvironmentProblem, match="does not answer"):
        keeper.keep_receipt(RECEIPT)


def test_a_commit_that_comes_to_its_receipt_while_the_window_closes_saves_nothing(keeper: DraftKeeper) -> None:
    keeper.keep(1, put(edit(1)))
    keeper.close()  # another start offers the edit: saved as well, it would be there twice
    with pytest.raises(EnvironmentProblem, match="Nothing was saved"):
        keeper.keep_receipt(RECEIPT)
    assert left_behind() == [(edit(1),)]


# The end


def test_closing_writes_what_waits(keeper: DraftKeeper) -> None:
    for number in range(1, 30):
        keeper.keep(number, put(edit(number)))
    keeper.close()
    assert left_behind() == [tuple(map(edit, range(1, 30)))]


def test_closing_waits_for_a_disk_that_hangs_no_longer_than_it_may(
    keeper: DraftKeeper, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draft_keeper, "CLOSE_SECONDS", 0.01)
    keeper.keep(1, put(edit(1)))
    gate.wait_for_a_write()
    keeper.close()
    assert keeper._thread is not None
    assert keeper._thread.is_alive()
    gate.open()
    keeper._thread.join(10)
    assert left_behind() == [(edit(1),)]


def test_edits_that_were_dropped_while_the_disk_was_full_are_not_offered(
    keeper: DraftKeeper, told: Told, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: Any) -> None:
        raise EnvironmentProblem("The disk is full.")

    keeper.keep(1, put(edit(1)))
    qtbot.waitUntil(lambda: told.kept == [1])
    monkeypatch.setattr(Draft, "write", refuse)
    keeper.keep(2, gone(1))
    qtbot.waitUntil(lambda: bool(told.failed))
    keeper.close()
    assert files() == []
