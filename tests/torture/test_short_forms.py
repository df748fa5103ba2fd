"""Short forms of `dev.py torture commit` and `edits`, and that they would notice what they look for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.torture import _committing, commit, edits
from tests.torture._databases import Look, path_of

if TYPE_CHECKING:
    from collections.abc import Sequence


def test_units_are_saved_as_a_whole_or_not_at_all_and_called_so(database_target: str) -> None:
    found = commit.run(database_target, rounds=30, seed=5)
    assert not found.complaints
    assert found.said["saved"] > 10


def test_no_edit_overwrites_another_silently(database_target: str) -> None:
    found = edits.run(database_target, edits=240, clients=3, foreign=1, books=6, seed=2)
    assert not found.complaints
    assert found.edits == 240
    assert found.conflicts
    assert found.foreign


class BlindLook(Look):
    """Sees one of the new books, one of the notes, and one title less or other than there are."""

    blind_to = ""

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        found = super().rows(statement, parameters)
        return found[:-1] if self.blind_to and self.blind_to in statement else found


@pytest.mark.parametrize(
    ("blind_to", "words"),
    [("FROM books WHERE title LIKE ? GROUP", "torn"), ("SELECT id FROM books WHERE title LIKE", "torn")],
)
def test_what_is_missing_in_the_end_is_noticed(
    sqlite_path: Any, blind_to: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "Look", BlindLook)
    monkeypatch.setattr(BlindLook, "blind_to", blind_to)
    monkeypatch.setattr(commit, "CANCELS", 0.6)
    found = commit.run(str(sqlite_path), rounds=30, kills=0.0, seed=5)
    assert found.failed
    assert words in found.complaints[0]


def test_the_way_of_a_value_ends_where_a_step_is_missing_or_two_leave() -> None:
    steps = [("a", "b"), ("b", "c"), ("c", "d")]
    assert path_of(steps, "a") == ("d", 3)
    assert path_of([steps[0], steps[2]], "a") == ("b", 1)
    assert path_of([*steps, ("b", "x")], "a") == ("x", 2)
    assert path_of([], "a") == ("a", 0)


def test_every_unit_has_added_entries_to_be_counted() -> None:
    assert _committing.ENTRIES > 1
