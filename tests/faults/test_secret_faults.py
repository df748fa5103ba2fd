"""Faults 49 and 50: no keyring to keep passwords, and a password that must be found nowhere."""

from __future__ import annotations

import json
import logging
import sys
import threading
import traceback
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import make_url

from desk import ctl, logs
from desk.catalog.edits import Edit, EditKind, RecordKey
from desk.database import drafts, secrets
from desk.database.drafts import Draft
from desk.database.profiles import Profile, profile_of
from desk.errors import DeskError
from desk.operations.connect import open_catalogue
from desk.operations.opening import open_profile, url_of
from desk.operations.pages import count_tables
from desk.operations.profiles import (
    export_profiles,
    import_profiles,
    load_profiles,
    note_opened,
    profiles_folder,
    recent_profiles,
    save_profile,
)
from desk.operations.trying import try_connection
from desk.redaction import STARS, redacted
from tests.support.keyrings import Keyring, PromptingKeyring, using
from tests.support.leaks import files_holding, holding
from tests.support.roles import clerk_of
from tests.support.told import SENTINEL, tells

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.postgres import Server


@pytest.fixture
def clerk(postgres: Server, postgres_url: str) -> Iterator[Profile]:
    """A role of its own that has to give SENTINEL as its password."""
    with clerk_of(postgres, postgres_url) as profile:
        yield profile


class Person:
    """Types a password whenever Desk asks for one; counts how often that was."""

    def __init__(self) -> None:
        self.asked = 0

    def open(self, profile: Profile) -> None:
        """Opens a profile as a window does: with what Desk knows, else with what this person types."""
        try:
            catalogue = open_profile(profile=profile)
        except DeskError as error:
            if error.code != "password":
                raise
            self.asked += 1
            catalogue = open_profile(profile=profile, password=SENTINEL)
        try:
            assert count_tables(sessions=catalogue.sessions)["books"] == 0
        finally:
            catalogue.close()


def test_fault_49_no_keyring(clerk: Profile, desk_home: Path) -> None:
    saved = save_profile(profile=replace(clerk, name="Library", keeps_password=True), password=SENTINEL)
    assert saved.note == "This system has no keyring."
    assert saved.profile.keeps_password is False
    secrets.forget(saved.profile)
    person = Person()
    for _again in range(3):
        person.open(saved.profile)
        person.open(replace(saved.profile, keeps_password=True))  # as a profile that another computer made
    assert person.asked == 1
    assert not files_holding(SENTINEL, desk_home)


def test_fault_49_a_keyring_that_never_answers(clerk: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "LIMIT_SECONDS", 0.05)
    backend = PromptingKeyring()
    person = Person()
    with using(backend):
        for _again in range(3):
            person.open(replace(clerk, keeps_password=True))
        assert save_profile(profile=replace(clerk, keeps_password=True)).note
    assert (person.asked, backend.asked) == (1, 1)


def fails(operation: Callable[..., Any], **arguments: Any) -> str:
    """All texts of the error that must come of an operation."""
    with pytest.raises(DeskError) as raised:
        operation(**arguments)
    error = raised.value
    return "\n".join([str(error), repr(error), *traceback.format_exception(error)])


def ways_to_give(clerk: Profile) -> list[str]:
    """Targets that hold the sentinel wherever a person may put it, and that fail in every way."""
    server = f"{make_url(clerk.target).host}:{make_url(clerk.target).port}"
    good = clerk.target.replace("@", f":{SENTINEL}@", 1)
    return [
        good + "_not_there",
        good + "?sslmode=nonsense",
        good + "?autocommit=1",
        good + "?schema=elsewhere",
        f"{clerk.target}_not_there?password={SENTINEL}",
        f"{clerk.target}?sslpassword={SENTINEL}&password={SENTINEL}",
        f"postgresql://stranger:{SENTINEL}@{server}/x",
        f"postgresql://clerk:{SENTINEL}@x.invalid/x",
        f"postgresql://clerk:{SENTINEL}@127.0.0.1:1/x",
        f"postgresql://clerk:{SENTINEL}@host:port/x",
        f"postgresql://clerk:12/{SENTINEL}@host/x",
        f"postgresql://clerk:p@{SENTINEL}@host/x",
        f"postgresql:/clerk:{SENTINEL}@host/x",
        f"mysql://clerk:{SENTINEL}@host/x",
        f"host=127.0.0.1 port=1 password={SENTINEL}",
        f"host=127.0.0.1 password='{SENTINEL}",
    ]


def open_target(target: str) -> None:
    """As a window opens what a person typed."""
    profile, password = profile_of(target)
    open_profile(profile=profile, password=password).close()


def test_fault_50_a_sentinel_password(
    clerk: Profile,
    desk_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    texts: list[str] = []
    records: list[str] = []
    put = logs._Entrance.enqueue

    def watched(entrance: Any, record: logging.LogRecord) -> None:
        records.append(repr(vars(record)))
        put(entrance, record)

    monkeypatch.setattr(logs._Entrance, "enqueue", watched)
    logs.start_log()
    monkeypatch.setenv("PGPASSWORD", "another-" + SENTINEL)
    good = clerk.target.replace("@", f":{SENTINEL}@", 1)
    with using(Keyring()):
        # It is used where it is right …
        open_catalogue(target=good).close()
        open_profile(profile=clerk, password=SENTINEL).close()
        kept = save_profile(profile=replace(clerk, name="Library", keeps_password=True), password=SENTINEL).profile
        texts.append(repr(try_connection(profile=kept, password=SENTINEL)))
        texts.append(repr(url_of(kept, SENTINEL)))
        # … refused where it is wrong, or where it must not be …
        texts.append(fails(open_profile, profile=clerk, password=SENTINEL + "!"))
        texts.append(repr(try_connection(profile=clerk, password=SENTINEL + "!")))
        for target in ways_to_give(clerk):
            texts.append(fails(open_target, target=target))
            with suppress(DeskError):
                texts.append(repr(try_connection(profile=profile_of(target)[0], password=SENTINEL)))
            for command in (["doctor"], ["migrate", "status"], ["export", "--json"]):
                ctl.main([*command, "--database", target])
        texts.append(fails(save_profile, profile=Profile(good)))
        # … planted, exported, and imported …
        planted = tmp_path / "planted.toml"
        planted.write_text(f'[[profile]]\ntarget = "{good}"\n\n[[profile]]\ntarget = "/a"\npassword = "{SENTINEL}"\n')
        texts.append(repr(import_profiles(path=planted)))
        note_opened(profile=kept)
        exported = tmp_path / "exported"
        exported.mkdir()
        export_profiles(profiles=load_profiles().profiles, path=exported / "profiles.toml")
        texts.append(repr(load_profiles()) + repr(recent_profiles()))
        draft = Draft.create(drafts.folder(), "catalogue", good, good)
        key = RecordKey("books", 1)
        draft.write({key: Edit(key, EditKind.DELETE, "Emma")})
        texts.append(repr((draft.place, draft.title)))
        # … and thrown about by bugs.
        log = logging.getLogger("desk.test")
        log.error("%s and %r", good, SENTINEL, stack_info=True, exc_info=RuntimeError(good))
        thread = threading.Thread(target=broken, kwargs={"url": good})
        thread.start()
        thread.join()
        try:
            broken(url=good)
        except RuntimeError as error:
            sys.excepthook(type(error), error, error.__traceback__)
    monkeypatch.setenv("DESK_DEBUG", "1")
    monkeypatch.setattr("desk.operations.doctor.examine", lambda **_options: broken(url=good))
    assert ctl.main(["doctor"]) == 1
    logs.stop_log()

    printed = capfd.readouterr()
    assert "RuntimeError" in printed.err
    assert len(records) > 5
    assert not holding(SENTINEL, *texts)
    assert not holding(SENTINEL, printed.out, printed.err)
    assert not holding(SENTINEL, *records)
    assert [path.suffix for path in drafts.folder().iterdir()].count(".draft") == 1
    assert not files_holding(SENTINEL, desk_home)
    draft.close(delete=False)
    assert not files_holding(SENTINEL, drafts.folder())
    assert not files_holding(SENTINEL, exported)
    assert [path.name for path in profiles_folder().iterdir()] == ["library.toml"]


def broken(*, url: str) -> None:
    """A bug that quotes the URL."""
    raise RuntimeError(f"{make_url(url).password} is in {url}") from ValueError(json.dumps({"url": url}))


@pytest.mark.parametrize("way", ["in the URL", "behind the ?", "PGPASSWORD"])
def test_fault_50_is_kept_out_of_texts_however_a_target_is_opened(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    targets = {
        "in the URL": f"postgresql://clerk:{SENTINEL}@127.0.0.1:1/x",
        "behind the ?": f"postgresql://clerk@127.0.0.1:1/x?password={SENTINEL}",
        "PGPASSWORD": "postgresql://clerk@127.0.0.1:1/x",
    }
    if way == "PGPASSWORD":
        monkeypatch.setenv("PGPASSWORD", SENTINEL)
    with tells("down", within=10):
        open_catalogue(target=targets[way])
    assert redacted(f"a bug with {SENTINEL}") == f"a bug with {STARS}"
