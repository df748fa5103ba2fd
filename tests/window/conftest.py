"""What the tests of the window share: a window without a catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desk.window.main_window import MainWindow
from tests.support.window import application, close

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["application"]


@pytest.fixture
def window(application: object) -> Iterator[MainWindow]:
    made = MainWindow()
    made.furnish()
    made.show()
    yield made
    close(made)
