"""Compares an edit with its record as the database holds it now, field by field. Pure values; no Qt, no SQL.

Invariant: values decide and not the version, because other programs do not raise it; what two people changed in
different ways is never decided here.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from desk.catalog.edits import Checked, Conflict, Edit, EditKind, EditState, same

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Stored:
    """A record as the database holds it: all its fields; a book's `contributors` only where they were asked for."""

    version: int
    values: Mapping[str, Any]


def checked(edit: Edit, now: Stored | None) -> Checked:
    """How an edit stands to its record; None: there is none.

    A new record that comes back under its own id is a conflict when that id is taken by another one.
    """
    if edit.kind is EditKind.INSERT:
        return _checked_insert(edit, now)
    if now is None:
        is_done = edit.kind is EditKind.DELETE
        return Checked(edit, EditState.SAVED) if is_done else Checked(edit, EditState.GONE, Conflict(edit, None, 0))
    fields = tuple(name for name, old in edit.original.items() if _differs(name, old, now))
    if edit.kind is EditKind.DELETE:
        return _in_conflict(edit, now, fields) if fields else Checked(edit, EditState.UNCHANGED)
    if any(_clashes(edit, name, now) for name in edit.values):
        return _in_conflict(edit, now, fields)
    if not changes_of(edit, now):
        return Checked(edit, EditState.SAVED, fields=fields)
    has_others = any(name not in edit.values for name in fields)
    return Checked(edit, EditState.MERGED if has_others else EditState.UNCHANGED, fields=fields)


def changes_of(edit: Edit, now: Stored) -> dict[str, Any]:
    """What an update without conflict still has to write: what is there already stays out, and so does what the edit
    only repeats of its own original."""
    return {
        name: mine
        for name, mine in edit.values.items()
        if _differs(name, mine, now) and not (name in edit.original and same(edit.original[name], mine))
    }


def _checked_insert(edit: Edit, now: Stored | None) -> Checked:
    if now is None:
        return Checked(edit, EditState.UNCHANGED)
    if any(_differs(name, mine, now) for name, mine in edit.values.items()):
        return _in_conflict(edit, now, ())
    return Checked(edit, EditState.SAVED)


def _clashes(edit: Edit, name: str, now: Stored) -> bool:
    """Whether others changed a field of an edit to something else; one whose original is not known was empty."""
    old, mine = edit.original.get(name), edit.values[name]
    is_my_change = name not in edit.original or not same(old, mine)
    return is_my_change and _differs(name, old, now) and _differs(name, mine, now)


def _differs(name: str, value: Any, now: Stored) -> bool:
    """Whether a field holds something else than a value; what was not read of it differs from nothing."""
    return name in now.values and not same(value, now.values[name])


def _in_conflict(edit: Edit, now: Stored, fields: tuple[str, ...]) -> Checked:
    known = dict.fromkeys((*edit.original, *edit.values))
    theirs = MappingProxyType({name: now.values[name] for name in known if name in now.values})
    return Checked(edit, EditState.CONFLICT, Conflict(edit, theirs, now.version), fields)
