"""Small CSV files, and the ground on which the dialogs of files are tested."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desk.panels.context import Context

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from desk.operations.connect import OpenCatalogue

BOOKS = (
    'Title,Author,Year,Shelf\nOrlando,"Woolf, Virginia",1928,A\nThe Waves,"Woolf, Virginia",1931,B\nBeowulf,,c1000,C\n'
)
"""Three books, of which the last has a year that is refused."""


def write(folder: Path, text: str, name: str = "books.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.fixture
def context(application: object, catalogue: OpenCatalogue) -> Iterator[Context]:
    """The ground of a window over an empty catalogue, on each kind of database."""
    made = Context()
    made.catalogue = catalogue
    yield made
    assert made.runner.close()
