"""deskctl: the same operations without a window.

Invariant: it ends with 0, 1 (the world or the data is not as needed), 2 (what was asked for cannot be used) or 130
(Ctrl+C), and with words, never with a traceback; Qt is loaded by `tour` only.
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import json
import os
import re
import signal
import sys
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from desk.errors import ActionCancelled, DeskError, EnvironmentProblem, InvalidInput
from desk.i18n import _, ngettext
from desk.redaction import redacted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from desk.catalog.import_fields import ImportRequest
    from desk.database.migration_unit import MigrationProgress
    from desk.database.revisions import SchemaStatus
    from desk.operations.connect import OpenCatalogue
    from desk.operations.exporting import ExportProgress
    from desk.operations.imports.import_figures import ImportProgress
    from desk.operations.imports.import_preview import ImportForecast
    from desk.operations.imports.importing import ImportReport

DEBUG = "DESK_DEBUG"
INTERRUPTED = 130
TAB = {"tab": "\t"}
"""What shells find hard to write."""

_USERINFO = re.compile(r"(?<=:)[^:@/\s]+(?=@)")
_PASSWORD = re.compile(r"(?<=password=)[^&\s]+", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    """What a command found: `data` for programs, `lines` for people."""

    data: dict[str, Any]
    lines: list[str] = field(default_factory=list)
    code: int = 0


class _Usage(Exception):
    """The command line cannot be understood."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _Usage(f"{message}\n{self.format_usage().strip()}")


def main(argv: list[str] | None = None) -> int:
    """Runs one command; returns the exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    as_json = "--json" in arguments and "tour" not in arguments[:1]
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        return _run(arguments, as_json)
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1


def _run(arguments: list[str], as_json: bool) -> int:
    try:
        options = _parser().parse_args(arguments)
        answer: Answer | int = options.command(options)
        return answer if isinstance(answer, int) else _tell(answer, as_json)
    except SystemExit as end:  # --help, --version
        return int(end.code or 0)
    except BrokenPipeError:
        raise
    except (Exception, KeyboardInterrupt) as error:
        code, words = _explained(error)
        _complain(words, as_json)
        return code


def _explained(error: BaseException) -> tuple[int, dict[str, str]]:
    """The exit code of an error and its words: what, kept, advice, code."""
    if isinstance(error, _Usage):
        return 2, _words(str(error), code="usage")
    if isinstance(error, DeskError):
        exit_code = 2 if isinstance(error, InvalidInput) else 1
        return exit_code, _words(error.what, _without_edits(error.kept), error.advice, error.code)
    if isinstance(error, ActionCancelled | KeyboardInterrupt):
        kept = str(error) if isinstance(error, ActionCancelled) else ""
        return INTERRUPTED, _words(_("Cancelled."), kept, code="cancelled")
    if os.environ.get(DEBUG) == "1":
        import traceback  # noqa: PLC0415  (hardly ever)

        print(_hidden("".join(traceback.format_exception(error))), file=sys.stderr)
    first_line = str(error).strip().partition("\n")[0]
    what = _("Unexpected: {kind}: {words}").format(kind=type(error).__name__, words=first_line)
    return 1, _words(what, code="unexpected")


def _words(what: str, kept: str = "", advice: str = "", code: str = "") -> dict[str, str]:
    return {"what": _hidden(what), "kept": _hidden(kept), "advice": _hidden(advice), "code": code}


def _tell(answer: Answer, as_json: bool) -> int:
    if as_json:
        _print_json(answer.data)
    else:
        for line in answer.lines:
            print(_printable(line))
    sys.stdout.flush()
    return answer.code


def _complain(words: dict[str, str], as_json: bool) -> None:
    if as_json:
        _print_json({"error": words})
        return
    text = " ".join(words[part] for part in ("what", "kept", "advice") if words[part])
    for line in text.split("\n"):
        print(_printable(f"deskctl: {line}"), file=sys.stderr)


def _print_json(data: dict[str, Any]) -> None:
    unicode = "utf" in (getattr(sys.stdout, "encoding", None) or "").lower()
    print(json.dumps(data, ensure_ascii=not unicode, default=str))


# The commands


def _import(options: argparse.Namespace) -> Answer:
    from desk.catalog.import_fields import CsvSource, ImportRequest  # noqa: PLC0415
    from desk.operations import connect  # noqa: PLC0415

    if options.database is None:
        raise _Usage(_("Name the catalogue to import into: --database FILE-or-URL."))
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
    from desk.operations.imports import import_preview, importing  # noqa: PLC0415

    with _opened(options.database) as catalogue, _cancellable("import books"), _progress() as show:

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


def _export(options: argparse.Namespace) -> Answer:
    from desk.catalog.criteria_options import parse_criteria  # noqa: PLC0415
    from desk.operations import exporting  # noqa: PLC0415

    names = ("search", "contains", "equals", "empty", "between", "over_price", "no_books", "sort")
    criteria = parse_criteria(options.table, **{name: getattr(options, name) for name in names})
    to_stdout = options.file == "-"
    if to_stdout and options.json:
        raise _Usage(_("With --json, name a file: both would go to the standard output."))
    neutralized = 0

    def on_progress(now: ExportProgress) -> None:
        nonlocal neutralized
        neutralized = now.neutralized
        show(now.rows / max(now.total, 1), now.rows)

    with (
        _opened(_database_or_sample(options)) as catalogue,
        _cancellable("export"),
        _progress() as show,
        _standard_output() if to_stdout else _nothing() as stream,
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


def _migrate(options: argparse.Namespace) -> Answer:
    from desk.operations import doctor  # noqa: PLC0415

    if options.action in _MIGRATIONS:
        return _MIGRATIONS[options.action](options)
    status = doctor.schema_of_target(target=_database_or_sample(options))
    if options.action == "current":
        return Answer({"current": status.current}, [status.current or _("none")])
    return _status_answer(status)


def _migrate_history(options: argparse.Namespace) -> Answer:
    from desk.database import migrations  # noqa: PLC0415
    from desk.operations import doctor  # noqa: PLC0415

    current = doctor.schema_of_target(target=options.database).current if options.database else None
    revisions = migrations.history(current)
    return Answer(
        {"revisions": [dataclasses.asdict(one) for one in revisions]},
        [f"{'*' if one.is_current else ' '} {one.id}  {one.summary}" for one in revisions],
    )


def _migrate_run(options: argparse.Namespace) -> Answer:
    from desk.database.profiles import profile_of  # noqa: PLC0415
    from desk.operations import connect, migrating  # noqa: PLC0415

    upwards = options.action == "upgrade"
    if options.database is None:
        raise _Usage(_("Name the catalogue: --database FILE-or-URL."))
    if not upwards and not options.revision:
        raise _Usage(_("Name the revision to go back to; “base” removes the schema with all its data."))
    if not upwards and options.revision == "base" and not options.yes:
        raise _Usage(_("“base” removes the schema with all authors and books. If that is wanted, add --yes."))
    profile, password = profile_of(options.database)
    if upwards and options.create and not profile.read_only:  # what is for reading only is refused below
        connect.create_catalogue(target=options.database)
    migrate = migrating.upgrade_catalogue if upwards else migrating.downgrade_catalogue
    with _cancellable("migrate"), _status_line() as show:
        result = migrate(
            profile=profile,
            password=password or None,
            revision=options.revision or "head",
            backup=not options.no_backup,
            on_progress=lambda now: show(_migration_words(now)),
        )
    answer = _status_answer(result.status)
    backup = str(result.backup) if result.backup else None
    answer.data.update(backup=backup, waited=result.waited)
    if backup:
        answer.lines.append(_("backup: {path}").format(path=backup))
    return answer


def _migrate_sql(options: argparse.Namespace) -> Answer:
    from desk.database.profiles import profile_of  # noqa: PLC0415
    from desk.operations import migrating  # noqa: PLC0415

    profile, password = profile_of(_database_or_sample(options))
    sql = migrating.upgrade_sql(profile=profile, password=password or None, revision=options.revision or "head")
    return Answer({"sql": sql}, sql.splitlines())


def _migrate_drift(options: argparse.Namespace) -> Answer:
    from desk.database.profiles import profile_of  # noqa: PLC0415
    from desk.operations import migrating  # noqa: PLC0415

    profile, password = profile_of(_database_or_sample(options))
    report = migrating.examine_schema(profile=profile, password=password or None)
    if report.plan.state.value != "current":
        raise EnvironmentProblem(
            _("The schema is not the newest that this Desk knows, so there is nothing to compare it with."),
            kept=_("Nothing was changed."),
            advice=_("“deskctl migrate status” tells more."),
            code=report.plan.state.value,
        )
    lines = list(report.drift) or [_("Models and database agree.")]
    return Answer({"drift": list(report.drift)}, lines, 1 if report.drift else 0)


_MIGRATIONS = {
    "history": _migrate_history,
    "upgrade": _migrate_run,
    "downgrade": _migrate_run,
    "sql": _migrate_sql,
    "drift": _migrate_drift,
}


def _sample(options: argparse.Namespace) -> Answer:
    from desk.operations import sample  # noqa: PLC0415
    from desk.settings import folders  # noqa: PLC0415

    path = _new_file(options.database) if options.database else folders().sample_catalogue
    if options.database or (options.restore and path.exists()):
        sample.restore_sample(path=path)
    else:
        sample.ensure_sample()
    said = _("The sample was made anew in {path}") if options.restore else _("The sample is in {path}")
    return Answer({"path": str(path), "restored": options.restore}, [said.format(path=path)])


def _new_file(target: str) -> Path:
    """The path of a target that names an SQLite file that is not there yet: nobody's catalogue is replaced."""
    from desk.database import engines  # noqa: PLC0415

    path = engines.sqlite_file(engines.target_url(target))
    if path is None:
        raise InvalidInput(_("The sample is made in a file."), advice=_("Name a file."))
    if path.exists():
        raise EnvironmentProblem(
            _("{path} exists already.").format(path=path),
            kept=_("It was left as it is."),
            advice=_("Choose another name."),
            code="exists",
        )
    return path


def _tour(options: argparse.Namespace) -> int:
    if options.offscreen:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from desk.tour import run_tour  # noqa: PLC0415  (Qt)

    code: int = run_tour(
        database=options.database,
        offscreen=options.offscreen,
        screenshots=Path(options.screenshots) if options.screenshots else None,
        json_file=Path(options.json) if options.json else None,
    )
    return code


def _doctor(options: argparse.Namespace) -> Answer:
    from desk.operations import doctor  # noqa: PLC0415
    from desk.settings import folders  # noqa: PLC0415

    sample = folders().sample_catalogue
    found = doctor.examine(target=options.database or (str(sample) if sample.exists() else None))
    lines = [f"{name}: {value}" for group in found.values() for name, value in (group or {}).items() if value]
    return Answer(found, [_hidden(line) for line in lines], 1 if "error" in (found["database"] or {}) else 0)


# What the commands share


@contextmanager
def _opened(target: str) -> Iterator[OpenCatalogue]:
    from desk.operations import connect  # noqa: PLC0415

    catalogue = connect.open_catalogue(target=target)
    try:
        yield catalogue
    finally:
        catalogue.close()


def _database_or_sample(options: argparse.Namespace) -> str:
    from desk.operations.sample import ensure_sample  # noqa: PLC0415

    return options.database or str(ensure_sample())


def _status_answer(status: SchemaStatus) -> Answer:
    lines = [
        _("schema: {state}").format(state=status.state.value),
        _("revision: {current} (newest known: {head})").format(current=status.current or _("none"), head=status.head),
    ]
    if status.pending:
        lines.append(_("to be applied: {revisions}").format(revisions=", ".join(status.pending)))
    data = {"state": status.state.value, "current": status.current, "head": status.head}
    return Answer(data | {"pending": list(status.pending)}, lines)


def _remove_if_empty(target: str) -> None:
    """Removes a file that `--create` made for an import of which nothing was saved; one that cannot be read stays."""
    from desk.database import engines  # noqa: PLC0415
    from desk.operations import pages  # noqa: PLC0415

    path = engines.sqlite_file(engines.target_url(target))
    if path is None:
        return
    try:
        with _opened(target) as catalogue:
            if any(pages.count_tables(sessions=catalogue.sessions).values()):
                return
    except DeskError:
        return
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


@contextmanager
def _cancellable(label: str) -> Iterator[None]:
    """Ctrl+C cancels the action in this block; a second one ends the program."""
    from desk.database.actions import Action  # noqa: PLC0415

    action = Action(label)

    def on_interrupt(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        # On a thread of its own: the action's lock may be held right here, below this handler.
        threading.Thread(target=action.cancel, daemon=True).start()

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        with action.running():
            yield
    except ActionCancelled as error:  # of most it has the label only, which says nothing of what was kept
        raise ActionCancelled(str(error).removeprefix(label)) from error
    finally:
        signal.signal(signal.SIGINT, before or signal.default_int_handler)


@contextmanager
def _progress() -> Iterator[Callable[[float, int], None]]:
    """Shows a share (0 to 1) and a number of rows on one line of the terminal; elsewhere nothing."""
    with _status_line() as tell:
        yield lambda share, rows: tell(f"{share:4.0%}  " + _("{rows:,} rows").format(rows=rows))


@contextmanager
def _status_line() -> Iterator[Callable[[str], None]]:
    """One line of the terminal that is written anew and gone at the end; elsewhere nothing."""
    on_terminal = sys.stderr.isatty()

    def show(text: str) -> None:
        if on_terminal:
            print(f"\r\x1b[K{_printable(text)}", end="", file=sys.stderr, flush=True)

    try:
        yield show
    finally:
        show("")


def _migration_words(now: MigrationProgress) -> str:
    return f"{now.done / now.total:4.0%}  {now.text}" if now.total else now.text


@contextmanager
def _standard_output() -> Iterator[Any]:
    """The standard output as a stream for CSV: UTF-8, but for damaged texts, and line ends as they are written.

    Raises EnvironmentProblem when it takes no more (a full disk).
    """
    stream = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", errors="surrogateescape", newline="")
    try:
        yield stream
        stream.flush()
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise EnvironmentProblem(
            _("The standard output cannot be written: {reason}.").format(reason=error.strerror), code="unwritable"
        ) from error
    finally:
        with suppress(OSError):  # it flushes again
            stream.detach()


@contextmanager
def _nothing() -> Iterator[Any]:
    yield None


def _pair(words: str) -> tuple[str, str]:
    name, sign, header = words.partition("=")
    if not sign:
        raise _Usage(_("“{text}” has no =. Write --map field=header.").format(text=words))
    return name, header


def _without_edits(kept: str) -> str:
    """Here are no pending edits that could be kept."""
    from desk.database.failures import EDITS_KEPT  # noqa: PLC0415

    return kept.replace(EDITS_KEPT, "").strip()


def _hidden(text: str) -> str:
    """The text without any known secret, nor what looks like the password of a URL: a mistyped one is never read."""
    return redacted(_PASSWORD.sub("***", _USERINFO.sub("***", text)))


def _printable(text: str) -> str:
    """The text with control characters made visible: names come from files, terminals obey."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


# The command line


def _parser() -> argparse.ArgumentParser:
    top = _Parser(
        prog="deskctl", description=_("Desk's catalogues of authors and books, without a window."), allow_abbrev=False
    )
    top.add_argument("--version", action=_Version, help=_("print the version"))
    commands = top.add_subparsers(metavar=_("COMMAND"), required=True)

    def add(name: str, command: Callable[[argparse.Namespace], Answer | int], words: str) -> _Parser:
        one: _Parser = commands.add_parser(name, help=words, description=words, allow_abbrev=False)
        one.set_defaults(command=command)
        one.add_argument("--database", metavar="FILE-or-URL", help=_("the catalogue"))
        if name != "tour":
            one.add_argument("--json", action="store_true", help=_("print one JSON object"))
        return one

    _describe_import(add("import", _import, _("import books from a CSV file")))
    _describe_export(add("export", _export, _("export a table as CSV or as a workbook")))
    migrate = add("migrate", _migrate, _("look at or change the schema of a catalogue"))
    migrate.add_argument(
        "action", choices=("status", "current", "upgrade", "downgrade", "history", "sql", "drift"), metavar=_("ACTION"),
        help="status, current, upgrade, downgrade, history, sql, drift",
    )  # fmt: skip
    migrate.add_argument("revision", metavar="REVISION", nargs="?")
    migrate.add_argument("--create", action="store_true", help=_("with upgrade: make a new SQLite catalogue"))
    migrate.add_argument("--no-backup", action="store_true", help=_("do not copy a file before it is changed"))
    migrate.add_argument("--yes", action="store_true", help=_("with downgrade base: remove everything, indeed"))
    sample = add("sample", _sample, _("say where the sample catalogue is; make it if it is missing"))
    sample.add_argument("--restore", action="store_true", help=_("make it anew"))
    tour = add("tour", _tour, _("show Desk by itself"))
    tour.add_argument("--offscreen", action="store_true", help=_("without a display"))
    tour.add_argument("--screenshots", metavar="DIR", help=_("take pictures on the way"))
    tour.add_argument("--json", metavar="FILE", help=_("write what was seen and measured"))
    add("doctor", _doctor, _("report versions, folders and whether a catalogue can be used"))
    return top


def _describe_import(command: _Parser) -> None:
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


def _describe_export(command: _Parser) -> None:
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


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __init__(self, option_strings: list[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_arguments: Any) -> NoReturn:
        from importlib import metadata  # noqa: PLC0415

        print(f"deskctl {metadata.version('desk-catalogue')}")
        parser.exit()


if __name__ == "__main__":
    sys.exit(main())
