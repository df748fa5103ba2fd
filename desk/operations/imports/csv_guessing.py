"""Guesses how a CSV file is written: its encoding and its delimiter, from a bounded sample.

Invariant: the same file gives the same guess, and the guess reads no more than `SAMPLE_BYTES`.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from contextlib import suppress
from itertools import islice

from desk.catalog.import_fields import DELIMITERS, ENCODINGS

HEAD_BYTES = 1 << 16
PIECES, PIECE_BYTES = 15, 1 << 14
SAMPLE_BYTES = HEAD_BYTES + PIECES * PIECE_BYTES
RECORDS = 20

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NOT_ASCII = re.compile("[^\x00-\x7f]")
_UNDECODABLE = re.compile("[\udc80-\udcff]")
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_FALLBACK = "cp1252"
"""What most files that are no UTF-8 are; also for those that nothing can be said of."""


def read_sample(stream: io.BufferedReader, size: int) -> tuple[bytes, bytes]:
    """(the head of a stream, head and whole lines from all over it); the stream is back at its start.

    Of what cannot be read twice (a pipe) it is what lies ready.
    """
    if not stream.seekable():
        head = stream.peek(HEAD_BYTES)[:HEAD_BYTES]
        return head, _without_half_line(head)
    head = stream.read(HEAD_BYTES)
    pieces = [_without_half_line(head) if len(head) == HEAD_BYTES else head]
    for number in range(1, PIECES + 1) if size > SAMPLE_BYTES else ():
        stream.seek(size * number // (PIECES + 1))
        pieces.append(_whole_lines(stream.read(PIECE_BYTES)))
    stream.seek(0)
    return head, b"".join(pieces)


def guess_encoding(sample: bytes) -> str:
    """By the byte order mark, or by every other byte being zero; else UTF-8 when the sample is that but for single
    damaged places; else by statistics."""
    for mark, encoding in _MARKS:
        if sample.startswith(mark):
            return encoding
    if _has_zeros_in_turn(sample):
        return "utf-16"
    return "utf-8" if _is_utf_8(sample) else _by_statistics(sample)


def codec_of(encoding: str, head: bytes) -> str:
    """Python's codec for a file that begins with `head`: one that passes over a byte order mark, and UTF-16 without
    one by where its zeros are."""
    name = encoding.lower().replace("_", "-")
    if name in ("utf-8", "utf8"):
        return "utf-8-sig"
    if name in ("utf-16", "utf16") and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16-be" if head[::2].count(0) > head[1::2].count(0) else "utf-16-le"
    return encoding


def guess_delimiter(head: str) -> str:
    """The delimiter that gives most of the first records the width of the header; ',' where the header has none.

    `head` is the start of the file; its last record may be cut.
    """
    scores = {}
    for delimiter in DELIMITERS:
        widths = [len(cells) for cells in _records(head, delimiter)]
        if widths and widths[0] > 1:
            scores[delimiter] = (widths.count(widths[0]) / len(widths), widths[0])
    return max(scores, key=lambda delimiter: scores[delimiter]) if scores else ","


def _records(head: str, delimiter: str) -> list[list[str]]:
    """The header and the first records behind it."""
    try:
        found = list(islice(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter), RECORDS + 1))
    except csv.Error:
        return []
    return [cells for cells in found if cells]


def _has_zeros_in_turn(sample: bytes) -> bool:
    """Whether most of every other byte is zero, as in UTF-16 of western texts, and hardly one of those between."""
    few, many = sorted((sample[::2].count(0), sample[1::2].count(0)))
    return many * 4 > len(sample) > few * 40


def _is_utf_8(sample: bytes) -> bool:
    """Whether it is, or is but for fewer damaged places than it has signs that are no ASCII."""
    with suppress(UnicodeDecodeError):
        sample.decode("utf-8")
        return True
    text = sample.decode("utf-8", errors="surrogateescape")
    broken = len(_UNDECODABLE.findall(text))
    return len(_NOT_ASCII.findall(text)) - broken > broken


def _by_statistics(sample: bytes) -> str:
    """The likeliest of the common encodings, judged by the lines that are not ASCII; of equals the first one shown."""
    from charset_normalizer import from_bytes  # noqa: PLC0415  (only for files that are not UTF-8)

    telling = b"\n".join(line for line in sample.splitlines() if not line.isascii())
    japanese = next((name for name in ("cp932", "euc_jp") if _has_kana(telling, name)), "")
    if japanese:
        return japanese
    names = [encoding for encoding in ENCODINGS if not encoding.startswith("utf")]
    shown = {codecs.lookup(name).name: name for name in names}
    likely = {shown[codecs.lookup(one.encoding).name]: one for one in from_bytes(telling, cp_isolation=names)}
    if not likely:
        return _FALLBACK
    return min(likely, key=lambda name: (likely[name].chaos, -likely[name].coherence, names.index(name)))


def _has_kana(text: bytes, encoding: str) -> bool:
    """Whether it is Japanese, of which a good part is kana: statistics take little of it for Korean."""
    try:
        signs = _NOT_ASCII.findall(text.decode(encoding))
    except UnicodeDecodeError:
        return False
    return len(_KANA.findall("".join(signs))) * 5 > len(signs)


def _without_half_line(head: bytes) -> bytes:
    """Without the half of a line, and of a character, at its end; as it is where there is no line."""
    return head[: head.rfind(b"\n") + 1] or head


def _whole_lines(piece: bytes) -> bytes:
    """Without the halves of lines at both ends; the middle of one long line is nothing."""
    begin, end = piece.find(b"\n") + 1, piece.rfind(b"\n") + 1
    return piece[begin:end] if begin else b""
