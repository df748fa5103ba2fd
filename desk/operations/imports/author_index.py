"""Finds the authors that a file names, and makes those that are not there yet.

Invariant: two names are one author only when they are equal, character by character, after collapsing; names that
differ in case or accents alone are noted and never merged. Someone who is known by a key is the one with that key and
nobody else: of those that the catalogue had, one of the same name (and years, where a file of authors gives them) that
no other key has taken.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from desk.catalog.keys import author_key
from desk.catalog.models import Author
from desk.operations.imports.book_fields import KeyedAuthor
from desk.operations.imports.bulk import RowWriter
from desk.operations.imports.import_figures import Counter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy.orm import Session

    from desk.operations.imports.book_fields import Who

KEYS_AT_ONCE = 1000


class _There(NamedTuple):
    """An author that the catalogue has."""

    id: int
    name: str
    name_key: str
    birth_year: int | None
    death_year: int | None


class AuthorIndex:
    """The authors met so far: `made` and `matched` are their ids; `doubles` pairs of names, a new one first;
    `notes_left` the names of those who were there with other notes than the file has."""

    def __init__(self, rows: RowWriter | None = None) -> None:
        self._rows = rows or RowWriter()
        self._by_name: dict[str, int] = {}
        self._by_key: dict[str, int] = {}
        self._names: dict[str, str] = {}
        self._is_empty: bool | None = None
        self._taken: set[int] = set()
        self.made: set[int] = set()
        self.matched: set[int] = set()
        self.doubles: dict[tuple[str, str], None] = {}
        self.notes_left = Counter[str]()

    def forget(self) -> None:
        """Drops what may have changed since: the transaction that it was read in is over. Keys stay who they are."""
        self._by_name.clear()
        self._names.clear()
        self._is_empty = None

    def resolve(
        self, session: Session, people: Iterable[Who], notes: Mapping[Who, str | None] | None = None
    ) -> dict[Who, int]:
        """Everyone's id, once authors are made for those who are not there; `notes` are for the new ones.

        Who comes first in `people` does so in the catalogue, and whether they come at once or one by one makes no
        difference.
        """
        met = dict.fromkeys(people)
        unknown = {who: author_key(_name(who)) for who in met if not self._knows(who)}
        there = self._find(session, unknown)
        new: list[Who] = []
        named: dict[str, Who] = {}
        for who, key in unknown.items():
            name, known = _name(who), there.get(key, ())
            found = self._match(who, known) if known else None
            if found is not None:
                self._remember(who, found.id)
                if found.id not in self.made:
                    self.matched.add(found.id)
            elif isinstance(who, KeyedAuthor) or name not in named:
                new.append(who)
                self._note_double(who, key, known)
                if not known or all(one.name != name for one in known):
                    named.setdefault(name, who)
        self._make(session, new, unknown, notes or {})
        if notes:
            self._compare_notes(session, {self._id(who): (_name(who), note) for who, note in notes.items() if note})
        for name, who in named.items():  # a name without a key is the first one of that name
            self._by_name.setdefault(name, self._id(who))
        return {who: self._id(who) for who in met}

    def _find(self, session: Session, unknown: Mapping[Who, str]) -> dict[str, list[_There]]:
        """Key → the authors whom the catalogue has under it, the oldest first."""
        if unknown and self._is_empty is None:
            self._is_empty = session.execute(select(Author.id).limit(1)).first() is None
        there: dict[str, list[_There]] = {}
        if self._is_empty:
            return there  # whoever is there now was made here
        columns = (Author.id, Author.name, Author.name_key, Author.birth_year, Author.death_year)
        for some in _runs(dict.fromkeys(unknown.values()), KEYS_AT_ONCE):
            statement = select(*columns).where(Author.name_key.in_(some)).order_by(Author.id)
            for row in session.execute(statement):
                one = _There(*row)
                there.setdefault(one.name_key, []).append(one)
                self._names.setdefault(one.name_key, one.name)
        return there

    def _match(self, who: Who, known: Iterable[_There]) -> _There | None:
        """Of several the oldest; by key only one that was there before and that no other key has."""
        if isinstance(who, str):
            return next((one for one in known if one.name == who), None)
        for one in known:
            is_same = one.name == who.name and (
                not who.is_described or (one.birth_year, one.death_year) == (who.birth_year, who.death_year)
            )
            if is_same and one.id not in self.made and one.id not in self._taken:
                self._taken.add(one.id)
                return one
        return None

    def _note_double(self, who: Who, key: str, known: Iterable[_There]) -> None:
        """Two keys of one file are known to be two; by name everyone else may be the same."""
        name = _name(who)
        other = self._names.setdefault(key, name)
        if isinstance(who, KeyedAuthor):
            before = next((one.name for one in known if one.id not in self.made), None)
            if before is not None:
                self.doubles[name, before] = None
        elif other != name:
            self.doubles[name, other] = None

    def _make(self, session: Session, new: list[Who], keys: Mapping[Who, str], notes: Mapping[Who, str | None]) -> None:
        rows = []
        for author_id, who in zip(self._rows.take_ids(session, "authors", len(new)), new, strict=True):
            years = (who.birth_year, who.death_year) if isinstance(who, KeyedAuthor) else (None, None)
            rows.append((author_id, _name(who), keys[who], *years, notes.get(who)))
            self._remember(who, author_id)
            self.made.add(author_id)
        self._rows.insert(session, "authors", rows)

    def _compare_notes(self, session: Session, given: dict[int, tuple[str, str]]) -> None:
        """What the catalogue says stays; that the file says something else is told."""
        there = sorted(given.keys() & self.matched)
        for begin in range(0, len(there), KEYS_AT_ONCE):
            statement = select(Author.id, Author.notes).where(Author.id.in_(there[begin : begin + KEYS_AT_ONCE]))
            for author_id, kept in session.execute(statement.order_by(Author.id)):
                name, note = given[author_id]
                if kept != note:
                    self.notes_left.add(name)

    def _knows(self, who: Who) -> bool:
        return who in self._by_name if isinstance(who, str) else who.key in self._by_key

    def _id(self, who: Who) -> int:
        return self._by_name[who] if isinstance(who, str) else self._by_key[who.key]

    def _remember(self, who: Who, author_id: int) -> None:
        if isinstance(who, str):
            self._by_name[who] = author_id
        else:
            self._by_key[who.key] = author_id


def _name(who: Who) -> str:
    return who if isinstance(who, str) else who.name


def _runs(items: Iterable[str], length: int) -> Iterator[list[str]]:
    left = iter(items)
    while run := list(islice(left, length)):
        yield run
