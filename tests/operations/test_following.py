"""Following a commit: what comes back is where it says, whatever others did meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, event, insert

from desk.catalog.criteria import Criteria
from desk.catalog.models import Book
from desk.catalog.paging import PageRequest
from desk.catalog.places import Places
from desk.catalog.row_shift import Seen
from desk.catalog.selection import Selection
from desk.operations.connect import open_catalogue
from desk.operations.following import follow_changes
from desk.operations.pages import load_page, walk_marks
from tests.support.measuring import counting

if TYPE_CHECKING:
    from collections.abc import Iterator

import pytest

if TYPE_CHECKING:
    from desk.database.sessions import Sessions

NOTHING_SEEN = Seen(
    top=150, rows=20, anchor=None, anchor_place=-1, current=None, current_place=-1, column=0, selection=Selection(())
)


@pytest.fixture
def sessions(database_target: str) -> Iterator[Sessions]:
    """Those of a catalogue of a thousand books."""
    catalogue = open_catalogue(target=database_target)
    titles = [f"b{number:05}" for number in range(1000)]
    with catalogue.sessions.writing("make books") as session:
        session.execute(insert(Book), [{"title": one, "title_key": one} for one in titles])
        session.commit()
    yield catalogue.sessions
    catalogue.close()


def test_rows_that_others_removed_leave_no_page_in_a_wrong_place(sessions: Sessions) -> None:
    criteria = Criteria("books")
    places = Places(criteria)
    places.learn(load_page(sessions=sessions, request=PageRequest(criteria, 200)))
    with sessions.writing("remove books") as session:
        session.execute(delete(Book).where(Book.title < "b00150"))
        session.commit()
    found = follow_changes(
        sessions=sessions, criteria=criteria, places=places, gone=[], changed=[], seen=NOTHING_SEEN, follow=None
    )
    assert [(page.request.position, page.cells[0][0]) for page in found.pages] == [(100, "b00250")]
    assert len(found.pages[0].rows) == 100


def test_rows_that_others_remove_meanwhile_are_followed_as_of_one_moment(
    sessions: Sessions, database_target: str
) -> None:
    """Whichever statement of the following the others come behind: the places and the pages are of one moment."""
    criteria = Criteria("books")
    walked = walk_marks(sessions=sessions, criteria=criteria, mark=None, every=100, seconds=60)
    elsewhere = open_catalogue(target=database_target)
    removed = 0
    for last in range(1, 9):
        statements = 0

        def remove_one(*_seen: Any) -> None:
            nonlocal statements, removed
            statements += 1
            if statements == last:  # noqa: B023  (called in this round only)
                removed += 1
                with elsewhere.sessions.writing("remove a book") as session:
                    session.execute(delete(Book).where(Book.id == 110 + removed))
                    session.commit()

        places = Places(criteria)
        places.add(walked.marks)
        event.listen(sessions._engine, "after_cursor_execute", remove_one)
        found = follow_changes(
            sessions=sessions,
            criteria=criteria,
            places=places,
            gone=[],
            changed=[],
            seen=replace(NOTHING_SEEN, anchor=180, anchor_place=179),
            follow=None,
        )
        event.remove(sessions._engine, "after_cursor_execute", remove_one)
        shown = {row.id: page.request.position + at for page in found.pages for at, row in enumerate(page.rows)}
        assert shown[180] == found.located[180]
        walked = walk_marks(sessions=sessions, criteria=criteria, mark=None, every=100, seconds=60)
    elsewhere.close()
    assert removed > 3


def test_a_commit_is_followed_on_one_connection_and_its_records_are_looked_for_once(sessions: Sessions) -> None:
    criteria = Criteria("books")
    places = Places(criteria)
    with counting() as action:
        follow_changes(
            sessions=sessions,
            criteria=criteria,
            places=places,
            gone=[],
            changed=[5, 7],
            seen=replace(NOTHING_SEEN, anchor=160, anchor_place=159),
            follow=7,
        )
    # the keys, three places, two pages and their contributors
    assert (action.statements, action.checkouts) == (8, 1)
    assert not len(places)
