"""Which units can be taken back and saved again, over a unit of work that remembers what it was asked for."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QObject, Signal

from desk.catalog.edits import CommitResult, Edit, EditBatch, EditKind, RecordKey
from desk.catalog.rows import AuthorRef
from desk.tables.edit_stack import EditStack, Original
from desk.window.undo_commits import MOST_UNITS, UndoCommits

if TYPE_CHECKING:
    from desk.window.unit_of_work import Unit


class Ground(QObject):
    """A catalogue that is open somewhere, and its pending edits."""

    message_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.place = "a catalogue"
        self.edits = EditStack(self)
        self.can_edit = True
        self.messages: list[str] = []
        self.message_wanted.connect(self.messages.append)


class Saves(QObject):
    """Saves what it is asked to: the inverse of a value is its negative, unless somebody changed the record since."""

    saved = Signal(object, object)
    ended = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.units: list[Unit] = []
        self.refuses = False

    def save(self, unit: Unit) -> None:
        self.units.append(unit)
        self.commit(unit.batch)

    def commit(self, batch: EditBatch) -> None:
        if not self.refuses:
            keys = tuple(edit.key for edit in batch.edits)
            self.saved.emit(batch, CommitResult(keys, inverse=EditBatch(tuple(map(inverse, batch.edits)))))
        self.ended.emit(not self.refuses)


def inverse(edit: Edit) -> Edit:
    year = edit.values.get("published_year", 0)
    return Edit(edit.key, edit.kind, edit.label, values=MappingProxyType({"published_year": -year}))


def unit(year: int, record_id: int = 1, kind: EditKind = EditKind.UPDATE, table: str = "books") -> EditBatch:
    values: dict[str, Any] = {"published_year": year}
    return EditBatch((Edit(RecordKey(table, record_id), kind, f"Book {record_id}", values=MappingProxyType(values)),))


def years(saves: Saves) -> list[int]:
    return [one.batch.edits[0].values["published_year"] for one in saves.units]


@pytest.fixture
def ground(application: object) -> Ground:
    return Ground()


@pytest.fixture
def saves(ground: Ground) -> Saves:
    made = Saves()
    made.setParent(ground)
    return made


@pytest.fixture
def units(ground: Ground, saves: Saves) -> UndoCommits:
    return UndoCommits(ground, saves)  # type: ignore[arg-type]


def test_units_come_back_newest_first_and_go_again_in_order(saves: Saves, units: UndoCommits) -> None:
    for year in (1, 2, 3):
        saves.commit(unit(year, year))
    for name in ("Book 3", "Book 2"):
        assert units.undo_name == f"Change Year of {name}"
        units.undo()
    assert (years(saves), units.redo_name) == ([-3, -2], "Change Year of Book 2")
    units.redo()
    units.redo()
    assert (years(saves), units.redo_name) == ([-3, -2, 2, 3], "")
    assert units.undo_name == "Change Year of Book 3"
    assert [one.is_pending for one in saves.units] == [False] * 4
    assert saves.units[0].label == "Take back: Change Year of Book 3"
    assert saves.units[2].label == "Commit again: Change Year of Book 2"


def test_another_commit_ends_what_could_be_saved_again(saves: Saves, units: UndoCommits) -> None:
    saves.commit(unit(1))
    units.undo()
    saves.commit(unit(2))
    assert (units.undo_name, units.redo_name) == ("Change Year of Book 1", "")
    units.undo()
    assert (years(saves)[-1], units.undo_name) == (-2, "")


def test_what_cannot_be_taken_back_stays_on_offer(saves: Saves, units: UndoCommits) -> None:
    saves.commit(unit(1))
    saves.refuses = True
    units.undo()
    assert (units.undo_name, units.redo_name) == ("Change Year of Book 1", "")
    saves.refuses = False
    saves.commit(unit(2, 2))  # which is no part of what failed
    assert units.undo_name == "Change Year of Book 2"
    units.undo()
    units.undo()
    assert years(saves) == [-1, -2, -1]


def test_a_unit_without_an_inverse_is_not_offered(saves: Saves, units: UndoCommits) -> None:
    saves.saved.emit(unit(1), CommitResult((RecordKey("books", 1),)))
    assert units.undo_name == ""
    assert "Nothing was committed" in units.why_not


def test_only_the_last_units_are_remembered(saves: Saves, units: UndoCommits) -> None:
    for year in range(1, MOST_UNITS + 3):
        saves.commit(unit(year, year))
    while units.undo_name:
        units.undo()
    assert (len(saves.units), years(saves)[-1]) == (MOST_UNITS, -3)


def test_another_catalogue_forgets_them(ground: Ground, saves: Saves, units: UndoCommits) -> None:
    saves.commit(unit(1))
    ground.place = ""
    assert units.undo_name  # it is only being opened again
    ground.place = "another catalogue"
    assert units.undo_name == ""
    units.undo()
    ground.place = "a catalogue"
    units.undo()
    assert saves.units == []


@pytest.mark.parametrize("is_author", [False, True])
def test_pending_edits_that_it_would_meet_come_first(
    ground: Ground, saves: Saves, units: UndoCommits, is_author: bool
) -> None:
    if is_author:
        saves.commit(unit(1, 7, EditKind.DELETE, "authors"))
        ground.edits.set_field(Original(RecordKey("books", 1), 1, {}, "Emma"), "author", AuthorRef(7, "Austen"))
    else:
        saves.commit(unit(1))
        ground.edits.set_field(Original(RecordKey("books", 1), 1, {}, "Emma"), "language", "de")
    units.undo()
    assert saves.units == []
    assert ground.messages == ["Not taken back: Emma has pending edits. Commit them or drop them first."]
    ground.edits.roll_back()
    units.undo()
    assert len(saves.units) == 1


def test_nothing_is_taken_back_while_editing_rests(ground: Ground, saves: Saves, units: UndoCommits) -> None:
    saves.commit(unit(1))
    ground.can_edit = False
    units.undo()
    assert saves.units == []
