"""Looks at a connection without using it: the Test of a profile, and who holds a server's connections.

Invariant: nothing is changed, remembered or left open; what is wrong is an answer, not an error.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from desk.database import engines, links, revisions, secrets, targets
from desk.database.addresses import TLS_MODES
from desk.database.revisions import SchemaState
from desk.database.sessions import Sessions
from desk.database.targets import place_of
from desk.errors import DeskError
from desk.i18n import _, ngettext
from desk.operations.opening import url_of

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import URL, Row
    from sqlalchemy.orm import Session

    from desk.database.profiles import Profile

ROUND_TRIPS = 3
"""Of so many the shortest counts: the others met something else on their way."""

_STATES: dict[SchemaState, str] = {
    SchemaState.CURRENT: _("a catalogue of this Desk ({current})"),
    SchemaState.OLDER: _("a catalogue of an older Desk ({current}; this one's is {head}): it has to be upgraded"),
    SchemaState.NEWER: _("a catalogue of a newer Desk ({current}; this one's is {head}): for reading only"),
    SchemaState.EMPTY: _("no catalogue yet"),
    SchemaState.FOREIGN: _("tables of another program, no catalogue of Desk"),
}


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of trying a connection.

    `facts` are pairs of a title and what was found, in the order to show; those up to the problem when there is one.
    `problem` is '' or what is wrong and what to do, `code` the kind of it, as errors have it.
    """

    ok: bool
    facts: tuple[tuple[str, str], ...]
    problem: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class HeldBy:
    """`count` connections of one role by one program from one client; '' for what the role may not see."""

    role: str
    program: str
    client: str
    count: int


@dataclass(frozen=True, slots=True)
class ServerHolders:
    """Who holds the connections of a server, most first; `used` of `limit`, both 0 when it cannot be seen.

    `reserved` of them are kept for superusers. `reason` is '' or why it cannot be seen.
    """

    held: tuple[HeldBy, ...] = ()
    used: int = 0
    limit: int = 0
    reserved: int = 0
    reason: str = ""

    def lines(self) -> tuple[str, ...]:
        """For a person: one line for all, one for each holder; or the reason."""
        if self.reason:
            return (self.reason,)
        head = _("{used} of {limit} connections are in use, {reserved} are kept for administrators:")
        return (head.format(used=self.used, limit=self.limit, reserved=self.reserved), *map(_line, self.held))


def try_connection(*, profile: Profile, password: str | None = None) -> Trial:
    """Connects as opening would, looks, and goes again; never raises DeskError.

    Without a password ('' or None) the one that is known is used. A schema that is older, newer, empty or another
    program's is a fact, not a problem of the connection. Raises ActionCancelled within a moment of the cancel.
    """
    facts: list[tuple[str, str]] = []
    try:
        url = url_of(profile, password or secrets.password_for(profile))
        path = targets.sqlite_file(url)
        if path is None:
            _try_server(url, profile, facts)
        else:
            _try_file(url, path, profile, facts)
    except DeskError as problem:
        return Trial(False, tuple(facts), " ".join(filter(None, (problem.what, problem.advice))), problem.code)
    return Trial(True, tuple(facts))


def who_holds(*, sessions: Sessions) -> ServerHolders:
    """Who holds the connections of the server of an open catalogue; never raises DeskError.

    It takes a connection that Desk still has: with none left it cannot see anything, and says so.
    """
    if sessions.dialect != "postgresql":
        return ServerHolders(reason=_("A file has no limit of connections."))
    try:
        with sessions.reading("who holds connections") as session:
            used, limit, reserved = session.execute(_CONNECTIONS).one()
            held = tuple(HeldBy(*row) for row in session.execute(_HOLDERS))
    except DeskError as problem:
        reason = _("Who holds the connections cannot be seen: Desk has none left to ask with. ({what})")
        return ServerHolders(reason=reason.format(what=problem.what))
    return ServerHolders(held, used, limit, reserved)


_HOLDERS = text("""
    SELECT coalesce(usename::text, ''), coalesce(application_name, ''), coalesce(host(client_addr), ''),
        count(*)::int AS connections
    FROM pg_stat_activity WHERE datid IS NOT NULL AND usesysid IS NOT NULL
    GROUP BY 1, 2, 3 ORDER BY connections DESC, 1, 2, 3
""")
_CONNECTIONS = text("""
    SELECT (SELECT count(*) FROM pg_stat_activity WHERE datid IS NOT NULL AND usesysid IS NOT NULL)::int,
        current_setting('max_connections')::int,
        current_setting('superuser_reserved_connections')::int
            + coalesce(current_setting('reserved_connections', true), '0')::int
""")
_SERVER = text("""
    SELECT current_setting('server_version') AS version, session_user::text AS role, current_user::text AS acts_as,
        current_database()::text AS database, s.version AS protocol, s.cipher,
        pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean AS reading_only,
        coalesce(has_table_privilege(to_regclass('books'), 'INSERT')
            AND has_table_privilege(to_regclass('books'), 'UPDATE')
            AND has_table_privilege(to_regclass('books'), 'DELETE'), true) AS may_write
    FROM (SELECT 1) AS always LEFT JOIN pg_stat_ssl s ON s.pid = pg_backend_pid()
""")


def _line(held: HeldBy) -> str:
    count = ngettext("{count} connection", "{count} connections", held.count).format(count=held.count)
    parts = [held.role or _("a role that may not be seen"), held.program, held.client and _("from ") + held.client]
    return f"{count}: {', '.join(filter(None, parts))}"


def _try_server(url: URL, profile: Profile, facts: list[tuple[str, str]]) -> None:
    facts.append((_("Place"), place_of(url)))
    with (
        engines.passing_engine(url, replace(profile.pool, size=1, overflow=0)) as engine,
        Sessions(engine, url).reading("try the connection") as session,
    ):
        link = session.connection().connection
        raw: Any = link.dbapi_connection
        server = session.execute(_SERVER).one()
        used, limit, reserved = session.execute(_CONNECTIONS).one()
        role = server.role if server.role == server.acts_as else f"{server.role} → {server.acts_as}"
        facts += [
            (_("Server"), f"PostgreSQL {server.version}"),
            (_("Encryption"), _encryption(raw, server.protocol, server.cipher)),
            (_("Role"), role),
            (_("Database"), server.database),
            (_("Access"), _access(_reading_only(server), profile)),
            (
                _("Connections"),
                _("{used} of {limit} in use, {reserved} kept for administrators").format(
                    used=used, limit=limit, reserved=reserved
                ),
            ),
            (_("Time to connect"), _milliseconds(link.info[engines.CONNECTED_IN])),
            (_("Round trip"), _milliseconds(min(_round_trip(raw) for _number in range(ROUND_TRIPS)))),
        ]
        facts.append((_("Schema “{name}”").format(name=targets.schema_of(url)), _schema(session)))


def _encryption(raw: Any, protocol: str | None, cipher: str | None) -> str:
    """What protects this connection, and what of the server was checked."""
    if raw.pgconn.socket is None or raw.info.host.startswith("/"):
        return _("none is needed: a socket of this computer")
    known = {one.keyword.decode(): (one.val or b"").decode() for one in raw.pgconn.info}
    mode = known["sslmode"]
    if not raw.pgconn.ssl_in_use:
        return _("none: whoever is in between can read everything (sslmode {mode})").format(mode=mode)
    checked = TLS_MODES[mode] or _("The certificate and the name of the server are checked.")
    what = f"{protocol}, {cipher}" if protocol else "TLS"
    return f"{what} (sslmode {mode}). {checked}"


def _round_trip(raw: Any) -> float:
    begin = time.perf_counter()
    links.answers(raw)
    return time.perf_counter() - begin


def _try_file(url: URL, path: Path, profile: Profile, facts: list[tuple[str, str]]) -> None:
    facts.append((_("File"), str(path)))
    access = targets.check_access(url)
    facts.append((_("Size"), _("{size:,.1f} MB").format(size=path.stat().st_size / 1e6)))
    facts.append((_("Access"), _access("" if profile.read_only else access.reason, profile)))
    with (
        engines.passing_engine(url, replace(profile.pool, size=1, overflow=0), mode=access.mode) as engine,
        Sessions(engine, url).reading("try the connection") as session,
    ):
        journal = str(session.execute(text("PRAGMA journal_mode")).scalar_one())
        facts.append((_("Journal"), journal.upper()))
        facts.append((_("Schema"), _schema(session)))


def _reading_only(server: Row[Any]) -> str:
    if server.reading_only:
        return _("the server allows no more")
    return "" if server.may_write else _("the role may not change the books")


def _access(hindrance: str, profile: Profile) -> str:
    reason = hindrance or (_("the profile says so") if profile.read_only else "")
    return _("reading only: {reason}").format(reason=reason) if reason else _("reading and writing")


def _schema(session: Session) -> str:
    status = revisions.schema_status(session.connection())
    return _STATES[status.state].format(current=status.current, head=status.head)


def _milliseconds(seconds: float) -> str:
    return _("{ms:.3g} ms").format(ms=seconds * 1000)
