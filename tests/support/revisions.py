"""Revisions that only tests have: the program is shown a folder in which they stand beside the real ones."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from desk.database import migrations, revisions
from desk.resources import data_folder

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

TEXT = '''"""{summary}

Revision ID: {revision}
Revises: {below}
"""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{below}"
branch_labels = None
depends_on = None


def upgrade() -> None:
{up}


def downgrade() -> None:
{down}
'''

_REBUILD = 'recreate="always" if op.get_context().dialect.name == "sqlite" else "never"'
SHELF_UP = f"""\
with op.batch_alter_table("books", {_REBUILD}) as books:
    books.add_column(sa.Column("shelf", sa.Text()))
    books.add_column(sa.Column("copies", sa.Integer(), server_default="1", nullable=False))
op.execute("UPDATE books SET shelf = 'A' || (id % 10) WHERE id % 2 = 0")
op.create_index("ix_books_shelf_id", "books", ["shelf", "id"])
"""
SHELF_DOWN = f"""\
op.drop_index("ix_books_shelf_id", table_name="books")
with op.batch_alter_table("books", {_REBUILD}) as books:
    books.drop_column("copies")
    books.drop_column("shelf")
"""
"""Changes both schema and data; on SQLite the table is rebuilt."""
HARM = """\
op.execute("UPDATE books SET notes = 'harmed'")
op.execute("DELETE FROM contributions")
op.create_table("harm", sa.Column("x", sa.Integer()))
"""


def hold_until(gate: Path) -> str:
    """Lines that wait until a file is there; not for ever, so that a failing test ends."""
    return f"""\
import pathlib, time
for _time in range(2000):
    if pathlib.Path({str(gate)!r}).exists():
        break
    time.sleep(0.01)
else:
    raise RuntimeError("nobody let it go on")
"""


def note_in(file: Path) -> str:
    """Lines that add an x to a file."""
    return f"import pathlib\npathlib.Path({str(file)!r}).open('a').write('x')\n"


def scripts_in(folder: Path) -> Path:
    """A copy of the real revisions, to be given to `add_revision` and `use_scripts`."""
    copy = folder / "alembic"
    shutil.copytree(data_folder("alembic"), copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def add_revision(scripts: Path, up: str, down: str = "pass", *, revision: str = "", summary: str = "One more.") -> str:
    """Puts a revision on top; `up` and `down` are the lines of their functions. Returns its id: "9001" and on."""
    below = newest(scripts)
    number = revision or str(max(int(below), 9000) + 1)
    text = TEXT.format(revision=number, below=below, summary=summary, up=_indented(up), down=_indented(down))
    (scripts / "versions" / f"{number}_more.py").write_text(text, encoding="utf-8")
    return number


def newest(scripts: Path) -> str:
    return max(path.name.split("_")[0] for path in (scripts / "versions").glob("*_*.py"))


def use_scripts(scripts: Path, monkeypatch: pytest.MonkeyPatch | None = None) -> None:
    """From now on (or until the test ends) the program knows the revisions of a folder instead of its own."""
    for module in (migrations, revisions):
        if monkeypatch is None:
            vars(module)["data_folder"] = lambda _name: scripts
        else:
            monkeypatch.setattr(module, "data_folder", lambda _name: scripts)


def _indented(lines: str) -> str:
    return "\n".join(f"    {line}" for line in lines.strip().splitlines())
