"""What the commands of a window do: one method for each, by the command's name."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import QMessageBox

from desk.i18n import _
from desk.window.cell_commands import CellCommands
from desk.window.merging import Merging

if TYPE_CHECKING:
    from collections.abc import Callable

    from desk.catalog.edits import RecordKey
    from desk.window.main_window import MainWindow


class Handlers(QObject):
    """The handlers of one window's commands."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._context = window.context
        self.cells = CellCommands(window)
        self.merging = Merging(window)

    def by_name(self) -> dict[str, Callable[[], object]]:
        """A handler for every command of the registry."""
        steps = self._context.edits.steps
        return {
            **self._window.files.by_name(),
            **self.cells.by_name(),
            "search_index": self._window.indexing.make,
            "restore_sample": self.restore_sample,
            "quit": self.quit,
            "new_record": self.new_record,
            "duplicate": self.duplicate,
            "delete": self.delete,
            "merge_authors": self.merging.merge,
            "undo": steps.undo,
            "redo": steps.redo,
            "commit": self.commit,
            "roll_back": self._window.unit.roll_back,
            "copy": self.copy,
            "search": self.search,
            "go_to_row": self.go_to_row,
            "undo_commit": self.undo_commit,
            "redo_commit": self.redo_commit,
            "refresh": self.refresh,
            "cancel": self._context.runner.cancel_all,
            "show_authors": partial(self._window.side_bar.choose, "authors"),
            "show_books": partial(self._window.side_bar.choose, "books"),
            "edit_record": self.edit_record,
            "about": self.about,
        }

    def quit(self) -> None:
        """Closes all windows; the one that has to ask something first stops it."""
        if self._window.windows is None:
            self._window.close()
        else:
            self._window.windows.close_all()

    def commit(self) -> None:
        """Takes what is being typed, then saves everything."""
        if self._window.take_typed():
            self._window.unit.commit()

    def undo_commit(self) -> None:
        """Takes what is being typed, which may keep a commit from being taken back, then takes it back."""
        if self._window.take_typed():
            self._window.saving.units.undo()

    def redo_commit(self) -> None:
        if self._window.take_typed():
            self._window.saving.units.redo()

    def new_record(self) -> None:
        self._show_new(self._context.edits.add(self._window.browser.description.name))

    def duplicate(self) -> None:
        """A new record with the values of the current one, as soon as all of it is here."""
        browser, details = self._window.browser, self._window.details
        key = browser.table.key_at(browser.grid.current_row)
        if key is None:
            return
        if details.has_all_of(key):
            self._duplicate(key)
        else:
            shown = partial(self._duplicate, key)
            details.details_shown.connect(shown, Qt.ConnectionType.SingleShotConnection)
            details.show_record(key)

    def delete(self) -> None:
        self._window.browser.chosen.delete()

    def copy(self) -> None:
        self._window.browser.chosen.copy()

    def search(self) -> None:
        self._window.browser.search.setFocus()
        self._window.browser.search.selectAll()

    def go_to_row(self) -> None:
        """Opens the line over the grid that takes a row's number."""
        from desk.dialogs.go_to_row import GoToRow  # noqa: PLC0415  (nobody needs it at the start)

        browser = self._window.browser
        line = browser.grid.findChild(GoToRow)
        if line is None:
            line = GoToRow(browser.grid)
            line.row_wanted.connect(browser.go_to_position)
        line.ask()

    def refresh(self) -> None:
        """Loads what is shown again; what became of a commit is asked for, too, where that is not known."""
        self._window.unit.unknown.ask()
        self._window.refresh()

    def edit_record(self) -> None:
        self._window.details_dock.show()
        self._window.details.focus_form()

    def restore_sample(self) -> None:
        """Makes the sample anew, after asking, and opens it."""
        if self._window.files.is_working:
            return
        if len(self._context.edits) and self._context.catalogue is not None and not self._window.files.shows_sample:
            self._context.message_wanted.emit(
                _("Commit or roll back the pending edits first: they are not of the sample.")
            )
            return
        box = self._box()
        box.setIcon(QMessageBox.Icon.Question)
        box.setObjectName("restore_question")
        box.setWindowTitle("Desk")
        box.setText(_("Make the sample catalogue anew?"))
        box.setInformativeText(
            _("What was changed in the sample is lost, pending edits too. Other catalogues are not touched.")
        )
        restore = box.addButton(_("&Restore"), QMessageBox.ButtonRole.AcceptRole)
        restore.setObjectName("restore")
        box.setDefaultButton(box.addButton(_("&Keep it"), QMessageBox.ButtonRole.RejectRole))
        restore.clicked.connect(self._on_restore)
        box.open()

    def about(self) -> None:
        box = self._box()
        box.setObjectName("about_box")
        box.setWindowTitle(_("About Desk"))
        box.setText(f"Desk {program_version()}")
        box.setInformativeText(
            _("A browser and editor for a catalogue of authors and books, on SQLite or PostgreSQL. MIT licence.")
        )
        box.open()

    @Slot()
    def _on_restore(self) -> None:
        if self._context.edits.frozen:
            self._context.message_wanted.emit(_("A commit is running. Restore the sample when it has ended."))
            return
        self._context.edits.roll_back()
        self._window.make_sample_anew()

    def _box(self) -> QMessageBox:
        box = QMessageBox(self._window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return box

    def _duplicate(self, key: RecordKey) -> None:
        details = self._window.details
        if details.has_all_of(key) and self._context.can_edit:
            self._show_new(self._context.edits.add(key.table, details.values()))

    def _show_new(self, key: RecordKey) -> None:
        self._window.browser.select(key)
        self._window.details.show_record(key)
        self._window.details_dock.show()
        self._window.details.focus_form()


def program_version() -> str:
    """The version of the installed program; it stands in pyproject.toml."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415  (20 ms that few starts need)

    try:
        return version("desk-catalogue")
    except PackageNotFoundError:
        return _("(not installed)")
