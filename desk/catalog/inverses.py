"""Makes the edits that take others back once those are saved. Pure values; no Qt, no SQL.

Invariant: an inverse starts from what its edit left, so that it conflicts with every change made to that later.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from desk.catalog.columns import TABLES
from desk.catalog.edits import Edit, EditKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desk.catalog.comparing import Stored

NOBODY = ()
"""The contributors of a book that has none."""


def inverse_of_insert(edit: Edit, record_id: int, values: Mapping[str, Any]) -> Edit:
    """Deletes a record that was made with these values; the fields that were not given are empty."""
    known: dict[str, Any] = dict.fromkeys(one.name for one in TABLES[edit.key.table].editable)
    if edit.key.table == "books":
        known["contributors"] = NOBODY
    key = edit.key.saved_as(record_id)
    return Edit(key, EditKind.DELETE, edit.label, edit.version + 1, MappingProxyType({**known, **values}))


def inverse_of_update(edit: Edit, before: Stored, changed: Mapping[str, Any]) -> Edit:
    """Gives the changed fields of a record back what they held."""
    held = {name: before.values[name] for name in changed}
    return Edit(
        edit.key, EditKind.UPDATE, edit.label, before.version + 1, MappingProxyType(dict(changed)),
        MappingProxyType(held),
    )  # fmt: skip


def inverse_of_delete(edit: Edit, before: Stored) -> Edit:
    """Brings a record back under the id that it had, with everything it held."""
    held = {name: value for name, value in before.values.items() if value is not None and value != NOBODY}
    return Edit(edit.key, EditKind.INSERT, edit.label, before.version, values=MappingProxyType(held))
