"""The lazy door: touching an operation imports nothing, calling it does."""

from __future__ import annotations

import subprocess
import sys

import pytest

from desk.work import door

LIBRARIES = "{'sqlalchemy', 'psycopg', 'alembic'}"
PROGRAM = f"""
import sys
from desk.work import door
operations = [door.load_page, door.commit_edits, door.open_catalogue]
assert not {LIBRARIES} & set(sys.modules), "touching the door imported a library"
try:
    operations[2](target="/nowhere/at/all.desk")
except Exception as problem:
    assert "/nowhere" in str(problem), problem
assert "sqlalchemy" in sys.modules, "calling imported nothing"
"""


def test_touching_the_door_imports_no_database_library() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_name_of_the_door_leads_to_an_operation() -> None:
    from importlib import import_module

    for name, home in door._HOMES.items():
        assert callable(getattr(import_module(f"desk.operations.{home}"), name))
        assert getattr(door, name).__name__ == name


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(AttributeError):
        _ = door.load_nothing
