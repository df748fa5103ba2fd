"""Keeps secrets out of every text: what was once named as a secret is never written, shown or logged again.

Secrets are known by their value, because drivers and servers quote them in places that no pattern foresees.
"""

from __future__ import annotations

import json
import re
import threading
from urllib.parse import quote, quote_plus

STARS = "***"
_LONG_ENOUGH = 4
"""A shorter secret is hidden only where it stands alone: inside other words it would only tell where it is."""

_lock = threading.Lock()
_values: set[str] = set()
_pattern: re.Pattern[str] | None = None


def keep_out(secret: str | None) -> None:
    """From now on `redacted` hides this value, also as URLs, Python and SQL write it; '' and None hide nothing."""
    global _pattern  # noqa: PLW0603  (one memory for the process: a secret is a secret everywhere)
    if not secret:
        return
    ways = _ways_to_write(secret)
    with _lock:
        if ways <= _values:
            return
        _values.update(ways)
        longest_first = sorted(_values, key=len, reverse=True)
        _pattern = re.compile("|".join(map(_alone_if_short, longest_first)))


def redacted(text: str) -> str:
    """The text with every known secret replaced by stars."""
    return _pattern.sub(STARS, text) if _pattern is not None and text else text


def _ways_to_write(secret: str) -> set[str]:
    escaped = secret.replace("\\", "\\\\")
    return {
        secret, repr(secret)[1:-1], ascii(secret)[1:-1], json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1], escaped.replace("'", "\\'"), secret.replace("'", "''"),
        quote(secret, safe=""), quote(secret), quote(secret, safe=" +"), quote_plus(secret),
        quote(secret, safe="").replace("~", "%7E"), _lower_hex(quote(secret, safe="")),
    }  # fmt: skip


def _lower_hex(quoted: str) -> str:
    return re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), quoted)


def _alone_if_short(value: str) -> str:
    escaped = re.escape(value)
    return escaped if len(value) >= _LONG_ENOUGH else rf"(?<!\w){escaped}(?!\w)"
