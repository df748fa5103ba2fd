"""Exports several views into a file each: all of the files appear, or none."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desk.errors import DeskError, EnvironmentProblem, InvalidInput
from desk.i18n import _
from desk.operations.exporting import export_rows
from desk.operations.new_files import check_target, discard, is_special, waiting_path

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from desk.catalog.criteria import Criteria
    from desk.database.sessions import Sessions
    from desk.operations.exporting import ExportProgress


@dataclass(frozen=True, slots=True)
class Exported:
    """One file that was written; `neutralized` texts were changed so that no spreadsheet runs them."""

    path: Path
    rows: int
    neutralized: int


def export_views(
    *,
    sessions: Sessions,
    views: Sequence[tuple[Criteria, Path]],
    neutralize: bool = False,
    on_progress: Callable[[ExportProgress], None] | None = None,
) -> tuple[Exported, ...]:
    """Writes each view into its file; they get their names when all of them are complete.

    `on_progress` tells of one file after the other. Raises as `export_rows` does.
    """
    files = [_File(criteria, path, on_progress) for criteria, path in views]
    try:
        exported = tuple(file.write(sessions, neutralize) for file in files)
        for file in files:
            file.put()
    finally:
        for file in files:
            discard(file.fresh)
    return exported


class _File:
    """One file, written under a name of its own beside the one that it takes the place of."""

    def __init__(self, criteria: Criteria, path: Path, on_progress: Callable[[ExportProgress], None] | None) -> None:
        self._criteria = criteria
        self._wanted = path
        self._path = path.resolve()
        self._on_progress = on_progress
        self._neutralized = 0
        check_target(path)
        if is_special(path):
            raise InvalidInput(_("{path} is no ordinary file.").format(path=path), code="special")
        self.fresh = waiting_path(self._path)

    def write(self, sessions: Sessions, neutralize: bool) -> Exported:
        try:
            rows = export_rows(
                sessions=sessions,
                criteria=self._criteria,
                target=self.fresh,
                neutralize=neutralize,
                on_progress=self._tell,
            )
        except DeskError as error:
            error.what = error.what.replace(str(self.fresh), str(self._wanted))
            raise
        return Exported(self._wanted, rows, self._neutralized)

    def put(self) -> None:
        """Gives the file its name."""
        try:
            os.replace(self.fresh, self._path)
        except OSError as error:
            raise EnvironmentProblem(
                _("{path} cannot be written: {reason}.").format(path=self._wanted, reason=error.strerror),
                code="unwritable",
            ) from error

    def _tell(self, progress: ExportProgress) -> None:
        self._neutralized = progress.neutralized
        if self._on_progress is not None:
            self._on_progress(progress)
