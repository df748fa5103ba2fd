"""The files of drafts: how one is made, which may be opened, and what happens to the others.

Invariant: no link is followed, nobody else's file opened, and what is not ours is put aside, never deleted.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import stat
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desk.errors import EnvironmentProblem
from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SUFFIX = ".draft"
BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a file, by the ends of the names."""
_PLAIN_IDENTITY = re.compile(r"[0-9A-Za-z-]{1,64}")


@dataclass(frozen=True, slots=True)
class PutAside:
    """A file that lay where drafts lie and is not offered: where it is now, and why, as a part of a sentence."""

    path: Path
    reason: str


def ready_folder(folder: Path) -> None:
    """Makes the folder for its owner only, or checks the one that is there.

    Raises EnvironmentProblem for a link and for what belongs to somebody else, OSError when it cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = os.lstat(folder)
    reason = _kind_refusal(found, stat.S_ISDIR, _("it is no folder"))
    if reason:
        raise EnvironmentProblem(
            _("Drafts are not kept in {folder}: {reason}.").format(folder=folder, reason=reason),
            kept=_("It was left as it is."),
            advice=_("Move it away; Desk then makes a folder of its own."),
            code="draft",
        )
    if os.name == "posix" and stat.S_IMODE(found.st_mode) & 0o077:
        os.chmod(folder, 0o700)


def claim(folder: Path, identity: str) -> Path:
    """The path of a new, empty file for a draft of a catalogue, that only its owner can read.

    Raises OSError when none can be made.
    """
    while True:
        path = folder / f"{_stem(identity)}-{secrets.token_hex(8)}{SUFFIX}"
        with suppress(FileExistsError):
            flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0)  # Windows has no such flag
            os.close(os.open(path, flags, 0o600))
            return path


def candidates(folder: Path, identity: str) -> list[Path]:
    """What lies in the folder under the name of a draft of this catalogue, whatever it is."""
    name = re.compile(re.escape(_stem(identity)) + r"-[^-]+" + re.escape(SUFFIX))
    return sorted(path for path in folder.iterdir() if name.fullmatch(path.name))


def refusal(path: Path) -> str:
    """Why a file must not be opened, as a part of a sentence; '' when it may be. What SQLite keeps beside it counts.

    It is looked at without being opened: to close it again would let go of the lock that this process may have on it.
    Raises FileNotFoundError when it is gone.
    """
    reasons = [_file_refusal(os.lstat(path))]
    for suffix in BESIDE:
        with suppress(FileNotFoundError):
            reasons.append(_file_refusal(os.lstat(path.with_name(path.name + suffix))))
    return next(filter(None, reasons), "")


def put_aside(path: Path, reason: str) -> PutAside:
    """Renames a file, and what SQLite keeps beside it; what cannot be renamed stays where it is."""
    aside = path.with_name(f"{path.name}.aside")
    while os.path.lexists(aside):
        aside = path.with_name(f"{path.name}.{secrets.token_hex(4)}.aside")
    try:
        os.rename(path, aside)
    except OSError as error:
        return PutAside(path, _("{reason}; it cannot be put aside: {why}").format(reason=reason, why=error.strerror))
    for suffix in BESIDE:
        with suppress(OSError):
            os.rename(path.with_name(path.name + suffix), aside.with_name(aside.name + suffix))
    return PutAside(aside, reason)


def discard(path: Path) -> None:
    """Deletes a draft that is ours, and what SQLite keeps beside it."""
    for suffix in ("", *BESIDE):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _stem(identity: str) -> str:
    """An identity as a part of a file's name; one that a catalogue made up may be no such thing."""
    if _PLAIN_IDENTITY.fullmatch(identity):
        return identity
    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()


def _file_refusal(found: os.stat_result) -> str:
    reason = _kind_refusal(found, stat.S_ISREG, _("it is no ordinary file"))
    return reason or (_("it has a second name (a hard link)") if found.st_nlink > 1 else "")


def _kind_refusal(found: os.stat_result, is_right: Callable[[int], bool], otherwise: str) -> str:
    if stat.S_ISLNK(found.st_mode):
        return _("it is a link")
    if not is_right(found.st_mode):
        return otherwise
    return _("it belongs to somebody else") if _is_foreign(found) else ""


def _is_foreign(found: os.stat_result) -> bool:
    return os.name == "posix" and found.st_uid != os.geteuid()
