"""What the tests of panels share: the ground of a window over a small catalogue of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desk.operations.connect import OpenCatalogue, open_catalogue
from desk.panels.context import Context
from tests.support.editing import elsewhere
from tests.support.window import application

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["application"]

RECORDS = (
    "INSERT INTO authors (id, name, name_key, birth_year, death_year, notes) VALUES"
    " (1, 'Woolf, Virginia', 'woolf virginia', 1882, 1941, 'Hogarth Press'),"
    " (2, 'Bell, Vanessa', 'bell vanessa', 1879, 1961, NULL)",
    "INSERT INTO books (id, title, title_key, author_id, published_year, isbn, language, price, notes) VALUES"
    " (1, 'Orlando', 'orlando', 1, 1928, '9780261103344', 'en', 1250, 'a\r\nb'),"
    " (2, 'The Waves', 'waves', 1, 1931, NULL, '', 750, NULL),"
    " (3, 'Beowulf', 'beowulf', NULL, NULL, NULL, NULL, NULL, NULL)",
    "INSERT INTO contributions (book_id, author_id, role, position) VALUES (1, 2, 'illustrator', 0)",
)


@pytest.fixture
def opened(sqlite_path: Path) -> Iterator[OpenCatalogue]:
    """A catalogue of three books and two authors."""
    catalogue = open_catalogue(target=str(sqlite_path))
    for statement in RECORDS:
        elsewhere(catalogue, statement)
    yield catalogue
    catalogue.close()


@pytest.fixture
def context(application: object, opened: OpenCatalogue) -> Iterator[Context]:
    made = Context()
    made.catalogue = opened
    yield made
    made.edits.roll_back()
    assert made.runner.close()
