"""Columns are where a person left them, in the next window too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.operations.layouts import layouts_file, load_layouts
from tests.support.window import application, opened_window

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

__all__ = ["application"]


def test_columns_stay_as_they_were_left(sqlite_path: Path, application: object, qtbot: QtBot) -> None:
    with opened_window(str(sqlite_path), qtbot) as desk:
        desk.settle()
        header = desk.browser.grid.horizontalHeader()
        header.moveSection(header.visualIndex(desk.section("isbn")), 0)
        header.resizeSection(desk.section("isbn"), 222)
        header.setSectionHidden(desk.section("price"), True)
        desk.until(lambda: "books" in load_layouts(), "the layout to be kept")
    with opened_window(str(sqlite_path), qtbot) as desk:
        desk.settle()
        header = desk.browser.grid.horizontalHeader()
        desk.until(lambda: header.visualIndex(desk.section("isbn")) == 0, "the layout")
        assert header.sectionSize(desk.section("isbn")) == 222
        assert header.isSectionHidden(desk.section("price"))
        desk.choose_table("authors")
        assert desk.browser.grid.horizontalHeader().visualIndex(0) == 0


def test_layouts_that_cannot_be_read_leave_the_columns_as_they_are(
    sqlite_path: Path, application: object, qtbot: QtBot
) -> None:
    layouts_file().parent.mkdir(parents=True)
    layouts_file().write_text("books = [", encoding="utf-8")
    with opened_window(str(sqlite_path), qtbot) as desk:
        desk.settle()
        assert desk.browser.grid.horizontalHeader().visualIndex(desk.section("isbn")) == desk.section("isbn")
        assert not desk.window.problems.isVisible()


def test_what_was_changed_last_is_kept_when_the_window_closes(
    sqlite_path: Path, application: object, qtbot: QtBot
) -> None:
    with opened_window(str(sqlite_path), qtbot) as desk:
        desk.settle()
        desk.browser.grid.setColumnWidth(desk.section("isbn"), 223)
        desk.window.close()  # before the change has come to rest
        assert load_layouts()["books"].columns[desk.section("isbn")].width == 223


def test_a_layout_that_was_kept_is_not_kept_again(sqlite_path: Path, application: object, qtbot: QtBot) -> None:
    with opened_window(str(sqlite_path), qtbot) as desk:
        desk.settle()
        desk.browser.grid.setColumnWidth(desk.section("isbn"), 223)
        desk.until(lambda: "books" in load_layouts(), "the layout to be kept")
        desk.settle()
        layouts_file().unlink()
        desk.window.close()
        assert not layouts_file().exists()
