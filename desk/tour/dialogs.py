"""The part of the tour that goes through the dialogs of the File menu."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from PySide6.QtWidgets import QCheckBox, QDialog

from desk.database.profiles import Profile
from desk.dialogs.connection.connect import ConnectDialog
from desk.dialogs.connection.password import PasswordDialog
from desk.dialogs.exporting import ExportDialog
from desk.dialogs.imports.importing import ImportDialog, Stage
from desk.dialogs.migrations import MigrationsDialog
from desk.tour.hands import TourFailure

if TYPE_CHECKING:
    from pathlib import Path

    from desk.tour.hands import Hands

D = TypeVar("D", bound=QDialog)

EXAMPLE = "postgresql://ann@db.example/library?sslmode=require"
"""A server that is shown in a form and never connected to."""


def look_at_connections(hands: Hands) -> None:
    """Fills in a server by its URL, and looks at its pool."""
    dialog = _opened(hands, "open", ConnectDialog)
    hands.until(lambda: bool(dialog.list.rows) and not hands.window.context.runner.running, "the connections")
    hands.shoot("connect-file", dialog)
    hands.click(dialog, "profile_new")
    dialog.form.line.insert(EXAMPLE)
    hands.check(dialog.form.server.address.host == "db.example", "the form to follow the URL")
    hands.shoot("connect-server", dialog)
    dialog.form.tabs.setCurrentIndex(dialog.form.tabs.count() - 1)
    hands.shoot("connect-settings", dialog)
    dialog.use_tool("delete")
    hands.click(dialog, "delete_yes")
    hands.until(lambda: not hands.window.context.runner.running, "the connection to be forgotten")
    _close(hands, dialog)
    password = PasswordDialog(Profile(EXAMPLE), "The server refused the password.", "", hands.window)
    password.open()
    hands.shoot("password", password)
    password.reject()
    password.deleteLater()


def export(hands: Hands, folder: Path) -> Path:
    """Exports all books into a file."""
    dialog = _opened(hands, "export", ExportDialog)
    path = folder / "books.csv"
    dialog.choose_file(path)
    hands.until(lambda: _has_figures(dialog.count.text()), "the rows to be counted")
    hands.shoot("export", dialog)
    hands.click(dialog, "export_button")
    hands.until(path.exists, "the file")
    hands.until(dialog.outcome.isVisible, "the outcome")
    _close(hands, dialog)
    return path


def import_again(hands: Hands, path: Path) -> None:
    """Imports a file whose books are all there already."""
    dialog = _opened(hands, "import", ImportDialog)
    dialog.books.choose_file(path)
    box = dialog.findChild(QCheckBox, "skip_existing")
    if box is None:
        raise TourFailure("existing books cannot be left out")
    box.setChecked(True)
    hands.until(lambda: dialog.request is not None, "the preview")
    forecast = dialog.forecast
    hands.until(lambda: not forecast.is_running and _has_figures(forecast.summary.text()), "the forecast")
    hands.shoot("import", dialog)
    hands.click(dialog, "import_button")
    hands.until(lambda: dialog.stage is Stage.DONE, "the report")
    hands.shoot("import-report", dialog)
    _close(hands, dialog)


def look_at_schema(hands: Hands) -> None:
    """Looks at the history of the schema."""
    dialog = _opened(hands, "migrations", MigrationsDialog)
    hands.until(lambda: dialog.report is not None, "the history")
    hands.shoot("schema", dialog)
    _close(hands, dialog)


def _has_figures(text: str) -> bool:
    return any(character.isdigit() for character in text)


def _opened(hands: Hands, command: str, kind: type[D]) -> D:
    hands.trigger(command)
    dialog = hands.window.files.dialog(command)
    if not isinstance(dialog, kind):
        raise TourFailure(f"“{command}” opens no dialog")
    hands.until(dialog.isVisible, f"the dialog of “{command}”")
    return dialog


def _close(hands: Hands, dialog: QDialog) -> None:
    dialog.reject()
    hands.until(lambda: not any(one.isVisible() for one in hands.window.findChildren(QDialog)), "the dialog to go")
    hands.settle()
