"""Passwords: for this run in memory, and for longer in the system's keyring, nowhere else.

A keyring may be missing, locked behind a prompt that nobody answers, or lose what it is given: it is asked on a thread
of its own with a time limit, and not again in this run once it failed. For worker threads only.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from desk.i18n import _
from desk.redaction import keep_out, redacted

if TYPE_CHECKING:
    from collections.abc import Callable

    from desk.database.profiles import Profile

SERVICE = "desk"
"""Under what name the keyring lists our passwords; the account is the profile's."""
LIMIT_SECONDS = 5.0

_remembered: dict[str, str] = {}
_refused: set[str] = set()
"""Accounts whose kept password is not used again in this run."""
_keyring_lock = threading.Lock()
_problem = ""
"""Why the keyring is not asked any more in this run; '' while it may be."""


class _KeyringFailed(Exception):
    """Its text tells a person why the keyring cannot be used."""


def password_for(profile: Profile) -> str | None:
    """The password that was given in this run, else the one that the keyring keeps; None when there is neither."""
    account = profile.account
    if account in _remembered:
        return _remembered[account]
    if not account or not profile.keeps_password or account in _refused:
        return None
    try:
        password = _ask(lambda keyring: keyring.get_password(SERVICE, account))
    except _KeyringFailed:
        return None
    if not password:
        return None
    remember(profile, password)
    return str(password)


def remember(profile: Profile, password: str) -> None:
    """From now on it is the profile's password, until the program ends."""
    keep_out(password)
    if profile.account and password:
        _remembered[profile.account] = password
        _refused.discard(profile.account)


def keep(profile: Profile, password: str) -> str:
    """Puts a password into the keyring, reads it back, and remembers it; returns '' or why it is not kept there."""
    remember(profile, password)
    account = profile.account
    if not account or not password:
        return _("There is no password to keep.")

    def write(keyring: Any) -> None:
        keyring.set_password(SERVICE, account, password)
        if keyring.get_password(SERVICE, account) != password:
            with suppress(Exception):
                keyring.delete_password(SERVICE, account)
            raise _KeyringFailed(_("The system's keyring did not give back what it was given."))

    return _outcome(write)


def forget(profile: Profile) -> None:
    """The password is not used again in this run, not even the one that the keyring keeps."""
    _remembered.pop(profile.account, None)
    _refused.add(profile.account)


def discard(profile: Profile) -> str:
    """Removes a password from the keyring; returns '' or why it may still be there. This run still remembers it."""
    account = profile.account

    def remove(keyring: Any) -> None:
        if keyring.get_password(SERVICE, account) is not None:
            keyring.delete_password(SERVICE, account)

    return _outcome(remove) if account else ""


def keyring_problem() -> str:
    """Why passwords cannot be kept on this system; '' when they can, as far as can be told without asking for one."""
    return _outcome(lambda _keyring: None)


def _outcome(use: Callable[[Any], None]) -> str:
    try:
        _ask(use)
    except _KeyringFailed as failure:
        return str(failure)
    return ""


def _ask(use: Callable[[Any], Any]) -> Any:
    """What `use(keyring)` returns; raises _KeyringFailed. After most failures it is not asked again in this run."""
    global _problem  # noqa: PLW0603  (one keyring for the process)
    with _keyring_lock:
        if _problem:
            raise _KeyringFailed(_problem)
        answers: list[Any] = []
        failures: list[BaseException] = []

        def work() -> None:
            try:
                answers.append(use(_backend()))
            except BaseException as failure:
                failures.append(failure)

        thread = threading.Thread(target=work, name="keyring", daemon=True)
        thread.start()
        thread.join(LIMIT_SECONDS)
        if answers:
            return answers[0]
        words, is_lasting = _explained(failures[0] if failures else None)
        if is_lasting:
            _problem = words
        raise _KeyringFailed(words)


def _explained(failure: BaseException | None) -> tuple[str, bool]:
    """(words for a person, whether to ask no more in this run) of a failure; None is no answer in time."""
    if failure is None:
        words = _("The system's keyring did not answer within {seconds:g} seconds.")
        return words.format(seconds=LIMIT_SECONDS), True
    if isinstance(failure, _KeyringFailed):
        return str(failure), True
    kind = type(failure).__name__
    if kind == "NoKeyringError":
        return _NO_KEYRING, True
    if kind == "KeyringLocked":
        return _("The system's keyring is locked."), True
    first_line = redacted(str(failure)).strip().partition("\n")[0]
    words = _("The system's keyring failed: {text}.").format(text=first_line.rstrip(".") or kind)
    return words, kind not in ("PasswordSetError", "PasswordDeleteError")


def _backend() -> Any:
    """The keyring to use; raises _KeyringFailed when there is none that can be trusted.

    A chain writes to its first member, but reads from all: only its first that can be trusted is used.
    """
    import keyring  # noqa: PLC0415  (looks for the system's keyrings: only ever on the thread with a time limit)

    chosen = keyring.get_keyring()
    if (reason := _UNUSABLE.get(type(chosen).__module__)) is not None:
        raise _KeyringFailed(reason)
    candidates = list(getattr(chosen, "backends", None) or [chosen])
    for candidate in candidates:
        if not _is_plain_text(candidate):
            return candidate
    raise _KeyringFailed(_("The only keyring of this system keeps passwords in plain text."))


_NO_KEYRING = _("This system has no keyring.")
_UNUSABLE = {
    "keyring.backends.fail": _NO_KEYRING,
    "keyring.backends.null": _("The system's keyring is switched off."),
}
"""The library's stand-ins for a keyring that is not there."""


def _is_plain_text(backend: Any) -> bool:
    kind = type(backend)
    return kind.__module__.startswith("keyrings.alt") or "plaintext" in kind.__name__.casefold()
