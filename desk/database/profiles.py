"""Connection profiles: how a person reaches a database, under a name. Loads without any driver.

Invariant: no profile holds a password, in memory or on disk.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote

from desk.database.addresses import is_address, parse_address
from desk.errors import InvalidInput
from desk.i18n import _

COLOURS: dict[str, str] = {
    "": _("None"),
    "red": _("Red – production"),
    "orange": _("Orange – staging"),
    "green": _("Green – test"),
    "blue": _("Blue – development"),
}
"""The colours that tell a window's database, by name."""


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """How many connections are kept and how long things may take; times in seconds.

    `timeout` is how long a check-out waits for a connection (0: it does not wait); `recycle` replaces connections
    before firewalls forget them (0: never); for the other times 0 is "no limit". The default size is more than one
    window uses. For many clients of one server, cores x 2 + disks is a rule of thumb and no more than that
    (PostgreSQL's wiki, "Number Of Database Connections").
    """

    size: int = 5
    overflow: int = 10
    timeout: float = 10.0
    recycle: int = 1800
    pre_ping: bool = True
    statement_timeout: float = 0.0
    lock_timeout: float = 10.0
    idle_in_transaction_timeout: float = 60.0


@dataclass(frozen=True, slots=True)
class Profile:
    """One connection. `target` is a file's absolute path or a server's URL, without a password.

    `name` and `id` are '' for one that was not kept; `colour` is a key of COLOURS; `keeps_password` tells that the
    system's keyring has its password.
    """

    target: str
    name: str = ""
    id: str = ""
    read_only: bool = False
    colour: str = ""
    keeps_password: bool = False
    pool: PoolSettings = field(default_factory=PoolSettings)

    @property
    def is_server(self) -> bool:
        return self.target.startswith("postgresql://")

    @property
    def title(self) -> str:
        """Its name, else the file's name or `database @ host`; what a service file says of both is not looked up."""
        if self.name:
            return self.name
        if not self.is_server:
            return Path(self.target).name
        address, _password = parse_address(self.target)
        host = address.host or dict(address.options).get("hostaddr", "")
        if address.service and not host:
            return " @ ".join(filter(None, (address.database, f"service={address.service}")))
        return f"{address.database or address.user} @ {host or 'localhost'}"

    @property
    def account(self) -> str:
        """Under what a password is remembered and kept: `user@host:port/database`, or `service=NAME`; '' for a file."""
        if not self.is_server:
            return ""
        address, _password = parse_address(self.target)
        return f"{address.user}@{address.place}/{address.database}"


def profile_of(target: str) -> tuple[Profile, str]:
    """(a profile that is not kept, its password) of a file's path, a URL or libpq's keywords; '' for no password.

    A path becomes absolute; `?mode=ro` of an SQLite URL becomes `read_only`, its other options mean nothing. Raises
    InvalidInput for an unreadable URL or a database that Desk does not speak; what may be a password is in no text.
    """
    text = target.strip()
    if not text:
        raise InvalidInput(_("No file or database was named."), advice=_("Give a path or a URL."), code="url")
    if is_address(text):
        address, password = parse_address(text)
        return Profile(address.url()), password
    scheme, colon, rest = text.partition("://")
    if not colon:
        return Profile(absolute_path(text)), ""
    backend = scheme.partition("+")[0]
    if backend != "sqlite":
        raise InvalidInput(
            _("Desk does not open {name} databases.").format(name=backend)
            if backend.isidentifier()
            else _("This is not a database URL."),
            advice=_("It opens SQLite files and PostgreSQL servers."),
            code="url",
        )
    place, _mark, query = rest.partition("?")
    path = unquote(place.removeprefix("/"))
    if not place.startswith("/") or path in ("", ":memory:"):
        raise InvalidInput(
            _("A memory database is empty and gone when it is closed."), advice=_("Name a file."), code="url"
        )
    return Profile(absolute_path(path), read_only=("mode", "ro") in parse_qsl(query)), ""


def absolute_path(path: str) -> str:
    """The path of a file as a profile holds it: absolute, `~` expanded; nothing is looked up on the disk.

    Raises InvalidInput for the home of nobody, for a path from a folder that is gone, and for one with a NUL in it.
    """
    if "\0" in path:
        raise InvalidInput(_("No path has a NUL character in it."), code="url")
    try:
        return str(Path(path).expanduser().absolute())
    except RuntimeError:
        raise InvalidInput(_("Nobody here has a home folder of that name."), code="url") from None
    except OSError as error:
        raise InvalidInput(
            _("The folder that Desk was started in is gone."), advice=_("Give the whole path."), code="url"
        ) from error
