"""The import dialog: what is chosen is what is read, nothing is imported unseen, and its end is always told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QFileDialog, QLabel, QLineEdit, QPlainTextEdit, QPushButton, QTreeWidget
from shiboken6 import isValid

from desk.catalog.criteria import Criteria
from desk.catalog.import_fields import SAVED, UNSURE
from desk.database.actions import current_action
from desk.dialogs.imports.importing import ImportDialog, Stage
from desk.dialogs.imports.mapping_table import COLUMNS_SHOWN
from desk.errors import EnvironmentProblem
from desk.operations.imports.import_figures import Found, ImportProgress
from desk.operations.imports.import_preview import ImportForecast, forecast_import
from desk.operations.imports.importing import import_books
from desk.operations.pages import count_rows
from desk.work import door
from tests.dialogs.csv_files import BOOKS, context, write
from tests.support.held import HeldOperation
from tests.support.waiting import wait_until
from tests.support.window import PATIENCE_MS, child, drop_deleted
from tests.window.test_accessibility import anonymous, nameless

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from desk.panels.context import Context

__all__ = ["context"]


def forecast_of(new: int) -> ImportForecast:
    return ImportForecast(new, new, 0, Found(), 0, 0, Found(), 0, Found())


@dataclass(frozen=True)
class Report:
    """What the dialog reads of a report, for an import in which nothing was rejected."""

    rejected: Found[Any] = field(default_factory=Found)
    authors_rejected: Found[Any] = field(default_factory=Found)
    possible_duplicates: Found[Any] = field(default_factory=Found)
    rejects_file: Path | None = None
    authors_rejects_file: Path | None = None

    def lines(self) -> list[str]:
        return ["7 books imported."]


class Hands:
    """The dialog, and what a person does with it and sees of it."""

    def __init__(self, dialog: ImportDialog, bot: QtBot) -> None:
        self.dialog = dialog
        self._bot = bot

    def until(self, fact: Callable[[], object]) -> None:
        self._bot.waitUntil(lambda: bool(fact()), timeout=PATIENCE_MS)

    def until_ready(self) -> None:
        """Until the import could begin."""
        self.until(lambda: self.button("import_button").isEnabled())

    def button(self, name: str) -> QPushButton:
        return child(self.dialog, QPushButton, name)

    def click(self, name: str) -> None:
        assert self.button(name).isVisible(), name
        self._bot.mouseClick(self.button(name), Qt.MouseButton.LeftButton)

    def choices(self, table: str = "books") -> list[str]:
        """What stands above the columns."""
        page = self.dialog.books if table == "books" else self.dialog.authors
        return [combo.currentText() for combo in page.table.header.combos]

    def choose(self, name: str, text: str) -> None:
        """Chooses in a combo box."""
        combo = child(self.dialog, QComboBox, name)
        place = combo.findText(text)
        assert place >= 0, [combo.itemText(at) for at in range(combo.count())]
        combo.setCurrentIndex(place)
        combo.activated.emit(place)

    def cell(self, row: int, column: int) -> Any:
        return self.dialog.books.table.item(row, column)

    def text(self, name: str) -> str:
        return child(self.dialog, QLabel, name).text()

    def lines(self, tree: str) -> list[tuple[str, str]]:
        """What a tree of findings lists below its headings."""
        found = child(self.dialog, QTreeWidget, tree)
        lines: list[tuple[str, str]] = []
        for place in range(found.topLevelItemCount()):
            top = found.topLevelItem(place)
            assert top is not None
            children = [top.child(at) for at in range(top.childCount())]
            lines += [(one.text(0), one.text(1)) for one in children if one is not None]
        return lines


@pytest.fixture
def open_dialog(context: Context, qtbot: QtBot) -> Iterator[Callable[..., Hands]]:
    made: list[ImportDialog] = []

    def opened(path: Path | None = None) -> Hands:
        dialog = ImportDialog(context, None, path)
        dialog.show()
        made.append(dialog)
        return Hands(dialog, qtbot)

    yield opened
    context.runner.drop_all()
    for dialog in filter(isValid, made):
        dialog.deleteLater()
    drop_deleted()


def books_in(context: Context) -> int:
    return count_rows(sessions=context.sessions, criteria=Criteria("books"))


@pytest.fixture
def held_import(monkeypatch: pytest.MonkeyPatch) -> HeldOperation:
    """An import that a test holds."""
    held = HeldOperation(Report(), ImportProgress(4000, 3, 0.4))
    monkeypatch.setattr(door, "import_books", held)
    return held


# What is chosen


def test_the_guessed_mapping_stands_above_the_first_rows(tmp_path: Path, open_dialog: Callable[..., Hands]) -> None:
    hands = open_dialog(write(tmp_path, BOOKS))
    hands.until_ready()
    assert hands.choices() == ["Title", "Author", "Year", "not imported"]
    assert [hands.cell(row, 0).text() for row in range(3)] == ["Orlando", "The Waves", "Beowulf"]
    assert hands.dialog.request is not None
    assert {name: header for name, header in (hands.dialog.request.books.mapping or {}).items() if header} == {
        "title": "Title",
        "author": "Author",
        "published_year": "Year",
    }


def test_a_field_that_is_chosen_elsewhere_leaves_its_column(tmp_path: Path, open_dialog: Callable[..., Hands]) -> None:
    hands = open_dialog(write(tmp_path, BOOKS))
    hands.until_ready()
    hands.choose("books_field_3", "Title")
    assert hands.choices() == ["not imported", "Author", "Year", "Title"]


def test_the_import_gets_what_was_chosen(
    tmp_path: Path, open_dialog: Callable[..., Hands], held_import: HeldOperation
) -> None:
    keys = write(tmp_path, 'author_key,name\nw,"Woolf, Virginia"\n', "authors.csv")
    hands = open_dialog(write(tmp_path, BOOKS.replace(",", ";").replace('"Woolf; Virginia"', "Woolf")))
    hands.until_ready()
    hands.choose("books_field_3", "Notes")
    hands.choose("books_field_2", "not imported")
    hands.choose("books_delimiter", "Semicolon")
    hands.dialog.authors.choose_file(keys)
    hands.dialog.skip_existing.setChecked(True)
    hands.until_ready()
    hands.click("import_button")
    request = held_import.wait_for_call()["request"]
    assert (request.books.delimiter, request.books.encoding, request.skip_existing) == (";", "", True)
    assert {name: header for name, header in request.books.mapping.items() if header} == {
        "title": "Title",
        "author": "Author",
        "notes": "Shelf",
    }
    assert request.books.mapping["published_year"] == ""  # left out, not guessed again
    assert request.authors.path == keys
    assert request.authors.mapping["name"] == "name"
    held_import.let_go()


def test_another_encoding_reads_the_rows_again_and_keeps_the_choices(
    tmp_path: Path, open_dialog: Callable[..., Hands]
) -> None:
    hands = open_dialog(write(tmp_path, "Título,Author\nNiño,Ñandú\n", encoding="cp1252"))
    hands.choose("books_encoding", "Cyrillic (KOI8-R)")
    hands.until(lambda: hands.cell(0, 0) and hands.cell(0, 0).text() not in ("", "Niño"))
    hands.choose("books_field_0", "Title")
    hands.until_ready()
    hands.choose("books_encoding", "Western European (Windows-1252)")
    hands.until(lambda: hands.cell(0, 0).text() == "Niño")
    hands.until_ready()
    assert hands.choices() == ["Title", "Author"]
    assert hands.dialog.request is not None
    assert hands.dialog.request.books.encoding == "cp1252"
    assert (hands.dialog.request.books.mapping or {})["title"] == "Título"


def test_bytes_that_mean_nothing_in_an_encoding_are_marked(tmp_path: Path, open_dialog: Callable[..., Hands]) -> None:
    hands = open_dialog(write(tmp_path, "title,author\nNiño,x\n", encoding="cp1252"))
    hands.until_ready()
    hands.choose("books_encoding", "UTF-8")
    hands.until(lambda: "\ufffd" in hands.cell(0, 0).text())
    assert "encoding" in hands.cell(0, 0).toolTip()


def test_a_cell_that_will_be_refused_says_why(tmp_path: Path, open_dialog: Callable[..., Hands]) -> None:
    hands = open_dialog(write(tmp_path, BOOKS))
    hands.until_ready()
    assert "is not a year" in hands.cell(2, 2).toolTip()
    assert hands.cell(2, 2).background().color() != hands.cell(0, 2).background().color()
    hands.choose("books_field_2", "not imported")
    assert "is not a year" not in hands.cell(2, 2).toolTip()


def test_columns_that_cannot_be_told_apart_cannot_be_chosen(tmp_path: Path, open_dialog: Callable[..., Hands]) -> None:
    hands = open_dialog(write(tmp_path, "title,,title\na,b,c\n"))
    hands.until_ready()
    assert [combo.isEnabled() for combo in hands.dialog.books.table.header.combos] == [True, False, False]
    assert "no name" in child(hands.dialog, QComboBox, "books_field_1").toolTip()
    assert "same name" in child(hands.dialog, QComboBox, "books_field_2").toolTip()


def test_of_very_many_columns_only_the_first_are_offered(tmp_path: Path, open_dialog: Callable[..., Hands]) -> None:
    names = [f"c{number}" for number in range(COLUMNS_SHOWN + 50)]
    hands = open_dialog(
        write(tmp_path, ",".join([*names, "title"]) + "\n" + ",".join(["x"] * len(names)) + ",Orlando\n")
    )
    hands.until_ready()
    assert len(hands.choices()) == COLUMNS_SHOWN
    assert hands.dialog.request is not None
    assert (hands.dialog.request.books.mapping or {})["title"] == "title"  # guessed, though it is not in sight
    assert hands.dialog.books.facts.text() == "1 of 251 columns are imported · the first 200 of them are shown"


def test_every_choice_is_reached_by_the_keyboard(tmp_path: Path, open_dialog: Callable[..., Hands]) -> None:
    hands = open_dialog(write(tmp_path, BOOKS))
    hands.until_ready()
    hands.dialog.activateWindow()
    hands.button("books_choose").setFocus()
    met: list[str] = []
    for _step in range(20):
        focused = hands.dialog.focusWidget()
        assert focused is not None
        if focused.objectName() in met:
            break
        met.append(focused.objectName())
        QTest.keyClick(focused, Qt.Key.Key_Tab)
    fields = [f"books_field_{column}" for column in range(4)]
    wanted = ["books_choose", "books_encoding", "books_delimiter", *fields, "books", "skip_existing"]
    assert [name for name in met if name in wanted] == wanted
    assert {"import_button", "import_close"} <= set(met)


def test_a_file_without_titles_says_so_until_a_column_is_chosen(
    tmp_path: Path, open_dialog: Callable[..., Hands]
) -> None:
    hands = open_dialog(write(tmp_path, "Werk,Author\nOrlando,Woolf\n"))
    hands.until(hands.dialog.books.problems.isVisible)
    assert "No column is the title" in hands.dialog.books.problems.text
    assert not hands.button("import_button").isEnabled()
    hands.choose("books_field_0", "Title")
    hands.until_ready()
    assert not hands.dialog.books.problems.isVisible()


@pytest.mark.parametrize(
    ("text", "facts"), [("", ""), ("title\n", "1 of 1 column is imported · no row follows the header")]
)
def test_of_what_is_not_there_nothing_is_said(
    tmp_path: Path, open_dialog: Callable[..., Hands], text: str, facts: str
) -> None:
    hands = open_dialog(write(tmp_path, text))
    hands.until(lambda: hands.dialog.books.problems.isVisible() if not text else hands.dialog.books.is_ready)
    assert hands.dialog.books.facts.text() == facts
    assert hands.dialog.books.delimiter.itemText(0) == ("guessed: Comma" if text else "guessed")


def test_a_missing_file_is_told_and_can_be_tried_again(tmp_path: Path, open_dialog: Callable[..., Hands]) -> None:
    hands = open_dialog(tmp_path / "books.csv")
    hands.until(hands.dialog.books.problems.isVisible)
    assert "books.csv" in hands.dialog.books.problems.text
    write(tmp_path, BOOKS)
    hands.click("books_problem_retry")
    hands.until_ready()


def test_a_file_is_chosen_in_a_dialog(tmp_path: Path, open_dialog: Callable[..., Hands]) -> None:
    hands = open_dialog()
    assert hands.text("forecast_summary") == "Choose a file first."
    hands.click("books_choose")
    child(hands.dialog, QFileDialog, "file_dialog").fileSelected.emit(str(write(tmp_path, BOOKS)))
    hands.until_ready()
    assert child(hands.dialog, QLineEdit, "books_path").text().endswith("books.csv")


def test_a_file_of_authors_that_cannot_be_used_holds_the_import_until_it_is_left_out(
    tmp_path: Path, open_dialog: Callable[..., Hands]
) -> None:
    hands = open_dialog(write(tmp_path, BOOKS))
    hands.until_ready()
    hands.dialog.authors.choose_file(write(tmp_path, "a,b\n1,2\n", "authors.csv"))
    hands.until(lambda: not hands.dialog.tabs.tabIcon(1).isNull())
    assert not hands.button("import_button").isEnabled()
    hands.dialog.tabs.setCurrentIndex(1)
    hands.click("authors_clear")
    hands.until_ready()
    assert hands.dialog.tabs.tabIcon(1).isNull()


# What would happen


def test_what_would_happen_is_told_before_anything_does(
    tmp_path: Path, open_dialog: Callable[..., Hands], context: Context
) -> None:
    hands = open_dialog(write(tmp_path, BOOKS))
    hands.until(lambda: "2 books would be new" in hands.text("forecast_summary"))
    assert "1 row would be rejected" in hands.text("forecast_summary")
    assert [(line, "is not a year" in why) for line, why in hands.lines("forecast_findings")] == [("line 4", True)]
    assert books_in(context) == 0


def test_only_the_last_forecast_is_shown(
    tmp_path: Path, open_dialog: Callable[..., Hands], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = HeldOperation(forecast_of(1), ImportProgress(500, 0, 0.2))
    monkeypatch.setattr(door, "forecast_import", held)
    hands = open_dialog(write(tmp_path, BOOKS))
    hands.until(lambda: "500 rows so far" in hands.text("forecast_summary"))
    held.result = forecast_of(2)
    hands.choose("books_field_3", "Notes")
    assert "500" not in hands.text("forecast_summary")
    hands.until(lambda: len(held.calls) == 2)
    assert held.calls[1]["request"].books.mapping["notes"] == "Shelf"
    held.let_go()
    hands.until(lambda: "2 books would be new" in hands.text("forecast_summary"))


def test_an_import_need_not_wait_for_the_forecast(
    tmp_path: Path, open_dialog: Callable[..., Hands], held_import: HeldOperation, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = HeldOperation(forecast_of(1))
    monkeypatch.setattr(door, "forecast_import", held)
    hands = open_dialog(write(tmp_path, BOOKS))
    hands.until(lambda: held.calls)
    hands.click("import_button")
    held_import.wait_for_call()
    wait_until(lambda: held.ended == 1)  # it was dropped
    held_import.let_go()


def test_a_forecast_that_fails_says_why_and_hinders_nothing(
    tmp_path: Path, open_dialog: Callable[..., Hands], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = HeldOperation(EnvironmentProblem("The server is gone.", advice="Wait."))
    held.let_go()
    monkeypatch.setattr(door, "forecast_import", held)
    hands = open_dialog(write(tmp_path, BOOKS))
    hands.until(lambda: hands.text("forecast_summary") == "The server is gone. Wait.")
    assert hands.button("import_button").isEnabled()


# The import


def test_books_are_imported_and_the_rejected_are_listed(
    tmp_path: Path,
    open_dialog: Callable[..., Hands],
    context: Context,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hands = open_dialog(write(tmp_path, BOOKS))
    hands.until_ready()
    with qtbot.waitSignal(hands.dialog.imported, timeout=PATIENCE_MS):
        hands.click("import_button")
    assert books_in(context) == 2
    report = child(hands.dialog, QPlainTextEdit, "import_lines").toPlainText()
    assert "2 books imported, 1 rows rejected" in report
    assert [(line, "is not a year" in why) for line, why in hands.lines("import_findings")] == [("line 4", True)]
    rejects = tmp_path / "books.rejects.csv"
    assert "Beowulf" in rejects.read_text(encoding="utf-8")
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    hands.click("rejects_file_copy")
    hands.click("rejects_file_folder")
    assert QGuiApplication.clipboard().text() == str(rejects)
    assert opened == [str(tmp_path)]


def test_books_that_are_there_already_are_left_out_on_request(
    tmp_path: Path, open_dialog: Callable[..., Hands], context: Context, qtbot: QtBot
) -> None:
    hands = open_dialog(write(tmp_path, BOOKS))
    for _time in range(2):
        hands.until_ready()
        with qtbot.waitSignal(hands.dialog.imported, timeout=PATIENCE_MS):
            hands.click("import_button")
        hands.click("import_another")
        hands.dialog.books.choose_file(tmp_path / "books.csv")
        hands.dialog.skip_existing.setChecked(True)
    assert books_in(context) == 2
    hands.until(lambda: "2 books are there already" in hands.text("forecast_summary"))


def test_progress_is_shown_while_it_runs(
    tmp_path: Path, open_dialog: Callable[..., Hands], held_import: HeldOperation
) -> None:
    hands = open_dialog(write(tmp_path, BOOKS))
    hands.until_ready()
    hands.click("import_button")
    hands.until(lambda: hands.text("import_counts") == "4,000 rows read, 3 of them rejected")
    assert hands.dialog.report.bar.value() == 400
    assert not hands.dialog.isModal()
    assert hands.dialog.stage is Stage.IMPORTING


def test_a_cancelled_import_says_that_nothing_was_imported(
    tmp_path: Path, open_dialog: Callable[..., Hands], held_import: HeldOperation
) -> None:
    hands = open_dialog(write(tmp_path, BOOKS))
    hands.until_ready()
    hands.choose("books_field_3", "Notes")
    hands.until_ready()
    hands.click("import_button")
    held_import.wait_for_call()
    hands.click("import_cancel")
    hands.until(hands.dialog.problems.isVisible)
    assert "Nothing was imported" in hands.dialog.problems.text
    assert hands.choices() == ["Title", "Author", "Year", "Notes"]
    assert hands.button("import_button").isEnabled()


def test_a_real_import_that_is_cancelled_leaves_the_catalogue_as_before(
    tmp_path: Path, open_dialog: Callable[..., Hands], context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cancelled_midway(**arguments: Any) -> Any:
        tell = arguments.pop("on_progress")

        def stop(progress: object) -> None:
            tell(progress)
            hands.dialog.stage = Stage.IMPORTING
            action = current_action()
            assert action is not None
            wait_until(lambda: action.is_cancelled)

        return import_books(on_progress=stop, **arguments)

    monkeypatch.setattr(door, "import_books", cancelled_midway)
    hands = open_dialog(write(tmp_path, BOOKS + "Nox,,1,x\n" * 5000))
    hands.until_ready()
    hands.click("import_button")
    hands.until(lambda: "rows read" in hands.text("import_counts"))
    hands.click("import_cancel")
    hands.until(hands.dialog.problems.isVisible)
    assert hands.dialog.problems.text == "Cancelled. Nothing was imported; the catalogue is as before."
    assert books_in(context) == 0
    assert list(tmp_path.glob("*rejects*")) == []


def test_escape_cancels_a_running_import_and_stays_to_tell(
    tmp_path: Path, open_dialog: Callable[..., Hands], held_import: HeldOperation
) -> None:
    hands = open_dialog(write(tmp_path, BOOKS))
    hands.until_ready()
    hands.click("import_button")
    held_import.wait_for_call()
    QTest.keyClick(hands.dialog, Qt.Key.Key_Escape)
    assert hands.dialog.isVisible()
    hands.until(hands.dialog.problems.isVisible)
    assert "Nothing was imported" in hands.dialog.problems.text
    hands.dialog.close()
    assert not hands.dialog.isVisible()


def test_an_import_that_ends_after_its_dialog_was_closed_is_told_by_the_window(
    tmp_path: Path, open_dialog: Callable[..., Hands], context: Context, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    class Deaf(HeldOperation):
        """Ends as if the cancel came too late."""

        def __call__(self, **arguments: Any) -> Any:
            self.calls.append(arguments)
            wait_until(self._let_go.is_set)
            raise EnvironmentProblem("The link broke.")

    held = Deaf()
    monkeypatch.setattr(door, "import_books", held)
    hands = open_dialog(write(tmp_path, BOOKS))
    hands.until_ready()
    hands.click("import_button")
    held.wait_for_call()
    hands.dialog.close()
    assert hands.dialog.isVisible()
    hands.dialog.close()
    assert not hands.dialog.isVisible()
    with qtbot.waitSignal(context.message_wanted, timeout=PATIENCE_MS) as told:
        held.let_go()
    assert told.args == ["The link broke."]


def test_a_failed_import_keeps_the_choices_and_can_be_tried_again(
    tmp_path: Path, open_dialog: Callable[..., Hands], context: Context, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = HeldOperation(EnvironmentProblem("The server is gone.", kept="Nothing was imported."))
    held.let_go()
    monkeypatch.setattr(door, "import_books", held)
    hands = open_dialog(write(tmp_path, BOOKS))
    hands.until_ready()
    hands.click("import_button")
    hands.until(hands.dialog.problems.isVisible)
    assert hands.dialog.problems.text == "The server is gone. Nothing was imported."
    assert hands.choices() == ["Title", "Author", "Year", "not imported"]
    monkeypatch.setattr(door, "import_books", import_books)
    with qtbot.waitSignal(hands.dialog.imported, timeout=PATIENCE_MS):
        hands.click("import_problem_retry")
    assert books_in(context) == 2


@pytest.mark.parametrize("code", [SAVED, UNSURE])
def test_what_was_or_may_have_been_saved_is_not_offered_again(
    tmp_path: Path, open_dialog: Callable[..., Hands], qtbot: QtBot, held_import: HeldOperation, code: str
) -> None:
    held_import.result = EnvironmentProblem("The rejected rows cannot be written.", code=code)
    held_import.let_go()
    hands = open_dialog(write(tmp_path, BOOKS))
    hands.until_ready()
    with qtbot.waitSignal(hands.dialog.imported, timeout=PATIENCE_MS):
        hands.click("import_button")
    assert hands.dialog.problems.isVisible()
    assert not hands.dialog.problems.retry.isVisible()


def test_a_bug_is_announced_and_does_not_hold_the_dialog(
    tmp_path: Path, open_dialog: Callable[..., Hands], context: Context, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = HeldOperation(ZeroDivisionError("a bug"))
    held.let_go()
    monkeypatch.setattr(door, "import_books", held)
    hands = open_dialog(write(tmp_path, BOOKS))
    hands.until_ready()
    with qtbot.waitSignal(context.runner.action_failed, timeout=PATIENCE_MS):
        hands.click("import_button")
    assert hands.dialog.stage is Stage.CHOOSING


def test_nothing_happens_when_the_dialog_is_gone_before_the_end(
    tmp_path: Path, open_dialog: Callable[..., Hands], context: Context, held_import: HeldOperation, qtbot: QtBot
) -> None:
    hands = open_dialog(write(tmp_path, BOOKS))
    hands.until_ready()
    hands.click("import_button")
    held_import.wait_for_call()
    hands.dialog.deleteLater()
    drop_deleted()
    with qtbot.assertNotEmitted(context.runner.action_failed):
        held_import.let_go()
        hands.until(lambda: not context.runner.running)


def test_the_forecast_and_the_import_agree(
    tmp_path: Path, open_dialog: Callable[..., Hands], context: Context, qtbot: QtBot
) -> None:
    hands = open_dialog(write(tmp_path, BOOKS + 'Solaris,"woolf, virginia",1961,D\n'))
    hands.until_ready()
    request = hands.dialog.request
    assert request is not None
    forecast = forecast_import(sessions=context.sessions, request=request)
    with qtbot.waitSignal(hands.dialog.imported, timeout=PATIENCE_MS):
        hands.click("import_button")
    assert books_in(context) == forecast.new == 3
    assert ("woolf, virginia", "Woolf, Virginia") in hands.lines("import_findings")


def test_a_closed_dialog_is_gone(tmp_path: Path, open_dialog: Callable[..., Hands]) -> None:
    hands = open_dialog(write(tmp_path, BOOKS))
    hands.click("import_close")
    drop_deleted()
    assert not isValid(hands.dialog)


def test_every_control_has_names(tmp_path: Path, open_dialog: Callable[..., Hands]) -> None:
    hands = open_dialog(write(tmp_path, BOOKS))
    hands.until_ready()
    assert nameless(hands.dialog) == []
    assert anonymous(hands.dialog) == []
