"""What is known of a catalogue's search index: whether it is there, what it serves, and why it cannot be had."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class SearchMethod(Enum):
    """What finds the keys that hold a text: reading all of them, SQLite's FTS5 or PostgreSQL's pg_trgm.

    TRIGRAM_ASCII is pg_trgm in a database whose locale knows no other letters than those of ASCII.
    """

    SCAN = "scan"
    FTS5 = "fts5"
    TRIGRAM = "trigram"
    TRIGRAM_ASCII = "trigram_ascii"


class SearchState(Enum):
    """ABSENT: nobody made it; INCOMPLETE: not all keys are in it yet, searches read the others; READY; STALE: it does
    not match the catalogue and has to be made anew; IMPOSSIBLE: it cannot be had here, or not be kept."""

    ABSENT = "absent"
    INCOMPLETE = "incomplete"
    READY = "ready"
    STALE = "stale"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """The state of a search index; `reason` says why it is STALE or IMPOSSIBLE ('' for the others) as the end of a
    sentence, `is_there` whether anything of it can be removed, `method` what finds a text as it is now."""

    state: SearchState
    reason: str = ""
    is_there: bool = False
    method: SearchMethod = SearchMethod.SCAN


@dataclass(frozen=True, slots=True)
class SearchProgress:
    """How far the making of an index is: `done` of `total` (0: nobody knows yet), in whatever it counts."""

    done: int
    total: int
