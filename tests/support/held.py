"""An operation that a test holds in its hands: it begins, tells of itself, and ends when it is let go."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from desk.database.actions import current_action
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable


class HeldOperation:
    """Stands in for an operation of the door. It notices a cancel, as long loops do; `calls` are its arguments.

    `result` (an exception is raised) comes once it is let go; `progress` is told at each beginning.
    """

    def __init__(self, result: Any = None, progress: Any = None) -> None:
        self.result = result
        self.progress = progress
        self.calls: list[dict[str, Any]] = []
        self.ended = 0
        self._let_go = threading.Event()

    def __call__(self, **arguments: Any) -> Any:
        tell: Callable[[Any], None] | None = arguments.pop("on_progress", None)
        result = self.result
        if tell is not None and self.progress is not None:
            tell(self.progress)
        self.calls.append(arguments)
        action = current_action()
        assert action is not None
        try:
            while not self._let_go.wait(0.002):
                action.check()
        finally:
            self.ended += 1
        if isinstance(result, BaseException):
            raise result
        return result

    def wait_for_call(self, number: int = 1) -> dict[str, Any]:
        """The arguments of the call of that number, once it has begun."""
        wait_until(lambda: len(self.calls) >= number, f"call {number}")
        return self.calls[number - 1]

    def let_go(self) -> None:
        """Lets every call end, those to come as well."""
        self._let_go.set()
