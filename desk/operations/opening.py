"""Opens the sample: what a start without an argument shows."""

from __future__ import annotations

from desk.operations.connect import OpenCatalogue, open_catalogue
from desk.settings import folders


def open_sample(*, anew: bool = False) -> OpenCatalogue:
    """The sample catalogue of this user, made if it is missing or wanted anew."""
    path = folders().sample_catalogue
    if anew or not path.exists():
        from desk.operations.sample import ensure_sample  # noqa: PLC0415  (only the first start needs it)

        ensure_sample(anew=anew)
    return open_catalogue(target=str(path))
