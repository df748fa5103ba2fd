"""Finding what would be replaced: in the filtered view only, pending values counted, special characters themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desk.catalog.criteria import Criteria, Filter, Op, Sort
from desk.catalog.replacements import Pending, Replacing
from desk.catalog.values import NAME_LENGTH
from desk.database.actions import Action
from desk.errors import ActionCancelled
from desk.operations import replacing as operation
from desk.operations.replacing import find_to_replace
from desk.operations.views import open_view
from tests.support.editing import elsewhere
from tests.support.expected import everything

if TYPE_CHECKING:
    from typing import Any

    from desk.catalog.replacements import Found
    from desk.operations.connect import OpenCatalogue

NOTHING = Pending()
BOOKS = Criteria("books")


def found(catalogue: OpenCatalogue, find: str, by: str = "X", criteria: Criteria = BOOKS, **more: Any) -> Found:
    column, pending = more.pop("column", "title"), more.pop("pending", NOTHING)
    return find_to_replace(
        sessions=catalogue.sessions, criteria=criteria, column=column, replacing=Replacing(find, by, **more),
        pending=pending,
    )  # fmt: skip


def test_hits_are_those_of_the_view_in_its_order(shared_catalogue: OpenCatalogue) -> None:
    books = {one["id"]: one for one in everything(shared_catalogue).books}
    criteria = Criteria("books", (Filter("language", Op.EQUALS, "en"),), (Sort("title", descending=True),))
    hits = found(shared_catalogue, "Hobbit", "Dwarf", criteria).hits
    wanted = {one for one, book in books.items() if book["language"] == "en" and "Hobbit" in book["title"]}
    assert wanted
    assert {hit.id for hit in hits} == wanted
    for hit in hits:
        assert hit.row is not None
        assert hit.before == hit.stored == books[hit.id]["title"]
        assert hit.after == hit.before.replace("Hobbit", "Dwarf")
        assert not hit.reason
    rows = [hit.id for hit in hits]
    everywhere = [
        hit.id for hit in found(shared_catalogue, "Hobbit", criteria=Criteria("books", sorts=criteria.sorts)).hits
    ]
    assert rows == [one for one in everywhere if one in wanted]


@pytest.mark.parametrize("text", ["100 %", "sure_ly", "/ \\ no", "’", ".", "\\"])
def test_special_characters_mean_themselves(shared_catalogue: OpenCatalogue, text: str) -> None:
    wanted = {one["id"] for one in everything(shared_catalogue).books if text in one["title"]}
    assert {hit.id for hit in found(shared_catalogue, text, "\\1\\g<0>$&").hits} == wanted
    for hit in found(shared_catalogue, text, "\\1\\g<0>$&").hits:
        assert hit.after == hit.before.replace(text, "\\1\\g<0>$&")


def test_case_counts_unless_it_is_ignored(shared_catalogue: OpenCatalogue) -> None:
    books = everything(shared_catalogue).books
    assert found(shared_catalogue, "ulysses").hits == ()
    wanted = {one["id"] for one in books if "ulysses" in one["title"].lower()}
    assert {hit.id for hit in found(shared_catalogue, "ulysses", ignores_case=True).hits} == wanted
    greek = {one["id"] for one in books if "ΟΔΎΣΣΕΙΑ" in one["title"].upper()}
    assert {hit.id for hit in found(shared_catalogue, "ΟΔΎΣΣΕΙΑ", ignores_case=True).hits} == greek
    assert greek


def test_a_whole_value_is_not_a_part_of_one(shared_catalogue: OpenCatalogue) -> None:
    wanted = {one["id"] for one in everything(shared_catalogue).books if one["title"] == "Hobbit"}
    assert wanted
    assert {hit.id for hit in found(shared_catalogue, "Hobbit", whole=True).hits} == wanted


def test_notes_are_found_although_no_grid_has_them(shared_catalogue: OpenCatalogue) -> None:
    wanted = {one["id"] for one in everything(shared_catalogue).books if "twice" in (one["notes"] or "")}
    hits = found(shared_catalogue, "twice", "once", column="notes").hits
    assert wanted
    assert {hit.id for hit in hits} == wanted
    assert {hit.after for hit in hits} == {"Read once."}


def test_what_is_pending_counts_instead_of_what_is_stored(shared_catalogue: OpenCatalogue) -> None:
    books = everything(shared_catalogue).books
    ulysses = [one["id"] for one in books if one["title"].startswith("Ulysses")]
    other = next(one["id"] for one in books if "Ulysses" not in one["title"])
    pending = Pending(
        {ulysses[0]: "Changed", other: "My Ulysses", -3: "Ulysses anew", -4: None}, frozenset(ulysses[1:2])
    )
    hits = found(shared_catalogue, "Ulysses", "U", pending=pending).hits
    assert hits[0].id == -3
    assert hits[0].row is None
    assert {hit.id for hit in hits} == {-3, other, *ulysses[2:]}
    mine = next(hit for hit in hits if hit.id == other)
    assert (mine.before, mine.after) == ("My Ulysses", "My U")
    assert mine.stored != mine.before


def test_a_pending_record_that_is_not_in_the_view_is_left_out(shared_catalogue: OpenCatalogue) -> None:
    other = next(one["id"] for one in everything(shared_catalogue).books if one["language"] != "en")
    criteria = Criteria("books", (Filter("language", Op.EQUALS, "en"),))
    pending = Pending({other: "A pending text"})
    assert found(shared_catalogue, "pending", criteria=criteria, pending=pending).hits == ()
    assert len(found(shared_catalogue, "pending", pending=pending).hits) == 1


def test_what_the_column_does_not_take_has_its_reason(catalogue: OpenCatalogue) -> None:
    elsewhere(catalogue, "INSERT INTO books (title, title_key, isbn) VALUES ('A', 'a', '9780261103344')")
    (hit,) = found(catalogue, "978", "979", column="isbn").hits
    assert "check digit" in hit.reason
    (gone,) = found(catalogue, "9780261103344", "", column="isbn").hits
    assert (gone.after, gone.reason) == (None, "")


def test_hits_are_capped_and_say_so(shared_catalogue: OpenCatalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operation, "MOST_HITS", 3)
    capped = found(shared_catalogue, "e")
    assert (len(capped.hits), capped.is_capped) == (3, True)
    assert not found(shared_catalogue, "nowhere at all").is_capped


def test_hits_outside_of_the_view_do_not_count(
    shared_catalogue: OpenCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    ulysses = Criteria("books", (Filter("title", Op.EQUALS, "Ulysses"),))
    inside = len(found(shared_catalogue, "e", criteria=ulysses).hits)
    assert 0 < inside < len(found(shared_catalogue, "e").hits)
    monkeypatch.setattr(operation, "MOST_HITS", inside)
    capped = found(shared_catalogue, "e", criteria=ulysses)
    assert (len(capped.hits), capped.is_capped) == (inside, False)


@pytest.mark.parametrize("search", ["hobbit", "woolf"])
def test_a_searched_view_is_looked_through_by_its_search(shared_catalogue: OpenCatalogue, search: str) -> None:
    criteria = Criteria("books", search=search)
    ids = {row.id for row in open_view(sessions=shared_catalogue.sessions, criteria=criteria).page.rows}
    wanted = {one["id"] for one in everything(shared_catalogue).books if one["id"] in ids and "e" in one["title"]}
    assert wanted
    assert {hit.id for hit in found(shared_catalogue, "e", criteria=criteria).hits} == wanted


def test_looking_can_be_cancelled(shared_catalogue: OpenCatalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operation, "AT_ONCE", 10)
    monkeypatch.setattr(operation, "TELL_SECONDS", 0)
    action = Action("look")
    told: list[int] = []

    def on_progress(read: int) -> None:
        told.append(read)
        action.cancel()

    with pytest.raises(ActionCancelled), action.running():
        find_to_replace(
            sessions=shared_catalogue.sessions, criteria=BOOKS, column="title",
            replacing=Replacing("e", "x", ignores_case=True), pending=NOTHING, on_progress=on_progress,
        )  # fmt: skip
    assert told[0] == 10
    assert shared_catalogue.pool.snapshot().checked_out == 0


def test_nothing_to_look_for_is_a_fault_of_ours(shared_catalogue: OpenCatalogue) -> None:
    with pytest.raises(ValueError, match="nothing to look for"):
        found(shared_catalogue, "")


def test_a_text_that_is_too_long_after_it_is_refused(catalogue: OpenCatalogue) -> None:
    elsewhere(catalogue, "INSERT INTO books (title, title_key) VALUES ('aaa', 'aaa')")
    (hit,) = found(catalogue, "a", "b" * NAME_LENGTH).hits
    assert "at most" in hit.reason
