"""The registry of commands: each has a text, an icon that is there and a shortcut of its own."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QMenu

from desk.resources import resource
from desk.window.commands import COMMANDS, MENUS, NEEDS, SEPARATED, Command

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desk.window.main_window import MainWindow


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_command_has_text_icon_menu_and_a_need_that_exists(window: MainWindow, command: Command) -> None:
    action = window.commands[command.name]
    assert action.objectName() == command.name
    assert action.text().replace("&", "").strip()
    assert action.toolTip().strip()
    assert command.menu in MENUS
    assert command.needs in NEEDS
    if command.icon:
        assert resource("icons", f"{command.icon}.svg").is_file()
        assert not action.icon().pixmap(18, 18).isNull()
    if command.in_tool_bar:
        assert command.icon


def test_names_and_shortcuts_are_unique(window: MainWindow) -> None:
    assert len({command.name for command in COMMANDS}) == len(COMMANDS)
    shortcuts = Counter(keys.toString() for command in COMMANDS for keys in window.commands[command.name].shortcuts())
    assert {keys for keys, times in shortcuts.items() if times > 1} == set()
    assert "" not in shortcuts
    assert {"Ctrl+N", "Ctrl+S", "Ctrl+F", "F5"} <= set(shortcuts)


def test_letters_of_a_menu_are_unique(window: MainWindow) -> None:
    for name in MENUS:
        texts = [command.text for command in COMMANDS if command.menu == name and "&" in command.text]
        letters = Counter(text[text.index("&") + 1].lower() for text in texts)
        assert {letter for letter, times in letters.items() if times > 1} == set(), name


def test_every_command_is_in_its_menu(window: MainWindow) -> None:
    menus = [menu for menu in window.menuBar().findChildren(QMenu) if menu.title()]
    shown = {action.objectName() for menu in menus for action in menu.actions()}
    assert {command.name for command in COMMANDS} <= shown
    assert {command.name for command in COMMANDS} >= SEPARATED


def test_without_a_catalogue_only_what_needs_none_is_enabled(window: MainWindow) -> None:
    enabled = {command.name for command in COMMANDS if window.commands[command.name].isEnabled()}
    assert enabled == {command.name for command in COMMANDS if not command.needs}


def test_edits_without_a_catalogue_can_be_rolled_back_but_not_saved(window: MainWindow, qtbot: QtBot) -> None:
    window.context.edits.add("books")
    qtbot.waitUntil(lambda: window.commands["roll_back"].isEnabled())
    assert not window.commands["commit"].isEnabled()
    window.context.edits.frozen = True
    window.unit.state_changed.emit()
    qtbot.waitUntil(lambda: not window.commands["roll_back"].isEnabled())
