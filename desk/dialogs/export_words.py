"""What an export says: what a view shows and in which order, what the choices mean, what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.catalog.columns import TABLES
from desk.i18n import _, ngettext
from desk.panels.filter_bar import describe

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from desk.catalog.criteria import Criteria
    from desk.operations.export_views import Exported

NEUTRALIZED = _(
    "Texts that a spreadsheet would run as a formula (they begin with =, +, - or @) get an apostrophe in front. "
    "Do not import such a file again: the apostrophes would stay."
)
WITH_AUTHORS = _(
    "All authors go into a second file beside it, with their years and notes: with all books in the first, importing "
    "both gives the same catalogue."
)


def authors_path(path: Path) -> Path:
    """The second file, that of the authors: NAME.authors.csv beside NAME.csv."""
    return path.with_name(f"{path.stem}.authors{path.suffix}")


def exported_words(files: Sequence[Exported]) -> str:
    """What was written, for a person."""
    said = [
        ngettext("{count:,} row is in {name}.", "{count:,} rows are in {name}.", file.rows).format(
            count=file.rows, name=file.path.name
        )
        for file in files
    ]
    neutralized = sum(file.neutralized for file in files)
    if neutralized:
        said.append(
            ngettext("{count:,} text was neutralized.", "{count:,} texts were neutralized.", neutralized).format(
                count=neutralized
            )
        )
    return " ".join(said)


def criteria_lines(criteria: Criteria) -> list[str]:
    """What a view shows and in which order, for a person."""
    description = TABLES[criteria.table]
    conditions = [describe(description, one) for one in criteria.filters]
    if criteria.search:
        conditions.insert(0, _("found by “{text}”").format(text=criteria.search))
    sorts = criteria.sorts or (description.default_sort,)
    order = ", ".join(
        (_("{column} (descending)") if sort.descending else "{column}").format(
            column=description.column(sort.column).header
        )
        for sort in sorts
    )
    only = _("Only: {conditions}").format(conditions="; ".join(conditions)) if conditions else _("All of them")
    return [only, _("In the order of {order}").format(order=order)]
