"""Reads single records with everything the details panel shows, and finds authors for the picker."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

from desk.catalog import queries
from desk.catalog.rows import (
    AuthorDetails,
    AuthorRef,
    AuthorRow,
    BookDetails,
    BookRow,
    ContributionRow,
    Details,
)
from desk.errors import DataConflict
from desk.i18n import _
from desk.operations.retrying import again_when_lost

if TYPE_CHECKING:
    from collections.abc import Callable

    from desk.catalog.models import Author, Book
    from desk.database.sessions import Sessions

FOUND_AUTHORS = 20


@again_when_lost
def load_details(*, sessions: Sessions, table: str, record_id: int) -> Details:
    """One record with what belongs to it; raises DataConflict when it is gone."""
    return _LOADERS[table](sessions, record_id)


@again_when_lost
def find_authors(*, sessions: Sessions, text: str, limit: int = FOUND_AUTHORS) -> tuple[AuthorRef, ...]:
    """The authors whose name holds the text, those that start with it first."""
    with sessions.reading("find authors") as session:
        found = session.execute(queries.find_authors_select(text, limit))
        return tuple(AuthorRef(author_id, name) for author_id, name in found)


def _book_details(sessions: Sessions, record_id: int) -> BookDetails:
    with sessions.reading("load book") as session:
        book: Book | None = session.execute(queries.book_select(record_id)).scalar_one_or_none()
        if book is None:
            raise _gone()
        author = book.author
        return BookDetails(
            row=BookRow(
                book.id, book.version, book.title, AuthorRef(author.id, author.name) if author else None,
                book.published_year, book.isbn, book.language, book.price, book.updated_at,
                "; ".join(one.author.name for one in book.contributions),
            ),
            notes=book.notes,
            created_at=book.created_at,
            contributions=tuple(
                ContributionRow(AuthorRef(one.author.id, one.author.name), one.role, place)
                for place, one in enumerate(book.contributions)
            ),
        )  # fmt: skip


def _author_details(sessions: Sessions, record_id: int) -> AuthorDetails:
    with sessions.reading("load author") as session:
        author: Author | None = session.execute(queries.author_select(record_id)).scalar_one_or_none()
        if author is None:
            raise _gone()
        books, first, last, price_sum, priced = session.execute(queries.author_sums_select(record_id)).one()
        return AuthorDetails(
            row=AuthorRow(
                author.id, author.version, author.name, author.birth_year, author.death_year, author.updated_at,
                books,
            ),
            notes=author.notes,
            created_at=author.created_at,
            books=books,
            first_year=first,
            last_year=last,
            price_sum=price_sum,
            price_mean=_mean(price_sum, priced),
        )  # fmt: skip


def _mean(total: Decimal | None, count: int) -> Decimal | None:
    if total is None or not count:
        return None
    return (total / count).quantize(Decimal("0.01"), ROUND_HALF_EVEN)


def _gone() -> DataConflict:
    return DataConflict(_("This record was deleted elsewhere."), advice=_("Refresh the view."), code="gone")


_LOADERS: dict[str, Callable[[Sessions, int], Details]] = {"books": _book_details, "authors": _author_details}
