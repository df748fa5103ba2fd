"""The one lazy door to the operations: what needs SQLAlchemy is imported here, on a worker, after the first paint.

`door.load_page` is a stand-in that imports the real operation when it is *called*; type checkers see the real one.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from desk.operations.commit import commit_edits
    from desk.operations.connect import OpenCatalogue, create_catalogue, open_catalogue
    from desk.operations.export_views import export_views
    from desk.operations.exporting import export_rows
    from desk.operations.following import follow_changes
    from desk.operations.imports.import_preview import forecast_import, preview_csv
    from desk.operations.imports.importing import import_books
    from desk.operations.layouts import load_layouts, save_layout
    from desk.operations.locating import locate_records, locate_text
    from desk.operations.matching_authors import match_authors
    from desk.operations.merging import load_authors_to_merge, merge_authors
    from desk.operations.migrating import (
        downgrade_catalogue,
        examine_schema,
        plan_upgrade,
        upgrade_catalogue,
        upgrade_sql,
    )
    from desk.operations.opening import open_profile, open_sample
    from desk.operations.outcomes import resolve_unit
    from desk.operations.pages import count_rows, count_tables, load_page, walk_marks
    from desk.operations.profiles import (
        delete_profile,
        export_profiles,
        forget_recent,
        import_profiles,
        keyring_problem,
        load_profiles,
        note_opened,
        recent_profiles,
        save_profile,
    )
    from desk.operations.reading_fields import load_field
    from desk.operations.records import find_authors, load_details
    from desk.operations.recovering import find_drafts, settle_drafts
    from desk.operations.replacing import find_to_replace
    from desk.operations.searching import drop_search_index, fill_search_index, make_search_index, search_state
    from desk.operations.selecting import copy_selection, load_selection
    from desk.operations.touring import change_elsewhere, clean_up_tour, prepare_tour
    from desk.operations.trying import try_connection, who_holds
    from desk.operations.views import open_view
    from desk.operations.watching import look_elsewhere

    __all__ = [
        "OpenCatalogue",
        "change_elsewhere",
        "clean_up_tour",
        "commit_edits",
        "copy_selection",
        "count_rows",
        "count_tables",
        "create_catalogue",
        "delete_profile",
        "downgrade_catalogue",
        "drop_search_index",
        "examine_schema",
        "export_profiles",
        "export_rows",
        "export_views",
        "fill_search_index",
        "find_authors",
        "find_drafts",
        "find_to_replace",
        "follow_changes",
        "forecast_import",
        "forget_recent",
        "import_books",
        "import_profiles",
        "keyring_problem",
        "load_authors_to_merge",
        "load_details",
        "load_field",
        "load_layouts",
        "load_page",
        "load_profiles",
        "load_selection",
        "locate_records",
        "locate_text",
        "look_elsewhere",
        "make_search_index",
        "match_authors",
        "merge_authors",
        "note_opened",
        "open_catalogue",
        "open_profile",
        "open_sample",
        "open_view",
        "plan_upgrade",
        "prepare_tour",
        "preview_csv",
        "recent_profiles",
        "resolve_unit",
        "save_layout",
        "save_profile",
        "search_state",
        "settle_drafts",
        "try_connection",
        "upgrade_catalogue",
        "upgrade_sql",
        "walk_marks",
        "who_holds",
    ]

_HOMES = {
    "change_elsewhere": "touring",
    "clean_up_tour": "touring",
    "commit_edits": "commit",
    "copy_selection": "selecting",
    "count_rows": "pages",
    "count_tables": "pages",
    "create_catalogue": "connect",
    "delete_profile": "profiles",
    "downgrade_catalogue": "migrating",
    "drop_search_index": "searching",
    "examine_schema": "migrating",
    "export_profiles": "profiles",
    "export_rows": "exporting",
    "export_views": "export_views",
    "fill_search_index": "searching",
    "find_authors": "records",
    "find_drafts": "recovering",
    "find_to_replace": "replacing",
    "follow_changes": "following",
    "forecast_import": "imports.import_preview",
    "forget_recent": "profiles",
    "import_books": "imports.importing",
    "import_profiles": "profiles",
    "keyring_problem": "profiles",
    "load_authors_to_merge": "merging",
    "load_details": "records",
    "load_field": "reading_fields",
    "load_layouts": "layouts",
    "load_page": "pages",
    "load_profiles": "profiles",
    "load_selection": "selecting",
    "locate_records": "locating",
    "locate_text": "locating",
    "look_elsewhere": "watching",
    "make_search_index": "searching",
    "match_authors": "matching_authors",
    "merge_authors": "merging",
    "note_opened": "profiles",
    "open_catalogue": "connect",
    "open_profile": "opening",
    "open_sample": "opening",
    "open_view": "views",
    "plan_upgrade": "migrating",
    "prepare_tour": "touring",
    "preview_csv": "imports.import_preview",
    "recent_profiles": "profiles",
    "resolve_unit": "outcomes",
    "save_layout": "layouts",
    "save_profile": "profiles",
    "search_state": "searching",
    "settle_drafts": "recovering",
    "try_connection": "trying",
    "upgrade_catalogue": "migrating",
    "upgrade_sql": "migrating",
    "walk_marks": "pages",
    "who_holds": "trying",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(name)

    def operation(**arguments: Any) -> Any:
        return getattr(import_module(f"desk.operations.{_HOMES[name]}"), name)(**arguments)

    operation.__name__ = name
    return operation
