"""Pending edits are on disk before they look pending, and leave it with the commit or the roll back."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from desk.database import drafts
from desk.database.drafts import Draft
from desk.errors import EnvironmentProblem
from desk.tables.cells import STATE, TOOL_TIP, CellState
from desk.window.main_window import MainWindow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from PySide6.QtCore import QModelIndex
    from PySide6.QtWidgets import QTreeWidgetItem

    from desk.catalog.edits import Edit
    from desk.operations.connect import OpenCatalogue
    from tests.support.window import Desk


class Disk:
    """The disk of drafts as a test wants it: slow, or full. It is neither at first."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers = threading.Event()
        self.answers.set()
        self.is_full = False
        write = Draft.write

        def watched(draft: Draft, *arguments: Any) -> None:
            assert self.answers.wait(20)
            if self.is_full:
                raise EnvironmentProblem("Pending edits cannot be kept on disk in /drafts: the disk is full.")
            write(draft, *arguments)

        monkeypatch.setattr(Draft, "write", watched)


@pytest.fixture
def disk(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    made = Disk(monkeypatch)
    yield made
    made.answers.set()


def year(desk: Desk) -> QModelIndex:
    return desk.table.index(desk.browser.grid.current_row, desk.section("published_year"))


def change_year(desk: Desk, text: str = "1991") -> None:
    desk.find("Good Omens")
    desk.type_cell("published_year", text)


def kept(desk: Desk) -> tuple[Edit, ...]:
    """What is in the draft of the window."""
    draft = desk.window.context.keeper._draft
    return draft.edits() if draft is not None else ()


def files() -> list[Path]:
    return list(drafts.folder().iterdir()) if drafts.folder().exists() else []


def only_item(desk: Desk) -> QTreeWidgetItem:
    item = desk.window.pending.tree.topLevelItem(0)
    assert item is not None
    return item


def test_an_edit_is_on_disk_before_it_looks_pending(desk: Desk, disk: Disk) -> None:
    assert not files()
    disk.answers.clear()
    change_year(desk)
    assert year(desk).data(STATE) is CellState.KEEPING
    assert "Being kept" in year(desk).data(TOOL_TIP)
    desk.until(lambda: "(keeping …)" in only_item(desk).text(0))
    desk.until(lambda: not desk.is_enabled("commit"))
    assert not desk.window.pending.commit.isEnabled()
    assert kept(desk) == ()
    desk.window.pending.tree.setCurrentItem(only_item(desk))
    disk.answers.set()
    desk.until(lambda: year(desk).data(STATE) is CellState.CHANGED, "the edit to be kept")
    assert kept(desk) == desk.edits.edits()
    assert only_item(desk).text(0) == "• book: Good Omens"
    assert desk.window.pending.tree.currentItem() is only_item(desk)
    assert desk.window.pending.commit.isEnabled()
    desk.until(lambda: desk.is_enabled("commit"))


def test_the_draft_follows_every_step_and_the_commit(desk: Desk) -> None:
    change_year(desk)
    desk.type_cell("language", "la")
    for command in ("undo", "redo", "undo"):
        desk.trigger(command)
        desk.until(lambda: desk.edits.all_kept)
        assert kept(desk) == desk.edits.edits()
    desk.commit()
    desk.until(lambda: desk.edits.all_kept)
    assert kept(desk) == ()
    change_year(desk, "1992")
    desk.until(lambda: kept(desk) == desk.edits.edits())
    desk.trigger("roll_back")
    desk.answer("drop_all")
    desk.until(lambda: desk.edits.all_kept)
    assert kept(desk) == ()
    desk.window.close()
    assert files() == []


def test_connecting_again_goes_on_with_the_draft(desk: Desk, sample_target: str) -> None:
    change_year(desk)
    desk.until(lambda: len(kept(desk)) == 1)
    before = files()
    opened: list[object] = []
    desk.window.opening.opened.connect(lambda catalogue, _profile: opened.append(catalogue))
    desk.window.let_go(then=lambda: desk.window.open_target(sample_target))
    desk.until(lambda: bool(opened))
    desk.settle()
    assert kept(desk) == desk.edits.edits()
    assert files() == before


def test_another_catalogue_leaves_no_draft_behind(desk: Desk, sqlite_path: Path) -> None:
    change_year(desk)
    desk.until(lambda: len(kept(desk)) == 1)
    desk.trigger("undo")
    desk.until(lambda: kept(desk) == ())
    desk.window.open_target(str(sqlite_path))
    desk.until(lambda: files() == [], "the empty draft to go")


def test_a_full_disk_is_said_once_and_stops_no_commit(desk: Desk, disk: Disk, colleague: OpenCatalogue) -> None:
    disk.is_full = True
    change_year(desk)
    problems = desk.window.problems
    desk.until(problems.isVisible)
    assert "disk is full" in problems.text
    assert "stay in this window" in problems.text
    assert year(desk).data(STATE) is CellState.KEEPING
    assert "disk is full" in year(desk).data(TOOL_TIP)
    desk.until(lambda: "(not on disk)" in only_item(desk).text(0))
    assert "not all of them on disk" in desk.window.pending.count.text()
    problems.hide()
    desk.type_cell("published_year", "1992")
    desk.until(lambda: desk.window.context.keeper._number == 2)
    desk.commit()
    assert not problems.isVisible()
    assert desk.edits.unkept_reason


def test_a_disk_with_room_again_takes_everything(desk: Desk, disk: Disk) -> None:
    disk.is_full = True
    change_year(desk)
    desk.until(lambda: bool(desk.edits.unkept_reason))
    disk.is_full = False
    desk.type_cell("language", "la")
    desk.until(lambda: not desk.edits.unkept_reason, "the disk to take it")
    assert "on disk again" in desk.message
    assert not desk.window.problems.isVisible()
    assert year(desk).data(STATE) is CellState.CHANGED
    assert kept(desk) == desk.edits.edits()
    desk.until(lambda: only_item(desk).text(0) == "• book: Good Omens")
    assert desk.window.pending.count.text() == "1 record with pending edits"


def test_two_windows_of_one_catalogue_have_drafts_of_their_own(desk: Desk, sample_target: str) -> None:
    assert desk.window.windows is not None
    change_year(desk)
    other = desk.window.windows.open(sample_target)
    assert isinstance(other, MainWindow)
    desk.until(lambda: other.is_furnished and other.browser.is_loaded)
    other.context.edits.add("authors", {"name": "Sappho"})
    desk.until(lambda: other.context.edits.all_kept and desk.edits.all_kept)
    assert len([path for path in files() if path.suffix == ".draft"]) == 2
    assert len(kept(desk)) == 1
    other.context.edits.roll_back()
    other.close()
    desk.until(lambda: len([path for path in files() if path.suffix == ".draft"]) == 1)
