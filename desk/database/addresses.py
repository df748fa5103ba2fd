"""The address of a PostgreSQL server: as a form, as a URL, and as libpq's keywords. Loads without any driver.

Invariant: an address holds no password; what is read from a text gives the password apart.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from desk.errors import InvalidInput
from desk.i18n import _
from desk.redaction import keep_out

DRIVERS = ("postgresql", "postgres", "postgresql+psycopg")
PORT = 5432

TLS_MODES: dict[str, str] = {
    "verify-full": "",
    "verify-ca": _("The name of the server is not checked: any server with a certificate of this issuer is believed."),
    "require": _("The certificate is not checked: the traffic is encrypted, but anybody may be at the other end."),
    "prefer": _("Nothing is checked, and a server without TLS, or somebody in between, gets the traffic in the clear."),
    "allow": _("Nothing is checked, and the traffic is in the clear wherever the server allows it."),
    "disable": _("There is no TLS: whoever is in between can read and change everything, the password too."),
}
"""libpq's `sslmode`s, the safest first → what is not checked ('' for nothing); its manual, "SSL Mode Descriptions"."""


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """How to reach a PostgreSQL database; '' and 0 leave a value to libpq (its PG… variables, then its defaults).

    `schema` '' is Desk's own; `sslmode` '' is what `stated_sslmode` says; `options` are libpq's other keywords.
    """

    host: str = ""
    port: int = 0
    database: str = ""
    user: str = ""
    schema: str = ""
    service: str = ""
    sslmode: str = ""
    sslrootcert: str = ""
    sslcert: str = ""
    sslkey: str = ""
    options: tuple[tuple[str, str], ...] = ()

    @property
    def is_local(self) -> bool:
        """Whether the traffic stays on this computer: a socket's folder, or the loopback."""
        return is_local(self.host) and not any(name in ("host", "hostaddr") for name, _value in self.options)

    def url(self) -> str:
        """As an SQLAlchemy URL, without a password."""
        in_path = not self.host.startswith(("/", "@")) and "," not in self.host
        place = _bracketed(self.host) if in_path else ""
        if self.port and place:
            place += f":{self.port}"
        user = f"{quote(self.user, safe='')}@" if self.user else ""
        query = [] if in_path else [("host", self.host)]
        if self.port and not place:
            query.append(("port", str(self.port)))
        query += [(name, str(getattr(self, name))) for name in _IN_QUERY if getattr(self, name)]
        text = f"postgresql://{user}{place}/{quote(self.database, safe='')}"
        pairs = urlencode([*query, *self.options], quote_via=quote, safe="/")
        return f"{text}?{pairs}" if pairs else text


_IN_QUERY = ("schema", "service", "sslmode", "sslrootcert", "sslcert", "sslkey")
_KEYWORDS = {"dbname": "database", "host": "host", "user": "user"} | {name: name for name in _IN_QUERY}


def parse_address(text: str) -> tuple[ServerAddress, str]:
    """(address, password) of a URL or of libpq's keywords (`host=… dbname=…`); '' for no password.

    Raises InvalidInput for everything else; what may be a password is in no text.
    """
    text = text.strip()
    pairs = _of_url(text) if "://" in text else _of_keywords(text)
    return _address(pairs)


def is_local(host: str) -> bool:
    """Whether a host is this computer: none, a socket's folder, `localhost` or a loopback address."""
    if not host or host.startswith(("/", "@")) or host.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def stated_sslmode(address: ServerAddress) -> str:
    """The mode that a new connection gets where none is named: everything checked, but on this computer."""
    return address.sslmode or ("prefer" if address.is_local else "verify-full")


def _of_url(text: str) -> list[tuple[str, str]]:
    scheme, _colon, _rest = text.partition("://")
    if scheme not in DRIVERS:
        raise InvalidInput(_("This is not the URL of a PostgreSQL server."), code="url")
    try:
        parts = urlsplit(text.replace(scheme, "postgresql", 1))
        if parts.netloc.count("@") > 1:
            raise ValueError
        pairs = [
            ("host", unquote(parts.hostname or "") if "[" in parts.netloc else _host_as_written(parts.netloc)),
            ("port", str(parts.port or "")),
            ("user", unquote(parts.username or "")),
            ("password", unquote(parts.password or "")),
            ("dbname", unquote(parts.path.removeprefix("/"))),
        ]
        query = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise InvalidInput(
            _("This is not a database URL."),
            advice=_("Write postgresql://user@host:5432/database. In a password, write @ as %40, : as %3A."),
            code="url",
        ) from None  # the cause may quote what is part of a password
    return [*((name, value) for name, value in pairs if value), *query]


def _of_keywords(text: str) -> list[tuple[str, str]]:
    import psycopg  # noqa: PLC0415  (only for a text of this kind)
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    try:
        found = conninfo_to_dict(text)
    except psycopg.Error:
        found = {}
    if not found:
        raise InvalidInput(
            _("This is neither a database URL nor libpq's keywords."),
            advice=_("Write postgresql://user@host:5432/database, or host=… dbname=… user=…"),
            code="url",
        )
    return [(name, str(value)) for name, value in found.items() if value is not None]


def _address(pairs: list[tuple[str, str]]) -> tuple[ServerAddress, str]:
    """Several hosts, as SQLAlchemy writes them, stay among the options."""
    address, password, hosts = ServerAddress(), "", []
    options: list[tuple[str, str]] = []
    for name, value in pairs:
        if name == "password":
            password = value
        elif name == "sslpassword":
            keep_out(value)
            raise InvalidInput(
                _("Desk does not keep the password of a key file."),
                advice=_("Use a key file without one, that only you can read."),
                code="option",
            )
        elif name == "host":
            hosts.append(value)
        elif name == "port":
            address = replace(address, port=_port(value))
        elif name in _KEYWORDS:
            address = _with(address, _KEYWORDS[name], value)
        else:
            options.append((name, value))
    keep_out(password)
    if len(hosts) == 1:
        address = replace(address, host=hosts[0])
    else:
        options += [("host", host) for host in hosts]
    return replace(address, options=tuple(options)), password


def _with(address: ServerAddress, name: str, text: str) -> ServerAddress:
    changed: dict[str, Any] = {name: text}
    return replace(address, **changed)


def _port(text: str) -> int:
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise InvalidInput(_("A port is a number from 1 to 65535."), code="port")
    return int(text)


def _host_as_written(netloc: str) -> str:
    """urlsplit's hostname is in lower case; socket folders are not."""
    return unquote(netloc.rpartition("@")[2].partition(":")[0])


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else quote(host, safe="")
