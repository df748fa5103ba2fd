"""Pending edits of an earlier run are offered when their catalogue is opened again; none is ever lost."""

from __future__ import annotations

import shutil
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox

from desk.catalog.edits import EditKind, EditState
from desk.catalog.rows import AuthorRef
from desk.database import drafts
from desk.database.drafts import Draft
from desk.database.profiles import Profile
from desk.errors import EnvironmentProblem
from desk.operations.connect import create_catalogue
from desk.tables.edit_stack import NewAuthor, Original
from tests.support.editing import elsewhere, scalar, stored
from tests.support.waiting import LONGEST
from tests.support.window import Desk, child, opened_window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from desk.catalog.recovery import Item
    from desk.dialogs.recovery import RecoveryDialog
    from desk.operations.connect import OpenCatalogue


def leave(desk: Desk, button: str = "keep_for_later") -> None:
    """Closes the window, with an answer to its question."""
    desk.until(lambda: desk.edits.all_kept, "the edits to be on disk")
    desk.window.close()
    desk.answer(button)
    desk.until(lambda: not desk.window.isVisible(), "the window to go")


@contextmanager
def again(target: str, qtbot: QtBot) -> Iterator[Desk]:
    """The next start."""
    with opened_window(target, qtbot) as made:
        made.settle()
        yield made


def offer(desk: Desk) -> RecoveryDialog:
    """The recovery dialog that is open."""
    desk.until(lambda: desk.window.recovery.dialog is not None, "the offer")
    dialog = desk.window.recovery.dialog
    assert dialog is not None
    assert dialog.isVisible()
    return dialog


def nothing_is_offered(desk: Desk) -> None:
    desk.until(lambda: desk.window.recovery.has_looked, "the look for drafts")
    assert desk.window.recovery.dialog is None


def states(dialog: RecoveryDialog) -> dict[str, EditState]:
    return {one.edit.label: one.state for one in dialog._checked.values()}


def item_of(dialog: RecoveryDialog, label: str) -> Item:
    return next(item for item, one in dialog._checked.items() if one.edit.label == label)


def files() -> list[str]:
    """What is on disk of drafts."""
    return sorted(path.name for path in drafts.folder().iterdir()) if drafts.folder().exists() else []


def change_year(desk: Desk, title: str, year: str = "1991") -> int:
    key = desk.find(title)
    desk.type_cell("published_year", year)
    desk.search("")
    return key.id


def change_three(desk: Desk) -> tuple[int, int]:
    """One change, a deletion, and a new book by a new author; answers the ids of the first two."""
    changed = change_year(desk, "Good Omens")
    deleted = desk.find("Dracula")
    desk.trigger("delete")
    desk.search("")
    new = desk.edits.add("books", {"title": "Found again"})
    desk.edits.set_field(Original(new, 0, {}, "Found again"), "author", NewAuthor("Nobody, Ann"))
    return changed, deleted.id


def test_what_was_kept_for_later_is_restored_and_saved(
    desk: Desk, sample_target: str, qtbot: QtBot, colleague: OpenCatalogue
) -> None:
    changed, deleted = change_three(desk)
    leave(desk)
    assert stored(colleague, "books", changed)["published_year"] == 1990  # type: ignore[index]
    with again(sample_target, qtbot) as later:
        dialog = offer(later)
        assert states(dialog)["Good Omens"] is EditState.UNCHANGED
        assert len(dialog.choice) == 4
        QTest.keyClick(dialog, Qt.Key.Key_Return)
        later.until(lambda: later.window.recovery.dialog is None)
        assert later.edits.steps.undoText() == "Restore 4 edits"
        assert [edit.kind for edit in later.edits.edits()].count(EditKind.INSERT) == 2
        later.until(lambda: later.edits.all_kept and len(files()) <= 2, "the old draft to go")
        later.commit()
        later.until(lambda: not later.window.context.runner.running)
    assert stored(colleague, "books", changed)["published_year"] == 1991  # type: ignore[index]
    assert stored(colleague, "books", deleted) is None
    found = "SELECT a.name FROM books b JOIN authors a ON a.id = b.author_id WHERE b.title = 'Found again'"
    assert scalar(colleague, found) == "Nobody, Ann"
    assert files() == []


def test_each_record_says_what_became_of_it(
    desk: Desk, sample_target: str, qtbot: QtBot, colleague: OpenCatalogue
) -> None:
    titles = ("Good Omens", "Emma", "Dracula", "Ulysses", "Moby-Dick")
    ids = {title: change_year(desk, title) for title in titles}
    leave(desk)
    change = "UPDATE books SET {what} WHERE id = :id"
    elsewhere(colleague, change.format(what="language = 'xx'"), id=ids["Emma"])
    elsewhere(colleague, change.format(what="published_year = 7"), id=ids["Dracula"])
    elsewhere(colleague, "DELETE FROM contributions WHERE book_id = :id", id=ids["Ulysses"])
    elsewhere(colleague, "DELETE FROM books WHERE id = :id", id=ids["Ulysses"])
    elsewhere(colleague, change.format(what="published_year = 1991"), id=ids["Moby-Dick"])
    with again(sample_target, qtbot) as later:
        dialog = offer(later)
        assert states(dialog) == {
            "Good Omens": EditState.UNCHANGED, "Emma": EditState.MERGED, "Dracula": EditState.CONFLICT,
            "Ulysses": EditState.GONE, "Moby-Dick": EditState.SAVED,
        }  # fmt: skip
        assert len(dialog.choice) == 4
        dialog.records.setCurrentItem(dialog._lines[item_of(dialog, "Dracula")])
        shown = [dialog.fields.model().index(0, column).data() for column in range(4)]
        assert shown == ["Year", "1897", "≠ 7", "1991"]
        assert "asks" in dialog.state.text()
        later.click(dialog, "recovery_restore")
        later.until(lambda: later.edits.all_kept and len(later.edits) == 4)
        later.until(lambda: len(files()) <= 2, "the old draft to go, with what was saved already")
        later.trigger("commit")
        conflict = later.conflict()
        assert len(conflict.conflicts) == 2
        conflict.reject()


def test_what_is_not_chosen_stays_for_later(desk: Desk, sample_target: str, qtbot: QtBot) -> None:
    change_year(desk, "Good Omens")
    change_year(desk, "Emma")
    leave(desk)
    with again(sample_target, qtbot) as later:
        dialog = offer(later)
        dialog.records.setCurrentItem(dialog._lines[item_of(dialog, "Emma")])
        QTest.keyClick(dialog.records, Qt.Key.Key_Space)
        assert child(dialog, type(dialog.restore), "recovery_restore").text() == "&Restore 1 record"
        later.click(dialog, "recovery_restore")
        later.until(lambda: later.edits.all_kept and len(later.edits) == 1)
        later.until(lambda: not later.window.context.runner.running, "the old draft to be left")
        leave(later, "discard_and_close")
    with again(sample_target, qtbot) as later:
        assert list(states(offer(later))) == ["Emma"]


def test_an_old_draft_goes_only_after_the_new_one_is_on_disk(
    desk: Desk, sample_target: str, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_year(desk, "Good Omens")
    leave(desk)
    [old] = [path for path in drafts.folder().iterdir() if path.suffix == ".draft"]
    writing, write = threading.Event(), Draft.write

    def wait_and_write(draft: Draft, *arguments: Any) -> None:
        assert draft.path == old or writing.wait(LONGEST)
        write(draft, *arguments)

    monkeypatch.setattr(Draft, "write", wait_and_write)
    with again(sample_target, qtbot) as later:
        later.click(offer(later), "recovery_restore")
        later.until(lambda: not later.window.context.runner.running)
        assert len(later.edits) == 1
        assert old.exists()
        writing.set()
        later.until(lambda: later.edits.all_kept and not old.exists(), "the old draft to go")


def test_where_edits_are_not_kept_the_old_draft_stays(
    desk: Desk, sample_target: str, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_more: object) -> None:
        raise EnvironmentProblem("The disk is full.")

    change_year(desk, "Good Omens")
    leave(desk)
    with monkeypatch.context() as patched, again(sample_target, qtbot) as later:
        patched.setattr(Draft, "create", refuse)
        later.click(offer(later), "recovery_restore")
        later.until(lambda: bool(later.edits.unkept_reason))
        later.until(lambda: not later.window.context.runner.running)
        assert len(later.edits) == 1
    with again(sample_target, qtbot) as later:
        assert list(states(offer(later))) == ["Good Omens"]


def test_escape_keeps_everything_for_later_and_browsing_goes_on_meanwhile(
    desk: Desk, sample_target: str, qtbot: QtBot
) -> None:
    change_year(desk, "Good Omens")
    leave(desk)
    for _start in range(2):
        with again(sample_target, qtbot) as later:
            dialog = offer(later)
            later.find("Emma")
            assert dialog.isVisible()
            QTest.keyClick(dialog, Qt.Key.Key_Escape)
            later.until(lambda: later.window.recovery.dialog is None)
            assert len(later.edits) == 0
            later.until(lambda: not later.window.context.runner.running, "the draft to be let go")


def test_closing_the_window_over_an_offer_keeps_everything_for_later(
    desk: Desk, sample_target: str, qtbot: QtBot
) -> None:
    change_year(desk, "Good Omens")
    leave(desk)
    for _start in range(2):
        with again(sample_target, qtbot) as later:
            dialog = offer(later)
            later.window.close()
            assert not dialog.isVisible()
            assert not later.window.isVisible()


def test_discarding_asks_and_leaves_nothing(desk: Desk, sample_target: str, qtbot: QtBot) -> None:
    change_year(desk, "Good Omens")
    change_year(desk, "Emma")
    leave(desk)
    with again(sample_target, qtbot) as later:
        dialog = offer(later)
        dialog.choice.choose(item_of(dialog, "Emma"), wanted=False)
        later.click(dialog, "recovery_discard")
        box = child(dialog, QMessageBox, "discard_question")
        assert "2" not in box.text()
        later.click(box, "discard_go")
        later.until(lambda: list(states(dialog)) == ["Emma"], "what is left")
        assert "Discarded 1" in later.message
        later.click(dialog, "recovery_discard")
        later.click(dialog.findChildren(QMessageBox)[-1], "discard_go")
        later.until(lambda: later.window.recovery.dialog is None)
        later.until(lambda: files() == [], "the draft to go")
    with again(sample_target, qtbot) as later:
        nothing_is_offered(later)


def test_a_person_who_keeps_them_when_asked_discards_nothing(desk: Desk, sample_target: str, qtbot: QtBot) -> None:
    change_year(desk, "Good Omens")
    leave(desk)
    with again(sample_target, qtbot) as later:
        dialog = offer(later)
        later.click(dialog, "recovery_discard")
        later.click(child(dialog, QMessageBox, "discard_question"), "discard_keep")
        assert list(states(dialog)) == ["Good Omens"]
        assert len(files()) >= 1


def test_discarding_at_the_end_leaves_nothing_to_offer(desk: Desk, sample_target: str, qtbot: QtBot) -> None:
    change_year(desk, "Good Omens")
    leave(desk, "discard_and_close")
    desk.until(lambda: files() == [], "the draft to go")
    with again(sample_target, qtbot) as later:
        nothing_is_offered(later)


def test_a_record_that_is_edited_here_already_is_not_overwritten(desk: Desk, sample_target: str, qtbot: QtBot) -> None:
    change_year(desk, "Good Omens")
    change_year(desk, "Emma")
    leave(desk)
    with again(sample_target, qtbot) as later:
        dialog = offer(later)
        change_year(later, "Emma", "1800")
        later.click(dialog, "recovery_restore")
        values = {edit.label: dict(edit.values) for edit in later.edits.edits()}
        assert values == {"Emma": {"published_year": 1800}, "Good Omens": {"published_year": 1991}}
        assert "1 stays for later" in later.message
        later.until(lambda: later.edits.all_kept and not later.window.context.runner.running)
        leave(later, "discard_and_close")
    with again(sample_target, qtbot) as later:
        assert [dict(one.edit.values) for one in offer(later)._checked.values()] == [{"published_year": 1991}]


def test_restored_edits_can_be_undone_and_redone(desk: Desk, sample_target: str, qtbot: QtBot) -> None:
    change_three(desk)
    leave(desk)
    with again(sample_target, qtbot) as later:
        later.click(offer(later), "recovery_restore")
        assert len(later.edits) == 4
        later.trigger("undo")
        assert len(later.edits) == 0
        later.trigger("redo")
        new = {edit.key: edit for edit in later.edits.edits() if edit.kind is EditKind.INSERT}
        links = [value for edit in new.values() for value in edit.values.values() if isinstance(value, AuthorRef)]
        assert [link.id for link in links] == [key.id for key in new if key.table == "authors"]


@pytest.fixture
def other_path(tmp_path: Path) -> str:
    """A catalogue with an identity of its own: those of the other fixtures are copies of one."""
    path = str(tmp_path / "other.desk")
    create_catalogue(target=path)
    return path


@pytest.fixture
def copy_of(sample_target: str, tmp_path: Path) -> Path:
    """A copy of the sample in a file: the same identity at another place."""
    if "://" in sample_target:
        pytest.skip("a server's database is not copied as a file")
    return Path(shutil.copy(sample_target, tmp_path / "copy.desk"))


def test_a_copy_of_the_catalogue_is_warned_about(desk: Desk, copy_of: Path, qtbot: QtBot) -> None:
    change_year(desk, "Good Omens")
    place = desk.catalogue.info.place
    leave(desk)
    with again(str(copy_of), qtbot) as later:
        dialog = offer(later)
        assert place in dialog.place.text
        assert len(dialog.choice) == 0
        assert not dialog.restore.isEnabled()


def test_another_catalogue_is_offered_nothing(desk: Desk, other_path: str, qtbot: QtBot) -> None:
    change_year(desk, "Good Omens")
    leave(desk)
    with again(other_path, qtbot) as later:
        nothing_is_offered(later)
    assert len(files()) >= 1


def test_where_nothing_can_be_written_they_wait(desk: Desk, sample_target: str, qtbot: QtBot) -> None:
    change_year(desk, "Good Omens")
    leave(desk)
    with opened_window(sample_target, qtbot) as later:
        later.settle()
        offer(later).reject()
        later.until(lambda: not later.window.context.runner.running)
        later.window.open_target(Profile(sample_target, read_only=True))
        later.until(lambda: "kept until this catalogue can be written" in later.message)
        assert later.window.recovery.dialog is None
    with again(sample_target, qtbot) as later:
        assert list(states(offer(later))) == ["Good Omens"]


def test_opening_another_catalogue_lets_what_was_offered_go(
    desk: Desk, sample_target: str, other_path: str, qtbot: QtBot
) -> None:
    change_year(desk, "Good Omens")
    leave(desk)
    with again(sample_target, qtbot) as later:
        offer(later)
        later.window.open_target(other_path)
        later.until(lambda: later.window.recovery.dialog is None, "the offer to go")
        later.until(lambda: not later.window.context.runner.running)
        later.window.open_target(sample_target)
        assert list(states(offer(later))) == ["Good Omens"]


def test_what_was_put_aside_is_said_with_its_place(desk: Desk, sample_target: str, qtbot: QtBot) -> None:
    change_year(desk, "Good Omens")
    leave(desk)
    path = next(path for path in drafts.folder().iterdir() if path.suffix == ".draft")
    path.write_bytes(b"no draft at all" * 100)
    with again(sample_target, qtbot) as later:
        later.until(later.window.problems.isVisible, "the words about it")
        assert str(drafts.folder()) in later.window.problems.text
        nothing_is_offered(later)
    assert any(b"no draft" in path.read_bytes() for path in drafts.folder().iterdir())


def test_a_second_desk_on_the_catalogue_is_offered_nothing_of_the_first(
    desk: Desk, sample_target: str, qtbot: QtBot
) -> None:
    change_year(desk, "Good Omens")
    desk.until(lambda: desk.edits.all_kept)
    with again(sample_target, qtbot) as other:
        nothing_is_offered(other)
