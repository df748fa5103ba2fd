"""Where a new file waits until it is complete, and what it may take the place of.

Invariant: nothing but an ordinary file, and no database, is ever replaced.
"""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from desk.database.targets import holds_database
from desk.errors import InvalidInput
from desk.i18n import _

if TYPE_CHECKING:
    from pathlib import Path

NAME_BYTES = 180
"""Of a name that others are made from: file systems take 255."""


def waiting_path(path: Path) -> Path:
    """A fresh hidden name in the folder of `path`, with the same suffix."""
    name = os.fsencode(path.name)[-NAME_BYTES:].decode(errors="ignore")
    return path.with_name(f".{secrets.token_hex(4)}.{name}")


def discard(path: Path) -> None:
    """Removes a file that waits, if it is there."""
    with suppress(OSError):
        path.unlink(missing_ok=True)


def is_special(path: Path) -> bool:
    """Whether it is a pipe, a device or the like, which is written into and never replaced."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def check_target(path: Path) -> None:
    """Raises InvalidInput for a folder and for a database."""
    if os.path.isdir(path):  # not Path.is_dir, which raises where the way to it is closed
        words, code = _("{path} is a folder."), "folder"
    elif not is_special(path) and holds_database(path):
        words, code = _("{path} is a database."), "database"
    else:
        return
    raise InvalidInput(
        words.format(path=path), kept=_("It was left as it is."), advice=_("Name another file."), code=code
    )
