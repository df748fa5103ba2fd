"""The export dialog: what is exported is said before, and a file appears only when it is complete."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLabel, QPushButton
from shiboken6 import isValid

from desk.catalog.criteria import Criteria, Filter, Op, Sort
from desk.dialogs.export_words import criteria_lines
from desk.dialogs.exporting import ExportDialog
from desk.errors import EnvironmentProblem
from desk.operations.export_views import Exported, export_views
from desk.operations.exporting import ExportProgress
from desk.work import door
from tests.dialogs.csv_files import context
from tests.support.held import HeldOperation
from tests.support.waiting import wait_until
from tests.support.window import PATIENCE_MS, child, drop_deleted
from tests.window.test_accessibility import anonymous, nameless

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from desk.panels.context import Context
    from tests.support.library import Library

__all__ = ["context"]

BOOKS = Criteria("books")


class Hands:
    """The dialog, and what a person does with it and sees of it."""

    def __init__(self, dialog: ExportDialog, bot: QtBot) -> None:
        self.dialog = dialog
        self._bot = bot

    def until(self, fact: Callable[[], object]) -> None:
        self._bot.waitUntil(lambda: bool(fact()), timeout=PATIENCE_MS)

    def button(self, name: str) -> QPushButton:
        return child(self.dialog, QPushButton, name)

    def click(self, name: str) -> None:
        assert self.button(name).isVisible(), name
        self._bot.mouseClick(self.button(name), Qt.MouseButton.LeftButton)

    def text(self, name: str) -> str:
        return child(self.dialog, QLabel, name).text()

    def export(self) -> str:
        """Clicks and waits until the outcome is told."""
        self.click("export_button")
        self.until(self.dialog.outcome.isVisible)
        return self.dialog.outcome.text()


@pytest.fixture
def open_dialog(context: Context, qtbot: QtBot) -> Iterator[Callable[..., Hands]]:
    made: list[ExportDialog] = []

    def opened(criteria: Criteria = BOOKS) -> Hands:
        dialog = ExportDialog(context, criteria)
        dialog.show()
        made.append(dialog)
        return Hands(dialog, qtbot)

    yield opened
    context.runner.drop_all()
    for dialog in filter(isValid, made):
        dialog.deleteLater()
    drop_deleted()


@pytest.fixture
def held_export(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> HeldOperation:
    """An export that a test holds."""
    held = HeldOperation((Exported(tmp_path / "out.csv", 120, 0),), ExportProgress(30, 120))
    monkeypatch.setattr(door, "export_views", held)
    return held


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


def test_what_is_exported_stands_there_in_words(filled: Library, open_dialog: Callable[..., Hands]) -> None:
    criteria = Criteria(
        "books", (Filter("published_year", Op.RANGE, 1900, None),), (Sort("title", descending=True),), "the"
    )
    assert criteria_lines(criteria) == [
        "Only: found by “the”; Year 1900 – …",
        "In the order of Title (descending)",
    ]
    assert criteria_lines(Criteria("authors")) == ["All of them", "In the order of Name"]
    hands = open_dialog()
    hands.until(lambda: hands.text("export_count") == "120 rows")


def test_the_view_goes_into_the_file(filled: Library, open_dialog: Callable[..., Hands], tmp_path: Path) -> None:
    hands = open_dialog(Criteria("books", sorts=(Sort("title", descending=True),)))
    assert not hands.button("export_button").isEnabled()
    hands.dialog.choose_file(tmp_path / "out")
    assert hands.export() == "120 rows are in out.csv."
    titles = [row[0] for row in rows_of(tmp_path / "out.csv")[1:]]
    assert len(titles) == 120
    assert titles[0] > titles[-1]


def test_only_what_the_view_shows_is_exported(
    filled: Library, open_dialog: Callable[..., Hands], tmp_path: Path
) -> None:
    hands = open_dialog(Criteria("authors", (Filter("death_year", Op.EMPTY),)))
    hands.until(lambda: "row" in hands.text("export_count") and "…" not in hands.text("export_count"))
    count = hands.text("export_count")
    hands.dialog.choose_file(tmp_path / "out.csv")
    hands.export()
    assert count == f"{len(rows_of(tmp_path / 'out.csv')) - 1} rows"


def test_the_authors_go_into_a_second_file(
    filled: Library, open_dialog: Callable[..., Hands], tmp_path: Path, qtbot: QtBot
) -> None:
    hands = open_dialog()
    hands.dialog.choose_file(tmp_path / "out.csv")
    hands.dialog.with_authors.setChecked(True)
    assert hands.dialog.note.text() == "It goes to out.authors.csv."
    with qtbot.waitSignal(hands.dialog.exported, timeout=PATIENCE_MS) as exported:
        said = hands.export()
    assert said == "120 rows are in out.csv. 40 rows are in out.authors.csv."
    assert exported.args == [(tmp_path / "out.csv", tmp_path / "out.authors.csv")]
    assert len(rows_of(tmp_path / "out.authors.csv")) == 41


def test_a_second_file_that_is_there_already_is_named(open_dialog: Callable[..., Hands], tmp_path: Path) -> None:
    (tmp_path / "out.authors.csv").write_text("as before")
    hands = open_dialog()
    hands.dialog.choose_file(tmp_path / "out.csv")
    hands.dialog.with_authors.setChecked(True)
    assert "will be replaced" in hands.dialog.note.text()


@pytest.mark.parametrize("table", ["books", "authors"])
def test_a_file_that_gets_a_suffix_and_is_there_already_is_named(
    open_dialog: Callable[..., Hands], tmp_path: Path, table: str
) -> None:
    (tmp_path / "out.2024.csv").write_text("as before")
    hands = open_dialog(Criteria(table))
    hands.dialog.choose_file(tmp_path / "out.2024")
    assert hands.dialog.note.isVisible()
    assert hands.dialog.note.text() == "out.2024.csv is there already and will be replaced."
    hands.dialog.choose_file(tmp_path / "out.2024.csv")
    assert not hands.dialog.note.isVisible()


def test_authors_have_no_second_file(open_dialog: Callable[..., Hands], tmp_path: Path) -> None:
    hands = open_dialog(Criteria("authors"))
    hands.dialog.with_authors.setChecked(True)
    hands.dialog.choose_file(tmp_path / "out.csv")
    assert not hands.dialog.with_authors.isVisible()
    assert [path.name for _criteria, path in hands.dialog.views] == ["out.csv"]


def test_a_workbook_is_written_by_its_suffix(
    filled: Library, open_dialog: Callable[..., Hands], tmp_path: Path
) -> None:
    hands = open_dialog()
    hands.dialog.choose_file(tmp_path / "out.xlsx")
    hands.export()
    assert (tmp_path / "out.xlsx").read_bytes()[:2] == b"PK"


def test_formulas_are_neutralized_on_request(
    open_dialog: Callable[..., Hands], held_export: HeldOperation, tmp_path: Path
) -> None:
    hands = open_dialog()
    hands.dialog.neutralize.setChecked(True)
    hands.dialog.choose_file(tmp_path / "out.csv")
    hands.click("export_button")
    assert held_export.wait_for_call()["neutralize"] is True
    held_export.result = (Exported(tmp_path / "out.csv", 1, 1),)
    held_export.let_go()
    hands.until(hands.dialog.outcome.isVisible)


def test_a_file_is_chosen_in_a_dialog(open_dialog: Callable[..., Hands], tmp_path: Path) -> None:
    hands = open_dialog()
    hands.click("export_save_as")
    dialog = child(hands.dialog, QFileDialog, "file_dialog")
    assert dialog.acceptMode() == QFileDialog.AcceptMode.AcceptSave
    assert not dialog.testOption(QFileDialog.Option.DontConfirmOverwrite)
    dialog.filterSelected.emit(dialog.nameFilters()[1])
    assert dialog.defaultSuffix() == "xlsx"
    dialog.fileSelected.emit(str(tmp_path / "out.xlsx"))
    assert hands.dialog.path == tmp_path / "out.xlsx"
    assert hands.button("export_button").isEnabled()


def test_progress_is_shown_while_it_runs(
    open_dialog: Callable[..., Hands], held_export: HeldOperation, tmp_path: Path
) -> None:
    hands = open_dialog()
    hands.dialog.choose_file(tmp_path / "out.csv")
    hands.click("export_button")
    hands.until(lambda: hands.text("export_counts") == "30 of 120 rows written")
    assert hands.dialog.bar.value() == 250
    assert not hands.dialog.isModal()
    assert not hands.button("export_save_as").isEnabled()


@pytest.mark.parametrize("how", ["button", "escape"])
def test_a_cancelled_export_writes_no_file(
    filled: Library, open_dialog: Callable[..., Hands], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    def slow(**arguments: Any) -> Any:
        tell = arguments.pop("on_progress")

        def wait(progress: object) -> None:
            from desk.database.actions import current_action

            tell(progress)
            action = current_action()
            assert action is not None
            wait_until(lambda: action.is_cancelled)

        return export_views(on_progress=wait, **arguments)

    monkeypatch.setattr(door, "export_views", slow)
    folder = tmp_path / "out"
    folder.mkdir()
    hands = open_dialog()
    hands.dialog.choose_file(folder / "out.csv")
    hands.click("export_button")
    hands.until(lambda: "rows written" in hands.text("export_counts"))
    if how == "button":
        hands.click("export_cancel")
    else:
        QTest.keyClick(hands.dialog, Qt.Key.Key_Escape)
    assert hands.dialog.isVisible()
    hands.until(hands.dialog.problems.isVisible)
    assert hands.dialog.problems.text == "Cancelled. No file was written."
    assert list(folder.iterdir()) == []
    assert hands.button("export_button").isEnabled()


def test_a_failure_is_told_and_can_be_tried_again(
    filled: Library, open_dialog: Callable[..., Hands], tmp_path: Path
) -> None:
    hands = open_dialog()
    hands.dialog.choose_file(tmp_path / "later" / "out.csv")
    hands.click("export_button")
    hands.until(hands.dialog.problems.isVisible)
    assert str(tmp_path / "later" / "out.csv") in hands.dialog.problems.text
    (tmp_path / "later").mkdir()
    hands.click("export_problem_retry")
    hands.until(hands.dialog.outcome.isVisible)
    assert len(rows_of(tmp_path / "later" / "out.csv")) == 121


def test_what_was_written_is_not_replaced_by_a_second_click(
    filled: Library, open_dialog: Callable[..., Hands], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = open_dialog()
    hands.dialog.choose_file(tmp_path / "out.csv")
    hands.export()
    assert not hands.button("export_button").isEnabled()
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    hands.click("export_place_folder")
    assert opened == [str(tmp_path)]


def test_an_export_that_ends_after_its_dialog_was_closed_is_told_by_the_window(
    open_dialog: Callable[..., Hands],
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    qtbot: QtBot,
) -> None:
    class Deaf(HeldOperation):
        """Ends as if the cancel came too late."""

        def __call__(self, **arguments: Any) -> Any:
            self.calls.append(arguments)
            wait_until(self._let_go.is_set)
            raise EnvironmentProblem("The link broke.")

    held = Deaf()
    monkeypatch.setattr(door, "export_views", held)
    hands = open_dialog()
    hands.dialog.choose_file(tmp_path / "out.csv")
    hands.click("export_button")
    held.wait_for_call()
    hands.dialog.close()
    assert hands.dialog.isVisible()
    hands.dialog.close()
    assert not hands.dialog.isVisible()
    with qtbot.waitSignal(context.message_wanted, timeout=PATIENCE_MS) as told:
        held.let_go()
    assert told.args == ["The link broke."]


def test_a_closed_dialog_is_gone(open_dialog: Callable[..., Hands]) -> None:
    hands = open_dialog()
    hands.click("export_close")
    drop_deleted()
    assert not isValid(hands.dialog)


def test_every_control_has_names(open_dialog: Callable[..., Hands]) -> None:
    hands = open_dialog()
    assert nameless(hands.dialog) == []
    assert anonymous(hands.dialog) == []
