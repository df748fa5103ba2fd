"""What a commit hands over before its COMMIT is read from the disk as it was, on both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desk.catalog.rows import AuthorRef, ContributionRow
from desk.database.drafts import Draft, orphans
from desk.errors import EnvironmentProblem
from desk.operations.commit import commit_edits
from desk.operations.outcomes import resolve_unit
from tests.support.editing import AUTHOR, BOOK, batch, delete, insert, scalar, update

if TYPE_CHECKING:
    from pathlib import Path

    from desk.catalog.edits import EditBatch, UnitReceipt
    from desk.operations.connect import OpenCatalogue
    from tests.support.library import Library


def everything(catalogue: OpenCatalogue, library: Library) -> EditBatch:
    """A unit of inserts, an update and a deletion, with links to an author who is new."""
    link = AuthorRef(AUTHOR.id, "Sappho")
    return batch(
        insert(AUTHOR, name="Sappho"),
        insert(BOOK, title="Fragments", author=link, contributors=(ContributionRow(link, "author", 0),)),
        update(catalogue, "books", library.book_ids[0], title="Emma", price=None),
        delete(catalogue, "books", library.book_ids[1]),
    )


def test_a_receipt_that_a_crash_left_tells_the_truth(catalogue: OpenCatalogue, filled: Library, tmp_path: Path) -> None:
    unit = everything(catalogue, filled)
    draft = Draft.create(tmp_path / "drafts", "catalogue", "", "")
    draft.write({edit.key: edit for edit in unit.edits})
    handed: list[UnitReceipt] = []

    def keep(receipt: UnitReceipt) -> None:
        handed.append(receipt)
        draft.keep_receipt(receipt)

    result = commit_edits(sessions=catalogue.sessions, batch=unit, keep_receipt=keep)
    draft.close(delete=False)
    (again,) = orphans(tmp_path / "drafts", "catalogue").drafts
    assert again.edits() == unit.edits
    assert [again.receipt] == handed
    assert again.receipt is not None
    assert again.receipt.result == result
    assert resolve_unit(sessions=catalogue.sessions, receipt=again.receipt) == result
    again.close(delete=True)


def test_a_receipt_that_the_disk_refuses_ends_the_unit_unsaved(catalogue: OpenCatalogue, filled: Library) -> None:
    def refuse(_receipt: UnitReceipt) -> None:
        raise EnvironmentProblem("The disk is full.")

    books = scalar(catalogue, "SELECT count(*) FROM books")
    with pytest.raises(EnvironmentProblem, match="full"):
        commit_edits(sessions=catalogue.sessions, batch=everything(catalogue, filled), keep_receipt=refuse)
    assert scalar(catalogue, "SELECT count(*) FROM books") == books
