"""What the recovery dialog says of an edit: what it does, what became of its record, and its fields side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from desk.catalog.columns import TABLES
from desk.catalog.edits import EditKind, EditState
from desk.i18n import _

if TYPE_CHECKING:
    from desk.catalog.columns import Column
    from desk.catalog.edits import Checked, Edit

TEXT_SHOWN = 2000
"""Characters of a value that are drawn."""
KINDS = {EditKind.UPDATE: "•", EditKind.INSERT: "+", EditKind.DELETE: "×"}
"""What an edit does."""


class StateWords(NamedTuple):
    """What became of a record since its edit began: a sign, a word or two, and a sentence."""

    sign: str
    short: str
    long: str


STATES: dict[EditState, StateWords] = {
    EditState.UNCHANGED: StateWords("=", _("unchanged"), _("The record is as it was when the edit began.")),
    EditState.MERGED: StateWords(
        "±", _("merges"), _("Others changed other fields of the record: a commit keeps their changes and yours.")
    ),
    EditState.CONFLICT: StateWords(
        "≠", _("conflicts"), _("Others changed the same fields: a commit asks whose values to keep.")
    ),
    EditState.GONE: StateWords(
        "∅", _("record gone"), _("Others deleted the record: a commit asks whether to insert it again.")
    ),
    EditState.SAVED: StateWords(
        "✓", _("saved already"), _("The record is as the edit wants it: nothing is left to do.")
    ),
}


class FieldLine(NamedTuple):
    """One field: what it is called, what it was, is now, and would be; whether somebody else changed it."""

    header: str
    original: str
    now: str
    mine: str
    changed_elsewhere: bool


def record_words(edit: Edit) -> str:
    """What kind of record it is, and what a person calls it."""
    return f"{TABLES[edit.key.table].one}: {edit.label or _('(empty)')}"


def field_lines(checked: Checked) -> tuple[FieldLine, ...]:
    """The fields that the edit changes or somebody else changed; a deletion, here or there, comes first."""
    edit = checked.edit
    lines = []
    if edit.kind is EditKind.DELETE or checked.state is EditState.GONE:
        lines.append(_record_line(checked))
    mine = () if edit.kind is EditKind.DELETE else edit.values
    names = {*mine, *checked.fields}
    lines += [_field_line(checked, column) for column in TABLES[edit.key.table].columns if column.name in names]
    return tuple(lines)


def _record_line(checked: Checked) -> FieldLine:
    gone = checked.state is EditState.GONE
    now = _("deleted") if gone else STATES[checked.state].short
    mine = _("delete it") if checked.edit.kind is EditKind.DELETE else _("change it")
    return FieldLine(_("Record"), checked.edit.label, now, mine, gone)


def _field_line(checked: Checked, column: Column) -> FieldLine:
    edit, name = checked.edit, column.name
    elsewhere = name in checked.fields
    original = _text(column, edit.original.get(name)) if edit.kind is not EditKind.INSERT else ""
    theirs = checked.conflict.theirs if checked.conflict is not None else None
    if elsewhere:
        now = "≠ " + (_text(column, theirs.get(name)) if theirs is not None else _("changed elsewhere"))
    else:
        now = "" if checked.state is EditState.GONE else original
    mine = _text(column, edit.values[name]) if name in edit.values and edit.kind is not EditKind.DELETE else ""
    return FieldLine(column.header, original, now, mine, elsewhere)


def _text(column: Column, value: object) -> str:
    text = column.format(value)
    if text is None:
        return "–"
    return text[:TEXT_SHOWN] or _("(empty)")
