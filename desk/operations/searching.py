"""Looks at the search index of a catalogue, makes it, fills it and removes it, while others go on working.

Invariant: a search finds the same whether there is an index or not, and however far it is filled.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from desk.catalog.models import Book
from desk.catalog.search_state import SearchIndex, SearchMethod, SearchProgress, SearchState
from desk.database import engines, failure_words, fts_index, search_index, trigram_index, trust
from desk.database.actions import Action, current_action
from desk.database.sessions import Sessions
from desk.errors import ActionCancelled, EnvironmentProblem
from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import URL, Connection
    from sqlalchemy.orm import Session

_log = logging.getLogger(__name__)

PAUSE = 0.03
"""Seconds between two steps of filling, in which whoever waits to write gets in."""
LOOKS = 0.5
"""Seconds between two looks at how far a server is."""


def search_state(
    *, sessions: Sessions, check: bool = False, on_check: Callable[[float], None] | None = None
) -> SearchIndex:
    """What there is of the search index.

    `check` reads all of a file's, too, while which nobody else can write into it: `on_check` is told before for about
    how many seconds.
    """
    with sessions.reading("look at the search index") as session:
        index = search_index.state_of(session.connection())
        is_checked = check and index.method is SearchMethod.FTS5 and not sessions.read_only
        if is_checked and on_check is not None:
            on_check(fts_index.check_seconds(session.connection()))
    if is_checked:
        index = _checked(sessions, index)
    sessions.search_index = index
    return index


def make_search_index(
    *, sessions: Sessions, on_progress: Callable[[SearchProgress], None] | None = None
) -> SearchIndex:
    """Makes the index, makes one anew that was seen not to match, or goes on with one that is not complete.

    In a file it takes short turns with whoever else writes; when it is cancelled, what is done stays and the next time
    goes on. On a server it is made beside everything else, and a cancel leaves nothing. Raises EnvironmentProblem
    where it cannot be had, and as `Sessions.writing` does.
    """
    action = current_action() or Action("make the search index")
    tell = on_progress or _tell_nobody
    with action.running():
        if sessions.dialect == "sqlite":
            _begin_in_file(sessions)
            return fill_search_index(sessions=sessions, on_progress=tell)
        _make_on_server(sessions, action, tell)
        return search_state(sessions=sessions)


def fill_search_index(
    *, sessions: Sessions, on_progress: Callable[[SearchProgress], None] | None = None
) -> SearchIndex:
    """Takes into a file's index what is not in it yet, if there is one that fits; else does nothing."""
    if sessions.dialect != "sqlite":
        return sessions.search_index
    tell = on_progress or _tell_nobody
    action = current_action() or Action("fill the search index")
    with action.running():
        while _fill_step(sessions, tell):
            time.sleep(PAUSE)
            action.check()
        return search_state(sessions=sessions)


def suspend_search_index(session: Session) -> None:
    """For a unit that writes many records into a file: they are taken into its index afterwards, by
    `fill_search_index`, which is several times as fast. A catalogue without books gets an index now."""
    connection = session.connection()
    if connection.dialect.name != "sqlite":
        return
    index = search_index.state_of(connection)
    if index.method is SearchMethod.FTS5:
        fts_index.suspend(connection)
    elif index.state is SearchState.ABSENT and not session.execute(select(exists(Book.id))).scalar():
        fts_index.make(connection)
        raw: Any = connection.connection.dbapi_connection
        trust.begin_writing(raw, connection.info)  # its triggers came just now


def drop_search_index(*, sessions: Sessions) -> SearchIndex:
    """Removes the index; searches then read all keys. A file stays as large as it is and uses the room again."""
    if sessions.dialect == "sqlite":
        _though_damaged(sessions, "remove the search index", fts_index.drop)
    else:
        with sessions.outside("remove the search index") as connection:
            trigram_index.drop(connection)
    return search_state(sessions=sessions)


def begin_search_index(url: URL) -> None:
    """Gives a new catalogue its index; where it cannot be had, it does without."""
    try:
        with engines.passing_engine(url) as engine:
            make_search_index(sessions=Sessions(engine, url))
    except EnvironmentProblem as problem:
        _log.info("No search index: %s", problem.what)


def _begin_in_file(sessions: Sessions) -> None:
    with sessions.reading("look at the search index") as session:
        index = search_index.state_of(session.connection())
    _refuse_impossible(index)
    # a look alone does not see all damage
    is_damaged = SearchState.STALE in (index.state, sessions.search_index.state)

    def begin(connection: Connection, unsound: frozenset[str]) -> None:
        if is_damaged or search_index.state_of(connection).state is SearchState.ABSENT:
            fts_index.make(connection, unsound)

    _though_damaged(sessions, "make the search index", begin)


def _though_damaged(sessions: Sessions, label: str, change: Callable[[Connection, frozenset[str]], None]) -> None:
    """Changes a file's index in one unit; where it is too damaged for that, in another one that knows what of it is
    unsound."""
    unsound = fts_index.NOTHING_UNSOUND
    try:
        _change(sessions, label, change, unsound)
    except EnvironmentProblem as problem:
        if problem.code != failure_words.SEARCH_INDEX:
            raise
        with sessions.reading("look for damage") as session:
            unsound = fts_index.unsound_parts(session.connection())
        _change(sessions, label, change, unsound)


def _change(
    sessions: Sessions,
    label: str,
    change: Callable[[Connection, frozenset[str]], None],
    unsound: frozenset[str],
) -> None:
    with sessions.writing(label) as session:
        change(session.connection(), unsound)
        session.commit()


def _fill_step(sessions: Sessions, tell: Callable[[SearchProgress], None]) -> bool:
    """Whether there is more to do; a step for which somebody else did not let go of the file in time is done later."""
    try:
        with sessions.writing("fill the search index") as session:
            connection = session.connection()
            if search_index.state_of(connection).state is not SearchState.INCOMPLETE:
                return False
            more = fts_index.fill_step(connection)
            done, whole = fts_index.progress_of(connection)
            session.commit()
    except EnvironmentProblem as problem:
        if problem.code != "locked":
            raise
        return True
    tell(SearchProgress(done, whole))
    return more


def _make_on_server(sessions: Sessions, action: Action, tell: Callable[[SearchProgress], None]) -> None:
    with sessions.outside("make the search index") as connection:
        _refuse_impossible(search_index.state_of(connection))
        before = trigram_index.usable(connection)
        with _watched(sessions, connection, tell):
            try:
                trigram_index.make(connection)
            except (SQLAlchemyError, ActionCancelled):
                action.take_back()  # what is cancelled is the making, not removing what is left of it
                with suppress(SQLAlchemyError):  # the connection may be gone; the next time removes it, too
                    trigram_index.drop_all_but(connection, before)
                raise


@contextmanager
def _watched(sessions: Sessions, connection: Connection, tell: Callable[[SearchProgress], None]) -> Iterator[None]:
    """Tells, while the block runs, how far the server is: its connection is busy, so another one asks."""
    backend = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(LOOKS):
            with suppress(EnvironmentProblem), sessions.reading("watch the search index") as session:
                progress = trigram_index.progress_of(session.connection(), backend)
                if progress is not None:
                    tell(progress)

    watcher = threading.Thread(target=watch, name="search-index", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _checked(sessions: Sessions, index: SearchIndex) -> SearchIndex:
    with sessions.writing("check the search index") as session:
        try:
            fts_index.check(session.connection())
        except DBAPIError as error:
            if not fts_index.tells_of_damage(error):
                raise
            return fts_index.damaged()
    return index


def _refuse_impossible(index: SearchIndex) -> None:
    if index.state is SearchState.IMPOSSIBLE:
        raise EnvironmentProblem(
            _("There can be no search index here: {reason}.").format(reason=index.reason),
            kept=_("Searches read all keys; nothing was changed."),
            code="impossible",
        )


def _tell_nobody(_progress: SearchProgress) -> None:
    """Nobody wants to hear of it."""
