"""Drafts: what was written survives a crash, a running Desk holds its own, and another catalogue's is never offered."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from desk.catalog.edits import CommitResult, Edit, EditKind, RecordKey, UnitReceipt
from desk.database import draft_files, draft_journal
from desk.database.drafts import Draft, Orphans, orphans
from desk.errors import EnvironmentProblem
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator
    from pathlib import Path

CATALOGUE = "7b0dd0a6-3a9c-4d21-b1ad-6a3d2f6c1e55"
OTHER = "0e4f2c3e-0000-4d21-b1ad-6a3d2f6c1e55"
RECEIPT = UnitReceipt("4711", MappingProxyType({}), CommitResult((RecordKey("books", 1),)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where drafts would be; it is not there yet."""
    return tmp_path / "state" / "drafts"


def begin(folder: Path, identity: str = CATALOGUE, place: str = "/home/ann/library.desk") -> Draft:
    return Draft.create(folder, identity, place, "library")


@pytest.fixture
def draft(folder: Path) -> Iterator[Draft]:
    made = begin(folder)
    yield made
    made.close(delete=False)


def edit(number: int, title: Any = "Orlando") -> Edit:
    return Edit(
        RecordKey("books", number), EditKind.UPDATE, "Emma", 3, MappingProxyType({"title": "Emma"}),
        MappingProxyType({"title": title}),
    )  # fmt: skip


def put(*edits: Edit) -> dict[RecordKey, Edit | None]:
    return {one.key: one for one in edits}


def only(found: Orphans) -> Draft:
    assert not found.put_aside
    (one,) = found.drafts
    return one


def test_edits_come_back_in_the_order_in_which_they_were_begun(draft: Draft, folder: Path) -> None:
    draft.write(put(edit(3), edit(1)))
    draft.write(put(edit(2)))
    draft.write(put(edit(3, "Flush")) | {RecordKey("books", 1): None})
    draft.write(put(edit(1, "The Waves")), number=4)
    assert draft.number == 4
    expected = (edit(3, "Flush"), edit(2), edit(1, "The Waves"))
    assert draft.edits() == expected
    draft.close(delete=False)
    again = only(orphans(folder, CATALOGUE))
    assert again.edits() == expected
    again.write(put(edit(9)))
    again.close(delete=False)
    last = only(orphans(folder, CATALOGUE))
    assert last.edits() == (*expected, edit(9))
    last.close(delete=True)


def test_a_draft_knows_whose_it_is_and_when_it_was_begun(draft: Draft) -> None:
    assert (draft.identity, draft.place, draft.title) == (CATALOGUE, "/home/ann/library.desk", "library")
    assert abs(datetime.now(UTC) - draft.when) < timedelta(minutes=1)
    assert draft.version
    assert draft.path.name.startswith(f"{CATALOGUE}-")


def test_the_path_of_a_catalogue_need_not_be_unicode(folder: Path) -> None:
    draft = begin(folder, place="/home/ann/b\udcfccher.desk")
    draft.write(put(edit(1)))
    draft.close(delete=False)
    again = only(orphans(folder, CATALOGUE))
    assert again.place == "/home/ann/b\udcfccher.desk"
    again.close(delete=True)


@pytest.mark.skipif(os.name != "posix", reason="modes of files are of POSIX")
def test_only_its_owner_can_read_it(folder: Path) -> None:
    before = os.umask(0)
    try:
        draft = begin(folder)
        draft.write(put(edit(1)))
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    draft.close(delete=False)
    folder.chmod(0o755)
    begin(folder).close(delete=True)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_every_write_is_on_disk_when_it_returns(draft: Draft) -> None:
    for pragma, value in (("journal_mode", "wal"), ("synchronous", 2), ("locking_mode", "exclusive")):
        assert draft._connection.execute(f"PRAGMA {pragma}").fetchone()[0] == value


def test_a_running_desk_holds_its_draft_from_this_process_too(draft: Draft, folder: Path) -> None:
    draft.write(put(edit(1)))
    assert orphans(folder, CATALOGUE) == Orphans()
    other = begin(folder)
    other.write(put(edit(2)))
    assert orphans(folder, CATALOGUE) == Orphans()
    draft.close(delete=False)
    found = only(orphans(folder, CATALOGUE))
    assert found.edits() == (edit(1),)
    assert orphans(folder, CATALOGUE) == Orphans()
    found.close(delete=True)
    other.close(delete=True)
    assert list(folder.iterdir()) == []


def test_an_open_file_is_held_before_it_is_a_draft(tmp_path: Path) -> None:
    path = tmp_path / "blank"
    path.touch()
    first = draft_journal.connected(path)
    with pytest.raises(Exception, match="locked"):
        draft_journal.connected(path)
    first.close()
    draft_journal.connected(path).close()


WRITER = """
import sys, time
from pathlib import Path
from tests.database.test_drafts import begin, edit, put
draft = begin(Path(sys.argv[1]))
for number in range(1, 8):
    draft.write(put(edit(number)))
print("written", flush=True)
time.sleep(600)
"""


def test_a_killed_desk_lets_its_draft_go_with_everything_in_it(folder: Path) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "written\n"
        assert orphans(folder, CATALOGUE) == Orphans()
    finally:
        writer.kill()
        writer.communicate()
    found = only(orphans(folder, CATALOGUE))
    assert found.edits() == tuple(map(edit, range(1, 8)))
    found.close(delete=True)
    assert list(folder.iterdir()) == []


def test_another_catalogues_draft_is_never_offered(draft: Draft, folder: Path) -> None:
    draft.write(put(edit(1)))
    draft.close(delete=False)
    for identity in (OTHER, CATALOGUE[:8], CATALOGUE[:-13], "", "*", "../drafts/7b0dd0a6", "\ud800"):
        assert orphans(folder, identity) == Orphans()
    renamed = draft.path.rename(draft.path.with_name(draft.path.name.replace(CATALOGUE, OTHER)))
    (aside,) = orphans(folder, OTHER).put_aside
    assert "another catalogue" in aside.reason
    assert aside.path.exists()
    assert not renamed.exists()


@pytest.mark.parametrize("identity", ["../../escaped", "a/b", "", "nul", "x" * 300, "\ud800", "*?"])
def test_whatever_a_catalogue_calls_itself_its_draft_stays_in_the_folder(identity: str, folder: Path) -> None:
    draft = begin(folder, identity)
    draft.write(put(edit(1)))
    assert {path.parent for path in folder.rglob("*")} == {folder}
    draft.close(delete=False)
    only(orphans(folder, identity)).close(delete=True)


def test_without_a_folder_nothing_is_found_and_nothing_made(folder: Path) -> None:
    assert orphans(folder, CATALOGUE) == Orphans()
    assert not folder.exists()


def test_a_draft_that_ended_empty_goes(draft: Draft, folder: Path) -> None:
    draft.write(put(edit(1)))
    draft.write({RecordKey("books", 1): None})
    draft.close(delete=False)
    assert orphans(folder, CATALOGUE) == Orphans()
    assert list(folder.iterdir()) == []


def test_one_that_was_only_about_to_be_begun_goes(folder: Path) -> None:
    begin(folder).close(delete=True)
    (folder / f"{CATALOGUE}-0123456789abcdef.draft").touch(0o600)
    assert orphans(folder, CATALOGUE) == Orphans()
    assert list(folder.iterdir()) == []


def test_a_draft_that_a_look_around_takes_away_is_begun_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path] = []
    claim = draft_files.claim

    def claim_and_look(where: Path, identity: str) -> Path:
        made.append(claim(where, identity))
        if len(made) == 1:
            orphans(where, identity)
        return made[-1]

    monkeypatch.setattr(draft_files, "claim", claim_and_look)
    draft = begin(folder)
    assert draft.path == made[1]
    assert list(folder.glob("*.draft")) == [draft.path]
    draft.close(delete=True)


def test_a_draft_that_is_taken_away_while_it_is_begun_is_begun_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = draft_journal.begun
    gone: list[Path] = []

    def begun_and_gone(path: Path, texts: Iterable[str]) -> sqlite3.Connection:
        connection = begun(path, texts)
        if not gone:
            gone.append(path)
            path.unlink()
        return connection

    monkeypatch.setattr(draft_journal, "begun", begun_and_gone)
    draft = begin(folder)
    assert gone != [draft.path]
    assert not draft.is_gone
    draft.close(delete=True)


def test_the_newest_draft_comes_first(folder: Path) -> None:
    names = []
    for number in range(3):
        draft = begin(folder)
        draft.write(put(edit(number + 1)))
        draft.close(delete=False)
        names.append(draft.path.name)
    found = orphans(folder, CATALOGUE).drafts
    assert [one.path.name for one in found] == names[::-1]
    for one in found:
        one.close(delete=True)


def test_a_receipt_stays_until_the_edits_change(draft: Draft, folder: Path) -> None:
    draft.write(put(edit(1)))
    draft.keep_receipt(RECEIPT)
    draft.close(delete=False)
    again = only(orphans(folder, CATALOGUE))
    receipts = [again.receipt]
    for forget in (lambda one: one.write(put(edit(1, "Flush"))), Draft.clear_receipt):
        again.keep_receipt(RECEIPT)
        forget(again)
        receipts.append(again.receipt)
        again.close(delete=False)
        again = only(orphans(folder, CATALOGUE))
        receipts.append(again.receipt)
    assert receipts == [RECEIPT, None, None, None, None]
    again.close(delete=True)


def test_what_cannot_be_written_leaves_the_draft_as_it_was(draft: Draft) -> None:
    draft.write(put(edit(1)))
    draft.keep_receipt(RECEIPT)
    with pytest.raises(EnvironmentProblem, match="cannot be kept on disk") as raised:
        draft.write(put(edit(1, "Flush"), edit(2, timedelta(1))))
    assert raised.value.code == "draft"
    assert draft.edits() == (edit(1),)
    assert draft.receipt == RECEIPT
    draft.write(put(edit(2)))
    assert draft.edits() == (edit(1), edit(2))


def test_a_draft_notices_that_its_file_was_taken_away(draft: Draft) -> None:
    gone = [draft.is_gone]
    draft.path.rename(draft.path.with_name("elsewhere"))
    gone.append(draft.is_gone)
    draft.path.write_text("somebody else's")
    gone.append(draft.is_gone)
    assert gone == [False, True, True]
    draft.close(delete=True)
    assert draft.path.read_text() == "somebody else's"


def test_one_edit_costs_one_transaction_of_one_row(draft: Draft) -> None:
    seen: list[str] = []
    draft._connection.set_trace_callback(seen.append)
    draft.write(put(edit(1)))
    assert [statement.split()[0] for statement in seen] == ["BEGIN", "INSERT", "COMMIT"]
    seen.clear()
    draft.write({RecordKey("books", 77): None})
    assert seen == []


def test_a_draft_written_meanwhile_is_not_torn(folder: Path) -> None:
    """A writer that is killed at any moment leaves all of a step, or nothing of it."""
    script = WRITER.replace("range(1, 8)", "range(1, 100_000)").replace("put(edit(number))",
        "put(edit(2 * number), edit(2 * number + 1))")  # fmt: skip
    writer = subprocess.Popen([sys.executable, "-c", script, str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        wait_until(lambda: any(path.stat().st_size > 100_000 for path in folder.glob("*-wal")))
    finally:
        writer.kill()
        writer.communicate()
    found = only(orphans(folder, CATALOGUE))
    numbers = [one.key.id for one in found.edits()]
    assert len(numbers) > 10
    assert numbers == list(range(2, len(numbers) + 2))
    assert len(numbers) % 2 == 0
    found.close(delete=True)


class AnyHistory(RuleBasedStateMachine):
    """A draft against a dict that is changed in the same way, over writes, crashes and new starts."""

    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.draft = begin(self.folder)
        self.model: dict[RecordKey, Edit] = {}

    @rule(changes=st.dictionaries(st.integers(1, 5), st.none() | st.text(max_size=3), max_size=4))
    def write(self, changes: dict[int, str | None]) -> None:
        keyed = {edit(number).key: None if title is None else edit(number, title) for number, title in changes.items()}
        self.draft.write(keyed)
        for key, one in keyed.items():
            if one is None:
                self.model.pop(key, None)
            else:
                self.model[key] = one

    @precondition(lambda self: self.model)
    @rule()
    def start_again(self) -> None:
        self.draft.close(delete=False)
        self.draft = only(orphans(self.folder, CATALOGUE))

    def teardown(self) -> None:
        assert self.draft.edits() == tuple(self.model.values())
        self.draft.close(delete=True)
        assert list(self.folder.iterdir()) == []


def test_a_draft_holds_what_was_written_whatever_happened(folder: Path) -> None:
    machine = type("Machine", (AnyHistory,), {"folder": folder})
    run_state_machine_as_test(machine, settings=settings(max_examples=15, stateful_step_count=20))
