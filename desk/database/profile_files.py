"""One connection profile as TOML: reading what a person may have written, and writing it so that nothing is lost.

Invariant: no password gets into a file, and a file that cannot be understood is never changed.
"""

from __future__ import annotations

import dataclasses
import math
import os
import re
import secrets
import tomllib
import unicodedata
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from desk.database.profiles import COLOURS, PoolSettings, Profile, profile_of
from desk.errors import DeskError, EnvironmentProblem, InvalidInput
from desk.i18n import _
from desk.redaction import keep_out

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = ".toml"
LONGEST_FILE = 1_000_000
"""Bytes; a profile has less than a thousand."""
_LONGEST_STEM = 60
_KINDS: dict[str, type] = {"name": str, "target": str, "read_only": bool, "colour": str, "keeps_password": bool}
_DEFAULTS = Profile("")
_SECRET_KEYS = {"password", "passwd", "pwd", "passphrase", "pgpassword", "sslpassword"}
_DEVICES = {"con", "prn", "aux", "nul", *(f"{kind}{number}" for kind in ("com", "lpt") for number in range(1, 10))}
"""Names that Windows gives to no file."""


def read_document(path: Path) -> dict[str, Any]:
    """What a TOML file holds; raises InvalidInput with the reason when it cannot be read as such."""
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST_FILE + 1)
        if len(content) > LONGEST_FILE:
            raise _unusable(_("It is too long."))
        return tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _unusable(_("It is not UTF-8 text.")) from error
    except tomllib.TOMLDecodeError as error:
        raise _unusable(_("It is not TOML: {reason}.").format(reason=str(error).rstrip("."))) from error
    except ValueError as error:  # Python's own limit
        raise _unusable(_("A number in it has too many digits.")) from error
    except RecursionError as error:
        raise _unusable(_("It is nested too deeply.")) from error
    except OSError as error:
        raise _unusable(_("It cannot be read: {reason}.").format(reason=error.strerror)) from error


def profile_in(document: dict[str, Any], profile_id: str = "") -> Profile:
    """The profile that a document describes; keys that are not known here mean nothing.

    Raises InvalidInput with the reason: a key missing, of a wrong kind, or a password, which is not quoted.
    """
    _refuse_secrets(document)
    fields: dict[str, Any] = {key: _checked(document, key, kind) for key, kind in _KINDS.items() if key in document}
    if not str(fields.get("target", "")).strip():
        raise _unusable(_("The key “target” is missing: a file's path or a server's URL."))
    try:
        read, password = profile_of(fields["target"])
    except DeskError as error:
        raise _unusable(_("The key “target” cannot be used: {reason}").format(reason=error.what)) from error
    if password:
        keep_out(password)
        raise _unusable(_("There is a password in it, in the key “target”. Remove it: Desk keeps none in files."))
    fields["target"] = read.target
    fields["read_only"] = read.read_only or fields.get("read_only", False)
    if fields.get("colour", "") not in tuple(COLOURS):  # of a newer Desk
        fields.pop("colour", None)
    return Profile(id=profile_id, pool=_pool_in(document.get("pool", {})), **fields)


def document_of(profile: Profile, before: dict[str, Any] | None = None) -> dict[str, Any]:
    """What to write for a profile: what differs from the defaults, and what `before` held that is not known here."""
    document = dict(before or {})
    _set_differing(document, profile, _DEFAULTS, tuple(_KINDS))
    pool = dict(document.pop("pool", {}))
    _set_differing(pool, profile.pool, PoolSettings(), tuple(_POOL_KINDS))
    if pool:
        document["pool"] = pool  # tables come last
    return document


def write_document(path: Path, document: dict[str, Any]) -> None:
    """Writes a TOML file in one step, for its owner only: a reader sees the old or the new one, a crash leaves either.

    Raises EnvironmentProblem when it cannot be written, InvalidInput for the path of a file whose name is no text; what
    was there is then as before.
    """
    import tomli_w  # noqa: PLC0415  (only for writing)

    try:
        content = tomli_w.dumps(document).encode()
    except UnicodeEncodeError:
        raise InvalidInput(
            _("A file whose name is not Unicode text cannot be kept as a connection."),
            kept=_("Nothing was changed."),
            code="profile",
        ) from None
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
    except OSError as error:
        raise EnvironmentProblem(
            _("{path} cannot be written: {reason}.").format(path=path, reason=error.strerror),
            kept=_("What was there is as it was."),
            advice=_("Check the folder's rights and that the disk has room."),
            code="unwritable",
        ) from error
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)


def claim_file(folder: Path, name: str) -> Path:
    """The path of a new, empty file for a profile of that name; another's file is never taken.

    Raises EnvironmentProblem when none can be made.
    """
    stem = file_stem(name)
    number = 1
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        while True:
            path = folder / f"{stem if number == 1 else f'{stem}-{number}'}{SUFFIX}"
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
                return path
            number += 1
    except OSError as error:
        raise EnvironmentProblem(
            _("Nothing can be kept in {path}: {reason}.").format(path=folder, reason=error.strerror),
            kept=_("Nothing was changed."),
            advice=_("Check the folder's rights and that the disk has room."),
            code="unwritable",
        ) from error


def file_stem(name: str) -> str:
    """A file's name, without suffix, that tells a profile's name: letters, digits and hyphens, on every system."""
    plain = unicodedata.normalize("NFC", name).casefold()
    stem = re.sub(r"[\W_]+", "-", plain)[:_LONGEST_STEM].strip("-")
    while len(stem.encode()) > 2 * _LONGEST_STEM:
        stem = stem[:-1]
    return f"{stem}-1" if stem in _DEVICES else stem or "connection"


def _unusable(reason: str) -> InvalidInput:
    return InvalidInput(reason, kept=_("The file was left as it is."), code="profile")


def _refuse_secrets(table: dict[str, Any], place: str = "") -> None:
    for key, value in table.items():
        if key.casefold() in _SECRET_KEYS:
            keep_out(str(value))
            raise _unusable(
                _("There is a password in it, in the key “{key}”. Remove it: Desk keeps none in files.").format(
                    key=place + key
                )
            )
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                _refuse_secrets(inner, f"{place}{key}.")


def _checked(table: dict[str, Any], key: str, kind: type) -> Any:
    value = table[key]
    if type(value) is not kind or (isinstance(value, str) and "\0" in value):
        wanted = {str: _("a text"), bool: _("true or false")}[kind]
        raise _unusable(_("The key “{key}” is not {kind}.").format(key=key, kind=wanted))
    return value


_POOL_KINDS = {field.name: type(field.default) for field in dataclasses.fields(PoolSettings)}
_SMALLEST = {"size": 1}
LARGEST_NUMBER = 1_000_000


def _pool_in(table: Any) -> PoolSettings:
    if not isinstance(table, dict):
        raise _unusable(_("The key “pool” is not a table."))
    return PoolSettings(**{key: _number(table[key], key, kind) for key, kind in _POOL_KINDS.items() if key in table})


def _number(value: Any, key: str, kind: type) -> Any:
    if kind is bool:
        return _checked({f"pool.{key}": value}, f"pool.{key}", bool)
    is_number = type(value) is int or (kind is float and type(value) is float and math.isfinite(value))
    smallest = _SMALLEST.get(key, 0)
    if not is_number or not smallest <= value <= LARGEST_NUMBER:
        raise _unusable(
            _("The key “{key}” is not a number from {smallest} to {largest}.").format(
                key=f"pool.{key}", smallest=smallest, largest=LARGEST_NUMBER
            )
        )
    return kind(value)


def _set_differing(table: dict[str, Any], values: Any, defaults: Any, keys: tuple[str, ...]) -> None:
    """A value that is the default is left out, unless it was written before."""
    for key in keys:
        value = getattr(values, key)
        if value != getattr(defaults, key) or key in table:
            table[key] = value
