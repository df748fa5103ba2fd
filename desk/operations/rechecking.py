"""Compares pending edits with what the database holds now, without changing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.catalog.comparing import checked
from desk.operations.retrying import again_when_lost
from desk.operations.stored_records import read_records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desk.catalog.edits import Checked, Edit
    from desk.database.sessions import Sessions


@again_when_lost
def recheck_edits(*, sessions: Sessions, edits: Sequence[Edit]) -> tuple[Checked, ...]:
    """How each edit stands to its record, all as of one moment, in the order of the edits.

    A new record of which nobody knows whether it was saved counts as not saved: `resolve_unit` tells that.
    """
    with sessions.reading("check pending edits", snapshot=True) as session:
        now = read_records(session, edits)
    return tuple(checked(edit, now.get(edit.key)) for edit in edits)
