"""What was opened lately, newest first: one small TOML file that is worth no error.

Invariant: it holds no password; a list that cannot be read is put aside under another name and begun anew.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from desk.database import profile_files
from desk.errors import DeskError
from desk.settings import folders

if TYPE_CHECKING:
    from pathlib import Path

    from desk.database.profiles import Profile

LONGEST = 12
_log = logging.getLogger(__name__)
_lock = threading.Lock()


def recent() -> list[Profile]:
    """The profiles as they were when they were opened, at most 12; [] when nothing was opened or can be read."""
    with _lock:
        return _load()


def put_first(profile: Profile) -> None:
    """Notes that a profile was opened now."""
    with _lock:
        others = [one for one in _load() if _key(one) != _key(profile)]
        _save([profile, *others][:LONGEST])


def drop(profile: Profile | None = None) -> None:
    """Takes a profile from the list; None takes all."""
    with _lock:
        _save([one for one in _load() if profile is not None and _key(one) != _key(profile)])


def list_file() -> Path:
    """Where the list is kept."""
    return folders().state / "recent.toml"


def _key(profile: Profile) -> str:
    return profile.id or profile.target


def _load() -> list[Profile]:
    path = list_file()
    if not os.path.exists(path):  # False, too, where nobody may look
        return []
    try:
        entries = profile_files.read_document(path).get("opened", [])
        if not isinstance(entries, list):
            raise TypeError
    except (DeskError, TypeError):
        _put_aside(path)
        return []
    return [profile for entry in entries if (profile := _profile_in(entry)) is not None]


def _profile_in(entry: Any) -> Profile | None:
    """None for an entry that cannot be read: it is left out."""
    try:
        profile_id = entry.get("id", "")
        return profile_files.profile_in(entry, profile_id if isinstance(profile_id, str) else "")
    except (DeskError, AttributeError):
        return None


def _save(profiles: list[Profile]) -> None:
    entries = [({"id": one.id} if one.id else {}) | profile_files.document_of(one) for one in profiles]
    try:
        profile_files.write_document(list_file(), {"opened": entries})
    except DeskError as error:
        _log.warning("The list of recent databases was not written: %s", error.what)


def _put_aside(path: Path) -> None:
    aside = path.with_name(f"{path.stem}.damaged-{secrets.token_hex(4)}{path.suffix}")
    with suppress(OSError):
        os.replace(path, aside)
        _log.warning("The list of recent databases cannot be read; it was put aside as %s", aside)
