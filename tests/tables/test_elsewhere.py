"""What others changed, as cells show it: by shape, in words, and no longer than it is true."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtGui import QColor

from desk.catalog.columns import BOOKS
from desk.catalog.edits import Checked, Conflict, Edit, EditKind, EditState, RecordKey
from desk.catalog.watched import RowNow, differences
from desk.operations.reading_rows import cells_of
from desk.tables.cells import ACCESSIBLE, STATE, TOOL_TIP, CellState
from desk.tables.edit_stack import EditStack
from desk.tables.elsewhere import Elsewhere
from desk.tables.grid import Grid
from desk.tables.look import DARK, LIGHT, use_look
from desk.tables.record_table import RecordTable, original_of
from tests.support.shelf import Shelf, book

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtGui import QImage
    from pytestqt.qtbot import QtBot

    from desk.tables.look import Look

KEY = RecordKey("books", 2)
YEAR, PRICE = 3, 6


@pytest.fixture
def edits() -> EditStack:
    return EditStack()


@pytest.fixture
def elsewhere() -> Elsewhere:
    return Elsewhere()


@pytest.fixture
def grid(qtbot: QtBot, edits: EditStack, elsewhere: Elsewhere) -> Iterator[Grid]:
    table = RecordTable(BOOKS, edits)
    table.tell_of(elsewhere)
    Shelf("books", 5).show_in(table)
    made = Grid(table)
    qtbot.addWidget(made)
    made.resize(1400, 300)
    made.show()
    yield made
    use_look(LIGHT)


def pending(edits: EditStack, **values: Any) -> Edit:
    for name, value in values.items():
        edits.set_field(original_of(BOOKS, book(2)), name, value)
    found = edits.get(KEY)
    assert found is not None
    return found


def conflict(edit: Edit, **theirs: Any) -> Checked:
    now = MappingProxyType({**edit.original, **theirs})
    return Checked(edit, EditState.CONFLICT, Conflict(edit, now, 2), tuple(theirs))


def state(grid: Grid, section: int, row: int = 1) -> CellState:
    found: CellState = grid.table.index(row, section).data(STATE)
    return found


def tip(grid: Grid, section: int) -> str:
    return str(grid.table.index(1, section).data(TOOL_TIP))


def picture(grid: Grid, section: int) -> QImage:
    grid.viewport().repaint()
    return grid.viewport().grab(grid.visualRect(grid.table.index(1, section))).toImage()


# States and words


def test_nothing_known_is_nothing_told(grid: Grid, elsewhere: Elsewhere) -> None:
    assert not elsewhere
    assert state(grid, YEAR) is CellState.PLAIN


def test_changed_fields_are_marked_until_they_fade(grid: Grid, elsewhere: Elsewhere) -> None:
    elsewhere.note({KEY: frozenset({"published_year"})})
    elsewhere.note({KEY: frozenset({"price"})})
    assert state(grid, YEAR) is CellState.ELSEWHERE
    assert state(grid, PRICE) is CellState.ELSEWHERE
    assert state(grid, 0) is CellState.PLAIN
    assert state(grid, YEAR, row=0) is CellState.PLAIN
    assert tip(grid, YEAR).endswith("Changed elsewhere")
    assert grid.table.index(1, YEAR).data(ACCESSIBLE).endswith("(Changed elsewhere)")
    elsewhere.fade()
    assert state(grid, YEAR) is CellState.PLAIN
    assert not elsewhere


def test_what_both_changed_is_told_with_theirs(grid: Grid, edits: EditStack, elsewhere: Elsewhere) -> None:
    edit = pending(edits, published_year=1930, language="de")
    elsewhere.take_checked([conflict(edit, published_year=1777, language="de", price=None)], {KEY: edit})
    assert state(grid, YEAR) & CellState.CLASH
    assert not state(grid, 5) & CellState.CLASH  # both to the same
    assert state(grid, PRICE) is CellState.ELSEWHERE
    assert "Changed elsewhere to 1777" in tip(grid, YEAR)
    assert "Changed elsewhere to –" in tip(grid, PRICE)
    elsewhere.fade()
    assert state(grid, YEAR) & CellState.CLASH


def test_a_warning_ends_with_its_edit(grid: Grid, edits: EditStack, elsewhere: Elsewhere) -> None:
    edit = pending(edits, published_year=1930)
    elsewhere.take_checked([conflict(edit, published_year=1777)], {KEY: edit})
    assert elsewhere.has_checked(edit)
    changed = pending(edits, published_year=1931)
    assert not state(grid, YEAR) & CellState.CLASH
    assert elsewhere.warning(changed) is None
    assert not elsewhere.has_checked(changed)
    elsewhere.drop_outdated(KEY, changed)
    assert not elsewhere


def test_what_was_looked_at_before_an_edit_was_changed_is_not_taken(edits: EditStack, elsewhere: Elsewhere) -> None:
    before = pending(edits, published_year=1930)
    now = pending(edits, published_year=1931)
    elsewhere.take_checked([conflict(before, published_year=1777)], {KEY: now})
    assert not elsewhere


@pytest.mark.parametrize("kind", ["row", "edit"])
def test_what_is_gone_is_struck_out(grid: Grid, edits: EditStack, elsewhere: Elsewhere, kind: str) -> None:
    if kind == "row":
        elsewhere.note({}, [KEY])
    else:
        edit = pending(edits, published_year=1930)
        elsewhere.take_checked([Checked(edit, EditState.GONE, Conflict(edit, None, 0))], {KEY: edit})
    assert state(grid, 0) & CellState.GONE
    assert state(grid, PRICE) & CellState.GONE
    assert tip(grid, 0).endswith("Deleted elsewhere")


def test_a_deletion_clashes_with_what_it_would_take_away(grid: Grid, edits: EditStack, elsewhere: Elsewhere) -> None:
    edits.delete([original_of(BOOKS, book(2))])
    edit = edits.get(KEY)
    assert edit is not None
    assert edit.kind is EditKind.DELETE
    elsewhere.take_checked([conflict(edit, price=None)], {KEY: edit})
    assert state(grid, PRICE) == CellState.DOOMED | CellState.CLASH
    assert state(grid, YEAR) is CellState.DOOMED


# Shapes


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_each_has_a_shape_of_its_own(grid: Grid, edits: EditStack, elsewhere: Elsewhere, colours: Look) -> None:
    use_look(colours)
    plain = picture(grid, YEAR)
    elsewhere.note({KEY: frozenset({"published_year"})})
    foot = picture(grid, YEAR)
    right, bottom = plain.width() - 2, plain.height() - 2
    assert foot.pixelColor(right, bottom) == QColor(colours.accent)
    assert foot.pixelColor(right, 2) == plain.pixelColor(right, 2)
    elsewhere.fade()
    edit = pending(edits, published_year=1925 + 5)
    changed = picture(grid, YEAR)
    elsewhere.take_checked([conflict(edit, published_year=1777)], {KEY: edit})
    framed = picture(grid, YEAR)
    middle = plain.height() // 2
    for x, y in ((1, middle), (plain.width() // 2, 1), (right, middle), (plain.width() // 2, bottom)):
        assert framed.pixelColor(x, y) == QColor(colours.bad)
        assert changed.pixelColor(x, y) != QColor(colours.bad)
    edits.roll_back()
    elsewhere.forget()
    before = picture(grid, 0)
    elsewhere.note({}, [KEY])
    gone = picture(grid, 0)
    edge = [gone.pixelColor(x, 2) == QColor(colours.doomed_mark) for x in range(5)]
    assert edge == [True, False, False, True, False]
    assert gone != before


# Rows in their places


def test_records_are_shown_as_they_are_now_and_keep_their_places(grid: Grid) -> None:
    now = book(2, published_year=1777, isbn="bad", price=None)
    cells, doubtful = cells_of("books", (now,))
    places = frozenset(section for _index, section in doubtful)
    grid.table.update_records([RowNow(now, cells[0], places), RowNow(book(99), cells[0])])
    assert grid.table.index(1, YEAR).data() == "1777"
    assert state(grid, 4) is CellState.DOUBTFUL
    assert state(grid, PRICE) is CellState.MISSING
    assert grid.table.key_at(1) == KEY
    assert grid.table.index(0, YEAR).data() == grid.table.index(2, YEAR).data() == "1925"
    good = book(2)
    cells, _doubtful = cells_of("books", (good,))
    grid.table.update_records([RowNow(good, cells[0])])
    assert state(grid, 4) is CellState.PLAIN


def test_a_version_is_no_difference_and_a_renamed_author_is_one() -> None:
    before = book(2)
    author = before.author
    assert author is not None
    assert differences(before, before._replace(version=9)) == frozenset()
    renamed = before._replace(author=type(author)(author.id, "Else"))
    assert renamed.author == author
    assert differences(before, renamed) == {"author"}
    assert differences(before, before._replace(language="", published_year=None)) == {"language", "published_year"}
