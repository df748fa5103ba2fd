"""From exec to the first paint at most 1.5 times a bare PySide6 window.

From exec to the sample's rows at most 1.3 times that window plus the imports plus the raw query.

Each figure is a fresh process; the four kinds take turns, and the clock starts right before exec.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from desk.operations.sample import restore_sample
from desk.settings import Folders
from tests.bench._table import Figure, options, report, with_bytecode

PAINT_LIMIT = 1.5
ROWS_LIMIT = 1.3

WINDOW = """
import sys
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QMainWindow

class Painted(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint:
            done()
        return False

application = QApplication(sys.argv[:1])
window = QMainWindow()
window.resize(1280, 800)
painted = Painted()
window.installEventFilter(painted)
window.show()
application.exec()
"""
IMPORTS = """
import alembic.command, alembic.script, psycopg, sqlalchemy.orm
done()
"""
QUERY = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1])
since = time.monotonic_ns()
rows = connection.execute(
    "SELECT b.id, b.title, a.name, b.published_year, b.isbn, b.language, b.price, b.updated_at FROM books b"
    " LEFT JOIN authors a ON a.id = b.author_id ORDER BY b.title_key, b.id LIMIT 100"
).fetchall()
assert len(rows) == 100
done(since)
"""
DESK = """
import sys
from desk.app import bootstrap, make_application
from PySide6.QtCore import QEvent, QObject

class RowsPainted(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint and window.browser.is_loaded:
            done()
        return False

def shown():
    window.browser.grid.viewport().installEventFilter(painted)
    window.browser.grid.viewport().update()

painted = RowsPainted()
application = make_application(sys.argv[:1])
window = bootstrap(on_first_paint=done if sys.argv[2] == "paint" else None)
window.catalogue_shown.connect(shown)
application.exec()
"""
PRELUDE = """
import os, sys, time
STARTED = int(sys.argv.pop())
def done(since=STARTED):
    print(time.monotonic_ns() - since, flush=True)
    os._exit(0)
"""


def main() -> int:
    asked = options("start of the program", repetitions=15)
    with tempfile.TemporaryDirectory() as home:
        sample = Folders(Path(home, "config"), Path(home, "data"), Path(home, "state")).sample_catalogue
        sample.parent.mkdir()
        restore_sample(path=sample)
        environment = {**with_bytecode(os.environ), "QT_QPA_PLATFORM": "offscreen", "DESK_HOME": home}
        kinds = {
            "window": (WINDOW,),
            "imports": (IMPORTS,),
            "query": (QUERY, str(sample)),
            "paint": (DESK, "", "paint"),
            "rows": (DESK, "", "rows"),
        }
        times: dict[str, list[float]] = {name: [] for name in kinds}
        for turn in range(asked.repetitions + 1):
            for name, (source, *arguments) in kinds.items():
                took = _run(source, arguments, environment)
                if turn:  # the first round warms the disk's cache
                    times[name].append(took)
        bare = _run_python_alone(environment)
    ms = {name: statistics.median(known) for name, known in times.items()}
    together = ms["window"] + (ms["imports"] - bare) + ms["query"]
    return report(
        [
            Figure("exec to first paint", ms["paint"], "ms", ms["window"], PAINT_LIMIT),
            Figure("exec to rows of the sample painted", ms["rows"], "ms", together, ROWS_LIMIT),
            Figure("imports of SQLAlchemy, psycopg, Alembic", ms["imports"] - bare, "ms"),
            Figure("raw query", ms["query"], "ms"),
        ],
        asked.json,
    )


def _run(source: str, arguments: list[str], environment: dict[str, str]) -> float:
    """The milliseconds that a fresh Python took until it called `done`."""
    command = [sys.executable, "-c", PRELUDE + source, *arguments, str(time.monotonic_ns())]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout
    return int(said.split()[-1]) / 1e6


def _run_python_alone(environment: dict[str, str]) -> float:
    """What the interpreter itself takes: it is part of the window's figure already."""
    return statistics.median(_run("done()", [], environment) for _turn in range(9))


if __name__ == "__main__":
    sys.exit(main())
