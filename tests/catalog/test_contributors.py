"""The line of added entries can be written and read back, whatever is in names and roles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.catalog.contributors import format_contributors, parse_contributors
from desk.catalog.keys import collapsed
from desk.catalog.values import ROLE_LENGTH
from desk.errors import InvalidInput

TEXTS = st.text(st.one_of(st.sampled_from("\\;[] ,\n"), st.characters(codec="utf-8", exclude_characters="\0")))
NAMES = TEXTS.map(collapsed).filter(bool)
ROLES = TEXTS.map(lambda text: text[:ROLE_LENGTH])


@given(st.lists(st.tuples(NAMES, st.one_of(st.just("author"), ROLES))))
def test_what_was_written_is_read_back(entries: list[tuple[str, str]]) -> None:
    assert parse_contributors(format_contributors(entries)) == tuple(entries)


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("Ann", (("Ann", "author"),)),
        (" Ann  Lee [translator] ; Bob;", (("Ann Lee", "translator"), ("Bob", "author"))),
        ("A [x] [y]", (("A [x]", "y"),)),
        ("C:\\temp", (("C:\\temp", "author"),)),
        (" ; ", ()),
    ],
)
def test_lines_are_read_as_people_write_them(text: str, entries: tuple[tuple[str, str], ...]) -> None:
    assert parse_contributors(text) == entries


@pytest.mark.parametrize("length", [ROLE_LENGTH, ROLE_LENGTH + 1])
def test_a_role_has_a_greatest_length(length: int) -> None:
    text = f"Ann [{'x' * length}]"
    if length <= ROLE_LENGTH:
        assert parse_contributors(text) == (("Ann", "x" * length),)
    else:
        with pytest.raises(InvalidInput, match=f"at most {ROLE_LENGTH}"):
            parse_contributors(text)


@pytest.mark.parametrize("text", ["Ann [editor", "[editor]", "Ann [editor] x"])
def test_half_an_entry_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_contributors(text)
