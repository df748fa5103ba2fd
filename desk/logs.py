"""The log file of a run: what opened and closed, and every exception that nobody expected, without secrets.

Invariant: no caller waits for a disk, and no trouble with the log reaches what is logged: records go through a bounded
queue to one thread, and what cannot be written is dropped. Secrets are gone before a record is queued.
"""

from __future__ import annotations

import logging
import os
import platform
import queue
import sys
import threading
import traceback
from contextlib import suppress
from importlib import metadata
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from desk.redaction import redacted
from desk.settings import folders

if TYPE_CHECKING:
    import io
    from types import TracebackType

FILE_BYTES = 1_000_000
FILES = 3
QUEUE_LENGTH = 10_000
LONGEST_RECORD = 50_000
"""Characters of one record; the middle of a longer one is left out."""
STOP_SECONDS = 2.0
"""How long the end of the program waits for a disk."""
_FORMAT = "%(asctime)s %(levelname)s %(name)s [%(threadName)s] %(message)s"

_log = logging.getLogger("desk")
_lock = threading.Lock()
_running: _Log | None = None


def start_log() -> None:
    """From now on records of Desk (from INFO) and of others (from WARNING), and unexpected exceptions, are logged.

    The file `desk.log` in the folder of state is made when the first one is written. Again, it does nothing. On any
    thread: with this module's import it takes some 20 ms, too many for the interface's.
    """
    global _running  # noqa: PLW0603  (a process has one log)
    with _lock:
        if _running is not None:
            return
        _running = _Log()
    _tell_versions()


def stop_log() -> None:
    """Writes what is queued, for a bounded time, and undoes `start_log`."""
    global _running
    with _lock:
        running, _running = _running, None
    if running is not None:
        running.close()


def log_file() -> Path:
    """Where the log is; it may not be there."""
    return folders().state / "desk.log"


class _Log:
    """The parts of a running log: handler, queue, writing thread and hooks."""

    def __init__(self) -> None:
        records: queue.Queue[Any] = queue.Queue(QUEUE_LENGTH)
        self._handler = _Entrance(records)
        self._handler.setFormatter(_Redacting(_FORMAT))
        self._file = _File(log_file())
        self._writer = _Writer(records, self._file)
        self._level = _log.level
        self._hooks = (sys.excepthook, threading.excepthook, sys.unraisablehook)
        _log.setLevel(logging.INFO)
        logging.getLogger().addHandler(self._handler)
        self._writer.start()
        sys.excepthook, threading.excepthook, sys.unraisablehook = _on_exception, _on_thread_exception, _on_unraisable

    def close(self) -> None:
        if sys.excepthook is _on_exception:
            sys.excepthook = self._hooks[0]
        if threading.excepthook is _on_thread_exception:
            threading.excepthook = self._hooks[1]
        if sys.unraisablehook is _on_unraisable:
            sys.unraisablehook = self._hooks[2]
        logging.getLogger().removeHandler(self._handler)
        _log.setLevel(self._level)
        stopping = threading.Thread(target=self._stop_writing, name="log-end", daemon=True)
        stopping.start()
        stopping.join(STOP_SECONDS)

    def _stop_writing(self) -> None:
        self._writer.stop()
        with suppress(OSError, ValueError):
            self._file.close()


class _Redacting(logging.Formatter):
    """Message, arguments, exception and stack as one text, without any known secret."""

    def format(self, record: logging.LogRecord) -> str:
        text = redacted(super().format(record))
        if len(text) <= LONGEST_RECORD:
            return text
        half = LONGEST_RECORD // 2
        return f"{text[:half]}\n[…]\n{text[-half:]}"


class _Entrance(QueueHandler):
    """Where records enter; one that finds the queue full, or cannot be formatted, is dropped."""

    def handleError(self, record: logging.LogRecord) -> None:
        pass


class _Writer(QueueListener):
    """The thread that writes."""

    def __init__(self, records: queue.Queue[Any], file: logging.Handler) -> None:
        super().__init__(records, file)
        self.records = records

    def enqueue_sentinel(self) -> None:
        self.records.put(None)  # the end; where the disk hangs it waits until there is room


class _File(RotatingFileHandler):
    """The file, for its owner only; after trouble it is opened anew for the next record."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            path, maxBytes=FILE_BYTES, backupCount=FILES - 1, encoding="utf-8", delay=True, errors="backslashreplace"
        )

    def _open(self) -> io.TextIOWrapper:
        path = Path(self.baseFilename)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = open(path, self.mode, encoding=self.encoding, errors=self.errors, opener=_private)  # noqa: SIM115
        return cast("io.TextIOWrapper", file)

    def handleError(self, record: logging.LogRecord) -> None:
        stream, self.stream = self.stream, None
        with suppress(OSError, ValueError):  # what it still held is lost
            if stream is not None:
                stream.close()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _tell_versions() -> None:
    try:
        version = metadata.version("desk-catalogue")
    except metadata.PackageNotFoundError:
        version = "?"
    _log.info("Started: Desk %s, Python %s, %s", version, platform.python_version(), platform.platform())


# Exceptions that nobody caught


def _on_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    _tell("Unexpected exception", error)


def _on_thread_exception(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is None or issubclass(arguments.exc_type, SystemExit):
        return
    name = arguments.thread.name if arguments.thread else "?"
    _tell(f"Unexpected exception in thread {name}", arguments.exc_value)


def _on_unraisable(arguments: sys.UnraisableHookArgs) -> None:
    where = f"{arguments.err_msg or 'Exception ignored in'}: {arguments.object!r}"
    if arguments.exc_value is not None:
        _tell(where, arguments.exc_value)


def _tell(what: str, error: BaseException) -> None:
    """Logs an exception and prints it as Python would, without secrets."""
    _log.critical("%s", what, exc_info=error)
    if sys.stderr is not None:  # a program without a console has none
        with suppress(OSError, ValueError):
            print(redacted(f"{what}\n{''.join(traceback.format_exception(error))}"), end="", file=sys.stderr)
