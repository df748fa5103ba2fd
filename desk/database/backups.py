"""Backups of an SQLite file, by SQLite's own backup, beside it.

Invariant: under the name of a backup there is a complete, checked copy, or an empty file while it is being made.
"""

from __future__ import annotations

import itertools
import os
import re
import secrets
import sqlite3
import stat
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from desk.errors import EnvironmentProblem
from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from desk.database.actions import Action

STEPS = 200
"""In about so many steps a file is copied; between two of them it can be cancelled."""
LEAST_PAGES = 256
CHECK_EVERY = 10_000
"""Instructions of SQLite's machine between two looks at the cancel while the copy is checked."""
_BESIDE = ("", "-journal", "-wal", "-shm")


def backup_path(path: Path, revision: str) -> Path:
    """Where the backup of a file goes that is made now, before a migration to `revision`: a name that is free."""
    stem = f"{path.stem}.before-{revision}.{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    again = itertools.chain([""], (f"-{number}" for number in itertools.count(2)))
    paths = (path.with_name(f"{stem}{one}{path.suffix}") for one in again)
    return next(one for one in paths if not one.exists())


_UNUSED = re.compile(r"Page \d+( is|:) never used$")


def back_up(path: Path, target: Path, action: Action, on_pages: Callable[[int, int], None]) -> None:
    """Copies the database in `path` to the new file `target`, with the mode of the original.

    Whoever wants exactly the state before a change holds the write lock meanwhile, on another connection. `on_pages`
    hears how many pages are done, and of how many. Raises EnvironmentProblem when it cannot be made (`target` is not
    there then), ActionCancelled when the action was cancelled.
    """
    fresh = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    mode = stat.S_IMODE(path.stat().st_mode)
    claimed = False
    try:
        _claim(target, mode)
        claimed = True
        _claim(fresh, mode)
        _copy(path, fresh, action, on_pages)
        _check(fresh, action)
        os.replace(fresh, target)
    except (sqlite3.Error, OSError) as error:
        _remove(target, claimed)
        action.check()
        raise _failed(target, error) from error
    except BaseException:
        _remove(target, claimed)
        raise
    finally:
        for suffix in _BESIDE:
            fresh.with_name(fresh.name + suffix).unlink(missing_ok=True)


def _claim(path: Path, mode: int) -> None:
    """Creates the file, exclusively."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    path.chmod(mode)


def _remove(path: Path, claimed: bool) -> None:
    if claimed:
        path.unlink(missing_ok=True)


def _copy(path: Path, target: Path, action: Action, on_pages: Callable[[int, int], None]) -> None:
    def on_step(_status: int, remaining: int, total: int) -> None:
        action.check()
        on_pages(total - remaining, total)

    with (
        closing(sqlite3.connect(f"file:{quote(os.fsencode(path))}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(f"file:{quote(os.fsencode(target))}?mode=rw", uri=True)) as copy,
    ):
        (pages,) = source.execute("PRAGMA page_count").fetchone()
        source.backup(copy, pages=max(pages // STEPS, LEAST_PAGES), progress=on_step)


def _check(target: Path, action: Action) -> None:
    """The copy is read as a whole once; a catalogue that was damaged before is told of, too.

    A page that is not used is no damage: a search index that was removed in spite of damage leaves some. SQLite tells
    of damaged pages before it tells of them.
    """
    with closing(sqlite3.connect(f"file:{quote(os.fsencode(target))}?mode=rw", uri=True)) as copy:
        copy.set_progress_handler(lambda: int(action.is_cancelled), CHECK_EVERY)
        (found,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok" and not _UNUSED.search(found):
        raise sqlite3.DatabaseError(found)


def _failed(target: Path, error: Exception) -> EnvironmentProblem:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return EnvironmentProblem(
        _("No backup could be made at {path}: {reason}.").format(path=target, reason=reason),
        kept=_("Nothing was changed."),
        advice=_("Free some space, or check that the folder can be written; then try again."),
        code="backup",
    )
