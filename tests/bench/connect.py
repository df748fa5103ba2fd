"""Opening a profile to its first rows painted: at most 1.5 times the imports, a raw connect and the query together.

Each figure is a fresh process, because a first opening imports what it needs. Desk's clock starts when the window of
`desk TARGET` begins to open it, the baseline's at the first import: SQLAlchemy with the dialect,
and the driver. SQLite is the sample, PostgreSQL the sample on a server on loopback; both take turns.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from desk.database import migrations, targets
from desk.operations.connect import open_catalogue
from desk.operations.sample import fill_sample, restore_sample
from tests.bench._table import Figure, options, report, with_bytecode
from tests.support.postgres import start_or_explain

LIMIT = 1.5

DESK = """
from desk.app import bootstrap, make_application
from PySide6.QtCore import QEvent, QObject

class RowsPainted(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint and window.browser.is_loaded:
            done()
        return False

def furnished():
    window.opening.begun.connect(start)

def shown():
    window.browser.grid.viewport().installEventFilter(painted)
    window.browser.grid.viewport().update()

painted = RowsPainted()
application = make_application(["desk"])
window = bootstrap(sys.argv[1])
window.furnished.connect(furnished)
window.catalogue_shown.connect(shown)
application.exec()
"""
QUERY = (
    "SELECT b.id, b.title, a.name, b.published_year, b.isbn, b.language, b.price, b.updated_at FROM {schema}books b"
    " LEFT JOIN {schema}authors a ON a.id = b.author_id ORDER BY b.title_key, b.id LIMIT 100"
)
RAW_SQLITE = f"""
start()
import sqlalchemy.orm, sqlalchemy.dialects.sqlite.pysqlite, sqlite3
assert len(sqlite3.connect(sys.argv[1]).execute({QUERY.format(schema="")!r}).fetchall()) == 100
done()
"""
RAW_POSTGRESQL = f"""
start()
import sqlalchemy.orm, sqlalchemy.dialects.postgresql.psycopg, psycopg
with psycopg.connect(sys.argv[1]) as connection:
    assert len(connection.execute({QUERY.format(schema="desk.")!r}).fetchall()) == 100
done()
"""
PRELUDE = """
import os, sys, time
def start():
    global started
    started = time.monotonic_ns()
def done():
    print(time.monotonic_ns() - started, flush=True)
    os._exit(0)
"""


def main() -> int:
    asked = options("opening a profile", repetitions=15)
    server = start_or_explain()
    with tempfile.TemporaryDirectory() as home:
        sample = Path(home, "sample.desk")
        restore_sample(path=sample)
        figures = {"SQLite": (DESK, RAW_SQLITE, str(sample))}
        try:
            if isinstance(server, str):
                print(f"without PostgreSQL: {server}", file=sys.stderr)
            else:
                url = server.create_database(f"bench_connect_{os.getpid()}").replace("+psycopg", "")
                _fill(url)
                figures["PostgreSQL on loopback"] = (DESK, RAW_POSTGRESQL, url)
            return report(_measure(figures, asked.repetitions, home), asked.json)
        finally:
            if not isinstance(server, str):
                server.drop_database(f"bench_connect_{os.getpid()}")
                server.stop()


def _fill(url: str) -> None:
    migrations.upgrade(targets.target_url(url))
    catalogue = open_catalogue(target=url)
    fill_sample(sessions=catalogue.sessions)
    catalogue.close()


def _measure(kinds: dict[str, tuple[str, str, str]], repetitions: int, home: str) -> list[Figure]:
    environment = {**with_bytecode(os.environ), "QT_QPA_PLATFORM": "offscreen", "DESK_HOME": home}
    times: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in kinds}
    for turn in range(repetitions + 1):
        for name, (*sources, target) in kinds.items():
            for source, known in zip(sources, times[name], strict=True):
                took = _run(source, target, environment)
                if turn:  # the first round warms the disk's cache
                    known.append(took)
    return [
        Figure(f"{name}: profile to rows painted", statistics.median(desk), "ms", statistics.median(raw), LIMIT)
        for name, (desk, raw) in times.items()
    ]


def _run(source: str, target: str, environment: dict[str, str]) -> float:
    """The milliseconds between `start` and `done` in a fresh Python."""
    command = [sys.executable, "-c", PRELUDE + source, target]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout
    return int(said.split()[-1]) / 1e6


if __name__ == "__main__":
    sys.exit(main())
