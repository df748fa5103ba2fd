"""What the parts of one window share: its catalogue, its workers, its pending edits, and a few facts and wishes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from shiboken6 import isValid

from desk.i18n import _
from desk.tables.edit_stack import EditStack
from desk.tables.elsewhere import Elsewhere
from desk.work import door
from desk.work.draft_keeper import DraftKeeper
from desk.work.runner import Runner

if TYPE_CHECKING:
    from desk.catalog.rows import AuthorRef
    from desk.database.sessions import Sessions
    from desk.operations.connect import OpenCatalogue
    from desk.tables.author_picker import AuthorPicker


class Context(QObject):
    """The shared ground of a window.

    `committed` tells that rows changed: it carries the new ids of inserted records by their negative keys, and the keys
    of deleted ones. `message_wanted` asks for a line in the status bar, `record_wanted` for a record (a RecordKey).
    `progress_made` tells how far a long job is (whose it is, its name, how much of how much is done), `progress_ended`
    the end of whose job.
    """

    committed = Signal(object, object)
    message_wanted = Signal(str)
    record_wanted = Signal(object)
    progress_made = Signal(object, str, object, object)
    progress_ended = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.runner = Runner(self)
        self.edits = EditStack(self)
        self.keeper = DraftKeeper(self)
        self.elsewhere = Elsewhere(self)
        self.catalogue: OpenCatalogue | None = None

    @property
    def sessions(self) -> Sessions:
        """The sessions of the open catalogue; only for arguments of operations."""
        assert self.catalogue is not None
        return self.catalogue.sessions

    def find_authors(self, picker: AuthorPicker, text: str) -> None:
        """Looks authors up for a picker, which may be gone when they are found."""
        if self.catalogue is None:
            return
        self.runner.submit(
            _("Find authors"),
            door.find_authors,
            channel="find-authors",
            done=partial(_show_found, picker, text),
            arguments={"sessions": self.sessions, "text": text},
        )

    @property
    def place(self) -> str:
        """Which catalogue is open, and where: a copy of it has the same identity; '' for none."""
        return "" if self.catalogue is None else f"{self.catalogue.info.identity} {self.catalogue.info.place}"

    @property
    def read_only(self) -> str:
        """Why nothing can be changed in the open catalogue, as a sentence; '' where it can be."""
        reason = "" if self.catalogue is None else self.catalogue.info.read_only
        return _("Open for reading only: {reason}.").format(reason=reason) if reason else ""

    @property
    def can_edit(self) -> bool:
        return self.catalogue is not None and not self.catalogue.info.read_only and not self.edits.frozen


def _show_found(picker: AuthorPicker, text: str, found: tuple[AuthorRef, ...]) -> None:
    if isValid(picker):
        picker.show_found(text, found)
