"""Real catalogues through the real dialogs: imported by keys, exported, and imported again as the same catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtWidgets import QAbstractButton, QCheckBox
from sqlalchemy import case, func, select

from desk.catalog.models import Author, Book
from desk.dialogs.exporting import ExportDialog
from desk.dialogs.imports.importing import ImportDialog, Stage
from desk.operations.connect import create_catalogue
from desk.work import door
from tests.support.contents import checksum
from tests.support.shared_data import shared_data
from tests.support.window import Desk, child, opened_window

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from desk.operations.connect import OpenCatalogue
    from desk.operations.imports.import_preview import ImportForecast
    from desk.operations.imports.importing import ImportReport

LONG_MS = 120_000
MOST_TWICE = 20_000
"""Books that are taken through both databases; more take half a minute each time."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The figures of EXPECTED.md, as the report and the side bar tell them, and what can be summed up of the rows."""

    files: tuple[str, ...]
    books: int
    authors: int
    pairs: int
    merged: int
    repeats: int = 0
    respelled: int = 0
    bad_isbns: int = 0
    sums: tuple[int, ...] = ()
    """The sum of the years of birth, how many lie before the year 1, books without a main author and without a title;
    () where nobody counted them."""


REAL = {
    "goodbooks": Expected(("goodbooks10k_books.csv",), 10_000, 5_833, 13_209, 0, repeats=7, bad_isbns=23),
    "aozora": Expected(("aozora_list_person_all.utf8.csv",), 13_481, 914, 14_383, 910, repeats=8),
    "gutenberg": Expected(
        ("gutenberg_metadata.csv", "gutenberg_authors.csv"), 78_766, 26_928, 79_449, 3_649, respelled=9,
        sums=(37_826_274, 38, 2_966, 1),
    ),
}  # fmt: skip


class Answers:
    """What the operations answered, whatever a dialog makes of it; by the operation's name."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._answers: dict[str, Any] = {}
        for name in ("forecast_import", "import_books", "export_views"):
            monkeypatch.setattr(door, name, partial(self._note, name, getattr(door, name)), raising=False)

    def has(self, name: str) -> bool:
        return name in self._answers

    def take(self, name: str) -> Any:
        return self._answers.pop(name)

    def _note(self, name: str, operation: Callable[..., Any], **arguments: Any) -> Any:
        self._answers[name] = operation(**arguments)
        return self._answers[name]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch, application: object) -> Answers:
    return Answers(monkeypatch)


def import_by_dialog(desk: Desk, answers: Answers, *paths: Path) -> ImportReport:
    """Chooses the files, waits for the forecast, imports, and answers the report; the forecast must have told it."""
    dialog = desk.dialog("import", ImportDialog)
    if len(paths) > 1:
        dialog.authors.choose_file(paths[1])
        desk.until(lambda: dialog.authors.is_ready, "the preview of the authors")
    dialog.books.choose_file(paths[0])
    desk.until(lambda: answers.has("forecast_import"), "the forecast", patience_ms=LONG_MS)
    child(dialog, QAbstractButton, "import_button").click()
    desk.until(lambda: dialog.stage is Stage.DONE, "the report", patience_ms=LONG_MS)
    report: ImportReport = answers.take("import_books")
    forecast: ImportForecast = answers.take("forecast_import")
    assert (forecast.new, forecast.rejected, forecast.authors_new, forecast.possible_duplicates.count) == (
        report.books, report.rejected, report.authors_new, report.possible_duplicates.count,
    )  # fmt: skip
    dialog.close()
    desk.settle()
    return report


def export_by_dialog(desk: Desk, answers: Answers, path: Path) -> tuple[Path, Path]:
    """The books and the authors of the open catalogue, in two files."""
    dialog = desk.dialog("export", ExportDialog)
    child(dialog, QCheckBox, "export_authors").setChecked(True)
    dialog.choose_file(path)
    child(dialog, QAbstractButton, "export_button").click()
    desk.until(dialog.outcome.isVisible, "the files", patience_ms=LONG_MS)
    dialog.close()
    books, authors = answers.take("export_views")
    return books.path, authors.path


def sums_of(catalogue: OpenCatalogue) -> tuple[int, ...]:
    """The `sums` of a catalogue."""
    authors = select(func.sum(Author.birth_year), func.sum(case((Author.birth_year < 0, 1), else_=0)))
    books = select(
        func.sum(case((Book.author_id.is_(None), 1), else_=0)), func.sum(case((Book.title == "", 1), else_=0))
    )
    with catalogue.sessions.reading("look") as session:
        return (*session.execute(authors).one(), *session.execute(books).one())


@pytest.mark.parametrize("name", REAL)
def test_real_data_comes_in_goes_out_and_comes_back_the_same(
    name: str, database_target: str, qtbot: QtBot, answers: Answers, tmp_path: Path
) -> None:
    expected = REAL[name]
    files = [shared_data(file) for file in expected.files]
    if expected.books > MOST_TWICE and "://" not in database_target:
        pytest.skip("so many books go through a server into a file: that is both")
    copy = tmp_path / "copy.desk"
    create_catalogue(target=str(copy))
    with opened_window(database_target, qtbot) as desk:
        desk.settle()
        report = import_by_dialog(desk, answers, *files)
        assert (report.books, report.authors_new, report.pairs) == (expected.books, expected.authors, expected.pairs)
        assert report.rejected.count == 0
        assert (report.merged, report.respelled.count) == (expected.merged, expected.respelled)
        assert (report.repeated_authors.count, report.bad_isbns.count) == (expected.repeats, expected.bad_isbns)
        assert not expected.sums or sums_of(desk.catalogue) == expected.sums
        assert f"{expected.books:,}" in desk.window.side_bar.text_of("books")
        assert f"{expected.authors:,}" in desk.window.side_bar.text_of("authors")
        original = checksum(desk.catalogue)
        books, authors = export_by_dialog(desk, answers, tmp_path / "books.csv")
        desk.window.open_target(str(copy))
        desk.until(lambda: desk.window.windowTitle().startswith("copy.desk"), "the empty catalogue")
        desk.settle()
        again = import_by_dialog(desk, answers, books, authors)
        assert (again.books, again.authors_new, again.pairs) == (expected.books, expected.authors, expected.pairs)
        assert (again.rejected.count, again.authors_rejected.count, again.merged) == (0, 0, 0)
        assert (again.unmapped_columns, again.authors_unmapped_columns) == ((), ())
        assert checksum(desk.catalogue) == original
