"""What there is to decide about conflicts, and what comes out of it, without a window."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.catalog.edits import Conflict, Edit, EditKind, RecordKey, same
from desk.dialogs.conflict_choices import (
    MINE,
    OPEN,
    RECORD,
    THEIRS,
    Case,
    ConflictChoices,
    Place,
    Standing,
    case_of,
    names_of,
    standing,
    text_of,
    to_decide,
)
from desk.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

FIRST, SECOND = RecordKey("books", 1), RecordKey("books", 2)
ORIGINAL = {"title": "Orlando", "published_year": 1928, "isbn": None, "language": None, "notes": "Signed"}
FIELDS = tuple(ORIGINAL)
VALUES = st.sampled_from([None, "", "one", "two", "three"])
CHANGES = st.dictionaries(st.sampled_from(FIELDS), VALUES)


def edit(key: RecordKey = FIRST, kind: EditKind = EditKind.UPDATE, **values: Any) -> Edit:
    original = {} if kind is EditKind.INSERT else ORIGINAL
    return Edit(key, kind, "Orlando", 1, MappingProxyType(original), MappingProxyType(values))


def conflict(changed: Edit, theirs: Mapping[str, Any] | None) -> Conflict:
    now = None if theirs is None else MappingProxyType({**ORIGINAL, **theirs})
    return Conflict(changed, now, 0 if theirs is None else 5)


def outcome(choices: ConflictChoices, key: RecordKey = FIRST) -> dict[str, Any] | None:
    """The values of the edit that stays pending."""
    kept = choices.resolution()[key]
    return None if kept is None else dict(kept.values)


def test_only_fields_that_both_sides_changed_differently_have_to_be_decided() -> None:
    one = conflict(
        edit(title="Mine", language="en", isbn="1"), {"title": "Theirs", "published_year": 1929, "isbn": "1"}
    )
    assert names_of(one) == ("title", "published_year", "isbn", "language")
    assert [standing(one, name) for name in names_of(one)] == [
        Standing.BOTH,
        Standing.THEIRS,
        Standing.ALIKE,
        Standing.MINE,
    ]
    assert to_decide(one) == ("title",)


def test_nothing_is_decided_until_somebody_chooses() -> None:
    choices = ConflictChoices(
        [conflict(edit(title="Mine"), {"title": "Theirs"}), conflict(edit(SECOND, title="x"), None)]
    )
    assert choices.left == 2
    assert choices.sides == {FIRST: {"title": OPEN}, SECOND: {RECORD: OPEN}}
    with pytest.raises(ValueError, match="2 choices"):
        choices.resolution()


def test_what_only_they_changed_is_kept_and_what_only_i_changed_stays_pending() -> None:
    choices = ConflictChoices(
        [conflict(edit(title="Mine", language="en"), {"title": "Theirs", "published_year": 1929})]
    )
    choices.choose_all(THEIRS)
    kept = choices.resolution()[FIRST]
    assert kept is not None
    assert (dict(kept.values), kept.original["published_year"], kept.version) == ({"language": "en"}, 1929, 5)
    assert kept.label == "Theirs"
    assert choices.result(Place(0, "published_year")) == 1929
    assert choices.result(Place(0, "language")) == "en"


def test_a_field_that_need_not_be_decided_cannot_be() -> None:
    choices = ConflictChoices([conflict(edit(title="Mine"), {"title": "Theirs", "published_year": 1929})])
    choices.choose(Place(0, "published_year"), MINE)
    choices.choose_all(MINE)
    assert outcome(choices) == {"title": "Mine"}
    assert not choices.can_type(Place(0, "published_year"))


def test_the_result_can_be_typed_and_is_parsed() -> None:
    choices = ConflictChoices([conflict(edit(published_year=1930), {"published_year": 1929})])
    year = Place(0, "published_year")
    with pytest.raises(InvalidInput, match="not a year"):
        choices.type(year, "never")
    assert choices.side(year) == OPEN
    choices.type(year, "31 BCE")
    assert choices.result(year) == -31
    assert outcome(choices) == {"published_year": -31}
    choices.type(year, "")
    assert outcome(choices) == {"published_year": None}


def test_a_result_like_theirs_leaves_nothing_to_do() -> None:
    choices = ConflictChoices([conflict(edit(published_year=1930), {"published_year": 1929})])
    choices.type(Place(0, "published_year"), "1929")
    assert outcome(choices) is None


def test_an_author_is_chosen_not_typed() -> None:
    choices = ConflictChoices([conflict(edit(author=None), {"author": "x"})])
    assert not choices.can_type(Place(0, "author"))


@pytest.mark.parametrize(
    ("kind", "theirs", "case"),
    [
        (EditKind.UPDATE, {"title": "Theirs"}, Case.CHANGED),
        (EditKind.UPDATE, None, Case.GONE),
        (EditKind.DELETE, {"title": "Theirs"}, Case.DOOMED),
        (EditKind.DELETE, None, Case.DONE),
        (EditKind.INSERT, {"title": "Theirs"}, Case.BACK),
    ],
)
def test_cases(kind: EditKind, theirs: dict[str, Any] | None, case: Case) -> None:
    assert case_of(conflict(edit(FIRST, kind, title="Mine"), theirs)) is case


def test_a_record_that_is_gone_is_inserted_again_with_all_that_is_known_of_it() -> None:
    choices = ConflictChoices([conflict(edit(title="Mine"), None)])
    choices.choose_all(THEIRS)
    assert outcome(choices) is None
    choices.choose_all(MINE)
    again = choices.resolution()[FIRST]
    assert again is not None
    assert again.kind is EditKind.INSERT
    assert dict(again.values) == {"title": "Mine", "published_year": 1928, "notes": "Signed"}


def test_my_deletion_of_what_they_changed_is_chosen_with_what_is_new() -> None:
    choices = ConflictChoices([conflict(edit(kind=EditKind.DELETE), {"title": "Theirs"})])
    assert text_of(choices.conflicts[0], RECORD, THEIRS) == "keep it, with the new Title"
    choices.choose_all(THEIRS)
    assert outcome(choices) is None
    choices.choose_all(MINE)
    kept = choices.resolution()[FIRST]
    assert kept is not None
    assert (kept.kind, kept.original["title"], kept.version) == (EditKind.DELETE, "Theirs", 5)


def test_a_record_that_is_there_again_gets_my_values_when_chosen() -> None:
    choices = ConflictChoices([conflict(edit(kind=EditKind.INSERT, title="Mine", language="en"), {"title": "Theirs"})])
    choices.choose_all(MINE)
    kept = choices.resolution()[FIRST]
    assert kept is not None
    assert (kept.kind, dict(kept.values)) == (EditKind.UPDATE, {"title": "Mine", "language": "en"})


def test_the_next_open_choice_goes_round_all_records() -> None:
    choices = ConflictChoices(
        [
            conflict(edit(title="a", language="b"), {"title": "c", "language": "d"}),
            conflict(edit(SECOND, title="x"), None),
        ]
    )
    assert choices.next_open(Place(0, "title")) == Place(0, "language")
    assert choices.next_open(Place(0, "language")) == Place(1, RECORD)
    assert choices.next_open(Place(1, RECORD)) == Place(0, "title")
    choices.choose_all(MINE)
    assert choices.next_open(Place(0, "title")) is None


def test_toggling_takes_mine_first() -> None:
    choices = ConflictChoices([conflict(edit(title="Mine"), {"title": "Theirs"})])
    title = Place(0, "title")
    seen = []
    for _turn in range(3):
        choices.toggle(title)
        seen.append(choices.side(title))
    assert seen == [MINE, THEIRS, MINE]


@given(mine=CHANGES, theirs=CHANGES, sides=st.lists(st.sampled_from([MINE, THEIRS]), min_size=5, max_size=5))
def test_whatever_is_chosen_every_other_field_keeps_its_merged_value(
    mine: dict[str, Any], theirs: dict[str, Any], sides: list[str]
) -> None:
    changed = {name: value for name, value in mine.items() if not same(ORIGINAL[name], value)}
    one = conflict(edit(**changed), theirs)
    choices = ConflictChoices([one])
    open_ones = to_decide(one)
    for name, side in zip(open_ones, sides, strict=False):
        choices.choose(Place(0, name), side)
    assert choices.left == 0
    kept = choices.resolution()[FIRST]
    now = {**ORIGINAL, **theirs}
    after = {**now, **(kept.values if kept else {})}
    for name in FIELDS:
        if name in open_ones:
            expected = changed[name] if choices.side(Place(0, name)) == MINE else now[name]
        else:  # the three-way merge: mine where only I changed it, else theirs
            expected = changed.get(name, now[name])
        assert same(after[name], expected), name
        if name in names_of(one):
            assert same(choices.result(Place(0, name)), expected)
