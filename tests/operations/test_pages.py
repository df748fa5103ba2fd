"""Pages, totals and marks equal one list sorted in Python, whatever the filter and the order."""

from __future__ import annotations

import random
from decimal import Decimal
from itertools import permutations, product
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from desk.catalog import view_queries
from desk.catalog.columns import TABLES
from desk.catalog.criteria import Criteria, Filter, Op, Sort
from desk.catalog.orders import order_of
from desk.catalog.paging import Mark, PageRequest
from desk.catalog.rows import AuthorRef, AuthorRow, BookRow
from desk.database.prepared import Prepared
from desk.operations import pages
from desk.operations.pages import count_rows, count_tables, load_page, walk_marks
from tests.support.expected import Everything, everything
from tests.support.measuring import counting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.orm import Session

    from desk.operations.connect import OpenCatalogue
    from tests.support.library import Library
    from tests.support.measuring import Activity

SORTABLE = {table.name: [one.name for one in table.columns if one.sortable] for table in TABLES.values()}
SINGLES = [(table, (Sort(column, down),)) for table in TABLES for column in SORTABLE[table] for down in (False, True)]
SEARCHES = ("", "", "garcia", "MÁRQUEZ", "the hobbit", "hob", "が", "か", "%", "_", "/", "\\", "’", "οδυσσεια", "zzz")
CHOICES: dict[str, tuple[Any, ...]] = {
    "title": ("hobbit", "The Hobbit", "100 % sure_ly", "%", "_", "/", "\\", "がか", ""),
    "author": ("tolkien", "Woolf, Virginia", "100%", "_", "紫"),
    "name": ("tolkien", "Woolf, Virginia", "100%", "_", "紫"),
    "isbn": ("9780261103344", "978", "0%", "_"),
    "language": ("en", "E", "_", ""),
    "published_year": (-720, 1605, 1925, 2020),
    "birth_year": (-750, 1899, 1927),
    "death_year": (-700, 1973),
    "price": (Decimal("0.00"), Decimal("0.01"), Decimal("12.50"), Decimal("9999999999.99")),
}


def walked(catalogue: OpenCatalogue, criteria: Criteria, limit: int) -> list[int]:
    """The ids of a view, page after page, each from the end of the one before."""
    ids: list[int] = []
    mark: Mark | None = None
    while True:
        page = load_page(sessions=catalogue.sessions, request=PageRequest(criteria, len(ids), limit, mark))
        ids += [row.id for row in page.rows]
        if page.is_last:
            return ids
        assert page.end is not None
        assert page.end.position == len(ids)
        mark = page.end


def check_view(catalogue: OpenCatalogue, known: Everything, criteria: Criteria, chance: random.Random) -> None:
    """Walks, jumps and counts agree with the list made in Python."""
    ids = known.ids(criteria)
    assert walked(catalogue, criteria, chance.choice((11, 23, 200))) == ids, criteria
    assert count_rows(sessions=catalogue.sessions, criteria=criteria) == len(ids), criteria
    every = chance.choice((7, 20))
    marks = walk_marks(sessions=catalogue.sessions, criteria=criteria, mark=None, every=every, seconds=60).marks
    if not view_queries.is_all_by_author(criteria):  # that brings the places of some authors
        assert len(marks) == (len(ids) // every if order_of(criteria).is_indexed else 0)
    for position in {0, len(ids), chance.randrange(len(ids) + 1), chance.randrange(len(ids) + 1)}:
        limit = chance.choice((1, 5, 31))
        before = [mark for mark in marks if mark.position <= position]
        for mark in (None, before[-1] if before else None):
            request = PageRequest(criteria, position, limit, mark)
            page = load_page(sessions=catalogue.sessions, request=request)
            assert [row.id for row in page.rows] == ids[position : position + limit], request


def random_filter(table: str, column: str, op: Op, known: Everything, chance: random.Random) -> Filter:
    if op in (Op.EMPTY, Op.NO_BOOKS):
        return Filter(column, op)
    if op is Op.HAS_BOOK_OVER:
        return Filter(column, op, Decimal("12.49"))
    if op is Op.EQUALS and column == "author" and chance.random() < 0.5:
        author = chance.choice(known.authors)
        return Filter(column, op, AuthorRef(author["id"], author["name"]))
    values = CHOICES[column]
    if op is Op.RANGE:
        return Filter(column, op, chance.choice((None, *values)), chance.choice((None, *values)))
    if op is Op.EQUALS and column == "title":
        return Filter(column, op, chance.choice(known.books)["title"])
    return Filter(column, op, chance.choice(values))


def offered_filters() -> Iterator[tuple[str, str, Op]]:
    for table in TABLES.values():
        for column in table.columns:
            for op in column.filters:
                yield table.name, column.name, op


@pytest.mark.parametrize(("table", "sorts"), SINGLES, ids=str)
def test_every_order_is_total_and_the_same_by_pages_and_by_jumps(
    shared_catalogue: OpenCatalogue, known: Everything, table: str, sorts: tuple[Sort, ...]
) -> None:
    check_view(shared_catalogue, known, Criteria(table, sorts=sorts), random.Random(1))


@pytest.mark.parametrize("table", TABLES)
def test_pairs_of_orders_are_total(shared_catalogue: OpenCatalogue, known: Everything, table: str) -> None:
    chance = random.Random(5)
    for first, second in chance.sample(list(permutations(SORTABLE[table], 2)), 12):
        sorts = (Sort(first, chance.random() < 0.5), Sort(second, chance.random() < 0.5))
        check_view(shared_catalogue, known, Criteria(table, sorts=sorts), chance)


@pytest.mark.parametrize(("table", "column", "op"), list(offered_filters()))
def test_every_filter_that_a_column_offers_finds_what_it_says(
    shared_catalogue: OpenCatalogue, known: Everything, table: str, column: str, op: Op
) -> None:
    chance = random.Random(3)
    for _round in range(2):
        condition = random_filter(table, column, op, known, chance)
        sorts = (Sort(chance.choice(SORTABLE[table]), chance.random() < 0.5),)
        check_view(shared_catalogue, known, Criteria(table, (condition,), sorts), chance)


def test_random_views_equal_the_list_sorted_in_python(
    catalogue: OpenCatalogue, make_books: Callable[..., Library]
) -> None:
    make_books(catalogue, 90, seed=9)
    known, chance = everything(catalogue), random.Random(9)
    offered = list(offered_filters())
    for _round in range(25):
        table = chance.choice(list(TABLES))
        chosen = chance.sample([one for one in offered if one[0] == table], chance.choice((0, 1, 2)))
        filters = tuple(random_filter(*one, known, chance) for one in chosen)
        columns = chance.sample(SORTABLE[table], chance.choice((0, 1, 2)))
        sorts = tuple(Sort(column, chance.random() < 0.5) for column in columns)
        check_view(catalogue, known, Criteria(table, filters, sorts, chance.choice(SEARCHES)), chance)


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("table", TABLES)
def test_search_finds_what_the_keys_hold(
    shared_catalogue: OpenCatalogue, known: Everything, table: str, search: str
) -> None:
    check_view(shared_catalogue, known, Criteria(table, search=search), random.Random(2))


@pytest.mark.parametrize("search", ["garcia marquez", "GARCÍA MÁRQUEZ", "García", "marquéz"])
def test_search_ignores_case_and_accents(shared_catalogue: OpenCatalogue, search: str) -> None:
    criteria = Criteria("authors", search=search)
    page = load_page(sessions=shared_catalogue.sessions, request=PageRequest(criteria, 0))
    assert page.rows
    assert all(isinstance(row, AuthorRow) and "Márquez" in row.name for row in page.rows)


def test_search_of_any_length_is_answered(shared_catalogue: OpenCatalogue) -> None:
    for search in ("x" * 100_000, "%" * 60_000, "紫" * 60_000):
        assert count_rows(sessions=shared_catalogue.sessions, criteria=Criteria("books", search=search)) == 0


def test_search_does_not_confuse_letters_that_a_mark_tells_apart(shared_catalogue: OpenCatalogue) -> None:
    for found, missed in (("がか", "かがみ"), ("かが", "がか")):
        request = PageRequest(Criteria("books", search=found), 0)
        titles = [row.title for row in load_page(sessions=shared_catalogue.sessions, request=request).rows]  # type: ignore[union-attr]
        assert titles
        assert not any(title.startswith(missed) for title in titles)


@pytest.mark.parametrize("rows", [10, 1000])
@pytest.mark.parametrize("table", TABLES)
def test_a_page_takes_two_statements_and_one_connection_whatever_its_size(
    catalogue: OpenCatalogue, make_books: Callable[..., Library], table: str, rows: int
) -> None:
    make_books(catalogue, rows * (3 if table == "authors" else 1))
    first = load_page(sessions=catalogue.sessions, request=PageRequest(Criteria(table), 0)).rows[0]
    searches = ("", getattr(first, TABLES[table].label)[:5])
    for sorts, search in product(((), (Sort(SORTABLE[table][1], descending=True),)), searches):
        with counting() as action:
            criteria = Criteria(table, sorts=sorts, search=search)
            page = load_page(sessions=catalogue.sessions, request=PageRequest(criteria, 0, rows))
        assert page.rows
        assert action.statements <= 2
        assert action.checkouts == 1


def test_an_empty_view_has_an_empty_page_no_end_and_one_statement(catalogue: OpenCatalogue) -> None:
    with counting() as action:
        page = load_page(sessions=catalogue.sessions, request=PageRequest(Criteria("books"), 0))
    assert (page.rows, page.cells, page.end, page.is_last) == ((), (), None, True)
    assert action.statements == 1


def test_rows_carry_what_the_database_holds(shared_catalogue: OpenCatalogue) -> None:
    known = everything(shared_catalogue)
    books = {one["id"]: one for one in known.books}
    page = load_page(sessions=shared_catalogue.sessions, request=PageRequest(Criteria("books"), 0, 200))
    assert len(page.rows) == len(books)
    for row in page.rows:
        assert isinstance(row, BookRow)
        one = books[row.id]
        assert (row.author.id if row.author else None) == one["author_id"]
        for name in ("version", "title", "published_year", "isbn", "language", "price", "updated_at"):
            assert getattr(row, name) == one[name]
            assert type(getattr(row, name)) is type(one[name])


def test_contributors_are_joined_in_their_order(shared_catalogue: OpenCatalogue) -> None:
    with shared_catalogue.sessions.reading("read") as session:
        found = session.execute(
            text(
                "SELECT c.book_id, a.name FROM contributions c JOIN authors a ON a.id = c.author_id"
                " ORDER BY c.book_id, c.position"
            )
        ).all()
    wanted: dict[int, list[str]] = {}
    for book_id, name in found:
        wanted.setdefault(book_id, []).append(name)
    page = load_page(sessions=shared_catalogue.sessions, request=PageRequest(Criteria("books"), 0, 200))
    assert {row.id: row.contributors for row in page.rows if isinstance(row, BookRow)} == {
        row.id: "; ".join(wanted.get(row.id, [])) for row in page.rows
    }


def test_authors_carry_the_number_of_their_books(shared_catalogue: OpenCatalogue) -> None:
    known = everything(shared_catalogue)
    page = load_page(sessions=shared_catalogue.sessions, request=PageRequest(Criteria("authors"), 0, 100))
    counted = {row.id: row.books for row in page.rows if isinstance(row, AuthorRow)}
    assert counted == {
        author["id"]: sum(book["author_id"] == author["id"] for book in known.books) for author in known.authors
    }
    assert 0 in counted.values()


def test_cells_are_the_texts_of_the_grid_in_its_order(shared_catalogue: OpenCatalogue) -> None:
    for table in TABLES.values():
        page = load_page(sessions=shared_catalogue.sessions, request=PageRequest(Criteria(table.name), 0, 5))
        for row, cells in zip(page.rows, page.cells, strict=True):
            assert len(cells) == len(table.grid)
            for column, cell in zip(table.grid, cells, strict=True):
                assert cell == column.format(getattr(row, column.name))


def test_every_table_is_counted(catalogue: OpenCatalogue, filled: Library) -> None:
    with counting() as action:
        counts = count_tables(sessions=catalogue.sessions)
    assert counts == {"authors": len(filled.author_ids), "books": len(filled.book_ids)}
    assert action.statements == len(TABLES)


def test_marks_go_on_from_the_last_one(shared_catalogue: OpenCatalogue) -> None:
    criteria = Criteria("books", sorts=(Sort("price"),))
    whole = walk_marks(sessions=shared_catalogue.sessions, criteria=criteria, mark=None, every=10, seconds=60).marks
    first = walk_marks(sessions=shared_catalogue.sessions, criteria=criteria, mark=None, every=10, seconds=0.0).marks
    rest = walk_marks(sessions=shared_catalogue.sessions, criteria=criteria, mark=first[-1], every=10, seconds=60).marks
    assert whole == first + rest
    assert [mark.position for mark in whole] == list(range(10, 121, 10))


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("ending", [(), (Sort("published_year"),)], ids=["author", "author and year"])
def test_books_by_author_far_from_any_mark_are_counted_by_author(
    shared_catalogue: OpenCatalogue,
    known: Everything,
    monkeypatch: pytest.MonkeyPatch,
    down: bool,
    ending: tuple[Sort, ...],
) -> None:
    criteria = Criteria("books", sorts=(Sort("author", down), *ending))
    ids, sessions = known.ids(criteria), shared_catalogue.sessions
    places = walk_marks(sessions=sessions, criteria=criteria, mark=None, every=5, seconds=0.0).marks
    assert len(places) > 5
    for mark in places:
        page = load_page(sessions=sessions, request=PageRequest(criteria, mark.position, 5, mark))
        assert [row.id for row in page.rows] == ids[mark.position : mark.position + 5]
    monkeypatch.setattr(pages, "FAR_BY_AUTHOR", dict.fromkeys(pages.FAR_BY_AUTHOR, 20))
    monkeypatch.setattr(pages, "MARK_EVERY", 5)
    asked: list[dict[str, Any]] = []

    def run(statement: Prepared, session: Session, **values: Any) -> Any:
        asked.append(values)
        return execute(statement, session, **values)

    execute = Prepared.run
    monkeypatch.setattr(Prepared, "run", run)
    assert len(ids) > 100
    for position, end in ((20, None), (63, None), (len(ids) - 3, None), (30, Mark(len(ids), None))):
        asked.clear()
        with counting() as action:
            page = load_page(sessions=sessions, request=PageRequest(criteria, position, 10, end))
        assert [row.id for row in page.rows] == ids[position : position + 10]
        assert action.statements == 3
        assert asked[1]["passed"] < position
    with counting() as action:
        load_page(sessions=sessions, request=PageRequest(criteria, 19, 10))
    assert action.statements == 2


def test_a_mark_outlives_the_record_it_was_made_from(catalogue: OpenCatalogue, filled: Library) -> None:
    criteria = Criteria("books", sorts=(Sort("title"),))
    before = walked(catalogue, criteria, 200)
    mark = walk_marks(sessions=catalogue.sessions, criteria=criteria, mark=None, every=10, seconds=60).marks[0]
    with catalogue.sessions.writing("delete") as session:
        session.execute(text("DELETE FROM books WHERE id = :id"), {"id": before[9]})
        session.commit()
    page = load_page(sessions=catalogue.sessions, request=PageRequest(criteria, 10, 5, mark))
    assert [row.id for row in page.rows] == before[10:15]


def test_an_unknown_sort_column_is_an_error(catalogue: OpenCatalogue) -> None:
    with pytest.raises(KeyError):
        load_page(sessions=catalogue.sessions, request=PageRequest(Criteria("books", sorts=(Sort("contributors"),)), 0))


def test_reading_pages_leaves_no_transaction_idle(
    postgres_url: str, make_books: Callable[..., Library], pg_activity: Callable[[str], Any]
) -> None:
    from desk.operations.connect import open_catalogue

    opened = open_catalogue(target=postgres_url)
    make_books(opened, 500)
    seen: Activity
    with pg_activity(postgres_url) as seen:
        for sorts, position in product([one for table, one in SINGLES if table == "books"], (0, 250, 499)):
            request = PageRequest(Criteria("books", sorts=sorts), position)
            load_page(sessions=opened.sessions, request=request)
    assert seen.samples > 2
    assert seen.longest_idle_ms <= 100
    assert opened.pool.snapshot().checked_out == 0
    opened.close()
