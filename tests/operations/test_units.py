"""What a commit merges, how it is taken back, and what it knows of the records that it makes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from desk.catalog.edits import CommitResult, Edit, EditBatch, EditKind, Merged, RecordKey, UnitReceipt
from desk.catalog.rows import AuthorRef, ContributionRow
from desk.database.actions import Action
from desk.errors import ActionCancelled, DataConflict, InvalidInput
from desk.operations import outcomes
from desk.operations.commit import commit_edits
from desk.operations.outcomes import resolve_unit
from desk.operations.records import load_details
from tests.support.editing import AUTHOR, BOOK, batch, delete, elsewhere, insert, scalar, stored, update
from tests.support.expected import everything

if TYPE_CHECKING:
    from desk.catalog.rows import BookDetails
    from desk.operations.connect import OpenCatalogue
    from tests.support.library import Library

ENTRY = "INSERT INTO contributions (book_id, author_id, role, position) VALUES (:book, :author, :role, :place)"


def save(catalogue: OpenCatalogue, *edits: Edit | None) -> CommitResult:
    return commit_edits(sessions=catalogue.sessions, batch=batch(*edits))


def take_back(catalogue: OpenCatalogue, result: CommitResult) -> CommitResult:
    assert result.inverse is not None
    return commit_edits(sessions=catalogue.sessions, batch=result.inverse)


def contents(catalogue: OpenCatalogue) -> dict[str, Any]:
    """Everything that an inverse has to bring back: not when, and not how often a record was changed."""
    found = everything(catalogue)
    passing = {"version", "updated_at", "created_at", "author_key"}
    with catalogue.sessions.reading("entries") as session:
        entries = session.connection().exec_driver_sql(
            "SELECT book_id, author_id, role FROM contributions ORDER BY book_id, position, author_id, role"
        )
        return {
            "entries": [tuple(row) for row in entries],
            **{
                name: sorted(
                    ({key: one[key] for key in one if key not in passing} for one in some), key=lambda one: one["id"]
                )
                for name, some in (("books", found.books), ("authors", found.authors))
            },
        }  # fmt: skip


def entries(*rows: tuple[int, str]) -> tuple[ContributionRow, ...]:
    return tuple(
        ContributionRow(AuthorRef(one, f"author {one}"), role, place) for place, (one, role) in enumerate(rows)
    )


def with_contributors(catalogue: OpenCatalogue, book_id: int, rows: tuple[ContributionRow, ...]) -> Edit:
    """An edit of a book's added entries, as the details form makes it."""
    edit = update(catalogue, "books", book_id, contributors=rows)
    known: BookDetails = load_details(sessions=catalogue.sessions, table="books", record_id=book_id)  # type: ignore[assignment]
    return replace(edit, original=MappingProxyType({**edit.original, "contributors": known.contributions}))


def stored_entries(catalogue: OpenCatalogue, book_id: int) -> list[tuple[int, int, str]]:
    with catalogue.sessions.reading("entries") as session:
        found = session.connection().exec_driver_sql(
            f"SELECT position, author_id, role FROM contributions WHERE book_id = {book_id} ORDER BY 1, 2, 3"
        )
        return [tuple(row) for row in found]


def test_other_fields_that_others_changed_are_kept_and_said(catalogue: OpenCatalogue, filled: Library) -> None:
    book_id, other = filled.book_ids[:2]
    edits = [replace(update(catalogue, "books", one, title="Mine"), label="Emma") for one in (book_id, other)]
    elsewhere(catalogue, "UPDATE books SET notes = 'theirs', published_year = 1811 WHERE id = :id", id=book_id)
    result = save(catalogue, *edits)
    found = stored(catalogue, "books", book_id) or {}
    assert (found["title"], found["notes"], found["published_year"]) == ("Mine", "theirs", 1811)
    assert result.saved == tuple(edit.key for edit in edits)
    assert [(one.key, one.label, set(one.fields)) for one in result.merged] == [
        (RecordKey("books", book_id), "Emma", {"notes", "published_year"})
    ]
    assert isinstance(result.merged[0], Merged)


def test_what_both_changed_alike_is_done_already(catalogue: OpenCatalogue, filled: Library) -> None:
    book_id = filled.book_ids[0]
    edit = update(catalogue, "books", book_id, title="Ours")
    elsewhere(catalogue, "UPDATE books SET title = 'Ours' WHERE id = :id", id=book_id)
    version = (stored(catalogue, "books", book_id) or {})["version"]
    result = save(catalogue, edit)
    assert (result.saved, result.merged, result.inverse) == ((edit.key,), (), None)
    assert (stored(catalogue, "books", book_id) or {})["version"] == version


def test_one_conflict_keeps_the_merged_ones_from_being_saved(catalogue: OpenCatalogue, filled: Library) -> None:
    clash, merged = filled.book_ids[:2]
    edits = [update(catalogue, "books", one, title="Mine") for one in (clash, merged)]
    elsewhere(catalogue, "UPDATE books SET title = 'Theirs' WHERE id = :id", id=clash)
    elsewhere(catalogue, "UPDATE books SET notes = 'theirs' WHERE id = :id", id=merged)
    result = save(catalogue, *edits)
    assert [one.edit for one in result.conflicts] == [edits[0]]
    assert (stored(catalogue, "books", merged) or {})["title"] != "Mine"


def test_contributors_are_replaced_as_a_whole_and_raise_the_version(catalogue: OpenCatalogue, filled: Library) -> None:
    book_id = filled.book_ids[0]
    one, two, three = filled.author_ids[:3]
    before = stored(catalogue, "books", book_id) or {}
    for rows in (entries((one, "editor"), (two, "author")), entries((three, "author"), (one, "editor")), ()):
        save(catalogue, with_contributors(catalogue, book_id, rows))
        assert stored_entries(catalogue, book_id) == [(row.position, row.author.id, row.role) for row in rows]
    after = stored(catalogue, "books", book_id) or {}
    assert after["version"] == before["version"] + (3 if before else 0)
    assert str(after["updated_at"]) > str(before["updated_at"])
    assert after["title_key"] == before["title_key"]


def test_contributors_changed_elsewhere_are_a_conflict(catalogue: OpenCatalogue, filled: Library) -> None:
    book_id = filled.book_ids[0]
    edit = with_contributors(catalogue, book_id, entries((filled.author_ids[0], "editor")))
    elsewhere(catalogue, "DELETE FROM contributions WHERE book_id = :book", book=book_id)
    elsewhere(catalogue, ENTRY, book=book_id, author=filled.author_ids[5], role="translator", place=4)
    (conflict,) = save(catalogue, edit).conflicts
    assert conflict.theirs is not None
    (theirs,) = conflict.theirs["contributors"]
    assert (theirs.author.id, theirs.role, theirs.position) == (filled.author_ids[5], "translator", 0)
    assert theirs.author.name
    assert len(stored_entries(catalogue, book_id)) == 1


def test_new_books_and_old_ones_get_new_contributors(catalogue: OpenCatalogue, filled: Library) -> None:
    old, author = filled.book_ids[0], filled.author_ids[0]
    rows = (ContributionRow(AuthorRef(AUTHOR.id, "New"), "editor", 0), *entries((author, "x"))[:0])
    result = save(
        catalogue,
        insert(BOOK, title="Emma", contributors=(*rows, ContributionRow(AuthorRef(author, ""), "author", 1))),
        with_contributors(catalogue, old, rows),
        insert(AUTHOR, name="New"),
    )
    fresh = result.new_ids[AUTHOR]
    assert stored_entries(catalogue, result.new_ids[BOOK]) == [(0, fresh, "editor"), (1, author, "author")]
    assert stored_entries(catalogue, old) == [(0, fresh, "editor")]
    with pytest.raises(DataConflict, match="no longer among the pending edits"):
        save(catalogue, with_contributors(catalogue, old, (replace(rows[0], author=AuthorRef(-9, "Gone")),)))


def test_a_unit_is_taken_back_and_done_again(catalogue: OpenCatalogue, filled: Library) -> None:
    changed, doomed, entered = filled.book_ids[:3]
    lonely = save(catalogue, insert(AUTHOR, name="Lonely", birth_year=-70, notes="")).new_ids[AUTHOR]
    elsewhere(catalogue, "DELETE FROM contributions WHERE book_id = :book", book=doomed)
    for place, role in enumerate(("editor", "author")):
        elsewhere(catalogue, ENTRY, book=doomed, author=filled.author_ids[place], role=role, place=place)
    elsewhere(
        catalogue,
        "UPDATE books SET price = :price, notes = '', published_year = -720, author_id = :author WHERE id = :id",
        price=1250 if catalogue.sessions.dialect == "sqlite" else Decimal("12.50"), author=lonely, id=doomed,
    )  # fmt: skip
    before = contents(catalogue)
    result = save(
        catalogue,
        update(catalogue, "books", changed, title="The Mine", language="en", author=AuthorRef(AUTHOR.id, "New")),
        with_contributors(catalogue, entered, entries((filled.author_ids[7], "editor"))),
        delete(catalogue, "books", doomed),
        delete(catalogue, "authors", lonely),
        insert(
            BOOK, title="New", author=AuthorRef(AUTHOR.id, "New"), contributors=entries((filled.author_ids[1], "x"))
        ),
        insert(AUTHOR, name="New"),
    )  # fmt: skip
    after = contents(catalogue)
    assert after != before
    back = take_back(catalogue, result)
    assert not back.conflicts
    assert contents(catalogue) == before
    again = take_back(catalogue, back)
    renamed = {**after, "books": [one for one in contents(catalogue)["books"] if one["title"] == "New"]}
    assert [one["title"] for one in renamed["books"]] == ["New"]
    assert (stored(catalogue, "books", changed) or {})["title_key"] == "mine"
    assert stored(catalogue, "books", doomed) is None
    take_back(catalogue, again)
    assert contents(catalogue) == before


def test_a_record_that_comes_back_has_a_version_that_nobody_has_seen(catalogue: OpenCatalogue, filled: Library) -> None:
    book_id = filled.book_ids[0]
    save(catalogue, update(catalogue, "books", book_id, title="Second"))
    take_back(catalogue, save(catalogue, delete(catalogue, "books", book_id)))
    assert (stored(catalogue, "books", book_id) or {})["version"] == 3
    with_new = save(catalogue, insert(BOOK, title="After")).new_ids[BOOK]
    assert with_new > max(filled.book_ids)


def test_an_inverse_overwrites_no_later_change(catalogue: OpenCatalogue, filled: Library) -> None:
    book_id, other = filled.book_ids[:2]
    result = save(
        catalogue, update(catalogue, "books", book_id, title="Mine"), update(catalogue, "books", other, title="Mine")
    )
    elsewhere(catalogue, "UPDATE books SET title = 'Later' WHERE id = :id", id=book_id)
    elsewhere(catalogue, "UPDATE books SET notes = 'later' WHERE id = :id", id=other)
    back = take_back(catalogue, result)
    assert [one.edit.key.id for one in back.conflicts] == [book_id]
    assert (stored(catalogue, "books", book_id) or {})["title"] == "Later"
    assert (stored(catalogue, "books", other) or {})["title"] == "Mine"


@pytest.mark.parametrize(
    "statement",
    ["UPDATE books SET notes = 'later' WHERE id = :id", ENTRY.replace(":book", ":id")],
    ids=["notes", "entry"],
)
def test_a_new_book_that_others_changed_is_not_taken_away(
    catalogue: OpenCatalogue, filled: Library, statement: str
) -> None:
    result = save(catalogue, insert(BOOK, title="New"))
    book_id = result.new_ids[BOOK]
    more = {"author": filled.author_ids[0], "role": "x", "place": 0} if "INSERT" in statement else {}
    elsewhere(catalogue, statement, id=book_id, **more)
    assert take_back(catalogue, result).conflicts
    assert stored(catalogue, "books", book_id) is not None


def test_an_id_that_is_taken_again_is_a_conflict(catalogue: OpenCatalogue, filled: Library) -> None:
    book_id = filled.book_ids[0]
    result = save(catalogue, delete(catalogue, "books", book_id))
    elsewhere(catalogue, "INSERT INTO books (id, title, title_key) VALUES (:id, 'Other', 'other')", id=book_id)
    (conflict,) = take_back(catalogue, result).conflicts
    assert conflict.theirs is not None
    assert conflict.theirs["title"] == "Other"
    assert (stored(catalogue, "books", book_id) or {})["title"] == "Other"


def test_the_receipt_comes_before_the_commit_and_only_for_new_records(
    catalogue: OpenCatalogue, filled: Library
) -> None:
    kept: list[UnitReceipt] = []

    def keep(receipt: UnitReceipt) -> None:
        kept.append(receipt)
        seen.append(resolve_unit(sessions=catalogue.sessions, receipt=receipt))

    seen: list[CommitResult | None] = []
    edits = batch(update(catalogue, "books", filled.book_ids[0], title="Mine"))
    commit_edits(sessions=catalogue.sessions, batch=edits, keep_receipt=keep)
    assert kept == []
    new = batch(insert(BOOK, title="New"), insert(AUTHOR, name="New"))
    result = commit_edits(sessions=catalogue.sessions, batch=new, keep_receipt=keep)
    (receipt,) = kept
    assert receipt.result == result
    assert {key: saved[0] for key, saved in receipt.inserted.items()} == dict(result.new_ids)
    book = stored(catalogue, "books", result.new_ids[BOOK]) or {}
    made = receipt.inserted[BOOK][1]
    assert str(book["created_at"])[:26] == made.replace(tzinfo=None).isoformat(" ", "microseconds")
    assert seen == [CommitResult(()) if catalogue.sessions.dialect == "sqlite" else None]
    assert resolve_unit(sessions=catalogue.sessions, receipt=receipt) == result


def test_without_the_servers_memory_the_new_records_tell(
    catalogue: OpenCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[UnitReceipt] = []
    new = batch(insert(BOOK, title="New"), insert(AUTHOR, name="New"))
    result = commit_edits(sessions=catalogue.sessions, batch=new, keep_receipt=kept.append)
    for number in ("", "9000000000000000000"):
        receipt = replace(kept[0], transaction=number)
        if number and catalogue.sessions.dialect == "sqlite":
            continue
        assert resolve_unit(sessions=catalogue.sessions, receipt=receipt) == result
    elsewhere(catalogue, "UPDATE books SET title = 'Later'")
    assert resolve_unit(sessions=catalogue.sessions, receipt=replace(kept[0], transaction="")) == result
    for table in ("books", "authors"):
        elsewhere(catalogue, f"DELETE FROM {table}")
    save(catalogue, replace(insert(RecordKey("books", result.new_ids[BOOK]), title="Other"), version=0))
    receipt = replace(kept[0], transaction="")
    assert resolve_unit(sessions=catalogue.sessions, receipt=receipt) == CommitResult(())


def test_what_keeping_the_receipt_raises_ends_the_unit_unsaved(catalogue: OpenCatalogue) -> None:
    def refuse(_receipt: UnitReceipt) -> None:
        raise InvalidInput("The disk is full.", code="full")

    with pytest.raises(InvalidInput, match="disk is full"):
        commit_edits(sessions=catalogue.sessions, batch=batch(insert(BOOK, title="New")), keep_receipt=refuse)
    assert scalar(catalogue, "SELECT count(*) FROM books") == 0


def test_a_cancel_while_the_receipt_is_kept_ends_the_unit_unsaved(catalogue: OpenCatalogue) -> None:
    action = Action("commit")
    with action.running(), pytest.raises(ActionCancelled):
        commit_edits(
            sessions=catalogue.sessions,
            batch=batch(insert(BOOK, title="New")),
            keep_receipt=lambda _receipt: action.cancel(),
        )
    assert scalar(catalogue, "SELECT count(*) FROM books") == 0


def test_a_row_that_something_keeps_from_changing_ends_the_unit(catalogue: OpenCatalogue, filled: Library) -> None:
    """What a guard is for: a trigger or a rule of the database that drops a change without a word."""
    one, other = filled.book_ids[:2]
    ignore = {
        "sqlite": [f"CREATE TRIGGER deaf BEFORE UPDATE ON books WHEN old.id = {one} BEGIN SELECT RAISE(IGNORE); END"],
        "postgresql": [
            "CREATE FUNCTION deaf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
            f"CREATE TRIGGER deaf BEFORE UPDATE ON books FOR EACH ROW WHEN (old.id = {one}) EXECUTE FUNCTION deaf()",
        ],
    }
    with catalogue.sessions.writing("deaf") as session:
        for statement in ignore[catalogue.sessions.dialect]:
            session.connection().exec_driver_sql(statement)
        session.commit()
    edits = [update(catalogue, "books", book_id, notes="mine") for book_id in (one, other)]
    with pytest.raises(DataConflict) as refused:
        save(catalogue, *edits)
    assert refused.value.code == "changed"
    assert "nothing was saved" in refused.value.what
    assert (stored(catalogue, "books", other) or {})["notes"] != "mine"


def test_a_value_that_cannot_be_stored_is_refused_with_words(catalogue: OpenCatalogue) -> None:
    with pytest.raises(InvalidInput) as refused:
        save(catalogue, insert(BOOK, title="half \ud800"))
    assert refused.value.code == "unstorable"
    assert scalar(catalogue, "SELECT count(*) FROM books") == 0


def test_an_empty_batch_costs_nothing(catalogue: OpenCatalogue) -> None:
    with Action("test").running() as action:
        commit_edits(sessions=catalogue.sessions, batch=EditBatch(()))
    assert (action.statements, action.checkouts) == (0, 0)


@pytest.mark.parametrize("kind", [EditKind.UPDATE, EditKind.DELETE, EditKind.INSERT])
def test_one_edit_takes_few_statements(catalogue: OpenCatalogue, filled: Library, kind: EditKind) -> None:
    edit = {
        EditKind.UPDATE: lambda: update(catalogue, "books", filled.book_ids[0], notes="mine"),
        EditKind.DELETE: lambda: delete(catalogue, "books", filled.book_ids[0]),
        EditKind.INSERT: lambda: insert(BOOK, title="New"),
    }[kind]()
    with Action("test").running() as action:
        save(catalogue, edit)
    read = {EditKind.UPDATE: 1, EditKind.DELETE: 2, EditKind.INSERT: 0}[kind]
    assert action.statements == read + 1 + (catalogue.sessions.dialect == "postgresql")
    assert action.checkouts == 1


def test_seconds_of_asking_are_bounded() -> None:
    assert outcomes.PATIENCE_SECONDS < outcomes.ASK_SECONDS <= 5
