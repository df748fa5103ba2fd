"""Passwords are remembered for the run and kept by the keyring; whatever the keyring does, nobody waits for it long."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from keyring.backends import null
from keyring.errors import InitError, KeyringLocked, NoKeyringError

from desk.database import secrets
from desk.database.profiles import Profile
from desk.redaction import redacted
from tests.support.keyrings import (
    BrokenKeyring,
    ChainedKeyring,
    Keyring,
    LosingKeyring,
    ManglingKeyring,
    PlaintextKeyring,
    PromptingKeyring,
    RefusingKeyring,
    using,
)
from tests.support.told import SENTINEL

if TYPE_CHECKING:
    from collections.abc import Iterator

PROFILE = Profile("postgresql://clerk@host/library", keeps_password=True)
UNKEPT = Profile("postgresql://clerk@host/library")
OTHER = Profile("postgresql://clerk@host/other", keeps_password=True)
FILE = Profile("/a/b.desk", keeps_password=True)


@pytest.fixture
def keyring() -> Iterator[Keyring]:
    backend = Keyring()
    with using(backend):
        yield backend


def new_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a program knows when it starts: nothing."""
    monkeypatch.setattr(secrets, "_remembered", {})
    monkeypatch.setattr(secrets, "_refused", set())
    monkeypatch.setattr(secrets, "_problem", "")


def test_what_is_remembered_is_known_for_this_run_only(keyring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets.remember(UNKEPT, SENTINEL)
    assert secrets.password_for(UNKEPT) == SENTINEL
    assert secrets.password_for(OTHER) is None
    assert keyring.passwords == {}
    new_run(monkeypatch)
    assert secrets.password_for(UNKEPT) is None


def test_what_is_kept_is_known_in_the_next_run(keyring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    assert secrets.keep(PROFILE, SENTINEL) == ""
    assert keyring.passwords == {("desk", "clerk@host:5432/library"): SENTINEL}
    new_run(monkeypatch)
    assert secrets.password_for(UNKEPT) is None
    assert secrets.password_for(PROFILE) == SENTINEL


def test_the_keyring_is_asked_once_for_what_it_knows(keyring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets.keep(PROFILE, SENTINEL)
    new_run(monkeypatch)
    keyring.asked = 0
    assert [secrets.password_for(PROFILE) for _number in range(3)] == [SENTINEL] * 3
    assert keyring.asked == 1


def test_whatever_passes_is_kept_out_of_texts(keyring: Keyring) -> None:
    secrets.remember(PROFILE, "remembered-one")
    secrets.keep(PROFILE, "kept-one")
    keyring.passwords["desk", OTHER.account] = "found-one"
    secrets.password_for(OTHER)
    assert redacted("remembered-one kept-one found-one") == "*** *** ***"


def test_a_refused_password_is_not_used_again_until_a_new_one_is_given(keyring: Keyring) -> None:
    secrets.keep(PROFILE, SENTINEL)
    secrets.forget(PROFILE)
    assert secrets.password_for(PROFILE) is None
    assert keyring.passwords  # it may be right tomorrow
    secrets.remember(PROFILE, "another")
    assert secrets.password_for(PROFILE) == "another"


def test_a_discarded_password_is_gone_from_the_keyring(keyring: Keyring) -> None:
    secrets.keep(PROFILE, SENTINEL)
    assert secrets.discard(PROFILE) == ""
    assert keyring.passwords == {}
    assert secrets.discard(PROFILE) == ""


def test_a_file_has_no_password(keyring: Keyring) -> None:
    assert secrets.keep(FILE, SENTINEL) != ""
    secrets.remember(FILE, SENTINEL)
    assert secrets.password_for(FILE) is None
    assert secrets.discard(FILE) == ""
    assert keyring.asked == 0


@pytest.mark.parametrize("backend", [LosingKeyring(), ManglingKeyring()], ids=["losing", "mangling"])
def test_a_keyring_that_does_not_give_back_what_it_got_keeps_nothing(backend: Keyring) -> None:
    with using(backend):
        assert "did not give back" in secrets.keep(PROFILE, SENTINEL)
        assert backend.passwords == {}
    assert secrets.password_for(PROFILE) == SENTINEL


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NoKeyringError("long words for developers"), "has no keyring"),
        (KeyringLocked("dismissed"), "is locked"),
        (InitError(f"bus says {SENTINEL}\nsecond line"), "failed: bus says ***."),
        (ValueError(""), "failed: ValueError."),
    ],
)
def test_a_keyring_that_fails_is_not_asked_again_in_this_run(error: Exception, words: str) -> None:
    backend = BrokenKeyring(error)
    secrets.remember(OTHER, SENTINEL)
    with using(backend):
        assert secrets.password_for(PROFILE) is None
        note = secrets.keep(PROFILE, SENTINEL)
        assert words in note
        assert "developers" not in note
        assert "second line" not in note
        assert secrets.discard(PROFILE) == note == secrets.keyring_problem()
        assert backend.asked == 1
    assert secrets.password_for(PROFILE) == SENTINEL


def test_a_password_that_the_keyring_refuses_is_not_its_end() -> None:
    backend = RefusingKeyring()
    with using(backend):
        note = secrets.keep(PROFILE, SENTINEL)
        assert "*** is too long" in note
        assert secrets.keyring_problem() == ""


def test_a_prompt_that_nobody_answers_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "LIMIT_SECONDS", 0.05)
    backend = PromptingKeyring()
    with using(backend):
        assert secrets.password_for(PROFILE) is None
        assert "did not answer within 0.05 seconds" in secrets.keep(PROFILE, SENTINEL)
        assert backend.asked == 1
        waiting = [thread for thread in threading.enumerate() if thread.name == "keyring"]
        assert [thread.daemon for thread in waiting] == [True]
    for thread in waiting:
        thread.join(10)
    assert secrets.password_for(PROFILE) == SENTINEL


def test_two_workers_wait_for_one_prompt_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "LIMIT_SECONDS", 0.05)
    backend = PromptingKeyring()
    found: list[str | None] = []
    with using(backend):
        workers = [threading.Thread(target=lambda: found.append(secrets.password_for(PROFILE))) for _n in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(10)
    assert found == [None] * 3
    assert backend.asked == 1


def test_a_keyring_in_plain_text_is_refused() -> None:
    backend = PlaintextKeyring()
    with using(backend):
        assert "plain text" in secrets.keep(PROFILE, SENTINEL)
        assert "plain text" in secrets.keyring_problem()
    assert backend.asked == 0


def test_of_a_chain_only_a_keyring_to_be_trusted_is_used() -> None:
    plain, good = PlaintextKeyring(), Keyring()
    with using(ChainedKeyring(plain, good)):
        assert secrets.keep(PROFILE, SENTINEL) == ""
    assert (plain.asked, good.passwords) == (0, {("desk", PROFILE.account): SENTINEL})


def test_without_a_desktop_there_is_no_keyring() -> None:
    assert secrets.keyring_problem() == "This system has no keyring."
    assert secrets.keep(PROFILE, SENTINEL) == "This system has no keyring."


def test_a_keyring_that_was_switched_off_is_said_to_be() -> None:
    with using(null.Keyring()):  # type: ignore[no-untyped-call]
        assert secrets.keep(PROFILE, SENTINEL) == "The system's keyring is switched off."


def test_the_module_loads_without_the_keyring_library() -> None:
    code = "import desk.database.secrets, sys; assert 'keyring' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
