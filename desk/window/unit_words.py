"""What is said of units of work: how one is called, what was saved, and what was merged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.catalog.columns import TABLES
from desk.catalog.edits import EditKind
from desk.i18n import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desk.catalog.edits import CommitResult, Edit, EditBatch, Merged

UNKNOWN = _(
    "Whether it was saved is not known: the link broke. Your edits are kept, and editing rests. "
    "Desk will check when the server is back."
)
NOT_SAVED = _("It was not saved: the link broke before. Your edits are pending again.")
NOT_CHANGED = _("It was not saved: the link broke before. The catalogue is as it was.")
MOST_FIELDS = 4
"""Fields that a line names before it only counts them."""


def unit_name(batch: EditBatch) -> str:
    """What a person calls a unit: its one edit, or how many records it changes."""
    count = len(batch.edits)
    if count == 1:
        return _edit_name(batch.edits[0])
    kinds = {edit.kind for edit in batch.edits}
    if kinds == {EditKind.DELETE}:
        return ngettext("Delete {count} record", "Delete {count} records", count).format(count=count)
    if kinds == {EditKind.INSERT}:
        return ngettext("Add {count} record", "Add {count} records", count).format(count=count)
    return ngettext("Change {count} record", "Change {count} records", count).format(count=count)


def saved_words(result: CommitResult) -> str:
    """What was saved, and what others had changed meanwhile."""
    count = len(result.saved)
    words = ngettext("Saved {count} record.", "Saved {count} records.", count).format(count=count)
    return f"{words} {merged_words(result.merged, count)}".strip()


def taken_back_words(unit: str, count: int) -> str:
    """Why a unit, called `unit`, was not saved as it is, of which `count` records changed since."""
    words = ngettext(
        "{count} record changed since that commit, so nothing was saved. Choose what to keep, then commit.",
        "{count} records changed since that commit, so nothing was saved. Choose what to keep, then commit.",
        count,
    )
    return f"{unit}. {words.format(count=count)}"


def merged_words(merged: Iterable[Merged], count: int) -> str:
    """In how many of `count` records others had changed which fields; '' when in none."""
    records = tuple(merged)
    if not records:
        return ""
    headers = list(dict.fromkeys(header for one in records for header in _headers(one)))
    fields = ", ".join(headers)
    if len(headers) > MOST_FIELDS:
        fields = _("{count} fields").format(count=len(headers))
    if count == 1:
        return _("Others had changed {fields} in it meanwhile: both changes are kept.").format(fields=fields)
    return ngettext(
        "In {count} of them others had changed {fields} meanwhile: both changes are kept.",
        "In {count} of them others had changed {fields} meanwhile: both changes are kept.",
        len(records),
    ).format(count=len(records), fields=fields)


def merged_lines(merged: Iterable[Merged]) -> str:
    """A line for each merged record: what others had changed in it."""
    line = _("{record}: {fields} changed elsewhere")
    return "\n".join(line.format(record=one.label or _("(empty)"), fields=", ".join(_headers(one))) for one in merged)


def _edit_name(edit: Edit) -> str:
    label = edit.label or TABLES[edit.key.table].one
    if edit.kind is EditKind.INSERT:
        return _("Add {label}").format(label=label)
    if edit.kind is EditKind.DELETE:
        return _("Delete {label}").format(label=label)
    if len(edit.values) == 1:
        field = TABLES[edit.key.table].column(next(iter(edit.values))).header
        return _("Change {field} of {label}").format(field=field, label=label)
    return _("Change {label}").format(label=label)


def _headers(merged: Merged) -> list[str]:
    known = {column.name: column.header for column in TABLES[merged.key.table].columns}
    return [known.get(name, name) for name in merged.fields]
