"""Targets: what a path or a URL names, which are refused, and how a file can be opened."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

import pytest

from desk.database import targets
from desk.errors import InvalidInput
from desk.operations.connect import open_catalogue
from tests.support.told import SENTINEL

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("target", ["", "  ", "postgres ql://", "://x"])
def test_an_unreadable_target_is_refused_with_advice(target: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        targets.target_url(target)
    assert refused.value.advice


@pytest.mark.parametrize("target", ["mysql://root@localhost/x", "oracle://x", "mssql+pyodbc://x"])
def test_a_database_that_desk_does_not_speak_is_named(target: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        targets.target_url(target)
    assert target[:5] in refused.value.what


@pytest.mark.parametrize(
    "target",
    [
        f"postgresql://clerk:{SENTINEL}@host:abc/library",
        f"postgresql://clerk:p@{SENTINEL}@host/library",
        f"postgresql://clerk:p@ss:{SENTINEL}@host/library",
        f"postgresql+psycopg://clerk:@{SENTINEL}@host:5432/library",
    ],
)
def test_a_url_that_cannot_be_split_is_refused_without_a_part_of_its_password(target: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        targets.target_url(target)
    assert "%40" in refused.value.advice
    assert SENTINEL not in "".join(traceback.format_exception(refused.value))


def test_an_at_sign_may_be_in_a_user_and_encoded_in_a_password() -> None:
    url = targets.target_url("postgresql://me@corp:p%40ss@host/db")
    assert (url.username, url.password, url.host) == ("me@corp", "p@ss", "host")


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg", "postgresql+psycopg2", "postgres"])
def test_every_postgresql_url_means_psycopg_3(scheme: str) -> None:
    assert targets.target_url(f"{scheme}://me@host/db").drivername == "postgresql+psycopg"


def test_a_path_is_made_absolute_and_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert targets.target_url("my.desk").database == str(tmp_path / "my.desk")
    assert targets.target_url("~/my.desk").database == str(tmp_path / "home" / "my.desk")
    assert targets.sqlite_file(targets.target_url("sqlite:////a/b")) is not None
    assert targets.sqlite_file(targets.target_url("sqlite://")) is None
    assert targets.sqlite_file(targets.target_url("postgresql://host/db")) is None


def test_a_url_can_ask_for_reading_only(sqlite_path: Path) -> None:
    opened = open_catalogue(target=f"sqlite:///{sqlite_path}?mode=ro")
    assert "mode=ro" in opened.info.read_only
    opened.close()
