"""What is asked of an index for a text: no more than it knows, and every character as itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import make_url

from desk.catalog.searching import SearchMethod, candidates_select, holds, needle_of
from desk.catalog.trigrams import TRIGRAMS


def sql(words: str, method: SearchMethod) -> str:
    """The statement that finds authors, with its values in it."""
    dialect = make_url("sqlite://" if method is SearchMethod.FTS5 else "postgresql+psycopg://").get_dialect()
    statement = candidates_select("authors", words, method, 10, closely=True)
    return str(statement.compile(dialect=dialect(), compile_kwargs={"literal_binds": True}))


@pytest.mark.parametrize(
    ("words", "method", "has_index"),
    [
        ("abc", SearchMethod.TRIGRAM, True),
        ("ab cd", SearchMethod.TRIGRAM, False),
        ("ab_cd", SearchMethod.TRIGRAM, False),
        ("%abc", SearchMethod.TRIGRAM, True),
        ("😀😁😂", SearchMethod.TRIGRAM, False),
        ("猫である", SearchMethod.TRIGRAM, True),
        ("猫である", SearchMethod.TRIGRAM_ASCII, False),
        ("猫である abc", SearchMethod.TRIGRAM_ASCII, True),
        ("abc", SearchMethod.SCAN, False),
    ],
)
def test_a_server_is_asked_for_what_its_index_can_find(words: str, method: SearchMethod, has_index: bool) -> None:
    assert ("LIKE" in sql(words, method)) is has_index
    assert ("strpos" in sql(words, method)) is not has_index


def test_fewer_than_three_letters_are_looked_for_at_the_beginning() -> None:
    for method in SearchMethod:
        assert "name_key >= 'em' AND authors.name_key < 'en'" in sql("em", method)


@pytest.mark.parametrize(("words", "behind"), [("x\ud7ff", "x\ue000"), ("a\U0010ffff", "b")])
def test_the_text_behind_a_beginning_is_the_next_that_there_is(words: str, behind: str) -> None:
    assert f"name_key < '{behind}'" in sql(words, SearchMethod.SCAN)


def test_nothing_comes_behind_the_last_character_there_is() -> None:
    assert "name_key <" not in sql("\U0010ffff", SearchMethod.SCAN)


def test_a_quote_is_a_character_of_a_trigram() -> None:
    assert '"a""b" AND """bc"' in sql('a"bc', SearchMethod.FTS5)


@given(st.text(min_size=3, max_size=400))
def test_a_long_text_asks_for_a_bounded_number_of_trigrams(words: str) -> None:
    assert sql(words, SearchMethod.FTS5).count(" AND ") <= TRIGRAMS


def test_a_leading_article_is_not_looked_for() -> None:
    assert needle_of("The Hobbit") == "hobbit"


@pytest.mark.parametrize("words", ["\0", "ab\udc80"])
def test_what_no_key_can_hold_is_no_needle(words: str) -> None:
    assert needle_of(words) is None
    assert str(holds("authors", words)) == "false"
