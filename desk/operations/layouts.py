"""Keeps how the columns of each table's grid are laid out: one small TOML file that is worth no error.

Invariant: a file that cannot be read is put aside under another name and begun anew.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from desk.catalog.grid_layout import ColumnLayout, GridLayout
from desk.database.profile_files import read_document, write_document
from desk.errors import DeskError
from desk.settings import folders

if TYPE_CHECKING:
    from pathlib import Path

WIDEST = 10_000
"""Pixels; a wider column is not believed."""
_log = logging.getLogger(__name__)
_lock = threading.Lock()


def load_layouts() -> dict[str, GridLayout]:
    """The layouts that were kept, by table; {} when none was, or none can be read. Never fails."""
    with _lock:
        return {table: _layout_in(entries) for table, entries in _load().items()}


def save_layout(*, table: str, layout: GridLayout) -> None:
    """Keeps the layout of a table's grid. Where it cannot be written it is not remembered, and no error."""
    entries = [{"name": one.name, "width": one.width, "shown": one.is_shown} for one in layout.columns]
    with _lock:
        try:
            write_document(layouts_file(), {**_load(), table: entries})
        except DeskError as error:
            _log.warning("The layout of the columns was not written: %s", error.what)


def layouts_file() -> Path:
    """Where the layouts are kept."""
    return folders().state / "layouts.toml"


def _load() -> dict[str, Any]:
    path = layouts_file()
    if not os.path.exists(path):  # False, too, where nobody may look
        return {}
    try:
        return {table: entries for table, entries in read_document(path).items() if isinstance(entries, list)}
    except DeskError:
        _put_aside(path)
        return {}


def _layout_in(entries: list[Any]) -> GridLayout:
    """Columns that cannot be read are left out: they keep the layout that they have."""
    return GridLayout(tuple(found for entry in entries if (found := _column_in(entry)) is not None))


def _column_in(entry: Any) -> ColumnLayout | None:
    if not isinstance(entry, dict):
        return None
    name, width, is_shown = entry.get("name"), entry.get("width"), entry.get("shown", True)
    if not isinstance(name, str) or type(width) is not int or type(is_shown) is not bool:
        return None
    return ColumnLayout(name, width, is_shown) if 0 < width <= WIDEST else None


def _put_aside(path: Path) -> None:
    aside = path.with_name(f"{path.stem}.damaged-{secrets.token_hex(4)}{path.suffix}")
    with suppress(OSError):
        os.replace(path, aside)
        _log.warning("The layouts of columns cannot be read; they were put aside as %s", aside)
