"""Turns what PostgreSQL and its driver raise into words for a person, by the SQLSTATE (appendix A of its manual); only
a failed connect has no code in libpq and is told by its text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError, IntegrityError

from desk.database import tls
from desk.database.failure_words import (
    EDITS_KEPT,
    TRY_AGAIN,
    altered,
    broken_reference,
    broken_rule,
    first_line,
    missing_value,
)
from desk.database.targets import place_of
from desk.errors import DeskError, EnvironmentProblem, InvalidInput
from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import URL

_STATES: dict[str, Callable[[str], DeskError]] = {
    "28P01": lambda text: _refused("password", text),
    "28000": lambda text: _refused("role", text),
    "3D000": lambda text: _refused("database", text),
    "53300": lambda _text: EnvironmentProblem(
        _("The server has no free connection: too many clients."),
        kept=EDITS_KEPT,
        advice=TRY_AGAIN,
        code="clients",
    ),
    "25P03": lambda _text: EnvironmentProblem(
        _("The server ended the connection because its transaction was idle for too long."),
        kept=EDITS_KEPT,
        advice=TRY_AGAIN,
        code="lost",
    ),
    "57014": lambda _text: EnvironmentProblem(
        _("The statement timed out and was stopped by the server."),
        kept=EDITS_KEPT,
        advice=_("Narrow the view or save less at once, or raise the statement time-out."),
        code="statement_timeout",
    ),
    "55P03": lambda _text: EnvironmentProblem(
        _("Another session holds a lock on these rows."), kept=EDITS_KEPT, advice=TRY_AGAIN, code="locked"
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
    "42P01": lambda text: altered(_("A table is missing: {text}.").format(text=text)),
    "42703": lambda text: altered(_("A column is missing: {text}.").format(text=text)),
    "23502": missing_value,
    "23503": lambda _text: broken_reference(),
}

_LOST_STATES = ("57P01", "57P02", "57P03", "08000", "08003", "08006", "08001", "08004")


def explained_postgresql(error: DBAPIError, url: URL) -> DeskError | None:
    """The error in words without a secret; None for a bug of ours."""
    orig: Any = error.orig
    text = first_line(str(orig))
    state = getattr(orig, "sqlstate", None)
    if state in _STATES:
        return _STATES[state](text)
    if isinstance(error, IntegrityError) or (state or "").startswith("23"):  # a COPY's error has no class of its own
        return broken_rule(text)
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


def answers(orig: Any) -> bool:
    """Whether the server refused what it was asked: one that ends a connection says nothing about that."""
    state = getattr(orig, "sqlstate", None)
    return state is not None and state not in _LOST_STATES


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
            return _STATES[state](first_line(text.rpartition("FATAL:")[2] or text))
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
            advice=TRY_AGAIN,
            code="down",
        )
    return EnvironmentProblem(
        _("No connection to {place}: {text}.").format(place=place, text=first_line(text)),
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
