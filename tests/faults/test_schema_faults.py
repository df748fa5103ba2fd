"""Fault 41: a schema that is newer, or older, than this program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from desk.catalog.criteria import Criteria
from desk.catalog.paging import PageRequest
from desk.database import engines, targets
from desk.database.profiles import profile_of
from desk.database.revisions import SchemaState, known_revisions
from desk.errors import EnvironmentProblem
from desk.operations.commit import commit_edits
from desk.operations.migrating import plan_upgrade, upgrade_catalogue
from desk.operations.opening import open_profile
from desk.operations.pages import load_page
from tests.support.editing import BOOK, batch, insert
from tests.support.library import make_books
from tests.support.revisions import SHELF_UP, add_revision, scripts_in, use_scripts
from tests.support.schema_picture import picture
from tests.support.told import tells

if TYPE_CHECKING:
    from pathlib import Path

    from desk.database.profiles import Profile

BOOKS = 30


@pytest.fixture
def given(database_target: str) -> tuple[Profile, str | None]:
    """A profile and its password of a catalogue with 30 books."""
    profile, password = profile_of(database_target)
    opened = open_profile(profile=profile, password=password)
    make_books(opened, BOOKS)
    opened.close()
    return profile, password or None


def test_fault_41_a_newer_schema_is_read_and_never_written(
    given: tuple[Profile, str | None], database_target: str
) -> None:
    profile, password = given
    url = targets.target_url(database_target)
    engine = engines.make_engine(url)
    with engine.execution_options(**{engines.WRITE: True}).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'zzzz'"))
        connection.execute(text("ALTER TABLE books ADD COLUMN from_the_future TEXT"))
    engine.dispose()
    before = picture(url)
    opened = open_profile(profile=profile, password=password)
    try:
        assert opened.info.read_only == "its schema (zzzz) is newer than this Desk"
        page = load_page(sessions=opened.sessions, request=PageRequest(Criteria("books"), 0))
        assert len(page.rows) == BOOKS
        with pytest.raises(EnvironmentProblem, match="newer") as refused:
            commit_edits(sessions=opened.sessions, batch=batch(insert(BOOK, title="Emma")))
        assert refused.value.code == "read_only"
        snapshot = opened.pool.snapshot()
        assert (snapshot.checked_out, snapshot.open_transactions) == (0, 0)
    finally:
        opened.close()
    plan = plan_upgrade(profile=profile, password=password)
    assert (plan.state, plan.pending) == (SchemaState.NEWER, ())
    assert "newer Desk" in plan.may
    with tells("newer", within=8, kept="Nothing was changed"):
        upgrade_catalogue(profile=profile, password=password)
    assert picture(url) == before


def test_fault_41_an_older_schema_is_offered_an_upgrade(
    given: tuple[Profile, str | None], database_target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile, password = given
    head = known_revisions()[-1]
    scripts = scripts_in(tmp_path / "scripts")
    add_revision(scripts, SHELF_UP, summary="Shelf marks.")
    use_scripts(scripts, monkeypatch)
    url = targets.target_url(database_target)
    before = picture(url)
    with tells("older", within=8, kept="Nothing was changed") as told:
        open_profile(profile=profile, password=password)
    assert "older than this Desk" in told.what
    assert "migrate upgrade" in told.advice
    assert picture(url) == before
    plan = plan_upgrade(profile=profile, password=password)
    assert (plan.state, plan.current, plan.head, plan.may) == (SchemaState.OLDER, head, "9001", "")
    assert [one.summary for one in plan.pending] == ["Shelf marks."]
    assert (plan.backup is None) == profile.is_server
    assert upgrade_catalogue(profile=profile, password=password).status.state is SchemaState.CURRENT
    opened = open_profile(profile=profile, password=password)
    try:
        assert opened.info.read_only == ""
        page = load_page(sessions=opened.sessions, request=PageRequest(Criteria("books"), 0))
        assert len(page.rows) == BOOKS
    finally:
        opened.close()
