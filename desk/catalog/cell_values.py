"""Values for many cells at once: each goes through its column's parser; what it does not take is told with its place.

Nothing here knows Qt or SQL.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from desk.catalog.columns import KINDS, Kind
from desk.catalog.rows import AuthorRef
from desk.errors import InvalidInput
from desk.i18n import _

if TYPE_CHECKING:
    from desk.catalog.columns import Column

MOST_CELLS = 10_000
"""Cells that are changed at once, and records of which one field is."""
MOST_NEW = 500
"""New records that one paste makes."""


@dataclass(frozen=True, slots=True)
class AuthorName:
    """A name that stands in a cell for an author: which one, or whether a new one, is still to be found out."""

    name: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a cell cannot be taken. `row` is its number as the grid shows it; '': every row of the column."""

    row: str
    field: str
    reason: str

    @property
    def words(self) -> str:
        """The refusal in one line."""
        if not self.row:
            return _("{field}: {reason}").format(field=self.field, reason=self.reason)
        return _("Row {row}, {field}: {reason}").format(row=self.row, field=self.field, reason=self.reason)


def refuse_fixed(column: Column) -> None:
    """Raises InvalidInput when the column's cells cannot be edited in the grid."""
    if not column.editable:
        raise InvalidInput(_("this column cannot be edited here."), code="fixed")


def cell_value(column: Column, text: str | None) -> Any:
    """The value of a cell's text: None is "not known", '' an empty text; a name of an author is an AuthorName.

    Raises InvalidInput with the reason where the column does not take it.
    """
    refuse_fixed(column)
    if text is None:
        if not column.nullable:
            raise InvalidInput(_("it cannot be without a value."), code="required")
        return None
    if not text and column.nullable:
        return _empty(column)
    if column.kind is Kind.AUTHOR:
        return _author_name(text)
    return column.parse(text)


def checked_value(column: Column, value: Any) -> Any:
    """A value that stands in another cell of the column, as if it were typed. Raises InvalidInput as `cell_value`."""
    if isinstance(value, AuthorRef):
        refuse_fixed(column)
        return value
    text = value if value is None or isinstance(value, str) else column.format(value)
    return cell_value(column, text)


def _author_name(text: str) -> AuthorName:
    parse = KINDS[Kind.NAME].parse
    assert parse is not None
    name: str = parse(text)
    return AuthorName(name)


def _empty(column: Column) -> Any:
    parse = column.rules.parse
    try:
        if parse is not None:
            return parse("")
    except InvalidInput:
        pass
    raise InvalidInput(_("it cannot be an empty text, only “not known”."), code="empty")
