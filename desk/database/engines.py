"""Makes engines: SQLite files and memory, PostgreSQL by psycopg; each with the settings that keep its promises."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import ArgumentError, OperationalError

from desk.database import links, opened_files, tls, trust
from desk.database.actions import current_action
from desk.database.pool import MeteredPool, PoolMonitor
from desk.database.profiles import PoolSettings
from desk.database.targets import schema_of, sqlite_file
from desk.errors import InvalidInput
from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WRITE = "desk_write"
"""The execution option of a connection whose transaction will write."""
CACHE_KB = 8_000
"""What one page of a big view reads fits in; in SQLite's own 2 MB it does not, and the second reading is no faster."""
BUSY_SLICE_MS = 50
ANY_TEXT = partial(str, encoding="utf-8", errors="surrogateescape")
"""Text that is not UTF-8 keeps its bytes as half characters: shown as damaged, and never changed by itself."""
CONNECTED_IN = "desk_connected_in"
"""The info of a server's connection: how many seconds connecting took."""
TIMESTAMPTZ = 1184
"""The oid of "timestamp with time zone" (pg_type.dat)."""


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


def file_address(path: Path, mode: str) -> str:
    """The URI under which SQLite opens a file and creates none."""
    return f"file:{quote(os.fsencode(path))}?mode={mode}"


def file_connection(address: str, seconds: float = 5.0) -> sqlite3.Connection:
    """A connection of the driver, with no settings of ours yet; it waits so many seconds for a lock."""
    raw = sqlite3.connect(
        address,
        uri=True,
        timeout=seconds,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    raw.text_factory = ANY_TEXT
    return raw


def _sqlite(url: URL, settings: PoolSettings, mode: str, foreign_keys: bool) -> Engine:
    path = sqlite_file(url)
    address = "file::memory:" if path is None else file_address(path, mode)
    size, overflow = (1, 0) if path is None else (settings.size, settings.overflow)
    engine = create_engine(
        "sqlite://",
        creator=partial(file_connection, address),
        poolclass=MeteredPool,
        pool_size=size,
        max_overflow=overflow,
        pool_timeout=settings.timeout,
    )
    busy_seconds = settings.lock_timeout or float("inf")
    first: opened_files.Identity | None = None

    def on_connect(raw: sqlite3.Connection, record: Any) -> None:
        nonlocal first
        if path is not None:
            now = opened_files.identity_of(path)
            first = first or now
            record.info[opened_files.OPENED] = opened_files.OpenedFile(path, now if now == first else None)
        raw.create_function("regexp", 2, None)  # SQLAlchemy registers Python's: a hostile view could hang in it
        raw.execute("PRAGMA trusted_schema = OFF")
        raw.execute("PRAGMA cell_size_check = ON")
        raw.execute(f"PRAGMA cache_size = -{CACHE_KB}")
        raw.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")

    def on_begin(connection: Connection) -> None:
        if connection.get_execution_options().get(WRITE):
            _begin_immediate(connection, busy_seconds)
            opened = connection.info.get(opened_files.OPENED)
            if opened is not None:
                opened.check()
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
        "jit": "off",  # a page is read sooner than a statement is compiled for it
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
