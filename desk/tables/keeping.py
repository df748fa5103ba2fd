"""Which changes of pending edits are not on disk yet: they go out under rising numbers and come back acknowledged.

Invariant: a record waits from its change until the number of its last change, or a later one, is acknowledged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desk.catalog.edits import Edit, RecordKey


class Keeping:
    """The changes of one stack of edits on their way to the disk. `reason` tells why they stopped coming back; '' while
    they do."""

    def __init__(self) -> None:
        self._step: dict[RecordKey, Edit | None] = {}
        self._waiting: dict[RecordKey, int] = {}
        self._number = 0
        self.reason = ""

    def note(self, key: RecordKey, edit: Edit | None) -> None:
        """A record's edit changed (None: it has none any more)."""
        self._step[key] = edit
        self._waiting[key] = self._number + 1

    def hand_over(self) -> tuple[int, dict[RecordKey, Edit | None]] | None:
        """All that changed since the last time, and its number; None when nothing did."""
        if not self._step:
            return None
        step, self._step = self._step, {}
        self._number += 1
        return self._number, step

    def acknowledge(self, number: int) -> None:
        """Everything up to that number is on disk, so that keeping works (again)."""
        self.reason = ""
        self._waiting = {key: last for key, last in self._waiting.items() if last > number}

    def is_waiting(self, key: RecordKey) -> bool:
        return key in self._waiting

    @property
    def all_kept(self) -> bool:
        """Whether nothing waits that is still expected to come back."""
        return not self._waiting or bool(self.reason)
