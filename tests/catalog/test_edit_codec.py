"""Edits as text: what is read is exactly what was written, and nothing unknown is taken for an edit."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.catalog.columns import TABLES
from desk.catalog.edit_codec import UnknownEdit, decode, decode_receipt, encode, encode_receipt
from desk.catalog.edits import CommitResult, Edit, EditBatch, EditKind, Merged, RecordKey, UnitReceipt
from desk.catalog.rows import AuthorRef, ContributionRow

texts = st.text(st.characters(codec=None), max_size=20)  # lone surrogates too
ids = st.integers(-(2**63), 2**63 - 1)
links = st.builds(AuthorRef, ids, texts)
zones = st.sampled_from([None, UTC, timezone(timedelta(hours=5, minutes=30))])
plain = st.one_of(
    st.none(),
    st.booleans(),
    ids,
    st.integers(-(10**40), 10**40),
    texts,
    st.binary(max_size=20),
    st.floats(allow_nan=False),
    st.decimals(allow_nan=False),
    st.sampled_from([Decimal("1E+9"), Decimal("-0.00"), Decimal("1.10"), Decimal("Infinity"), Decimal("1E-999")]),
    st.datetimes(timezones=zones),
    st.dates(),
    st.times(),
    links,
)
rows = st.lists(st.builds(ContributionRow, links, texts, st.integers(0, 99)), max_size=4).map(tuple)
values = plain | rows
keys = st.builds(RecordKey, st.sampled_from(list(TABLES)), ids)


@st.composite
def edits(draw: st.DrawFn) -> Edit:
    key = draw(keys)
    names = st.sampled_from([column.name for column in TABLES[key.table].columns])
    fields = st.dictionaries(names, values, max_size=5).map(MappingProxyType)
    kind, version = draw(st.sampled_from(EditKind)), draw(st.integers(0, 2**40))
    return Edit(key, kind, draw(texts), version, draw(fields), draw(fields))


def shape(value: Any) -> Any:
    """A value with everything that equality passes over: types, the names of links, the digits of a Decimal."""
    if isinstance(value, AuthorRef):
        return ("link", value.id, shape(value.name))
    if isinstance(value, ContributionRow):
        return ("row", shape(value.author), value.role, value.position)
    if isinstance(value, tuple):
        return tuple(map(shape, value))
    return (type(value), repr(value))


def shapes(edit: Edit) -> Any:
    def of(fields: Any) -> list[Any]:
        return [(name, shape(value)) for name, value in fields.items()]

    return edit.key, edit.kind, edit.label, edit.version, of(edit.original), of(edit.values)


@given(edits())
def test_what_is_read_is_exactly_what_was_written(edit: Edit) -> None:
    text = encode(edit)
    assert text.isascii()
    assert "\n" not in text
    again = decode(text)
    assert again == edit
    assert shapes(again) == shapes(edit)


def edit_of(**fields: Any) -> Edit:
    return Edit(RecordKey("books", 1), EditKind.UPDATE, "", 1, MappingProxyType(fields), MappingProxyType(fields))


@pytest.mark.parametrize(
    "value",
    ["\ud83d\ude00", "a\udc80b", "\0", "\u2028", "\ufeffx", b"\xff\x00", -0.0, math.inf, 5e-324, Decimal("-0"),
     Decimal("1E+3"), Decimal("NaN"), time(24 - 1, 59, 59, 999999), date(1, 1, 1), datetime(9999, 12, 31, tzinfo=UTC),
     True, (), 2**70],
    ids=repr,
)  # fmt: skip
def test_odd_values_stay_what_they_are(value: Any) -> None:
    again = decode(encode(edit_of(title=value))).values["title"]
    assert shape(again) == shape(value)


def test_not_a_number_stays_one() -> None:
    assert math.isnan(decode(encode(edit_of(price=math.nan))).values["price"])


def test_an_edit_comes_back_unchangeable() -> None:
    with pytest.raises(TypeError):
        decode(encode(edit_of(title="x"))).values["title"] = "y"  # type: ignore[index]


def test_a_value_of_an_unknown_kind_is_not_written() -> None:
    with pytest.raises(UnknownEdit, match="timedelta"):
        encode(edit_of(title=timedelta(1)))


GOOD = json.loads(encode(edit_of(title="x")))
WRONG: dict[str, Any] = {
    "no JSON": "{",
    "no object": "[]",
    "null": "null",
    "deep": "[" * 100_000,
    "a field is missing": {name: part for name, part in GOOD.items() if name != "kind"},
    "an unknown kind": GOOD | {"kind": "replace"},
    "an unknown table": GOOD | {"key": ["desk_meta", 1]},
    "a table that is no name": GOOD | {"key": [[], 1]},
    "a text as id": GOOD | {"key": ["books", "1"]},
    "true as id": GOOD | {"key": ["books", True]},
    "a text as version": GOOD | {"version": "1"},
    "a number as label": GOOD | {"label": 1},
    "an unknown field": GOOD | {"values": {"secret": 1}},
    "fields that are a list": GOOD | {"values": ["title"]},
    "an unknown letter": GOOD | {"values": {"title": ["?", 1]}},
    "an empty list": GOOD | {"values": {"title": []}},
    "an object": GOOD | {"values": {"title": {}}},
    "a JSON float": GOOD | {"values": {"title": 1.5}},
    "a letter that is a list": GOOD | {"values": {"title": [["s"], "x"]}},
    "too many parts": GOOD | {"values": {"title": ["a", 1, "x", 2]}},
    "no hexadecimal digits": GOOD | {"values": {"title": ["b", "xyz"]}},
    "no number": GOOD | {"values": {"price": ["d", "twelve"]}},
    "a number as number": GOOD | {"values": {"price": ["d", [0, [1], 0]]}},
    "no moment": GOOD | {"values": {"title": ["t", "yesterday"]}},
    "a role without a person": GOOD | {"values": {"contributors": ["l", ["c", "x", "editor", 0]]}},
    "nested too deeply": GOOD | {"values": {"title": json.loads("[" * 900 + "]" * 900)}},
}


@pytest.mark.parametrize("text", WRONG.values(), ids=list(WRONG))
def test_what_is_not_known_is_no_edit(text: Any) -> None:
    with pytest.raises(UnknownEdit):
        decode(text if isinstance(text, str) else json.dumps(text))


@given(st.recursive(plain_json := st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: (
    st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*GOOD, "title"]) | st.text(max_size=3), inner)
)))  # fmt: skip
def test_no_planted_text_does_anything_but_be_refused(document: Any) -> None:
    for text in (json.dumps(document), json.dumps(GOOD | {"values": {"title": document}})):
        with suppress(UnknownEdit):
            assert encode(decode(text))


def receipt() -> UnitReceipt:
    new, old = RecordKey("books", -1), RecordKey("authors", 7)
    undo = EditBatch((Edit(RecordKey("books", 12), EditKind.DELETE, "Emma", 1, MappingProxyType({"title": "Emma"})),))
    result = CommitResult(
        (new, old), new_ids=MappingProxyType({new: 12}), merged=(Merged(old, "Ann", ("notes",)),), inverse=undo
    )
    born = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    return UnitReceipt("4711", MappingProxyType({new: (12, born)}), result)


def test_a_receipt_is_read_as_it_was_written() -> None:
    text = encode_receipt(receipt())
    assert text.isascii()
    assert decode_receipt(text) == receipt()
    bare = replace(receipt(), transaction="", result=CommitResult(()))
    assert decode_receipt(encode_receipt(bare)) == bare


@pytest.mark.parametrize("name", list(json.loads(encode_receipt(receipt()))))
def test_a_receipt_with_anything_else_in_it_is_refused(name: str) -> None:
    document = json.loads(encode_receipt(receipt()))
    for part in ({key: value for key, value in document.items() if key != name}, document | {name: 5}):
        with pytest.raises(UnknownEdit):
            decode_receipt(json.dumps(part))
