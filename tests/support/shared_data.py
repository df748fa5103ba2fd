"""Finds the real data that lies beside the checkout (`shared/data`), of which nothing is copied into the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data"


def shared_data(name: str) -> Path:
    """The path of one file or folder; the test is skipped where it is not there."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"There is no {path}.")
    return path
