"""deskctl answers with words and an exit code, for people and for programs."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from desk import ctl
from desk.ctl import main
from desk.database.actions import current_action
from desk.database.targets import target_url
from desk.operations import exporting
from desk.operations.connect import create_catalogue, open_catalogue
from desk.operations.imports import import_preview, importing
from desk.operations.pages import count_tables
from desk.settings import folders
from tests.support.schema_picture import picture
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def books_csv(tmp_path: Path) -> Path:
    path = tmp_path / "books.csv"
    path.write_text("title,author,shelf\nEmma,Austen,1\nUlysses,Joyce,2\n", encoding="utf-8")
    return path


@pytest.fixture
def ask(capsys: Capture) -> Callable[..., tuple[int, Any]]:
    """`ask(*arguments)` runs deskctl with --json: (exit code, the object it printed)."""

    def run(*arguments: object) -> tuple[int, Any]:
        capsys.readouterr()
        code = main([*map(str, arguments), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run


def books_in(target: str) -> int:
    catalogue = open_catalogue(target=target)
    try:
        return count_tables(sessions=catalogue.sessions)["books"]
    finally:
        catalogue.close()


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_import_reports_to_programs(ask: Any, books_csv: Path, database_target: str) -> None:
    code, found = ask("import", books_csv, "--database", database_target)
    assert code == 0
    assert (found["books"], found["authors_new"], found["unmapped_columns"]) == (2, 2, ["shelf"])
    assert found["rejected"] == {"count": 0, "first": []}
    assert books_in(database_target) == 2


def test_import_reports_to_people(capsys: Capture, books_csv: Path, sqlite_path: Path) -> None:
    assert main(["import", str(books_csv), "--database", str(sqlite_path), "--map", "notes=shelf"]) == 0
    out, err = capsys.readouterr()
    assert "2 books imported" in out
    assert err == "", "progress is for terminals"


def test_control_characters_of_a_file_do_not_reach_the_terminal(
    capsys: Capture, tmp_path: Path, sqlite_path: Path
) -> None:
    path = tmp_path / "books.csv"
    path.write_text("title,\x1b[31mred\n1,2\n", encoding="utf-8")
    assert main(["import", str(path), "--database", str(sqlite_path)]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\\x1b[31mred" in out


def test_create_makes_the_catalogue(ask: Any, books_csv: Path, tmp_path: Path) -> None:
    target = tmp_path / "new.desk"
    assert ask("import", books_csv, "--database", target, "--create")[0] == 0
    assert books_in(str(target)) == 2


def test_create_refuses_an_existing_file(ask: Any, books_csv: Path, sqlite_path: Path) -> None:
    code, found = ask("import", books_csv, "--database", sqlite_path, "--create")
    assert (code, found["error"]["code"]) == (1, "exists")
    assert books_in(str(sqlite_path)) == 0


def test_without_create_nothing_is_made(ask: Any, books_csv: Path, tmp_path: Path) -> None:
    before = files_in(tmp_path)
    code, found = ask("import", books_csv, "--database", tmp_path / "new.desk")
    assert (code, found["error"]["code"]) == (1, "missing")
    assert files_in(tmp_path) == before


@pytest.mark.parametrize("options", [(), ("--batch", "1")])
def test_what_create_made_goes_when_the_import_fails(
    ask: Any, books_csv: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    books_csv.write_text("name\nEmma\n", encoding="utf-8")
    before = files_in(tmp_path)
    code, found = ask("import", books_csv, "--database", tmp_path / "new.desk", "--create", *options)
    assert (code, found["error"]["code"]) == (2, "no_title")
    assert files_in(tmp_path) == before


def test_what_create_made_stays_when_batches_were_saved(
    ask: Any, books_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt_import(monkeypatch)
    target = tmp_path / "new.desk"
    code, found = ask("import", books_csv, "--database", target, "--create", "--batch", "1")
    assert (code, found["error"]["kept"]) == (130, "The rows up to line 2 were imported.")
    assert books_in(str(target)) == 1


@pytest.mark.parametrize("options", [(), ("--batch", "1")])
def test_what_create_made_stays_when_only_the_rejects_fail(
    ask: Any, books_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    books_csv.write_text("title\nEmma\ntoo,many\n", encoding="utf-8")
    target, wanted = tmp_path / "new.desk", tmp_path / "rejects.csv"
    real = importing.import_books

    def named_meanwhile(**known: Any) -> Any:
        return real(**{**known, "on_progress": lambda _progress: wanted.mkdir(exist_ok=True)})

    monkeypatch.setattr(importing, "import_books", named_meanwhile)
    code, found = ask("import", books_csv, "--database", target, "--create", "--rejects", wanted, *options)
    assert (code, found["error"]["code"]) == (1, "saved")
    assert found["error"]["kept"].startswith("1 book was imported.")
    assert books_in(str(target)) == 1


def test_a_folder_for_the_rejects_is_bad_input(ask: Any, books_csv: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    before = files_in(tmp_path)
    code, found = ask(
        "import", books_csv, "--database", tmp_path / "new.desk", "--create", "--rejects", tmp_path / "folder"
    )
    assert (code, found["error"]["code"]) == (2, "rejects")
    assert files_in(tmp_path) == before


def interrupt_import(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl+C comes after the first rows."""
    real = importing.import_books

    def on_progress(_progress: object) -> None:
        action = current_action()
        assert action is not None
        if not action.is_cancelled:
            signal.raise_signal(signal.SIGINT)
            wait_until(lambda: action.is_cancelled)

    def interrupted(**options: Any) -> Any:
        return real(**{**options, "on_progress": on_progress})

    monkeypatch.setattr(importing, "import_books", interrupted)
    monkeypatch.setattr(importing, "CHUNK", 1)


def test_ctrl_c_cancels_the_import(
    ask: Any, books_csv: Path, database_target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signal.getsignal(signal.SIGINT)
    interrupt_import(monkeypatch)
    code, found = ask("import", books_csv, "--database", database_target)
    assert (code, found["error"]["code"]) == (130, "cancelled")
    assert found["error"]["kept"] == "Nothing was imported; the catalogue is as before."
    assert books_in(database_target) == 0
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("export", "out.csv"), "Cancelled. No file was changed."), (("export",), "Cancelled."),
     (("import", "--dry-run", "books.csv"), "Cancelled.")],
)  # fmt: skip
def test_ctrl_c_says_what_was_kept_and_no_inner_names(
    capsys: Capture, sqlite_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], words: str
) -> None:
    sqlite_path.with_name("books.csv").write_text("title\nEmma\n", encoding="utf-8")
    monkeypatch.chdir(sqlite_path.parent)

    def interrupted(**options: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        action = current_action()
        assert action is not None
        wait_until(lambda: action.is_cancelled)
        return real[options.keys() >= {"request"}](**options)

    real: dict[bool, Callable[..., Any]] = {True: import_preview.forecast_import, False: exporting.export_rows}
    monkeypatch.setattr(exporting, "export_rows", interrupted)
    monkeypatch.setattr(import_preview, "forecast_import", interrupted)
    assert main([*arguments, "--database", str(sqlite_path)]) == 130
    assert capsys.readouterr().err == f"deskctl: {words}\n"


def test_ctrl_c_anywhere_else_ends_with_130(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ctl, "_doctor", interrupted)
    assert main(["doctor"]) == 130
    assert capsys.readouterr().err == "deskctl: Cancelled.\n"


def test_export_writes_the_view(ask: Any, books_csv: Path, sqlite_path: Path, tmp_path: Path) -> None:
    ask("import", books_csv, "--database", sqlite_path)
    target = tmp_path / "out.csv"
    code, found = ask("export", target, "--database", sqlite_path, "--contains", "title=ulys", "--sort", "title:desc")
    assert (code, found["rows"]) == (0, 1)
    assert target.read_bytes().splitlines()[1] == b"Ulysses,Joyce,,,,,,,2,2,"


def test_an_export_names_the_neutralized_cells(ask: Any, books_csv: Path, sqlite_path: Path, tmp_path: Path) -> None:
    books_csv.write_text("title,author\n=1+1,Ann\n", encoding="utf-8")
    ask("import", books_csv, "--database", sqlite_path)
    for name in ("out.csv", "out.xlsx"):
        code, found = ask("export", tmp_path / name, "--database", sqlite_path, "--neutralize")
        assert (code, found["rows"], found["neutralized"]) == (0, 1, 1)
    assert (tmp_path / "out.xlsx").read_bytes().startswith(b"PK")
    assert ask("export", tmp_path / "out.csv", "--database", sqlite_path)[1]["neutralized"] == 0


def test_an_import_takes_the_encoding_the_delimiter_and_the_authors(
    ask: Any, books_csv: Path, sqlite_path: Path
) -> None:
    books_csv.write_bytes("title|author_key\nÄon|1\n".encode("cp437"))
    authors = books_csv.with_name("authors.csv")
    authors.write_text("author_key,name\n1,Ann\n2,Bob\n", encoding="utf-8")
    options = ("--encoding", "cp437", "--delimiter", "|", "--authors", authors)
    code, found = ask("import", books_csv, "--database", sqlite_path, *options)
    assert (code, found["books"], found["authors_new"], found["encoding"]) == (0, 1, 2, "cp437")
    books_csv.write_text("title\tnotes\nA, B\tx\n", encoding="utf-8")
    assert ask("import", books_csv, "--database", sqlite_path, "--delimiter", "tab")[1]["books"] == 1


def test_an_import_leaves_out_what_is_there_on_request(ask: Any, books_csv: Path, sqlite_path: Path) -> None:
    ask("import", books_csv, "--database", sqlite_path)
    found = ask("import", books_csv, "--database", sqlite_path, "--skip-existing")[1]
    assert (found["books"], found["existing"], books_in(str(sqlite_path))) == (0, 2, 2)


def test_a_dry_run_says_what_would_be_and_writes_nothing(
    ask: Any, capsys: Capture, books_csv: Path, database_target: str
) -> None:
    code, found = ask("import", books_csv, "--database", database_target, "--dry-run")
    assert (code, found["records"], found["new"], found["authors_new"]) == (0, 2, 2, 2)
    assert books_in(database_target) == 0
    assert main(["import", str(books_csv), "--database", database_target, "--dry-run"]) == 0
    assert "2 new books" in capsys.readouterr().out


def test_a_dry_run_leaves_no_new_catalogue(ask: Any, books_csv: Path, tmp_path: Path) -> None:
    before = files_in(tmp_path)
    assert ask("import", books_csv, "--database", tmp_path / "new.desk", "--create", "--dry-run")[0] == 0
    assert files_in(tmp_path) == before


def test_an_export_onto_the_catalogue_itself_is_refused(ask: Any, books_csv: Path, sqlite_path: Path) -> None:
    ask("import", books_csv, "--database", sqlite_path)
    code, found = ask("export", sqlite_path, "--database", sqlite_path)
    assert (code, found["error"]["code"]) == (2, "database")
    assert books_in(str(sqlite_path)) == 2


def test_export_without_a_file_goes_to_the_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["export", "--table", "authors", "--search", "borges"]) == 0
    out, _err = capfdbinary.readouterr()
    assert out.startswith(b"name,birth_year,death_year,notes,author_key\r\n")
    assert b"Borges" in out
    assert folders().sample_catalogue.exists(), "without --database it is the sample"


def test_a_damaged_text_goes_to_the_standard_output_as_it_is(
    capfdbinary: pytest.CaptureFixture[bytes], books_csv: Path, sqlite_path: Path
) -> None:
    main(["import", str(books_csv), "--database", str(sqlite_path)])
    with closing(sqlite3.connect(sqlite_path)) as connection, connection:
        connection.execute("UPDATE books SET notes = CAST(x'41ff42' AS TEXT)")
    assert main(["export", "--database", str(sqlite_path)]) == 0
    assert b"A\xffB" in capfdbinary.readouterr().out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="This system has no /dev/full.")
def test_a_full_disk_behind_the_standard_output_is_said(books_csv: Path, sqlite_path: Path) -> None:
    main(["import", str(books_csv), "--database", str(sqlite_path)])
    command = [sys.executable, "-m", "desk.ctl", "export", "--database", str(sqlite_path)]
    with Path("/dev/full").open("wb") as full:
        found = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (found.returncode, found.stderr) == (
        1, "deskctl: The standard output cannot be written: No space left on device.\n",
    )  # fmt: skip


def test_export_to_the_standard_output_leaves_no_room_for_json(ask: Any) -> None:
    assert ask("export")[0] == 2


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["frobnicate"],
        ["import"],
        ["import", "x.csv"],
        ["import", "x.csv", "--database", "x", "--map", "title"],
        ["import", "x.csv", "--database", "x", "--batch", "many"],
        ["export", "--contains", "bogus=1"],
        ["export", "--database", "mysql://host/x"],
        ["export", "--database", "postgresql://u:pw@h:abc/db"],
        ["export", "--database", "postgresql://u:pw@127.0.0.1:1/db?foo=bar"],
        ["doctor", "--database", "postgresql://u:pw@127.0.0.1:1/db?sslmode=bogus"],
        ["export", "--search", "\udcff"],
        ["export", "--equals", "language="],
        ["migrate", "sideways"],
        ["migrate", "upgrade"],
    ],
)
def test_bad_usage_ends_with_2_and_words(arguments: list[str], capsys: Capture) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("deskctl: ")
    assert "Traceback" not in err


def test_bad_usage_is_told_to_programs_too(ask: Any) -> None:
    code, found = ask("import", "--bogus")
    assert (code, found["error"]["code"]) == (2, "usage")
    assert set(found["error"]) == {"what", "kept", "advice", "code"}


def test_migrate_makes_and_removes_the_schema(ask: Any, empty_postgres_url: str) -> None:
    url = ("--database", empty_postgres_url)
    assert ask("migrate", "status", *url)[1]["state"] == "empty"
    assert ask("migrate", "current", *url)[1] == {"current": None}
    code, found = ask("migrate", "upgrade", *url)
    assert (code, found["state"], found["pending"]) == (0, "current", [])
    assert ask("migrate", "history", *url)[1]["revisions"][0]["is_current"] is True
    assert ask("migrate", "upgrade", "base", *url)[0] == 0  # where it is already, or beyond
    refused = ask("migrate", "downgrade", "base", *url)
    assert (refused[0], "--yes" in refused[1]["error"]["what"]) == (2, True)
    assert ask("migrate", "status", *url)[1]["state"] == "current"
    assert ask("migrate", "downgrade", "base", "--yes", *url)[1]["state"] == "empty"


def test_migrate_upgrade_makes_a_file_only_when_told_to(ask: Any, tmp_path: Path) -> None:
    target = tmp_path / "new.desk"
    assert ask("migrate", "upgrade", "--database", target)[1]["error"]["code"] == "missing"
    assert not target.exists()
    assert ask("migrate", "upgrade", "--database", target, "--create")[1]["state"] == "current"
    assert books_in(str(target)) == 0


@pytest.mark.parametrize("command", [("upgrade",), ("downgrade", "base", "--yes")])
def test_a_url_for_reading_only_is_not_migrated(ask: Any, sqlite_path: Path, command: tuple[str, ...]) -> None:
    before = sqlite_path.read_bytes()
    code, found = ask("migrate", *command, "--database", f"sqlite:///{sqlite_path}?mode=ro")
    assert (code, found["error"]["code"]) == (1, "read_only")
    assert sqlite_path.read_bytes() == before


def test_a_new_catalogue_for_reading_only_is_refused_before_anything_is_made(ask: Any, tmp_path: Path) -> None:
    target = f"sqlite:///{tmp_path / 'new.desk'}?mode=ro"
    code, found = ask("migrate", "upgrade", "--create", "--database", target)
    assert (code, found["error"]["code"]) == (1, "read_only")
    assert files_in(tmp_path) == set()


def test_migrate_makes_a_backup_unless_told_otherwise(ask: Any, sqlite_path: Path) -> None:
    before = picture(target_url(str(sqlite_path)))
    assert ask("migrate", "upgrade", "--database", sqlite_path)[1]["backup"] is None
    found = ask("migrate", "downgrade", "base", "--yes", "--database", sqlite_path)[1]
    assert (found["state"], picture(target_url(found["backup"]))) == ("empty", before)
    shutil.copy(found["backup"], sqlite_path)
    Path(found["backup"]).unlink()
    assert ask("migrate", "downgrade", "base", "--yes", "--no-backup", "--database", sqlite_path)[1]["backup"] is None
    assert files_in(sqlite_path.parent) == {sqlite_path.name}


def test_migrate_says_where_the_backup_is(sqlite_path: Path, capsys: Capture) -> None:
    assert main(["migrate", "downgrade", "base", "--yes", "--database", str(sqlite_path)]) == 0
    (backup,) = sqlite_path.parent.glob("library.before-base.*")
    out, err = capsys.readouterr()
    assert f"backup: {backup}" in out
    assert err == ""


def test_migrate_shows_sql_and_runs_none_of_it(ask: Any, empty_postgres_url: str, capsys: Capture) -> None:
    url = ("--database", empty_postgres_url)
    assert "CREATE TABLE books" in ask("migrate", "sql", *url)[1]["sql"]
    assert ask("migrate", "status", *url)[1]["state"] == "empty"
    assert main(["migrate", "sql", *url]) == 0
    assert capsys.readouterr().out.startswith("BEGIN;")


def test_migrate_drift_ends_with_1_where_there_is_any(ask: Any, sqlite_path: Path, tmp_path: Path) -> None:
    assert ask("migrate", "drift", "--database", sqlite_path) == (0, {"drift": []})
    with closing(sqlite3.connect(sqlite_path)) as raw:
        raw.execute("DROP INDEX ix_books_price_id")
    missing = "The index ix_books_price_id of books is missing."
    assert ask("migrate", "drift", "--database", sqlite_path) == (1, {"drift": [missing]})
    with closing(sqlite3.connect(sqlite_path)) as raw, raw:
        raw.execute("UPDATE alembic_version SET version_num = 'zzzz'")
    code, found = ask("migrate", "drift", "--database", sqlite_path)
    assert (code, found["error"]["code"]) == (1, "newer")


def test_migrate_status_leaves_nothing_beside_the_file(ask: Any, sqlite_path: Path) -> None:
    before = files_in(sqlite_path.parent)
    assert ask("migrate", "status", "--database", sqlite_path)[1]["state"] == "current"
    assert files_in(sqlite_path.parent) == before


def test_an_unknown_revision_is_bad_usage(ask: Any, sqlite_path: Path) -> None:
    code, found = ask("migrate", "upgrade", "nowhere", "--database", sqlite_path)
    assert code == 2
    assert "nowhere" in found["error"]["what"]


def test_sample_says_where_it_is(ask: Any) -> None:
    path = folders().sample_catalogue
    assert ask("sample") == (0, {"path": str(path), "restored": False})
    made = path.stat().st_ino
    assert ask("sample", "--restore") == (0, {"path": str(path), "restored": True})
    assert path.stat().st_ino != made


def test_doctor_reports_versions_and_the_database(ask: Any, database_target: str) -> None:
    code, found = ask("doctor", "--database", database_target)
    assert code == 0
    assert {"Desk", "Python", "PySide6", "SQLAlchemy", "psycopg", "libpq", "Alembic", "SQLite"} <= set(
        found["versions"]
    )
    assert found["database"]["schema"] == "current"
    assert found["database"]["pool"].startswith("Pool size")
    known = folders()
    assert found["folders"] == {"config": str(known.config), "data": str(known.data), "state": str(known.state)}


def test_doctor_without_a_database_makes_none(ask: Any, desk_home: Path) -> None:
    assert ask("doctor")[1]["database"] is None
    assert not desk_home.exists()


def test_a_server_that_is_down_is_told_without_its_password(capsys: Capture) -> None:
    url = "postgresql://someone:s3cr3t@127.0.0.1:1/library"
    for command in (["doctor"], ["migrate", "status"], ["export"], ["doctor", "--json"], ["export", "x.csv", "--json"]):
        assert main([*command, "--database", url]) == 1
        out, err = capsys.readouterr()
        assert "s3cr3t" not in out + err
        assert "127.0.0.1:1" in out + err
        assert "pending edits" not in out + err


def test_a_mistyped_url_does_not_show_its_password(capsys: Capture) -> None:
    assert main(["export", "--database", "postgresql:/someone:s3cr3t@host/library"]) == 1
    assert "s3cr3t" not in "".join(capsys.readouterr())


def test_a_bug_is_one_line(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_options: object) -> None:
        raise ZeroDivisionError("first\nsecond postgresql://a:s3cr3t@b/c")

    monkeypatch.setattr("desk.operations.doctor.examine", broken)
    assert main(["doctor"]) == 1
    assert capsys.readouterr().err == "deskctl: Unexpected: ZeroDivisionError: first\n"
    monkeypatch.setenv("DESK_DEBUG", "1")
    assert main(["doctor"]) == 1
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "s3cr3t" not in err


def test_the_version_is_the_packages(capsys: Capture) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("deskctl ")


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    create_catalogue(target=str(tmp_path / "a.desk"))
    command = f"'{sys.executable}' -m desk.ctl export --database '{tmp_path / 'a.desk'}' | true"
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=False)
    assert done.stderr == b""


def test_nothing_but_the_tour_loads_qt_and_help_loads_no_database(tmp_path: Path) -> None:
    code = f"""
import sys
from desk.ctl import main
main(["--version"])
assert "sqlalchemy" not in sys.modules and "alembic" not in sys.modules
for arguments in (["sample"], ["doctor"], ["migrate", "status"], ["export", {str(tmp_path / "out.csv")!r}]):
    assert main(arguments) == 0
assert not [name for name in sys.modules if name.startswith("PySide6")]
"""
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def test_sample_is_made_in_a_new_file_and_never_over_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "mine.desk"
    assert main(["sample", "--database", str(target)]) == 0
    made = target.read_bytes()
    assert main(["sample", "--restore", "--database", str(target)]) == 1
    assert "exists already" in capsys.readouterr().err
    assert target.read_bytes() == made
    assert main(["sample", "--database", "postgresql://host/x"]) == 2


def test_search_index_is_looked_at_removed_made_and_mended(sqlite_path: Path, ask: Callable[..., Any]) -> None:
    def search_index(action: str) -> tuple[int, Any]:
        answer: tuple[int, Any] = ask("search-index", action, "--database", sqlite_path)
        return answer

    assert search_index("state") == (0, {"state": "ready", "reason": ""})
    assert search_index("drop") == (0, {"state": "absent", "reason": ""})
    assert search_index("state") == (0, {"state": "absent", "reason": ""})
    assert search_index("make") == (0, {"state": "ready", "reason": ""})
    with closing(sqlite3.connect(sqlite_path)) as raw, raw:
        raw.execute("DELETE FROM desk_search_books_data")
    assert search_index("state") == (1, {"state": "stale", "reason": "it is damaged"})
    assert ask("doctor", "--database", sqlite_path)[1]["database"]["search_index"] == "stale"
    assert search_index("make") == (0, {"state": "ready", "reason": ""})
    with closing(sqlite3.connect(sqlite_path)) as raw, raw:
        raw.execute("CREATE VIEW mine AS SELECT 1")
    code, found = search_index("state")
    assert (code, found["state"]) == (1, "impossible")
    code, found = search_index("make")
    assert (code, found["error"]["code"]) == (1, "impossible")
    assert "mine" in found["error"]["what"]


def test_search_index_speaks_in_sentences_and_wants_a_catalogue_to_change(sqlite_path: Path, capsys: Capture) -> None:
    assert main(["search-index", "state", "--database", str(sqlite_path)]) == 0
    assert capsys.readouterr().out == "The search index is complete.\n"
    assert main(["search-index", "drop"]) == 2
    assert "--database" in capsys.readouterr().err
