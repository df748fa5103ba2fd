"""The one lazy door to the operations: what needs SQLAlchemy is imported here, on a worker, after the first paint.

`door.load_page` is a stand-in that imports the real operation when it is *called*; type checkers see the real one.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from desk.operations.commit import commit_edits
    from desk.operations.connect import OpenCatalogue, open_catalogue
    from desk.operations.opening import open_sample
    from desk.operations.pages import count_rows, count_tables, load_page, walk_marks
    from desk.operations.records import find_authors, load_details
    from desk.operations.selecting import copy_selection, load_selection
    from desk.operations.touring import change_elsewhere, clean_up_tour, prepare_tour

    __all__ = [
        "OpenCatalogue",
        "change_elsewhere",
        "clean_up_tour",
        "commit_edits",
        "copy_selection",
        "count_rows",
        "count_tables",
        "find_authors",
        "load_details",
        "load_page",
        "load_selection",
        "open_catalogue",
        "open_sample",
        "prepare_tour",
        "walk_marks",
    ]

_HOMES = {
    "change_elsewhere": "touring",
    "clean_up_tour": "touring",
    "commit_edits": "commit",
    "copy_selection": "selecting",
    "count_rows": "pages",
    "count_tables": "pages",
    "find_authors": "records",
    "load_details": "records",
    "load_page": "pages",
    "load_selection": "selecting",
    "open_catalogue": "connect",
    "open_sample": "opening",
    "prepare_tour": "touring",
    "walk_marks": "pages",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(name)

    def operation(**arguments: Any) -> Any:
        return getattr(import_module(f"desk.operations.{_HOMES[name]}"), name)(**arguments)

    operation.__name__ = name
    return operation
