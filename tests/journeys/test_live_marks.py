"""What others change is shown where it is, marked, and told at once where a pending edit meets it."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from desk.catalog.edits import EditState
from desk.catalog.places import Places
from desk.database.actions import current_action
from desk.operations import watching
from desk.operations.pages import load_page
from desk.operations.views import open_view
from desk.tables.cells import STATE, TOOL_TIP, CellState
from desk.window import live_marks
from tests.support.editing import elsewhere
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from desk.operations.connect import OpenCatalogue
    from tests.support.window import Desk

BOOKS = 904


def look(desk: Desk) -> None:
    """A look now, and all that comes of it."""
    ended: list[bool] = []
    desk.settle()
    desk.window.live.looked.connect(lambda: ended.append(True))
    desk.window.live.look()
    desk.until(lambda: ended, "the look")
    desk.settle()


def look_until(desk: Desk, fact: Any) -> None:
    """Looks until what was written has been counted: a server does so a moment later."""

    def is_so() -> bool:
        look(desk)
        return bool(fact())

    desk.until(is_so, "a look to notice it")


def leave(colleague: OpenCatalogue) -> None:
    """Closes a colleague's connections: a server counts what a client did when it leaves, else within ten seconds."""
    colleague.sessions.close()


def state(desk: Desk, row: int, column: str) -> CellState:
    found: CellState = desk.table.index(row, desk.section(column)).data(STATE)
    return found


def tip(desk: Desk, row: int, column: str) -> str:
    return str(desk.table.index(row, desk.section(column)).data(TOOL_TIP))


def id_at(desk: Desk, row: int) -> int:
    key = desk.table.key_at(row)
    assert key is not None
    return key.id


def pending_lines(desk: Desk) -> str:
    """All texts of the list of pending edits."""
    tree = desk.window.pending.tree
    found = []
    for place in range(tree.topLevelItemCount()):
        item = tree.topLevelItem(place)
        assert item is not None
        lines = [item, *(item.child(row) for row in range(item.childCount()))]
        found += [line.text(column) for line in lines if line is not None for column in range(3)]
    return "\n".join(found)


# Rows in sight


def test_a_changed_row_shows_its_new_value_in_its_place_and_is_marked(desk: Desk, colleague: OpenCatalogue) -> None:
    look(desk)
    changed = id_at(desk, 3)
    price = desk.text(3, "price")
    elsewhere(colleague, "UPDATE books SET price = 123 WHERE id = :id", id=changed)
    look(desk)
    assert desk.message == "1 row changed elsewhere."
    desk.until(lambda: desk.text(3, "price") not in (price, None), "the new price")
    assert state(desk, 3, "price") & CellState.ELSEWHERE
    assert "Changed elsewhere" in tip(desk, 3, "price")
    assert state(desk, 3, "title") is CellState.PLAIN
    desk.window.live.fade()
    assert state(desk, 3, "price") is CellState.PLAIN


def test_a_mark_fades_with_the_next_command(desk: Desk, colleague: OpenCatalogue) -> None:
    look(desk)
    elsewhere(colleague, "UPDATE books SET language = 'xx' WHERE id = :id", id=id_at(desk, 0))
    look(desk)
    assert state(desk, 0, "language") & CellState.ELSEWHERE
    desk.trigger("copy")
    assert state(desk, 0, "language") is CellState.PLAIN


def test_a_deleted_row_shows_as_gone_until_it_goes(desk: Desk, colleague: OpenCatalogue) -> None:
    look(desk)
    gone, below = id_at(desk, 2), id_at(desk, 3)
    elsewhere(colleague, "DELETE FROM contributions WHERE book_id = :id", id=gone)
    elsewhere(colleague, "DELETE FROM books WHERE id = :id", id=gone)
    look(desk)
    assert desk.message == "1 row changed elsewhere."
    assert id_at(desk, 2) == gone
    assert state(desk, 2, "title") & CellState.GONE
    assert tip(desk, 2, "title").endswith("Deleted elsewhere")
    assert desk.table.headerData(2, Qt.Orientation.Vertical) == "3 –"
    desk.window.live.fade()
    desk.settle()
    assert id_at(desk, 2) == below
    assert desk.table.total == BOOKS - 1
    assert state(desk, 2, "title") is CellState.PLAIN


def test_rows_that_came_above_move_nothing_that_is_seen(desk: Desk, colleague: OpenCatalogue) -> None:
    bar = desk.browser.grid.verticalScrollBar()
    bar.setValue(400)
    desk.settle()
    look(desk)
    top = desk.browser.grid.rowAt(0)
    seen = id_at(desk, top)
    current = desk.table.key_at(top + 3)
    assert current is not None
    desk.browser.select(current)
    desk.settle()
    for title in ("!1", "!2", "!3"):
        elsewhere(colleague, "INSERT INTO books (title, title_key) VALUES (:title, :title)", title=title)
    leave(colleague)
    look_until(desk, lambda: desk.browser.grid.rowAt(0) == 403)
    assert id_at(desk, 403) == seen
    assert desk.table.total == BOOKS + 3
    assert desk.browser.current_key == current


def test_a_row_that_moves_goes_to_its_place(desk: Desk, colleague: OpenCatalogue) -> None:
    look(desk)
    moved, second = id_at(desk, 0), id_at(desk, 1)
    elsewhere(colleague, "UPDATE books SET title = 'zzz', title_key = '힣힣' WHERE id = :id", id=moved)
    look(desk)
    assert id_at(desk, 0) == second
    bar = desk.browser.grid.verticalScrollBar()
    bar.setValue(bar.maximum())
    desk.settle()
    assert desk.text(BOOKS - 1, "title") == "zzz"


def test_a_selection_stays_over_a_change(desk: Desk, colleague: OpenCatalogue) -> None:
    look(desk)
    chosen = desk.browser.grid.selectionModel()
    flags = QItemSelectionModel.SelectionFlag
    for row in (1, 2, 5):
        chosen.select(desk.table.index(row, 0), flags.Select | flags.Rows)
    before = desk.browser.grid.selection()
    elsewhere(colleague, "UPDATE books SET price = 123 WHERE id = :id", id=id_at(desk, 2))
    look(desk)
    look(desk)
    assert desk.browser.grid.selection() == before


def test_an_open_cell_and_its_text_stay(desk: Desk, colleague: OpenCatalogue) -> None:
    look(desk)
    key = desk.table.key_at(2)
    assert key is not None
    desk.browser.select(key)
    editor = desk.open_cell("title")
    editor.setText("typed")
    elsewhere(colleague, "UPDATE books SET price = 123, title = 'Theirs' WHERE id = :id", id=key.id)
    look(desk)
    assert desk.browser.grid.editor is editor
    assert editor.text() == "typed"
    QTest.keyClick(editor, Qt.Key.Key_Return)
    desk.until(lambda: len(desk.edits) == 1, "the value to be taken")
    assert desk.edits.edits()[0].key == key


def test_the_details_follow(desk: Desk, colleague: OpenCatalogue) -> None:
    key = desk.find("Good Omens")
    look(desk)
    elsewhere(colleague, "UPDATE books SET published_year = 1777 WHERE id = :id", id=key.id)
    look(desk)
    desk.until(lambda: desk.page.form.fields["published_year"].text == "1777", "the form")


def test_a_listed_view_finds_what_came(desk: Desk, colleague: OpenCatalogue) -> None:
    desk.search("omens")
    total = desk.table.total
    look(desk)
    elsewhere(colleague, "INSERT INTO books (title, title_key) VALUES ('Two Omens', 'two omens')")
    leave(colleague)
    look_until(desk, lambda: desk.table.total == total + 1)
    assert "Two Omens" in desk.texts("title", total + 1)


def test_authors_are_watched_too(desk: Desk, colleague: OpenCatalogue) -> None:
    desk.choose_table("authors")
    look(desk)
    elsewhere(colleague, "UPDATE authors SET birth_year = 1066 WHERE id = :id", id=id_at(desk, 1))
    look(desk)
    desk.until(lambda: desk.text(1, "birth_year") == "1066", "the new year")
    assert state(desk, 1, "birth_year") & CellState.ELSEWHERE


# Our own commits


def test_a_commit_of_our_own_is_not_told_as_somebody_elses(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    look(desk)
    desk.find("Good Omens")
    desk.type_cell("published_year", "1991")
    desk.commit()
    total = desk.table.total
    desk.window.status.clearMessage()
    taken: list[object] = []
    monkeypatch.setattr(desk.browser.after_commit, "take_elsewhere", taken.append)
    for _time in range(3):
        look(desk)
    assert taken == []
    assert desk.message == ""
    assert not state(desk, 0, "published_year") & CellState.ELSEWHERE
    assert not desk.window.context.elsewhere
    assert desk.table.total == total


def test_a_look_shows_no_cost_and_leaves_no_trace(desk: Desk) -> None:
    look(desk)
    desk.until(lambda: desk.window.status.cost.text(), "the cost of what was loaded")
    told: list[Any] = []
    desk.window.context.runner.action_ended.connect(told.append)
    look(desk)
    assert "Look for changes elsewhere" not in {cost.label for cost in told}
    snapshot = desk.catalogue.pool.snapshot()
    assert (snapshot.checked_out, snapshot.open_transactions) == (0, 0)


# Pending edits


def test_a_pending_cell_is_warned_about_at_once(desk: Desk, colleague: OpenCatalogue) -> None:
    key = desk.find("Good Omens")
    look(desk)
    desk.type_cell("published_year", "1991")
    look(desk)
    assert not state(desk, 0, "published_year") & CellState.CLASH
    elsewhere(colleague, "UPDATE books SET published_year = 1777 WHERE id = :id", id=key.id)
    look(desk)
    assert "pending edits changed elsewhere" in desk.message
    assert state(desk, 0, "published_year") & CellState.CLASH
    assert desk.text(0, "published_year") == "1991"
    assert "Changed elsewhere to 1777" in tip(desk, 0, "published_year")
    desk.until(lambda: "Changed elsewhere to 1777" in pending_lines(desk), "the list")
    desk.trigger("undo")
    assert not state(desk, 0, "published_year") & CellState.CLASH
    desk.until(lambda: pending_lines(desk) == "", "the list")


def test_another_field_is_said_to_be_kept_too(desk: Desk, colleague: OpenCatalogue) -> None:
    key = desk.find("Good Omens")
    desk.type_cell("published_year", "1991")
    look(desk)
    elsewhere(colleague, "UPDATE books SET language = 'xx' WHERE id = :id", id=key.id)
    look(desk)
    assert state(desk, 0, "language") & CellState.ELSEWHERE
    assert not state(desk, 0, "published_year") & CellState.CLASH
    desk.until(lambda: desk.text(0, "language") == "xx", "the new language")
    desk.until(lambda: "both are kept" in pending_lines(desk), "the list")
    desk.commit()
    assert desk.text(0, "published_year") == "1991"
    assert desk.text(0, "language") == "xx"
    desk.window.live.fade()
    assert not desk.window.context.elsewhere


def test_an_edit_of_a_record_that_is_not_in_sight_is_warned_about(desk: Desk, colleague: OpenCatalogue) -> None:
    key = desk.find("Good Omens")
    desk.type_cell("published_year", "1991")
    desk.search("orlando")
    look(desk)
    elsewhere(colleague, "DELETE FROM contributions WHERE book_id = :id", id=key.id)
    elsewhere(colleague, "DELETE FROM books WHERE id = :id", id=key.id)
    look(desk)
    edit = desk.edits.get(key)
    assert edit is not None
    warning = desk.window.context.elsewhere.warning(edit)
    assert warning is not None
    assert warning.state is EditState.GONE
    desk.until(lambda: "deleted elsewhere" in pending_lines(desk), "the list")
    desk.window.status.clearMessage()
    look(desk)
    assert desk.message == ""  # it was said


# When it looks


def test_it_rests_while_the_window_is_not_active(desk: Desk, application: QApplication) -> None:
    desk.until(lambda: desk.window.live.is_waiting, "the next look to be waited for")
    other = QWidget()
    other.show()
    other.activateWindow()
    desk.until(lambda: not desk.window.isActiveWindow(), "the other window to be in front")
    desk.until(lambda: not desk.window.live.is_waiting, "the watch to rest")
    other.close()
    desk.window.activateWindow()
    desk.until(lambda: desk.window.live.is_waiting, "the watch to go on")
    other.deleteLater()


def test_it_looks_by_itself(desk: Desk, colleague: OpenCatalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    look(desk)
    monkeypatch.setattr(live_marks, "LOOK_MS", 10)
    elsewhere(colleague, "UPDATE books SET price = 123 WHERE id = :id", id=id_at(desk, 3))
    desk.window.live.forget()
    look(desk)
    elsewhere(colleague, "UPDATE books SET language = 'xx' WHERE id = :id", id=id_at(desk, 3))
    desk.until(lambda: desk.text(3, "language") == "xx", "a look by itself")


def test_a_look_that_failed_is_told_to_nobody_and_the_next_one_comes_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from desk.errors import EnvironmentProblem

    def fail(**_arguments: Any) -> None:
        raise EnvironmentProblem("The server is gone.")

    look(desk)
    desk.window.status.clearMessage()
    monkeypatch.setattr(watching, "look_elsewhere", fail)
    desk.window.live.forget()
    look(desk)
    assert desk.message == ""
    assert not desk.browser.problems.isVisible()
    assert desk.window.live.is_waiting
    assert desk.window.live.wait_ms == live_marks.SLOWLY * live_marks.LOOK_MS


def test_a_look_waits_for_whatever_runs(desk: Desk) -> None:
    runner = desk.window.context.runner
    desk.window.live.on_due()
    assert runner.has(live_marks.CHANNEL)
    desk.settle()
    desk.window.context.edits.frozen = True
    desk.window.live.on_due()
    desk.window.context.edits.frozen = False
    assert not runner.running
    desk.trigger("refresh")
    assert runner.running
    desk.window.live.on_due()
    assert not runner.has(live_marks.CHANNEL)
    assert desk.window.live.is_waiting


def test_what_a_look_saw_of_before_a_commit_is_dropped(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    look(desk)
    desk.find("Good Omens")
    desk.type_cell("published_year", "1991")
    desk.settle()
    has_seen, look_elsewhere = threading.Event(), watching.look_elsewhere

    def late(**arguments: Any) -> Any:
        noticed = look_elsewhere(**arguments)
        has_seen.set()
        action = current_action()
        assert action is not None
        wait_until(lambda: action.is_cancelled, "the look to be cancelled")
        return noticed

    monkeypatch.setattr(watching, "look_elsewhere", late)
    looked: list[bool] = []
    desk.window.live.looked.connect(lambda: looked.append(True))
    desk.window.live.look()
    desk.until(has_seen.is_set, "the look")
    desk.commit()
    assert looked == []
    assert desk.text(0, "published_year") == "1991"


def test_a_gone_row_stays_beside_one_that_changed(desk: Desk, colleague: OpenCatalogue) -> None:
    look(desk)
    gone, changed = id_at(desk, 2), id_at(desk, 3)
    elsewhere(colleague, "DELETE FROM contributions WHERE book_id = :id", id=gone)
    elsewhere(colleague, "DELETE FROM books WHERE id = :id", id=gone)
    elsewhere(colleague, "UPDATE books SET price = 4242, isbn = 'bad' WHERE id = :id", id=changed)
    look(desk)
    assert desk.message == "2 rows changed elsewhere."
    assert state(desk, 2, "title") & CellState.GONE
    assert desk.text(3, "isbn") == "bad"
    assert state(desk, 3, "isbn") == CellState.ELSEWHERE | CellState.DOUBTFUL


CHANGES = (
    "INSERT INTO books (title, title_key, language) VALUES ('{n}', '{n}', 'en')",
    "DELETE FROM books WHERE id = (SELECT min(id) FROM books WHERE id > {n} AND id NOT IN"
    " (SELECT book_id FROM contributions))",
    "UPDATE books SET price = {n} WHERE id > {n} AND id < {n} + 30",
    "UPDATE books SET title = 'T{n}', title_key = 't{n}' WHERE id = {n}",
    "UPDATE authors SET name = 'N{n}', name_key = 'n{n}' WHERE id = {n} / 2",
)


@pytest.mark.parametrize("view", ["books", "authors", "a search"])
def test_after_a_storm_the_view_is_what_the_catalogue_holds(desk: Desk, colleague: OpenCatalogue, view: str) -> None:
    chance = random.Random(view)
    if view == "authors":
        desk.choose_table("authors")
    elif view == "a search":
        desk.search("an")
    bar = desk.browser.grid.verticalScrollBar()
    look(desk)
    for _round in range(12):
        for _time in range(chance.randrange(4)):
            elsewhere(colleague, chance.choice(CHANGES).format(n=chance.randrange(1, 800)))
        if chance.random() < 0.4:
            bar.setValue(chance.randrange(bar.maximum() + 1))
        look(desk)
        if chance.random() < 0.4:
            desk.window.live.fade()

    def holds() -> tuple[Any, ...]:
        start = open_view(sessions=colleague.sessions, criteria=desk.browser.criteria)
        places = Places(desk.browser.criteria, start.hits)
        request = places.request(0, 1000)
        return load_page(sessions=colleague.sessions, request=request).rows

    def is_so() -> bool:
        desk.window.live.fade()
        look(desk)
        rows, top = holds(), desk.browser.grid.visible_rows()
        return desk.table.total == len(rows) and [desk.table.row_at(row) for row in top] == [rows[row] for row in top]

    desk.until(is_so, "the view to be as the catalogue")
    for value in (0, bar.maximum() // 2, bar.maximum()):
        bar.setValue(value)
        desk.until(is_so, "the view to be as the catalogue there, too")


def test_rows_that_are_on_their_way_anew_are_not_told(desk: Desk, colleague: OpenCatalogue) -> None:
    look(desk)
    changed = id_at(desk, 3)
    desk.window.status.clearMessage()
    elsewhere(colleague, "UPDATE books SET isbn = 'bad' WHERE id = :id", id=changed)
    desk.table.reload_records([changed])
    desk.window.live.look()
    desk.settle()
    desk.until(lambda: desk.text(3, "isbn") == "bad", "the row")
    assert desk.message == ""
    assert not state(desk, 3, "isbn") & CellState.ELSEWHERE


def test_what_the_order_was_learned_with_is_not_taken_away_twice(desk: Desk, colleague: OpenCatalogue) -> None:
    look(desk)
    gone = id_at(desk, 2)
    elsewhere(colleague, "DELETE FROM contributions WHERE book_id = :id", id=gone)
    elsewhere(colleague, "DELETE FROM books WHERE id = :id", id=gone)
    desk.browser.loading.count()
    desk.until(lambda: desk.table.total == BOOKS - 1, "the count")
    look(desk)
    assert state(desk, 2, "title") & CellState.GONE
    desk.window.live.fade()
    desk.settle()
    desk.until(lambda: id_at(desk, 2) != gone, "the row to go")
    assert desk.table.total == BOOKS - 1
