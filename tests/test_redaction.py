"""What is once named as a secret is hidden from every text, however it is written there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sqlalchemy import URL

from desk.errors import DataConflict, DeskError, EnvironmentProblem, InvalidInput
from desk.redaction import STARS, keep_out, redacted
from tests.support.told import SENTINEL

if TYPE_CHECKING:
    from collections.abc import Callable

WRITERS: list[Callable[[str], str]] = [
    str, repr, ascii, json.dumps, quote, quote_plus,
    lambda secret: quote(secret, safe=""),
    lambda secret: quote(secret, safe="").lower() if secret.isascii() and secret.islower() else quote(secret),
    lambda secret: json.dumps(secret, ensure_ascii=False),
    lambda secret: URL.create("postgresql", "me", secret, "host").render_as_string(hide_password=False),
    lambda secret: "'" + secret.replace("'", "''") + "'",
    lambda secret: "password='" + secret.replace("\\", "\\\\").replace("'", "\\'") + "'",
    lambda secret: f"DETAIL: {(secret,)!r}",
]  # fmt: skip


def test_without_secrets_a_text_stays_as_it_is() -> None:
    keep_out(None)
    keep_out("")
    assert redacted("anything") == "anything"
    assert redacted("") == ""


@pytest.mark.parametrize("write", WRITERS)
def test_a_secret_is_hidden_however_it_is_written(write: Callable[[str], str]) -> None:
    for secret in (
        SENTINEL,
        "p@ss:w/rd?",
        'it\'s "so" \\ secret',
        "naïve Пароль 密码",
        "tab\tand\nline",
        "~tilde +plus&",
    ):
        keep_out(secret)
        text = f"before {write(secret)} after"
        assert write(secret)[1:-1] not in redacted(text)
        assert STARS in redacted(text)
        assert redacted(text).startswith("before ")
        assert redacted(text).endswith(" after")


@given(st.text(min_size=4), st.sampled_from(WRITERS))
def test_no_secret_of_any_characters_comes_through(secret: str, write: Callable[[str], str]) -> None:
    assume(all(not 0xD800 <= ord(char) < 0xE000 for char in secret))
    keep_out(secret)
    assert secret not in redacted(write(secret)).replace(STARS, "\0") or secret in STARS


def test_a_short_secret_is_hidden_only_where_it_stands_alone() -> None:
    keep_out("ab")
    assert redacted("cabbage: ab, 'ab'") == "cabbage: ***, '***'"


def test_of_two_secrets_the_longer_one_is_hidden_whole() -> None:
    keep_out("secret")
    keep_out("secret-and-more")
    assert redacted("x secret-and-more y secret z") == "x *** y *** z"


@pytest.mark.parametrize("kind", [DeskError, EnvironmentProblem, DataConflict, InvalidInput])
def test_an_error_for_people_holds_no_secret(kind: type[DeskError]) -> None:
    keep_out(SENTINEL)
    error = kind(f"a {SENTINEL}", kept=f"b {SENTINEL}", advice=f"c {SENTINEL}", code="x")
    assert (error.what, error.kept, error.advice, error.code) == ("a ***", "b ***", "c ***", "x")
    assert SENTINEL not in str(error) + repr(error) + repr(error.args)
