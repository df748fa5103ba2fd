"""Finds out whether a unit of work was saved when the answer to its COMMIT never came.

Invariant: it is called saved or not saved only when the database says so.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy.exc import DataError

from desk.catalog import unit_queries
from desk.catalog.edits import CommitResult
from desk.database.actions import Action
from desk.errors import EnvironmentProblem
from desk.operations.retrying import again_when_lost
from desk.operations.stored_records import ORDER

if TYPE_CHECKING:
    from desk.catalog.edits import UnitReceipt
    from desk.database.sessions import Sessions

ASK_SECONDS = 4.0
"""How long an outcome is asked for before it is called unknown; a connection under way then is waited for."""
PATIENCE_SECONDS = 1.0
"""How long a transaction that nobody can hear of any more may still be in progress before its connection is ended."""
_PAUSE_SECONDS = 0.1


@again_when_lost
def resolve_unit(*, sessions: Sessions, receipt: UnitReceipt) -> CommitResult | None:
    """`receipt.result` when the unit was saved, a result with nothing saved when it was not, None while it is still in
    progress. Raises EnvironmentProblem when the database cannot be asked.

    Without a number of its transaction, or with one that the server has forgotten, the records that it made tell.
    """
    status = _status(sessions, receipt.transaction) if receipt.transaction else None
    if status == "in progress":
        return None
    was_saved = _made_its_records(sessions, receipt) if status is None else status == "committed"
    return receipt.result if was_saved else CommitResult(saved=())


def find_outcome(sessions: Sessions, receipt: UnitReceipt) -> CommitResult:
    """What `resolve_unit` finds within a few seconds; else a result that is unknown.

    It is an action of its own: a cancel of the commit may be what cost the answer.
    """
    begin = time.monotonic()
    with Action("look whether it was saved").running() as action:
        while True:
            try:
                found = resolve_unit(sessions=sessions, receipt=receipt)
                if found is None and time.monotonic() - begin > PATIENCE_SECONDS:
                    _end(sessions, receipt.transaction)
            except EnvironmentProblem:
                found = None
            if found is not None:
                return found
            if time.monotonic() - begin > ASK_SECONDS:
                return CommitResult(saved=(), unknown=receipt)
            action.rest(_PAUSE_SECONDS)


def _status(sessions: Sessions, number: str) -> str | None:
    """What the server says of a transaction; None when it does not know of it, or not yet: another server's."""
    try:
        with sessions.reading("look for a transaction") as session:
            found: str | None = session.execute(unit_queries.TRANSACTION_STATUS, {"number": number}).scalar_one()
            return found
    except DataError:  # it lies in the future
        return None


def _made_its_records(sessions: Sessions, receipt: UnitReceipt) -> bool:
    """Whether any of its new records is there: no other has the same id and the same moment of creation."""
    for table in ORDER:
        made = dict(saved for key, saved in receipt.inserted.items() if key.table == table)
        if not made:
            continue
        with sessions.reading("look for new records") as session:
            found = session.execute(unit_queries.inserted_select(table), {"ids": list(made)}).all()
        if any(made[record_id] == created for record_id, created in found):
            return True
    return False


def _end(sessions: Sessions, number: str) -> None:
    with sessions.reading("end a lost transaction") as session:
        session.execute(unit_queries.END_TRANSACTION, {"number": number})
