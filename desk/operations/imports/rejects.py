"""The file of rejected rows: line, reason and the cells as they were, so that they can be repaired and imported again.

Invariant: the file appears under its name only when it is complete, and only when something was rejected.
"""

from __future__ import annotations

import csv
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from desk.database.targets import holds_database
from desk.errors import EnvironmentProblem, InvalidInput
from desk.i18n import _
from desk.operations.imports.csv_reading import KEEP_BYTES
from desk.operations.new_files import NAME_BYTES, is_special, waiting_path
from desk.settings import folders

if TYPE_CHECKING:
    import io
    from collections.abc import Sequence

    from desk.operations.imports.csv_reading import CsvFile, Record

SUFFIX = ".rejects.csv"


class RejectsFile:
    """Made at the first reject: at `wanted` (replacing what is there), or else beside the source under a free name,
    or else, where that folder cannot be written, in the folder of Desk's state. What is no ordinary file (a pipe, a
    device) is written into directly.

    It is encoded and separated as the source, so that it is imported again as the source was.
    """

    def __init__(self, file: CsvFile, wanted: Path | None) -> None:
        source = file.path
        stem = os.fsencode(source.stem)
        self._file = file
        self._name = (source.stem if len(stem) <= NAME_BYTES else stem[:NAME_BYTES].decode(errors="ignore")) + SUFFIX
        self._wanted = wanted
        self._special = wanted if wanted is not None and is_special(wanted) else None
        self._places = (wanted.resolve().parent,) if wanted else (source.parent, folders().state)
        self._fresh = Path()
        self._stream: io.TextIOWrapper | None = None

    def add(self, record: Record, reason: str) -> None:
        """Raises EnvironmentProblem when no file can be written."""
        if self._stream is None:
            self._stream = self._open()
            self._write(["line", "reason", *self._file.headers])
        self._write([str(record.line), reason, *record.cells])

    def flush(self) -> None:
        """Hands everything to the system; raises EnvironmentProblem when it refuses (a full disk)."""
        if self._stream is not None:
            try:
                self._stream.flush()
            except OSError as error:
                raise self._problem(error) from error

    def keep(self) -> Path | None:
        """Gives the file its name and returns it; None when nothing was rejected.

        Raises EnvironmentProblem when the system refuses; its `kept` says where the rows are, if they are anywhere.
        """
        if self._stream is None:
            return None
        try:
            self._close()
        except OSError as error:  # it is not complete
            self._unlink()
            raise self._problem(error) from error
        if self._special is not None:
            return self._special
        final = self._wanted or _free_name(self._fresh.parent, self._name)
        try:
            os.replace(self._fresh, final.resolve() if self._wanted else final)
        except OSError as error:
            problem = self._problem(error)
            problem.kept = _("The rejected rows are in {path}.").format(path=self._under_another_name())
            raise problem from error
        return final

    def drop(self) -> None:
        """Removes the file, unless it was kept."""
        if self._stream is not None:
            with suppress(OSError):
                self._close()
            self._unlink()

    def _open(self) -> io.TextIOWrapper:
        problem: OSError | None = None
        for place in self._places:
            self._fresh = self._special or waiting_path(place / self._name)
            mode: Literal["w", "x"] = "w" if self._special else "x"
            try:
                if place == folders().state:
                    place.mkdir(parents=True, exist_ok=True)
                return self._fresh.open(mode, encoding=self._file.codec, errors=KEEP_BYTES, newline="")
            except OSError as error:
                problem = error
        assert problem is not None
        raise self._problem(problem) from problem

    def _close(self) -> None:
        assert self._stream is not None
        stream, self._stream = self._stream, None
        stream.close()

    def _unlink(self) -> None:
        if self._special is not None:
            return
        with suppress(OSError):
            self._fresh.unlink(missing_ok=True)

    def _under_another_name(self) -> Path:
        """Where the complete file is when it cannot have the name it should have."""
        other = _free_name(self._fresh.parent, self._name)
        try:
            os.replace(self._fresh, other)
        except OSError:
            return self._fresh
        return other

    def _write(self, cells: Sequence[str]) -> None:
        assert self._stream is not None
        try:
            csv.writer(self._stream, lineterminator="\r\n", delimiter=self._file.delimiter).writerow(cells)
        except OSError as error:
            raise self._problem(error) from error

    def _problem(self, error: OSError) -> EnvironmentProblem:
        return EnvironmentProblem(
            _("The file of rejected rows cannot be written in {folder}: {reason}.").format(
                folder=self._fresh.parent, reason=error.strerror
            ),
            advice=_("Make room or the folder writable; “deskctl import --rejects FILE” puts them elsewhere."),
            code="unwritable",
        )


def check_place(wanted: Path, source: Path) -> None:
    """Raises InvalidInput where a file of rejected rows would replace what is no such file."""
    if _same_file(wanted, source):
        raise InvalidInput(_("The rejected rows cannot go into the file that is imported."), code="rejects")
    if os.path.isdir(wanted):  # not Path.is_dir, which raises where the way to it is closed
        raise InvalidInput(
            _("{path} is a folder.").format(path=wanted),
            advice=_("Name a file for the rejected rows."),
            code="rejects",
        )
    if not is_special(wanted) and holds_database(wanted):
        raise InvalidInput(
            _("{path} is a database.").format(path=wanted), advice=_("Name another file."), code="database"
        )


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _free_name(folder: Path, name: str) -> Path:
    """A name that nothing has yet: earlier rejects may be under repair."""
    path, number = folder / name, 2
    while path.exists():
        path = folder / f"{Path(name).stem}-{number}.csv"
        number += 1
    return path
