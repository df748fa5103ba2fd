"""A read whose connection was lost is done once more, unless the loss took as long as a dead link does; so is one
whose search index failed."""

from __future__ import annotations

import pytest

from desk.errors import EnvironmentProblem
from desk.operations import retrying
from desk.operations.retrying import again_when_lost


class Read:
    """A read that fails as often as it is told, and counts how often it was asked."""

    def __init__(self, *codes: str) -> None:
        self._codes = list(codes)
        self.asked = 0

    def __call__(self) -> str:
        self.asked += 1
        if self._codes:
            raise EnvironmentProblem("It failed.", code=self._codes.pop(0))
        return "rows"


@pytest.mark.parametrize(
    ("codes", "asked", "outcome"),
    [
        ((), 1, "rows"), (("lost",), 2, "rows"), (("lost", "lost"), 2, "lost"), (("down",), 1, "down"),
        (("lost", "connect_timeout"), 2, "connect_timeout"),
    ],
)  # fmt: skip
def test_a_lost_read_is_done_once_more(codes: tuple[str, ...], asked: int, outcome: str) -> None:
    read = Read(*codes)
    try:
        got = again_when_lost(read.__call__)()
    except EnvironmentProblem as problem:
        got = problem.code
    assert (got, read.asked) == (outcome, asked)


def test_a_loss_that_took_long_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "QUICKLY", -1.0)
    read = Read("lost")
    with pytest.raises(EnvironmentProblem):
        again_when_lost(read.__call__)()
    assert read.asked == 1


def test_a_search_whose_index_failed_is_done_once_more_however_long_that_took(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "QUICKLY", -1.0)
    read = Read("search_index")
    assert again_when_lost(read.__call__)() == "rows"
    assert read.asked == 2
