"""Following a commit: what comes back is where it says, whatever others did meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert

from desk.catalog.criteria import Criteria
from desk.catalog.models import Book
from desk.catalog.paging import PageRequest
from desk.catalog.places import Places
from desk.catalog.row_shift import Seen
from desk.catalog.selection import Selection
from desk.operations.connect import open_catalogue
from desk.operations.following import follow_changes
from desk.operations.pages import load_page

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
