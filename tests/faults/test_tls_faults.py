"""Faults 11 and 12: certificates that cannot be believed, and servers without TLS. Passwords go by SCRAM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from desk.database import tls
from desk.errors import EnvironmentProblem
from desk.operations.connect import open_catalogue
from tests.support.editing import scalar
from tests.support.postgres import PostgresServer
from tests.support.serving import binaries_or_skip, fill_library
from tests.support.tls import Issuer, speak_tls
from tests.support.told import SENTINEL, tells

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "db.desk.invalid"
SOON = 5.0
ONLY_SCRAM = "hostssl all all 127.0.0.1/32 scram-sha-256\nlocal all all scram-sha-256\n"


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return Issuer(tmp_path_factory.mktemp("issuer"))


@pytest.fixture(scope="module")
def secure_server(issuer: Issuer) -> Iterator[PostgresServer]:
    """A server with a catalogue, a certificate for NAME, and passwords by SCRAM over TLS only."""
    server = PostgresServer(binaries_or_skip())
    server.start()
    fill_library(server)
    speak_tls(server, issuer, NAME, access=ONLY_SCRAM)
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def no_files_of_mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """libpq looks for certificates in a person's home."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("PGSSLMODE", "PGSSLROOTCERT", "PGSERVICE", "PGSERVICEFILE"):
        monkeypatch.delenv(name, raising=False)


def target(server: PostgresServer, host: str = NAME, *, password: str = SENTINEL, **options: object) -> str:
    """The clerk's URL by a host's name, whose address is the loopback's."""
    words = {"hostaddr": "127.0.0.1", **options}
    query = "&".join(f"{name}={quote(str(value))}" for name, value in words.items())
    return f"postgresql://clerk:{password}@{host}:{server.port}/library?{query}"


def books(target: str) -> int:
    opened = open_catalogue(target=target)
    try:
        assert scalar(opened, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        return int(scalar(opened, "SELECT count(*) FROM books"))
    finally:
        opened.close()


@pytest.mark.parametrize("mode", ["verify-full", "verify-ca"])
def test_the_right_certificate_is_believed(secure_server: PostgresServer, issuer: Issuer, mode: str) -> None:
    assert books(target(secure_server, sslmode=mode, sslrootcert=issuer.root)) == 30


def test_required_encryption_believes_any_certificate(secure_server: PostgresServer) -> None:
    assert books(target(secure_server, sslmode="require")) == 30


def test_a_server_elsewhere_is_checked_in_full_without_a_word(secure_server: PostgresServer, issuer: Issuer) -> None:
    assert books(target(secure_server, sslrootcert=issuer.root)) == 30
    with tells("tls", within=SOON) as told:
        books(target(secure_server, "other.desk.invalid", sslrootcert=issuer.root))
    assert "verify-full" in told.what


def test_what_the_system_trusts_is_trusted(
    secure_server: PostgresServer, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(issuer.root))
    assert books(target(secure_server)) == 30


def test_a_persons_own_root_certificate_is_used(secure_server: PostgresServer, issuer: Issuer, tmp_path: Path) -> None:
    (tmp_path / ".postgresql").mkdir()
    (tmp_path / ".postgresql" / "root.crt").write_bytes(issuer.root.read_bytes())
    assert books(target(secure_server)) == 30


def test_fault_11_wrong_name(secure_server: PostgresServer, issuer: Issuer) -> None:
    with tells("tls", within=SOON) as told:
        books(target(secure_server, "other.desk.invalid", sslmode="verify-full", sslrootcert=issuer.root))
    assert f"“{NAME}”" in told.what
    assert "“other.desk.invalid”" in told.what
    assert books(target(secure_server, "other.desk.invalid", sslmode="verify-ca", sslrootcert=issuer.root)) == 30


@pytest.mark.parametrize("mode", ["verify-full", "verify-ca"])
def test_fault_11_unknown_issuer(secure_server: PostgresServer, tmp_path: Path, mode: str) -> None:
    stranger = Issuer(tmp_path, "stranger")
    with tells("tls", within=SOON) as told:
        books(target(secure_server, sslmode=mode, sslrootcert=stranger.root))
    assert "not to be believed" in told.what
    assert mode in told.what
    assert "sslrootcert" in told.advice


def test_fault_11_issuer_that_the_system_does_not_know(secure_server: PostgresServer) -> None:
    with tells("tls", within=SOON) as told:
        books(target(secure_server))
    assert "not to be believed" in told.what


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_fault_12_server_without_tls(secure_server: PostgresServer, issuer: Issuer, mode: str) -> None:
    secure_server.reconfigure("ssl = off\n", access=ONLY_SCRAM.replace("hostssl", "host"))
    try:
        with tells("tls", within=SOON) as told:
            books(target(secure_server, sslmode=mode, sslrootcert=issuer.root))
    finally:
        secure_server.reconfigure("ssl = on\n", access=ONLY_SCRAM)
    assert "has no TLS" in told.what
    assert mode in told.what
    assert f"{NAME}:{secure_server.port}" in told.what


def test_a_missing_file_of_issuers_is_named(secure_server: PostgresServer, tmp_path: Path) -> None:
    missing = tmp_path / "nowhere.crt"
    with tells("tls", within=SOON) as told:
        books(target(secure_server, sslmode="verify-full", sslrootcert=missing))
    assert str(missing) in told.what
    with tells("tls", within=SOON) as told:
        books(target(secure_server, sslmode="verify-ca"))
    assert "root.crt" in told.what
    assert "verify-full" in told.advice


def test_a_file_of_issuers_that_is_none_is_named(secure_server: PostgresServer, tmp_path: Path) -> None:
    broken = tmp_path / "broken.crt"
    broken.write_text("not a certificate")
    with tells("tls", within=SOON) as told:
        books(target(secure_server, sslmode="verify-full", sslrootcert=broken))
    assert str(broken) in told.what


def test_a_wrong_password_over_tls_is_called_so(secure_server: PostgresServer, issuer: Issuer) -> None:
    with tells("password", within=SOON):
        books(target(secure_server, password="wrong", sslmode="verify-full", sslrootcert=issuer.root))


class TestClientCertificates:
    """A server that asks for a certificate of the client."""

    @pytest.fixture(params=["cert", "scram-sha-256 clientcert=verify-full"])
    def asking(self, request: pytest.FixtureRequest, secure_server: PostgresServer) -> Iterator[PostgresServer]:
        secure_server.reconfigure(access=f"hostssl all all 127.0.0.1/32 {request.param}\n")
        yield secure_server
        secure_server.reconfigure(access=ONLY_SCRAM)

    def test_the_files_of_the_url_are_shown(self, asking: PostgresServer, issuer: Issuer) -> None:
        files = issuer.client_files("clerk")
        words: dict[str, Any] = {"sslmode": "verify-full", "sslrootcert": issuer.root}
        assert books(target(asking, **words, sslcert=files.certificate, sslkey=files.key)) == 30

    def test_one_is_wanted(self, asking: PostgresServer, issuer: Issuer) -> None:
        with tells("tls", within=SOON) as told:
            books(target(asking, sslmode="verify-full", sslrootcert=issuer.root))
        assert "wants a certificate of yours" in told.what
        assert "sslcert" in told.advice

    def test_one_of_another_role_is_refused(self, asking: PostgresServer, issuer: Issuer) -> None:
        files = issuer.client_files("stranger")
        words: dict[str, Any] = {"sslmode": "require", "sslcert": files.certificate, "sslkey": files.key}
        with pytest.raises(EnvironmentProblem) as refused:
            books(target(asking, **words))
        assert refused.value.code in ("tls", "password")  # with SCRAM a server only says that one of both is wrong

    def test_one_of_another_issuer_is_refused(self, asking: PostgresServer, issuer: Issuer, tmp_path: Path) -> None:
        files = Issuer(tmp_path, "stranger").client_files("clerk")
        words: dict[str, Any] = {"sslmode": "verify-full", "sslrootcert": issuer.root, "sslcert": files.certificate}
        with tells("tls", within=SOON) as told:
            books(target(asking, **words, sslkey=files.key))
        assert "refused your certificate" in told.what

    def test_a_key_that_others_can_read_is_not_used(self, asking: PostgresServer, issuer: Issuer) -> None:
        files = issuer.client_files("clerk")
        files.key.chmod(0o644)
        words: dict[str, Any] = {"sslmode": "require", "sslcert": files.certificate, "sslkey": files.key}
        with tells("tls", within=SOON) as told:
            books(target(asking, **words))
        assert str(files.key) in told.what
        assert "600" in told.advice

    @pytest.mark.parametrize("which", ["sslcert", "sslkey"])
    def test_a_missing_file_is_named(self, asking: PostgresServer, issuer: Issuer, tmp_path: Path, which: str) -> None:
        files = issuer.client_files("clerk")
        words: dict[str, Any] = {"sslmode": "require", "sslcert": files.certificate, "sslkey": files.key}
        words[which] = tmp_path / "nowhere.pem"
        with tells("tls", within=SOON) as told:
            books(target(asking, **words))
        assert "files are there" in told.advice or "nowhere.pem" in told.what  # libpq passes over a missing sslcert


def test_a_service_file_decides_as_in_psql(
    secure_server: PostgresServer, issuer: Issuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ["[far]", f"host={NAME}", "hostaddr=127.0.0.1", f"port={secure_server.port}", "user=clerk"]
    lines += [f"password={SENTINEL}", "dbname=library", f"sslrootcert={issuer.root}", "[near]", *"abc"]
    services = tmp_path / "services"
    services.write_text("\n".join(["# ours", *lines]))
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    assert books("postgresql:///?service=far") == 30
    services.write_text("\n".join(line.replace(NAME, "other.desk.invalid") for line in lines))
    with pytest.raises(EnvironmentProblem) as refused:
        books("postgresql:///?service=far")
    assert refused.value.code == "tls"
    services.write_text(services.read_text().replace("[near]", "sslmode=require\n[near]"))
    assert books("postgresql:///?service=far") == 30


def test_every_failure_has_words_without_holes() -> None:
    from desk.database.targets import target_url

    texts = (
        "FATAL:  connection requires a valid client certificate",
        'could not load private key file "/k": no start line',
        'certificate present, but not private key file "/k"',
        "SSL error: wrong version number",
        "could not initiate SSL connection",
        "SSL error: certificate verify failed",
        'server certificate for "a" (and 2 other names) does not match host name "b"',
    )
    for text in texts:
        told = tls.tls_failure(text, target_url("postgresql://far.invalid/x"), "far.invalid:5432", "kept")
        assert told is not None, text
        assert told.code == "tls"
        assert told.what.endswith(".")
        assert not {"{", "}"} & set(told.what + told.advice)
        assert "  " not in told.what
        assert told.advice
