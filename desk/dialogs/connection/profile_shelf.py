"""What the connection dialog asks of the workers: loading, keeping, deleting, importing and exporting connections.

Invariant: nothing here reads a file or a keyring itself; a dialog that is gone hears of nothing.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from shiboken6 import isValid

from desk.database.profiles import Profile
from desk.dialogs.connection.connection_entry import Entry, what_is_at
from desk.dialogs.connection.path_field import ALL
from desk.dialogs.connection.profile_rows import Row
from desk.dialogs.files import ask_for_file
from desk.errors import ActionCancelled, DeskError
from desk.i18n import _, ngettext
from desk.work import door
from desk.work.long_job import words_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from desk.operations.profiles import ProfileShelf, SavedProfile
    from desk.work.runner import Runner

CONNECTIONS = (_("Connections (*.toml)"), ALL)
CHANNELS = LOAD, LOOK, KEYRING = "connect-load", "connect-look", "connect-keyring"


class Shelf(QObject):
    """`loaded` carries the Rows to show, `keyring_told` why the keyring cannot be used ('' when it can), `told` a
    sentence and whether it is of a failure."""

    loaded = Signal(object)
    keyring_told = Signal(str)
    told = Signal(str, bool)

    def __init__(self, runner: Runner, parent: QObject) -> None:
        super().__init__(parent)
        self._runner = runner
        self._saving = 0

    @property
    def is_saving(self) -> bool:
        return any(action.number == self._saving for action in self._runner.running)

    def load(self) -> None:
        """Loads what is kept and what was opened lately, and asks whether there is a keyring."""
        self._submit(_("Load the connections"), _load, self._on_loaded, channel=LOAD)
        self._submit(
            _("Look for a keyring"),
            door.keyring_problem,
            self.keyring_told.emit,
            failed=lambda _error: None,
            channel=KEYRING,
        )

    def drop(self) -> None:
        """Waits for nothing more; what is being written is written all the same."""
        for channel in CHANNELS:
            self._runner.cancel_channel(channel)

    def save(self, entry: Entry, saved: Callable[[Entry, str], object]) -> None:
        """Keeps a connection; `saved` gets it as it was kept, and '' or why its password was not.

        Nothing is done while another one is being kept: it would get a file of its own.
        """
        if self.is_saving:
            return
        self._saving = self._submit(
            _("Save the connection"),
            door.save_profile,
            partial(_on_saved, saved, entry.password),
            profile=entry.profile,
            password=entry.password or None,
        )

    def delete(self, profile: Profile, deleted: Callable[[], object]) -> None:
        """Deletes a kept connection."""
        self._submit(_("Delete the connection"), door.delete_profile, lambda _none: deleted(), profile=profile)

    def look_at(self, path: str, seen: Callable[[str], object]) -> None:
        """Finds out what is at a path; `seen` gets FILE, FOLDER, NOTHING or NOWHERE."""
        self._submit(_("Look at a path"), what_is_at, seen, channel=LOOK, path=path)

    def create(self, path: str, created: Callable[[], object]) -> None:
        """Makes a new, empty catalogue in a file that is not there yet."""
        self._submit(_("Make a catalogue"), door.create_catalogue, lambda _none: created(), target=path)

    def ask_import(self, dialog: QWidget) -> None:
        """Asks for a file of connections and keeps them."""
        ask_for_file(dialog, _("Import connections"), CONNECTIONS, self.import_file)

    def import_file(self, path: str) -> None:
        """Keeps the connections of an exported file."""
        self._submit(_("Import connections"), door.import_profiles, self._on_imported, path=Path(path))

    def ask_export(self, dialog: QWidget, profiles: list[Profile]) -> None:
        """Asks for a file and writes connections into it."""
        ask_for_file(
            dialog,
            _("Export connections"),
            CONNECTIONS,
            partial(self.export_file, profiles),
            save_as=Path.home() / "desk-connections.toml",
        )

    def export_file(self, profiles: list[Profile], path: str) -> None:
        """Writes connections into a file, without passwords."""
        self._submit(
            _("Export connections"),
            door.export_profiles,
            partial(self._on_exported, path),
            profiles=profiles,
            path=Path(path),
        )

    # Outcomes

    def _on_loaded(self, found: tuple[ProfileShelf, tuple[Profile, ...]]) -> None:
        shelf, lately = found
        kept = {profile.target for profile in shelf.profiles}
        rows = [Row(Entry(profile)) for profile in shelf.profiles]
        rows += [Row(Entry(one)) for one in lately if not one.id and one.target not in kept]
        rows += [Row(Entry(Profile("")), damaged=one) for one in shelf.damaged]
        self.loaded.emit(rows)

    def _on_imported(self, shelf: ProfileShelf) -> None:
        count = len(shelf.profiles)
        text = ngettext("{count} connection was imported.", "{count} connections were imported.", count)
        problems = [damaged.reason for damaged in shelf.damaged]
        self.told.emit(" ".join([text.format(count=count), *problems]), bool(problems))
        self.load()

    def _on_exported(self, path: str, count: int) -> None:
        text = ngettext(
            "{count} connection was written to {path}, without a password.",
            "{count} connections were written to {path}, without passwords.",
            count,
        )
        self.told.emit(text.format(count=count, path=path), False)

    def _on_failed(self, error: BaseException) -> None:
        if not isinstance(error, DeskError | ActionCancelled):
            self._runner.action_failed.emit(error)
        self.told.emit(words_for(error, _("Cancelled.")), True)

    # Helpers

    def _submit(
        self,
        label: str,
        operation: Callable[..., Any],
        done: Callable[[Any], object],
        *,
        failed: Callable[[BaseException], object] | None = None,
        channel: str = "",
        **arguments: Any,
    ) -> int:
        return self._runner.submit(
            label,
            operation,
            channel=channel,
            done=partial(_if_there, self, done),
            failed=partial(_if_there, self, failed or self._on_failed),
            arguments=arguments,
        )


def _load() -> tuple[ProfileShelf, tuple[Profile, ...]]:
    return door.load_profiles(), door.recent_profiles()


def _on_saved(saved: Callable[[Entry, str], object], password: str, result: SavedProfile) -> None:
    saved(Entry(result.profile, password), result.note)


def _if_there(shelf: Shelf, act: Callable[[Any], object], outcome: Any) -> None:
    if isValid(shelf):
        act(outcome)
