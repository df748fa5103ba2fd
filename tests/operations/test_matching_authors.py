"""Names are matched by their keys in one statement, however many; so is one field of many records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desk.catalog import keys
from desk.catalog.criteria import Criteria
from desk.catalog.places import Places
from desk.catalog.selection import Block, Selection
from desk.operations.matching_authors import match_authors
from desk.operations.reading_fields import load_field
from desk.operations.views import open_view
from tests.support.expected import everything
from tests.support.measuring import counting

if TYPE_CHECKING:
    from desk.operations.connect import OpenCatalogue


def test_each_name_finds_all_authors_of_its_key(shared_catalogue: OpenCatalogue) -> None:
    authors = everything(shared_catalogue).authors
    names = ["WOOLF, virginia", "garcia marquez, gabriel", "Nobody, Known", "紫式部"]
    with counting() as action:
        found = match_authors(sessions=shared_catalogue.sessions, names=names)
    assert action.statements == 1
    assert "Nobody, Known" not in found
    for name in names:
        wanted = sorted(one["id"] for one in authors if keys.author_key(one["name"]) == keys.author_key(name))
        assert [one.id for one in found.get(name, ())] == wanted
    assert any(len(some) > 1 for some in found.values())


def test_thousands_of_names_are_one_statement(shared_catalogue: OpenCatalogue) -> None:
    with counting() as action:
        found = match_authors(sessions=shared_catalogue.sessions, names=[f"Name {one}" for one in range(10_000)])
    assert (action.statements, found) == (1, {})


@pytest.mark.parametrize("field", ["title", "notes"])
def test_one_field_of_a_selection_is_loaded_in_the_order_of_the_view(
    shared_catalogue: OpenCatalogue, field: str
) -> None:

    books = {one["id"]: one for one in everything(shared_catalogue).books}
    start = open_view(sessions=shared_catalogue.sessions, criteria=Criteria("books"))
    selection = Selection((Block(3, 5, 0, 0), Block(60, 60, 0, 0)))
    loaded = load_field(
        sessions=shared_catalogue.sessions, places=Places(Criteria("books")), selection=selection, field=field
    )
    assert len(loaded) == 4
    assert [row.id for row, _value in loaded[:3]] == [row.id for row in start.page.rows[3:6]]
    assert [value for _row, value in loaded] == [books[row.id][field] for row, _value in loaded]
