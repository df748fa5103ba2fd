"""Finds out where the rows of a view are after a commit of our own, and loads those in sight at their new places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from desk.catalog.paging import PAGE_ROWS, Mark
from desk.operations.locating import locate_records
from desk.operations.pages import load_page

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

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
    """Moves `places` (a snapshot, which is not the caller's any more) with a commit, and finds rows again.

    `gone` are the keys before of the rows that left or moved, None when they are not known; `changed` are the records
    that may be in the view at another place, or for the first time; `follow` is one of them that will be looked at.
    """

    def locate(ids: Collection[int]) -> dict[int, Any]:
        return locate_records(sessions=sessions, criteria=criteria, places=places, ids=tuple(ids))

    if gone is None:
        places.forget()
    else:
        places.shift(gone, [one.key for one in locate(changed).values()])
    kept = {one for one in (seen.anchor, seen.current) if one is not None}
    found = locate({*changed, *kept})
    places.add(Mark(one.position + 1, one.key) for one in sorted(found.values(), key=lambda one: one.position))
    located = {one: place.position for one, place in found.items()}
    top = seen.top_for(None if seen.anchor is None else located.get(seen.anchor))
    wanted = dict.fromkeys(range(top // PAGE_ROWS, (top + max(seen.rows, 1) - 1) // PAGE_ROWS + 1))
    if follow in located:
        wanted[located[follow] // PAGE_ROWS] = None
    pages = []
    for number in wanted:
        page = load_page(sessions=sessions, request=places.request(number * PAGE_ROWS))
        places.learn(page)
        if page.is_misplaced:  # and all places are forgotten: it is counted from the start now
            page = load_page(sessions=sessions, request=places.request(number * PAGE_ROWS))
            places.learn(page)
        pages.append(page)
    return Followed(places, located, tuple(pages))
