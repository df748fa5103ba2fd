"""The links between pending edits: a new author has a negative id, which means something in one run of Desk only.

Invariant: an edit that comes from here links to no pending author but those that came along with it.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from desk.catalog.edits import Edit, EditKind, RecordKey
from desk.catalog.rows import AuthorRef, ContributionRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_NOBODY = object()
"""Stands for a value that has to go, because it leads to nobody."""


def renumbered(edits: Iterable[Edit], new_key: Callable[[str], RecordKey]) -> tuple[Edit, ...]:
    """Edits of another run under keys of this one: records with a negative id get one from `new_key`, which takes a
    table's name, and the links to new authors follow.

    A link to a new author who is not among them is left out, and with it an update that had nothing else.
    """
    chosen = tuple(edits)
    keys = {edit.key: new_key(edit.key.table) for edit in chosen if edit.key.id < 0}
    authors = {key.id: now.id for key, now in keys.items() if key.table == "authors"}
    moved = (_moved(edit, keys.get(edit.key, edit.key), authors) for edit in chosen)
    return tuple(edit for edit in moved if edit is not None)


def _moved(edit: Edit, key: RecordKey, authors: Mapping[int, int]) -> Edit | None:
    values = {name: _relinked(value, authors) for name, value in edit.values.items()}
    kept = {name: value for name, value in values.items() if value is not _NOBODY}
    if edit.kind is EditKind.UPDATE and not kept:
        return None
    return replace(edit, key=key, values=MappingProxyType(kept))


def _relinked(value: Any, authors: Mapping[int, int]) -> Any:
    if isinstance(value, AuthorRef) and value.id < 0:
        return AuthorRef(authors[value.id], value.name) if value.id in authors else _NOBODY
    if isinstance(value, tuple):
        links = [(row, _relinked(row.author, authors)) for row in value]
        known = [(row, link) for row, link in links if link is not _NOBODY]
        return tuple(ContributionRow(link, row.role, place) for place, (row, link) in enumerate(known))
    return value
