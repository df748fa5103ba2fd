"""TLS to a server: how it is always stated, and what its failures mean.

Invariant: libpq's default (`prefer`, wherever the server is) is never in force by silence.
"""

from __future__ import annotations

import os
import re
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from desk.database.addresses import ServerAddress, is_local, stated_sslmode
from desk.errors import DeskError, EnvironmentProblem
from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import URL

_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # Alpine, macOS
)
"""Where systems keep the issuers that they trust, when Python does not know: a frozen program was built elsewhere."""


def tls_arguments(url: URL) -> dict[str, str]:
    """libpq's `sslmode` and, where it is needed, `sslrootcert`, for what a URL leaves open.

    What the URL, its service or the PG… variables say stays as it is; else everything is checked but on this computer.
    """
    service = _service(url)
    mode = said(url, "sslmode")
    if not mode:
        hosts = _hosts(url, service, "host") + _hosts(url, service, "hostaddr")
        far = next((host for host in hosts if not is_local(host)), "")
        mode = stated_sslmode(ServerAddress(host=far))
    arguments = {"sslmode": mode}
    if mode == "verify-full" and not said(url, "sslrootcert") and not os.path.exists(_own_root_certificate()):
        arguments["sslrootcert"] = trusted_issuers()
    return arguments


def trusted_issuers() -> str:
    """The file of the issuers that the system trusts; `system` (libpq's word) where none is known.

    The OpenSSL in psycopg's wheels looks for them where no system has any, and libpq takes no folder.
    """
    known = ssl.get_default_verify_paths().cafile
    return known or next((path for path in _BUNDLES if Path(path).exists()), "system")


def hosts_of(url: URL) -> list[str]:
    """The hosts to which a URL may lead, in the words of the URL, its service or the PG… variables.

    Their addresses where no names are given; [] for libpq's default, a socket.
    """
    service = _service(url)
    return _hosts(url, service, "host") or _hosts(url, service, "hostaddr")


def _hosts(url: URL, service: Mapping[str, str], name: str) -> list[str]:
    given = [*url.normalized_query.get(name, ()), url.host if name == "host" else ""]
    texts = list(filter(None, given)) or [service.get(name, "") or os.environ.get(f"PG{name.upper()}", "")]
    return [_without_port(host) for text in texts for host in text.split(",") if host]


def _without_port(host: str) -> str:
    """`host:port` is how SQLAlchemy writes several of them; an address of IPv6 has more colons."""
    return host.rpartition(":")[0] if host.count(":") == 1 and not host.startswith("/") else host


def said(url: URL, name: str) -> str:
    """What the URL, else its service, else the environment says of one of libpq's keywords; '' for nothing."""
    given = url.normalized_query.get(name)
    return (given[-1] if given else "") or _service(url).get(name, "") or os.environ.get(f"PG{name.upper()}", "")


def _service(url: URL) -> dict[str, str]:
    """What libpq's service file says under the name that the URL or PGSERVICE gives; {} without (libpq then tells)."""
    named = url.normalized_query.get("service")
    name = named[-1] if named else os.environ.get("PGSERVICE", "")
    if not name:
        return {}
    own = os.environ.get("PGSERVICEFILE") or str(_own_folder(".pg_service.conf"))
    common = Path(os.environ.get("PGSYSCONFDIR", "/etc/postgresql-common")) / "pg_service.conf"
    for path in (Path(own), common):
        found = _section(path, name)
        if found is not None:
            return found
    return {}


def _section(path: Path, name: str) -> dict[str, str] | None:
    """The `key=value` lines of a section; None where there is none."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    found: dict[str, str] | None = None
    for line in map(str.strip, lines):
        if line.startswith("["):
            if found is not None:
                break
            found = {} if line == f"[{name}]" else None
        elif found is not None and "=" in line and not line.startswith("#"):
            key, _equals, value = line.partition("=")
            found[key.strip()] = value.strip()
    return found


def _own_root_certificate() -> Path:
    return _own_folder(".postgresql") / "root.crt"


def _own_folder(name: str) -> Path:
    """Where libpq looks for a person's own files."""
    if os.name == "nt":
        return Path(os.environ.get("APPDATA", "")) / "postgresql" / name.removeprefix(".postgresql")
    return Path.home() / name


_CHECK_HOST = _("Give the host by the name that the certificate has; do not go on if that is not your server.")
_CHECK_ISSUER = _(
    "Give the file of the issuer's certificate (sslrootcert), from whoever runs the server; a certificate that cannot"
    " be checked may be anybody's."
)
_NEEDS_TLS = _("Ask for TLS on the server; sslmode “disable” or “prefer” goes without, and is in the clear.")
_CLIENT_FILES = _(
    "Give your certificate and its key (sslcert, sslkey) as the server's owner made them for this role; check that the"
    " files are there."
)

_FAILURES: tuple[tuple[str, str, str], ...] = (
    (
        r'server certificate for "(?P<one>[^"]*)".* does not match host name "(?P<two>[^"]*)"',
        _("The certificate of the server is for “{one}”, not for “{two}” (sslmode {mode})."),
        _CHECK_HOST,
    ),
    (
        r"does not support SSL, but SSL was required",
        _("{place} has no TLS, and sslmode {mode} needs it."),
        _NEEDS_TLS,
    ),
    (
        r"certificate verify failed",  # libpq does not say why
        _("The certificate of the server is not to be believed (sslmode {mode}): unknown issuer, or out of its time."),
        _CHECK_ISSUER,
    ),
    (
        r'root certificate file "(?P<one>[^"]*)" does not exist',
        _("There is no file {one} with the certificates of issuers, and sslmode {mode} needs one."),
        _("Name one that you may read by sslrootcert; without it, “verify-full” trusts the issuers of this system."),
    ),
    (
        r'could not read root certificate file "(?P<one>[^"]*)"',
        _("The file {one} cannot be read as certificates of issuers."),
        _("It must be a PEM file that you may read; check what sslrootcert names."),
    ),
    (
        r"requires a valid client certificate|certificate required",
        _("The server wants a certificate of yours."),
        _CLIENT_FILES,
    ),
    (
        r"certificate authentication failed",
        _("The server does not take your certificate for this role."),
        _CLIENT_FILES,
    ),
    (
        r"alert unknown ca|alert bad certificate|alert certificate (?:unknown|expired|revoked)|alert decrypt error",
        _("The server refused your certificate."),
        _CLIENT_FILES,
    ),
    (
        r'private key file "(?P<one>[^"]*)" has group or world access',
        _("Others can read the key file {one}, so it is not used."),
        _("Let nobody but you read it: chmod 600."),
    ),
    (
        r'(?:private key file "(?P<one>[^"]*)"|, but not private key file "(?P<two>[^"]*)")',
        _("The key file {one}{two} cannot be used."),
        _("It must be there, belong to the certificate, and be readable without a password."),
    ),
    (
        r'could not (?:open|read) certificate file "(?P<one>[^"]*)"',
        _("Your certificate {one} cannot be read."),
        _("It must be a PEM file that you may read; check what sslcert names."),
    ),
    (
        r"(?P<one>SSL error: [^\n]+|could not (?:initiate|establish) SSL connection)",
        _("TLS with {place} failed: {one}."),
        _("Check that a PostgreSQL server answers there, and which TLS versions it allows."),
    ),
)
"""What libpq says (fe-secure-openssl.c, fe-secure-common.c, auth.c) → what happened → what to do."""


def tls_failure(text: str, url: URL, place: str, kept: str) -> DeskError | None:
    """A failed connect in words, when TLS was the reason; None for every other one."""
    for pattern, what, advice in _FAILURES:
        found = re.search(pattern, text)
        if found is not None:
            words = {"place": place, "mode": tls_arguments(url)["sslmode"]}
            words |= {name: part or "" for name, part in found.groupdict().items()}
            return EnvironmentProblem(what.format(**words), kept=kept, advice=advice, code="tls")
    return None
