"""The ground of all journeys: the sample in a fresh catalogue, the real window over it, and a colleague."""

from __future__ import annotations

import secrets
import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from desk.operations.connect import OpenCatalogue, open_catalogue
from desk.operations.sample import fill_sample
from tests.support.window import Desk, application, opened_window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from pytestqt.qtbot import QtBot

    from tests.support.measuring import Activity
    from tests.support.postgres import Server

__all__ = ["application"]

LONGEST_IDLE_MS = 100


def fill(target: str) -> None:
    """Puts the sample into an empty catalogue."""
    catalogue = open_catalogue(target=target)
    try:
        fill_sample(sessions=catalogue.sessions)
    finally:
        catalogue.close()


@pytest.fixture(scope="session")
def _sample_file(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = Path(shutil.copy(_sqlite_template, tmp_path_factory.mktemp("sample") / "sample.desk"))
    fill(str(path))
    assert not path.with_name(path.name + "-wal").exists()
    return path


@pytest.fixture(scope="session")
def _sample_database(postgres: Server, _postgres_template: str) -> Iterator[str]:
    name = f"{_postgres_template}_sample_{secrets.token_hex(2)}"  # other folders have a sample of their own
    fill(postgres.create_database(name, _postgres_template))
    yield name
    postgres.drop_database(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def sample_target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The place of a fresh catalogue of each kind that holds the sample."""
    if request.param == "sqlite":
        yield str(shutil.copy(request.getfixturevalue("_sample_file"), tmp_path))
        return
    server: Server = request.getfixturevalue("postgres")
    name = f"desk_sample_{secrets.token_hex(4)}"
    yield server.create_database(name, request.getfixturevalue("_sample_database"))
    server.drop_database(name)


@pytest.fixture
def desk(
    sample_target: str,
    application: object,
    qtbot: QtBot,
    pg_activity: Callable[[str], AbstractContextManager[Activity]],
) -> Iterator[Desk]:
    """The window over the sample; no transaction of it rests for long, and at the end no connection is out."""
    is_server = "://" in sample_target
    watching = pg_activity(sample_target) if is_server else nullcontext()
    with watching as seen, opened_window(sample_target, qtbot) as made:
        made.settle()
        yield made
    if seen is not None:
        assert seen.samples > 2
        assert seen.longest_idle_ms <= LONGEST_IDLE_MS


@pytest.fixture
def colleague(desk: Desk, sample_target: str) -> Iterator[OpenCatalogue]:
    """Another program that has the same catalogue open."""
    catalogue = open_catalogue(target=sample_target)
    yield catalogue
    catalogue.close()
