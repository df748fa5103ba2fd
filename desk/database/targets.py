"""What a person names to be opened, a file's path or an SQLAlchemy URL, and whether it can be: nothing is created.

No password that a target holds is in any text from here on.
"""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from desk.database import tls
from desk.database.profiles import absolute_path
from desk.errors import EnvironmentProblem, InvalidInput
from desk.i18n import _
from desk.redaction import keep_out

SCHEMA = "desk"
SQLITE_MAGIC = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class FileAccess:
    """How an SQLite file can be opened: `reason` is empty when it can be written, else why not."""

    mode: str
    reason: str


def target_url(target: str) -> URL:
    """The URL of a file's path or of a URL given as text.

    Raises InvalidInput for an unreadable URL or a database that Desk does not speak; what of the URL may be a password
    is in no text.
    """
    if "://" not in target:
        if not target.strip():
            raise InvalidInput(_("No file or database was named."), advice=_("Give a path or a URL."))
        return URL.create("sqlite", database=absolute_path(target))
    try:
        url = make_url(target)
    except (ArgumentError, ValueError):  # ValueError: of a port that is no number
        raise InvalidInput(
            _("This is not a database URL."),
            advice=_(
                "Write postgresql://user@host:5432/database or a file's path. In a password, write @ as %40, : as %3A."
            ),
        ) from None  # the cause may quote what is part of a password
    if url.get_backend_name() in ("postgresql", "postgres"):  # libpq knows both
        if "@" in (url.host or ""):
            raise InvalidInput(
                _("The URL has more than one @ before its host."), advice=_("In a password, write @ as %40.")
            )
        _keep_passwords_out(url)
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "sqlite":
        return url.set(drivername="sqlite")
    raise InvalidInput(
        _("Desk does not open {name} databases.").format(name=url.get_backend_name()),
        advice=_("It opens SQLite files and PostgreSQL servers."),
    )


def _keep_passwords_out(url: URL) -> None:
    """What the URL or the environment gives as a password is in no text from now on."""
    for secret in (str(url.password or ""), *url.normalized_query.get("password", ()), os.environ.get("PGPASSWORD")):
        keep_out(secret)


def sqlite_file(url: URL) -> Path | None:
    """The file of an SQLite URL; None for a memory database and for servers."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return Path(str(url.database))


def schema_of(url: URL) -> str:
    """The PostgreSQL schema that holds the catalogue (`?schema=` in the URL)."""
    schema = url.query.get("schema", SCHEMA)
    return schema if isinstance(schema, str) else schema[-1]


def check_access(url: URL) -> FileAccess:
    """How a database can be opened; `?mode=ro` in an SQLite URL asks for reading only. Raises as `check_file`."""
    path = sqlite_file(url)
    access = check_file(path) if path else FileAccess("rw", "")
    if path and url.query.get("mode") == "ro" and not access.reason:
        return FileAccess("ro", _("its URL says mode=ro"))
    return access


def holds_database(path: Path) -> bool:
    """Whether a file begins as SQLite's do; False where there is none or it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC
    except OSError:
        return False


def check_file(path: Path) -> FileAccess:
    """How the file can be opened; raises EnvironmentProblem when it is missing, empty or no database.

    Nothing is created.
    """
    try:
        with path.open("rb") as file:
            head = file.read(len(SQLITE_MAGIC))
    except FileNotFoundError as error:
        has_folder = path.parent.exists()
        missing = path if has_folder else path.parent
        what = _("There is no file {path}.") if has_folder else _("There is no folder {path}.")
        raise EnvironmentProblem(
            what.format(path=missing),
            kept=_("Nothing was created."),
            advice=_("Check the path, or create a new catalogue there."),
            code="missing",
        ) from error
    except IsADirectoryError as error:
        raise EnvironmentProblem(_("{path} is a folder.").format(path=path), code="folder") from error
    except OSError as error:
        raise EnvironmentProblem(
            _("{path} cannot be read: {reason}.").format(path=path, reason=error.strerror), code="unreadable"
        ) from error
    if head != SQLITE_MAGIC:
        what = _("{path} is an empty file.") if not head else _("{path} is not an SQLite database.")
        raise EnvironmentProblem(
            what.format(path=path),
            kept=_("It was left as it is."),
            advice=_("Open another file, or import this one if it is a CSV file."),
            code="not_a_database",
        )
    real = Path(os.path.realpath(path))  # where SQLite looks for what it keeps beside a file
    if not os.access(real.parent, os.W_OK):
        alone = not any(real.with_name(real.name + suffix).exists() for suffix in ("-wal", "-journal"))
        return FileAccess("ro&immutable=1" if alone else "ro", _("its folder cannot be written"))
    if not os.access(path, os.W_OK):
        return FileAccess("ro", _("the file is read-only"))
    return FileAccess("rw", "")


def place_of(url: URL) -> str:
    """`host:port` of a server (of each, when there are several), or the path of a file; never a secret."""
    if url.get_backend_name() == "sqlite":
        return str(url.database or _("memory"))
    ports = ",".join(url.normalized_query.get("port", (str(url.port or 5432),))).split(",")
    hosts = [f"[{host}]" if ":" in host else host for host in tls.hosts_of(url)] or ["localhost"]
    each = ports if len(ports) == len(hosts) else itertools.repeat(ports[-1])
    return ", ".join(f"{host}:{port}" for host, port in zip(hosts, each, strict=False))
