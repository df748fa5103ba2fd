"""Does a whole unit of work again when the database gave it up to let another one go on.

Invariant: only what the database has refused for certain is done again, and never more often than TRIES.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar

from desk.database.actions import Action, current_action
from desk.errors import EnvironmentProblem
from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable

TRIES = 5
FIRST_REST_SECONDS = 0.05
"""Before the second try, at most; twice as long before each one after it. Two that met do not meet again, because each
rests between half of it and all of it."""

REASONS = {
    "deadlock": _("Another unit of work and this one waited for each other"),
    "serialization": _("Someone else's change came in between"),
}
"""The codes of what is tried again, and why."""

R = TypeVar("R")


def with_retries(attempt: Callable[[], R], on_progress: Callable[[str], None] | None = None) -> R:
    """What an attempt returns; `on_progress` is told before each further one.

    Raises what the last one raises, and ActionCancelled as soon as the action is cancelled between two.
    """
    for number in range(1, TRIES):
        try:
            return attempt()
        except EnvironmentProblem as problem:
            if problem.code not in REASONS:
                raise
            if on_progress is not None:
                on_progress(_told(REASONS[problem.code], number + 1))
        action = current_action() or Action("try again")
        action.rest(FIRST_REST_SECONDS * 2 ** (number - 1) * random.uniform(0.5, 1))
    return attempt()


def _told(reason: str, number: int) -> str:
    return _("{reason}: saving is tried again ({number} of {count}) …").format(
        reason=reason, number=number, count=TRIES
    )
