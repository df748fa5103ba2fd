"""The one registry of commands: text, icon, shortcut, tip, when each is enabled. Menus and tool bar come from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence

from desk.i18n import _
from desk.tables.look import icon

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QMainWindow, QMenu

Key = QKeySequence.StandardKey


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that can be done. `needs` is one of NEEDS; `icon` a file of `resources/icons`, '' for none."""

    name: str
    menu: str
    text: str
    icon: str = ""
    shortcut: str | Key = ""
    needs: str = ""
    tip: str = ""
    in_tool_bar: bool = False


NEEDS = ("", "catalogue", "record", "editable", "editable_record", "edits", "pending", "undo", "redo", "running")
"""What a command needs to be enabled: nothing, an open catalogue, a current record, a catalogue that can be written, a
record in one, pending edits that can be saved, or any, a step to undo or redo, a running action."""

FILE, EDIT, VIEW, HELP = "file", "edit", "view", "help"
MENUS = {FILE: _("&File"), EDIT: _("&Edit"), VIEW: _("&View"), HELP: _("&Help")}

COMMANDS: tuple[Command, ...] = (
    Command("new_catalogue", FILE, _("&New catalogue …"), "add", tip=_("Makes an empty catalogue in a new file")),
    Command("open", FILE, _("&Open …"), "open", "Ctrl+O", tip=_("Opens a file or a server"), in_tool_bar=True),
    Command("new_window", FILE, _("New &window"), "window", "Ctrl+Shift+N", tip=_("Shows the database once more")),
    Command("import", FILE, _("&Import …"), "import", "Ctrl+I", "editable", _("Imports books from a CSV file")),
    Command("export", FILE, _("&Export …"), "export", "Ctrl+E", "catalogue", _("Writes the view into a file")),
    Command("migrations", FILE, _("Sche&ma …"), "database", "", "catalogue", _("Shows and changes the schema")),
    Command("search_index", FILE, _("Search in&dex"), "search", "", "editable", _("Makes searches fast")),
    Command("restore_sample", FILE, _("&Restore the sample catalogue …"), "sample", tip=_("Makes the sample anew")),
    Command("close_window", FILE, _("&Close the window"), "close", "Ctrl+W"),
    Command("quit", FILE, _("&Quit"), shortcut="Ctrl+Q", tip=_("Closes all windows")),
    Command("new_record", EDIT, _("&New record"), "add", Key.New, "editable", _("Adds a record"), True),
    Command("duplicate", EDIT, _("Dup&licate"), "duplicate", "Ctrl+D", "editable_record", _("Copies the record"), True),
    Command("delete", EDIT, _("&Delete"), "delete", "Ctrl+Delete", "editable_record", _("Deletes the records"), True),
    Command("undo", EDIT, _("&Undo"), "undo", Key.Undo, "undo", _("Takes the last pending step back"), True),
    Command("redo", EDIT, _("&Redo"), "redo", "Ctrl+Shift+Z", "redo", _("Takes a step again"), True),
    Command("commit", EDIT, _("&Commit"), "commit", Key.Save, "edits", _("Saves all pending edits, or none"), True),
    Command("roll_back", EDIT, _("Roll &back …"), "rollback", "Ctrl+Shift+R", "pending", _("Drops all edits"), True),
    Command("copy", EDIT, _("C&opy cells"), "copy", Key.Copy, "catalogue", _("Copies the selected cells")),
    Command("search", VIEW, _("&Search"), "search", Key.Find, "catalogue", _("Goes to the search box")),
    Command("go_to_row", VIEW, _("&Go to row …"), "", "Ctrl+G", "catalogue", _("Goes to a row by its number")),
    Command("refresh", VIEW, _("&Refresh"), "refresh", "F5", "catalogue", _("Loads the view again"), True),
    Command("cancel", VIEW, _("&Cancel running actions"), "cancel", "Ctrl+.", "running", _("Stops what is running")),
    Command("show_authors", VIEW, _("&Authors"), "authors", "Ctrl+1", "catalogue"),
    Command("show_books", VIEW, _("&Books"), "books", "Ctrl+2", "catalogue"),
    Command("edit_record", VIEW, _("Edit in the &form"), "edit", "F4", "record", _("Goes to the record form")),
    Command("about", HELP, _("&About Desk"), "info"),
)  # fmt: skip

SEPARATED = {"import", "migrations", "close_window", "undo", "commit", "copy", "cancel", "show_authors"}
"""Commands before which a menu draws a line."""


class Commands:
    """The actions of one window, by name."""

    def __init__(self, window: QMainWindow, handlers: dict[str, Callable[[], object]]) -> None:
        self.actions: dict[str, QAction] = {}
        self._facts: set[str] | None = None
        self._steps = ("", "")
        for command in COMMANDS:
            self.actions[command.name] = self._make(window, command, handlers[command.name])

    def __getitem__(self, name: str) -> QAction:
        return self.actions[name]

    def enable(self, facts: set[str]) -> None:
        """Enables the commands whose need is among the facts; costs nothing when the facts are as before."""
        if facts == self._facts:
            return
        self._facts = facts
        for command in COMMANDS:
            self.actions[command.name].setEnabled(not command.needs or command.needs in facts)

    def name_steps(self, undo: str, redo: str) -> None:
        """Names the steps that undo and redo would take; '' for none."""
        if (undo, redo) == self._steps:
            return
        self._steps = (undo, redo)
        self.actions["undo"].setText(_("&Undo: {step}").format(step=undo) if undo else _("&Undo"))
        self.actions["redo"].setText(_("&Redo: {step}").format(step=redo) if redo else _("&Redo"))

    def fill_menus(self, window: QMainWindow) -> dict[str, QMenu]:
        """Makes the menu bar; answers the menus by name, so that docks can be added to one."""
        menus = {}
        for name, title in MENUS.items():
            menu = menus[name] = window.menuBar().addMenu(title)
            for command in COMMANDS:
                if command.menu == name:
                    if command.name in SEPARATED:
                        menu.addSeparator()
                    menu.addAction(self.actions[command.name])
        return menus

    def fill_tool_bar(self, window: QMainWindow) -> None:
        """Makes the tool bar."""
        bar = window.addToolBar(_("Tools"))
        bar.setObjectName("tool_bar")
        bar.setMovable(False)
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        for command in COMMANDS:
            if command.in_tool_bar:
                if command.name in SEPARATED:
                    bar.addSeparator()
                bar.addAction(self.actions[command.name])

    @staticmethod
    def _make(window: QMainWindow, command: Command, handler: Callable[[], object]) -> QAction:
        action = QAction(command.text, window)
        action.setObjectName(command.name)
        if command.icon:
            action.setIcon(icon(command.icon))
        if command.shortcut:
            action.setShortcut(QKeySequence(command.shortcut))
        plain = command.text.replace("&", "").removesuffix(" …")
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        tip = command.tip or plain
        action.setToolTip(f"{tip} ({keys})" if keys else tip)
        action.setStatusTip(command.tip)
        action.setIconText(plain)
        action.triggered.connect(lambda _checked=False: handler())
        window.addAction(action)
        return action
