"""Makes engines: SQLite files and memory, PostgreSQL by psycopg; each with the settings that keep its promises.

A target is what a person gives: a file's path or an SQLAlchemy URL.
"""

from __future__ import annotations

import os
import re
import sqlite3
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from desk.database import links, tls, trust
from desk.database.actions import current_action
from desk.database.pool import MeteredPool, PoolMonitor
from desk.database.profiles import PoolSettings, absolute_path
from desk.errors import EnvironmentProblem, InvalidInput
from desk.i18n import _
from desk.redaction import keep_out

if TYPE_CHECKING:
    from collections.abc import Iterator

WRITE = "desk_write"
"""The execution option of a connection whose transaction will write."""
SCHEMA = "desk"
SQLITE_MAGIC = b"SQLite format 3\0"
BUSY_SLICE_MS = 50
ANY_TEXT = partial(str, encoding="utf-8", errors="surrogateescape")
"""Text that is not UTF-8 keeps its bytes as half characters: shown as damaged, and never changed by itself."""
CONNECTED_IN = "desk_connected_in"
"""The info of a server's connection: how many seconds connecting took."""
TIMESTAMPTZ = 1184
"""The oid of "timestamp with time zone" (pg_type.dat)."""


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


def quoted(name: str) -> str:
    """A name as SQL writes it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def passing_engine(
    url: URL, settings: PoolSettings | None = None, *, mode: str = "rw", foreign_keys: bool = True
) -> Iterator[Engine]:
    """An engine of `make_engine` for one piece of work: what it costs is counted, and nothing of it stays open."""
    engine = make_engine(url, settings, mode=mode, foreign_keys=foreign_keys)
    PoolMonitor(engine)
    try:
        yield engine
    finally:
        engine.dispose()


def make_engine(
    url: URL, settings: PoolSettings | None = None, *, mode: str = "rw", foreign_keys: bool = True
) -> Engine:
    """An engine for one database, for as long as its window is open. Connects to nothing yet.

    `mode` is that of SQLite's URI files; "ro" has a server refuse every write, too. `foreign_keys` is off only for
    migrations. Raises InvalidInput for options of a server's URL that nothing knows.
    """
    settings = settings or PoolSettings()
    if url.get_backend_name() == "postgresql":
        return _postgresql(url, settings, read_only=mode == "ro")
    return _sqlite(url, settings, mode, foreign_keys)


def interrupt(raw: Any) -> None:
    """Stops the statement that runs on a driver's connection; blocks for at most 2 s on a dead link. Never fails.

    A statement that cannot be stopped on its server loses its connection.
    """
    if isinstance(raw, sqlite3.Connection):
        with suppress(sqlite3.Error):
            raw.interrupt()
    else:
        links.cancel(raw)


def _sqlite(url: URL, settings: PoolSettings, mode: str, foreign_keys: bool) -> Engine:
    path = sqlite_file(url)
    address = "file::memory:" if path is None else f"file:{quote(os.fsencode(path))}?mode={mode}"

    def connect() -> sqlite3.Connection:
        raw = sqlite3.connect(
            address,
            uri=True,
            timeout=5.0,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        raw.text_factory = ANY_TEXT
        return raw

    size, overflow = (1, 0) if path is None else (settings.size, settings.overflow)
    engine = create_engine(
        "sqlite://",
        creator=connect,
        poolclass=MeteredPool,
        pool_size=size,
        max_overflow=overflow,
        pool_timeout=settings.timeout,
    )
    busy_seconds = settings.lock_timeout or float("inf")

    def on_connect(raw: sqlite3.Connection, _record: Any) -> None:
        raw.create_function("regexp", 2, None)  # SQLAlchemy registers Python's: a hostile view could hang in it
        raw.execute("PRAGMA trusted_schema = OFF")
        raw.execute("PRAGMA cell_size_check = ON")
        raw.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")

    def on_begin(connection: Connection) -> None:
        if connection.get_execution_options().get(WRITE):
            _begin_immediate(connection, busy_seconds)
            trust.begin_writing(_raw(connection), connection.info)
        else:
            trust.begin_reading(_raw(connection), connection.info)
            _raw(connection).execute("BEGIN")  # takes no lock, so nothing can refuse it

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)
    return engine


def _begin_immediate(connection: Connection, seconds: float) -> None:
    """Takes the write lock, waiting in slices: a busy wait inside SQLite could not be cancelled."""
    raw = _raw(connection)
    action = current_action()
    deadline = time.monotonic() + seconds
    raw.execute(f"PRAGMA busy_timeout = {BUSY_SLICE_MS}")
    try:
        while True:
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                return
            except OperationalError as error:
                busy = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > deadline:
                    raise
                if action is not None:
                    action.check()
    finally:
        raw.execute("PRAGMA busy_timeout = 5000")


def _raw(connection: Connection) -> Any:
    return connection.connection.dbapi_connection


def _postgresql(url: URL, settings: PoolSettings, *, read_only: bool) -> Engine:
    options = {
        "search_path": re.sub(r"([\s\\])", r"\\\1", quoted(schema_of(url))),
        "statement_timeout": _milliseconds(settings.statement_timeout),
        "lock_timeout": _milliseconds(settings.lock_timeout),
        "idle_in_transaction_session_timeout": _milliseconds(settings.idle_in_transaction_timeout),
    }
    if read_only:
        options["default_transaction_read_only"] = "on"
    defaults = {
        "application_name": "desk",
        "client_encoding": "utf8",
        **links.SOCKET_SETTINGS,
    }
    _refuse_unknown_options(url)
    address = url.difference_update_query(["schema", "options"])
    ours = (f"-c {name}={value}" for name, value in options.items())
    given = url.normalized_query.get("options", ())  # come last, so that they win
    inherited = "" if given else tls.said(url, "options")  # come first: libpq leaves them out where others are given
    options_text = " ".join((inherited, *ours, *given)).strip()
    try:
        engine = create_engine(
            address,
            connect_args={
                "options": options_text,
                **{name: value for name, value in defaults.items() if name not in address.query},
                **tls.tls_arguments(url),
            },
            poolclass=MeteredPool,
            pool_size=settings.size,
            max_overflow=settings.overflow,
            pool_timeout=settings.timeout,
            pool_recycle=settings.recycle or -1,
            pool_pre_ping=settings.pre_ping,
            hide_parameters=True,
        )
    except ArgumentError as error:
        raise InvalidInput(
            _("The hosts and ports of the URL cannot be used."),
            advice=_("Write a port as a number, and as many ports as hosts."),
            code="option",
        ) from error
    # Who says how long an address may take may have several of them, and wants no less in all.
    bound = float("inf") if "connect_timeout" in address.query else links.CONNECT_SECONDS

    def on_connect_wanted(dialect: Any, record: Any, words: Any, keywords: Any) -> Any:
        begin = time.monotonic()
        raw = links.connect_within(bound, partial(dialect.connect, *words, **keywords))
        record.info[CONNECTED_IN] = time.monotonic() - begin
        return links.lent(raw)

    event.listen(engine, "do_connect", on_connect_wanted)
    event.listen(engine, "connect", _read_any_moment)
    dialect: Any = engine.dialect
    dialect.do_ping = links.answers  # its own has no bound
    return engine


def _read_any_moment(raw: Any, _record: Any) -> None:
    """Infinity and dates BC, which Python has no datetime for, come as text instead of failing their whole page."""
    from psycopg import DataError, adapt, pq  # noqa: PLC0415  (only where a server is used)

    known = raw.adapters.get_loader(TIMESTAMPTZ, pq.Format.TEXT)

    class AnyMoment(adapt.Loader):
        def __init__(self, oid: int, connection: Any = None) -> None:
            super().__init__(oid, connection)
            self._known = known(oid, connection)

        def load(self, data: Any) -> Any:
            try:
                return self._known.load(data)
            except DataError:
                return bytes(data).decode()

    raw.adapters.register_loader(TIMESTAMPTZ, AnyMoment)


def _refuse_unknown_options(url: URL) -> None:
    """Only libpq's options and our own: Python's (`autocommit`, `row_factory`) cannot be given as text."""
    import psycopg  # noqa: PLC0415  (only where a server is used)

    known = {one.keyword.decode() for one in psycopg.pq.Conninfo.get_defaults()} | {"schema"}
    unknown = [name for name in url.query if name not in known]
    if unknown:
        raise InvalidInput(
            _("The URL has an option that nothing knows: {names}.").format(names=", ".join(unknown)),
            advice=_("Options are those of PostgreSQL's libpq, and schema."),
            code="option",
        )


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))
