"""What every test may use: fresh migrated databases of both kinds, and a home folder that is nobody's.

One PostgreSQL server and one migrated template of each kind live as long as a pytest-xdist worker; a test gets a copy.
"""

from __future__ import annotations

import gc
import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["LC_ALL"] = os.environ["LANGUAGE"] = "C.UTF-8"
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"  # no test meets the keyring of a person

import itertools
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from desk import redaction
from desk.database import migrations, targets
from desk.database import secrets as desk_secrets
from desk.operations.connect import OpenCatalogue, create_catalogue, open_catalogue
from tests.support import library, measuring
from tests.support.postgres import Server, start_or_explain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

IN_CI = "CI" in os.environ

hypothesis.settings.register_profile(
    "desk",
    max_examples=60,
    deadline=None,
    database=None,
    derandomize=IN_CI,
    suppress_health_check=[
        hypothesis.HealthCheck.too_slow,
        hypothesis.HealthCheck.function_scoped_fixture,
        hypothesis.HealthCheck.data_too_large,
    ],
)
hypothesis.settings.load_profile("desk")

_numbers = itertools.count(1)
LONGEST = "test_real_data.py"
"""The file that takes minutes: begun last, it would keep one worker busy after the other has nothing left to do."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest file goes first. Workers take files in that order under `--no-loadscope-reorder` only."""
    items.sort(key=lambda item: item.path.name != LONGEST)


def pytest_collection_finish() -> None:
    """What the tests imported stays: a walk through all of it for garbage would stop every thread for half a second."""
    gc.freeze()


@pytest.fixture(autouse=True)
def desk_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder below which what the test keeps for its user would go; not made yet."""
    home = tmp_path / "desk-home"
    monkeypatch.setenv("DESK_HOME", str(home))
    return home


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test knows no secret of another: what is hidden, what is remembered for the run, what came of the keyring."""
    monkeypatch.setattr(redaction, "_values", set())
    monkeypatch.setattr(redaction, "_pattern", None)
    monkeypatch.setattr(desk_secrets, "_remembered", {})
    monkeypatch.setattr(desk_secrets, "_refused", set())
    monkeypatch.setattr(desk_secrets, "_problem", "")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A running PostgreSQL server; the test is skipped when there is none, and fails where CI is set."""
    server = start_or_explain()
    if isinstance(server, str):
        if IN_CI:
            pytest.fail(server)
        pytest.skip(server)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def _postgres_template(postgres: Server) -> Iterator[str]:
    """The name of an empty, migrated database to which nobody is connected."""
    name = f"desk_template_{secrets.token_hex(4)}"
    migrations.upgrade(targets.target_url(postgres.create_database(name)))
    yield name
    postgres.drop_database(name)


@pytest.fixture
def empty_postgres_url(postgres: Server) -> Iterator[str]:
    """The URL of a fresh database without any schema of ours."""
    name = _database_name()
    yield postgres.create_database(name)
    postgres.drop_database(name)


@pytest.fixture
def postgres_url(postgres: Server, _postgres_template: str) -> Iterator[str]:
    """The URL of a fresh, empty, migrated catalogue on the server."""
    name = _database_name()
    yield postgres.create_database(name, _postgres_template)
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.desk"
    create_catalogue(target=str(path))
    assert not path.with_name(path.name + "-wal").exists()
    return path


@pytest.fixture
def sqlite_path(tmp_path: Path, _sqlite_template: Path) -> Path:
    """The path of a fresh, empty, migrated catalogue file."""
    return Path(shutil.copy(_sqlite_template, tmp_path / "library.desk"))


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def shared_catalogue(request: pytest.FixtureRequest) -> Iterator[OpenCatalogue]:
    """An open catalogue on each kind of database, with 120 books and 40 authors: only for tests that change nothing."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("_sqlite_template")
        target = shutil.copy(template, template.with_name("shared.desk"))
    else:
        server: Server = request.getfixturevalue("postgres")
        target = server.create_database(_database_name(), request.getfixturevalue("_postgres_template"))
    opened = open_catalogue(target=str(target))
    library.make_books(opened, 120)
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_target(request: pytest.FixtureRequest) -> str:
    """The target of a fresh, empty, migrated catalogue: once a file's path, once a server's URL."""
    name = {"sqlite": "sqlite_path", "postgresql": "postgres_url"}[request.param]
    return str(request.getfixturevalue(name))


@pytest.fixture
def catalogue(database_target: str) -> Iterator[OpenCatalogue]:
    """An open catalogue on each kind of database; after the test no connection may be out."""
    opened = open_catalogue(target=database_target)
    try:
        yield opened
        snapshot = opened.pool.snapshot()
        assert snapshot.checked_out == 0, f"connections are still out: {snapshot.holders}"
        assert snapshot.open_transactions == 0
    finally:
        opened.close()


@pytest.fixture
def make_books() -> Callable[..., library.Library]:
    """`make_books(catalogue, n, seed)` fills a catalogue with deterministic data."""
    return library.make_books


@pytest.fixture
def filled(catalogue: OpenCatalogue) -> library.Library:
    """`catalogue` with 120 books and 40 authors in it."""
    return library.make_books(catalogue, 120)


@pytest.fixture
def pg_activity() -> Callable[[str], AbstractContextManager[measuring.Activity]]:
    """`with pg_activity(url) as seen:` watches how long transactions of ours stay idle; see `Activity`."""
    return measuring.watched_activity


def _database_name() -> str:
    return f"desk_{next(_numbers)}_{secrets.token_hex(4)}"
