"""Finds the pending edits that earlier runs left on disk for a catalogue, and tells what became of their records.

Invariant: a draft that was found is held until it is released, so no other Desk offers it; nothing goes from it but
what a commit is known to have saved, or what a person took over or discarded.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desk.catalog.edits import EditState
from desk.database import drafts
from desk.operations.outcomes import find_outcome
from desk.operations.rechecking import recheck_edits

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from desk.catalog.edits import Checked, RecordKey
    from desk.database.draft_files import PutAside
    from desk.database.drafts import Draft
    from desk.database.sessions import Sessions

_log = logging.getLogger(__name__)
_settling = threading.Lock()
"""A draft is used by one thread after the other: a window may let one go while another worker still writes it."""


@dataclass(frozen=True, slots=True)
class FoundDraft:
    """A draft that nobody held, and its edits as they are now, in the order in which they were begun (at least one)."""

    draft: Draft
    checked: tuple[Checked, ...]


@dataclass(frozen=True, slots=True)
class FoundDrafts:
    """What earlier runs left: drafts to be offered, newest first; files that were put aside; how many edits were saved
    already, in drafts that are gone now; how many drafts wait until the outcome of their last commit is known."""

    drafts: tuple[FoundDraft, ...] = ()
    put_aside: tuple[PutAside, ...] = ()
    saved: int = 0
    undecided: int = 0


def find_drafts(*, sessions: Sessions, identity: str) -> FoundDrafts:
    """Looks for the drafts of a catalogue that nobody holds, resolves units that were being committed when their
    program ended, and re-checks all edits; from then on they are held, until `settle_drafts` releases them.

    Without a draft no statement is sent. Raises DeskError when the database cannot be asked: then none is held.
    """
    orphans = drafts.orphans(drafts.folder(), identity)
    for aside in orphans.put_aside:
        _log.warning("Not offered, %s: %s", aside.path, aside.reason)
    held = list(orphans.drafts)
    offered, saved, undecided = [], 0, 0
    try:
        for draft in tuple(held):
            settled = _settled(sessions, draft)
            if settled is None:
                undecided += 1
                continue
            saved += settled
            checked = recheck_edits(sessions=sessions, edits=draft.edits())
            if all(one.state is EditState.SAVED for one in checked):
                saved += len(checked)
                _forget(draft, [one.edit.key for one in checked])
            else:
                offered.append(FoundDraft(draft, checked))
    except BaseException:
        settle_drafts(forgotten=(), released=held)
        raise
    kept = [found.draft for found in offered]
    settle_drafts(forgotten=(), released=[draft for draft in held if draft not in kept])
    return FoundDrafts(tuple(offered), orphans.put_aside, saved, undecided)


def settle_drafts(*, forgotten: Iterable[tuple[Draft, Collection[RecordKey]]], released: Iterable[Draft]) -> None:
    """Takes edits out of drafts that are held, then lets drafts go: others may offer these from now on, and one without
    edits is deleted.

    Raises EnvironmentProblem when the disk does not take it; what was to be forgotten is then still there.
    """
    with _settling:
        try:
            for draft, keys in forgotten:
                _forget(draft, keys)
        finally:
            for draft in released:
                draft.close(delete=not draft.edits() and draft.receipt is None)


def _settled(sessions: Sessions, draft: Draft) -> int | None:
    """How many edits the unit saved during whose COMMIT the program ended, which are forgotten then; None when that is
    not known yet."""
    if draft.receipt is None:
        return 0
    outcome = find_outcome(sessions, draft.receipt)
    if outcome.unknown is not None:
        return None
    _log.info("A unit of an earlier run saved %d records", len(outcome.saved))
    _forget(draft, outcome.saved)
    draft.clear_receipt()
    return len(outcome.saved)


def _forget(draft: Draft, keys: Collection[RecordKey]) -> None:
    if keys:
        draft.write(dict.fromkeys(keys))
