"""Certificates made for one test: an issuer, a server, a client; and a server that shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import trustme

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.postgres import PostgresServer

SETTINGS = """
ssl = on
ssl_cert_file = 'server.crt'
ssl_key_file = 'server.key'
ssl_ca_file = 'root.crt'
"""


@dataclass(frozen=True, slots=True)
class ClientFiles:
    """What a client shows: paths of PEM files, the key readable by its owner only."""

    certificate: Path
    key: Path


class Issuer:
    """An issuer of certificates that nobody knows; `root` is the PEM file that makes it known."""

    def __init__(self, folder: Path, name: str = "issuer") -> None:
        self._authority = trustme.CA()
        self._folder = folder
        self.root = folder / f"{name}.crt"
        self._authority.cert_pem.write_to_path(self.root)

    def server_files(self, *names: str) -> dict[str, bytes]:
        """What a server that has these names needs beside its settings."""
        issued = self._authority.issue_cert(*names)
        return {
            "server.crt": b"".join(one.bytes() for one in issued.cert_chain_pems),
            "server.key": issued.private_key_pem.bytes(),
            "root.crt": self._authority.cert_pem.bytes(),
        }

    def client_files(self, role: str) -> ClientFiles:
        """A certificate for a role of the server, and its key."""
        issued = self._authority.issue_cert(f"{role}@desk.invalid", common_name=role)
        files = ClientFiles(self._folder / f"{role}.crt", self._folder / f"{role}.key")
        issued.cert_chain_pems[0].write_to_path(files.certificate)
        files.key.touch(mode=0o600)
        issued.private_key_pem.write_to_path(files.key)
        return files


def speak_tls(server: PostgresServer, issuer: Issuer, *names: str, access: str = "") -> None:
    """Restarts the server with TLS and a certificate for these names; skips where its programs have none."""
    try:
        server.reconfigure(SETTINGS, access=access, files=issuer.server_files(*names))
    except RuntimeError as error:
        if "not supported by this build" not in str(error):
            raise
        pytest.skip("the PostgreSQL programs here were built without TLS")
