"""What the tests of workers share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desk.work.runner import Runner
from tests.support.window import application

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["application"]


@pytest.fixture
def runner(application: object) -> Iterator[Runner]:
    made = Runner()
    yield made
    assert made.close()
