"""Turns what drivers raise into words for a person: what happened, what was kept, what to do."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError

from desk.database.failure_words import EDITS_KEPT, changed_meanwhile
from desk.database.server_failures import answers, explained_postgresql
from desk.database.sqlite_failures import explained_sqlite
from desk.errors import ActionCancelled, EnvironmentProblem
from desk.i18n import _

if TYPE_CHECKING:
    from sqlalchemy import URL


def explained(error: SQLAlchemyError, url: URL, *, cancelled: bool, keeps_index: bool = False) -> Exception:
    """The error in words; a bug of ours (a wrong statement) comes back as it is.

    `cancelled` tells a cancel by the person from a time-out of the server; `keeps_index` that a file's triggers kept
    its search index meanwhile. No password is in any text.
    """
    if isinstance(error, PoolTimeout):
        return EnvironmentProblem(
            _("Every connection of the pool is in use, and none came back in time."),
            kept=EDITS_KEPT,
            advice=_("The pool panel shows who holds them."),
            code="pool_exhausted",
        )
    if isinstance(error, StaleDataError):
        return changed_meanwhile()
    if not isinstance(error, DBAPIError) or error.orig is None:
        return error
    if cancelled:
        return ActionCancelled()
    if isinstance(error.orig, sqlite3.Error):
        return explained_sqlite(error.orig, keeps_index or "desk_search" in str(error.statement)) or error
    return explained_postgresql(error, url) or error


def is_answer(error: SQLAlchemyError) -> bool:
    """Whether the database itself refused what it was asked: then it was not done. A broken link tells nothing."""
    if not isinstance(error, DBAPIError) or error.orig is None:
        return False
    return isinstance(error.orig, sqlite3.Error) or answers(error.orig)
