"""Who the author keys of a file are: the file of authors says it, or else the first row that has the key and a name.

Invariant: one key is one author with one name, whatever other rows say; rows that spell it otherwise are counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.errors import InvalidInput
from desk.i18n import _
from desk.operations.imports.import_figures import Counter

if TYPE_CHECKING:
    from desk.operations.imports.book_fields import BookDraft, KeyedAuthor, Who


class AuthorKeys:
    """Everyone met so far who has a key; `respelled` has the line of every other spelling."""

    def __init__(self) -> None:
        self._known: dict[str, KeyedAuthor] = {}
        self.respelled = Counter[int]()

    def describe(self, author: KeyedAuthor) -> None:
        """Takes an author of a file of authors. Raises InvalidInput when an earlier line had the key."""
        if author.key in self._known:
            raise InvalidInput(_("An earlier line has the author key “{key}”.").format(key=author.key), code="twice")
        self._known[author.key] = author

    def settle(self, line: int, draft: BookDraft) -> BookDraft:
        """The draft with everyone who has a key as the key says. Raises InvalidInput for a key without any name."""
        author = None if draft.author is None else self._meant(line, draft.author)
        if not draft.others:
            return draft if author is draft.author else draft._replace(author=author)
        others = tuple((self._meant(line, who), role) for who, role in draft.others)
        return draft._replace(author=author, others=others)

    def _meant(self, line: int, who: Who) -> Who:
        if isinstance(who, str):
            return who
        known = self._known.get(who.key)
        if known is None:
            if not who.name:
                raise InvalidInput(
                    _("Nothing says who has the author key “{key}”.").format(key=who.key), code="no_name"
                )
            known = self._known[who.key] = who
        if who.name not in ("", known.name):
            self.respelled.add(line)
        return known
