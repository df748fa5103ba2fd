"""The columns in the View menu: those of the grid in front, as they are now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.window.columns_menu import ColumnsMenu
from tests.support.window import application, child, opened_window

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

__all__ = ["application"]


def test_the_view_menu_shows_and_hides_the_columns_of_the_grid_in_front(
    sqlite_path: Path, application: object, qtbot: QtBot
) -> None:
    with opened_window(str(sqlite_path), qtbot) as desk:
        desk.settle()
        menu = child(desk.window, ColumnsMenu, "view_columns_menu")

        def entries() -> dict[str, bool]:
            menu.aboutToShow.emit()
            return {one.text(): one.isChecked() for one in menu.actions() if one.text()}

        assert entries()["ISBN"]
        next(one for one in menu.actions() if one.text() == "ISBN").trigger()
        assert desk.browser.grid.isColumnHidden(desk.section("isbn"))
        assert not entries()["ISBN"]
        assert {"Fit to contents", "Reset columns"} <= entries().keys()
        desk.choose_table("authors")
        assert "ISBN" not in entries()
        assert entries()["Name"]
