"""The start: the window is painted before anything that is slow to import."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import sys

from PySide6.QtCore import QTimer
from desk.app import bootstrap, make_application

LIBRARIES = {"sqlalchemy", "psycopg", "alembic"}
application = make_application(["desk"])
painted = []
window = bootstrap(None, on_first_paint=lambda: painted.append(LIBRARIES & set(sys.modules)))

def shown():
    assert painted == [set()], f"loaded at the first paint: {painted}"
    assert {"sqlalchemy", "alembic"} <= set(sys.modules)
    assert window.browser.table.rowCount() > 0
    print("shown")
    window.close()

def furnished():
    window.catalogue_shown.connect(shown)
    window.unit.state_changed.connect(lambda: None)

window.furnished.connect(furnished)
window.closed.connect(application.quit)
QTimer.singleShot(30_000, lambda: application.exit(3))
code = application.exec()
import psycopg
sys.exit(code)
"""


def run(program: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "DESK_HOME": str(home)},
    )


def test_sqlalchemy_psycopg_and_alembic_come_after_the_first_paint(tmp_path: Path) -> None:
    done = run(PROGRAM, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "shown" in done.stdout


def test_the_first_start_makes_and_opens_the_sample(tmp_path: Path) -> None:
    done = run(PROGRAM, tmp_path / "home")
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (tmp_path / "home").rglob("*.desk")] == ["sample.desk"]


FURNISHING = """
import sys

from desk import app
from desk.window.main_window import MainWindow

application = app.make_application(["desk"])
window = MainWindow()
came = {}
while window._stages:
    before, name = set(sys.modules), window._stages[0].__name__
    window._stages.pop(0)()
    came[name] = {one for one in set(sys.modules) - before if one.startswith("desk.")}
for name, modules in came.items():
    print(name, len(modules))
"""


def test_no_part_of_furnishing_imports_much_at_once(tmp_path: Path) -> None:
    done = run(FURNISHING, tmp_path)
    assert done.returncode == 0, done.stderr
    came = {name: int(modules) for name, modules in (line.split() for line in done.stdout.splitlines())}
    assert max(came.values()) <= sum(came.values()) / 4, came


COPYING = """
from PySide6.QtWidgets import QApplication
from desk import app

bootstrap = app.bootstrap

def bootstrap_and_copy(target):
    window = bootstrap(target)

    def copy_and_close():
        window.browser.chosen.copy()
        window.close()

    window.catalogue_shown.connect(copy_and_close)
    return window

app.bootstrap = bootstrap_and_copy
code = app.main([])
print(QApplication.clipboard().text())
raise SystemExit(code)
"""


def test_what_was_copied_outlives_the_windows_and_ends_no_program_badly(tmp_path: Path) -> None:
    done = run(COPYING, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_the_version_is_told_without_a_window(tmp_path: Path) -> None:
    done = run("import sys; from desk.app import main; sys.exit(main(['--version']))", tmp_path)
    assert (done.returncode, done.stdout.split()[0]) == (0, "Desk")
