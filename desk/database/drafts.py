"""Drafts: the pending edits of one window on disk, in an SQLite journal of their own, until a commit saves them.

Invariant: what `write` returned from survives a crash; a running Desk holds its draft, and no other one opens it then.
"""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING

from desk.catalog import edit_codec
from desk.database import draft_files
from desk.database import draft_journal as journal
from desk.database.draft_files import PutAside
from desk.i18n import _
from desk.redaction import redacted
from desk.settings import folders

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from desk.catalog.edits import Edit, RecordKey, UnitReceipt

_RECEIPT = "receipt"
_CLAIMS = 9
"""How often a new draft is begun: another Desk that looks around just then may take it for one that nobody wants."""


@dataclass(frozen=True, slots=True)
class Orphans:
    """What `orphans` found: drafts that it holds from now on, newest first, and files that are not offered."""

    drafts: tuple[Draft, ...] = ()
    put_aside: tuple[PutAside, ...] = ()


class Draft:
    """The pending edits of one catalogue on disk. It is used by one thread after the other, never by two at once.

    `place` and `title` are the catalogue's for a person to read, `when` (UTC) it was begun, `version` that of the
    program then; `number` is what the last `write` was given.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        """For `create` and `orphans`."""
        self.path = path
        self._connection = connection
        self._file = _number_of(path)
        self._held: dict[RecordKey, tuple[int, Edit]] = {}
        """Each record's place in the journal, and its edit."""
        for place, text in connection.execute("SELECT place, edit FROM edits ORDER BY place"):
            edit = edit_codec.decode(text)
            self._held[edit.key] = (place, edit)
        self._last = max((place for place, _edit in self._held.values()), default=0)
        meta: dict[str, str] = dict(connection.execute("SELECT name, value FROM meta"))
        self.identity, self.place, self.title, self.version, when = map(
            _read_text, map(meta.__getitem__, journal.TEXTS)
        )
        self.when = datetime.fromisoformat(when).astimezone(UTC)
        self.number = 0
        self._receipt = edit_codec.decode_receipt(meta[_RECEIPT]) if _RECEIPT in meta else None

    @classmethod
    def create(cls, folder: Path, identity: str, place: str, title: str) -> Draft:
        """A new, empty draft for a catalogue; raises EnvironmentProblem when there cannot be one."""
        texts = (identity, redacted(place), redacted(title), _program_version(), datetime.now(UTC).isoformat())
        with journal.explained(folder):
            draft_files.ready_folder(folder)
            for _again in range(_CLAIMS):
                path = draft_files.claim(folder, identity)
                try:
                    return cls(path, journal.begun(path, texts))
                except FileNotFoundError:
                    continue
                except sqlite3.Error as error:
                    is_there = os.path.lexists(path)
                    draft_files.discard(path)
                    if is_there and journal.code_of(error) not in journal.HELD:
                        raise
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    @property
    def is_gone(self) -> bool:
        """Whether the file was taken away or replaced: what is written from then on would be nowhere."""
        try:
            return self._file != _number_of(self.path)
        except OSError:
            return True

    @property
    def receipt(self) -> UnitReceipt | None:
        """The receipt of the unit of work that was being committed; None when there is none."""
        return self._receipt

    def edits(self) -> tuple[Edit, ...]:
        """The edits in the order in which their records were first touched."""
        return tuple(edit for _place, edit in self._held.values())

    def write(self, changes: Mapping[RecordKey, Edit | None], number: int = 0) -> None:
        """Puts the edits of records in, or takes them out (None), in one transaction that is on disk afterwards.

        A receipt goes with it: who changes edits knows what became of the unit. Raises EnvironmentProblem when it
        cannot be written; the draft is then as before.
        """
        gone = [self._held[key][0] for key, edit in changes.items() if edit is None and key in self._held]
        put: dict[RecordKey, tuple[int, Edit]] = {}
        last = self._last
        for key, edit in changes.items():
            if edit is not None:
                last += key not in self._held
                put[key] = (self._held[key][0] if key in self._held else last, edit)
        if gone or put:
            with journal.explained(self.path):
                rows = [(place, edit_codec.encode(edit)) for place, edit in put.values()]
                with journal.transaction(self._connection):
                    self._connection.executemany("INSERT OR REPLACE INTO edits (place, edit) VALUES (?, ?)", rows)
                    self._connection.executemany("DELETE FROM edits WHERE place = ?", [(place,) for place in gone])
                    if self._receipt is not None:
                        self._connection.execute("DELETE FROM meta WHERE name = ?", (_RECEIPT,))
            self._receipt = None
        self._last = last
        self._held.update(put)
        for key in [key for key, edit in changes.items() if edit is None]:
            self._held.pop(key, None)
        self.number = number

    def keep_receipt(self, receipt: UnitReceipt) -> None:
        """Keeps what tells later whether a unit of work was saved; raises EnvironmentProblem when it cannot be."""
        with journal.explained(self.path), journal.transaction(self._connection):
            row = (_RECEIPT, edit_codec.encode_receipt(receipt))
            self._connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", row)
        self._receipt = receipt

    def clear_receipt(self) -> None:
        """Forgets the receipt: what became of the unit is known. Raises EnvironmentProblem when it cannot."""
        if self._receipt is None:
            return
        with journal.explained(self.path), journal.transaction(self._connection):
            self._connection.execute("DELETE FROM meta WHERE name = ?", (_RECEIPT,))
        self._receipt = None

    def close(self, *, delete: bool) -> None:
        """Lets the draft go: from now on others may offer it, unless it is deleted. Raises nothing."""
        deletes = delete and not self.is_gone
        if deletes:
            with suppress(OSError):  # on Windows no file that is open can be deleted
                self.path.unlink()
        with suppress(sqlite3.Error):
            self._connection.close()
        if deletes:
            with suppress(OSError):
                draft_files.discard(self.path)


def folder() -> Path:
    """Where this user's drafts are; it may not be there."""
    return folders().state / "drafts"


def orphans(folder: Path, identity: str) -> Orphans:
    """The drafts of a catalogue that nobody holds; they are held from now on, until each is closed.

    Those without an edit are deleted. What is no draft, damaged, a link or somebody else's is put aside; what a newer
    Desk wrote, or what cannot be read now, is left where it is; both are told. Raises EnvironmentProblem when the
    folder itself is a link or belongs to somebody else.
    """
    if not os.path.lexists(folder):
        return Orphans()
    found: list[Draft] = []
    aside: list[PutAside] = []
    try:
        with journal.explained(folder, reading=True):
            draft_files.ready_folder(folder)
            for path in draft_files.candidates(folder, identity):
                one = _adopted(path, identity)
                if isinstance(one, Draft):
                    found.append(one)
                elif one is not None:
                    aside.append(one)
    except BaseException:
        for draft in found:
            draft.close(delete=False)
        raise
    found.sort(key=lambda draft: draft.when, reverse=True)
    return Orphans(tuple(found), tuple(aside))


# Opening what is there


def _adopted(path: Path, identity: str) -> Draft | PutAside | None:
    """A draft that is held from now on; None when somebody else holds it, when it is gone, or when it was empty."""
    try:
        reason = draft_files.refusal(path)
        if reason:
            raise journal.Refused(reason)
        return _opened(path, identity)
    except FileNotFoundError:
        return None
    except journal.Refused as refused:
        return draft_files.put_aside(path, refused.reason) if refused.aside else PutAside(path, refused.reason)


def _opened(path: Path, identity: str) -> Draft | None:
    connection: sqlite3.Connection | None = None
    draft: Draft | None = None
    try:
        connection = journal.connected(path)
        if journal.is_blank(connection):
            draft_files.discard(path)
            return None
        journal.check(connection)
        draft = Draft(path, connection)
        if draft.identity != identity:
            raise journal.Refused(_("it belongs to another catalogue"))
        if not draft.edits():
            draft.close(delete=True)
            return None
    except sqlite3.Error as error:
        if journal.code_of(error) in journal.HELD:
            return None
        if journal.code_of(error) in journal.PASSING:
            why = _("it cannot be read now ({why})").format(why=journal.why_of(error))
            raise journal.Refused(why, aside=False) from error
        raise journal.Refused(_("it is damaged")) from error
    except (KeyError, TypeError, ValueError) as error:
        raise journal.Refused(_("it holds what this version of Desk does not know")) from error
    else:
        connection = None  # it is the draft's now
        return draft
    finally:
        if connection is not None:
            connection.close()


def _number_of(path: Path) -> tuple[int, int]:
    found = os.lstat(path)
    return found.st_dev, found.st_ino


@cache
def _program_version() -> str:
    try:
        return metadata.version("desk-catalogue")
    except metadata.PackageNotFoundError:
        return ""


def _read_text(text: str) -> str:
    value = json.loads(text)
    if not isinstance(value, str):
        raise TypeError
    return value
