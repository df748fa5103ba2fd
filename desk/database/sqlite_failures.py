"""Turns what SQLite raises into words for a person, by its result code, or by its text where it has no code for it."""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING

from desk.database.failure_words import (
    EDITS_KEPT,
    NOTHING_SAVED,
    SEARCH_INDEX,
    TRY_AGAIN,
    UNTRUSTED,
    altered,
    broken_reference,
    broken_rule,
    first_line,
    missing_value,
)
from desk.errors import DeskError, EnvironmentProblem
from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable


def _broken_search_index() -> DeskError:
    return EnvironmentProblem(
        _("The search index of this file is damaged or gone."),
        kept=_("The records are not touched by that, and your pending edits are kept."),
        advice=_("Make the search index anew, or remove it: “deskctl search-index” does so."),
        code=SEARCH_INDEX,
    )


def _damaged_in_part() -> DeskError:
    return EnvironmentProblem(
        _("A part of this file is damaged, perhaps no more than its search index."),
        kept=NOTHING_SAVED,
        advice=_(
            "Make the search index anew, or remove it: “deskctl search-index” does so. If that does not help, restore"
            " the file from a backup."
        ),
        code=SEARCH_INDEX,
    )


def _untrusted() -> DeskError:
    return EnvironmentProblem(
        _("The search index of this file cannot be kept: the file has triggers or views that are not Desk's."),
        kept=NOTHING_SAVED,
        advice=_("Remove the search index (“deskctl search-index drop”), or what was added to the file."),
        code=UNTRUSTED,
    )


_LITE: dict[int, Callable[[str], DeskError]] = {
    sqlite3.SQLITE_BUSY: lambda _text: EnvironmentProblem(
        _("Another program is writing to this file."), kept=EDITS_KEPT, advice=TRY_AGAIN, code="locked"
    ),
    sqlite3.SQLITE_LOCKED: lambda _text: EnvironmentProblem(
        _("Another part of Desk is writing to this catalogue."),
        kept=EDITS_KEPT,
        advice=TRY_AGAIN,
        code="locked",
    ),
    sqlite3.SQLITE_READONLY: lambda _text: EnvironmentProblem(
        _("This file can only be read."), kept=EDITS_KEPT, code="read_only"
    ),
    sqlite3.SQLITE_READONLY_ROLLBACK: lambda _text: EnvironmentProblem(
        _("Another program was interrupted while it wrote to this file, and it cannot be put in order here."),
        kept=_("It was left as it is."),
        advice=_("Open it where its folder can be written, or copy it there with all files of its name."),
        code="read_only",
    ),
    sqlite3.SQLITE_FULL: lambda _text: EnvironmentProblem(
        _("The disk is full; nothing was saved."),
        kept=EDITS_KEPT,
        advice=_("Free some space, then try again."),
        code="disk_full",
    ),
    sqlite3.SQLITE_CORRUPT_VTAB: lambda _text: _broken_search_index(),
    sqlite3.SQLITE_CORRUPT: lambda _text: EnvironmentProblem(
        _("The file is damaged."), kept=EDITS_KEPT, advice=_("Restore it from a backup."), code="corrupt"
    ),
    sqlite3.SQLITE_NOTADB: lambda _text: EnvironmentProblem(
        _("The file is not an SQLite database."), kept=_("It was left as it is."), code="not_a_database"
    ),
    sqlite3.SQLITE_CANTOPEN: lambda _text: EnvironmentProblem(
        _("The file cannot be opened."),
        kept=EDITS_KEPT,
        advice=_("Check that it still exists. One that was not closed in order needs a folder that can be written."),
        code="missing",
    ),
    sqlite3.SQLITE_IOERR: lambda _text: EnvironmentProblem(
        _("The disk reported an error; nothing was saved."), kept=EDITS_KEPT, code="disk"
    ),
    sqlite3.SQLITE_CONSTRAINT: broken_rule,
    sqlite3.SQLITE_CONSTRAINT_NOTNULL: missing_value,
    sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: lambda _text: broken_reference(),
}
"""By extended code where it tells more, else by its primary code (its lowest byte)."""

_LITE_TEXTS: dict[str, Callable[[], DeskError]] = {
    'unsafe use of virtual table "desk_search': _untrusted,
    "no such table: desk_search": _broken_search_index,
    "no such table: main.desk_search": _broken_search_index,
    "vtable constructor failed: desk_search": _broken_search_index,
    "invalid fts5 file format": _broken_search_index,
}
"""What SQLite has no code for, by how it begins."""
_MISSING = re.compile("^no such (table|column): |^table .* has no column named ")


def explained_sqlite(orig: sqlite3.Error, uses_index: bool) -> DeskError | None:
    """The error in words; None for a bug of ours. `uses_index` tells that a search index took part in it."""
    code = getattr(orig, "sqlite_errorcode", 0)
    text = first_line(str(orig))
    known = next((make() for begin, make in _LITE_TEXTS.items() if text.startswith(begin)), None)
    if known is not None:
        return known
    if code == sqlite3.SQLITE_CORRUPT and uses_index:
        return _damaged_in_part()
    explain = _LITE.get(code) or _LITE.get(code & 0xFF)
    if explain is None and isinstance(orig, sqlite3.IntegrityError):
        explain = broken_rule
    if explain is not None:
        return explain(text)
    if _MISSING.search(text):
        return altered(_("A table or a column is missing: {text}.").format(text=text))
    return None
