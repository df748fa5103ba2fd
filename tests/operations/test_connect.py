"""Opening and creating catalogues: what is said about them, and that looking changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desk.catalog.models import Book
from desk.database import migrations, targets
from desk.errors import EnvironmentProblem, InvalidInput
from desk.operations.connect import create_catalogue, open_catalogue
from desk.operations.pages import count_tables
from tests.support.editing import scalar

if TYPE_CHECKING:
    from pathlib import Path

    from desk.operations.connect import OpenCatalogue


def test_an_open_catalogue_tells_what_and_where_it_is(catalogue: OpenCatalogue, database_target: str) -> None:
    url = targets.target_url(database_target)
    info = catalogue.info
    assert info.kind == catalogue.sessions.dialect == url.get_backend_name()
    assert info.read_only == ""
    assert len(info.identity) == 36
    if info.kind == "sqlite":
        assert (info.title, info.place) == ("library.desk", database_target)
    else:
        assert info.title == f"{url.database} @ {url.host}"
        assert info.place == f"{url.host}:{url.port}"
        assert str(url.password) not in repr(info)


def test_opening_costs_one_connection_and_leaves_none_out(catalogue: OpenCatalogue) -> None:
    snapshot = catalogue.pool.snapshot()
    assert (snapshot.opened, snapshot.checked_out, snapshot.idle) == (1, 0, 1)


def test_opening_and_closing_a_file_leaves_nothing_beside_it(sqlite_path: Path) -> None:
    before = sqlite_path.read_bytes()
    opened = open_catalogue(target=str(sqlite_path))
    assert count_tables(sessions=opened.sessions) == {"authors": 0, "books": 0}
    opened.close()
    assert sqlite_path.read_bytes() == before
    assert [one.name for one in sqlite_path.parent.iterdir()] == [sqlite_path.name]


def test_a_file_url_and_a_path_open_the_same_catalogue(sqlite_path: Path) -> None:
    identities = set()
    for target in (str(sqlite_path), f"sqlite:///{sqlite_path}", f"sqlite+pysqlite:///{sqlite_path}"):
        opened = open_catalogue(target=target)
        identities.add(opened.info.identity)
        opened.close()
    assert len(identities) == 1


@pytest.mark.parametrize("target", ["sqlite://", "sqlite:///:memory:"])
def test_a_memory_database_is_refused(target: str) -> None:
    with pytest.raises(EnvironmentProblem) as refused:
        open_catalogue(target=target)
    assert "memory" in refused.value.what
    assert refused.value.advice


def test_an_unreadable_target_is_refused() -> None:
    with pytest.raises(InvalidInput):
        open_catalogue(target="mysql://localhost/x")


def test_a_new_catalogue_is_empty_current_and_one_file(tmp_path: Path) -> None:
    path = tmp_path / "new.desk"
    create_catalogue(target=str(path))
    assert [one.name for one in tmp_path.iterdir()] == ["new.desk"]
    opened = open_catalogue(target=str(path))
    assert count_tables(sessions=opened.sessions) == {"authors": 0, "books": 0}
    assert opened.info.read_only == ""
    opened.close()


def test_two_new_catalogues_have_two_identities(tmp_path: Path) -> None:
    identities = set()
    for name in ("one.desk", "two.desk"):
        create_catalogue(target=str(tmp_path / name))
        opened = open_catalogue(target=str(tmp_path / name))
        identities.add(opened.info.identity)
        opened.close()
    assert len(identities) == 2


def test_creating_never_replaces_a_file(sqlite_path: Path) -> None:
    before = sqlite_path.read_bytes()
    with pytest.raises(EnvironmentProblem) as refused:
        create_catalogue(target=str(sqlite_path))
    assert refused.value.code == "exists"
    assert "left as it is" in refused.value.kept
    assert sqlite_path.read_bytes() == before


def test_a_failed_creation_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_url: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(migrations, "upgrade", fail)
    with pytest.raises(RuntimeError):
        create_catalogue(target=str(tmp_path / "new.desk"))
    assert not list(tmp_path.iterdir())


def test_a_catalogue_is_created_on_a_server(empty_postgres_url: str) -> None:
    with pytest.raises(EnvironmentProblem) as refused:
        open_catalogue(target=empty_postgres_url)
    assert refused.value.code == "empty"
    create_catalogue(target=empty_postgres_url)
    opened = open_catalogue(target=empty_postgres_url)
    assert count_tables(sessions=opened.sessions) == {"authors": 0, "books": 0}
    opened.close()


def test_two_windows_on_one_catalogue_see_each_other(database_target: str) -> None:
    first, second = open_catalogue(target=database_target), open_catalogue(target=database_target)
    assert first.info.identity == second.info.identity
    with first.sessions.writing("add") as session:
        session.add(Book(title="Emma"))
        session.commit()
    assert scalar(second, "SELECT title FROM books") == "Emma"
    first.close()
    assert scalar(second, "SELECT title FROM books") == "Emma"
    second.close()
