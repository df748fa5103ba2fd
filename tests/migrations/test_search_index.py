"""Migrations and the search index: no revision makes it, leaves it wrong, or leaves anything of it behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desk.catalog.criteria import Criteria
from desk.catalog.search_state import SearchState
from desk.database import migrations, secrets, targets
from desk.database.profiles import Profile, profile_of
from desk.database.revisions import SchemaState, status_of
from desk.operations.connect import OpenCatalogue, open_catalogue
from desk.operations.migrating import downgrade_catalogue, examine_schema, upgrade_catalogue
from desk.operations.opening import open_profile
from desk.operations.searching import fill_search_index, make_search_index, search_state
from desk.operations.views import open_view
from tests.migrations.test_revisions import empty_file, run
from tests.support.library import make_books
from tests.support.revisions import SHELF_DOWN, SHELF_UP, add_revision, scripts_in, use_scripts

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import URL

KEYS_ANEW = "op.execute(\"UPDATE books SET title_key = 'anew ' || title_key WHERE id <= 10\")"


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of alembic/ that the program takes for its own."""
    copy = scripts_in(tmp_path / "scripts")
    use_scripts(copy, monkeypatch)
    return copy


@pytest.fixture
def profile(database_target: str) -> Profile:
    """A catalogue with 60 books and a complete search index; skipped where it cannot be had."""
    opened = open_catalogue(target=database_target)
    make_books(opened, 60)
    index = search_state(sessions=opened.sessions)
    if index.state is SearchState.ABSENT:
        index = make_search_index(sessions=opened.sessions)
    opened.close()
    if index.state is SearchState.IMPOSSIBLE:
        pytest.skip(index.reason)
    profile, password = profile_of(database_target)
    secrets.remember(profile, password)
    return profile


def opened_again(profile: Profile) -> OpenCatalogue:
    return open_profile(profile=profile)


def parts_left(url: URL) -> list[str]:
    """What there is of an index."""
    question = {
        "sqlite": "SELECT name FROM sqlite_schema WHERE name LIKE '%desk_search%'",
        "postgresql": "SELECT relname FROM pg_class WHERE relname LIKE '%desk_search%'",
    }[url.get_backend_name()]
    return [row[0] for row in run(url, question)]


def found(opened: OpenCatalogue, words: str) -> int:
    return open_view(sessions=opened.sessions, criteria=Criteria("books", search=words)).total


def test_a_rebuilt_table_begins_its_index_anew_and_everything_is_found(profile: Profile, scripts: Path) -> None:
    add_revision(scripts, SHELF_UP, SHELF_DOWN)
    upgrade_catalogue(profile=profile, backup=False)
    opened = opened_again(profile)
    is_file = opened.info.kind == "sqlite"
    assert opened.sessions.search_index.state is (SearchState.INCOMPLETE if is_file else SearchState.READY)
    before = found(opened, "the")
    assert before
    fill_search_index(sessions=opened.sessions)
    assert search_state(sessions=opened.sessions, check=True).state is SearchState.READY
    assert found(opened, "the") == before
    opened.close()


def test_an_index_outlives_a_revision_that_leaves_its_tables(profile: Profile, scripts: Path) -> None:
    add_revision(scripts, 'op.create_index("ix_more", "books", ["notes"])')
    upgrade_catalogue(profile=profile, backup=False)
    opened = opened_again(profile)
    assert opened.sessions.search_index.state is SearchState.READY
    assert search_state(sessions=opened.sessions, check=True).state is SearchState.READY
    opened.close()


def test_keys_that_a_revision_changes_are_found(profile: Profile, scripts: Path) -> None:
    add_revision(scripts, KEYS_ANEW)
    upgrade_catalogue(profile=profile, backup=False)
    opened = opened_again(profile)
    assert opened.sessions.search_index.state is SearchState.READY
    assert found(opened, "anew") == 10
    assert search_state(sessions=opened.sessions, check=True).state is SearchState.READY
    opened.close()


def test_nothing_of_an_index_is_left_below_the_first_revision(profile: Profile, database_target: str) -> None:
    url = targets.target_url(database_target)
    assert parts_left(url)
    downgrade_catalogue(profile=profile, revision="base", backup=False)
    assert parts_left(url) == []
    assert status_of(url).state is SchemaState.EMPTY


def test_an_index_is_no_difference_from_the_models(profile: Profile) -> None:
    assert examine_schema(profile=profile).drift == ()


def test_a_schema_that_an_upgrade_makes_has_an_index_from_the_start(tmp_path: Path) -> None:
    url = empty_file(tmp_path / "empty.desk")
    upgrade_catalogue(profile=profile_of(str(url.database))[0])
    opened = open_catalogue(target=str(url.database))
    assert opened.sessions.search_index.state is SearchState.READY
    opened.close()


def test_an_upgrade_makes_no_index_that_nobody_asked_for(tmp_path: Path) -> None:
    url = empty_file(tmp_path / "old.desk")
    migrations.upgrade(url, "0001")
    done = upgrade_catalogue(profile=profile_of(str(url.database))[0], backup=False)
    assert (done.status.state, done.is_new) == (SchemaState.CURRENT, False)
    opened = open_catalogue(target=str(url.database))
    assert opened.sessions.search_index.state is SearchState.ABSENT
    opened.close()
