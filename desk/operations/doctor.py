"""Examines the world Desk runs in: versions, folders, and whether a catalogue can be used. Changes nothing."""

from __future__ import annotations

import dataclasses
import platform
import sqlite3
from importlib import metadata
from typing import Any

import psycopg

from desk.database import revisions, targets
from desk.database.revisions import SchemaState, SchemaStatus
from desk.errors import EnvironmentProblem
from desk.i18n import _
from desk.operations import connect, searching
from desk.settings import folders


def examine(*, target: str | None) -> dict[str, Any]:
    """The groups `versions`, `folders` and `database` (None without a target; with an `error` when it does not answer).

    Raises InvalidInput for an unreadable target.
    """
    return {
        "versions": versions(),
        "folders": {name: str(path) for name, path in dataclasses.asdict(folders()).items()},
        "database": _database(target) if target else None,
    }


def versions() -> dict[str, str]:
    """The versions of everything that matters to a problem report; Qt itself is not loaded."""
    libpq = psycopg.pq.version()
    return {
        "Desk": version_of("desk-catalogue"),
        "Python": platform.python_version(),
        "system": platform.platform(),
        "PySide6": version_of("PySide6-Essentials"),
        "SQLAlchemy": version_of("SQLAlchemy"),
        "psycopg": f"{psycopg.__version__} ({psycopg.pq.__impl__})",
        "libpq": f"{libpq // 10000}.{libpq % 10000}",
        "Alembic": version_of("alembic"),
        "SQLite": sqlite3.sqlite_version,
    }


def version_of(package: str) -> str:
    """The installed version of a package."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return _("not installed")


def schema_of_target(*, target: str) -> SchemaStatus:
    """The status of the schema of a file or a server; raises EnvironmentProblem when it does not answer."""
    return revisions.status_of(targets.target_url(target))


def _database(target: str) -> dict[str, Any]:
    url = targets.target_url(target)
    found: dict[str, Any] = {"place": targets.place_of(url), "driver": url.get_driver_name()}
    try:
        status = schema_of_target(target=target)
        found |= {"schema": status.state.value, "revision": status.current, "pending": list(status.pending)}
        if status.state in (SchemaState.CURRENT, SchemaState.NEWER):
            found |= _catalogue(target)
    except EnvironmentProblem as error:
        found |= {"error": error.what, "advice": error.advice, "code": error.code}
    return found


def _catalogue(target: str) -> dict[str, str]:
    catalogue = connect.open_catalogue(target=target)
    try:
        index = searching.search_state(sessions=catalogue.sessions, check=True)
        return {
            "catalogue": catalogue.info.identity,
            "read_only": catalogue.info.read_only,
            "search_index": index.state.value,
            "search_index_reason": index.reason,
            "pool": catalogue.pool.snapshot().status,
        }
    finally:
        catalogue.close()
