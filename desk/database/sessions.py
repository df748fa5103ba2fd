"""The only two doors to a session: `reading` and `writing`. A session lives for one action, on one thread.

Invariant: after either block no transaction is open and the connection is back in the pool, whatever happened.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from desk.catalog.search_state import SearchIndex, SearchMethod, SearchState
from desk.database import engines, failure_words, failures, fts_index, opened_files
from desk.database.actions import Action, current_action
from desk.database.profiles import PoolSettings
from desk.errors import EnvironmentProblem
from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator


IN_ERROR = 3
"""libpq's status of a transaction in which a statement failed (PQTRANS_INERROR)."""


class OneThreadSession(Session):
    """A session that refuses to be used from a thread other than the one that made it.

    `is_committing` tells that a commit was sent whose answer has not come; `search` is what finds a text in it.
    """

    is_committing = False

    def __init__(self, connection: Connection, search: SearchMethod = SearchMethod.SCAN) -> None:
        super().__init__(connection, autoflush=False, expire_on_commit=False)
        self.search = search
        self._owner = threading.get_ident()
        self._lent = connection

    def connection(self, *args: Any, **options: Any) -> Any:
        self.check()
        if self._lent.in_transaction() and not (args or options):
            return self._lent  # a page asks six times, and SQLAlchemy's answer costs more than making a row
        return super().connection(*args, **options)

    def commit(self) -> None:
        """Commits, unless the database has given the unit up already: SQLite by itself (an interrupt, a full disk), a
        server because a statement failed. A commit would succeed then, with nothing in it."""
        self.check()
        if _has_given_up(self.connection().connection.dbapi_connection):
            raise EnvironmentProblem(
                _("Nothing was saved: the database had already rolled the changes back."),
                kept=_("Your pending edits are kept."),
                advice=_("Commit again."),
                code="not_saved",
            )
        opened = self._lent.info.get(opened_files.OPENED)
        if opened is not None:
            opened.check()
        self.flush()
        self.is_committing = True
        super().commit()
        self.is_committing = False

    def check(self) -> None:
        """Refuses to serve another thread, and to go on with an action that was cancelled."""
        if threading.get_ident() != self._owner:
            raise RuntimeError("a session belongs to the thread that opened it")
        action = current_action()
        if action is not None:
            action.check()


@event.listens_for(OneThreadSession, "do_orm_execute")
def _check_execute(state: Any) -> None:
    state.session.check()


@event.listens_for(OneThreadSession, "before_flush")
def _check_flush(session: OneThreadSession, _context: Any, _instances: Any) -> None:
    session.check()


def search_of(session: Session) -> SearchMethod:
    """What finds a text in the keys, as the session's catalogue was when it was opened."""
    return session.search if isinstance(session, OneThreadSession) else SearchMethod.SCAN


class Sessions:
    """The sessions of one open catalogue. `read_only` is the reason why it cannot be written, '' when it can;
    `search_index` what was last seen of its search index."""

    def __init__(self, engine: Engine, url: URL, *, read_only: str = "") -> None:
        self._engine = engine
        self._url = url
        self.read_only = read_only
        self.search_index = SearchIndex(SearchState.ABSENT)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @property
    def search(self) -> SearchMethod:
        """What finds a text in the keys."""
        return self.search_index.method

    @contextmanager
    def reading(self, label: str, *, snapshot: bool = False) -> Iterator[Session]:
        """A session that only reads, in one transaction that ends with the block.

        With `snapshot` all its statements see the same moment (SQLite's always do). Raises DeskError for what the
        database refuses, ActionCancelled when the action was cancelled.
        """
        options: dict[str, Any] = {"postgresql_readonly": True}
        if snapshot and self.dialect == "postgresql":
            options["isolation_level"] = "REPEATABLE READ"
        with self._session(label, options) as session:
            yield session

    @contextmanager
    def writing(self, label: str) -> Iterator[OneThreadSession]:
        """A session that writes: rolled back at the end of the block unless `commit()` was called in it.

        Raises as `reading` does, and EnvironmentProblem where the catalogue is open for reading only.
        """
        self._refuse_writing()
        with self._session(label, {engines.WRITE: True}) as session:
            yield session

    @contextmanager
    def outside(self, label: str) -> Iterator[Connection]:
        """A connection of its own, without transactions and without time limits: for what a server does no other way.

        Raises as `writing` does.
        """
        self._refuse_writing()
        action = current_action() or Action(label)
        try:
            with (
                engines.passing_engine(self._url, PoolSettings(statement_timeout=0, lock_timeout=0)) as engine,
                action.running(),
                engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
            ):
                try:
                    action.lend(partial(engines.interrupt, connection.connection.dbapi_connection))
                    yield connection
                finally:
                    action.take_back()
        except SQLAlchemyError as error:
            raise failures.explained(error, self._url, cancelled=action.is_cancelled) from error

    def close(self) -> None:
        """Closes every idle connection; those still out close when they come back."""
        self._engine.dispose()

    @contextmanager
    def _session(self, label: str, options: dict[str, Any]) -> Iterator[OneThreadSession]:
        action = current_action() or Action(label)
        with action.running():
            action.check()
            session: OneThreadSession | None = None
            try:
                with self._engine.connect() as connection:
                    connection.execution_options(**options)
                    # A commit keeps it out of the pool: it is still lent.
                    session = OneThreadSession(connection, self.search)
                    try:
                        if engines.WRITE in options:
                            session.connection()
                        else:
                            connection.begin()  # is rolled back as the connection goes back to the pool
                        action.lend(partial(engines.interrupt, connection.connection.dbapi_connection))
                        yield session
                    finally:
                        action.take_back()
                        session.close()
                        _end_transaction(connection)
            except SQLAlchemyError as error:
                if session is not None and failures.is_answer(error):
                    session.is_committing = False
                # A commit whose answer was lost may have happened: "cancelled" would say that nothing was saved.
                cancelled = action.is_cancelled and not (session is not None and session.is_committing)
                keeps_index = engines.WRITE in options and self.search_index.is_there
                explained = failures.explained(error, self._url, cancelled=cancelled, keeps_index=keeps_index)
                self._note_trouble(explained)
                raise explained from error
            finally:
                action.take_back()  # of a connection that was lent while it was being made

    def _note_trouble(self, problem: Exception) -> None:
        """Searches read all keys from now on, when it was the search index that failed."""
        is_known = self.search_index.state is SearchState.IMPOSSIBLE  # and why in more words
        if isinstance(problem, EnvironmentProblem) and problem.code in _TROUBLES and not is_known:
            self.search_index = _TROUBLES[problem.code]()

    def _refuse_writing(self) -> None:
        if self.read_only:
            raise EnvironmentProblem(
                _("This catalogue is open for reading only: {reason}.").format(reason=self.read_only),
                kept=_("Nothing was changed."),
                code="read_only",
            )


def _has_given_up(raw: Any) -> bool:
    if isinstance(raw, sqlite3.Connection):
        return not raw.in_transaction
    return bool(raw.info.transaction_status == IN_ERROR)


def _end_transaction(connection: Connection) -> None:
    """Rolls back what SQLite still holds after a COMMIT that was refused or interrupted: SQLAlchemy takes it for ended,
    and the connection would go back into the pool with its locks."""
    if not connection.invalidated:
        raw: Any = connection.connection.dbapi_connection
        if isinstance(raw, sqlite3.Connection) and raw.in_transaction:
            raw.rollback()


_TROUBLES = {failure_words.SEARCH_INDEX: fts_index.damaged, failure_words.UNTRUSTED: fts_index.unkeepable}
"""The code of a problem with the search index → what is seen of it by that."""
