"""The search index of a catalogue, of whichever kind its database has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.database import fts_index, trigram_index

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from desk.catalog.search_state import SearchIndex

_STATES: dict[str, Callable[[Connection], SearchIndex]] = {
    "sqlite": fts_index.state_of,
    "postgresql": trigram_index.state_of,
}


def state_of(connection: Connection) -> SearchIndex:
    """What of the index there is: one statement, two for a file that has one."""
    return _STATES[connection.dialect.name](connection)
