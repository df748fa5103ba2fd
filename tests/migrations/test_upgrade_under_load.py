"""The short form of `python3 -m tests.torture.upgrade`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.database import targets
from tests.support.revisions import SHELF_UP, add_revision, scripts_in, use_scripts
from tests.torture import upgrade

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

BOOKS = 4000
PATIENCE = 0.2
"""Seconds; less than the slow revision takes."""


def test_an_upgrade_loses_nothing_of_a_client_that_reads_and_writes_meanwhile(
    database_target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts = scripts_in(tmp_path / "scripts")
    add_revision(scripts, SHELF_UP)
    upgrade.fill(targets.target_url(database_target), BOOKS)
    use_scripts(scripts, monkeypatch)
    run = upgrade.upgrade_under_load(database_target, BOOKS)
    assert run.client.reads > 0


def test_a_client_waits_for_a_slow_upgrade_no_longer_than_its_lock_time_out(
    database_target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts = scripts_in(tmp_path / "scripts")
    add_revision(scripts, f"import time\n{SHELF_UP}\ntime.sleep({PATIENCE * 5})")
    upgrade.fill(targets.target_url(database_target), BOOKS)
    use_scripts(scripts, monkeypatch)
    run = upgrade.upgrade_under_load(database_target, BOOKS, PATIENCE)
    assert run.client.refused > 0
