"""Reads recover by themselves: a read whose connection was lost is done once more, on a new one."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from desk.errors import EnvironmentProblem

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")


def again_when_lost(read: Callable[P, R]) -> Callable[P, R]:
    """Only for operations that write nothing."""

    @wraps(read)
    def twice(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return read(*args, **kwargs)
        except EnvironmentProblem as problem:
            if problem.code != "lost":
                raise
            return read(*args, **kwargs)

    return twice
