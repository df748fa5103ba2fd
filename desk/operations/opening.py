"""Opens profiles, with the passwords that are known, and the sample: what a start without an argument shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.database import secrets, targets
from desk.errors import DeskError
from desk.operations.connect import OpenCatalogue, open_catalogue
from desk.redaction import keep_out
from desk.settings import folders

if TYPE_CHECKING:
    from sqlalchemy import URL

    from desk.database.profiles import Profile


def url_of(profile: Profile, password: str | None = None) -> URL:
    """The URL of a profile, with a password where one is given; `mode=ro` for a file that is opened for reading only.

    Raises InvalidInput for a target that cannot be used.
    """
    url = targets.target_url(profile.target)
    if targets.sqlite_file(url) is not None:
        return url.update_query_dict({"mode": "ro"}) if profile.read_only else url
    if not password:
        return url
    keep_out(password)
    return url.set(password=password)


def open_profile(*, profile: Profile, password: str | None = None) -> OpenCatalogue:
    """Opens a profile's catalogue; raises as `open_catalogue`. Who shows it notes that (`note_opened`).

    Without a password ('' or None) the one that was given in this run, or that the keyring keeps, is used, else libpq's
    own ways (password file, service file, environment). It is remembered for this run unless it was refused (code
    "password"); one of ours that was refused is not used again in this run.
    """
    used = password or secrets.password_for(profile)
    try:
        opened = open_catalogue(
            target=profile.target, password=used, settings=profile.pool, read_only=profile.read_only
        )
    except DeskError as error:
        if error.code == "password":
            if not password:
                secrets.forget(profile)
        elif used:
            secrets.remember(profile, used)  # what comes next (an upgrade, a retry) needs it
        raise
    if used:
        secrets.remember(profile, used)
    return opened


def open_sample(*, anew: bool = False) -> OpenCatalogue:
    """The sample catalogue of this user, made if it is missing or wanted anew."""
    path = folders().sample_catalogue
    if anew or not path.exists():
        from desk.operations.sample import ensure_sample  # noqa: PLC0415  (only the first start needs it)

        ensure_sample(anew=anew)
    return open_catalogue(target=str(path))
