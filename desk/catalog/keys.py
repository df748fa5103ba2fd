"""The normalized key that orders and finds names and titles, and the rules of ISBN.

Invariant: the key of a text is a pure function of the text, its language and `KEY_VERSION`; every writer (ORM and
bulk) computes it here. A change of the algorithm raises `KEY_VERSION`, so that stored keys can be rebuilt.
"""

from __future__ import annotations

import re
import unicodedata
from operator import mul
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

KEY_VERSION = 1
KEY_BYTES = 1000
"""A key's greatest length in UTF-8 bytes: two of them fit into one PostgreSQL index entry (2,704 bytes)."""
QUERY_BYTES = KEY_BYTES - 16

_ARTICLES = {
    "en": ("the ", "a ", "an "),
    "de": ("der ", "die ", "das ", "ein ", "eine "),
    "fr": ("le ", "la ", "les ", "l'", "un ", "une "),
    "es": ("el ", "la ", "los ", "las ", "un ", "una "),
    "it": ("il ", "lo ", "la ", "i ", "gli ", "le ", "l'", "un ", "una ", "uno ", "un'"),
    "pt": ("o ", "a ", "os ", "as ", "um ", "uma "),
    "nl": ("de ", "het ", "een ", "'t "),
    "sv": ("en ", "ett ", "den ", "det "),
    "da": ("en ", "et ", "den ", "det "),
    "no": ("en ", "et ", "ei ", "den ", "det "),
    "ca": ("el ", "la ", "els ", "les ", "l'", "un ", "una "),
    "el": ("ο ", "η ", "το ", "οι ", "τα "),
    "hu": ("a ", "az ", "egy "),
}
_LANGUAGES = {
    "eng": "en", "ger": "de", "deu": "de", "fre": "fr", "fra": "fr", "spa": "es", "ita": "it", "por": "pt",
    "dut": "nl", "nld": "nl", "swe": "sv", "dan": "da", "nor": "no", "nb": "no", "nn": "no", "cat": "ca",
    "gre": "el", "ell": "el", "hun": "hu",
}  # fmt: skip
_ANY_ARTICLE = tuple(sorted({article for some in _ARTICLES.values() for article in some}, key=len, reverse=True))
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'"})
_LANGUAGE_ENDS = re.compile(r"[-_]")
_ISBN_NOISE = re.compile(r"[\s‐‑–-]")
_ISBN_10 = re.compile(r"[0-9]{9}[0-9X]")
_ISBN_13 = re.compile(r"97[89][0-9]{10}")
_WEIGHTS_10 = range(10, 1, -1)
_WEIGHTS_13 = (1, 3) * 6 + (1,)
_ISBNS_13 = re.compile(r"(?:97[89][0-9]{10})*")
_DIGITS = bytes.maketrans(b"0123456789", bytes(range(10)))
_TENS = bytes(range(0, 256, 10))


def normalized(text: str) -> str:
    """NFKC, case folded, marks stripped from Latin and Greek letters only, white space collapsed.

    Marks of other scripts carry meaning (が is not か) and stay.
    """
    if text.isascii():
        return " ".join(text.lower().split()).replace("`", "'")
    folded = unicodedata.normalize("NFKC", text).casefold()
    stripped: list[str] = []
    base_is_plain = False
    for char in unicodedata.normalize("NFD", folded):
        if unicodedata.combining(char):
            if base_is_plain:
                continue
        else:
            base_is_plain = _is_latin_or_greek(char)
        stripped.append(char)
    composed = unicodedata.normalize("NFC", "".join(stripped))
    return " ".join(composed.split()).translate(_APOSTROPHES)


def author_key(name: str) -> str:
    """The filing key of a person's name; nothing is dropped, because names have no article."""
    return _cut(normalized(name))


def title_key(title: str, language: str | None) -> str:
    """The filing key of a title: its leading article is dropped by the rules of `language`.

    None or an unknown language drops nothing. A title that is nothing but an article keeps it.
    """
    key = normalized(title)
    return _cut(_without(key, _ARTICLES.get(base_language(language), ())))


def title_keys(title: str) -> set[str]:
    """Every key that a title can have, whatever its language."""
    return {title_key(title, language) for language in ("", *_ARTICLES)}


def query_key(text: str) -> str:
    """What to look for inside keys: as a key, with a leading article of any known language dropped.

    It therefore finds a superset: `the hobbit` finds *Hobbit, The* too. It is cut a little shorter than a key, so that
    the whole of a long title, whose key may have kept its article, still finds it.
    """
    return _cut(_without(normalized(text), _ANY_ARTICLE), QUERY_BYTES)


def base_language(code: str | None) -> str:
    """The two-letter language of a code such as `eng`, `en-US` or `EN`; '' for None."""
    if not code:
        return ""
    primary = _LANGUAGE_ENDS.split(code.strip().lower(), maxsplit=1)[0]
    return _LANGUAGES.get(primary, primary)


def collapsed(name: str) -> str:
    """A name as it is stored and matched: NFC, white space collapsed."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def isbn_digits(text: str) -> str:
    """The digits (and a final X) of an ISBN, without hyphens and spaces, upper case."""
    if text.isascii() and text.isdecimal():
        return text
    return _ISBN_NOISE.sub("", text).upper()


def isbn_is_valid(text: str) -> bool:
    """Whether `text` is an ISBN-10 or ISBN-13 with the right check digit (ISO 2108)."""
    return _has_right_check(isbn_digits(text))


def wrong_isbns(texts: Sequence[str | None]) -> list[int]:
    """The places of the texts that are no ISBN; '' and None are not wrong."""
    if _are_right([text for text in texts if text]):
        return []
    return [place for place, text in enumerate(texts) if text and not isbn_is_valid(text)]


def isbn13(text: str) -> str | None:
    """The ISBN-13 of a valid ISBN-10 or ISBN-13; None when `text` is neither."""
    digits = isbn_digits(text)
    if not _has_right_check(digits):
        return None
    if len(digits) == 13:
        return digits
    body = "978" + digits[:9]
    return f"{body}{-_weighted(body, _WEIGHTS_13) % 10}"


def _has_right_check(digits: str) -> bool:
    if len(digits) == 13 and _ISBN_13.fullmatch(digits):
        signs = digits.encode()  # the codes of the digits: what is too much in them adds up to 1,200
        return (sum(signs[::2]) + 3 * sum(signs[1::2])) % 10 == 0
    if _ISBN_10.fullmatch(digits):
        last = 10 if digits[9] == "X" else int(digits[9])
        return (_weighted(digits[:9], _WEIGHTS_10) + last) % 11 == 0
    return False


def _are_right(texts: Sequence[str]) -> bool:
    """Whether all are the digits of ISBN-13 with the right check digit. All are added up at once, as the bytes of one
    number: none exceeds 7 · 9 + 3 · 6 · 9 = 225."""
    joined = "".join(texts)
    if not _ISBNS_13.fullmatch(joined) or any(len(text) != 13 for text in texts):
        return False
    digits = joined.encode().translate(_DIGITS)
    places = [int.from_bytes(digits[place::13], "big") for place in range(13)]
    sums = sum(places[::2]) + 3 * sum(places[1::2])
    return not sums.to_bytes(len(texts), "big").translate(None, _TENS)


def _weighted(digits: str, weights: Iterable[int]) -> int:
    return sum(map(mul, map(int, digits), weights))


def _is_latin_or_greek(char: str) -> bool:
    point = ord(char)
    return (
        point < 0x0250  # Basic Latin to Latin Extended-B
        or 0x1E00 <= point < 0x2000  # Latin Extended Additional, Greek Extended
        or 0x0370 <= point < 0x0400  # Greek and Coptic
        or 0x2C60 <= point < 0x2C80
        or 0xA720 <= point < 0xA800
    )


def _without(key: str, articles: tuple[str, ...]) -> str:
    for article in articles:
        if key.startswith(article) and len(key) > len(article):
            return key[len(article) :].lstrip()
    return key


def _cut(key: str, limit: int = KEY_BYTES) -> str:
    if len(key) * 4 <= limit:
        return key
    return key.encode()[:limit].decode(errors="ignore")
