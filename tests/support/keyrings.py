"""Keyrings with state, in place of the system's: one that works, and those that do not."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import keyring
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError, PasswordSetError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Keyring(KeyringBackend):
    """Keeps what it is given; `asked` counts how often it was used."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.passwords: dict[tuple[str, str], str] = {}
        self.asked = 0

    def get_password(self, service: str, username: str) -> str | None:
        self.asked += 1
        return self.passwords.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.asked += 1
        self.passwords[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self.asked += 1
        if self.passwords.pop((service, username), None) is None:
            raise PasswordDeleteError("not found")


class LosingKeyring(Keyring):
    """Takes everything and keeps nothing."""

    def set_password(self, service: str, username: str, password: str) -> None:
        self.asked += 1


class ManglingKeyring(Keyring):
    """Cuts what it is given."""

    def set_password(self, service: str, username: str, password: str) -> None:
        super().set_password(service, username, password[:4])


class RefusingKeyring(Keyring):
    """Takes nothing, and quotes it."""

    def set_password(self, service: str, username: str, password: str) -> None:
        self.asked += 1
        raise PasswordSetError(f"{password} is too long")


class BrokenKeyring(Keyring):
    """Fails whenever it is asked."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def get_password(self, service: str, username: str) -> str | None:
        self.asked += 1
        raise self._error

    def set_password(self, service: str, username: str, password: str) -> None:
        self.asked += 1
        raise self._error


class PromptingKeyring(Keyring):
    """Waits for a person who does not come, until `answered` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.answered = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.asked += 1
        self.answered.wait()
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        self.asked += 1
        self.answered.wait()


class PlaintextKeyring(Keyring):
    """Keeps passwords where anybody can read them, as keyrings.alt does."""


class ChainedKeyring(Keyring):
    """Reads from several keyrings."""

    def __init__(self, *backends: Keyring) -> None:
        super().__init__()
        self.backends = backends


@contextmanager
def using(backend: KeyringBackend) -> Iterator[None]:
    """The block has this keyring as its system's."""
    before = keyring.get_keyring()
    keyring.set_keyring(backend)
    try:
        yield
    finally:
        keyring.set_keyring(before)
        if isinstance(backend, PromptingKeyring):
            backend.answered.set()
