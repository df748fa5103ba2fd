"""Damages a file as a failing disk does: noise in place of some of its pages."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def overwrite(path: Path, table: str) -> None:
    """Noise in place of the first page of a table, and of those of its indexes."""
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = raw.execute("PRAGMA page_size").fetchone()[0]
        found = raw.execute("SELECT rootpage FROM sqlite_schema WHERE tbl_name = ? AND rootpage", (table,))
        pages = [page for (page,) in found]
    with path.open("r+b") as file:
        for page in pages:
            file.seek((page - 1) * size)
            file.write(random.Random(page).randbytes(size))
