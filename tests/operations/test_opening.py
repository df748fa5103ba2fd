"""Opening a profile: where its password comes from, what is remembered, and libpq's own ways as in psql."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import make_url

from desk.database import secrets, targets
from desk.database.profiles import PoolSettings, Profile, profile_of
from desk.errors import DeskError, EnvironmentProblem, InvalidInput
from desk.operations.opening import open_profile, open_sample, url_of
from desk.operations.pages import count_tables
from desk.operations.profiles import note_opened, recent_profiles
from desk.operations.trying import try_connection
from tests.support.keyrings import Keyring, using
from tests.support.postgres import PostgresServer
from tests.support.roles import clerk_of
from tests.support.told import SENTINEL, tells

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.postgres import Server


@pytest.fixture(autouse=True)
def _no_settings_of_libpq(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def clerk(postgres: Server, postgres_url: str) -> Iterator[Profile]:
    """A role of its own that has to give SENTINEL as its password."""
    with clerk_of(postgres, postgres_url) as profile:
        yield profile


@pytest.fixture
def keyring() -> Iterator[Keyring]:
    backend = Keyring()
    with using(backend):
        yield backend


def opens(profile: Profile, password: str | None = None) -> str:
    """Opens it, uses it, closes it; the catalogue's identity."""
    catalogue = open_profile(profile=profile, password=password)
    try:
        assert count_tables(sessions=catalogue.sessions) == {"authors": 0, "books": 0}
        return catalogue.info.identity
    finally:
        catalogue.close()


def private(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


# Passwords


def test_a_password_that_worked_is_not_asked_for_again_in_this_run(clerk: Profile) -> None:
    with tells("password", within=10):
        open_profile(profile=clerk)
    opens(clerk, SENTINEL)
    opens(clerk)
    opens(replace(clerk, name="Another", colour="red"))


def test_a_password_that_was_refused_is_not_remembered(clerk: Profile) -> None:
    with tells("password", within=10):
        open_profile(profile=clerk, password="wrong-one")
    assert secrets.password_for(clerk) is None


def test_a_remembered_password_that_is_refused_is_forgotten(clerk: Profile) -> None:
    secrets.remember(clerk, "wrong-one")
    with tells("password", within=10):
        open_profile(profile=clerk)
    assert secrets.password_for(clerk) is None
    opens(clerk, SENTINEL)


def test_a_kept_password_opens_until_it_is_refused(clerk: Profile, keyring: Keyring) -> None:
    kept = replace(clerk, keeps_password=True)
    keyring.passwords["desk", clerk.account] = SENTINEL
    opens(kept)
    keyring.passwords["desk", clerk.account] = "wrong-one"
    secrets.forget(kept)
    secrets.remember(kept, "wrong-one")
    with tells("password", within=10):
        open_profile(profile=kept)
    asked = keyring.asked
    with tells("password", within=10):
        open_profile(profile=kept)
    assert keyring.asked == asked


def test_a_wrong_password_that_was_typed_leaves_the_remembered_one(clerk: Profile) -> None:
    opens(clerk, SENTINEL)
    with tells("password", within=10):
        open_profile(profile=clerk, password="wrong-one")
    opens(clerk)


def test_an_empty_password_is_none(clerk: Profile) -> None:
    opens(clerk, SENTINEL)
    opens(clerk, "")


def test_another_error_remembers_what_was_given_for_what_comes_next(clerk: Profile) -> None:
    elsewhere = replace(clerk, target=clerk.target.replace("127.0.0.1:", "x.invalid:"))
    with tells("host", within=10):
        open_profile(profile=elsewhere, password=SENTINEL)
    assert secrets.password_for(elsewhere) == SENTINEL


# What is opened


def test_a_profile_opens_with_its_settings(database_target: str) -> None:
    profile, password = profile_of(database_target)
    profile = replace(profile, read_only=True, pool=PoolSettings(size=1, overflow=0))
    catalogue = open_profile(profile=profile, password=password)
    assert catalogue.info.read_only == "it was opened so"
    assert catalogue.pool.snapshot().size == 1
    catalogue.close()


def test_folders_that_cannot_be_written_do_not_keep_from_opening(sqlite_path: Path, desk_home: Path) -> None:
    desk_home.write_text("a file where the folder should be")
    opens(Profile(str(sqlite_path)))
    note_opened(profile=Profile(str(sqlite_path)))


def test_the_sample_is_made_and_opened() -> None:
    catalogue = open_sample()
    assert count_tables(sessions=catalogue.sessions)["books"] > 0
    catalogue.close()
    assert recent_profiles() == ()


# URLs


def test_the_url_of_a_server_takes_the_password_apart() -> None:
    profile = Profile("postgresql://clerk@host:5433/library?schema=books")
    assert url_of(profile).password is None
    url = url_of(profile, SENTINEL)
    assert (url.password, url.username, url.host, url.port) == (SENTINEL, "clerk", "host", 5433)
    assert SENTINEL not in str(url) + repr(url)


def test_the_url_of_a_file_says_that_it_is_for_reading_only(sqlite_path: Path) -> None:
    assert targets.check_access(url_of(Profile(str(sqlite_path)))).mode == "rw"
    assert targets.check_access(url_of(Profile(str(sqlite_path), read_only=True))).mode == "ro"
    assert url_of(Profile("/a?b=c")).database == "/a?b=c"


def test_an_unreadable_target_is_refused() -> None:
    with pytest.raises(InvalidInput):
        url_of(Profile("mysql://host/x"))


# libpq's own ways


def test_the_password_file_is_used_as_by_psql(clerk: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = make_url(clerk.target)
    line = f"{url.host}:{url.port}:{url.database}:{url.username}:{SENTINEL}\n"
    monkeypatch.setenv("PGPASSFILE", str(private(tmp_path / "passwords", line)))
    opens(clerk)
    assert secrets.password_for(clerk) is None  # it stays where it is
    private(tmp_path / "passwords", line.replace(SENTINEL, "wrong-one"))
    with tells("password", within=10):
        open_profile(profile=clerk)


def test_the_password_file_of_a_profile_is_used(clerk: Profile, tmp_path: Path) -> None:
    path = private(tmp_path / "of this one", f"*:*:*:*:{SENTINEL}\n")
    opens(profile_of(f"{clerk.target}?passfile={path}")[0])


def test_the_password_of_the_environment_is_used(clerk: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", SENTINEL)
    opens(clerk)


def test_a_typed_password_wins_over_the_password_file(
    clerk: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSFILE", str(private(tmp_path / "passwords", "*:*:*:*:wrong-one\n")))
    opens(clerk, SENTINEL)


@pytest.mark.parametrize("given", ["in the URL", "by keywords", "by PGSERVICE"])
def test_a_service_is_used_as_by_psql(
    clerk: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    url = make_url(clerk.target)
    section = f"host={url.host}\nport={url.port}\ndbname={url.database}\nuser={url.username}\npassword={SENTINEL}\n"
    monkeypatch.setenv("PGSERVICEFILE", str(private(tmp_path / "services", f"# ours\n[lib]\n{section}")))
    target = {"in the URL": "postgresql:///?service=lib", "by keywords": "service=lib", "by PGSERVICE": "postgresql://"}
    if given == "by PGSERVICE":
        monkeypatch.setenv("PGSERVICE", "lib")
    profile, _password = profile_of(target[given])
    opened = open_profile(profile=profile)
    opened.close()
    assert opened.info.title == f"{url.database} @ {url.host}"
    note_opened(profile=profile)
    assert not any(SENTINEL in repr(one) for one in recent_profiles())
    trial = try_connection(profile=profile)
    assert trial.ok, trial.problem


def test_a_service_without_a_password_takes_one_that_is_typed_and_remembers_it(
    clerk: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_url(clerk.target)
    section = f"[lib]\nhost={url.host}\nport={url.port}\ndbname={url.database}\nuser={url.username}\n"
    monkeypatch.setenv("PGSERVICEFILE", str(private(tmp_path / "services", section)))
    profile, _password = profile_of("postgresql:///?service=lib")
    with tells("password", within=10):
        open_profile(profile=profile)
    opens(profile, SENTINEL)
    opens(profile)


def test_a_service_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSERVICEFILE", str(private(tmp_path / "services", "[other]\nhost=x\n")))
    with pytest.raises(DeskError) as refused:
        open_profile(profile=Profile("postgresql:///?service=nowhere"))
    assert "nowhere" in refused.value.what
    assert refused.value.advice


@pytest.mark.parametrize("way", ["host in the URL", "host behind the ?", "PGHOST"])
def test_a_socket_is_found_by_its_folder(
    postgres: Server, clerk: Profile, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    if not isinstance(postgres, PostgresServer):
        pytest.skip("the socket of a server given from outside is not known")
    folder = str(postgres._home / "socket")
    url: Any = make_url(clerk.target)
    ways: dict[str, Callable[[], str]] = {
        "host in the URL": lambda: (
            f"postgresql://{url.username}@{folder.replace('/', '%2F')}:{url.port}/{url.database}"
        ),
        "host behind the ?": lambda: f"postgresql://{url.username}@/{url.database}?host={folder}&port={url.port}",
        "PGHOST": lambda: f"postgresql://{url.username}@/{url.database}?port={url.port}",
    }
    if way == "PGHOST":
        monkeypatch.setenv("PGHOST", folder)
    if os.geteuid() != 0 and not os.access(folder, os.X_OK):
        pytest.skip("the socket is in a folder of another user")
    opens(profile_of(ways[way]())[0], SENTINEL)


def test_without_a_host_the_socket_of_the_system_is_meant() -> None:
    """psycopg's own libpq looks where Debian's servers listen; where nobody does, that is said."""
    if Path("/var/run/postgresql/.s.PGSQL.9").exists():
        pytest.skip("there is a server on port 9")
    with pytest.raises(EnvironmentProblem) as refused:
        open_profile(profile=Profile("postgresql:///library?port=9"))
    assert refused.value.code == "down"
    assert "/.s.PGSQL.9" in str(refused.value.__cause__)
