"""The line of added entries can be written and read back, whatever is in names and roles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.catalog.columns import BOOKS
from desk.catalog.contributors import (
    entry_words,
    format_contributors,
    numbered,
    parse_contributors,
    parse_role,
    without_author,
)
from desk.catalog.keys import collapsed
from desk.catalog.rows import AuthorRef, ContributionRow
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


ANN, BOB = AuthorRef(1, "Ann"), AuthorRef(-2, "Bob")
ENTRIES = (ContributionRow(ANN, "author", 0), ContributionRow(BOB, "editor", 1), ContributionRow(ANN, "translator", 2))


def test_the_column_names_contributors_and_tells_their_roles() -> None:
    column = BOOKS.column("contributors")
    assert (column.format(ENTRIES), column.format("Ann; Bob"), column.format(())) == ("Ann; Bob; Ann", "Ann; Bob", "")
    assert (column.format(None), column.tell(None)) == (None, None)
    assert column.tell(ENTRIES) == "Ann; Bob – editor; Ann – translator"
    assert column.tell("Ann; Bob") == "Ann; Bob"
    assert column.doubt(ENTRIES) == ""
    assert BOOKS.column("title").tell("Emma") == "Emma"


def test_positions_are_places_whatever_is_taken_away() -> None:
    assert without_author(ENTRIES, 1) == (ContributionRow(BOB, "editor", 0),)
    assert [one.position for one in numbered(reversed(ENTRIES))] == [0, 1, 2]
    assert without_author(ENTRIES, 9) == ENTRIES


@pytest.mark.parametrize(("text", "role"), [(" editor ", "editor"), ("", "author"), ("  ", "author"), ("Ünï", "Ünï")])
def test_a_typed_role_is_trimmed_and_nothing_is_an_author(text: str, role: str) -> None:
    assert parse_role(text) == role


@pytest.mark.parametrize("text", ["x" * (ROLE_LENGTH + 1), "a\0b", "\ufeffeditor"])
def test_a_role_that_cannot_be_kept_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_role(text)


def test_an_entry_is_one_line_of_text() -> None:
    assert entry_words(ContributionRow(AuthorRef(1, "A\nB"), "co\teditor", 0)) == "A⏎B – co⇥editor"
