"""What is typed for one connection, and the URL line that says the same in one text. Loads without Qt and drivers.

Invariant: a password is in no profile, in no line that is written here, and in no repr.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from desk.database.addresses import TLS_MODES, is_address, parse_address
from desk.database.profiles import Profile, absolute_path, profile_of
from desk.errors import InvalidInput
from desk.i18n import _

FILE_URL = "sqlite:///"
FILE, FOLDER, NOTHING, NOWHERE = "file", "folder", "nothing", "nowhere"
"""What is at a path: a file, a folder, nothing yet, or not even its folder."""
_LIKE_A_PATH = re.compile(r"[/~]|[A-Za-z]:[/\\]|\\\\")
_SECRET_INSIDE = re.compile(r"//[^/?#]*:[^/?#]*@|password", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entry:
    """A connection as typed: `password` '' is none.

    `unread` is a URL line that could not be read; '' when the line says what the profile says.
    """

    profile: Profile
    password: str = field(default="", repr=False)
    unread: str = field(default="", repr=False)


def line_of(target: str) -> str:
    """The URL line of a profile's target; '' for none."""
    if not target or "://" in target:
        return target
    return FILE_URL + target.replace("%", "%25").replace("?", "%3F")


def read_line(text: str) -> tuple[Profile, str]:
    """(a profile, its password) of a URL line: a URL, libpq's keywords, or a file's path from its root; '' for none.

    Raises InvalidInput for everything else; what may be a password is in no text.
    """
    text = text.strip()
    if not is_address(text) and "://" not in text and not _LIKE_A_PATH.match(text):
        raise InvalidInput(
            _("This is neither a database URL nor a path."),
            advice=_("Write postgresql://user@host:5432/database or sqlite:////path/to/file."),
            code="url",
        )
    profile, password = profile_of(text)
    if profile.is_server:
        _check_mode(parse_address(profile.target)[0].sslmode)
    return profile, password


def problem_of(target: str) -> str:
    """Why a target that was put together from fields cannot be read; '' when it can, or is none."""
    try:
        if target:
            profile_of(target)
    except InvalidInput as problem:
        return str(problem)
    return ""


def may_hold_secret(text: str) -> bool:
    """Whether a URL line looks as if a password were in it, or being typed into it."""
    return bool(_SECRET_INSIDE.search(text))


def inserted(before: str, after: str) -> int:
    """How many characters came into a text at one place."""
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    return len(after) - head - tail


def absolute(path: str) -> str:
    """A path as typed, from its root; '' stays ''."""
    path = path.strip()
    try:
        return absolute_path(path) if path else ""
    except InvalidInput:  # `~name` of nobody
        return path


def what_is_at(*, path: str) -> str:
    """FILE, FOLDER, NOTHING or NOWHERE; only on a worker, for a network's folders may take long.

    A path that cannot be asked about counts as NOWHERE.
    """
    place = Path(path)
    try:
        if place.is_dir():
            return FOLDER
        if place.exists():
            return FILE
        return NOTHING if place.parent.is_dir() else NOWHERE
    except (OSError, ValueError):
        return NOWHERE


def _common(one: str, other: str) -> int:
    """With how many characters both begin."""
    differing = (place for place, (first, second) in enumerate(zip(one, other, strict=False)) if first != second)
    return next(differing, min(len(one), len(other)))


def _check_mode(mode: str) -> None:
    if mode and mode not in TLS_MODES:
        raise InvalidInput(
            _("There is no TLS mode “{mode}”.").format(mode=mode),
            advice=_("The modes are: {modes}.").format(modes=", ".join(TLS_MODES)),
            code="option",
        )
