"""Which column of a file is which field: by what is known of headers, and by what a person says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desk.catalog.import_fields import REQUIRED, TABLE_FIELDS
from desk.errors import InvalidInput
from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SHOWN, SHOWN_NAME = 50, 60
"""Headers in a sentence, and the characters of each."""
_NOISE = re.compile(r"[\s_-]+")
_MISSING = {
    "title": (_("No column is the title. The columns are: {names}."), "no_title"),
    "name": (_("No column is the author’s name. The columns are: {names}."), "no_name"),
    "author_key": (_("No column is the author’s key. The columns are: {names}."), "no_key"),
}


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Which column each field comes from (index and header), and the headers that no field comes from."""

    indexes: Mapping[str, int]
    headers: tuple[str, ...]

    @property
    def mapped(self) -> dict[str, str]:
        """Field → header."""
        return {field: self.headers[index] for field, index in self.indexes.items()}

    @property
    def unmapped(self) -> tuple[str, ...]:
        used = set(self.indexes.values())
        return tuple(_named(index, header) for index, header in enumerate(self.headers) if index not in used)


def map_columns(headers: Sequence[str], overrides: Mapping[str, str] | None = None, table: str = "books") -> ColumnMap:
    """Finds the columns by their known names; `overrides` says field → header ('' for "leave this field out").

    Raises InvalidInput for an unknown field or header, and when a field is missing that the table needs.
    """
    columns = find_columns(headers, overrides, table)
    for field in REQUIRED[table]:
        if field not in columns.indexes:
            words, code = _MISSING[field]
            raise InvalidInput(
                words.format(names=_listed(headers)),
                advice=_("Say which column it is: {field}=HEADER.").format(field=field),
                code=code,
            )
    return columns


def find_columns(headers: Sequence[str], overrides: Mapping[str, str] | None = None, table: str = "books") -> ColumnMap:
    """As `map_columns`, whether or not everything that is needed is there."""
    fields, wanted = TABLE_FIELDS[table], overrides or {}
    plain = [_plain(header) for header in headers]
    indexes: dict[str, int] = {}
    for name, field in fields.items():
        header = wanted.get(name)
        if header is None:
            found = next((plain.index(known) for known in field.known_headers if known in plain), None)
        else:
            found = _index_of(header, headers, plain) if header else None
        if found is not None:
            indexes[name] = found
    for name in wanted:
        if name not in fields:
            raise InvalidInput(
                _("There is no field “{name}”. The fields are: {names}.").format(name=name, names=", ".join(fields)),
                code="no_field",
            )
    return ColumnMap(indexes, tuple(headers))


def _listed(headers: Sequence[str]) -> str:
    """The names for a sentence: a file of another kind may have one of millions of characters."""
    names = [_named(index, header) for index, header in enumerate(headers[:SHOWN])]
    short = [name if len(name) <= SHOWN_NAME else f"{name[:SHOWN_NAME]}…" for name in names]
    return ", ".join([*short, "…"] if len(headers) > SHOWN else short)


def _named(index: int, header: str) -> str:
    return header or _("(column {number})").format(number=index + 1)


def _plain(header: str) -> str:
    return _NOISE.sub("", header.casefold())


def _index_of(wanted: str, headers: Sequence[str], plain: Sequence[str]) -> int:
    """The column of a header as it is written, else of one that differs only in case, spaces and hyphens."""
    if wanted in headers:
        return headers.index(wanted)
    if _plain(wanted) in plain:
        return plain.index(_plain(wanted))
    raise InvalidInput(
        _("There is no column “{name}”. The columns are: {names}.").format(name=wanted, names=_listed(headers)),
        code="no_column",
    )
