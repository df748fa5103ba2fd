"""Single records with all that belongs to them, in at most two statements, and the author picker."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import InvalidRequestError

from desk.catalog import keys, queries
from desk.catalog.models import Author, Book
from desk.catalog.rows import AuthorDetails, BookDetails
from desk.errors import DataConflict
from desk.operations.records import find_authors, load_details
from tests.support.expected import everything
from tests.support.measuring import counting

if TYPE_CHECKING:
    from desk.operations.connect import OpenCatalogue
    from tests.support.library import Library


def test_a_book_comes_with_all_its_parts_in_two_statements(shared_catalogue: OpenCatalogue) -> None:
    known = everything(shared_catalogue)
    with_contributions = 0
    for one in known.books[:40]:
        with counting() as action:
            details = load_details(sessions=shared_catalogue.sessions, table="books", record_id=one["id"])
        assert isinstance(details, BookDetails)
        assert action.statements <= 2
        assert (details.row.title, details.row.price, details.notes) == (one["title"], one["price"], one["notes"])
        assert details.created_at == one["created_at"]
        assert [part.position for part in details.contributions] == list(range(len(details.contributions)))
        assert details.row.contributors == "; ".join(part.author.name for part in details.contributions)
        with_contributions += bool(details.contributions)
    assert with_contributions


def test_an_author_comes_with_sums_in_two_statements(shared_catalogue: OpenCatalogue) -> None:
    known = everything(shared_catalogue)
    for one in known.authors:
        with counting() as action:
            details = load_details(sessions=shared_catalogue.sessions, table="authors", record_id=one["id"])
        assert isinstance(details, AuthorDetails)
        assert action.statements <= 2
        books = [book for book in known.books if book["author_id"] == one["id"]]
        years = [book["published_year"] for book in books if book["published_year"] is not None]
        prices = [book["price"] for book in books if book["price"] is not None]
        assert details.books == details.row.books == len(books)
        assert (details.first_year, details.last_year) == (min(years, default=None), max(years, default=None))
        assert details.price_sum == (sum(prices, Decimal(0)) if prices else None)
        assert details.price_mean == (_mean(prices) if prices else None)
        assert details.notes == one["notes"]


def _mean(prices: list[Decimal]) -> Decimal:
    return (sum(prices, Decimal(0)) / len(prices)).quantize(Decimal("0.01"), ROUND_HALF_EVEN)


@pytest.mark.parametrize("table", ["books", "authors"])
def test_a_record_that_is_gone_says_so(shared_catalogue: OpenCatalogue, table: str) -> None:
    with pytest.raises(DataConflict) as gone:
        load_details(sessions=shared_catalogue.sessions, table=table, record_id=10**6)
    assert gone.value.code == "gone"
    assert gone.value.advice


def test_a_load_that_no_query_asked_for_raises(catalogue: OpenCatalogue, filled: Library) -> None:
    with catalogue.sessions.reading("touch") as session:
        book = session.get(Book, filled.book_ids[0])
        author = session.get(Author, filled.author_ids[0])
        assert book is not None
        assert author is not None
        for record, name in ((book, "author"), (book, "contributions"), (author, "books"), (author, "contributions")):
            with pytest.raises(InvalidRequestError, match="raise"):
                getattr(record, name)


def test_a_column_that_a_query_left_out_raises(catalogue: OpenCatalogue, filled: Library) -> None:
    known = everything(catalogue)
    entered = next(one["id"] for one in known.books if one["author_id"] is not None)
    with catalogue.sessions.reading("touch") as session:
        book: Book = session.execute(queries.book_select(entered)).scalar_one()
        assert book.author is not None
        with pytest.raises(InvalidRequestError, match="raise"):
            _ = book.author.notes


def test_the_picker_puts_names_that_start_with_the_text_first(shared_catalogue: OpenCatalogue) -> None:
    found = find_authors(sessions=shared_catalogue.sessions, text="O", limit=100)
    starts = [keys.author_key(one.name).startswith("o") for one in found]
    assert any(starts)
    assert not all(starts)
    assert starts == sorted(starts, reverse=True)


@pytest.mark.parametrize("text", ["GARCIA", "garcía", "%", "_", "/", "\\", "'", "紫", "100% anon_"])
def test_the_picker_finds_what_the_keys_hold(shared_catalogue: OpenCatalogue, text: str) -> None:
    known = everything(shared_catalogue)
    wanted = {one["id"] for one in known.authors if keys.normalized(text) in one["name_key"]}
    found = find_authors(sessions=shared_catalogue.sessions, text=text, limit=100)
    assert {one.id for one in found} == wanted


def test_the_picker_is_limited_and_takes_one_statement(shared_catalogue: OpenCatalogue) -> None:
    with counting() as action:
        assert len(find_authors(sessions=shared_catalogue.sessions, text="", limit=5)) == 5
    assert action.statements == 1


def test_the_picker_answers_any_length(shared_catalogue: OpenCatalogue) -> None:
    assert find_authors(sessions=shared_catalogue.sessions, text="x" * 100_000) == ()
