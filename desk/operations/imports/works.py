"""Which records of a file are one book: those with the same work key, wherever they stand.

Invariant: the first record gives the book; a later one adds its people, and what else it says is the same or refused.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING

from desk.errors import InvalidInput
from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desk.operations.imports.book_fields import BookDraft, Who

_FIELDS = ("title", "published_year", "language", "isbn", "price", "notes")
_PRINTS = struct.Struct(f"{len(_FIELDS)}q")


@dataclass(slots=True)
class Work:
    """A book that several records may give; `line` is that of the first, `prints` what that one says.

    Once it is written: its book's id, the batch that it was written in, and the (author id, role) of everyone in it,
    the main entry first if there is one. `is_there` tells that the catalogue had it, so that it is left out.
    """

    line: int
    prints: bytes
    book_id: int = 0
    batch: int = 0
    positions: int = 0
    people: list[tuple[int, str]] = field(default_factory=list)
    is_there: bool = False


@dataclass(slots=True)
class Chunk:
    """Some records in the order of the file: `drafts` begin books (with their line and, by key, their work), `added`
    are (line, work, record) of books that earlier records began."""

    drafts: list[BookDraft] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    works: list[Work | None] = field(default_factory=list)
    added: list[tuple[int, Work, BookDraft]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.drafts or self.added)

    def begin(self, line: int, draft: BookDraft, work: Work | None = None) -> None:
        self.drafts.append(draft)
        self.lines.append(line)
        self.works.append(work)

    def without(self, places: set[int]) -> Chunk:
        """The chunk without some of its drafts and what belongs to their works."""
        for place in places:
            work = self.works[place]
            if work is not None:
                work.is_there = True
        kept = [place for place in range(len(self.drafts)) if place not in places]
        return Chunk(
            [self.drafts[place] for place in kept],
            [self.lines[place] for place in kept],
            [self.works[place] for place in kept],
            [one for one in self.added if not one[1].is_there],
        )

    def people(self) -> dict[Who, None]:
        """Everyone, in the order of the file."""
        met: dict[Who, None] = {}
        for draft in self._in_order() if self.added else self.drafts:
            if draft.author is not None:
                met[draft.author] = None
            for who, _role in draft.others:
                met[who] = None
        return met

    def _in_order(self) -> list[BookDraft]:
        records = [*zip(self.lines, self.drafts, strict=True), *((line, draft) for line, _work, draft in self.added)]
        return [draft for _line, draft in sorted(records, key=itemgetter(0))]


class WorkIndex:
    """The works met so far, by key."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers
        self._works: dict[str, Work] = {}

    def join(self, line: int, draft: BookDraft) -> tuple[Work, bool]:
        """The work of a record, and whether the record begins it.

        Raises InvalidInput, with the header, when a later record says something else than the first.
        """
        known = self._works.get(draft.work_key)
        if known is None:
            known = self._works[draft.work_key] = Work(line, _PRINTS.pack(*map(_print, _said(draft))))
            return known, True
        for name, value, before in zip(_FIELDS, _said(draft), _PRINTS.unpack(known.prints), strict=True):
            if value not in (None, "") and _print(value) != before:
                raise InvalidInput(
                    _("{header}: It is not that of line {line}, which has the same work key.").format(
                        header=self._headers[name], line=known.line
                    ),
                    code="work",
                )
        return known, False


def _print(value: object) -> int:
    """Of how it reads: the hash of -1 is that of -2."""
    return hash(repr(value))


def _said(draft: BookDraft) -> tuple[object, ...]:
    return (draft.title, draft.published_year, draft.language, draft.isbn, draft.price, draft.notes)
