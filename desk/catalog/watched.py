"""What is looked at for changes that others made, and what was noticed. Pure values; no SQL, no Qt."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from desk.catalog.edits import NOTHING, Edit, RecordKey, same
from desk.catalog.rows import AuthorRef

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desk.catalog.edits import Checked
    from desk.catalog.rows import Row

NOT_VALUES = ("id", "version")
"""The fields of a row that are no values of its record: programs that leave `version` alone change records too."""


def _nothing() -> Mapping[Any, Any]:
    return NOTHING


@dataclass(frozen=True, slots=True)
class Watched:
    """What is looked at: the records of one table as they are shown, by id, and pending edits of records of any table.

    The rest is known from the look before. `tick` is the state of the whole catalogue (None: not known), `marks` are
    those of single records, `unsure` the records whose edits nobody has looked at yet.
    """

    table: str
    shown: Mapping[int, Row]
    edits: tuple[Edit, ...] = ()
    tick: Any = None
    marks: Mapping[RecordKey, str] = field(default_factory=_nothing, hash=False)
    unsure: frozenset[RecordKey] = frozenset()


@dataclass(frozen=True, slots=True)
class RowNow:
    """A record as it is now, the texts of its cells in the grid, and the places of those that look wrong."""

    row: Row
    cells: tuple[str | None, ...]
    doubtful: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Noticed:
    """What a look noticed.

    `changed` are the records that are not as they are shown, as they are now; `gone` those that are deleted; `checked`
    are the edits that were looked at; `is_moved`: something was written since the look before, maybe elsewhere. `tick`
    and `marks` are for the next look.
    """

    tick: Any
    marks: Mapping[RecordKey, str] = field(default_factory=_nothing, hash=False)
    changed: Mapping[int, RowNow] = field(default_factory=_nothing, hash=False)
    gone: frozenset[int] = frozenset()
    checked: tuple[Checked, ...] = ()
    is_moved: bool = False


def differences(before: Row, now: Row) -> frozenset[str]:
    """The fields in which two states of one record differ for whoever looks at it; a renamed author is a difference."""
    return frozenset(
        name
        for name, old, new in zip(before._fields, before, now, strict=True)
        if name not in NOT_VALUES and not _looks_same(old, new)
    )


def _looks_same(old: Any, new: Any) -> bool:
    if isinstance(old, AuthorRef) and isinstance(new, AuthorRef):
        return (old.id, old.name) == (new.id, new.name)
    return same(old, new)
