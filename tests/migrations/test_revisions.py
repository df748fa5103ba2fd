"""Every revision goes up and down with data in it, and the last one is what the models say."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from desk.catalog.models import Base
from desk.database import engines, migrations, revisions, targets
from desk.database.revisions import SchemaState
from desk.resources import data_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Engine

    from desk.operations.connect import OpenCatalogue
    from tests.support.library import Library

REVISIONS = [one.id for one in reversed(migrations.history(None))]
FILES = sorted((data_folder("alembic") / "versions").glob("*.py"))
CHECKOUT = Path(__file__).parents[2]

ROWS = (
    "INSERT INTO authors (id, name, name_key) VALUES (7, 'Austen, Jane', 'austen, jane')",
    "INSERT INTO books (id, title, title_key, author_id) VALUES (8, 'Emma', 'emma', 7)",
    "INSERT INTO contributions (book_id, author_id, role, position) VALUES (8, 7, 'editor', 0)",
)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    """A database without any table: a file that SQLite made, or a database of the server."""
    if request.param == "postgresql":
        return targets.target_url(str(request.getfixturevalue("empty_postgres_url")))
    return empty_file(tmp_path / "empty.desk")


@pytest.fixture
def engine(database_target: str) -> Iterator[Engine]:
    """An engine on a migrated database."""
    made = engines.make_engine(targets.target_url(database_target))
    yield made.execution_options(**{engines.WRITE: True})
    made.dispose()


def empty_file(path: Path) -> URL:
    import sqlite3

    raw = sqlite3.connect(path)
    raw.execute("PRAGMA user_version = 1")
    raw.close()
    return targets.target_url(str(path))


def run(url: URL, *statements: str) -> list[Any]:
    """Runs plain statements and commits; answers the rows of the last one."""
    made = engines.make_engine(url)
    found: list[Any] = []
    try:
        with made.execution_options(**{engines.WRITE: True}).begin() as connection:
            for statement in statements:
                result = connection.execute(text(statement))
                found = list(result) if result.returns_rows else []
    finally:
        made.dispose()
    return found


def counts(url: URL) -> dict[str, int]:
    tables = ("authors", "books", "contributions", "desk_meta")
    return {table: run(url, f"SELECT count(*) FROM {table}")[0][0] for table in tables}


def test_every_revision_goes_up_and_down_with_data_in_it(empty_url: URL) -> None:
    filled: dict[str, int] = {}
    for before, revision in zip([None, *REVISIONS], REVISIONS, strict=False):
        assert migrations.upgrade(empty_url, revision).current == revision
        if not filled:
            run(empty_url, *ROWS)
            filled = counts(empty_url)
        assert counts(empty_url) == filled
        migrations.downgrade(empty_url, before or "base")
        if before:
            assert counts(empty_url) == filled
        migrations.upgrade(empty_url, revision)
        if before is None:
            run(empty_url, *ROWS)
        assert counts(empty_url) == filled == {"authors": 1, "books": 1, "contributions": 1, "desk_meta": 1}
    status = migrations.downgrade(empty_url, "base")
    assert (status.state, status.pending) == (SchemaState.EMPTY, tuple(REVISIONS))
    assert migrations.upgrade(empty_url).state is SchemaState.CURRENT


def test_the_last_revision_is_what_the_models_say(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                **migrations.configured(Base.metadata),
                "compare_type": True,
                "compare_server_default": _defaults_differ,
            },
        )
        assert compare_metadata(context, Base.metadata) == []


def _defaults_differ(
    _context: Any, _inspected: Any, _column: Any, in_database: str | None, _default: Any, in_models: str | None
) -> bool:
    """Whether two server defaults differ in more than brackets, quotes and casts."""
    return _bare(in_database) != _bare(in_models)


def _bare(default: str | None) -> str | None:
    return None if default is None else default.partition("::")[0].strip("()'\"")


def test_the_comparison_would_notice_a_difference(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("DROP INDEX ix_books_price_id"))
        connection.execute(text("ALTER TABLE books ADD COLUMN extra INTEGER"))
        context = MigrationContext.configure(connection, opts=migrations.configured(Base.metadata))
        found = [str(difference) for difference in compare_metadata(context, Base.metadata)]
    assert len(found) == 2
    assert all(any(word in one for one in found) for word in ("add_index", "remove_column"))


def test_every_index_and_constraint_is_named_by_the_convention(engine: Engine) -> None:
    with engine.connect() as connection:
        inspector = inspect(connection)
        for table in Base.metadata.sorted_tables:
            assert {one["name"] for one in inspector.get_indexes(table.name)} == {one.name for one in table.indexes}
            key = inspector.get_pk_constraint(table.name)["name"]
            assert key == table.primary_key.name == f"pk_{table.name}" or _is_anonymous(connection, table.name, key)
            found = {one["name"] for one in inspector.get_foreign_keys(table.name)}
            assert found == {one.name for one in table.foreign_key_constraints}
            assert all(str(name).startswith(f"fk_{table.name}_") for name in found)
            assert inspector.get_unique_constraints(table.name) == []


def _is_anonymous(connection: Connection, table: str, key: str | None) -> bool:
    """SQLite takes no name for a key that counts up."""
    ddl = text("SELECT sql FROM sqlite_master WHERE name = :name")
    return key is None and "AUTOINCREMENT" in str(connection.execute(ddl, {"name": table}).scalar())


def test_keys_are_compared_byte_by_byte(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text(ROWS[0]))
        for number, key in enumerate(("Z", "a", "é", "z", "B")):
            connection.execute(
                text("INSERT INTO books (id, title, title_key) VALUES (:id, 'x', :key)"), {"id": number + 1, "key": key}
            )
        found = connection.execute(text("SELECT title_key FROM books ORDER BY title_key")).scalars().all()
    assert found == ["B", "Z", "a", "z", "é"]


def test_ids_are_never_used_again_by_plain_statements_either(engine: Engine) -> None:
    with engine.connect() as connection:
        for table, field in (("authors", "name"), ("books", "title")):
            insert = text(f"INSERT INTO {table} ({field}, {field}_key) VALUES ('x', 'x') RETURNING id")
            used = [connection.execute(insert).scalar_one() for _number in range(3)]
            connection.execute(text(f"DELETE FROM {table}"))
            assert connection.execute(insert).scalar_one() > max(used)


def test_an_empty_catalogue_has_an_identity_of_its_own(empty_url: URL) -> None:
    migrations.upgrade(empty_url)
    ((first,),) = run(empty_url, "SELECT catalogue FROM desk_meta")
    migrations.downgrade(empty_url, "base")
    migrations.upgrade(empty_url)
    ((second,),) = run(empty_url, "SELECT catalogue FROM desk_meta")
    assert first != second


def test_deleting_a_book_removes_its_contributions_but_an_author_is_protected(engine: Engine) -> None:
    with engine.connect() as connection:
        for statement in ROWS:
            connection.execute(text(statement))
        refuses_deletion(connection, "authors")
        connection.execute(text("DELETE FROM books"))
        assert connection.execute(text("SELECT count(*) FROM contributions")).scalar_one() == 0


def refuses_deletion(connection: Connection, table: str) -> None:
    from sqlalchemy.exc import IntegrityError

    with pytest.raises(IntegrityError), connection.begin_nested():
        connection.execute(text(f"DELETE FROM {table}"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_revision_imports_nothing_from_desk_and_begins_with_its_id(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not {name for name in imported if name.partition(".")[0] == "desk"}
    assert file.stem.partition("_")[0] in REVISIONS


def test_the_folder_of_revisions_never_becomes_a_package() -> None:
    assert not list(data_folder("alembic").rglob("__init__.py"))


def test_the_history_is_one_line_with_summaries() -> None:
    history = migrations.history(REVISIONS[-1])
    assert [one.is_current for one in history] == [True] + [False] * (len(history) - 1)
    assert all(one.summary for one in history)


def test_the_command_line_of_alembic_finds_nothing_to_change(database_target: str) -> None:
    url = targets.target_url(database_target).render_as_string(hide_password=False)
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "-x", f"url={url}", "check"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "No new upgrade operations" in done.stdout


@pytest.mark.parametrize(("table", "key"), [("books", "title_key"), ("authors", "name_key")])
def test_the_default_orders_run_inside_their_indexes(
    catalogue: OpenCatalogue, filled: Library, table: str, key: str
) -> None:
    explain = {"sqlite": "EXPLAIN QUERY PLAN", "postgresql": "EXPLAIN"}[catalogue.sessions.dialect]
    with catalogue.sessions.reading("plan") as session:
        if catalogue.sessions.dialect == "postgresql":
            session.execute(text("SET LOCAL enable_seqscan = off"))  # the tables are too small to need an index
        plan = session.execute(text(f"{explain} SELECT id FROM {table} ORDER BY {key}, id LIMIT 5")).all()
    assert f"ix_{table}_{key}_id" in str(plan)


def test_the_names_of_the_files_tell_the_order_in_which_alembic_applies_them() -> None:
    scripts = ScriptDirectory.from_config(migrations.make_config())
    applied = [script.revision for script in scripts.walk_revisions()][::-1]
    assert list(revisions.known_revisions()) == applied
