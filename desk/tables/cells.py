"""What a cell answers and what a delegate draws for it: the roles, the texts that stand for something, the states."""

from __future__ import annotations

from enum import IntFlag
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt

from desk.catalog.columns import Kind
from desk.catalog.edits import EditKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desk.catalog.columns import Column
    from desk.catalog.criteria import Sort
    from desk.catalog.edits import Edit

DISPLAY = int(Qt.ItemDataRole.DisplayRole)
EDIT = int(Qt.ItemDataRole.EditRole)
TOOL_TIP = int(Qt.ItemDataRole.ToolTipRole)
ALIGNMENT = int(Qt.ItemDataRole.TextAlignmentRole)
ACCESSIBLE = int(Qt.ItemDataRole.AccessibleTextRole)
STATE = int(Qt.ItemDataRole.UserRole)
"""The role under which a cell answers its `CellState`."""

RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
PLACEHOLDER = "…"
RIGHT_PADDING = "\u00a0\u00a0"
"""Keeps a number off the text of the next column."""


class CellState(IntFlag):
    """What a delegate draws beside the text."""

    PLAIN = 0
    MISSING = 1
    """No value: not the same as an empty text."""
    EMPTY = 2
    CHANGED = 4
    FRESH = 8
    DOOMED = 16
    DOUBTFUL = 32
    WAITING = 64
    KEEPING = 128
    """The edit is not on disk yet: it stands instead of CHANGED, and beside FRESH and DOOMED."""
    ELSEWHERE = 256
    """Somebody else changed the value a moment ago, or while an edit of the record is pending."""
    CLASH = 512
    """Somebody else changed the value, and so does a pending edit."""
    GONE = 1024
    """Somebody else deleted the record."""


def state_of(column: Column, text: str | None) -> CellState:
    if text is None:
        return CellState.MISSING
    if not text:
        return CellState.PLAIN if column.kind is Kind.LIST else CellState.EMPTY
    return CellState.PLAIN


def state_of_edit(edit: Edit, column: Column, *, keeping: bool) -> CellState:
    """`keeping` tells that the edit is not on disk yet."""
    if edit.kind is EditKind.UPDATE:
        if column.name not in edit.values:
            return CellState.PLAIN
        return CellState.KEEPING if keeping else CellState.CHANGED
    state = CellState.DOOMED if edit.kind is EditKind.DELETE else CellState.FRESH
    return state | CellState.KEEPING if keeping else state


def tool_tip_of(column: Column, value: Any, edit: Edit | None, unkept: str = "") -> str | None:
    """The whole text of a cell, what it was before a pending change, and why it looks wrong; None when there is nothing
    to tell. `unkept` says why the edit is not on disk; '' when it is."""
    lines = [column.tell(value) or ""]
    if edit is not None and column.name in edit.values and edit.kind is EditKind.UPDATE:
        old = column.tell(edit.original.get(column.name))
        lines.append(f"{old if old is not None else '–'} → {lines[0] or '–'}")
    lines += [column.doubt(value), unkept]
    return "\n".join(line for line in lines if line) or None


def header_of(column: Column, sorts: Sequence[Sort]) -> str:
    """A column's header, with an arrow and, where several are, its place in the order."""
    for place, sort in enumerate(sorts, 1):
        if sort.column == column.name:
            arrow = "▼" if sort.descending else "▲"
            return f"{column.header} {arrow}{place if len(sorts) > 1 else ''}"
    return column.header
