"""What the File menu does: new catalogues, connections, recent ones, windows, import and export, the schema.

Dialogs are imported on a thread once the first rows are shown, or when they are wanted before; each is one non-modal
window, and wanting it again brings it to the front.
"""

from __future__ import annotations

import threading
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Qt, QTimer, Slot
from PySide6.QtWidgets import QDialog, QFileDialog, QMenu

from desk.i18n import _
from desk.settings import folders
from desk.tables.look import icon
from desk.work import door

if TYPE_CHECKING:
    from collections.abc import Callable

    from desk.database.profiles import Profile
    from desk.window.main_window import MainWindow

D = TypeVar("D", bound=QDialog)

PREPARE_MS = 1000
DIALOGS = (
    "bulk_edit",
    "cell_question",
    "connection.connect",
    "connection.password",
    "imports.importing",
    "exporting",
    "long_text",
    "merge_authors",
    "migrations",
    "recovery",
    "replacing",
    "schema_question",
)
"""The modules of `desk.dialogs` that are not needed at the start."""
CATALOGUE_SUFFIX = ".desk"
CSV_SUFFIXES = (".csv", ".tsv", ".txt")
"""Files that a drop imports; every other one is opened."""


class FileMenu(QObject):
    """The handlers of one window's File menu."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._context = window.context
        self._dialogs: dict[str, QDialog] = {}
        self.recent = QMenu(_("Open recen&t"), window)
        self.recent.setObjectName("recent_menu")
        self.recent.setIcon(icon("open"))
        self.recent.aboutToShow.connect(self.load_recent)
        self._show_recent(())

    def by_name(self) -> dict[str, Callable[[], object]]:
        """A handler for every command of the menu that is ours."""
        return {
            "new_catalogue": self.new_catalogue,
            "open": self.connect_to,
            "new_window": self.new_window,
            "import": self.import_file,
            "export": self.export,
            "migrations": self.migrations,
            "close_window": self._window.close,
        }

    @Slot()
    def prepare(self) -> None:
        """Soon imports the dialogs; the rows that are about to be painted come first."""
        QTimer.singleShot(PREPARE_MS, self, self._prepare_now)

    def _prepare_now(self) -> None:
        """Imports them on a thread of its own: on the interface's it would stop a frame or two."""
        threading.Thread(target=import_dialogs, name="import-dialogs", daemon=True).start()

    def dialog(self, name: str) -> QDialog | None:
        """The dialog of that name (a command's) that is open."""
        return self._dialogs.get(name)

    @property
    def shows_sample(self) -> bool:
        """Whether the window is connected to the sample of this user."""
        profile = self._window.profile
        return profile is not None and profile.target == str(folders().sample_catalogue)

    @property
    def is_working(self) -> bool:
        """Whether an import or an export is under way, which the catalogue cannot be taken from; says so if it is."""
        dialogs = (self._dialogs.get(name) for name in ("import", "export"))
        working = any(getattr(dialog, "is_working", False) for dialog in dialogs)
        if working:
            self._context.message_wanted.emit(
                _("An import or export is running. Cancel it, or wait until it has ended.")
            )
        return working

    # Opening

    def new_catalogue(self) -> None:
        """Asks for a file that is not there yet, makes a catalogue in it and opens it."""
        asked = QFileDialog(self._window, _("New catalogue"), "", _("Catalogues (*.desk)"))
        asked.setObjectName("new_catalogue_file")
        asked.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        asked.setOption(QFileDialog.Option.DontConfirmOverwrite)  # nothing is ever overwritten
        asked.setDefaultSuffix(CATALOGUE_SUFFIX)
        asked.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        asked.fileSelected.connect(self.make_catalogue)
        asked.open()

    @Slot(str)
    def make_catalogue(self, path: str) -> None:
        """Makes an empty catalogue in a new file and opens it."""
        self._context.runner.submit(
            _("Make a catalogue"),
            door.create_catalogue,
            channel="open",
            done=lambda _nothing: self._window.open_target(path),
            failed=self._window.tell_open_failed,
            arguments={"target": path},
        )

    def connect_to(self) -> None:
        """Opens the connection dialog."""
        from desk.dialogs.connection.connect import ConnectDialog  # noqa: PLC0415  (when it is wanted)

        def make() -> ConnectDialog:
            dialog = ConnectDialog(self._context.runner, self._window, chosen=self._window.profile)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.open_wanted.connect(self._on_open_wanted)
            return dialog

        self._bring("open", make)

    @Slot(object, object, bool)
    def _on_open_wanted(self, profile: Profile, password: str | None, new_window: bool) -> None:
        if new_window:
            self._window.elsewhere_wanted.emit(profile, password)
        else:
            self._window.open_target(profile, password)

    def new_window(self) -> None:
        """Another window over the same database."""
        self._window.elsewhere_wanted.emit(self._window.profile, None)

    def open_files(self, paths: list[Path]) -> None:
        """Opens what was dropped: a CSV file is imported, the first of the others opens here, each further one in a
        window of its own."""
        tables = [path for path in paths if path.suffix.casefold() in CSV_SUFFIXES]
        for number, path in enumerate(path for path in paths if path not in tables):
            if number:
                self._window.elsewhere_wanted.emit(str(path), None)
            else:
                self._window.open_target(str(path))
        if tables:
            self.import_file(tables[0])

    # Recent ones

    def note_opened(self) -> None:
        """Puts what the window shows first among the recent ones; the sample is none of them."""
        profile = self._window.profile
        if profile is None or (self.shows_sample and not profile.id):
            self.load_recent()
            return
        self._context.runner.submit(
            _("Note what was opened"),
            door.note_opened,
            done=lambda _nothing: self.load_recent(),
            arguments={"profile": profile},
        )

    @Slot()
    def load_recent(self) -> None:
        """Brings the menu of recent databases up to date."""
        self._context.runner.submit(
            _("Find the recent databases"),
            door.recent_profiles,
            channel="recent",
            done=self._show_recent,
            failed=lambda _error: None,
            arguments={},
        )

    @Slot()
    def forget_recent(self) -> None:
        """Empties the menu of recent databases."""
        self._context.runner.submit(
            _("Forget the recent databases"),
            door.forget_recent,
            channel="recent",
            done=lambda _nothing: self.load_recent(),
            arguments={},
        )

    def _show_recent(self, profiles: tuple[Profile, ...]) -> None:
        self.recent.clear()
        for profile in profiles:
            action = self.recent.addAction(icon("server" if profile.is_server else "database"), _shown(profile))
            action.triggered.connect(partial(self._on_recent, profile))
        if not profiles:
            self.recent.addAction(_("Nothing was opened yet")).setEnabled(False)
            return
        self.recent.addSeparator()
        self.recent.addAction(_("&Forget these")).triggered.connect(self.forget_recent)

    def _on_recent(self, profile: Profile, _checked: bool = False) -> None:
        self._window.open_target(profile)

    # Import, export, schema

    def import_file(self, path: Path | None = None) -> None:
        """Opens the import dialog, over a file where one is given."""
        from desk.dialogs.imports.importing import ImportDialog  # noqa: PLC0415  (when it is wanted)

        if not self._context.can_edit:
            self._context.message_wanted.emit(_("Nothing can be imported: the catalogue is open for reading only."))
            return

        def make() -> ImportDialog:
            dialog = ImportDialog(self._context, self._window, path)
            dialog.imported.connect(self._window.refresh)
            return dialog

        if path is not None:
            self._drop("import")
        self._bring("import", make)

    def export(self) -> None:
        """Opens the export dialog over the view in front."""
        from desk.dialogs.exporting import ExportDialog  # noqa: PLC0415  (when it is wanted)

        self._drop("export")  # it is about the view of then
        self._bring("export", lambda: ExportDialog(self._context, self._window.browser.criteria, self._window))

    def migrations(self) -> None:
        """Opens the dialog of the schema; pending edits belong to the schema that they were made in."""
        from desk.dialogs.migrations import MigrationsDialog  # noqa: PLC0415  (when it is wanted)

        profile, catalogue = self._window.profile, self._context.catalogue
        if profile is None or catalogue is None or self.is_working:
            return
        if len(self._context.edits):
            self._context.message_wanted.emit(_("Commit or roll back the pending edits before you change the schema."))
            return

        def make() -> MigrationsDialog:
            dialog = MigrationsDialog(self._context.runner, profile, self._window, catalogue.info.read_only)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.about_to_migrate.connect(self._window.let_go)
            dialog.migrated.connect(partial(self._window.open_target, profile))
            dialog.failed.connect(partial(self._window.open_target, profile))
            return dialog

        self._bring("migrations", make)

    # Helpers

    def _bring(self, name: str, make: Callable[[], D]) -> None:
        """Brings a dialog to the front, made anew when it is not open."""
        dialog = self._dialogs.get(name)
        if dialog is None:
            dialog = self._dialogs[name] = make()
            dialog.finished.connect(partial(self._forget, name, dialog))
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    def let_close(self) -> bool:
        """Closes the dialogs; False when one is at work or has to ask something first, which is then in front."""
        if self.is_working:
            return False
        for dialog in (*self._dialogs.values(), self._window.opening.dialog):
            if dialog is not None and not dialog.close():
                self._context.message_wanted.emit(
                    _("“{title}” has to be closed first.").format(title=dialog.windowTitle())
                )
                dialog.raise_()
                dialog.activateWindow()
                return False
        return True

    def _drop(self, name: str) -> None:
        dialog = self._dialogs.get(name)
        if dialog is not None and not getattr(dialog, "is_working", False):  # closing one at work would stop its work
            dialog.close()

    def _forget(self, name: str, dialog: QDialog, _result: int) -> None:
        if self._dialogs.get(name) is dialog:
            del self._dialogs[name]

    def on_opened(self, *, is_another: bool) -> None:
        """Something was opened: dialogs over the connection before go; that of the schema stays with its database."""
        for name in ("import", "export", "migrations") if is_another else ("import", "export"):
            self._drop(name)


def import_dialogs() -> None:
    """Imports every dialog that is not needed at the start; for a thread of its own."""
    for name in DIALOGS:
        import_module(f"desk.dialogs.{name}")


def _shown(profile: Profile) -> str:
    """A recent database in the menu: its title and where it is."""
    place = profile.account if profile.is_server else str(Path(profile.target).parent)
    return f"{profile.title}  –  {place}".replace("&", "&&")
