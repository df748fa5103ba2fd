"""Keeps connection profiles: one file each in the user's folder of settings, and what was opened lately."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from desk.database import profile_files, recent, secrets
from desk.database.profiles import Profile, profile_of
from desk.errors import DeskError, EnvironmentProblem, InvalidInput
from desk.i18n import _
from desk.settings import folders

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DamagedProfile:
    """A file, or a part of one, that cannot be used as a profile, and why; it is left as it is."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class ProfileShelf:
    """Profiles, and what should have been some."""

    profiles: tuple[Profile, ...]
    damaged: tuple[DamagedProfile, ...] = ()


@dataclass(frozen=True, slots=True)
class SavedProfile:
    """A profile as it was kept; `note` is '' or why its password is not in the keyring."""

    profile: Profile
    note: str


def load_profiles() -> ProfileShelf:
    """All kept profiles: those opened lately first, newest first, then the others by name. Never fails."""
    folder = profiles_folder()
    found: list[Profile] = []
    damaged: list[DamagedProfile] = []
    try:
        paths = sorted(path for path in folder.iterdir() if _is_profile_file(path))
    except FileNotFoundError:
        return ProfileShelf(())
    except OSError as error:
        reason = _("The folder cannot be read: {reason}.").format(reason=error.strerror)
        return ProfileShelf((), (DamagedProfile(folder, reason),))
    for path in paths:
        try:
            found.append(_load(path))
        except DeskError as error:
            damaged.append(DamagedProfile(path, error.what))
    lately = {profile.id: place for place, profile in enumerate(recent.recent())}
    found.sort(key=lambda one: (lately.get(one.id, len(lately)), one.title.casefold(), one.id))
    return ProfileShelf(tuple(found), tuple(damaged))


def save_profile(*, profile: Profile, password: str | None = None) -> SavedProfile:
    """Keeps a profile: one with an `id` takes the place of the one kept under it, another gets a file of its own.

    With `keeps_password` the password goes into the keyring (None: the one given in this run; one that is there already
    stays); without, it is remembered for this run. The result has its `id`, its name, and tells by `keeps_password`
    whether the keyring has it. Raises InvalidInput for a target that cannot be used or holds a password,
    EnvironmentProblem when the file cannot be written.
    """
    target, hidden = profile_of(profile.target)
    if hidden:
        raise InvalidInput(
            _("A profile holds no password."), advice=_("Give the password apart from the URL."), code="profile"
        )
    profile = replace(
        profile,
        target=target.target,
        read_only=profile.read_only or target.read_only,
        name=profile.name.strip() or replace(profile, name="").title,
    )
    before, document = _kept(profile.id)
    keeps, note = _keep_password(profile, before, password)
    profile = _write(replace(profile, keeps_password=keeps, id=before.id if before else ""), document)
    _drop_unused_password(before)
    return SavedProfile(profile, note)


def delete_profile(*, profile: Profile) -> None:
    """Removes a kept profile, its password from the keyring, and its place among the recent ones.

    A password that another profile uses stays. Raises EnvironmentProblem when the file cannot be removed.
    """
    before, _document = _kept(profile.id)
    if before is None:
        return
    path = _file_of(profile.id)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise EnvironmentProblem(
            _("{path} cannot be removed: {reason}.").format(path=path, reason=error.strerror),
            kept=_("The connection is still kept."),
            advice=_("Check the folder's rights."),
            code="unwritable",
        ) from error
    recent.drop(profile)
    _drop_unused_password(before)


def export_profiles(*, profiles: Sequence[Profile], path: Path) -> int:
    """Writes profiles into one TOML file, which is replaced, without passwords; returns how many.

    Raises EnvironmentProblem when it cannot be written.
    """
    entries = []
    for profile in profiles:
        _before, document = _kept(profile.id)
        entry = profile_files.document_of(replace(profile, name=profile.name or profile.title), document)
        entry.pop("keeps_password", None)  # another computer's keyring does not have it
        entries.append(entry)
    profile_files.write_document(path, {"profile": entries})
    return len(entries)


def import_profiles(*, path: Path) -> ProfileShelf:
    """Keeps the profiles of an exported file, or of one kept by itself, under new names where theirs are taken.

    Returns the new ones and those that could not be used. Raises InvalidInput when the file holds none,
    EnvironmentProblem when they cannot be written.
    """
    entries = _entries(path)
    names = {profile.name for profile in load_profiles().profiles}
    made: list[Profile] = []
    damaged: list[DamagedProfile] = []
    for number, entry in enumerate(entries, 1):
        try:
            if not isinstance(entry, dict):
                raise InvalidInput(_("It is not a table."))
            found = profile_files.profile_in(entry)
        except DeskError as error:
            reason = _("Connection {number}: {reason}").format(number=number, reason=error.what)
            damaged.append(DamagedProfile(path, reason))
            continue
        profile = replace(found, name=_free_name(found.title, names), keeps_password=False)
        entry.pop("keeps_password", None)
        made.append(_write(profile, entry))
        names.add(profile.name)
    return ProfileShelf(tuple(made), tuple(damaged))


def recent_profiles() -> tuple[Profile, ...]:
    """What was opened lately, kept or not, newest first, at most 12; kept ones as they are now. Never fails."""
    return tuple(_as_it_is_now(profile) for profile in recent.recent())


def note_opened(*, profile: Profile) -> None:
    """Puts a profile first among the recent ones. Never fails."""
    recent.put_first(profile)


def forget_recent() -> None:
    """Empties the list of recent ones. Never fails."""
    recent.drop()


def keyring_problem() -> str:
    """Why passwords cannot be kept on this system; '' when they can, as far as can be told without asking for one."""
    return secrets.keyring_problem()


def profiles_folder() -> Path:
    """Where the profiles are kept; it may not be there yet."""
    return folders().config / "profiles"


# Files


def _is_profile_file(path: Path) -> bool:
    return path.suffix == profile_files.SUFFIX and not path.name.startswith(".")


def _file_of(profile_id: str) -> Path:
    return profiles_folder() / f"{profile_id}{profile_files.SUFFIX}"


def _load(path: Path) -> Profile:
    profile = profile_files.profile_in(profile_files.read_document(path), path.stem)
    return profile if profile.name else replace(profile, name=path.stem)


def _kept(profile_id: str) -> tuple[Profile | None, dict[str, Any]]:
    """(the profile kept under an id, its document); None when there is none that can be read, which is then left."""
    if not profile_id or _file_of(profile_id).parent != profiles_folder():
        return None, {}
    with suppress(DeskError):
        path = _file_of(profile_id)
        return _load(path), profile_files.read_document(path)
    return None, {}


def _write(profile: Profile, document: dict[str, Any]) -> Profile:
    """Writes a profile into its file, or into a new one; returns it with its id."""
    if profile.id:
        profile_files.write_document(_file_of(profile.id), profile_files.document_of(profile, document))
        return profile
    path = profile_files.claim_file(profiles_folder(), profile.name)
    try:
        profile_files.write_document(path, profile_files.document_of(profile, document))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return replace(profile, id=path.stem)


def _as_it_is_now(profile: Profile) -> Profile:
    now, _document = _kept(profile.id)
    if now is not None:
        return now
    return replace(profile, id="", name="", keeps_password=False) if profile.id else profile


def _entries(path: Path) -> list[Any]:
    try:
        document = profile_files.read_document(path)
    except InvalidInput as error:
        raise InvalidInput(
            _("{path} cannot be imported. {reason}").format(path=path, reason=error.what),
            kept=error.kept,
            advice=_("Choose a file that Desk exported."),
            code="profile",
        ) from error
    entries = [document] if "target" in document else document.get("profile")
    if not isinstance(entries, list) or not entries:
        raise InvalidInput(
            _("There are no connections in {path}.").format(path=path),
            kept=_("Nothing was changed."),
            advice=_("Choose a file that Desk exported."),
            code="profile",
        )
    return entries


def _free_name(name: str, taken: set[str]) -> str:
    free, number = name, 2
    while free in taken:
        free, number = f"{name} ({number})", number + 1
    return free


# Passwords


def _keep_password(profile: Profile, before: Profile | None, password: str | None) -> tuple[bool, str]:
    """(whether the keyring has the password of a profile that is being kept, '' or why it has not)."""
    if not profile.keeps_password or not profile.account:
        if password:
            secrets.remember(profile, password)
        return False, ""
    if not password and before is not None and before.keeps_password and before.account == profile.account:
        return True, ""
    note = secrets.keep(profile, password or secrets.password_for(profile) or "")
    return not note, note


def _drop_unused_password(before: Profile | None) -> None:
    """Takes the password that a profile kept until now from the keyring, unless a profile still keeps it."""
    if before is None or not before.keeps_password:
        return
    if any(one.keeps_password and one.account == before.account for one in load_profiles().profiles):
        return
    if problem := secrets.discard(before):
        _log.warning("The password of %s may still be in the keyring: %s", before.title, problem)
