"""Migrating: what a plan says, what a backup holds, and that whatever goes wrong leaves everything as it was."""

from __future__ import annotations

import os
import sqlite3
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import text

from desk.catalog.models import Base
from desk.database import backups, engines, migrations, secrets, targets
from desk.database.actions import Action
from desk.database.migration_unit import LOCK_KEY, MigrationProgress
from desk.database.profiles import PoolSettings, Profile, profile_of
from desk.database.revisions import SchemaState, known_revisions
from desk.errors import ActionCancelled, DeskError, EnvironmentProblem, InvalidInput
from desk.operations.connect import open_catalogue
from desk.operations.migrating import (
    MigrationResult,
    downgrade_catalogue,
    examine_schema,
    plan_upgrade,
    upgrade_catalogue,
    upgrade_sql,
)
from tests.support.holding import ENDLESS, cancel_until_done
from tests.support.library import make_books
from tests.support.revisions import HARM, SHELF_DOWN, SHELF_UP, add_revision, scripts_in, use_scripts
from tests.support.schema_picture import definitions, picture
from tests.support.unprivileged import folder_for_everyone, without_root
from tests.support.waiting import LONGEST, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future
    from contextlib import AbstractContextManager

    from sqlalchemy import URL

    from tests.support.measuring import Activity
    from tests.support.postgres import Server

HEAD = known_revisions()[-1]
SENTINEL = "s3ntinel-pa55word"


@pytest.fixture
def target(database_target: str) -> str:
    """The target of a catalogue with 60 books."""
    opened = open_catalogue(target=database_target)
    make_books(opened, 60)
    opened.close()
    return database_target


@pytest.fixture
def url(target: str) -> URL:
    return targets.target_url(target)


@pytest.fixture
def profile(target: str) -> Profile:
    return profile_for(target)


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of revisions that the program takes for its own."""
    folder = scripts_in(tmp_path / "scripts")
    use_scripts(folder, monkeypatch)
    return folder


@pytest.fixture
def old_file(sqlite_path: Path, scripts: Path) -> Path:
    """A file of more than three megabytes that lacks the revision 9001."""
    with closing(sqlite3.connect(sqlite_path)) as raw, raw:
        raw.executemany(
            "INSERT INTO books (title, title_key, notes) VALUES (?, ?, ?)",
            [(f"Book {number}", f"book {number}", "x" * 8000) for number in range(400)],
        )
    add_revision(scripts, SHELF_UP, SHELF_DOWN, summary="Shelf marks.")
    return sqlite_path


def profile_for(target: str, **pool: float) -> Profile:
    """A profile of a target; its password is remembered for the run, as after opening it."""
    profile, password = profile_of(target)
    secrets.remember(profile, password)
    return replace(profile, pool=replace(PoolSettings(), **pool))  # type: ignore[arg-type]


def beside(path: Path) -> set[str]:
    return {one.name for one in path.parent.iterdir() if one.is_file()}


def failing(operation: Callable[[], object]) -> DeskError:
    with pytest.raises(DeskError) as raised:
        operation()
    return raised.value


# Plans


def test_the_plan_of_an_older_catalogue_names_what_is_pending_and_the_backup(
    profile: Profile, url: URL, scripts: Path
) -> None:
    add_revision(scripts, "pass", summary="Shelf marks.")
    add_revision(scripts, "pass", summary="Copies.")
    before = picture(url)
    plan = plan_upgrade(profile=profile)
    assert (plan.state, plan.current, plan.head, plan.may) == (SchemaState.OLDER, HEAD, "9002", "")
    assert [(one.id, one.summary) for one in plan.pending] == [("9001", "Shelf marks."), ("9002", "Copies.")]
    if profile.is_server:
        assert plan.backup is None
        assert "pg_dump" in plan.backup_note
    else:
        assert plan.backup is not None
        assert plan.backup.parent == Path(profile.target).parent
        assert plan.backup.name.startswith("library.before-9002.")
        assert plan.backup_note == ""
    assert picture(url) == before


def test_the_plan_of_an_empty_database_creates_the_schema(tmp_path: Path, empty_postgres_url: str) -> None:
    path = tmp_path / "empty.desk"
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA user_version = 1")
    for target in (str(path), empty_postgres_url):
        plan = plan_upgrade(profile=profile_for(target))
        assert (plan.state, plan.current, plan.may) == (SchemaState.EMPTY, None, "")
        assert [one.id for one in plan.pending] == list(known_revisions())
        assert (plan.backup, plan.backup_note) == (None, "")
        result = upgrade_catalogue(profile=profile_for(target))
        assert (result.status.state, result.backup) == (SchemaState.CURRENT, None)
        open_catalogue(target=target).close()


@pytest.mark.parametrize(
    ("statements", "state", "word"),
    [
        (("UPDATE alembic_version SET version_num = 'zzzz'",), SchemaState.NEWER, "newer"),
        (("DROP TABLE desk_meta",), SchemaState.FOREIGN, "not Desk's"),
    ],
)
def test_a_newer_and_a_foreign_schema_are_explained_and_never_migrated(
    profile: Profile, url: URL, statements: tuple[str, ...], state: SchemaState, word: str
) -> None:
    change(url, *statements)
    before = picture(url)
    plan = plan_upgrade(profile=profile)
    assert (plan.state, plan.pending) == (state, ())
    assert word in plan.may
    for operation in (upgrade_catalogue, upgrade_sql):
        assert failing(lambda operation=operation: operation(profile=profile)).code == state.value  # type: ignore[misc]
    assert failing(lambda: downgrade_catalogue(profile=profile, revision="base")).code == state.value
    assert picture(url) == before


def test_the_command_for_a_servers_backup_has_no_password(postgres_url: str) -> None:
    secret = targets.target_url(postgres_url).password
    odd = targets.target_url(postgres_url).update_query_dict({"schema": "My Books"}).render_as_string(False)
    migrations.upgrade(targets.target_url(odd))
    for target, schema in ((postgres_url, "--schema=desk"), (odd, '"My Books"')):
        note = plan_upgrade(profile=profile_for(target)).backup_note
        assert schema in note
        assert "schema=My" not in note
        assert str(secret) not in note
        assert note.splitlines()[1].startswith("pg_dump ")


def test_the_servers_command_makes_a_backup(postgres: Server, postgres_url: str, tmp_path: Path) -> None:
    import shlex
    import shutil
    import subprocess

    from tests.support.postgres import find_binaries

    binaries = find_binaries()
    program = binaries / "pg_dump" if binaries else None
    if program is None or not program.exists():
        pytest.skip("this PostgreSQL has no pg_dump")
    note = plan_upgrade(profile=profile_for(postgres_url)).backup_note
    words = [str(program), *shlex.split(note.splitlines()[1])[1:]]
    password = targets.target_url(postgres_url).password
    subprocess.run(words, cwd=tmp_path, env={**os.environ, "PGPASSWORD": str(password)}, check=True)
    (dump,) = tmp_path.glob("*.dump")
    restore = shutil.which("pg_restore", path=str(program.parent))
    listed = subprocess.run([str(restore), "--list", str(dump)], capture_output=True, text=True, check=True).stdout
    assert all(f"TABLE DATA desk {table.name}" in listed for table in Base.metadata.sorted_tables)


def test_a_plan_says_why_a_role_may_not(postgres: Server, postgres_url: str, empty_postgres_url: str) -> None:
    role = f"reader_{time.monotonic_ns()}"
    change(targets.target_url(postgres_url), f"CREATE ROLE {role} LOGIN PASSWORD '{SENTINEL}'")
    name = str(targets.target_url(postgres_url).database)
    try:
        change(
            targets.target_url(postgres_url),
            f"GRANT USAGE ON SCHEMA desk TO {role}",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA desk TO {role}",
        )
        reader = profile_for(postgres.url(name, user=role, password=SENTINEL))
        assert "may not create tables" in plan_upgrade(profile=reader).may
        change(targets.target_url(postgres_url), f"GRANT CREATE ON SCHEMA desk TO {role}")
        assert "belong to another role" in plan_upgrade(profile=reader).may
        empty = postgres.url(str(targets.target_url(empty_postgres_url).database), user=role, password=SENTINEL)
        assert role in plan_upgrade(profile=profile_for(empty)).may
        problem = failing(lambda: upgrade_catalogue(profile=profile_for(empty)))
        assert (problem.code, SENTINEL in str(problem)) == ("permission", False)
        assert "before" in problem.kept
    finally:
        change(targets.target_url(postgres_url), f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def test_a_schema_with_any_name_that_the_role_may_not_use_is_not_taken_for_empty(
    empty_postgres_url: str,
) -> None:
    url = targets.target_url(empty_postgres_url).update_query_dict({"schema": 'our "own" 50%'})
    migrations.upgrade(url)
    role = f"stranger_{url.database}"
    change(url, f"CREATE ROLE {role} LOGIN PASSWORD '{SENTINEL}'")
    try:
        stranger = url.set(username=role, password=SENTINEL).render_as_string(hide_password=False)
        assert failing(lambda: plan_upgrade(profile=profile_for(stranger))).code == "permission"
    finally:
        change(url, f"DROP ROLE {role}")


def test_a_plan_says_why_a_file_may_not(sqlite_path: Path) -> None:
    read_only = replace(profile_for(str(sqlite_path)), read_only=True)
    assert plan_upgrade(profile=read_only).may
    assert failing(lambda: upgrade_catalogue(profile=read_only)).code == "read_only"
    with folder_for_everyone() as folder:
        shut = folder / "library.desk"
        shut.write_bytes(sqlite_path.read_bytes())
        with without_root():
            assert "folder" in plan_upgrade(profile=profile_for(str(shut))).may
            problem = failing(lambda: upgrade_catalogue(profile=profile_for(str(shut))))
        assert (problem.code, problem.kept) == ("read_only", "Nothing was changed.")
        assert beside(shut) == {"library.desk"}


def test_a_connection_for_reading_only_is_not_migrated(profile: Profile, url: URL) -> None:
    before = picture(url)
    read_only = replace(profile, read_only=True)
    assert plan_upgrade(profile=read_only).may
    for operation in (upgrade_catalogue, downgrade_catalogue):
        with pytest.raises(EnvironmentProblem) as problem:
            operation(profile=read_only, revision="base")
        assert problem.value.code == "read_only"
    assert picture(url) == before


# Backups


def test_the_backup_is_exactly_what_was_there_before(old_file: Path) -> None:
    old_file.chmod(0o640)
    before = picture(targets.target_url(str(old_file)))
    seen: list[MigrationProgress] = []
    result = upgrade_catalogue(profile=profile_for(str(old_file)), on_progress=seen.append)
    assert result.backup is not None
    assert picture(targets.target_url(str(result.backup))) == before
    assert result.backup.stat().st_mode & 0o777 == 0o640
    assert result.backup.name.startswith("library.before-9001.")
    assert beside(old_file) == {old_file.name, result.backup.name}
    steps = [one for one in seen if one.phase == "backup"]
    assert [one.done for one in steps] == sorted(one.done for one in steps)
    assert (len(steps) > 2, steps[-1].done) == (True, steps[-1].total)
    assert [one.phase for one in seen] == sorted(
        (one.phase for one in seen), key=["waiting", "backup", "revision"].index
    )
    assert next(one.text for one in seen if one.phase == "revision") == "9001: Shelf marks."


def test_nobody_writes_between_the_backup_and_the_migration(old_file: Path) -> None:
    refused: list[str] = []

    def write_elsewhere(progress: MigrationProgress) -> None:
        if progress.phase == "backup":
            with closing(sqlite3.connect(old_file, timeout=0)) as raw:
                with pytest.raises(sqlite3.OperationalError) as locked:
                    raw.execute("UPDATE books SET notes = 'changed'")
                refused.append(str(locked.value))
                assert raw.execute("SELECT count(*) FROM books").fetchone() == (400,)

    upgrade_catalogue(profile=profile_for(str(old_file)), on_progress=write_elsewhere)
    assert set(refused) == {"database is locked"}


class Still(datetime):
    """A clock that stands still."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Still:
        return cls(2026, 2, 3, 4, 5, 6, tzinfo=tz)


def test_backups_of_one_second_have_names_of_their_own(old_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backups, "datetime", Still)
    profile = profile_for(str(old_file))
    for _time in range(3):
        upgrade_catalogue(profile=profile)
        downgrade_catalogue(profile=profile, revision=HEAD, backup=False)
    begin = "library.before-9001.20260203-040506"
    assert beside(old_file) == {old_file.name, f"{begin}.desk", f"{begin}-2.desk", f"{begin}-3.desk"}


def test_nothing_to_do_makes_no_backup(profile: Profile) -> None:
    result = upgrade_catalogue(profile=profile)
    assert (result.backup, result.waited, result.status.state) == (None, False, SchemaState.CURRENT)
    if not profile.is_server:
        assert beside(Path(profile.target)) == {"library.desk"}


def test_a_backup_can_be_left_out(old_file: Path) -> None:
    assert upgrade_catalogue(profile=profile_for(str(old_file)), backup=False).backup is None
    assert beside(old_file) == {old_file.name}


@pytest.mark.parametrize("way", ["the name is taken", "no space", "damaged"])
def test_without_a_backup_nothing_is_migrated(old_file: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    resource = pytest.importorskip("resource", reason="this system cannot limit the size of files")
    taken = old_file.with_name("taken.desk")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    if way == "the name is taken":
        taken.write_text("somebody's")
        monkeypatch.setattr(backups, "backup_path", lambda _path, _revision: taken)
    elif way == "damaged":
        with old_file.open("r+b") as file:
            file.seek(-4096 * 3, os.SEEK_END)
            file.write(b"\xff" * 4096 * 2)
    before = old_file.read_bytes()
    names = beside(old_file)
    if way == "no space":
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        problem = failing(lambda: upgrade_catalogue(profile=profile_for(str(old_file))))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (problem.code, problem.kept) == ("backup", "Nothing was changed.")
    assert problem.advice
    assert old_file.read_bytes() == before
    assert beside(old_file) == names
    assert not taken.exists() or taken.read_text() == "somebody's"


def test_a_downgrade_is_backed_up_too_and_comes_back(old_file: Path) -> None:
    profile = profile_for(str(old_file))
    url = targets.target_url(str(old_file))
    shape = definitions(url)
    upgrade_catalogue(profile=profile, backup=False)
    full = picture(url)
    result = downgrade_catalogue(profile=profile, revision=HEAD)
    assert result.backup is not None
    assert picture(targets.target_url(str(result.backup))) == full
    assert result.status.current == HEAD
    assert [row[1] for row in definitions(url)] == [row[1] for row in shape]


# Failures and cancels


@pytest.mark.parametrize("end", ["op.execute('SELEKT')", "raise RuntimeError('broken')"])
@pytest.mark.parametrize("way", ["up", "down"])
def test_a_failing_revision_leaves_data_schema_and_version_as_before(
    profile: Profile, url: URL, scripts: Path, way: str, end: str
) -> None:
    add_revision(scripts, SHELF_UP, SHELF_DOWN)
    if way == "down":
        add_revision(scripts, "pass", HARM + end)
        upgrade_catalogue(profile=profile, backup=False)
    else:
        add_revision(scripts, HARM + end)
    before = picture(url)
    content = Path(profile.target).read_bytes() if not profile.is_server else b""
    migrate = upgrade_catalogue if way == "up" else downgrade_catalogue
    problem = failing(lambda: migrate(profile=profile, revision=HEAD if way == "down" else "9002"))
    assert problem.code == "migration"
    assert "Data, schema and version are as they were before." in problem.kept
    assert picture(url) == before
    if not profile.is_server:
        assert Path(profile.target).read_bytes() == content
        (backup,) = Path(profile.target).parent.glob("library.before-*")
        assert str(backup) in problem.kept
        assert picture(targets.target_url(str(backup))) == before


def test_a_revision_that_would_lose_rows_is_undone(old_file: Path, scripts: Path) -> None:
    add_revision(scripts, "op.execute('DELETE FROM books WHERE id % 2')")
    before = picture(targets.target_url(str(old_file)))
    problem = failing(lambda: upgrade_catalogue(profile=profile_for(str(old_file))))
    assert (problem.code, "200 rows" in problem.what) == ("rows", True)
    assert picture(targets.target_url(str(old_file))) == before


def test_a_cancel_during_the_backup_leaves_nothing(old_file: Path) -> None:
    before = old_file.read_bytes()
    action = Action("upgrade")
    steps: list[MigrationProgress] = []

    def cancel(progress: MigrationProgress) -> None:
        if progress.phase == "backup":
            assert len(beside(old_file)) > 1
            steps.append(progress)
            action.cancel()

    with action.running(), pytest.raises(ActionCancelled, match="as they were"):
        upgrade_catalogue(profile=profile_for(str(old_file)), on_progress=cancel)
    assert len(steps) == 1
    assert old_file.read_bytes() == before
    assert beside(old_file) == {old_file.name}


def test_a_cancel_stops_a_revision_that_runs_and_removes_its_backup(profile: Profile, url: URL, scripts: Path) -> None:
    endless = ENDLESS["postgresql" if profile.is_server else "sqlite"]
    add_revision(scripts, HARM + f'op.execute("{endless}")')
    before = picture(url)
    with migrating(profile) as (action, future, seen):
        wait_until(lambda: any(one.phase == "revision" for one in seen) or future.done(), "the revision runs")
        cancel_until_done(action, future)
    assert isinstance(future.exception(), ActionCancelled)
    assert picture(url) == before
    if not profile.is_server:
        assert beside(Path(profile.target)) == {"library.desk"}


@contextmanager
def migrating(profile: Profile) -> Iterator[tuple[Action, Future[MigrationResult], list[MigrationProgress]]]:
    """An upgrade on a thread of its own."""
    action = Action("upgrade")
    seen: list[MigrationProgress] = []

    def run() -> MigrationResult:
        with action.running():
            return upgrade_catalogue(profile=profile, on_progress=seen.append)

    with ThreadPoolExecutor(1) as threads:
        future = threads.submit(run)
        try:
            yield action, future, seen
        finally:
            cancel_until_done(action, future)


@pytest.mark.parametrize("end", ["cancel", "go on"])
def test_the_second_migrator_waits_without_a_transaction_for_as_long_as_it_takes(
    postgres_url: str, scripts: Path, end: str, pg_activity: Callable[[str], AbstractContextManager[Activity]]
) -> None:
    add_revision(scripts, SHELF_UP)
    impatient = profile_for(postgres_url, lock_timeout=0.01, statement_timeout=0.5)
    with (
        pg_activity(postgres_url) as activity,
        other_session(postgres_url) as other,
        migrating(impatient) as (action, future, seen),
    ):
        other.execute("SELECT pg_advisory_lock(%s)", (LOCK_KEY,))
        wait_until(lambda: seen or future.done(), "it waits")
        if end == "go on":
            begin = activity.samples
            wait_until(lambda: activity.samples > begin + 30, "the time-outs have passed")
            other.execute("SELECT pg_advisory_unlock(%s)", (LOCK_KEY,))
            result = future.result(LONGEST)
            assert (result.waited, result.status.state) == (True, SchemaState.CURRENT)
        else:
            cancel_until_done(action, future)
            assert isinstance(future.exception(), ActionCancelled)
            assert plan_upgrade(profile=impatient).state is SchemaState.OLDER
        assert seen[0].phase == "waiting"
    assert activity.longest_idle_ms < 200


@contextmanager
def other_session(url: str) -> Iterator[Any]:
    address = targets.target_url(url).set(drivername="postgresql").render_as_string(False)
    with psycopg.connect(address, autocommit=True) as connection:
        yield connection


def test_a_lock_that_somebody_holds_is_waited_for_as_long_as_the_time_out_says(
    target: str, url: URL, scripts: Path
) -> None:
    add_revision(scripts, SHELF_UP)
    profile = profile_for(target, lock_timeout=0.3)
    before = picture(url)
    with holding_books(target):
        problem = failing(lambda: upgrade_catalogue(profile=profile))
        assert problem.code == "locked"
        assert "as they were before" in problem.kept
        assert problem.advice
        assert picture(url) == before
    assert upgrade_catalogue(profile=profile).status.state is SchemaState.CURRENT


@contextmanager
def holding_books(target: str) -> Iterator[None]:
    """Somebody else is in a transaction that has read (server) or may write (file) books."""
    if profile_for(target).is_server:
        with other_session(target) as other:
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM desk.books")
            yield
    else:
        with closing(sqlite3.connect(target, isolation_level=None)) as raw:
            raw.execute("BEGIN IMMEDIATE")
            yield


def test_a_cancel_ends_the_wait_for_somebody_elses_lock(target: str, url: URL, scripts: Path) -> None:
    add_revision(scripts, SHELF_UP)
    before = picture(url)
    patient = profile_for(target, lock_timeout=600)
    with holding_books(target), migrating(patient) as (action, future, seen):
        wait_until(lambda: seen or future.done(), "it has begun")
        cancel_until_done(action, future)
        assert isinstance(future.exception(), ActionCancelled)
    assert picture(url) == before
    assert patient.is_server or beside(Path(target)) == {"library.desk"}


def test_a_migration_may_take_longer_than_the_statements_of_browsing(postgres_url: str, scripts: Path) -> None:
    add_revision(scripts, "op.execute('SELECT pg_sleep(0.4)')")
    hurried = profile_for(postgres_url, statement_timeout=0.1)
    assert upgrade_catalogue(profile=hurried).status.current == "9001"


def test_a_revision_may_compute_for_longer_than_a_transaction_may_be_idle(postgres_url: str, scripts: Path) -> None:
    add_revision(scripts, "import time\ntime.sleep(0.4)")
    hurried = profile_for(postgres_url, idle_in_transaction_timeout=0.1)
    assert upgrade_catalogue(profile=hurried).status.current == "9001"


def test_a_deadlock_is_tried_again(postgres_url: str, scripts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    once = "op.execute(\"DO $$ BEGIN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01'; END $$\")"
    flag = scripts / "tried"
    add_revision(
        scripts,
        f"import pathlib\nflag = pathlib.Path({str(flag)!r})\nwas_there = flag.exists()\nflag.touch()\n"
        f"if not was_there:\n    {once}",
    )
    assert upgrade_catalogue(profile=profile_for(postgres_url)).status.current == "9001"
    assert flag.exists()


DYING = """\
op.execute("CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
           " PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$")
op.execute("CREATE CONSTRAINT TRIGGER die AFTER UPDATE ON desk_meta DEFERRABLE INITIALLY DEFERRED"
           " FOR EACH ROW EXECUTE FUNCTION die()")
op.execute("UPDATE desk_meta SET key_version = key_version")
"""
"""Its connection is lost in the middle of the COMMIT."""


def test_a_commit_whose_answer_is_lost_is_not_said_to_have_failed(postgres_url: str, scripts: Path) -> None:
    add_revision(scripts, DYING)
    url = targets.target_url(postgres_url)
    before = picture(url)
    problem = failing(lambda: upgrade_catalogue(profile=profile_for(postgres_url)))
    assert (problem.code, problem.kept) == ("unknown", "It is there as a whole or not at all.")
    assert "shows which" in problem.advice
    assert picture(url) == before


def test_two_windows_may_migrate_two_catalogues_at_once(sqlite_path: Path, scripts: Path, tmp_path: Path) -> None:
    gate = scripts / "gate"
    add_revision(
        scripts,
        f"import pathlib, time\npathlib.Path({str(gate)!r}).touch()\n"
        "time.sleep(0.2)  # for as long as the other one would meddle with alembic.op\n" + SHELF_UP,
    )
    copies = [tmp_path / f"{number}.desk" for number in range(3)]
    for copy in copies:
        copy.write_bytes(sqlite_path.read_bytes())
    with ThreadPoolExecutor(4) as threads:
        runs = [threads.submit(upgrade_catalogue, profile=profile_for(str(copy))) for copy in copies]
        wait_until(gate.exists, "a revision runs")
        sql = threads.submit(upgrade_sql, profile=profile_for(str(sqlite_path)))
        assert [one.result(LONGEST).status.current for one in runs] == ["9001"] * 3
        assert "shelf" in sql.result(LONGEST)


# SQL


def test_the_sql_run_by_hand_makes_what_the_upgrade_makes(target: str, url: URL, scripts: Path) -> None:
    add_revision(scripts, SHELF_UP, SHELF_DOWN, summary="Shelf marks.")
    profile = profile_for(target)
    before = picture(url)
    sql = upgrade_sql(profile=profile)
    assert picture(url) == before
    assert "-- 9001: Shelf marks." in sql
    by_hand(target, sql)
    made = picture(url)
    assert made["alembic_version"] == [("9001",)]
    by_hand(target, upgrade_sql(profile=profile, revision=HEAD))
    assert picture(url)["books"] == before["books"]
    upgrade_catalogue(profile=profile)
    assert picture(url) == made


def by_hand(target: str, sql: str) -> None:
    if profile_for(target).is_server:
        with other_session(target) as other:
            other.execute(sql)
    else:
        with closing(sqlite3.connect(target)) as raw:
            raw.executescript(sql)


def test_the_sql_waits_for_nobody_and_nobody_for_it(target: str, scripts: Path) -> None:
    add_revision(scripts, SHELF_UP)
    with holding_books(target):
        assert "shelf" in upgrade_sql(profile=profile_for(target, lock_timeout=0.1))


def test_the_sql_of_an_empty_database_makes_a_catalogue(empty_postgres_url: str) -> None:
    by_hand(empty_postgres_url, upgrade_sql(profile=profile_for(empty_postgres_url)))
    report = examine_schema(profile=profile_for(empty_postgres_url))
    assert (report.plan.state, report.drift) == (SchemaState.CURRENT, ())


def test_the_sql_needs_no_right_to_make_schemas(postgres: Server, postgres_url: str, scripts: Path) -> None:
    add_revision(scripts, SHELF_UP)
    role = f"maker_{time.monotonic_ns()}"
    owner = targets.target_url(postgres_url)
    change(owner, f"CREATE ROLE {role} LOGIN PASSWORD '{SENTINEL}'", f"GRANT USAGE ON SCHEMA desk TO {role}")
    change(owner, f"GRANT SELECT ON ALL TABLES IN SCHEMA desk TO {role}")
    try:
        sql = upgrade_sql(profile=profile_for(postgres.url(str(owner.database), user=role, password=SENTINEL)))
        assert sql == upgrade_sql(profile=profile_for(postgres_url))
    finally:
        change(owner, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def test_there_is_no_sql_where_there_is_nothing_to_do(profile: Profile) -> None:
    assert upgrade_sql(profile=profile) == ""
    with pytest.raises(InvalidInput, match="nowhere"):
        upgrade_sql(profile=profile, revision="nowhere")


# What it costs


def test_what_migrating_costs_is_counted(profile: Profile, scripts: Path) -> None:
    add_revision(scripts, SHELF_UP, SHELF_DOWN)
    operations: tuple[Callable[[], object], ...] = (
        lambda: plan_upgrade(profile=profile),
        lambda: upgrade_sql(profile=profile),
        lambda: upgrade_catalogue(profile=profile),
        lambda: examine_schema(profile=profile),
    )
    for operation in operations:
        with Action("count").running() as action:
            operation()
        assert action.checkouts > 0
        assert action.statements > 0


# Drift


def test_the_newest_schema_has_no_drift_and_every_difference_is_told_in_words(profile: Profile, url: URL) -> None:
    report = examine_schema(profile=profile)
    assert report.drift == ()
    assert [one.is_current for one in report.history] == [one.id == HEAD for one in report.history]
    change(
        url,
        "DROP INDEX ix_books_price_id",
        "ALTER TABLE books ADD COLUMN extra INTEGER",
        "DROP TABLE contributions",
        "CREATE INDEX theirs ON books (notes)",
        "CREATE TABLE not_ours (x INTEGER)",
    )
    assert set(examine_schema(profile=profile).drift) >= {
        "The table contributions is missing.",
        "The column books.extra is not in the models.",
        "The index ix_books_price_id of books is missing.",
        "The index theirs of books is not in the models.",
    }
    assert not any("not_ours" in one for one in examine_schema(profile=profile).drift)


@pytest.mark.parametrize(
    ("change_it", "words"),
    [
        ("ALTER COLUMN published_year TYPE TEXT", "books.published_year has the type TEXT"),
        ("ALTER COLUMN title DROP NOT NULL", "books.title differs from the models in whether it may be empty"),
        ("ALTER COLUMN version SET DEFAULT 7", "books.version has another default"),
        ("DROP CONSTRAINT fk_books_author_id_authors", "foreign key fk_books_author_id_authors of books is missing"),
    ],
)
def test_changes_of_columns_are_drift(postgres_url: str, change_it: str, words: str) -> None:
    change(targets.target_url(postgres_url), f"ALTER TABLE books {change_it}")
    (told,) = examine_schema(profile=profile_for(postgres_url)).drift
    assert words in told


def test_what_cannot_be_compared_warns_nobody(sqlite_path: Path) -> None:
    with closing(sqlite3.connect(sqlite_path)) as raw:
        raw.execute("CREATE INDEX of_an_expression ON books (lower(title))")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert examine_schema(profile=profile_for(str(sqlite_path))).drift == ()


def test_comments_of_an_administrator_are_no_drift(postgres_url: str) -> None:
    change(
        targets.target_url(postgres_url),
        "COMMENT ON TABLE books IS 'ours'",
        "COMMENT ON COLUMN books.title IS 'as on the cover'",
    )
    assert examine_schema(profile=profile_for(postgres_url)).drift == ()


def test_a_catalogue_of_another_revision_is_not_compared(profile: Profile, scripts: Path) -> None:
    add_revision(scripts, "pass")
    report = examine_schema(profile=profile)
    assert (report.drift, report.plan.state) == ((), SchemaState.OLDER)
    assert [(one.id, one.is_current) for one in report.history][:2] == [("9001", False), (HEAD, True)]


def change(url: URL, *statements: str) -> None:
    engine = engines.make_engine(url)
    try:
        with engine.execution_options(**{engines.WRITE: True}).begin() as connection:
            for statement in statements:
                connection.execute(text(statement))
    finally:
        engine.dispose()
