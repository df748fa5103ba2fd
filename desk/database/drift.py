"""Tells in words where a catalogue's tables differ from the models (Alembic's comparison); changes nothing.

Tables that are not Desk's are not looked at, and comments are nobody's business but their writer's.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy.exc import SAWarning

from desk.catalog.models import Base
from desk.catalog.searching import SEARCH_INDEXES
from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, MetaData


def comparing(metadata: MetaData) -> dict[str, Any]:
    """How Alembic's context compares: types, defaults, and only what is ours."""
    return {
        "target_metadata": metadata,
        "compare_type": True,
        "compare_server_default": _defaults_differ,
        "include_object": _is_ours,
    }


def drift(connection: Connection, version_table: str) -> tuple[str, ...]:
    """One sentence for each difference between the models and the tables behind a connection; () for none."""
    options = {**comparing(Base.metadata), "version_table": version_table}
    context = MigrationContext.configure(connection, opts=options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # of what it cannot look at: indexes of expressions in files
        found = compare_metadata(context, Base.metadata)
    return tuple(_words(one) for one in _flat(found) if "comment" not in one[0])


def _flat(differences: list[Any]) -> Iterator[tuple[Any, ...]]:
    """Alembic puts the changes of one column into a list of their own."""
    for one in differences:
        if isinstance(one, list):
            yield from one
        else:
            yield one


_SENTENCES = {
    "add_table": _("The table {table} is missing."),
    "add_column": _("The column {table}.{name} is missing."),
    "remove_column": _("The column {table}.{name} is not in the models."),
    "add_index": _("The index {name} of {table} is missing."),
    "remove_index": _("The index {name} of {table} is not in the models."),
    "add_constraint": _("The constraint {name} of {table} is missing."),
    "remove_constraint": _("The constraint {name} of {table} is not in the models."),
    "add_fk": _("The foreign key {name} of {table} is missing."),
    "remove_fk": _("The foreign key {name} of {table} is not in the models."),
    "modify_type": _("The column {table}.{name} has the type {found}; the models say {wanted}."),
    "modify_nullable": _("The column {table}.{name} differs from the models in whether it may be empty."),
    "modify_default": _("The column {table}.{name} has another default than in the models."),
}


def _words(difference: tuple[Any, ...]) -> str:
    """A difference as Alembic gives it: (kind, what) of things, (kind, schema, table, column, …, found, wanted) of a
    column's properties, (kind, schema, table, column) of columns."""
    kind, *rest = difference
    sentence = _SENTENCES.get(kind, _("{kind}: {name}"))
    if kind.startswith("modify_"):
        return sentence.format(table=rest[1], name=rest[2], found=rest[-2], wanted=rest[-1])
    if kind.endswith("_column"):
        return sentence.format(table=rest[1], name=rest[2].name)
    thing = rest[0]
    table = getattr(thing, "table", None)
    return sentence.format(kind=kind, name=thing.name, table=thing.name if table is None else table.name)


def _is_ours(thing: Any, _name: str | None, kind: str, reflected: bool, _other: Any) -> bool:
    if kind == "index" and reflected:
        return thing.name not in SEARCH_INDEXES.values()  # no revision makes them
    return not (kind == "table" and reflected and thing.name not in Base.metadata.tables)


def _defaults_differ(
    _context: Any, _inspected: Any, _column: Any, in_database: str | None, _default: Any, in_models: str | None
) -> bool:
    """Whether two server defaults differ in more than brackets, quotes and casts."""
    return _bare(in_database) != _bare(in_models)


def _bare(default: str | None) -> str | None:
    return None if default is None else default.partition("::")[0].strip("()'\"")
