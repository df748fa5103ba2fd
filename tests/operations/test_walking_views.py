"""Walks through views of both databases, for random rows and criteria: whatever way the pages are found, they are those
of one list sorted in Python, and rows that change meanwhile show nothing twice and leave nothing out.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, text, update

from desk.catalog import keys, paging
from desk.catalog.columns import TABLES
from desk.catalog.criteria import Criteria, Filter, Op, Sort
from desk.catalog.models import Author, Book
from desk.catalog.places import Places
from desk.operations.connect import open_catalogue
from desk.operations.locating import locate_records
from desk.operations.pages import count_rows, load_page, walk_marks
from desk.operations.views import open_view
from tests.support.expected import everything
from tests.support.walking import Walker

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from desk.catalog.paging import Page
    from desk.operations.connect import OpenCatalogue

Record = dict[str, Any]

EXAMPLES = 25
BEGIN = datetime(2024, 2, 29, 23, 59, 59, 999998, tzinfo=UTC)
NAMES = ("Tolkien, J. R. R.", "tolkien, j. r. r.", "Woolf, Virginia", "紫式部")
AUTHORS = st.fixed_dictionaries({
    "name": st.sampled_from(NAMES),
    "birth_year": st.none() | st.sampled_from((-750, 1899)),
    "death_year": st.none() | st.sampled_from((-700, 1973)),
    "updated_at": st.integers(0, 2).map(lambda one: BEGIN + timedelta(microseconds=one)),
})  # fmt: skip
BOOKS = st.fixed_dictionaries({
    "title": st.sampled_from(("The Hobbit", "hobbit", "Hobbit 2", "がか", "かが", "100%", "A_", "")),
    "author": st.none() | st.integers(0, 5),
    "published_year": st.none() | st.sampled_from((-720, 1925, 1937)),
    "isbn": st.none() | st.sampled_from(("9780261103344", "9780141182803", "")),
    "language": st.none() | st.sampled_from(("en", "ja", "")),
    "price": st.none() | st.sampled_from((Decimal("0.00"), Decimal("0.01"), Decimal("12.50"))),
    "updated_at": st.integers(0, 2).map(lambda one: BEGIN + timedelta(microseconds=one)),
})  # fmt: skip
FILTERS = {
    "books": (
        Filter("title", Op.CONTAINS, "hobbit"),
        Filter("title", Op.CONTAINS, "か"),
        Filter("author", Op.EMPTY),
        Filter("author", Op.CONTAINS, "tolk"),
        Filter("author", Op.EQUALS, "Tolkien, J. R. R."),
        Filter("published_year", Op.RANGE, -720, 1925),
        Filter("published_year", Op.EMPTY),
        Filter("isbn", Op.CONTAINS, "978"),
        Filter("language", Op.EQUALS, "en"),
        Filter("price", Op.RANGE, Decimal("0.01")),
    ),
    "authors": (
        Filter("name", Op.CONTAINS, "woolf"),
        Filter("birth_year", Op.RANGE, None, 0),
        Filter("death_year", Op.EMPTY),
        Filter("books", Op.NO_BOOKS),
        Filter("books", Op.HAS_BOOK_OVER, Decimal("0.00")),
    ),
}
SEARCHES = ("", "", "", "hobbit", "ho", "tolkien", "か", "%", "_")


@st.composite
def views(draw: st.DrawFn, tables: tuple[str, ...] = tuple(TABLES)) -> Criteria:
    """Any view: every order of one column or of two in any directions, with filters and a search or without."""
    table = draw(st.sampled_from(tables))
    columns = st.sampled_from([one.name for one in TABLES[table].columns if one.sortable])
    sorts = draw(st.lists(st.builds(Sort, columns, st.booleans()), max_size=2, unique_by=lambda one: one.column))
    filters = draw(st.lists(st.sampled_from(FILTERS[table]), max_size=1))
    return Criteria(table, tuple(filters), tuple(sorts), draw(st.sampled_from(SEARCHES)))


ORDERS = st.one_of(
    st.builds(lambda column, down: (Sort(column, down),), st.sampled_from(
        [one.name for one in TABLES["books"].columns if one.sortable]), st.booleans()),
    st.builds(lambda pair, down: tuple(Sort(column, down) for column in pair), st.sampled_from(
        [("author", "published_year"), ("language", "title"), ("published_year", "title")]), st.booleans()),
    st.builds(lambda one, other: (Sort("author", one), Sort("published_year", other)), st.booleans(), st.booleans()),
)  # fmt: skip
"""The orders along which books are walked."""


class Shelves:
    """The books and authors of a catalogue, filled and changed without Desk's doing."""

    def __init__(self, catalogue: OpenCatalogue, books: list[Record], authors: list[Record]) -> None:
        self.catalogue = catalogue
        with catalogue.sessions.writing("fill") as session:
            session.execute(delete(Book))
            session.execute(delete(Author))
            self._authors: list[int] = []
            if authors:
                returning = insert(Author).returning(Author.id, sort_by_parameter_order=True)
                rows = [{**one, "name_key": keys.author_key(one["name"])} for one in authors]
                self._authors = list(session.scalars(returning, rows))
            self.ids: list[int] = []
            if books:
                adding = insert(Book).returning(Book.id, sort_by_parameter_order=True)
                self.ids = list(session.scalars(adding, [self._columns(one) for one in books]))
            session.commit()
        self.untouched = set(self.ids)

    def change(self, changes: Iterable[tuple[str, int, Record]]) -> None:
        """Inserts, deletes and updates as another program would."""
        with self.catalogue.sessions.writing("change elsewhere") as session:
            for kind, number, record in changes:
                if kind == "insert":
                    session.execute(insert(Book).values(self._columns(record)))
                elif number < len(self.ids):
                    self.untouched.discard(self.ids[number])
                    chosen = Book.id == self.ids[number]
                    if kind == "delete":
                        session.execute(delete(Book).where(chosen))
                    else:
                        session.execute(update(Book).where(chosen).values(self._columns(record)))
            session.commit()

    def ids_of(self, criteria: Criteria) -> list[int]:
        """The ids of a view as they must be."""
        return everything(self.catalogue).ids(criteria)

    def _columns(self, record: Record) -> Record:
        values = dict(record)
        place = values.pop("author")
        author = self._authors[place] if place is not None and place < len(self._authors) else None
        return {**values, "author_id": author, "title_key": keys.title_key(record["title"], record["language"])}


def walker_of(catalogue: OpenCatalogue, criteria: Criteria, limit: int, every: int | None) -> Walker:
    """A walker through the view as it opens now, with a mark every so many rows; None: without marks."""
    sessions = catalogue.sessions
    start = open_view(sessions=sessions, criteria=criteria)
    walker = Walker(
        criteria,
        limit,
        load=lambda request: load_page(sessions=sessions, request=request),
        count=lambda: count_rows(sessions=sessions, criteria=criteria),
        hits=start.hits,
    )
    if start.hits is None:
        walker.places.note_total(start.total, is_exact=start.is_exact)
        if every is not None:
            walked = walk_marks(sessions=sessions, criteria=criteria, mark=None, every=every, seconds=60)
            walker.places.add(walked.marks)
            assert walked.total is not None
            walker.places.note_total(walked.total, is_exact=True)
    return walker


def ids_of(pages: Iterable[Page]) -> list[int]:
    return [row.id for page in pages for row in page.rows]


ROWS = st.lists(BOOKS, max_size=30) | st.lists(BOOKS, min_size=12, max_size=30)
PEOPLE = st.lists(AUTHORS, max_size=5)
CHANGE = st.tuples(st.sampled_from(("insert", "delete", "update")), st.integers(0, 30), BOOKS)
CHANGES: st.SearchStrategy[list[list[tuple[str, int, Record]]]] = st.lists(
    st.lists(CHANGE, min_size=1, max_size=3), min_size=3, max_size=12
) | st.just([])
LIMITS = st.integers(2, 9)
EVERY = st.sampled_from((None, 1, 4, 7))


@settings(max_examples=EXAMPLES)
@given(
    rows=ROWS, people=PEOPLE, criteria=views(), limit=LIMITS, every=EVERY, listed=st.sampled_from((0, 3, 1000)),
    jumps=st.lists(st.integers(0, 35), min_size=2, max_size=6),
)  # fmt: skip
def test_pages_are_those_of_one_sorted_list_in_whatever_way_they_are_found(
    catalogue: OpenCatalogue, monkeypatch: pytest.MonkeyPatch, **drawn: Any
) -> None:
    monkeypatch.setattr(paging, "LISTED", drawn["listed"])
    criteria, limit = drawn["criteria"], drawn["limit"]
    shelves = Shelves(catalogue, drawn["rows"], drawn["people"])
    ids = shelves.ids_of(criteria)
    assert count_rows(sessions=catalogue.sessions, criteria=criteria) == len(ids)
    make = partial(walker_of, catalogue, criteria, limit, drawn["every"])
    hits = make().places.hits
    if hits is not None:
        assert hits.ids == tuple(ids[: drawn["listed"]] if not hits.complete else ids)
        ids = list(hits.ids)
    assert ids_of(make().forwards()) == ids
    backwards, jumping = make(), make()
    untold = jumping.places.snapshot()
    if not backwards.places.is_exact:
        backwards.places.note_total(len(ids), is_exact=True)
    assert [one.id for page in list(backwards.backwards())[::-1] for one in page.rows] == ids
    assert backwards.shown() == ids
    for position in drawn["jumps"]:
        for request in (jumping.places.request(position, limit), untold.request(position, position % 5 + 1)):
            page = load_page(sessions=catalogue.sessions, request=request)
            jumping.places.learn(page)
            assert ids_of([page]) == ids[request.position : request.position + request.limit]
    located = locate_records(sessions=catalogue.sessions, criteria=criteria, places=jumping.places, ids=shelves.ids)
    if criteria.table == "books":
        assert {id: one.position for id, one in located.items()} == {id: place for place, id in enumerate(ids)}


@settings(max_examples=EXAMPLES)
@given(rows=ROWS, people=PEOPLE, sorts=ORDERS, limit=LIMITS, every=EVERY, changes=CHANGES, backwards=st.booleans())
def test_a_walk_over_changing_rows_shows_what_nobody_touched_once_and_in_order(
    catalogue: OpenCatalogue, **drawn: Any
) -> None:
    criteria = Criteria("books", sorts=drawn["sorts"])
    shelves = Shelves(catalogue, drawn["rows"], drawn["people"])
    walker = walker_of(catalogue, criteria, drawn["limit"], drawn["every"])
    if not walker.places.is_exact:
        walker.places.note_total(len(shelves.ids), is_exact=True)
    order = shelves.ids_of(criteria)
    changes, came = iter(drawn["changes"]), []
    for page in walker.backwards() if drawn["backwards"] else walker.forwards():
        came += ids_of([page])
        untouched = [one for one in order if one in shelves.untouched]
        shown = [one for one in walker.shown() if one in shelves.untouched]
        assert shown == [one for one in untouched if one in shown]
        todo = next(changes, None)
        if todo:
            shelves.change(todo)
    untouched = [one for one in order if one in shelves.untouched]
    if drawn["backwards"]:
        walker.settle()
        assert walker.seen >= shelves.untouched
    else:
        assert [one for one in came if one in shelves.untouched] == untouched
    walker.reload()
    assert walker.shown() == shelves.ids_of(criteria)


def test_rows_that_come_behind_a_walk_are_not_in_its_total_until_a_page_contradicts_one_of_its_places(
    catalogue: OpenCatalogue,
) -> None:
    criteria = Criteria("books")
    walk = partial(walk_marks, sessions=catalogue.sessions, criteria=criteria, every=100, seconds=0)
    with catalogue.sessions.writing("make books") as session:
        session.execute(insert(Book), [{"title": one, "title_key": one} for one in map("b{:05}".format, range(950))])
        session.commit()
    places = Places(criteria)
    walked = walk(mark=None)
    with catalogue.sessions.writing("change elsewhere") as session:
        session.execute(insert(Book), [{"title": one, "title_key": one} for one in ("a1", "a2", "a3")])
        session.commit()
    while walked.total is None:
        places.add(walked.marks)
        walked = walk(mark=places.marks[-1])
    places.note_total(walked.total, is_exact=True)
    assert (places.total, places.is_exact) == (950, True)  # as the rows were when the walk passed them
    last = load_page(sessions=catalogue.sessions, request=places.request(900))
    assert last.cells[-1][0] == "b00949"  # though the end is where it was counted from
    places.learn(last)
    assert (places.total, places.is_exact) == (950, True)
    places.learn(load_page(sessions=catalogue.sessions, request=places.request(0)))
    assert (places.total, places.is_exact) == (950, False)  # which wants a count
    places.note_total(count_rows(sessions=catalogue.sessions, criteria=criteria), is_exact=True)
    assert (places.total, places.is_exact) == (953, True)


@pytest.mark.parametrize("down", [False, True])
def test_moments_that_other_programs_wrote_in_their_own_way_are_all_found(sqlite_path: Path, down: bool) -> None:
    written = ["2024-02-29 12:00:00"] * 7 + ["2024-02-29T12:00:00"] * 3 + ["2024-02-29", "yesterday", ""] * 2
    catalogue = open_catalogue(target=str(sqlite_path))
    try:
        with catalogue.sessions.writing("change elsewhere") as session:
            adding = "INSERT INTO books (title, title_key, updated_at) VALUES ('', '', :moment)"
            session.execute(text(adding), [{"moment": one} for one in written])
            session.commit()
        criteria = Criteria("books", sorts=(Sort("updated_at", down),))
        direction = "DESC" if down else "ASC"
        with catalogue.sessions.reading("sort") as session:
            sorting = text(f"SELECT id FROM books ORDER BY updated_at {direction}, id {direction}")
            ids = list(session.scalars(sorting))
        for every in (None, 1, 4):
            forwards, backwards = (walker_of(catalogue, criteria, 2, every) for _time in range(2))
            came = list(islice(forwards.forwards(), len(ids)))  # a walk that finds a row again would not end
            assert ids_of(came) == ids
            located = locate_records(sessions=catalogue.sessions, criteria=criteria, places=forwards.places, ids=ids)
            assert [located[one].position for one in ids] == list(range(len(ids)))
            backwards.places.note_total(len(ids), is_exact=True)
            assert ids_of(list(backwards.backwards())[::-1]) == ids
    finally:
        catalogue.close()
