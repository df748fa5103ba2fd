"""Faults 40 and 28: what lies in the place of a draft is a link, damaged or planted, and the disk of drafts is full."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from desk.catalog.edits import Edit, EditKind, RecordKey
from desk.database import drafts
from desk.database.drafts import Draft, Orphans, orphans
from desk.errors import EnvironmentProblem
from desk.work.draft_keeper import DraftKeeper
from tests.support.small_disk import fill, mounted_disk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

CATALOGUE = "7b0dd0a6-3a9c-4d21-b1ad-6a3d2f6c1e55"
needs_posix = pytest.mark.skipif(os.name != "posix", reason="links and owners are of POSIX")


def edit(number: int, title: str = "Orlando") -> Edit:
    return Edit(RecordKey("books", number), EditKind.UPDATE, "", 1, values=MappingProxyType({"title": title}))


def put(*edits: Edit) -> dict[RecordKey, Edit | None]:
    return {one.key: one for one in edits}


@pytest.fixture
def folder(desk_home: Path) -> Path:
    return drafts.folder()


@pytest.fixture
def draft(folder: Path) -> Path:
    """A sound draft of five edits that nobody holds."""
    made = Draft.create(folder, CATALOGUE, "/library.desk", "library")
    for number in range(1, 6):
        made.write(put(edit(number, "x" * 2000)))
    made.close(delete=False)
    return made.path


def picture(path: Path) -> object:
    """What a file is and holds, for comparing."""
    if path.is_symlink():
        return os.readlink(path)
    if path.is_dir():
        return sorted(one.name for one in path.iterdir())
    return path.read_bytes() if path.is_file() else stat.S_IFMT(path.stat().st_mode)


def sql(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def replace(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


def link_to_nothing(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.with_name("nowhere"))


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "inside").touch()


def link_log(path: Path) -> None:
    path.with_name("victim").write_bytes(b"precious")
    path.with_name(path.name + "-wal").symlink_to(path.with_name("victim"))


def other_database(path: Path) -> None:
    path.unlink()
    sql(path, "CREATE TABLE edits (x)")


def make_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


PLANTED: dict[str, tuple[Callable[[Path], object], str]] = {
    "a link": (link, "it is a link"),
    "a link to nothing": (link_to_nothing, "it is a link"),
    "a second name": (lambda path: os.link(path, path.with_name("elsewhere")), "second name"),
    "a folder": (make_folder, "no ordinary file"),
    "a pipe": (make_pipe, "no ordinary file"),
    "its log is a link": (link_log, "it is a link"),
    "garbage": (lambda path: replace(path, os.urandom(9000)), "damaged"),
    "a text": (lambda path: replace(path, b"SQLite"), "damaged"),
    "cut off": (lambda path: replace(path, path.read_bytes()[:5000]), "damaged"),
    "overwritten": (lambda path: replace(path, path.read_bytes()[:4200] + b"\xff" * 9000), "damaged"),
    "another database": (other_database, "no draft of Desk"),
    "another schema": (lambda path: sql(path, "ALTER TABLE edits ADD COLUMN x"), "no draft of Desk"),
    "a trigger": (
        lambda path: sql(path, "CREATE TRIGGER t AFTER DELETE ON edits BEGIN SELECT 1; END"), "no draft of Desk",
    ),
    "a view": (
        lambda path: sql(path, "DROP TABLE edits", "CREATE VIEW edits AS SELECT 1 AS place, '{}' AS edit"),
        "no draft of Desk",
    ),
    "an edit that is none": (lambda path: sql(path, "UPDATE edits SET edit = '{}' WHERE place = 3"), "does not know"),
    "an edit that is no text": (lambda path: sql(path, "UPDATE edits SET edit = x'ff00' WHERE place = 3"), "does not"),
    "nobody's": (lambda path: sql(path, "DELETE FROM meta WHERE name = 'identity'"), "does not know"),
    "another catalogue's": (lambda path: sql(path, "UPDATE meta SET value = '\"x\"' WHERE name = 'identity'"),
                            "another catalogue"),
}  # fmt: skip


@needs_posix
@pytest.mark.parametrize("kind", PLANTED)
def test_fault_40_what_is_no_sound_draft_is_put_aside_and_said(kind: str, draft: Path, folder: Path) -> None:
    plant, reason = PLANTED[kind]
    good = draft.with_name(f"{CATALOGUE}-good.draft")
    shutil.copy(draft, good)
    plant(draft)
    before = picture(draft)
    found = orphans(folder, CATALOGUE)
    (aside,) = found.put_aside
    assert reason in aside.reason
    assert aside.path != draft
    assert not os.path.lexists(draft)
    assert picture(aside.path) == before
    for name, content in (("victim", b"precious"), ("nowhere", b"")):
        other = draft.with_name(name)
        assert not other.exists() or other.read_bytes() == content
    assert [len(one.edits()) for one in found.drafts] == [5]  # the sound one beside it
    found.drafts[0].close(delete=True)
    assert orphans(folder, CATALOGUE) == Orphans()


@needs_posix
def test_fault_40_what_lies_there_already_is_not_replaced(draft: Path, folder: Path) -> None:
    taken = draft.with_name(draft.name + ".aside")
    taken.write_bytes(b"put aside before")
    draft.write_bytes(b"garbage" * 999)
    (aside,) = orphans(folder, CATALOGUE).put_aside
    assert taken.read_bytes() == b"put aside before"
    assert aside.path.read_bytes() == b"garbage" * 999


@needs_posix
def test_fault_40_a_draft_of_somebody_else(draft: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = os.geteuid()
    lstat = os.lstat

    def lstat_of_strangers(path: Path) -> os.stat_result:
        found = lstat(path)
        if str(path).endswith(".draft"):
            return os.stat_result((*found[:4], mine + 1, *found[5:]))
        return found

    monkeypatch.setattr(os, "lstat", lstat_of_strangers)
    (aside,) = orphans(folder, CATALOGUE).put_aside
    assert "somebody else" in aside.reason
    monkeypatch.setattr(os, "lstat", lstat)
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    for use in (lambda: orphans(folder, CATALOGUE), lambda: Draft.create(folder, CATALOGUE, "", "")):
        with pytest.raises(EnvironmentProblem, match="belongs to somebody else"):
            use()


@needs_posix
@pytest.mark.parametrize("kind", ["link", "file"])
def test_fault_40_the_folder_is_none_of_ours(kind: str, draft: Path, folder: Path) -> None:
    real = folder.rename(folder.with_name("real"))
    if kind == "link":
        folder.symlink_to(real)
    else:
        folder.write_text("a file")
    before = picture(folder)
    for use in (lambda: orphans(folder, CATALOGUE), lambda: Draft.create(folder, CATALOGUE, "", "")):
        with pytest.raises(EnvironmentProblem) as raised:
            use()
        assert str(folder) in str(raised.value)
    assert picture(folder) == before
    assert list(real.iterdir()) == [real / draft.name]


def test_fault_40_what_a_newer_desk_wrote_is_left_alone(draft: Path, folder: Path) -> None:
    sql(draft, "PRAGMA user_version = 2", "DROP TABLE edits", "CREATE TABLE edits2 (x)")
    before = draft.read_bytes()
    (left,) = orphans(folder, CATALOGUE).put_aside
    assert left.path == draft
    assert "newer version" in left.reason
    assert draft.read_bytes() == before


def test_fault_40_a_log_that_was_cut_off_loses_nothing_before_the_cut(folder: Path) -> None:
    """As after a loss of power in the middle of a write."""
    script = (
        "import os, sys; from pathlib import Path; from tests.faults.test_draft_faults import *\n"
        "made = Draft.create(Path(sys.argv[1]), CATALOGUE, '', '')\n"
        "for number in range(1, 6): made.write(put(edit(number)))\n"
        "os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script, str(folder)], check=True)
    (log,) = folder.glob("*-wal")
    with log.open("r+b") as file:
        file.truncate(log.stat().st_size - 100)
    (found,) = orphans(folder, CATALOGUE).drafts
    assert found.edits() == tuple(map(edit, range(1, 5)))
    found.close(delete=True)


# The disk is full


def test_fault_28_the_disk_of_drafts_is_full(qapp: object, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    with mounted_disk() as disk:
        monkeypatch.setenv("DESK_HOME", str(disk))
        keeper = DraftKeeper()
        kept: list[int] = []
        failed: list[str] = []
        keeper.kept.connect(kept.append)
        keeper.failed.connect(failed.append)
        keeper.begin(CATALOGUE, "/library.desk", "library")
        keeper.keep(1, put(edit(1)))
        qtbot.waitUntil(lambda: kept == [1])
        fill(disk / "filler")
        keeper.keep(2, put(edit(2, "x" * 50_000)))
        qtbot.waitUntil(lambda: len(failed) == 1)
        assert "the disk is full" in failed[0]
        assert kept == [1]
        (disk / "filler").unlink()
        keeper.keep(3, put(edit(3)))
        qtbot.waitUntil(lambda: kept == [1, 3])
        keeper.close()
        (found,) = orphans(drafts.folder(), CATALOGUE).drafts
        assert [one.key.id for one in found.edits()] == [1, 2, 3]
        found.close(delete=True)


def test_fault_28_the_disk_of_drafts_is_full_before_the_first_edit(
    qapp: object, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mounted_disk() as disk:
        monkeypatch.setenv("DESK_HOME", str(disk))
        keeper = DraftKeeper()
        failed: list[str] = []
        kept: list[int] = []
        keeper.failed.connect(failed.append)
        keeper.kept.connect(kept.append)
        keeper.begin(CATALOGUE, "/library.desk", "library")
        fill(disk / "filler")
        for number in (1, 2):
            keeper.keep(number, put(edit(number)))
            qtbot.waitUntil(lambda number=number: len(failed) == number)  # type: ignore[misc]
        (disk / "filler").unlink()
        keeper.keep(3, put(edit(3)))
        qtbot.waitUntil(lambda: kept == [3])
        keeper.close()
        (found,) = orphans(drafts.folder(), CATALOGUE).drafts
        assert [one.key.id for one in found.edits()] == [1, 2, 3]
        found.close(delete=True)
