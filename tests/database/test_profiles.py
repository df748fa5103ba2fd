"""Profiles: what a person gives becomes a target without a password, told by a title."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

import pytest

from desk.database import targets
from desk.database.profiles import Profile, profile_of
from desk.errors import InvalidInput
from tests.support.told import SENTINEL

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.mark.parametrize(
    ("given", "path", "read_only"),
    [
        ("my.desk", "my.desk", False),
        ("  my.desk ", "my.desk", False),
        ("~/my.desk", "home/my.desk", False),
        ("sqlite:///my.desk", "my.desk", False),
        ("sqlite:///my.desk?mode=ro", "my.desk", True),
        ("sqlite:///my.desk?mode=rw&cache=shared", "my.desk", False),
        ("sqlite+pysqlite:///two%20words.desk?mode=ro", "two words.desk", True),
        ("postgres.desk", "postgres.desk", False),
        ("a=b.desk", "a=b.desk", False),
    ],
)
def test_a_file_is_its_absolute_path(tmp_path: Path, given: str, path: str, read_only: bool) -> None:
    profile, password = profile_of(given)
    assert profile == Profile(str(tmp_path / path), read_only=read_only)
    assert password == ""
    assert not profile.is_server
    assert profile.account == ""
    assert profile.title == (tmp_path / path).name
    assert targets.target_url(profile.target).database == profile.target


def test_an_absolute_sqlite_url_has_four_slashes() -> None:
    assert profile_of("sqlite:////a/b.desk")[0].target == "/a/b.desk"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_servers_url_gives_its_password_apart(scheme: str) -> None:
    profile, password = profile_of(f"{scheme}://clerk:{SENTINEL}@db.example:5433/library?schema=books")
    assert profile == Profile("postgresql://clerk@db.example:5433/library?schema=books")
    assert password == SENTINEL
    assert profile.is_server
    assert profile.title == "library @ db.example"
    assert profile.account == "clerk@db.example:5433/library"


def test_keywords_of_libpq_are_a_server_too() -> None:
    profile, password = profile_of(f"host=db.example dbname=library user=clerk password={SENTINEL}")
    assert (profile.target, password) == ("postgresql://clerk@db.example/library", SENTINEL)


@pytest.mark.parametrize(
    ("target", "title", "account"),
    [
        ("postgresql:///library", "library @ localhost", "@localhost:5432/library"),
        ("postgresql:///?service=lib", "service=lib", "@service=lib/"),
        ("postgresql:///books?service=lib", "books @ service=lib", "@service=lib/books"),
        ("postgresql:///library?hostaddr=10.0.0.5", "library @ 10.0.0.5", "@10.0.0.5:5432/library"),
        ("postgresql://me@a:1,b:2/library", "library @ a,b", "me@a,b:1,2/library"),
        ("postgresql://me@[::1]:7/library", "library @ ::1", "me@[::1]:7/library"),
        ("postgresql:///library?host=/run", "library @ /run", "@/run:5432/library"),
    ],
)
def test_every_server_has_a_title_and_an_account(target: str, title: str, account: str) -> None:
    profile, _password = profile_of(target)
    assert (profile.title, profile.account) == (title, account)


def test_a_name_is_the_title() -> None:
    assert Profile("/a/b.desk", name="Library").title == "Library"


@pytest.mark.parametrize(
    "target",
    [
        "", "  ", "sqlite://", "sqlite:///:memory:", "sqlite:///", "sqlite://host/x", f"mysql://u:{SENTINEL}@h/x",
        f"u:{SENTINEL}@x://y", "://x", f"postgresql:/u:{SENTINEL}@h/x", f"postgresql+asyncpg://u:{SENTINEL}@h/x",
        f"postgresql://u:p@{SENTINEL}@h/x", f"POSTGRESQL:u:{SENTINEL}@h", "~nobody.of.that.name/x", "/a\0b", "~\0",
        "sqlite:////a%00b", f"host=\udcff password={SENTINEL}",
    ],
)  # fmt: skip
def test_what_is_no_database_is_refused_and_not_quoted(target: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        profile_of(target)
    assert refused.value.what
    assert refused.value.advice or refused.value.code == "url"
    assert SENTINEL not in "".join([str(refused.value), *traceback.format_exception(refused.value)])
