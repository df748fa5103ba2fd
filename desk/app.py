"""Starts the program: builds and wires everything, shows the window, and opens the catalogue after the first paint."""

from __future__ import annotations

import gc
import os
import sys
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import QGuiApplication, QIcon, QPalette
from PySide6.QtWidgets import QApplication

from desk.resources import resource
from desk.tables.look import DARK, LIGHT, use_look
from desk.window.main_window import MainWindow

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import Qt

SWITCH_SECONDS = 0.0005
"""How long a worker may keep the interpreter while the interface waits; Python's own 5 ms make frames stutter."""


LONGEST_START_MS = 10_000


class _FirstPaint(QObject):
    """Calls back once, right after the window was painted for the first time."""

    def __init__(self, window: MainWindow, painted: Callable[[], None]) -> None:
        super().__init__(window)
        self._painted = painted
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self, self._painted)
        return super().eventFilter(watched, event)


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
    """Builds the window, shows it, and opens `target` (None: the sample) once it has been painted."""
    gc.disable()  # a start only makes objects that stay
    window = MainWindow()
    window.catalogue_shown.connect(_keep_what_is_there)
    QTimer.singleShot(LONGEST_START_MS, window, _keep_what_is_there)

    def painted() -> None:
        window.setWindowIcon(QIcon(str(resource("desk.svg"))))
        if on_first_paint is not None:
            on_first_paint()
        follow_scheme()
        window.furnished.connect(partial(window.open_target, target))
        window.furnish_next()

    _FirstPaint(window, painted)
    window.show()
    return window


def _keep_what_is_there() -> None:
    """Ends the start: what was made until now is never looked through for garbage again, which would stall frames."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


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
    window.closed.connect(application.quit)
    code = application.exec()
    if not window.workers_ended:  # waiting for a worker that hangs in a driver would take as long as it likes
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


if __name__ == "__main__":
    raise SystemExit(main())
