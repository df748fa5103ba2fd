"""The rows of a selection come as text from one moment of the catalogue, in bounded memory, and can be cancelled."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from desk.catalog.columns import TABLES
from desk.catalog.criteria import Criteria, Sort
from desk.catalog.paging import Hits, Mark, PageRequest
from desk.catalog.places import Places
from desk.catalog.selection import Block, Selection
from desk.catalog.tsv import tsv_line
from desk.database.actions import Action, current_action
from desk.errors import ActionCancelled, InvalidInput
from desk.operations import selecting
from desk.operations.connect import OpenCatalogue, open_catalogue
from desk.operations.pages import load_page, read_page
from desk.operations.selecting import Copied, copy_selection, load_selection
from tests.support.editing import elsewhere
from tests.support.measuring import counting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sqlalchemy.orm import Session

    from desk.catalog.paging import Page
    from desk.catalog.rows import Row
    from tests.support.library import Library

BOOKS = Criteria("books")
COLUMNS = TABLES["books"].grid
ALL = tuple(range(len(COLUMNS)))
TITLE, YEAR, LANGUAGE = 0, 3, 5
LAST = len(COLUMNS) - 1
VIEWS = (
    BOOKS,
    Criteria("books", sorts=(Sort("author", descending=True),)),
    Criteria("books", sorts=(Sort("published_year"),), search="hobbit"),
)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selecting, "CHUNK", 50)


@pytest.fixture
def told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selecting, "TELL_SECONDS", -1.0)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[PageRequest]:
    """The pages that are read, in order."""
    requests: list[PageRequest] = []

    def noted(session: Session, request: PageRequest) -> Page:
        requests.append(request)
        return read_page(session, request)

    monkeypatch.setattr(selecting, "read_page", noted)
    return requests


def rows(first: int, last: int, left: int = 0, right: int = LAST) -> Selection:
    return Selection((Block(first, last, left, right),))


def rows_of(catalogue: OpenCatalogue, criteria: Criteria = BOOKS) -> tuple[Row, ...]:
    """All rows of a view, in one page."""
    return load_page(sessions=catalogue.sessions, request=PageRequest(criteria, 0, 1000)).rows


def lines_of(view: Sequence[Row], sections: Sequence[int] = ALL) -> list[str]:
    """Whole rows as text, one by one."""

    def line(row: Row) -> str:
        return tsv_line(COLUMNS, sections, lambda _section: True, lambda name: getattr(row, name))

    return [line(row) for row in view]


def copied(
    catalogue: OpenCatalogue,
    selection: Selection,
    *,
    places: Places | None = None,
    sections: Sequence[int] = ALL,
    changed: dict[int, dict[str, Any]] | None = None,
    on_progress: Callable[[selecting.CopyProgress], None] | None = None,
) -> Copied:
    return copy_selection(
        sessions=catalogue.sessions,
        places=Places(BOOKS) if places is None else places,
        selection=selection,
        sections=sections,
        changed=changed or {},
        on_progress=on_progress,
    )


def text_of(copied: Copied) -> list[str]:
    """The lines of a copy in which no cell holds a line end."""
    text = b"".join(copied.pieces).decode()
    lines = text.split("\n") if copied.pieces else []
    assert len(lines) == copied.rows
    return lines


@pytest.mark.parametrize("criteria", VIEWS, ids=("title", "author", "searched"))
def test_a_whole_view_is_copied_in_its_order(
    catalogue: OpenCatalogue, filled: Library, small_chunks: None, criteria: Criteria
) -> None:
    view = rows_of(catalogue, criteria)
    got = copied(catalogue, rows(0, len(view) - 1), places=Places(criteria))
    assert text_of(got) == lines_of(view)


@pytest.mark.parametrize(("first", "last"), [(0, 0), (49, 50), (51, 119), (119, 119), (100, 5000), (500, 600)])
def test_any_run_of_rows_is_copied(
    catalogue: OpenCatalogue, filled: Library, small_chunks: None, first: int, last: int
) -> None:
    assert text_of(copied(catalogue, rows(first, last))) == lines_of(rows_of(catalogue)[first : last + 1])


def test_a_copy_starts_at_the_nearest_mark(
    catalogue: OpenCatalogue, filled: Library, small_chunks: None, asked: list[PageRequest]
) -> None:
    view = rows_of(catalogue)
    page = load_page(sessions=catalogue.sessions, request=PageRequest(BOOKS, 0, 90))
    places = Places(BOOKS)
    assert page.end is not None
    places.add((page.end,))
    assert text_of(copied(catalogue, rows(91, 119), places=places)) == lines_of(view[91:])
    assert [(one.position, one.mark) for one in asked] == [(91, page.end)]


def test_a_copy_walks_on_from_where_it_is(
    catalogue: OpenCatalogue, filled: Library, small_chunks: None, asked: list[PageRequest]
) -> None:
    copied(catalogue, rows(0, 119))
    assert [(one.position, one.offset) for one in asked] == [(0, 0), (50, 0), (100, 0)]


def test_a_listed_view_is_copied_by_its_ids(catalogue: OpenCatalogue, filled: Library, small_chunks: None) -> None:
    view = rows_of(catalogue)[::-2]
    places = Places(BOOKS, Hits(tuple(row.id for row in view), complete=True))
    assert text_of(copied(catalogue, rows(0, len(view) - 1), places=places)) == lines_of(view)
    assert load_selection(sessions=catalogue.sessions, places=places, selection=rows(7, 9)) == view[7:10]


def test_a_record_of_a_list_that_is_gone_is_missing(
    catalogue: OpenCatalogue, filled: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selecting, "CHUNK", 2)
    view = rows_of(catalogue)[:8]
    for gone in (2, 3):  # a whole chunk
        elsewhere(catalogue, "DELETE FROM contributions WHERE book_id = :id", id=view[gone].id)
        elsewhere(catalogue, "DELETE FROM books WHERE id = :id", id=view[gone].id)
    places = Places(BOOKS, Hits(tuple(row.id for row in view), complete=True))
    assert text_of(copied(catalogue, rows(0, 7), places=places)) == lines_of((*view[:2], *view[4:]))


def test_a_mark_that_is_no_longer_true_does_no_harm(
    catalogue: OpenCatalogue, filled: Library, small_chunks: None
) -> None:
    view = rows_of(catalogue)
    page = load_page(sessions=catalogue.sessions, request=PageRequest(BOOKS, 0, 10))
    assert page.end is not None
    places = Places(BOOKS)
    places.add((Mark(60, page.end.key),))  # fifty rows before it are gone
    assert text_of(copied(catalogue, rows(46, 55), places=places)) == lines_of(view[46:56])


RAGGED = (
    ((1, 4, TITLE, TITLE), (3, 6, YEAR, YEAR), (3, 3, TITLE, LAST), (9, 9, LANGUAGE, LANGUAGE)),
    ((0, 1, TITLE, TITLE), (2, 5, YEAR, YEAR), (6, 9, LANGUAGE, LAST)),
    ((0, 3, TITLE, TITLE), (4, 4, YEAR, YEAR)),
)
"""Blocks that begin and end everywhere in chunks of three rows."""


@pytest.mark.parametrize("blocks", RAGGED, ids=("crossing", "in the middle", "one row more"))
def test_cells_that_are_not_selected_are_left_empty(
    catalogue: OpenCatalogue,
    filled: Library,
    monkeypatch: pytest.MonkeyPatch,
    blocks: tuple[tuple[int, int, int, int], ...],
) -> None:
    monkeypatch.setattr(selecting, "CHUNK", 3)
    view = rows_of(catalogue)
    selection = Selection(tuple(Block(*block) for block in blocks))
    wanted = [
        tsv_line(
            COLUMNS,
            ALL,
            lambda section, at=position: selection.holds(at, section),  # type: ignore[misc]
            lambda name, of=view[position]: getattr(of, name),  # type: ignore[misc]
        )
        for first, last in selection.stretches
        for position in range(first, last + 1)
    ]
    assert text_of(copied(catalogue, selection)) == wanted


def test_the_columns_come_in_the_order_asked_for(catalogue: OpenCatalogue, filled: Library) -> None:
    wanted = lines_of(rows_of(catalogue), (LANGUAGE, TITLE))
    assert text_of(copied(catalogue, rows(0, 119), sections=(LANGUAGE, TITLE))) == wanted


def test_pending_values_lie_over_what_is_stored(catalogue: OpenCatalogue, filled: Library, small_chunks: None) -> None:
    view = rows_of(catalogue)
    values = {"title": "Changed", "published_year": -7, "price": None, "notes": "not in the grid"}
    shown = {name: value for name, value in values.items() if name != "notes"}
    changed = [row._replace(**shown) if index in (0, 75) else row for index, row in enumerate(view)]  # type: ignore[arg-type]
    got = copied(catalogue, rows(0, 119), changed={view[0].id: values, view[75].id: values})
    assert text_of(got) == lines_of(changed)


def test_texts_are_copied_as_they_are_stored(catalogue: OpenCatalogue) -> None:
    elsewhere(
        catalogue,
        "INSERT INTO books (id, title, title_key, price) VALUES (1, :title, 'a', :price)",
        title='a\tb\r\n"c" – é日',
        price=Decimal("1.50") if catalogue.sessions.dialect == "postgresql" else 150,
    )
    text = b"".join(copied(catalogue, rows(0, 0)).pieces).decode()
    assert text.startswith('"a\tb\r\n""c"" – é日"\t\t""\t\t\t\t1.50\t')


def test_a_stored_text_in_a_column_of_numbers_is_copied_whole(sqlite_path: Path) -> None:
    opened = open_catalogue(target=str(sqlite_path))
    long = "x" * 500
    elsewhere(opened, "INSERT INTO books (id, title, title_key, published_year) VALUES (1, 'a', 'a', :year)", year=long)
    assert text_of(copied(opened, rows(0, 0, YEAR, YEAR), sections=(YEAR,))) == [long]
    opened.close()


def test_damaged_text_leaves_as_what_can_be_written(sqlite_path: Path) -> None:
    opened = open_catalogue(target=str(sqlite_path))
    elsewhere(opened, "INSERT INTO books (id, title, title_key) VALUES (1, CAST(x'61ff62' AS TEXT), 'a')")
    assert text_of(copied(opened, rows(0, 0, TITLE, TITLE), sections=(TITLE,))) == ["a\ufffdb"]
    opened.close()


def test_a_copy_shows_one_moment(
    catalogue: OpenCatalogue, filled: Library, small_chunks: None, told_at_once: None
) -> None:
    view = rows_of(catalogue)

    def interfere(progress: selecting.CopyProgress) -> None:
        if progress.rows == 50:
            elsewhere(catalogue, "UPDATE books SET title = 'Meanwhile', title_key = 'zzz'")

    assert text_of(copied(catalogue, rows(0, 119), on_progress=interfere)) == lines_of(view)


def test_a_chunk_costs_two_statements_and_all_of_them_one_connection(
    catalogue: OpenCatalogue, filled: Library, small_chunks: None
) -> None:
    with counting() as action:
        copied(catalogue, rows(0, 119))
    assert (action.statements, action.checkouts) == (6, 1)


class Clock:
    """Stands in for the `time` module: every look at it takes some seconds."""

    def __init__(self, step: float) -> None:
        self._step = step
        self._looks = 0

    def monotonic(self) -> float:
        self._looks += 1
        return self._looks * self._step


def test_progress_is_told_ten_times_a_second_at_most(
    catalogue: OpenCatalogue, filled: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selecting, "CHUNK", 20)
    monkeypatch.setattr(selecting, "time", Clock(0.06))
    told: list[tuple[int, int]] = []
    copied(catalogue, rows(0, 119), on_progress=lambda one: told.append((one.rows, one.total)))
    assert told == [(40, 120), (80, 120), (120, 120)]


def test_a_cancelled_copy_gives_its_connection_back(
    catalogue: OpenCatalogue, filled: Library, small_chunks: None, told_at_once: None
) -> None:
    def cancel(_progress: selecting.CopyProgress) -> None:
        action = current_action()
        assert action is not None
        action.cancel()

    with Action("copy").running() as action, pytest.raises(ActionCancelled):
        copied(catalogue, rows(0, 119), on_progress=cancel)
    assert (action.statements, action.checkouts) == (2, 1)
    assert catalogue.pool.snapshot().checked_out == 0


def test_too_many_rows_are_refused_before_anything_is_read(catalogue: OpenCatalogue) -> None:
    with counting() as action, pytest.raises(InvalidInput) as refused:
        copied(catalogue, rows(0, selecting.MOST_ROWS))
    assert (action.statements, action.checkouts) == (0, 0)
    assert "1,000,001" in refused.value.what
    assert "Export" in refused.value.advice


def test_too_long_a_text_is_given_up(
    catalogue: OpenCatalogue, filled: Library, small_chunks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selecting, "MOST_BYTES", 4000)
    with counting() as action, pytest.raises(InvalidInput, match="50 rows"):
        copied(catalogue, rows(0, 119))
    assert action.statements == 2
    assert catalogue.pool.snapshot().checked_out == 0


def test_nothing_selected_is_nothing(catalogue: OpenCatalogue, filled: Library) -> None:
    assert copied(catalogue, Selection(()), sections=()) == Copied(0, ())
    assert load_selection(sessions=catalogue.sessions, places=Places(BOOKS), selection=Selection(())) == ()
