"""What is chosen of the edits of earlier runs: joined records go together, rivals never."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from desk.catalog.edits import Checked, Edit, EditKind, EditState, RecordKey
from desk.catalog.recovery import Item, RecoveryChoice, joined_by_links
from desk.catalog.rows import AuthorRef, ContributionRow


def book(number: int, **values: Any) -> Edit:
    kind = EditKind.INSERT if number < 0 else EditKind.UPDATE
    return Edit(RecordKey("books", number), kind, f"Book {number}", values=MappingProxyType(values))


def author(number: int, name: str = "Anon") -> Edit:
    return Edit(RecordKey("authors", number), EditKind.INSERT, name, values=MappingProxyType({"name": name}))


def checked(*edits: Edit, state: EditState = EditState.UNCHANGED) -> tuple[Checked, ...]:
    return tuple(Checked(edit, state) for edit in edits)


def item(draft: int, edit: Edit) -> Item:
    return Item(draft, edit.key)


NEW = AuthorRef(-1, "Anon")
BY_NEW, ALSO_BY_NEW = book(1, author=NEW), book(-2, contributors=(ContributionRow(NEW, "editor", 0),))
OTHER = book(3, title="Other")


def test_everything_is_chosen_at_first_but_what_is_saved_already() -> None:
    choice = RecoveryChoice([(*checked(OTHER), *checked(book(4), state=EditState.SAVED))])
    assert choice.edits(0) == (OTHER,)
    assert not choice.can_choose(item(0, book(4)))
    assert len(choice) == 1


def test_a_draft_of_another_place_is_not_chosen_at_first() -> None:
    choice = RecoveryChoice([checked(OTHER), checked(BY_NEW, author(-1))], elsewhere=[1])
    assert choice.edits(0) == (OTHER,)
    assert choice.edits(1) == ()
    choice.choose_all(1, wanted=True)
    assert choice.edits(1) == (BY_NEW, author(-1))


def test_a_new_author_goes_with_those_who_link_to_it() -> None:
    choice = RecoveryChoice([checked(BY_NEW, OTHER, author(-1), ALSO_BY_NEW)])
    choice.choose(item(0, author(-1)), wanted=False)
    assert choice.edits(0) == (OTHER,)
    choice.choose(item(0, ALSO_BY_NEW), wanted=True)
    assert choice.edits(0) == (BY_NEW, OTHER, author(-1), ALSO_BY_NEW)


def test_groups_of_links_grow_together() -> None:
    links = book(9, author=AuthorRef(-2, "Two"), contributors=(ContributionRow(NEW, "editor", 0),))
    groups = joined_by_links([author(-1), author(-2), BY_NEW, OTHER, links])
    assert sorted(len(group) for group in groups) == [1, 4]


def test_of_two_drafts_about_one_record_only_one_is_chosen() -> None:
    newer, older = book(3, title="Newer"), book(3, title="Older")
    choice = RecoveryChoice([checked(newer), checked(older, BY_NEW, author(-1))])
    assert choice.edits(0) == (newer,)
    assert choice.edits(1) == (BY_NEW, author(-1))
    choice.choose(item(1, older), wanted=True)
    assert choice.edits(0) == ()
    assert choice.edits(1) == (older, BY_NEW, author(-1))


def test_a_record_that_was_added_in_both_drafts_is_chosen_once() -> None:
    same = [book(-1, title="Same"), book(-5, title="Same")]
    choice = RecoveryChoice([checked(same[0]), checked(same[1], book(-6, title="Mine"))])
    assert choice.edits(0) == (same[0],)
    assert choice.edits(1) == (book(-6, title="Mine"),)


def drafts() -> st.SearchStrategy[list[list[Edit]]]:
    links = st.integers(-3, -1).map(lambda number: AuthorRef(number, "New"))
    books = st.builds(lambda number, link: book(number, author=link), st.sampled_from([1, 2, -8, -9]), links)
    authors = st.builds(author, st.integers(-3, -1), st.sampled_from(["One", "Two", "Three"]))
    draft = st.lists(books | authors, max_size=6, unique_by=lambda edit: edit.key)
    return st.lists(draft, min_size=1, max_size=3)


@given(drafts(), st.lists(st.tuples(st.integers(0, 50), st.booleans()), max_size=8))
def test_whatever_is_chosen_links_stay_whole_and_no_record_meets_itself(
    found: list[list[Edit]], wishes: list[tuple[int, bool]]
) -> None:
    choice = RecoveryChoice([checked(*edits) for edits in found])
    items = [item(number, edit) for number, edits in enumerate(found) for edit in edits]
    for which, wanted in wishes if items else ():
        choice.choose(items[which % len(items)], wanted=wanted)
        assert choice.is_chosen(items[which % len(items)]) is wanted
    chosen = [choice.edits(number) for number in range(len(found))]
    for edits, mine in zip(found, chosen, strict=True):
        known = {edit.key for edit in edits}
        kept = {edit.key for edit in mine}
        left = known - kept
        for edit in edits:
            link = RecordKey("authors", edit.values["author"].id) if "author" in edit.values else edit.key
            assert link not in known or (edit.key in kept) == (link in kept)
        assert kept | left == known
    stored = [edit.key for edits in chosen for edit in edits if edit.key.id > 0]
    assert len(stored) == len(set(stored))
