"""Which edits of earlier runs are taken over: pure choices over what was found. No Qt, no SQL.

Invariant: records that a link to a new author joins are chosen together, and of two edits that would meet in one record
at most one is chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from desk.catalog.edits import Checked, Edit, EditKind, EditState, RecordKey
from desk.catalog.rows import AuthorRef, ContributionRow

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence


class Item(NamedTuple):
    """A record of a draft, which is known by its number."""

    draft: int
    key: RecordKey


class RecoveryChoice:
    """What is chosen of some drafts: at first everything, but for what is `elsewhere` (the numbers of drafts of another
    place), saved already, or also in a draft before."""

    def __init__(self, drafts: Sequence[Iterable[Checked]], elsewhere: Collection[int] = ()) -> None:
        self._edits = {
            Item(number, one.edit.key): one.edit
            for number, draft in enumerate(drafts)
            for one in draft
            if one.state is not EditState.SAVED
        }
        self._groups = self._joined(len(drafts))
        self._rivals = self._found_rivals()
        self._chosen: set[Item] = set()
        for item in self._edits:
            if item.draft not in elsewhere and not self._has_chosen_rival(item):
                self.choose(item, wanted=True)

    def can_choose(self, item: Item) -> bool:
        """Whether there is something to choose: what is saved already needs nothing."""
        return item in self._edits

    def is_chosen(self, item: Item) -> bool:
        return item in self._chosen

    def choose(self, item: Item, *, wanted: bool) -> None:
        """Chooses a record or not, with those that a new author joins to it; its rivals are not chosen any more."""
        group = self._groups[item]
        if not wanted:
            self._chosen -= group
            return
        for one in group:
            for rival in self._rivals[one]:
                self._chosen -= self._groups[rival]
        self._chosen |= group

    def choose_all(self, draft: int, *, wanted: bool) -> None:
        """Chooses all records of a draft, or none."""
        for item in self._edits:
            if item.draft == draft:
                self.choose(item, wanted=wanted)

    def edits(self, draft: int) -> tuple[Edit, ...]:
        """What is chosen of a draft, in its order."""
        return tuple(edit for item, edit in self._edits.items() if item.draft == draft and item in self._chosen)

    def __len__(self) -> int:
        return len(self._chosen)

    def _has_chosen_rival(self, item: Item) -> bool:
        return any(self._rivals[one] & self._chosen for one in self._groups[item])

    def _joined(self, drafts: int) -> dict[Item, frozenset[Item]]:
        """Each item's group: what a link to a new author joins, in one draft."""
        groups = {}
        for number in range(drafts):
            mine = [edit for item, edit in self._edits.items() if item.draft == number]
            for group in joined_by_links(mine):
                items = frozenset(Item(number, key) for key in group)
                groups.update(dict.fromkeys(items, items))
        return groups

    def _found_rivals(self) -> dict[Item, frozenset[Item]]:
        """For each item those of other drafts that are about the same record."""
        meeting: dict[Hashable, set[Item]] = {}
        for item, edit in self._edits.items():
            meeting.setdefault(_about(edit), set()).add(item)
        return {
            item: frozenset(other for other in meeting[_about(edit)] if other.draft != item.draft)
            for item, edit in self._edits.items()
        }


def joined_by_links(edits: Sequence[Edit]) -> list[frozenset[RecordKey]]:
    """The records of some edits, in groups that only make sense together: a new author and who links to it."""
    group_of: dict[RecordKey, set[RecordKey]] = {}
    for edit in edits:
        group = {edit.key, *new_authors_of(edit)}
        for key in tuple(group):
            group |= group_of.get(key, set())
        group_of.update(dict.fromkeys(group, group))
    known = {edit.key for edit in edits}
    return list(dict.fromkeys(frozenset(group & known) for key, group in group_of.items() if key in known))


def new_authors_of(edit: Edit) -> Iterator[RecordKey]:
    """The new authors to whom the values of an edit link."""
    for value in edit.values.values():
        for link in _links(value):
            if link.id < 0:
                yield RecordKey("authors", link.id)


def _links(value: Any) -> Iterator[AuthorRef]:
    if isinstance(value, AuthorRef):
        yield value
    elif isinstance(value, tuple):
        yield from (one.author for one in value if isinstance(one, ContributionRow))


def _about(edit: Edit) -> Hashable:
    """What two edits have in common that cannot both be taken over: the record, or all of a new one."""
    if edit.key.id > 0 or edit.kind is not EditKind.INSERT:
        return edit.key
    return edit.key.table, frozenset((name, repr(value)) for name, value in edit.values.items())
