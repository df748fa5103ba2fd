r"""The one line of text that names a book's added entries: `Name [role]; Name`.

Without a role the entry is an author. A backslash before `\`, `;` or `[` makes them part of a name or a role.
Invariant: parsing what was formatted gives the same entries.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from desk.catalog import values
from desk.errors import InvalidInput
from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable

AUTHOR = "author"
"""The role that an entry has when none is written."""

Entry = tuple[str, str]
"""(name, role)"""

_PART = re.compile(r"(?:\\.|[^;])+", re.DOTALL)
_BRACKET = re.compile(r"\\.|\[", re.DOTALL)
_SPECIAL = re.compile(r"([\\;\[])")
_ESCAPED = re.compile(r"\\([\\;\[])")


def format_contributors(entries: Iterable[Entry]) -> str:
    """The entries in one line; the role `author` is left out."""
    return "; ".join(
        _escaped(name) if role == AUTHOR else f"{_escaped(name)} [{_escaped(role)}]" for name, role in entries
    )


def parse_contributors(text: str) -> tuple[Entry, ...]:
    """The entries of a line, names collapsed, roles as they are; parts of white space only are passed over.

    Raises InvalidInput for a role that is too long, without a name or without its closing bracket.
    """
    return tuple(_entry(part) for part in _PART.findall(text) if part.strip())


def _entry(part: str) -> Entry:
    brackets = [match.start() for match in _BRACKET.finditer(part) if match[0] == "["]
    if not brackets:
        return values.parse_name(_unescaped(part)), AUTHOR
    end = part.rstrip()
    if not end.endswith("]"):
        raise InvalidInput(
            _("The role in “{text}” has no closing bracket. Write Name [role].").format(text=part.strip()),
            code="role",
        )
    name, role = part[: brackets[-1]], end[brackets[-1] + 1 : -1]
    return values.parse_name(_unescaped(name)), values.parse_text(_unescaped(role), values.ROLE_LENGTH)


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)
