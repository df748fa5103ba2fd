"""Drafts of earlier runs are found once, resolved, re-checked, and never lose an edit that nobody decided about."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from desk.catalog.edits import CommitResult, Edit, EditState, UnitReceipt
from desk.database import drafts
from desk.database.drafts import Draft
from desk.errors import EnvironmentProblem
from desk.operations import recovering
from desk.operations.commit import commit_edits
from desk.operations.recovering import FoundDrafts, find_drafts, settle_drafts
from tests.support.editing import AUTHOR, BOOK, batch, delete, elsewhere, insert, stored, update
from tests.support.measuring import counting

if TYPE_CHECKING:
    from desk.operations.connect import OpenCatalogue
    from tests.support.library import Library


def begun(catalogue: OpenCatalogue, *edits: Edit) -> Draft:
    """The draft of a Desk that runs."""
    info = catalogue.info
    draft = Draft.create(drafts.folder(), info.identity, info.place, info.title)
    draft.write({edit.key: edit for edit in edits}, 1)
    return draft


def left(catalogue: OpenCatalogue, *edits: Edit) -> None:
    """The draft of a Desk that is gone."""
    begun(catalogue, *edits).close(delete=False)


def find(catalogue: OpenCatalogue) -> FoundDrafts:
    return find_drafts(sessions=catalogue.sessions, identity=catalogue.info.identity)


def release(found: FoundDrafts) -> None:
    settle_drafts(forgotten=(), released=[one.draft for one in found.drafts])


def states(found: FoundDrafts) -> list[EditState]:
    return [one.state for draft in found.drafts for one in draft.checked]


def test_without_a_draft_the_database_is_not_asked(catalogue: OpenCatalogue) -> None:
    with counting() as counted:
        assert find(catalogue) == FoundDrafts()
    assert counted.statements == 0


def test_edits_come_back_in_their_order_beside_what_became_of_their_records(
    catalogue: OpenCatalogue, filled: Library
) -> None:
    one, two, three, four, five = filled.book_ids[:5]
    edits = [
        update(catalogue, "books", one, title="Mine"), insert(BOOK, title="New"),
        update(catalogue, "books", two, notes="Mine"), delete(catalogue, "books", three),
        update(catalogue, "books", four, title="Mine"), update(catalogue, "books", five, language="xx"),
    ]  # fmt: skip
    left(catalogue, *edits)
    elsewhere(catalogue, "UPDATE books SET title = 'Theirs' WHERE id = :id", id=one)
    elsewhere(catalogue, "UPDATE books SET title = 'Theirs' WHERE id = :id", id=two)
    elsewhere(catalogue, "DELETE FROM contributions WHERE book_id = :id", id=four)
    elsewhere(catalogue, "DELETE FROM books WHERE id = :id", id=four)
    elsewhere(catalogue, "UPDATE books SET language = 'xx' WHERE id = :id", id=five)
    found = find(catalogue)
    assert [one.edit for one in found.drafts[0].checked] == edits
    assert states(found) == [
        EditState.CONFLICT, EditState.UNCHANGED, EditState.MERGED, EditState.UNCHANGED, EditState.GONE, EditState.SAVED,
    ]  # fmt: skip
    release(found)


def test_what_is_found_is_held_until_it_is_released(catalogue: OpenCatalogue) -> None:
    left(catalogue, insert(BOOK, title="New"))
    found = find(catalogue)
    assert states(found) == [EditState.UNCHANGED]
    assert find(catalogue) == FoundDrafts()
    release(found)
    again = find(catalogue)
    assert states(again) == [EditState.UNCHANGED]
    release(again)


def test_the_draft_of_a_desk_that_runs_is_left_alone(catalogue: OpenCatalogue) -> None:
    draft = begun(catalogue, insert(BOOK, title="New"))
    assert find(catalogue) == FoundDrafts()
    draft.write({BOOK: insert(BOOK, title="Newer")}, 2)
    draft.close(delete=False)
    found = find(catalogue)
    assert dict(found.drafts[0].checked[0].edit.values) == {"title": "Newer"}
    release(found)


def test_a_look_around_does_not_open_the_draft_of_this_desk_to_another_one(catalogue: OpenCatalogue) -> None:
    """Closing any file would give up this process's locks on it."""
    draft = begun(catalogue, insert(BOOK, title="New"))
    assert find(catalogue) == FoundDrafts()
    look = "import sys; from desk.database import drafts; print(drafts.orphans(drafts.folder(), sys.argv[1]))"
    told = subprocess.run([sys.executable, "-c", look, catalogue.info.identity], capture_output=True, check=True)
    assert told.stdout.split() == b"Orphans(drafts=(), put_aside=())".split()
    draft.close(delete=True)


def test_the_newest_draft_comes_first(catalogue: OpenCatalogue) -> None:
    left(catalogue, insert(BOOK, title="First"))
    left(catalogue, insert(BOOK, title="Second"))
    found = find(catalogue)
    assert [one.checked[0].edit.values["title"] for one in found.drafts] == ["Second", "First"]
    release(found)


def test_forgotten_edits_are_gone_and_the_others_stay(catalogue: OpenCatalogue) -> None:
    left(catalogue, insert(BOOK, title="New"), insert(AUTHOR, name="New"))
    draft = find(catalogue).drafts[0].draft
    settle_drafts(forgotten=[(draft, [BOOK])], released=[draft])
    found = find(catalogue)
    assert [one.edit.key for one in found.drafts[0].checked] == [AUTHOR]
    settle_drafts(forgotten=[(found.drafts[0].draft, [AUTHOR])], released=[found.drafts[0].draft])
    assert list(drafts.folder().iterdir()) == []


def test_a_disk_that_refuses_to_forget_leaves_everything_and_lets_go(
    catalogue: OpenCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    left(catalogue, insert(BOOK, title="New"))
    draft = find(catalogue).drafts[0].draft

    def refuse(*_arguments: object) -> None:
        raise EnvironmentProblem("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(Draft, "write", refuse)
        with pytest.raises(EnvironmentProblem):
            settle_drafts(forgotten=[(draft, [BOOK])], released=[draft])
    found = find(catalogue)
    assert states(found) == [EditState.UNCHANGED]
    release(found)


def test_a_unit_that_was_saved_just_before_the_end_is_not_offered(catalogue: OpenCatalogue, filled: Library) -> None:
    edits = [insert(BOOK, title="New"), update(catalogue, "books", filled.book_ids[0], title="Mine")]
    draft = begun(catalogue, *edits)
    result = commit_edits(sessions=catalogue.sessions, batch=batch(*edits), keep_receipt=draft.keep_receipt)
    draft.close(delete=False)  # killed before it could say so
    found = find(catalogue)
    assert (found.drafts, found.saved) == ((), 2)
    assert stored(catalogue, "books", result.new_ids[BOOK]) is not None
    assert list(drafts.folder().iterdir()) == []


def test_a_unit_that_was_not_saved_is_offered(catalogue: OpenCatalogue) -> None:
    edit = insert(BOOK, title="New")
    draft = begun(catalogue, edit)

    def die(receipt: UnitReceipt) -> None:
        draft.keep_receipt(receipt)
        raise EnvironmentProblem("Killed.")

    with pytest.raises(EnvironmentProblem):
        commit_edits(sessions=catalogue.sessions, batch=batch(edit), keep_receipt=die)
    draft.close(delete=False)
    found = find(catalogue)
    assert (states(found), found.saved) == ([EditState.UNCHANGED], 0)
    assert found.drafts[0].draft.receipt is None
    release(found)


def test_a_unit_of_which_nobody_knows_waits(catalogue: OpenCatalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    edit = insert(BOOK, title="New")
    draft = begun(catalogue, edit)
    commit_edits(sessions=catalogue.sessions, batch=batch(edit), keep_receipt=draft.keep_receipt)
    draft.close(delete=False)

    def unknown(_sessions: object, receipt: UnitReceipt) -> CommitResult:
        return CommitResult(saved=(), unknown=receipt)

    with monkeypatch.context() as patched:
        patched.setattr(recovering, "find_outcome", unknown)
        found = find(catalogue)
    assert (found.drafts, found.saved, found.undecided) == ((), 0, 1)
    assert find(catalogue).saved == 1


def test_what_is_saved_already_needs_no_offer(catalogue: OpenCatalogue, filled: Library) -> None:
    left(catalogue, update(catalogue, "books", filled.book_ids[0], title="Mine"))
    elsewhere(catalogue, "UPDATE books SET title = 'Mine' WHERE id = :id", id=filled.book_ids[0])
    found = find(catalogue)
    assert (found.drafts, found.saved) == ((), 1)
    assert list(drafts.folder().iterdir()) == []


def test_a_database_that_cannot_be_asked_leaves_the_draft_for_later(
    catalogue: OpenCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    left(catalogue, insert(BOOK, title="New"))

    def refuse(**_arguments: object) -> None:
        raise EnvironmentProblem("The server is gone.")

    with monkeypatch.context() as patched:
        patched.setattr(recovering, "recheck_edits", refuse)
        with pytest.raises(EnvironmentProblem):
            find(catalogue)
    found = find(catalogue)
    assert states(found) == [EditState.UNCHANGED]
    release(found)


def test_another_catalogue_is_offered_nothing(catalogue: OpenCatalogue) -> None:
    left(catalogue, insert(BOOK, title="New"))
    assert find_drafts(sessions=catalogue.sessions, identity="0" * 32) == FoundDrafts()
