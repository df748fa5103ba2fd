"""Opens databases in one window: asks for what is missing (a password, a schema) and says what is wrong.

Invariant: the catalogue that is open stays open until another one is, and pending edits never meet another catalogue.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal

from desk.database.profiles import Profile, profile_of
from desk.errors import DeskError
from desk.i18n import _
from desk.settings import folders
from desk.work import door

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QDialog, QWidget

    from desk.dialogs.schema_question import SchemaQuestion
    from desk.operations.connect import OpenCatalogue
    from desk.operations.migrating import UpgradePlan
    from desk.operations.profiles import SavedProfile
    from desk.panels.context import Context

SCHEMA_CODES = ("older", "empty")
"""Errors that an upgrade of the schema, or making one, would mend."""


class Opening(QObject):
    """`opened` carries the open catalogue and its profile; `failed` an error that nothing here can mend, with whether
    trying again may help; `elsewhere_wanted` a profile and its password that need a window of their own; `begun` tells
    that an attempt begins."""

    begun = Signal()
    opened = Signal(object, object)
    failed = Signal(object, bool)
    elsewhere_wanted = Signal(object, object)

    def __init__(self, context: Context, window: QWidget, take_typed: Callable[[], bool]) -> None:
        """`take_typed` makes a pending edit of what is being typed; False when it cannot be one."""
        super().__init__(window)
        self._context = context
        self._window = window
        self._take_typed = take_typed
        self._profile: Profile | None = None
        """What was asked for last; None for the sample."""
        self._anew = False
        self._edited = ("", "")
        """(identity, target) of what was opened last, to which the pending edits belong: a copy has its identity."""
        self._to_keep: tuple[Profile, str] | None = None
        """The password to put into the keyring once it has opened its profile."""
        self.dialog: QDialog | None = None
        """The question that is open now."""

    def open(self, target: Profile | str | None, password: str | None = None, *, anew: bool = False) -> None:
        """Opens a profile, a file or a URL on a worker; None is the sample, made if it is missing or wanted `anew`.

        With pending edits here it opens in a window of its own.
        """
        try:
            profile, given = profile_of(target) if isinstance(target, str) else (target, "")
        except DeskError as error:
            self.failed.emit(error, False)
            return
        password = password if password is not None else given or None
        if self._has_edits() and self._context.catalogue is not None:
            self._context.message_wanted.emit(_("Your pending edits stay here: it opens in a window of its own."))
            self.elsewhere_wanted.emit(profile, password)
            return
        self._profile, self._anew = profile, anew
        self._dismiss()
        self.begun.emit()
        self._context.runner.submit(
            _("Open the catalogue"),
            door.open_sample if profile is None else door.open_profile,
            channel="open",
            done=partial(self._on_opened, profile, password),
            failed=partial(self._on_failed, profile),
            unwanted=_close_unwanted,
            arguments={"anew": anew} if profile is None else {"profile": profile, "password": password},
        )

    def again(self) -> None:
        """Tries what was asked for last once more."""
        self.open(self._profile, anew=self._anew)

    # Outcomes

    def _on_opened(self, profile: Profile | None, password: str | None, catalogue: OpenCatalogue) -> None:
        profile = profile or Profile(str(folders().sample_catalogue))
        self._anew = False  # trying again must not undo what is done from now on
        place = (catalogue.info.identity, profile.target)
        if self._has_edits() and (place != self._edited or catalogue.info.read_only):
            self._close(catalogue)  # something was edited while it opened
            self.elsewhere_wanted.emit(profile, password)
            return
        before, self._context.catalogue = self._context.catalogue, catalogue
        if before is not None:
            self._close(before)
        self._edited = place
        self.opened.emit(catalogue, profile)
        keep, self._to_keep = self._to_keep, None
        if keep is not None and keep[0] == profile:
            self._keep(replace(profile, keeps_password=True), keep[1])

    def _on_failed(self, profile: Profile | None, error: BaseException) -> None:
        code = error.code if isinstance(error, DeskError) else ""
        if profile is not None and code == "password":
            self._ask_password(profile, str(error))
        elif profile is not None and code in SCHEMA_CODES:
            self._plan(profile)
        self._tell(error)

    # A password

    def _ask_password(self, profile: Profile, reason: str) -> None:
        """Asks; whether the answer can be kept is found out first, on a worker."""
        if not profile.id:
            self._show_password(profile, reason, _("Save the connection first, in the connection dialog."))
            return
        self._context.runner.submit(
            _("Look for a keyring"),
            door.keyring_problem,
            channel="open",
            done=partial(self._show_password, profile, reason),
            failed=self._tell,
            arguments={},
        )

    def _show_password(self, profile: Profile, reason: str, keyring_note: str) -> None:
        from desk.dialogs.connection.password import PasswordDialog  # noqa: PLC0415  (few starts ask)

        dialog = PasswordDialog(profile, reason, keyring_note, self._window)
        dialog.password_given.connect(partial(self._on_password_given, profile))
        self._show(dialog)
        dialog.open()

    def _on_password_given(self, profile: Profile, password: str, keep: bool) -> None:
        self._to_keep = (profile, password) if keep else None
        self.open(profile, password)

    def _keep(self, profile: Profile, password: str) -> None:
        self._context.runner.submit(
            _("Keep the password"),
            door.save_profile,
            done=self._on_kept,
            arguments={"profile": profile, "password": password},
        )

    def _on_kept(self, saved: SavedProfile) -> None:
        self._context.message_wanted.emit(saved.note or _("The password is in the system's keyring."))

    # A schema

    def _plan(self, profile: Profile) -> None:
        self._context.runner.submit(
            _("Look at the schema"),
            door.plan_upgrade,
            channel="open",
            done=partial(self._on_planned, profile),
            failed=self._tell,
            arguments={"profile": profile},
        )

    def _on_planned(self, profile: Profile, plan: UpgradePlan) -> None:
        from desk.dialogs.schema_question import SchemaQuestion  # noqa: PLC0415  (few starts ask)

        dialog = SchemaQuestion(plan, self._context.runner, profile, self._window)
        dialog.finished_well.connect(partial(self._on_schema_ready, profile, dialog))
        self._show(dialog)
        dialog.show()

    def _on_schema_ready(self, profile: Profile, dialog: SchemaQuestion) -> None:
        self._context.message_wanted.emit(dialog.outcome)
        if profile == self._profile:  # else something else was asked for meanwhile
            self.open(profile)

    # Helpers

    def _show(self, dialog: QDialog) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.finished.connect(self._on_dialog_finished)
        self.dialog = dialog

    def _dismiss(self) -> None:
        if self.dialog is not None:
            self.dialog.close()

    def _on_dialog_finished(self, _result: int) -> None:
        if self.sender() is self.dialog:
            self.dialog = None

    def _has_edits(self) -> bool:
        return not self._take_typed() or len(self._context.edits) > 0

    def _tell(self, error: BaseException) -> None:
        self.failed.emit(error, True)

    def _close(self, catalogue: OpenCatalogue) -> None:
        self._context.runner.submit(_("Close the catalogue"), catalogue.close, arguments={})


def _close_unwanted(catalogue: OpenCatalogue) -> None:
    catalogue.close()
