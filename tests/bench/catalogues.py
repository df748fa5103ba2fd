"""The big catalogues that benchmarks measure: made once, kept outside of the repository, and found again.

They lie below the folder that DESK_BENCH_HOME names, else below the system's folder for temporary files: one SQLite
file for each size, and one PostgreSQL server with a database for each. A catalogue is only found when it was made to
the end, by this version of the data and of the schema.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.schema import CreateIndex, DropIndex

from desk.catalog.models import Base
from desk.database import engines, migrations, revisions, targets
from desk.operations.connect import create_catalogue, open_catalogue
from desk.operations.searching import drop_search_index
from tests.bench import invented
from tests.support.postgres import PostgresServer, find_binaries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sqlalchemy import URL, Connection

DATA_VERSION = 1
"""Raised when the invented data change: catalogues of older data are made anew."""
HOME = "DESK_BENCH_HOME"
BATCH = 50_000
COLUMNS = {
    "authors": ("id", "name", "name_key", "birth_year", "death_year"),
    "books": ("id", "title", "title_key", "author_id", "isbn", "published_year", "language", "price", "updated_at"),
    "contributions": ("book_id", "author_id", "role", "position"),
}
SQLITE_LOADING = ("journal_mode = OFF", "synchronous = OFF", "cache_size = -800000", "temp_store = MEMORY")
POSTGRESQL_LOADING = ("maintenance_work_mem = '1GB'", "synchronous_commit = off")
SERVER_SETTINGS = """
fsync = on
full_page_writes = on
synchronous_commit = on
max_wal_size = '8GB'
shared_buffers = '{buffers} MB'
"""
"""What a server has by default, but for memory: as much for its buffers as its manual calls useful, 40 %. The throwaway
servers of the tests are faster and less safe."""
WARMING = """SELECT pg_prewarm(oid) FROM pg_class
WHERE relnamespace = to_regnamespace(%s) AND relkind IN ('r', 'i') ORDER BY relkind, relname"""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A catalogue of `books` books and a tenth as many authors; `target` is what Desk opens."""

    books: int
    target: str

    @property
    def is_sqlite(self) -> bool:
        return "://" not in self.target

    @property
    def title(self) -> str:
        """The heading of its tables."""
        return f"{'SQLite' if self.is_sqlite else 'PostgreSQL'}, {self.books:,} books"


def home() -> Path:
    """Where the catalogues are kept."""
    given = os.environ.get(HOME)
    return Path(given) if given else Path(tempfile.gettempdir()) / "desk-bench"


def sqlite_dataset(books: int, tell: Callable[[str], None] = print) -> Dataset:
    """The SQLite catalogue of that size, made when it is not there yet (10 million books take some minutes)."""
    path = home() / f"books-{books}.desk"
    mark = path.with_suffix(".made")
    if not (mark.exists() and mark.read_text() == _version()):
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        mark.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        create_catalogue(target=str(path))
        _drop_search_index(str(path))
        _fill(str(path), books, tell)
        mark.write_text(_version())
    return Dataset(books, str(path))


@contextmanager
def postgresql_datasets(
    sizes: Sequence[int], server_url: str | None = None, tell: Callable[[str], None] = print
) -> Iterator[list[Dataset]]:
    """The catalogues of these sizes on a server: on the one at `server_url` (whose role may create databases), else on
    a server of our own, which runs for the block and keeps its data."""
    if server_url is not None:
        yield [_on_server(server_url, books, tell) for books in sizes]
        return
    server = KeptServer()
    server.start()
    try:
        yield [_on_server(server.url(), books, tell) for books in sizes]
    finally:
        server.stop()


@contextmanager
def copied(dataset: Dataset) -> Iterator[Dataset]:
    """A copy of a catalogue beside it, for a block that writes into it; nobody may be connected to the original."""
    if dataset.is_sqlite:
        path = Path(shutil.copy(dataset.target, f"{dataset.target}.copy"))
        try:
            yield replace(dataset, target=str(path))
        finally:
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
        return
    address = make_url(dataset.target)
    name = f"{address.database}_copy"
    with _connected(address.set(database="postgres")) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        way = " STRATEGY file_copy" if connection.info.server_version >= 150000 else ""
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{address.database}"{way}')
        try:
            yield replace(dataset, target=address.set(database=name).render_as_string(hide_password=False))
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def warm(dataset: Dataset) -> None:
    """Reads all of a catalogue into memory, as it is after some time of use. A server without the extension
    pg_prewarm is left as it is."""
    if dataset.is_sqlite:
        with Path(dataset.target).open("rb", buffering=0) as file:
            while file.read(2**24):
                pass
        return
    address = make_url(dataset.target)
    with (
        _connected(address) as connection,
        suppress(psycopg.errors.UndefinedFile, psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_prewarm")
        connection.execute(WARMING, (targets.schema_of(address),))


@contextmanager
def empty_beside(dataset: Dataset) -> Iterator[Dataset]:
    """A catalogue without records in the same place, for a block."""
    if dataset.is_sqlite:
        with tempfile.TemporaryDirectory(dir=Path(dataset.target).parent) as folder:
            path = str(Path(folder, "empty.desk"))
            create_catalogue(target=path)
            yield Dataset(0, path)
        return
    address = make_url(dataset.target)
    name = f"desk_bench_empty_{os.getpid()}"
    with _connected(address.set(database="postgres")) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            target = address.set(database=name).render_as_string(hide_password=False)
            create_catalogue(target=target)
            yield Dataset(0, target)
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


class KeptServer(PostgresServer):
    """A server of our own that has the settings of a real one and keeps its data for the next time."""

    def __init__(self) -> None:
        binaries = find_binaries()
        if binaries is None:
            raise RuntimeError("There is no PostgreSQL here: install one, or name a server by --database.")
        super().__init__(binaries)
        self._kept = home() / "postgresql"

    def _make_folder(self) -> None:
        self._folder = self._kept
        for folder in (self._kept, self._kept / "socket"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._give_away(folder)

    def _initialise(self) -> None:
        data = self._kept / "data"
        if not (data / "postgresql.conf").exists():
            super()._initialise()
            (self._kept / "url").write_text(self.url())
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        settings = SERVER_SETTINGS.format(buffers=int(memory * 0.4 / 2**20))
        (data / "postgresql.auto.conf").write_text(settings, encoding="utf-8")
        self._give_away(data / "postgresql.auto.conf")
        self._address = make_url((self._kept / "url").read_text())

    def stop(self) -> None:
        """Stops the server; its data stay."""
        atexit.unregister(self.stop)
        self._end_process("fast")


def _on_server(server_url: str, books: int, tell: Callable[[str], None]) -> Dataset:
    name = f"desk_bench_{books}_{_version()}"
    address = make_url(server_url)
    target = address.set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)
    with _connected(address) as connection:
        found = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", (name,)
        ).fetchone()
        if found is None or found[0] != "made":
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}"')
            migrations.upgrade(targets.target_url(target))
            _fill(target, books, tell)
            connection.execute(f"""COMMENT ON DATABASE "{name}" IS 'made'""")
    return Dataset(books, target)


def _connected(address: URL) -> psycopg.Connection[Any]:
    plain = address.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)


def _version() -> str:
    return f"{DATA_VERSION}_{revisions.known_revisions()[-1]}"


def _fill(target: str, books: int, tell: Callable[[str], None]) -> None:
    """Puts the invented records in: without indexes first, which are made afterwards in one go each."""
    url = targets.target_url(target)
    is_sqlite = url.get_backend_name() == "sqlite"
    engine = create_engine(url) if is_sqlite else engines.make_engine(url)  # Desk's own begins what a PRAGMA must not
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for setting in SQLITE_LOADING if is_sqlite else POSTGRESQL_LOADING:
            connection.exec_driver_sql(f"PRAGMA {setting}" if is_sqlite else f"SET {setting}")
        tables = [Base.metadata.tables[name] for name in COLUMNS]
        indexes = [index for table in tables for index in sorted(table.indexes, key=lambda one: str(one.name))]
        for index in indexes:
            connection.execute(DropIndex(index))
        for table, rows in invented.tables(books):
            tell(f"{table} …")
            _insert(connection, table, rows)
        for index in indexes:
            tell(f"{index.name} …")
            connection.execute(CreateIndex(index))
        # A server gathers statistics by itself; a file has them only where somebody once asked for them.
        connection.exec_driver_sql("PRAGMA journal_mode = WAL" if is_sqlite else "VACUUM (ANALYZE)")
    engine.dispose()


def _drop_search_index(target: str) -> None:
    """Without it the records go in many times faster; `data` makes it afterwards."""
    with closing(open_catalogue(target=target)) as catalogue:
        drop_search_index(sessions=catalogue.sessions)


def _insert(connection: Connection, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    raw: Any = connection.connection.dbapi_connection
    columns = COLUMNS[table]
    names = ", ".join(columns)
    if connection.dialect.name == "sqlite":
        raw.execute("BEGIN")
        raw.executemany(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})", rows)
        raw.execute("COMMIT")
        return
    with raw.cursor() as cursor:
        with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(_as_server(table, row))
        if table != "contributions":
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")


def _as_server(table: str, row: Sequence[Any]) -> Sequence[Any]:
    """The invented prices are in cents, as SQLite keeps them; the moments are ISO texts of UTC."""
    if table != "books":
        return row
    *most, cents, moment = row
    return (*most, None if cents is None else f"{cents // 100}.{cents % 100:02}", f"{moment}+00")
