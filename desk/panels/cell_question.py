"""What has to be asked or told before many cells are changed: words, a list, and what can be chosen.

Panels make questions; whoever shows them answers each exactly once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desk.i18n import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from desk.catalog.cell_values import Refusal
    from desk.catalog.rows import AuthorRef

CANCEL = ""
ADD, LEAVE, REST, CREATE = "add", "leave", "rest", "create"
"""The names of choices: new records, without them, the rest, new authors."""


@dataclass(frozen=True, slots=True)
class CellQuestion:
    """`choices` maps names to the texts of buttons; none: there is nothing to choose, it is only told. `answer` gets
    the name of the chosen one, or CANCEL."""

    text: str
    more: str
    lines: tuple[str, ...]
    choices: Mapping[str, str]
    answer: Callable[[str], None]


def ask_about_rows(new: int, rest: int, answer: Callable[[str], None]) -> CellQuestion:
    """Whether rows beyond the last one become new records; `rest` rows lie before."""
    choices = {
        ADD: ngettext("&Add {count:,} new record", "&Add {count:,} new records", new).format(count=new),
        LEAVE: _("&Leave them out"),
    }
    if not rest:
        del choices[LEAVE]
    text = ngettext(
        "{count:,} row goes beyond the last row of the view.", "{count:,} rows go beyond the last row of the view.", new
    )
    return CellQuestion(text.format(count=new), _("Nothing is saved before you commit."), (), choices, answer)


def ask_about_authors(
    unknown: Sequence[str], several: Mapping[str, Sequence[AuthorRef]], answer: Callable[[str], None]
) -> CellQuestion:
    """What to do about names that nobody has, and names that several authors have."""
    lines = [_("{name}: nobody has this name").format(name=name) for name in unknown]
    lines += [
        ngettext("{name}: {count} author has this name", "{name}: {count} authors have this name", len(found)).format(
            name=name, count=len(found)
        )
        for name, found in several.items()
    ]
    more = _("A new author is saved with your next commit.") if unknown else ""
    if several:
        more = f"{more} {_('Cells whose name several authors have are left as they are: choose the author there.')}"
    choices = {LEAVE: _("&Leave these cells")}
    if unknown:
        count = len(unknown)
        make = ngettext("&Create {count:,} new author", "&Create {count:,} new authors", count).format(count=count)
        choices = {CREATE: make, **choices}
    return CellQuestion(_("Some authors are not clear."), more.strip(), tuple(lines), choices, answer)


def ask_about_refused(refused: Sequence[Refusal], rest: int, answer: Callable[[str], None]) -> CellQuestion:
    """Whether the `rest` of the cells is taken although some are not."""
    count = len(refused)
    text = ngettext("{count:,} cell cannot be taken.", "{count:,} cells cannot be taken.", count).format(count=count)
    if any(not one.row for one in refused):
        text = _("Some cells cannot be taken.")
    more = _("Nothing was changed yet.") if rest else _("Nothing was changed.")
    take = ngettext("&Take the other cell", "&Take the other {count:,} cells", rest).format(count=rest)
    choices = {REST: take} if rest else {}
    return CellQuestion(text, more, tuple(one.words for one in refused), choices, answer)
