"""Finds the data files that travel with Desk: in a checkout, in a wheel and in a frozen program."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def data_folder(name: str) -> Path:
    """The folder of data `name` ("alembic" or "resources").

    A wheel and a frozen program carry it inside the package as `_data/NAME`, a checkout beside the package.
    """
    packaged = _PACKAGE / "_data" / name
    return packaged if packaged.is_dir() else _PACKAGE.parent / name


def resource(*parts: str) -> Path:
    """The path of one file below `resources/`."""
    return data_folder("resources").joinpath(*parts)
