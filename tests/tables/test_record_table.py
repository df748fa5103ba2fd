"""The item model: rows and pages as they come, pending edits over them, all of it under Qt's model tester."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QModelIndex, Qt

from desk.catalog.criteria import Criteria, Filter, Op, Sort
from desk.catalog.edits import CommitResult, EditKind, RecordKey
from desk.catalog.paging import Walked
from desk.catalog.rows import AuthorRef
from desk.tables.cells import ACCESSIBLE, PLACEHOLDER, STATE, CellState
from tests.support.shelf import MAKERS, Shelf, book

if TYPE_CHECKING:
    from pytestqt.modeltest import ModelTester
    from pytestqt.qtbot import QtBot

    from desk.catalog.paging import PageRequest
    from desk.tables.edit_stack import EditStack
    from desk.tables.record_table import RecordTable


def shelf_for(table: RecordTable, count: int) -> Shelf:
    return Shelf(table.description.name, count)


def label(table: RecordTable, row: int) -> Any:
    return table.index(row, 0).data()


def paint(table: RecordTable, rows: range) -> None:
    """Reads cells as a view does when it draws them."""
    for row in rows:
        for column in range(table.columnCount()):
            table.index(row, column).data()


def requests_of(table: RecordTable) -> list[PageRequest]:
    """The pages that the table wants from now on."""
    wanted: list[PageRequest] = []
    table.page_wanted.connect(wanted.append)
    return wanted


# Rows and pages


def test_a_view_begins_empty_and_grows_with_its_pages(table: RecordTable, qtmodeltester: ModelTester) -> None:
    shelf = shelf_for(table, 250)
    assert table.rowCount() == 0
    table.show_view(table.criteria)
    qtmodeltester.check(table)
    totals: list[int] = []
    table.total_changed.connect(totals.append)
    for page in range(3):
        table.place_page(shelf.page(table.places.request(100 * page)))
        qtmodeltester.check(table)
    assert totals == [100, 200, 250]
    assert table.is_exact
    assert [label(table, row) for row in (0, 249)] == [
        table.columns[0].format(getattr(shelf.rows[row], table.columns[0].name)) for row in (0, 249)
    ]


def test_an_exact_total_adds_rows_or_takes_them_away(table: RecordTable, qtmodeltester: ModelTester) -> None:
    shelf = shelf_for(table, 100)
    table.show_view(table.criteria)
    table.place_page(shelf.page(table.places.request(0)))
    assert not table.is_exact
    for total in (300, 40, 41, 0, 7):
        table.place_total(table.criteria, total)
        assert (table.rowCount(), table.total, table.is_exact) == (total, total, True)
        qtmodeltester.check(table)


def test_a_page_and_a_total_of_another_view_are_ignored(table: RecordTable) -> None:
    shelf = shelf_for(table, 120)
    old = table.places.request(0)
    table.show_view(Criteria(table.description.name, search="else"))
    table.place_page(shelf.page(old))
    table.place_total(old.criteria, 5)
    table.place_walked(old.criteria, Walked(shelf.page(old).marks, total=5))
    assert table.rowCount() == 0
    assert len(table.places) == 0


def test_rows_that_are_not_here_ask_once_for_each_page(books: RecordTable, qtbot: QtBot) -> None:
    Shelf("books", 250).show_in(books)
    wanted = requests_of(books)
    paint(books, range(90, 210))
    assert books.index(150, 0).data() == ""
    assert books.index(150, 0).data(STATE) == CellState.WAITING
    assert wanted == []
    qtbot.waitUntil(lambda: bool(wanted))
    assert [(request.position, request.limit) for request in wanted] == [(100, 200)], "both at once"
    paint(books, range(90, 210))
    with qtbot.assertNotEmitted(books.page_wanted, wait=30):
        pass


def test_a_row_that_is_waited_for_long_shows_a_placeholder_until_it_comes(books: RecordTable, qtbot: QtBot) -> None:
    shelf = Shelf("books", 250)
    shelf.show_in(books)
    wanted = requests_of(books)
    with qtbot.waitSignal(books.dataChanged):
        paint(books, range(150, 151))
        assert label(books, 150) == ""
    assert label(books, 150) == PLACEHOLDER
    assert label(books, 250 - 1) == "", "its page was never asked for"
    books.place_page(shelf.page(wanted[0]))
    assert label(books, 150) == "Book 151"


def test_only_the_pages_painted_last_are_asked_for(books: RecordTable, qtbot: QtBot) -> None:
    books.show_view(books.criteria)
    books.place_total(books.criteria, 10_000)
    wanted = requests_of(books)
    for row in range(0, 9000, 100):
        paint(books, range(row, row + 1))
    paint(books, range(9290, 9310))
    qtbot.waitUntil(lambda: bool(wanted))
    assert [(request.position, request.limit) for request in wanted[:1]] == [(9200, 200)]
    assert {request.position for request in wanted[1:]} <= {0}, "the model tester reads the first row"


def test_a_page_that_failed_is_asked_for_again_when_it_is_painted_again(books: RecordTable, qtbot: QtBot) -> None:
    Shelf("books", 250).show_in(books)
    wanted = requests_of(books)
    for times in (1, 2):
        paint(books, range(150, 151))
        qtbot.waitUntil(lambda times=times: len(wanted) == times)  # type: ignore[misc]
        books.page_failed(wanted[-1])


def test_pages_start_from_the_nearest_mark(books: RecordTable) -> None:
    shelf = Shelf("books", 250)
    shelf.show_in(books)
    first = books.places.request(0)
    assert (first.position, first.mark) == (0, None)
    second = books.places.request(200)
    assert second.mark is not None
    assert (second.position, second.mark.position, second.offset) == (200, 100, 100)


def test_a_reload_shows_the_old_rows_until_the_new_ones_come(
    table: RecordTable, qtbot: QtBot, qtmodeltester: ModelTester
) -> None:
    shelf = shelf_for(table, 120)
    shelf.show_in(table)
    before = label(table, 0)
    shelf.rows[0] = MAKERS[table.description.name](900)
    wanted = requests_of(table)
    table.reload()
    assert table.rowCount() == 120
    assert label(table, 0) == before
    qtbot.waitUntil(lambda: len(wanted) == 1)
    table.place_page(shelf.page(wanted[0]))
    assert label(table, 0).endswith("900")
    qtmodeltester.check(table)
    paint(table, range(100))
    with qtbot.assertNotEmitted(table.page_wanted, wait=30):
        pass


def test_a_page_beyond_the_end_takes_the_missing_rows_away(table: RecordTable, qtmodeltester: ModelTester) -> None:
    shelf = shelf_for(table, 250)
    shelf.show_in(table)
    del shelf.rows[150:]
    table.place_page(shelf.page(table.places.request(200)))
    assert table.rowCount() == 200
    qtmodeltester.check(table)
    table.place_page(shelf.page(table.places.request(100)))
    assert table.rowCount() == 150
    qtmodeltester.check(table)


def test_a_page_beyond_the_end_adds_no_rows_to_a_counted_view(table: RecordTable) -> None:
    shelf = shelf_for(table, 250)
    shelf.show_in(table)
    late = table.places.request(200)
    del shelf.rows[150:]
    table.place_total(table.criteria, 150)
    table.place_page(shelf.page(late))
    assert table.rowCount() == 150


def test_a_view_of_nothing_is_exact_at_its_first_page(table: RecordTable, qtmodeltester: ModelTester) -> None:
    shelf_for(table, 0).show_in(table)
    assert (table.rowCount(), table.is_exact) == (0, True)
    qtmodeltester.check(table)


# Pending edits


def test_new_records_stand_on_top_and_follow_undo_and_redo(
    table: RecordTable, edits: EditStack, qtmodeltester: ModelTester
) -> None:
    shelf = shelf_for(table, 3)
    shelf.show_in(table)
    name = table.description.name
    labelled = table.description.label
    first = edits.add(name, {labelled: "first"})
    second = edits.add(name, {labelled: "second"})
    third = edits.add(name, {labelled: "third"})

    def on_top() -> list[Any]:
        qtmodeltester.check(table)
        assert table.rowCount() == 3 + len(edits.inserts(name))
        return [label(table, row) for row in range(len(edits.inserts(name)))]

    assert on_top() == ["third", "second", "first"]
    assert table.key_at(0) == third
    assert table.row_of(first) == 2
    edits.drop(second)
    assert on_top() == ["third", "first"]
    edits.steps.undo()
    assert sorted(on_top()) == ["first", "second", "third"]
    for _step in range(3):
        edits.steps.undo()
    assert on_top() == []
    for _step in range(4):
        edits.steps.redo()
    assert on_top() == ["third", "first"]
    edits.roll_back()
    assert on_top() == []


def test_a_new_record_is_fresh_and_its_missing_fields_have_no_value(books: RecordTable, edits: EditStack) -> None:
    Shelf("books", 1).show_in(books)
    edits.add("books", {"title": ""})
    assert books.index(0, 0).data(STATE) == CellState.FRESH | CellState.EMPTY
    assert books.index(0, 3).data() is None
    assert books.index(0, 3).data(STATE) == CellState.FRESH | CellState.MISSING
    assert books.index(1, 0).data() == "Book 1"


def test_a_changed_cell_shows_its_new_value_and_keeps_it_when_pages_come(books: RecordTable, edits: EditStack) -> None:
    shelf = Shelf("books", 3)
    shelf.show_in(books)
    assert books.setData(books.index(1, 0), "Orlando")
    assert books.setData(books.index(1, 3), "")
    shelf.show_in(books)
    assert label(books, 1) == "Orlando"
    assert books.index(1, 0).data(STATE) == CellState.CHANGED
    assert books.index(1, 3).data(STATE) == CellState.CHANGED | CellState.MISSING
    assert books.index(1, 4).data(STATE) == CellState.PLAIN
    assert books.headerData(1, Qt.Orientation.Vertical) == "2 •"
    assert "Book 2 → Orlando" in books.index(1, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert books.setData(books.index(1, 0), "Book 2")
    assert books.setData(books.index(1, 3), "1925")
    assert len(edits) == 0


def test_a_record_to_be_deleted_stays_in_its_row_and_cannot_be_edited(books: RecordTable, edits: EditStack) -> None:
    Shelf("books", 3).show_in(books)
    original = books.original_at(1)
    assert original is not None
    edits.delete([original])
    assert books.rowCount() == 3
    assert books.index(1, 0).data(STATE) == CellState.DOOMED
    assert books.headerData(1, Qt.Orientation.Vertical) == "2 ×"
    assert not books.flags(books.index(1, 0)) & Qt.ItemFlag.ItemIsEditable
    edits.steps.undo()
    assert books.flags(books.index(1, 0)) & Qt.ItemFlag.ItemIsEditable


def test_a_refused_value_is_told_and_changes_nothing(books: RecordTable, edits: EditStack, qtbot: QtBot) -> None:
    Shelf("books", 1).show_in(books)
    with qtbot.waitSignal(books.refused) as told:
        assert not books.setData(books.index(0, 3), "0")
    assert "There is no year 0" in told.args[0]
    assert len(edits) == 0


@pytest.mark.parametrize("typed", ["\ud800", "a\udfffb", "a\0b", "\ufeffa", "x" * 2001])
def test_text_that_no_database_can_keep_is_refused_at_the_cell(
    books: RecordTable, edits: EditStack, typed: str
) -> None:
    Shelf("books", 1).show_in(books)
    assert not books.setData(books.index(0, 0), typed)
    assert len(edits) == 0


def test_nothing_can_be_typed_while_a_commit_runs(books: RecordTable, edits: EditStack) -> None:
    Shelf("books", 1).show_in(books)
    edits.frozen = True
    assert not books.setData(books.index(0, 0), "never")
    assert not books.flags(books.index(0, 0)) & Qt.ItemFlag.ItemIsEditable
    edits.frozen = False
    assert books.flags(books.index(0, 0)) & Qt.ItemFlag.ItemIsEditable


def test_a_row_that_is_not_loaded_takes_no_value(books: RecordTable, edits: EditStack) -> None:
    books.show_view(books.criteria)
    books.place_total(books.criteria, 3)
    assert not books.setData(books.index(0, 0), "never")
    assert books.original_at(0) is None
    assert len(edits) == 0


def test_edits_of_other_tables_touch_nothing_here(books: RecordTable, edits: EditStack, qtbot: QtBot) -> None:
    Shelf("books", 3).show_in(books)
    with qtbot.assertNotEmitted(books.dataChanged), qtbot.assertNotEmitted(books.rowsInserted):
        edits.add("authors", {"name": "Sappho"})
    assert books.row_of(RecordKey("authors", 1)) is None


def test_a_committed_new_record_leaves_the_top(
    books: RecordTable, edits: EditStack, qtmodeltester: ModelTester
) -> None:
    Shelf("books", 3).show_in(books)
    key = edits.add("books", {"title": "New"})
    batch = edits.batch()
    edits.saved(batch, CommitResult((key,), new_ids={key: 4}))
    assert books.rowCount() == 3
    qtmodeltester.check(books)


def test_a_committed_deletion_looks_deleted_until_its_row_is_gone(
    books: RecordTable, edits: EditStack, qtmodeltester: ModelTester
) -> None:
    shelf = Shelf("books", 3)
    shelf.show_in(books)
    original = books.original_at(1)
    assert original is not None
    edits.delete([original])
    batch = edits.batch()
    edits.saved(batch, CommitResult((original.key,)))
    books.take_saved(batch, {})
    assert [bool(books.index(row, 0).data(STATE) & CellState.DOOMED) for row in range(3)] == [False, True, False]
    assert books.headerData(1, Qt.Orientation.Vertical) == "2 ×"
    assert not books.flags(books.index(1, 0)) & Qt.ItemFlag.ItemIsEditable
    del shelf.rows[1]
    books.touch_all()
    shelf.show_in(books)
    assert not any(books.index(row, 0).data(STATE) & CellState.DOOMED for row in range(2))
    qtmodeltester.check(books)


@pytest.mark.parametrize("seed", range(2))
def test_any_order_of_pages_totals_and_edits_keeps_the_model_sound(
    table: RecordTable, edits: EditStack, seed: int, qtmodeltester: ModelTester
) -> None:
    chance = random.Random(seed)
    shelf = shelf_for(table, 130)
    name = table.description.name
    shelf.show_in(table)

    def change_elsewhere() -> None:
        at = chance.randrange(len(shelf.rows) + 1)
        shelf.rows[at : at + chance.randrange(90)] = [
            MAKERS[name](chance.randrange(10_000, 1_000_000)) for _row in range(chance.randrange(60))
        ]

    def delete() -> None:
        original = table.original_at(chance.randrange(table.rowCount())) if table.rowCount() else None
        if original is not None:
            edits.delete([original])

    def drop() -> None:
        if len(edits):
            edits.drop(chance.choice(edits.edits()).key)

    steps = (
        change_elsewhere,
        delete,
        drop,
        table.reload,
        edits.steps.undo,
        edits.steps.redo,
        lambda: edits.add(name),
        lambda: table.place_page(shelf.page(table.places.request(100 * chance.randrange(3)))),
        lambda: table.place_total(table.criteria, len(shelf.rows)),
        lambda: shelf.show_in(table),
    )
    for _step in range(100):
        chance.choice(steps)()
        assert table.rowCount() == table.total + len(edits.inserts(name))
    qtmodeltester.check(table)


# What cells and headers say


def test_no_value_and_an_empty_text_are_told_apart(books: RecordTable) -> None:
    shelf = Shelf("books", 0)
    shelf.rows = [book(1, language=None), book(2, language=""), book(3, language="en")]
    shelf.show_in(books)
    states = [books.index(row, 5).data(STATE) for row in range(3)]
    assert states == [CellState.MISSING, CellState.EMPTY, CellState.PLAIN]
    assert [books.index(row, 5).data() for row in range(3)] == [None, "", "en"]


def test_an_invalid_isbn_is_marked_with_the_reason(books: RecordTable) -> None:
    shelf = Shelf("books", 0)
    shelf.rows = [book(1, isbn="9780261103345"), book(2)]
    shelf.show_in(books)
    assert [books.index(row, 4).data(STATE) for row in range(2)] == [CellState.DOUBTFUL, CellState.PLAIN]
    assert "not a valid ISBN" in books.index(0, 4).data(Qt.ItemDataRole.ToolTipRole)


def test_headers_tell_the_order(books: RecordTable) -> None:
    def headers() -> list[str]:
        return [books.headerData(section, Qt.Orientation.Horizontal).rstrip() for section in (0, 3)]

    assert headers() == ["Title ▲", "Year"]
    books.show_view(Criteria("books", sorts=(Sort("published_year", descending=True),)))
    assert headers() == ["Title", "Year ▼"]
    books.show_view(Criteria("books", sorts=(Sort("published_year"), Sort("title", descending=True))))
    assert headers() == ["Title ▼2", "Year ▲1"]


def test_rows_are_numbered_below_the_new_ones(books: RecordTable, edits: EditStack) -> None:
    Shelf("books", 2).show_in(books)
    edits.add("books")
    assert [books.headerData(row, Qt.Orientation.Vertical) for row in range(3)] == ["+", "1", "2"]


def test_numbers_stand_on_the_right_in_cells_and_headers(books: RecordTable) -> None:
    Shelf("books", 1).show_in(books)
    for section, side in ((0, Qt.AlignmentFlag.AlignLeft), (3, Qt.AlignmentFlag.AlignRight)):
        role = Qt.ItemDataRole.TextAlignmentRole
        assert Qt.AlignmentFlag(books.index(0, section).data(role)) & side
        assert Qt.AlignmentFlag(books.headerData(section, Qt.Orientation.Horizontal, role)) & side


def test_screen_readers_hear_column_and_text(books: RecordTable) -> None:
    Shelf("books", 1).show_in(books)
    assert books.index(0, 3).data(ACCESSIBLE) == "Year: 1925"


def test_an_invalid_index_has_no_flags_and_no_children(table: RecordTable) -> None:
    shelf_for(table, 3).show_in(table)
    assert table.flags(QModelIndex()) == Qt.ItemFlag.NoItemFlags
    inside = table.index(0, 0)
    assert (table.rowCount(inside), table.columnCount(inside)) == (0, 0)


def test_only_columns_that_may_be_edited_are_editable(table: RecordTable) -> None:
    shelf_for(table, 1).show_in(table)
    editable = {
        column.name
        for section, column in enumerate(table.columns)
        if table.flags(table.index(0, section)) & Qt.ItemFlag.ItemIsEditable
    }
    assert editable == {column.name for column in table.columns if column.editable}
    table.editable = False
    assert not table.flags(table.index(0, 0)) & Qt.ItemFlag.ItemIsEditable


def test_a_link_is_a_value_and_equal_whatever_its_name(books: RecordTable, edits: EditStack) -> None:
    Shelf("books", 1).show_in(books)
    author = books.index(0, 1)
    assert books.setData(author, AuthorRef(1, "Woolf, V."))
    assert len(edits) == 0
    assert books.setData(author, None)
    assert edits.edits()[0].kind is EditKind.UPDATE
    assert books.index(0, 1).data(STATE) == CellState.CHANGED | CellState.MISSING


def test_a_filter_by_a_link_is_the_same_view_whatever_the_name(books: RecordTable) -> None:
    criteria = Criteria("books", (Filter("author", Op.EQUALS, AuthorRef(1, "Woolf")),))
    books.show_view(criteria)
    request = books.places.request(0)
    books.show_view(Criteria("books", (Filter("author", Op.EQUALS, AuthorRef(1, "Woolf, Virginia")),)))
    books.place_page(Shelf("books", 2).page(request))
    assert books.rowCount() == 2
