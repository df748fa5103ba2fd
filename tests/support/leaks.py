"""Looks for a secret in everything that a program leaves behind."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from pathlib import Path


def ways_to_write(secret: str) -> set[str]:
    """The secret as texts, URLs and Python may hold it."""
    return {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1]}


def holding(secret: str, *texts: str) -> list[str]:
    """Which of some texts hold a secret, however it is written."""
    return [text for text in texts if any(way in text for way in ways_to_write(secret))]


def files_holding(secret: str, folder: Path) -> list[Path]:
    """Which files below a folder hold a secret, in their content or their name."""
    ways = [way.encode() for way in ways_to_write(secret)]
    found = (path for path in folder.rglob("*") if path.is_file())
    return [path for path in found if any(way in path.read_bytes() or way in str(path).encode() for way in ways)]
