"""The statements that make two authors one. Nothing here executes. The parameter `ids` are those of books."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, exists, func, or_, select, union_all, update

from desk.catalog.conditions import among
from desk.catalog.contributors import AUTHOR
from desk.catalog.sources import BOOKS
from desk.catalog.unit_queries import ENTRIES

if TYPE_CHECKING:
    from sqlalchemy import CompoundSelect, Delete, Select, Update

    Statement = Select[*tuple[Any, ...]]

E = ENTRIES.c


def contribution_counts_select() -> Statement:
    """(author id, number of added entries) of those of the authors in `ids` who have any."""
    return select(E.author_id, func.count()).where(among(E.author_id)).group_by(E.author_id)


def books_of_select(author_id: int) -> Statement:
    """The ids of the books under a main entry, in their order."""
    return select(BOOKS.c.id).where(BOOKS.c.author_id == author_id).order_by(BOOKS.c.id)


def entries_of_select(author_id: int) -> Statement:
    """(book id, author id, role) of an author's added entries."""
    return select(E.book_id, E.author_id, E.role).where(E.author_id == author_id)


def doubled_select(kept: int, gone: int) -> CompoundSelect[*tuple[Any, ...]]:
    """(book id, author id, role) of the added entries that would say twice, once `gone` is `kept`, that a person has a
    part in a book. To be an author beside one's own main entry is such a part, too."""
    twin = ENTRIES.alias("twin")
    has_twin = exists().where(twin.c.book_id == E.book_id, twin.c.author_id == kept, twin.c.role == E.role)
    joined = select(E.book_id, E.author_id, E.role).join_from(ENTRIES, BOOKS, BOOKS.c.id == E.book_id)
    return union_all(
        joined.where(E.author_id == gone, or_(has_twin, and_(E.role == AUTHOR, BOOKS.c.author_id == kept))),
        joined.where(E.author_id == kept, E.role == AUTHOR, BOOKS.c.author_id == gone),
    )


def main_entry_update(kept: int, gone: int) -> Update:
    """Moves the main entries of books; they are changed books then."""
    return _changed_books().where(BOOKS.c.author_id == gone).values(author_id=kept)


def version_update() -> Update:
    """Notes that something of books changed that they do not hold themselves."""
    return _changed_books()


def entry_delete(book_id: int, author_id: int, role: str) -> Delete:
    """Deletes one added entry."""
    return delete(ENTRIES).where(E.book_id == book_id, E.author_id == author_id, E.role == role)


def entries_update(kept: int, gone: int) -> Update:
    """Moves all added entries that books have of an author."""
    return update(ENTRIES).where(among(E.book_id), E.author_id == gone).values(author_id=kept)


def _changed_books() -> Update:
    return update(BOOKS).where(among(BOOKS.c.id)).values(version=BOOKS.c.version + 1)
