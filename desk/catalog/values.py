"""Parsers and formatters of single values: text as a person writes it, from and to the value that is kept.

Every parser raises InvalidInput with the reason; none changes a value silently except ISBN (normalized to ISBN-13).
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from desk.catalog import keys
from desk.errors import InvalidInput
from desk.i18n import _

NAME_LENGTH = 2000
CODE_LENGTH = 35
"""The longest language tag that RFC 5646 (4.4.1) asks programs to keep."""
ISBN_LENGTH = 64
ROLE_LENGTH = 200
"""A role is a part of a key: PostgreSQL's index entries hold no more than 2,704 bytes."""
NOTES_LENGTH = 1_000_000
STORED_SHOWN = 200
"""Bytes or characters of a value of another kind that are shown."""
FIRST_YEAR, LAST_YEAR = -9999, 9999
LARGEST_PRICE = Decimal("9999999999.99")

_MINUTES = tuple(f"{minute // 60:02}:{minute % 60:02}" for minute in range(1440))
"""The texts of a day's minutes."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_YEAR = re.compile(r"([+-]?\d+)\s*(BCE|BC|CE|AD)?", re.IGNORECASE)


def parse_text(text: str, length: int = NAME_LENGTH) -> str:
    """`text` as it is, refused when it cannot be kept unchanged on both databases and through Qt."""
    if "\0" in text:
        raise InvalidInput(_("The text holds a NUL character, which no database text can keep."), code="nul")
    if not text.isascii() and _SURROGATE.search(text):
        raise InvalidInput(_("The text holds half of a character (a lone surrogate)."), code="surrogate")
    if len(text) > length:
        raise InvalidInput(
            _("The text has {count:,} characters; at most {limit:,} fit.").format(count=len(text), limit=length),
            code="long",
        )
    return text


def parse_typed_text(text: str, length: int = NAME_LENGTH) -> str:
    """As `parse_text`, for text from a widget: a leading U+FEFF or U+FFFE is refused, because Qt would drop it."""
    if text[:1] in ("\ufeff", "\ufffe"):
        raise InvalidInput(
            _("The text starts with an invisible byte order mark (U+{point:04X}), which would be lost.").format(
                point=ord(text[0])
            ),
            code="mark",
        )
    return parse_text(text, length)


def parse_name(text: str) -> str:
    """A person's name: white space collapsed, not empty."""
    name = keys.collapsed(parse_text(text))
    if not name:
        raise InvalidInput(_("An author needs a name."), code="empty")
    return name


def parse_year(text: str) -> int:
    """A year such as `1984`, `-720`, `720 BCE`; there is no year 0."""
    match = _YEAR.fullmatch(text.strip())
    if match is None:
        raise InvalidInput(
            _("“{text}” is not a year. Write 1984, -720 or 720 BCE.").format(text=_short(text)), code="year"
        )
    digits, era = match.groups()
    if len(digits) > 8:
        raise InvalidInput(_("A year lies between 9999 BCE and 9999."), code="range")
    year = -abs(int(digits)) if era and era.upper().startswith("B") else int(digits)
    if year == 0:
        raise InvalidInput(_("There is no year 0: 1 BCE is followed by 1."), code="zero")
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise InvalidInput(_("A year lies between 9999 BCE and 9999."), code="range")
    return year


def parse_price(text: str) -> Decimal:
    """A price of at most two decimals, point or comma before them."""
    plain = text.strip().replace("\u00a0", "").replace("\u202f", "")
    if re.fullmatch(r"\d+,\d{1,2}", plain):
        plain = plain.replace(",", ".")
    try:
        price = Decimal(plain if "_" not in plain else "NaN")  # Decimal would read 1_000
    except InvalidOperation:
        price = Decimal("NaN")
    if not price.is_finite():
        raise InvalidInput(_("“{text}” is not a price. Write 12.50.").format(text=_short(text)), code="price")
    if price < 0:
        raise InvalidInput(_("A price is not negative."), code="negative")
    if price > LARGEST_PRICE:
        raise InvalidInput(_("A price is at most {limit}.").format(limit=LARGEST_PRICE), code="range")
    if price != price.quantize(Decimal("0.01")):
        raise InvalidInput(_("A price has at most two decimals."), code="decimals")
    return abs(price).quantize(Decimal("0.01"))  # -0 is 0


def parse_isbn(text: str) -> str:
    """An ISBN-10 or ISBN-13 with the right check digit, as ISBN-13 digits."""
    digits = keys.isbn_digits(text)
    if len(digits) not in (10, 13):
        raise InvalidInput(
            _("An ISBN has 10 or 13 digits; this one has {count}.").format(count=len(digits)), code="isbn"
        )
    normal = keys.isbn13(digits)
    if normal is None:
        raise InvalidInput(_("The check digit of this ISBN is wrong: a digit is mistyped or swapped."), code="check")
    return normal


def parse_code(text: str) -> str:
    """A language tag such as `en` or `zh-Hant`."""
    return parse_typed_text(text.strip(), CODE_LENGTH)


def format_year(year: int) -> str:
    """`1984`, or `720 BCE` for -720."""
    return str(year) if year > 0 else _("{year} BCE").format(year=-year)


def format_price(price: Decimal) -> str:
    """Two decimals, a point: the form that is also parsed."""
    text = str(price)  # takes a third of the time, and prices have two decimals mostly
    return text if text[-3:-2] == "." else f"{price:.2f}"


def format_time(moment: datetime) -> str:
    """A UTC time as local date and minute."""
    shift, days = _local_day(moment.toordinal(), time.tzname)
    if shift is None or moment.tzinfo is not UTC:
        return moment.astimezone().isoformat(" ", "minutes")[:16]
    day, minute = divmod(moment.hour * 60 + moment.minute + shift, 1440)
    return days[day + 1] + _MINUTES[minute]


def format_text(text: str) -> str:
    """Text for one line of a grid: line breaks and tabs become visible signs."""
    if text.isprintable():
        return text
    if is_damaged(text):
        text = "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)
    return text.replace("\r\n", "⏎").replace("\n", "⏎").replace("\r", "⏎").replace("\t", "⇥")


def is_damaged(text: str) -> bool:
    """Whether a stored text was not UTF-8: its stray bytes are half characters then."""
    return not text.isprintable() and any("\ud800" <= char <= "\udfff" for char in text)


def format_stored(value: object) -> str:
    """A value of another kind than its column's, for reading only: bytes as hexadecimal digits, all else as text."""
    if isinstance(value, bytes):
        return f"x'{value[:STORED_SHOWN].hex()}'" + ("…" if len(value) > STORED_SHOWN else "")
    return format_text(str(value)[:STORED_SHOWN])


@lru_cache(maxsize=4096)
def _local_day(day: int, _zone: tuple[str, str]) -> tuple[int | None, tuple[str, ...]]:
    """What a day of UTC (its ordinal) is here: minutes to add, None when they change on that day; how local times on
    the day before, on it and after it begin. To ask the system for each moment costs several times as much."""
    try:
        dates = [datetime.fromordinal(day + one).replace(tzinfo=UTC) for one in (-1, 0, 1)]
        first, last = (date.astimezone().utcoffset() or timedelta() for date in dates[1:])
    except (OverflowError, ValueError):  # at the ends of the calendar
        return None, ()
    minutes, rest = divmod(first, timedelta(minutes=1))
    return (None if rest or first != last else minutes), tuple(f"{date.date()} " for date in dates)


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
