"""The address of a PostgreSQL server: as a form, as a URL, and as libpq's keywords. Loads without any driver.

Invariant: an address holds no password; what is read from a text gives the password apart.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from desk.errors import InvalidInput
from desk.i18n import _
from desk.redaction import keep_out

if TYPE_CHECKING:
    from collections.abc import Iterator

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

    `host` is a name, an address or the folder of a socket; several are separated by commas, as libpq has them. `schema`
    '' is Desk's own; `sslmode` '' is what `stated_sslmode` says; `options` are libpq's other keywords (with several
    hosts also `port`, where their ports differ).
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
        numeric = [host for name, hosts in self.options if name == "hostaddr" for host in hosts.split(",")]
        return all(is_local(host) for host in (*self.host.split(","), *numeric))

    @property
    def place(self) -> str:
        """`host:port`, or `service=NAME` where the service file tells it; for a person to read."""
        other = dict(self.options)
        host = self.host or other.get("hostaddr", "")
        if self.service and not host:
            return f"service={self.service}"
        shown = f"[{host}]" if ":" in host and "," not in host else host
        return f"{shown or 'localhost'}:{other.get('port') or self.port or PORT}"

    def url(self) -> str:
        """As an SQLAlchemy URL, without a password."""
        in_path = not self.host or _PLAIN_HOST.fullmatch(self.host) is not None
        query = [] if in_path else [("host", self.host)]
        place = (f"[{self.host}]" if ":" in self.host else self.host) if in_path else ""
        if self.port and place:
            place += f":{self.port}"
        elif self.port:
            query.append(("port", ",".join([str(self.port)] * (self.host.count(",") + 1))))
        user = f"{quote(self.user, safe='')}@" if self.user else ""
        query += [(name, str(getattr(self, name))) for name in _IN_QUERY if getattr(self, name)]
        text = f"postgresql://{user}{place}/{quote(self.database, safe='')}"
        pairs = urlencode([*query, *self.options], quote_via=quote, safe="/")
        return f"{text}?{pairs}" if pairs else text


_IN_QUERY = ("schema", "service", "sslmode", "sslrootcert", "sslcert", "sslkey")
_FIELDS = {"dbname": "database", "host": "host", "user": "user"} | {name: name for name in _IN_QUERY}
_PLAIN_HOST = re.compile(r"[\w.-]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*")
"""Hosts that stand in the path of a URL; SQLAlchemy does not decode them there, so that others go behind its `?`."""
_URL = re.compile(
    r"(?:(?P<user>[^:/?]*)(?::(?P<password>[^@/]*))?@)?"
    r"(?P<places>[^/?]*)(?:/(?P<dbname>[^?]*))?(?:\?(?P<query>.*))?",
    re.DOTALL,
)
_PLACE = re.compile(r"(?:\[(?P<numeric>[^\]]*)\]|(?P<host>[^:\[\]]*))(?::(?P<port>[0-9]*))?")
_PAIR = re.compile(r"\s*(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)(?:[^\s\\]|\\.)*)?)(?=\s|$)", re.DOTALL)
_TELLING = {"host", "hostaddr", "dbname", "user", "service"}
_NAME_AND_PORT = re.compile(r"[A-Za-z0-9.-]*:[0-9]*")
_SECRETS: dict[str, str] = {
    "sslpassword": _("Use a key file without a password, that only you can read."),
    "passwd": _("Write password=…"),
    "pwd": _("Write password=…"),
    "pgpassword": _("Write password=…"),
    "oauth_client_secret": _("Put it into a service file that only you can read."),
    "scram_client_key": _("Put it into a service file that only you can read."),
    "scram_server_key": _("Put it into a service file that only you can read."),
}
"""Keywords whose value is a secret that a profile must not hold → what to do instead."""


def is_address(text: str) -> bool:
    """Whether a text is meant as a server's address and not as a file's path: a URL, or libpq's keywords."""
    begin = _PAIR.match(text)
    return bool(_MEANT_AS_URL.match(text)) or (begin is not None and begin[1] in {*_TELLING, "port", "password"})


_MEANT_AS_URL = re.compile(r"\s*postgres(ql)?(\+\w+)?:", re.IGNORECASE)


def parse_address(text: str) -> tuple[ServerAddress, str]:
    """(address, password) of a URL or of libpq's keywords (`host=… dbname=…`); '' for no password.

    Raises InvalidInput for everything else; what may be a password is in no text.
    """
    text = text.strip()
    if any("\ud800" <= character <= "\udfff" for character in text):  # halves of characters: no URL can hold them
        raise InvalidInput(_("This is not Unicode text."), code="url")
    return _address(_of_url(text) if "://" in text.partition("=")[0] else _of_keywords(text))


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
    """libpq's reading of a URL, that of SQLAlchemy where both agree; '' is left out.

    A password may hold any character but @ and /; where it is not clear what is the password, nothing is guessed.
    """
    scheme, _colon, rest = text.partition("://")
    if scheme not in DRIVERS:
        raise InvalidInput(_("This is not the URL of a PostgreSQL server."), code="url")
    try:
        pairs = list(_parts(rest))
    except ValueError:
        raise InvalidInput(
            _("This is not a database URL."),
            advice=_(
                "Write postgresql://user@host:5432/database. In a password, write @ as %40, : as %3A and / as %2F."
            ),
            code="url",
        ) from None  # the cause may quote what is part of a password
    again = [name for name, _value in pairs].count("host") > 1  # behind the ?, where SQLAlchemy has it win
    return [(name, value) for name, value in (pairs[1:] if again else pairs) if value]


def _parts(rest: str) -> Iterator[tuple[str, str]]:
    """The keywords of what is behind `://`; raises ValueError when it cannot be split."""
    found = _URL.fullmatch(rest)
    if found is None:
        raise ValueError
    is_unclear = found["user"] is None and ":" in found["places"].rpartition("]")[2] and "@" in rest
    if "@" in found["places"] or is_unclear:
        raise ValueError
    places = [_PLACE.fullmatch(place) for place in found["places"].split(",")]
    known = [place for place in places if place is not None]
    if len(known) < len(places):
        raise ValueError
    yield "host", ",".join(_decoded(place["numeric"] or place["host"] or "") for place in known)
    ports = [place["port"] or "" for place in known]
    yield "port", ",".join(ports) if any(ports) else ""
    for name in ("user", "password", "dbname"):
        yield name, _decoded(found[name] or "")
    query = found["query"] or ""
    yield from parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), errors="strict")


def _decoded(text: str) -> str:
    plain = unquote(text, errors="strict")
    if "\0" in plain:
        raise ValueError
    return plain


def _of_keywords(text: str) -> list[tuple[str, str]]:
    """As libpq reads them: `name = value`, in quotes where it holds spaces, with \\ before a quote or a backslash."""
    found: dict[str, str] = {}
    place = 0
    while (pair := _PAIR.match(text, place)) is not None:
        name, quoted, plain = pair.groups()
        found[name] = re.sub(r"\\(.)", r"\1", quoted if quoted is not None else plain or "", flags=re.DOTALL)
        place = pair.end()
    if text[place:].strip() or not found.keys() & _TELLING:
        raise InvalidInput(
            _("This is neither a database URL nor libpq's keywords."),
            advice=_("Write postgresql://user@host:5432/database, or host=… dbname=… user=…"),
            code="url",
        )
    return [(name, value) for name, value in found.items() if value]


def _address(pairs: list[tuple[str, str]]) -> tuple[ServerAddress, str]:
    address, password = ServerAddress(), ""
    hosts: list[str] = []
    ports: list[str] = []
    options: list[tuple[str, str]] = []
    for name, value in pairs:
        if name == "password":
            password = value
            keep_out(password)
        elif name in _SECRETS:
            keep_out(value)
            raise InvalidInput(
                _("Desk does not keep the secret “{name}”.").format(name=name), advice=_SECRETS[name], code="option"
            )
        elif name == "host":
            hosts.append(value)
        elif name == "port":
            ports.append(value)
        elif (name, value) == ("ssl", "true"):  # JDBC's way, which libpq understands
            address = replace(address, sslmode="require")
        elif name in _FIELDS:
            address = _with(address, _FIELDS[name], value)
        else:
            options.append((name, value))
    host, port, several = _places(hosts, ports)
    if several:
        options.append(("port", several))
    return replace(address, host=host, port=port, options=tuple(options)), password


def _with(address: ServerAddress, name: str, text: str) -> ServerAddress:
    changed: dict[str, Any] = {name: text}
    return replace(address, **changed)


def _places(hosts: list[str], ports: list[str]) -> tuple[str, int, str]:
    """(hosts, their common port, their ports if they differ) of what was given as `host` and `port`.

    Several `host`s, as SQLAlchemy writes them, have their ports within; else the last one counts.
    """
    if len(hosts) > 1 or any(_NAME_AND_PORT.fullmatch(host) for host in hosts):
        split = [host.partition(":") for host in hosts]
        hosts = [",".join(host for host, _colon, _port in split)]
        ports = [",".join(port for _host, _colon, port in split)]
    host = hosts[-1] if hosts else ""
    numbers = [_port(port) for port in (ports[-1] if ports else "").split(",")]
    if len(numbers) not in (1, host.count(",") + 1):
        raise InvalidInput(_("There are not as many ports as hosts."), code="port")
    if len(set(numbers)) == 1:
        return host, numbers[0], ""
    return host, 0, ",".join(str(number or PORT) for number in numbers)


def _port(text: str) -> int:
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise InvalidInput(_("A port is a number from 1 to 65535."), code="port")
    return int(text)
