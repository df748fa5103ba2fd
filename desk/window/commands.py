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

    from PySide6.QtWidgets import QMainWindow, QMenu, QWidget

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
    in_grid: bool = False
    """Whether its shortcut means the cells of a grid: elsewhere the key does what it does there."""


NEEDS = (
    "", "catalogue", "record", "editable", "editable_record", "edits", "pending", "undo", "redo", "undo_commit",
    "redo_commit", "running",
)  # fmt: skip
"""What a command needs to be enabled: nothing, an open catalogue, a current record, a catalogue that can be written, a
record in one, pending edits that can be saved, or any, a step to undo or redo, a commit to take
back or to save again, a running action."""
READING = frozenset({"", "catalogue", "record", "running"})
"""The needs of what writes nothing: all others are met by no catalogue that is open for reading only."""

FILE, EDIT, VIEW, HELP = "file", "edit", "view", "help"
MENUS = {FILE: _("&File"), EDIT: _("&Edit"), VIEW: _("&View"), HELP: _("&Help")}

UNDO_COMMIT, REDO_COMMIT = _("Take back the la&st commit"), _("Commit a&gain")

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
    Command("merge_authors", EDIT, _("&Merge authors …"), "authors", "", "editable", _("Makes two authors one")),
    Command("undo", EDIT, _("&Undo"), "undo", Key.Undo, "undo", _("Takes the last pending step back"), True),
    Command("redo", EDIT, _("&Redo"), "redo", "Ctrl+Shift+Z", "redo", _("Takes a step again"), True),
    Command("commit", EDIT, _("&Commit"), "commit", Key.Save, "edits", _("Saves all pending edits, or none"), True),
    Command("roll_back", EDIT, _("Roll &back …"), "rollback", "Ctrl+Shift+R", "pending", _("Drops all edits"), True),
    Command("undo_commit", EDIT, UNDO_COMMIT, "undo", "Ctrl+Alt+Z", "undo_commit", _("Takes the last commit back")),
    Command("redo_commit", EDIT, REDO_COMMIT, "redo", "Ctrl+Alt+Shift+Z", "redo_commit", _("Saves it again")),
    Command("copy", EDIT, _("C&opy cells"), "copy", Key.Copy, "catalogue", _("Copies the selected cells")),
    Command("paste", EDIT, _("&Paste"), "", Key.Paste, "editable_record", _("Pastes over the cells"), in_grid=True),
    Command("fill_down", EDIT, _("&Fill down"), "", "Ctrl+Shift+D", "editable_record", _("Repeats the first row")),
    Command("clear_cells", EDIT, _("Clear (not &known)"), "", "Del", "editable_record", in_grid=True),
    Command("empty_cells", EDIT, _("Clear to an &empty text"), "", "Alt+Del", "editable_record", in_grid=True),
    Command("edit_field", EDIT, _("Edi&t one field …"), "", "Ctrl+Shift+E", "editable_record", _("Of all selected")),
    Command("edit_text", EDIT, _("Long te&xt …"), "", "Ctrl+Return", "editable_record", _("Opens a roomy editor")),
    Command("replace", EDIT, _("Find &and replace …"), "", "Ctrl+H", "editable", _("Replaces a text in a column")),
    Command("search", VIEW, _("&Search"), "search", Key.Find, "catalogue", _("Goes to the search box")),
    Command("go_to_row", VIEW, _("&Go to row …"), "", "Ctrl+G", "catalogue", _("Goes to a row by its number")),
    Command("refresh", VIEW, _("&Refresh"), "refresh", "F5", "catalogue", _("Loads the view again"), True),
    Command("cancel", VIEW, _("&Cancel running actions"), "cancel", "Ctrl+.", "running", _("Stops what is running")),
    Command("show_authors", VIEW, _("&Authors"), "authors", "Ctrl+1", "catalogue"),
    Command("show_books", VIEW, _("&Books"), "books", "Ctrl+2", "catalogue"),
    Command("edit_record", VIEW, _("Edit in the &form"), "edit", "F4", "record", _("Goes to the record form")),
    Command("about", HELP, _("&About Desk"), "info"),
)  # fmt: skip

SEPARATED = {"import", "migrations", "close_window", "undo", "commit", "copy", "edit_field", "cancel", "show_authors"}
"""Commands before which a menu draws a line."""


GRID_MENU = (
    "edit_record", "edit_text", "copy", "paste", "fill_down", "clear_cells", "empty_cells", "edit_field", "replace",
    "duplicate", "delete",
)  # fmt: skip
"""The commands in the menu of a grid."""
MORE_IN_MENU = {"authors_grid": ("merge_authors",)}
"""Those of one grid only, by its name."""
_UNDO_COMMIT = next(command for command in COMMANDS if command.name == "undo_commit")


class Commands:
    """The actions of one window, by name."""

    def __init__(self, window: QMainWindow, handlers: dict[str, Callable[[], object]]) -> None:
        self.actions: dict[str, QAction] = {}
        self._facts: set[str] | None = None
        self._steps = ("", "")
        self._units = ("", "", "")
        self._reason = ""
        self._menus: dict[str, QMenu] = {}
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

    def explain(self, reason: str) -> None:
        """Has the tool tips of all that writes say why it cannot be done; '' when it can."""
        if reason == self._reason:
            return
        self._reason = reason
        for command in COMMANDS:
            if command.needs not in READING:
                action = self.actions[command.name]
                action.setToolTip("\n".join(filter(None, (_tool_tip(command, action), reason))))
                action.setStatusTip(reason or command.tip)
        for menu in self._menus.values():
            menu.setToolTipsVisible(bool(reason))

    def name_steps(self, undo: str, redo: str) -> None:
        """Names the steps that undo and redo would take; '' for none."""
        if (undo, redo) == self._steps:
            return
        self._steps = (undo, redo)
        self.actions["undo"].setText(_("&Undo: {step}").format(step=undo) if undo else _("&Undo"))
        self.actions["redo"].setText(_("&Redo: {step}").format(step=redo) if redo else _("&Redo"))

    def name_units(self, undo: str, redo: str, why_not: str) -> None:
        """Names the units of work that would be taken back and saved again; '' for none. `why_not` says why none can
        be taken back."""
        if (undo, redo, why_not) == self._units:
            return
        self._units = (undo, redo, why_not)
        back, again = self.actions["undo_commit"], self.actions["redo_commit"]
        back.setText(_("Take back: {unit}").format(unit=_literal(undo)) if undo else UNDO_COMMIT)
        again.setText(_("Commit a&gain: {unit}").format(unit=_literal(redo)) if redo else REDO_COMMIT)
        if not self._reason:
            back.setToolTip("\n".join(filter(None, (_tool_tip(_UNDO_COMMIT, back), why_not))))
            back.setStatusTip(why_not or _UNDO_COMMIT.tip)

    def fill_menus(self, window: QMainWindow) -> dict[str, QMenu]:
        """Makes the menu bar; answers the menus by name, so that docks can be added to one."""
        for name, title in MENUS.items():
            menu = self._menus[name] = window.menuBar().addMenu(title)
            for command in COMMANDS:
                if command.menu == name:
                    if command.name in SEPARATED:
                        menu.addSeparator()
                    menu.addAction(self.actions[command.name])
        return self._menus

    def fill_grid_menu(self, grid: QWidget) -> None:
        """Gives a grid the commands of its menu, and their shortcuts."""
        names = (*GRID_MENU, *MORE_IN_MENU.get(grid.objectName(), ()))
        grid.addActions([self.actions[name] for name in names])

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
        action.setToolTip(_tool_tip(command, action))
        action.setStatusTip(command.tip)
        action.setIconText(_plain(command))
        action.triggered.connect(lambda _checked=False: handler())
        if command.in_grid:
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        else:
            window.addAction(action)
        return action


def _plain(command: Command) -> str:
    return command.text.replace("&", "").removesuffix(" …")


def _literal(text: str) -> str:
    """A text that stands in a menu as it is."""
    return text.replace("&", "&&")


def _tool_tip(command: Command, action: QAction) -> str:
    tip = command.tip or _plain(command)
    keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    return f"{tip} ({keys})" if keys else tip
