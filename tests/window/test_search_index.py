"""The search index in the window: made by its command, gone on with after opening, offered where it is of no use."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QPushButton

from desk.catalog.search_state import SearchMethod, SearchState
from desk.catalog.searching import LETTERS
from desk.database import fts_index
from desk.operations.connect import open_catalogue
from desk.operations.searching import drop_search_index, make_search_index, search_state
from tests.support.library import make_books
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
        desk.until(lambda: "complete" in desk.message, "the index")
        assert state(desk) is SearchState.READY
        assert desk.catalogue.sessions.search is not SearchMethod.SCAN
        assert not desk.window.status.progress.isVisible()


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
        desk.until(lambda: state(desk) is SearchState.READY, "the index")


def test_an_index_of_no_use_is_offered_to_be_made_anew(application: object, sqlite_path: Path, qtbot: QtBot) -> None:
    with closing(sqlite3.connect(sqlite_path)) as raw, raw:
        raw.execute("DROP TRIGGER desk_search_books_insert")
    with opened_window(str(sqlite_path), qtbot) as desk:
        desk.until(lambda: offer(desk).isVisible(), "the offer")
        assert "does not match" in desk.window.advice.text
        assert state(desk) is SearchState.STALE
        desk.click(desk.window, "window_advice_way_out")
        desk.until(lambda: state(desk) is SearchState.READY, "the index")
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
