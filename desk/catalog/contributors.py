r"""The added entries of a book: as rows in their order, and as the one line of text `Name [role]; Name`.

Without a role the entry is an author. A backslash before `\`, `;` or `[` makes them part of a name or a role.
Invariant: parsing what was formatted gives the same entries; a row's position is its place among them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from desk.catalog import values
from desk.catalog.rows import ContributionRow
from desk.errors import InvalidInput
from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable

AUTHOR = "author"
"""The role that an entry has when none is written."""
ROLES = (AUTHOR, "editor", "translator", "illustrator", "compiler", "commentator", "foreword", "narrator")
"""The roles that are offered; any other text can be one, too."""

Entry = tuple[str, str]
"""(name, role)"""
Entries = tuple[ContributionRow, ...]

_PART = re.compile(r"(?:\\.|[^;])+", re.DOTALL)
_BRACKET = re.compile(r"\\.|\[", re.DOTALL)
_SPECIAL = re.compile(r"([\\;\[])")
_ESCAPED = re.compile(r"\\([\\;\[])")


def numbered(entries: Iterable[ContributionRow]) -> Entries:
    """Entries in this order, at the places that they have in it."""
    return tuple(ContributionRow(one.author, one.role, place) for place, one in enumerate(entries))


def without_author(entries: Entries, author_id: int) -> Entries:
    """The entries of everybody else."""
    return numbered(one for one in entries if one.author.id != author_id)


def parse_role(text: str) -> str:
    """A typed role, without white space around it; an empty one is an author. Raises InvalidInput."""
    return values.parse_typed_text(text.strip(), values.ROLE_LENGTH) or AUTHOR


def format_names(value: Entries | str) -> str:
    """The names in one line; a line of names is one already."""
    if isinstance(value, str):
        return values.format_text(value)
    return "; ".join(_shown(one.author.name) for one in value)


def format_with_roles(value: Entries | str) -> str:
    """As `format_names`, with the roles of all who are no authors."""
    if isinstance(value, str):
        return format_names(value)
    return "; ".join(entry_words(one) for one in value)


def entry_words(entry: ContributionRow) -> str:
    """`Name`, or `Name – role` of one who is no author."""
    name = _shown(entry.author.name)
    return name if entry.role == AUTHOR else f"{name} – {role_words(entry.role)}"


def role_words(role: object) -> str:
    """A role for reading; a damaged one as it is stored."""
    return _shown(_(role) if isinstance(role, str) else role)


def role_text(role: object) -> str:
    """A role as an editor shows it; one that is no text as it is stored."""
    return role if isinstance(role, str) else _shown(role)


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


def _shown(text: object) -> str:
    return values.format_text(text) if isinstance(text, str) else values.format_stored(text)


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)
