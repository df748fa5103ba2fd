"""The errors a person may meet: each says what happened, what was kept and what to do.

`EnvironmentProblem`, `DataConflict` and `InvalidInput` are answers for people; any other exception is a bug of ours.
"""

from __future__ import annotations

from desk.redaction import redacted


class DeskError(Exception):
    """An error with words for a person.

    `what` is one sentence; `kept` says what is still there (empty: nothing was at risk); `advice` what to do
    next (empty: nothing can be done); `code` names the kind for programs (a word of lower-case letters). Known
    secrets are replaced by stars in all of them.
    """

    def __init__(self, what: str, *, kept: str = "", advice: str = "", code: str = "") -> None:
        self.what = redacted(what)
        self.kept = redacted(kept)
        self.advice = redacted(advice)
        super().__init__(self.what)
        self.code = code

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.kept, self.advice) if part)


class EnvironmentProblem(DeskError):
    """The world around Desk is not as needed: a server, a file, a network, a driver."""


class DataConflict(DeskError):
    """The data is no longer as an action assumed: a row changed, a rule of the schema refused it."""


class InvalidInput(DeskError):
    """What a person typed or a file holds cannot be used as it is."""


class ActionCancelled(Exception):
    """The action was cancelled before it ended; nothing it wrote remains."""
