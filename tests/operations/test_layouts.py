"""The layouts of columns: kept by table, and worth no error."""

from __future__ import annotations

import os

import pytest

from desk.catalog.grid_layout import ColumnLayout, GridLayout
from desk.operations.layouts import layouts_file, load_layouts, save_layout

WIDE = GridLayout((ColumnLayout("price", 80), ColumnLayout("title", 400, is_shown=False)))
NARROW = GridLayout((ColumnLayout("name", 90),))


def test_nothing_is_kept_at_first() -> None:
    assert load_layouts() == {}
    assert not layouts_file().exists()


def test_layouts_are_kept_by_table() -> None:
    save_layout(table="books", layout=NARROW)
    save_layout(table="authors", layout=NARROW)
    save_layout(table="books", layout=WIDE)
    assert load_layouts() == {"books": WIDE, "authors": NARROW}
    assert [one.name for one in layouts_file().parent.iterdir()] == [layouts_file().name], "nothing else is left"


@pytest.mark.parametrize("content", [b"books = [", b"\xff\xfe", b"x" * 2_000_000])
def test_a_file_that_cannot_be_read_is_put_aside(content: bytes) -> None:
    path = layouts_file()
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert load_layouts() == {}
    aside = [one for one in path.parent.iterdir() if "damaged" in one.name]
    assert [one.read_bytes() for one in aside] == [content]
    save_layout(table="books", layout=WIDE)
    assert load_layouts() == {"books": WIDE}


def test_what_is_no_layout_is_left_out() -> None:
    path = layouts_file()
    path.parent.mkdir(parents=True)
    path.write_text(
        'authors = 7\n[[books]]\nname = "title"\nwidth = 300\n[[books]]\nname = "price"\nwidth = "wide"\n'
        '[[books]]\nname = "isbn"\nwidth = -1\n[[books]]\nwidth = 10\n[[books]]\nname = "language"\nwidth = 50\n'
        'shown = 1\n[[books]]\nname = "author"\nwidth = 99\nshown = false\n',
        encoding="utf-8",
    )
    expected = GridLayout((ColumnLayout("title", 300), ColumnLayout("author", 99, is_shown=False)))
    assert load_layouts() == {"books": expected}


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no folder from its owner")
def test_a_layout_that_cannot_be_written_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    layouts_file().parent.parent.mkdir(parents=True, exist_ok=True)
    layouts_file().parent.write_text("a file where the folder should be", encoding="utf-8")
    save_layout(table="books", layout=WIDE)
    assert "was not written" in caplog.text
    assert load_layouts() == {}
