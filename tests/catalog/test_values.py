"""Parsers of typed values: what is refused, why, and that what is shown can be typed again."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.catalog import values
from desk.catalog.columns import AUTHORS, BOOKS, KINDS, TABLES, Column, Kind
from desk.errors import InvalidInput

if TYPE_CHECKING:
    from decimal import Decimal

YEARS = st.integers(values.FIRST_YEAR, values.LAST_YEAR).filter(bool)
PRICES = st.decimals(0, values.LARGEST_PRICE, places=2, allow_nan=False, allow_infinity=False)
LINES = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\ufffe"), max_size=80)


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("1984", 1984), (" 1984 ", 1984), ("+1984", 1984), ("-720", -720), ("720 BCE", -720), ("720bc", -720),
        ("-720 BCE", -720), ("79 AD", 79), ("9999", 9999), ("-9999", -9999), ("0001", 1),
    ],
)  # fmt: skip
def test_a_year_is_read_with_or_without_its_era(text: str, year: int) -> None:
    assert values.parse_year(text) == year


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("0", "zero"), ("-0", "zero"), ("0 BCE", "zero"), ("10000", "range"), ("-10000", "range"),
        (str(2**63), "range"), ("9" * 5000, "range"), ("nan", "year"), ("inf", "year"), ("1e3", "year"),
        ("19 84", "year"), ("", "year"), ("1984.5", "year"), ("\0", "year"), ("12 BCEE", "year"),
    ],
)  # fmt: skip
def test_what_is_no_year_is_refused_with_the_reason(text: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        values.parse_year(text)
    assert refused.value.code == code
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("12.5", "12.50"), ("12,50", "12.50"), ("0", "0.00"), (" 7 ", "7.00"), ("9999999999.99", "9999999999.99"),
        ("1\u00a0234.50", "1234.50"), ("12.500", "12.50"), (".5", "0.50"), ("-0", "0.00"),
    ],
)  # fmt: skip
def test_a_price_is_read_to_the_cent(text: str, price: str) -> None:
    assert str(values.parse_price(text)) == price


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nan", "price"), ("sNaN", "price"), ("inf", "price"), ("Infinity", "price"), ("-inf", "price"),
        ("", "price"), ("twelve", "price"), ("1,234.50", "price"), ("1.234,50", "price"), ("12;50", "price"),
        ("1_000", "price"), ("\0", "price"), ("-1", "negative"), ("-0.01", "negative"), ("10000000000", "range"),
        ("1e400", "range"), (str(2**63), "range"), ("0.005", "decimals"), ("1e-400", "decimals"),
        ("0." + "0" * 60 + "1", "decimals"),
    ],
)  # fmt: skip
def test_what_is_no_price_is_refused_with_the_reason(text: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        values.parse_price(text)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("text", "code"),
    [("a\0b", "nul"), ("a\ud83d", "surrogate"), ("\udc80", "surrogate"), ("x" * 2001, "long")],
)
def test_text_that_a_database_cannot_keep_is_refused(text: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        values.parse_text(text)
    assert refused.value.code == code


@pytest.mark.parametrize("mark", ["\ufeff", "\ufffe"])
@pytest.mark.parametrize("column", [BOOKS.column("title"), BOOKS.column("notes"), AUTHORS.column("name")])
def test_a_leading_mark_that_qt_would_drop_is_refused_where_text_is_typed(mark: str, column: Column) -> None:
    with pytest.raises(InvalidInput) as refused:
        column.parse(mark + "text")
    assert refused.value.code == "mark"


def test_such_a_mark_inside_text_stays() -> None:
    assert values.parse_typed_text("a\ufeffb") == "a\ufeffb"


def test_text_is_kept_as_it_is() -> None:
    for text in ("  two  spaces ", "line\nbreak", "𝔻 🎉 が", "x" * 2000):
        assert values.parse_text(text) == text


def test_notes_may_be_long_but_not_endless() -> None:
    notes = BOOKS.column("notes")
    assert notes.parse("x" * values.NOTES_LENGTH)
    with pytest.raises(InvalidInput):
        notes.parse("x" * (values.NOTES_LENGTH + 1))


def test_a_name_is_collapsed_and_never_empty() -> None:
    assert values.parse_name("  Le  Guin,\tUrsula ") == "Le Guin, Ursula"
    assert values.parse_name("e\u0301") == "é"
    for text in ("", "  ", "\u00a0"):
        with pytest.raises(InvalidInput) as refused:
            values.parse_name(text)
        assert refused.value.code == "empty"


@pytest.mark.parametrize(("text", "code"), [("123", "isbn"), ("", "isbn"), ("0804429571", "check")])
def test_a_wrong_isbn_is_refused_with_the_reason(text: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        values.parse_isbn(text)
    assert refused.value.code == code


def test_an_isbn_is_kept_as_13_digits() -> None:
    assert values.parse_isbn("0-8044-2957-X") == "9780804429573"


@pytest.mark.parametrize("column", [column for table in TABLES.values() for column in table.editable])
def test_empty_text_means_not_known_where_that_may_be(column: Column) -> None:
    if not column.nullable or column.rules.parse is None:
        return
    assert column.parse("") is None
    assert column.format(None) is None


@given(YEARS)
def test_a_shown_year_can_be_typed_again(year: int) -> None:
    assert values.parse_year(values.format_year(year)) == year


@given(PRICES)
def test_a_shown_price_can_be_typed_again(price: Decimal) -> None:
    assert values.parse_price(values.format_price(price)) == price


@given(LINES)
def test_a_shown_line_of_text_can_be_typed_again(text: str) -> None:
    assert values.parse_typed_text(values.format_text(text)) == text


def test_line_breaks_are_shown_as_signs() -> None:
    assert values.format_text("a\r\nb\nc\td") == "a⏎b⏎c⇥d"


def test_a_time_is_shown_in_the_local_zone() -> None:
    moment = datetime(2024, 2, 29, 12, 30, 59, tzinfo=UTC)
    assert values.format_time(moment) == moment.astimezone().strftime("%Y-%m-%d %H:%M")


def test_every_kind_has_rules_and_every_table_its_columns() -> None:
    assert set(KINDS) == set(Kind)
    for table in TABLES.values():
        assert table.column(table.label).name == table.label
        assert table.column(table.default_sort.column).sortable
        assert len({column.name for column in table.columns}) == len(table.columns)
        with pytest.raises(KeyError):
            table.column("nothing")


def test_what_cannot_be_typed_says_so() -> None:
    with pytest.raises(TypeError):
        BOOKS.column("updated_at").parse("now")


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="this system has no zones by name for a process")
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"])
def test_local_times_are_those_of_the_zone_on_days_of_change_too(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = datetime(2024, 1, 1, 0, 7, tzinfo=UTC)
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for moment in (first + timedelta(minutes=43 * step) for step in range(13_000)):
            assert values.format_time(moment) == moment.astimezone().isoformat(" ", "minutes")[:16]
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("moment", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_the_ends_of_the_calendar_are_shown_or_refused_as_python_does(moment: datetime) -> None:
    try:
        wanted = moment.astimezone().isoformat(" ", "minutes")[:16]
    except (OverflowError, ValueError) as error:
        with pytest.raises(type(error)):
            values.format_time(moment)
    else:
        assert values.format_time(moment) == wanted
