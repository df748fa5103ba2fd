"""What is looked for in a column to be replaced, and what was found: frozen values; the characters mean themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from desk.catalog.edits import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desk.catalog.rows import Row

MOST_HITS = 10_000
"""Cells that are listed at most."""


@dataclass(frozen=True, slots=True)
class Replacing:
    """What is looked for, and what takes its place. `whole`: only where it is all of a value."""

    find: str
    replace: str
    whole: bool = False
    ignores_case: bool = False

    def in_text(self, text: str) -> str | None:
        """The text after replacing; None when nothing was found in it."""
        pattern = re.compile(re.escape(self.find), re.IGNORECASE if self.ignores_case else 0)
        if self.whole:
            return self.replace if pattern.fullmatch(text) else None
        found, count = pattern.subn(lambda _match: self.replace, text)
        return found if count else None


@dataclass(frozen=True, slots=True)
class Hit:
    """One cell that holds the text: a new record has no `row` and a negative id; `after` is the parsed new value, or
    `reason` says why the column does not take it."""

    id: int
    row: Row | None
    stored: Any
    """What the database holds; `before` is what is pending in its place, if anything is."""
    before: str
    after: Any
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """The hits, new records first, then in the order of the view. `is_capped`: there are more than are listed."""

    hits: tuple[Hit, ...]
    is_capped: bool


@dataclass(frozen=True, slots=True)
class Pending:
    """What is pending in the column: values by record id, negative for new records, and the records to be deleted."""

    values: Mapping[int, Any] = field(default_factory=lambda: NOTHING)
    doomed: frozenset[int] = frozenset()
