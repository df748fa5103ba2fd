"""Driving the revisions: states are told apart, and a failure leaves data, schema and version as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import SQLAlchemyError

from desk.database import migrations, targets
from desk.database.revisions import SchemaState, status_of
from desk.errors import EnvironmentProblem, InvalidInput
from desk.operations.connect import open_catalogue
from tests.migrations.test_revisions import REVISIONS, ROWS, counts, empty_file, run
from tests.support.editing import scalar
from tests.support.revisions import add_revision, scripts_in, use_scripts

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import URL

HEAD = REVISIONS[-1]


@pytest.fixture
def url(database_target: str) -> URL:
    """A migrated catalogue with an author, a book and a contribution."""
    made = targets.target_url(database_target)
    run(made, *ROWS)
    return made


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of alembic/ that the program takes for its own."""
    copy = scripts_in(tmp_path / "scripts")
    use_scripts(copy, monkeypatch)
    return copy


def is_unchanged(url: URL) -> bool:
    everything_there = counts(url) == {"authors": 1, "books": 1, "contributions": 1, "desk_meta": 1}
    return everything_there and run(url, "SELECT version_num FROM alembic_version") == [(HEAD,)]


def test_a_migrated_database_is_current(url: URL) -> None:
    status = status_of(url)
    assert (status.state, status.current, status.head, status.pending) == (SchemaState.CURRENT, HEAD, HEAD, ())
    assert migrations.upgrade(url) == status


def test_an_empty_database_lacks_all_revisions(tmp_path: Path, empty_postgres_url: str) -> None:
    for url in (empty_file(tmp_path / "empty.desk"), targets.target_url(empty_postgres_url)):
        status = status_of(url)
        assert (status.state, status.current) == (SchemaState.EMPTY, None)
        assert status.pending == tuple(REVISIONS)
        refused(url, "empty")


def test_an_older_database_names_what_it_lacks_and_is_not_opened(url: URL, scripts: Path) -> None:
    add_revision(scripts, "pass")
    status = status_of(url)
    assert (status.state, status.current, status.pending) == (SchemaState.OLDER, HEAD, ("9001",))
    assert "migrate upgrade" in refused(url, "older").advice
    assert migrations.upgrade(url).state is SchemaState.CURRENT


def test_a_newer_database_is_opened_for_reading_only(url: URL) -> None:
    run(url, "UPDATE alembic_version SET version_num = 'zzzz'")
    assert status_of(url).state is SchemaState.NEWER
    opened = open_catalogue(target=url.render_as_string(hide_password=False))
    assert "zzzz" in opened.info.read_only
    assert scalar(opened, "SELECT count(*) FROM books") == 1
    with pytest.raises(EnvironmentProblem, match="newer"), opened.sessions.writing("write"):
        pass
    opened.close()


def test_keys_of_another_version_open_for_reading_only(url: URL) -> None:
    run(url, "UPDATE desk_meta SET key_version = 99")
    opened = open_catalogue(target=url.render_as_string(hide_password=False))
    assert "keys" in opened.info.read_only
    assert opened.sessions.read_only == opened.info.read_only
    opened.close()


@pytest.mark.parametrize("with_alembic", [False, True], ids=["tables only", "with revisions of its own"])
def test_a_foreign_database_is_neither_opened_nor_changed(
    tmp_path: Path, empty_postgres_url: str, with_alembic: bool
) -> None:
    statements = ["CREATE TABLE theirs (x INTEGER)"]
    if with_alembic:
        statements += [
            "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)",
            "INSERT INTO alembic_version VALUES ('ab12')",
        ]
    server = targets.target_url(empty_postgres_url).update_query_dict({"schema": "theirs"})
    run(server, "CREATE SCHEMA theirs")
    for url in (empty_file(tmp_path / "theirs.db"), server):
        run(url, *statements)
        assert status_of(url).state is SchemaState.FOREIGN
        refused(url, "foreign")
        with pytest.raises(EnvironmentProblem) as problem:
            migrations.upgrade(url)
        assert problem.value.code == "foreign"
        assert run(url, "SELECT count(*) FROM theirs") == [(0,)]
        with pytest.raises(SQLAlchemyError):
            run(url, "SELECT count(*) FROM books")


@pytest.mark.parametrize("tables", [(), ("CREATE TABLE books (title TEXT)", "CREATE TABLE authors (name TEXT)")])
def test_a_foreign_database_at_a_revision_of_the_same_name_is_foreign(
    tmp_path: Path, empty_postgres_url: str, tables: tuple[str, ...]
) -> None:
    server = targets.target_url(empty_postgres_url).update_query_dict({"schema": "theirs"})
    run(server, "CREATE SCHEMA theirs")
    for url in (empty_file(tmp_path / "theirs.db"), server):
        run(
            url,
            *tables,
            "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)",
            f"INSERT INTO alembic_version VALUES ('{REVISIONS[0]}')",
        )
        assert status_of(url).state is SchemaState.FOREIGN
        refused(url, "foreign")
        for migrate, revision in ((migrations.upgrade, "head"), (migrations.downgrade, "base")):
            with pytest.raises(EnvironmentProblem) as problem:
                migrate(url, revision)
            assert problem.value.code == "foreign"
        assert run(url, "SELECT version_num FROM alembic_version") == [(REVISIONS[0],)]
        if tables:
            assert run(url, "SELECT count(*) FROM books") == [(0,)]


def refused(url: URL, code: str) -> EnvironmentProblem:
    with pytest.raises(EnvironmentProblem) as problem:
        open_catalogue(target=url.render_as_string(hide_password=False))
    assert problem.value.code == code
    assert "Nothing was changed" in problem.value.kept
    return problem.value


def test_other_schemas_of_the_server_are_not_ours_to_judge(empty_postgres_url: str) -> None:
    url = targets.target_url(empty_postgres_url)
    run(url, "CREATE TABLE public.theirs (x INTEGER)")
    assert status_of(url).state is SchemaState.EMPTY
    assert migrations.upgrade(url).state is SchemaState.CURRENT
    assert run(url, "SELECT count(*) FROM public.theirs") == [(0,)]


@pytest.mark.parametrize(
    "failure",
    ["op.execute('SELEKT')", "raise RuntimeError('broken')", "op.execute('INSERT INTO books (title) VALUES (NULL)')"],
)
def test_a_failing_upgrade_leaves_everything_as_it_was(url: URL, scripts: Path, failure: str) -> None:
    add_revision(
        scripts,
        "op.create_table('extra', sa.Column('x', sa.Integer())); op.execute('DELETE FROM contributions'); " + failure,
    )
    with pytest.raises(EnvironmentProblem) as problem:
        migrations.upgrade(url)
    assert (problem.value.code, "as they were before" in problem.value.kept) == ("migration", True)
    assert is_unchanged(url)
    with pytest.raises(SQLAlchemyError):
        run(url, "SELECT * FROM extra")


def test_a_failing_downgrade_leaves_everything_as_it_was(url: URL, scripts: Path) -> None:
    add_revision(scripts, "pass", "op.execute('DELETE FROM contributions'); op.execute('SELEKT')")
    migrations.upgrade(url)
    with pytest.raises(EnvironmentProblem):
        migrations.downgrade(url, HEAD)
    assert counts(url)["contributions"] == 1
    assert run(url, "SELECT version_num FROM alembic_version") == [("9001",)]


@pytest.mark.parametrize("way", ["up", "down"])
def test_a_migration_that_would_break_references_is_undone(sqlite_path: Path, scripts: Path, way: str) -> None:
    url = targets.target_url(str(sqlite_path))
    run(url, *ROWS)
    breaking = "op.execute('DELETE FROM authors')"
    add_revision(scripts, breaking if way == "up" else "pass", breaking if way == "down" else "pass")
    if way == "down":
        migrations.upgrade(url)
    with pytest.raises(EnvironmentProblem) as problem:
        migrations.upgrade(url) if way == "up" else migrations.downgrade(url, HEAD)
    assert problem.value.code == "references"
    assert "2 broken references" in problem.value.what
    assert counts(url)["authors"] == 1


def test_a_rebuilt_table_keeps_what_refers_to_it(url: URL, scripts: Path) -> None:
    add_revision(
        scripts,
        "b = op.batch_alter_table('books', recreate='auto'); c = b.__enter__();"
        " c.add_column(sa.Column('extra', sa.Integer())); c.alter_column('notes', new_column_name='remarks');"
        " b.__exit__(None, None, None)",
    )
    migrations.upgrade(url)
    assert counts(url) == {"authors": 1, "books": 1, "contributions": 1, "desk_meta": 1}
    assert run(url, "SELECT remarks, extra FROM books") == [(None, None)]


@pytest.mark.parametrize("revision", ["nothing", "12345"])
def test_an_unknown_revision_is_refused_in_words(url: URL, revision: str) -> None:
    for migrate in (migrations.upgrade, migrations.downgrade):
        with pytest.raises(InvalidInput) as problem:
            migrate(url, revision)
        assert revision in problem.value.what
        assert "Nothing was changed" in problem.value.kept
    assert is_unchanged(url)


def test_a_downgrade_of_an_empty_database_changes_nothing(tmp_path: Path) -> None:
    url = empty_file(tmp_path / "empty.desk")
    assert migrations.downgrade(url, "base").state is SchemaState.EMPTY


def test_a_missing_file_is_not_created_by_a_migration(tmp_path: Path) -> None:
    url = targets.target_url(str(tmp_path / "none.desk"))
    for migrate in (migrations.upgrade, status_of):
        with pytest.raises(EnvironmentProblem) as problem:
            migrate(url)
        assert problem.value.code == "missing"
    assert not (tmp_path / "none.desk").exists()


def test_two_migrators_at_once_make_one_schema(empty_postgres_url: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    url = targets.target_url(empty_postgres_url)
    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(migrations.upgrade, url) for _number in range(2)]
        assert {one.result(30).state for one in both} == {SchemaState.CURRENT}
    assert run(url, "SELECT count(*) FROM desk_meta") == [(1,)]
