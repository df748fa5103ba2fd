"""How a grid's columns are laid out: their order, their widths, and which of them are shown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ColumnLayout:
    """One column by name; `width` is in device-independent pixels."""

    name: str
    width: int
    is_shown: bool = True


@dataclass(frozen=True, slots=True)
class GridLayout:
    """The columns of a grid from left to right. A column that is not named keeps its place behind those that are."""

    columns: tuple[ColumnLayout, ...] = ()
