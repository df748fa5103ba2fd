"""Finds the authors that a file names, and makes those that are not there yet.

Invariant: two names are one author only when they are equal, character by character, after collapsing; names that
differ in case or accents alone are noted and never merged.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from sqlalchemy import select

from desk.catalog.keys import author_key
from desk.catalog.models import Author
from desk.operations.bulk import insert_rows, take_ids

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy.orm import Session

KEYS_AT_ONCE = 1000


class AuthorIndex:
    """The authors met so far: `made` and `matched` are their ids; `doubles` pairs of names, a new one first."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._names: dict[str, str] = {}
        self._is_empty: bool | None = None
        self.made: set[int] = set()
        self.matched: set[int] = set()
        self.doubles: dict[tuple[str, str], None] = {}

    def forget(self) -> None:
        """Drops what may have changed since: the transaction that it was read in is over."""
        self._ids.clear()
        self._names.clear()
        self._is_empty = None

    def resolve(self, session: Session, names: Iterable[str]) -> dict[str, int]:
        """Name → id of every author met so far, once authors are made for the `names` that have none."""
        unknown = {name: author_key(name) for name in names if name not in self._ids}
        self._find(session, unknown)
        new = [(name, key) for name, key in unknown.items() if name not in self._ids]
        rows = []
        for author_id, (name, key) in zip(take_ids(session, "authors", len(new)), new, strict=True):
            rows.append((author_id, name, key, None, None, None))
            self._ids[name] = author_id
            self.made.add(author_id)
            other = self._names.setdefault(key, name)
            if other != name:
                self.doubles[name, other] = None
        insert_rows(session, "authors", rows)
        return self._ids

    def _find(self, session: Session, unknown: dict[str, str]) -> None:
        """Reads the authors whose keys are among the unknown; of several with one name the oldest counts."""
        if self._is_empty is None:
            self._is_empty = session.execute(select(Author.id).limit(1)).first() is None
        if self._is_empty:
            return  # whoever is there now was made here
        for some in _runs(dict.fromkeys(unknown.values()), KEYS_AT_ONCE):
            statement = select(Author.id, Author.name, Author.name_key).where(Author.name_key.in_(some))
            for author_id, name, key in session.execute(statement.order_by(Author.id)):
                self._names.setdefault(key, name)
                if name in unknown and name not in self._ids:
                    self._ids[name] = author_id
                    if author_id not in self.made:
                        self.matched.add(author_id)


def _runs(items: Iterable[str], length: int) -> Iterator[list[str]]:
    left = iter(items)
    while run := list(islice(left, length)):
        yield run
