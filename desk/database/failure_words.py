"""What failures of both kinds of database say in the same words: what is kept, and which rule was broken."""

from __future__ import annotations

from desk.errors import DataConflict, DeskError, EnvironmentProblem
from desk.i18n import _

EDITS_KEPT = _("Your pending edits are kept.")
SEARCH_INDEX = "search_index"
"""The code of a problem with the search index alone."""
UNTRUSTED = "untrusted"
"""The code of a search index that cannot be kept beside what somebody else put into its file."""
NOTHING_SAVED = _("Nothing was saved. Your pending edits are kept.")
TRY_AGAIN = _("Try again in a moment.")


def missing_value(text: str) -> DeskError:
    """A required field is empty; `text` is what the database says of it."""
    return DataConflict(
        _("A field that must not be empty has no value: {text}.").format(text=text),
        kept=NOTHING_SAVED,
        advice=_("Give it a value, then commit again."),
        code="required",
    )


def broken_reference() -> DeskError:
    """A foreign key does not hold."""
    return DataConflict(
        _("Other records still refer to this one, or the record it refers to is gone."),
        kept=NOTHING_SAVED,
        advice=_("Change or delete the records that refer to it first."),
        code="reference",
    )


def broken_rule(text: str) -> DeskError:
    """Another rule does not hold; `text` is what the database says of it."""
    return DataConflict(
        _("A rule of the database refused this: {text}.").format(text=text),
        kept=NOTHING_SAVED,
        advice=_("Change the value that it names, then commit again."),
        code="rule",
    )


def changed_meanwhile() -> DeskError:
    """Not exactly the rows were changed that should have been."""
    return DataConflict(
        _("A record changed elsewhere while it was being saved; nothing was saved."),
        kept=EDITS_KEPT,
        advice=_("Commit again to see both versions."),
        code="changed",
    )


def altered(what: str) -> DeskError:
    """Somebody changed the tables while they were open; `what` is the sentence that says how."""
    return EnvironmentProblem(
        what, kept=EDITS_KEPT, advice=_("Check the schema with “deskctl migrate status”."), code="schema"
    )


def first_line(text: str) -> str:
    """The first line of a driver's message without its full stop; '' of one that says nothing."""
    return text.strip().splitlines()[0].strip().rstrip(".") if text.strip() else ""
