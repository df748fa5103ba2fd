"""Fault 52: the disk of the log is full."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from desk import logs
from desk.catalog.criteria import Criteria
from desk.catalog.paging import PageRequest
from desk.database.profiles import Profile
from desk.operations.commit import commit_edits
from desk.operations.opening import open_profile
from desk.operations.pages import load_page
from desk.operations.profiles import recent_profiles
from tests.support.editing import BOOK, batch, insert
from tests.support.small_disk import fill, mounted_disk
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A folder on a file system of its own with room for 1 MB."""
    with mounted_disk() as folder:
        yield folder


def test_fault_52_log_disk_full(
    small_disk: Path, sqlite_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DESK_HOME", str(small_disk))
    filler = small_disk / "filler"
    log = logging.getLogger("desk.test")
    logs.start_log()
    try:
        log.info("before")
        wait_until(lambda: logs.log_file().exists() and "before" in logs.log_file().read_text())
        fill(filler)
        catalogue = open_profile(profile=Profile(str(sqlite_path)))
        for number in range(200):
            log.info("while it is full: %d %s", number, "x" * 10_000)
        commit_edits(sessions=catalogue.sessions, batch=batch(insert(BOOK, title="Emma")))
        page = load_page(sessions=catalogue.sessions, request=PageRequest(Criteria("books"), 0))
        assert len(page.rows) == 1
        assert recent_profiles() == ()
        catalogue.close()
        running = logs._running
        assert running is not None
        wait_until(running._writer.records.empty)
        with running._file.lock or pytest.fail("it has a lock"):  # the last of them is through
            filler.unlink()
        log.info("after")
        wait_until(lambda: "after" in logs.log_file().read_text())
    finally:
        logs.stop_log()
    assert capsys.readouterr().err == ""
