"""The floors of the house: what may import what, and what loads without Qt or SQLAlchemy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import desk

CHECKOUT = Path(desk.__file__).parents[1]
LOWER = ("catalog", "database", "operations")
WITHOUT_SQLALCHEMY = (
    "desk.catalog.columns", "desk.catalog.criteria", "desk.catalog.edits", "desk.catalog.keys", "desk.catalog.paging",
    "desk.catalog.rows", "desk.catalog.snapshots", "desk.catalog.values", "desk.database.actions",
    "desk.database.addresses", "desk.database.drafts", "desk.database.profiles", "desk.errors", "desk.redaction",
    "desk.settings",
)  # fmt: skip
LOADED = """
import importlib, json, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def modules_below(*floors: str) -> list[str]:
    """The names of all modules of some floors."""
    files = (file for floor in floors for file in (CHECKOUT / "desk" / floor).rglob("*.py"))
    return sorted(
        ".".join(file.relative_to(CHECKOUT).with_suffix("").parts).removesuffix(".__init__") for file in files
    )


def loaded_by(*modules: str) -> set[str]:
    """The top-level packages that a fresh interpreter has loaded after importing some modules."""
    command = [sys.executable, "-c", LOADED, *modules]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def test_every_floor_imports_only_what_it_may() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    done = subprocess.run([*command, "--no-cache"], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_the_lower_floors_load_without_qt() -> None:
    modules = modules_below(*LOWER)
    assert len(modules) > 20
    assert "PySide6" not in loaded_by(*modules)


@pytest.mark.parametrize("module", WITHOUT_SQLALCHEMY)
def test_what_the_first_paint_needs_loads_without_sqlalchemy(module: str) -> None:
    loaded = loaded_by(module)
    assert not loaded & {"sqlalchemy", "psycopg", "alembic", "PySide6"}


def test_a_window_loads_no_database_library_before_it_needs_one() -> None:
    assert "sqlite3" not in loaded_by("desk.panels.context", "desk.window.main_window", "desk.window.draft_keeping")


def test_opening_a_catalogue_loads_no_alembic() -> None:
    assert "alembic" not in loaded_by("desk.operations.connect")


def test_every_module_says_what_it_is_for() -> None:
    import ast

    for file in (CHECKOUT / "desk").rglob("*.py"):
        assert ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))), file
