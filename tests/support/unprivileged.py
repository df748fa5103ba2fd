"""Runs a block without root's power to write every file."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = 65534


@contextmanager
def folder_for_everyone() -> Iterator[Path]:
    """A temporary folder that every user can reach: those of pytest are its own user's."""
    folder = Path(tempfile.mkdtemp(prefix="desk-everyone-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


@contextmanager
def without_root() -> Iterator[None]:
    """The process is nobody for the block, if it is root; as anyone else it stays who it is."""
    if not hasattr(os, "setresuid"):
        pytest.skip("this system has no setresuid")
    if os.geteuid() != 0:
        yield
        return
    os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)
