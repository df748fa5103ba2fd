"""The one table of columns: from it grids, forms, filters, editors, exports and imports are made.

A *table description* is all that paging, edits, grids and panels know of a table; Authors and Books are two of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

from desk.catalog import contributors, keys, values
from desk.catalog.criteria import Op, Sort
from desk.catalog.rows import AuthorRef
from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable


class Kind(Enum):
    """What a column holds; decides parser, formatter, editor, alignment and filters."""

    TEXT = "text"
    NAME = "name"
    NOTES = "notes"
    CODE = "code"
    ISBN = "isbn"
    YEAR = "year"
    PRICE = "price"
    TIME = "time"
    COUNT = "count"
    AUTHOR = "author"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class KindRules:
    """The behaviour of a kind; `parse` is None where nothing can be typed, `type` is what a readable value is (one of
    several where it is a tuple); `tell` tells more of a value than a cell has room for."""

    type: type | tuple[type, ...]
    parse: Callable[[str], Any] | None
    format: Callable[[Any], str]
    filters: tuple[Op, ...] = ()
    right: bool = False
    tell: Callable[[Any], str] | None = None


def _parse_notes(text: str) -> str:
    return values.parse_typed_text(text, values.NOTES_LENGTH)


def _parse_typed_name(text: str) -> str:
    return values.parse_name(values.parse_typed_text(text))


_WORDS = (Op.CONTAINS, Op.EQUALS, Op.EMPTY)
_NUMBERS = (Op.RANGE, Op.EQUALS, Op.EMPTY)

KINDS: dict[Kind, KindRules] = {
    Kind.TEXT: KindRules(str, values.parse_typed_text, values.format_text, _WORDS),
    Kind.NAME: KindRules(str, _parse_typed_name, values.format_text, (Op.CONTAINS, Op.EQUALS)),
    Kind.NOTES: KindRules(str, _parse_notes, values.format_text, ()),
    Kind.CODE: KindRules(str, values.parse_code, values.format_text, _WORDS),
    Kind.ISBN: KindRules(str, values.parse_isbn, values.format_text, _WORDS),
    Kind.YEAR: KindRules(int, values.parse_year, values.format_year, _NUMBERS, right=True),
    Kind.PRICE: KindRules(Decimal, values.parse_price, values.format_price, _NUMBERS, right=True),
    Kind.TIME: KindRules(datetime, None, values.format_time),
    Kind.COUNT: KindRules(int, None, str, (Op.HAS_BOOK_OVER, Op.NO_BOOKS), right=True),
    Kind.AUTHOR: KindRules(AuthorRef, None, lambda link: values.format_text(link.name), _WORDS),
    Kind.LIST: KindRules((str, tuple), None, contributors.format_names, tell=contributors.format_with_roles),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One field of a table description.

    `width` is in average characters; `nullable` says whether None ("not known") may be kept; a column that is not
    `in_grid` shows in the record form only; `hint` is what an empty editor shows.
    """

    name: str
    header: str
    kind: Kind
    width: int = 12
    nullable: bool = True
    editable: bool = True
    sortable: bool = True
    in_grid: bool = True
    hint: str = ""

    @property
    def rules(self) -> KindRules:
        return KINDS[self.kind]

    @property
    def filters(self) -> tuple[Op, ...]:
        return self.rules.filters

    def parse(self, text: str) -> Any:
        """The value of typed `text`; an empty text is None where None may be kept.

        Raises InvalidInput with the reason.
        """
        parse = self.rules.parse
        if parse is None:
            raise TypeError(f"{self.name} cannot be typed")
        if not text and self.nullable:
            return None
        return parse(text)

    def format(self, value: Any) -> str | None:
        """The text of a cell; None stands for a missing value and is drawn apart from an empty text.

        A value that is not what the column holds is shown as it is stored.
        """
        if value is None:
            return None
        return self.rules.format(value) if isinstance(value, self.rules.type) else values.format_stored(value)

    def tell(self, value: Any) -> str | None:
        """As `format`, with all that there is to tell of the value: the roles of contributors, too."""
        tell = self.rules.tell
        return self.format(value) if tell is None or not isinstance(value, self.rules.type) else tell(value)

    def doubt(self, value: Any) -> str:
        """Why a kept value looks wrong, for a mark on its cell; '' when it does not."""
        if value is None:
            return ""
        text = value.name if isinstance(value, AuthorRef) else value
        if not isinstance(value, self.rules.type) or (isinstance(text, str) and values.is_damaged(text)):
            return _("This value is damaged or of another kind; it is shown as it is stored.")
        if self.kind is Kind.ISBN and text and not keys.isbn_is_valid(text):
            return _("This is not a valid ISBN; it is kept as it was found.")
        return ""


@dataclass(frozen=True, slots=True)
class TableDescription:
    """A table as every part above the queries knows it. `name` is its name in criteria and edits."""

    name: str
    title: str
    one: str
    columns: tuple[Column, ...]
    default_sort: Sort
    label: str
    """The column that names a record to a person."""
    search_hint: str

    @property
    def grid(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.in_grid)

    @property
    def editable(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.editable)

    def column(self, name: str) -> Column:
        """The column of that name; raises KeyError for an unknown one."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


BOOKS = TableDescription(
    name="books",
    title=_("Books"),
    one=_("book"),
    label="title",
    default_sort=Sort("title"),
    search_hint=_("Search title or author"),
    columns=(
        Column("title", _("Title"), Kind.TEXT, 32, nullable=False),
        Column("author", _("Author"), Kind.AUTHOR, 21, hint=_("Anonymous")),
        Column("contributors", _("Contributors"), Kind.LIST, 16, editable=False, sortable=False),
        Column("published_year", _("Year"), Kind.YEAR, 8, hint=_("1984, -720 or 720 BCE")),
        Column("isbn", _("ISBN"), Kind.ISBN, 13, hint=_("10 or 13 digits")),
        Column("language", _("Language"), Kind.CODE, 8, hint=_("en, el, ja …")),
        Column("price", _("Price"), Kind.PRICE, 7, hint="12.50"),
        Column("updated_at", _("Changed"), Kind.TIME, 16, editable=False),
        Column("notes", _("Notes"), Kind.NOTES, 40, sortable=False, in_grid=False),
    ),
)

AUTHORS = TableDescription(
    name="authors",
    title=_("Authors"),
    one=_("author"),
    label="name",
    default_sort=Sort("name"),
    search_hint=_("Search name"),
    columns=(
        Column("name", _("Name"), Kind.NAME, 38, nullable=False),
        Column("birth_year", _("Born"), Kind.YEAR, 10, hint=_("1903, -70 or 70 BCE")),
        Column("death_year", _("Died"), Kind.YEAR, 10, hint=_("1950, -19 or 19 BCE")),
        Column("books", _("Books"), Kind.COUNT, 8, nullable=False, editable=False, sortable=False),
        Column("updated_at", _("Changed"), Kind.TIME, 16, editable=False),
        Column("notes", _("Notes"), Kind.NOTES, 40, sortable=False, in_grid=False),
    ),
)

TABLES: dict[str, TableDescription] = {table.name: table for table in (AUTHORS, BOOKS)}
