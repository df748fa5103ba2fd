"""Fault 32 where the pages of a file that are overwritten are those of its search index: all else goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desk.catalog.criteria import Criteria
from desk.catalog.search_state import SearchState
from desk.database import fts_index
from desk.database.actions import Action
from desk.database.backups import back_up
from desk.errors import EnvironmentProblem
from desk.operations.connect import open_catalogue
from desk.operations.pages import count_rows
from desk.operations.searching import drop_search_index, make_search_index, search_state
from desk.operations.views import open_view
from tests.support.editing import elsewhere, scalar
from tests.support.library import make_books
from tests.support.overwriting import overwrite

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from desk.operations.connect import OpenCatalogue

HOBBITS = Criteria("books", search="hobbit")
READ = ("desk_search_books_data", "desk_search_books_idx", "desk_search")
"""What is read by every search; the rest of the index only by a connection that meets it for the first time."""
PARTS = (*READ, "desk_search_books_config")
CHANGE = "UPDATE books SET title_key = 'a hobbit' WHERE id = 5"


@pytest.fixture
def opened(sqlite_path: Path) -> Iterator[OpenCatalogue]:
    """An open file with a search index and 300 books; nothing may be out at the end."""
    catalogue = open_catalogue(target=str(sqlite_path))
    make_books(catalogue, 300)
    yield catalogue
    snapshot = catalogue.pool.snapshot()
    assert (snapshot.checked_out, snapshot.open_transactions) == (0, 0)
    catalogue.close()


@pytest.mark.parametrize("part", READ)
def test_fault_32_a_search_goes_on_without_an_index_whose_pages_are_overwritten(
    opened: OpenCatalogue, sqlite_path: Path, part: str
) -> None:
    found = open_view(sessions=opened.sessions, criteria=HOBBITS)
    assert found.page.rows
    overwrite(sqlite_path, part)
    for _time in range(2):
        again = open_view(sessions=opened.sessions, criteria=HOBBITS)
        assert [row.id for row in again.page.rows] == [row.id for row in found.page.rows]
    assert opened.sessions.search_index == fts_index.damaged()
    assert count_rows(sessions=opened.sessions, criteria=HOBBITS) == found.total


@pytest.mark.parametrize("part", READ)
def test_fault_32_a_refused_write_says_what_helps_and_the_index_is_made_anew(
    opened: OpenCatalogue, sqlite_path: Path, part: str
) -> None:
    total = open_view(sessions=opened.sessions, criteria=HOBBITS).total
    overwrite(sqlite_path, part)
    with pytest.raises(EnvironmentProblem) as refused:
        elsewhere(opened, CHANGE)
    assert refused.value.code == "search_index"
    assert "edits are kept" in refused.value.kept
    assert "search-index" in refused.value.advice
    assert opened.sessions.search_index.state is SearchState.STALE
    assert make_search_index(sessions=opened.sessions).state is SearchState.READY
    assert search_state(sessions=opened.sessions, check=True).state is SearchState.READY
    elsewhere(opened, CHANGE)
    assert open_view(sessions=opened.sessions, criteria=HOBBITS).total == total + 1


@pytest.mark.parametrize("part", PARTS)
def test_fault_32_an_index_whose_pages_are_overwritten_can_be_removed(
    opened: OpenCatalogue, sqlite_path: Path, part: str
) -> None:
    overwrite(sqlite_path, part)
    assert drop_search_index(sessions=opened.sessions).state is SearchState.ABSENT
    elsewhere(opened, CHANGE)
    assert scalar(opened, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'desk_search%'") == 0


def test_fault_32_a_file_whose_index_is_damaged_is_opened(opened: OpenCatalogue, sqlite_path: Path) -> None:
    overwrite(sqlite_path, "desk_search")
    again = open_catalogue(target=str(sqlite_path))
    assert again.sessions.search_index == fts_index.damaged()
    assert open_view(sessions=again.sessions, criteria=HOBBITS).page.rows
    again.close()


def test_fault_32_a_file_whose_damaged_index_was_removed_can_be_backed_up(
    opened: OpenCatalogue, sqlite_path: Path, tmp_path: Path
) -> None:
    def back_up_as(name: str) -> bool:
        back_up(sqlite_path, tmp_path / name, Action("back up"), lambda _done, _pages: None)
        return (tmp_path / name).exists()

    overwrite(sqlite_path, "desk_search_books_data")
    drop_search_index(sessions=opened.sessions)
    assert back_up_as("sound.desk")
    overwrite(sqlite_path, "books")
    with pytest.raises(EnvironmentProblem, match="No backup"):
        back_up_as("damaged.desk")


def test_fault_32_damage_elsewhere_is_not_laid_on_the_index(opened: OpenCatalogue, sqlite_path: Path) -> None:
    overwrite(sqlite_path, "books")
    with pytest.raises(EnvironmentProblem) as told:
        open_view(sessions=opened.sessions, criteria=HOBBITS)
    assert told.value.code == "corrupt"
