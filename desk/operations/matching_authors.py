"""Finds out which authors are meant by names, however many, in one statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from desk.catalog.keys import author_key
from desk.catalog.models import Author
from desk.catalog.rows import AuthorRef
from desk.operations.retrying import again_when_lost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desk.database.sessions import Sessions


@again_when_lost
def match_authors(*, sessions: Sessions, names: Sequence[str]) -> dict[str, tuple[AuthorRef, ...]]:
    """Name → the authors of the same key, the oldest first; a name that nobody has is missing."""
    by_key: dict[str, list[AuthorRef]] = {}
    keys = {name: author_key(name) for name in names}
    statement = (
        select(Author.id, Author.name, Author.name_key)
        .where(Author.name_key.in_(sorted(set(keys.values()))))
        .order_by(Author.id)
    )
    with sessions.reading("match authors") as session:
        for author_id, name, key in session.execute(statement):
            by_key.setdefault(key, []).append(AuthorRef(author_id, name))
    return {name: tuple(by_key[key]) for name, key in keys.items() if key in by_key}
