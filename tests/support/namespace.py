"""A network namespace at the end of a link that can be cut: what happens to a server when the cable is pulled.

Invariant: nothing of it remains, whatever happens in its block. Only root on Linux can make one.
"""

from __future__ import annotations

import atexit
import os
import random
import secrets
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

NETWORK = "198.18"
"""RFC 2544: addresses that no real network has."""


class Namespace:
    """One namespace, one link to it; `address` is the far end. `enter` is a command that runs another one in it."""

    def __init__(self) -> None:
        word = secrets.token_hex(4)
        third, fourth = random.randrange(256), 4 * random.randrange(64)
        self.name = f"desk-{os.getpid()}-{word}"
        self.address = f"{NETWORK}.{third}.{fourth + 2}"
        self._near = f"{NETWORK}.{third}.{fourth + 1}"
        self._links = (f"dk{word}a", f"dk{word}b")
        self.enter = ("nsenter", f"--net=/run/netns/{self.name}", "--")

    def make(self) -> None:
        near, far = self._links
        _ip("netns", "add", self.name)
        atexit.register(self.remove)
        _ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", self.name)
        _ip("addr", "add", f"{self._near}/30", "dev", near)
        _ip("link", "set", near, "up")
        for words in (("addr", "add", f"{self.address}/30", "dev", far), ("link", "set", far, "up"),
                      ("link", "set", "lo", "up")):  # fmt: skip
            _ip("-n", self.name, *words)

    def remove(self) -> None:
        atexit.unregister(self.remove)
        for words in (("link", "del", self._links[0]), ("netns", "del", self.name)):
            subprocess.run(["ip", *words], check=False, capture_output=True)

    def cut(self) -> None:
        """Pulls the cable: nothing arrives, and nobody is told."""
        _ip("-n", self.name, "link", "set", self._links[1], "down")

    def mend(self) -> None:
        """Puts the cable back, and waits until both ends know."""
        near, far = self._links
        _ip("-n", self.name, "link", "set", far, "up")
        state = Path(f"/sys/class/net/{near}/operstate")
        wait_until(lambda: state.read_text().strip() == "up", "the link is up")
        _ip("neigh", "flush", "dev", near)  # that nobody had the address is remembered for a while

    def drop(self) -> None:
        """The far end forgets what it would answer, as behind a firewall that drops packets."""
        _ip("-n", self.name, "route", "add", "blackhole", f"{self._near}/32")

    def pick_up(self) -> None:
        """Ends what `drop` began."""
        _ip("-n", self.name, "route", "del", "blackhole", f"{self._near}/32")


@contextmanager
def namespace() -> Iterator[Namespace]:
    """A namespace for the block; skips the test with the reason where none can be made."""
    hindrance = _hindrance()
    if hindrance:
        pytest.skip(hindrance)
    made = Namespace()
    try:
        try:
            made.make()
        except subprocess.CalledProcessError as error:
            pytest.skip(f"this system makes no network namespace: {error.stderr.decode().strip()}")
        yield made
    finally:
        made.remove()


def _hindrance() -> str:
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "only root makes network namespaces"
    missing = [name for name in ("ip", "nsenter", "setpriv") if shutil.which(name) is None]
    return f"there is no {', '.join(missing)} (Debian: iproute2, util-linux)" if missing else ""


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
