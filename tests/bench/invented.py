"""Invented books and authors for benchmarks: deterministic, of several scripts, a few authors having very many books.

Words that stand in a known share of the titles make searches of a known number of hits.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from desk.catalog import keys

if TYPE_CHECKING:
    from collections.abc import Iterator

WORDS_OF_A_CLASS = 20
BEGIN = datetime(2024, 1, 1)
STEEPNESS = 2.2
"""The author of a book is number (authors × uⁿ), u even between 0 and 1: a Zipf-like distribution with the exponent
1 - 1/n; the first of a million authors has about 0.2 % of all books."""

LANGUAGES = (
    ("en", 45, ("", "the ", "a ", "")), ("de", 14, ("", "der ", "die ", "das ")), ("fr", 11, ("", "le ", "la ", "l'")),
    ("es", 8, ("", "el ", "la ", "")), ("it", 4, ("", "il ", "la ", "")), ("ru", 5, ("",)), ("el", 2, ("", "η ")),
    ("ja", 3, ("",)), ("ar", 1, ("",)), (None, 7, ("",)),
)  # fmt: skip
SYLLABLES = {
    "ru": ("ба", "во", "го", "да", "жи", "зе", "ко", "лю", "ми", "но", "пе", "ра", "со", "та", "ул", "фа", "че", "ша"),
    "el": ("βα", "γε", "δη", "ζω", "θε", "κα", "λό", "με", "νά", "ξε", "πο", "ρί", "σω", "τη", "φι", "χα", "ψυ"),
    "ja": (
        "か", "が", "き", "ぎ", "さ", "し", "た", "な", "の", "は", "ま", "み", "も", "や", "ら", "る", "夜", "山",
        "海", "花",
    ),
    "ar": ("با", "تا", "جي", "دا", "را", "سا", "شم", "عا", "فا", "قا", "كا", "لا", "ما", "نو", "ها", "ود"),
}  # fmt: skip
LATIN = (
    "ba", "be", "bi", "ca", "ce", "cho", "da", "de", "dru", "el", "fa", "fe", "ga", "gri", "ha", "ho", "in", "ja", "ka",
    "la", "le", "li", "lo", "ma", "me", "mi", "na", "ne", "no", "or", "pa", "pe", "qua", "ra", "re", "ri", "sa", "se",
    "sha", "ta", "te", "tho", "ul", "va", "ve", "wa", "xi", "ya", "za", "zu", "é", "ö", "ñ", "ç",
)  # fmt: skip


def _words(chance: random.Random, syllables: tuple[str, ...], count: int, length: tuple[int, int]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    while len(found) < count:
        found["".join(chance.choices(syllables, k=chance.randint(*length)))] = None
    return tuple(found)


_plain = tuple(syllable for syllable in LATIN if syllable.isascii())
_marked = _words(random.Random(11), _plain, 6 * WORDS_OF_A_CLASS, (5, 6))
WORDS: tuple[tuple[str, ...], ...] = tuple(
    _marked[at * WORDS_OF_A_CLASS : (at + 1) * WORDS_OF_A_CLASS] for at in range(6)
)
"""Each of WORDS[n] stands in about one title of 10ⁿ, n from 1 (WORDS[0] is not used)."""
FILLERS = {
    code: _words(random.Random(f"titles {code}"), SYLLABLES.get(str(code), LATIN), 20_000, (2, 4))
    for code, _share, _articles in LANGUAGES
}
NAMES = {
    code: _words(random.Random(f"names {code}"), SYLLABLES.get(str(code), LATIN), 9_000, (2, 4))
    for code, _share, _articles in LANGUAGES
}


def tables(books: int) -> Iterator[tuple[str, Iterator[tuple[Any, ...]]]]:
    """(table, rows) of a catalogue in the order in which they can be written; prices in cents, moments as ISO texts."""
    authors = max(books // 10, 1)
    yield "authors", _authors(authors)
    yield "books", _books(books, authors)
    yield "contributions", _contributions(books, authors)


def _authors(count: int) -> Iterator[tuple[Any, ...]]:
    chance = random.Random(1)
    codes, shares = [one[0] for one in LANGUAGES], [one[1] for one in LANGUAGES]
    for number in range(1, count + 1):
        words = NAMES[chance.choices(codes, shares)[0]]
        name = f"{chance.choice(words).title()}, {chance.choice(words).title()} {chance.choice(words).title()}"
        born = None if chance.random() < 0.3 else int(2005 - 500 * chance.random() ** 3)
        died = None if born is None or born > 1940 else born + int(30 + 60 * chance.random())
        yield number, name, keys.author_key(name), born, died


def _books(count: int, authors: int) -> Iterator[tuple[Any, ...]]:
    chance = random.Random(2)
    draw, pick = chance.random, chance.choice
    codes, shares = [one[0] for one in LANGUAGES], [one[1] for one in LANGUAGES]
    articles = {code: some for code, _share, some in LANGUAGES}
    step = _step(authors)
    for first in range(1, count + 1, 10_000):
        numbers = range(first, min(first + 10_000, count + 1))
        for number, code in zip(numbers, chance.choices(codes, shares, k=len(numbers)), strict=True):
            title = _title(draw, pick, FILLERS[code], pick(articles[code]))
            author = None if draw() < 0.03 else 1 + int(authors * draw() ** STEEPNESS) * step % authors
            isbn = None if draw() < 0.3 else _isbn(number)
            year = None if draw() < 0.1 else int(2027 - 560 * draw() ** 4)
            cents = None if draw() < 0.4 else 199 + 50 * int(150 * draw() ** 2)
            moment = (BEGIN + timedelta(seconds=int(6e7 * draw()))).isoformat(" ", "microseconds")
            yield number, title, keys.title_key(title, code), author, isbn, year, code, cents, moment


def _title(draw: Any, pick: Any, fillers: tuple[str, ...], article: str) -> str:
    words = [article + fillers[int(len(fillers) * draw() ** 3)]]
    words += [fillers[int(len(fillers) * draw() ** 3)] for _more in range(int(4 * draw()))]
    words += [WORDS[1][int(WORDS_OF_A_CLASS * draw())] for _time in range(2)]
    for power in range(2, 6):
        lot = draw() * 10**power
        if lot < WORDS_OF_A_CLASS:
            words.append(WORDS[power][int(lot)])
    text = " ".join(words)
    return text[0].upper() + text[1:]


def _contributions(books: int, authors: int) -> Iterator[tuple[Any, ...]]:
    chance = random.Random(3)
    for number in range(1, books + 1):
        if chance.random() < 0.08:
            first = 1 + int(authors * chance.random())
            yield number, first, chance.choice(("author", "editor", "translator")), 1
            if chance.random() < 0.2 and authors > 1:
                yield number, first % authors + 1, "author", 2


def _isbn(number: int) -> str:
    """A valid ISBN-13, another one for each number (ISO 2108); numbers far apart stand close together."""
    digits = f"978{number * 7_368_787 % 1_000_000_000:09}"
    check = -sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(digits)) % 10
    return f"{digits}{check}"


def _step(authors: int) -> int:
    """A step that visits every author once: the ones with many books are spread over all ids."""
    return next(step for step in (611_953, 611_957, 1) if authors % step)
