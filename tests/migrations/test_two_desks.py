"""Two processes upgrade one catalogue at once: one migrates, the other waits and goes on. One that is killed in the
middle leaves the old state."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from desk.database import targets
from desk.database.revisions import SchemaState, known_revisions, status_of
from desk.operations.connect import open_catalogue
from tests.support import migrator
from tests.support.library import make_books
from tests.support.revisions import HARM, SHELF_UP, add_revision, hold_until, note_in, scripts_in
from tests.support.schema_picture import picture
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

HEAD = known_revisions()[-1]


def hold(folder: Path) -> str:
    """Notes that the revision runs, then waits until it may go on."""
    return note_in(folder / "runs") + hold_until(folder / "go")


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    return scripts_in(tmp_path / "scripts")


@pytest.fixture
def target(database_target: str) -> str:
    opened = open_catalogue(target=database_target)
    make_books(opened, 30)
    opened.close()
    return database_target


@contextmanager
def started(scripts: Path, target: str) -> Iterator[subprocess.Popen[str]]:
    process = migrator.start(scripts, target)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def until_phase(process: subprocess.Popen[str], phase: str) -> None:
    while (found := migrator.said(process)) and found.get("phase") != phase:
        pass
    assert found, "it ended before"


def test_one_migrates_and_the_other_waits_and_goes_on(target: str, scripts: Path, tmp_path: Path) -> None:
    add_revision(scripts, hold(tmp_path) + SHELF_UP)
    with started(scripts, target) as first:
        wait_until((tmp_path / "runs").exists, "the revision runs")
        with started(scripts, target) as second:
            until_phase(second, "waiting")
            (tmp_path / "go").touch()
            results = [migrator.result_of(process) for process in (first, second)]
    assert [one.get("current") for one in results] == ["9001", "9001"], results
    assert results[0]["waited"] is False
    assert results[1]["waited"] is True or "://" not in target  # a file may be free by then
    assert results[1]["backup"] is None
    assert (tmp_path / "runs").read_text() == "x"


def test_two_that_begin_at_the_same_moment_both_end_well(target: str, scripts: Path, tmp_path: Path) -> None:
    (tmp_path / "go").touch()
    add_revision(scripts, hold(tmp_path) + SHELF_UP)
    with started(scripts, target) as first, started(scripts, target) as second:
        results = [migrator.result_of(process) for process in (first, second)]
    assert [one.get("current") for one in results] == ["9001", "9001"], results
    assert (tmp_path / "runs").read_text() == "x"


def test_a_killed_upgrade_leaves_everything_as_it_was(target: str, scripts: Path, tmp_path: Path) -> None:
    add_revision(scripts, SHELF_UP + HARM + hold(tmp_path))
    url = targets.target_url(target)
    before = picture(url)
    with started(scripts, target) as process:
        wait_until((tmp_path / "runs").exists, "the revision has changed data and schema")
        process.kill()
        process.wait()
    assert status_of(url).state is SchemaState.CURRENT
    assert picture(url) == before
    opened = open_catalogue(target=target)
    assert opened.info.read_only == ""
    opened.close()
