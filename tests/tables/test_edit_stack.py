"""Pending edits: every change is one step, which can be taken back and taken again."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from desk.catalog.columns import BOOKS
from desk.catalog.edits import CommitResult, Conflict, Edit, EditKind, RecordKey
from desk.catalog.rows import AuthorRef
from desk.dialogs.conflict_choices import MINE, RECORD, resolve
from desk.tables.edit_stack import EditStack, NewAuthor, Original
from desk.tables.record_table import original_of
from tests.support.shelf import book

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def original() -> Original:
    return original_of(BOOKS, book(1))


def values_of(edits: EditStack, key: RecordKey) -> dict[str, Any]:
    edit = edits.get(key)
    return dict(edit.values) if edit else {}


def test_a_change_can_be_taken_back_and_taken_again(edits: EditStack, original: Original) -> None:
    edits.set_field(original, "title", "Orlando")
    edits.set_field(original, "language", None)
    assert values_of(edits, original.key) == {"title": "Orlando", "language": None}
    edits.steps.undo()
    assert values_of(edits, original.key) == {"title": "Orlando"}
    edits.steps.undo()
    assert len(edits) == 0
    edits.steps.redo()
    edits.steps.redo()
    assert values_of(edits, original.key) == {"title": "Orlando", "language": None}


def test_an_edit_knows_where_it_began(edits: EditStack, original: Original) -> None:
    edits.set_field(original, "title", "Orlando")
    edit = edits.edits()[0]
    assert (edit.kind, edit.version, edit.label) == (EditKind.UPDATE, 1, "Orlando")
    assert edit.original["title"] == "Book 1"
    assert edit.original["author"] == AuthorRef(1, "")


def test_an_edit_keeps_its_origin_when_the_record_was_loaded_anew(edits: EditStack, original: Original) -> None:
    edits.set_field(original, "title", "Orlando")
    later = original_of(BOOKS, book(1, version=2, title="Changed elsewhere", price=None), notes="loaded later")
    edits.set_field(later, "language", "de")
    edit = edits.edits()[0]
    assert (edit.version, edit.original["title"], edit.original["notes"]) == (1, "Book 1", "loaded later")


def test_the_value_it_had_takes_a_change_away(edits: EditStack, original: Original) -> None:
    edits.set_field(original, "title", "Orlando")
    edits.set_field(original, "title", "Book 1")
    assert len(edits) == 0
    edits.steps.undo()
    assert values_of(edits, original.key) == {"title": "Orlando"}


def test_setting_what_is_there_already_is_no_step(edits: EditStack, original: Original) -> None:
    edits.set_field(original, "title", "Book 1")
    assert not edits.steps.canUndo()
    edits.set_field(original, "title", "Orlando")
    edits.set_field(original, "title", "Orlando")
    assert edits.steps.count() == 1


def test_steps_say_what_they_do(edits: EditStack, original: Original) -> None:
    edits.set_field(original, "title", "Orlando")
    assert edits.steps.undoText() == "Change Title of Book 1"
    edits.delete([original, original_of(BOOKS, book(2))])
    assert edits.steps.undoText() == "Delete 2 records"


def test_counts_and_keys_are_announced(edits: EditStack, original: Original, qtbot: QtBot) -> None:
    changed: list[RecordKey] = []
    counts: list[int] = []
    edits.edit_changed.connect(changed.append)
    edits.count_changed.connect(counts.append)
    edits.set_field(original, "title", "Orlando")
    key = edits.add("authors")
    edits.roll_back()
    assert changed == [original.key, key, original.key, key]
    assert counts == [1, 2, 1, 0]


def test_one_field_or_a_whole_record_can_be_dropped(edits: EditStack, original: Original) -> None:
    edits.set_field(original, "title", "Orlando")
    edits.set_field(original, "language", "de")
    edits.drop(original.key, "title")
    edit = edits.edits()[0]
    assert (dict(edit.values), edit.label) == ({"language": "de"}, edit.label)
    edits.drop(original.key, "language")
    assert len(edits) == 0
    edits.steps.undo()
    edits.steps.undo()
    edits.drop(original.key)
    assert len(edits) == 0
    edits.steps.undo()
    assert values_of(edits, original.key) == {"title": "Orlando", "language": "de"}


def test_dropping_what_is_not_pending_is_no_step(edits: EditStack, original: Original) -> None:
    edits.drop(original.key)
    assert not edits.steps.canUndo()


def test_a_new_author_and_the_link_to_them_are_one_step(edits: EditStack, original: Original) -> None:
    edits.set_field(original, "author", NewAuthor("Sackville-West, Vita"))
    new = edits.inserts("authors")[0]
    assert new.values == {"name": "Sackville-West, Vita"}
    assert values_of(edits, original.key)["author"].id == new.key.id < 0
    edits.steps.undo()
    assert len(edits) == 0
    edits.steps.redo()
    assert edits.inserts("authors") == [new]
    assert values_of(edits, original.key)["author"].id == new.key.id


def test_dropping_a_new_author_takes_the_links_back(edits: EditStack, original: Original) -> None:
    edits.set_field(original, "author", NewAuthor("Sackville-West, Vita"))
    edits.set_field(original, "language", "de")
    new = edits.inserts("authors")[0].key
    other = edits.add("books", {"title": "Pepita", "author": AuthorRef(new.id, "Sackville-West, Vita")})
    edits.drop(new)
    assert values_of(edits, original.key) == {"language": "de"}
    assert values_of(edits, other) == {"title": "Pepita"}
    edits.steps.undo()
    assert values_of(edits, original.key)["author"].id == new.id
    assert values_of(edits, other)["author"].id == new.id


def test_deleting_a_new_record_takes_it_away_with_the_links_to_it(edits: EditStack, original: Original) -> None:
    edits.set_field(original, "author", NewAuthor("Sackville-West, Vita"))
    new = edits.inserts("authors")[0]
    edits.delete([Original(new.key, 0, {}, new.label)])
    assert len(edits) == 0
    edits.steps.undo()
    assert len(edits) == 2


def test_a_dropped_deletion_gives_the_change_before_it_back(edits: EditStack, original: Original) -> None:
    edits.set_field(original, "title", "Orlando")
    edits.delete([original])
    edit = edits.edits()[0]
    assert (edit.kind, edit.original["title"]) == (EditKind.DELETE, "Book 1")
    edits.drop(original.key)
    assert values_of(edits, original.key) == {"title": "Orlando"}
    edits.steps.undo()
    assert edits.edits()[0].kind is EditKind.DELETE
    edits.steps.undo()
    assert values_of(edits, original.key) == {"title": "Orlando"}


def test_while_frozen_every_change_is_refused(edits: EditStack, original: Original) -> None:
    edits.set_field(original, "title", "Orlando")
    edits.frozen = True
    for change in (
        lambda: edits.set_field(original, "title", "never"),
        lambda: edits.add("books"),
        lambda: edits.delete([original]),
        lambda: edits.drop(original.key),
        lambda: edits.resolve({original.key: None}),
    ):
        with pytest.raises(RuntimeError, match="frozen"):
            change()
    assert values_of(edits, original.key) == {"title": "Orlando"}


def test_a_commit_takes_away_what_it_saved_and_the_steps(edits: EditStack, original: Original) -> None:
    edits.set_field(original, "title", "Orlando")
    batch = edits.batch()
    edits.saved(batch, CommitResult((original.key,)))
    assert len(edits) == 0
    assert not edits.steps.canUndo()


def test_an_edit_that_was_changed_after_the_batch_stays(edits: EditStack, original: Original) -> None:
    edits.set_field(original, "title", "Orlando")
    batch = edits.batch()
    edits.set_field(original, "title", "The Waves")
    edits.saved(batch, CommitResult((original.key,)))
    assert values_of(edits, original.key) == {"title": "The Waves"}


def test_rolling_back_drops_everything_for_good(edits: EditStack, original: Original) -> None:
    edits.set_field(original, "author", NewAuthor("Sackville-West, Vita"))
    edits.roll_back()
    assert len(edits) == 0
    assert not edits.steps.canUndo()
    assert not edits.steps.canRedo()


def test_a_record_gone_elsewhere_is_inserted_again_under_a_new_key(edits: EditStack, original: Original) -> None:
    edits.set_field(original, "title", "Orlando")
    again = resolve(Conflict(edits.edits()[0], None, 0), {RECORD: MINE})
    edits.resolve({original.key: again})
    inserted = edits.inserts("books")
    assert edits.get(original.key) is None
    assert [edit.values["title"] for edit in inserted] == ["Orlando"]
    edits.steps.undo()
    assert values_of(edits, original.key) == {"title": "Orlando"}


def test_a_decided_edit_goes_on_from_what_is_there_now(edits: EditStack, original: Original) -> None:
    edits.set_field(original, "title", "Orlando")
    edit = edits.edits()[0]
    rebased = Edit(edit.key, edit.kind, edit.label, 7, MappingProxyType({"title": "Theirs"}), edit.values)
    edits.resolve({original.key: rebased})
    assert edits.edits() == (rebased,)


def test_many_fields_of_old_and_new_records_are_one_step(edits: EditStack, original: Original) -> None:
    new = edits.new_original("books")
    assert (new.key.id < 0, len(edits)) == (True, 0)
    told: list[RecordKey] = []
    edits.edit_changed.connect(told.append)
    changes = [(new, "title", "New"), (original, "language", "de"), (new, "language", "fr"), (original, "title", "X")]
    edits.set_fields(changes, "Paste")
    assert told == [new.key, original.key]
    inserted = edits.get(new.key)
    assert inserted is not None
    assert (inserted.kind, inserted.label, inserted.version) == (EditKind.INSERT, "New", 0)
    assert (dict(inserted.original), dict(inserted.values)) == ({}, {"title": "New", "language": "fr"})
    changed = edits.get(original.key)
    assert changed is not None
    assert dict(changed.values) == {"language": "de", "title": "X"}
    assert changed.original == original.values
    edits.steps.undo()
    assert (len(edits), edits.steps.redoText()) == (0, "Paste")
    edits.steps.redo()
    assert (edits.get(new.key), edits.get(original.key)) == (inserted, changed)
