"""Finds out where the rows of a view are after a commit of our own, and loads those in sight at their new places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desk.catalog.paging import PAGE_ROWS, Mark
from desk.operations.locating import read_keys, read_position
from desk.operations.pages import read_page
from desk.operations.retrying import again_when_lost

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from sqlalchemy.orm import Session

    from desk.catalog.criteria import Criteria
    from desk.catalog.orders import Key
    from desk.catalog.paging import Page
    from desk.catalog.places import Places
    from desk.catalog.row_shift import Seen
    from desk.database.sessions import Sessions


@dataclass(frozen=True, slots=True)
class Followed:
    """Where rows are now: what is known of the view, the places of records by id (one that is not in the view is
    missing), and the pages in sight."""

    places: Places
    located: Mapping[int, int]
    pages: tuple[Page, ...]


@again_when_lost
def follow_changes(
    *,
    sessions: Sessions,
    criteria: Criteria,
    places: Places,
    gone: Collection[Key] | None,
    changed: Collection[int],
    seen: Seen,
    follow: int | None,
) -> Followed:
    """Finds rows again where a walked view has them after a commit, all as of one moment.

    `places` are those from before the commit; `gone` are the keys before of the rows that left or moved, None when they
    are not known; `changed` are the records that may be in the view at another place, or for the first time; `follow`
    is one of them that will be looked at.
    """
    places = places.snapshot()
    kept = {one for one in (seen.anchor, seen.current) if one is not None}
    with sessions.reading("find the rows again", snapshot=True) as session:
        keys = {key[-1]: key for key in read_keys(session, criteria, [*{*changed, *kept}])}
        if gone is None:
            places.forget()
        else:
            places.shift(gone, [keys[one] for one in changed if one in keys])
        located = {one: read_position(session, criteria, places, key) for one, key in keys.items()}
        places.add(Mark(place + 1, keys[one]) for one, place in sorted(located.items(), key=lambda item: item[1]))
        top = seen.top_for(None if seen.anchor is None else located.get(seen.anchor))
        wanted = dict.fromkeys(range(top // PAGE_ROWS, (top + max(seen.rows, 1) - 1) // PAGE_ROWS + 1))
        if follow in located:
            wanted[located[follow] // PAGE_ROWS] = None
        return Followed(places, located, tuple(_pages(session, places, wanted)))


def _pages(session: Session, places: Places, numbers: Collection[int]) -> Iterator[Page]:
    """The pages of these numbers, of which `places` learns."""
    for number in numbers:
        page = read_page(session, places.request(number * PAGE_ROWS))
        places.learn(page)
        if page.is_misplaced:  # and all places are forgotten: it is counted from the start now
            page = read_page(session, places.request(number * PAGE_ROWS))
            places.learn(page)
        yield page
