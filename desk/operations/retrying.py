"""Reads recover by themselves: one whose connection was lost is done once more, on a new one; one whose search index
failed, without it.

Invariant: not when a loss took as long to notice as a dead link does: a second time could not be within bounds.
"""

from __future__ import annotations

import time
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from desk.database.failure_words import SEARCH_INDEX
from desk.errors import EnvironmentProblem

if TYPE_CHECKING:
    from collections.abc import Callable

QUICKLY = 2.0
"""Seconds within which a broken link shows at once; a dead one takes longer (desk/database/links.py)."""

P = ParamSpec("P")
R = TypeVar("R")


def again_when_lost(read: Callable[P, R]) -> Callable[P, R]:
    """Only for operations that write nothing."""

    @wraps(read)
    def twice(*args: P.args, **kwargs: P.kwargs) -> R:
        begin = time.monotonic()
        try:
            return read(*args, **kwargs)
        except EnvironmentProblem as problem:
            was_quick = time.monotonic() - begin <= QUICKLY
            if problem.code == SEARCH_INDEX or (problem.code == "lost" and was_quick):
                return read(*args, **kwargs)
            raise

    return twice
