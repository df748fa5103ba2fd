#!/usr/bin/env python3
"""The developer's one command: it sets up what Desk needs, then runs, tests, checks, measures or packages it.

Standard library only. Every subcommand first makes sure of the environment in `.venv`; when nothing has
changed since the last time, that starts no process.
"""

import argparse
import ctypes
import functools
import hashlib
import importlib.util
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

if sys.version_info < (3, 11):
    sys.exit(f"Desk needs Python 3.11 or later; this is {sys.version.split()[0]}. Run dev.py with a newer one.")

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
SUFFIX = ".exe" if os.name == "nt" else ""
PYTHON = BIN / f"python{SUFFIX}"
STAMP = VENV / ".desk-stamp"
REQUIREMENTS = ROOT / "pyproject.toml"
CONSTRAINTS = ROOT / "constraints.txt"
BENCHMARKS = ROOT / "tests" / "bench"
TORTURE = ROOT / "tests" / "torture"

# What Qt loads, and the Debian package that has it.
OFFSCREEN_LIBRARIES = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libdbus-1.so.3": "libdbus-1-3",
}
WINDOW_LIBRARIES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
FONT_FOLDERS = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".local/share/fonts"]
FONT_PACKAGE = "fonts-dejavu-core"

CHECKS = [  # name, tool, its arguments
    ("ruff check", "ruff", "check", "--quiet", "--output-format", "concise"),
    ("ruff format", "ruff", "format", "--check", "--quiet"),
    ("mypy", "mypy", "--no-error-summary"),
    ("import-linter", "lint-imports", "--no-logo"),
]


class Stop(Exception):
    """Nothing more can be done here: the words for the person, and the exit code."""

    def __init__(self, words: str, code: int = 1) -> None:
        super().__init__(words)
        self.code = code


# The environment


def ensure_environment() -> None:
    """Makes sure of the system's packages and of `.venv`; does nothing that is already done."""
    missing = missing_system_packages()
    if missing:
        install_system_packages(missing)
    if not venv_is_usable():
        say("Making .venv")
        call([sys.executable, "-m", "venv", "--clear", str(VENV)], "The virtual environment could not be made.")
    if read_stamp() != wanted_stamp():
        say("Installing what pyproject.toml names")
        install_requirements()
        STAMP.write_text(wanted_stamp(), encoding="utf-8")


def install_requirements() -> None:
    STAMP.unlink(missing_ok=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    call([*pip, "-c", str(CONSTRAINTS), "-e", f"{ROOT}[dev]"], "The packages could not be installed.")


def venv_is_usable() -> bool:
    """Whether `.venv` has a Python that still exists, and pip: an interrupted set-up may lack one."""
    libraries = "Lib" if os.name == "nt" else "lib/python*"
    return PYTHON.exists() and any(VENV.glob(f"{libraries}/site-packages/pip/__main__.py"))


def read_stamp() -> str:
    return STAMP.read_text(encoding="utf-8") if STAMP.exists() else ""


def wanted_stamp() -> str:
    """A hash of everything that decides what is installed; the Python is the one that .venv was made with."""
    digest = hashlib.sha256()
    for path in (REQUIREMENTS, CONSTRAINTS, VENV / "pyvenv.cfg"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def missing_system_packages() -> list[str]:
    """The packages that Desk needs and Debian or Ubuntu has not installed; empty on every other system."""
    if not is_debian():
        return []
    libraries = {**OFFSCREEN_LIBRARIES, **(WINDOW_LIBRARIES if has_display() else {})}
    missing = [package for name, package in libraries.items() if not can_load(name)]
    if not any(font for folder in FONT_FOLDERS for font in folder.rglob("*.[ot]t[fc]")):
        missing.append(FONT_PACKAGE)
    if not venv_is_usable() and importlib.util.find_spec("ensurepip") is None:
        missing.append(f"python{sys.version_info.major}.{sys.version_info.minor}-venv")
    return missing


def install_system_packages(packages: list[str]) -> None:
    """Installs as root; raises Stop with the line to type for everybody else."""
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if os.geteuid() != 0:
        raise Stop(
            f"Some packages of the system are missing. Install them, then try again:\n  sudo {shlex.join(install)}"
        )
    say(f"Installing {' '.join(packages)}")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    call(["apt-get", "update", "-qq"], "The list of packages could not be read.", quiet)
    call([*install, "-qq"], "The system's packages could not be installed.", quiet)


@functools.cache
def is_debian() -> bool:
    """Whether this is Debian or one of its children, by /etc/os-release."""
    release = Path("/etc/os-release")
    if not release.exists():
        return False
    lines = [line.partition("=") for line in release.read_text(encoding="utf-8").splitlines()]
    names = " ".join(value.strip('"') for key, _, value in lines if key in ("ID", "ID_LIKE"))
    return not {"debian", "ubuntu"}.isdisjoint(names.split())


def can_load(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def has_display() -> bool:
    """Whether a window can be shown."""
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


# Processes


def say(words: str) -> None:
    """Tells a person what goes on, away from the output that programs read."""
    print(f"dev.py: {words}", file=sys.stderr, flush=True)


def call(command: list[str], trouble: str, environment: dict[str, str] | None = None) -> None:
    """Runs a command that has to succeed; raises Stop with `trouble` if it does not."""
    if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode:
        raise Stop(f"{trouble} (The command was: {shlex.join(command)})")


def run_tool(name: str, *arguments: str) -> int:
    """Runs a program of the venv in the checkout; returns its exit code, 128 + n when signal n ended it."""
    code = subprocess.run([str(BIN / f"{name}{SUFFIX}"), *arguments], cwd=ROOT, check=False).returncode
    return code if code >= 0 else 128 - code


def run_module(name: str, *arguments: str) -> int:
    """Runs a module with the venv's Python; otherwise like `run_tool`."""
    return run_tool("python", "-m", name, *arguments)


def become_module(name: str, *arguments: str) -> int:
    """Like `run_module`, but in place of this process where that is possible: signals reach the module."""
    if os.name == "nt":
        return run_module(name, *arguments)
    os.chdir(ROOT)
    os.execv(PYTHON, [str(PYTHON), "-m", name, *arguments])


# The subcommands

Action = Callable[[argparse.Namespace, list[str]], int]  # takes what was parsed and what was not; returns the exit code


def set_up(_options: argparse.Namespace, _rest: list[str]) -> int:
    say("Everything is in place.")
    return 0


def run(_options: argparse.Namespace, rest: list[str]) -> int:
    if has_display():
        return become_module("desk.app", *rest)
    say("There is no display (DISPLAY and WAYLAND_DISPLAY are not set); running the tour off-screen instead.")
    return become_module("desk.ctl", "tour", "--offscreen")


def test(_options: argparse.Namespace, rest: list[str]) -> int:
    return become_module("pytest", *rest)


def check(_options: argparse.Namespace, _rest: list[str]) -> int:
    """Runs every check, also after one has failed."""
    failed = []
    for name, tool, *arguments in CHECKS:
        say(name)
        if run_tool(tool, *arguments):
            failed.append(name)
    say(f"FAILED: {', '.join(failed)}" if failed else "All checks passed.")
    return 1 if failed else 0


def bench(options: argparse.Namespace, rest: list[str]) -> int:
    """Runs one benchmark; it prints its table and writes its figures, of which none may miss its limit."""
    scripts = [path for path in BENCHMARKS.glob("[!_]*.py") if "\ndef main(" in path.read_text(encoding="utf-8")]
    names = sorted(path.stem for path in scripts)
    if options.name not in names:
        raise Stop(f"There is no benchmark {options.name!r}. There are: {', '.join(names) or 'none yet'}.", 2)
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(options.json).resolve() if options.json else Path(folder, "figures.json")
        figures.unlink(missing_ok=True)
        code = run_module(f"tests.bench.{options.name}", "--json", str(figures), *rest)
        if code:
            return 1
        missed = [row["name"] for row in json.loads(figures.read_text(encoding="utf-8")) if not row["ok"]]
    if missed:
        say(f"Beyond the limit: {', '.join(missed)}")
    return 1 if missed else 0


def torture(options: argparse.Namespace, rest: list[str]) -> int:
    """Runs a long attempt to break a promise; its short form is among the tests."""
    names = sorted(path.stem for path in TORTURE.glob("[!_]*.py"))
    if options.name not in names:
        raise Stop(f"There is no torture {options.name!r}. There are: {', '.join(names)}.", 2)
    return become_module(f"tests.torture.{options.name}", *rest)


def pg(_options: argparse.Namespace, _rest: list[str]) -> int:
    return become_module("tests.support.postgres")


def screenshots(options: argparse.Namespace, _rest: list[str]) -> int:
    return become_module("desk.ctl", "tour", "--offscreen", "--screenshots", str(Path(options.folder).resolve()))


def revision(options: argparse.Namespace, _rest: list[str]) -> int:
    """Lets Alembic compare the models with a throwaway catalogue that is at the head."""
    with tempfile.TemporaryDirectory() as folder:
        catalogue = Path(folder, "head.desk").as_posix()
        to_catalogue = ["-x", f"url=sqlite:///{catalogue}"]
        code = run_module("alembic", *to_catalogue, "upgrade", "head")
        return code or run_module("alembic", *to_catalogue, "revision", "--autogenerate", "-m", options.message)


def package(_options: argparse.Namespace, _rest: list[str]) -> int:
    folders = ["--distpath", "dist", "--workpath", "build"]
    code = run_module("PyInstaller", "--noconfirm", "--log-level", "WARN", *folders, "packaging/desk.spec")
    if code == 0:
        say(f"The program is in {ROOT / 'dist' / 'desk'}")
    return code


def parser() -> argparse.ArgumentParser:
    """One subcommand a line; those with `passes_on` hand what they do not know to the program they start."""
    top = argparse.ArgumentParser(prog="dev.py", description=__doc__.partition("\n")[0] if __doc__ else None)
    commands = top.add_subparsers(metavar="COMMAND", required=True)

    def add(name: str, action: Action, words: str, *, passes_on: bool = False) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=words, description=words, allow_abbrev=False)
        command.set_defaults(action=action, passes_on=passes_on)
        return command

    add("setup", set_up, "make or renew the environment in .venv")
    add("run", run, "start Desk; without a display, its tour off-screen [arguments of desk]", passes_on=True)
    add("test", test, "run the tests [arguments of pytest]", passes_on=True)
    add("check", check, "run ruff, mypy and import-linter")
    command = add("bench", bench, "run a benchmark and hold it to its limits [its arguments]", passes_on=True)
    command.add_argument("name", metavar="NAME", help="a module in tests/bench")
    command.add_argument("--json", metavar="FILE", help="keep the figures there")
    command = add("torture", torture, "try long to break a promise [its arguments]", passes_on=True)
    command.add_argument("name", metavar="NAME", help="a module in tests/torture")
    add("pg", pg, "run a throwaway PostgreSQL; its URL is the first line of the output")
    command = add("screenshots", screenshots, "take pictures of every part of the window")
    command.add_argument("folder", metavar="DIR", help="where to put them")
    command = add("revision", revision, "write a schema revision from the difference between models and head")
    command.add_argument("-m", "--message", metavar="TEXT", required=True, help="what it does")
    command = add("package", package, "build the program for this system into dist/")
    command.add_argument("--only", choices=["folder"], help="only this kind of package")
    return top


def main(arguments: list[str]) -> int:
    commands = parser()
    options, rest = commands.parse_known_args(arguments)
    if rest and not options.passes_on:
        commands.error(f"unrecognized arguments: {shlex.join(rest)}")
    ensure_environment()
    return int(options.action(options, rest))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
    except Stop as stop:
        print(stop, file=sys.stderr)
        sys.exit(stop.code)
