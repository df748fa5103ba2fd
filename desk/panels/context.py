"""What the parts of one window share: its catalogue, its workers, its pending edits, and a few facts and wishes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desk.tables.edit_stack import EditStack
from desk.work.runner import Runner

if TYPE_CHECKING:
    from desk.database.sessions import Sessions
    from desk.operations.connect import OpenCatalogue


class Context(QObject):
    """The shared ground of a window.

    `opened` tells that a catalogue is there, `committed` that rows of it changed; `message_wanted` asks for a line in
    the status bar; `record_wanted` to show a record (a RecordKey), `view_wanted` a view (Criteria).
    """

    opened = Signal()
    committed = Signal(object)
    message_wanted = Signal(str)
    record_wanted = Signal(object)
    view_wanted = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.runner = Runner(self)
        self.edits = EditStack(self)
        self.catalogue: OpenCatalogue | None = None

    @property
    def sessions(self) -> Sessions:
        """The sessions of the open catalogue; only for arguments of operations."""
        assert self.catalogue is not None
        return self.catalogue.sessions

    @property
    def can_edit(self) -> bool:
        return self.catalogue is not None and not self.catalogue.info.read_only and not self.edits.frozen
