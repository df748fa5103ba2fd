"""Opens a catalogue: finds out what is there, how it can be used, and makes its engine, sessions and pool monitor."""

from __future__ import annotations

import logging
import os
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desk.catalog import queries
from desk.catalog.keys import KEY_VERSION
from desk.database import engines, revisions, search_index, targets, tls, write_access
from desk.database.monitor import FileMonitor
from desk.database.pool import PoolMonitor
from desk.database.revisions import SchemaState
from desk.database.sessions import Sessions
from desk.errors import EnvironmentProblem
from desk.i18n import _
from desk.redaction import keep_out

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import URL

    from desk.database.profiles import PoolSettings

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CatalogueInfo:
    """What a window says about its catalogue. `read_only` is the reason, '' when it can be written."""

    title: str
    place: str
    kind: str
    identity: str
    read_only: str


@dataclass(frozen=True, slots=True)
class OpenCatalogue:
    """One open catalogue: the handle that a window holds and passes to operations."""

    info: CatalogueInfo
    sessions: Sessions
    pool: PoolMonitor
    monitor: FileMonitor

    def close(self) -> None:
        """Closes its connections."""
        self.monitor.close()
        self.sessions.close()
        _log.info("Closed %s", self.info.place)


def open_catalogue(
    *, target: str, password: str | None = None, settings: PoolSettings | None = None, read_only: bool = False
) -> OpenCatalogue:
    """Opens a file or a URL that holds a catalogue of this program's schema; `password` is for a URL without one.

    Creates and changes nothing. Raises InvalidInput for an unreadable target, EnvironmentProblem when it is missing,
    refused, no catalogue, or of an older schema (the advice names the command that upgrades it).
    """
    url = targets.target_url(target)
    if password is not None:
        keep_out(password)
        url = url.set(password=password)
    path = targets.sqlite_file(url)
    access = targets.check_access(url)
    if read_only and not access.reason:
        access = targets.FileAccess("ro", _("it was opened so"))
    engine = engines.make_engine(url, settings, mode=access.mode)
    pool = PoolMonitor(engine)
    try:
        sessions = Sessions(engine, url, read_only=access.reason)
        if path is None and url.get_backend_name() == "sqlite":
            raise EnvironmentProblem(
                _("A memory database is empty and gone when it is closed."), advice=_("Name a file.")
            )
        with sessions.reading("open catalogue") as session:
            status = revisions.schema_status(session.connection())
            refusal = _refusal(status)  # raises, whether the file can be written or not
            reason = access.reason or refusal or write_access.why_reading_only(session.connection())
            identity, key_version = session.execute(queries.meta_select()).one()
            sessions.search_index = search_index.state_of(session.connection())
        if key_version != KEY_VERSION:
            reason = reason or _("its search keys are of another version of Desk")
        sessions.read_only = reason
    except BaseException:
        engine.dispose()
        raise
    info = CatalogueInfo(_title(url, path), targets.place_of(url), engine.dialect.name, str(identity), reason)
    _log.info("Opened %s (%s)", info.place, info.read_only or "read and write")
    return OpenCatalogue(info, sessions, pool, FileMonitor(path, access.mode))


def create_catalogue(*, target: str) -> None:
    """Makes a new, empty SQLite catalogue (WAL) with a search index, which a server's has where it can be had; raises
    EnvironmentProblem when something is already there.

    A failure leaves no file behind.
    """
    from desk.database import migrations  # noqa: PLC0415  (Alembic: opening a catalogue must not wait for it)
    from desk.operations.searching import begin_search_index  # noqa: PLC0415  (only a new catalogue needs it)

    url = targets.target_url(target)
    path = targets.sqlite_file(url)
    if path is None:
        migrations.upgrade(url)
        begin_search_index(url)
        return
    _claim(path)
    try:
        raw = sqlite3.connect(path)
        raw.execute("PRAGMA journal_mode = WAL")
        raw.close()
        migrations.upgrade(url)
        begin_search_index(url)
    except BaseException:
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        raise


def _claim(path: Path) -> None:
    """Creates the file, exclusively."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o644))
    except FileExistsError as error:
        raise EnvironmentProblem(
            _("{path} exists already.").format(path=path),
            kept=_("It was left as it is."),
            advice=_("Open it, or choose another name."),
            code="exists",
        ) from error
    except OSError as error:
        raise EnvironmentProblem(
            _("{path} cannot be created: {reason}.").format(path=path, reason=error.strerror),
            kept=_("Nothing was created."),
            code="unwritable",
        ) from error


def _refusal(status: revisions.SchemaStatus) -> str:
    """Why a catalogue may only be read ('' for no reason); raises when it cannot even be read."""
    if status.state is SchemaState.NEWER:
        return _("its schema ({revision}) is newer than this Desk").format(revision=status.current)
    if status.state is SchemaState.CURRENT:
        return ""
    sentences = {
        SchemaState.OLDER: _("The schema of this catalogue is older than this Desk."),
        SchemaState.EMPTY: _("There is no catalogue here yet."),
        SchemaState.FOREIGN: _("This database holds other tables, but no catalogue of Desk."),
    }
    advice = {
        SchemaState.OLDER: _("Upgrade it: “deskctl migrate upgrade --database …” does so, after a backup of a file."),
        SchemaState.EMPTY: _("Create the schema here: “deskctl migrate upgrade --database …” does so."),
        SchemaState.FOREIGN: _("Choose another database, or another schema by ?schema=NAME in the URL."),
    }
    raise EnvironmentProblem(
        sentences[status.state],
        kept=_("Nothing was changed."),
        advice=advice[status.state],
        code=status.state.value,
    )


def _title(url: URL, path: Path | None) -> str:
    """The file's name, or `database @ host` as the URL, its service or the PG… variables have them."""
    if path is not None:
        return path.name
    database = url.database or tls.said(url, "dbname") or url.username or tls.said(url, "user")
    return f"{database} @ {', '.join(tls.hosts_of(url)) or 'localhost'}"
