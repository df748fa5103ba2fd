"""Kept profiles: one readable file each, without passwords; nothing of anybody else is ever lost or replaced."""

from __future__ import annotations

import os
import sys
import threading
import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.database import profile_files, recent, secrets
from desk.database.profiles import COLOURS, PoolSettings, Profile
from desk.errors import EnvironmentProblem, InvalidInput
from desk.operations.profiles import (
    delete_profile,
    export_profiles,
    forget_recent,
    import_profiles,
    keyring_problem,
    load_profiles,
    note_opened,
    profiles_folder,
    recent_profiles,
    save_profile,
)
from tests.support.keyrings import BrokenKeyring, Keyring, using
from tests.support.told import SENTINEL
from tests.support.unprivileged import folder_for_everyone, without_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SERVER = Profile("postgresql://clerk@db.example/library?sslmode=verify-full", name="Library")
FILE = Profile("/home/me/my.desk", name="Mine")

pools = st.builds(
    PoolSettings,
    size=st.integers(1, 50),
    overflow=st.integers(0, 50),
    timeout=st.floats(0, 600),
    recycle=st.integers(0, 7200),
    pre_ping=st.booleans(),
    statement_timeout=st.floats(0, 600),
    lock_timeout=st.integers(0, 600).map(float),
    idle_in_transaction_timeout=st.floats(0, 600),
)
profiles = st.builds(
    Profile,
    target=st.sampled_from([SERVER.target, FILE.target, "postgresql:///?service=lib", "/a/b c/Ünïcödé #1.desk"]),
    name=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).map(str.strip).filter(bool),
    read_only=st.booleans(),
    colour=st.sampled_from(tuple(COLOURS)),
    pool=pools,
)


def write(name: str, text: str | bytes) -> Path:
    """A file among the profiles, as a person might have put it there."""
    path = profiles_folder() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.fixture
def keyring() -> Iterator[Keyring]:
    backend = Keyring()
    with using(backend):
        yield backend


@given(profiles)
def test_a_kept_profile_comes_back(profile: Profile) -> None:
    saved = save_profile(profile=profile)
    assert saved.note == ""
    assert saved.profile == replace(profile, id=saved.profile.id)
    assert saved.profile in load_profiles().profiles
    delete_profile(profile=saved.profile)
    assert saved.profile not in load_profiles().profiles


def test_nothing_is_made_by_looking(desk_home: Path) -> None:
    assert load_profiles().profiles == ()
    assert recent_profiles() == ()
    forget_recent()
    assert not (desk_home / "config").exists()


def test_a_file_is_readable_and_holds_what_differs_from_the_defaults() -> None:
    saved = save_profile(profile=replace(SERVER, colour="red", pool=PoolSettings(size=2))).profile
    text = (profiles_folder() / "library.toml").read_text(encoding="utf-8")
    assert saved.id == "library"
    assert tomllib.loads(text) == {
        "name": "Library", "target": SERVER.target, "colour": "red", "pool": {"size": 2},
    }  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has rights of another kind")
def test_a_file_is_for_its_owner_only() -> None:
    save_profile(profile=SERVER)
    note_opened(profile=SERVER)
    for path in (profiles_folder() / "library.toml", recent.list_file()):
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_profile_without_a_name_gets_its_title() -> None:
    assert save_profile(profile=replace(SERVER, name=" ")).profile.name == "library @ db.example"


def test_profiles_of_one_name_get_files_of_their_own() -> None:
    ids = {save_profile(profile=SERVER).profile.id for _number in range(3)}
    assert ids == {"library", "library-2", "library-3"}
    assert len(load_profiles().profiles) == 3


def test_workers_that_save_at_once_never_share_a_file() -> None:
    targets = [Profile(f"/a/{number}.desk", name="Same") for number in range(16)]
    workers = [threading.Thread(target=save_profile, kwargs={"profile": one}) for one in targets]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert {one.target for one in load_profiles().profiles} == {one.target for one in targets}


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("Library", "library"), ("Two  Words!", "two-words"), ("../../etc/passwd", "etc-passwd"), ("...", "connection"),
        ("Größe", "grösse"), ("図書館", "図書館"), ("CON", "con-1"), ("a" * 300, "a" * 60), ("a/b\\c:d", "a-b-c-d"),
        (".hidden", "hidden"),
    ],
)  # fmt: skip
def test_a_file_is_named_after_its_profile(name: str, stem: str) -> None:
    saved = save_profile(profile=replace(FILE, name=name)).profile
    assert saved.id == stem
    assert [path.name for path in profiles_folder().iterdir()] == [f"{stem}.toml"]
    assert load_profiles().profiles[0].name == name


def test_saving_again_replaces_the_profile_of_that_id_only() -> None:
    first = save_profile(profile=SERVER).profile
    second = save_profile(profile=FILE).profile
    changed = save_profile(profile=replace(first, name="Renamed", colour="blue")).profile
    assert changed.id == first.id
    assert set(load_profiles().profiles) == {changed, second}


def test_unknown_keys_are_kept_when_a_profile_is_written_again() -> None:
    path = write(
        "old.toml", '# ours\nname = "Old"\ntarget = "/a"\nfuture = [1, 2]\n\n[pool]\nsize = 3\nspeed = "high"\n'
    )
    (profile,) = load_profiles().profiles
    save_profile(profile=replace(profile, name="New"))
    assert tomllib.loads(path.read_text()) == {
        "name": "New", "target": "/a", "future": [1, 2], "pool": {"size": 3, "speed": "high"},
    }  # fmt: skip


def test_a_colour_of_a_newer_desk_is_none() -> None:
    write("new.toml", 'target = "/a"\ncolour = "octarine"\n')
    (profile,) = load_profiles().profiles
    assert (profile.colour, profile.name) == ("", "new")


DAMAGED: list[tuple[str | bytes, str]] = [
    ("", "“target” is missing"),
    ("target = ", "not TOML"),
    ("target = 5", "“target” is not a text"),
    ('target = ""', "“target” is missing"),
    ('target = "mysql://host/x"', "does not open mysql"),
    ('target = "a\\u0000b"', "“target” is not a text"),
    ('target = "/a"\nread_only = 1', "“read_only” is not true or false"),
    ('target = "/a"\npool = 3', "“pool” is not a table"),
    ('target = "/a"\n[pool]\nsize = 0', "“pool.size” is not a number from 1"),
    ('target = "/a"\n[pool]\nsize = true', "“pool.size” is not a number"),
    ('target = "/a"\n[pool]\nsize = 2.5', "“pool.size” is not a number"),
    ('target = "/a"\n[pool]\ntimeout = nan', "“pool.timeout” is not a number"),
    ('target = "/a"\n[pool]\ntimeout = -1', "“pool.timeout” is not a number"),
    ('target = "/a"\n[pool]\npre_ping = "yes"', "“pool.pre_ping” is not true or false"),
    (b'target = "\xff"', "not UTF-8"),
    (b"#" * 2_000_000, "too long"),
    ("a = " + "[" * 100_000, "nested too deeply"),
    ("a = " + "9" * 5_000, "too many digits"),
    ('target = "~nobody.of.that.name/a"', "home folder"),
    (f'target = "postgresql://clerk:{SENTINEL}@host/x"', "password in it, in the key “target”"),
    (f'target = "postgresql://host/x?password={SENTINEL}"', "password in it, in the key “target”"),
    (f'target = "/a"\npassword = "{SENTINEL}"', "password in it, in the key “password”"),
    (f'target = "/a"\n[pool]\nPassword = "{SENTINEL}"', "password in it, in the key “pool.Password”"),
    (f'target = "postgresql://host/x?sslpassword={SENTINEL}"', "“target” cannot be used"),
]


@pytest.mark.parametrize(("text", "reason"), DAMAGED)
def test_a_damaged_file_is_told_with_its_reason_and_left_as_it_is(text: str | bytes, reason: str) -> None:
    path = write("broken.toml", text)
    good = save_profile(profile=FILE).profile
    before = path.read_bytes()
    shelf = load_profiles()
    assert shelf.profiles == (good,)
    (damaged,) = shelf.damaged
    assert damaged.path == path
    assert reason in damaged.reason
    assert SENTINEL not in damaged.reason
    save_profile(profile=replace(FILE, name="Broken"))
    save_profile(profile=replace(FILE, id="broken", name="Broken"))
    delete_profile(profile=replace(FILE, id="broken"))
    assert path.read_bytes() == before
    assert {one.id for one in load_profiles().profiles} == {"mine", "broken-2", "broken-3"}


def test_what_is_no_profile_of_ours_is_not_looked_at() -> None:
    write("notes.txt", "nothing")
    write(".library.toml.1234", "half wri")
    write(".hidden.toml", "x")
    assert load_profiles() == type(load_profiles())(())


def test_a_folder_that_cannot_be_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with folder_for_everyone() as folder:
        monkeypatch.setenv("DESK_HOME", str(folder))
        save_profile(profile=FILE)
        for path in (folder / "config", profiles_folder()):
            path.chmod(0o700)
        with without_root():
            (damaged,) = load_profiles().damaged
            assert damaged.path == profiles_folder()
            assert "Permission denied" in damaged.reason
            with pytest.raises(EnvironmentProblem) as refused:
                save_profile(profile=FILE)
            assert refused.value.code == "unwritable"
            note_opened(profile=FILE)
            assert recent_profiles() == ()


def test_a_file_that_cannot_be_written_leaves_the_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    saved = save_profile(profile=FILE).profile

    def fail(_number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    for one in (replace(saved, colour="red"), SERVER):
        with pytest.raises(EnvironmentProblem) as refused:
            save_profile(profile=one)
        assert "No space left" in refused.value.what
        assert refused.value.advice
    note_opened(profile=FILE)
    assert load_profiles().profiles == (saved,)
    assert [path.name for path in profiles_folder().iterdir()] == ["mine.toml"]


@pytest.mark.parametrize(
    "target", [f"postgresql://clerk:{SENTINEL}@host/x", f"postgresql://host/x?password={SENTINEL}"]
)
def test_a_profile_with_a_password_in_its_target_is_not_kept(target: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        save_profile(profile=Profile(target))
    assert SENTINEL not in str(refused.value)
    assert not profiles_folder().exists()
    assert SENTINEL not in Profile(target).title + Profile(target).account


# Passwords


def test_a_password_to_keep_goes_into_the_keyring_and_nowhere_else(keyring: Keyring, desk_home: Path) -> None:
    saved = save_profile(profile=replace(SERVER, keeps_password=True), password=SENTINEL)
    assert (saved.profile.keeps_password, saved.note) == (True, "")
    assert list(keyring.passwords.values()) == [SENTINEL]
    assert all(SENTINEL not in path.read_text() for path in desk_home.rglob("*") if path.is_file())
    again = save_profile(profile=replace(saved.profile, name="Again"))
    assert (again.profile.keeps_password, again.note) == (True, "")
    assert list(keyring.passwords.values()) == [SENTINEL]


def test_without_a_keyring_the_profile_is_kept_and_says_why_its_password_is_not() -> None:
    with using(BrokenKeyring(RuntimeError("no bus"))):
        saved = save_profile(profile=replace(SERVER, keeps_password=True), password=SENTINEL)
        assert saved.profile.keeps_password is False
        assert "no bus" in saved.note
        assert keyring_problem() == saved.note
        assert load_profiles().profiles == (saved.profile,)
        assert secrets.password_for(saved.profile) == SENTINEL


def test_a_password_that_is_not_to_be_kept_is_remembered_for_this_run(keyring: Keyring) -> None:
    saved = save_profile(profile=SERVER, password=SENTINEL)
    assert (saved.profile.keeps_password, saved.note, keyring.passwords) == (False, "", {})
    assert secrets.password_for(saved.profile) == SENTINEL


def test_keeping_takes_the_password_that_this_run_knows(keyring: Keyring) -> None:
    secrets.remember(SERVER, SENTINEL)
    assert save_profile(profile=replace(SERVER, keeps_password=True)).profile.keeps_password
    assert list(keyring.passwords.values()) == [SENTINEL]


def test_there_is_nothing_to_keep_without_a_password(keyring: Keyring) -> None:
    saved = save_profile(profile=replace(SERVER, keeps_password=True))
    assert saved.profile.keeps_password is False
    assert "no password" in saved.note
    assert save_profile(profile=replace(FILE, keeps_password=True)).profile.keeps_password is False


@pytest.mark.parametrize("change", ["keep no more", "another host", "delete"])
def test_a_password_that_no_profile_keeps_any_more_leaves_the_keyring(keyring: Keyring, change: str) -> None:
    saved = save_profile(profile=replace(SERVER, keeps_password=True), password=SENTINEL).profile
    other = save_profile(profile=replace(SERVER, keeps_password=True, name="Same"), password=SENTINEL).profile
    changes: dict[str, Callable[[Profile], object]] = {
        "keep no more": lambda one: save_profile(profile=replace(one, keeps_password=False)),
        "another host": lambda one: save_profile(profile=replace(one, target="postgresql://clerk@elsewhere/library")),
        "delete": lambda one: delete_profile(profile=one),
    }
    changes[change](saved)
    assert list(keyring.passwords.values()) == [SENTINEL]  # the other one still keeps it
    changes[change](other)
    assert keyring.passwords == {}


def test_a_password_is_never_sent_on_to_another_host(keyring: Keyring) -> None:
    saved = save_profile(profile=replace(SERVER, keeps_password=True), password=SENTINEL).profile
    moved = save_profile(profile=replace(saved, target="postgresql://clerk@elsewhere/library"))
    assert moved.profile.keeps_password is False
    assert secrets.password_for(moved.profile) is None


# Export and import


def test_exported_profiles_are_imported_under_free_names(tmp_path: Path, keyring: Keyring) -> None:
    kept = [
        save_profile(profile=replace(SERVER, keeps_password=True, colour="red"), password=SENTINEL).profile,
        save_profile(profile=replace(FILE, pool=PoolSettings(size=2))).profile,
    ]
    path = tmp_path / "profiles.toml"
    assert export_profiles(profiles=kept, path=path) == 2
    assert SENTINEL not in path.read_text()
    assert "keeps_password" not in path.read_text()
    shelf = import_profiles(path=path)
    assert [one.name for one in shelf.profiles] == ["Library (2)", "Mine (2)"]
    assert [one.target for one in shelf.profiles] == [one.target for one in kept]
    assert [one.colour for one in shelf.profiles] == ["red", ""]
    assert shelf.profiles[1].pool == PoolSettings(size=2)
    assert not any(one.keeps_password for one in shelf.profiles)
    assert {*kept, *shelf.profiles} == set(load_profiles().profiles)
    assert [one.name for one in import_profiles(path=path).profiles] == ["Library (3)", "Mine (3)"]


def test_unknown_keys_travel_along(tmp_path: Path) -> None:
    write("old.toml", 'name = "Old"\ntarget = "/a"\nfuture = 7\n')
    export_profiles(profiles=load_profiles().profiles, path=tmp_path / "x.toml")
    (made,) = import_profiles(path=tmp_path / "x.toml").profiles
    assert tomllib.loads((profiles_folder() / f"{made.id}.toml").read_text())["future"] == 7


def test_a_profiles_own_file_can_be_imported(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('name = "Given"\ntarget = "/a"\n')
    assert [one.name for one in import_profiles(path=path).profiles] == ["Given"]


def test_what_cannot_be_imported_is_told_and_the_rest_is_imported(tmp_path: Path) -> None:
    path = tmp_path / "mixed.toml"
    path.write_text(
        f'[[profile]]\nname = "Bad"\n\n[[profile]]\nname = "Good"\ntarget = "/a"\n\n'
        f'[[profile]]\ntarget = "postgresql://u:{SENTINEL}@h/x"\n'
    )
    shelf = import_profiles(path=path)
    assert [one.name for one in shelf.profiles] == ["Good"]
    assert [one.path for one in shelf.damaged] == [path, path]
    assert "Connection 1: " in shelf.damaged[0].reason
    assert "Connection 3: There is a password in it" in shelf.damaged[1].reason
    assert SENTINEL not in repr(shelf)


@pytest.mark.parametrize("text", ["", "profile = 3", "profile = []", "x = 1", "nonsense", "\xff"])
def test_a_file_without_profiles_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InvalidInput) as refused:
        import_profiles(path=path)
    assert str(path) in refused.value.what
    assert refused.value.advice
    assert not profiles_folder().exists()


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as refused:
        import_profiles(path=tmp_path / "none.toml")
    assert "No such file" in refused.value.what


# Recent ones


def test_what_was_opened_last_comes_first_twelve_at_most() -> None:
    opened = [Profile(f"/a/{number}.desk", read_only=number == 3, colour="red") for number in range(15)]
    for profile in opened:
        note_opened(profile=profile)
    note_opened(profile=opened[5])
    assert recent_profiles() == (opened[5], *[one for one in reversed(opened[3:]) if one != opened[5]])
    assert len(recent_profiles()) == 12
    forget_recent()
    assert recent_profiles() == ()


def test_kept_profiles_are_ordered_by_when_they_were_opened() -> None:
    kept = [save_profile(profile=Profile(f"/a/{name}.desk", name=name)).profile for name in "bca"]
    assert [one.name for one in load_profiles().profiles] == ["a", "b", "c"]
    note_opened(profile=kept[0])
    note_opened(profile=kept[1])
    assert [one.name for one in load_profiles().profiles] == ["c", "b", "a"]


def test_a_recent_profile_is_as_it_is_kept_now() -> None:
    saved = save_profile(profile=SERVER).profile
    note_opened(profile=saved)
    changed = save_profile(profile=replace(saved, name="Renamed", colour="green")).profile
    assert recent_profiles() == (changed,)
    (profiles_folder() / f"{saved.id}.toml").unlink()
    assert recent_profiles() == (Profile(SERVER.target),)


def test_a_deleted_profile_is_recent_no_more() -> None:
    saved = save_profile(profile=SERVER).profile
    note_opened(profile=saved)
    note_opened(profile=FILE)
    delete_profile(profile=saved)
    assert recent_profiles() == (FILE,)


@pytest.mark.parametrize("text", ["nonsense", "opened = 3", "\0"])
def test_a_damaged_list_is_put_aside_and_begun_anew(text: str) -> None:
    recent.list_file().parent.mkdir(parents=True)
    recent.list_file().write_text(text)
    assert recent_profiles() == ()
    note_opened(profile=FILE)
    assert recent_profiles() == (FILE,)
    (aside,) = recent.list_file().parent.glob("recent.damaged-*.toml")
    assert aside.read_text() == text


def test_an_entry_that_cannot_be_read_is_left_out() -> None:
    recent.list_file().parent.mkdir(parents=True)
    recent.list_file().write_text(
        f'opened = [3, {{target = "/a"}}, {{x = 1}}, {{target = "postgresql://u:{SENTINEL}@h/x"}}]'
    )
    assert recent_profiles() == (Profile("/a"),)
    note_opened(profile=FILE)
    assert SENTINEL not in recent.list_file().read_text()


def test_windows_that_open_at_once_lose_nothing() -> None:
    opened = [Profile(f"/a/{number}.desk") for number in range(8)]
    workers = [threading.Thread(target=note_opened, kwargs={"profile": one}) for one in opened]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert set(recent_profiles()) == set(opened)


def test_reading_a_document_names_the_reason(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        profile_files.read_document(tmp_path)


def test_a_file_whose_name_is_no_text_fails_in_words() -> None:
    nameless = Profile("/a/\udcff.desk")
    note_opened(profile=FILE)
    note_opened(profile=nameless)
    assert recent_profiles() == (FILE,)
    with pytest.raises(InvalidInput, match="Unicode"):
        save_profile(profile=nameless)
    assert load_profiles().profiles == ()


def test_a_folder_of_state_that_cannot_be_looked_into_counts_as_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    with folder_for_everyone() as folder:
        monkeypatch.setenv("DESK_HOME", str(folder))
        state = recent.list_file().parent
        state.mkdir(parents=True, mode=0o700)
        with without_root():
            if os.access(state, os.X_OK):
                state.chmod(0)
            assert recent_profiles() == ()
            note_opened(profile=FILE)
        state.chmod(0o700)
