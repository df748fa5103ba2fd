"""Tab-separated text is read as spreadsheets write it, and what Desk wrote comes back as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.catalog.columns import BOOKS
from desk.catalog.tsv import read_tsv, tsv_cell
from desk.errors import InvalidInput

MOST = 10_000
TITLE = BOOKS.column("title")


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", ()),
        ("a", (("a",),)),
        ("a\tb\r\nc\td\r\n", (("a", "b"), ("c", "d"))),
        ("a\rb\nc", (("a",), ("b",), ("c",))),
        ("a\t", (("a", None),)),
        ("\t\n", ((None, None),)),
        ('""\t"a\tb"\t"say ""hi"""', (("", "a\tb", 'say "hi"'),)),
        ('"two\r\nlines"\tb', (("two\r\nlines", "b"),)),
        ('"quoted" and more\tb', (('"quoted" and more', "b"),)),
        ('5" disk\t"open', (('5" disk', '"open'),)),
        ("\n\nx", ((None,), (None,), ("x",))),
        ("a\u2028b\u2029c", (("a\u2028b\u2029c",),)),
    ],
)
def test_cells_are_read_as_a_spreadsheet_means_them(text: str, rows: object) -> None:
    assert read_tsv(text, MOST) == rows


CELLS = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.text('"\t\r\n a', max_size=6)


@given(st.lists(st.lists(CELLS, min_size=1, max_size=4).map(tuple), min_size=1, max_size=5).map(tuple))
def test_what_was_written_is_read_as_it_was(rows: tuple[tuple[str | None, ...], ...]) -> None:
    text = "\r\n".join("\t".join(tsv_cell(TITLE, value) for value in row) for row in rows) + "\r\n"
    assert read_tsv(text, MOST) == rows


def test_too_many_cells_are_refused_before_all_are_read() -> None:
    assert len(read_tsv("x\t" * 3 + "x", 4)[0]) == 4
    with pytest.raises(InvalidInput, match="more than 4 cells") as refused:
        read_tsv("x\t" * 100_000, 4)
    assert refused.value.kept == "Nothing was pasted."
