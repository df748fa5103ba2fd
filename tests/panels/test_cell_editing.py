"""Cells are edited as in a spreadsheet: one step each, and what cannot be taken is told before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QItemSelection, QItemSelectionModel
from PySide6.QtGui import QGuiApplication

from desk.catalog.columns import BOOKS
from desk.catalog.criteria import Criteria
from desk.catalog.edits import EditKind, RecordKey
from desk.catalog.rows import AuthorRef
from desk.operations import matching_authors, selecting
from desk.panels import cell_changes, cell_editing
from desk.panels.browser import Browser
from desk.panels.cell_editing import CellEditing
from desk.panels.cell_question import ADD, CANCEL, CREATE, LEAVE, REST, CellQuestion
from tests.support.editing import elsewhere

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desk.panels.context import Context

TITLE, AUTHOR, CONTRIBUTORS, YEAR, ISBN, LANGUAGE, PRICE, CHANGED = range(8)
BEOWULF, ORLANDO, WAVES = (RecordKey("books", one) for one in (3, 1, 2))


class Hands:
    """The three books of the small catalogue (Beowulf, Orlando, The Waves) in a grid, and who works on its cells."""

    def __init__(self, context: Context, bot: QtBot) -> None:
        self.context = context
        self._bot = bot
        assert context.catalogue is not None
        elsewhere(context.catalogue, "UPDATE authors SET name_key = lower(name)")  # as Desk would have made them
        self.browser = Browser(BOOKS, context)
        bot.addWidget(self.browser)
        self.browser.show_view(Criteria("books"))
        self.settle()
        self.cells = CellEditing(self.browser.grid, context)
        self.questions: list[CellQuestion] = []
        self.messages: list[str] = []
        self.cells.asked.connect(self.questions.append)
        context.message_wanted.connect(self.messages.append)

    def settle(self) -> None:
        self._bot.waitUntil(lambda: self.browser.is_loaded and self.browser.table.is_exact and self.is_still)

    @property
    def is_still(self) -> bool:
        return not self.context.runner.running

    def select(self, first: int, last: int, left: int = TITLE, right: int | None = None) -> None:
        table, model = self.browser.table, self.browser.grid.selectionModel()
        model.setCurrentIndex(table.index(first, left), QItemSelectionModel.SelectionFlag.ClearAndSelect)
        chosen = QItemSelection(table.index(first, left), table.index(last, left if right is None else right))
        model.select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def paste(self, text: str) -> None:
        """Pastes, and waits until it is done or asks."""
        QGuiApplication.clipboard().setText(text)
        asked = len(self.questions)
        self.cells.paste()
        self._bot.waitUntil(lambda: not self.cells.changing.is_working or len(self.questions) > asked)

    def answer(self, choice: str) -> None:
        """Answers the last question, and waits until it is done or asks again."""
        asked = len(self.questions)
        self.questions[-1].answer(choice)
        self._bot.waitUntil(lambda: not self.cells.changing.is_working or len(self.questions) > asked)

    def changed(self, key: RecordKey) -> dict[str, Any]:
        edit = self.context.edits.get(key)
        return dict(edit.values) if edit else {}

    @property
    def step(self) -> str:
        return self.context.edits.steps.undoText()


@pytest.fixture
def hands(context: Context, qtbot: QtBot) -> Hands:
    return Hands(context, qtbot)


# Pasting


def test_a_block_goes_over_the_cells_from_the_current_one_on_as_one_step(hands: Hands) -> None:
    hands.select(1, 1, YEAR)
    hands.paste('1929\t\tde\r\n720 BCE\t0-261-10334-2\t""\r\n')
    assert hands.changed(ORLANDO) == {"published_year": 1929, "isbn": None, "language": "de"}
    assert hands.changed(WAVES) == {"published_year": -720, "isbn": "9780261103344"}  # its language was '' already
    assert (hands.questions, hands.step) == ([], "Paste 2 × 3 cells")
    hands.context.edits.steps.undo()
    assert len(hands.context.edits) == 0
    hands.context.edits.steps.redo()
    assert hands.changed(ORLANDO)["language"] == "de"


def test_the_order_on_screen_counts(hands: Hands) -> None:
    header = hands.browser.grid.horizontalHeader()
    header.moveSection(header.visualIndex(LANGUAGE), header.visualIndex(YEAR) + 1)
    hands.browser.grid.setColumnHidden(ISBN, True)
    hands.select(1, 1, YEAR)
    hands.paste("1929\tde\t3")
    assert set(hands.changed(ORLANDO)) == {"published_year", "language", "price"}


def test_one_value_fills_a_selection(hands: Hands) -> None:
    hands.select(0, 2, LANGUAGE)
    hands.paste("sv")
    assert [hands.changed(key) for key in (BEOWULF, ORLANDO, WAVES)] == [{"language": "sv"}] * 3
    assert hands.step == "Paste 3 cells"


def test_nothing_of_a_block_is_taken_until_it_was_said_what_cannot_be(hands: Hands) -> None:
    hands.select(0, 0, YEAR)
    hands.paste("soon\n1929\n1932")
    assert len(hands.context.edits) == 0
    question = hands.questions[-1]
    assert [line.split(":")[0] for line in question.lines] == ["Row 1, Year"]
    assert "not a year" in question.lines[0]
    hands.answer(CANCEL)
    assert (len(hands.context.edits), hands.messages[-1]) == (0, "Nothing was pasted.")
    hands.paste("soon\n1929\n1932")
    hands.answer(REST)
    assert hands.changed(BEOWULF) == {}
    assert (hands.changed(ORLANDO), hands.changed(WAVES)) == ({"published_year": 1929}, {"published_year": 1932})


def test_columns_that_cannot_be_edited_and_those_that_are_not_there_are_named_once(hands: Hands) -> None:
    hands.select(0, 0, PRICE)
    hands.paste("1\tx\ty\n2\tx\ty")
    lines = hands.questions[-1].lines
    assert [line.partition(":")[0] for line in lines] == ["Changed", "Right of the last column"]
    hands.answer(REST)
    assert {str(hands.changed(key)["price"]) for key in (BEOWULF, ORLANDO)} == {"1.00", "2.00"}


def test_a_single_cell_that_cannot_be_taken_is_told_without_a_question(hands: Hands) -> None:
    hands.select(0, 0, TITLE)
    hands.paste("\t")
    assert "cannot be without a value" in hands.questions[-1].lines[0]
    hands.answer(CANCEL)
    hands.select(0, 0, YEAR)
    hands.paste("never")
    assert len(hands.questions) == 1
    assert hands.messages[-1].startswith("Nothing was pasted. Row 1, Year: “never” is not a year.")


def test_an_author_that_is_there_is_linked_by_key(hands: Hands) -> None:
    hands.select(0, 1, AUTHOR)
    hands.paste("WOOLF, virginia\nBell, Vanessa")
    assert (hands.changed(BEOWULF), hands.changed(ORLANDO)) == (
        {"author": AuthorRef(1, "Woolf, Virginia")}, {"author": AuthorRef(2, "Bell, Vanessa")},
    )  # fmt: skip
    assert hands.questions == []


@pytest.mark.parametrize("choice", [CREATE, LEAVE, CANCEL])
def test_authors_that_nobody_is_are_asked_about_once(hands: Hands, choice: str) -> None:
    hands.select(0, 2, AUTHOR)
    hands.paste("Nobody, Known\nBell, Vanessa\nNobody, Known")
    assert hands.questions[-1].lines == ("Nobody, Known: nobody has this name",)
    assert len(hands.context.edits) == 0
    hands.answer(choice)
    inserts = hands.context.edits.inserts("authors")
    if choice == CREATE:
        assert [edit.values["name"] for edit in inserts] == ["Nobody, Known"]
        assert {hands.changed(key)["author"].id for key in (BEOWULF, WAVES)} == {inserts[0].key.id}
    assert bool(inserts) == (choice == CREATE)
    assert ("author" in hands.changed(ORLANDO)) == (choice != CANCEL)
    hands.context.edits.steps.undo()
    assert len(hands.context.edits) == 0


def test_of_several_authors_nobody_is_chosen_silently(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    two = (AuthorRef(1, "Woolf, V."), AuthorRef(7, "woolf, v."))
    monkeypatch.setattr(matching_authors, "match_authors", lambda **_arguments: {"WOOLF, V.": two})
    hands.select(0, 0, AUTHOR)
    hands.paste("WOOLF, V.\t\t1930")
    assert hands.questions[-1].lines == ("WOOLF, V.: 2 authors have this name",)
    assert set(hands.questions[-1].choices) == {LEAVE}


def test_a_pending_new_author_is_meant_by_its_name(hands: Hands) -> None:
    key = hands.context.edits.add("authors", {"name": "Nobody, Known"})
    hands.select(0, 0, AUTHOR)
    hands.paste("nobody, known")
    assert hands.changed(BEOWULF)["author"].id == key.id
    assert hands.questions == []


@pytest.mark.parametrize("choice", [ADD, LEAVE, CANCEL])
def test_rows_beyond_the_last_one_become_new_records_when_asked(hands: Hands, choice: str) -> None:
    hands.select(2, 2, TITLE)
    hands.paste("Changed\nFirst new\nSecond new")
    assert "2 rows go beyond" in hands.questions[-1].text
    hands.answer(choice)
    new = [edit.values["title"] for edit in hands.context.edits.inserts("books")]
    assert new == (["First new", "Second new"] if choice == ADD else [])
    assert (hands.changed(WAVES) == {"title": "Changed"}) == (choice != CANCEL)
    if choice == ADD:
        assert hands.browser.table.cell(0, TITLE)[0] == "First new"
        hands.context.edits.steps.undo()
        assert len(hands.context.edits) == 0


def test_more_new_records_than_can_be_added_at_once_are_refused(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cell_changes, "MOST_NEW", 2)
    hands.select(2, 2, TITLE)
    hands.paste("a\nb\nc\nd")
    assert (hands.questions, len(hands.context.edits)) == ([], 0)
    assert "at most 2 can be added" in hands.messages[-1]


def test_rows_that_are_not_loaded_are_loaded_first(hands: Hands) -> None:
    hands.select(0, 0, LANGUAGE)
    table = hands.browser.table
    loaded = table.original_at
    table.original_at = lambda row: None if row == 1 else loaded(row)  # type: ignore[method-assign]
    hands.paste("a\nb\nc")
    assert [hands.changed(key) for key in (BEOWULF, ORLANDO, WAVES)] == [
        {"language": "a"}, {"language": "b"}, {"language": "c"},
    ]  # fmt: skip


@pytest.mark.parametrize("positions", [(0,), (1, 0, 2)], ids=("one is gone", "they moved"))
def test_rows_that_are_others_meanwhile_are_not_pasted_over(
    hands: Hands, monkeypatch: pytest.MonkeyPatch, positions: tuple[int, ...]
) -> None:
    table = hands.browser.table
    rows = tuple(table.row_at(one) for one in positions)
    monkeypatch.setattr(selecting, "load_selection", lambda **_arguments: rows)
    loaded = table.original_at
    table.original_at = lambda row: None if row == 2 else loaded(row)  # type: ignore[method-assign]
    hands.select(0, 0, LANGUAGE)
    hands.paste("a\nb\nc")
    assert len(hands.context.edits) == 0
    assert "changed meanwhile" in hands.messages[-1]


def test_a_second_command_waits_until_the_first_was_answered(hands: Hands) -> None:
    hands.select(0, 0, YEAR)
    hands.paste("soon\n1929")
    hands.cells.clear()
    assert "answer that first" in hands.messages[-1]
    hands.answer(REST)
    assert hands.changed(ORLANDO) == {"published_year": 1929}


def test_nothing_is_changed_in_a_catalogue_that_can_only_be_read(hands: Hands) -> None:
    hands.context.edits.frozen = True
    hands.select(0, 0, YEAR)
    hands.paste("1929")
    assert len(hands.context.edits) == 0
    assert hands.messages[-1] == "Nothing can be changed now."
    hands.context.edits.frozen = False


def test_a_record_that_will_be_deleted_is_left_alone(hands: Hands) -> None:
    original = hands.browser.table.original_at(1)
    assert original is not None
    hands.context.edits.delete([original])
    hands.select(0, 0, LANGUAGE)
    hands.paste("a\nb\nc")
    assert hands.questions[-1].lines == ("Row 2, all fields: the record will be deleted.",)
    hands.answer(REST)
    edit = hands.context.edits.get(ORLANDO)
    assert edit is not None
    assert (edit.kind, dict(edit.values)) == (EditKind.DELETE, {})


def test_an_empty_or_a_huge_clipboard_says_so(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    hands.select(0, 0)
    QGuiApplication.clipboard().clear()
    hands.cells.paste()
    assert "no text on the clipboard" in hands.messages[-1]
    monkeypatch.setattr(cell_editing, "MOST_CELLS", 3)
    hands.paste("a\tb\tc\td")
    assert "more than 3 cells" in hands.messages[-1]
    monkeypatch.setattr(cell_editing, "LONGEST_TEXT", 3)
    hands.paste("long text")
    assert "longer than 3 characters" in hands.messages[-1]


def test_a_copy_of_ours_is_pasted_as_it_was(hands: Hands) -> None:
    hands.select(1, 2, LANGUAGE, PRICE)
    hands.browser.chosen.copy()
    hands.select(0, 0, LANGUAGE)
    hands.cells.paste()
    assert (hands.questions, hands.changed(ORLANDO)["language"]) == ([], "")
    assert str(hands.changed(BEOWULF)["price"]) == "12.50"


# Filling and clearing


def test_filling_down_repeats_the_first_row(hands: Hands) -> None:
    hands.browser.table.setData(hands.browser.table.index(0, LANGUAGE), "ang")
    hands.select(0, 2, AUTHOR, AUTHOR)
    hands.select(0, 2, LANGUAGE, PRICE)
    hands.cells.fill_down()
    assert hands.changed(ORLANDO) == {"language": "ang", "price": None}
    assert hands.changed(WAVES) == {"language": "ang", "price": None}
    assert (hands.step, hands.questions) == ("Fill down 2 rows", [])


def test_filling_goes_through_the_parser(hands: Hands) -> None:
    hands.select(1, 2, AUTHOR, ISBN)
    hands.cells.fill_down()
    assert [line.partition(":")[0] for line in hands.questions[-1].lines] == ["Contributors"]
    hands.answer(REST)
    assert hands.changed(WAVES) == {"published_year": 1928, "isbn": "9780261103344"}


def test_filling_one_row_says_what_to_select(hands: Hands) -> None:
    hands.select(0, 0)
    hands.cells.fill_down()
    assert "those below it" in hands.messages[-1]


def test_clearing_tells_not_known_from_an_empty_text(hands: Hands) -> None:
    hands.select(1, 1, LANGUAGE)
    hands.cells.clear()
    assert (hands.changed(ORLANDO), hands.step) == ({"language": None}, "Clear 1 cell")
    hands.cells.empty()
    assert (hands.changed(ORLANDO), hands.step) == ({"language": ""}, "Empty 1 cell")
    hands.select(1, 1, YEAR)
    hands.cells.empty()
    assert hands.messages[-1].endswith("Year: it cannot be an empty text, only “not known”.")


def test_what_is_required_says_why_it_is_not_cleared(hands: Hands) -> None:
    hands.select(0, 1, TITLE)
    hands.cells.clear()
    assert hands.messages[-1] == "Nothing was cleared. Title: it cannot be without a value."
    hands.select(1, 1, TITLE, YEAR)
    hands.cells.clear()
    assert [line.partition(":")[0] for line in hands.questions[-1].lines] == ["Title", "Contributors"]
    hands.answer(REST)
    assert hands.changed(ORLANDO) == {"author": None, "published_year": None}


def test_what_is_so_already_makes_no_step(hands: Hands) -> None:
    hands.select(0, 0, LANGUAGE)
    hands.cells.clear()
    assert (hands.step, len(hands.context.edits)) == ("", 0)
    assert "have these values already" in hands.messages[-1]


def test_too_many_cells_are_refused_without_looking_at_them(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cell_editing, "MOST_CELLS", 2)
    hands.select(0, 2, LANGUAGE)
    hands.cells.clear()
    assert len(hands.context.edits) == 0
    assert "3 cells are selected; at most 2" in hands.messages[-1]
