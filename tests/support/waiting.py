"""Waits for conditions, never for time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST = 20.0
"""Seconds after which a condition is not believed to come true any more; generous, because machines are shared."""


def wait_until(condition: Callable[[], object], what: str = "the condition", limit: float = LONGEST) -> None:
    """Returns as soon as `condition()` is true; fails after `limit` seconds."""
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true in {limit:g} s")
        time.sleep(0.002)
