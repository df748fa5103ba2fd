"""What every error must be: words for a person, without a secret in any of its texts."""

from __future__ import annotations

import time
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from desk.errors import DeskError

if TYPE_CHECKING:
    from collections.abc import Iterator

SENTINEL = "s3ntinel-pa55word"


@dataclass(slots=True)
class Told:
    """The error of a block, once it has ended."""

    error: DeskError | None = None

    def __getattr__(self, name: str) -> str:
        return str(getattr(self.error, name))


@contextmanager
def tells(code: str, *, within: float, kept: str = "edits") -> Iterator[Told]:
    """The block must fail within so many seconds with a DeskError of that code: what, kept, advice, and no secret."""
    told = Told()
    begin = time.monotonic()
    with pytest.raises(DeskError) as raised:
        yield told
    seconds = time.monotonic() - begin
    error = told.error = raised.value
    assert error.code == code, error
    assert error.what.endswith((".", ")")), error.what
    assert kept in error.kept, error.kept
    assert error.advice
    texts = [str(error), repr(error), *traceback.format_exception(error)]
    assert not any(SENTINEL in text for text in texts)
    assert seconds < within, f"it took {seconds:.1f} s"
