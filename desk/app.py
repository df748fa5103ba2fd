"""Starts the program: builds and wires everything, shows the window, and opens the catalogue after the first paint."""

from __future__ import annotations

import gc
import os
import sys
import threading
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from desk.tables.look import DARK, LIGHT, use_look
from desk.window.windows import Windows

if TYPE_CHECKING:
    from collections.abc import Callable

    from desk.window.main_window import MainWindow

SWITCH_SECONDS = 0.0005
"""How long a worker may keep the interpreter while the interface waits; Python's own 5 ms make frames stutter."""


LONGEST_START_MS = 10_000


def make_application(arguments: list[str]) -> QApplication:
    """The application with Desk's style, palette and icon; the one that exists, when there is one."""
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        application = QApplication(arguments)
    sys.setswitchinterval(SWITCH_SECONDS)
    application.setApplicationName("desk")
    application.setApplicationDisplayName("Desk")
    application.setDesktopFileName("desk")
    application.setStyle("Fusion")
    dark = QGuiApplication.palette().color(QPalette.ColorRole.Window).lightness() < 128
    use_look(DARK if dark else LIGHT)  # asking for the colour scheme itself costs 17 ms: that comes after the paint
    return application


def follow_scheme() -> None:
    """From now on the system's colour scheme chooses between light and dark."""
    hints = QGuiApplication.styleHints()
    hints.colorSchemeChanged.connect(use_scheme)
    if hints.colorScheme().name != "Unknown":
        use_scheme(hints.colorScheme())


def use_scheme(scheme: Qt.ColorScheme) -> None:
    """Draws everything in the light or the dark palette; an unknown scheme is light."""
    use_look(DARK if scheme.name == "Dark" else LIGHT)


def bootstrap(target: str | None = None, *, on_first_paint: Callable[[], None] | None = None) -> MainWindow:
    """Shows the first window, and opens `target` (None: the sample) in it once it has been painted."""
    gc.disable()  # a start only makes objects that stay

    def painted() -> None:
        if on_first_paint is not None:
            on_first_paint()
        follow_scheme()

    window = Windows(QApplication.instance()).open(target, on_first_paint=painted)
    window.catalogue_shown.connect(_keep_what_is_there)
    QTimer.singleShot(LONGEST_START_MS, window, _keep_what_is_there)
    return window


def _keep_what_is_there() -> None:
    """Ends the start: what was made until now is never looked through for garbage again, which would stall frames."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def _leave_clipboard() -> None:
    """What was copied goes into an object of Qt's own: one made by Python must not outlive the interpreter."""
    from desk.panels.selected_rows import COPIED  # noqa: PLC0415  (the first paint does not need it)

    clipboard = QGuiApplication.clipboard()
    if clipboard.mimeData().hasFormat(COPIED):
        clipboard.setText(clipboard.text())


def _begin_log() -> None:
    """Starts the log once the window is usable, on a thread: nothing of a start waits for it."""

    def begin() -> None:
        from desk.logs import start_log  # noqa: PLC0415  (with its import 20 ms, which no start needs)

        start_log()

    threading.Thread(target=begin, name="log-start", daemon=True).start()


def _end_log() -> None:
    from desk.logs import stop_log  # noqa: PLC0415  (imported long ago by the thread that began it)

    stop_log()


def main(arguments: list[str] | None = None) -> int:
    """The entry point `desk [FILE-or-URL]`."""
    words = sys.argv if arguments is None else ["desk", *arguments]
    if "--version" in words[1:]:
        from desk.window.handlers import program_version  # noqa: PLC0415  (not needed by the window)

        print(f"Desk {program_version()}")
        return 0
    application = make_application(words[:1])
    target = next((word for word in words[1:] if not word.startswith("-")), None)
    window = bootstrap(target)
    assert window.windows is not None
    windows = window.windows
    windows.all_closed.connect(application.quit)
    window.catalogue_shown.connect(_begin_log, Qt.ConnectionType.SingleShotConnection)
    QTimer.singleShot(LONGEST_START_MS, window, _begin_log)
    application.aboutToQuit.connect(_leave_clipboard)
    code = application.exec()
    _end_log()
    if not windows.workers_ended:  # waiting for a worker that hangs in a driver would take as long as it likes
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


if __name__ == "__main__":
    raise SystemExit(main())
