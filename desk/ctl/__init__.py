"""deskctl: the same operations without a window.

Invariant: it ends with 0, 1 (the world or the data is not as needed), 2 (what was asked for cannot be used) or 130
(Ctrl+C), and with words, never with a traceback; Qt is loaded by `tour` only.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from desk.ctl.schema import migrate
from desk.ctl.searching import ACTIONS, search_index
from desk.ctl.terminal import Answer, Parser, Usage, printable
from desk.ctl.transfer import describe_export, describe_import, export_table, import_file
from desk.errors import ActionCancelled, DeskError, EnvironmentProblem, InvalidInput
from desk.i18n import _
from desk.redaction import redacted

if TYPE_CHECKING:
    from collections.abc import Callable

DEBUG = "DESK_DEBUG"
INTERRUPTED = 130

_USERINFO = re.compile(r"(?<=:)[^:@/\s]+(?=@)")
_PASSWORD = re.compile(r"(?<=password=)[^&\s]+", re.IGNORECASE)


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
    if isinstance(error, Usage):
        return 2, _words(str(error), code="usage")
    if isinstance(error, DeskError):
        exit_code = 2 if isinstance(error, InvalidInput) else 1
        return exit_code, _words(error.what, _without_edits(error.kept), error.advice, error.code)
    if isinstance(error, ActionCancelled | KeyboardInterrupt):
        kept = str(error) if isinstance(error, ActionCancelled) else ""
        return INTERRUPTED, _words(_("Cancelled."), kept, code="cancelled")
    if os.environ.get(DEBUG) == "1":
        import traceback

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
            print(printable(line))
    sys.stdout.flush()
    return answer.code


def _complain(words: dict[str, str], as_json: bool) -> None:
    if as_json:
        _print_json({"error": words})
        return
    text = " ".join(words[part] for part in ("what", "kept", "advice") if words[part])
    for line in text.split("\n"):
        print(printable(f"deskctl: {line}"), file=sys.stderr)


def _print_json(data: dict[str, Any]) -> None:
    unicode = "utf" in (getattr(sys.stdout, "encoding", None) or "").lower()
    print(json.dumps(data, ensure_ascii=not unicode, default=str))


def _sample(options: argparse.Namespace) -> Answer:
    from desk.operations import sample
    from desk.settings import folders

    path = _new_file(options.database) if options.database else folders().sample_catalogue
    if options.database or (options.restore and path.exists()):
        sample.restore_sample(path=path)
    else:
        sample.ensure_sample()
    said = _("The sample was made anew in {path}") if options.restore else _("The sample is in {path}")
    return Answer({"path": str(path), "restored": options.restore}, [said.format(path=path)])


def _new_file(target: str) -> Path:
    """The path of a target that names an SQLite file that is not there yet: nobody's catalogue is replaced."""
    from desk.database import targets

    path = targets.sqlite_file(targets.target_url(target))
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
    from desk.tour import run_tour

    code: int = run_tour(
        database=options.database,
        offscreen=options.offscreen,
        screenshots=Path(options.screenshots) if options.screenshots else None,
        json_file=Path(options.json) if options.json else None,
    )
    return code


def _doctor(options: argparse.Namespace) -> Answer:
    from desk.operations import doctor
    from desk.settings import folders

    sample = folders().sample_catalogue
    found = doctor.examine(target=options.database or (str(sample) if sample.exists() else None))
    lines = [f"{name}: {value}" for group in found.values() for name, value in (group or {}).items() if value]
    return Answer(found, [_hidden(line) for line in lines], 1 if "error" in (found["database"] or {}) else 0)


def _without_edits(kept: str) -> str:
    """Here are no pending edits that could be kept."""
    from desk.database.failure_words import EDITS_KEPT

    return kept.replace(EDITS_KEPT, "").strip()


def _hidden(text: str) -> str:
    """The text without any known secret, nor what looks like the password of a URL: a mistyped one is never read."""
    return redacted(_PASSWORD.sub("***", _USERINFO.sub("***", text)))


def _parser() -> argparse.ArgumentParser:
    top = Parser(
        prog="deskctl", description=_("Desk's catalogues of authors and books, without a window."), allow_abbrev=False
    )
    top.add_argument("--version", action=_Version, help=_("print the version"))
    commands = top.add_subparsers(metavar=_("COMMAND"), required=True)

    def add(name: str, command: Callable[[argparse.Namespace], Answer | int], words: str) -> Parser:
        one: Parser = commands.add_parser(name, help=words, description=words, allow_abbrev=False)
        one.set_defaults(command=command)
        one.add_argument("--database", metavar="FILE-or-URL", help=_("the catalogue"))
        if name != "tour":
            one.add_argument("--json", action="store_true", help=_("print one JSON object"))
        return one

    describe_import(add("import", import_file, _("import books from a CSV file")))
    describe_export(add("export", export_table, _("export a table as CSV or as a workbook")))
    schema = add("migrate", migrate, _("look at or change the schema of a catalogue"))
    schema.add_argument(
        "action", choices=("status", "current", "upgrade", "downgrade", "history", "sql", "drift"), metavar=_("ACTION"),
        help="status, current, upgrade, downgrade, history, sql, drift",
    )  # fmt: skip
    schema.add_argument("revision", metavar="REVISION", nargs="?")
    schema.add_argument("--create", action="store_true", help=_("with upgrade: make a new SQLite catalogue"))
    schema.add_argument("--no-backup", action="store_true", help=_("do not copy a file before it is changed"))
    schema.add_argument("--yes", action="store_true", help=_("with downgrade base: remove everything, indeed"))
    index = add("search-index", search_index, _("look at, make or remove what makes searching fast"))
    index.add_argument("action", choices=ACTIONS, metavar=_("ACTION"), help=", ".join(ACTIONS))
    sample = add("sample", _sample, _("say where the sample catalogue is; make it if it is missing"))
    sample.add_argument("--restore", action="store_true", help=_("make it anew"))
    tour = add("tour", _tour, _("show Desk by itself"))
    tour.add_argument("--offscreen", action="store_true", help=_("without a display"))
    tour.add_argument("--screenshots", metavar="DIR", help=_("take pictures on the way"))
    tour.add_argument("--json", metavar="FILE", help=_("write what was seen and measured"))
    add("doctor", _doctor, _("report versions, folders and whether a catalogue can be used"))
    return top


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __init__(self, option_strings: list[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_arguments: Any) -> NoReturn:
        from importlib import metadata

        print(f"deskctl {metadata.version('desk-catalogue')}")
        parser.exit()
