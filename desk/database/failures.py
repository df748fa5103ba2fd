"""Turns what drivers raise into words for a person: what happened, what was kept, what to do.

PostgreSQL is told by its SQLSTATE (appendix A of its manual), SQLite by its result code; only a failed connect has
no code in libpq and is told by its text.
"""

from __future__ import annotations

import itertools
import re
import sqlite3
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError

from desk.database import tls
from desk.errors import ActionCancelled, DataConflict, DeskError, EnvironmentProblem, InvalidInput
from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import URL

EDITS_KEPT = _("Your pending edits are kept.")
SEARCH_INDEX = "search_index"
"""The code of a problem with the search index alone."""
NOTHING_SAVED = _("Nothing was saved. Your pending edits are kept.")
_TRY_AGAIN = _("Try again in a moment.")


def _missing_value(text: str) -> DeskError:
    return DataConflict(
        _("A field that must not be empty has no value: {text}.").format(text=text),
        kept=NOTHING_SAVED,
        advice=_("Give it a value, then commit again."),
        code="required",
    )


def _broken_reference() -> DeskError:
    return DataConflict(
        _("Other records still refer to this one, or the record it refers to is gone."),
        kept=NOTHING_SAVED,
        advice=_("Change or delete the records that refer to it first."),
        code="reference",
    )


def _broken_rule(text: str) -> DeskError:
    return DataConflict(
        _("A rule of the database refused this: {text}.").format(text=text),
        kept=NOTHING_SAVED,
        advice=_("Change the value that it names, then commit again."),
        code="rule",
    )


def _broken_search_index() -> DeskError:
    return EnvironmentProblem(
        _("The search index of this file is damaged or gone."),
        kept=_("The records are not touched by that, and your pending edits are kept."),
        advice=_("Make the search index anew, or remove it: “deskctl search-index” does so."),
        code=SEARCH_INDEX,
    )


def _altered(what: str) -> DeskError:
    """Somebody changed the tables while they were open."""
    return EnvironmentProblem(
        what, kept=EDITS_KEPT, advice=_("Check the schema with “deskctl migrate status”."), code="schema"
    )


def _untrusted() -> DeskError:
    return EnvironmentProblem(
        _("The search index of this file cannot be kept: the file has triggers or views that are not Desk's."),
        kept=NOTHING_SAVED,
        advice=_("Remove the search index (“deskctl search-index drop”), or what was added to the file."),
        code="untrusted",
    )


_STATES: dict[str, Callable[[str], DeskError]] = {
    "28P01": lambda text: _refused("password", text),
    "28000": lambda text: _refused("role", text),
    "3D000": lambda text: _refused("database", text),
    "53300": lambda _text: EnvironmentProblem(
        _("The server has no free connection: too many clients."),
        kept=EDITS_KEPT,
        advice=_TRY_AGAIN,
        code="clients",
    ),
    "25P03": lambda _text: EnvironmentProblem(
        _("The server ended the connection because its transaction was idle for too long."),
        kept=EDITS_KEPT,
        advice=_TRY_AGAIN,
        code="lost",
    ),
    "57014": lambda _text: EnvironmentProblem(
        _("The statement timed out and was stopped by the server."),
        kept=EDITS_KEPT,
        advice=_("Narrow the view, or raise the statement time-out."),
        code="statement_timeout",
    ),
    "55P03": lambda _text: EnvironmentProblem(
        _("Another session holds a lock on these rows."), kept=EDITS_KEPT, advice=_TRY_AGAIN, code="locked"
    ),
    "40P01": lambda _text: EnvironmentProblem(
        _("The server ended this unit of work to solve a deadlock; nothing of it was saved."),
        kept=EDITS_KEPT,
        advice=_("Commit again."),
        code="deadlock",
    ),
    "40001": lambda _text: EnvironmentProblem(
        _("Someone else's change came in between; nothing was saved."),
        kept=EDITS_KEPT,
        advice=_("Commit again."),
        code="serialization",
    ),
    "42501": lambda text: EnvironmentProblem(
        _("The role may not do this: {text}.").format(text=text), kept=EDITS_KEPT, code="permission"
    ),
    "25006": lambda _text: EnvironmentProblem(
        _("The server allows reading only here."), kept=EDITS_KEPT, code="read_only"
    ),
    "42P01": lambda text: _altered(_("A table is missing: {text}.").format(text=text)),
    "42703": lambda text: _altered(_("A column is missing: {text}.").format(text=text)),
    "23502": _missing_value,
    "23503": lambda _text: _broken_reference(),
}

_LOST_STATES = ("57P01", "57P02", "57P03", "08000", "08003", "08006", "08001", "08004")

_LITE: dict[int, Callable[[str], DeskError]] = {
    sqlite3.SQLITE_BUSY: lambda _text: EnvironmentProblem(
        _("Another program is writing to this file."), kept=EDITS_KEPT, advice=_TRY_AGAIN, code="locked"
    ),
    sqlite3.SQLITE_LOCKED: lambda _text: EnvironmentProblem(
        _("Another part of Desk is writing to this catalogue."),
        kept=EDITS_KEPT,
        advice=_TRY_AGAIN,
        code="locked",
    ),
    sqlite3.SQLITE_READONLY: lambda _text: EnvironmentProblem(
        _("This file can only be read."), kept=EDITS_KEPT, code="read_only"
    ),
    sqlite3.SQLITE_READONLY_ROLLBACK: lambda _text: EnvironmentProblem(
        _("Another program was interrupted while it wrote to this file, and it cannot be put in order here."),
        kept=_("It was left as it is."),
        advice=_("Open it where its folder can be written, or copy it there with all files of its name."),
        code="read_only",
    ),
    sqlite3.SQLITE_FULL: lambda _text: EnvironmentProblem(
        _("The disk is full; nothing was saved."),
        kept=EDITS_KEPT,
        advice=_("Free some space, then try again."),
        code="disk_full",
    ),
    sqlite3.SQLITE_CORRUPT_VTAB: lambda _text: _broken_search_index(),
    sqlite3.SQLITE_CORRUPT: lambda _text: EnvironmentProblem(
        _("The file is damaged."), kept=EDITS_KEPT, advice=_("Restore it from a backup."), code="corrupt"
    ),
    sqlite3.SQLITE_NOTADB: lambda _text: EnvironmentProblem(
        _("The file is not an SQLite database."), kept=_("It was left as it is."), code="not_a_database"
    ),
    sqlite3.SQLITE_CANTOPEN: lambda _text: EnvironmentProblem(
        _("The file cannot be opened."),
        kept=EDITS_KEPT,
        advice=_("Check that it still exists. One that was not closed in order needs a folder that can be written."),
        code="missing",
    ),
    sqlite3.SQLITE_IOERR: lambda _text: EnvironmentProblem(
        _("The disk reported an error; nothing was saved."), kept=EDITS_KEPT, code="disk"
    ),
    sqlite3.SQLITE_CONSTRAINT: _broken_rule,
    sqlite3.SQLITE_CONSTRAINT_NOTNULL: _missing_value,
    sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: lambda _text: _broken_reference(),
}
"""By extended code where it tells more, else by its primary code (its lowest byte)."""

_LITE_TEXTS: dict[str, Callable[[], DeskError]] = {
    'unsafe use of virtual table "desk_search': _untrusted,
    "no such table: desk_search": _broken_search_index,
    "no such table: main.desk_search": _broken_search_index,
    "vtable constructor failed: desk_search": _broken_search_index,
    "invalid fts5 file format": _broken_search_index,
}
"""What SQLite has no code for, by how it begins."""
_MISSING = re.compile("^no such (table|column): |^table .* has no column named ")


def explained(error: SQLAlchemyError, url: URL, *, cancelled: bool) -> Exception:
    """The error in words; a bug of ours (a wrong statement) comes back as it is.

    `cancelled` tells a cancel by the person from a time-out of the server. No password is in any text.
    """
    if isinstance(error, PoolTimeout):
        return EnvironmentProblem(
            _("Every connection of the pool is in use, and none came back in time."),
            kept=EDITS_KEPT,
            advice=_("The pool panel shows who holds them."),
            code="pool_exhausted",
        )
    if isinstance(error, StaleDataError):
        return DataConflict(
            _("A record changed elsewhere while it was being saved; nothing was saved."),
            kept=EDITS_KEPT,
            advice=_("Commit again to see both versions."),
            code="changed",
        )
    if not isinstance(error, DBAPIError) or error.orig is None:
        return error
    if cancelled:
        return ActionCancelled()
    if isinstance(error.orig, sqlite3.Error):
        return _explained_sqlite(error.orig) or error
    return _explained_postgresql(error, url) or error


def _explained_sqlite(orig: sqlite3.Error) -> DeskError | None:
    code = getattr(orig, "sqlite_errorcode", 0)
    explain = _LITE.get(code) or _LITE.get(code & 0xFF)
    if explain is None and isinstance(orig, sqlite3.IntegrityError):
        explain = _broken_rule
    text = _first_line(str(orig))
    if explain is not None:
        return explain(text)
    known = next((make() for begin, make in _LITE_TEXTS.items() if text.startswith(begin)), None)
    if known is None and _MISSING.search(text):
        return _altered(_("A table or a column is missing: {text}.").format(text=text))
    return known


def _explained_postgresql(error: DBAPIError, url: URL) -> DeskError | None:
    orig: Any = error.orig
    text = _first_line(str(orig))
    state = getattr(orig, "sqlstate", None)
    if state in _STATES:
        return _STATES[state](text)
    if isinstance(error, IntegrityError) or (state or "").startswith("23"):  # a COPY's error has no class of its own
        return _broken_rule(text)
    if state is None and _OPTION.match(str(orig)):
        return _unusable_option(text.removeprefix(_BAD))
    if state is None and str(orig).startswith(("connection failed", _BAD)):
        return _connect_failure(str(orig), url)
    if "resolve host" in text or "translate host name" in text:
        return _unresolved(url)
    if "timeout" in text and not error.connection_invalidated and state is None:
        return _connect_failure(str(orig), url)
    if state in _LOST_STATES or error.connection_invalidated or (state is None and _is_of_the_link(orig)):
        return EnvironmentProblem(
            _("The connection to {place} was lost.").format(place=place_of(url)),
            kept=EDITS_KEPT,
            advice=_("Desk connects again with the next action."),
            code="lost",
        )
    return None


_BAD = "connection is bad: "
"""How psycopg begins when libpq gave up before it waited for an answer."""
_OPTION = re.compile(
    "invalid connection option|bad value for "  # psycopg, before it connects
    f"|{_BAD}(?!connection to server|could not create socket|out of memory)"  # libpq, before it connects
    f"|{_BAD}.*invalid integer value",
)


def _is_of_the_link(orig: Any) -> bool:
    """Whether an error without a code tells of the connection; others are made by the driver itself and are bugs."""
    import psycopg  # noqa: PLC0415  (loaded already: it raised the error)

    return isinstance(orig, psycopg.OperationalError | psycopg.InterfaceError)


_CONNECT_TEXTS: tuple[tuple[str, str], ...] = (
    (r"password authentication failed|no password supplied|fe_sendauth", "28P01"),
    (r'role ".*" does not exist|role .* is not permitted|no pg_hba\.conf entry', "28000"),
    (r'database ".*" does not exist', "3D000"),
    (r"too many clients|remaining connection slots|too many connections", "53300"),
)


_UNREACHABLE = r"No route to host|unreachable|Host is down|closed the connection unexpectedly|reset by peer"


def _connect_failure(text: str, url: URL) -> DeskError:
    for pattern, state in _CONNECT_TEXTS:
        if re.search(pattern, text):
            return _STATES[state](_first_line(text.rpartition("FATAL:")[2] or text))
    place = place_of(url)
    of_tls = tls.tls_failure(text, url, place, EDITS_KEPT)
    if of_tls is not None:
        return of_tls
    if "resolve host" in text or "translate host name" in text:
        return _unresolved(url)
    if "timeout" in text or "timed out" in text:
        return EnvironmentProblem(
            _("{place} did not answer in time.").format(place=place),
            kept=EDITS_KEPT,
            advice=_("Check the network, a firewall, and that the server runs."),
            code="connect_timeout",
        )
    if "refused" in text or "No such file" in text:
        return EnvironmentProblem(
            _("The connection was refused at {place}.").format(place=place),
            kept=EDITS_KEPT,
            advice=_("Start the server or check host and port, then retry."),
            code="down",
        )
    if re.search(_UNREACHABLE, text):
        return EnvironmentProblem(
            _("{place} cannot be reached: there is no way to it, or what is there hangs up.").format(place=place),
            kept=EDITS_KEPT,
            advice=_("Check the network, a firewall, and that the server runs."),
            code="down",
        )
    if "starting up" in text or "shutting down" in text or "recovery" in text:
        return EnvironmentProblem(
            _("The server at {place} is starting or stopping.").format(place=place),
            kept=EDITS_KEPT,
            advice=_TRY_AGAIN,
            code="down",
        )
    return EnvironmentProblem(
        _("No connection to {place}: {text}.").format(place=place, text=_first_line(text)),
        kept=EDITS_KEPT,
        code="down",
    )


def _unresolved(url: URL) -> DeskError:
    return EnvironmentProblem(
        _("There is no host named “{host}”.").format(host=", ".join(tls.hosts_of(url))),
        kept=EDITS_KEPT,
        advice=_("Check the spelling and the network."),
        code="host",
    )


def _unusable_option(text: str) -> DeskError:
    return InvalidInput(
        _("An option of the connection cannot be used: {text}.").format(text=text),
        advice=_("Check what the URL says behind its “?”, and the PG… variables of the environment."),
        code="option",
    )


def _refused(what: str, text: str) -> DeskError:
    sentences = {
        "password": _("The server refused the password."),
        "role": _("The server refused the role."),
        "database": _("The database does not exist."),
    }
    return EnvironmentProblem(
        f"{sentences[what]} ({text})",
        kept=EDITS_KEPT,
        advice=_("Check user, password and database."),
        code=what,
    )


def place_of(url: URL) -> str:
    """`host:port` of a server (of each, when there are several), or the path of a file; never a secret."""
    if url.get_backend_name() == "sqlite":
        return str(url.database or _("memory"))
    ports = ",".join(url.normalized_query.get("port", (str(url.port or 5432),))).split(",")
    hosts = [f"[{host}]" if ":" in host else host for host in tls.hosts_of(url)] or ["localhost"]
    each = ports if len(ports) == len(hosts) else itertools.repeat(ports[-1])
    return ", ".join(f"{host}:{port}" for host, port in zip(hosts, each, strict=False))


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0].strip().rstrip(".") if text.strip() else ""
