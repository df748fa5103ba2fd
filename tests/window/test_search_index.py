"""The search index in the window: made by its command, gone on with after opening, offered where it is of no use."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QPushButton

from desk.catalog.search_state import SearchMethod, SearchState
from desk.catalog.trigrams import LETTERS
from desk.database import fts_index
from desk.operations.connect import open_catalogue
from desk.operations.searching import drop_search_index, make_search_index, search_state
from tests.support.library import make_books
from tests.support.overwriting import overwrite
from tests.support.window import Desk, child, opened_window

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot


@pytest.fixture
def without_index(database_target: str) -> str:
    """A catalogue of 120 books whose search index nobody made."""
    opened = open_catalogue(target=database_target)
    make_books(opened, 120)
    drop_search_index(sessions=opened.sessions)
    opened.close()
    return database_target


def state(desk: Desk) -> SearchState:
    return desk.catalogue.sessions.search_index.state


def offer(desk: Desk) -> QPushButton:
    return child(desk.window, QPushButton, "window_advice_way_out")


def test_an_index_that_nobody_made_is_made_by_the_command_only(
    application: object, without_index: str, qtbot: QtBot
) -> None:
    with opened_window(without_index, qtbot) as desk:
        desk.settle()
        if state(desk) is SearchState.IMPOSSIBLE:
            pytest.skip(desk.catalogue.sessions.search_index.reason)
        assert state(desk) is SearchState.ABSENT
        assert not offer(desk).isVisible()
        desk.trigger("search_index")
        desk.until(lambda: "was made" in desk.message, "the index")
        assert state(desk) is SearchState.READY
        assert desk.catalogue.sessions.search is not SearchMethod.SCAN
        assert not desk.window.status.progress.isVisible()
        desk.trigger("search_index")
        desk.until(lambda: "complete already" in desk.message, "to be told that nothing was to be done")


def test_an_index_that_is_not_complete_is_gone_on_with_after_opening(
    application: object, sqlite_path: Path, qtbot: QtBot
) -> None:
    opened = open_catalogue(target=str(sqlite_path))
    with opened.sessions.writing("suspend") as session:
        fts_index.suspend(session.connection())
        session.commit()
    make_books(opened, 120)
    assert search_state(sessions=opened.sessions).state is SearchState.INCOMPLETE
    opened.close()
    with opened_window(str(sqlite_path), qtbot) as desk:
        desk.until(lambda: desk.window.is_furnished and desk.browser.is_loaded, "the rows")
        desk.until(lambda: "complete now" in desk.message, "the index")
        assert state(desk) is SearchState.READY


def test_an_index_of_no_use_is_offered_to_be_made_anew(application: object, sqlite_path: Path, qtbot: QtBot) -> None:
    with closing(sqlite3.connect(sqlite_path)) as raw, raw:
        raw.execute("DROP TRIGGER desk_search_books_insert")
    with opened_window(str(sqlite_path), qtbot) as desk:
        desk.until(lambda: offer(desk).isVisible(), "the offer")
        assert "does not match" in desk.window.advice.text
        assert state(desk) is SearchState.STALE
        desk.click(desk.window, "window_advice_way_out")
        desk.until(lambda: "made anew" in desk.message, "the index")
        assert state(desk) is SearchState.READY
        assert not desk.window.advice.isVisible()


def test_an_index_that_is_found_damaged_is_offered_to_be_made_anew(
    application: object, sqlite_path: Path, qtbot: QtBot
) -> None:
    opened = open_catalogue(target=str(sqlite_path))
    make_books(opened, 120)
    opened.close()
    with closing(sqlite3.connect(sqlite_path)) as raw, raw:
        raw.execute("DELETE FROM desk_search_books_data WHERE id > 10")
    with opened_window(str(sqlite_path), qtbot) as desk:
        desk.settle()
        assert state(desk) is SearchState.READY
        title = next(text for text in desk.texts("title", 20) if text is not None and len(text) > LETTERS)
        desk.search(title)
        assert desk.text(0, "title") == title
        desk.until(lambda: offer(desk).isVisible(), "the offer")
        desk.click(desk.window, "window_advice_way_out")
        desk.until(lambda: state(desk) is SearchState.READY, "the index")
        desk.search("")
        desk.search(title)
        assert desk.text(0, "title") == title


def test_an_index_whose_pages_are_overwritten_while_it_is_open_is_offered_to_be_made_anew(
    application: object, sqlite_path: Path, qtbot: QtBot
) -> None:
    opened = open_catalogue(target=str(sqlite_path))
    make_books(opened, 120)
    opened.close()
    with opened_window(str(sqlite_path), qtbot) as desk:
        desk.settle()
        overwrite(sqlite_path, "desk_search_books_data")
        desk.trigger("new_record")
        desk.type_field("title", "Zzz")
        desk.until(lambda: desk.is_enabled("commit"), "commit")
        desk.trigger("commit")
        desk.answer("OK")
        desk.until(lambda: offer(desk).isVisible(), "the offer")
        assert len(desk.edits) == 1
        desk.search("hobbit")
        assert desk.table.rowCount() > 1
        desk.click(desk.window, "window_advice_way_out")
        desk.until(lambda: state(desk) is SearchState.READY, "the index")
        desk.commit()
        assert not len(desk.edits)
        desk.search("zzz")
        assert desk.text(0, "title") == "Zzz"


@pytest.mark.parametrize("when", ["before opening", "while it is open"])
def test_an_index_that_cannot_be_kept_is_offered_to_be_removed(
    application: object, sqlite_path: Path, qtbot: QtBot, when: str
) -> None:
    def add_a_view() -> None:
        with closing(sqlite3.connect(sqlite_path)) as raw, raw:
            raw.execute("CREATE VIEW mine AS SELECT 1")

    opened = open_catalogue(target=str(sqlite_path))
    make_books(opened, 120)
    opened.close()
    if when == "before opening":
        add_a_view()
    with opened_window(str(sqlite_path), qtbot) as desk:
        desk.settle()
        if when == "while it is open":
            assert not offer(desk).isVisible()
            add_a_view()
        desk.trigger("new_record")
        desk.type_field("title", "Zzz")
        desk.until(lambda: desk.is_enabled("commit"), "commit")
        desk.trigger("commit")
        desk.answer("OK")
        desk.until(lambda: offer(desk).isVisible(), "the offer")
        assert len(desk.edits) == 1
        assert "no record can be added" in desk.window.advice.text
        assert ("mine" in desk.window.advice.text) is (when == "before opening")
        desk.click(desk.window, "window_advice_way_out")
        desk.until(lambda: "was removed" in desk.message, "the index to go")
        assert not offer(desk).isVisible()
        desk.commit()
        assert not len(desk.edits)


def test_the_making_is_cancelled_as_everything_else_is(
    application: object, without_index: str, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fts_index, "STEP", 1)
    with opened_window(without_index, qtbot) as desk:
        desk.settle()
        if state(desk) is SearchState.IMPOSSIBLE or desk.catalogue.sessions.dialect == "postgresql":
            pytest.skip("made in one step here")
        desk.trigger("search_index")
        desk.until(lambda: desk.window.status.progress.value() > 0, "the progress")
        desk.window.status.cancel.click()
        desk.until(lambda: "not complete" in desk.message, "the cancel")
        assert not desk.window.status.progress.isVisible()
        index = search_state(sessions=desk.catalogue.sessions)
        assert (index.state, index.method) == (SearchState.INCOMPLETE, SearchMethod.FTS5)
    monkeypatch.undo()
    opened = open_catalogue(target=without_index)
    assert make_search_index(sessions=opened.sessions).state is SearchState.READY
    opened.close()


def test_a_catalogue_for_reading_only_is_left_as_it_is(application: object, sqlite_path: Path, qtbot: QtBot) -> None:
    with closing(sqlite3.connect(sqlite_path)) as raw, raw:
        raw.execute("DROP TRIGGER desk_search_books_insert")
    with opened_window(f"sqlite:///{sqlite_path}?mode=ro", qtbot) as desk:
        desk.settle()
        assert not offer(desk).isVisible()
        assert not desk.is_enabled("search_index")
