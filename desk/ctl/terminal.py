"""What the commands of deskctl share: their answer, the terminal, Ctrl+C, and a catalogue for the length of a block."""

from __future__ import annotations

import argparse
import io
import signal
import sys
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from desk.errors import ActionCancelled, EnvironmentProblem
from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from desk.operations.connect import OpenCatalogue


@dataclass(frozen=True)
class Answer:
    """What a command found: `data` for programs, `lines` for people."""

    data: dict[str, Any]
    lines: list[str] = field(default_factory=list)
    code: int = 0


class Usage(Exception):
    """The command line cannot be understood."""


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Usage(f"{message}\n{self.format_usage().strip()}")


@contextmanager
def opened(target: str) -> Iterator[OpenCatalogue]:
    from desk.operations import connect

    catalogue = connect.open_catalogue(target=target)
    try:
        yield catalogue
    finally:
        catalogue.close()


def database_or_sample(options: argparse.Namespace) -> str:
    from desk.operations.sample import ensure_sample

    return options.database or str(ensure_sample())


@contextmanager
def cancellable(label: str) -> Iterator[None]:
    """Ctrl+C cancels the action in this block; a second one ends the program."""
    from desk.database.actions import Action

    action = Action(label)

    def on_interrupt(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        # On a thread of its own: the action's lock may be held right here, below this handler.
        threading.Thread(target=action.cancel, daemon=True).start()

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        with action.running():
            yield
    except ActionCancelled as error:  # of most it has the label only, which says nothing of what was kept
        raise ActionCancelled(str(error).removeprefix(label)) from error
    finally:
        signal.signal(signal.SIGINT, before or signal.default_int_handler)


@contextmanager
def progress() -> Iterator[Callable[[float, int], None]]:
    """Shows a share (0 to 1) and a number of rows on one line of the terminal; elsewhere nothing."""
    with status_line() as tell:
        yield lambda share, rows: tell(f"{share:4.0%}  " + _("{rows:,} rows").format(rows=rows))


@contextmanager
def status_line() -> Iterator[Callable[[str], None]]:
    """One line of the terminal that is written anew and gone at the end; elsewhere nothing."""
    on_terminal = sys.stderr.isatty()

    def show(text: str) -> None:
        if on_terminal:
            print(f"\r\x1b[K{printable(text)}", end="", file=sys.stderr, flush=True)

    try:
        yield show
    finally:
        show("")


@contextmanager
def standard_output() -> Iterator[Any]:
    """The standard output as a stream for CSV: UTF-8, but for damaged texts, and line ends as they are written.

    Raises EnvironmentProblem when it takes no more (a full disk).
    """
    stream = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", errors="surrogateescape", newline="")
    try:
        yield stream
        stream.flush()
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise EnvironmentProblem(
            _("The standard output cannot be written: {reason}.").format(reason=error.strerror), code="unwritable"
        ) from error
    finally:
        with suppress(OSError):  # it flushes again
            stream.detach()


@contextmanager
def nothing() -> Iterator[Any]:
    yield None


def printable(text: str) -> str:
    """The text with control characters made visible: names come from files, terminals obey."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
