"""TLS is always stated: everything is checked on other computers, unless somebody says otherwise."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from desk.database import tls
from desk.database.targets import place_of, target_url
from tests.support.unprivileged import folder_for_everyone, without_root

VARIABLES = ("PGHOST", "PGHOSTADDR", "PGSSLMODE", "PGSSLROOTCERT", "PGSERVICE", "PGSERVICEFILE", "PGSYSCONFDIR")


@pytest.fixture(autouse=True)
def nobodys_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PGSYSCONFDIR", str(tmp_path))
    return tmp_path


def mode(target: str) -> str:
    return tls.tls_arguments(target_url(target))["sslmode"]


@pytest.mark.parametrize(
    "target",
    [
        "postgresql:///library", "postgresql://localhost/x", "postgresql://127.0.0.1:5433/x", "postgresql://[::1]/x",
        "postgresql:///x?host=/run/postgresql", "postgresql:///x?host=localhost,127.0.0.1",
        "postgresql:///x?host=localhost:5433&host=127.0.0.1:5434", "postgresql://localhost/x?hostaddr=127.0.0.1",
    ],
)  # fmt: skip
def test_on_this_computer_a_server_may_be_without(target: str) -> None:
    assert tls.tls_arguments(target_url(target)) == {"sslmode": "prefer"}


@pytest.mark.parametrize(
    "target",
    [
        "postgresql://db.invalid/x", "postgresql:///x?host=db.invalid", "postgresql:///x?host=localhost,db.invalid",
        "postgresql:///x?host=localhost&host=db.invalid:5433", "postgresql://localhost/x?hostaddr=192.0.2.1",
        "postgresql:///x?hostaddr=192.0.2.1", "postgresql://[2001:db8::1]/x", "postgresql://192.0.2.1/x",
    ],
)  # fmt: skip
def test_elsewhere_everything_is_checked_by_what_the_system_trusts(target: str) -> None:
    assert tls.tls_arguments(target_url(target)) == {"sslmode": "verify-full", "sslrootcert": tls.trusted_issuers()}


@pytest.mark.parametrize("said", ["disable", "prefer", "require", "verify-ca", "verify-full"])
def test_what_somebody_says_is_stated(said: str, monkeypatch: pytest.MonkeyPatch, nobodys_home: Path) -> None:
    assert mode(f"postgresql://db.invalid/x?sslmode={said}") == said
    services = nobodys_home / ".pg_service.conf"
    services.write_text(f"[other]\nsslmode=allow\n\n# a comment\n[ours]\nhost = db.invalid\nsslmode = {said}\n")
    assert mode("postgresql:///?service=ours") == said
    monkeypatch.setenv("PGSERVICE", "ours")
    assert mode("postgresql:///") == said
    monkeypatch.delenv("PGSERVICE")
    monkeypatch.setenv("PGSSLMODE", said)
    assert mode("postgresql://db.invalid/x") == said


def test_hosts_that_others_name_are_elsewhere_too(monkeypatch: pytest.MonkeyPatch, nobodys_home: Path) -> None:
    (nobodys_home / "pg_service.conf").write_text("[far]\nhost=db.invalid\n[near]\nhost=localhost\n")
    assert mode("postgresql:///?service=far") == "verify-full"
    assert mode("postgresql:///?service=near") == "prefer"
    assert mode("postgresql://localhost/?service=far") == "prefer"
    assert place_of(target_url("postgresql:///?service=far")) == "db.invalid:5432"
    monkeypatch.setenv("PGHOST", "db.invalid")
    assert mode("postgresql:///x") == "verify-full"
    assert mode("postgresql:///?service=none") == "verify-full"


def test_issuers_that_somebody_names_are_not_replaced(monkeypatch: pytest.MonkeyPatch, nobodys_home: Path) -> None:
    far = "postgresql://db.invalid/x"
    assert "sslrootcert" in tls.tls_arguments(target_url(far))
    assert "sslrootcert" not in tls.tls_arguments(target_url(f"{far}?sslrootcert=/a.crt"))
    monkeypatch.setenv("PGSSLROOTCERT", "/a.crt")
    assert "sslrootcert" not in tls.tls_arguments(target_url(far))
    monkeypatch.delenv("PGSSLROOTCERT")
    (nobodys_home / ".postgresql").mkdir()
    (nobodys_home / ".postgresql" / "root.crt").touch()
    assert "sslrootcert" not in tls.tls_arguments(target_url(far))


def test_a_home_that_may_not_be_entered_names_no_issuers(monkeypatch: pytest.MonkeyPatch) -> None:
    with folder_for_everyone() as home:
        (home / ".postgresql").mkdir(mode=0o700)
        monkeypatch.setattr(Path, "home", lambda: home)
        with without_root():
            assert "sslrootcert" in tls.tls_arguments(target_url("postgresql://db.invalid/x"))


def test_the_issuers_that_the_system_trusts_are_a_file_or_libpqs_word(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tls.trusted_issuers() == "system" or Path(tls.trusted_issuers()).is_file()
    nothing = ssl.DefaultVerifyPaths(None, None, "", "", "", "")  # type: ignore[arg-type]
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: nothing)
    monkeypatch.setattr(tls, "_BUNDLES", ("/nowhere.crt", __file__))
    assert tls.trusted_issuers() == __file__
    monkeypatch.setattr(tls, "_BUNDLES", ())
    assert tls.trusted_issuers() == "system"
