"""deskctl import and deskctl export."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from desk.ctl.terminal import (
    Answer,
    Parser,
    Usage,
    cancellable,
    database_or_sample,
    nothing,
    opened,
    progress,
    standard_output,
)
from desk.errors import DeskError
from desk.i18n import _, ngettext

if TYPE_CHECKING:
    import argparse

    from desk.catalog.import_fields import ImportRequest
    from desk.operations.exporting import ExportProgress
    from desk.operations.imports.import_figures import ImportProgress
    from desk.operations.imports.import_preview import ImportForecast
    from desk.operations.imports.importing import ImportReport


TAB = {"tab": "\t"}
"""What shells find hard to write."""


def import_file(options: argparse.Namespace) -> Answer:
    from desk.catalog.import_fields import CsvSource, ImportRequest
    from desk.operations import connect

    if options.database is None:
        raise Usage(_("Name the catalogue to import into: --database FILE-or-URL."))
    mapping = dict(_pair(words) for words in options.map)
    request = ImportRequest(
        CsvSource(Path(options.file), options.encoding, TAB.get(options.delimiter, options.delimiter), mapping),
        CsvSource(Path(options.authors)) if options.authors else None,
        skip_existing=options.skip_existing,
        batch=options.batch,
    )
    if options.create:
        connect.create_catalogue(target=options.database)
    try:
        found = _run_import(options, request)
    except BaseException:
        if options.create:
            _remove_if_empty(options.database)
        raise
    if options.create and options.dry_run:
        _remove_if_empty(options.database)
    return Answer(dataclasses.asdict(found), found.lines())


def _run_import(options: argparse.Namespace, request: ImportRequest) -> ImportReport | ImportForecast:
    from desk.operations.imports import import_preview, importing

    with opened(options.database) as catalogue, cancellable("import books"), progress() as show:

        def on_progress(now: ImportProgress) -> None:
            show(now.fraction, now.records)

        if options.dry_run:
            return import_preview.forecast_import(sessions=catalogue.sessions, request=request, on_progress=on_progress)
        return importing.import_books(
            sessions=catalogue.sessions,
            request=request,
            rejects=Path(options.rejects) if options.rejects else None,
            on_progress=on_progress,
        )


def export_table(options: argparse.Namespace) -> Answer:
    from desk.catalog.criteria_options import parse_criteria
    from desk.operations import exporting

    names = ("search", "contains", "equals", "empty", "between", "over_price", "no_books", "sort")
    criteria = parse_criteria(options.table, **{name: getattr(options, name) for name in names})
    to_stdout = options.file == "-"
    if to_stdout and options.json:
        raise Usage(_("With --json, name a file: both would go to the standard output."))
    neutralized = 0

    def on_progress(now: ExportProgress) -> None:
        nonlocal neutralized
        neutralized = now.neutralized
        show(now.rows / max(now.total, 1), now.rows)

    with (
        opened(database_or_sample(options)) as catalogue,
        cancellable("export"),
        progress() as show,
        standard_output() if to_stdout else nothing() as stream,
    ):
        rows = exporting.export_rows(
            sessions=catalogue.sessions,
            criteria=criteria,
            target=stream or Path(options.file),
            neutralize=options.neutralize,
            on_progress=on_progress,
        )
    said = [ngettext("{rows:,} row in {file}", "{rows:,} rows in {file}", rows).format(rows=rows, file=options.file)]
    if neutralized:
        words = ngettext("{count:,} cell was neutralized.", "{count:,} cells were neutralized.", neutralized)
        said.append(words.format(count=neutralized))
    data = {"rows": rows, "file": options.file, "table": options.table, "neutralized": neutralized}
    return Answer(data, [] if to_stdout else said)


def _remove_if_empty(target: str) -> None:
    """Removes a file that `--create` made for an import of which nothing was saved; one that cannot be read stays."""
    from desk.database import targets
    from desk.operations import pages

    path = targets.sqlite_file(targets.target_url(target))
    if path is None:
        return
    try:
        with opened(target) as catalogue:
            if any(pages.count_tables(sessions=catalogue.sessions).values()):
                return
    except DeskError:
        return
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _pair(words: str) -> tuple[str, str]:
    name, sign, header = words.partition("=")
    if not sign:
        raise Usage(_("“{text}” has no =. Write --map field=header.").format(text=words))
    return name, header


def describe_import(command: Parser) -> None:
    command.add_argument("file", metavar="FILE", help=_("a CSV file with a header"))
    command.add_argument("--authors", metavar="FILE", help=_("a second file that says who the author keys are"))
    command.add_argument("--encoding", metavar="NAME", default="", help=_("such as utf-8 or cp1252; else guessed"))
    command.add_argument(
        "--delimiter", metavar="SIGN", default="", help=_("what separates the fields, “tab” for a tab; else guessed")
    )
    command.add_argument("--skip-existing", action="store_true", help=_("leave out books that are there already"))
    command.add_argument("--dry-run", action="store_true", help=_("say what would be imported; write nothing"))
    command.add_argument("--create", action="store_true", help=_("make a new catalogue; there must be none yet"))
    command.add_argument(
        "--map", metavar="field=header", action="append", default=[], help=_("which column is which field")
    )
    command.add_argument("--batch", metavar="N", type=int, help=_("commit every N rows; else all or nothing"))
    command.add_argument(
        "--rejects", metavar="FILE", help=_("where rejected rows go; else NAME.rejects.csv beside the input")
    )


def describe_export(command: Parser) -> None:
    command.add_argument(
        "file", metavar="FILE", nargs="?", default="-", help=_("CSV, or a workbook if it ends in .xlsx; else to stdout")
    )
    command.add_argument(
        "--neutralize", action="store_true", help=_("an apostrophe before what a spreadsheet would run")
    )
    command.add_argument("--table", choices=("books", "authors"), default="books")
    command.add_argument("--search", metavar="TEXT", default="", help=_("in titles and names"))
    for name, shape, words in (
        ("--contains", "COLUMN=TEXT", _("the text is somewhere in the column")),
        ("--equals", "COLUMN=VALUE", _("the column is exactly this")),
        ("--empty", "COLUMN", _("the column has no value")),
        ("--between", "COLUMN=LOW..HIGH", _("both included; either may be left out")),
        ("--sort", "COLUMN[:desc]", _("may be given several times")),
    ):
        command.add_argument(name, metavar=shape, action="append", default=[], help=words)
    command.add_argument("--over-price", metavar="PRICE", help=_("authors with a book above this price"))
    command.add_argument("--no-books", action="store_true", help=_("authors without books"))
